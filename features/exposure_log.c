/* features/exposure_log.c: who was shown which version behind a tag. */
#include "features/exposure_log.h"

#include "base/clock.h"
#include "base/memory.h"
#include "lineage/sql.h"

#define WAITING 10000

struct exposure {
    const char *entity; /* in the arena */
    size_t size;
    int64_t number, at;
};

struct exposure_log {
    struct store *store;
    struct arena *arena;
    const char *dataset, *tag; /* borrowed */
    struct exposure *items;
    size_t count;
};

/* ---- writing ---- */

static enum status insert_all(struct exposure_log *log, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *insert = NULL;
    TRY(sql_open(log->store, &insert, err,
                 "INSERT INTO exposures (dataset, tag, entity, number, times, first_at, last_at)"
                 " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5)"
                 " ON CONFLICT DO UPDATE SET times = times + 1, last_at = excluded.last_at",
                 ""));
    for (size_t i = 0; i < log->count; i++) {
        const struct exposure *item = &log->items[i];
        TRY(sql_again(log->store, insert, err, "ttsiu", log->dataset, log->tag,
                      (struct str){item->entity, item->size}, item->number, item->at));
    }
    return STATUS_OK;
}

enum status exposure_log_flush(struct exposure_log *log, struct err *err)
{
    if (log->count == 0) return STATUS_OK;
    TRY(catalog_begin(log->store, err));
    enum status status = insert_all(log, err);
    if (status == STATUS_OK)
        status = catalog_commit(log->store, err);
    else
        catalog_rollback(log->store);
    if (status != STATUS_OK) return fail_within(err, status, "writing the exposure log");
    log->count = 0;
    arena_reset(log->arena);
    return STATUS_OK;
}

enum status exposure_log_pause(struct exposure_log *log, struct err *err)
{
    bool old = log->count > 0 && clock_now() - log->items[0].at > 1000000;
    return old ? exposure_log_flush(log, err) : STATUS_OK;
}

enum status exposure_log_add(struct exposure_log *log, struct str entity, int64_t number,
                             struct err *err)
{
    if (log->count == WAITING) TRY(exposure_log_flush(log, err));
    char *text = arena_text(log->arena, entity.data, entity.size);
    if (text == NULL) return fail_memory(err, entity.size);
    log->items[log->count++] = (struct exposure){text, entity.size, number, clock_now()};
    return STATUS_OK;
}

/* ---- life ---- */

enum status exposure_log_open(struct exposure_log **ret, const struct common *common,
                              const char *dataset, const char *tag, struct err *err)
{
    OWNED(exposure_log_close) struct exposure_log *log = NULL;
    if (common->no_store)
        return fail(err, STATUS_USAGE, "--no-store: the exposure log is in a store");
    TRY(NEW(&log, 1, err));
    log->dataset = dataset;
    log->tag = tag;
    TRY(arena_open(&log->arena, err));
    TRY(NEW(&log->items, WAITING, err));
    TRY(store_open(&log->store, common, STORE_CHANGE, err));
    *ret = log;
    log = NULL;
    return STATUS_OK;
}

void exposure_log_close(struct exposure_log **log)
{
    if (log == NULL || *log == NULL) return;
    store_close(&(*log)->store);
    arena_close(&(*log)->arena);
    memory_free((*log)->items);
    memory_free(*log);
    *log = NULL;
}
