/* ingest/csv_sample.h: the beginning of a CSV file as rows of cells, whatever their number, for
 * those who find out what kind of table it is. */
#ifndef INGEST_CSV_SAMPLE_H
#define INGEST_CSV_SAMPLE_H

#include "ingest/csv_parts.h"

#define CSV_SAMPLE_ROWS     1000
#define CSV_COLUMNS_MAXIMUM 20000 /* of --max-columns */

struct csv_sample_cell {
    struct str text;
    bool quoted;
};
struct csv_sample_row {
    size_t first, count; /* cells, at most one more than allowed; none in a blank line, a comment or
                            a record with a fault */
    size_t at, end;      /* bytes, with the line end */
    int64_t lines;
    bool skipped, comment; /* a blank line or a comment; a comment */
    bool fault;
};
struct csv_sample {
    struct arena *arena; /* texts that are not in the sample as they are */
    struct csv_sample_row *rows;
    struct csv_sample_cell *cells;
    size_t row_count, cell_count;
    size_t row_room, cell_room;
    size_t end; /* bytes of the whole records */
};

/* At most `rows` records of the text, which is borrowed. `whole`: nothing comes behind it. */
MUST_CHECK enum status csv_sample_read(struct csv_sample *ret, const struct csv_dialect *dialect,
                                       const uint8_t *text, size_t size, bool whole, size_t rows,
                                       struct err *err);
/* The most frequent number of cells (1 when there is none), and *ret_alike, the rows that have it.
 */
size_t csv_sample_width(const struct csv_sample *sample, size_t *ret_alike);
void csv_sample_close(struct csv_sample *sample);

/* The cell of a row, empty where the row is too short. */
static inline struct csv_sample_cell csv_sample_at(const struct csv_sample *sample, size_t row,
                                                   size_t column)
{
    const struct csv_sample_row *here = &sample->rows[row];
    return column < here->count ? sample->cells[here->first + column] : (struct csv_sample_cell){0};
}

/* ---- csv_pattern.c: what a cell looks like ---- */

/* A number, money, share, date or time in any usual way of writing, which need not be one of
 * value.h's. */
bool csv_looks_like_value(struct str text);
/* A value, an address, or words without a byte that could be a delimiter or quote. */
bool csv_looks_known(struct str text);
/* A way to write that there is no value: "-", "n/a", "missing" ... */
bool csv_looks_missing(struct str text);

/* ---- csv_shape.c: delimiter, quote and escape ---- */

/* Those that are not given. */
MUST_CHECK enum status csv_shape_find(const struct source_options *options, const uint8_t *text,
                                      size_t size, bool whole, struct csv_dialect *ret,
                                      struct err *err);

/* ---- csv_header.c: where the table begins ---- */

struct csv_head {
    size_t first; /* row of the sample: the first header */
    size_t rows;  /* header rows; 0 = none, and nothing in front of the records is left out */
    size_t body;  /* the row behind */
};
struct csv_head csv_head_find(const struct source_options *options, const struct csv_sample *sample,
                              size_t width);

/* ---- csv_names.c: its names ---- */

/* dialect->fields unique names, in the arena, and the dialect's header_texts and written. */
MUST_CHECK enum status csv_head_names(const struct csv_sample *sample, const struct csv_head *head,
                                      struct csv_dialect *dialect, struct arena *arena,
                                      const char ***ret, struct err *err);

#endif
