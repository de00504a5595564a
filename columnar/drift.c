/* columnar/drift.c: how far two distributions lie apart. */
#include "columnar/drift.h"

#include <math.h>
#include <stdlib.h>

#define TENTHS    10
#define FREQUENT  20
#define EMPTY_BIN 1e-4

static double share(size_t count, size_t of)
{
    double found = (double)count / (double)of;
    return found < EMPTY_BIN ? EMPTY_BIN : found;
}

static double term(size_t before, size_t all_before, size_t after, size_t all_after)
{
    double p = share(before, all_before), q = share(after, all_after);
    return (q - p) * log(q / p);
}

/* How many values are at most `word`. */
static size_t count_up_to(const struct distribution *column, uint64_t word)
{
    size_t low = 0, high = column->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (column->values[middle] <= word)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- the population stability index ---- */

static size_t all_of(const struct distribution *column)
{
    return column->count + column->nulls;
}

/* Bins end at the tenths of `before`; the last one has no end. */
static double psi_of_numbers(const struct distribution *before, const struct distribution *after)
{
    double sum = 0;
    size_t from_before = 0, from_after = 0;
    for (size_t i = 1; i <= TENTHS; i++) {
        size_t to_before = before->count, to_after = after->count;
        if (i < TENTHS && before->count > 0) {
            uint64_t edge = before->values[(before->count * i - 1) / TENTHS];
            to_before = count_up_to(before, edge);
            to_after = count_up_to(after, edge);
        }
        if (to_before == from_before && to_after == from_after) continue;
        sum += term(to_before - from_before, all_of(before), to_after - from_after, all_of(after));
        from_before = to_before;
        from_after = to_after;
    }
    return sum;
}

struct frequent {
    uint64_t word;
    size_t count;
};

/* Keeps the most frequent, of equal ones the smaller word; *count of them, in no order. */
static void keep_frequent(struct frequent *kept, size_t *count, struct frequent next)
{
    size_t least = 0;
    if (*count < FREQUENT) {
        kept[(*count)++] = next;
        return;
    }
    for (size_t i = 1; i < FREQUENT; i++)
        if (kept[i].count < kept[least].count ||
            (kept[i].count == kept[least].count && kept[i].word > kept[least].word))
            least = i;
    if (next.count > kept[least].count) kept[least] = next;
}

static size_t most_frequent(const struct distribution *column, struct frequent *ret)
{
    size_t found = 0;
    for (size_t first = 0, next; first < column->count; first = next) {
        for (next = first + 1;
             next < column->count && column->values[next] == column->values[first]; next++)
            continue;
        keep_frequent(ret, &found,
                      (struct frequent){.word = column->values[first], .count = next - first});
    }
    return found;
}

static size_t count_of(const struct distribution *column, uint64_t word)
{
    return count_up_to(column, word) - (word == 0 ? 0 : count_up_to(column, word - 1));
}

static double psi_of_words(const struct distribution *before, const struct distribution *after)
{
    struct frequent bins[FREQUENT];
    size_t count = most_frequent(before, bins);
    size_t rest_before = before->count, rest_after = after->count;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t found = count_of(after, bins[i].word);
        sum += term(bins[i].count, all_of(before), found, all_of(after));
        rest_before -= bins[i].count;
        rest_after -= found;
    }
    if (rest_before + rest_after == 0) return sum;
    return sum + term(rest_before, all_of(before), rest_after, all_of(after));
}

/* ---- Kolmogorov-Smirnov ---- */

static double ks_of(const struct distribution *before, const struct distribution *after)
{
    double largest = 0;
    size_t a = 0, b = 0;
    while (a < before->count && b < after->count) {
        uint64_t word = before->values[a] < after->values[b] ? before->values[a] : after->values[b];
        while (a < before->count && before->values[a] == word)
            a++;
        while (b < after->count && after->values[b] == word)
            b++;
        double distance =
            fabs((double)a / (double)before->count - (double)b / (double)after->count);
        if (distance > largest) largest = distance;
    }
    return largest;
}

bool drift_of(const struct distribution *before, const struct distribution *after,
              struct drift *ret)
{
    *ret = (struct drift){0};
    if (before->ordered != after->ordered || all_of(before) == 0 || all_of(after) == 0)
        return false;
    ret->psi = before->ordered ? psi_of_numbers(before, after) : psi_of_words(before, after);
    if (before->nulls + after->nulls > 0)
        ret->psi += term(before->nulls, all_of(before), after->nulls, all_of(after));
    ret->has_ks = before->ordered && before->count > 0 && after->count > 0;
    if (ret->has_ks) ret->ks = ks_of(before, after);
    return true;
}
