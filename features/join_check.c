/* features/join_check.c: random rows of a join answered again by trying every row. */
#include "features/join_check_states.h"

#include "base/memory.h"
#include "columnar/value_text.h"
#include "features/ticks.h"

#include <xxhash.h>

__extension__ typedef __int128 wide;

struct join_check {
    struct sampled *rows;
    int64_t count, room, seen;
    uint64_t seed;
};

/* ---- the sample ---- */

enum status join_check_open(struct join_check **ret, int64_t rows, int64_t seed, struct err *err)
{
    OWNED(join_check_close) struct join_check *check = NULL;
    TRY(NEW(&check, 1, err));
    check->room = rows;
    check->seed = (uint64_t)seed;
    TRY(NEW(&check->rows, (size_t)rows, err));
    *ret = check;
    check = NULL;
    return STATUS_OK;
}

/* Where in the reservoir the next row goes; `room` or more: nowhere. */
static int64_t place_of_next(const struct join_check *check)
{
    uint64_t number = (uint64_t)check->seen;
    if (check->seen < check->room) return check->seen;
    return (int64_t)(XXH3_64bits_withSeed(&number, sizeof number, check->seed) % (number + 1));
}

enum status join_check_see(struct join_check *check, const struct batch *joined, struct err *err)
{
    for (int64_t row = 0; row < joined->rows; row++, check->seen++) {
        int64_t place = place_of_next(check);
        if (place >= check->room) continue;
        struct sampled *sampled = &check->rows[place];
        batch_release(&sampled->row);
        if (place == check->count) check->count++;
        sampled->number = check->seen + 1;
        TRY(batch_take(&sampled->row, joined, &row, 1, err));
    }
    return STATUS_OK;
}

int64_t join_check_rows(const struct join_check *check)
{
    return check->count;
}

/* ---- trying every row ---- */

/* A sampled row's question and the best answer so far. */
struct trial {
    const struct sampled *sampled;
    struct bytes scratch;
    struct str key;
    uint64_t hash;
    bool never; /* null key or time: no answer */
    bool timed;
    wide at; /* nanoseconds */
    struct batch best;
    wide best_event, best_created;
};

/* One batch of the version, as far as all questions need it. */
struct tried {
    const struct checked_view *view;
    struct batch batch;
    uint64_t *hashes;
    int64_t *events, *created;
    wide event_unit, created_unit;
};

static void trials_release(struct trial **trials, int64_t count)
{
    for (int64_t i = 0; *trials != NULL && i < count; i++) {
        bytes_release(&(*trials)[i].scratch);
        batch_release(&(*trials)[i].best);
    }
    memory_free(*trials);
    *trials = NULL;
}

static enum status ask(struct trial *trial, const struct sampled *sampled,
                       const struct checked_view *view, struct err *err)
{
    int64_t tick, null = -1;
    trial->sampled = sampled;
    trial->scratch = bytes_limited((size_t)1 << 32);
    TRY(key_bytes(view->layout, &sampled->row, 0, &trial->scratch, &trial->key, &trial->never,
                  err));
    if (trial->never) return STATUS_OK;
    trial->hash = XXH3_64bits(trial->key.data, trial->key.size);
    const struct view *definition = &view->table->view;
    bool timeless = definition->event_time == NULL && definition->created_time == NULL;
    trial->timed = view->time_column >= 0 && !timeless;
    if (!trial->timed) return STATUS_OK;
    const struct field *field = &sampled->row.schema->fields[view->time_column];
    ticks_of(field, sampled->row.columns[view->time_column], &tick, &null);
    trial->never = null >= 0;
    trial->at = (wide)tick * tick_nanoseconds(field);
    return STATUS_OK;
}

static enum status load_times(const struct batch *batch, const char *name, int64_t **ret,
                              wide *ret_unit, struct err *err)
{
    size_t column;
    int64_t null;
    if (name == NULL) return STATUS_OK;
    TRY(schema_require(batch->schema, str_of(name), &column, err));
    *ret = memory_get_raw((size_t)batch->rows, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, (size_t)batch->rows * sizeof **ret);
    ticks_of(&batch->schema->fields[column], batch->columns[column], *ret, &null);
    *ret_unit = tick_nanoseconds(&batch->schema->fields[column]);
    return STATUS_OK;
}

static enum status load_hashes(struct tried *tried, const struct key_layout *layout,
                               struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited((size_t)1 << 32);
    TRY(NEW(&tried->hashes, (size_t)tried->batch.rows, err));
    for (int64_t row = 0; row < tried->batch.rows; row++) {
        struct str key = {0};
        bool null;
        TRY(key_bytes(layout, &tried->batch, row, &scratch, &key, &null, err));
        tried->hashes[row] = XXH3_64bits(key.data, key.size);
    }
    return STATUS_OK;
}

static void tried_release(struct tried *tried)
{
    batch_release(&tried->batch);
    memory_free(tried->hashes);
    memory_free(tried->events);
    memory_free(tried->created);
}

static bool may_answer(const struct tried *tried, const struct trial *trial, int64_t row)
{
    const struct feature_table *table = tried->view->table;
    if (!trial->timed) return true;
    if (tried->events != NULL) {
        wide event = tried->events[row] * tried->event_unit;
        if (table->options.strict_before ? event >= trial->at : event > trial->at) return false;
        if (table->view.ttl != NO_TTL && event < trial->at - (wide)table->view.ttl * 1000)
            return false;
    }
    return tried->created == NULL || !table->options.as_known ||
           tried->created[row] * tried->created_unit <= trial->at;
}

static bool is_better(const struct trial *trial, wide event, wide created)
{
    if (trial->best.rows == 0 || event > trial->best_event) return true;
    return event == trial->best_event && created >= trial->best_created;
}

static enum status try_row(const struct tried *tried, struct trial *trial, int64_t row,
                           struct err *err)
{
    wide event = tried->events == NULL ? 0 : (wide)tried->events[row];
    wide created = tried->created == NULL ? 0 : (wide)tried->created[row];
    if (!may_answer(tried, trial, row) || !is_better(trial, event, created)) return STATUS_OK;
    batch_release(&trial->best);
    trial->best_event = event;
    trial->best_created = created;
    return batch_take(&trial->best, &tried->batch, &row, 1, err);
}

static enum status try_batch(const struct tried *tried, struct trial *trial,
                             const struct key_layout *layout, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited((size_t)1 << 32);
    for (int64_t row = 0; row < tried->batch.rows && !trial->never; row++) {
        struct str key = {0};
        bool null;
        if (tried->hashes[row] != trial->hash) continue;
        TRY(key_bytes(layout, &tried->batch, row, &scratch, &key, &null, err));
        if (str_equal(key, trial->key)) TRY(try_row(tried, trial, row, err));
    }
    return STATUS_OK;
}

static enum status try_all(const struct checked_view *view, struct trial *trials, int64_t count,
                           struct err *err)
{
    const struct feature_table *table = view->table;
    OWNED(served_rows_close) struct served_rows *reader = NULL;
    struct key_layout layout;
    TRY(served_rows_open(&reader, table->store, &table->served, table->options.threads, err));
    TRY(key_layout_of(served_rows_schema(reader), &table->view.entity, &layout, err));
    for (;;) {
        OWNED(tried_release) struct tried tried = {.view = view};
        bool end = false;
        TRY(interrupted(err));
        TRY(served_rows_next(reader, &tried.batch, &end, err));
        if (end) return STATUS_OK;
        TRY(load_hashes(&tried, &layout, err));
        TRY(load_times(&tried.batch, table->view.event_time, &tried.events, &tried.event_unit,
                       err));
        TRY(load_times(&tried.batch, table->view.created_time, &tried.created, &tried.created_unit,
                       err));
        for (int64_t i = 0; i < count; i++)
            TRY(try_batch(&tried, &trials[i], &layout, err));
    }
}

/* ---- comparing ---- */

static enum status value_of(const struct batch *row, size_t column, struct bytes *ret,
                            struct err *err)
{
    ret->size = 0;
    if (row->rows == 0) return bytes_append_text(ret, "null", err);
    return value_json(&row->schema->fields[column], row->columns[column], 0, ret, err);
}

static enum status fail_differs(const struct trial *trial, const struct field *field,
                                const struct bytes *joined, const struct bytes *tried,
                                struct err *err)
{
    char found[256], expected[256];
    struct str left = {(const char *)joined->data, joined->size};
    struct str right = {(const char *)tried->data, tried->size};
    return fail(err, STATUS_FAILED, "--verify: row %lld, column \"%s\" is %s, expected %s",
                (long long)trial->sampled->number, field->name,
                escape_for_terminal(left, found, sizeof found),
                escape_for_terminal(right, expected, sizeof expected));
}

static enum status compare(const struct checked_view *view, const struct trial *trial,
                           struct err *err)
{
    OWNED(bytes_release) struct bytes joined = bytes_limited((size_t)1 << 32);
    OWNED(bytes_release) struct bytes tried = bytes_limited((size_t)1 << 32);
    const struct batch *row = &trial->sampled->row;
    for (size_t i = 0; i < view->table->column_count; i++) {
        TRY(value_of(row, view->first_column + i, &joined, err));
        TRY(value_of(&trial->best, view->table->columns[i], &tried, err));
        if (joined.size != tried.size || memcmp(joined.data, tried.data, joined.size) != 0)
            return fail_differs(trial, &row->schema->fields[view->first_column + i], &joined,
                                &tried, err);
    }
    return STATUS_OK;
}

static enum status check_trials(const struct join_check *check, const struct checked_view *view,
                                struct trial *trials, struct err *err)
{
    for (int64_t i = 0; i < check->count; i++)
        TRY(ask(&trials[i], &check->rows[i], view, err));
    TRY(try_all(view, trials, check->count, err));
    for (int64_t i = 0; i < check->count; i++)
        TRY(compare(view, &trials[i], err));
    return STATUS_OK;
}

enum status join_check_view(const struct join_check *check, const struct checked_view *view,
                            struct err *err)
{
    const struct view *definition = &view->table->view;
    if (definition->aggregate_count > 0 || definition->log.given) {
        for (int64_t i = 0; i < check->count; i++)
            TRY(join_check_states(&check->rows[i], view, err));
        return STATUS_OK;
    }
    struct trial *trials = NULL;
    TRY(NEW(&trials, (size_t)check->count, err));
    enum status status = check_trials(check, view, trials, err);
    trials_release(&trials, check->count);
    return status;
}

void join_check_close(struct join_check **check)
{
    if (check == NULL || *check == NULL) return;
    for (int64_t i = 0; (*check)->rows != NULL && i < (*check)->count; i++)
        batch_release(&(*check)->rows[i].row);
    memory_free((*check)->rows);
    memory_free(*check);
    *check = NULL;
}
