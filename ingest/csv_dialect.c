/* ingest/csv_dialect.c: delimiter, quote and header, found in a sample.
 *
 * The delimiter is the candidate that cuts most records into the same number of fields, the first
 * record among them. A first record is a header when its cells are of another kind than what stands
 * below them; where all is text it is one too, unless it is incomplete or comes again below. */
#include "ingest/csv_parts.h"

#include <stdio.h>

#define SAMPLE_RECORDS  1000
#define COLUMNS_MAXIMUM 10000

/* ---- how well a dialect fits ---- */

struct fit {
    size_t records, alike; /* in the sample; with `fields` fields */
    size_t fields;         /* the most frequent number */
    size_t first;          /* fields of the first record, 0 when it has a fault */
    size_t quoted;         /* records with a quoted field and no fault */
    size_t faults;
    size_t end; /* bytes of the whole records */
};

/* The most frequent of `counts`, the first record's where it is among the most frequent. */
static void most_frequent(const uint32_t *counts, size_t records, struct fit *ret)
{
    for (size_t i = 0; i < records; i++) {
        size_t alike = 0;
        for (size_t k = 0; k < records; k++)
            alike += counts[k] == counts[i] && counts[i] != 0;
        if (alike > ret->alike) {
            ret->alike = alike;
            ret->fields = counts[i];
        }
        if (i == 0 && alike == records) return;
    }
}

static struct fit fit_of(const struct csv_dialect *dialect, const uint8_t *sample, size_t size,
                         bool whole)
{
    uint32_t counts[SAMPLE_RECORDS];
    struct fit fit = {.fields = 1};
    struct csv_record record;
    while (fit.records < SAMPLE_RECORDS && fit.end < size &&
           csv_record_find(dialect, sample + fit.end, size - fit.end, whole, &record)) {
        const uint8_t *begin = sample + fit.end;
        fit.end += record.end;
        if (record.size == 0) continue;
        bool fault = record.fault != CSV_FINE;
        fit.faults += fault;
        fit.quoted += !fault && dialect->quote != 0 && begin[0] == dialect->quote;
        if (fit.records == 0) fit.first = fault ? 0 : record.fields;
        counts[fit.records++] = fault ? 0 : (uint32_t)record.fields;
    }
    most_frequent(counts, fit.records, &fit);
    return fit;
}

static bool better(const struct fit *a, const struct fit *b)
{
    bool a_splits = a->fields > 1, b_splits = b->fields > 1;
    if (a_splits != b_splits) return a_splits;
    bool a_first = a->first == a->fields, b_first = b->first == b->fields;
    if (a_first != b_first) return a_first;
    if (a->alike != b->alike) return a->alike > b->alike;
    return a->fields > b->fields;
}

static void find_delimiter(struct csv_dialect *dialect, const uint8_t *sample, size_t size,
                           bool whole)
{
    static const char candidates[] = ",;\t|";
    struct fit best = {0};
    uint8_t chosen = ',';
    for (const char *candidate = candidates; *candidate != '\0'; candidate++) {
        dialect->delimiter = (uint8_t)*candidate;
        struct fit fit = fit_of(dialect, sample, size, whole);
        if (fit.fields < 2 || fit.alike * 2 < fit.records) continue;
        if (best.fields != 0 && !better(&fit, &best)) continue;
        best = fit;
        chosen = dialect->delimiter;
    }
    dialect->delimiter = chosen;
}

/* An apostrophe is the quote only where there is no other and it pairs everywhere. */
static void find_quote(struct csv_dialect *dialect, int delimiter, const uint8_t *sample,
                       size_t size, bool whole)
{
    dialect->quote = '"';
    if (size == 0 || memchr(sample, '"', size) != NULL || memchr(sample, '\'', size) == NULL)
        return;
    struct csv_dialect single = {.quote = '\'', .delimiter = (uint8_t)delimiter};
    if (delimiter == 0) find_delimiter(&single, sample, size, whole);
    struct fit fit = fit_of(&single, sample, size, whole);
    if (fit.faults == 0 && fit.quoted >= 2) dialect->quote = '\'';
}

/* ---- the sample as a table ---- */

struct sample {
    struct arena *arena;
    struct str *cells; /* row by row */
    size_t rows, columns, room;
    bool has_first; /* row 0 is record 1 */
};

static void sample_close(struct sample *sample)
{
    memory_free(sample->cells);
    arena_close(&sample->arena);
}

static enum status sample_take(void *context, const struct csv_block *block, struct err *err)
{
    struct sample *sample = context;
    if (sample->rows == 0) sample->has_first = block->records[0] == 1;
    size_t rows = sample->rows + block->rows;
    struct str *cells = memory_resize(sample->cells, rows * sample->columns, sizeof *cells);
    if (cells == NULL) return fail_memory(err, rows * sample->columns * sizeof *cells);
    sample->cells = cells;
    cells += sample->rows * sample->columns;
    for (size_t row = 0; row < block->rows; row++)
        for (size_t column = 0; column < block->columns; column++, cells++) {
            struct str text = csv_cell_text(block, row, column);
            *cells = (struct str){arena_text(sample->arena, text.data, text.size), text.size};
            if (cells->data == NULL) return fail_memory(err, text.size);
        }
    sample->rows = rows;
    return STATUS_OK;
}

static enum status sample_read(const struct csv_dialect *dialect,
                               const struct source_options *options, const uint8_t *text,
                               size_t size, struct sample *ret, struct err *err)
{
    OWNED(memory_release) uint8_t *copy = memory_get_raw(size, 1);
    if (copy == NULL) return fail_memory(err, size);
    if (size > 0) memcpy(copy, text, size);
    struct csv_piece piece = {.data = copy, .size = size, .first_record = 1, .first_line = 1};
    struct csv_taker taker = {ret, sample_take};
    ret->columns = dialect->fields;
    TRY(arena_open(&ret->arena, err));
    return csv_fields(dialect, options, &piece, &taker, NULL, err);
}

/* ---- header ---- */

/* What one column says about row 0: above 0 = a name, below 0 = a value. */
static int column_says(const struct sample *sample, size_t column)
{
    struct str first = sample->cells[column];
    if (first.size == 0) return 0;
    unsigned classes = VALUE_ANY;
    bool any = false, again = false;
    struct value_day day = {.known = false};
    for (size_t row = 1; row < sample->rows; row++) {
        struct str value = sample->cells[row * sample->columns + column];
        if (value.size == 0) continue;
        any = true;
        again = again || str_equal(value, first);
        if (classes != 0) classes &= value_classes(value, classes, &day);
    }
    unsigned own = value_classes(first, VALUE_ANY, &day);
    if (!any) return own != 0 ? -1 : 0;
    if (classes != 0) return (own & classes) != 0 ? -1 : 1;
    return again || own != 0 ? -1 : 0;
}

static bool first_row_is_header(const struct sample *sample)
{
    if (!sample->has_first) return false;
    size_t names = 0, values = 0, filled = 0;
    for (size_t column = 0; column < sample->columns; column++) {
        int says = column_says(sample, column);
        names += says > 0;
        values += says < 0;
        filled += sample->cells[column].size > 0;
    }
    if (names > 0 || values > 0) return names > values;
    return filled > 0 &&
           filled + 1 >= sample->columns; /* one may be empty: an index without name */
}

/* ---- names ---- */

static bool name_is_taken(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static enum status name_column(const char **names, size_t column, struct str text,
                               struct arena *arena, struct err *err)
{
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        return fail(err, STATUS_FAILED, "the name of column %zu has a zero byte", column + 1);
    char *base = text.size == 0 ? arena_format(arena, "column%zu", column + 1)
                                : arena_text(arena, text.data, text.size);
    if (base == NULL) return fail_memory(err, text.size);
    char *name = base;
    for (size_t times = 2; name_is_taken(names, column, name); times++) {
        name = arena_format(arena, "%s_%zu", base, times);
        if (name == NULL) return fail_memory(err, text.size);
    }
    names[column] = name;
    return STATUS_OK;
}

static enum status name_columns(const struct sample *sample, const struct csv_dialect *dialect,
                                struct arena *arena, const char ***ret, struct err *err)
{
    const char **names = arena_get(arena, dialect->fields, sizeof *names);
    if (names == NULL) return fail_memory(err, dialect->fields * sizeof *names);
    for (size_t column = 0; column < dialect->fields; column++) {
        struct str text = {NULL, 0};
        if (dialect->header) text = sample->cells[column];
        TRY(name_column(names, column, text, arena, err));
    }
    *ret = names;
    return STATUS_OK;
}

/* ---- what is no CSV of ours ---- */

static enum status refuse_wide_text(const uint8_t *sample, size_t size, struct err *err)
{
    size_t zeros[2] = {0, 0}, seen = size < 512 ? size : 512;
    for (size_t i = 0; i < seen; i++)
        zeros[i & 1] += sample[i] == 0;
    bool mark = size >= 2 && ((sample[0] == 0xff && sample[1] == 0xfe) ||
                              (sample[0] == 0xfe && sample[1] == 0xff));
    bool wide = seen >= 8 && (zeros[0] * 3 > seen || zeros[1] * 3 > seen);
    if (!mark && !wide) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found UTF-16 or UTF-32 text, expected UTF-8");
    err_hint(err, "name it: --encoding utf-16 (iconv -l has all names)");
    return STATUS_FAILED;
}

/* Puts the header, and blank lines in front of it, into the preface. */
static void skip_header(struct csv_dialect *dialect, const uint8_t *sample, size_t size, bool whole)
{
    struct csv_record record;
    do {
        const uint8_t *begin = sample + dialect->preface;
        if (dialect->preface >= size ||
            !csv_record_find(dialect, begin, size - dialect->preface, whole, &record))
            return;
        dialect->preface += record.end;
        dialect->preface_lines += record.lines;
    } while (record.size == 0 && dialect->fields != 1);
}

/* Delimiter, quote and number of fields, as far as they are not given. */
static enum status find_shape(const struct source_options *options, const uint8_t *text,
                              size_t size, bool whole, struct csv_dialect *ret, struct fit *ret_fit,
                              struct err *err)
{
    if (options->quote >= 0)
        ret->quote = (uint8_t)options->quote;
    else
        find_quote(ret, options->delimiter, text, size, whole);
    if (options->delimiter != 0)
        ret->delimiter = (uint8_t)options->delimiter;
    else
        find_delimiter(ret, text, size, whole);
    *ret_fit = fit_of(ret, text, size, whole);
    if (ret_fit->end == 0)
        return fail(err, STATUS_FAILED, "the first record does not end within %zu bytes", size);
    bool by_header = options->header == HEADER_YES && ret_fit->records > 0;
    ret->fields = by_header ? ret_fit->first : ret_fit->fields;
    if (ret->fields == 0)
        return fail(err, STATUS_FAILED, "the header has a quote in the wrong place");
    if (ret->fields > COLUMNS_MAXIMUM)
        return fail(err, STATUS_FAILED, "found %zu columns, expected at most %d", ret->fields,
                    COLUMNS_MAXIMUM);
    return STATUS_OK;
}

/* A header in another encoding would be a reject like any record, and the table without names. */
static enum status refuse_other_encoding(const struct csv_dialect *dialect, const uint8_t *text,
                                         size_t size, struct err *err)
{
    struct csv_record record;
    size_t at = 0;
    while (at < size && (text[at] == '\n' || text[at] == '\r'))
        at++;
    if (at == size || !csv_record_find(dialect, text + at, size - at, true, &record))
        return STATUS_OK;
    if (utf8_valid(text + at, record.size)) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "the first record is not UTF-8");
    err_hint(err, "name the encoding: --encoding NAME (iconv -l has all names)");
    return STATUS_FAILED;
}

enum status csv_dialect_find(const struct source_options *options, const uint8_t *sample,
                             size_t size, bool whole, struct arena *arena, struct csv_dialect *ret,
                             const char ***ret_names, struct err *err)
{
    *ret = (struct csv_dialect){0};
    TRY(refuse_wide_text(sample, size, err));
    if (size >= 3 && memcmp(sample, "\xef\xbb\xbf", 3) == 0) ret->preface = 3;
    const uint8_t *text = sample + ret->preface;
    size_t text_size = size - ret->preface;
    if (text_size == 0) return fail(err, STATUS_FAILED, "found no byte, expected a header");
    struct fit fit;
    TRY(find_shape(options, text, text_size, whole, ret, &fit, err));
    if (options->header != HEADER_NO) TRY(refuse_other_encoding(ret, text, fit.end, err));
    OWNED(sample_close) struct sample first = {0};
    TRY(sample_read(ret, options, text, fit.end, &first, err));
    ret->header = options->header == HEADER_YES ||
                  (options->header == HEADER_AUTO && first_row_is_header(&first));
    if (ret->header && !first.has_first)
        return fail(err, STATUS_FAILED, "the first record cannot be read as a header");
    TRY(name_columns(&first, ret, arena, ret_names, err));
    if (ret->header) skip_header(ret, sample, size, whole);
    return STATUS_OK;
}
