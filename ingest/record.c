/* ingest/record.c: tamis-ingest record SOURCE N: one record again, byte for byte.
 *
 * The source is read as ingestion reads it, so that the record has the number of its row or reject.
 * The catalog says whether the file is still what a run read: both have its digest. */
#include "ingest/dialect_options.h"

#include "ingest/objects.h"
#include "ingest/picture_header.h"
#include "lineage/sql.h"
#include "lineage/store.h"

#include <stdio.h>
#include <stdlib.h>

struct record_args {
    struct ingest_args reading; /* first: the options of reading are the same */
};

#define AT(member) offsetof(struct record_args, reading.member)

static const struct setting options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = AT(format),
     .fallback = "auto",
     .choices = INGEST_FORMATS,
     .argument = "KIND",
     .help = "kind of the source, as it was ingested"},
    {.name = "encoding",
     .kind = SETTING_TEXT,
     .offset = AT(encoding),
     .argument = "NAME",
     .help = "as it was ingested"},
    {.name = "pattern",
     .kind = SETTING_TEXT,
     .offset = AT(pattern),
     .argument = "NAME|REGEX",
     .help = "as it was ingested"},
    DIALECT_OPTIONS(offsetof(struct record_args, reading)),
    {.name = "table",
     .kind = SETTING_TEXT,
     .offset = AT(table),
     .argument = "NAME",
     .help = "of a database: as it was ingested"},
    {.name = "query",
     .kind = SETTING_TEXT,
     .offset = AT(query),
     .argument = "SQL",
     .help = "of a database: as it was ingested"},
    {.name = "label-from",
     .kind = SETTING_CHOICE,
     .offset = AT(label_from),
     .fallback = "none",
     .choices = "none|directory|cls|json",
     .argument = "WHAT",
     .help = "as it was ingested"},
    {.name = "sidecar",
     .kind = SETTING_TEXTS,
     .offset = AT(sidecar),
     .argument = "ENDING",
     .help = "as it was ingested; may be repeated"},
    {.name = "source-name",
     .kind = SETTING_TEXT,
     .offset = AT(source_name),
     .argument = "NAME",
     .help = "its name in the catalog, where it is not the path"},
    {0},
};

struct lookup {
    const struct invocation *invocation;
    const struct source_kind *kind;
    struct source_options options;
    struct objects objects;
    struct source *source;
    struct source_piece *piece; /* that the record is in */
    const char *name;
    int64_t number;
    struct bytes scratch;
    struct source_place place;
    const char *rejected_as; /* of a record without bytes: NULL = it is a row */
};

static void lookup_close(struct lookup *lookup)
{
    if (lookup->piece != NULL) lookup->kind->free_piece(&lookup->piece);
    if (lookup->source != NULL) lookup->kind->close(&lookup->source);
    objects_release(&lookup->objects);
    bytes_release(&lookup->scratch);
}

/* As in _source. */
static enum status name_source(struct lookup *lookup, const char *object, struct err *err)
{
    const struct record_args *args = lookup->invocation->args;
    const char *table = args->reading.table;
    lookup->name = args->reading.source_name;
    if (lookup->name != NULL) return STATUS_OK;
    lookup->name =
        table == NULL ? object : arena_format(lookup->invocation->arena, "%s#%s", object, table);
    return lookup->name == NULL ? fail_memory(err, strlen(object)) : STATUS_OK;
}

static enum status understand(struct lookup *lookup, struct err *err)
{
    struct record_args *args = lookup->invocation->args;
    char *end;
    const char *number = lookup->invocation->operands[1];
    TRY(name_source(lookup, lookup->invocation->operands[0], err));
    lookup->number = strtoll(number, &end, 10);
    if (*number == '\0' || *end != '\0' || lookup->number < 1)
        return fail(err, STATUS_USAGE, "found \"%s\", expected the number of a record", number);
    if (strcmp(lookup->invocation->operands[0], "-") == 0)
        return fail(err, STATUS_USAGE, "stdin cannot be read again, expected a file or a folder");
    args->reading.chunk_rows = BATCH_ROWS_MAXIMUM;
    args->reading.chunk_bytes = CHUNK_BYTES_DEFAULT;
    args->reading.max_field = 16u << 20;
    args->reading.max_picture = 64u << 20;
    args->reading.max_pixels = 1;  /* nothing is decoded */
    args->reading.max_ratio = 1e9; /* the run that read it had its limits */
    args->reading.max_members = INT64_MAX;
    TRY(ingest_source_options(&args->reading, &lookup->invocation->common, &lookup->options, err));
    lookup->scratch = bytes_limited(64u << 20);
    lookup->kind = ingest_wanted_kind(&args->reading);
    return STATUS_OK;
}

/* Some kinds know their digest only when everything was converted. */
static enum status convert(struct lookup *lookup, struct source_piece *piece, struct err *err)
{
    struct source_rows rows = {0};
    if (!lookup->kind->late_digest) return STATUS_OK;
    enum status status = lookup->kind->convert(lookup->source, piece, &rows, err);
    source_rows_release(&rows);
    return status;
}

/* Of a kind whose records have no bytes of their own: the row as JSON, or what a reject of it has.
 */
static enum status place_values(struct lookup *lookup, struct source_piece *piece, bool *ret_here,
                                struct err *err)
{
    struct source_rows rows = {0};
    struct bytes *text = &lookup->scratch;
    enum status status = lookup->kind->convert(lookup->source, piece, &rows, err);
    for (int64_t i = 0; status == STATUS_OK && i < rows.batch.rows && !*ret_here; i++) {
        *ret_here = rows.records[i] == lookup->number;
        if (*ret_here) status = record_row_json(&rows.batch, i, text, err);
    }
    for (size_t i = 0; status == STATUS_OK && i < rows.reject_count && !*ret_here; i++) {
        const struct reject *reject = &rows.rejects[i];
        *ret_here = reject->record == lookup->number;
        if (*ret_here) status = bytes_append(text, reject->raw.data, reject->raw.size, err);
        lookup->rejected_as = *ret_here ? "a reject, as CSV" : NULL;
    }
    source_rows_release(&rows);
    lookup->place = (struct source_place){
        .raw = {(const char *)text->data, text->size}, .byte_offset = -1, .line = -1};
    return status;
}

static enum status place(struct lookup *lookup, struct source_piece *piece, bool *ret_here,
                         struct err *err)
{
    if (lookup->kind->place == NULL) return place_values(lookup, piece, ret_here, err);
    return lookup->kind->place(lookup->source, piece, lookup->number, &lookup->scratch,
                               &lookup->place, ret_here, err);
}

/* The record, and where the digest comes late everything behind it. */
static enum status find_record(struct lookup *lookup, bool *ret_found, struct err *err)
{
    struct source_piece **piece = &lookup->piece;
    bool to_the_end = lookup->kind->late_digest || lookup->kind->place == NULL;
    *ret_found = false;
    struct object *object = &lookup->objects.items[0];
    lookup->options.standard_input = &object->input;
    lookup->options.bundle = object->bundle;
    lookup->options.seen = object->seen;
    TRY(lookup->kind->open(&lookup->source, object->path, &lookup->options, err));
    for (;;) {
        bool here = false;
        TRY(interrupted(err));
        TRY(lookup->kind->cut(lookup->source, piece, err));
        if (*piece == NULL) return STATUS_OK;
        TRY(convert(lookup, *piece, err));
        if (!*ret_found) TRY(place(lookup, *piece, &here, err));
        *ret_found = *ret_found || here;
        if (*ret_found && !to_the_end) return STATUS_OK;
        lookup->kind->free_piece(piece);
    }
}

/* Jumps to the piece of the record where a run that read this very file noted its place. */
static enum status find_by_index(struct lookup *lookup, char *ret_run, size_t room, bool *ret_found,
                                 struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    struct record_place place = {0};
    const char *path = lookup->objects.items[0].path;
    *ret_found = false;
    if (lookup->kind->start == NULL || path == NULL) return STATUS_OK;
    if (store_open(&store, &lookup->invocation->common, STORE_READ, NULL) != STATUS_OK ||
        store == NULL)
        return STATUS_OK;
    TRY(record_indexed(store, lookup->name, path, lookup->number, &place, err));
    if (place.run[0] == '\0') return STATUS_OK;
    snprintf(ret_run, room, "%s (by its size and time)", place.run);
    lookup->options.resume = place.resume;
    lookup->options.places_only = true;
    enum status status = find_record(lookup, ret_found, err);
    lookup->options.resume = (struct source_resume){0};
    lookup->options.places_only = false;
    if (!*ret_found && lookup->source != NULL) lookup->kind->close(&lookup->source);
    return status;
}

static enum status write_text(const struct lookup *lookup, struct str text, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, lookup->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* What the store has of a record whose source is gone or another. */
static enum status show_stored(struct lookup *lookup, enum status reason, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(INT32_MAX);
    const char *where;
    bool found = false;
    if (store_open(&store, &lookup->invocation->common, STORE_READ, NULL) != STATUS_OK ||
        store == NULL)
        return reason;
    TRY(record_stored(store, lookup->name, lookup->number, lookup->invocation->arena, &text, &where,
                      &found, err));
    if (!found) return reason;
    log_line(&lookup->invocation->common, false, "record %lld of \"%s\": %s; %s",
             (long long)lookup->number, lookup->name, err->message, where);
    return write_text(lookup, (struct str){(const char *)text.data, text.size}, err);
}

static enum status not_there(struct lookup *lookup, struct err *err)
{
    struct source_record source = {0};
    TRY(lookup->kind->describe(lookup->source, &source, err));
    return fail(err, STATUS_USAGE, "it has %lld records, expected number %lld among them",
                (long long)source.records, (long long)lookup->number);
}

/* ---- what the catalog knows ---- */

/* Sets ret to the run that read these very bytes last, and *ret_other to one that read others under
 * the same name; "" = none. */
static enum status ask_catalog(struct store *store, const struct lookup *lookup, const char *digest,
                               char *ret, char *ret_other, size_t room, struct err *err)
{
    static const char sql[] = "SELECT run_id, digest = ?2 FROM sources WHERE name = ?1"
                              " ORDER BY run_id";
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    bool row = true;
    TRY(sql_open(store, &statement, err, sql, "tt", lookup->name, digest));
    while (true) {
        TRY(sql_next(store, statement, &row, err));
        if (!row) return STATUS_OK;
        snprintf(sqlite3_column_int(statement, 1) != 0 ? ret : ret_other, room, "%s",
                 (const char *)sqlite3_column_text(statement, 0));
    }
}

static enum status check_source(struct lookup *lookup, char *ret_run, size_t room, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    struct source_record source = {0};
    char digest[DIGEST_TEXT], other[64] = "";
    ret_run[0] = '\0';
    if (store_open(&store, &lookup->invocation->common, STORE_READ, NULL) != STATUS_OK ||
        store == NULL)
        return STATUS_OK; /* no store: nothing to compare with */
    TRY(lookup->kind->describe(lookup->source, &source, err));
    digest_text(&source.digest, digest);
    TRY(ask_catalog(store, lookup, digest, ret_run, other, room, err));
    if (ret_run[0] != '\0' || other[0] == '\0') return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "it is not what run %s read", other);
    err_hint(err, "the row itself is in the version that run wrote: tamis-features cat");
    return STATUS_FAILED;
}

/* ---- the command ---- */

static enum status show(struct lookup *lookup, const char *run, struct err *err)
{
    char line[32] = "";
    if (lookup->place.line > 0)
        snprintf(line, sizeof line, ", line %lld", (long long)lookup->place.line);
    if (lookup->place.byte_offset < 0) {
        log_line(&lookup->invocation->common, false, "record %lld of \"%s\": %s, %s%s",
                 (long long)lookup->number, lookup->name,
                 lookup->rejected_as == NULL ? "its values as JSON" : lookup->rejected_as,
                 run[0] == '\0' ? "which no run has read" : "as read by run ", run);
        return write_text(lookup, lookup->place.raw, err);
    }
    log_line(&lookup->invocation->common, false,
             "record %lld of \"%s\": byte %lld%s, %zu byte%s, %s%s", (long long)lookup->number,
             lookup->name, (long long)lookup->place.byte_offset, line, lookup->place.raw.size,
             lookup->place.raw.size == 1 ? "" : "s",
             run[0] == '\0' ? "which no run has read" : "as read by run ", run);
    return write_text(lookup, lookup->place.raw, err);
}

static enum status open_object(struct lookup *lookup, struct err *err)
{
    const struct record_args *args = lookup->invocation->args;
    char *operand = lookup->invocation->operands[0];
    const struct objects_wanted wanted = {
        .kind = lookup->kind,
        .limits = ingest_bundle_limits(&args->reading),
        .http = ingest_http_limits(&args->reading),
    };
    TRY(objects_open(&lookup->objects, &operand, 1, &wanted, err));
    if (lookup->objects.count != 1) {
        (void)fail(err, STATUS_USAGE, "\"%s\" has %zu members, expected one", operand,
                   lookup->objects.count);
        err_hint(err, "name the member: %s", lookup->objects.items[0].name);
        return STATUS_USAGE;
    }
    return name_source(lookup, lookup->objects.items[0].name, err);
}

static enum status record(struct lookup *lookup, struct err *err)
{
    char run[128] = "";
    bool found;
    if (lookup->kind == NULL) TRY(object_kind(&lookup->objects.items[0], &lookup->kind, err));
    if (lookup->options.table != NULL || lookup->options.query != NULL)
        if (!lookup->kind->queries)
            return fail(err, STATUS_USAGE, "--table and --query are for databases, and it is %s",
                        lookup->kind->name);
    TRY(find_by_index(lookup, run, sizeof run, &found, err));
    if (found) return show(lookup, run, err);
    TRY(find_record(lookup, &found, err));
    if (!found) return not_there(lookup, err);
    enum status status = check_source(lookup, run, sizeof run, err);
    if (status == STATUS_FAILED) return show_stored(lookup, status, err);
    TRY(status);
    return show(lookup, run, err);
}

static enum status run_record(struct invocation *invocation, struct err *err)
{
    OWNED(lookup_close)
    struct lookup lookup = {.invocation = invocation, .objects.spool = SPOOL_NONE};
    TRY(understand(&lookup, err));
    enum status status = open_object(&lookup, err);
    if (status == STATUS_FAILED && lookup.objects.count == 0) /* the file is not there */
        return show_stored(&lookup, status, err);
    TRY(status);
    status = record(&lookup, err);
    return status == STATUS_OK || status == STATUS_DOWNSTREAM
               ? status
               : fail_within(err, status, "\"%s\"", lookup.name);
}

const struct command record_command = {
    .name = "record",
    .operands = "SOURCE N",
    .summary = "show record N of a source, byte for byte",
    .details =
        "Writes the bytes of a record (the number in _record, or in the rejects) to stdout and\n"
        "says on stderr where it lies and whether a run of the store has read this very source.\n"
        "Rows of databases, Arrow and Parquet have no bytes of their own: they are written as\n"
        "JSON, those that were rejected as CSV.",
    .examples = "tamis-ingest record orders.csv 1017",
    .options = options,
    .args_bytes = sizeof(struct record_args),
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = run_record,
    .decode = picture_header_serve,
    .common_without = "emit|json|explain|seed|as-of|wait|memory|progress",
};
