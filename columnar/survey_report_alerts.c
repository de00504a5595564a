/* columnar/survey_report_alerts.c: what catches the eye in a survey. */
#include "columnar/survey_report.h"

#include <math.h>
#include <stdio.h>

#define NULLS_MANY    0.2
#define ONE_VALUE     0.95
#define ALL_DIFFERENT 20 /* rows, from which on it is remarkable */

struct alerts {
    struct document *document;
    const struct survey_side *side;
    size_t count;
};

static enum status say(struct alerts *alerts, enum tone tone, const char *column, const char *what,
                       struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 16);
    if (column != NULL) TRY(bytes_format(&text, err, "column \"%s\" ", column));
    TRY(bytes_append_text(&text, what, err));
    alerts->count++;
    return document_alert(alerts->document, tone, (struct str){(const char *)text.data, text.size},
                          err);
}

static enum status about_nulls(struct alerts *alerts, const struct survey_column *column,
                               int64_t rows, struct err *err)
{
    char text[96];
    double share = rows == 0 ? 0 : (double)column->nulls / (double)rows;
    if (rows > 0 && column->nulls == rows)
        return say(alerts, TONE_WARN, column->field->name, "has no value at all", err);
    if (share <= NULLS_MANY) return STATUS_OK;
    snprintf(text, sizeof text, "is null in %.1f %% of the rows", share * 100);
    return say(alerts, TONE_WARN, column->field->name, text, err);
}

static enum status about_values(struct alerts *alerts, const struct survey_column *column,
                                int64_t rows, struct err *err)
{
    bool exact;
    int64_t values = rows - column->nulls, distinct = survey_distinct(column, &exact), most = 0;
    char text[96];
    if (values < 2 || !exact || distinct < 0) return STATUS_OK;
    if (distinct == 1)
        return say(alerts, TONE_NOTE, column->field->name, "has one value only", err);
    if (distinct == values && values >= ALL_DIFFERENT && column->kind == SURVEY_TEXT)
        return say(alerts, TONE_NOTE, column->field->name, "has no value twice", err);
    for (size_t i = 0; i < column->values.slot_count; i++)
        if (column->values.slots[i].count > most) most = column->values.slots[i].count;
    double share = (double)most / (double)values;
    if (share < ONE_VALUE) return STATUS_OK;
    snprintf(text, sizeof text, "has the same value in %.1f %% of the rows with one", share * 100);
    return say(alerts, TONE_NOTE, column->field->name, text, err);
}

static enum status about_numbers(struct alerts *alerts, const struct survey_column *column,
                                 struct err *err)
{
    char text[96];
    int64_t odd = column->nans + column->infinite;
    if (odd == 0) return STATUS_OK;
    snprintf(text, sizeof text, "holds %lld values that are NaN or infinite", (long long)odd);
    return say(alerts, TONE_WARN, column->field->name, text, err);
}

static enum status about_rows(struct alerts *alerts, struct err *err)
{
    char text[128];
    bool many;
    int64_t rows = survey_rows(alerts->side->survey);
    int64_t distinct = survey_distinct_rows(alerts->side->survey, &many);
    if (rows == 0) return say(alerts, TONE_WARN, NULL, "there is no row", err);
    if (distinct < 0 || distinct == rows) return STATUS_OK;
    snprintf(text, sizeof text, "%lld rows are equal to an earlier one (%.1f %%)",
             (long long)(rows - distinct), 100 * (double)(rows - distinct) / (double)rows);
    return say(alerts, TONE_WARN, NULL, text, err);
}

enum status survey_report_alerts(struct document *document, const struct survey_sides *sides,
                                 size_t *ret_count, struct err *err)
{
    struct alerts alerts = {.document = document, .side = &sides->sides[sides->count - 1]};
    const struct survey *survey = alerts.side->survey;
    int64_t rows = survey_rows(survey);
    TRY(about_rows(&alerts, err));
    for (size_t i = 0; rows > 0 && i < survey_count(survey); i++) {
        const struct survey_column *column = survey_column(survey, i);
        if (survey_is_provenance(column->field)) continue;
        TRY(about_nulls(&alerts, column, rows, err));
        TRY(about_values(&alerts, column, rows, err));
        TRY(about_numbers(&alerts, column, err));
    }
    *ret_count = alerts.count;
    return STATUS_OK;
}
