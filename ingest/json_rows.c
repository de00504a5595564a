/* ingest/json_rows.c: what the records of a piece are: shapes, rows, rejects. */
#include "ingest/json_parts.h"

#include "ingest/json_template.h"
#include "ingest/value.h"

#include <stdio.h>

/* ---- judging ---- */

enum status json_reading_open(struct json_reading *ret, const struct json_piece *piece,
                              const struct source_options *options, struct err *err)
{
    (void)err;
    *ret = (struct json_reading){0};
    ret->scratch = bytes_limited(piece->size + options->field_limit);
    ret->utf8 = utf8_valid(piece->data, piece->size);
    return STATUS_OK;
}

void json_reading_close(struct json_reading *reading)
{
    json_release(&reading->json);
    bytes_release(&reading->scratch);
}

static void set_fault(struct json_reading *reading, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void set_fault(struct json_reading *reading, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reading->message, sizeof reading->message, format, arguments);
    va_end(arguments);
    reading->rule = rule;
}

static void check_sizes(struct json_reading *reading, uint64_t limit)
{
    for (size_t i = 0; i < reading->json.count && reading->rule == NULL; i++) {
        const struct json_token *token = &reading->json.tokens[i];
        if (token->size > limit && token->kind != JSON_OBJECT && token->kind != JSON_ARRAY)
            set_fault(reading, "field size", "found a value of %u bytes, expected at most %llu",
                      token->size, (unsigned long long)limit);
    }
}

/* A line of which the piece has only the beginning. */
static void too_long(struct json_reading *reading, const struct json_span *span,
                     const struct source_options *options)
{
    if (span->longest > options->field_limit)
        set_fault(reading, "field size", "found a value of %llu bytes, expected at most %llu",
                  (unsigned long long)span->longest, (unsigned long long)options->field_limit);
    else
        set_fault(reading, "record size", "found a line of %llu bytes, expected at most %llu",
                  (unsigned long long)span->whole, (unsigned long long)options->record_limit);
}

enum status json_read(struct json_reading *reading, const struct json_piece *piece, size_t index,
                      const struct source_options *options, struct err *err)
{
    static const char *const kinds[] = {"null",     "true",      "false",   "a number",
                                        "a string", "an object", "an array"};
    const struct json_span *span = &piece->spans[index];
    const uint8_t *text = piece->data + span->at;
    reading->rule = NULL;
    if (span->whole > 0) {
        too_long(reading, span, options);
        return STATUS_OK;
    }
    if (!reading->utf8 && !utf8_valid(text, span->size)) {
        set_fault(reading, "encoding", "found bytes that are not UTF-8");
        return STATUS_OK;
    }
    reading->json.depth_most = (size_t)options->depth_limit;
    TRY(json_parse(&reading->json, text, span->size, err));
    if (reading->json.fault[0] != '\0')
        set_fault(reading, "json", "%s", reading->json.fault);
    else if (reading->json.tokens[0].kind != JSON_OBJECT)
        set_fault(reading, "json", "found %s, expected an object",
                  kinds[reading->json.tokens[0].kind]);
    else if (span->size > options->field_limit)
        check_sizes(reading, options->field_limit);
    return STATUS_OK;
}

static void found_twice(struct json_reading *reading, struct str key)
{
    char shown[100];
    set_fault(reading, "duplicate key", "found the key %s twice",
              escape_for_terminal(key, shown, sizeof shown));
}

enum status json_see(const struct json_piece *piece, const struct source_options *options,
                     struct shape *shape, struct err *err)
{
    OWNED(json_reading_close) struct json_reading reading;
    TRY(json_reading_open(&reading, piece, options, err));
    for (size_t i = 0; i < piece->count; i++) {
        struct str twice;
        TRY(json_read(&reading, piece, i, options, err));
        if (reading.rule == NULL)
            TRY(shape_see(shape, &reading.json, (int64_t)i + 1, &reading.scratch, &twice, err));
    }
    return STATUS_OK;
}

/* ---- rows ---- */

struct rows {
    struct json_reading reading;
    struct json_template template; /* of the record that was taken apart last, if it was a row */
    const struct shape *shape;
    struct batch_builder *builder;
    const struct shape_node **nodes; /* of each column */
    uint32_t *values;                /* token of each column in the record at hand, 0 = none */
    size_t columns;
    size_t *seen; /* of each node of the shape: the record that had it last */
    size_t record;
    struct str twice;
    bool strange; /* the record has a path that the shape does not know */
};

static enum status place_object(struct rows *rows, uint32_t object, const struct shape_node *node,
                                bool inside, struct err *err);

/* Notes where the member's value goes; `inside` a column that is kept as it is written, keys are
 * only checked. */
static enum status place_member(struct rows *rows, uint32_t key_at, const struct shape_node *node,
                                size_t *next, bool inside, struct err *err)
{
    const struct json *json = &rows->reading.json;
    const struct json_token *value = &json->tokens[key_at + 1];
    struct str key;
    TRY(json_string(json, &json->tokens[key_at], &rows->reading.scratch, &key, err));
    const struct shape_node *member = shape_member(node, key, next);
    if (member == NULL) {
        rows->strange = true;
        return STATUS_OK;
    }
    if (rows->seen[member->id] == rows->record) {
        rows->twice = json_raw(json, &json->tokens[key_at]);
        return STATUS_OK;
    }
    rows->seen[member->id] = rows->record;
    if (!inside && member->form != SHAPE_MEMBERS) {
        rows->values[member->column] = key_at + 1;
        inside = true;
    }
    if (value->kind == JSON_OBJECT) return place_object(rows, key_at + 1, member, inside, err);
    rows->strange = rows->strange || (!inside && value->kind != JSON_NULL);
    return STATUS_OK;
}

static enum status place_object(struct rows *rows, uint32_t object, const struct shape_node *node,
                                bool inside, struct err *err)
{
    const struct json *json = &rows->reading.json;
    size_t next = 0;
    for (uint32_t key = object + 1; key < json->tokens[object].next && rows->twice.data == NULL;
         key = json->tokens[key + 1].next)
        TRY(place_member(rows, key, node, &next, inside, err));
    return STATUS_OK;
}

static enum status append_plain(struct rows *rows, enum shape_form form,
                                const struct json_token *token, struct builder *builder,
                                bool *ret_fits, struct err *err)
{
    int64_t integer = 0;
    double real = 0;
    struct str text = json_raw(&rows->reading.json, token);
    bool number = token->kind == JSON_NUMBER;
    *ret_fits = true;
    if (token->kind == JSON_NULL) return build_null(builder, err);
    switch (form) {
    case SHAPE_BOOL:
        *ret_fits = token->kind == JSON_TRUE || token->kind == JSON_FALSE;
        return build_bool(builder, token->kind == JSON_TRUE, err);
    case SHAPE_INT:
        *ret_fits = number && value_int(text, &integer);
        return build_int(builder, integer, err);
    case SHAPE_REAL:
        *ret_fits = number && value_real(text, &real);
        return build_real(builder, real, err);
    case SHAPE_STRING: *ret_fits = token->kind == JSON_STRING; break;
    default: break;
    }
    if (token->kind == JSON_STRING && form != SHAPE_JSON)
        TRY(json_string(&rows->reading.json, token, &rows->reading.scratch, &text, err));
    return build_text(builder, text, err);
}

static enum status append_list(struct rows *rows, const struct shape_node *node, uint32_t array,
                               struct builder *builder, bool *ret_fits, struct err *err)
{
    const struct json_token *tokens = rows->reading.json.tokens;
    *ret_fits = tokens[array].kind == JSON_ARRAY;
    if (tokens[array].kind == JSON_NULL) {
        *ret_fits = true;
        return build_null(builder, err);
    }
    for (uint32_t i = array + 1; *ret_fits && i < tokens[array].next; i = tokens[i].next)
        TRY(append_plain(rows, node->items, &tokens[i], builder_child(builder), ret_fits, err));
    return build_list(builder, err);
}

static enum status append_row(struct rows *rows, struct err *err)
{
    for (size_t column = 0; column < rows->columns; column++) {
        struct builder *builder = batch_builder_column(rows->builder, column);
        const struct shape_node *node = rows->nodes[column];
        uint32_t value = rows->values[column];
        bool fits = true;
        if (value == 0)
            TRY(build_null(builder, err));
        else if (node->form == SHAPE_LIST)
            TRY(append_list(rows, node, value, builder, &fits, err));
        else
            TRY(append_plain(rows, node->form, &rows->reading.json.tokens[value], builder, &fits,
                             err));
        rows->strange = rows->strange || !fits;
    }
    return STATUS_OK;
}

/* ---- the piece ---- */

static int64_t line_of(const struct json_piece *piece, size_t at)
{
    int64_t line = piece->first_line;
    for (size_t i = 0; i < at; i++)
        line += piece->data[i] == '\n';
    return line;
}

static enum status reject(const struct json_piece *piece, size_t index,
                          const struct json_reading *reading, struct source_rows *ret,
                          struct err *err)
{
    const struct json_span *span = &piece->spans[index];
    char *message = arena_text(ret->arena, reading->message, strlen(reading->message));
    if (message == NULL) return fail_memory(err, sizeof reading->message);
    size_t size = span->size;
    if (strcmp(reading->rule, "field size") == 0 && size > RAW_BYTES_MAXIMUM)
        size = RAW_BYTES_MAXIMUM;
    const struct reject reject = {
        .record = piece->first_record + (int64_t)index,
        .byte_offset = (int64_t)(piece->offset + span->at),
        .line = line_of(piece, span->at),
        .rule = reading->rule,
        .message = str_of(message),
        .raw = {(const char *)piece->data + span->at, size},
    };
    return source_rows_reject(ret, &reject, err);
}

/* A key that comes twice in a record leaves no trace in the shape: it is looked for among members
 * that the shape does not know. */
static enum status find_twice(struct rows *rows, struct err *err)
{
    OWNED(shape_close) struct shape alone = {0};
    TRY(shape_open(&alone, err));
    return shape_see(&alone, &rows->reading.json, 1, &rows->reading.scratch, &rows->twice, err);
}

/* Where the values of a record lie that was taken apart. */
static enum status place_record(struct rows *rows, size_t index, struct err *err)
{
    memset(rows->values, 0, rows->columns * sizeof *rows->values);
    rows->record = index + 1;
    rows->twice.data = NULL;
    TRY(place_object(rows, 0, rows->shape->root, false, err));
    if (rows->strange && rows->twice.data == NULL) TRY(find_twice(rows, err));
    if (rows->twice.data != NULL) found_twice(&rows->reading, rows->twice);
    if (rows->columns == 0 && !rows->strange) /* a row without values would not be there */
        set_fault(&rows->reading, "json", "found no member in it, and no record has one");
    return STATUS_OK;
}

/* Whether no column has an object as it is written: a template knows nothing of where one ends. */
static bool values_are_plain(const struct rows *rows)
{
    for (size_t column = 0; column < rows->columns; column++)
        if (rows->reading.json.tokens[rows->values[column]].kind == JSON_OBJECT &&
            rows->values[column] != 0)
            return false;
    return true;
}

/* Takes a record apart and places its values, unless it is one like the one before: then they are
 * placed already. */
static enum status read_record(struct rows *rows, const struct json_piece *piece, size_t index,
                               const struct source_options *options, struct err *err)
{
    struct json_reading *reading = &rows->reading;
    const struct json_span *span = &piece->spans[index];
    bool plain = reading->utf8 && span->whole == 0 && span->size <= options->field_limit;
    rows->strange = false;
    reading->rule = NULL;
    if (plain &&
        json_template_fits(&rows->template, &reading->json, piece->data + span->at, span->size))
        return STATUS_OK;
    rows->template.count = 0;
    TRY(json_read(reading, piece, index, options, err));
    if (reading->rule == NULL) TRY(place_record(rows, index, err));
    bool row = reading->rule == NULL && !rows->strange && values_are_plain(rows);
    return row ? json_template_learn(&rows->template, &reading->json, span->size, err) : STATUS_OK;
}

static enum status take_record(struct rows *rows, const struct json_piece *piece, size_t index,
                               const struct source_options *options, struct source_rows *ret,
                               struct err *err)
{
    TRY(read_record(rows, piece, index, options, err));
    if (rows->reading.rule != NULL) return reject(piece, index, &rows->reading, ret, err);
    int64_t number = piece->first_record + (int64_t)index;
    if (!rows->strange) {
        ret->records[batch_builder_rows(rows->builder)] = number;
        TRY(append_row(rows, err));
    }
    if (!rows->strange) return STATUS_OK;
    ret->guessed_wrong = options->may_guess;
    return fail(err, STATUS_FAILED, "record %lld is not what it was at first", (long long)number);
}

static void number_nodes(struct rows *rows, const struct shape_node *node)
{
    if (node->form != SHAPE_MEMBERS) {
        rows->nodes[node->column] = node;
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        number_nodes(rows, node->members[i]);
}

static void rows_close(struct rows *rows)
{
    json_reading_close(&rows->reading);
    json_template_release(&rows->template);
    batch_builder_close(&rows->builder);
    memory_free(rows->nodes);
    memory_free(rows->values);
    memory_free(rows->seen);
}

enum status json_rows(const struct json_piece *piece, const struct source_options *options,
                      const struct shape *shape, const struct schema *schema,
                      struct source_rows *ret, struct err *err)
{
    OWNED(rows_close) struct rows rows = {.shape = shape, .columns = schema->count};
    TRY(json_reading_open(&rows.reading, piece, options, err));
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, piece->count, err));
    TRY(NEW(&rows.nodes, schema->count, err));
    TRY(NEW(&rows.values, schema->count, err));
    TRY(NEW(&rows.seen, shape->nodes, err));
    TRY(batch_builder_open(&rows.builder, schema, (int64_t)piece->count, err));
    number_nodes(&rows, shape->root);
    for (size_t i = 0; i < piece->count; i++)
        TRY(take_record(&rows, piece, i, options, ret, err));
    ret->bytes = (int64_t)piece->size;
    return batch_builder_finish(rows.builder, &ret->batch, err);
}
