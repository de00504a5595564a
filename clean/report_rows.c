/* clean/report_rows.c: rows that did not stay or were marked, and the sheet of bad pictures. */
#include "clean/report.h"

#include <stdio.h>

static enum status removed(struct report *report, const char *module, struct err *err)
{
    int64_t rows;
    TRY(reasons_report(&report->observation->reasons, module, "reasons",
                       "Rows that did not stay, by reason", report->document, &rows, err));
    return document_fact(report->document, "rows", "Rows in all", cell_count(rows), err);
}

/* What a step found and let stay, by rule. */
static enum status findings(struct report *report, const char *module, struct err *err)
{
    static const struct document_column columns[] = {{"rule", "Finding", false},
                                                     {"rows", "Rows", false},
                                                     {"column", "Column", false},
                                                     {"step", "Step", false}};
    const struct chain *chain = report->chain;
    TRY(document_table(report->document, "findings", "Found in rows that stayed", columns, 4, err));
    for (size_t i = 0; i < chain->count; i++) {
        const struct step *step = &chain->steps[i];
        if (module != NULL && strcmp(step->module->name, module) != 0) continue;
        for (size_t f = 0; f < step->finding_count; f++) {
            const struct finding *finding = &step->findings[f];
            struct cell row[] = {cell_text(finding->rule), cell_count(finding->rows),
                                 cell_text(finding->column), cell_count(step->position)};
            TRY(document_row(report->document, row, err));
        }
    }
    return STATUS_OK;
}

/* Cells a module changed: outliers that were clipped or emptied, labels that were given anew. */
static enum status cells(struct report *report, const char *module, struct err *err)
{
    int64_t sum = 0;
    for (size_t i = 0; i < report->chain->count; i++)
        if (strcmp(report->chain->steps[i].module->name, module) == 0)
            sum += report->chain->steps[i].effect.cells;
    return document_fact(report->document, "cells", "Cells changed", cell_count(sum), err);
}

enum status report_rows(struct report *report, struct err *err)
{
    struct document *document = report->document;
    TRY(document_section(document, "losses", "Rows that did not stay", err));
    TRY(removed(report, NULL, err));
    TRY(findings(report, NULL, err));
    TRY(document_section(document, "duplicates", "Duplicates", err));
    TRY(removed(report, "deduplicate", err));
    TRY(survey_report_repeats(document, &report->sides, err));
    TRY(document_section(document, "outliers", "Outliers", err));
    TRY(removed(report, "outliers", err));
    TRY(cells(report, "outliers", err));
    TRY(survey_report_flag(document, &report->sides, "outlier", "flagged", "Rows flagged", err));
    TRY(survey_report_words(document, &report->sides, "outlier_column", "flagged_by",
                            "Flagged rows, by the column that is furthest out", err));
    TRY(document_section(document, "labels", "Label issues", err));
    TRY(removed(report, "labels", err));
    TRY(cells(report, "labels", err));
    TRY(survey_report_flag(document, &report->sides, "label_issue", "flagged", "Rows flagged",
                           err));
    return survey_report_words(document, &report->sides, "label_suggestion", "suggested",
                               "Labels that are suggested", err);
}

/* ---- pictures ---- */

static bool has_pictures(const struct report *report)
{
    for (size_t i = 0; i < report->chain->count; i++)
        if (strcmp(report->chain->steps[i].module->name, "images") == 0) return true;
    return false;
}

enum status report_pictures(struct report *report, struct err *err)
{
    const struct seen_pictures *pictures = &report->observation->pictures;
    struct document *document = report->document;
    TRY(document_section(document, "pictures", "Pictures", err));
    if (!has_pictures(report))
        return document_paragraph(document, "none", "The recipe looks at no pictures.", err);
    TRY(document_fact(document, "bad", "Pictures rejected or flagged", cell_count(pictures->bad),
                      err));
    TRY(removed(report, "images", err));
    TRY(findings(report, "images", err));
    for (size_t i = 0; i < pictures->count; i++) {
        const struct seen_picture *picture = &pictures->items[i];
        TRY(document_picture(document, "sheet", "image/jpeg", picture->jpeg.data,
                             picture->jpeg.size, picture->path, picture->why, err));
    }
    return STATUS_OK;
}
