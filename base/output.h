/* base/output.h: where bytes go: stdout (checked), or a file that appears whole or not at all.
 *
 * A file is written under a temporary name in the same directory, fsynced and renamed by
 * output_commit(); closing without a commit removes it. Stdout cannot be taken back: a failing
 * stage simply never writes its end marker. */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct output;

/* path NULL or "-" is stdout. */
MUST_CHECK enum status output_open(struct output **ret, const char *path, struct err *err);
/* Appends to `bytes` (within its limit), which outlives the output; unbuffered. */
MUST_CHECK enum status output_to_memory(struct output **ret, struct bytes *bytes, struct err *err);
/* Writes everything or fails: STATUS_DOWNSTREAM when the reader is gone. Buffered. */
MUST_CHECK enum status output_write(struct output *output, const void *data, size_t size,
                                    struct err *err);
/* Bytes accepted so far. */
uint64_t output_position(const struct output *output);
bool output_is_terminal(const struct output *output);
/* Hands every buffered byte to the system (no fsync). */
MUST_CHECK enum status output_flush(struct output *output, struct err *err);
/* stdout: flush. File: flush, fsync, rename, fsync of the directory. */
MUST_CHECK enum status output_commit(struct output *output, struct err *err);
/* Removes an uncommitted file. */
void output_close(struct output **output);

/* An unlinked temporary file, mode 0600, in $TMPDIR or /tmp, read back by pread or mmap. */
MUST_CHECK enum status temporary_open(int *ret_descriptor, struct err *err);
/* write(2)/pwrite(2)/pread(2) until done; interrupted calls are resumed. */
MUST_CHECK enum status write_all(int descriptor, const void *data, size_t size, struct err *err);
MUST_CHECK enum status pwrite_all(int descriptor, const void *data, size_t size, uint64_t offset,
                                  struct err *err);
MUST_CHECK enum status pread_all(int descriptor, void *ret, size_t size, uint64_t offset,
                                 struct err *err);
/* fsync of a directory by path, so that a rename or link in it is durable. */
MUST_CHECK enum status directory_sync(const char *path, struct err *err);
void descriptor_close(int *descriptor); /* for OWNED; -1 = none */

#endif
