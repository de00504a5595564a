/* ingest/sliding.h: the bytes of a file from front to back, of which the first ones are handed on
 * piece by piece. For cutters. */
#ifndef INGEST_SLIDING_H
#define INGEST_SLIDING_H

#include "base/digest.h"
#include "base/input.h"

#define SLIDING_READ_BYTES (256u << 10)

struct sliding {
    struct input *input;       /* borrowed: regular file or spool */
    struct digester *digester; /* borrowed; gets every byte that is read; NULL = none */
    uint64_t position, end;    /* next byte to read; size of the file */
    uint8_t *data;             /* read and not yet handed on */
    size_t size, room;
    uint64_t offset; /* of data[0] in the file */
};

void sliding_open(struct sliding *ret, struct input *input, uint64_t offset,
                  struct digester *digester);
/* Only the bytes from `begin` to `end`, before the first one is read. */
void sliding_confine(struct sliding *sliding, uint64_t begin, uint64_t end);
bool sliding_at_end(const struct sliding *sliding);
/* Reads on: as much again as there is behind `from`, at least SLIDING_READ_BYTES, so that whoever
 * looks again from there on looks at each byte twice at most. */
MUST_CHECK enum status sliding_more(struct sliding *sliding, size_t from, struct err *err);
/* Reads on up to byte `to` of the file, or its end; takes no more room than that. */
MUST_CHECK enum status sliding_until(struct sliding *sliding, uint64_t to, struct err *err);
/* Hands on the first `size` bytes (> 0): *ret_data from memory_get. The rest stays. */
MUST_CHECK enum status sliding_take(struct sliding *sliding, size_t size, uint8_t **ret_data,
                                    struct err *err);
/* Forgets the first `size` bytes. */
void sliding_drop(struct sliding *sliding, size_t size);
void sliding_close(struct sliding *sliding);

#endif
