/* features/gate_report.c: what is kept of a gate: rows of the catalog, JSON, JUnit's XML. */
#include "features/gate.h"

#include "base/clock.h"
#include "lineage/sql.h"

/* ---- the catalog ---- */

enum status gate_insert(struct run *run, const struct gate_record *record,
                        const struct gate_results *results, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *check = NULL;
    struct store *store = run_store(run);
    TRY(sql_run(store, err,
                "INSERT INTO gates (run_id, dataset, tag, number, against, verdict, action,"
                " definition, created_at) VALUES (?, ?, ?, ?, NULLIF(?, 0), ?, ?, ?, ?)",
                "tttiitttu", run_id(run), record->dataset, record->tag, record->number,
                record->against, results->failed > 0 ? "failed" : "passed", record->action,
                record->definition, clock_now()));
    TRY(sql_open(store, &check, err,
                 "INSERT INTO gate_checks (run_id, position, name, \"column\", verdict, found,"
                 " expected) VALUES (?, ?, ?, ?, ?, ?, ?)",
                 ""));
    for (size_t i = 0; i < results->count; i++) {
        const struct gate_check *item = &results->items[i];
        TRY(sql_again(store, check, err, "tittttt", run_id(run), (int64_t)i + 1, item->name,
                      item->column, gate_verdict_word(item->verdict), item->found, item->expected));
    }
    return STATUS_OK;
}

enum status gate_keep(struct run *run, const struct gate_record *record,
                      const struct gate_results *results, struct err *err)
{
    struct store *store = run_store(run);
    TRY(catalog_begin(store, err));
    enum status status = gate_insert(run, record, results, err);
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* ---- JSON ---- */

static enum status member(const char *name, const char *text, bool first, struct bytes *ret,
                          struct err *err)
{
    TRY(bytes_format(ret, err, "%s\"%s\":", first ? "{" : ",", name));
    if (text == NULL) return bytes_append_text(ret, "null", err);
    return bytes_append_json(ret, str_of(text), err);
}

static enum status check_json(const struct gate_check *check, struct bytes *ret, struct err *err)
{
    TRY(member("name", check->name, true, ret, err));
    TRY(member("column", check->column, false, ret, err));
    TRY(member("verdict", gate_verdict_word(check->verdict), false, ret, err));
    TRY(member("found", check->found, false, ret, err));
    TRY(member("expected", check->expected, false, ret, err));
    return bytes_append_text(ret, "}", err);
}

enum status gate_json(const struct gate_record *record, const struct gate_results *results,
                      struct bytes *ret, struct err *err)
{
    TRY(member("dataset", record->dataset, true, ret, err));
    TRY(member("tag", record->tag, false, ret, err));
    TRY(bytes_format(ret, err, ",\"number\":%lld,\"against\":", (long long)record->number));
    TRY(record->against == 0 ? bytes_append_text(ret, "null", err)
                             : bytes_format(ret, err, "%lld", (long long)record->against));
    TRY(member("verdict", results->failed > 0 ? "failed" : "passed", false, ret, err));
    TRY(member("action", record->action, false, ret, err));
    TRY(bytes_append_text(ret, ",\"checks\":[", err));
    for (size_t i = 0; i < results->count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "\n" : ",\n", err));
        TRY(check_json(&results->items[i], ret, err));
    }
    return bytes_append_text(ret, "\n]}\n", err);
}

/* ---- JUnit ---- */

static enum status xml_escape(const char *text, struct bytes *ret, struct err *err)
{
    for (; *text != '\0'; text++) {
        const char *named = *text == '<'                  ? "&lt;"
                            : *text == '>'                ? "&gt;"
                            : *text == '&'                ? "&amp;"
                            : *text == '"'                ? "&quot;"
                            : (unsigned char)*text < 0x20 ? " "
                                                          : NULL;
        TRY(named != NULL ? bytes_append_text(ret, named, err) : bytes_append(ret, text, 1, err));
    }
    return STATUS_OK;
}

static enum status check_junit(const struct gate_check *check, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "    <testcase classname=\"gate\" name=\"", err));
    TRY(xml_escape(check->name, ret, err));
    if (check->column != NULL) {
        TRY(bytes_append_text(ret, " ", err));
        TRY(xml_escape(check->column, ret, err));
    }
    if (check->verdict == GATE_PASSED) return bytes_append_text(ret, "\"/>\n", err);
    TRY(bytes_append_text(
        ret, check->verdict == GATE_FAILED ? "\"><failure message=\"" : "\"><skipped message=\"",
        err));
    TRY(xml_escape(check->found, ret, err));
    TRY(bytes_append_text(ret, ", expected ", err));
    TRY(xml_escape(check->expected, ret, err));
    return bytes_append_text(ret, "\"/></testcase>\n", err);
}

static size_t count_skipped(const struct gate_results *results)
{
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        count += results->items[i].verdict == GATE_SKIPPED;
    return count;
}

enum status gate_junit(const struct gate_record *record, const struct gate_results *results,
                       struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                     "  <testsuite name=\"gate of %s@%s: version %lld\" tests=\"%zu\""
                     " failures=\"%zu\" skipped=\"%zu\">\n",
                     record->dataset, record->tag, (long long)record->number, results->count,
                     results->failed, count_skipped(results)));
    for (size_t i = 0; i < results->count; i++)
        TRY(check_junit(&results->items[i], ret, err));
    return bytes_append_text(ret, "  </testsuite>\n</testsuites>\n", err);
}
