/* ingest/source_parquet.c: Apache Parquet files: the footer gives the columns, pieces of rows are
 * unpacked and converted on any thread. Values that cannot be (a text that is not UTF-8, a moment
 * out of range) cost their record, not the run. */
#include "ingest/reread.h"
#include "ingest/result_set.h"

#include "columnar/parquet.h"

#include <stdio.h>

#define VALUE_TEXT (RAW_BYTES_MAXIMUM + 1)

struct source {
    struct source_options options;
    struct reread file;
    struct parquet_reader *reader;
    int64_t records;
};

struct source_piece {
    struct parquet_piece *piece;
    int64_t first; /* number of the first record, from 1 */
};

static void close_parquet(struct source **source);

/* ---- opening ---- */

static enum status open_parquet(struct source **ret, const char *path,
                                const struct source_options *options, struct err *err)
{
    OWNED(close_parquet) struct source *source = NULL;
    const struct text_list *columns = options->columns;
    bool all = columns == NULL || columns->count == 0;
    struct parquet_options reading = {
        .columns = all ? NULL : columns->items,
        .column_count = all ? 0 : columns->count,
        .field_limit = options->field_limit,
    };
    TRY(NEW(&source, 1, err));
    source->options = *options;
    TRY(reread_open(&source->file, path, options->standard_input, err));
    TRY(parquet_open(&source->reader, source->file.input, &reading, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_parquet(const struct source *source)
{
    return parquet_schema(source->reader);
}

/* ---- the rows ---- */

static void free_parquet_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    parquet_piece_free(&(*piece)->piece);
    memory_free(*piece);
    *piece = NULL;
}

static enum status cut_parquet(struct source *source, struct source_piece **ret, struct err *err)
{
    OWNED(free_parquet_piece) struct source_piece *piece = NULL;
    *ret = NULL;
    TRY(NEW(&piece, 1, err));
    TRY(parquet_cut(source->reader, source->options.chunk_rows, source->options.chunk_bytes,
                    &piece->piece, err));
    if (piece->piece == NULL) return STATUS_OK;
    piece->first = source->records + 1;
    source->records += parquet_piece_rows(piece->piece);
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

/* The row as a CSV record. */
static enum status reject_row(const struct batch *batch, const struct parquet_fault *fault,
                              int64_t record, char *room, struct source_rows *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(RESULT_LINE_LIMIT);
    char message[256];
    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct field *field = &batch->schema->fields[i];
        struct str value = {0};
        bool null = array_is_null(batch->columns[i], fault->row);
        bool plain = field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY;
        if (!null && plain) value = array_text(batch->columns[i], fault->row);
        if (!null && !plain)
            value =
                str_of(array_value_text(field, batch->columns[i], fault->row, room, VALUE_TEXT));
        TRY(result_line_add(&line, i == 0, null, value, err));
    }
    snprintf(message, sizeof message, "column \"%.160s\" %s",
             batch->schema->fields[fault->column].name, fault->message);
    return result_reject(ret, record, fault->rule, message, &line, err);
}

static enum status reject_rows(const struct batch *batch, const struct parquet_faults *faults,
                               int64_t first, struct source_rows *ret, struct err *err)
{
    OWNED(memory_release) char *room = memory_get_raw(VALUE_TEXT, 1);
    if (room == NULL) return fail_memory(err, VALUE_TEXT);
    TRY(arena_open(&ret->arena, err));
    for (size_t i = 0; i < faults->count; i++)
        TRY(reject_row(batch, &faults->items[i], first + faults->items[i].row, room, ret, err));
    return STATUS_OK;
}

/* The rows without fault, and their record numbers. */
static enum status keep_rows(const struct batch *batch, const struct parquet_faults *faults,
                             int64_t first, struct source_rows *ret, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    size_t next = 0;
    int64_t kept = 0;
    TRY(NEW(&rows, (size_t)batch->rows, err));
    TRY(NEW(&ret->records, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (next < faults->count && faults->items[next].row == row) {
            next++;
            continue;
        }
        rows[kept] = row;
        ret->records[kept++] = first + row;
    }
    return faults->count == 0 ? batch_share(&ret->batch, batch, err)
                              : batch_take(&ret->batch, batch, rows, kept, err);
}

/* The share of the file that the piece stands for. */
static int64_t piece_bytes(const struct source *source, int64_t rows)
{
    double all = (double)parquet_rows(source->reader);
    return (int64_t)((double)rows / all * (double)input_size(source->file.input));
}

static enum status convert_parquet(const struct source *source, struct source_piece *piece,
                                   struct source_rows *ret, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    OWNED(parquet_faults_release) struct parquet_faults faults = {0};
    TRY(parquet_read(source->reader, piece->piece, &batch, &faults, err));
    ret->bytes = piece_bytes(source, batch.rows);
    if (faults.count > 0) TRY(reject_rows(&batch, &faults, piece->first, ret, err));
    return keep_rows(&batch, &faults, piece->first, ret, err);
}

/* ---- the end ---- */

static enum status describe_parquet(struct source *source, struct source_record *ret,
                                    struct err *err)
{
    ret->kind = "parquet";
    ret->records = source->records;
    reread_describe(&source->file, ret);
    TRY(reread_check(&source->file, err));
    return reread_digest(&source->file, &ret->digest, err);
}

static void close_parquet(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    parquet_close(&s->reader);
    reread_close(&s->file);
    memory_free(s);
    *source = NULL;
}

static int recognise_parquet(const struct source_probe *probe)
{
    bool found = probe->head_size >= 4 &&
                 (memcmp(probe->head, "PAR1", 4) == 0 || memcmp(probe->head, "PARE", 4) == 0);
    return found ? 100 : 0;
}

const struct source_kind source_parquet = {
    .name = "parquet",
    .summary = "Apache Parquet",
    .reference = "the Parquet format, github.com/apache/parquet-format",
    .passes = 1,
    .columns = true,
    .recognise = recognise_parquet,
    .open = open_parquet,
    .schema = schema_parquet,
    .cut = cut_parquet,
    .convert = convert_parquet,
    .free_piece = free_parquet_piece,
    .describe = describe_parquet,
    .close = close_parquet,
};
