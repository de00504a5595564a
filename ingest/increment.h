/* ingest/increment.h: what an incremental run has to read, and how far it came.
 *
 * A file is read as a whole the first time. Later it is known, and then left out; or it has grown,
 * and is read from the last whole record on after the bytes before were compared with their digest;
 * or it has changed. Kinds that keep watermarks themselves (source_kind.incremental) are left
 * alone. Positions, as in lineage/watermark.h: "bytes" for what can grow, "object" for everything
 * else. */
#ifndef INGEST_INCREMENT_H
#define INGEST_INCREMENT_H

#include "ingest/objects.h"

#include <sys/stat.h>

enum changed_action { CHANGED_FAIL, CHANGED_SKIP, CHANGED_AGAIN };

#define INCREMENT_STAMP 128
/* What tells whether anybody wrote to a file since; empty while a change could go unnoticed. */
void increment_stamp(const struct stat *info, char ret[INCREMENT_STAMP]);

struct increment;
struct increment_options {
    enum changed_action changed;
    bool take_last;  /* a last record is read although it has no end */
    bool provenance; /* rows have the provenance columns */
};
/* Takes the lock of the dataset. `into` and `run` as for watermarks_open. */
MUST_CHECK enum status increment_open(struct increment **ret, struct run *run, const char *into,
                                      const struct increment_options *options, struct err *err);
struct watermarks *increment_watermarks(const struct increment *increment);
/* The columns of the version that is continued, without the provenance columns; NULL when there is
 * none. */
const struct schema *increment_schema(const struct increment *increment);
/* That version: "raw/orders@3". */
const char *increment_version(const struct increment *increment);

/* STATUS_FAILED names the column in which `schema` is another than that of the version. */
MUST_CHECK enum status increment_check(const struct increment *increment,
                                       const struct schema *schema, struct err *err);

/* Whether source `name` has anything to read, and from where (*ret_resume). STATUS_FAILED for a
 * changed one unless that is borne. Once a source, before it is opened. */
MUST_CHECK enum status increment_admit(struct increment *increment, const struct source_kind *kind,
                                       const struct object *object, const char *name,
                                       bool *ret_read, struct source_resume *ret_resume,
                                       struct err *err);
/* Notes the position of a source whose last piece was converted. `record` (describe,
 * with its name) gets bytes and digest of what is known now. */
MUST_CHECK enum status increment_moved(struct increment *increment, const struct source_kind *kind,
                                       const struct source *source, struct source_record *record,
                                       struct err *err);
/* Counts sources that a web server calls unchanged. */
void increment_left_unread(struct increment *increment, int64_t count);
/* "2 sources unchanged, 1 changed and left out, 12 bytes wait for the end of their record"; empty
 * where there is nothing to say. */
void increment_remark(const struct increment *increment, char *ret, size_t room);
void increment_close(struct increment **increment);

#endif
