/* chunk.c: writing, placing and reading chunk files.
 *
 * A chunk is written and fsynced under a temporary name and then linked: link(2) never replaces, so
 * of two writers with the same rows the first one's file stays, and a reader never sees half of it.
 * What already lies there is believed only after it was read. */
#include "lineage/chunk.h"

#include "lineage/store_state.h"

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (1u << 20)

/* ---- paths ---- */

char *chunk_path(const struct store *store, const char *digest)
{
    char name[DIGEST_TEXT + 32];

    snprintf(name, sizeof name, "chunks/%.2s/%s.arrow", digest, digest);
    return path_join(store->path, name);
}

static char *chunk_folder(const struct store *store, uint8_t first)
{
    char name[16];

    snprintf(name, sizeof name, "chunks/%02x", first);
    return path_join(store->path, name);
}

enum status chunk_sync(const struct store *store, uint8_t first, struct err *err)
{
    OWNED(memory_release) char *folder = chunk_folder(store, first);

    return folder == NULL ? fail_memory(err, 0) : directory_sync(folder, err);
}

/* ---- reading ---- */

enum status file_digest(const char *path, struct digest *ret, int64_t *ret_bytes, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(memory_release) uint8_t *piece = memory_get_raw(PIECE, 1);
    struct digester digester;
    size_t size = 0;

    if (piece == NULL) return fail_memory(err, PIECE);
    TRY(input_open(&input, path, err));
    digester_begin(&digester);
    do {
        TRY(input_read(input, piece, PIECE, &size, err));
        digester_add(&digester, piece, size);
    } while (size > 0);
    *ret = digester_end(&digester);
    *ret_bytes = (int64_t)input_position(input);
    return STATUS_OK;
}

static enum status read_one_batch(const char *path, size_t threads, const struct buffer *places,
                                  struct batch *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(batch_release) struct batch batch = {0}, more = {0};
    bool end = false;

    TRY(input_open(&input, path, err));
    TRY(ipc_reader_open(&reader, &input, threads, err));
    ipc_reader_place(reader, places);
    TRY(ipc_reader_next(reader, &batch, &end, err));
    ipc_reader_place(reader, NULL);
    if (end) return fail(err, STATUS_FAILED, "no record batch, expected one");
    TRY(ipc_reader_next(reader, &more, &end, err));
    if (!end) return fail(err, STATUS_FAILED, "more than one record batch, expected one");
    *ret = batch;
    batch = (struct batch){0};
    return STATUS_OK;
}

enum status chunk_read(const struct store *store, const char *digest, size_t threads,
                       const struct buffer *places, struct batch *ret, struct err *err)
{
    OWNED(memory_release) char *path = chunk_path(store, digest);

    if (path == NULL) return fail_memory(err, 0);
    enum status status = read_one_batch(path, threads, places, ret, err);
    if (status == STATUS_OK) return STATUS_OK;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        err_hint(err, "gc or forget may have taken it a moment ago: read the version again; if it "
                      "is still missing, tamis-features verify lists what is");
    else
        err_hint(err, "tamis-features verify lists every chunk that is missing or damaged");
    return fail_within(err, status, "chunk %s", digest);
}

/* Whether the file in a chunk's place holds the content of its name. */
static bool chunk_is_whole(const struct store *store, const struct digest *content)
{
    OWNED(batch_release) struct batch batch = {0};
    char digest[DIGEST_TEXT];
    struct digest found;

    return chunk_read(store, digest_text(content, digest), 1, NULL, &batch, NULL) == STATUS_OK &&
           content_digest(&batch, &found, NULL) == STATUS_OK &&
           memcmp(&found, content, sizeof found) == 0;
}

/* ---- writing ---- */

static enum status encode(const char *path, const struct schema *schema, const struct batch *batch,
                          struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct batch bare = *batch; /* borrowed: same columns under the bare schema */
    const struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};

    OWNED(schema_unref) struct schema *shared = schema_ref(schema);
    bare.schema = shared;
    bare.metadata = (struct metadata){0};
    TRY(output_open(&output, path, err));
    TRY(ipc_writer_open(&writer, output, schema, options, err));
    TRY(ipc_writer_add(writer, &bare, err));
    TRY(ipc_writer_finish(writer, err));
    return output_commit(output, err);
}

static enum status write_file(struct chunk *chunk, const char *temporary,
                              const struct schema *schema, const struct batch *batch,
                              struct err *err)
{
    chunk->temporary = memory_copy_text(temporary, strlen(temporary));
    if (chunk->temporary == NULL) return fail_memory(err, strlen(temporary));
    TRY(encode(temporary, schema, batch, err));
    return file_digest(temporary, &chunk->file, &chunk->bytes, err);
}

enum status chunk_write(struct chunk *ret, const struct store *store, const char *temporary,
                        const struct schema *schema, const struct batch *batch, struct err *err)
{
    OWNED(chunk_release) struct chunk chunk = {.rows = batch->rows, .column_count = schema->count};
    OWNED(memory_release) char *path = NULL;
    char digest[DIGEST_TEXT];

    TRY(NEW(&chunk.columns, schema->count + 1, err));
    TRY(batch_statistics(batch, chunk.columns, err));
    TRY(content_digest(batch, &chunk.content, err));
    path = chunk_path(store, digest_text(&chunk.content, digest));
    if (path == NULL) return fail_memory(err, 0);
    bool there = access(path, F_OK) == 0;
    chunk.replace = there && !chunk_is_whole(store, &chunk.content);
    if (there && !chunk.replace)
        TRY(file_digest(path, &chunk.file, &chunk.bytes, err));
    else
        TRY(write_file(&chunk, temporary, schema, batch, err));
    *ret = chunk;
    chunk = (struct chunk){0};
    return STATUS_OK;
}

/* ---- placing ---- */

static enum status make_folder(const struct store *store, uint8_t first, bool *ret_made,
                               struct err *err)
{
    OWNED(memory_release) char *folder = chunk_folder(store, first);

    if (folder == NULL) return fail_memory(err, 0);
    if (mkdir(folder, 0777) == 0)
        *ret_made = true;
    else if (errno != EEXIST)
        return fail_errno(err, errno, "folder \"%s\"", folder);
    return STATUS_OK;
}

static enum status link_file(struct chunk *chunk, const char *path, struct err *err)
{
    if (chunk->replace) {
        if (rename(chunk->temporary, path) != 0)
            return fail_errno(err, errno, "chunk \"%s\"", path);
        return STATUS_OK;
    }
    if (link(chunk->temporary, path) != 0) {
        if (errno != EEXIST) return fail_errno(err, errno, "chunk \"%s\"", path);
        TRY(file_digest(path, &chunk->file, &chunk->bytes,
                        err)); /* another writer's, the same rows */
    }
    unlink(chunk->temporary);
    return STATUS_OK;
}

enum status chunk_place(struct chunk *chunk, const struct store *store, bool *ret_made,
                        struct err *err)
{
    OWNED(memory_release) char *path = NULL;
    char digest[DIGEST_TEXT];

    if (chunk->temporary == NULL) return STATUS_OK;
    path = chunk_path(store, digest_text(&chunk->content, digest));
    if (path == NULL) return fail_memory(err, 0);
    TRY(make_folder(store, chunk->content.bytes[0], ret_made, err));
    TRY(link_file(chunk, path, err));
    memory_free(chunk->temporary);
    chunk->temporary = NULL;
    return STATUS_OK;
}

void chunk_release(struct chunk *chunk)
{
    if (chunk == NULL) return;
    if (chunk->temporary != NULL) unlink(chunk->temporary);
    memory_free(chunk->temporary);
    memory_free(chunk->columns);
    *chunk = (struct chunk){0};
}
