/* features/report.c: `tamis-features report`: a version, or two of them side by side, as one page.
 */
#include "features/report.h"

#include "base/output.h"
#include "features/commands.h"
#include "features/reference.h"

#include <stdio.h>

#define PAGE_MOST ((size_t)256 << 20)

static void report_release(struct report *report)
{
    document_close(&report->document);
    survey_close(&report->surveys[0]);
    survey_close(&report->surveys[1]);
    memory_free(report->hidden[0]);
    memory_free(report->hidden[1]);
    lineage_graph_release(&report->upstream);
    reasons_release(&report->reasons);
    picture_marks_release(&report->marks);
}

/* ---- which versions ---- */

static enum status resolve(struct report *report, const char *name, struct str reference,
                           struct version *ret, struct err *err)
{
    const char *full = reference.size == 0 ? name
                                           : arena_format(report->arena, "%s@%.*s", name,
                                                          (int)reference.size, reference.data);
    if (full == NULL) return fail_memory(err, reference.size);
    return reference_version(report->store, full, ret, report->arena, err);
}

/* DATASET, DATASET@A or DATASET@A..B; B left out is the latest. */
static enum status find_versions(struct report *report, const char *operand, struct err *err)
{
    if (strncmp(operand, "tamis:", 6) == 0) operand += 6;
    const char *at = strrchr(operand, '@');
    const char *dots = at == NULL ? NULL : strstr(at, "..");
    const char *name =
        at == NULL ? operand : arena_text(report->arena, operand, (size_t)(at - operand));
    if (name == NULL) return fail_memory(err, strlen(operand));
    report->count = dots == NULL ? 1 : 2;
    if (dots == NULL)
        return resolve(report, name, str_of(at == NULL ? "" : at + 1), &report->versions[0], err);
    TRY(resolve(report, name, (struct str){at + 1, (size_t)(dots - at - 1)}, &report->versions[0],
                err));
    return resolve(report, name, str_of(dots + 2), &report->versions[1], err);
}

/* ---- the page ---- */

static enum status open_document(struct report *report, struct err *err)
{
    const struct version *version = report_version(report);
    char title[320], lead[400];
    if (report->count == 1)
        snprintf(title, sizeof title, "%s@%lld", version->dataset, (long long)version->number);
    else
        snprintf(title, sizeof title, "%s@%lld..%lld", version->dataset,
                 (long long)report->versions[0].number, (long long)version->number);
    snprintf(lead, sizeof lead, "%lld rows, %zu columns, written %.19s UTC",
             (long long)version->rows, survey_schema(report->surveys[report->count - 1])->count,
             version->created_at);
    TRY(document_open(&report->document, "features", str_of(title), err));
    return document_lead(report->document, str_of(lead), str_of(""), TONE_PLAIN, err);
}

static enum status alerts(struct report *report, struct err *err)
{
    size_t count;
    TRY(document_section(report->document, "alerts", "Alerts", err));
    TRY(survey_report_alerts(report->document, &report->sides, &count, err));
    if (count > 0) return STATUS_OK;
    return document_paragraph(report->document, "none", "Nothing catches the eye.", err);
}

static enum status drift(struct report *report, struct err *err)
{
    int64_t drifted;
    TRY(document_section(report->document, "drift", "Drift", err));
    if (report->count == 1)
        return document_paragraph(report->document, "none",
                                  "One version alone: DATASET@A..B tells how B differs from A.",
                                  err);
    TRY(document_paragraph(
        report->document, "method",
        "Population stability index (from 0.1 worth a look, from 0.2 drifted) and "
        "Kolmogorov-Smirnov distance between the two versions.",
        err));
    TRY(survey_report_drift(report->document, &report->sides, report_is_key, report, &drifted,
                            err));
    return document_fact(report->document, "drifted_columns", "Columns drifted",
                         cell_count(drifted), err);
}

static enum status make_page(struct report *report, struct err *err)
{
    TRY(report_upstream(report, err));
    TRY(open_document(report, err));
    TRY(report_overview(report, err));
    TRY(report_checks(report, err));
    TRY(alerts(report, err));
    TRY(report_flow(report, err));
    TRY(drift(report, err));
    TRY(survey_report_columns(report->document, &report->sides, err));
    TRY(survey_report_missing(report->document, &report->sides, err));
    TRY(survey_report_correlations(report->document, &report->sides, err));
    TRY(report_reasons(report, err));
    TRY(report_pictures(report, err));
    TRY(report_lineage(report, err));
    return report_reproduce(report, err);
}

static enum status write_out(const struct report *report, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(PAGE_MOST);
    OWNED(output_close) struct output *output = NULL;
    TRY(report->common->json ? document_json(report->document, &text, err)
                             : document_html(report->document, &text, err));
    TRY(output_open(&output, report->common->output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status report_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(report_release)
    struct report report = {.common = &invocation->common, .arena = invocation->arena};
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    report.store = store;
    TRY(find_versions(&report, invocation->operands[0], err));
    TRY(report_read(&report, err));
    TRY(make_page(&report, err));
    return write_out(&report, err);
}

const struct command report_command = {
    .name = "report",
    .operands = "VIEW|DATASET[@A[..B]]",
    .summary = "tell what a version looks like and where it came from, as one HTML page",
    .details =
        "With A..B the two versions stand side by side, and drift is measured; B left out is the "
        "latest. The page needs nothing from elsewhere: no script, no font, no picture of others. "
        "Each version is read once; what is kept does not grow with its rows. Values of personal "
        "and masked columns are not shown. --json has the same content as one JSON document.",
    .examples = "tamis-features report clean/orders -o orders.html\n"
                "tamis-features report user_activity@prod..latest -o drift.html\n"
                "tamis-features report clean/orders@3 --json | jq .missing.nulls",
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = report_run,
    .common_without = "explain|as-of|seed|no-store",
};
