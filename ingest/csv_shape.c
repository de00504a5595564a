/* ingest/csv_shape.c: delimiter, quote and escape, found by consistency.
 *
 * Each candidate dialect takes the beginning of the file apart, and the one whose result looks most
 * like a table is it: van den Burg, Nazabal and Sutton, "Wrangling Messy CSV Files by Detecting Row
 * and Type Patterns" (Data Mining and Knowledge Discovery 33(6), 2019), section 4: Q = P x T. The
 * pattern score P is the sum over the K kinds of rows of N_k (L_k - 1) / L_k, divided by K, for N_k
 * rows of L_k cells; the type score T is the share of cells that look like something. Ours: rows of
 * as many cells are of one kind, a record with a misplaced quote counts against its dialect, a
 * delimiter needs half of the rows, and blanks and colons, which stand in any text, need nearly all
 * of them and values that were none before. */
#include "ingest/csv_sample.h"

#define TEXT_BYTES   (64u << 10)
#define ROWS         400
#define NO_DELIMITER "\x1f" /* of a table with one column */

struct candidate {
    const char *delimiter;
    bool weak; /* it stands in words, dates and times too */
};
/* The first of equals wins. */
static const struct candidate candidates[] = {
    {",", false},
    {"\t", false},
    {";", false},
    {"|", false},
    {"^", false},
    {"~", false},
    {"\x01", false},
    {"\x1f", false},
    {"\x1e", false},
    {"||", false},
    {";;", false},
    {"\t\t", false},
    {"|~|", false},
    {", ", false},
    {"; ", false},
    {"\xc2\xa7", false} /* section */,
    {"\xc2\xa6", false} /* broken bar */,
    {"\xc2\xac", false} /* not */,
    {"\xc2\xa4", false} /* currency */,
    {" ", true},
    {":", true},
};

struct text {
    const uint8_t *data;
    size_t size;
    bool whole;
};

/* ---- how much like a table ---- */

struct fit {
    double score;
    size_t width, alike, rows, faults, quoted;
    size_t framed; /* cells that have quotes around them all the same */
    size_t values; /* columns of which nearly all cells look like values */
    bool even;     /* a delimiter qualifies */
};

static double pattern_score(const struct csv_sample *sample)
{
    double sum = 0;
    size_t kinds = 0, done = 0;
    size_t counts[ROWS], times[ROWS];
    for (size_t i = 0; i < sample->row_count; i++) {
        size_t kind = 0, count = sample->rows[i].count;
        if (sample->rows[i].skipped) continue;
        while (kind < kinds && counts[kind] != count)
            kind++;
        if (kind == kinds) times[kinds++] = 0;
        counts[kind] = count;
        times[kind]++;
        done++;
    }
    for (size_t kind = 0; kind < kinds; kind++) {
        double cells = counts[kind] < 2 ? 1 : (double)counts[kind];
        double splits = counts[kind] < 2 ? 1e-3 : cells - 1; /* the paper's alpha */
        sum += (double)times[kind] * splits / cells;
    }
    return done == 0 ? 0 : sum / (double)kinds;
}

static bool is_framed(struct str text)
{
    return text.size > 1 && text.data[0] == '"' && text.data[text.size - 1] == '"';
}

static double type_score(const struct csv_sample *sample, struct fit *fit)
{
    size_t known = 0, cells = 0;
    for (size_t i = 0; i < sample->row_count; i++) {
        const struct csv_sample_row *row = &sample->rows[i];
        cells += row->fault;
        for (size_t k = 0; k < row->count; k++) {
            const struct csv_sample_cell *cell = &sample->cells[row->first + k];
            known += cell->quoted || csv_looks_known(cell->text);
            fit->quoted += cell->quoted;
            fit->framed += !cell->quoted && is_framed(cell->text);
            cells++;
        }
    }
    return cells == 0 ? 0 : ((double)known + 1e-10) / (double)cells;
}

static size_t value_columns(const struct csv_sample *sample, size_t width)
{
    size_t columns = 0;
    for (size_t column = 0; column < width; column++) {
        size_t values = 0, filled = 0;
        for (size_t row = 0; row < sample->row_count; row++) {
            struct str text = csv_sample_at(sample, row, column).text;
            filled += text.size > 0;
            values += text.size > 0 && csv_looks_like_value(text);
        }
        columns += values > 0 && values * 10 + 10 >= filled * 9; /* one may be a name */
    }
    return columns;
}

static enum status fit_of(const struct csv_dialect *dialect, const struct text *text,
                          struct fit *ret, struct err *err)
{
    OWNED(csv_sample_close) struct csv_sample sample = {0};
    *ret = (struct fit){0};
    TRY(csv_sample_read(&sample, dialect, text->data, text->size, text->whole, ROWS, err));
    for (size_t i = 0; i < sample.row_count; i++) {
        ret->faults += sample.rows[i].fault;
        ret->rows += !sample.rows[i].skipped;
    }
    ret->width = csv_sample_width(&sample, &ret->alike);
    double right = ret->rows == 0 ? 0 : 1 - (double)ret->faults / (double)ret->rows;
    ret->score = pattern_score(&sample) * type_score(&sample, ret) * right * right;
    if (ret->width > 1) ret->values = value_columns(&sample, ret->width);
    return STATUS_OK;
}

/* ---- candidates ---- */

static void set_delimiter(struct csv_dialect *dialect, const char *delimiter)
{
    size_t more = strlen(delimiter) - 1;
    dialect->delimiter = (uint8_t)delimiter[0];
    dialect->delimiter_more_size = (uint8_t)more;
    memcpy(dialect->delimiter_more, delimiter + 1, more);
}

static bool stands_in(const struct text *text, const char *what)
{
    return memmem(text->data, text->size, what, strlen(what)) != NULL;
}

/* Whether `single` is a whole column as it stands: values that a weak delimiter would cut. */
static enum status is_column_of_values(const struct csv_dialect *dialect, const struct text *text,
                                       bool *ret, struct err *err)
{
    OWNED(csv_sample_close) struct csv_sample sample = {0};
    struct csv_dialect single = *dialect;
    set_delimiter(&single, NO_DELIMITER);
    TRY(csv_sample_read(&sample, &single, text->data, text->size, text->whole, ROWS, err));
    *ret = value_columns(&sample, 1) == 1;
    return STATUS_OK;
}

/* A delimiter that is written twice looks like one with an empty cell in between. */
static bool is_doubled(const char *delimiter, const struct fit *fit, const struct csv_dialect *best,
                       const struct fit *best_fit)
{
    return strlen(delimiter) == 2 && delimiter[0] == delimiter[1] &&
           best->delimiter_more_size == 0 && best->delimiter == (uint8_t)delimiter[0] &&
           best_fit->width == 2 * fit->width - 1 && fit->alike >= best_fit->alike;
}

/* Whether enough rows are alike. Blanks and colons need nearly all of them, and values, or quotes
 * that stand right beside them all over. */
static bool qualifies(const struct candidate *candidate, const struct fit *fit)
{
    if (fit->width < 2) return false;
    if (!candidate->weak) return fit->alike * 2 >= fit->rows;
    if (fit->faults == 0 && (fit->quoted >= 2 * fit->rows || fit->alike == fit->rows) &&
        fit->quoted >= fit->rows)
        return fit->alike * 3 >= fit->rows;
    return fit->alike >= 2 && fit->alike * 10 >= fit->rows * 9 && fit->values * 2 >= fit->width;
}

/* ---- delimiter ---- */

/* Nothing cuts the text evenly. Where each line is a value (like "1,234.50") it is a column. */
static enum status take_no_delimiter(struct csv_dialect *dialect, const struct text *text,
                                     struct fit *ret, struct err *err)
{
    bool values = false;
    if (stands_in(text, ",")) TRY(is_column_of_values(dialect, text, &values, err));
    set_delimiter(dialect, values ? NO_DELIMITER : ",");
    return fit_of(dialect, text, ret, err);
}

/* The best delimiter for a quote and an escape. */
static enum status find_delimiter(struct csv_dialect *dialect, const struct text *text,
                                  struct fit *ret, struct err *err)
{
    struct csv_dialect best = *dialect;
    *ret = (struct fit){0};
    set_delimiter(&best, ",");
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        const char *delimiter = candidates[i].delimiter;
        struct fit fit;
        bool values = false;
        if (!stands_in(text, delimiter) || (candidates[i].weak && ret->width != 0)) continue;
        set_delimiter(dialect, delimiter);
        TRY(fit_of(dialect, text, &fit, err));
        if (!qualifies(&candidates[i], &fit)) continue;
        if (candidates[i].weak) TRY(is_column_of_values(dialect, text, &values, err));
        bool better = fit.score > ret->score * 1.05 || is_doubled(delimiter, &fit, &best, ret);
        if (values || (ret->width != 0 && !better)) continue;
        *ret = fit;
        ret->even = true;
        best = *dialect;
    }
    *dialect = best;
    return ret->width != 0 ? STATUS_OK : take_no_delimiter(dialect, text, ret, err);
}

/* ---- quote and escape ---- */

struct marks {
    uint8_t quote, escape;
};

static size_t list_marks(const struct source_options *options, const struct text *text,
                         struct marks *ret)
{
    uint8_t quotes[3] = {'"', '\'', 0}, escapes[2] = {0, '\\'};
    size_t quote_count = 3, escape_count = stands_in(text, "\\") ? 2 : 1, count = 0;
    if (options->quote >= 0) {
        quotes[0] = (uint8_t)options->quote;
        quote_count = 1;
    }
    if (options->escape >= 0) {
        escapes[0] = (uint8_t)options->escape;
        escape_count = 1;
    }
    for (size_t q = 0; q < quote_count; q++)
        for (size_t e = 0; e < escape_count; e++) {
            const char escaped[3] = {(char)escapes[e], (char)quotes[q], '\0'};
            if (q > 0 && quotes[q] == '\'' && !stands_in(text, "'")) continue;
            if (q > 0 && quotes[q] == 0 && !stands_in(text, "\"")) continue;
            bool escapes_quotes = quotes[q] != 0 && stands_in(text, escaped);
            if (e > 0 && !escapes_quotes && !stands_in(text, "\\\n")) continue;
            ret[count++] = (struct marks){quotes[q], escapes[e]};
        }
    return count;
}

/* Whether marks explain the text clearly better than the best so far. An apostrophe is no quote
 * just because it stands somewhere: it has to pair nearly everywhere. There is no quote only where
 * many stand in wrong places and none in a right one. */
static bool explains_better(const struct marks *marks, const struct fit *fit,
                            const struct fit *best)
{
    bool pairs = fit->quoted >= 2 && fit->faults * 2 < fit->rows;
    if (marks->quote == '\'' && !pairs) return false;
    if (marks->quote == 0 &&
        (fit->framed > 0 || best->quoted > 0 || best->faults * 10 < best->rows))
        return false;
    if (fit->width == 1 && best->width == 1)
        return fit->faults < best->faults || (fit->faults == 0 && fit->quoted > best->quoted);
    if (fit->even != best->even) return fit->even;
    return fit->width > 1 && fit->score > best->score * (fit->faults > best->faults ? 1.3 : 1.02);
}

enum status csv_shape_find(const struct source_options *options, const uint8_t *text, size_t size,
                           bool whole, struct csv_dialect *ret, struct err *err)
{
    bool cut = size > TEXT_BYTES && memchr(text, '\n', TEXT_BYTES) != NULL;
    const struct text begin = {text, cut ? TEXT_BYTES : size, whole && !cut};
    struct marks marks[6];
    size_t count = list_marks(options, &begin, marks);
    struct csv_dialect best = *ret;
    struct fit best_fit = {0};
    for (size_t i = 0; i < count; i++) {
        struct csv_dialect dialect = *ret;
        struct fit fit;
        dialect.quote = marks[i].quote;
        dialect.escape = marks[i].escape;
        if (options->delimiter != NULL) {
            set_delimiter(&dialect, options->delimiter);
            TRY(fit_of(&dialect, &begin, &fit, err));
        } else {
            TRY(find_delimiter(&dialect, &begin, &fit, err));
        }
        if (i > 0 && !explains_better(&marks[i], &fit, &best_fit)) continue;
        best = dialect;
        best_fit = fit;
        if (fit.faults == 0 && fit.quoted > 0 && fit.width > 1)
            break; /* all is where it should be */
    }
    *ret = best;
    return STATUS_OK;
}
