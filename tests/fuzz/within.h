/* tests/fuzz/within.h: what every reader of hostile bytes promises: refused with a reason or read,
 * and no memory kept. */
#ifndef TESTS_FUZZ_WITHIN_H
#define TESTS_FUZZ_WITHIN_H

#include "base/err.h"
#include "fuzz.h"

/* Runs `read` within 256 MiB. Aborts on a failure without a message or memory still in use; the
 * first call may fill caches of the libraries. */
int fuzz_within(enum status (*read)(const uint8_t *data, size_t size, struct err *err),
                const uint8_t *data, size_t size);
/* The bytes as a file, always the same one, for readers that take a path; in memory only. */
const char *fuzz_path(const uint8_t *data, size_t size);
/* A descriptor of that file. The caller closes it. */
int fuzz_descriptor(const uint8_t *data, size_t size);

#endif
