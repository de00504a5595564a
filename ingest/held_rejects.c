/* ingest/held_rejects.c: rejects that wait until it is certain that their run counts. */
#include "ingest/held_rejects.h"

#include "base/memory.h"

static enum status copy(struct held_rejects *held, struct str *text, struct err *err)
{
    if (text->data == NULL) return STATUS_OK;
    const char *copied = arena_text(held->arena, text->data, text->size);
    if (copied == NULL) return fail_memory(err, text->size);
    held->bytes += text->size + 1;
    text->data = copied;
    return STATUS_OK;
}

static enum status grow(struct held_rejects *held, struct err *err)
{
    size_t room = held->room == 0 ? 64 : held->room * 2;
    struct reject *items = memory_resize(held->items, room, sizeof *items);
    if (items == NULL) return fail_memory(err, room * sizeof *items);
    held->items = items;
    held->room = room;
    return STATUS_OK;
}

enum status held_rejects_add(struct held_rejects *held, const struct reject *reject, bool *ret_kept,
                             struct err *err)
{
    size_t more = sizeof *reject + reject->message.size + reject->raw.size;
    *ret_kept = held->bytes + more <= HELD_BYTES_MAXIMUM;
    if (!*ret_kept) return STATUS_OK;
    if (held->arena == NULL) TRY(arena_open(&held->arena, err));
    if (held->count == held->room) TRY(grow(held, err));
    struct reject *kept = &held->items[held->count];
    *kept = *reject; /* the other texts are constants of the run */
    TRY(copy(held, &kept->message, err));
    TRY(copy(held, &kept->raw, err));
    TRY(copy(held, &kept->value, err));
    TRY(copy(held, &kept->path, err));
    held->bytes += sizeof *kept;
    held->count++;
    return STATUS_OK;
}

void held_rejects_release(struct held_rejects *held)
{
    arena_close(&held->arena);
    memory_free(held->items);
    *held = (struct held_rejects){0};
}
