/* clean/spill.c: bytes that may outgrow the memory. */
#include "clean/spill.h"

#include "base/memory.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFER_LEAST (64u << 10)

struct spill {
    uint8_t *held;
    size_t size, room, limit; /* of held */
    int descriptor;           /* -1 while everything is in memory */
    uint64_t written;
    void *map;
};

enum status spill_open(struct spill **ret, size_t limit, struct err *err)
{
    struct spill *spill;
    TRY(NEW(&spill, 1, err));
    spill->limit = limit < BUFFER_LEAST ? BUFFER_LEAST : limit;
    spill->descriptor = -1;
    *ret = spill;
    return STATUS_OK;
}

static enum status flush(struct spill *spill, struct err *err)
{
    if (spill->descriptor < 0) {
        TRY(temporary_open(&spill->descriptor, err));
        /* From here on the memory is a write buffer only. */
        TRY(write_all(spill->descriptor, spill->held, spill->size, err));
        spill->written = spill->size;
        spill->size = 0;
        uint8_t *smaller = memory_resize(spill->held, BUFFER_LEAST, 1);
        if (smaller == NULL) return fail_memory(err, BUFFER_LEAST);
        spill->held = smaller;
        spill->room = BUFFER_LEAST;
        return STATUS_OK;
    }
    TRY(write_all(spill->descriptor, spill->held, spill->size, err));
    spill->written += spill->size;
    spill->size = 0;
    return STATUS_OK;
}

static enum status grow(struct spill *spill, size_t wanted, struct err *err)
{
    size_t room = spill->room == 0 ? BUFFER_LEAST : spill->room;
    while (room < wanted)
        room *= 2;
    if (room > spill->limit) room = spill->limit;
    uint8_t *grown = memory_resize(spill->held, room, 1);
    if (grown == NULL) return fail_memory(err, room);
    spill->held = grown;
    spill->room = room;
    return STATUS_OK;
}

enum status spill_add(struct spill *spill, const void *data, size_t size, struct err *err)
{
    if (size == 0) return STATUS_OK;
    if (spill->size + size > spill->room) {
        bool memory = spill->descriptor < 0 && spill->size + size <= spill->limit;
        if (memory)
            TRY(grow(spill, spill->size + size, err));
        else if (spill->size > 0)
            TRY(flush(spill, err));
    }
    if (size > spill->room) {
        if (spill->room == 0) TRY(grow(spill, BUFFER_LEAST, err));
        if (spill->descriptor < 0) TRY(flush(spill, err));
        if (size > spill->room) {
            TRY(write_all(spill->descriptor, data, size, err));
            spill->written += size;
            return STATUS_OK;
        }
    }
    if (size > 0) memcpy(spill->held + spill->size, data, size);
    spill->size += size;
    return STATUS_OK;
}

uint64_t spill_size(const struct spill *spill)
{
    return spill->written + spill->size;
}

bool spill_is_file(const struct spill *spill)
{
    return spill->descriptor >= 0;
}

enum status spill_freeze(struct spill *spill, const void **ret, struct err *err)
{
    if (spill->descriptor < 0) {
        *ret = spill->held;
        return STATUS_OK;
    }
    TRY(flush(spill, err));
    void *map = mmap(NULL, spill->written, PROT_READ, MAP_SHARED, spill->descriptor, 0);
    if (map == MAP_FAILED) return fail_errno(err, errno, "mapping a temporary file");
    spill->map = map;
    *ret = map;
    return STATUS_OK;
}

void spill_close(struct spill **spill)
{
    if (*spill == NULL) return;
    if ((*spill)->map != NULL) munmap((*spill)->map, (*spill)->written);
    descriptor_close(&(*spill)->descriptor);
    memory_free((*spill)->held);
    memory_free(*spill);
    *spill = NULL;
}

enum status scratch_open(struct scratch *ret, size_t size, size_t limit, struct err *err)
{
    *ret = (struct scratch){.size = size};
    if (size <= limit) {
        ret->data = memory_get(size, 1);
        return ret->data == NULL ? fail_memory(err, size) : STATUS_OK;
    }
    OWNED(descriptor_close) int descriptor = -1;
    TRY(temporary_open(&descriptor, err));
    int error = posix_fallocate(descriptor, 0, (off_t)size);
    if (error != 0) return fail_errno(err, error, "reserving %zu bytes of a temporary file", size);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) return fail_errno(err, errno, "mapping a temporary file");
    ret->data = map;
    ret->mapped = true;
    return STATUS_OK;
}

void scratch_release(struct scratch *scratch)
{
    if (scratch->mapped)
        munmap(scratch->data, scratch->size);
    else
        memory_free(scratch->data);
    *scratch = (struct scratch){0};
}
