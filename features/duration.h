/* features/duration.h: lengths of time as people write them: 30d, 12h, 90s, 250ms. */
#ifndef FEATURES_DURATION_H
#define FEATURES_DURATION_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* A whole number and one of us, ms, s, m, h, d, w (24-hour days, 7-day weeks). */
MUST_CHECK enum status duration_parse(struct str text, int64_t *ret_microseconds, struct err *err);

#endif
