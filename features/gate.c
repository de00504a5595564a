/* features/gate.c: what a version has to hold up to before it gets a tag. */
#include "features/gate.h"

#include "base/clock.h"
#include "features/profile.h"
#include "lineage/stage.h"

#include <math.h>
#include <stdio.h>

/* ---- results ---- */

const char *gate_verdict_word(enum gate_verdict verdict)
{
    static const char *const words[] = {"passed", "failed", "skipped"};
    return words[verdict];
}

enum status gate_results_add(struct gate_results *results, struct gate_check check, struct err *err)
{
    if (check.found == NULL || check.expected == NULL) return fail_memory(err, 0);
    if (results->count == results->room) {
        size_t room = results->room * 2 + 32;
        struct gate_check *items = arena_get(results->arena, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        if (results->count > 0) memcpy(items, results->items, results->count * sizeof *items);
        results->items = items;
        results->room = room;
    }
    results->items[results->count++] = check;
    results->failed += check.verdict == GATE_FAILED;
    return STATUS_OK;
}

static enum gate_verdict verdict_of(bool holds)
{
    return holds ? GATE_PASSED : GATE_FAILED;
}

/* ---- rows ---- */

static enum status hold_bound(const struct gate_subject *subject, const char *name, int64_t bound,
                              bool most, struct gate_results *ret, struct err *err)
{
    int64_t rows = subject->version.rows;
    struct gate_check check = {.name = name,
                               .verdict = verdict_of(most ? rows <= bound : rows >= bound),
                               .found = arena_format(ret->arena, "%lld rows", (long long)rows),
                               .expected = arena_format(ret->arena, "at %s %lld",
                                                        most ? "most" : "least", (long long)bound)};
    return bound < 0 ? STATUS_OK : gate_results_add(ret, check, err);
}

static enum status hold_change(const struct gate *gate, const struct gate_subject *subject,
                               struct gate_results *ret, struct err *err)
{
    int64_t rows = subject->version.rows, before = subject->against.rows;
    double change =
        before == 0 ? (rows == 0 ? 0 : INFINITY) : fabs((double)(rows - before)) / (double)before;
    struct gate_check check = {
        .name = "rows.change",
        .verdict = verdict_of(change <= gate->rows_change),
        .found = arena_format(ret->arena, "%lld rows after %lld: %.3g%%", (long long)rows,
                              (long long)before, change * 100),
        .expected = arena_format(ret->arena, "at most %.3g%%", gate->rows_change * 100)};
    if (gate->rows_change < 0) return STATUS_OK;
    if (subject->against.number == 0) {
        check.verdict = GATE_SKIPPED;
        check.found = "no version to compare with";
    }
    return gate_results_add(ret, check, err);
}

/* ---- freshness ---- */

static int64_t microseconds_of(const struct field *field, double ticks)
{
    static const double per_tick[] = {1e6, 1e3, 1, 1e-3}; /* enum time_unit */
    if (field->type.id == TYPE_DATE32) return (int64_t)(ticks * 86400e6);
    if (field->type.id == TYPE_DATE64) return (int64_t)(ticks * 1e3);
    return (int64_t)(ticks * per_tick[field->type.unit]);
}

/* The newest event time; of a version without one when it was committed. */
static enum status newest_time(const struct gate_subject *subject, const struct profile *profile,
                               int64_t *ret, struct err *err)
{
    const char *name = subject->view == NULL ? NULL : subject->view->event_time;
    const struct column_profile *column = name == NULL ? NULL : profile_column(profile, name);
    if (column == NULL) return time_parse(str_of(subject->version.created_at), ret, err);
    *ret = column->numbers == 0 ? INT64_MIN : microseconds_of(column->field, column->maximum);
    return STATUS_OK;
}

static const char *duration_text(struct arena *arena, int64_t microseconds)
{
    static const struct {
        const char *name;
        int64_t microseconds;
    } units[] = {{"d", 86400000000}, {"h", 3600000000}, {"m", 60000000}, {"s", 1000000}};
    for (size_t i = 0; i < 4; i++)
        if (microseconds % units[i].microseconds == 0)
            return arena_format(arena, "%lld%s", (long long)(microseconds / units[i].microseconds),
                                units[i].name);
    return arena_format(arena, "%lldus", (long long)microseconds);
}

static enum status hold_freshness(const struct gate *gate, const struct gate_subject *subject,
                                  const struct profile *profile, struct gate_results *ret,
                                  struct err *err)
{
    const struct maybe_time *as_of = &subject->common->as_of;
    int64_t now = as_of->given ? as_of->microseconds : clock_now(), newest;
    char text[TIME_TEXT];
    if (gate->freshness < 0) return STATUS_OK;
    TRY(newest_time(subject, profile, &newest, err));
    bool none = newest == INT64_MIN;
    const char *limit = duration_text(ret->arena, gate->freshness);
    char *found = none ? arena_format(ret->arena, "no row")
                       : arena_format(ret->arena, "newest is %s", time_text(newest, text));
    if (limit == NULL) return fail_memory(err, 0);
    struct gate_check check = {
        .name = "freshness",
        .verdict = verdict_of(!none && newest >= now - gate->freshness),
        .found = found,
        .expected = arena_format(ret->arena, "at most %s before %s", limit, time_text(now, text))};
    return gate_results_add(ret, check, err);
}

/* ---- drift ---- */

static enum status add_drift(struct gate_results *ret, const char *name, const char *column,
                             double found, double bound, bool there, struct err *err)
{
    struct gate_check check = {.name = name,
                               .column = column,
                               .verdict = there ? verdict_of(found <= bound) : GATE_SKIPPED,
                               .found = there ? arena_format(ret->arena, "%.4g", found)
                                              : "nothing to compare",
                               .expected = arena_format(ret->arena, "at most %.4g", bound)};
    return bound < 0 ? STATUS_OK : gate_results_add(ret, check, err);
}

static enum status hold_column(const struct gate *gate, const char *name,
                               const struct profile *before, const struct profile *after,
                               struct gate_results *ret, struct err *err)
{
    const struct column_profile *old = profile_column(before, name);
    const struct column_profile *new = profile_column(after, name);
    struct drift drift = {0};
    if (new == NULL || old == NULL)
        return gate_results_add(
            ret,
            (struct gate_check){.name = "drift",
                                .column = name,
                                .verdict = GATE_FAILED,
                                .found = new == NULL
                                             ? "no such column"
                                             : "no such column in the version under the tag",
                                .expected = "the column"},
            err);
    bool there = drift_between(old, new, &drift);
    TRY(add_drift(ret, "drift.psi", name, drift.psi, gate->psi, there, err));
    return add_drift(ret, "drift.ks", name, drift.ks, gate->ks, there && drift.has_ks, err);
}

static bool is_feature(const struct gate_subject *subject, const char *name)
{
    if (strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0) return false;
    return subject->view == NULL || !view_is_key(subject->view, name);
}

static enum status hold_columns(const struct gate *gate, const struct gate_subject *subject,
                                const struct profile *before, const struct profile *after,
                                struct gate_results *ret, struct err *err)
{
    for (size_t i = 0; i < gate->columns.count; i++)
        TRY(hold_column(gate, gate->columns.items[i], before, after, ret, err));
    for (size_t i = 0; gate->columns.count == 0 && i < before->schema->count; i++) {
        const char *name = arena_text(ret->arena, before->schema->fields[i].name,
                                      strlen(before->schema->fields[i].name));
        if (name == NULL) return fail_memory(err, 0);
        if (is_feature(subject, name)) TRY(hold_column(gate, name, before, after, ret, err));
    }
    return STATUS_OK;
}

static enum status hold_drift(const struct gate *gate, const struct gate_subject *subject,
                              const struct profile *after, struct gate_results *ret,
                              struct err *err)
{
    struct profile before = {0};
    if (gate->psi < 0 && gate->ks < 0) return STATUS_OK;
    if (subject->against.number == 0)
        return gate_results_add(ret,
                                (struct gate_check){.name = "drift",
                                                    .verdict = GATE_SKIPPED,
                                                    .found = "no version to compare with",
                                                    .expected = "a version under the tag"},
                                err);
    enum status status =
        profile_version(&before, subject->store, &subject->against, subject->common, err);
    if (status == STATUS_OK) status = hold_columns(gate, subject, &before, after, ret, err);
    profile_release(&before);
    return status;
}

/* ---- all of it ---- */

static enum status hold_values(const struct gate *gate, const struct gate_subject *subject,
                               struct gate_results *ret, struct err *err)
{
    struct profile profile = {0};
    bool times = subject->view != NULL && subject->view->event_time != NULL && gate->freshness >= 0;
    bool drift = (gate->psi >= 0 || gate->ks >= 0) && subject->against.number > 0;
    enum status status = STATUS_OK;
    if (times || drift)
        status = profile_version(&profile, subject->store, &subject->version, subject->common, err);
    if (status == STATUS_OK) status = hold_freshness(gate, subject, &profile, ret, err);
    if (status == STATUS_OK) status = hold_drift(gate, subject, &profile, ret, err);
    profile_release(&profile);
    return status;
}

enum status gate_hold(const struct gate *gate, const struct gate_subject *subject,
                      struct gate_results *ret, struct err *err)
{
    TRY(hold_bound(subject, "rows.min", gate->rows_minimum, false, ret, err));
    TRY(hold_bound(subject, "rows.max", gate->rows_maximum, true, ret, err));
    TRY(hold_change(gate, subject, ret, err));
    TRY(hold_values(gate, subject, ret, err));
    return gate->checks == NULL ? STATUS_OK : gate_expectations(gate, subject, ret, err);
}
