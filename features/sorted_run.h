/* features/sorted_run.h: rows put aside in an unlinked temporary file (mode 0600).
 *
 * All runs of a sort share one file. Each batch is a complete Arrow IPC stream (zstd, frame
 * checksum) whose place is kept in memory. */
#ifndef FEATURES_SORTED_RUN_H
#define FEATURES_SORTED_RUN_H

#include "columnar/array.h"

struct spill_file {
    int descriptor; /* -1 = not there yet */
    uint64_t end;
};

struct sorted_run;
/* Opens the file when it is the first run. Borrows it. */
MUST_CHECK enum status sorted_run_open(struct sorted_run **ret, struct spill_file *file,
                                       struct err *err);
/* Rows a batch of a run should have when `rows` rows take `bytes` bytes: about 64 KiB. */
int64_t sorted_run_batch(uint64_t bytes, uint64_t rows);
MUST_CHECK enum status sorted_run_add(struct sorted_run *run, const struct batch *batch,
                                      struct err *err);
/* The next batch from the beginning on; *ret_end true and no batch at the end. */
MUST_CHECK enum status sorted_run_next(struct sorted_run *run, struct batch *ret, bool *ret_end,
                                       struct err *err);
/* sorted_run_next begins again. */
void sorted_run_rewind(struct sorted_run *run);
/* Batch number `at`; any thread. */
MUST_CHECK enum status sorted_run_read(const struct sorted_run *run, size_t at, struct batch *ret,
                                       struct err *err);
size_t sorted_run_count(const struct sorted_run *run);
/* sorted_run_add in two steps: encode on any thread, put on one. */
MUST_CHECK enum status sorted_run_encode(const struct batch *batch, struct bytes *ret,
                                         struct err *err);
MUST_CHECK enum status sorted_run_put(struct sorted_run *run, const struct bytes *encoded,
                                      struct err *err);
void sorted_run_close(struct sorted_run **run);

#endif
