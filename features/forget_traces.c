/* features/forget_traces.c: what the catalog and audit files say about an entity: row events of its
 * rows, cells that were changed in them, exposures, and its key in texts.
 *
 * A key can be looked for inside of texts when it has at least four characters that are not all
 * digits; a shorter one would be found in texts that have nothing to do with it, and is taken out
 * where it stands alone. */
#include "features/forget.h"

#include "base/memory.h"
#include "base/output.h"
#include "columnar/ipc.h"
#include "features/row_place.h"
#include "lineage/sql.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define MASK "***"

static bool is_searchable(const struct forget *forget, const struct forget_key *key)
{
    return forget->keys.columns.count == 1 && strlen(key->text) >= 4 &&
           key->text[strspn(key->text, "0123456789")] != '\0';
}

static int64_t changes(const struct forget *forget)
{
    return sqlite3_changes64(store_catalog(forget->store));
}

/* ---- runs around the versions ---- */

static enum status find_runs(struct forget *forget, struct err *err)
{
    struct store *store = forget->store;
    char node[VERSION_NODE];
    TRY(sql_run(store, err, "CREATE TEMP TABLE IF NOT EXISTS forget_nodes (node TEXT PRIMARY KEY)",
                ""));
    for (size_t i = 0; i < forget->version_count; i++)
        if (forget->versions[i].rows > 0)
            TRY(sql_run(store, err, "INSERT OR IGNORE INTO temp.forget_nodes VALUES (?)", "t",
                        version_node(&forget->versions[i].version, node)));
    TRY(sql_run(store, err, "DROP TABLE IF EXISTS temp.forget_runs", ""));
    return sql_run(store, err,
                   "CREATE TEMP TABLE forget_runs AS WITH RECURSIVE"
                   " up (node) AS (SELECT node FROM temp.forget_nodes UNION"
                   "  SELECT e.input FROM edges AS e JOIN up ON e.output = up.node),"
                   " down (node) AS (SELECT node FROM temp.forget_nodes UNION"
                   "  SELECT e.output FROM edges AS e JOIN down ON e.input = down.node)"
                   " SELECT run_key, run_id FROM main.runs WHERE 'stream:' || run_id IN"
                   " (SELECT node FROM up UNION SELECT node FROM down)",
                   "");
}

/* ---- row events ---- */

static enum status forget_pairs_events(struct forget *forget, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    TRY(sql_open(forget->store, &statement, err,
                 "DELETE FROM row_event_log WHERE run_key IN (SELECT run_key FROM temp.forget_runs)"
                 " AND ((source_key = (SELECT text_key FROM texts WHERE text = ?1)"
                 "       AND record = ?2)"
                 "   OR (into_source_key = (SELECT text_key FROM texts WHERE text = ?1)"
                 "       AND into_record = ?2))",
                 ""));
    for (size_t i = 0; i < forget->version_count; i++)
        for (size_t k = 0; k < forget->versions[i].rows_found.count; k++) {
            const struct forget_pair *pair = &forget->versions[i].rows_found.items[k];
            TRY(sql_again(forget->store, statement, err, "ti", forget->sources[pair->source],
                          pair->record));
            forget->row_events += changes(forget);
        }
    return STATUS_OK;
}

/* Events whose value is the key: of rows that never came into a version. */
static enum status forget_value_events(struct forget *forget, const struct forget_key *key,
                                       struct err *err)
{
    for (size_t i = 0; i < forget->keys.columns.count; i++) {
        TRY(sql_run(forget->store, err,
                    "DELETE FROM row_event_log WHERE value = ? AND column_key ="
                    " (SELECT text_key FROM texts WHERE text = ?)",
                    "tt", key->typed, forget->keys.columns.items[i]));
        forget->row_events += changes(forget);
    }
    if (!is_searchable(forget, key)) return STATUS_OK;
    TRY(sql_run(forget->store, err, "DELETE FROM row_event_log WHERE instr(value, ?) > 0", "t",
                key->text));
    forget->row_events += changes(forget);
    return STATUS_OK;
}

/* ---- texts ---- */

static enum status mask_columns(struct forget *forget, const char *text, struct err *err)
{
    static const char *const statements[] = {
        "UPDATE main.runs SET argv = replace(argv, ?1, ?2) WHERE instr(argv, ?1) > 0",
        "UPDATE main.runs SET job = replace(job, ?1, ?2) WHERE instr(job, ?1) > 0",
        "UPDATE main.runs SET config = replace(config, ?1, ?2) WHERE instr(config, ?1) > 0",
        "UPDATE main.runs SET error = replace(error, ?1, ?2) WHERE instr(error, ?1) > 0",
        "UPDATE module_effects SET parameters = replace(parameters, ?1, ?2)"
        " WHERE instr(parameters, ?1) > 0",
        "UPDATE gates SET definition = replace(definition, ?1, ?2) WHERE instr(definition, ?1) > 0",
        "UPDATE gate_checks SET found = replace(found, ?1, ?2),"
        " expected = replace(expected, ?1, ?2)"
        " WHERE instr(found, ?1) > 0 OR instr(expected, ?1) > 0",
        "UPDATE run_checks SET found = replace(found, ?1, ?2),"
        " expected = replace(expected, ?1, ?2)"
        " WHERE instr(found, ?1) > 0 OR instr(expected, ?1) > 0",
        "UPDATE tag_history SET reason = replace(reason, ?1, ?2) WHERE instr(reason, ?1) > 0",
        "UPDATE chunk_columns SET minimum = NULL, maximum = NULL"
        " WHERE instr(minimum, ?1) > 0 OR instr(maximum, ?1) > 0 OR ?2 IS NULL",
        "UPDATE texts SET text = replace(text, ?1, ?2 || text_key) WHERE instr(text, ?1) > 0",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        TRY(sql_run(forget->store, err, statements[i], "tt", text, MASK));
        forget->texts += changes(forget);
    }
    return STATUS_OK;
}

/* An argument that is the key and nothing else. */
static enum status mask_arguments(struct forget *forget, const struct forget_key *key,
                                  struct err *err)
{
    OWNED(bytes_release) struct bytes quoted = bytes_limited(1 << 20);
    TRY(bytes_append_json(&quoted, str_of(key->typed), err));
    TRY(sql_run(forget->store, err,
                "UPDATE main.runs SET argv = replace(argv, ?1, '\"" MASK "\"')"
                " WHERE instr(argv, ?1) > 0",
                "s", (struct str){(const char *)quoted.data, quoted.size}));
    forget->texts += changes(forget);
    return STATUS_OK;
}

static enum status forget_texts(struct forget *forget, const struct forget_key *key,
                                struct err *err)
{
    TRY(forget_value_events(forget, key, err));
    TRY(sql_run(forget->store, err, "DELETE FROM exposures WHERE entity = ?", "t", key->typed));
    forget->exposures += changes(forget);
    TRY(mask_arguments(forget, key, err));
    return is_searchable(forget, key) ? mask_columns(forget, key->text, err) : STATUS_OK;
}

/* In the transaction. */
static enum status forget_in_catalog(struct forget *forget, struct err *err)
{
    TRY(find_runs(forget, err));
    TRY(forget_pairs_events(forget, err));
    for (size_t i = 0; i < forget->keys.count; i++)
        TRY(forget_texts(forget, &forget->keys.items[i], err));
    return STATUS_OK;
}

/* ---- audit files: cells that were changed ---- */

static bool holds_key(const struct forget *forget, const struct batch *batch, int64_t row)
{
    for (size_t column = 0; column < batch->schema->count; column++) {
        struct str text;
        const struct field *field = &batch->schema->fields[column];
        if (field->type.id != TYPE_UTF8 ||
            !array_text_at(field, batch->columns[column], row, &text))
            continue;
        for (size_t i = 0; i < forget->keys.count; i++) {
            const struct forget_key *key = &forget->keys.items[i];
            if (is_searchable(forget, key)
                    ? memmem(text.data, text.size, key->text, strlen(key->text)) != NULL
                    : str_is(text, key->text) && forget->keys.columns.count == 1 &&
                          strlen(key->text) >= 4)
                return true;
        }
    }
    return false;
}

static bool is_entitys(const struct forget *forget, const struct row_place *place,
                       const struct batch *batch, int64_t row)
{
    struct str source;
    int64_t record;
    if (!row_place_at(place, batch, row, &source, &record)) return false;
    for (size_t i = 0; i < forget->version_count; i++)
        if (forget_pair_find(forget, &forget->versions[i].rows_found, source, record) >= 0)
            return true;
    return false;
}

/* Marks rows to go; `related` = the file is of a run around the versions. */
static int64_t mark_rows(const struct forget *forget, const struct batch *batch, bool related,
                         int32_t *ret)
{
    struct row_place place;
    int64_t count = 0;
    bool placed = related && row_place_named(batch->schema, "source", "record", &place);
    for (int64_t row = 0; row < batch->rows; row++) {
        bool gone =
            (placed && is_entitys(forget, &place, batch, row)) || holds_key(forget, batch, row);
        ret[row] = gone ? 0 : -1;
        count += gone;
    }
    return count;
}

/* One walk over a file: counts rows to go; with a writer copies the others. */
static enum status walk_audit(const struct forget *forget, struct ipc_reader *reader, bool related,
                              struct ipc_writer *writer, int64_t *ret, struct err *err)
{
    *ret = 0;
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch kept = {0};
        OWNED(memory_release) int32_t *keys = NULL;
        bool end = false;
        TRY(interrupted(err));
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(NEW(&keys, (size_t)batch.rows, err));
        *ret += mark_rows(forget, &batch, related, keys);
        if (writer == NULL) continue;
        TRY(forget_keep(&batch, keys, &kept, err));
        TRY(ipc_writer_add(writer, &kept, err));
    }
}

static enum status open_audit(const char *path, struct ipc_reader **ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    return ipc_reader_open(ret, &input, 1, err);
}

static enum status rewrite_audit(struct forget *forget, const char *path, bool related,
                                 struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(output_close) struct output *output = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    const struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};
    int64_t gone;
    TRY(open_audit(path, &reader, err));
    TRY(output_open(&output, path, err));
    TRY(ipc_writer_open(&writer, output, ipc_reader_schema(reader), options, err));
    TRY(walk_audit(forget, reader, related, writer, &gone, err));
    TRY(ipc_writer_finish(writer, err));
    TRY(output_commit(output, err));
    forget->audit_files++;
    forget->audit_rows += gone;
    return STATUS_OK;
}

static enum status forget_audit(struct forget *forget, const char *path, const char *name,
                                struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    int64_t related = 0, gone = 0;
    char run[64];
    snprintf(run, sizeof run, "%.*s", (int)strcspn(name, "."), name);
    TRY(sql_number(forget->store, &related, 0, err,
                   "SELECT 1 FROM temp.forget_runs WHERE run_id = ?", "t", run));
    TRY(open_audit(path, &reader, err));
    TRY(walk_audit(forget, reader, related == 1, NULL, &gone, err));
    return gone == 0 ? STATUS_OK : rewrite_audit(forget, path, related == 1, err);
}

static enum status forget_audits(struct forget *forget, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(1 << 16);
    TRY(bytes_format(&path, err, "%s/audit", store_path(forget->store)));
    TRY(bytes_append(&path, "", 1, err));
    DIR *entries = opendir((const char *)path.data);
    enum status status = STATUS_OK;
    if (entries == NULL) return STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size < 6 || strcmp(entry->d_name + size - 6, ".arrow") != 0) continue;
        path.size = 0;
        status = bytes_format(&path, err, "%s/audit/%s", store_path(forget->store), entry->d_name);
        if (status == STATUS_OK) status = bytes_append(&path, "", 1, err);
        if (status == STATUS_OK)
            status = forget_audit(forget, (const char *)path.data, entry->d_name, err);
        if (status != STATUS_OK)
            status = fail_within(err, status, "audit file \"%s\"", entry->d_name);
    }
    closedir(entries);
    return status;
}

enum status forget_traces(struct forget *forget, struct err *err)
{
    TRY(catalog_begin(forget->store, err));
    enum status status = forget_in_catalog(forget, err);
    if (status != STATUS_OK) {
        catalog_rollback(forget->store);
        return status;
    }
    TRY(catalog_commit(forget->store, err));
    return forget_audits(forget, err);
}
