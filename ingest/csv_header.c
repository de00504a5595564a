/* ingest/csv_header.c: where the table of a CSV file begins, and its names.
 *
 * A first record is a header when its cells are of another kind than what stands below them; where
 * all is text it is one too, unless it is incomplete or comes again below. Titles in front of it
 * (records of another width, or with one cell) are left out only where a header follows them; what
 * is left out stands in front of the table and is no record. More rows belong to the header when
 * they repeat it, fill the gaps of a row above, or hold units above nothing but values. */
#include "ingest/csv_sample.h"

#define TITLES_MAXIMUM 60
#define VALUE_ROWS     200 /* of a column, that are looked at */

/* ---- rows ---- */

static size_t filled_cells(const struct csv_sample *sample, size_t row)
{
    size_t filled = 0;
    for (size_t column = 0; column < sample->rows[row].count; column++)
        filled += csv_sample_at(sample, row, column).text.size > 0;
    return filled;
}

static bool is_regular(const struct csv_sample *sample, size_t row, size_t width)
{
    return sample->rows[row].count == width;
}

static size_t skip_blank(const struct csv_sample *sample, size_t row)
{
    while (row < sample->row_count && sample->rows[row].skipped)
        row++;
    return row;
}

/* ---- columns below a row ---- */

/* What one column says about its cell in row `at`: above 0 = a name, below 0 = a value. */
static int column_says(const struct csv_sample *sample, size_t width, size_t at, size_t column)
{
    struct str first = csv_sample_at(sample, at, column).text;
    if (first.size == 0) return 0;
    unsigned classes = VALUE_ANY;
    bool any = false, again = false;
    struct value_day day = {.known = false};
    for (size_t row = at + 1; row < sample->row_count; row++) {
        struct str value = csv_sample_at(sample, row, column).text;
        if (value.size == 0 || !is_regular(sample, row, width)) continue;
        any = true;
        again = again || str_equal(value, first);
        if (classes != 0) classes &= value_classes(value, classes, &day);
    }
    unsigned own = value_classes(first, VALUE_ANY, &day);
    if (!any) return own != 0 ? -1 : 0;
    if (classes != 0) return (own & classes) != 0 ? -1 : 1;
    return again || own != 0 ? -1 : 0;
}

/* Whether most of what stands below row `at` looks like values, and how many rows say so. */
static bool column_has_values(const struct csv_sample *sample, size_t width, size_t at,
                              size_t column, size_t *ret_rows)
{
    size_t values = 0, filled = 0, rows = 0;
    for (size_t row = at + 1; row < sample->row_count && rows < VALUE_ROWS; row++) {
        struct str text = csv_sample_at(sample, row, column).text;
        if (!is_regular(sample, row, width) || csv_looks_missing(text)) {
            if (text.size == 0 || !csv_looks_like_value(text)) continue;
        }
        rows++;
        filled++;
        values += csv_looks_like_value(text);
    }
    *ret_rows = filled;
    return values * 3 >= filled * 2 && values > 0;
}

/* Votes of the columns that have values below row `at` about a row at or above it. */
struct votes {
    size_t names, values, columns;
    size_t missing; /* cells that say that there is none, or nothing */
};

static struct votes votes_of(const struct csv_sample *sample, size_t width, size_t row, size_t at)
{
    struct votes votes = {0};
    for (size_t column = 0; column < width; column++) {
        size_t rows;
        struct str text = csv_sample_at(sample, row, column).text;
        if (!column_has_values(sample, width, at, column, &rows)) continue;
        votes.columns++;
        bool value = text.size > 0 && csv_looks_like_value(text);
        votes.values += value;
        votes.missing += !value && csv_looks_missing(text);
        votes.names += !value && !csv_looks_missing(text);
    }
    return votes;
}

static bool row_is_header(const struct csv_sample *sample, size_t width, size_t at)
{
    size_t names = 0, values = 0, filled = filled_cells(sample, at);
    struct votes votes = votes_of(sample, width, at, at);
    if (votes.names > 0 && votes.values == 0) return true;
    if (votes.values > 0 && votes.names == 0) return false;
    for (size_t column = 0; column < width; column++) {
        int says = column_says(sample, width, at, column);
        names += says > 0;
        values += says < 0;
    }
    if (names > 0 || values > 0) return names > values;
    return filled > 0 && filled + 1 >= width; /* one may be empty: an index without name */
}

/* ---- titles in front of the header ---- */

static bool is_comment(const struct csv_sample *sample, size_t row)
{
    struct csv_sample_cell first = csv_sample_at(sample, row, 0);
    return first.text.size > 0 && first.text.data[0] == '#' && !first.quoted;
}

/* Of another width, or with one filled cell at most. */
static bool may_be_title(const struct csv_sample *sample, size_t row, size_t width)
{
    if (!is_regular(sample, row, width)) return true;
    return filled_cells(sample, row) <= 1;
}

/* Nobody would take it for a record: a single cell, or a comment. */
static bool is_surely_title(const struct csv_sample *sample, size_t row, size_t width)
{
    if (sample->rows[row].fault) return false;
    return filled_cells(sample, row) <= 1 ||
           (is_comment(sample, row) && !is_regular(sample, row, width));
}

/* A row of another width right above the records whose cells are names. */
static bool is_uneven_header(const struct csv_sample *sample, size_t row, size_t width)
{
    size_t count = sample->rows[row].count, uneven = count > width ? count - width : width - count;
    if (count < 2 || uneven > 1 + width / 4) return false;
    struct votes votes = votes_of(sample, width, row, row);
    return votes.names > 0 && votes.values == 0 && filled_cells(sample, row) + 1 >= count;
}

/* The row at which the header stands, or `none`. */
static size_t find_header(const struct csv_sample *sample, size_t width, size_t none)
{
    size_t first = skip_blank(sample, 0), row = first, above = none;
    bool surely = true;
    if (first == sample->row_count) return none;
    if (width == 1)
        return is_regular(sample, first, 1) && row_is_header(sample, 1, first) ? first : none;
    while (row < sample->row_count && row < first + TITLES_MAXIMUM &&
           (sample->rows[row].skipped || may_be_title(sample, row, width))) {
        if (!sample->rows[row].skipped) {
            surely = surely && is_surely_title(sample, row, width);
            above = row;
        }
        row++;
    }
    if (row == sample->row_count || row == first + TITLES_MAXIMUM) row = first;
    if (is_regular(sample, row, width) && row_is_header(sample, width, row)) {
        if (row == first || surely || votes_of(sample, width, row, row).names > 0) return row;
    }
    if (row == first || above == none) return none;
    if (is_regular(sample, above, width)) return row_is_header(sample, width, above) ? above : none;
    return is_uneven_header(sample, above, width) ? above : none;
}

/* ---- more rows of a header ---- */

static bool is_same_row(const struct csv_sample *sample, size_t a, size_t b, size_t width)
{
    for (size_t column = 0; column < width; column++)
        if (!str_equal(csv_sample_at(sample, a, column).text,
                       csv_sample_at(sample, b, column).text))
            return false;
    return true;
}

/* Columns without a text in any header row so far that get one in `row`. */
static size_t gaps_filled(const struct csv_sample *sample, const struct csv_head *head, size_t row,
                          size_t width)
{
    size_t gaps = 0;
    for (size_t column = 0; column < width; column++) {
        bool empty = csv_sample_at(sample, head->body - 1, column).text.size == 0;
        gaps += empty && csv_sample_at(sample, row, column).text.size > 0;
    }
    return gaps;
}

static bool belongs_to_header(const struct csv_sample *sample, const struct csv_head *head,
                              size_t row, size_t width)
{
    if (row + 1 >= sample->row_count || !is_regular(sample, row, width)) return false;
    if (is_same_row(sample, head->first, row, width)) return true;
    struct votes votes = votes_of(sample, width, row, row);
    if (votes.values > 0 || votes.columns < 2) return false;
    if (gaps_filled(sample, head, row, width) >= 2 || csv_sample_at(sample, row, 0).text.size == 0)
        return votes.names > 0;
    return votes.names == votes.columns && votes.columns * 2 >= width; /* units */
}

static size_t skip_rows(const struct csv_sample *sample, size_t row, int64_t rows)
{
    for (; rows > 0 && row < sample->row_count; rows--)
        row++;
    return row;
}

struct csv_head csv_head_find(const struct source_options *options, const struct csv_sample *sample,
                              size_t width)
{
    size_t none = sample->row_count;
    struct csv_head head = {.first = skip_blank(sample, 0)};
    if (options->header == HEADER_NO || head.first == none) return head;
    if (options->header == HEADER_YES) {
        head.body = skip_rows(sample, head.first, options->header_rows);
        head.rows = head.body - head.first;
        return head;
    }
    size_t found = find_header(sample, width, none);
    if (found == none) return head;
    head = (struct csv_head){.first = found, .rows = 1, .body = found + 1};
    while (width > 1 && head.rows < 10 && belongs_to_header(sample, &head, head.body, width)) {
        head.rows++;
        head.body++;
    }
    return head;
}
