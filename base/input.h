/* base/input.h: where bytes come from: stdin, a file, or memory, with a digest on the way. */
#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct input;

/* path NULL or "-" is stdin. A directory or a missing file is an error with a hint. */
MUST_CHECK enum status input_open(struct input **ret, const char *path, struct err *err);
/* Borrows the bytes until input_close. */
MUST_CHECK enum status input_from_memory(struct input **ret, const void *data, size_t size,
                                         const char *name, struct err *err);
/* Takes the descriptor and reads it from offset 0 (a spool). */
MUST_CHECK enum status input_from_descriptor(struct input **ret, int descriptor, const char *name,
                                             struct err *err);
/* Borrows the descriptor: bytes offset ... offset + size - 1 of a regular file that nobody else
 * writes to (a spool) are all there is. */
MUST_CHECK enum status input_from_part(struct input **ret, int descriptor, uint64_t offset,
                                       uint64_t size, const char *name, struct err *err);
/* The same of another input with random access, which must stay open. */
MUST_CHECK enum status input_part(struct input **ret, const struct input *whole, uint64_t offset,
                                  uint64_t size, const char *name, struct err *err);

/* Bytes that are made on the way: unpacked, or sent by a server. */
struct input_stream {
    /* As input_read; called once more after an error or the end only to get the same again. */
    enum status (*read)(void *context, void *ret, size_t room, size_t *ret_size, struct err *err);
    void (*close)(void *context);
};
/* Takes the context, also on failure. */
MUST_CHECK enum status input_from_stream(struct input **ret, const struct input_stream *stream,
                                         void *context, const char *name, struct err *err);

/* Up to `room` bytes; *ret_size 0 only at the end. */
MUST_CHECK enum status input_read(struct input *input, void *ret, size_t room, size_t *ret_size,
                                  struct err *err);
/* Exactly `size` bytes, or STATUS_FAILED "ends after N of M bytes". */
MUST_CHECK enum status input_read_exact(struct input *input, void *ret, size_t size,
                                        struct err *err);
/* Up to `room` bytes without consuming them (room at most 64 KiB). */
MUST_CHECK enum status input_peek(struct input *input, void *ret, size_t room, size_t *ret_size,
                                  struct err *err);
/* Random access; only where input_size() >= 0. Does not move the reading position. */
MUST_CHECK enum status input_read_at(struct input *input, void *ret, size_t size, uint64_t offset,
                                     struct err *err);
/* Bytes of a regular file or memory, -1 for a pipe. */
int64_t input_size(const struct input *input);
uint64_t input_position(const struct input *input);
/* Whether nobody else can change the bytes: memory, or a spool. */
bool input_is_private(const struct input *input);
/* For mapping a regular file from its first byte on; -1 for everything else. */
int input_descriptor(const struct input *input);
/* The name as shown to people: the path, or "stdin". */
const char *input_name(const struct input *input);
void input_close(struct input **input);

#endif
