/* record.c: what a run says about itself, queued and written in few transactions: every commit
 * costs two fsyncs, and a run with a thousand sources has a thousand rows to say. */
#include "lineage/run_state.h"

#include "lineage/sql.h"
#include "lineage/version_state.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

union value {
    struct str text;
    int64_t number;
    double real;
    struct digest digest;
};

struct pending {
    struct pending *next;
    const char *sql;   /* a literal */
    const char *types; /* a literal */
    union value values[];
};

static enum status copy_text(struct arena *arena, struct str text, struct str *ret, struct err *err)
{
    *ret = (struct str){NULL, 0};
    if (text.data == NULL) return STATUS_OK;
    const char *copy = arena_text(arena, text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    *ret = (struct str){copy, text.size};
    return STATUS_OK;
}

static enum status copy_values(struct run *run, struct pending *entry, va_list values,
                               struct err *err)
{
    for (size_t i = 0; entry->types[i] != '\0'; i++) {
        union value *value = &entry->values[i];
        char letter = entry->types[i];

        if (letter == 't') {
            TRY(copy_text(run->arena, str_of(va_arg(values, const char *)), &value->text, err));
        } else if (letter == 's') {
            TRY(copy_text(run->arena, va_arg(values, struct str), &value->text, err));
        } else if (letter == 'r') {
            value->real = va_arg(values, double);
        } else if (letter == 'd') {
            const struct digest *digest = va_arg(values, const struct digest *);
            if (digest != NULL) value->digest = *digest;
        } else {
            value->number = va_arg(values, int64_t);
        }
    }
    return STATUS_OK;
}

enum status run_record(struct run *run, struct err *err, const char *sql, const char *types, ...)
{
    va_list values;

    if (run->notes == NULL) return STATUS_OK;
    size_t bytes = sizeof(struct pending) + strlen(types) * sizeof(union value);
    struct pending *entry = arena_get(run->arena, bytes, 1);
    if (entry == NULL) return fail_memory(err, bytes);
    entry->sql = sql;
    entry->types = types;
    va_start(values, types);
    enum status status = copy_values(run, entry, values, err);
    va_end(values);
    TRY(status);
    if (run->last == NULL)
        run->first = entry;
    else
        run->last->next = entry;
    run->last = entry;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status bind_entry(struct run *run, sqlite3_stmt *statement, const struct pending *entry,
                              struct err *err)
{
    char text[DIGEST_TEXT], time[TIME_TEXT];
    static const struct digest none;
    int code = SQLITE_OK;

    for (int i = 0; entry->types[i] != '\0' && code == SQLITE_OK; i++) {
        const union value *value = &entry->values[i];
        char letter = entry->types[i];

        if (letter == 'i') {
            code = sqlite3_bind_int64(statement, i + 1, value->number);
        } else if (letter == 'r') {
            code = sqlite3_bind_double(statement, i + 1, value->real);
        } else {
            struct str bound = {NULL, 0};
            if (letter == 't' || letter == 's') bound = value->text;
            if (letter == 'd' && memcmp(&value->digest, &none, sizeof none) != 0)
                bound = str_of(digest_text(&value->digest, text));
            if (letter == 'u' && value->number != 0) bound = str_of(time_text(value->number, time));
            code = bound.data == NULL
                       ? sqlite3_bind_null(statement, i + 1)
                       : sqlite3_bind_text64(statement, i + 1, bound.data, bound.size,
                                             SQLITE_TRANSIENT, SQLITE_UTF8);
        }
    }
    return code == SQLITE_OK ? STATUS_OK : fail_catalog(run->notes, err, "binding values");
}

/* Entries of one kind mostly follow one another and share a prepared statement. */
enum status run_flush_pending(struct run *run, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    const char *sql = NULL;
    bool row;

    for (const struct pending *entry = run->first; entry != NULL; entry = entry->next) {
        if (entry->sql != sql) {
            sql_close(&statement);
            TRY(sql_open(run->notes, &statement, err, entry->sql, ""));
            sql = entry->sql;
        }
        TRY(bind_entry(run, statement, entry, err));
        TRY(sql_next(run->notes, statement, &row, err));
        sqlite3_reset(statement);
    }
    return STATUS_OK;
}

enum status run_flush(struct run *run, struct err *err)
{
    if (run->notes == NULL) return STATUS_OK;
    TRY(events_flush(run, err));
    if (run->first == NULL) return STATUS_OK;
    TRY(catalog_begin(run->notes, err));
    enum status status = run_flush_pending(run, err);
    if (status != STATUS_OK) {
        catalog_rollback(run->notes);
        return status;
    }
    TRY(catalog_commit(run->notes, err));
    run->first = run->last = NULL;
    arena_reset(run->arena);
    return STATUS_OK;
}

/* ---- what can be said ---- */

enum status run_config(struct run *run, struct str json, const struct digest *digest,
                       struct err *err)
{
    run->config = *digest;
    return run_record(run, err, "UPDATE runs SET config = ?, config_digest = ? WHERE run_id = ?",
                      "sdt", json, digest, run->id);
}

enum status run_source(struct run *run, const struct source_record *source, struct err *err)
{
    OWNED(bytes_release) struct bytes node = bytes_limited(64 << 10);

    TRY(run_record(run, err,
                   "INSERT OR REPLACE INTO sources (run_id, name, kind, bytes, digest, modified_at,"
                   " records, etag) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   "tttiduit", run->id, source->name, source->kind, source->bytes, &source->digest,
                   source->modified, source->records, source->etag));
    TRY(bytes_format(&node, err, "source:%s", source->name));
    TRY(bytes_append(&node, "", 1, err));
    char output[UUID_TEXT + 8];
    snprintf(output, sizeof output, "stream:%s", run->id);
    return run_edge(run, (const char *)node.data, output, err);
}

/* A run recorded elsewhere, or not at all, is still a node of the graph. */
static enum status record_stub(struct run *run, const char *node, struct err *err)
{
    static const char stream[] = "stream:";

    if (strncmp(node, stream, sizeof stream - 1) != 0) return STATUS_OK;
    if (strcmp(node + sizeof stream - 1, run->id) == 0) return STATUS_OK;
    return run_record(
        run, err, "INSERT OR IGNORE INTO runs (run_id, stage, status) VALUES (?, '', 'unknown')",
        "t", node + sizeof stream - 1);
}

enum status run_edge(struct run *run, const char *input, const char *output, struct err *err)
{
    TRY(record_stub(run, input, err));
    TRY(record_stub(run, output, err));
    return run_record(run, err,
                      "INSERT OR IGNORE INTO edges (run_id, input, output) VALUES (?, ?, ?)", "ttt",
                      run->id, input, output);
}

enum status run_column_edge(struct run *run, const struct column_edge *edge, struct err *err)
{
    return run_record(run, err,
                      "INSERT OR IGNORE INTO column_edges (run_id, output_column, input_column,"
                      " kind, subtype, masked, input) VALUES (?, ?, ?, ?, ?, ?, ?)",
                      "tttttit", run->id, edge->output_column, edge->input_column, edge->kind,
                      edge->subtype, (int64_t)edge->masked, edge->input == NULL ? "" : edge->input);
}

enum status run_column_same(struct run *run, const char *input, const char *column, struct err *err)
{
    const struct column_edge edge = {.output_column = column,
                                     .input = input,
                                     .input_column = column,
                                     .kind = "DIRECT",
                                     .subtype = "IDENTITY"};
    return run_column_edge(run, &edge, err);
}

enum status run_columns(struct run *run, const char *node, const struct schema *schema,
                        struct err *err)
{
    char type[256];

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        TRY(run_record(run, err,
                       "INSERT OR REPLACE INTO run_columns (run_id, node, position, name, type,"
                       " nullable, personal) VALUES (?, ?, ?, ?, ?, ?, ?)",
                       "ttittii", run->id, node, (int64_t)i + 1, field->name,
                       field_type_text(field, type, sizeof type), (int64_t)field->nullable,
                       (int64_t)field_is_personal(field)));
    }
    return STATUS_OK;
}

enum status run_check(struct run *run, const struct run_check *check, struct err *err)
{
    return run_record(run, err,
                      "INSERT INTO run_checks (run_id, position, step, rule, \"column\", outcome,"
                      " expected, found) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                      "tiittttt", run->id, ++run->checks, (int64_t)check->step, check->rule,
                      check->column, check->outcome, check->expected, check->found);
}

enum status run_metric(struct run *run, const char *name, double value, const char *unit,
                       struct err *err)
{
    TRY(measures_set(run->measures, name, value, unit, err));
    return run_record(run, err,
                      "INSERT OR REPLACE INTO run_metrics (run_id, name, value, unit)"
                      " VALUES (?, ?, ?, ?)",
                      "ttrt", run->id, name, value, unit);
}

enum status run_metric_step(struct run *run, const char *name, int64_t step, double value,
                            struct err *err)
{
    return run_record(run, err,
                      "INSERT OR REPLACE INTO metric_steps (run_id, name, step, value)"
                      " VALUES (?, ?, ?, ?)",
                      "ttir", run->id, name, step, value);
}

enum status run_device(struct run *run, const char *device, struct err *err)
{
    return run_record(run, err, "UPDATE runs SET device = ? WHERE run_id = ?", "tt", device,
                      run->id);
}

enum status run_drift(struct run *run, const struct drift_event *event, struct err *err)
{
    return run_record(run, err,
                      "INSERT INTO drift_events (run_id, position, source, \"column\", drift,"
                      " action, expected, found, records) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
                      " NULLIF(?, -1))",
                      "titttttti", run->id, ++run->drifts, event->source, event->column,
                      event->drift, event->action, event->expected, event->found, event->records);
}

enum status run_record_place(struct run *run, const char *source, int64_t record,
                             int64_t byte_offset, int64_t line, struct err *err)
{
    return run_record(run, err,
                      "INSERT OR IGNORE INTO record_index (run_id, source, record, byte_offset,"
                      " line) VALUES (?, ?, ?, ?, ?)",
                      "ttiii", run->id, source, record, byte_offset, line);
}

enum status run_effect(struct run *run, const struct module_effect *effect, struct err *err)
{
    return run_record(
        run, err,
        "INSERT OR REPLACE INTO module_effects (run_id, position, module, rows_in, rows_created,"
        " rows_out, rows_rejected, rows_dropped, rows_merged, cells_changed, seconds, parameters)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "titiiiiiiirs", run->id, (int64_t)effect->position, effect->module, effect->rows_in,
        effect->rows_created, effect->rows_out, effect->rows_rejected, effect->rows_dropped,
        effect->rows_merged, effect->cells_changed, effect->seconds, effect->parameters);
}
