/* features/report_catalog.c: what the catalog knows of a version: facts, checks, row flow, reasons.
 */
#include "features/report.h"

#include "features/reference.h"
#include "lineage/sql.h"

#include <stdio.h>

/* ---- overview ---- */

static enum status version_facts(struct report *report, size_t side, struct err *err)
{
    static const char *const before[2] = {"_before", ""};
    static const char *const words[2] = {" before", ""};
    const struct version *version = &report->versions[side];
    const char *end = report->count == 2 && side == 0 ? before[0] : before[1];
    const char *word = report->count == 2 && side == 0 ? words[0] : words[1];
    struct document *document = report->document;
    char keys[6][48], labels[6][48], digest[DIGEST_TEXT];
    static const char *const names[][2] = {{"version", "Version"}, {"rows", "Rows"},
                                           {"columns", "Columns"}, {"bytes", "Bytes"},
                                           {"written", "Written"}, {"digest", "Digest"}};
    for (size_t i = 0; i < 6; i++) {
        snprintf(keys[i], sizeof keys[i], "%s%s", names[i][0], end);
        snprintf(labels[i], sizeof labels[i], "%s%s", names[i][1], word);
    }
    TRY(document_fact(document, keys[0], labels[0], cell_count(version->number), err));
    TRY(document_fact(document, keys[1], labels[1], cell_count(version->rows), err));
    TRY(document_fact(document, keys[2], labels[2],
                      cell_count((int64_t)survey_schema(report->surveys[side])->count), err));
    TRY(document_fact(document, keys[3], labels[3], cell_count(version->bytes), err));
    TRY(document_fact(document, keys[4], labels[4], cell_text(version->created_at), err));
    return document_fact(document, keys[5], labels[5],
                         cell_code(str_of(digest_text(&version->digest, digest))), err);
}

static enum status tags_of(struct report *report, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = false;
    TRY(sql_open(
        report->store, &rows, err,
        "SELECT group_concat(tag || iif(weight < 100, ' (' || weight || ' %)', ''), ', ') "
        "FROM (SELECT tag, weight FROM tags WHERE dataset = ? AND number = ? ORDER BY tag)",
        "ti", report_version(report)->dataset, report_version(report)->number));
    TRY(sql_next(report->store, rows, &row, err));
    const char *tags = row ? sql_text(rows, 0) : "";
    return document_fact(report->document, "tags", "Tags", cell_text(*tags == '\0' ? NULL : tags),
                         err);
}

enum status report_overview(struct report *report, struct err *err)
{
    TRY(document_section(report->document, "overview", "Overview", err));
    TRY(document_fact(report->document, "dataset", "Dataset",
                      cell_text(report_version(report)->dataset), err));
    if (report->view.name != NULL)
        TRY(document_fact(report->document, "view", "View", cell_text(report->view.name), err));
    for (size_t side = report->count; side-- > 0;)
        TRY(version_facts(report, side, err));
    return tags_of(report, err);
}

/* ---- verdict and checks ---- */

static struct cell verdict_cell(const char *verdict)
{
    bool failed = strcmp(verdict, "failed") == 0, skipped = strcmp(verdict, "skipped") == 0;
    return cell_toned(cell_text(verdict), failed ? TONE_BAD : skipped ? TONE_PLAIN : TONE_GOOD);
}

static const char *column_or_null(sqlite3_stmt *rows, int column)
{
    return sqlite3_column_type(rows, column) == SQLITE_NULL ? NULL : sql_text(rows, column);
}

static enum status gate_rows(struct report *report, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(sql_open(report->store, &rows, err,
                 "SELECT c.name, c.verdict, c.\"column\", c.found, c.expected, g.tag, g.action "
                 "FROM gates AS g JOIN gate_checks AS c USING (run_id) "
                 "WHERE g.dataset = ? AND g.number = ? ORDER BY g.created_at, g.run_id, c.position",
                 "ti", report_version(report)->dataset, report_version(report)->number));
    for (bool row = true;;) {
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) return STATUS_OK;
        struct cell cells[] = {
            cell_text(sql_text(rows, 0)),       verdict_cell(sql_text(rows, 1)),
            cell_text(column_or_null(rows, 2)), cell_text(column_or_null(rows, 3)),
            cell_text(column_or_null(rows, 4)), cell_text(column_or_null(rows, 5)),
            cell_text(column_or_null(rows, 6))};
        TRY(document_row(report->document, cells, err));
    }
}

enum status report_checks(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"check", "Check", false}, {"verdict", "Verdict", false},   {"column", "Column", false},
        {"found", "Found", false}, {"expected", "Expected", false}, {"tag", "Gate of tag", false},
        {"action", "Then", false}};
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = false;
    TRY(document_section(report->document, "checks", "Verdict and checks", err));
    TRY(sql_open(report->store, &rows, err,
                 "SELECT v.verdict, r.status, r.error FROM versions AS v JOIN runs AS r USING "
                 "(run_id) WHERE v.dataset = ? AND v.number = ?",
                 "ti", report_version(report)->dataset, report_version(report)->number));
    TRY(sql_next(report->store, rows, &row, err));
    const char *verdict = row ? sql_text(rows, 0) : "unknown";
    TRY(document_fact(report->document, "verdict", "Verdict of the data", verdict_cell(verdict),
                      err));
    TRY(document_fact(report->document, "run_status", "The run that wrote it",
                      cell_text(row ? sql_text(rows, 1) : NULL), err));
    if (row && *sql_text(rows, 2) != '\0')
        TRY(document_fact(report->document, "reason", "Reason", cell_text(sql_text(rows, 2)), err));
    TRY(document_table(report->document, "checks", "Checks of gates held against this version",
                       columns, 7, err));
    return gate_rows(report, err);
}

/* ---- row flow ---- */

#define STEPS_MOST 200

static enum status flow_row(struct report *report, sqlite3_stmt *rows, struct chart_step *step,
                            struct err *err)
{
    int64_t numbers[7];
    for (int i = 0; i < 7; i++)
        numbers[i] = sqlite3_column_int64(rows, 2 + i);
    step->name = arena_format(report->arena, "%lld %s", (long long)sqlite3_column_int64(rows, 0),
                              sql_text(rows, 1));
    if (step->name == NULL) return fail_memory(err, 0);
    *step = (struct chart_step){.name = step->name,
                                .in = numbers[0],
                                .rejected = numbers[2],
                                .dropped = numbers[3],
                                .merged = numbers[4],
                                .out = numbers[5]};
    struct cell cells[] = {cell_count(sqlite3_column_int64(rows, 0)),
                           cell_text(sql_text(rows, 1)),
                           cell_count(numbers[0]),
                           cell_count(numbers[1]),
                           cell_count(numbers[2]),
                           cell_count(numbers[3]),
                           cell_count(numbers[4]),
                           cell_count(numbers[5]),
                           cell_count(numbers[6])};
    return document_row(report->document, cells, err);
}

static enum status flow_rows(struct report *report, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct chart_step steps[STEPS_MOST];
    size_t count = 0;
    TRY(sql_open(report->store, &rows, err,
                 "SELECT position, module, rows_in, rows_created, rows_rejected, rows_dropped, "
                 "rows_merged, rows_out, cells_changed FROM module_effects WHERE run_id = ? "
                 "ORDER BY position LIMIT 200",
                 "t", report->cleaned_by));
    for (bool row = true;;) {
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) break;
        TRY(flow_row(report, rows, &steps[count++], err));
    }
    return document_flow(
        report->document,
        &(struct chart_flow){"Rows on their way through the modules", steps, count}, err);
}

/* Every run upstream and what became of its rows. */
static enum status run_rows(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"run", "Run", false},           {"stage", "Stage", false},
        {"in", "Rows in", false},        {"created", "Created", false},
        {"rejected", "Rejected", false}, {"dropped", "Dropped", false},
        {"merged", "Merged", false},     {"out", "Rows out", false}};
    TRY(document_table(report->document, "runs", "Rows in and out of the runs it was made by",
                       columns, 8, err));
    for (size_t i = report->upstream.node_count; i-- > 0;) {
        const struct lineage_node *node = &report->upstream.nodes[i];
        OWNED(sql_close) sqlite3_stmt *rows = NULL;
        bool row = false;
        if (strcmp(node->kind, "stream") != 0) continue;
        TRY(sql_open(report->store, &rows, err,
                     "SELECT run_id, stage, rows_in, rows_created, rows_rejected, rows_dropped, "
                     "rows_merged, rows_out FROM runs WHERE run_id = ?",
                     "t", node->name + strlen("stream:")));
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) continue;
        struct cell cells[8] = {cell_code(str_of(sql_text(rows, 0))), cell_text(sql_text(rows, 1))};
        for (int column = 2; column < 8; column++)
            cells[column] = cell_count(sqlite3_column_int64(rows, column));
        TRY(document_row(report->document, cells, err));
    }
    return STATUS_OK;
}

enum status report_flow(struct report *report, struct err *err)
{
    static const struct document_column columns[] = {
        {"step", "Step", false},          {"module", "Module", false},
        {"in", "Rows in", false},         {"created", "Created", false},
        {"rejected", "Rejected", false},  {"dropped", "Dropped", false},
        {"merged", "Merged", false},      {"out", "Rows out", false},
        {"cells", "Cells changed", false}};
    TRY(document_section(report->document, "flow", "Row flow", err));
    if (report->cleaned_by == NULL) {
        TRY(document_paragraph(report->document, "none",
                               "No cleaning module stands before this version.", err));
        return run_rows(report, err);
    }
    TRY(document_fact(report->document, "run", "Cleaned by run",
                      cell_code(str_of(report->cleaned_by)), err));
    TRY(document_table(report->document, "modules", "Rows through the modules of that run", columns,
                       9, err));
    TRY(flow_rows(report, err));
    return run_rows(report, err);
}

/* ---- why rows did not stay ---- */

static enum row_event_kind kind_of(const char *word)
{
    static const char *const words[] = {"reject", "drop", "merge", "create"};
    for (enum row_event_kind kind = EVENT_REJECT; kind < EVENT_CREATE; kind++)
        if (strcmp(word, words[kind]) == 0) return kind;
    return EVENT_CREATE;
}

static enum status read_events(struct report *report, const char *run_id, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(sql_open(report->store, &rows, err,
                 "SELECT kind, source, record, into_source, into_record, position, module, rule, "
                 "\"column\", value, threshold FROM row_events WHERE run_id = ?",
                 "t", run_id));
    for (bool row = true;;) {
        TRY(interrupted(err));
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) return STATUS_OK;
        struct row_event event = {.kind = kind_of(sql_text(rows, 0)),
                                  .source = str_of(sql_text(rows, 1)),
                                  .record = sqlite3_column_int64(rows, 2),
                                  .into_source = str_of(sql_text(rows, 3)),
                                  .into_record = sqlite3_column_int64(rows, 4),
                                  .position = sqlite3_column_int(rows, 5),
                                  .module = column_or_null(rows, 6),
                                  .rule = column_or_null(rows, 7),
                                  .column = column_or_null(rows, 8),
                                  .value = str_of(sql_text(rows, 9)),
                                  .threshold = column_or_null(rows, 10)};
        bool shown = event.column != NULL && !survey_report_hides(&report->sides, event.column) &&
                     survey_report_place(&report->sides, report->count - 1, event.column) >= 0;
        TRY(reasons_add(&report->reasons, &event, shown, err));
    }
}

static enum status module_section(struct report *report, const char *key, const char *title,
                                  const char *module, struct err *err)
{
    int64_t rows;
    TRY(document_section(report->document, key, title, err));
    TRY(reasons_report(&report->reasons, module, "reasons", "Rows that did not stay, by reason",
                       report->document, &rows, err));
    return document_fact(report->document, "rows", "Rows in all", cell_count(rows), err);
}

enum status report_reasons(struct report *report, struct err *err)
{
    if (report->cleaned_by != NULL) TRY(read_events(report, report->cleaned_by, err));
    if (report->cleaned_by == NULL ||
        strcmp(report->cleaned_by, report_version(report)->run_id) != 0)
        TRY(read_events(report, report_version(report)->run_id, err));
    TRY(module_section(report, "losses", "Rows that did not stay", NULL, err));
    TRY(module_section(report, "duplicates", "Duplicates", "deduplicate", err));
    TRY(survey_report_repeats(report->document, &report->sides, err));
    TRY(module_section(report, "outliers", "Outliers", "outliers", err));
    TRY(survey_report_flag(report->document, &report->sides, "outlier", "flagged", "Rows flagged",
                           err));
    TRY(survey_report_words(report->document, &report->sides, "outlier_column", "flagged_by",
                            "Flagged rows, by the column that is furthest out", err));
    TRY(module_section(report, "labels", "Label issues", "labels", err));
    TRY(survey_report_flag(report->document, &report->sides, "label_issue", "flagged",
                           "Rows flagged", err));
    return survey_report_words(report->document, &report->sides, "label_suggestion", "suggested",
                               "Labels that are suggested", err);
}
