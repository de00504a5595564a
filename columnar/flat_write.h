/* columnar/flat_write.h: writes FlatBuffers front to back: parents first, then their children,
 * whose offsets are filled in when they are placed. Private to columnar/. */
#ifndef COLUMNAR_FLAT_WRITE_H
#define COLUMNAR_FLAT_WRITE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

#define FLAT_REFERENCE 0xff

/* One slot of a table: width 0 = absent, 1, 2, 4, 8 = a number, FLAT_REFERENCE = an offset whose
 * place is put into `place` by flat_put_table. */
struct flat_slot {
    uint8_t width;
    int64_t value;
    size_t place;
};

struct flat_writer {
    struct bytes out;
};
MUST_CHECK enum status flat_begin(struct flat_writer *writer, struct err *err);
/* Appends a table; *ret_place is where it begins. */
MUST_CHECK enum status flat_put_table(struct flat_writer *writer, struct flat_slot *slots,
                                      size_t count, size_t *ret_place, struct err *err);
/* Appends a vector of count zeroed elements; *ret_first is the place of the first. */
MUST_CHECK enum status flat_put_vector(struct flat_writer *writer, size_t count, size_t width,
                                       size_t alignment, size_t *ret_place, size_t *ret_first,
                                       struct err *err);
MUST_CHECK enum status flat_put_string(struct flat_writer *writer, struct str text,
                                       size_t *ret_place, struct err *err);
/* Stores the offset from `at` to `target`. */
void flat_point(struct flat_writer *writer, size_t at, size_t target);
/* Stores a number into a vector element. */
void flat_store(struct flat_writer *writer, size_t at, size_t width, int64_t value);
void flat_release(struct flat_writer *writer);

#endif
