/* ingest/csv_parts.h: the parts a CSV reader is made of (RFC 4180 and its common relatives).
 *
 * A file is read in two passes: the first decides the type of each column over all its values, the
 * second makes arrays. Where the output can begin again the first pass is left out: types are
 * guessed from the first records, every value is held against its guess, and one that does not fit
 * means both passes after all. In each pass one thread cuts the bytes into pieces at record
 * boundaries (csv_cut.c) and any thread takes a piece apart (csv_fields.c, through libcsv).
 *
 * What a record is: bytes up to a line end (LF, CR or CRLF) outside quotes. A field is quoted when
 * its first byte is the quote; inside, a doubled quote is one quote. A quote later in an unquoted
 * field is an ordinary byte. A byte other than delimiter or line end behind a closing quote, or a
 * quote without its end, makes the record a reject that ends with its first line, so that one wrong
 * quote never swallows what follows. */
#ifndef INGEST_CSV_PARTS_H
#define INGEST_CSV_PARTS_H

#include "base/digest.h"
#include "base/input.h"
#include "ingest/source.h"
#include "ingest/value.h"

struct csv_dialect {
    uint8_t delimiter;         /* its first byte, */
    uint8_t delimiter_more[7]; /* and those behind it, */
    uint8_t delimiter_more_size;
    uint8_t quote;   /* 0 = none */
    uint8_t escape;  /* 0 = none; makes a quote, delimiter, line end or itself an ordinary byte */
    uint8_t comment; /* 0 = none; a line that begins with it is no record */
    size_t fields;   /* that a record must have */
    bool pads;       /* a record with fewer is one with nulls, one with empty ones more too */
    bool header;     /* names stand in front of the first record */
    size_t preface;  /* bytes in front of the first record: byte-order mark, titles and header */
    int64_t preface_lines;
    int64_t titles; /* records in front of the header that are none of the table */
    size_t tail;    /* bytes behind the last record: records in which nothing is written */
    int64_t tail_records;
    const char *const *header_texts; /* of a header of one row: a record like it is none; or NULL */
    const char *const *written;      /* names that are not the column's, as they are in the file;
                                        NULL where they are, or all are */
    bool utf8;                       /* all of the file is known to be */
};
/* Whether csv_scan.c and libcsv know it: a delimiter of one byte, no escape, no comments. */
static inline bool csv_is_plain(const struct csv_dialect *dialect)
{
    return dialect->delimiter_more_size == 0 && dialect->escape == 0 && dialect->comment == 0;
}

/* ---- csv_record.c: where a record ends ---- */

enum csv_fault {
    CSV_FINE,
    CSV_STRAY_QUOTE,
    CSV_UNCLOSED_QUOTE,
    CSV_RECORD_TOO_LONG,
    CSV_FIELD_TOO_LONG, /* of a record that was never held as a whole (csv_ahead.c) */
};

struct csv_record {
    size_t size; /* bytes without the line end */
    size_t end;  /* bytes with it: where the next record begins */
    size_t fields;
    size_t longest; /* bytes of the longest field, with quotes */
    int64_t lines;  /* physical lines it takes */
    size_t looked;  /* bytes that were read to find out */
    uint64_t whole; /* bytes without the line end when `size` are only the first; 0 = all */
    bool comment;   /* it is none */
    enum csv_fault fault;
};
/* A blank line, except in a table of one column, or a comment. */
static inline bool csv_is_skipped(const struct csv_dialect *dialect,
                                  const struct csv_record *record)
{
    return record->comment || (record->size == 0 && dialect->fields != 1);
}
/* Finds the record that begins at data[0]; size > 0. `last`: nothing comes behind `size` bytes.
 * False: more bytes are needed. A record with a fault is its first line. */
bool csv_record_find(const struct csv_dialect *dialect, const uint8_t *data, size_t size, bool last,
                     struct csv_record *ret);
/* The same record cut down to its first line; false when that line has no end yet. */
bool csv_record_first_line(const uint8_t *data, size_t size, bool last, struct csv_record *ret);
/* One field of a record that was found without a fault. */
struct csv_field {
    size_t at, size; /* with its quotes */
    bool quoted;
};
/* The field at *at, which moves behind its delimiter; false when there is none left. Start with 0.
 */
bool csv_record_field(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                      size_t *at, struct csv_field *ret);
/* Appends what a field means: without quotes, doubling and escapes. */
MUST_CHECK enum status csv_field_text(const struct csv_dialect *dialect, const uint8_t *data,
                                      const struct csv_field *field, struct bytes *text,
                                      struct err *err);

/* ---- csv_ahead.c: how far a long record goes, without holding it ---- */

struct csv_ahead {
    uint64_t size, end; /* as of csv_record */
    uint64_t longest, looked;
    size_t fields;
    int64_t lines;
    enum csv_fault fault;
    uint64_t first_line_size, first_line_end; /* with a fault: all there is of the record */
    bool open; /* what was asked for ends at `end` of the file, without a line end */
};
/* The record at `offset` of the file, as csv_record_find finds it, if it ends in front of `end`. A
 * quote that does not end there is a fault, a record without line end is `open`. */
MUST_CHECK enum status csv_record_ahead(const struct csv_dialect *dialect, struct input *input,
                                        uint64_t offset, uint64_t end, struct csv_ahead *ret,
                                        struct err *err);

/* ---- csv_dialect.c: delimiter, quote and header found in a sample ---- */

/* `sample` is the beginning of the file, `whole` when it is all of it. Fills ret, and *ret_names
 * (fields of them, in the arena) with unique names: from the header, "columnN" where empty or
 * absent, "_2", "_3" behind a repeated one. */
MUST_CHECK enum status csv_dialect_find(const struct source_options *options, const uint8_t *sample,
                                        size_t size, bool whole, struct arena *arena,
                                        struct csv_dialect *ret, const char ***ret_names,
                                        struct err *err);

/* ---- csv_tail.c: what the end of a file has too much ---- */

/* Sets tail and tail_records, looking at no more than 64 KiB. */
MUST_CHECK enum status csv_tail_find(struct input *input, struct csv_dialect *dialect,
                                     struct err *err);

/* ---- csv_cut.c: pieces of whole records, in order ---- */

struct csv_bad {          /* a record that the cutter already knows to be wrong */
    size_t at, size, end; /* in the piece */
    uint64_t whole;       /* bytes of the record in the file, where the piece has not all of it */
    uint64_t longest;     /* of CSV_FIELD_TOO_LONG */
    int64_t lines;
    enum csv_fault fault;
};
struct csv_piece {
    uint8_t *data;
    size_t size;
    uint64_t offset;      /* of data[0] in the file */
    int64_t first_record; /* number of its first record */
    int64_t records;      /* blank lines are none, except in a table of one column */
    int64_t first_line;
    int64_t lines; /* that its records take */
    int64_t blank_lines;
    struct csv_bad *bad;
    size_t bad_count, bad_room;
};
void csv_piece_free(struct csv_piece **piece);
/* Whether each of its records is one line. */
bool csv_piece_is_lines(const struct csv_piece *piece);

struct csv_cutter;
/* Borrows input (regular file or spool), dialect and, unless NULL, digester, which gets every byte
 * behind the preface. */
MUST_CHECK enum status csv_cutter_open(struct csv_cutter **ret, struct input *input,
                                       const struct csv_dialect *dialect,
                                       const struct source_options *options,
                                       struct digester *digester, struct err *err);
/* Reads only the bytes from `shard` on, before the first piece. */
void csv_cutter_confine(struct csv_cutter *cutter, const struct shard *shard);
/* *ret NULL at the end. */
MUST_CHECK enum status csv_cut(struct csv_cutter *cutter, struct csv_piece **ret, struct err *err);
/* The place behind the records that were cut off so far. */
void csv_cutter_reached(const struct csv_cutter *cutter, struct source_resume *ret);
int64_t csv_cutter_records(const struct csv_cutter *cutter);
int64_t csv_cutter_blank_lines(const struct csv_cutter *cutter);
void csv_cutter_close(struct csv_cutter **cutter);

/* ---- csv_fields.c: a piece as blocks of cells ---- */

#define CSV_NULL UINT32_MAX /* size of an empty field without quotes */
struct csv_cell {
    uint32_t at, size; /* in the block's text */
};
struct csv_block {
    const uint8_t *text;
    size_t text_size;             /* 0: not known, and no byte behind a cell is read */
    const struct csv_cell *cells; /* column by column, `stride` apart */
    const int64_t *records;       /* record number of each row */
    size_t rows, columns, stride;
};
static inline struct str csv_cell_text(const struct csv_block *block, size_t row, size_t column)
{
    const struct csv_cell *cell = &block->cells[column * block->stride + row];
    return (struct str){(const char *)block->text + cell->at,
                        cell->size == CSV_NULL ? 0 : cell->size};
}
struct csv_taker {
    void *context;
    enum status (*take)(void *context, const struct csv_block *block, struct err *err);
};
/* Hands the rows of a piece to `taker`, block by block in record order; a block lives during the
 * call. Records that are no rows go to `rejects` (NULL = they are skipped). Unquotes in place:
 * only the bytes of rejected records are as they were afterwards. */
MUST_CHECK enum status csv_fields(const struct csv_dialect *dialect,
                                  const struct source_options *options, struct csv_piece *piece,
                                  const struct csv_taker *taker, struct source_rows *rejects,
                                  struct err *err);

/* ---- csv_split.c: one record through libcsv, or through ours where libcsv cannot ---- */

struct csv_splitter;
MUST_CHECK enum status csv_splitter_open(struct csv_splitter **ret,
                                         const struct csv_dialect *dialect, struct err *err);
/* The fields of one record without fault (and without its line end) as cells `stride` apart, their
 * text appended to `text`. False with *ret_why when libcsv takes it apart in another way. */
MUST_CHECK enum status csv_split(struct csv_splitter *splitter, const uint8_t *data, size_t size,
                                 struct csv_cell *cells, size_t stride, struct bytes *text,
                                 bool *ret_same, struct err *err);
void csv_splitter_close(struct csv_splitter **splitter);

/* ---- csv_types.c: what each column may be ---- */

struct csv_types {
    size_t columns;
    uint8_t *classes; /* of each column; enum value_class */
    uint8_t *seen;    /* 1: it has a value */
    bool utf8;        /* every byte is known to be */
    int64_t records, blank_lines;
};
/* All classes for each of `columns`, nothing seen. */
MUST_CHECK enum status csv_types_open(struct csv_types *ret, size_t columns, struct err *err);
void csv_types_release(struct csv_types *types);
enum type_id csv_type_of(unsigned classes, bool seen);
/* What rows of this dataset have in the column `name`, as far as the values allow. */
enum type_id csv_expected_type(unsigned classes, bool seen, const char *name,
                               const struct schema *expected);
/* The classes of a column whose type is known by name (csv_type_of, field_type_text). */
unsigned csv_classes_of(const char *type);
/* Narrowed by every value of the file; digester as for csv_cutter_open. */
MUST_CHECK enum status csv_types_read(struct csv_types *types, struct input *input,
                                      const struct csv_dialect *dialect,
                                      const struct source_options *options,
                                      struct digester *digester, struct err *err);
/* Narrowed by the first records. *ret_trusted false when there are none, or when places further on
 * look different. If all values fit the types guessed, those are the types over all values. */
MUST_CHECK enum status csv_types_guess(struct csv_types *types, struct input *input,
                                       const struct csv_dialect *dialect,
                                       const struct source_options *options, bool *ret_trusted,
                                       struct err *err);

/* ---- csv_columns.c: blocks of cells as arrays ---- */

/* Narrows classes[column] (enum value_class) by every value; sets seen[column] where there is one.
 */
void csv_classify(const struct csv_block *block, uint8_t *classes, uint8_t *seen);

struct csv_columns;
/* At most `rows` rows of `schema`, whose types come from `types` (borrowed). */
MUST_CHECK enum status csv_columns_open(struct csv_columns **ret, const struct schema *schema,
                                        const struct csv_types *types, int64_t rows,
                                        struct err *err);
/* STATUS_FAILED when a value does not have its column's type: the guess was wrong, or the file
 * changed between passes. */
MUST_CHECK enum status csv_columns_take(struct csv_columns *columns, const struct csv_block *block,
                                        struct err *err);
/* Whether csv_columns_take failed for that. */
bool csv_columns_misfit(const struct csv_columns *columns);
/* The rows and their record numbers (memory_free). */
MUST_CHECK enum status csv_columns_finish(struct csv_columns *columns, struct batch *ret,
                                          int64_t **ret_records, struct err *err);
void csv_columns_close(struct csv_columns **columns);

#endif
