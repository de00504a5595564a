/* watermark.c: positions of sources, read before a run and moved by its commit. */
#include "lineage/watermark_state.h"

#include "lineage/run_state.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

#define SLICE_ROWS  10000 /* of one transaction */
#define SLICE_BYTES (4u << 20)

struct move { /* not written yet; texts in the arena */
    struct move *next;
    const char *source, *kind;
    struct str item, position;
};

struct watermarks {
    struct run *run;
    struct store *store;
    char dataset[256];
    struct lock lock; /* until the output takes it */
    int64_t version;
    int64_t key;           /* of this run in watermark_moves, 0 = no row yet */
    sqlite3_stmt *find;    /* of watermark_read; a folder may ask a million times */
    pthread_mutex_t mutex; /* of what follows */
    bool mutex_made;
    struct arena *arena;
    struct move *first, *last;
    size_t count, bytes;
};

/* ---- opening ---- */

enum status dataset_lock(struct store *store, const char *dataset, struct lock *ret,
                         struct err *err)
{
    char name[256 + 16], what[256 + 16];

    snprintf(name, sizeof name, "locks/%s", dataset);
    for (char *place = strchr(name, '/') + 1; *place != '\0'; place++)
        if (*place == '/') *place = '+';
    snprintf(what, sizeof what, "dataset \"%s\"", dataset);
    OWNED(memory_release) char *path = path_join(store->path, name);
    if (path == NULL) return fail_memory(err, 0);
    return lock_take(ret, path, store->wait_given, false, what, store->holder, err);
}

/* Moves that no commit followed belong to runs that are gone: the lock is held. */
static enum status remove_slice(struct watermarks *marks, bool *ret_more, struct err *err)
{
    TRY(sql_run(marks->store, err,
                "DELETE FROM watermark_log WHERE (series_key, item, move_key) IN ("
                "SELECT l.series_key, l.item, l.move_key FROM watermark_log AS l"
                " JOIN watermark_moves AS m ON m.move_key = l.move_key"
                " WHERE m.dataset = ? AND m.moved_at IS NULL LIMIT ?)",
                "ti", marks->dataset, (int64_t)SLICE_ROWS));
    *ret_more = sqlite3_changes(store_catalog(marks->store)) > 0;
    if (*ret_more) return STATUS_OK;
    return sql_run(marks->store, err,
                   "DELETE FROM watermark_moves WHERE dataset = ? AND moved_at IS NULL", "t",
                   marks->dataset);
}

static enum status remove_leftovers(struct watermarks *marks, struct err *err)
{
    int64_t leftovers = 0;

    TRY(sql_number(marks->store, &leftovers, 0, err,
                   "SELECT count(*) FROM watermark_moves WHERE dataset = ? AND moved_at IS NULL",
                   "t", marks->dataset));
    for (bool more = leftovers > 0; more;) {
        TRY(interrupted(err));
        TRY(catalog_begin(marks->store, err));
        enum status status = remove_slice(marks, &more, err);
        if (status == STATUS_OK)
            status = catalog_commit(marks->store, err);
        else
            catalog_rollback(marks->store);
        TRY(status);
    }
    return STATUS_OK;
}

static enum status fail_not_cumulative(const struct watermarks *marks, int64_t newest, int64_t last,
                                       struct err *err)
{
    (void)fail(err, STATUS_USAGE,
               "\"%s@%" PRId64 "\" does not begin with version %" PRId64
               ", which the last incremental run committed",
               marks->dataset, newest, last);
    err_hint(err, "something else was committed in between; go on into another dataset");
    return STATUS_USAGE;
}

/* The newest version, which has to begin with the chunks that the last incremental run left. */
static enum status find_version(struct watermarks *marks, struct err *err)
{
    int64_t last = 0, missing = 0;

    TRY(sql_number(marks->store, &last, 0, err,
                   "SELECT max(number) FROM watermark_moves"
                   " WHERE dataset = ? AND moved_at IS NOT NULL",
                   "t", marks->dataset));
    if (last == 0) return STATUS_OK;
    TRY(sql_number(marks->store, &marks->version, 0, err,
                   "SELECT max(number) FROM versions WHERE dataset = ?", "t", marks->dataset));
    TRY(sql_number(marks->store, &missing, 1, err,
                   "SELECT CASE WHEN EXISTS (SELECT 1 FROM versions WHERE dataset = ?1 AND"
                   " number = ?2) THEN (SELECT count(*) FROM version_chunks AS a"
                   " JOIN chunks AS c ON c.digest = a.digest AND c.rows > 0"
                   " LEFT JOIN version_chunks AS b ON b.dataset = a.dataset AND b.number = ?3"
                   " AND b.position = a.position AND b.digest = a.digest"
                   " WHERE a.dataset = ?1 AND a.number = ?2 AND b.digest IS NULL) END",
                   "tii", marks->dataset, last, marks->version));
    return missing == 0 ? STATUS_OK : fail_not_cumulative(marks, marks->version, last, err);
}

enum status watermarks_open(struct watermarks **ret, struct run *run, const char *dataset,
                            struct err *err)
{
    OWNED(watermarks_close) struct watermarks *marks = NULL;

    if (!run_records(run))
        return fail(err, STATUS_USAGE, "dataset \"%s\" needs a store that can be written", dataset);
    TRY(NEW(&marks, 1, err));
    marks->lock.descriptor = -1;
    marks->run = run;
    marks->store = run->store;
    snprintf(marks->dataset, sizeof marks->dataset, "%s", dataset);
    marks->mutex_made = pthread_mutex_init(&marks->mutex, NULL) == 0;
    TRY(arena_open(&marks->arena, err));
    TRY(dataset_check(dataset, err));
    TRY(dataset_lock(marks->store, dataset, &marks->lock, err));
    TRY(remove_leftovers(marks, err));
    TRY(find_version(marks, err));
    run_into(run, dataset);
    run->builds_on = marks->version;
    run->watermarks = marks;
    *ret = marks;
    marks = NULL;
    return STATUS_OK;
}

int64_t watermarks_version(const struct watermarks *marks)
{
    return marks->version;
}

bool watermarks_hand_lock(struct watermarks *marks, const char *dataset, struct lock *ret)
{
    if (marks == NULL || marks->lock.descriptor < 0 || strcmp(marks->dataset, dataset) != 0)
        return false;
    *ret = marks->lock;
    marks->lock.descriptor = -1;
    return true;
}

/* ---- reading ---- */

static enum status read_locked(struct watermarks *marks, const char *source, const char *kind,
                               struct str item, struct bytes *ret, bool *ret_found, struct err *err)
{
    if (marks->find == NULL)
        TRY(sql_open(marks->store, &marks->find, err,
                     "SELECT l.position FROM watermark_log AS l"
                     " JOIN watermark_moves AS m ON m.move_key = l.move_key"
                     " WHERE l.series_key = (SELECT series_key FROM watermark_series"
                     " WHERE dataset = ? AND source = ? AND kind = ?)"
                     " AND l.item = ? AND m.moved_at IS NOT NULL ORDER BY l.move_key DESC LIMIT 1",
                     ""));
    const struct str values[] = {str_of(marks->dataset), str_of(source), str_of(kind), item};
    for (int i = 0; i < 4; i++)
        if (sqlite3_bind_text64(marks->find, i + 1, values[i].data, values[i].size, SQLITE_STATIC,
                                SQLITE_UTF8) != SQLITE_OK)
            return fail_catalog(marks->store, err, "binding values");
    enum status status = sql_next(marks->store, marks->find, ret_found, err);
    if (status == STATUS_OK && *ret_found)
        status = bytes_append_text(ret, sql_text(marks->find, 0), err);
    sqlite3_reset(marks->find);
    return status;
}

enum status watermark_read(struct watermarks *marks, const char *source, const char *kind,
                           struct str item, struct bytes *ret, bool *ret_found, struct err *err)
{
    pthread_mutex_lock(&marks->store->mutex); /* others may be in a transaction */
    enum status status = read_locked(marks, source, kind, item, ret, ret_found, err);
    pthread_mutex_unlock(&marks->store->mutex);
    return status;
}

/* ---- moving ---- */

/* In a transaction. */
static enum status need_key(struct watermarks *marks, struct err *err)
{
    if (marks->key != 0) return STATUS_OK;
    TRY(sql_run(marks->store, err, "INSERT INTO watermark_moves (dataset, run_id) VALUES (?, ?)",
                "tt", marks->dataset, marks->run->id));
    marks->key = sqlite3_last_insert_rowid(store_catalog(marks->store));
    return STATUS_OK;
}

static enum status series_of(struct watermarks *marks, const struct move *move, int64_t *ret,
                             struct err *err)
{
    TRY(sql_run(marks->store, err,
                "INSERT OR IGNORE INTO watermark_series (dataset, source, kind) VALUES (?, ?, ?)",
                "ttt", marks->dataset, move->source, move->kind));
    return sql_number(marks->store, ret, 0, err,
                      "SELECT series_key FROM watermark_series"
                      " WHERE dataset = ? AND source = ? AND kind = ?",
                      "ttt", marks->dataset, move->source, move->kind);
}

/* Of each item the newest position that counts and the one on its way are kept. */
static enum status write_moves(struct watermarks *marks, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *old = NULL;
    OWNED(sql_close) sqlite3_stmt *new = NULL;
    const struct move *before = NULL;
    int64_t series = 0;

    TRY(need_key(marks, err));
    TRY(sql_open(marks->store, &old, err,
                 "DELETE FROM watermark_log WHERE series_key = ?1 AND item = ?2 AND move_key < ("
                 "SELECT max(l.move_key) FROM watermark_log AS l"
                 " JOIN watermark_moves AS m ON m.move_key = l.move_key"
                 " WHERE l.series_key = ?1 AND l.item = ?2 AND m.moved_at IS NOT NULL)",
                 ""));
    TRY(sql_open(marks->store, &new, err,
                 "INSERT OR REPLACE INTO watermark_log (series_key, item, move_key, position)"
                 " VALUES (?, ?, ?, ?)",
                 ""));
    for (const struct move *move = marks->first; move != NULL; before = move, move = move->next) {
        if (before == NULL || strcmp(before->source, move->source) != 0 ||
            strcmp(before->kind, move->kind) != 0)
            TRY(series_of(marks, move, &series, err));
        TRY(sql_again(marks->store, old, err, "is", series, move->item));
        TRY(sql_again(marks->store, new, err, "isis", series, move->item, marks->key,
                      move->position));
    }
    return STATUS_OK;
}

static void forget_moves(struct watermarks *marks)
{
    marks->first = marks->last = NULL;
    marks->count = marks->bytes = 0;
    arena_reset(marks->arena);
}

static enum status write_slice(struct watermarks *marks, struct err *err)
{
    TRY(catalog_begin(marks->store, err));
    enum status status = write_moves(marks, err);
    if (status == STATUS_OK)
        status = catalog_commit(marks->store, err);
    else
        catalog_rollback(marks->store);
    if (status == STATUS_OK) forget_moves(marks);
    return status;
}

static enum status add_move(struct watermarks *marks, const char *source, const char *kind,
                            struct str item, struct str position, struct err *err)
{
    struct move *move = arena_get(marks->arena, 1, sizeof *move);
    char *texts[] = {arena_text(marks->arena, source, strlen(source)),
                     arena_text(marks->arena, kind, strlen(kind)),
                     arena_text(marks->arena, item.data, item.size),
                     arena_text(marks->arena, position.data, position.size)};

    for (size_t i = 0; i < 4; i++)
        if (move == NULL || texts[i] == NULL) return fail_memory(err, item.size + position.size);
    *move = (struct move){.source = texts[0],
                          .kind = texts[1],
                          .item = {texts[2], item.size},
                          .position = {texts[3], position.size}};
    if (marks->last == NULL)
        marks->first = move;
    else
        marks->last->next = move;
    marks->last = move;
    marks->count++;
    marks->bytes += item.size + position.size;
    return marks->count < SLICE_ROWS && marks->bytes < SLICE_BYTES ? STATUS_OK
                                                                   : write_slice(marks, err);
}

enum status watermark_move(struct watermarks *marks, const char *source, const char *kind,
                           struct str item, struct str position, struct err *err)
{
    pthread_mutex_lock(&marks->mutex);
    enum status status = add_move(marks, source, kind, item, position, err);
    pthread_mutex_unlock(&marks->mutex);
    return status;
}

/* ---- the commit ---- */

enum status watermarks_commit(struct watermarks *marks, int64_t number, struct err *err)
{
    TRY(write_moves(marks, err));
    TRY(sql_run(marks->store, err,
                "UPDATE watermark_moves SET moved_at = ?, number = nullif(?, 0) WHERE move_key = ?",
                "uii", clock_now(), number, marks->key));
    return STATUS_OK;
}

enum status watermarks_keep(struct watermarks *marks, struct err *err)
{
    if (marks->first == NULL && marks->key == 0) return STATUS_OK;
    TRY(catalog_begin(marks->store, err));
    enum status status = watermarks_commit(marks, 0, err);
    if (status == STATUS_OK)
        status = catalog_commit(marks->store, err);
    else
        catalog_rollback(marks->store);
    if (status == STATUS_OK) forget_moves(marks);
    return status;
}

void watermarks_close(struct watermarks **marks)
{
    struct watermarks *gone = *marks;

    *marks = NULL;
    if (gone == NULL) return;
    if (gone->run->watermarks == gone) gone->run->watermarks = NULL;
    lock_release(&gone->lock);
    sql_close(&gone->find);
    arena_close(&gone->arena);
    if (gone->mutex_made) pthread_mutex_destroy(&gone->mutex);
    memory_free(gone);
}
