/* columnar/survey.h: what a table looks like, told from one reading of it in memory that does not
 * grow with its rows: for reports.
 *
 * Exact, over all rows: rows, nulls, means and deviations (Chan, Golub, LeVeque 1983, folded batch
 * by batch in their order), extremes, lengths, and the values of a column with at most 1,024
 * different ones, with their counts. Estimated: how many different values there are above that
 * (HyperLogLog, standard error 1.6 %). From a sample: quantiles, histograms, correlations, missing
 * values that come together, the frequent values of columns with many. The sample is of whole rows,
 * those with the smallest hash of (source, record) (bottom-k; Cohen, Kaplan 2007), at most 10,000:
 * the same rows for any number of threads, before and after a step, and all of them in a table that
 * is not larger. */
#ifndef COLUMNAR_SURVEY_H
#define COLUMNAR_SURVEY_H

#include "base/memory.h"
#include "columnar/array.h"

#define SURVEY_VALUES     1024   /* different values that are counted one by one */
#define SURVEY_ROWS       262144 /* different rows that are counted one by one */
#define SURVEY_SAMPLE     10000
#define SURVEY_VALUE_TEXT 64   /* bytes of a value that are kept, with its NUL */
#define SURVEY_COLUMNS    1000 /* the first ones; others are only counted */

enum survey_kind {
    SURVEY_NUMBER, /* integers, floats, decimals */
    SURVEY_TIME,   /* dates, timestamps: ordered, in their own unit */
    SURVEY_TEXT,
    SURVEY_WORD,  /* other values that are counted one by one: bool */
    SURVEY_BYTES, /* binary: lengths only */
    SURVEY_OTHER, /* nested: nulls only */
};

struct survey_value {
    uint64_t hash; /* 0 = free */
    int64_t count;
    struct str text; /* cut */
};
/* A hash table; `many`: more than SURVEY_VALUES, given up. */
struct survey_values {
    struct survey_value *slots;
    size_t slot_count, count;
    bool many;
};

struct survey_column {
    const struct field *field;
    enum survey_kind kind;
    int64_t nulls;
    int64_t numbers; /* finite or infinite, not NaN; of numbers and times */
    int64_t nans, zeros, negatives, infinite;
    double mean, squares; /* of the finite ones; squares of distances from the mean */
    double least, most;
    char least_text[SURVEY_VALUE_TEXT], most_text[SURVEY_VALUE_TEXT];
    int64_t shortest, longest, lengths; /* texts in characters, binary in bytes; their sum */
    uint8_t *registers;                 /* columnar/hyperloglog.h */
    struct survey_values values;
};

struct survey;
struct survey_tally;

/* Holds the schema. */
MUST_CHECK enum status survey_open(struct survey **ret, const struct schema *schema,
                                   struct err *err);
/* What is in one batch. Row i is known by its provenance columns, else by ordinals[i], or where
 * that is NULL by first_row + i. Any thread. */
MUST_CHECK enum status survey_look(const struct survey *survey, const struct batch *batch,
                                   int64_t first_row, const int64_t *ordinals,
                                   struct survey_tally **ret, struct err *err);
void survey_tally_close(struct survey_tally **tally);
/* Adds it, one at a time, in the order of the batches; frees the tally. NULL = nothing. */
MUST_CHECK enum status survey_add(struct survey *survey, struct survey_tally **tally,
                                  struct err *err);
/* After the last one, before the answers below. */
MUST_CHECK enum status survey_end(struct survey *survey, struct err *err);
void survey_close(struct survey **survey);

/* ---- answers ---- */

const struct schema *survey_schema(const struct survey *survey);
int64_t survey_rows(const struct survey *survey);
int64_t survey_sampled(const struct survey *survey); /* rows in the sample */
size_t survey_count(const struct survey *survey);    /* columns looked at: the first ones */
const struct survey_column *survey_column(const struct survey *survey, size_t column);
/* Place of a column of this name, -1 where it was not looked at. */
int64_t survey_find(const struct survey *survey, const char *name);
/* _source and _record. */
bool survey_is_provenance(const struct field *field);
/* Different values, nulls left out; -1 = not known. *ret_exact false: an estimate. */
int64_t survey_distinct(const struct survey_column *column, bool *ret_exact);
double survey_deviation(const struct survey_column *column); /* of n - 1; NAN below two */
/* Different rows, provenance left out; -1 where rows hold nested values, and, with *ret_many, where
 * there are more than SURVEY_ROWS. */
int64_t survey_distinct_rows(const struct survey *survey, bool *ret_many);

/* Of the sampled values of a number or time column, or lengths of others: linear between them
 * (Hyndman, Fan 1996, type 7); NAN where there is none. One result a fraction. */
MUST_CHECK enum status survey_quantiles(const struct survey *survey, size_t column,
                                        const double *fractions, size_t count, double *ret,
                                        struct err *err);
/* A number of the column's unit as it would be written. Returns ret. */
char *survey_number_text(const struct survey_column *column, double number,
                         char ret[SURVEY_VALUE_TEXT]);
/* Adds sampled values to `bins` counts over low ... high; those outside to the ends. */
void survey_bins(const struct survey *survey, size_t column, double low, double high, size_t bins,
                 int64_t *ret);
/* The `most` most frequent values, of equally frequent ones the smaller text; returns how many.
 * *ret_of: the values they are counted among; *ret_sampled: the sample's, not all. */
MUST_CHECK enum status survey_frequent(const struct survey *survey, size_t column, size_t most,
                                       struct survey_value *ret, size_t *ret_count, int64_t *ret_of,
                                       bool *ret_sampled, struct err *err);

/* Pearson's and Spearman's coefficients of number columns, by pairs without nulls (Spearman's by
 * ranks over each column); NAN where there are none. `columns` lists `count` columns; both results
 * are count x count. */
MUST_CHECK enum status survey_correlate(const struct survey *survey, const size_t *columns,
                                        size_t count, double *ret_pearson, double *ret_spearman,
                                        struct err *err);
/* Sets of columns that are null together in sampled rows, the most frequent first. */
struct survey_pattern {
    int64_t rows;
    const uint8_t *nulls; /* a byte a column; lives as long as the survey */
};
MUST_CHECK enum status survey_patterns(struct survey *survey, size_t most,
                                       struct survey_pattern *ret, size_t *ret_count,
                                       struct err *err);
/* The sampled values as sorted words for columnar/drift.h. */
MUST_CHECK enum status survey_words(const struct survey *survey, size_t column, uint64_t **ret,
                                    size_t *ret_count, size_t *ret_nulls, struct err *err);

#endif
