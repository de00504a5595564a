/* columnar/ipc_writer.c: Arrow IPC, stream and file. */
#include "base/parallel.h"
#include "columnar/ipc_dictionary_write.h"

static const char magic[8] = "ARROW1";

/* Where a message lies in the file (File.fbs Block). */
struct block_place {
    int64_t offset, body;
    int32_t metadata;
};

struct ipc_writer {
    struct output *output; /* borrowed */
    struct schema *schema;
    struct ipc_options options;
    uint64_t start; /* of the file in the output */
    struct dictionary_writer dictionaries;
    struct growing dictionary_blocks, batch_blocks; /* struct block_place */
    struct ipc_message
        *held;  /* file: the first batch, so that a lone one follows its dictionaries */
    bool later; /* file: there is more than one batch, dictionaries come last */
};

struct ipc_message {
    struct batch batch;
    struct metadata metadata; /* of its own or the batch's */
    struct batch metadata_owner;
    struct body *columns; /* empty where the column waits for its dictionaries */
};

static bool compresses(const struct ipc_writer *writer)
{
    return writer->options.compression == IPC_ZSTD;
}

static int level_of(const struct ipc_writer *writer)
{
    return writer->options.level == 0 ? 1 : writer->options.level;
}

/* ---- opening ---- */

static enum status note_block(struct growing *blocks, struct block_place place, struct err *err)
{
    return growing_append(blocks, &place, sizeof place, err);
}

static enum status put_body(struct ipc_writer *writer, const struct body *body, int64_t id,
                            const struct metadata *metadata, struct err *err)
{
    struct block_place place = {.offset =
                                    (int64_t)(output_position(writer->output) - writer->start)};
    TRY(body_write(body, compresses(writer), id, metadata, writer->output, &place.metadata,
                   &place.body, err));
    if (writer->options.format == IPC_STREAM) return STATUS_OK;
    return note_block(id < 0 ? &writer->batch_blocks : &writer->dictionary_blocks, place, err);
}

static enum status put_dictionary(void *context, const struct field *values,
                                  const struct array *array, int64_t id, struct err *err)
{
    struct ipc_writer *writer = context;
    OWNED(body_release) struct body body = {0};
    TRY(body_add(&body, values, array, err));
    if (compresses(writer)) TRY(body_compress(&body, level_of(writer), err));
    return put_body(writer, &body, id, NULL, err);
}

static enum status open_dictionaries(struct ipc_writer *writer, struct err *err)
{
    struct dictionary_writer *dictionaries = &writer->dictionaries;
    for (size_t i = 0; i < writer->schema->count; i++)
        dictionaries->count += dictionary_count(&writer->schema->fields[i]);
    TRY(NEW(&dictionaries->items, dictionaries->count, err));
    dictionaries->format = writer->options.format;
    dictionaries->context = writer;
    dictionaries->write = put_dictionary;
    return STATUS_OK;
}

static enum status write_start(struct ipc_writer *writer, struct err *err)
{
    OWNED(bytes_release) struct bytes head = {0};
    size_t lead = 0;
    if (writer->options.format == IPC_FILE) {
        lead = sizeof magic;
        TRY(output_write(writer->output, magic, sizeof magic, err));
    }
    TRY(schema_message(writer->schema, lead, &head, err));
    return output_write(writer->output, head.data, head.size, err);
}

enum status ipc_writer_open(struct ipc_writer **ret, struct output *output,
                            const struct schema *schema, struct ipc_options options,
                            struct err *err)
{
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    TRY(NEW(&writer, 1, err));
    writer->output = output;
    writer->schema = schema_ref(schema);
    writer->options = options;
    writer->start = output_position(output);
    TRY(open_dictionaries(writer, err));
    TRY(write_start(writer, err));
    *ret = writer;
    writer = NULL;
    return STATUS_OK;
}

void ipc_writer_close(struct ipc_writer **writer)
{
    struct ipc_writer *gone = *writer;
    *writer = NULL;
    if (gone == NULL) return;
    dictionary_writer_release(&gone->dictionaries);
    ipc_message_free(&gone->held);
    growing_release(&gone->dictionary_blocks);
    growing_release(&gone->batch_blocks);
    schema_unref(&gone->schema);
    memory_free(gone);
}

/* ---- batches ---- */

struct encoding {
    const struct ipc_writer *writer;
    struct ipc_message *message;
};

/* In a file the indices of a dictionary are known only when its turn comes. */
static bool waits(const struct ipc_writer *writer, size_t column)
{
    return writer->options.format == IPC_FILE &&
           dictionary_count(&writer->schema->fields[column]) > 0;
}

static enum status encode_column(void *context, size_t column, struct err *err)
{
    struct encoding *encoding = context;
    const struct ipc_writer *writer = encoding->writer;
    struct body *body = &encoding->message->columns[column];
    if (waits(writer, column)) return STATUS_OK;
    TRY(body_add(body, &writer->schema->fields[column], encoding->message->batch.columns[column],
                 err));
    return compresses(writer) ? body_compress(body, level_of(writer), err) : STATUS_OK;
}

static enum status keep_metadata(struct ipc_message *message, const struct metadata *metadata,
                                 struct err *err)
{
    message->metadata = message->batch.metadata;
    if (metadata == NULL) return STATUS_OK;
    struct batch carrier = message->batch;
    carrier.metadata = *metadata;
    TRY(batch_share(&message->metadata_owner, &carrier, err));
    message->metadata = message->metadata_owner.metadata;
    return STATUS_OK;
}

enum status ipc_writer_encode(const struct ipc_writer *writer, const struct batch *batch,
                              const struct metadata *metadata, struct ipc_message **ret,
                              struct err *err)
{
    OWNED(ipc_message_free) struct ipc_message *message = NULL;
    size_t count = writer->schema->count;
    if (batch->schema->count != count)
        return fail(err, STATUS_FAILED, "a batch of %zu columns for a schema of %zu",
                    batch->schema->count, count);
    TRY(NEW(&message, 1, err));
    TRY(batch_share(&message->batch, batch, err));
    TRY(keep_metadata(message, metadata, err));
    TRY(NEW(&message->columns, count, err));
    struct encoding encoding = {writer, message};
    size_t threads =
        compresses(writer) && writer->options.threads > 1 ? writer->options.threads : 1;
    TRY(parallel_for(threads, count, &encoding, encode_column, err));
    *ret = message;
    message = NULL;
    return STATUS_OK;
}

void ipc_message_free(struct ipc_message **message)
{
    struct ipc_message *gone = *message;
    *message = NULL;
    if (gone == NULL) return;
    for (size_t i = 0; gone->columns != NULL && i < gone->batch.schema->count; i++)
        body_release(&gone->columns[i]);
    memory_free(gone->columns);
    batch_release(&gone->batch);
    batch_release(&gone->metadata_owner);
    memory_free(gone);
}

/* Dictionary messages of one column, or in a file its new values and then the column itself. */
static enum status put_dictionaries(struct ipc_writer *writer, struct ipc_message *message,
                                    size_t column, size_t *next_id, struct err *err)
{
    OWNED(array_unref) struct array *array = NULL;
    const struct field *field = &writer->schema->fields[column];
    TRY(dictionaries_write(&writer->dictionaries, field, message->batch.columns[column], next_id,
                           &array, err));
    if (!waits(writer, column)) return STATUS_OK;
    TRY(body_add(&message->columns[column], field, array, err));
    return compresses(writer) ? body_compress(&message->columns[column], level_of(writer), err)
                              : STATUS_OK;
}

static enum status put_batch(struct ipc_writer *writer, struct ipc_message *message,
                             struct err *err)
{
    OWNED(body_release) struct body body = {.rows = message->batch.rows};
    for (size_t i = 0; i < writer->schema->count; i++)
        TRY(body_join(&body, &message->columns[i], err));
    return put_body(writer, &body, -1, &message->metadata, err);
}

static enum status put_held(struct ipc_writer *writer, struct err *err)
{
    OWNED(ipc_message_free) struct ipc_message *held = writer->held;
    writer->held = NULL;
    return held == NULL ? STATUS_OK : put_batch(writer, held, err);
}

enum status ipc_writer_put(struct ipc_writer *writer, struct ipc_message **message, struct err *err)
{
    OWNED(ipc_message_free) struct ipc_message *taken = *message;
    size_t next_id = 0;
    *message = NULL;
    for (size_t i = 0; i < writer->schema->count; i++)
        TRY(put_dictionaries(writer, taken, i, &next_id, err));
    if (writer->options.format == IPC_FILE && writer->dictionaries.count > 0) {
        if (writer->held == NULL && !writer->later) {
            writer->held = taken;
            taken = NULL;
            return STATUS_OK;
        }
        writer->later = true;
    }
    TRY(put_held(writer, err));
    return put_batch(writer, taken, err);
}

enum status ipc_writer_add(struct ipc_writer *writer, const struct batch *batch, struct err *err)
{
    OWNED(ipc_message_free) struct ipc_message *message = NULL;
    TRY(ipc_writer_encode(writer, batch, NULL, &message, err));
    return ipc_writer_put(writer, &message, err);
}

/* ---- the end ---- */

static enum status write_blocks(struct flat_writer *writer, const struct growing *blocks, size_t at,
                                struct err *err)
{
    const struct block_place *places = (const struct block_place *)(const void *)blocks->data;
    size_t count = blocks->size / sizeof *places, place = 0, first = 0;
    TRY(flat_put_vector(writer, count, 24, 8, &place, &first, err));
    flat_point(writer, at, place);
    for (size_t i = 0; i < count; i++) {
        flat_store(writer, first + 24 * i, 8, places[i].offset);
        flat_store(writer, first + 24 * i + 8, 4, places[i].metadata);
        flat_store(writer, first + 24 * i + 16, 8, places[i].body);
    }
    return STATUS_OK;
}

static enum status write_footer(struct ipc_writer *writer, struct err *err)
{
    OWNED(flat_release) struct flat_writer flat = {0};
    struct flat_slot slots[] = {{2, METADATA_V5, 0},
                                {FLAT_REFERENCE, 0, 0},
                                {FLAT_REFERENCE, 0, 0},
                                {FLAT_REFERENCE, 0, 0}};
    size_t place = 0;
    TRY(flat_begin(&flat, err));
    TRY(flat_put_table(&flat, slots, 4, &place, err));
    flat_point(&flat, 0, place);
    TRY(schema_write(&flat, writer->schema, &place, err));
    flat_point(&flat, slots[1].place, place);
    TRY(write_blocks(&flat, &writer->dictionary_blocks, slots[2].place, err));
    TRY(write_blocks(&flat, &writer->batch_blocks, slots[3].place, err));
    uint32_t size = (uint32_t)flat.out.size;
    TRY(output_write(writer->output, flat.out.data, flat.out.size, err));
    TRY(output_write(writer->output, &size, sizeof size, err));
    return output_write(writer->output, magic, 6, err);
}

enum status ipc_writer_finish(struct ipc_writer *writer, struct err *err)
{
    static const uint32_t end[2] = {CONTINUATION, 0};
    if (writer->options.format == IPC_FILE) TRY(dictionaries_finish(&writer->dictionaries, err));
    TRY(put_held(writer, err));
    TRY(output_write(writer->output, end, sizeof end, err));
    return writer->options.format == IPC_FILE ? write_footer(writer, err) : STATUS_OK;
}
