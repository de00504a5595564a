/* ingest/sliding.c: the bytes of a file from front to back, handed on piece by piece. */
#include "ingest/sliding.h"

#include "base/memory.h"

#include <string.h>

void sliding_open(struct sliding *ret, struct input *input, uint64_t offset,
                  struct digester *digester)
{
    *ret = (struct sliding){
        .input = input,
        .digester = digester,
        .position = offset,
        .offset = offset,
        .end = (uint64_t)input_size(input),
    };
}

void sliding_confine(struct sliding *sliding, uint64_t begin, uint64_t end)
{
    if (end < sliding->end) sliding->end = end;
    sliding->position = sliding->offset = begin < sliding->end ? begin : sliding->end;
}

bool sliding_at_end(const struct sliding *sliding)
{
    return sliding->position >= sliding->end;
}

/* Room for `room` bytes. The old and the new place are held at once, so not too much of it. */
static enum status grow(struct sliding *sliding, size_t room, struct err *err)
{
    if (room <= sliding->room) return STATUS_OK;
    uint8_t *data = memory_resize(sliding->data, room, 1);
    if (data == NULL) return fail_memory(err, room);
    sliding->data = data;
    sliding->room = room;
    return STATUS_OK;
}

static enum status read_on(struct sliding *sliding, size_t more, struct err *err)
{
    uint8_t *to = sliding->data + sliding->size;
    TRY(input_read_at(sliding->input, to, more, sliding->position, err));
    if (sliding->digester != NULL) digester_add(sliding->digester, to, more);
    sliding->size += more;
    sliding->position += more;
    return STATUS_OK;
}

enum status sliding_until(struct sliding *sliding, uint64_t to, struct err *err)
{
    if (to > sliding->end) to = sliding->end;
    if (to <= sliding->position) return STATUS_OK;
    size_t more = (size_t)(to - sliding->position);
    TRY(grow(sliding, sliding->size + more, err));
    return read_on(sliding, more, err);
}

enum status sliding_more(struct sliding *sliding, size_t from, struct err *err)
{
    size_t more = sliding->size - from;
    if (more < SLIDING_READ_BYTES) more = SLIDING_READ_BYTES;
    if (more > sliding->end - sliding->position) more = (size_t)(sliding->end - sliding->position);
    if (sliding->size + more > sliding->room)
        TRY(grow(sliding, sliding->size + more + sliding->room / 2, err));
    return read_on(sliding, more, err);
}

enum status sliding_take(struct sliding *sliding, size_t size, uint8_t **ret_data, struct err *err)
{
    size_t rest = sliding->size - size;
    size_t room = rest + size + SLIDING_READ_BYTES; /* the next piece will be about as large */
    if (room < sliding->room && sliding->room / 2 < room) room = sliding->room;
    uint8_t *data = memory_get_raw(room, 1);
    if (data == NULL) return fail_memory(err, room);
    if (rest > 0) memcpy(data, sliding->data + size, rest);
    *ret_data = sliding->data;
    sliding->data = data;
    sliding->room = room;
    sliding->size = rest;
    sliding->offset += size;
    return STATUS_OK;
}

void sliding_drop(struct sliding *sliding, size_t size)
{
    if (size == 0) return;
    memmove(sliding->data, sliding->data + size, sliding->size - size);
    sliding->size -= size;
    sliding->offset += size;
}

void sliding_close(struct sliding *sliding)
{
    memory_free(sliding->data);
    *sliding = (struct sliding){0};
}
