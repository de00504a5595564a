/* ingest/retry.c: rejected records as sources once more. */
#include "ingest/retry_state.h"

#include "base/output.h"
#include "columnar/value_text.h"
#include "ingest/ingest.h"
#include "lineage/sql.h"

#include <stdio.h>

extern const struct source_kind source_jsonl, source_lines;

/* ---- the files ---- */

struct columns { /* of a rejects file; -1 = it has none */
    int64_t source, record, byte_offset, line, rule, raw, path;
};

static enum status find_columns(const struct schema *schema, struct columns *ret, struct err *err)
{
    *ret = (struct columns){
        .source = schema_find(schema, str_of("source")),
        .record = schema_find(schema, str_of("record")),
        .byte_offset = schema_find(schema, str_of("byte_offset")),
        .line = schema_find(schema, str_of("line")),
        .rule = schema_find(schema, str_of("rule")),
        .raw = schema_find(schema, str_of("raw")),
        .path = schema_find(schema, str_of("path")),
    };
    if (ret->source >= 0 && ret->record >= 0 && ret->raw >= 0) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found no columns source, record and raw, expected rejects");
    err_hint(err, "--retry reads the files that --rejects writes");
    return STATUS_USAGE;
}

static int64_t number_in(const struct batch *batch, int64_t column, int64_t row)
{
    double value;
    if (column < 0) return -1;
    const struct field *field = &batch->schema->fields[column];
    if (field->type.id == TYPE_INT64 && !field->dictionary) {
        const struct array *array = batch->columns[column];
        return array_is_null(array, row) ? -1 : ((const int64_t *)array_values(array))[row];
    }
    bool known = array_number_at(field, batch->columns[column], row, &value);
    return known && value >= 0 && value < 9e15 ? (int64_t)value : -1;
}

/* Bytes, or a text; large ones have offsets of 64 bits. */
static enum status bytes_in(const struct batch *batch, int64_t column, int64_t row,
                            struct bytes *scratch, struct str *ret, struct err *err)
{
    const struct field *field = &batch->schema->fields[column];
    const struct array *array = batch->columns[column];
    enum type_id id = field->type.id;
    scratch->size = 0;
    *ret = (struct str){"", 0};
    if (value_is_null(field, array, row)) return STATUS_OK;
    if (id == TYPE_BINARY && !field->dictionary) {
        *ret = array_text(array, row);
        return STATUS_OK;
    }
    if (id == TYPE_LARGE_BINARY && !field->dictionary) {
        const int64_t *offsets = array_values(array);
        *ret = (struct str){(const char *)array->buffers[1].data + offsets[row],
                            (size_t)(offsets[row + 1] - offsets[row])};
        return STATUS_OK;
    }
    TRY(value_plain(field, array, row, scratch, err));
    *ret = (struct str){(const char *)scratch->data, scratch->size};
    return STATUS_OK;
}

static enum status name_in(struct retry *retry, const struct batch *batch, int64_t column,
                           int64_t row, const char **name, struct bytes *scratch, struct err *err)
{
    struct str text;
    TRY(bytes_in(batch, column, row, scratch, &text, err));
    if (*name != NULL && str_is(text, *name)) return STATUS_OK;
    *name = arena_text(retry->arena, text.data, text.size);
    return *name == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

/* Data NULL where there is no such column, or no value. */
static enum status text_in(const struct batch *batch, int64_t column, int64_t row,
                           struct bytes *scratch, struct str *ret, struct err *err)
{
    *ret = (struct str){NULL, 0};
    if (column < 0 || value_is_null(&batch->schema->fields[column], batch->columns[column], row))
        return STATUS_OK;
    return bytes_in(batch, column, row, scratch, ret, err);
}

struct scratch { /* of a record */
    struct bytes name, rule, raw, path;
};

static void scratch_release(struct scratch *scratch)
{
    bytes_release(&scratch->name);
    bytes_release(&scratch->rule);
    bytes_release(&scratch->raw);
    bytes_release(&scratch->path);
}

static enum status take_batch(struct retry *retry, const struct batch *batch,
                              const struct columns *columns, const char **name, struct err *err)
{
    OWNED(scratch_release)
    struct scratch scratch = {bytes_limited(INT32_MAX), bytes_limited(INT32_MAX),
                              bytes_limited(INT32_MAX), bytes_limited(INT32_MAX)};
    for (int64_t row = 0; row < batch->rows; row++) {
        struct retry_record record = {
            .origin = {.record = number_in(batch, columns->record, row),
                       .byte_offset = number_in(batch, columns->byte_offset, row),
                       .line = number_in(batch, columns->line, row)},
        };
        TRY(name_in(retry, batch, columns->source, row, name, &scratch.name, err));
        TRY(bytes_in(batch, columns->raw, row, &scratch.raw, &record.raw, err));
        TRY(text_in(batch, columns->rule, row, &scratch.rule, &record.rule, err));
        TRY(text_in(batch, columns->path, row, &scratch.path, &record.path, err));
        if (record.origin.record < 1)
            return fail(err, STATUS_FAILED, "row %lld has no record number", (long long)row + 1);
        record.source = *name;
        digester_add_field(&retry->digester, *name, strlen(*name));
        digester_add_u64(&retry->digester, (uint64_t)record.origin.record);
        digester_add_field(&retry->digester, record.raw.data, record.raw.size);
        TRY(retry_add(retry, &record, err));
    }
    return STATUS_OK;
}

/* ---- how they are read ---- */

static enum status take_notes(struct retry *retry, struct str json, struct err *err)
{
    if (retry->notes.kind != NULL)
        return fail(err, STATUS_USAGE, "found rejects of two runs, expected them one by one");
    return retry_notes_parse(json, retry->arena, &retry->notes, err);
}

/* The run that read this source last remembers it too. */
static enum status ask_catalog(struct retry *retry, const char *source, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct store *store = run_store(retry->run);
    bool row;
    if (store == NULL) return STATUS_OK;
    TRY(sql_open(store, &rows, err,
                 "SELECT json_extract(r.config, '$.retry'), r.run_id FROM sources AS s"
                 " JOIN runs AS r ON r.run_id = s.run_id WHERE s.name = ? AND r.rows_rejected > 0"
                 " AND json_extract(r.config, '$.retry') IS NOT NULL"
                 " ORDER BY r.run_id DESC LIMIT 1",
                 "t", source));
    TRY(sql_next(store, rows, &row, err));
    if (!row) return STATUS_OK;
    char upstream[80], stream[80];
    snprintf(upstream, sizeof upstream, "stream:%s", sql_text(rows, 1));
    snprintf(stream, sizeof stream, "stream:%s", run_id(retry->run));
    TRY(take_notes(retry, str_of(sql_text(rows, 0)), err));
    sql_close(&rows);
    rows = NULL;
    return run_edge(retry->run, upstream, stream, err);
}

/* Before the first record: what its file says, else what the catalog says, else by its look. */
static enum status learn(struct retry *retry, const struct batch *batch,
                         const struct columns *columns, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
    struct str raw;
    const char *name = NULL;
    if (retry->notes.kind != NULL || batch->rows == 0) return STATUS_OK;
    TRY(name_in(retry, batch, columns->source, 0, &name, &scratch, err));
    TRY(ask_catalog(retry, name, err));
    if (retry->notes.kind != NULL) return STATUS_OK;
    TRY(bytes_in(batch, columns->raw, 0, &scratch, &raw, err));
    raw = str_trim(raw);
    if (raw.size > 0 && raw.data[0] == '{') retry->notes.kind = &source_jsonl;
    if (retry->notes.kind != NULL) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found nothing on how its records are to be read");
    err_hint(err,
             "keep the metadata of the file's schema (\"tamis:retry\"), or name the --store in "
             "which the run is that wrote it");
    return STATUS_FAILED;
}

static enum status read_file(struct retry *retry, const char *operand, const struct common *common,
                             struct err *err)
{
    OWNED(stage_input_close) struct stage_input *input = NULL;
    struct columns columns;
    const char *name = NULL;
    TRY(stage_input_open(&input, operand, retry->run, common, err));
    TRY(stage_input_progress(input, common, "read rejects", err));
    const struct schema *schema = stage_input_schema(input);
    struct str note = metadata_get(&schema->metadata, "tamis:retry");
    TRY(find_columns(schema, &columns, err));
    if (note.data != NULL) TRY(take_notes(retry, note, err));
    enum type_id raw = schema->fields[columns.raw].type.id;
    retry->are_texts = raw == TYPE_UTF8 || raw == TYPE_LARGE_UTF8;
    for (bool end = false; !end;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(stage_input_next(input, &batch, &end, err));
        if (end) break;
        TRY(learn(retry, &batch, &columns, err));
        TRY(take_batch(retry, &batch, &columns, &name, err));
    }
    return STATUS_OK;
}

enum status retry_open(struct retry **ret, char *const *operands, size_t count, struct run *run,
                       const struct common *common, struct err *err)
{
    OWNED(retry_close) struct retry *retry = NULL;
    TRY(NEW(&retry, 1, err));
    retry->run = run;
    retry->spool = retry->origins = SPOOL_NONE;
    retry->decoded = bytes_limited(INT32_MAX);
    retry->side.objects.spool = SPOOL_NONE;
    digester_begin(&retry->digester);
    TRY(arena_open(&retry->arena, err));
    retry->name = operands[0] == NULL || strcmp(operands[0], "-") == 0 ? "stdin" : operands[0];
    for (size_t i = 0; i < count; i++) {
        enum status status = read_file(retry, operands[i], common, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "\"%s\"", operands[i] == NULL ? "stdin" : operands[i]);
    }
    TRY(retry_end(retry, err));
    retry->digest = digester_end(&retry->digester);
    if (retry->notes.kind == NULL) retry->notes.kind = &source_jsonl; /* no record at all */
    *ret = retry;
    retry = NULL;
    return STATUS_OK;
}

void retry_close(struct retry **retry)
{
    struct retry *r = retry == NULL ? NULL : *retry;
    if (r == NULL) return;
    schema_unref(&r->notes.schema);
    spool_close(&r->spool);
    spool_close(&r->origins);
    bytes_release(&r->decoded);
    for (size_t i = 0; i < r->group_count; i++) {
        memory_free(r->groups[i].files);
        memory_free(r->groups[i].bundle.items);
    }
    side_files_close(&r->side);
    memory_free(r->groups);
    memory_free(r->refused);
    arena_close(&r->arena);
    memory_free(r);
    *retry = NULL;
}

/* ---- as sources ---- */

const struct source_kind *retry_kind(const struct retry *retry)
{
    return retry->notes.kind;
}

enum status retry_objects(struct retry *retry, struct objects *ret, struct err *err)
{
    TRY(NEW(&ret->items, retry->group_count, err));
    ret->room = retry->group_count;
    for (size_t i = 0; i < retry->group_count; i++) {
        struct group *group = &retry->groups[i];
        struct object *object = &ret->items[ret->count];
        if (group->records == 0) continue; /* none of them is one */
        retry->groups[ret->count++] = *group;
        if (i >= ret->count) *group = (struct group){0};
        group = &retry->groups[ret->count - 1];
        *object = (struct object){.name = group->name};
        group->bundle.spool = retry->spool;
        if (retry_takes_files(retry->notes.kind))
            object->bundle = &group->bundle;
        else
            TRY(input_from_part(&object->input, retry->spool.descriptor, group->begin,
                                group->end - group->begin, group->name, err));
    }
    if (ret->count == 0)
        return fail(err, STATUS_VERDICT, "found no record among %zu reject%s%s%.*s",
                    retry->refused_count, retry->refused_count == 1 ? "" : "s",
                    retry->refused_count == 0 ? "" : ", the first: ",
                    retry->refused_count == 0 ? 0 : (int)retry->refused[0].message.size,
                    retry->refused_count == 0 ? "" : retry->refused[0].message.data);
    return STATUS_OK;
}

/* What the command line says goes before what the run that rejected them was told. */
void retry_options(const struct retry *retry, size_t source, const struct ingest_args *args,
                   struct source_options *ret)
{
    const struct retry_reader *reader = retry->groups[source].reader;
    bool files = retry_takes_files(retry->notes.kind);
    if (retry->are_texts) files = false; /* whatever their source was */
    ret->encoding = files && reader != NULL && args->encoding == NULL ? reader->encoding
                    : files                                           ? args->encoding
                                                                      : "utf-8";
    if (reader == NULL) return;
    ret->pattern = args->pattern != NULL ? args->pattern : reader->pattern;
    ret->label_from = args->label_from != 0 ? args->label_from : reader->label_from;
    ret->sidecars = args->sidecar.count > 0 ? &args->sidecar : &reader->sidecars;
    if (reader->columns == NULL) return;
    ret->delimiter = reader->delimiter;
    ret->quote = reader->quote;
    ret->escape = reader->escape;
    ret->comment = 0;
    ret->header = HEADER_YES;
    ret->header_rows = 1;
    ret->skip_rows = 0;
    ret->every_record = true;
}

static enum status origin_of(const struct retry *retry, size_t source, int64_t number,
                             struct origin *ret, struct err *err)
{
    const struct group *group = &retry->groups[source];
    if (number < 1 || number > group->records)
        return fail(err, STATUS_FAILED, "found record %lld of %lld that are retried",
                    (long long)number, (long long)group->records);
    return pread_all(retry->origins.descriptor, ret, sizeof *ret,
                     (group->first + (uint64_t)number - 1) * sizeof *ret, err);
}

int64_t retry_number(const void *untyped, size_t source, int64_t number)
{
    struct origin origin;
    return origin_of(untyped, source, number, &origin, NULL) == STATUS_OK ? origin.record : number;
}

/* Lines without a pattern have their number in the file as a column. */
static void restore_line(const struct group *group, const struct batch *batch, int64_t row,
                         const struct origin *origin)
{
    int64_t column = schema_find(batch->schema, str_of("number"));
    if (group->reader->pattern != NULL || column < 0 ||
        batch->schema->fields[column].type.id != TYPE_INT64)
        return;
    int64_t *numbers = (int64_t *)(uintptr_t)array_values(batch->columns[column]);
    numbers[row] = origin->line > 0 ? origin->line : origin->record;
}

enum status retry_restore(const struct retry *retry, size_t source, struct source_rows *rows,
                          struct err *err)
{
    struct origin origin;
    for (int64_t row = 0; row < rows->batch.rows; row++) {
        TRY(origin_of(retry, source, rows->records[row], &origin, err));
        rows->records[row] = origin.record;
        if (retry->notes.kind == &source_lines)
            restore_line(&retry->groups[source], &rows->batch, row, &origin);
    }
    for (size_t i = 0; i < rows->reject_count; i++) {
        struct reject *reject = &rows->rejects[i];
        TRY(origin_of(retry, source, reject->record, &origin, err));
        reject->record = origin.record;
        reject->byte_offset = origin.byte_offset;
        reject->line = origin.line;
    }
    return STATUS_OK;
}

size_t retry_refused(const struct retry *retry, const struct reject **ret)
{
    *ret = retry->refused;
    return retry->refused_count;
}

/* ---- into a dataset ---- */

/* Whether the newest version has rows of a run that retried these very records. Equal rows are one
 * chunk, whoever wrote it first. */
enum status retry_into(struct retry *retry, const char *dataset, struct err *err)
{
    struct store *store = run_store(retry->run);
    int64_t found = 0;
    run_continues(retry->run, dataset);
    if (store == NULL) return STATUS_OK; /* the output will say so */
    TRY(sql_number(store, &found, 0, err,
                   "SELECT count(*) FROM sources AS s JOIN chunks AS c ON c.run_id = s.run_id"
                   " JOIN version_chunks AS v ON v.digest = c.digest"
                   " WHERE s.kind = 'rejects' AND s.digest = ?1 AND v.dataset = ?2 AND v.number ="
                   " (SELECT max(number) FROM versions WHERE dataset = ?2)",
                   "dt", &retry->digest, dataset));
    if (found == 0) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "these rejects were added to \"%s\" before", dataset);
    err_hint(err, "those that failed again are in the --rejects file of that run");
    return STATUS_USAGE;
}

static enum status schema_for(const struct retry *retry, const char *dataset, struct schema **ret,
                              struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    struct store *store = run_store(retry->run);
    struct version version;
    if (dataset != NULL && store != NULL &&
        version_resolve(store, dataset, &version, NULL) == STATUS_OK) {
        TRY(version_reader_open(&reader, store, &version, 1, err));
        return schema_copy(ret, version_reader_schema(reader), err);
    }
    if (retry->notes.schema != NULL) return schema_copy(ret, retry->notes.schema, err);
    return schema_new(ret, err);
}

enum status retry_contract(const struct retry *retry, const char *dataset, struct contract **ret,
                           struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_for(retry, dataset, &schema, err));
    TRY(contract_of_schema(ret, schema, err));
    if (schema->count == 0) (*ret)->on_drift[DRIFT_NEW] = DRIFT_EVOLVE;
    return STATUS_OK;
}

enum status retry_describe(const struct retry *retry, int64_t *ret_bytes, struct err *err)
{
    const struct source_record record = {
        .name = retry->name,
        .kind = "rejects",
        .bytes = (int64_t)retry->spool.size,
        .digest = retry->digest,
        .records = (int64_t)(retry->origin_count + retry->refused_count),
    };
    *ret_bytes = record.bytes;
    return run_source(retry->run, &record, err);
}
