/* ingest/retry.c: rejected records as sources once more. */
#include "ingest/retry.h"

#include "base/output.h"
#include "columnar/value_text.h"
#include "ingest/csv_parts.h"
#include "ingest/decoder.h"
#include "lineage/sql.h"

#include <stdio.h>

extern const struct source_kind source_csv, source_jsonl;

struct origin { /* as it lies in the spool of origins */
    int64_t record, byte_offset, line;
};

struct group { /* records of one source that lie behind each other */
    const char *name;
    const struct retry_reader *reader; /* NULL: JSON */
    uint64_t begin, end;               /* in the spool */
    uint64_t first;                    /* origin */
    int64_t records;
};

struct retry {
    struct run *run;
    const char *name; /* of the first file */
    struct arena *arena;
    struct retry_notes notes;
    struct spool spool, origins;
    uint64_t origin_count;
    struct group *groups;
    size_t group_count, group_room;
    struct reject *refused;
    size_t refused_count, refused_room;
    struct digester digester;
    struct digest digest;
    struct bytes decoded;
};

/* ---- lists ---- */

static enum status room_for_one(void *items, size_t *room, size_t count, size_t size,
                                struct err *err)
{
    void **list = items;
    if (count < *room) return STATUS_OK;
    size_t larger = *room == 0 ? 16 : *room * 2;
    void *grown = memory_resize(*list, larger, size);
    if (grown == NULL) return fail_memory(err, larger * size);
    *list = grown;
    *room = larger;
    return STATUS_OK;
}

static enum status keep_text(struct retry *retry, struct str text, const char **ret,
                             struct err *err)
{
    *ret = arena_text(retry->arena, text.data, text.size);
    return *ret == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status refuse(struct retry *retry, const char *source, const struct origin *origin,
                          struct str raw, const char *rule, const char *message, struct err *err)
{
    const char *copy;
    TRY(room_for_one(&retry->refused, &retry->refused_room, retry->refused_count,
                     sizeof *retry->refused, err));
    TRY(keep_text(retry, raw, &copy, err));
    retry->refused[retry->refused_count++] = (struct reject){
        .source = str_of(source),
        .record = origin->record,
        .byte_offset = origin->byte_offset,
        .line = origin->line,
        .rule = rule,
        .message = str_of(message),
        .raw = {copy, raw.size},
    };
    return STATUS_OK;
}

/* ---- the spool ---- */

static enum status add_name(struct spool *spool, const struct retry_reader *reader,
                            const char *name, struct err *err)
{
    char quote = (char)reader->quote, escape = reader->escape == 0 ? quote : (char)reader->escape;
    if (quote == 0) return spool_add(spool, name, strlen(name), err);
    TRY(spool_add(spool, &quote, 1, err));
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == quote || *at == escape) TRY(spool_add(spool, &escape, 1, err));
        TRY(spool_add(spool, at, 1, err));
    }
    return spool_add(spool, &quote, 1, err);
}

static enum status begin_group(struct retry *retry, const char *name,
                               const struct retry_reader *reader, struct err *err)
{
    TRY(room_for_one(&retry->groups, &retry->group_room, retry->group_count, sizeof *retry->groups,
                     err));
    struct group *group = &retry->groups[retry->group_count++];
    *group = (struct group){
        .name = name, .reader = reader, .begin = retry->spool.size, .first = retry->origin_count};
    for (size_t i = 0; reader != NULL && i < reader->column_count; i++) {
        if (i > 0) TRY(spool_add(&retry->spool, reader->delimiter, strlen(reader->delimiter), err));
        TRY(add_name(&retry->spool, reader, reader->columns[i], err));
    }
    if (reader != NULL) TRY(spool_add(&retry->spool, "\n", 1, err));
    group->end = retry->spool.size;
    return STATUS_OK;
}

/* A record alone must be one; among others an open quote would swallow them. */
static bool is_one_record(const struct retry_reader *reader, struct str raw, const char **ret_rule,
                          const char **ret_message)
{
    struct csv_dialect dialect = {
        .delimiter = (uint8_t)reader->delimiter[0],
        .quote = (uint8_t)reader->quote,
        .escape = (uint8_t)reader->escape,
        .fields = reader->column_count,
    };
    struct csv_record record;
    size_t more = strlen(reader->delimiter) - 1;
    memcpy(dialect.delimiter_more, reader->delimiter + 1, more);
    dialect.delimiter_more_size = (uint8_t)more;
    *ret_rule = "quote";
    *ret_message = "found a quote that does not end, or text behind one";
    if (raw.size == 0) {
        *ret_rule = "records";
        *ret_message = "found nothing, expected a record";
        return reader->column_count == 1;
    }
    (void)csv_record_find(&dialect, (const uint8_t *)raw.data, raw.size, true, &record);
    if (record.fault != CSV_FINE) return false;
    *ret_rule = "records";
    *ret_message = "found more than one record, expected one";
    return record.end == raw.size;
}

/* One line: JSON has no line ends within strings. */
static enum status add_json(struct retry *retry, struct str raw, struct err *err)
{
    OWNED(memory_release) char *line = memory_copy_text(raw.data, raw.size);
    if (line == NULL) return fail_memory(err, raw.size);
    for (size_t i = 0; i < raw.size; i++)
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    return spool_add(&retry->spool, line, raw.size, err);
}

/* The text of the record in UTF-8; what is no text in its encoding will be found by the reader. */
static enum status decode(struct retry *retry, const struct retry_reader *reader, struct str *raw,
                          struct err *err)
{
    struct encoding encoding;
    uint64_t wrong;
    if (reader == NULL || reader->encoding == NULL) return STATUS_OK;
    TRY(encoding_named(reader->encoding, &encoding, err));
    if (encoding_is_utf8(&encoding)) return STATUS_OK;
    retry->decoded.size = 0;
    TRY(decode_text(&encoding, *raw, &retry->decoded, &wrong, err));
    *raw = (struct str){(const char *)retry->decoded.data, retry->decoded.size};
    return STATUS_OK;
}

static struct str without_line_end(struct str raw)
{
    if (raw.size > 0 && raw.data[raw.size - 1] == '\n') raw.size--;
    if (raw.size > 0 && raw.data[raw.size - 1] == '\r') raw.size--;
    return raw;
}

static bool is_blank(struct str raw)
{
    return str_trim(raw).size == 0;
}

static const struct retry_reader *reader_of(const struct retry *retry, const char *name)
{
    for (size_t i = 0; i < retry->notes.count; i++)
        if (strcmp(retry->notes.readers[i].name, name) == 0)
            return retry->notes.kind == &source_csv ? &retry->notes.readers[i] : NULL;
    return NULL;
}

static enum status add_record(struct retry *retry, const char *source, const struct origin *origin,
                              struct str raw, struct err *err)
{
    const char *rule = "json", *message = "found nothing, expected a record";
    struct group *group = retry->group_count == 0 ? NULL : &retry->groups[retry->group_count - 1];
    bool same = group != NULL && strcmp(group->name, source) == 0;
    const struct retry_reader *reader = same ? group->reader : reader_of(retry, source);
    if (reader == NULL && retry->notes.kind == &source_csv)
        return refuse(retry, source, origin, raw, "retry",
                      "found nothing on how this record is to be read", err);
    TRY(decode(retry, reader, &raw, err));
    raw = without_line_end(raw);
    bool one = reader == NULL ? !is_blank(raw) : is_one_record(reader, raw, &rule, &message);
    if (!one) return refuse(retry, source, origin, raw, rule, message, err);
    if (!same) TRY(begin_group(retry, source, reader, err));
    group = &retry->groups[retry->group_count - 1];
    TRY(reader == NULL ? add_json(retry, raw, err)
                       : spool_add(&retry->spool, raw.data, raw.size, err));
    TRY(spool_add(&retry->spool, "\n", 1, err));
    TRY(spool_add(&retry->origins, origin, sizeof *origin, err));
    retry->origin_count++;
    group->records++;
    group->end = retry->spool.size;
    return STATUS_OK;
}

/* ---- the files ---- */

struct columns { /* of a rejects file; -1 = it has none */
    int64_t source, record, byte_offset, line, raw;
};

static enum status find_columns(const struct schema *schema, struct columns *ret, struct err *err)
{
    *ret = (struct columns){
        .source = schema_find(schema, str_of("source")),
        .record = schema_find(schema, str_of("record")),
        .byte_offset = schema_find(schema, str_of("byte_offset")),
        .line = schema_find(schema, str_of("line")),
        .raw = schema_find(schema, str_of("raw")),
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
    return keep_text(retry, text, name, err);
}

static enum status take_batch(struct retry *retry, const struct batch *batch,
                              const struct columns *columns, const char **name, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str raw;
        const struct origin origin = {
            .record = number_in(batch, columns->record, row),
            .byte_offset = number_in(batch, columns->byte_offset, row),
            .line = number_in(batch, columns->line, row),
        };
        TRY(name_in(retry, batch, columns->source, row, name, &scratch, err));
        TRY(bytes_in(batch, columns->raw, row, &scratch, &raw, err));
        if (origin.record < 1)
            return fail(err, STATUS_FAILED, "row %lld has no record number", (long long)row + 1);
        digester_add_field(&retry->digester, *name, strlen(*name));
        digester_add_u64(&retry->digester, (uint64_t)origin.record);
        digester_add_field(&retry->digester, raw.data, raw.size);
        TRY(add_record(retry, *name, &origin, raw, err));
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
    const struct schema *schema = stage_input_schema(input);
    struct str note = metadata_get(&schema->metadata, "tamis:retry");
    TRY(find_columns(schema, &columns, err));
    if (note.data != NULL) TRY(take_notes(retry, note, err));
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
    digester_begin(&retry->digester);
    TRY(arena_open(&retry->arena, err));
    retry->name = operands[0] == NULL || strcmp(operands[0], "-") == 0 ? "stdin" : operands[0];
    for (size_t i = 0; i < count; i++) {
        enum status status = read_file(retry, operands[i], common, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "\"%s\"", operands[i] == NULL ? "stdin" : operands[i]);
    }
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
    if (retry->group_count == 0)
        return fail(err, STATUS_VERDICT, "found no record among %zu rejects", retry->refused_count);
    TRY(NEW(&ret->items, retry->group_count, err));
    ret->room = retry->group_count;
    for (size_t i = 0; i < retry->group_count; i++) {
        struct group *group = &retry->groups[i];
        struct object *object = &ret->items[ret->count++];
        *object = (struct object){.name = group->name};
        TRY(input_from_part(&object->input, retry->spool.descriptor, group->begin,
                            group->end - group->begin, group->name, err));
    }
    return STATUS_OK;
}

void retry_options(const struct retry *retry, size_t source, struct source_options *ret)
{
    const struct retry_reader *reader = retry->groups[source].reader;
    ret->encoding = "utf-8";
    if (reader == NULL) return;
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

enum status retry_restore(const struct retry *retry, size_t source, struct source_rows *rows,
                          struct err *err)
{
    struct origin origin;
    for (int64_t row = 0; row < rows->batch.rows; row++) {
        TRY(origin_of(retry, source, rows->records[row], &origin, err));
        rows->records[row] = origin.record;
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
