/* columnar/survey_report_columns.c: each column of one table, or of two side by side. */
#include "columnar/survey_report.h"

#include <math.h>
#include <stdio.h>

#define OPEN_MOST     24 /* items that are unfolded from the start */
#define FREQUENT_MOST 8
#define BINS          20

/* One column on both sides. */
struct pair {
    const struct survey_sides *sides;
    const char *name;
    int64_t place[2]; /* -1 = not there */
    bool hidden[2];
    const struct survey_column *columns[2];
    double quantiles[2][7];
};

static const double fractions[7] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

int64_t survey_report_place(const struct survey_sides *sides, size_t side, const char *column)
{
    return side >= sides->count ? -1 : survey_find(sides->sides[side].survey, column);
}

bool survey_report_hides(const struct survey_sides *sides, const char *column)
{
    for (size_t side = 0; side < sides->count; side++) {
        int64_t at = survey_report_place(sides, side, column);
        if (at >= 0 && sides->sides[side].hidden[at]) return true;
    }
    return false;
}

static enum status open_pair(struct pair *ret, const struct survey_sides *sides, const char *name,
                             struct err *err)
{
    *ret = (struct pair){.sides = sides, .name = name, .place = {-1, -1}};
    for (size_t side = 0; side < sides->count; side++) {
        int64_t at = ret->place[side] = survey_report_place(sides, side, name);
        if (at < 0) continue;
        ret->columns[side] = survey_column(sides->sides[side].survey, (size_t)at);
        ret->hidden[side] = sides->sides[side].hidden[at];
        TRY(survey_quantiles(sides->sides[side].survey, (size_t)at, fractions, 7,
                             ret->quantiles[side], err));
    }
    return STATUS_OK;
}

static bool is_ordered(const struct survey_column *column)
{
    return column != NULL && (column->kind == SURVEY_NUMBER || column->kind == SURVEY_TIME);
}

static bool has_lengths(const struct survey_column *column)
{
    return column != NULL && (column->kind == SURVEY_TEXT || column->kind == SURVEY_BYTES);
}

static int64_t rows_of(const struct pair *pair, size_t side)
{
    return survey_rows(pair->sides->sides[side].survey);
}

/* ---- the words beside the name ---- */

static enum status note_of(const struct pair *pair, struct bytes *ret, struct err *err)
{
    char types[2][128] = {"", ""};
    size_t last = pair->columns[1] != NULL ? 1 : 0;
    bool exact;
    for (size_t side = 0; side < 2; side++)
        if (pair->columns[side] != NULL)
            field_type_text(pair->columns[side]->field, types[side], sizeof types[side]);
    ret->size = 0;
    if (pair->columns[0] != NULL && pair->columns[1] != NULL && strcmp(types[0], types[1]) != 0)
        TRY(bytes_format(ret, err, "%s \xe2\x86\x92 ", types[0]));
    TRY(bytes_append_text(ret, types[last], err));
    if (pair->sides->count == 2 && pair->columns[0] == NULL)
        TRY(bytes_append_text(ret, " \xc2\xb7 new", err));
    if (pair->sides->count == 2 && pair->columns[1] == NULL)
        TRY(bytes_append_text(ret, " \xc2\xb7 removed", err));
    int64_t rows = rows_of(pair, last), nulls = pair->columns[last]->nulls;
    int64_t distinct = survey_distinct(pair->columns[last], &exact);
    if (rows > 0 && nulls > 0)
        TRY(bytes_format(ret, err, " \xc2\xb7 %.1f %% null", 100 * (double)nulls / (double)rows));
    if (distinct >= 0)
        TRY(bytes_format(ret, err, " \xc2\xb7 %s%lld distinct", exact ? "" : "about ",
                         (long long)distinct));
    if (pair->hidden[0] || pair->hidden[1])
        TRY(bytes_append_text(ret, " \xc2\xb7 personal data, values not shown", err));
    return STATUS_OK;
}

/* ---- statistics ---- */

/* One line of the table: a cell for each side that is there. */
static enum status line(struct document *document, const struct pair *pair, const char *measure,
                        const struct cell *cells, struct err *err)
{
    struct cell row[3] = {cell_text(measure)};
    size_t count = 1;
    for (size_t side = 0; side < pair->sides->count; side++)
        row[count++] = pair->columns[side] == NULL ? (struct cell){0} : cells[side];
    return document_row(document, row, err);
}

static enum status count_lines(struct document *document, const struct pair *pair, struct err *err)
{
    struct cell types[2] = {{0}}, nulls[2] = {{0}}, shares[2] = {{0}}, distinct[2] = {{0}};
    char texts[2][128];
    bool exact, all_exact = true;
    for (size_t side = 0; side < 2; side++) {
        const struct survey_column *column = pair->columns[side];
        if (column == NULL) continue;
        types[side] = cell_text(field_type_text(column->field, texts[side], sizeof texts[side]));
        nulls[side] = cell_count(column->nulls);
        shares[side] = cell_part(column->nulls, rows_of(pair, side));
        int64_t count = survey_distinct(column, &exact);
        all_exact = all_exact && exact;
        if (count >= 0) distinct[side] = cell_count(count);
    }
    TRY(line(document, pair, "type", types, err));
    TRY(line(document, pair, "nulls", nulls, err));
    TRY(line(document, pair, "share of nulls", shares, err));
    return line(document, pair, all_exact ? "distinct" : "distinct (estimate)", distinct, err);
}

static enum status number_lines(struct document *document, const struct pair *pair, struct err *err)
{
    struct cell mean[2] = {{0}}, deviation[2] = {{0}}, zeros[2] = {{0}}, negatives[2] = {{0}};
    struct cell nans[2] = {{0}};
    bool any_nan = false;
    for (size_t side = 0; side < 2; side++) {
        const struct survey_column *column = pair->columns[side];
        if (column == NULL || column->kind != SURVEY_NUMBER || pair->hidden[side]) continue;
        if (column->numbers > column->infinite) mean[side] = cell_number(column->mean);
        if (column->numbers > 1) deviation[side] = cell_number(survey_deviation(column));
        zeros[side] = cell_count(column->zeros);
        negatives[side] = cell_count(column->negatives);
        nans[side] = cell_count(column->nans + column->infinite);
        any_nan = any_nan || column->nans + column->infinite > 0;
    }
    if (mean[0].kind == CELL_EMPTY && mean[1].kind == CELL_EMPTY) return STATUS_OK;
    TRY(line(document, pair, "mean", mean, err));
    TRY(line(document, pair, "deviation", deviation, err));
    TRY(line(document, pair, "zeros", zeros, err));
    TRY(line(document, pair, "negative", negatives, err));
    return any_nan ? line(document, pair, "NaN or infinite", nans, err) : STATUS_OK;
}

/* A quantile as a number, or as the date it is. */
static struct cell place_cell(const struct survey_column *column, double number, const char *text,
                              char room[SURVEY_VALUE_TEXT])
{
    if (isnan(number)) return (struct cell){0};
    if (column->kind == SURVEY_NUMBER) return cell_number(number);
    return cell_text(text != NULL ? text : survey_number_text(column, number, room));
}

static enum status quantile_lines(struct document *document, const struct pair *pair,
                                  struct err *err)
{
    static const char *const names[] = {"minimum",       "1 % quantile",  "5 % quantile",
                                        "25 % quantile", "median",        "75 % quantile",
                                        "95 % quantile", "99 % quantile", "maximum"};
    for (size_t i = 0; i < 9; i++) {
        struct cell cells[2] = {{0}};
        char rooms[2][SURVEY_VALUE_TEXT];
        bool any = false;
        for (size_t side = 0; side < 2; side++) {
            const struct survey_column *column = pair->columns[side];
            if (!is_ordered(column) || pair->hidden[side] || column->numbers == 0) continue;
            bool end = i == 0 || i == 8;
            double number = i == 0   ? column->least
                            : i == 8 ? column->most
                                     : pair->quantiles[side][i - 1];
            const char *text = i == 0 ? column->least_text : column->most_text;
            cells[side] = place_cell(column, number, end ? text : NULL, rooms[side]);
            any = true;
        }
        if (any) TRY(line(document, pair, names[i], cells, err));
    }
    return STATUS_OK;
}

static enum status length_lines(struct document *document, const struct pair *pair, struct err *err)
{
    struct cell shortest[2] = {{0}}, mean[2] = {{0}}, longest[2] = {{0}};
    bool any = false;
    for (size_t side = 0; side < 2; side++) {
        const struct survey_column *column = pair->columns[side];
        if (!has_lengths(column) || column->longest < 0 || pair->hidden[side]) continue;
        int64_t values = rows_of(pair, side) - column->nulls;
        shortest[side] = cell_count(column->shortest);
        longest[side] = cell_count(column->longest);
        mean[side] = cell_number((double)column->lengths / (double)values);
        any = true;
    }
    if (!any) return STATUS_OK;
    TRY(line(document, pair, "shortest", shortest, err));
    TRY(line(document, pair, "mean length", mean, err));
    return line(document, pair, "longest", longest, err);
}

static enum status statistics(struct document *document, const struct pair *pair, struct err *err)
{
    const struct survey_sides *sides = pair->sides;
    struct document_column columns[3] = {{"measure", "Measure", false}};
    for (size_t side = 0; side < sides->count; side++)
        columns[1 + side] =
            (struct document_column){sides->sides[side].name, sides->sides[side].name, false};
    TRY(document_table(document, "statistics", "Statistics", columns, 1 + sides->count, err));
    TRY(count_lines(document, pair, err));
    TRY(number_lines(document, pair, err));
    TRY(quantile_lines(document, pair, err));
    return length_lines(document, pair, err);
}

/* ---- the distribution ---- */

/* What the bins are over: values, or lengths of texts with many values. */
static bool is_binned(const struct pair *pair, size_t side, bool lengths)
{
    const struct survey_column *column = pair->columns[side];
    if (column == NULL || pair->hidden[side]) return false;
    if (lengths) return has_lengths(column) && column->values.many && column->longest >= 0;
    return is_ordered(column) && column->numbers > 0;
}

/* Where a few values lie far from the others, the ends of the axis are near the 1 % and 99 %
 * quantiles: the end bins hold what is beyond. */
static void find_range(const struct pair *pair, size_t side, bool lengths, double *low,
                       double *high)
{
    const struct survey_column *column = pair->columns[side];
    double least = lengths ? (double)column->shortest : column->least;
    double most = lengths ? (double)column->longest : column->most;
    double first = pair->quantiles[side][0], last = pair->quantiles[side][6];
    double width = last - first;
    if (!isnan(width) && (least < first - 2 * width || !isfinite(least))) least = first;
    if (!isnan(width) && (most > last + 2 * width || !isfinite(most))) most = last;
    if (isnan(*low) || least < *low) *low = least;
    if (isnan(*high) || most > *high) *high = most;
}

static bool reaches_beyond(const struct pair *pair, size_t side, bool lengths, double low,
                           double high)
{
    const struct survey_column *column = pair->columns[side];
    if (lengths) return (double)column->longest > high || (double)column->shortest < low;
    return column->least < low || column->most > high;
}

static enum status draw(struct document *document, const struct pair *pair, bool lengths,
                        const double *range, struct err *err)
{
    int64_t counts[2][BINS] = {{0}};
    char low[SURVEY_VALUE_TEXT], high[SURVEY_VALUE_TEXT], title[160];
    struct chart_histogram histogram = {.bins = BINS, .edges = {range[0], range[1]}};
    bool sampled = false, beyond = false;
    for (size_t side = 0; side < 2; side++) {
        if (!is_binned(pair, side, lengths)) continue;
        const struct survey *survey = pair->sides->sides[side].survey;
        survey_bins(survey, (size_t)pair->place[side], range[0], range[1], BINS, counts[side]);
        histogram.counts[side] = counts[side];
        histogram.names[side] = pair->sides->sides[side].name;
        sampled = sampled || survey_sampled(survey) < survey_rows(survey);
        beyond = beyond || reaches_beyond(pair, side, lengths, range[0], range[1]);
        struct survey_column as_number = {.kind = SURVEY_NUMBER};
        const struct survey_column *about = lengths ? &as_number : pair->columns[side];
        histogram.low = survey_number_text(about, range[0], low);
        histogram.high = survey_number_text(about, range[1], high);
    }
    snprintf(title, sizeof title, "Distribution%s%s%s", lengths ? " of lengths" : "",
             beyond ? ", values beyond in the end bins" : "", sampled ? ", from a sample" : "");
    histogram.title = title;
    return document_histogram(document, "histogram", &histogram, err);
}

static enum status distribution(struct document *document, const struct pair *pair, struct err *err)
{
    for (int lengths = 0; lengths < 2; lengths++) {
        double range[2] = {NAN, NAN};
        for (size_t side = 0; side < 2; side++)
            if (is_binned(pair, side, lengths))
                find_range(pair, side, lengths, &range[0], &range[1]);
        if (range[1] > range[0] && isfinite(range[1] - range[0]))
            return draw(document, pair, lengths, range, err);
    }
    return STATUS_OK;
}

/* ---- frequent values ---- */

struct frequent {
    struct survey_value *values;
    size_t count;
    int64_t of;
    bool sampled;
};

static enum status list_frequent(const struct pair *pair, size_t side, struct frequent *ret,
                                 struct err *err)
{
    const struct survey *survey = pair->sides->sides[side].survey;
    size_t most = (size_t)survey_sampled(survey) + SURVEY_VALUES;
    if (pair->columns[side] == NULL || pair->hidden[side]) return STATUS_OK;
    TRY(NEW(&ret->values, most, err));
    return survey_frequent(survey, (size_t)pair->place[side], most, ret->values, &ret->count,
                           &ret->of, &ret->sampled, err);
}

static const struct survey_value *find_value(const struct frequent *frequent, struct str text,
                                             size_t below)
{
    for (size_t i = 0; i < below && i < frequent->count; i++)
        if (str_equal(frequent->values[i].text, text)) return &frequent->values[i];
    return NULL;
}

static enum status value_row(struct document *document, const struct pair *pair,
                             const struct frequent *frequent, size_t from, struct str text,
                             struct err *err)
{
    const struct survey_side *shown_by = &pair->sides->sides[from];
    OWNED(bytes_release) struct bytes scratch = bytes_limited(1 << 16);
    struct str shown = text;
    struct cell row[5];
    size_t count = 1;
    if (shown_by->show != NULL)
        TRY(shown_by->show(shown_by->context, pair->name, text, &scratch, &shown, err));
    row[0] = shown.size == 0 ? cell_toned(cell_text("empty"), TONE_PLAIN) : cell_code(shown);
    for (size_t side = 0; side < pair->sides->count; side++) {
        const struct survey_value *value = find_value(&frequent[side], text, SIZE_MAX);
        bool there = frequent[side].values != NULL;
        int64_t times = value == NULL ? 0 : value->count;
        row[count++] = there && !frequent[side].sampled ? cell_count(times) : (struct cell){0};
        row[count++] = there ? cell_part(times, frequent[side].of) : (struct cell){0};
    }
    return document_row(document, row, err);
}

static enum status frequent_table(struct document *document, const struct pair *pair, bool sampled,
                                  struct err *err)
{
    const struct survey_sides *sides = pair->sides;
    char keys[4][48];
    struct document_column columns[5] = {{"value", "Value", false}};
    for (size_t side = 0; side < sides->count; side++) {
        char *count = keys[2 * side], *share = keys[2 * side + 1];
        snprintf(count, sizeof keys[0], sides->count == 1 ? "count" : "count %s",
                 sides->sides[side].name);
        snprintf(share, sizeof keys[0], sides->count == 1 ? "share" : "share %s",
                 sides->sides[side].name);
        columns[1 + 2 * side] = (struct document_column){count, count, false};
        columns[2 + 2 * side] = (struct document_column){share, share, true};
    }
    return document_table(document, "values",
                          sampled ? "Frequent values, shares from a sample" : "Frequent values",
                          columns, 1 + 2 * sides->count, err);
}

/* Worth a table: not when each value is there once. */
static bool is_frequent(const struct frequent *frequent)
{
    return frequent->count > 0 && (frequent->values[0].count > 1 || frequent->count <= 3);
}

/* The most frequent of the last side, then those of the first that are not among them. */
static enum status values(struct document *document, const struct pair *pair, struct err *err)
{
    struct frequent frequent[2] = {{0}};
    enum status status = STATUS_OK;
    for (size_t side = 0; status == STATUS_OK && side < pair->sides->count; side++)
        status = list_frequent(pair, side, &frequent[side], err);
    bool any = is_frequent(&frequent[0]) || is_frequent(&frequent[1]);
    if (status == STATUS_OK && any)
        status = frequent_table(document, pair, frequent[0].sampled || frequent[1].sampled, err);
    for (size_t i = 0; status == STATUS_OK && any && i < FREQUENT_MOST && i < frequent[1].count;
         i++)
        status = value_row(document, pair, frequent, 1, frequent[1].values[i].text, err);
    for (size_t i = 0; status == STATUS_OK && any && i < FREQUENT_MOST && i < frequent[0].count;
         i++)
        if (find_value(&frequent[1], frequent[0].values[i].text, FREQUENT_MOST) == NULL)
            status = value_row(document, pair, frequent, 0, frequent[0].values[i].text, err);
    memory_free(frequent[0].values);
    memory_free(frequent[1].values);
    return status;
}

/* ---- the section ---- */

static enum status column_item(struct document *document, const struct survey_sides *sides,
                               const char *name, bool folded, struct err *err)
{
    OWNED(bytes_release) struct bytes note = bytes_limited(4096);
    struct pair pair;
    TRY(open_pair(&pair, sides, name, err));
    TRY(note_of(&pair, &note, err));
    TRY(document_item(document, str_of(name), (struct str){(const char *)note.data, note.size},
                      folded, err));
    TRY(distribution(document, &pair, err));
    TRY(values(document, &pair, err));
    return statistics(document, &pair, err);
}

static enum status list_columns(struct document *document, const struct survey_sides *sides,
                                size_t side, bool folded, struct err *err)
{
    const struct survey *survey = sides->sides[side].survey;
    for (size_t i = 0; i < survey_count(survey); i++) {
        const struct field *field = survey_column(survey, i)->field;
        bool again = side == 1 && survey_report_place(sides, 0, field->name) >= 0;
        if (again || survey_is_provenance(field)) continue;
        if (survey_find(survey, field->name) != (int64_t)i) continue; /* a name that is repeated */
        TRY(column_item(document, sides, field->name, folded, err));
    }
    return STATUS_OK;
}

enum status survey_report_columns(struct document *document, const struct survey_sides *sides,
                                  struct err *err)
{
    bool folded = false, sampled = false;
    char text[256];
    TRY(document_section(document, "columns", "Columns", err));
    for (size_t side = 0; side < sides->count; side++) {
        const struct survey *survey = sides->sides[side].survey;
        folded = folded || survey_count(survey) > OPEN_MOST;
        sampled = sampled || survey_sampled(survey) < survey_rows(survey);
    }
    snprintf(text, sizeof text,
             "Counts, means and extremes are of all rows. Quantiles and distributions are %s.",
             sampled ? "of a sample of rows that a hash of source and record chooses"
                     : "of all rows too");
    TRY(document_paragraph(document, "method", text, err));
    for (size_t side = 0; side < sides->count; side++)
        TRY(list_columns(document, sides, side, folded, err));
    return STATUS_OK;
}
