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
    /* of a lazy reader */
    bool lazy;
    struct ipc_counts *counts;
    bool *loaded;           /* dictionaries of a file */
    struct message message; /* of the batch that was stepped to */
    struct body_reader *body;
};

/* ---- dictionaries ---- */

static enum status read_values(struct ipc_reader *reader, const struct message *message,
                               struct dictionary *dictionary, struct array **ret, struct err *err)
{
    struct body_context context = {message, &reader->dictionaries, reader->swap, reader->threads,
                                   NULL,    reader->counts};
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
    struct body_context context = {message,         &reader->dictionaries, reader->swap,
                                   reader->threads, reader->places,        NULL};
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

static bool field_uses(const struct field *field, int64_t dictionary)
{
    if (field->dictionary && field->dictionary_id == dictionary) return true;
    for (size_t i = 0; i < field->child_count; i++)
        if (field_uses(&field->children[i], dictionary)) return true;
    return false;
}

/* `field` NULL: whoever uses it. */
static enum status load_dictionary(struct ipc_reader *reader, size_t i, const struct field *field,
                                   struct err *err)
{
    OWNED(message_release) struct message message = {0};
    TRY(source_at(reader->input, &reader->footer.dictionaries[i], &reader->map, &message, err));
    if (message.kind != MESSAGE_DICTIONARY)
        return fail(err, STATUS_FAILED, "footer: dictionary %zu is another kind of message", i);
    if (field != NULL && !field_uses(field, flat_integer(message.header, 0, 8, 0)))
        return STATUS_OK;
    if (reader->loaded != NULL) reader->loaded[i] = true;
    return apply_dictionary(reader, &message, err);
}

static enum status load_dictionaries(struct ipc_reader *reader, const struct field *field,
                                     struct err *err)
{
    for (size_t i = 0; i < reader->footer.dictionary_count; i++)
        if (reader->loaded == NULL || !reader->loaded[i])
            TRY(load_dictionary(reader, i, field, err));
    return STATUS_OK;
}

static enum status file_message(struct ipc_reader *reader, struct message *message, struct err *err)
{
    size_t index = (size_t)reader->batches;
    reader->ended = index >= reader->footer.batch_count;
    if (reader->ended) return STATUS_OK;
    TRY(source_at(reader->input, &reader->footer.batches[index], &reader->map, message, err));
    if (message->kind != MESSAGE_BATCH)
        return fail(err, STATUS_FAILED, "footer: it is another kind of message");
    return STATUS_OK;
}

static enum status next_of_file(struct ipc_reader *reader, struct batch *ret, struct err *err)
{
    OWNED(message_release) struct message message = {0};
    TRY(file_message(reader, &message, err));
    return reader->ended ? STATUS_OK : read_batch(reader, &message, ret, err);
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
    if (reader->lazy) return NEW(&reader->loaded, reader->footer.dictionary_count + 1, err);
    return load_dictionaries(reader, NULL, err);
}

static enum status open_reader(struct ipc_reader **ret, struct input **input,
                               const struct ipc_reader *wanted, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    enum status status = NEW(&reader, 1, err);
    if (status != STATUS_OK) {
        input_close(input);
        return status;
    }
    *reader = *wanted;
    reader->input = *input;
    *input = NULL;
    status = open_input(reader, err);
    if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", input_name(reader->input));
    *ret = reader;
    reader = NULL;
    return STATUS_OK;
}

enum status ipc_reader_open(struct ipc_reader **ret, struct input **input, size_t threads,
                            struct err *err)
{
    const struct ipc_reader wanted = {.threads = threads == 0 ? 1 : threads};
    return open_reader(ret, input, &wanted, err);
}

enum status ipc_reader_open_lazy(struct ipc_reader **ret, struct input **input,
                                 struct ipc_counts *counts, struct err *err)
{
    const struct ipc_reader wanted = {.threads = 1, .lazy = true, .counts = counts};
    return open_reader(ret, input, &wanted, err);
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

/* ---- column by column ---- */

/* The next batch's message; dictionaries of a stream come with it. */
static enum status stream_message(struct ipc_reader *reader, struct message *ret, struct err *err)
{
    for (;;) {
        TRY(source_next(reader->input, ret, &reader->ended, err));
        if (reader->ended || ret->kind == MESSAGE_BATCH) return STATUS_OK;
        if (ret->kind == MESSAGE_SCHEMA)
            return fail(err, STATUS_FAILED, "a second schema in one stream");
        TRY(apply_dictionary(reader, ret, err));
        message_release(ret);
        *ret = (struct message){0};
    }
}

static enum status step(struct ipc_reader *reader, int64_t *ret_rows, struct err *err)
{
    const struct body_context context = {.message = &reader->message,
                                         .dictionaries = &reader->dictionaries,
                                         .swap = reader->swap,
                                         .threads = 1,
                                         .counts = reader->counts};
    body_reader_close(&reader->body);
    message_release(&reader->message);
    reader->message = (struct message){0};
    if (reader->ended) return STATUS_OK;
    TRY(reader->is_file ? file_message(reader, &reader->message, err)
                        : stream_message(reader, &reader->message, err));
    if (reader->ended) return STATUS_OK;
    TRY(body_reader_open(&reader->body, &context, reader->message.header, reader->schema->fields,
                         reader->schema->count, err));
    return body_reader_rows(reader->body, ret_rows, err);
}

enum status ipc_reader_step(struct ipc_reader *reader, int64_t *ret_rows, bool *ret_end,
                            struct err *err)
{
    enum status status = step(reader, ret_rows, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "batch %lld", (long long)reader->batches + 1);
    *ret_end = reader->ended;
    if (reader->ended) return STATUS_OK;
    reader->batches++;
    if (reader->counts != NULL) reader->counts->batches++;
    return STATUS_OK;
}

int64_t ipc_reader_nulls(const struct ipc_reader *reader, size_t column)
{
    return body_reader_nulls(reader->body, column);
}

enum status ipc_reader_column(struct ipc_reader *reader, size_t column, struct array **ret,
                              struct err *err)
{
    enum status status = STATUS_OK;
    if (reader->is_file) status = load_dictionaries(reader, &reader->schema->fields[column], err);
    if (status == STATUS_OK) status = body_reader_column(reader->body, column, ret, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "batch %lld", (long long)reader->batches);
    return STATUS_OK;
}

double ipc_reader_share(const struct ipc_reader *reader)
{
    double batches = (double)reader->footer.batch_count, size = (double)input_size(reader->input);
    if (reader->is_file) return batches > 0 ? (double)reader->batches / batches : 1;
    return size > 0 ? (double)input_position(reader->input) / size : -1;
}

void ipc_reader_close(struct ipc_reader **reader)
{
    struct ipc_reader *gone = *reader;
    *reader = NULL;
    if (gone == NULL) return;
    body_reader_close(&gone->body);
    message_release(&gone->message);
    memory_free(gone->loaded);
    dictionaries_release(&gone->dictionaries);
    schema_unref(&gone->schema);
    footer_release(&gone->footer);
    buffer_unref(&gone->map);
    input_close(&gone->input);
    memory_free(gone);
}
