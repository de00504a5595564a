/* columnar/survey_parts.h: what a survey and its tallies are made of. Private to survey*.c. */
#ifndef COLUMNAR_SURVEY_PARTS_H
#define COLUMNAR_SURVEY_PARTS_H

#include "columnar/survey.h"

/* Of one column, as long as the sample's keys. */
struct survey_cells {
    double *numbers;   /* values of numbers and times, lengths of the others */
    uint64_t *words;   /* as columnar/drift.h compares them */
    struct str *texts; /* NULL unless texts */
    uint8_t *nulls;
};
struct survey_sample {
    size_t count, room;
    uint64_t *keys;
    struct survey_cells *columns;
    size_t column_count;
    struct arena *texts;
};

struct survey_tally {
    int64_t rows;
    struct survey_column *columns; /* survey->count */
    size_t count;
    uint8_t *registers;
    struct arena *arena; /* of values */
    struct survey_sample sample;
    uint64_t *row_hashes; /* NULL = rows are not told apart */
};

struct survey {
    struct schema *schema;
    struct survey_column *columns;
    size_t count;
    uint8_t *registers; /* of all columns */
    int64_t rows;
    struct arena *arena;
    struct survey_sample sample;
    size_t sample_rows;   /* the most it keeps */
    uint64_t sample_most; /* keys above are in no sample any more; read by other threads */
    bool tells_rows;      /* no nested column */
    uint64_t *row_hashes; /* open addressing; 0 = free */
    size_t row_slots, row_count;
    bool many_rows;
};

/* survey_column.c */
enum survey_kind survey_kind_of(const struct field *field);
/* `row_hashes` (may be NULL) go on with the column's values. */
MUST_CHECK enum status survey_look_at_column(struct survey_column *column,
                                             const struct array *array, bool count_values,
                                             struct arena *arena, uint64_t *row_hashes,
                                             struct err *err);
MUST_CHECK enum status survey_fold_column(struct survey_column *into,
                                          const struct survey_column *from, struct arena *arena,
                                          struct err *err);

/* survey_values.c */
MUST_CHECK enum status survey_values_reserve(struct survey_values *values, struct err *err);
/* The slot of the value, or the free one where it would stand. */
struct survey_value *survey_values_slot(const struct survey_values *values, uint64_t hash);
MUST_CHECK enum status survey_values_fold(struct survey_values *into,
                                          const struct survey_values *from, struct arena *arena,
                                          struct err *err);
void survey_values_release(struct survey_values *values);

/* survey_sample.c */
MUST_CHECK enum status survey_sample_open(struct survey_sample *ret, const struct survey *survey,
                                          size_t room, struct err *err);
MUST_CHECK enum status survey_sample_look(const struct survey *survey, const struct batch *batch,
                                          int64_t first_row, const int64_t *ordinals,
                                          struct survey_sample *ret, struct err *err);
MUST_CHECK enum status survey_sample_add(struct survey *survey, const struct survey_sample *from,
                                         struct err *err);
/* Keeps the smallest keys, in their order. */
MUST_CHECK enum status survey_sample_settle(struct survey *survey, struct err *err);
void survey_sample_release(struct survey_sample *sample);

/* A text that is kept, cut between characters; data NULL when there is no memory. */
struct str survey_keep_text(struct arena *arena, struct str text);

#endif
