/* ingest/source_arrow.c: Arrow IPC, stream or file: every column of any type as it is.
 *
 * Batches are cut anew: large ones into pieces, small ones put together until a piece has the rows
 * of a chunk. A verdict that the input carries becomes the run's. What has no end marker is refused
 * by the reader. */
#include "ingest/reread.h"
#include "ingest/result_set.h"

#include "columnar/ipc.h"

#include <errno.h>
#include <fcntl.h>

#define PARTS_MAXIMUM 1024 /* of a piece */

struct source {
    struct source_options options;
    struct reread file;
    struct ipc_reader *reader;
    struct schema *schema;
    bool joins;         /* small batches may become one */
    struct batch batch; /* being cut, from row `at` on */
    int64_t at;
    bool ended, verdict_failed;
    int64_t records;
};

struct source_piece {
    struct batch *parts; /* memory_get */
    size_t count;
    int64_t first, rows; /* number of the first record, from 1 */
    uint64_t bytes;
};

static void close_arrow(struct source **source);

/* ---- opening ---- */

/* Indices of few bits may not reach when the values of several batches come together. */
static bool joins_well(const struct field *field)
{
    if (field->dictionary && field->index != TYPE_INT32 && field->index != TYPE_INT64 &&
        field->index != TYPE_UINT32 && field->index != TYPE_UINT64)
        return false;
    if (field->type.id == TYPE_RUN_END) return false;
    for (size_t i = 0; i < field->child_count; i++)
        if (!joins_well(&field->children[i])) return false;
    return true;
}

/* The columns of the input; a name that is there already gets _2, _3 ... */
static enum status make_schema(struct source *source, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    const struct schema *read = ipc_reader_schema(source->reader);
    TRY(arena_open(&arena, err));
    TRY(schema_new(&source->schema, err));
    source->joins = true;
    for (size_t i = 0; i < read->count; i++) {
        struct field field = read->fields[i];
        TRY(result_column_name(source->schema, arena, field.name, i, &field.name, err));
        TRY(schema_add(source->schema, &field, err));
        source->joins = source->joins && joins_well(&field);
    }
    for (size_t i = 0; i < read->metadata.count; i++)
        TRY(schema_add_metadata(source->schema, read->metadata.pairs[i].key,
                                read->metadata.pairs[i].value, err));
    return STATUS_OK;
}

static enum status open_reader(struct source *source, struct err *err)
{
    struct input *input = NULL, *whole = source->file.input;
    if (input_descriptor(whole) < 0) { /* a member of an archive */
        TRY(input_part(&input, whole, 0, (uint64_t)input_size(whole), input_name(whole), err));
        return ipc_reader_open(&source->reader, &input, source->options.threads, err);
    }
    int descriptor = fcntl(input_descriptor(whole), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) return fail_errno(err, errno, "a second descriptor");
    TRY(input_from_descriptor(&input, descriptor, input_name(whole), err));
    return ipc_reader_open(&source->reader, &input, source->options.threads, err);
}

static enum status open_arrow(struct source **ret, const char *path,
                              const struct source_options *options, struct err *err)
{
    OWNED(close_arrow) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    TRY(reread_open(&source->file, path, options->standard_input, err));
    TRY(open_reader(source, err));
    TRY(make_schema(source, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_arrow(const struct source *source)
{
    return source->schema;
}

/* ---- how many rows a piece holds ---- */

static bool has_offsets(const struct field *field)
{
    enum type_id id = field->type.id;
    return !field->dictionary && (id == TYPE_UTF8 || id == TYPE_BINARY);
}

/* Bytes of `count` rows, exact for plain texts, a share of the column's for everything nested. */
static uint64_t column_bytes(const struct field *field, const struct array *array, int64_t first,
                             int64_t count)
{
    size_t width = field->dictionary ? sizeof(int32_t) : type_width(&field->type);
    if (width > 0) return (uint64_t)count * width;
    if (has_offsets(field) && array->buffers[0].data != NULL) {
        const int32_t *offsets = (const int32_t *)(const void *)array->buffers[0].data;
        return (uint64_t)(offsets[first + count] - offsets[first]) + (uint64_t)count * 4;
    }
    double share = (double)count / (double)array->length;
    return (uint64_t)(share * (double)array_bytes(array));
}

static uint64_t rows_bytes(const struct batch *batch, int64_t first, int64_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < batch->schema->count; i++)
        bytes += column_bytes(&batch->schema->fields[i], batch->columns[i], first, count);
    return bytes;
}

/* The most of `most` rows from `first` on that stay within `room`; at least one. */
static int64_t rows_within(const struct batch *batch, int64_t first, int64_t most, uint64_t room)
{
    int64_t least = 1;
    if (rows_bytes(batch, first, most) <= room) return most;
    while (least < most) { /* the answer is least ... most */
        int64_t middle = least + (most - least + 1) / 2;
        if (rows_bytes(batch, first, middle) <= room)
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}

/* ---- pieces ---- */

static void free_arrow_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    for (size_t i = 0; i < (*piece)->count; i++)
        batch_release(&(*piece)->parts[i]);
    memory_free((*piece)->parts);
    memory_free(*piece);
    *piece = NULL;
}

static enum status next_batch(struct source *source, struct err *err)
{
    while (!source->ended && source->at >= source->batch.rows) {
        batch_release(&source->batch);
        source->at = 0;
        TRY(ipc_reader_next(source->reader, &source->batch, &source->ended, err));
        if (str_is(metadata_get(&source->batch.metadata, "tamis:verdict"), "failed"))
            source->verdict_failed = true;
    }
    return STATUS_OK;
}

/* The rows of the current batch that the piece has room for; *ret_taken false where it has none. */
static enum status take_part(struct source *source, struct source_piece *piece, bool *ret_taken,
                             struct err *err)
{
    int64_t left = source->batch.rows - source->at;
    int64_t most = source->options.chunk_rows - piece->rows;
    uint64_t room = source->options.chunk_bytes;
    if (most > left) most = left;
    int64_t rows = rows_within(&source->batch, source->at, most,
                               room > piece->bytes ? room - piece->bytes : 0);
    uint64_t bytes = rows_bytes(&source->batch, source->at, rows);
    *ret_taken = piece->rows == 0 || piece->bytes + bytes <= room;
    if (!*ret_taken) return STATUS_OK;
    TRY(batch_slice(&piece->parts[piece->count], &source->batch, source->at, rows, err));
    piece->count++;
    piece->rows += rows;
    piece->bytes += bytes;
    source->at += rows;
    return STATUS_OK;
}

static enum status fill_piece(struct source *source, struct source_piece *piece, struct err *err)
{
    size_t most = source->joins ? PARTS_MAXIMUM : 1;
    bool taken = true;
    while (taken && piece->count < most && piece->rows < source->options.chunk_rows) {
        TRY(next_batch(source, err));
        if (source->ended) return STATUS_OK;
        TRY(take_part(source, piece, &taken, err));
    }
    return STATUS_OK;
}

static enum status cut_arrow(struct source *source, struct source_piece **ret, struct err *err)
{
    OWNED(free_arrow_piece) struct source_piece *piece = NULL;
    *ret = NULL;
    TRY(next_batch(source, err));
    if (source->ended) return STATUS_OK;
    TRY(NEW(&piece, 1, err));
    TRY(NEW(&piece->parts, source->joins ? PARTS_MAXIMUM : 1, err));
    piece->first = source->records + 1;
    TRY(fill_piece(source, piece, err));
    source->records += piece->rows;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

static enum status convert_arrow(const struct source *source, struct source_piece *piece,
                                 struct source_rows *ret, struct err *err)
{
    OWNED(batch_release) struct batch whole = {0};
    TRY(NEW(&ret->records, (size_t)piece->rows, err));
    for (int64_t row = 0; row < piece->rows; row++)
        ret->records[row] = piece->first + row;
    if (piece->count == 1)
        TRY(batch_share(&whole, &piece->parts[0], err));
    else
        TRY(batch_concat(&whole, source->schema, piece->parts, piece->count, err));
    ret->bytes = (int64_t)piece->bytes;
    return batch_make(&ret->batch, source->schema, whole.rows, whole.columns, err);
}

/* ---- the end ---- */

static enum status describe_arrow(struct source *source, struct source_record *ret, struct err *err)
{
    ret->kind = "arrow";
    ret->records = source->records;
    reread_describe(&source->file, ret);
    TRY(reread_check(&source->file, err));
    return reread_digest(&source->file, &ret->digest, err);
}

static bool verdict_failed_arrow(const struct source *source)
{
    return source->verdict_failed;
}

static void close_arrow(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    batch_release(&s->batch);
    ipc_reader_close(&s->reader);
    schema_unref(&s->schema);
    reread_close(&s->file);
    memory_free(s);
    *source = NULL;
}

static int recognise_arrow(const struct source_probe *probe)
{
    bool file = probe->head_size >= 8 && memcmp(probe->head, "ARROW1\0\0", 8) == 0;
    bool stream = probe->head_size >= 8 && memcmp(probe->head, "\xff\xff\xff\xff", 4) == 0;
    return file || stream ? 100 : 0;
}

const struct source_kind source_arrow = {
    .name = "arrow",
    .summary = "Arrow IPC, stream or file",
    .reference = "the Apache Arrow columnar format, arrow.apache.org/docs/format",
    .passes = 1,
    .recognise = recognise_arrow,
    .open = open_arrow,
    .schema = schema_arrow,
    .cut = cut_arrow,
    .convert = convert_arrow,
    .free_piece = free_arrow_piece,
    .describe = describe_arrow,
    .verdict_failed = verdict_failed_arrow,
    .close = close_arrow,
};
