/* version_resolve.c: from names people write to versions: DATASET[@REF]. */
#include "lineage/version.h"

#include "lineage/sql.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "dataset, number, rows, chunks, bytes, digest, run_id, created_at"
#define NAMES   10000 /* looked at for "did you mean" */

static enum status version_from_row(sqlite3_stmt *row, struct version *ret, struct err *err)
{
    *ret = (struct version){.number = sqlite3_column_int64(row, 1),
                            .rows = sqlite3_column_int64(row, 2),
                            .chunks = sqlite3_column_int64(row, 3),
                            .bytes = sqlite3_column_int64(row, 4)};
    snprintf(ret->dataset, sizeof ret->dataset, "%s", sql_text(row, 0));
    snprintf(ret->run_id, sizeof ret->run_id, "%s", sql_text(row, 6));
    snprintf(ret->created_at, sizeof ret->created_at, "%s", sql_text(row, 7));
    return digest_parse(sql_text(row, 5), &ret->digest, err);
}

/* ---- names ---- */

static const char *name_at(const void *names, size_t index)
{
    return ((const char *const *)names)[index];
}

static enum status list_datasets(struct store *store, struct arena *arena, const char ***ret_names,
                                 size_t *ret_count, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    const char **names = arena_get(arena, NAMES, sizeof *names);
    bool row;

    if (names == NULL) return fail_memory(err, NAMES * sizeof *names);
    TRY(sql_open(store, &rows, err, "SELECT dataset FROM datasets ORDER BY dataset LIMIT ?", "i",
                 (int64_t)NAMES));
    for (size_t count = 0;; count++) {
        TRY(sql_next(store, rows, &row, err));
        if (!row) {
            *ret_names = names;
            *ret_count = count;
            return STATUS_OK;
        }
        const char *name = sql_text(rows, 0);
        names[count] = arena_text(arena, name, strlen(name));
        if (names[count] == NULL) return fail_memory(err, strlen(name));
    }
}

static enum status fail_no_dataset(struct store *store, const char *dataset, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    const char **names = NULL;
    size_t count = 0;

    fail(err, STATUS_USAGE, "dataset \"%s\" does not exist in store \"%s\"", dataset,
         store_path(store));
    if (arena_open(&arena, NULL) != STATUS_OK ||
        list_datasets(store, arena, &names, &count, NULL) != STATUS_OK)
        return STATUS_USAGE;
    const char *near = nearest_name(str_of(dataset), count, name_at, names);
    if (near != NULL)
        err_hint(err, "did you mean \"%s\"?", near);
    else if (count == 0)
        err_hint(err, "the store is empty; --into DATASET writes into it");
    else
        err_hint(err, "there is \"%s\"%s", names[0], count > 1 ? " and others" : "");
    return STATUS_USAGE;
}

static enum status require_dataset(struct store *store, const char *dataset, struct err *err)
{
    int64_t known = 0;

    TRY(sql_number(store, &known, 0, err, "SELECT 1 FROM datasets WHERE dataset = ?", "t",
                   dataset));
    return known == 1 ? STATUS_OK : fail_no_dataset(store, dataset, err);
}

/* ---- references ---- */

static bool all_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static enum status number_of_tag(struct store *store, const char *dataset, const char *tag,
                                 int64_t *ret, struct err *err)
{
    int64_t places = 0;

    TRY(sql_number(store, &places, 0, err,
                   "SELECT count(*) FROM tags WHERE dataset = ? AND tag = ?", "tt", dataset, tag));
    if (places == 0) {
        fail(err, STATUS_USAGE, "dataset \"%s\" has no tag \"%s\"", dataset, tag);
        err_hint(err, "a reference is a version number, a tag, latest, or a time in RFC 3339");
        return STATUS_USAGE;
    }
    if (places > 1) {
        fail(err, STATUS_USAGE,
             "tag \"%s\" of \"%s\" is spread over %" PRId64 " versions by weight, expected one",
             tag, dataset, places);
        err_hint(err,
                 "tamis-features get VIEW@%s reads each entity from its version, exposure VIEW@%s "
                 "--entity KEY says which one that is",
                 tag, tag);
        return STATUS_USAGE;
    }
    return sql_number(store, ret, 0, err, "SELECT number FROM tags WHERE dataset = ? AND tag = ?",
                      "tt", dataset, tag);
}

static enum status number_at_time(struct store *store, const char *dataset, int64_t time,
                                  const char *text, int64_t *ret, struct err *err)
{
    TRY(sql_number(store, ret, 0, err,
                   "SELECT number FROM versions WHERE dataset = ? AND created_at <= ?"
                   " ORDER BY created_at DESC, number DESC LIMIT 1",
                   "tu", dataset, time));
    if (*ret != 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "dataset \"%s\" had no version yet at %s", dataset, text);
}

static enum status number_of(struct store *store, const char *dataset, const char *reference,
                             int64_t *ret, struct err *err)
{
    int64_t time;

    if (strcmp(reference, "latest") == 0)
        return sql_number(store, ret, 0, err, "SELECT max(number) FROM versions WHERE dataset = ?",
                          "t", dataset);
    if (strcmp(reference, "new") == 0) {
        fail(err, STATUS_USAGE, "\"%s@new\" means something only as the input of a run", dataset);
        err_hint(err, "give a version number, a tag, latest, or a time");
        return STATUS_USAGE;
    }
    if (all_digits(reference)) {
        errno = 0;
        *ret = strtoll(reference, NULL, 10);
        if (errno == 0) return STATUS_OK;
        return fail(err, STATUS_USAGE, "\"%s\" is too large for a version number", reference);
    }
    if (time_parse(str_of(reference), &time, NULL) == STATUS_OK)
        return number_at_time(store, dataset, time, reference, ret, err);
    return number_of_tag(store, dataset, reference, ret, err);
}

static enum status fail_no_version(struct store *store, const char *dataset, int64_t number,
                                   struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *removed = NULL;
    int64_t newest = 0;
    bool row;

    TRY(sql_open(store, &removed, err,
                 "SELECT removed_at, run_id FROM removed_versions WHERE dataset = ? AND number = ?",
                 "ti", dataset, number));
    TRY(sql_next(store, removed, &row, err));
    TRY(sql_number(store, &newest, 0, err, "SELECT max(number) FROM versions WHERE dataset = ?",
                   "t", dataset));
    if (row)
        return fail(err, STATUS_USAGE,
                    "version %" PRId64
                    " of dataset \"%s\" was taken away by gc at %s (run %s); the "
                    "newest is %" PRId64,
                    number, dataset, sql_text(removed, 0), sql_text(removed, 1), newest);
    return fail(err, STATUS_USAGE,
                "dataset \"%s\" has no version %" PRId64 "; its newest is %" PRId64, dataset,
                number, newest);
}

static enum status read_version(struct store *store, const char *dataset, int64_t number,
                                struct version *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;

    TRY(sql_open(store, &rows, err,
                 "SELECT " COLUMNS " FROM versions WHERE dataset = ? AND number = ?", "ti", dataset,
                 number));
    TRY(sql_next(store, rows, &row, err));
    if (row) return version_from_row(rows, ret, err);
    return fail_no_version(store, dataset, number, err);
}

enum status version_resolve(struct store *store, const char *reference, struct version *ret,
                            struct err *err)
{
    static const char scheme[] = "tamis:";
    char dataset[256];
    int64_t number = 0;

    if (strncmp(reference, scheme, sizeof scheme - 1) == 0) reference += sizeof scheme - 1;
    const char *at = strrchr(reference, '@');
    size_t size = at == NULL ? strlen(reference) : (size_t)(at - reference);
    if (size == 0 || size >= sizeof dataset || (at != NULL && at[1] == '\0')) {
        fail(err, STATUS_USAGE, "\"%s\" is not DATASET or DATASET@REF", reference);
        err_hint(err, "as in raw/orders, raw/orders@3, raw/orders@latest");
        return STATUS_USAGE;
    }
    memcpy(dataset, reference, size);
    dataset[size] = '\0';
    TRY(require_dataset(store, dataset, err));
    TRY(number_of(store, dataset, at == NULL ? "latest" : at + 1, &number, err));
    return read_version(store, dataset, number, ret, err);
}

/* Rows are read before the first visit: no statement stays open while a caller writes output. */
enum status version_each(struct store *store, const char *dataset,
                         enum status (*visit)(void *context, const struct version *version,
                                              struct err *err),
                         void *context, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    OWNED(memory_release) struct version *versions = NULL;
    int64_t count = 0, filled = 0;
    bool row = true;

    if (dataset != NULL) TRY(require_dataset(store, dataset, err));
    TRY(sql_number(store, &count, 0, err,
                   "SELECT count(*) FROM versions WHERE ?1 IS NULL OR dataset = ?1", "t", dataset));
    TRY(NEW(&versions, (size_t)count, err));
    TRY(sql_open(store, &rows, err,
                 "SELECT " COLUMNS " FROM versions WHERE ?1 IS NULL OR dataset = ?1"
                 " ORDER BY created_at DESC, dataset, number DESC",
                 "t", dataset));
    while (filled < count) {
        TRY(sql_next(store, rows, &row, err));
        if (!row) break;
        TRY(version_from_row(rows, &versions[filled++], err));
    }
    sql_close(&rows);
    for (int64_t i = 0; i < filled; i++)
        TRY(visit(context, &versions[i], err));
    return STATUS_OK;
}
