/* lineage/version.h: datasets and their immutable, numbered versions.
 *
 * A version is an ordered list of chunks; a chunk is one Arrow IPC file with one record batch,
 * named by its content digest, placed with link(2) and stored once. Data is durable before the
 * catalog row that names it. */
#ifndef LINEAGE_VERSION_H
#define LINEAGE_VERSION_H

#include "base/clock.h"
#include "base/digest.h"
#include "columnar/array.h"
#include "lineage/run.h"
#include "lineage/store.h"

struct version {
    char dataset[256];
    int64_t number;
    int64_t rows, chunks, bytes;
    struct digest digest; /* content_digester over all rows */
    char run_id[64];
    char created_at[TIME_TEXT];
};

/* ---- writing ---- */

struct version_writer;
/* Takes the kernel lock of the dataset when `exclusive` (--into); STATUS_BUSY names the holder. */
MUST_CHECK enum status version_writer_open(struct version_writer **ret, struct run *run,
                                           const char *dataset, const struct schema *schema,
                                           bool exclusive, struct err *err);
/* Splits what is over a chunk's limits, writes and fsyncs the chunk. In row order. */
MUST_CHECK enum status version_writer_add(struct version_writer *writer, const struct batch *batch,
                                          struct err *err);
/* The same in two steps, so that digests, statistics, compression and fsync run on many threads:
 * prepare on any thread in any order, put on one thread in row order. put takes the chunks. */
struct prepared;
MUST_CHECK enum status version_writer_prepare(struct version_writer *writer,
                                              const struct batch *batch, struct prepared **ret,
                                              struct err *err);
MUST_CHECK enum status version_writer_put(struct version_writer *writer, struct prepared **prepared,
                                          struct err *err);
void prepared_free(struct prepared **prepared);
/* Appends a chunk of another version without writing it again. It is read: the digest of a version
 * covers its rows, not its chunks. */
MUST_CHECK enum status version_writer_reuse(struct version_writer *writer, const char *chunk_digest,
                                            struct err *err);
/* One transaction: version, its chunks, edges stream:RUN -> version:DATASET@N. Fills ret. */
MUST_CHECK enum status version_writer_commit(struct version_writer *writer, struct version *ret,
                                             struct err *err);
/* The same where version `base` (0 = none) is still the latest of the dataset, with the edge from
 * it to stream:RUN. Where another one came meanwhile, *ret_done is false, nothing is visible and
 * the writer is of no more use: what it wrote was made from the wrong version (optimistic
 * concurrency control: Kung, Robinson, ACM TODS 6(2), 1981). */
MUST_CHECK enum status version_writer_commit_after(struct version_writer *writer, int64_t base,
                                                   struct version *ret, bool *ret_done,
                                                   struct err *err);
/* Instead of a commit: the rows written take the place of those of a version that exists, whose
 * number, run and time stay. `also` (may be NULL) is called in the same transaction with the
 * version as it is now. Only for a run that has the store alone (run_alone). */
MUST_CHECK enum status version_writer_replace(
    struct version_writer *writer, const struct version *old,
    enum status (*also)(void *context, const struct version *now, struct err *err), void *context,
    struct err *err);
void version_writer_close(struct version_writer **writer); /* uncommitted: nothing is visible */

/* ---- reading ---- */

/* "raw/orders", "raw/orders@3", "@prod", "@latest", "@2026-11-01T00:00:00Z"; a leading "tamis:" is
 * allowed. "@new" is for stage_input_open alone. STATUS_USAGE with the nearest dataset name when it
 * is not there. */
MUST_CHECK enum status version_resolve(struct store *store, const char *reference,
                                       struct version *ret, struct err *err);
struct version_reader;
MUST_CHECK enum status version_reader_open(struct version_reader **ret, struct store *store,
                                           const struct version *version, size_t threads,
                                           struct err *err);
const struct schema *version_reader_schema(const struct version_reader *reader);
MUST_CHECK enum status version_reader_next(struct version_reader *reader, struct batch *ret,
                                           bool *ret_end, struct err *err);
int64_t version_reader_chunks(const struct version_reader *reader);
/* How many rows chunk number `at` has. */
int64_t version_reader_rows(const struct version_reader *reader, int64_t at);
/* The rows of chunk number `at`, wherever version_reader_next is; `places`: where their values
 * shall lie (ipc_reader_place), NULL = no wishes. Any thread. */
MUST_CHECK enum status version_reader_read(const struct version_reader *reader, int64_t at,
                                           const struct buffer *places, struct batch *ret,
                                           struct err *err);
/* Before the first read: leaves the next chunk out when it is this one. */
bool version_reader_skip(struct version_reader *reader, const char *chunk_digest);
/* From the beginning again, without what was skipped. */
void version_reader_rewind(struct version_reader *reader);
void version_reader_close(struct version_reader **reader);

/* Calls `visit` for each version of a dataset (NULL = all), newest first. */
MUST_CHECK enum status
version_each(struct store *store, const char *dataset,
             enum status (*visit)(void *context, const struct version *version, struct err *err),
             void *context, struct err *err);
/* Reads every chunk of a version again and compares both digests. STATUS_FAILED names the chunk. */
MUST_CHECK enum status version_verify(struct store *store, const struct version *version,
                                      struct err *err);

#endif
