/* columnar/flat_read.h: reads FlatBuffers that nobody vouches for: every offset is checked when it
 * is followed (FlatBuffers internals: tables, vtables, vectors, strings). Private to columnar/.
 *
 * The first thing wrong is kept in `problem`; from then on everything reads as absent, so that a
 * caller may read a whole table and ask once with flat_check(). */
#ifndef COLUMNAR_FLAT_READ_H
#define COLUMNAR_FLAT_READ_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct flat {
    const uint8_t *data;
    size_t size;
    size_t visits; /* tables still allowed: offset loops would make exponential walks */
    const char *problem;
};
struct flat_table {
    struct flat *flat;
    size_t place, size;         /* of the table */
    size_t vtable, vtable_size; /* 0 = absent table */
};
struct flat_vector {
    struct flat *flat;
    size_t place; /* of the first element */
    size_t count;
};

struct flat flat_open(const uint8_t *data, size_t size);
struct flat_table flat_root(struct flat *flat);
/* STATUS_FAILED naming the first problem. */
MUST_CHECK enum status flat_check(const struct flat *flat, struct err *err);

bool flat_has(struct flat_table table, int slot);
int64_t flat_integer(struct flat_table table, int slot, size_t width, int64_t absent);
bool flat_bool(struct flat_table table, int slot);
/* data NULL where absent; NUL-terminated otherwise. */
struct str flat_string(struct flat_table table, int slot);
struct flat_table flat_child(struct flat_table table, int slot);
static inline bool flat_present(struct flat_table table)
{
    return table.vtable_size > 0;
}
/* Elements of `width` bytes (4 for tables and strings), aligned to `alignment`. */
struct flat_vector flat_vector(struct flat_table table, int slot, size_t width, size_t alignment);
struct flat_table flat_item(struct flat_vector vector, size_t index);
/* An integer of a vector of structs or scalars: element, element width, byte within, width. */
int64_t flat_element(struct flat_vector vector, size_t index, size_t element, size_t byte,
                     size_t width);

#endif
