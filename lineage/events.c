/* events.c: what became of single rows, buffered and written in slices.
 *
 * Events come from any thread and may be millions: they are kept narrow (texts that repeat are keys
 * into one table) and leave memory in slices of a few MiB, each a transaction of its own before the
 * commit that makes the run's output visible. */
#include "lineage/run_state.h"
#include "lineage/sql.h"

#include "base/memory.h"

#include <stdio.h>

#define SLICE_BYTES  (4u << 20)
#define SLICE_EVENTS 20000
#define VALUE_BYTES  1024 /* kept of a value */
#define CACHED_TEXTS 1024 /* a power of two */

#define EVENT_COLUMNS 12
#define ROWS_TOGETHER 32

struct event {
    enum row_event_kind kind;
    int position;
    int64_t record, into_record;
    struct str source, into_source, module, rule, column, threshold, value;
};

struct cached_text {
    char *text; /* NULL = empty place */
    size_t size;
    int64_t key;
};

struct events {
    struct arena *arena; /* texts of the buffered events */
    struct event *items;
    size_t count, bytes;
    struct cached_text *cache; /* by hash; a newcomer takes the place */
    sqlite3_stmt *insert, *insert_text, *find_text;
};

/* ---- texts to keys ---- */

static size_t hash_text(struct str text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 1099511628211u;
    return (size_t)(hash ^ (hash >> 32)) & (CACHED_TEXTS - 1);
}

static enum status store_text(struct run *run, struct str text, int64_t *ret, struct err *err)
{
    struct events *events = run->events;
    bool row;

    TRY(sql_again(run->store, events->insert_text, err, "s", text));
    sqlite3_reset(events->find_text);
    sqlite3_bind_text64(events->find_text, 1, text.data, text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
    TRY(sql_next(run->store, events->find_text, &row, err));
    *ret = sqlite3_column_int64(events->find_text, 0);
    sqlite3_reset(events->find_text);
    return STATUS_OK;
}

static void forget_texts(struct events *events)
{
    for (size_t i = 0; i < CACHED_TEXTS; i++) {
        memory_free(events->cache[i].text);
        events->cache[i].text = NULL;
    }
}

static enum status text_key(struct run *run, struct str text, int64_t *ret, struct err *err)
{
    struct cached_text *place = &run->events->cache[hash_text(text)];

    if (place->text != NULL && str_equal(text, (struct str){place->text, place->size})) {
        *ret = place->key;
        return STATUS_OK;
    }
    TRY(store_text(run, text, ret, err));
    memory_free(place->text);
    place->text = memory_copy_text(text.data, text.size);
    place->size = text.size;
    place->key = *ret;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status bind_key(struct run *run, sqlite3_stmt *insert, int place, struct str text,
                            struct err *err)
{
    int64_t key;

    if (text.data == NULL) {
        sqlite3_bind_null(insert, place);
        return STATUS_OK;
    }
    TRY(text_key(run, text, &key, err));
    sqlite3_bind_int64(insert, place, key);
    return STATUS_OK;
}

/* Binds the columns of one event from place `at` + 1 on. */
static enum status bind_event(struct run *run, sqlite3_stmt *insert, int at,
                              const struct event *event, struct err *err)
{
    sqlite3_bind_int64(insert, at + 1, run->key);
    TRY(bind_key(run, insert, at + 2, event->source, err));
    sqlite3_bind_int64(insert, at + 3, event->record);
    sqlite3_bind_int(insert, at + 4, (int)event->kind);
    TRY(bind_key(run, insert, at + 5, event->into_source, err));
    if (event->kind == EVENT_MERGE)
        sqlite3_bind_int64(insert, at + 6, event->into_record);
    else
        sqlite3_bind_null(insert, at + 6);
    sqlite3_bind_int(insert, at + 7, event->position);
    TRY(bind_key(run, insert, at + 8, event->module, err));
    TRY(bind_key(run, insert, at + 9, event->rule, err));
    TRY(bind_key(run, insert, at + 10, event->column, err));
    TRY(bind_key(run, insert, at + 11, event->threshold, err));
    sqlite3_bind_text64(insert, at + 12, event->value.data, event->value.size, SQLITE_STATIC,
                        SQLITE_UTF8);
    return STATUS_OK;
}

/* A statement that inserts `count` rows: what SQLite does a statement costs more than a row. */
static enum status open_insert(struct run *run, sqlite3_stmt **ret, size_t count, struct err *err)
{
    OWNED(bytes_release) struct bytes sql = bytes_limited(8 << 10);

    TRY(bytes_append_text(
        &sql,
        "INSERT INTO row_event_log (run_key, source_key, record, kind, into_source_key,"
        " into_record, position, module_key, rule_key, column_key, threshold_key, value) VALUES ",
        err));
    for (size_t i = 0; i < count; i++)
        TRY(bytes_format(&sql, err, "%s(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", i == 0 ? "" : ", "));
    TRY(bytes_append(&sql, "", 1, err));
    return sql_open(run->store, ret, err, (const char *)sql.data, "");
}

static enum status insert_rows(struct run *run, sqlite3_stmt *insert, const struct event *events,
                               size_t count, struct err *err)
{
    bool row;

    sqlite3_reset(insert);
    for (size_t i = 0; i < count; i++)
        TRY(bind_event(run, insert, (int)i * EVENT_COLUMNS, &events[i], err));
    TRY(sql_next(run->store, insert, &row, err));
    sqlite3_reset(insert);
    return STATUS_OK;
}

static enum status prepare(struct run *run, struct err *err)
{
    struct events *events = run->events;

    if (events->insert_text == NULL)
        TRY(sql_open(run->store, &events->insert_text, err,
                     "INSERT OR IGNORE INTO texts (text) VALUES (?)", ""));
    if (events->find_text == NULL)
        TRY(sql_open(run->store, &events->find_text, err,
                     "SELECT text_key FROM texts WHERE text = ?", ""));
    return events->insert != NULL ? STATUS_OK
                                  : open_insert(run, &events->insert, ROWS_TOGETHER, err);
}

static enum status insert_all(struct run *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *insert_rest = NULL;
    struct events *events = run->events;
    size_t done = 0, rest = events->count % ROWS_TOGETHER;

    TRY(prepare(run, err));
    for (; done + ROWS_TOGETHER <= events->count; done += ROWS_TOGETHER)
        TRY(insert_rows(run, events->insert, &events->items[done], ROWS_TOGETHER, err));
    if (rest == 0) return STATUS_OK;
    TRY(open_insert(run, &insert_rest, rest, err));
    return insert_rows(run, insert_rest, &events->items[done], rest, err);
}

/* With the mutex held. Keys of a transaction that failed may not exist: forgotten with it. */
static enum status write_slice(struct run *run, struct err *err)
{
    struct events *events = run->events;

    if (events->count == 0) return STATUS_OK;
    TRY(catalog_begin(run->store, err));
    enum status status = insert_all(run, err);
    if (status == STATUS_OK) {
        status = catalog_commit(run->store, err);
    } else {
        sqlite3_reset(events->insert);
        catalog_rollback(run->store);
    }
    if (status != STATUS_OK) {
        forget_texts(events);
        return status;
    }
    events->count = events->bytes = 0;
    arena_reset(events->arena);
    return STATUS_OK;
}

enum status events_flush(struct run *run, struct err *err)
{
    if (!run_records(run)) return STATUS_OK;
    pthread_mutex_lock(&run->mutex);
    enum status status = write_slice(run, err);
    pthread_mutex_unlock(&run->mutex);
    return status;
}

/* ---- adding ---- */

static enum status copy(struct events *events, struct str text, struct str *ret, struct err *err)
{
    *ret = (struct str){NULL, 0};
    if (text.data == NULL) return STATUS_OK;
    const char *copied = arena_text(events->arena, text.data, text.size);
    if (copied == NULL) return fail_memory(err, text.size);
    events->bytes += text.size + 1;
    *ret = (struct str){copied, text.size};
    return STATUS_OK;
}

/* The catalog tells what was wrong; the whole of it is in the rejects. Not cut inside a character.
 */
static struct str shortened(struct str value)
{
    if (value.size <= VALUE_BYTES) return value;
    value.size = VALUE_BYTES;
    while (value.size > VALUE_BYTES - 4 && (value.data[value.size] & 0xc0) == 0x80)
        value.size--;
    return value;
}

static enum status add_event(struct run *run, const struct row_event *event, struct err *err)
{
    struct events *events = run->events;

    if (events->count == SLICE_EVENTS || events->bytes >= SLICE_BYTES) TRY(write_slice(run, err));
    struct event *item = &events->items[events->count];
    *item = (struct event){.kind = event->kind,
                           .position = event->position,
                           .record = event->record,
                           .into_record = event->into_record};
    struct str source = event->source.data == NULL ? str_of("") : event->source;
    struct str into = event->into_source;
    if (event->kind == EVENT_MERGE && into.data == NULL) into = str_of("");
    TRY(copy(events, source, &item->source, err));
    TRY(copy(events, into, &item->into_source, err));
    TRY(copy(events, str_of(event->module), &item->module, err));
    TRY(copy(events, str_of(event->rule), &item->rule, err));
    TRY(copy(events, str_of(event->column), &item->column, err));
    TRY(copy(events, str_of(event->threshold), &item->threshold, err));
    TRY(copy(events, shortened(event->value), &item->value, err));
    events->count++;
    return STATUS_OK;
}

enum status run_event(struct run *run, const struct row_event *event, struct err *err)
{
    enum status status = STATUS_OK;

    pthread_mutex_lock(&run->mutex);
    if (run_records(run) && !run->only_counts) status = add_event(run, event, err);
    if (status == STATUS_OK) run->event_counts[event->kind]++;
    pthread_mutex_unlock(&run->mutex);
    return status;
}

void run_only_count_events(struct run *run)
{
    run->only_counts = true;
}

/* ---- life ---- */

enum status events_open(struct run *run, struct err *err)
{
    TRY(NEW(&run->events, 1, err));
    TRY(arena_open(&run->events->arena, err));
    TRY(NEW(&run->events->items, SLICE_EVENTS, err));
    return NEW(&run->events->cache, CACHED_TEXTS, err);
}

void events_close(struct run *run)
{
    struct events *events = run->events;

    if (events == NULL) return;
    sql_close(&events->insert);
    sql_close(&events->insert_text);
    sql_close(&events->find_text);
    if (events->cache != NULL) forget_texts(events);
    memory_free(events->cache);
    memory_free(events->items);
    arena_close(&events->arena);
    memory_free(events);
    run->events = NULL;
}
