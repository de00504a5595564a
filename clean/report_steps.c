/* clean/report_steps.c: what each step of a run did: verdicts, rows, cells, what it learned. */
#include "clean/report.h"

#include "clean/outcome.h"

#include <stdio.h>

/* ---- verdict and checks ---- */

static struct cell outcome_cell(enum check_outcome outcome)
{
    static const char *const words[] = {"passed", "noted", "warning", "failed"};
    static const enum tone tones[] = {TONE_GOOD, TONE_NOTE, TONE_WARN, TONE_BAD};
    return cell_toned(cell_text(words[outcome]), tones[outcome]);
}

static enum status check_rows(struct report *report, const struct checks_of_step *step,
                              struct err *err)
{
    for (size_t i = 0; i < step->results.count; i++) {
        const struct check_result *result = &step->results.items[i];
        struct cell none = {0};
        struct cell row[] = {cell_text(result->rule),
                             outcome_cell(result->outcome),
                             cell_text(result->column),
                             cell_text(result->expectation),
                             result->of_rows ? cell_count(result->evaluated) : none,
                             result->of_rows ? cell_count(result->failing) : none,
                             result->mostly < 0 ? none : cell_share(result->mostly),
                             cell_text(result->of_rows ? NULL : result->found),
                             cell_count(step->position)};
        TRY(document_row(report->document, row, err));
    }
    return STATUS_OK;
}

static enum status check_table(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {{"rule", "Check", false},
                                                     {"outcome", "Outcome", false},
                                                     {"column", "Column", false},
                                                     {"expectation", "Expected", false},
                                                     {"evaluated", "Rows", false},
                                                     {"failing", "Rows that fail", false},
                                                     {"mostly", "Must hold for", false},
                                                     {"found", "Found", false},
                                                     {"step", "Step", false}};
    struct checks_of_step *steps = NULL;
    TRY(document_table(report->document, "checks", "Every check", columns, 9, err));
    TRY(outcome_list_checks(report->chain, &steps, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < report->chain->count; i++)
        status = check_rows(report, &steps[i], err);
    outcome_release_checks(steps, report->chain->count);
    return status;
}

enum status report_checks(struct report *report, struct err *err)
{
    const struct run *run = report->chain->run;
    bool failed = run_verdict_is_failed(run);
    TRY(document_section(report->document, "checks", "Verdict and checks", err));
    TRY(document_fact(
        report->document, "verdict", "Verdict of the data",
        cell_toned(cell_text(failed ? "failed" : "passed"), failed ? TONE_BAD : TONE_GOOD), err));
    if (failed)
        TRY(document_fact(report->document, "reason", "Reason", cell_text(run_verdict_reason(run)),
                          err));
    return check_table(report, err);
}

/* ---- row flow ---- */

static enum status flow_row(struct report *report, const char *step, const char *module,
                            const struct step_effect *effect, int64_t changed, struct err *err)
{
    struct cell row[] = {cell_text(module),
                         cell_text(step),
                         cell_count(effect->rows_in),
                         cell_count(changed),
                         cell_count(effect->rejected),
                         cell_count(effect->dropped),
                         cell_count(effect->merged),
                         cell_count(step_rows_out(effect)),
                         cell_count(effect->cells)};
    return document_row(report->document, row, err);
}

static bool is_used(const struct chain *chain, const struct clean_module *module)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->steps[i].module == module) return true;
    return false;
}

/* The steps in their order, then the modules the recipe does not use: all twelve are told of. */
static enum status flow_table(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"module", "Module", false},      {"step", "Step", false},
        {"in", "Rows in", false},         {"changed", "Changed", false},
        {"rejected", "Rejected", false},  {"dropped", "Dropped", false},
        {"merged", "Merged", false},      {"out", "Rows out", false},
        {"cells", "Cells changed", false}};
    const struct chain *chain = report->chain;
    char number[16];
    TRY(document_table(report->document, "modules", "Rows through the twelve modules", columns, 9,
                       err));
    for (size_t i = 0; i < chain->count; i++) {
        snprintf(number, sizeof number, "%d", chain->steps[i].position);
        TRY(flow_row(report, number, chain->steps[i].module->name, &chain->steps[i].effect,
                     report->observation->changed[i], err));
    }
    for (size_t i = 0; clean_modules[i] != NULL; i++)
        if (!is_used(chain, clean_modules[i]))
            TRY(flow_row(report, "not used", clean_modules[i]->name, &(struct step_effect){0}, 0,
                         err));
    return STATUS_OK;
}

static enum status flow_drawing(struct report *report, struct err *err)
{
    OWNED(memory_release) struct chart_step *steps = NULL;
    OWNED(memory_release) char(*names)[40] = NULL;
    const struct chain *chain = report->chain;
    TRY(NEW(&steps, chain->count, err));
    TRY(NEW(&names, chain->count, err));
    for (size_t i = 0; i < chain->count; i++) {
        const struct step *step = &chain->steps[i];
        snprintf(names[i], sizeof names[i], "%d %s", step->position, step->module->name);
        steps[i] = (struct chart_step){.name = names[i],
                                       .in = step->effect.rows_in,
                                       .changed = report->observation->changed[i],
                                       .rejected = step->effect.rejected,
                                       .dropped = step->effect.dropped,
                                       .merged = step->effect.merged,
                                       .out = step_rows_out(&step->effect)};
    }
    return document_flow(
        report->document,
        &(struct chart_flow){"Rows on their way through the recipe", steps, chain->count}, err);
}

/* ---- cells, and what was learned ---- */

static enum status cell_table(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {{"column", "Column", false},
                                                     {"cells", "Cells changed", false},
                                                     {"step", "Step", false},
                                                     {"module", "Module", false}};
    const struct chain *chain = report->chain;
    TRY(document_table(report->document, "cells", "Cells that changed, by step and column", columns,
                       4, err));
    for (size_t i = 0; i < chain->count; i++) {
        const struct step *step = &chain->steps[i];
        for (size_t c = 0; step->cells != NULL && c < step->after->count; c++) {
            if (step->cells[c] == 0) continue;
            struct cell row[] = {cell_text(step->after->fields[c].name), cell_count(step->cells[c]),
                                 cell_count(step->position), cell_text(step->module->name)};
            TRY(document_row(report->document, row, err));
        }
    }
    return STATUS_OK;
}

#define LEARNED_SHOWN 1200

static enum status learned_table(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"module", "Module", false}, {"step", "Step", false}, {"learned", "Learned", false}};
    const struct chain *chain = report->chain;
    TRY(document_table(report->document, "learned", "What the steps learned", columns, 3, err));
    for (size_t i = 0; i < chain->count; i++) {
        OWNED(bytes_release) struct bytes json = {0};
        const struct step *step = &chain->steps[i];
        TRY(outcome_parameters(chain, step, &json, err));
        if (json.size == 0) continue;
        if (json.size > LEARNED_SHOWN) {
            size_t size = json.size;
            json.size = 0;
            TRY(bytes_format(&json, err, "%zu bytes: --save-state writes them", size));
        }
        struct cell row[] = {cell_text(step->module->name), cell_count(step->position),
                             cell_code((struct str){(const char *)json.data, json.size})};
        TRY(document_row(report->document, row, err));
    }
    return STATUS_OK;
}

enum status report_flow(struct report *report, struct err *err)
{
    TRY(document_section(report->document, "flow", "Row flow", err));
    TRY(flow_drawing(report, err));
    TRY(flow_table(report, err));
    TRY(cell_table(report, err));
    return learned_table(report, err);
}
