/* openlineage.c: runs openlineage.sql, with the two functions it needs. */
#include "lineage/openlineage.h"

#include "lineage/sql.h"

#include "base/address.h"

#include <stdio.h>
#include <stdlib.h>

#define SCHEMAS   "https://openlineage.io/spec/facets/"
#define BODY_MOST ((size_t)64 << 20)

extern const char openlineage_sql[];

/* ---- functions ---- */

static struct str value_text(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    return (struct str){text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value)};
}

static void give(sqlite3_context *context, enum status status, const struct bytes *text)
{
    if (status != STATUS_OK)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, (const char *)text->data, text->size, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
}

static enum status write_facet(struct bytes *text, sqlite3_value **values, struct str body,
                               struct err *err)
{
    struct str version = value_text(values[1]), name = value_text(values[2]);
    TRY(bytes_append_text(text, "{\"_producer\":", err));
    TRY(bytes_append_json(text, value_text(values[0]), err));
    TRY(bytes_format(text, err, ",\"_schemaURL\":\"" SCHEMAS "%.*s/%.*s.json#/$defs/%.*s\"",
                     (int)version.size, version.data, (int)name.size, name.data, (int)name.size,
                     name.data));
    if (body.size > 2) TRY(bytes_append_text(text, ",", err));
    return bytes_append(text, body.data + 1, body.size - 1, err);
}

/* facet(PRODUCER, VERSION, NAME, BODY): the JSON object BODY with what every facet begins with;
 * null where there is no body. */
static void facet(sqlite3_context *context, int count, sqlite3_value **values)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(BODY_MOST);
    struct str body = value_text(values[3]);

    (void)count;
    if (body.size < 2) return;
    give(context, write_facet(&text, values, body, NULL), &text);
}

static enum status write_uri(struct bytes *text, struct str folder, struct str name,
                             struct err *err)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~/:@!$&'()*+,;=";
    TRY(bytes_append_text(text, "file://", err));
    struct str parts[] = {name.data[0] == '/' ? (struct str){"", 0} : folder,
                          name.data[0] == '/' ? (struct str){"", 0} : str_of("/"), name};
    for (size_t part = 0; part < 3; part++)
        for (size_t i = 0; i < parts[part].size; i++) {
            char letter = parts[part].data[i];
            bool fine = letter != '\0' && strchr(plain, letter) != NULL;
            TRY(fine ? bytes_append(text, &letter, 1, err)
                     : bytes_format(text, err, "%%%02X", (unsigned char)letter));
        }
    return STATUS_OK;
}

/* file_uri(FOLDER, NAME): an address as it is, a path as file:// (RFC 8089); null where the folder
 * that a relative path begins in is not known, or nothing was named. */
static void file_uri(sqlite3_context *context, int count, sqlite3_value **values)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 20);
    struct str folder = value_text(values[0]), name = value_text(values[1]);

    (void)count;
    if (name.size == 0 || str_is(name, "stdin")) return;
    if (is_address(name.data)) {
        sqlite3_result_value(context, values[1]);
        return;
    }
    if (name.data[0] != '/' && folder.size == 0) return;
    give(context, write_uri(&text, folder, name, NULL), &text);
}

static enum status add_functions(struct store *store, struct err *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    sqlite3 *catalog = store_catalog(store);

    if (sqlite3_create_function(catalog, "facet", 4, flags, NULL, facet, NULL, NULL) == SQLITE_OK &&
        sqlite3_create_function(catalog, "file_uri", 2, flags, NULL, file_uri, NULL, NULL) ==
            SQLITE_OK)
        return STATUS_OK;
    return fail_catalog(store, err, "openlineage");
}

/* ---- the event ---- */

enum status openlineage_event(struct store *store, const char *run_id, bool end, struct bytes *ret,
                              struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    const char *space = getenv("OPENLINEAGE_NAMESPACE");
    bool row;

    if (space == NULL || space[0] == '\0') space = "tamis";
    TRY(add_functions(store, err));
    TRY(sql_open(store, &statement, err, openlineage_sql, "tit", run_id, (int64_t)end, space));
    TRY(sql_next(store, statement, &row, err));
    if (!row) return STATUS_OK;
    TRY(bytes_append_text(ret, sql_text(statement, 0), err));
    return bytes_append_text(ret, "\n", err);
}
