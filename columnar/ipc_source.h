/* columnar/ipc_source.h: messages as bytes, from a pipe or out of a file. Private to columnar/. */
#ifndef COLUMNAR_IPC_SOURCE_H
#define COLUMNAR_IPC_SOURCE_H

#include "columnar/ipc_message.h"

/* The next message of a stream with its body; *ret_end at the end-of-stream marker. */
MUST_CHECK enum status source_next(struct input *input, struct message *ret, bool *ret_end,
                                   struct err *err);

/* Where a message lies in a file, as the footer says. */
struct place {
    int64_t offset, body;
    int32_t metadata;
};
/* A file's footer, checked against the file's size and its first message. */
struct footer {
    struct place *dictionaries, *batches;
    size_t dictionary_count, batch_count;
    struct metadata metadata;
    struct arena *arena; /* owns all of it */
};
/* `input` has a size and begins with the magic. The schema is the footer's. */
MUST_CHECK enum status footer_read(struct input *input, struct footer *ret,
                                   struct schema **ret_schema, bool *ret_swap, struct err *err);
/* Maps a regular file whole; *ret stays empty where that is not possible. */
MUST_CHECK enum status source_map(struct input *input, struct buffer *ret, struct err *err);
/* The message at a place; its own sizes must be those of the footer. `map` (may be empty) is the
 * whole file in memory: the body then shares it. */
MUST_CHECK enum status source_at(struct input *input, const struct place *place,
                                 const struct buffer *map, struct message *ret, struct err *err);
void footer_release(struct footer *footer);

#endif
