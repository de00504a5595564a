/* features/lineage_import.c: lines from a pipe, each an event, a piece at a time into the catalog.
 */
#include "features/lineage_import.h"

#include "features/lineage_event.h"

#include "base/input.h"

#include <stdio.h>

#define LINE_MOST     ((size_t)16 << 20)
#define REFUSALS_SAID 20

struct import {
    struct run *run;
    struct store *store;
    const struct common *common;
    struct arena *arena; /* of one piece */
    struct lineage_told told;
    int64_t lines, refused;
};

static enum status refuse(struct import *import, const struct err *why)
{
    import->refused++;
    if (import->refused <= REFUSALS_SAID)
        log_line(import->common, true, "line %lld: %s", (long long)import->lines, why->message);
    return STATUS_OK;
}

/* All of the line or nothing of it. */
static enum status import_line(struct import *import, struct str line, struct err *err)
{
    struct err why = {0};
    import->lines++;
    if (str_trim(line).size == 0) return STATUS_OK;
    TRY(sql_run(import->store, err, "SAVEPOINT line", ""));
    enum status status =
        lineage_event_apply(import->store, line, &import->told, import->arena, &why);
    if (status == STATUS_OK) return sql_run(import->store, err, "RELEASE line", "");
    if (status != STATUS_USAGE) {
        if (err != NULL) *err = why;
        return fail_within(err, status, "line %lld", (long long)import->lines);
    }
    TRY(sql_run(import->store, err, "ROLLBACK TO line", ""));
    TRY(sql_run(import->store, err, "RELEASE line", ""));
    return refuse(import, &why);
}

/* The lines of `text` that are whole; `last` also the one that ends with the input. */
static enum status import_lines(struct import *import, struct bytes *text, bool last,
                                struct err *err)
{
    const char *from = (const char *)text->data;
    size_t left = text->size;
    while (left > 0) {
        const char *end = memchr(from, '\n', left);
        if (end == NULL && !last) break;
        size_t size = end == NULL ? left : (size_t)(end - from);
        TRY(import_line(import, (struct str){from, size}, err));
        size += end != NULL;
        from += size;
        left -= size;
    }
    if (left > 0) memmove(text->data, from, left);
    text->size = left;
    return STATUS_OK;
}

static enum status import_piece(struct import *import, struct bytes *text, bool last,
                                struct err *err)
{
    if (text->size == 0 || (!last && memchr(text->data, '\n', text->size) == NULL))
        return STATUS_OK;
    TRY(catalog_begin(import->store, err));
    enum status status = import_lines(import, text, last, err);
    arena_reset(import->arena);
    if (status == STATUS_OK) return catalog_commit(import->store, err);
    catalog_rollback(import->store);
    return status;
}

static enum status read_all(struct import *import, struct input *input, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(LINE_MOST);
    for (bool end = false; !end;) {
        size_t room = LINE_MOST - text.size < 65536 ? LINE_MOST - text.size : 65536, got = 0;
        if (room == 0)
            return fail(err, STATUS_USAGE, "line %lld has more than %zu bytes",
                        (long long)import->lines + 1, LINE_MOST);
        TRY(bytes_reserve(&text, room, err));
        TRY(input_read(input, text.data + text.size, room, &got, err));
        TRY(interrupted(err));
        text.size += got;
        end = got == 0;
        TRY(import_piece(import, &text, end, err));
    }
    return STATUS_OK;
}

/* Who wrote the events is gone, and said nothing of the end. */
static enum status close_lost(struct import *import, struct err *err)
{
    TRY(catalog_begin(import->store, err));
    enum status status = lineage_event_close(import->store, &import->told, err);
    if (status == STATUS_OK) return catalog_commit(import->store, err);
    catalog_rollback(import->store);
    return status;
}

static enum status import_from(struct import *import, const char *path, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    TRY(lineage_event_open(import->store, err));
    enum status status = read_all(import, input, err);
    enum status closed = close_lost(import, status == STATUS_OK ? err : NULL);
    return status == STATUS_OK ? closed : status;
}

enum status lineage_import(struct run *run, const struct common *common, const char *path,
                           struct err *err)
{
    struct import import = {.run = run, .store = run_store(run), .common = common};
    OWNED(arena_close) struct arena *piece = NULL;
    char reason[128];
    TRY(arena_open(&piece, err));
    import.arena = piece;
    TRY(import_from(&import, path, err));
    run_count(run, &(struct row_counts){.in = import.lines, .out = import.lines});
    log_line(common, false, "%lld lines, %lld refused, %lld runs begun, %lld of them ended",
             (long long)import.lines, (long long)import.refused, (long long)import.told.begun,
             (long long)import.told.ended);
    snprintf(reason, sizeof reason, "%lld of %lld lines were refused", (long long)import.refused,
             (long long)import.lines);
    if (import.refused > 0) run_verdict_failed(run, reason);
    return STATUS_OK;
}
