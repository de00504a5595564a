/* clean/deduplicate_records.h: rows as they are compared by linkage: normalized cells, in memory or
 * in a temporary file.
 *
 * Text: compatibility forms, no accents, case folded, words of letters and digits with one blank
 * between them, cut at CELL_BYTES_MOST. Other values: letters and digits of their plain form, run
 * together; real numbers and decimals keep sign, point and exponent. Null and nothing are the same
 * here. */
#ifndef CLEAN_DEDUPLICATE_RECORDS_H
#define CLEAN_DEDUPLICATE_RECORDS_H

#include "clean/module.h"
#include "clean/spill.h"

#define RECORD_COLUMNS_MOST 31
#define CELL_BYTES_MOST     1024
#define CELL_TOKENS_MOST    64

enum cell_kind { CELL_WORDS, CELL_CODE, CELL_NUMBER, CELL_DATE };

struct record_head {
    int64_t row;
    uint64_t place; /* of its cells */
    uint32_t source;
};

struct records {
    const size_t *columns;
    enum cell_kind kinds[RECORD_COLUMNS_MOST];
    size_t column_count;
    struct spill *heads, *cells;
    uint64_t sources[3]; /* hashes of the first source names met */
    size_t source_count; /* 3 = three and more */
    size_t count;
    /* after records_freeze */
    const struct record_head *head;
    const uint8_t *cell;
};
/* columns outlive it. */
MUST_CHECK enum status records_open(struct records *ret, const struct schema *schema,
                                    const size_t *columns, size_t count, size_t memory,
                                    struct err *err);
void records_close(struct records *records);

/* The records of one window. Zero-initialize. */
struct records_tally {
    struct record_head *heads;
    uint64_t *sources; /* hash of the name, one a record */
    size_t count;
    struct bytes cells;
};
MUST_CHECK enum status records_observe(const struct records *records, const struct window *window,
                                       struct records_tally *tally, struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status records_absorb(struct records *records, struct records_tally *tally,
                                      struct err *err);
/* A tally as bytes, and back. */
MUST_CHECK enum status records_tally_carry(const struct records *records, int64_t first,
                                           int64_t end, struct records_tally *tally,
                                           struct wire *wire, struct err *err);
void records_tally_release(struct records_tally *tally);
MUST_CHECK enum status records_freeze(struct records *records, struct err *err);

/* The cells of a record; empty where there is nothing. */
void record_cells(const struct records *records, uint32_t record,
                  struct str ret[RECORD_COLUMNS_MOST]);

/* The different words of a cell, in order, with their hashes: the same under the same seed. */
struct token {
    struct str text;
    uint64_t hash;
};
size_t tokens_of(struct str cell, uint64_t seed, struct token ret[CELL_TOKENS_MOST]);

#endif
