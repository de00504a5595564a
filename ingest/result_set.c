/* ingest/result_set.c: what the kinds share that read tables and queries of databases. */
#include "ingest/result_set.h"

/* ---- names ---- */

enum status result_column_name(const struct schema *schema, struct arena *arena, const char *name,
                               size_t index, const char **ret, struct err *err)
{
    if (!utf8_valid(name, strlen(name)))
        return fail(err, STATUS_FAILED, "the name of column %zu is not UTF-8", index + 1);
    const char *base = name[0] == '\0' ? arena_format(arena, "column%zu", index + 1)
                                       : arena_text(arena, name, strlen(name));
    if (base == NULL) return fail_memory(err, strlen(name));
    *ret = base;
    for (size_t count = 2; schema_find(schema, str_of(*ret)) >= 0; count++) {
        *ret = arena_format(arena, "%s_%zu", base, count);
        if (*ret == NULL) return fail_memory(err, strlen(base));
    }
    return STATUS_OK;
}

#define NAMES_SHOWN 12

enum status result_which_table(const char *const *names, size_t count, struct err *err)
{
    OWNED(bytes_release) struct bytes list = bytes_limited(1u << 16);
    if (count == 0) return fail(err, STATUS_FAILED, "found no table in the database");
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        size_t size = strlen(names[i]);
        TRY(bytes_format(&list, err, "%s\"%.*s\"", i == 0 ? "" : ", ", (int)(size > 64 ? 64 : size),
                         names[i]));
    }
    if (count > NAMES_SHOWN) TRY(bytes_append_text(&list, " ...", err));
    (void)fail(err, STATUS_USAGE, "found %zu tables: %.*s", count, (int)list.size,
               (const char *)list.data);
    err_hint(err, "choose one with --table NAME, or say --query 'SELECT ...'");
    return STATUS_USAGE;
}

/* ---- rejects ---- */

static bool needs_quotes(struct str value)
{
    if (value.size == 0) return true;
    for (size_t i = 0; i < value.size; i++)
        if (strchr(",\"\r\n", value.data[i]) != NULL) return true; /* NUL too */
    return false;
}

enum status result_line_add(struct bytes *line, bool first, bool null, struct str value,
                            struct err *err)
{
    if (line->size >= RAW_BYTES_MAXIMUM) return STATUS_OK;
    if (!first) TRY(bytes_append(line, ",", 1, err));
    if (null) return STATUS_OK;
    if (value.size > RAW_BYTES_MAXIMUM) value.size = RAW_BYTES_MAXIMUM;
    bool quoted = needs_quotes(value);
    if (!quoted) return bytes_append(line, value.data, value.size, err);
    TRY(bytes_append(line, "\"", 1, err));
    for (size_t i = 0; i < value.size && line->size < RAW_BYTES_MAXIMUM; i++) {
        if (value.data[i] == '"') TRY(bytes_append(line, "\"", 1, err));
        TRY(bytes_append(line, value.data + i, 1, err));
    }
    return bytes_append(line, "\"", 1, err);
}

enum status result_reject(struct source_rows *rows, int64_t record, const char *rule,
                          const char *message, const struct bytes *line, struct err *err)
{
    size_t size = line->size > RAW_BYTES_MAXIMUM ? RAW_BYTES_MAXIMUM : line->size;
    char *text = arena_text(rows->arena, message, strlen(message));
    char *raw = arena_text(rows->arena, (const char *)line->data, size);
    if (text == NULL || raw == NULL) return fail_memory(err, size);
    struct reject reject = {
        .record = record,
        .byte_offset = -1,
        .line = -1,
        .rule = rule,
        .message = str_of(text),
        .raw = {raw, size},
    };
    return source_rows_reject(rows, &reject, err);
}
