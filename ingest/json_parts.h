/* ingest/json_parts.h: the parts a reader of JSON records is made of: cutting, judging, rows. */
#ifndef INGEST_JSON_PARTS_H
#define INGEST_JSON_PARTS_H

#include "ingest/shape.h"
#include "ingest/sliding.h"
#include "ingest/source.h"

/* ---- json_cut.c: pieces of whole records, in order ---- */

enum json_layout {
    JSON_LINES,    /* a record a line */
    JSON_SEQUENCE, /* one value behind the other, over any lines */
    JSON_ELEMENTS, /* the elements of one array */
};
/* From the first bytes. */
enum json_layout json_layout_of(const uint8_t *data, size_t size);

struct json_span {
    uint32_t at, size;
    uint64_t whole;   /* bytes of the record, when the piece has only its beginning; else 0 */
    uint64_t longest; /* bytes of its longest value then */
};
struct json_piece {
    uint8_t *data;
    size_t size;
    uint64_t offset;      /* of data[0] in the file */
    int64_t first_record; /* number of the first */
    int64_t first_line;
    struct json_span *spans; /* one a record */
    size_t count, room;
};
void json_piece_free(struct json_piece **piece);

struct json_cutter;
/* Borrows input and digester (NULL = none). A piece keeps its bytes and row_bytes for each record
 * within options->chunk_bytes. */
MUST_CHECK enum status json_cutter_open(struct json_cutter **ret, struct input *input,
                                        enum json_layout layout,
                                        const struct source_options *options, uint64_t row_bytes,
                                        struct digester *digester, struct err *err);
/* Only the records of the shard, before the first one is cut. */
void json_cutter_confine(struct json_cutter *cutter, const struct shard *shard);
/* *ret NULL at the end. STATUS_FAILED for an array without an end, or a record beyond
 * options->record_limit that is no line; of such a line the piece keeps the beginning. */
MUST_CHECK enum status json_cut(struct json_cutter *cutter, struct json_piece **ret,
                                struct err *err);
/* The place behind the records that were cut off so far; offset 0 where they are no lines. */
void json_cutter_reached(const struct json_cutter *cutter, struct source_resume *ret);
int64_t json_cutter_records(const struct json_cutter *cutter);
int64_t json_cutter_blank_lines(const struct json_cutter *cutter);
void json_cutter_close(struct json_cutter **cutter);

/* ---- json_ahead.c: how far a long line goes, without holding it ---- */

struct json_ahead {
    uint64_t size;    /* of the line, without its end */
    uint64_t longest; /* bytes of its longest string, number or word */
    bool ended;       /* by a line end and not by the end of the file */
};
/* The line at `offset` of the file. */
MUST_CHECK enum status json_line_ahead(struct input *input, uint64_t offset, struct json_ahead *ret,
                                       struct err *err);

/* ---- json_rows.c: what the records of a piece are ---- */

/* One thread's reading of records. */
struct json_reading {
    struct json json;
    struct bytes scratch;
    bool utf8;        /* the whole piece */
    const char *rule; /* of the record at hand; NULL = it is a row */
    char message[160];
};
MUST_CHECK enum status json_reading_open(struct json_reading *ret, const struct json_piece *piece,
                                         const struct source_options *options, struct err *err);
void json_reading_close(struct json_reading *reading);
/* Takes record `index` apart and judges all but its keys. */
MUST_CHECK enum status json_read(struct json_reading *reading, const struct json_piece *piece,
                                 size_t index, const struct source_options *options,
                                 struct err *err);
/* Adds the shapes of a piece's rows. */
MUST_CHECK enum status json_see(const struct json_piece *piece,
                                const struct source_options *options, struct shape *shape,
                                struct err *err);
/* Rows and rejects of a piece, by a settled shape. */
MUST_CHECK enum status json_rows(const struct json_piece *piece,
                                 const struct source_options *options, const struct shape *shape,
                                 const struct schema *schema, struct source_rows *ret,
                                 struct err *err);

#endif
