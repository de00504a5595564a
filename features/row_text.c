/* features/row_text.c: rows as CSV (RFC 4180) and as JSON Lines. */
#include "features/row_text.h"

#include "base/memory.h"
#include "columnar/value_text.h"

/* ---- CSV ---- */

static bool needs_quotes(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r') return true;
    return false;
}

/* Puts quotes around what was appended from `start` on and doubles those inside. */
static enum status quote_from(struct bytes *ret, size_t start, struct err *err)
{
    size_t size = ret->size - start, inside = 0;
    for (size_t i = start; i < ret->size; i++)
        inside += ret->data[i] == '"';
    TRY(bytes_reserve(ret, inside + 2, err));
    size_t to = ret->size + inside + 2, from = start + size;
    ret->size = to;
    ret->data[--to] = '"';
    while (from > start) {
        uint8_t byte = ret->data[--from];
        ret->data[--to] = byte;
        if (byte == '"') ret->data[--to] = '"';
    }
    ret->data[--to] = '"';
    return STATUS_OK;
}

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY;
}

/* Puts an apostrophe in front of what was appended from `start` on, if it looks like a formula. */
static enum status mark_formula(struct bytes *ret, size_t start, struct err *err)
{
    if (ret->size == start || memchr("=+-@\t\r", ret->data[start], 6) == NULL) return STATUS_OK;
    TRY(bytes_reserve(ret, 1, err));
    memmove(ret->data + start + 1, ret->data + start, ret->size - start);
    ret->data[start] = '\'';
    ret->size++;
    return STATUS_OK;
}

static enum status csv_value(const struct field *field, const struct array *array, int64_t row,
                             bool alone, bool inert, struct bytes *ret, struct err *err)
{
    size_t start = ret->size;
    TRY(value_plain(field, array, row, ret, err));
    if (inert && is_text(field)) TRY(mark_formula(ret, start, err));
    bool empty = ret->size == start;
    if (empty ? alone || !value_is_null(field, array, row)
              : needs_quotes(ret->data + start, ret->size - start))
        return quote_from(ret, start, err);
    return STATUS_OK;
}

static enum status add_header(const struct schema *schema, bool source_names, bool inert,
                              struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        struct str name = {NULL, 0};
        if (i > 0) TRY(bytes_append(ret, ",", 1, err));
        size_t start = ret->size;
        if (source_names) name = metadata_get(&field->metadata, "tamis:name");
        if (name.data == NULL) name = str_of(field->name);
        TRY(bytes_append(ret, name.data, name.size, err));
        if (inert) TRY(mark_formula(ret, start, err));
        if (ret->size == start || needs_quotes(ret->data + start, ret->size - start))
            TRY(quote_from(ret, start, err));
    }
    return bytes_append(ret, "\n", 1, err);
}

enum status csv_header(const struct schema *schema, bool source_names, struct bytes *ret,
                       struct err *err)
{
    return add_header(schema, source_names, false, ret, err);
}

enum status csv_header_inert(const struct schema *schema, bool source_names, struct bytes *ret,
                             struct err *err)
{
    return add_header(schema, source_names, true, ret, err);
}

static enum status add_rows(const struct batch *batch, int64_t first, int64_t count, bool inert,
                            struct bytes *ret, struct err *err)
{
    const struct schema *schema = batch->schema;
    for (int64_t row = first; row < first + count; row++) {
        for (size_t i = 0; i < schema->count; i++) {
            if (i > 0) TRY(bytes_append(ret, ",", 1, err));
            TRY(csv_value(&schema->fields[i], batch->columns[i], row, schema->count == 1, inert,
                          ret, err));
        }
        TRY(bytes_append(ret, "\n", 1, err));
    }
    return STATUS_OK;
}

enum status csv_rows(const struct batch *batch, int64_t first, int64_t count, struct bytes *ret,
                     struct err *err)
{
    return add_rows(batch, first, count, false, ret, err);
}

enum status csv_rows_inert(const struct batch *batch, int64_t first, int64_t count,
                           struct bytes *ret, struct err *err)
{
    return add_rows(batch, first, count, true, ret, err);
}

/* ---- JSON Lines ---- */

/* `{"name":` and `,"name":` for each column, made once. */
static enum status json_keys(const struct schema *schema, struct bytes *keys, size_t *ends,
                             struct err *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        TRY(bytes_append(keys, i == 0 ? "{" : ",", 1, err));
        TRY(bytes_append_json(keys, str_of(schema->fields[i].name), err));
        TRY(bytes_append(keys, ":", 1, err));
        ends[i] = keys->size;
    }
    return STATUS_OK;
}

/* Objects with `between` after each but the last, which `end` follows. */
static enum status json_objects(const struct batch *batch, int64_t first, int64_t count,
                                const char *between, const char *end, struct bytes *ret,
                                struct err *err)
{
    const struct schema *schema = batch->schema;
    OWNED(bytes_release) struct bytes keys = bytes_limited(BATCH_BYTES_MAXIMUM);
    OWNED(memory_release) size_t *ends = NULL;
    TRY(NEW(&ends, schema->count, err));
    TRY(json_keys(schema, &keys, ends, err));
    for (int64_t row = first; row < first + count; row++) {
        size_t key = 0;
        for (size_t i = 0; i < schema->count; i++) {
            TRY(bytes_append(ret, keys.data + key, ends[i] - key, err));
            TRY(value_json(&schema->fields[i], batch->columns[i], row, ret, err));
            key = ends[i];
        }
        TRY(bytes_append_text(ret, schema->count == 0 ? "{}" : "}", err));
        TRY(bytes_append_text(ret, row + 1 < first + count ? between : end, err));
    }
    return STATUS_OK;
}

enum status json_rows(const struct batch *batch, int64_t first, int64_t count, struct bytes *ret,
                      struct err *err)
{
    return json_objects(batch, first, count, "\n", "\n", ret, err);
}

enum status json_array(const struct batch *batch, struct bytes *ret, struct err *err)
{
    TRY(bytes_append(ret, "[", 1, err));
    TRY(json_objects(batch, 0, batch->rows, ",\n ", "", ret, err));
    return bytes_append_text(ret, "]\n", err);
}

/* ---- on a terminal ---- */

enum status lines_for_terminal(struct str lines, struct bytes *ret, struct err *err)
{
    for (size_t at = 0; at < lines.size;) {
        const char *line = lines.data + at, *end = memchr(line, '\n', lines.size - at);
        size_t size = end == NULL ? lines.size - at : (size_t)(end - line);
        size_t room = 8 * size + 8; /* no byte becomes more than \U and eight digits in four */
        TRY(bytes_reserve(ret, room, err));
        escape_for_terminal((struct str){line, size}, (char *)ret->data + ret->size, room);
        ret->size += strlen((const char *)ret->data + ret->size);
        if (end != NULL) TRY(bytes_append(ret, "\n", 1, err));
        at += size + (end != NULL);
    }
    return STATUS_OK;
}
