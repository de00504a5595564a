/* base/chart_svg.c: histograms, matrices and flows as inline SVG. */
#include "base/chart.h"
#include "base/html.h"

#include <math.h>
#include <stdio.h>

/* Tells what is drawn to those who do not see it; `id` joins them to the drawing. */
static enum status open_svg(const char *id, const char *classes, double width, double height,
                            const char *title, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err,
                     "<svg class=\"%s\" role=\"img\" aria-labelledby=\"%s-t %s-d\" "
                     "width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\"><title id=\"%s-t\">",
                     classes, id, id, width, height, width, height, id));
    TRY(bytes_append_html(ret, str_of(title), err));
    return bytes_format(ret, err, "</title><desc id=\"%s-d\">", id);
}

static enum status text_at(double x, double y, const char *classes, const char *text, size_t most,
                           struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "<text class=\"%s\" x=\"%.4g\" y=\"%.4g\">", classes, x, y));
    TRY(bytes_append_html_cut(ret, str_of(text), most, err));
    return bytes_append_text(ret, "</text>", err);
}

/* ---- histogram ---- */

#define HISTOGRAM_WIDTH  320.0
#define HISTOGRAM_HEIGHT 96.0
#define AXIS_HEIGHT      18.0
#define HISTOGRAM_LABEL  26

struct side {
    int64_t sum, most;
    size_t fullest;
};

static struct side measure(const struct chart_histogram *histogram, int at)
{
    struct side side = {0};
    for (size_t i = 0; histogram->counts[at] != NULL && i < histogram->bins; i++) {
        int64_t count = histogram->counts[at][i];
        side.sum += count;
        if (count <= side.most) continue;
        side.most = count;
        side.fullest = i;
    }
    return side;
}

static enum status describe_side(const struct chart_histogram *histogram, int at,
                                 const struct side *side, struct bytes *ret, struct err *err)
{
    if (histogram->counts[at] == NULL) return STATUS_OK;
    return bytes_format(ret, err, "; %s: %lld values, most of them, %lld, in bin %zu of %zu",
                        histogram->names[at], (long long)side->sum, (long long)side->most,
                        side->fullest + 1, histogram->bins);
}

/* A side's bars are shares of its own values: two sides of different size compare by shape. Those
 * of the second are narrower, in front of the first. */
static enum status bars(const struct chart_histogram *histogram, int at, double most,
                        const struct side *side, struct bytes *ret, struct err *err)
{
    double place = HISTOGRAM_WIDTH / (double)histogram->bins, width = place - 1;
    bool alone = histogram->names[1] == NULL; /* nothing to tell it from */
    double inset = at == 1 && histogram->counts[0] != NULL ? width / 4 : 0;
    if (side->sum == 0) return STATUS_OK;
    TRY(bytes_format(ret, err, "<path class=\"s%d\" d=\"", alone ? 1 : at));
    for (size_t i = 0; i < histogram->bins; i++) {
        double share = (double)histogram->counts[at][i] / (double)side->sum;
        double height = share / most * HISTOGRAM_HEIGHT;
        if (share == 0) continue;
        if (height < 1) height = 1; /* a rare value is seen */
        TRY(bytes_format(ret, err, "M%.4g %.4gv-%.3gh%.3gv%.3gz", (double)i * place + inset,
                         HISTOGRAM_HEIGHT + 2, height, width - 2 * inset, height));
    }
    return bytes_append_text(ret, "\"/>", err);
}

enum status chart_histogram_svg(const struct chart_histogram *histogram, const char *id,
                                struct bytes *ret, struct err *err)
{
    struct side sides[2] = {measure(histogram, 0), measure(histogram, 1)};
    double most = 0;
    for (int at = 0; at < 2; at++)
        if (sides[at].sum > 0) most = fmax(most, (double)sides[at].most / (double)sides[at].sum);
    TRY(open_svg(id, "hist", HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT + AXIS_HEIGHT + 2, histogram->title,
                 ret, err));
    TRY(bytes_format(ret, err, "%zu bins from ", histogram->bins));
    TRY(bytes_append_html_cut(ret, str_of(histogram->low), HISTOGRAM_LABEL, err));
    TRY(bytes_append_text(ret, " to ", err));
    TRY(bytes_append_html_cut(ret, str_of(histogram->high), HISTOGRAM_LABEL, err));
    for (int at = 0; at < 2; at++)
        TRY(describe_side(histogram, at, &sides[at], ret, err));
    TRY(bytes_append_text(ret, "</desc>", err));
    for (int at = 0; at < 2; at++)
        TRY(bars(histogram, at, most, &sides[at], ret, err));
    TRY(bytes_format(ret, err, "<path class=\"axis\" d=\"M0 %.4gh%.4g\"/>", HISTOGRAM_HEIGHT + 2.5,
                     HISTOGRAM_WIDTH));
    TRY(text_at(0, HISTOGRAM_HEIGHT + AXIS_HEIGHT, "", histogram->low, HISTOGRAM_LABEL, ret, err));
    TRY(text_at(HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT + AXIS_HEIGHT, "end", histogram->high,
                HISTOGRAM_LABEL, ret, err));
    return bytes_append_text(ret, "</svg>", err);
}

/* ---- matrix ---- */

#define MATRIX_CELL  26.0
#define MATRIX_LEFT  150.0
#define MATRIX_TOP   24.0
#define MATRIX_LABEL 22

static enum status matrix_cell(const struct chart_matrix *matrix, size_t row, size_t column,
                               struct bytes *ret, struct err *err)
{
    double value = matrix->values[row * matrix->count + column];
    if (isnan(value)) return STATUS_OK;
    int strength = (int)lround(fabs(value) * 10); /* a class for each: the style has the colors */
    TRY(bytes_format(ret, err, "<path class=\"%c%d\" d=\"M%.4g %.4gh24v24h-24z\"><title>",
                     value < 0 ? 'n' : 'p', strength, MATRIX_LEFT + (double)column * MATRIX_CELL,
                     MATRIX_TOP + (double)row * MATRIX_CELL));
    TRY(bytes_append_html_cut(ret, str_of(matrix->names[row]), MATRIX_LABEL, err));
    TRY(bytes_append_text(ret, ", ", err));
    TRY(bytes_append_html_cut(ret, str_of(matrix->names[column]), MATRIX_LABEL, err));
    TRY(bytes_format(ret, err, ": %.2f</title></path>", value));
    if (row == column || strength == 0) return STATUS_OK;
    char text[8];
    snprintf(text, sizeof text, "%.0f", fabs(value) * 100);
    return text_at(MATRIX_LEFT + (double)column * MATRIX_CELL + 12,
                   MATRIX_TOP + (double)row * MATRIX_CELL + 16,
                   strength > 5 ? "middle strong" : "middle", text, sizeof text, ret, err);
}

static enum status matrix_row(const struct chart_matrix *matrix, size_t row, struct bytes *ret,
                              struct err *err)
{
    char number[24];
    double y = MATRIX_TOP + (double)row * MATRIX_CELL + 17;
    snprintf(number, sizeof number, "%zu", row + 1);
    TRY(text_at(MATRIX_LEFT - 26, y, "end", matrix->names[row], MATRIX_LABEL, ret, err));
    TRY(text_at(MATRIX_LEFT - 6, y, "end soft", number, sizeof number, ret, err));
    TRY(text_at(MATRIX_LEFT + (double)row * MATRIX_CELL + 12, MATRIX_TOP - 6, "middle soft", number,
                sizeof number, ret, err));
    for (size_t column = 0; column <= row; column++)
        TRY(matrix_cell(matrix, row, column, ret, err));
    return STATUS_OK;
}

enum status chart_matrix_svg(const struct chart_matrix *matrix, const char *id, struct bytes *ret,
                             struct err *err)
{
    double size = (double)matrix->count * MATRIX_CELL;
    TRY(open_svg(id, "matrix", MATRIX_LEFT + size + 2, MATRIX_TOP + size + 2, matrix->title, ret,
                 err));
    TRY(bytes_format(ret, err,
                     "%zu columns against each other; the strongest pairs are in the table "
                     "beside</desc>",
                     matrix->count));
    for (size_t row = 0; row < matrix->count; row++)
        TRY(matrix_row(matrix, row, ret, err));
    return bytes_append_text(ret, "</svg>", err);
}

/* ---- flow ---- */

#define FLOW_WIDTH 720.0
#define FLOW_LEFT  132.0
#define FLOW_RIGHT 150.0
#define FLOW_STEP  34.0
#define FLOW_BAR   18.0

/* What left at a step, as words beside its bar. */
static enum status flow_words(const struct chart_step *step, double y, struct bytes *ret,
                              struct err *err)
{
    const struct {
        int64_t count;
        const char *word;
    } losses[] = {
        {step->rejected, "rejected"}, {step->dropped, "dropped"}, {step->merged, "merged"}};
    char text[160] = "";
    size_t size = 0;
    for (size_t i = 0; i < 3; i++)
        if (losses[i].count > 0)
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "%s\xe2\x88\x92%lld %s",
                                 size > 0 ? ", " : "", (long long)losses[i].count, losses[i].word);
    return size == 0 ? STATUS_OK
                     : text_at(FLOW_WIDTH - FLOW_RIGHT + 8, y + 13, "lost", text, 44, ret, err);
}

static enum status flow_step(const struct chart_step *step, size_t at, double scale,
                             struct bytes *ret, struct err *err)
{
    double y = (double)at * FLOW_STEP + 4, full = FLOW_WIDTH - FLOW_LEFT - FLOW_RIGHT;
    double in = (double)step->in * scale * full, out = (double)step->out * scale * full;
    double changed = (double)step->changed * scale * full;
    char rows[40];
    snprintf(rows, sizeof rows, "%lld", (long long)step->out);
    TRY(text_at(FLOW_LEFT - 10, y + 13, "end", step->name, 18, ret, err));
    TRY(bytes_format(ret, err, "<path class=\"gone\" d=\"M%.4g %.4gh%.4gv%.4gh-%.4gz\"/>",
                     FLOW_LEFT, y, in, FLOW_BAR, in));
    TRY(bytes_format(ret, err, "<path class=\"kept\" d=\"M%.4g %.4gh%.4gv%.4gh-%.4gz\"/>",
                     FLOW_LEFT, y, out, FLOW_BAR, out));
    if (step->changed > 0)
        TRY(bytes_format(ret, err, "<path class=\"touched\" d=\"M%.4g %.4gh%.4gv5h-%.4gz\"/>",
                         FLOW_LEFT, y + FLOW_BAR - 5, changed < 1 ? 1 : changed,
                         changed < 1 ? 1 : changed));
    return flow_words(step, y, ret, err);
}

static enum status describe_flow(const struct chart_flow *flow, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < flow->count; i++) {
        TRY(bytes_append_html_cut(ret, str_of(flow->steps[i].name), 40, err));
        TRY(bytes_format(ret, err, ": %lld rows in, %lld out, %lld changed; ",
                         (long long)flow->steps[i].in, (long long)flow->steps[i].out,
                         (long long)flow->steps[i].changed));
    }
    return bytes_append_text(ret, "</desc>", err);
}

enum status chart_flow_svg(const struct chart_flow *flow, const char *id, struct bytes *ret,
                           struct err *err)
{
    int64_t most = 1;
    for (size_t i = 0; i < flow->count; i++)
        if (flow->steps[i].in > most) most = flow->steps[i].in;
    TRY(open_svg(id, "flow", FLOW_WIDTH, (double)flow->count * FLOW_STEP, flow->title, ret, err));
    TRY(describe_flow(flow, ret, err));
    for (size_t i = 0; i < flow->count; i++)
        TRY(flow_step(&flow->steps[i], i, 1 / (double)most, ret, err));
    return bytes_append_text(ret, "</svg>", err);
}
