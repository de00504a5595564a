/* columnar/survey_report_flags.c: columns that a step adds to say something of its rows: how many
 * rows are marked, and with what. */
#include "columnar/survey_report.h"

#define WORDS_MOST 40

enum status survey_report_flag(struct document *document, const struct survey_sides *sides,
                               const char *column, const char *key, const char *label,
                               struct err *err)
{
    size_t side = sides->count - 1, count;
    struct survey_value values[3];
    int64_t of, marked = 0, at = survey_report_place(sides, side, column);
    bool sampled;
    if (at < 0 || survey_column(sides->sides[side].survey, (size_t)at)->kind != SURVEY_WORD)
        return STATUS_OK;
    TRY(survey_frequent(sides->sides[side].survey, (size_t)at, 3, values, &count, &of, &sampled,
                        err));
    for (size_t i = 0; i < count; i++)
        if (str_is(values[i].text, "true")) marked = values[i].count;
    return document_fact(document, key, label, cell_count(marked), err);
}

enum status survey_report_words(struct document *document, const struct survey_sides *sides,
                                const char *column, const char *key, const char *caption,
                                struct err *err)
{
    static const struct document_column columns[] = {
        {"value", "Value", false}, {"rows", "Rows", false}, {"share", "Share", true}};
    size_t side = sides->count - 1, count;
    struct survey_value values[WORDS_MOST];
    int64_t of, at = survey_report_place(sides, side, column);
    const struct survey *survey = sides->sides[side].survey;
    bool sampled;
    if (at < 0 || sides->sides[side].hidden[at]) return STATUS_OK;
    TRY(survey_frequent(survey, (size_t)at, WORDS_MOST, values, &count, &of, &sampled, err));
    TRY(document_table(document, key, caption, columns, 3, err));
    for (size_t i = 0; i < count; i++) {
        struct cell row[] = {cell_code(values[i].text), cell_count(values[i].count),
                             cell_part(values[i].count, of)};
        TRY(document_row(document, row, err));
    }
    return STATUS_OK;
}
