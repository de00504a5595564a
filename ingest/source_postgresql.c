/* ingest/source_postgresql.c: tables and queries of PostgreSQL servers.
 *
 * Everything is read in one read-only transaction of one snapshot. The rows come through COPY in
 * its binary format, a message a row, and are held only until they are converted. */
#include "ingest/postgresql_parts.h"

#include "base/digest.h"

#include <stdio.h>

#define PIECE_BYTES_MAXIMUM (1u << 30) /* 32-bit offsets must reach */
#define ROW_BYTES_MAXIMUM   (64u << 20)
#define ROW_CUT             0x80000000u /* in the length of a row: only its first bytes are here */

struct source {
    struct source_options options;
    struct arena *arena;
    struct postgresql_link link;
    struct schema *schema;
    struct postgresql_column *columns;
    struct postgresql_window window;
    size_t cells; /* of a row: the columns, and the conditions of a cursor */
    struct digester digester;
    bool begun, ended;
    int64_t records, bytes;
};

struct source_piece {
    struct bytes bytes;  /* rows as they came, each behind its length in 4 bytes */
    int64_t first, rows; /* number of the first record, from 1 */
};

static void close_postgresql(struct source **source);

static enum status open_postgresql(struct source **ret, const char *address,
                                   const struct source_options *options, struct err *err)
{
    OWNED(close_postgresql) struct source *source = NULL;
    const char *copy = NULL;
    if (address == NULL)
        return fail(err, STATUS_USAGE, "found stdin, expected postgresql://HOST/DATABASE");
    TRY(NEW(&source, 1, err));
    source->options = *options;
    digester_begin(&source->digester);
    TRY(arena_open(&source->arena, err));
    TRY(postgresql_connect(&source->link, address, err));
    TRY(postgresql_begin(&source->link, err));
    TRY(postgresql_plan(&source->link, options, source->arena, &source->schema, &source->columns,
                        &source->window, &copy, err));
    source->cells = source->schema->count + (source->window.cursor == NULL ? 0 : 2);
    if (source->window.cursor != NULL)
        source->records = cursor_before(source->window.cursor)->records;
    if (source->records < 0) source->records = 0;
    TRY(postgresql_copy_begin(&source->link, copy, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_postgresql(const struct source *source)
{
    return source->schema;
}

/* ---- the rows ---- */

/* Takes the header off the first message. *ret_row is false for the end mark. */
static enum status strip(struct source *source, struct str *message, bool *ret_row, struct err *err)
{
    static const char magic[11] = "PGCOPY\n\377\r\n"; /* with its NUL */
    if (!source->begun) {
        if (message->size < 19 || memcmp(message->data, magic, sizeof magic) != 0)
            return fail(err, STATUS_FAILED, "found no header of binary COPY");
        message->data += 19; /* no flags, no extension */
        message->size -= 19;
        source->begun = true;
    }
    *ret_row =
        message->size > 0 && !(message->size == 2 && memcmp(message->data, "\377\377", 2) == 0);
    return STATUS_OK;
}

static enum status add_row(struct source *source, struct source_piece *piece, struct str row,
                           struct err *err)
{
    size_t limit = ROW_BYTES_MAXIMUM;
    if (source->options.field_limit > limit / 2) limit = PIECE_BYTES_MAXIMUM / 4;
    uint32_t length = (uint32_t)row.size;
    if (row.size > limit) {
        row.size = RAW_BYTES_MAXIMUM;
        length = RAW_BYTES_MAXIMUM | ROW_CUT;
    }
    TRY(bytes_append(&piece->bytes, &length, sizeof length, err));
    TRY(bytes_append(&piece->bytes, row.data, row.size, err));
    piece->rows++;
    return STATUS_OK;
}

/* The last two columns are the conditions of the cursor: 4 bytes of length, 1 byte each. */
static enum status judge_row(struct source *source, struct str row, bool *ret, struct err *err)
{
    if (row.size < 2 + 10) return fail(err, STATUS_FAILED, "found a row without its conditions");
    bool old = row.data[row.size - 6] != 0, recent = row.data[row.size - 1] != 0;
    struct str values = {row.data + 2, row.size - 2 - 10};
    return cursor_keeps(source->window.cursor, values, old, recent, ret, err);
}

static enum status take_message(struct source *source, struct source_piece *piece, const char *data,
                                size_t size, struct err *err)
{
    struct str message = {data, size};
    bool row = false;
    TRY(strip(source, &message, &row, err));
    if (!row) return STATUS_OK;
    bool keep = true;
    if (source->window.cursor != NULL) TRY(judge_row(source, message, &keep, err));
    if (!keep) return STATUS_OK;
    digester_add(&source->digester, message.data, message.size);
    source->bytes += (int64_t)message.size;
    return add_row(source, piece, message, err);
}

static enum status fill_piece(struct source *source, struct source_piece *piece, struct err *err)
{
    while (piece->rows < source->options.chunk_rows &&
           piece->bytes.size < source->options.chunk_bytes) {
        char *data = NULL;
        size_t size = 0;
        TRY(postgresql_copy_next(&source->link, &data, &size, err));
        source->ended = data == NULL;
        if (source->ended) break;
        enum status status = take_message(source, piece, data, size, err);
        PQfreemem(data);
        TRY(status);
    }
    return STATUS_OK;
}

static void free_postgresql_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    bytes_release(&(*piece)->bytes);
    memory_free(*piece);
    *piece = NULL;
}

static enum status cut_postgresql(struct source *source, struct source_piece **ret, struct err *err)
{
    OWNED(free_postgresql_piece) struct source_piece *piece = NULL;
    *ret = NULL;
    if (source->ended) return STATUS_OK;
    TRY(NEW(&piece, 1, err));
    piece->bytes = bytes_limited(PIECE_BYTES_MAXIMUM);
    piece->first = source->records + 1;
    TRY(fill_piece(source, piece, err));
    source->records += piece->rows;
    if (piece->rows == 0) return STATUS_OK;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

/* ---- converting ---- */

/* A value as text for the line of a rejected row; what does not fit its type as its bytes. */
static enum status add_to_line(const struct source *source, size_t column,
                               const struct postgresql_cell *cell, struct bytes *line,
                               struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    OWNED(array_unref) struct array *array = NULL;
    const struct field *field = &source->schema->fields[column];
    enum postgresql_form form = source->columns[column].form;
    const char *message;
    char text[128];
    bool odd = postgresql_cell_fault(cell, form, field, UINT64_MAX, &message) != NULL;
    if (cell->null || form == FORM_BYTES || odd)
        return result_line_add(line, column == 0, cell->null, cell->bytes, err);
    TRY(builder_open(&builder, field, 1, err));
    TRY(postgresql_cell_build(cell, form, field, builder, err));
    TRY(builder_finish(builder, &array, err));
    return result_line_add(line, column == 0, false,
                           str_of(array_value_text(field, array, 0, text, sizeof text)), err);
}

static enum status reject_row(const struct source *source, const struct postgresql_cell *cells,
                              size_t column, int64_t record, const char *rule, const char *message,
                              struct source_rows *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(RESULT_LINE_LIMIT);
    char text[256];
    for (size_t i = 0; i < source->schema->count; i++)
        TRY(add_to_line(source, i, &cells[i], &line, err));
    snprintf(text, sizeof text, "column \"%.160s\" %s", source->schema->fields[column].name,
             message);
    return result_reject(ret, record, rule, text, &line, err);
}

static enum status convert_row(const struct source *source, const struct postgresql_cell *cells,
                               int64_t record, struct batch_builder *builder,
                               struct source_rows *ret, struct err *err)
{
    const struct field *fields = source->schema->fields;
    for (size_t i = 0; i < source->schema->count; i++) {
        const char *message = "";
        const char *rule = postgresql_cell_fault(&cells[i], source->columns[i].form, &fields[i],
                                                 source->options.field_limit, &message);
        if (rule != NULL) return reject_row(source, cells, i, record, rule, message, ret, err);
    }
    ret->records[batch_builder_rows(builder)] = record;
    for (size_t i = 0; i < source->schema->count; i++)
        TRY(postgresql_cell_build(&cells[i], source->columns[i].form, &fields[i],
                                  batch_builder_column(builder, i), err));
    return STATUS_OK;
}

static enum status reject_large(struct str row, int64_t record, struct source_rows *ret,
                                struct err *err)
{
    struct bytes line = {.data = (uint8_t *)(uintptr_t)row.data, .size = row.size};
    return result_reject(ret, record, "record size", "the row has more than 64 MiB", &line, err);
}

static enum status convert_postgresql(const struct source *source, struct source_piece *piece,
                                      struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(memory_release) struct postgresql_cell *cells = NULL;
    size_t at = 0;
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, (size_t)piece->rows, err));
    TRY(NEW(&cells, source->cells, err));
    TRY(batch_builder_open(&builder, source->schema, piece->rows, err));
    for (int64_t i = 0; i < piece->rows; i++) {
        uint32_t length;
        memcpy(&length, piece->bytes.data + at, sizeof length);
        at += sizeof length;
        struct str row = {(const char *)piece->bytes.data + at, length & ~ROW_CUT};
        at += row.size;
        if ((length & ROW_CUT) != 0) {
            TRY(reject_large(row, piece->first + i, ret, err));
            continue;
        }
        TRY(postgresql_row_split(row, cells, source->cells, err));
        TRY(convert_row(source, cells, piece->first + i, builder, ret, err));
    }
    ret->bytes = (int64_t)piece->bytes.size;
    return batch_builder_finish(builder, &ret->batch, err);
}

/* ---- the end ---- */

static enum status describe_postgresql(struct source *source, struct source_record *ret,
                                       struct err *err)
{
    ret->kind = "postgresql";
    ret->bytes = source->bytes;
    ret->digest = digester_end(&source->digester);
    ret->records = source->records;
    if (source->window.cursor == NULL) return STATUS_OK;
    source->window.now.records = source->records;
    return cursor_move(source->window.cursor, &source->window.now, err);
}

static void remark_postgresql(const struct source *source, char *ret, size_t room)
{
    ret[0] = '\0';
    if (source->window.cursor != NULL) cursor_remark(source->window.cursor, ret, room);
}

static void close_postgresql(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    postgresql_link_close(&s->link);
    cursor_close(&s->window.cursor);
    schema_unref(&s->schema);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

static int recognise_postgresql(const struct source_probe *probe)
{
    bool found = strncmp(probe->path, "postgresql://", 13) == 0 ||
                 strncmp(probe->path, "postgres://", 11) == 0;
    return found ? 100 : 0;
}

const struct source_kind source_postgresql = {
    .name = "postgresql",
    .summary = "a table or query of a PostgreSQL server",
    .reference = "PostgreSQL 15 documentation, COPY (binary format) and libpq",
    .passes = 1,
    .addresses = true,
    .queries = true,
    .incremental = true,
    .recognise = recognise_postgresql,
    .open = open_postgresql,
    .schema = schema_postgresql,
    .cut = cut_postgresql,
    .convert = convert_postgresql,
    .free_piece = free_postgresql_piece,
    .describe = describe_postgresql,
    .remark = remark_postgresql,
    .close = close_postgresql,
};
