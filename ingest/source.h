/* ingest/source.h: one kind of source is one file behind this struct.
 *
 * To add a kind: write ingest/source_NAME.c with a `const struct source_kind source_NAME`, add one
 * line to the table in ingest/sources.c and one to ingest/meson.build, and a folder tests/cli/
 * ingest-NAME. The driver (ingest/ingest.c) owns threads, output, provenance columns, rejects,
 * balance, limits and the run record; a kind owns one format.
 *
 * Life: open (learns the schema), unify over all sources of the run, then cut (serial, in order)
 * and convert (any thread) piece by piece, then describe and close. Where a piece ends depends on
 * the source and its options only, never on threads or memory, so the output is the same bytes for
 * any number of threads. */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include "base/input.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/setting.h"
#include "columnar/build.h"
#include "ingest/shard.h"
#include "lineage/stage.h"
#include "lineage/watermark.h"

struct bundle;       /* ingest/bundle.h */
struct source;       /* defined by each kind */
struct source_piece; /* records that were cut off together; defined by each kind */

/* What recognition may look at: cheap, no side effects. */
struct source_probe {
    const char *path; /* NULL for stdin */
    bool directory;
    bool bundle;         /* an archive that the kind would take as a whole */
    bool address;        /* `path` is SCHEME://...; nothing was read */
    const uint8_t *head; /* the first bytes */
    size_t head_size;
};

enum source_header { HEADER_AUTO, HEADER_YES, HEADER_NO };

/* Where the label of a picture comes from: its folder, the text in its .cls, "label" in its .json.
 */
enum label_from { LABEL_NONE, LABEL_DIRECTORY, LABEL_CLS, LABEL_JSON };

/* Where a source goes on that was read before, and how it ends: for kinds with `reached`. */
struct source_resume {
    uint64_t offset;        /* bytes that are known; 0 = none */
    uint64_t first_bytes;   /* of the file when its beginning was first looked at; 0 = all */
    int64_t records, lines; /* in front of offset */
    bool whole_records;     /* a last record without its end is left to the next run */
};

/* Options a kind may use; the driver fills it from the command line. */
struct source_options {
    const char *delimiter;                  /* NULL = found by ourselves */
    int quote, escape;                      /* -1 = found, 0 = none */
    int comment;                            /* lines that begin with it are no records; 0 = none */
    int header;                             /* enum source_header */
    int64_t header_rows;                    /* of HEADER_YES */
    int64_t skip_rows;                      /* lines in front of the table; -1 = found */
    bool pad_ragged;                        /* too few fields: nulls; else a reject */
    int label_from;                         /* enum label_from */
    const struct text_list *sidecars;       /* endings of files beside a picture: columns of text */
    const char *encoding;                   /* of text; NULL or "auto" = found by ourselves */
    int changed;                            /* --changed: enum changed_action (increment.h) */
    const char *cursor, *lag;               /* of --incremental on a table; NULL = not given */
    const char *pattern;                    /* of lines; NULL = none */
    const char *table, *query;              /* of a database; NULL = not given */
    const struct text_list *text_columns;   /* never inferred: stay utf8 */
    const struct text_list *contract_texts; /* likewise, where the source has them; NULL = none */
    const struct text_list *columns;        /* only these; NULL or none = all */
    int64_t column_limit, depth_limit;      /* of the output; of JSON values in each other */
    uint64_t field_limit, record_limit, picture_limit, pixel_limit; /* design section 9 */
    int64_t chunk_rows;                                             /* of a piece */
    uint64_t chunk_bytes;
    size_t threads;
    const struct shard *shard; /* the part that is read, with what its plan says; NULL = all */
    bool may_guess;   /* a schema that turns out wrong later is fine: the driver can begin again */
    const char *name; /* of this source, as in _source */
    const char *seen; /* the name of its file without its packing; NULL = none, or path */
    struct watermarks *watermarks; /* --incremental: what was read before; NULL
                                      otherwise */
    struct source_resume resume;
    const struct schema *expected; /* types that columns of these names have where every value can;
                                      NULL = none */
    struct input **standard_input; /* already opened and looked into; a kind takes it: stdin, what
                                    * was unpacked, a member of an archive */
    const struct bundle *bundle;   /* an archive, for a kind that takes them; outlives the source */
    struct progress *progress;     /* for passes before the rows; NULL = none */
    bool unrecorded;               /* nobody keeps the digest of a source: it need not be made */
    bool every_record;             /* nothing in front of or behind the records is left out */
    bool places_only; /* only cut() and place() will be asked for, perhaps behind `resume` */
    bool reference;   /* only the slow, plain way where a kind has two; for tests that compare */
};

/* Where a kind has the types of its columns from. */
enum source_types {
    TYPES_DECLARED,  /* the source says them */
    TYPES_OF_TEXTS,  /* there are only texts, an empty one may be a null: inferred */
    TYPES_OF_VALUES, /* values have types, columns have not: inferred */
};

#define CHUNK_BYTES_DEFAULT (8u << 20)
#define RAW_BYTES_MAXIMUM   (64u << 10) /* kept of a record that is rejected for its size */

/* One record as it lies in its source. */
struct source_place {
    struct str raw;            /* its bytes, without a line end */
    int64_t byte_offset, line; /* -1 = unknown */
    struct str path;           /* of its file in a folder or archive; data NULL = none */
};

/* What one piece became. */
struct source_rows {
    struct batch batch;     /* of the kind's schema, without provenance columns */
    int64_t *records;       /* 1-based record number of each row; memory_get */
    struct reject *rejects; /* in record order; `source` is left to the driver; memory_get */
    size_t reject_count;
    int64_t bytes;       /* of the source that the piece stands for */
    bool guessed_wrong;  /* convert failed: a value does not fit the guessed schema */
    struct arena *arena; /* texts of the rejects, where they are not in the piece */
};
void source_rows_release(struct source_rows *rows);
/* Adds one reject; `message` and `raw` are borrowed (arena or piece). */
MUST_CHECK enum status source_rows_reject(struct source_rows *rows, const struct reject *reject,
                                          struct err *err);

/* One file of a folder or an archive that is one source. */
struct source_member {
    const char *path;
    int64_t record, bytes;
    const struct digest *digest;
};

struct source_kind {
    const char *name; /* "csv": --format, and the kind in the catalog */
    const char *summary;
    const char *reference; /* the specification it follows */
    int passes;            /* over the bytes of a source, for the time left */
    bool addresses;        /* its sources are SCHEME://..., not files */
    bool bundles;          /* it takes an archive as a whole */
    bool queries;          /* it takes --table and --query */
    bool columns;          /* it takes --columns */
    enum source_types types;
    bool by_name;     /* its records name their columns: order says nothing, and unify lets sources
                       * have different ones */
    bool shards;      /* it reads options->shard, and has raws and first_place */
    bool incremental; /* it reads and moves options->watermarks by itself */
    bool members;     /* of a folder it does so for each file */
    bool late_digest; /* it is known when every piece was converted, and no byte of a record lies
                       * in a piece */
    /* 0 = not mine ... 100 = certain. Required. */
    int (*recognise)(const struct source_probe *probe);
    /* Opens a path (NULL = options->standard_input or options->bundle) and learns its schema
     * (without provenance columns). Required. */
    enum status (*open)(struct source **ret, const char *path, const struct source_options *options,
                        struct err *err);
    /* Borrowed until close. Required. */
    const struct schema *(*schema)(const struct source *source);
    /* Makes the schemas of several opened sources of this kind agree as far as they can; the driver
     * checks afterwards that all have the same columns. NULL = they must be alike. */
    enum status (*unify)(struct source *const *sources, size_t count, struct err *err);
    /* After a convert that failed with ret->guessed_wrong: reads what it takes to be sure of the
     * schema, and begins again at the first record. Sources that are sure are asked too. NULL = it
     * never guesses, whatever options.may_guess says. */
    enum status (*settle)(struct source *source, struct err *err);
    /* The next records, at most options.chunk_rows of them; *ret NULL at the end. One at a time, in
     * order. Required. */
    enum status (*cut)(struct source *source, struct source_piece **ret, struct err *err);
    /* Rows and rejects of a piece, which lives until the rows are released. `ret` is zeroed. Any
     * thread. Required. */
    enum status (*convert)(const struct source *source, struct source_piece *piece,
                           struct source_rows *ret, struct err *err);
    void (*free_piece)(struct source_piece **piece);
    /* After the last piece was converted: kind, bytes, digest, modified time, records (name is the
     * driver's). Required. */
    enum status (*describe)(struct source *source, struct source_record *ret, struct err *err);
    /* How many members a folder or archive had that this run read, and each of them, after
     * describe. NULL: a source of this kind has none. */
    size_t (*member_count)(const struct source *source);
    void (*member)(const struct source *source, size_t index, struct source_member *ret);
    /* After the last piece: the place behind the last whole record, for the resume of the next run.
     * offset 0 = this source cannot be continued. NULL = no source of this kind can. */
    void (*reached)(const struct source *source, struct source_resume *ret);
    /* Where the first record of a piece lies, for a resume that finds it again under places_only.
     * False: this source has no such places. NULL = no source of this kind has. */
    bool (*start)(const struct source *source, const struct source_piece *piece,
                  struct source_resume *ret);
    /* Record `number` as it lies in `piece`, or *ret_here false when it is in a later one. What is
     * not in the piece is read into `scratch`. NULL = the kind has no bytes of records. */
    enum status (*place)(const struct source *source, const struct source_piece *piece,
                         int64_t number, struct bytes *scratch, struct source_place *ret,
                         bool *ret_here, struct err *err);
    /* Byte and line of the first record. Required with `shards`. */
    enum status (*first_place)(const struct source *source, uint64_t *ret_offset, int64_t *ret_line,
                               struct err *err);
    /* Adds what a shard has to know beyond the types of its columns: members of a JSON object, each
     * behind a comma. NULL = nothing. */
    enum status (*plan_more)(const struct source *source, struct bytes *json, struct err *err);
    /* Whether the source carries a failed verdict of the run that wrote it; after the last piece.
     * NULL = it cannot. */
    bool (*verdict_failed)(const struct source *source);
    /* The records `numbers` (ascending, all of this piece) as they lie in the source, when the
     * piece was converted. Texts go into the arena. Any thread. NULL: a record is its row as CSV.
     */
    enum status (*raws)(const struct source *source, const struct source_piece *piece,
                        const int64_t *numbers, size_t count, struct arena *arena,
                        struct source_place *ret, struct err *err);
    /* How a record of this source is read again, as members of a JSON object (ingest/retry.h).
     * NULL: as CSV with the columns of the schema. */
    enum status (*reader)(const struct source *source, struct bytes *json, struct err *err);
    /* One short remark for the summary ("3 other files ignored"), empty = none. May be NULL. */
    void (*remark)(const struct source *source, char *ret, size_t room);
    void (*close)(struct source **source);
};

extern const struct source_kind *const source_kinds[]; /* NULL-terminated */

/* The kind named `name`, NULL where there is none. */
const struct source_kind *source_kind_named(struct str name);
/* The kind that is surest of `probe`. STATUS_FAILED says what the bytes look like instead. */
MUST_CHECK enum status source_kind_recognise(const struct source_kind **ret,
                                             const struct source_probe *probe, struct err *err);

/* Whether a contract or --text leaves the column `name` as text. */
bool source_keeps_text(const struct source_options *options, const char *name);

/* Whether `size` bytes are UTF-8 (RFC 3629: no surrogates, nothing overlong). */
bool utf8_valid(const void *data, size_t size);

#endif
