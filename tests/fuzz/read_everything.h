/* tests/fuzz/read_everything.h: reads Arrow data to the end and uses every value of it. */
#ifndef TESTS_FUZZ_READ_EVERYTHING_H
#define TESTS_FUZZ_READ_EVERYTHING_H

#include "base/err.h"

#include <stdint.h>

/* Digest, statistics, slices, rows taken and joined, the text of every value; then what was read is
 * written and read again, and aborts where that is refused or has another digest. */
enum status read_everything(const uint8_t *data, size_t size, struct err *err);

#endif
