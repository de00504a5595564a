/* clean/report.c: --report: the document of a run. */
#include "clean/report.h"

#include "base/address.h"
#include "base/shell.h"
#include "clean/hide.h"
#include "clean/outcome.h"
#include "lineage/sql.h"

#include <stdio.h>

#define COMMAND_MOST ((size_t)4 << 20)

/* ---- the beginning ---- */

/* "orders.arrow, cleaned": what was read, as it was named. */
static enum status title_of(const struct report *report, struct bytes *ret, struct err *err)
{
    const struct version *version = report->run->version;
    const struct invocation *invocation = report->run->invocation;
    bool named = invocation->operand_count > 0 && strcmp(invocation->operands[0], "-") != 0;
    if (version->number > 0)
        return bytes_format(ret, err, "%s@%lld", version->dataset, (long long)version->number);
    TRY(address_shown(ret, named ? invocation->operands[0] : "standard input", err));
    return bytes_append_text(ret, ", cleaned", err);
}

static enum status open_document(struct report *report, struct err *err)
{
    OWNED(bytes_release) struct bytes title = bytes_limited(1u << 20);
    bool failed = run_verdict_is_failed(report->chain->run);
    char lead[200];
    struct row_counts counts = outcome_counts(report->chain);
    snprintf(lead, sizeof lead, "%lld rows in, %lld out, through %zu %s", (long long)counts.in,
             (long long)counts.out, report->chain->count,
             report->chain->count == 1 ? "step" : "steps");
    TRY(title_of(report, &title, err));
    TRY(document_open(&report->document, "clean",
                      (struct str){(const char *)title.data, title.size}, err));
    return document_lead(report->document, str_of(lead), str_of(failed ? "failed" : "passed"),
                         failed ? TONE_BAD : TONE_GOOD, err);
}

static int64_t nulls_of(const struct survey *survey)
{
    int64_t sum = 0;
    for (size_t i = 0; i < survey_count(survey); i++)
        sum += survey_column(survey, i)->nulls;
    return sum;
}

static enum status null_fact(struct report *report, size_t side, const char *key, const char *label,
                             struct err *err)
{
    const struct survey *survey = report->sides.sides[side].survey;
    int64_t cells = survey_rows(survey) * (int64_t)survey_count(survey);
    return document_fact(report->document, key, label, cell_part(nulls_of(survey), cells), err);
}

static enum status overview(struct report *report, struct err *err)
{
    struct document *document = report->document;
    struct row_counts counts = outcome_counts(report->chain);
    int64_t cells = 0;
    for (size_t i = 0; i < report->chain->count; i++)
        cells += report->chain->steps[i].effect.cells;
    TRY(document_section(document, "overview", "Overview", err));
    TRY(document_fact(document, "rows_in", "Rows in", cell_count(counts.in), err));
    TRY(document_fact(document, "rows_out", "Rows out", cell_count(counts.out), err));
    TRY(document_fact(document, "rejected", "Rejected", cell_count(counts.rejected), err));
    TRY(document_fact(document, "dropped", "Dropped", cell_count(counts.dropped), err));
    TRY(document_fact(document, "merged", "Merged", cell_count(counts.merged), err));
    TRY(document_fact(document, "cells", "Cells changed", cell_count(cells), err));
    TRY(document_fact(document, "columns_in", "Columns in",
                      cell_count((int64_t)report->chain->input->count), err));
    TRY(document_fact(document, "columns_out", "Columns out",
                      cell_count((int64_t)chain_schema(report->chain)->count), err));
    TRY(null_fact(report, 0, "null_share_in", "Nulls in", err));
    return null_fact(report, 1, "null_share_out", "Nulls out", err);
}

/* ---- alerts ---- */

/* Each line that the run said about its data. */
static enum status said(struct report *report, size_t *count, struct err *err)
{
    const char *from = (const char *)report->run->lines->data;
    for (size_t left = report->run->lines->size; left > 0; ++*count) {
        const char *end = memchr(from, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - from);
        TRY(document_alert(report->document, TONE_NOTE, (struct str){from, size}, err));
        from += size + (end != NULL);
        left -= size + (end != NULL);
    }
    return STATUS_OK;
}

static enum status alerts(struct report *report, struct err *err)
{
    size_t count = 0, more = 0;
    TRY(document_section(report->document, "alerts", "Alerts", err));
    if (run_verdict_is_failed(report->chain->run)) {
        count++;
        TRY(document_alert(report->document, TONE_BAD,
                           str_of(run_verdict_reason(report->chain->run)), err));
    }
    TRY(said(report, &count, err));
    TRY(survey_report_alerts(report->document, &report->sides, &more, err));
    if (count + more > 0) return STATUS_OK;
    return document_paragraph(report->document, "none", "Nothing catches the eye.", err);
}

static enum status shift(struct report *report, struct err *err)
{
    int64_t moved;
    TRY(document_section(report->document, "shift", "Before against after", err));
    TRY(document_paragraph(
        report->document, "method",
        "How far each column lies from what came in: population stability index (from 0.1 worth a "
        "look, from 0.2 drifted) and Kolmogorov-Smirnov distance.",
        err));
    TRY(survey_report_drift(report->document, &report->sides, NULL, NULL, &moved, err));
    return document_fact(report->document, "drifted_columns", "Columns drifted", cell_count(moved),
                         err);
}

/* ---- making it again ---- */

/* Options that change no byte of the result, or name the report itself. */
static int without(const char *argument)
{
    static const char *const names[] = {"--threads",  "--memory",     "--report",
                                        "--progress", "--log-format", "--metrics-file"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        if (strncmp(argument, names[i], size) != 0) continue;
        if (argument[size] == '=') return 1;
        if (argument[size] == '\0') return 2;
    }
    return strcmp(argument, "--json") == 0;
}

static enum status command(const struct invocation *invocation, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, invocation->program, err));
    for (int i = 1; i < invocation->argc; i++) {
        OWNED(bytes_release) struct bytes shown = bytes_limited(COMMAND_MOST);
        int left_out = without(invocation->argv[i]);
        if (left_out > 0) {
            i += left_out - 1;
            continue;
        }
        TRY(address_shown(&shown, invocation->argv[i], err));
        TRY(bytes_append_text(ret, " ", err));
        TRY(bytes_append_shell(ret, (struct str){(const char *)shown.data, shown.size}, err));
    }
    return STATUS_OK;
}

/* The digest of the version that was read; of a stream or a file nothing is known here. */
static enum status input_digest(struct report *report, struct err *err)
{
    struct store *store = run_store(report->chain->run);
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = false;
    if (store == NULL || strncmp(report->run->input, "version:", 8) != 0) return STATUS_OK;
    TRY(sql_open(store, &rows, err, "SELECT digest FROM versions WHERE node = ?", "t",
                 report->run->input));
    TRY(sql_next(store, rows, &row, err));
    if (!row) return STATUS_OK;
    return document_fact(report->document, "input_digest", "Digest of the input",
                         cell_code(str_of(sql_text(rows, 0))), err);
}

static enum status digests(struct report *report, struct err *err)
{
    const struct version *version = report->run->version;
    char text[DIGEST_TEXT];
    TRY(input_digest(report, err));
    if (report->run->state != NULL)
        TRY(document_fact(report->document, "state_digest", "Digest of --state",
                          cell_code(str_of(digest_text(report->run->state, text))), err));
    if (version->number == 0) return STATUS_OK;
    return document_fact(report->document, "output_digest", "Digest of the result",
                         cell_code(str_of(digest_text(&version->digest, text))), err);
}

static enum status reproduce(struct report *report, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(COMMAND_MOST);
    OWNED(bytes_release) struct bytes recipe = bytes_limited((size_t)16 << 20);
    struct digest digest;
    char shown[DIGEST_TEXT];
    TRY(document_section(report->document, "reproduce", "How to make it again", err));
    TRY(command(report->run->invocation, &text, err));
    TRY(document_fact(report->document, "command", "Command",
                      cell_code((struct str){(const char *)text.data, text.size}), err));
    TRY(recipe_json(report->run->recipe, &recipe, &digest, err));
    TRY(document_fact(report->document, "recipe", "Recipe",
                      cell_code((struct str){(const char *)recipe.data, recipe.size}), err));
    TRY(document_fact(report->document, "recipe_digest", "Digest of the recipe",
                      cell_code(str_of(digest_text(&digest, shown))), err));
    TRY(document_fact(report->document, "input", "Input", cell_code(str_of(report->run->input)),
                      err));
    TRY(digests(report, err));
    TRY(document_fact(report->document, "seed", "Seed",
                      cell_count(report->run->invocation->common.seed), err));
    return document_fact(report->document, "tool", "Version of tamis", cell_text(tamis_version()),
                         err);
}

/* ---- the whole ---- */

static enum status write_sections(struct report *report, struct err *err)
{
    TRY(overview(report, err));
    TRY(report_checks(report, err));
    TRY(alerts(report, err));
    TRY(report_flow(report, err));
    TRY(survey_report_columns(report->document, &report->sides, err));
    TRY(survey_report_missing(report->document, &report->sides, err));
    TRY(survey_report_correlations(report->document, &report->sides, err));
    TRY(shift(report, err));
    TRY(report_rows(report, err));
    TRY(report_pictures(report, err));
    TRY(report_origins(report, err));
    return reproduce(report, err);
}

enum status report_make(const struct report_run *run, struct document **ret, struct err *err)
{
    OWNED(report_release)
    struct report report = {
        .run = run, .chain = run->chain, .observation = run->chain->observation};
    TRY(report_open(&report, err));
    TRY(open_document(&report, err));
    TRY(write_sections(&report, err));
    *ret = report.document;
    report.document = NULL;
    return STATUS_OK;
}
