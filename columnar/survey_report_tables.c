/* columnar/survey_report_tables.c: what columns have to do with each other, as sections of a
 * report: missing values, repeated rows, correlations, drift. */
#include "columnar/survey_report.h"

#include "columnar/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PATTERNS_MOST 8
#define NAMES_MOST    6
#define MATRIX_MOST   24
#define PAIRS_MOST    10
#define DRIFTED       0.2 /* the usual bound of a gate; 0.1 is worth a look (Yurdakul 2018) */
#define WORTH_A_LOOK  0.1

static const struct survey_side *last_side(const struct survey_sides *sides)
{
    return &sides->sides[sides->count - 1];
}

/* Calls `visit` for each column of either side but provenance: those of the first, then new ones.
 */
static enum status each_column(const struct survey_sides *sides,
                               enum status (*visit)(void *context, const char *name,
                                                    struct err *err),
                               void *context, struct err *err)
{
    for (size_t side = 0; side < sides->count; side++) {
        const struct survey *survey = sides->sides[side].survey;
        for (size_t i = 0; i < survey_count(survey); i++) {
            const struct field *field = survey_column(survey, i)->field;
            if (survey_is_provenance(field) || survey_find(survey, field->name) != (int64_t)i)
                continue;
            if (side == 1 && survey_report_place(sides, 0, field->name) >= 0) continue;
            TRY(visit(context, field->name, err));
        }
    }
    return STATUS_OK;
}

struct walk {
    struct document *document;
    const struct survey_sides *sides;
};

/* ---- missing ---- */

static enum status missing_row(void *context, const char *name, struct err *err)
{
    const struct walk *walk = context;
    struct cell row[5] = {cell_text(name)};
    size_t count = 1;
    bool any = false;
    for (size_t side = 0; side < walk->sides->count; side++) {
        const struct survey *survey = walk->sides->sides[side].survey;
        int64_t at = survey_report_place(walk->sides, side, name);
        int64_t nulls = at < 0 ? 0 : survey_column(survey, (size_t)at)->nulls;
        any = any || nulls > 0;
        row[count++] = at < 0 ? (struct cell){0} : cell_count(nulls);
        row[count++] = at < 0 ? (struct cell){0} : cell_part(nulls, survey_rows(survey));
    }
    return any ? document_row(walk->document, row, err) : STATUS_OK;
}

static enum status missing_table(struct walk *walk, struct err *err)
{
    const struct survey_sides *sides = walk->sides;
    char keys[4][64];
    struct document_column columns[5] = {{"column", "Column", false}};
    for (size_t side = 0; side < sides->count; side++) {
        char *nulls = keys[2 * side], *share = keys[2 * side + 1];
        const char *name = sides->count == 1 ? "" : sides->sides[side].name;
        snprintf(nulls, sizeof keys[0], "nulls%s%s", *name == '\0' ? "" : " ", name);
        snprintf(share, sizeof keys[0], "share%s%s", *name == '\0' ? "" : " ", name);
        columns[1 + 2 * side] = (struct document_column){nulls, nulls, false};
        columns[2 + 2 * side] = (struct document_column){share, share, true};
    }
    TRY(document_table(walk->document, "nulls", "Columns with nulls", columns, 1 + 2 * sides->count,
                       err));
    return each_column(sides, missing_row, walk, err);
}

static enum status pattern_text(const struct survey *survey, const struct survey_pattern *pattern,
                                struct bytes *ret, struct err *err)
{
    size_t found = 0;
    ret->size = 0;
    for (size_t i = 0; i < survey_count(survey); i++) {
        if (pattern->nulls[i] == 0 || found++ >= NAMES_MOST) continue;
        TRY(bytes_append_text(ret, ret->size == 0 ? "" : ", ", err));
        TRY(bytes_append_text(ret, survey_column(survey, i)->field->name, err));
    }
    if (found > NAMES_MOST) TRY(bytes_format(ret, err, " and %zu more", found - NAMES_MOST));
    return found == 0 ? bytes_append_text(ret, "nothing is missing", err) : STATUS_OK;
}

static enum status pattern_table(struct document *document, const struct survey_side *side,
                                 struct err *err)
{
    static const struct document_column columns[] = {
        {"columns", "Null together", false}, {"rows", "Rows", false}, {"share", "Share", true}};
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 20);
    struct survey_pattern patterns[PATTERNS_MOST];
    char caption[96];
    size_t count;
    int64_t rows = survey_sampled(side->survey);
    TRY(survey_patterns(side->survey, PATTERNS_MOST, patterns, &count, err));
    snprintf(caption, sizeof caption, "Null together, %s%s", side->name,
             rows < survey_rows(side->survey) ? ", in a sample" : "");
    TRY(document_table(document, "patterns", caption, columns, 3, err));
    for (size_t i = 0; i < count; i++) {
        TRY(pattern_text(side->survey, &patterns[i], &text, err));
        struct cell row[] = {{.kind = CELL_TEXT, .text = {(const char *)text.data, text.size}},
                             cell_count(patterns[i].rows),
                             cell_part(patterns[i].rows, rows)};
        TRY(document_row(document, row, err));
    }
    return STATUS_OK;
}

enum status survey_report_missing(struct document *document, const struct survey_sides *sides,
                                  struct err *err)
{
    struct walk walk = {document, sides};
    TRY(document_section(document, "missing", "Missing values", err));
    TRY(missing_table(&walk, err));
    return pattern_table(document, &sides->sides[0], err);
}

/* ---- repeated rows ---- */

enum status survey_report_repeats(struct document *document, const struct survey_sides *sides,
                                  struct err *err)
{
    for (size_t side = 0; side < sides->count; side++) {
        const struct survey *survey = sides->sides[side].survey;
        const char *name = sides->count == 1 ? "" : sides->sides[side].name;
        const char *between = *name == '\0' ? "" : " ";
        char key[80], label[80];
        bool many;
        int64_t distinct = survey_distinct_rows(survey, &many);
        struct cell unknown = many ? cell_text("more than 262,144") : (struct cell){0};
        snprintf(key, sizeof key, "distinct_rows%s%s", *name == '\0' ? "" : "_", name);
        snprintf(label, sizeof label, "Different rows%s%s", between, name);
        TRY(document_fact(document, key, label, distinct < 0 ? unknown : cell_count(distinct),
                          err));
        snprintf(key, sizeof key, "repeated_rows%s%s", *name == '\0' ? "" : "_", name);
        snprintf(label, sizeof label, "Rows equal to an earlier one%s%s", between, name);
        TRY(document_fact(
            document, key, label,
            distinct < 0 ? (struct cell){0} : cell_count(survey_rows(survey) - distinct), err));
    }
    return STATUS_OK;
}

/* ---- correlations ---- */

struct related {
    size_t first, second;
    double pearson, spearman;
};

/* NAN is no larger than the other. */
static double strength(const struct related *pair)
{
    return fmax(fabs(pair->pearson), fabs(pair->spearman));
}

static int by_strength(const void *a, const void *b)
{
    const struct related *left = a, *right = b;
    double x = strength(left), y = strength(right);
    if (x != y) return x > y ? -1 : 1;
    if (left->first != right->first) return left->first < right->first ? -1 : 1;
    return (left->second > right->second) - (left->second < right->second);
}

static size_t number_columns(const struct survey_sides *sides, size_t *ret)
{
    const struct survey_side *side = last_side(sides);
    size_t count = 0;
    for (size_t i = 0; i < survey_count(side->survey) && count < MATRIX_MOST; i++) {
        const struct survey_column *column = survey_column(side->survey, i);
        bool varies = column->kind == SURVEY_NUMBER && column->squares > 0;
        if (varies && !survey_is_provenance(column->field) && !side->hidden[i]) ret[count++] = i;
    }
    return count;
}

static enum status pair_table(struct document *document, const struct survey *survey,
                              const size_t *columns, size_t count, const double *pearson,
                              const double *spearman, struct err *err)
{
    static const struct document_column head[] = {{"first", "Column", false},
                                                  {"second", "and column", false},
                                                  {"pearson", "Pearson", false},
                                                  {"spearman", "Spearman", false}};
    struct related pairs[MATRIX_MOST * MATRIX_MOST / 2];
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (!isnan(pearson[i * count + j]))
                pairs[found++] =
                    (struct related){j, i, pearson[i * count + j], spearman[i * count + j]};
    if (found > 0) qsort(pairs, found, sizeof *pairs, by_strength);
    TRY(document_table(document, "pairs", "The strongest pairs", head, 4, err));
    for (size_t i = 0; i < found && i < PAIRS_MOST; i++) {
        struct cell row[] = {
            cell_text(survey_column(survey, columns[pairs[i].first])->field->name),
            cell_text(survey_column(survey, columns[pairs[i].second])->field->name),
            cell_number(round(pairs[i].pearson * 1e12) / 1e12),
            cell_number(round(pairs[i].spearman * 1e12) / 1e12)};
        TRY(document_row(document, row, err));
    }
    return STATUS_OK;
}

static enum status matrices(struct document *document, const struct survey *survey,
                            const size_t *columns, size_t count, struct err *err)
{
    double pearson[MATRIX_MOST * MATRIX_MOST], spearman[MATRIX_MOST * MATRIX_MOST];
    const char *names[MATRIX_MOST];
    for (size_t i = 0; i < count; i++)
        names[i] = survey_column(survey, columns[i])->field->name;
    TRY(survey_correlate(survey, columns, count, pearson, spearman, err));
    TRY(pair_table(document, survey, columns, count, pearson, spearman, err));
    TRY(document_matrix(document, "pearson",
                        &(struct chart_matrix){"Pearson's coefficients", count, names, pearson},
                        err));
    return document_matrix(
        document, "spearman",
        &(struct chart_matrix){"Spearman's coefficients, of ranks", count, names, spearman}, err);
}

enum status survey_report_correlations(struct document *document, const struct survey_sides *sides,
                                       struct err *err)
{
    const struct survey_side *side = last_side(sides);
    size_t columns[MATRIX_MOST], count = number_columns(sides, columns);
    char text[256];
    TRY(document_section(document, "correlations", "Correlations", err));
    if (count < 2)
        return document_paragraph(document, "method",
                                  "Fewer than two columns of numbers vary and may be shown.", err);
    snprintf(text, sizeof text,
             "Columns of numbers%s%s, by rows where both have a value%s; at most the first %d such "
             "columns.",
             sides->count == 1 ? "" : " ", sides->count == 1 ? "" : side->name,
             survey_sampled(side->survey) < survey_rows(side->survey) ? ", from a sample of rows"
                                                                      : "",
             MATRIX_MOST);
    TRY(document_paragraph(document, "method", text, err));
    return matrices(document, side->survey, columns, count, err);
}

/* ---- drift ---- */

struct drifting {
    const char *name;
    struct drift drift;
    bool there;
};
struct drifts {
    const struct survey_sides *sides;
    bool (*skip)(void *context, const char *column);
    void *context;
    struct drifting *items;
    size_t count;
};

static enum status distribution_of(const struct survey_side *side, int64_t at,
                                   struct distribution *ret, uint64_t **ret_words, struct err *err)
{
    const struct survey_column *column = survey_column(side->survey, (size_t)at);
    ret->ordered = column->kind == SURVEY_NUMBER || column->kind == SURVEY_TIME;
    TRY(survey_words(side->survey, (size_t)at, ret_words, &ret->count, &ret->nulls, err));
    ret->values = *ret_words;
    return STATUS_OK;
}

static enum status measure_drift(void *context, const char *name, struct err *err)
{
    struct drifts *drifts = context;
    struct drifting *item = &drifts->items[drifts->count];
    OWNED(memory_release) uint64_t *first = NULL;
    OWNED(memory_release) uint64_t *second = NULL;
    struct distribution before = {0}, after = {0};
    int64_t places[2] = {survey_report_place(drifts->sides, 0, name),
                         survey_report_place(drifts->sides, 1, name)};
    if (drifts->skip != NULL && drifts->skip(drifts->context, name)) return STATUS_OK;
    *item = (struct drifting){.name = name};
    drifts->count++;
    if (places[0] < 0 || places[1] < 0) return STATUS_OK;
    TRY(distribution_of(&drifts->sides->sides[0], places[0], &before, &first, err));
    TRY(distribution_of(&drifts->sides->sides[1], places[1], &after, &second, err));
    item->there = drift_of(&before, &after, &item->drift);
    return STATUS_OK;
}

static int by_drift(const void *a, const void *b)
{
    const struct drifting *left = a, *right = b;
    double x = left->there ? left->drift.psi : -1, y = right->there ? right->drift.psi : -1;
    return (x < y) - (x > y);
}

static struct cell drift_word_of(const struct survey_sides *sides, const struct drifting *item)
{
    if (survey_report_place(sides, 0, item->name) < 0)
        return cell_toned(cell_text("new column"), TONE_NOTE);
    if (survey_report_place(sides, 1, item->name) < 0)
        return cell_toned(cell_text("removed"), TONE_WARN);
    if (!item->there) return cell_toned(cell_text("not comparable"), TONE_PLAIN);
    if (item->drift.psi >= DRIFTED) return cell_toned(cell_text("drifted"), TONE_BAD);
    if (item->drift.psi >= WORTH_A_LOOK) return cell_toned(cell_text("worth a look"), TONE_WARN);
    return cell_toned(cell_text("stable"), TONE_GOOD);
}

static struct cell mean_of(const struct survey_sides *sides, size_t side, const char *name)
{
    int64_t at = survey_report_place(sides, side, name);
    if (at < 0 || sides->sides[side].hidden[at]) return (struct cell){0};
    const struct survey_column *column = survey_column(sides->sides[side].survey, (size_t)at);
    bool known = column->kind == SURVEY_NUMBER && column->numbers > column->infinite;
    return known ? cell_number(column->mean) : (struct cell){0};
}

static enum status drift_rows(struct document *document, const struct drifts *drifts,
                              int64_t *ret_drifted, struct err *err)
{
    for (size_t i = 0; i < drifts->count; i++) {
        const struct drifting *item = &drifts->items[i];
        struct cell row[] = {cell_text(item->name),
                             drift_word_of(drifts->sides, item),
                             item->there ? cell_number(item->drift.psi) : (struct cell){0},
                             item->drift.has_ks ? cell_number(item->drift.ks) : (struct cell){0},
                             mean_of(drifts->sides, 0, item->name),
                             mean_of(drifts->sides, 1, item->name)};
        *ret_drifted += item->there && item->drift.psi >= DRIFTED;
        TRY(document_row(document, row, err));
    }
    return STATUS_OK;
}

/* Equal drifts stay in the order of the columns: qsort is not stable, so the order is made so. */
static void sort_drifts(struct drifts *drifts)
{
    for (size_t i = 1; i < drifts->count; i++)
        for (size_t j = i; j > 0 && by_drift(&drifts->items[j - 1], &drifts->items[j]) > 0; j--) {
            struct drifting kept = drifts->items[j];
            drifts->items[j] = drifts->items[j - 1];
            drifts->items[j - 1] = kept;
        }
}

enum status survey_report_drift(struct document *document, const struct survey_sides *sides,
                                bool (*skip)(void *context, const char *column), void *context,
                                int64_t *ret_drifted, struct err *err)
{
    static const struct document_column columns[] = {{"column", "Column", false},
                                                     {"finding", "Finding", false},
                                                     {"psi", "PSI", false},
                                                     {"ks", "KS distance", false},
                                                     {"mean_before", "Mean before", false},
                                                     {"mean_after", "Mean after", false}};
    OWNED(memory_release) struct drifting *items = NULL;
    struct drifts drifts = {.sides = sides, .skip = skip, .context = context};
    TRY(NEW(&items, survey_count(sides->sides[0].survey) + survey_count(sides->sides[1].survey),
            err));
    drifts.items = items;
    *ret_drifted = 0;
    TRY(each_column(sides, measure_drift, &drifts, err));
    sort_drifts(&drifts);
    TRY(document_table(document, "drift", "Columns, the most different first", columns, 6, err));
    return drift_rows(document, &drifts, ret_drifted, err);
}
