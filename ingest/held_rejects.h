/* ingest/held_rejects.h: rejects that wait until it is certain that their run counts. */
#ifndef INGEST_HELD_REJECTS_H
#define INGEST_HELD_REJECTS_H

#include "lineage/stage.h"

#define HELD_BYTES_MAXIMUM (8u << 20)

struct held_rejects {
    struct arena *arena;
    struct reject *items;
    size_t count, room, bytes;
};
/* Copies the reject, texts and all. *ret_kept false when there is no room for more. */
MUST_CHECK enum status held_rejects_add(struct held_rejects *held, const struct reject *reject,
                                        bool *ret_kept, struct err *err);
void held_rejects_release(struct held_rejects *held);

#endif
