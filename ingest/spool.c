/* ingest/spool.c: an unlinked temporary file that takes what cannot be read at a place. */
#include "ingest/spool.h"

#include "base/command.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/parallel.h"

#define BLOCK_BYTES (1u << 20)

enum status spool_add(struct spool *spool, const void *data, size_t size, struct err *err)
{
    if (spool->descriptor < 0) TRY(temporary_open(&spool->descriptor, err));
    enum status status = pwrite_all(spool->descriptor, data, size, spool->size, err);
    if (status == STATUS_OK) {
        spool->size += size;
        return STATUS_OK;
    }
    (void)fail_within(err, status, "temporary file");
    err_hint(err, "set TMPDIR to a folder with room");
    return status;
}

/* ---- reading on one thread, writing on another ---- */

struct copy {
    struct spool *spool;
    struct input *input;
};
struct block {
    size_t size;
    uint8_t data[BLOCK_BYTES];
};

static void drop_block(void *context, void *item)
{
    (void)context;
    memory_free(item);
}

static enum status pull_block(void *context, void **ret, struct err *err)
{
    struct copy *copy = context;
    OWNED(memory_release) struct block *block = memory_get_raw(1, sizeof *block);
    if (block == NULL) return fail_memory(err, sizeof *block);
    block->size = 0;
    *ret = NULL;
    for (size_t got = 1; got > 0 && block->size < BLOCK_BYTES; block->size += got) {
        TRY(interrupted(err));
        TRY(input_read(copy->input, block->data + block->size, BLOCK_BYTES - block->size, &got,
                       err));
    }
    if (block->size == 0) return STATUS_OK;
    *ret = block;
    block = NULL;
    return STATUS_OK;
}

static enum status leave_block(void *context, void *item, struct err *err)
{
    (void)context;
    (void)item;
    (void)err;
    return STATUS_OK;
}

static enum status push_block(void *context, void *item, struct err *err)
{
    struct copy *copy = context;
    struct block *block = item;
    enum status status = spool_add(copy->spool, block->data, block->size, err);
    memory_free(block);
    return status;
}

enum status spool_fill(struct spool *spool, struct input *input, struct err *err)
{
    struct copy copy = {spool, input};
    const struct ordered ordered = {
        .threads = 2,
        .in_flight = 4,
        .context = &copy,
        .pull = pull_block,
        .work = leave_block,
        .push = push_block,
        .drop = drop_block,
    };
    return ordered_run(&ordered, err);
}

enum status spool_rest(const struct spool *spool, uint64_t offset, const char *name,
                       struct input **ret, struct err *err)
{
    return input_from_part(ret, spool->descriptor, offset, spool->size - offset, name, err);
}

void spool_close(struct spool *spool)
{
    if (spool->descriptor >= 0) descriptor_close(&spool->descriptor);
    *spool = SPOOL_NONE;
}
