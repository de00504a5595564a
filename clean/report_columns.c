/* clean/report_columns.c: the columns of a report: which are not shown, and where they came from.
 */
#include "clean/report.h"

/* ---- what is not shown ---- */

static bool is_marked(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

/* A masked column is hidden under the name it came with and the name it has. */
static bool is_masked(const struct origins *origins, const char *name)
{
    for (size_t i = 0; i < origins->count; i++)
        if (origins->items[i].masked && (strcmp(origins->items[i].output, name) == 0 ||
                                         strcmp(origins->items[i].input, name) == 0))
            return true;
    return false;
}

/* A column made from a personal one is personal too, as far as values were carried over. */
static bool comes_from_marked(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->origins.count; i++) {
        const struct origin *origin = &report->origins.items[i];
        if (!origin->direct || strcmp(origin->output, name) != 0) continue;
        int64_t at = schema_find(report->chain->input, str_of(origin->input));
        if (at >= 0 && is_marked(&report->chain->input->fields[at])) return true;
    }
    return false;
}

static enum status find_hidden(struct report *report, size_t side, const struct survey *survey,
                               struct err *err)
{
    TRY(NEW(&report->hidden[side], survey_count(survey) + 1, err));
    for (size_t i = 0; i < survey_count(survey); i++) {
        const struct field *field = survey_column(survey, i)->field;
        report->hidden[side][i] = is_marked(field) || is_masked(&report->origins, field->name) ||
                                  (side == 1 && comes_from_marked(report, field->name));
    }
    return STATUS_OK;
}

static enum status show(void *context, const char *column, struct str value, struct bytes *scratch,
                        struct str *ret, struct err *err)
{
    return redact(context, 0, column, value, scratch, ret, err);
}

enum status report_open(struct report *report, struct err *err)
{
    static const char *const names[] = {"before", "after"};
    struct survey *surveys[] = {report->observation->before, report->observation->after};
    TRY(origins_begin(&report->origins, report->chain->input, err));
    for (size_t i = 0; i < report->chain->count; i++)
        TRY(origins_follow(&report->origins, &report->chain->steps[i], err));
    report->sides.count = 2;
    for (size_t side = 0; side < 2; side++) {
        TRY(survey_end(surveys[side], err));
        TRY(find_hidden(report, side, surveys[side], err));
        report->sides.sides[side] = (struct survey_side){.name = names[side],
                                                         .survey = surveys[side],
                                                         .hidden = report->hidden[side],
                                                         .show = show,
                                                         .context = &report->chain->redactor};
    }
    return STATUS_OK;
}

void report_release(struct report *report)
{
    origins_release(&report->origins);
    memory_free(report->hidden[0]);
    memory_free(report->hidden[1]);
    document_close(&report->document);
}

/* ---- where they came from ---- */

#define EDGES_MOST 1000

enum status report_origins(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {{"output", "Column", false},
                                                     {"input", "comes from", false},
                                                     {"kind", "Kind", false},
                                                     {"subtype", "How", false},
                                                     {"masked", "Masked", false}};
    size_t count = 0;
    TRY(document_section(report->document, "lineage", "Where columns came from", err));
    TRY(document_fact(report->document, "input", "Rows came from",
                      cell_code(str_of(report->run->input)), err));
    TRY(document_table(report->document, "columns", "Columns that are not simply carried over",
                       columns, 5, err));
    for (size_t i = 0; i < report->origins.count && count < EDGES_MOST; i++) {
        const struct origin *origin = &report->origins.items[i];
        bool carried = strcmp(origin->subtype, "IDENTITY") == 0 && !origin->masked &&
                       strcmp(origin->output, origin->input) == 0;
        if (carried) continue;
        struct cell row[] = {cell_text(origin->output), cell_text(origin->input),
                             cell_text(origin->direct ? "direct" : "indirect"),
                             cell_text(origin->subtype), cell_text(origin->masked ? "yes" : "no")};
        TRY(document_row(report->document, row, err));
        count++;
    }
    return STATUS_OK;
}
