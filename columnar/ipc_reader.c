/* columnar/ipc_reader.c: Arrow IPC, stream and file, told apart by their first bytes.
 *
 * A file goes by its footer: its messages may lie in any order, dictionaries behind their use. One
 * that comes through a pipe goes into a temporary file first. */
#include "columnar/ipc_source.h"

struct ipc_reader {
    struct input *input;
    size_t threads;
    struct schema *schema;
    bool swap;
    struct dictionaries dictionaries;
    bool is_file, ended;
    struct footer footer;
    struct buffer map;
    int64_t batches; /* handed out */
    const struct buffer *places;
};

/* ---- dictionaries ---- */

static enum status read_values(struct ipc_reader *reader, const struct message *message,
                               struct dictionary *dictionary, struct array **ret, struct err *err)
{
    struct body_context context = {message, &reader->dictionaries, reader->swap, reader->threads,
                                   NULL};
    struct flat_table batch = flat_child(message->header, 1);
    int64_t rows = 0;
    TRY(flat_check(&message->flat, err));
    if (!flat_present(batch)) return fail(err, STATUS_FAILED, "its values are missing");
    return body_read(&context, batch, &dictionary->values, 1, ret, &rows, err);
}

static enum status apply_dictionary(struct ipc_reader *reader, const struct message *message,
                                    struct err *err)
{
    OWNED(array_unref) struct array *values = NULL, *joined = NULL;
    int64_t id = flat_integer(message->header, 0, 8, 0);
    bool delta = flat_bool(message->header, 2);
    struct dictionary *dictionary = dictionaries_find(&reader->dictionaries, id);
    if (dictionary == NULL)
        return fail(err, STATUS_FAILED, "no column uses dictionary %lld", (long long)id);
    enum status status = read_values(reader, message, dictionary, &values, err);
    if (status != STATUS_OK) return fail_within(err, status, "dictionary %lld", (long long)id);
    if (delta && dictionary->array == NULL)
        return fail(err, STATUS_FAILED, "dictionary %lld begins with a delta", (long long)id);
    if (reader->is_file && !delta && dictionary->array != NULL)
        return fail(err, STATUS_FAILED, "dictionary %lld is replaced, which a file may not do",
                    (long long)id);
    if (delta) {
        struct array *parts[] = {dictionary->array, values};
        TRY(array_concat(&joined, &dictionary->values, parts, 2, err));
        array_unref(&values);
        values = joined;
        joined = NULL;
    }
    array_unref(&dictionary->array);
    dictionary->array = values;
    values = NULL;
    return STATUS_OK;
}

/* ---- batches ---- */

static void unref_columns(struct array **columns, size_t count)
{
    for (size_t i = 0; columns != NULL && i < count; i++)
        array_unref(&columns[i]);
    memory_free(columns);
}

static enum status make_batch(struct ipc_reader *reader, const struct message *message,
                              struct array **columns, struct batch *ret, struct err *err)
{
    struct body_context context = {message, &reader->dictionaries, reader->swap, reader->threads,
                                   reader->places};
    int64_t rows = 0;
    TRY(body_read(&context, message->header, reader->schema->fields, reader->schema->count, columns,
                  &rows, err));
    OWNED(batch_release) struct batch batch = {0};
    TRY(batch_make(&batch, reader->schema, rows, columns, err));
    TRY(arena_open(&batch.metadata_owner, err));
    TRY(metadata_read(message->root, 4, batch.metadata_owner, &batch.metadata, err));
    *ret = batch;
    batch = (struct batch){0};
    return STATUS_OK;
}

static enum status read_batch(struct ipc_reader *reader, const struct message *message,
                              struct batch *ret, struct err *err)
{
    struct array **columns = NULL;
    TRY(NEW(&columns, reader->schema->count, err));
    enum status status = make_batch(reader, message, columns, ret, err);
    unref_columns(columns, reader->schema->count);
    if (status == STATUS_OK) reader->batches++;
    return status;
}

/* ---- stream ---- */

static enum status open_stream(struct ipc_reader *reader, struct err *err)
{
    OWNED(message_release) struct message message = {0};
    bool end = false;
    TRY(source_next(reader->input, &message, &end, err));
    if (end || message.kind != MESSAGE_SCHEMA)
        return fail(err, STATUS_FAILED, "the first message is not a schema");
    return schema_read(message.header, &reader->schema, &reader->swap, err);
}

static enum status next_of_stream(struct ipc_reader *reader, struct batch *ret, struct err *err)
{
    while (!reader->ended) {
        OWNED(message_release) struct message message = {0};
        TRY(source_next(reader->input, &message, &reader->ended, err));
        if (reader->ended) return STATUS_OK;
        if (message.kind == MESSAGE_BATCH) return read_batch(reader, &message, ret, err);
        if (message.kind == MESSAGE_SCHEMA)
            return fail(err, STATUS_FAILED, "a second schema in one stream");
        TRY(apply_dictionary(reader, &message, err));
    }
    return STATUS_OK;
}

/* ---- file ---- */

static enum status load_dictionaries(struct ipc_reader *reader, struct err *err)
{
    for (size_t i = 0; i < reader->footer.dictionary_count; i++) {
        OWNED(message_release) struct message message = {0};
        TRY(source_at(reader->input, &reader->footer.dictionaries[i], &reader->map, &message, err));
        if (message.kind != MESSAGE_DICTIONARY)
            return fail(err, STATUS_FAILED, "footer: dictionary %zu is another kind of message", i);
        TRY(apply_dictionary(reader, &message, err));
    }
    return STATUS_OK;
}

static enum status next_of_file(struct ipc_reader *reader, struct batch *ret, struct err *err)
{
    OWNED(message_release) struct message message = {0};
    size_t index = (size_t)reader->batches;
    reader->ended = index >= reader->footer.batch_count;
    if (reader->ended) return STATUS_OK;
    TRY(source_at(reader->input, &reader->footer.batches[index], &reader->map, &message, err));
    if (message.kind != MESSAGE_BATCH)
        return fail(err, STATUS_FAILED, "footer: it is another kind of message");
    return read_batch(reader, &message, ret, err);
}

/* ---- both ---- */

static enum status fail_magic(const uint8_t *head, size_t size, struct err *err)
{
    enum status status =
        size == 0
            ? fail(err, STATUS_FAILED, "it is empty, expected Arrow IPC data")
            : fail(err, STATUS_FAILED, "it is not Arrow IPC data (begins with 0x%02x%02x%02x%02x)",
                   head[0], head[1], head[2], head[3]);
    err_hint(err, size == 0 ? "the program that should have written it failed or wrote nothing"
                            : "turn it into Arrow with tamis-ingest");
    return status;
}

/* A stream begins with a marker, or (before 0.15) with the small size of its schema. */
static enum status recognize(struct ipc_reader *reader, struct err *err)
{
    uint8_t head[8] = {0};
    uint32_t word = 0;
    size_t got = 0;
    TRY(input_peek(reader->input, head, sizeof head, &got, err));
    memcpy(&word, head, sizeof word);
    reader->is_file = got == sizeof head && memcmp(head, "ARROW1", 6) == 0;
    if (reader->is_file || (got >= 4 && word == CONTINUATION)) return STATUS_OK;
    if (got >= 8 && word > 0 && word < (1u << 24) && head[3] == 0 && head[2] == 0) return STATUS_OK;
    return fail_magic(head, got, err);
}

/* Replaces a pipe by a temporary file with its bytes. */
static enum status spool(struct ipc_reader *reader, struct err *err)
{
    OWNED(descriptor_close) int descriptor = -1;
    OWNED(memory_release) uint8_t *bytes = NULL;
    struct input *spooled = NULL;
    size_t room = 1u << 20, got = 0;
    TRY(NEW(&bytes, room, err));
    TRY(temporary_open(&descriptor, err));
    do {
        TRY(input_read(reader->input, bytes, room, &got, err));
        TRY(write_all(descriptor, bytes, got, err));
    } while (got > 0);
    int taken = descriptor;
    descriptor = -1;
    TRY(input_from_descriptor(&spooled, taken, input_name(reader->input), err));
    input_close(&reader->input);
    reader->input = spooled;
    return STATUS_OK;
}

static enum status open_input(struct ipc_reader *reader, struct err *err)
{
    TRY(recognize(reader, err));
    if (!reader->is_file) {
        TRY(open_stream(reader, err));
        return dictionaries_open(&reader->dictionaries, reader->schema, err);
    }
    if (input_size(reader->input) < 0) TRY(spool(reader, err));
    TRY(footer_read(reader->input, &reader->footer, &reader->schema, &reader->swap, err));
    TRY(dictionaries_open(&reader->dictionaries, reader->schema, err));
    TRY(source_map(reader->input, &reader->map, err));
    return load_dictionaries(reader, err);
}

enum status ipc_reader_open(struct ipc_reader **ret, struct input **input, size_t threads,
                            struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    enum status status = NEW(&reader, 1, err);
    if (status != STATUS_OK) {
        input_close(input);
        return status;
    }
    reader->input = *input;
    *input = NULL;
    reader->threads = threads == 0 ? 1 : threads;
    status = open_input(reader, err);
    if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", input_name(reader->input));
    *ret = reader;
    reader = NULL;
    return STATUS_OK;
}

const struct schema *ipc_reader_schema(const struct ipc_reader *reader)
{
    return reader->schema;
}

enum status ipc_reader_next(struct ipc_reader *reader, struct batch *ret, bool *ret_end,
                            struct err *err)
{
    enum status status =
        reader->is_file ? next_of_file(reader, ret, err) : next_of_stream(reader, ret, err);
    *ret_end = status == STATUS_OK && reader->ended;
    if (status != STATUS_OK)
        return fail_within(err, status, "batch %lld", (long long)reader->batches + 1);
    return STATUS_OK;
}

void ipc_reader_place(struct ipc_reader *reader, const struct buffer *places)
{
    reader->places = places;
}

const struct metadata *ipc_reader_footer(const struct ipc_reader *reader)
{
    return &reader->footer.metadata;
}

void ipc_reader_close(struct ipc_reader **reader)
{
    struct ipc_reader *gone = *reader;
    *reader = NULL;
    if (gone == NULL) return;
    dictionaries_release(&gone->dictionaries);
    schema_unref(&gone->schema);
    footer_release(&gone->footer);
    buffer_unref(&gone->map);
    input_close(&gone->input);
    memory_free(gone);
}
