/* base/chart.h: small drawings for reports, as inline SVG: colors come from the classes of
 * base/document.css, so that they follow light, dark and print; each has a title and a description
 * for those who do not see it. */
#ifndef BASE_CHART_H
#define BASE_CHART_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* One or two distributions over the same bins of equal width. */
struct chart_histogram {
    const char *title;
    const char *low, *high; /* what the ends of the axis are, as text */
    size_t bins;
    const int64_t *counts[2]; /* NULL = not there */
    const char *names[2];     /* "before", "after" */
    double edges[2];          /* the ends as numbers */
};
/* A symmetric matrix of -1 ... 1; NAN = not known. */
struct chart_matrix {
    const char *title;
    size_t count;
    const char *const *names;
    const double *values; /* count x count */
};
struct chart_step {
    const char *name;
    int64_t in, changed, rejected, dropped, merged, out;
};
/* Rows on their way through steps. */
struct chart_flow {
    const char *title;
    const struct chart_step *steps;
    size_t count;
};

/* Append one <svg> element; `id` is unique on the page. */
MUST_CHECK enum status chart_histogram_svg(const struct chart_histogram *histogram, const char *id,
                                           struct bytes *ret, struct err *err);
MUST_CHECK enum status chart_matrix_svg(const struct chart_matrix *matrix, const char *id,
                                        struct bytes *ret, struct err *err);
MUST_CHECK enum status chart_flow_svg(const struct chart_flow *flow, const char *id,
                                      struct bytes *ret, struct err *err);

#endif
