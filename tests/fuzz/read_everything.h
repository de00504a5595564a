/* tests/fuzz/read_everything.h: reads Arrow data to the end and uses every value of it. */
#ifndef TESTS_FUZZ_READ_EVERYTHING_H
#define TESTS_FUZZ_READ_EVERYTHING_H

#include "base/err.h"

#include <stdint.h>

/* Digest, statistics, slices, rows taken and joined, and the text of every value. */
enum status read_everything(const uint8_t *data, size_t size, struct err *err);

#endif
