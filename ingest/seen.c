/* ingest/seen.c: a set of digests (open addressing; a digest is its own hash). */
#include "ingest/seen.h"

#include "base/memory.h"

#include <string.h>

static const struct digest none;

static struct digest *slot_of(struct digest *slots, size_t room, const struct digest *digest)
{
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    for (size_t at = hash & (room - 1);; at = (at + 1) & (room - 1)) {
        bool is_free = memcmp(&slots[at], &none, sizeof none) == 0;
        if (is_free || memcmp(&slots[at], digest, sizeof *digest) == 0) return &slots[at];
    }
}

static enum status grow(struct seen *seen, struct err *err)
{
    size_t room = seen->room == 0 ? 256 : seen->room * 2;
    struct digest *slots;
    TRY(NEW(&slots, room, err));
    for (size_t i = 0; i < seen->room; i++)
        if (memcmp(&seen->slots[i], &none, sizeof none) != 0)
            *slot_of(slots, room, &seen->slots[i]) = seen->slots[i];
    memory_free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return STATUS_OK;
}

enum status seen_add(struct seen *seen, const struct digest *digest, bool *ret_new, struct err *err)
{
    if (seen->count * 2 >= seen->room) TRY(grow(seen, err));
    struct digest *slot = slot_of(seen->slots, seen->room, digest);
    *ret_new = memcmp(slot, &none, sizeof none) == 0;
    *slot = *digest;
    seen->count += *ret_new;
    return STATUS_OK;
}

void seen_release(struct seen *seen)
{
    memory_free(seen->slots);
    *seen = (struct seen){0};
}
