/* lineage/stage.h: how a command reads its input and hands on its output, so that the promises hold
 * in one place: balance before the marker, commit before the marker, verdicts passed on, nothing
 * half-written. */
#ifndef LINEAGE_STAGE_H
#define LINEAGE_STAGE_H

#include "base/command.h"
#include "columnar/ipc.h"
#include "lineage/run.h"
#include "lineage/version.h"

/* ---- input: "-" or NULL (stdin), an Arrow file or stream by path, or tamis:DATASET[@REF] ---- */

struct stage_input;
/* Records the edge from what is read (upstream run, version, or source) to this run's stream, and
 * for a plain file of others a source row. `store` NULL refuses tamis: names. */
MUST_CHECK enum status stage_input_open(struct stage_input **ret, const char *operand,
                                        struct run *run, const struct common *common,
                                        struct err *err);
const struct schema *stage_input_schema(const struct stage_input *input);
/* The next batch of at least one row; *ret_end after the marker. Notes a failed verdict in the
 * run when the stream carries one. */
MUST_CHECK enum status stage_input_next(struct stage_input *input, struct batch *ret, bool *ret_end,
                                        struct err *err);
/* The share of the rows that was handed out, 0 to 1; -1 where that is not known. */
double stage_input_share(const struct stage_input *input);
/* From now on the reading is shown as progress under `label`. */
MUST_CHECK enum status stage_input_progress(struct stage_input *input, const struct common *common,
                                            const char *label, struct err *err);
/* Whether the rows can be read once more: a regular file or a version. */
bool stage_input_can_rewind(const struct stage_input *input);
/* Begins again at the first row; rows, bytes and the verdict were noted the first time. */
MUST_CHECK enum status stage_input_rewind(struct stage_input *input, struct err *err);
/* "version:raw/orders@3", "stream:RUN", "source:NAME" */
const char *stage_input_node(const struct stage_input *input);
int64_t stage_input_rows(const struct stage_input *input); /* handed out so far */
int64_t stage_input_bytes(const struct stage_input *input);
void stage_input_close(struct stage_input **input);

/* ---- output: stdout, -o FILE, --into DATASET, or --into with -o ---- */

struct stage_target {
    const char *path; /* -o; NULL = stdout unless `into` is set */
    const char *into; /* --into DATASET; NULL = none */
    int compression;  /* enum stage_compression */
    int64_t level;
    bool accept_failed; /* commit although the verdict is failed */
};
enum stage_compression { COMPRESSION_DEFAULT, COMPRESSION_NONE, COMPRESSION_ZSTD };

struct stage_output;
struct stage_message; /* a batch, encoded on any thread */
/* Adds tamis:run to the schema's metadata. stdout on a terminal becomes a readable preview. A path
 * ending in .arrow or .feather is the file format, .arrows and stdout the stream format. */
MUST_CHECK enum status stage_output_open(struct stage_output **ret,
                                         const struct stage_target *target,
                                         const struct schema *schema, struct run *run,
                                         const struct common *common, struct err *err);
MUST_CHECK enum status stage_output_encode(struct stage_output *output, const struct batch *batch,
                                           struct stage_message **ret, struct err *err);
/* One thread, in order. Takes the message. */
MUST_CHECK enum status stage_output_put(struct stage_output *output, struct stage_message **message,
                                        struct err *err);
MUST_CHECK enum status stage_output_add(struct stage_output *output, const struct batch *batch,
                                        struct err *err);
void stage_message_free(struct stage_message **message);
/* The last act of a stage: run_check_balance; the version's commit; the verdict batch if the
 * verdict is failed; the end marker; the file's rename. `version` (may be NULL) gets the committed
 * version, number 0 where an incremental run (watermark.h) found no row. With a failed verdict and
 * `into`, nothing is committed unless accept_failed. */
MUST_CHECK enum status stage_output_finish(struct stage_output *output, struct version *version,
                                           struct err *err);
int64_t stage_output_rows(const struct stage_output *output);
int64_t stage_output_bytes(const struct stage_output *output);
void stage_output_close(
    struct stage_output **output); /* unfinished: no marker, no file, no version */

/* Names of the provenance columns (design section 3). */
#define COLUMN_SOURCE "_source" /* dictionary<int32, utf8> */
#define COLUMN_RECORD "_record" /* int64, 1-based */

/* Rows for --rejects FILE: source, record, byte_offset, line, rule, message, raw (binary); and path
 * where any of them has one. */
struct rejects;
struct reject {
    struct str source;
    int64_t record, byte_offset, line; /* -1 = unknown */
    const char *rule;
    struct str message, raw;
    struct str path;    /* of a file in a folder or archive; data NULL = none */
    const char *column; /* for the row event, not in the file; may be NULL */
    struct str value;   /* what was found there, data NULL = the message says it */
    const char *threshold;
};
/* path NULL: counts only. The file appears whole at rejects_commit. Any thread may add; rows are
 * sorted by (source order of first appearance, record). */
MUST_CHECK enum status rejects_open(struct rejects **ret, const char *path, struct run *run,
                                    struct err *err);
MUST_CHECK enum status rejects_add(struct rejects *rejects, const struct reject *reject,
                                   struct err *err);
/* One more pair for the metadata of the file's schema; the value is copied. */
MUST_CHECK enum status rejects_describe(struct rejects *rejects, const char *key, struct str value,
                                        struct err *err);
int64_t rejects_count(const struct rejects *rejects);
MUST_CHECK enum status rejects_commit(struct rejects *rejects, struct err *err);
void rejects_close(struct rejects **rejects);

#endif
