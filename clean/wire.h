/* clean/wire.h: values as bytes and back, by one function for both directions.
 *
 * A `carry` function names the members of a struct once; whether they are written or read is a
 * matter of the wire. Reading trusts nothing: a count never exceeds what is left. Numbers are
 * little-endian as they lie in memory: what is written on one machine is read on any other of our
 * processors. */
#ifndef CLEAN_WIRE_H
#define CLEAN_WIRE_H

#include "base/memory.h"
#include "base/str.h"

struct wire {
    bool reading;
    struct bytes *to;    /* writing */
    const uint8_t *from; /* reading: */
    size_t size, at;
};
static inline struct wire wire_to(struct bytes *bytes)
{
    return (struct wire){.to = bytes};
}
static inline struct wire wire_from(const void *data, size_t size)
{
    return (struct wire){.reading = true, .from = data, .size = size};
}

/* `size` bytes at `value`. */
MUST_CHECK enum status wire_raw(struct wire *wire, void *value, size_t size, struct err *err);
/* A plain variable. */
#define WIRE(wire, variable, err) wire_raw((wire), (variable), sizeof *(variable), (err))
/* *count items of `size` bytes; `items` is the address of their pointer. Reading makes them with
 * memory_get, NULL for none. */
MUST_CHECK enum status wire_items(struct wire *wire, void *pointer_to_items, size_t *count,
                                  size_t size, struct err *err);
#define WIRE_ITEMS(wire, items, count, err)                                                        \
    wire_items((wire), (items), (count), sizeof **(items), (err))
/* The same where the count is known to both sides: nothing but whether there are any is said. */
MUST_CHECK enum status wire_known(struct wire *wire, void *pointer_to_items, size_t count,
                                  size_t size, struct err *err);
#define WIRE_KNOWN(wire, items, count, err)                                                        \
    wire_known((wire), (items), (count), sizeof **(items), (err))
/* How many follow, each at least `least` bytes long. */
MUST_CHECK enum status wire_count(struct wire *wire, size_t *count, size_t least, struct err *err);
/* Bytes that may be absent (data NULL). Reading borrows them. */
MUST_CHECK enum status wire_str(struct wire *wire, struct str *text, struct err *err);
/* A NUL-terminated text that may be NULL. Reading makes it with memory_get. */
MUST_CHECK enum status wire_text(struct wire *wire, char **text, struct err *err);
/* Whether a number that was read can be a count of rows, cells or bytes of a window: so many of
 * them can be added up. */
static inline bool wire_is_count(int64_t count)
{
    return count >= 0 && count <= (int64_t)1 << 40;
}
/* Whether the byte that was read into a bool is one. */
static inline bool wire_is_bool(const bool *flag)
{
    return *(const uint8_t *)flag <= 1;
}
/* STATUS_FAILED unless everything was read. */
MUST_CHECK enum status wire_end(const struct wire *wire, struct err *err);

#endif
