/* columnar/drift.h: how far two distributions of one column lie apart.
 *
 * The population stability index, sum of (q - p) ln(q / p) over bins (Yurdakul 2018): numbers in
 * tenths of the first distribution's values, others in its 20 most frequent values and the rest,
 * nulls in a bin of their own, an empty bin counted as 0.0001; and for what has an order the
 * two-sample Kolmogorov-Smirnov distance. */
#ifndef COLUMNAR_DRIFT_H
#define COLUMNAR_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct distribution {
    bool ordered;           /* numbers, dates, times */
    const uint64_t *values; /* sorted words: drift_word() of ordered values, hashes of others */
    size_t count, nulls;
};
/* Compares as the number does: negative numbers reversed, below the others. NaN is UINT64_MAX. */
static inline uint64_t drift_word(double value)
{
    uint64_t bits;
    if (value != value) return UINT64_MAX;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

struct drift {
    double psi, ks;
    bool has_ks;
};
/* false where they cannot be compared: one has an order and the other has none, or one has no row.
 */
bool drift_of(const struct distribution *before, const struct distribution *after,
              struct drift *ret);

#endif
