/* columnar/ipc_source.c: messages as bytes, from a pipe or out of a file. */
#include "columnar/ipc_source.h"

#include <stdlib.h>
#include <sys/mman.h>

#define STEP (16u << 20) /* memory is taken as bytes arrive, not as they are announced */

static enum status read_growing(struct input *input, size_t size, struct buffer *ret,
                                struct err *err)
{
    OWNED(growing_release) struct growing bytes = {0};
    int64_t known = input_size(input);
    uint64_t left = known < 0 ? UINT64_MAX : (uint64_t)known - input_position(input);
    if (size > left)
        return fail(err, STATUS_FAILED, "it ends after %llu of %zu bytes", (unsigned long long)left,
                    size);
    while (bytes.size < size) {
        size_t part = size - bytes.size;
        size_t most = known >= 0 ? part : bytes.size < STEP ? STEP : bytes.size;
        if (part > most) part = most;
        TRY(growing_reserve(&bytes, part, err));
        TRY(input_read_exact(input, bytes.data + bytes.size, part, err));
        bytes.size += part;
    }
    return growing_freeze(&bytes, ret, err);
}

static enum status read_size(struct input *input, bool *ret_none, int32_t *ret, struct err *err)
{
    uint32_t word = 0;
    size_t got = 0;
    TRY(input_peek(input, &word, sizeof word, &got, err));
    *ret_none = got == 0;
    if (got == 0) return STATUS_OK;
    TRY(input_read_exact(input, &word, sizeof word, err));
    if (word == CONTINUATION) TRY(input_read_exact(input, &word, sizeof word, err));
    *ret = (int32_t)word;
    if (*ret < 0 || *ret > (int32_t)METADATA_LIMIT)
        return fail(err, STATUS_FAILED, "metadata of %d bytes, expected 0 to %u", *ret,
                    METADATA_LIMIT);
    return STATUS_OK;
}

static enum status fail_truncated(struct err *err)
{
    enum status status = fail(err, STATUS_FAILED, "it ends without an end-of-stream marker");
    err_hint(err, "the program that wrote it did not finish; look at its messages");
    return status;
}

enum status source_next(struct input *input, struct message *ret, bool *ret_end, struct err *err)
{
    int32_t size = 0;
    bool none = false;
    OWNED(buffer_unref) struct buffer metadata = {0};
    *ret_end = false;
    TRY(read_size(input, &none, &size, err));
    if (none) return fail_truncated(err);
    if (size == 0) {
        *ret_end = true;
        return STATUS_OK;
    }
    TRY(read_growing(input, (size_t)size, &metadata, err));
    TRY(message_parse(ret, &metadata, err));
    if (ret->body_size == 0) return STATUS_OK;
    return read_growing(input, (size_t)ret->body_size, &ret->body, err);
}

/* ---- files ---- */

struct mapping {
    void *memory;
    size_t size;
};

static void unmap(void *context)
{
    struct mapping *mapping = context;
    munmap(mapping->memory, mapping->size);
    memory_free(mapping);
}

/* Not being able to map is no error: the bodies are read instead. */
enum status source_map(struct input *input, struct buffer *ret, struct err *err)
{
    struct mapping *mapping = NULL;
    int descriptor = input_descriptor(input);
    int64_t size = input_size(input);
    if (descriptor < 0 || size <= 0) return STATUS_OK;
    void *memory = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED) return STATUS_OK;
    enum status status = NEW(&mapping, 1, err);
    if (status == STATUS_OK) {
        *mapping = (struct mapping){memory, (size_t)size};
        status = buffer_foreign(ret, memory, (size_t)size, unmap, mapping, err);
    }
    if (status != STATUS_OK) {
        memory_free(mapping);
        munmap(memory, (size_t)size);
    }
    return status;
}

static enum status read_at(struct input *input, uint64_t offset, size_t size, struct buffer *ret,
                           struct err *err)
{
    OWNED(buffer_unref) struct buffer bytes = {0};
    TRY(buffer_new_raw(&bytes, size, err));
    if (size > 0) TRY(input_read_at(input, buffer_writable(&bytes), size, offset, err));
    *ret = bytes;
    bytes = (struct buffer){0};
    return STATUS_OK;
}

/* Size and the bytes before the flatbuffer: 8, or 4 in files from before 0.15. */
static enum status read_frame(struct input *input, int64_t offset, int32_t *ret_size,
                              int32_t *ret_head, struct err *err)
{
    uint32_t words[2] = {0};
    TRY(input_read_at(input, words, sizeof words, (uint64_t)offset, err));
    *ret_head = words[0] == CONTINUATION ? 8 : 4;
    *ret_size = (int32_t)(words[0] == CONTINUATION ? words[1] : words[0]);
    if (*ret_size <= 0 || *ret_size > (int32_t)METADATA_LIMIT)
        return fail(err, STATUS_FAILED, "metadata of %d bytes, expected 1 to %u", *ret_size,
                    METADATA_LIMIT);
    return STATUS_OK;
}

enum status source_at(struct input *input, const struct place *place, const struct buffer *map,
                      struct message *ret, struct err *err)
{
    int32_t size = 0, head = 0;
    OWNED(buffer_unref) struct buffer metadata = {0};
    TRY(read_frame(input, place->offset, &size, &head, err));
    if (size + head != place->metadata)
        return fail(err, STATUS_FAILED, "metadata of %d bytes, the footer says %d", size + head,
                    place->metadata);
    TRY(read_at(input, (uint64_t)(place->offset + head), (size_t)size, &metadata, err));
    TRY(message_parse(ret, &metadata, err));
    if (ret->body_size != place->body)
        return fail(err, STATUS_FAILED, "a body of %lld bytes, the footer says %lld",
                    (long long)ret->body_size, (long long)place->body);
    uint64_t body = (uint64_t)(place->offset + place->metadata);
    if (map->data != NULL) {
        ret->body = buffer_part(map, body, (size_t)place->body);
        return STATUS_OK;
    }
    return read_at(input, body, (size_t)place->body, &ret->body, err);
}

/* ---- the footer ---- */

static enum status fail_cut(struct err *err)
{
    enum status status =
        fail(err, STATUS_FAILED, "it begins as an Arrow file and does not end as one");
    err_hint(err, "the file is truncated or its writer did not finish");
    return status;
}

static enum status find_footer(struct input *input, int64_t *ret_start, int32_t *ret_size,
                               struct err *err)
{
    uint8_t tail[10];
    int64_t size = input_size(input);
    if (size < 8 + 10) return fail_cut(err);
    TRY(input_read_at(input, tail, sizeof tail, (uint64_t)size - sizeof tail, err));
    if (memcmp(tail + 4, "ARROW1", 6) != 0) return fail_cut(err);
    memcpy(ret_size, tail, sizeof *ret_size);
    if (*ret_size <= 0 || *ret_size > size - 18 || *ret_size > (int32_t)METADATA_LIMIT)
        return fail(err, STATUS_FAILED, "a footer of %d bytes in a file of %lld", *ret_size,
                    (long long)size);
    *ret_start = size - 10 - *ret_size;
    return STATUS_OK;
}

static enum status read_places(struct flat_table root, int slot, int64_t limit, struct arena *arena,
                               struct place **ret, size_t *ret_count, struct err *err)
{
    struct flat_vector blocks = flat_vector(root, slot, 24, 8);
    TRY(flat_check(root.flat, err));
    *ret_count = blocks.count;
    *ret = arena_get(arena, blocks.count + 1, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, blocks.count * sizeof **ret);
    for (size_t i = 0; i < blocks.count; i++) {
        struct place *place = &(*ret)[i];
        place->offset = flat_element(blocks, i, 24, 0, 8);
        place->metadata = (int32_t)flat_element(blocks, i, 24, 8, 4);
        place->body = flat_element(blocks, i, 24, 16, 8);
        if (place->offset < 8 || place->offset % 8 != 0 || place->metadata <= 0 ||
            place->metadata % 8 != 0 || place->body < 0 || place->body % 8 != 0 ||
            place->offset > limit || place->metadata > limit - place->offset ||
            place->body > limit - place->offset - place->metadata)
            return fail(err, STATUS_FAILED,
                        "footer: block %zu of %d + %lld bytes at %lld lies outside of the file", i,
                        place->metadata, (long long)place->body, (long long)place->offset);
    }
    return STATUS_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = *(const struct place *const *)a, *y = *(const struct place *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Bytes between messages must be padding or the end marker: else a message is missing from the
 * footer. */
static enum status check_gap(struct input *input, int64_t first, int64_t end, struct err *err)
{
    uint8_t bytes[4096];
    while (first < end) {
        size_t part = end - first > (int64_t)sizeof bytes ? sizeof bytes : (size_t)(end - first);
        TRY(input_read_at(input, bytes, part, (uint64_t)first, err));
        for (size_t i = 0; i < part; i++)
            if (bytes[i] != 0 && bytes[i] != 0xff)
                return fail(err, STATUS_FAILED,
                            "there is a message at %lld that the footer leaves out",
                            (long long)first);
        first += (int64_t)part;
    }
    return STATUS_OK;
}

static enum status check_cover(struct input *input, const struct footer *footer, int64_t first,
                               int64_t end, struct err *err)
{
    size_t count = footer->dictionary_count + footer->batch_count;
    OWNED(memory_release) const struct place **order = NULL;
    TRY(NEW(&order, count, err));
    for (size_t i = 0; i < footer->dictionary_count; i++)
        order[i] = &footer->dictionaries[i];
    for (size_t i = 0; i < footer->batch_count; i++)
        order[footer->dictionary_count + i] = &footer->batches[i];
    if (count > 0) qsort(order, count, sizeof *order, compare_places);
    for (size_t i = 0; i < count; i++) {
        TRY(check_gap(input, first, order[i]->offset, err));
        int64_t after = order[i]->offset + order[i]->metadata + order[i]->body;
        if (after > first) first = after;
    }
    return check_gap(input, first, end, err);
}

/* The schema message at byte 8; *ret_end is the byte behind it. Polars puts it there without a
 * frame: then *ret_end is the first message the footer knows, and the footer's schema stands alone.
 */
static enum status check_first(struct input *input, const struct schema *schema, bool swap,
                               int64_t limit, int64_t *ret_end, struct err *err)
{
    OWNED(message_release) struct message message = {0};
    OWNED(buffer_unref) struct buffer metadata = {0};
    OWNED(schema_unref) struct schema *first = NULL;
    int32_t size = 0, head = 0;
    bool first_swap = false;
    enum status status = read_frame(input, 8, &size, &head, err);
    if (status == STATUS_OK && size > limit - 8 - head)
        status = fail(err, STATUS_FAILED, "metadata of %d bytes do not fit", size);
    if (status == STATUS_OK)
        status = read_at(input, (uint64_t)(8 + head), (size_t)size, &metadata, err);
    if (status == STATUS_OK) status = message_parse(&message, &metadata, err);
    *ret_end = limit;
    if (status != STATUS_OK && head == 4) return STATUS_OK;
    TRY(status);
    if (message.kind != MESSAGE_SCHEMA)
        return fail(err, STATUS_FAILED, "the first message is not a schema");
    TRY(schema_read(message.header, &first, &first_swap, err));
    if (swap != first_swap || !schema_equal(schema, first))
        return fail(err, STATUS_FAILED, "the footer has another schema than the first message");
    *ret_end = 8 + head + size;
    return STATUS_OK;
}

static int64_t first_place(const struct footer *footer, int64_t start)
{
    for (size_t i = 0; i < footer->dictionary_count; i++)
        if (footer->dictionaries[i].offset < start) start = footer->dictionaries[i].offset;
    for (size_t i = 0; i < footer->batch_count; i++)
        if (footer->batches[i].offset < start) start = footer->batches[i].offset;
    return start;
}

static enum status read_root(struct flat_table root, struct input *input, int64_t start,
                             struct footer *ret, struct schema **ret_schema, bool *ret_swap,
                             struct err *err)
{
    int64_t end = 0, version = flat_integer(root, 0, 2, 0);
    struct flat_table schema = flat_child(root, 1);
    TRY(flat_check(root.flat, err));
    if (!flat_present(schema)) return fail(err, STATUS_FAILED, "footer: the schema is missing");
    /* Writers before 0.15 left the version out. */
    if (version != 0 && version != METADATA_V4 && version != METADATA_V5)
        return fail(err, STATUS_FAILED, "footer: metadata version V%lld is not known",
                    (long long)version + 1);
    TRY(schema_read(schema, ret_schema, ret_swap, err));
    TRY(read_places(root, 2, start, ret->arena, &ret->dictionaries, &ret->dictionary_count, err));
    TRY(read_places(root, 3, start, ret->arena, &ret->batches, &ret->batch_count, err));
    TRY(metadata_read(root, 4, ret->arena, &ret->metadata, err));
    TRY(check_first(input, *ret_schema, *ret_swap, first_place(ret, start), &end, err));
    return check_cover(input, ret, end, start, err);
}

enum status footer_read(struct input *input, struct footer *ret, struct schema **ret_schema,
                        bool *ret_swap, struct err *err)
{
    int64_t start = 0;
    int32_t size = 0;
    OWNED(buffer_unref) struct buffer bytes = {0};
    TRY(find_footer(input, &start, &size, err));
    TRY(read_at(input, (uint64_t)start, (size_t)size, &bytes, err));
    TRY(arena_open(&ret->arena, err));
    struct flat flat = flat_open(bytes.data, bytes.size);
    return read_root(flat_root(&flat), input, start, ret, ret_schema, ret_swap, err);
}

void footer_release(struct footer *footer)
{
    arena_close(&footer->arena);
}
