/* clean/shard_file.c: what a run over one shard leaves for the others, as a file. */
#include "clean/shard_file.h"

#include "base/input.h"
#include "base/output.h"

#include <stdio.h>

#define HEAD_BYTES_MAXIMUM ((size_t)256 << 20)
#define VERSION            1
static const char magic[] = "TAMIS-SHARD-STATE"; /* 17 bytes, and its NUL */

struct preamble {
    char magic[sizeof magic];
    uint16_t version;
    uint32_t head_bytes;
};
struct block_head {
    uint32_t kind, step; /* kind 0: the end, followed by the extent and the digest */
    int64_t window;
    uint64_t size;
};

/* ---- the head, in both directions ---- */

static enum status carry_schema(struct wire *wire, struct bytes *schema, struct err *err)
{
    struct str text = {(const char *)schema->data, schema->size};
    TRY(wire_str(wire, &text, err));
    if (!wire->reading) return STATUS_OK;
    *schema = bytes_limited(HEAD_BYTES_MAXIMUM);
    return bytes_append(schema, text.data, text.size, err);
}

static enum status carry_head(struct wire *wire, struct shard_head *head, struct err *err)
{
    TRY(WIRE(wire, &head->kind, err));
    TRY(WIRE(wire, &head->round, err));
    TRY(WIRE(wire, &head->index, err));
    TRY(WIRE(wire, &head->count, err));
    TRY(wire_text(wire, &head->run, err));
    TRY(wire_text(wire, &head->tool, err));
    TRY(WIRE(wire, &head->seed, err));
    TRY(WIRE(wire, &head->as_of, err));
    TRY(WIRE(wire, &head->recipe, err));
    TRY(wire_text(wire, &head->recipe_json, err));
    TRY(carry_schema(wire, &head->schema, err));
    TRY(WIRE(wire, &head->previous, err));
    TRY(WIRE(wire, &head->merged, err));
    TRY(WIRE(wire, &head->complete, err));
    TRY(WIRE(wire, &head->applied, err));
    TRY(WIRE_ITEMS(wire, &head->blind, &head->blind_count, err));
    TRY(WIRE_ITEMS(wire, &head->extents, &head->extent_count, err));
    return wire_end(wire, err);
}

void shard_head_release(struct shard_head *head)
{
    if (head == NULL) return;
    memory_free(head->run);
    memory_free(head->tool);
    memory_free(head->recipe_json);
    bytes_release(&head->schema);
    memory_free(head->extents);
    memory_free(head->blind);
    *head = (struct shard_head){0};
}

/* ---- the rows of a shard ---- */

static bool is_shard_key(struct str key)
{
    return str_is(key, SHARD_KEY) || str_is(key, FIRST_ROW_KEY) || str_is(key, PLAN_KEY);
}

/* The same for all shards, another one for another recipe or state. */
static struct digest digest_of_shards(const struct shard_head *head)
{
    struct digester digester;
    digester_begin(&digester);
    digester_add_field(&digester, head->run, strlen(head->run));
    digester_add_field(&digester, &head->recipe, sizeof head->recipe);
    digester_add_field(&digester, &head->previous, sizeof head->previous);
    return digester_end(&digester);
}

enum status shard_schema(const struct shard_head *head, const struct schema *schema,
                         struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *named = NULL;
    struct digest digest = digest_of_shards(head);
    char text[DIGEST_TEXT], shard[48];
    snprintf(shard, sizeof shard, "%lld/%lld", (long long)head->index, (long long)head->count);
    TRY(schema_new(&named, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(schema_add(named, &schema->fields[i], err));
    for (size_t i = 0; i < schema->metadata.count; i++) {
        const struct metadata_pair *pair = &schema->metadata.pairs[i];
        if (!is_shard_key(pair->key)) TRY(schema_add_metadata(named, pair->key, pair->value, err));
    }
    TRY(schema_set_metadata(named, SHARD_KEY, str_of(shard), err));
    TRY(schema_set_metadata(named, PLAN_KEY, str_of(digest_text(&digest, text)), err));
    *ret = named;
    named = NULL;
    return STATUS_OK;
}

/* ---- writing ---- */

struct shard_writer {
    struct output *output;
    struct shard_extent extent;
    struct digester digester;
};

static enum status put(struct shard_writer *writer, const void *data, size_t size, struct err *err)
{
    digester_add(&writer->digester, data, size);
    return output_write(writer->output, data, size, err);
}

enum status shard_create(struct shard_writer **ret, const char *path, struct shard_head *head,
                         struct err *err)
{
    OWNED(shard_writer_close) struct shard_writer *writer = NULL;
    OWNED(bytes_release) struct bytes bytes = bytes_limited(HEAD_BYTES_MAXIMUM);
    struct wire wire = wire_to(&bytes);
    TRY(carry_head(&wire, head, err));
    struct preamble preamble = {.version = VERSION, .head_bytes = (uint32_t)bytes.size};
    memcpy(preamble.magic, magic, sizeof magic);
    TRY(NEW(&writer, 1, err));
    digester_begin(&writer->digester);
    TRY(output_open(&writer->output, path, err));
    TRY(put(writer, &preamble, sizeof preamble, err));
    TRY(put(writer, bytes.data, bytes.size, err));
    if (head->extent_count == 1) writer->extent = head->extents[0];
    *ret = writer;
    writer = NULL;
    return STATUS_OK;
}

enum status shard_put(struct shard_writer *writer, uint32_t kind, size_t step, int64_t window,
                      const void *data, size_t size, struct err *err)
{
    struct block_head block = {kind, (uint32_t)step, window, size};
    TRY(put(writer, &block, sizeof block, err));
    return put(writer, data, size, err);
}

void shard_tell(struct shard_writer *writer, const struct shard_extent *extent)
{
    writer->extent = *extent;
}

enum status shard_commit(struct shard_writer *writer, struct err *err)
{
    struct block_head end = {.window = -1, .size = sizeof writer->extent};
    TRY(put(writer, &end, sizeof end, err));
    TRY(put(writer, &writer->extent, sizeof writer->extent, err));
    struct digest digest = digester_end(&writer->digester);
    TRY(output_write(writer->output, &digest, sizeof digest, err));
    return output_commit(writer->output, err);
}

void shard_writer_close(struct shard_writer **writer)
{
    if (*writer == NULL) return;
    output_close(&(*writer)->output);
    memory_free(*writer);
    *writer = NULL;
}

/* ---- reading ---- */

struct shard_file {
    char *path;
    struct input *input;
    struct shard_head head;
    uint64_t size, blocks; /* bytes in front of the digest; where the first block begins */
    uint64_t at;
    struct digest digest;
};

static enum status read_next(struct shard_file *file, void *ret, size_t size, struct err *err)
{
    if (size > file->size - file->at)
        return fail(err, STATUS_FAILED, "a block reaches behind the end");
    TRY(input_read_at(file->input, ret, size, file->at, err));
    file->at += size;
    return STATUS_OK;
}

static enum status read_preamble(struct shard_file *file, struct preamble *ret, struct err *err)
{
    int64_t size = input_size(file->input);
    if (size < 0) return fail(err, STATUS_USAGE, "found a pipe, expected a file");
    file->size = (uint64_t)size;
    if (file->size >= sizeof *ret + DIGEST_BYTES) {
        file->size -= DIGEST_BYTES;
        TRY(read_next(file, ret, sizeof *ret, err));
    }
    if (memcmp(ret->magic, magic, sizeof magic) != 0) {
        (void)fail(err, STATUS_FAILED, "found no state of a shard");
        err_hint(err, "tamis-clean fit --shard I/N and tamis-clean merge write them");
        return STATUS_FAILED;
    }
    if (ret->version == VERSION) return STATUS_OK;
    return fail(err, STATUS_FAILED, "found a state of version %d, expected %d", ret->version,
                VERSION);
}

static enum status read_head(struct shard_file *file, struct err *err)
{
    struct preamble preamble = {0};
    TRY(read_preamble(file, &preamble, err));
    if (preamble.head_bytes > file->size - file->at)
        return fail(err, STATUS_FAILED, "truncated in its head");
    OWNED(memory_release) uint8_t *data = memory_get_raw(preamble.head_bytes, 1);
    if (data == NULL) return fail_memory(err, preamble.head_bytes);
    TRY(read_next(file, data, preamble.head_bytes, err));
    struct wire wire = wire_from(data, preamble.head_bytes);
    file->blocks = file->at;
    TRY(carry_head(&wire, &file->head, err));
    size_t size = sizeof *file->head.extents;
    if (file->head.extent_count != 1 || file->head.kind == SHARD_MERGED) return STATUS_OK;
    if (file->size - file->at < size) return fail(err, STATUS_FAILED, "no rows at its end");
    return input_read_at(file->input, file->head.extents, size, file->size - size, err);
}

/* Before any of it is used. */
static enum status verify(struct shard_file *file, struct err *err)
{
    struct digester digester;
    struct digest found;
    uint8_t block[1 << 16];
    digester_begin(&digester);
    for (uint64_t at = 0; at < file->size;) {
        size_t size = file->size - at < sizeof block ? (size_t)(file->size - at) : sizeof block;
        TRY(input_read_at(file->input, block, size, at, err));
        digester_add(&digester, block, size);
        at += size;
    }
    file->digest = digester_end(&digester);
    TRY(input_read_at(file->input, &found, sizeof found, file->size, err));
    if (memcmp(&found, &file->digest, sizeof found) == 0) return STATUS_OK;
    (void)fail(err, STATUS_FAILED,
               "truncated or changed since it was written: its digest does not "
               "match");
    err_hint(err, "run that shard again; a state is whole or not there");
    return STATUS_FAILED;
}

static enum status open_file(struct shard_file *file, const char *path, struct err *err)
{
    struct preamble preamble = {0};
    file->path = memory_copy_text(path, strlen(path));
    if (file->path == NULL) return fail_memory(err, strlen(path));
    TRY(input_open(&file->input, path, err));
    TRY(read_preamble(file, &preamble, err));
    TRY(verify(file, err));
    file->at = 0;
    return read_head(file, err);
}

enum status shard_open(struct shard_file **ret, const char *path, struct err *err)
{
    OWNED(shard_close) struct shard_file *file = NULL;
    TRY(NEW(&file, 1, err));
    enum status status = open_file(file, path, err);
    if (status != STATUS_OK) return fail_within(err, status, "state \"%s\"", path);
    *ret = file;
    file = NULL;
    return STATUS_OK;
}

static enum status read_block(struct shard_file *file, struct shard_block *ret, bool *ret_end,
                              struct err *err)
{
    struct block_head head;
    *ret = (struct shard_block){0};
    TRY(read_next(file, &head, sizeof head, err));
    *ret_end = head.kind == 0;
    if (*ret_end) return STATUS_OK;
    if (head.size > file->size - file->at)
        return fail(err, STATUS_FAILED, "a block reaches behind the end");
    ret->kind = head.kind;
    ret->step = head.step;
    ret->window = head.window;
    ret->size = (size_t)head.size;
    if (ret->size == 0) return STATUS_OK;
    OWNED(memory_release) uint8_t *data = memory_get_raw(ret->size, 1);
    if (data == NULL) return fail_memory(err, ret->size);
    TRY(read_next(file, data, ret->size, err));
    ret->data = data;
    data = NULL;
    return STATUS_OK;
}

enum status shard_next(struct shard_file *file, struct shard_block *ret, bool *ret_end,
                       struct err *err)
{
    enum status status = read_block(file, ret, ret_end, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "state \"%s\"", file->path);
}

void shard_rewind(struct shard_file *file)
{
    file->at = file->blocks;
}

const struct shard_head *shard_head_of(const struct shard_file *file)
{
    return &file->head;
}

const char *shard_path(const struct shard_file *file)
{
    return file->path;
}

struct digest shard_digest(const struct shard_file *file)
{
    return file->digest;
}

int64_t shard_bytes(const struct shard_file *file)
{
    return (int64_t)file->size;
}

void shard_close(struct shard_file **file)
{
    if (*file == NULL) return;
    input_close(&(*file)->input);
    shard_head_release(&(*file)->head);
    memory_free((*file)->path);
    memory_free(*file);
    *file = NULL;
}
