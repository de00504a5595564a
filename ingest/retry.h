/* ingest/retry.h: records that were rejected, read once more as records of where they came from.
 *
 * A rejects file says in its schema how its records are to be read ("tamis:retry": kind, dialect,
 * names and types); the run that wrote it has the same in its configuration, for a file whose
 * metadata was lost on the way through another program. Rows that were rejected behind ingestion
 * are JSON objects and need neither. Each source's records go through a spool, one behind the
 * other, as if they were a file (entries of a feed between what stood around them), or where
 * records are files as if they were an archive; numbers and places are the original's again
 * afterwards. */
#ifndef INGEST_RETRY_H
#define INGEST_RETRY_H

#include "ingest/contract.h"
#include "ingest/objects.h"

struct retry;

/* Reads the rejects files. Records the edge from the run that wrote them. */
MUST_CHECK enum status retry_open(struct retry **ret, char *const *operands, size_t count,
                                  struct run *run, const struct common *common, struct err *err);
const struct source_kind *retry_kind(const struct retry *retry);
/* The rows go behind those of the newest version of a dataset. STATUS_USAGE when it has them. */
MUST_CHECK enum status retry_into(struct retry *retry, const char *dataset, struct err *err);
/* The columns that the rows have to have: the dataset's (NULL = none), else those that their run
 * made of the others, else any. */
MUST_CHECK enum status retry_contract(const struct retry *retry, const char *dataset,
                                      struct contract **ret, struct err *err);
/* The rejects files as sources of the run, and their bytes. */
MUST_CHECK enum status retry_describe(const struct retry *retry, int64_t *ret_bytes,
                                      struct err *err);
/* What is to be opened: an object a source. STATUS_VERDICT when no reject is a record. The options
 * of reading are set in each one's place by retry_options. */
MUST_CHECK enum status retry_objects(struct retry *retry, struct objects *ret, struct err *err);
struct ingest_args;
void retry_options(const struct retry *retry, size_t source, const struct ingest_args *args,
                   struct source_options *ret);
/* Number of record `number` of the spool in its source. */
int64_t retry_number(const void *retry, size_t source, int64_t number);
/* Numbers and places of rows and rejects as they were. Any thread. */
MUST_CHECK enum status retry_restore(const struct retry *retry, size_t source,
                                     struct source_rows *rows, struct err *err);
/* Those that are not one record each and were not read; in order. */
size_t retry_refused(const struct retry *retry, const struct reject **ret);
void retry_close(struct retry **retry);

/* ---- what a run leaves behind for a retry (retry_note.c) ---- */

/* How records of the sources with refused[i] can be read again, as JSON. */
MUST_CHECK enum status retry_note(const struct source_kind *kind, struct source *const *sources,
                                  const char *const *names, const bool *refused, size_t count,
                                  const struct schema *output, struct bytes *ret, struct err *err);

struct retry_reader { /* of one source */
    const char *name;
    const char *delimiter, *encoding;
    int quote, escape;
    const char *const *columns; /* of CSV; NULL otherwise */
    size_t column_count;
    const char *pattern;       /* of lines */
    const char *head, *tail;   /* of a feed: in front of its entries and behind them */
    int label_from;            /* of pictures, as is the next */
    struct text_list sidecars; /* items in the arena */
};
struct retry_notes {
    const struct source_kind *kind;
    struct schema *schema; /* NULL = not known */
    struct retry_reader *readers;
    size_t count;
};
/* Texts lie in the arena. */
MUST_CHECK enum status retry_notes_parse(struct str json, struct arena *arena,
                                         struct retry_notes *ret, struct err *err);
/* Appends the members "as", "delimiter", "quote", "escape", "encoding" and "names" of a reader. */
MUST_CHECK enum status retry_reader_csv(struct bytes *json, const struct retry_reader *reader,
                                        struct err *err);
/* Appends "as" and whatever else the reader of another kind has. */
MUST_CHECK enum status retry_reader_text(struct bytes *json, const char *as,
                                         const struct retry_reader *reader, struct err *err);

#endif
