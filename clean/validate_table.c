/* clean/validate_table.c: expectations about a column, or the table, as a whole. */
#include "clean/validate_table.h"

#include "clean/numbers.h"
#include "clean/rowkey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define DISTINCT_MAXIMUM                                                                           \
    1000000 /* values counted one by one for entropy, most common, contains                        \
             */

/* ---- what a check learns from ---- */

static bool wants_numbers(enum table_kind kind)
{
    return kind >= TABLE_MINIMUM && kind <= TABLE_QUANTILE;
}
static bool wants_groups(enum table_kind kind)
{
    return kind >= TABLE_DISTINCT && kind <= TABLE_UNIQUE_SHARE;
}
static bool wants_counts(enum table_kind kind)
{
    return kind >= TABLE_ENTROPY && kind <= TABLE_CONTAINS;
}
bool table_learns(const struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        enum table_kind kind = table->items[i].kind;
        if (wants_numbers(kind) || wants_groups(kind) || wants_counts(kind) ||
            kind == TABLE_CORRELATION)
            return true;
    }
    return false;
}

static enum status open_summary(struct table *table, size_t memory, struct err *err)
{
    if (table->number_count == 0) return STATUS_OK;
    const struct summary_plan plan = {
        .columns = table->numbers,
        .count = table->number_count,
        .fractions = table->fractions,
        .fraction_count = table->fraction_count,
        .memory = memory,
    };
    return summary_open(&table->summary, &plan, err);
}

struct loaded_profile {
    const char *path;
    struct profile *profile;
};

enum status table_profile(struct table *table, const char *path, struct profile **ret,
                          struct err *err)
{
    for (size_t i = 0; i < table->profile_count; i++) {
        *ret = table->profiles[i].profile;
        if (strcmp(table->profiles[i].path, path) == 0) return STATUS_OK;
    }
    struct loaded_profile *profiles =
        memory_resize(table->profiles, table->profile_count + 1, sizeof *profiles);
    if (profiles == NULL) return fail_memory(err, sizeof *profiles);
    table->profiles = profiles;
    profiles[table->profile_count++] = (struct loaded_profile){.path = path};
    struct loaded_profile *loaded = &profiles[table->profile_count - 1];
    TRY(profile_load(&loaded->profile, path, err));
    *ret = loaded->profile;
    return STATUS_OK;
}

enum status table_open(struct table *table, size_t memory, struct err *err)
{
    size_t shares = 1;
    for (size_t i = 0; i < table->count; i++)
        shares += wants_groups(table->items[i].kind);
    for (size_t i = 0; i < table->count; i++) {
        struct table_check *check = &table->items[i];
        if (!wants_groups(check->kind)) continue;
        enum group_rule rule = check->kind == TABLE_UNIQUE_SHARE ? GROUP_EVERY : GROUP_LATER;
        TRY(groups_open(&check->groups, rule, memory / shares, err));
    }
    return open_summary(table, memory / shares, err);
}

/* ---- fit ---- */

static struct comoments comoments_of(const double *x, const double *y, int64_t count)
{
    struct comoments c = {0};
    for (int64_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i])) continue;
        c.count++;
        c.mean_x += x[i];
        c.mean_y += y[i];
    }
    if (c.count == 0) return c;
    c.mean_x /= (double)c.count;
    c.mean_y /= (double)c.count;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i])) continue;
        double dx = x[i] - c.mean_x, dy = y[i] - c.mean_y;
        c.xx += dx * dx;
        c.yy += dy * dy;
        c.xy += dx * dy;
    }
    return c;
}

static void comoments_fold(struct comoments *sum, const struct comoments *more)
{
    if (more->count == 0) return;
    double count = (double)(sum->count + more->count);
    double weight = (double)sum->count * (double)more->count / count;
    double dx = more->mean_x - sum->mean_x, dy = more->mean_y - sum->mean_y;
    sum->xx += more->xx + weight * dx * dx;
    sum->yy += more->yy + weight * dy * dy;
    sum->xy += more->xy + weight * dx * dy;
    sum->mean_x += dx * (double)more->count / count;
    sum->mean_y += dy * (double)more->count / count;
    sum->count += more->count;
}

static enum status observe_together(const struct table_check *check, const struct batch *batch,
                                    struct comoments *ret, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    size_t rows = (size_t)batch->rows;
    TRY(NEW(&values, 2 * rows, err));
    numbers_read(&batch->schema->fields[check->index], batch->columns[check->index], values);
    numbers_read(&batch->schema->fields[check->with], batch->columns[check->with], values + rows);
    *ret = comoments_of(values, values + rows, batch->rows);
    return STATUS_OK;
}

static enum status observe_counts(const struct table_check *check, const struct batch *batch,
                                  struct counts *ret, struct err *err)
{
    const struct field *field = &batch->schema->fields[check->index];
    const struct array *array = batch->columns[check->index];
    char room[128];
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str text;
        if (array_is_null(array, row)) continue;
        if (!array_text_at(field, array, row, &text))
            text = str_of(array_value_text(field, array, row, room, sizeof room));
        TRY(counts_add(ret, text.data, text.size, count_hash(text.data, text.size), 1, err));
    }
    return STATUS_OK;
}

static enum status observe_groups(const struct table_check *check, const struct window *window,
                                  struct group_entry **ret, size_t *ret_count, struct err *err)
{
    const struct batch *batch = window->batch;
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    TRY(NEW(ret, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (array_is_null(batch->columns[check->index], row)) continue;
        key.size = 0;
        TRY(rowkey_add(&key, &batch->schema->fields[check->index], batch->columns[check->index],
                       row, err));
        XXH128_hash_t hash = XXH3_128bits(key.data, key.size);
        (*ret)[(*ret_count)++] =
            (struct group_entry){hash.high64, hash.low64, 0, window->first_row + row};
    }
    return STATUS_OK;
}

static enum status observe_check(const struct table_check *check, const struct window *window,
                                 struct table_tally *tally, size_t i, struct err *err)
{
    if (check->kind == TABLE_CORRELATION)
        return observe_together(check, window->batch, &tally->together[i], err);
    if (wants_counts(check->kind))
        return observe_counts(check, window->batch, &tally->counts[i], err);
    if (wants_groups(check->kind))
        return observe_groups(check, window, &tally->entries[i], &tally->entry_counts[i], err);
    return STATUS_OK;
}

enum status table_observe(const struct table *table, int pass, const struct window *window,
                          struct table_tally *tally, struct err *err)
{
    if (table->summary != NULL) TRY(summary_observe(table->summary, window, &tally->summary, err));
    if (pass > 0 || table->count == 0) return STATUS_OK;
    TRY(NEW(&tally->counts, table->count, err));
    tally->count = table->count;
    TRY(NEW(&tally->together, table->count, err));
    TRY(NEW(&tally->entries, table->count, err));
    TRY(NEW(&tally->entry_counts, table->count, err));
    for (size_t i = 0; i < table->count; i++)
        TRY(observe_check(&table->items[i], window, tally, i, err));
    return STATUS_OK;
}

void table_tally_release(struct table_tally *tally)
{
    summary_tally_release(&tally->summary);
    for (size_t i = 0; i < tally->count; i++) {
        counts_release(&tally->counts[i]);
        if (tally->entries != NULL) memory_free(tally->entries[i]);
    }
    memory_free(tally->counts);
    memory_free(tally->together);
    memory_free(tally->entries);
    memory_free(tally->entry_counts);
    *tally = (struct table_tally){0};
}

static enum status absorb_counts(struct table_check *check, const struct counts *more,
                                 struct err *err)
{
    for (size_t k = 0; k < more->count; k++) {
        const struct counted *item = &more->items[k];
        TRY(counts_add(&check->counts, item->data, item->size, item->hash, item->count, err));
    }
    if (check->counts.count <= DISTINCT_MAXIMUM) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "column \"%s\" has more than %d distinct values", check->column,
               DISTINCT_MAXIMUM);
    err_hint(err, "distinct and distinct_share work for any number of them");
    return STATUS_USAGE;
}

static enum status absorb_checks(struct table *table, struct table_tally *tally, struct err *err)
{
    for (size_t i = 0; i < tally->count; i++) {
        struct table_check *check = &table->items[i];
        if (check->kind == TABLE_CORRELATION) comoments_fold(&check->together, &tally->together[i]);
        if (wants_counts(check->kind)) TRY(absorb_counts(check, &tally->counts[i], err));
        if (check->groups != NULL)
            TRY(groups_add(check->groups, tally->entries[i], tally->entry_counts[i], err));
    }
    return STATUS_OK;
}

enum status table_absorb(struct table *table, struct table_tally *tally, struct err *err)
{
    enum status status = STATUS_OK;
    if (table->summary != NULL) status = summary_absorb(table->summary, &tally->summary, err);
    if (status == STATUS_OK) status = absorb_checks(table, tally, err);
    table_tally_release(tally);
    return status;
}

enum status table_settle(struct table *table, int pass, bool *ret_more, struct err *err)
{
    for (size_t i = 0; pass == 0 && i < table->count; i++)
        if (table->items[i].groups != NULL) TRY(groups_finish(table->items[i].groups, err));
    if (table->summary == NULL) return STATUS_OK;
    return summary_settle(table->summary, ret_more, err);
}

/* ---- while rows are applied ---- */

enum status table_count(const struct table *table, const struct window *window, struct err *err)
{
    (void)err;
    const struct batch *batch = window->batch;
    if (table->rows != NULL) atomic_fetch_add(table->rows, batch->rows);
    for (size_t i = 0; i < table->count; i++) {
        const struct table_check *check = &table->items[i];
        if (check->nulls != NULL) {
            atomic_fetch_add(&check->nulls->evaluated, batch->rows);
            atomic_fetch_add(&check->nulls->failing, batch->columns[check->index]->null_count);
        }
        if (check->profile != NULL)
            profile_count(check->profile, &batch->schema->fields[check->index],
                          batch->columns[check->index], check->drift);
    }
    return STATUS_OK;
}

/* ---- verdict ---- */

static double entropy_of(const struct counts *counts)
{
    double all = 0, entropy = 0;
    for (size_t i = 0; i < counts->count; i++)
        all += (double)counts->items[i].count;
    for (size_t i = 0; i < counts->count; i++) {
        double p = (double)counts->items[i].count / all;
        entropy -= p * log(p);
    }
    return entropy;
}

static double measure_groups(const struct table_check *check)
{
    int64_t failing = 0, entries = groups_entries(check->groups, &failing);
    double distinct = (double)(entries - failing);
    if (check->kind == TABLE_DISTINCT) return distinct;
    return entries == 0 ? NAN : distinct / (double)entries;
}

static double measure_numbers(const struct table *table, const struct table_check *check)
{
    const struct moments *m = summary_moments(table->summary, check->number);
    if (m->count == 0) return NAN;
    switch (check->kind) {
    case TABLE_MINIMUM: return m->minimum;
    case TABLE_MAXIMUM: return m->maximum;
    case TABLE_MEAN: return m->mean;
    case TABLE_SUM: return m->mean * (double)m->count;
    case TABLE_DEVIATION: return m->count < 2 ? NAN : sqrt(m->squares / (double)(m->count - 1));
    default: return summary_quantile(table->summary, check->number, check->fraction);
    }
}

static double measure(const struct table *table, const struct table_check *check)
{
    int64_t rows = table->rows == NULL ? 0 : atomic_load(table->rows);
    if (wants_numbers(check->kind)) return measure_numbers(table, check);
    if (wants_groups(check->kind)) return measure_groups(check);
    switch (check->kind) {
    case TABLE_ROWS: return (double)rows;
    case TABLE_NULL_SHARE:
        return rows == 0 ? NAN : (double)atomic_load(&check->nulls->failing) / (double)rows;
    case TABLE_CORRELATION:
        return check->together.xy / sqrt(check->together.xx * check->together.yy);
    case TABLE_ENTROPY: return check->counts.count == 0 ? NAN : entropy_of(&check->counts);
    case TABLE_PSI: return profile_psi(check->profile, check->drift);
    case TABLE_KS: return profile_distance(check->profile, check->drift);
    default: return NAN;
    }
}

/* The most frequent value; the smaller in byte order on a tie. */
static const struct counted *most_common(const struct counts *counts)
{
    const struct counted *best = NULL;
    for (size_t i = 0; i < counts->count; i++) {
        const struct counted *item = &counts->items[i];
        if (best == NULL || item->count > best->count ||
            (item->count == best->count &&
             str_compare((struct str){(const char *)item->data, item->size},
                         (struct str){(const char *)best->data, best->size}) < 0))
            best = item;
    }
    return best;
}

/* The value itself is not said: it may be somebody's name. */
static bool judge_most_common(const struct table_check *check, char *found, size_t room)
{
    const struct counted *best = most_common(&check->counts);
    bool listed = false;
    for (size_t i = 0; best != NULL && i < check->value_count; i++)
        listed |= strlen(check->values[i]) == best->size &&
                  memcmp(check->values[i], best->data, best->size) == 0;
    if (best == NULL)
        snprintf(found, room, "found no value");
    else
        snprintf(found, room, "%s one is, %lld times", listed ? "this" : "another",
                 (long long)best->count);
    return listed;
}

static bool judge_contains(const struct table_check *check, char *found, size_t room)
{
    for (size_t i = 0; i < check->value_count; i++) {
        if (counts_of(&check->counts, check->values[i], strlen(check->values[i])) > 0) continue;
        snprintf(found, room, "no \"%.80s\"", check->values[i]);
        return false;
    }
    snprintf(found, room, "every one");
    return true;
}

static bool judge_check(const struct table *table, const struct table_check *check, char *found,
                        size_t room)
{
    if (check->kind == TABLE_MOST_COMMON) return judge_most_common(check, found, room);
    if (check->kind == TABLE_CONTAINS) return judge_contains(check, found, room);
    if (check->kind == TABLE_COLUMNS) {
        snprintf(found, room, "%s", check->unmet == NULL ? "so it is" : check->unmet);
        return check->unmet == NULL;
    }
    double value = measure(table, check);
    if (isnan(value))
        snprintf(found, room, "found no value");
    else
        snprintf(found, room, "found %.6g", value);
    return value >= check->low && value <= check->high;
}

enum status table_judge(const struct table *table, struct check_results *results, struct err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct table_check *check = &table->items[i];
        struct check_result result = {
            .rule = check->rule, .column = check->column, .expectation = check->threshold};
        bool holds = judge_check(table, check, result.found, sizeof result.found);
        result.outcome = holds                                 ? CHECK_PASSED
                         : check->severity == SEVERITY_WARNING ? CHECK_WARNING
                                                               : CHECK_FAILED;
        TRY(check_results_add(results, &result, err));
    }
    return STATUS_OK;
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        groups_close(&table->items[i].groups);
        counts_release(&table->items[i].counts);
    }
    for (size_t i = 0; i < table->profile_count; i++)
        profile_close(&table->profiles[i].profile);
    memory_free(table->profiles);
    table->profiles = NULL;
    table->profile_count = 0;
    summary_close(&table->summary);
    memory_free(table->items);
    memory_free(table->numbers);
    memory_free(table->fractions);
    table->items = NULL;
    table->numbers = NULL;
    table->fractions = NULL;
    table->count = 0;
}
