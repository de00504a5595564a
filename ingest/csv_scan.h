/* ingest/csv_scan.h: the structure of CSV bytes, 64 at a time: where fields and records end.
 *
 * Quotes are paired by parity (prefix sums of their bits; Langdale and Lemire 2019, section 3.1.1),
 * which is right as long as each quote begins a field, ends one, or is doubled; the first place
 * where that does not hold stops the scan, and csv_record.c goes on from the record before. What is
 * found here is the same as what csv_record.c finds. Compiled once for each x86-64 level. */
#ifndef INGEST_CSV_SCAN_H
#define INGEST_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_marks {
    uint8_t delimiter;
    uint8_t quote;
    bool quotes; /* there is a quote */
};

/* State between two calls on adjoining bytes; all zero but `fresh` at the beginning of a record. */
struct csv_scan_state {
    uint64_t inside;       /* all ones within quotes */
    uint64_t after_mark;   /* 1: the byte before was a delimiter or line end outside quotes */
    uint64_t after_close;  /* 1: it closed a quote */
    uint64_t after_return; /* 1: it was a CR outside quotes */
    uint64_t after_end;    /* 1: it ended a record */
    uint64_t after_blank;  /* 1: it was the CR of a blank line, its LF is next */
};
#define CSV_SCAN_FRESH ((struct csv_scan_state){.after_mark = 1, .after_end = 1})

/* What a count adds up, from the beginning of the piece. */
struct csv_scan_count {
    size_t end;      /* bytes of the whole records seen so far */
    int64_t records; /* that are not blank */
    int64_t blank_lines;
    int64_t lines;      /* line ends up to `end` */
    int64_t lines_seen; /* and in what was looked at behind it */
    bool odd;           /* stopped in front of a quote in a place of its own */
};

struct csv_scan {
    /* Places (from data) of delimiters and line ends outside quotes, in `ret_places` with room for
     * size + 64. Stops early, with *ret_odd, at the 64 bytes with a quote in a place of its own.
     * Returns how many. */
    size_t (*places)(const struct csv_marks *marks, const uint8_t *data, size_t size,
                     uint32_t *ret_places, bool *ret_odd);
    /* Counts records in the bytes from ... size - 1 of data, by 64 and as long as there is a byte
     * behind them, fewer than `most_records` and within `most_cost` (end + records x row_cost).
     * Returns the place to go on from. */
    size_t (*count)(const struct csv_marks *marks, const uint8_t *data, size_t from, size_t size,
                    int64_t most_records, uint64_t most_cost, uint64_t row_cost,
                    bool blank_is_record, struct csv_scan_state *state,
                    struct csv_scan_count *count);
};

/* The table of the level in use (base/cpu.h). */
const struct csv_scan *csv_scan(void);

extern const struct csv_scan csv_scan_v1, csv_scan_v2, csv_scan_v3, csv_scan_v4;

#endif
