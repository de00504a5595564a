/* ingest/ingest_end.c: the end of a run of tamis-ingest: what is recorded, judged and said. */
#include "ingest/ingest_state.h"

#include "base/clock.h"
#include "ingest/member_index.h"
#include "ingest/report.h"

#include <stdio.h>

#define NOTE_BYTES ((size_t)16 << 20)

/* A source that a run of ours wrote names it. */
static enum status record_upstream(struct ingest *ingest, size_t source, struct err *err)
{
    char upstream[80], stream[80];
    const struct schema *schema = ingest->kind->schema(ingest->sources[source]);
    struct str id = metadata_get(&schema->metadata, "tamis:run");
    if (id.data == NULL || id.size == 0 || id.size > 64) return STATUS_OK;
    snprintf(upstream, sizeof upstream, "stream:%.*s", (int)id.size, id.data);
    snprintf(stream, sizeof stream, "stream:%s", run_id(ingest->run));
    return run_edge(ingest->run, upstream, stream, err);
}

static enum status record_progress(struct ingest *ingest, size_t source,
                                   struct source_record *record, struct err *err)
{
    TRY(increment_moved(ingest->increment, ingest->kind, ingest->sources[source], record, err));
    return object_moved(&ingest->objects.items[source], ingest->options.watermarks, err);
}

/* What a web server said. */
static void add_facts(const struct http_facts *facts, struct source_record *record)
{
    if (facts == NULL) return;
    if (record->modified == 0) record->modified = http_time(facts->last_modified);
    if (facts->etag[0] != '\0') record->etag = facts->etag;
}

/* All sources have the same columns, a thousand of them too. */
static enum status record_columns(const struct ingest *ingest, const struct schema *schema,
                                  const struct schema *output, struct err *err)
{
    const char *node = NULL;
    if (ingest->count == 1 && ingest->increment == NULL) {
        node = arena_format(ingest->arena, "source:%s", ingest->names[0]);
        if (node == NULL) return fail_memory(err, 0);
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct column_edge edge = {.output_column = output->fields[i].name,
                                         .input = node,
                                         .input_column = schema->fields[i].name,
                                         .kind = "DIRECT",
                                         .subtype = "IDENTITY"};
        TRY(run_column_edge(ingest->run, &edge, err));
    }
    return STATUS_OK;
}

static enum status record_sources(struct ingest *ingest, struct err *err)
{
    OWNED(member_index_close) struct member_index *members = NULL;
    TRY(member_index_open(&members, ingest->run, err));
    if (ingest->retry != NULL) TRY(retry_describe(ingest->retry, &ingest->bytes, err));
    for (size_t i = 0; i < ingest->count && ingest->retry == NULL; i++) {
        struct source_record record = {.name = ingest->names[i]};
        TRY(ingest->kind->describe(ingest->sources[i], &record, err));
        add_facts(ingest->objects.items[i].facts, &record);
        if (ingest->increment != NULL) TRY(record_progress(ingest, i, &record, err));
        TRY(run_source(ingest->run, &record, err));
        TRY(member_index_add(members, ingest->kind, ingest->sources[i], ingest->names[i], err));
        TRY(record_upstream(ingest, i, err));
        ingest->bytes += record.bytes;
        if (ingest->resumes != NULL) ingest->bytes -= (int64_t)ingest->resumes[i].offset;
    }
    TRY(member_index_commit(members, err));
    const struct schema *schema = ingest->kind->schema(ingest->sources[0]);
    const struct schema *output = provenance_schema(ingest->provenance);
    return record_columns(ingest, schema, output, err);
}

static void judge(struct ingest *ingest)
{
    char reason[160] = "";
    int64_t records = ingest->rows + ingest->rejected;
    const struct reject_bound *bound = &ingest->bound;
    if (bound->count >= 0 && ingest->rejected > bound->count)
        snprintf(reason, sizeof reason, "%lld record%s rejected, expected at most %lld",
                 (long long)ingest->rejected, ingest->rejected == 1 ? "" : "s",
                 (long long)bound->count);
    else if (bound->share >= 0 && (double)ingest->rejected > bound->share * (double)records)
        snprintf(reason, sizeof reason, "%lld of %lld records rejected, expected at most %g %%",
                 (long long)ingest->rejected, (long long)records, bound->share * 100);
    else if (ingest->rows == 0 && ingest->rejected > 0 && ingest->args->max_rejects == NULL) {
        if (records == 1)
            snprintf(reason, sizeof reason, "the only record was rejected");
        else
            snprintf(reason, sizeof reason, "all %lld records rejected", (long long)records);
    }
    for (size_t i = 0; i < ingest->count && ingest->kind->verdict_failed != NULL; i++)
        if (reason[0] == '\0' && ingest->kind->verdict_failed(ingest->sources[i]))
            snprintf(reason, sizeof reason, "the data of \"%.80s\" failed its checks before",
                     ingest->names[i]);
    if (reason[0] != '\0') run_verdict_failed(ingest->run, reason);
}

/* The digest is of what was asked for, without `note`, which comes of the data. */
enum status ingest_record_config(struct ingest *ingest, struct str note, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(2 * NOTE_BYTES);
    TRY(ingest_config_json(ingest->args, ingest->contract, ingest->kind->name, &json, err));
    struct digest digest = digest_of(json.data, json.size);
    if (note.size > 0) {
        json.size--; /* the brace at its end */
        TRY(bytes_append_text(&json, ",\"retry\":", err));
        TRY(bytes_append(&json, note.data, note.size, err));
        TRY(bytes_append_text(&json, "}", err));
    }
    return run_config(ingest->run, (struct str){(const char *)json.data, json.size}, &digest, err);
}

/* How the rejects can be read again, in their file and in the catalog. */
static enum status describe_rejects(struct ingest *ingest, struct err *err)
{
    OWNED(bytes_release) struct bytes note = bytes_limited(NOTE_BYTES);
    if (ingest->args->rejects == NULL || ingest->rejected == 0) return STATUS_OK;
    TRY(retry_note(ingest->kind, ingest->sources, ingest->names, ingest->refused, ingest->count,
                   provenance_schema(ingest->provenance), &note, err));
    struct str text = {(const char *)note.data, note.size};
    TRY(rejects_describe(ingest->rejects, "tamis:retry", text, err));
    return ingest_record_config(ingest, text, err);
}

enum status ingest_finish(struct ingest *ingest, struct version *version, struct err *err)
{
    TRY(record_sources(ingest, err));
    struct row_counts counts = {
        .in = ingest->rows + ingest->rejected,
        .out = ingest->rows,
        .rejected = ingest->rejected,
        .bytes_in = ingest->bytes,
        .bytes_out = stage_output_bytes(ingest->output),
    };
    run_count(ingest->run, &counts);
    judge(ingest);
    TRY(describe_rejects(ingest, err));
    TRY(rejects_commit(ingest->rejects, err));
    return stage_output_finish(ingest->output, version, err);
}

static void add_drift(const struct contract_fit *fit, char *remarks, size_t room)
{
    char drift[1024];
    size_t used = strlen(remarks);
    contract_fit_remark(fit, drift, sizeof drift);
    if (drift[0] != '\0') snprintf(remarks + used, room - used, ", %s", drift);
}

enum status ingest_report(struct ingest *ingest, const struct version *version, struct err *err)
{
    char remarks[2048] = "", remark[128], increment[160] = "";
    for (size_t i = 0; i < ingest->count && ingest->kind->remark != NULL; i++) {
        ingest->kind->remark(ingest->sources[i], remark, sizeof remark);
        size_t used = strlen(remarks);
        if (remark[0] != '\0' && used < sizeof remarks - sizeof remark - 2)
            snprintf(remarks + used, sizeof remarks - used, ", %s", remark);
    }
    if (ingest->fit != NULL) add_drift(ingest->fit, remarks, sizeof remarks);
    if (ingest->increment != NULL) increment_remark(ingest->increment, increment, sizeof increment);
    const struct ingest_result result = {
        .rows = ingest->rows,
        .rejected = ingest->rejected,
        .bytes = ingest->bytes,
        .sources = ingest->count,
        .seconds = clock_seconds() - ingest->started,
        .remarks = remarks,
        .increment = ingest->increment == NULL ? NULL : increment,
        .run_id = run_id(ingest->run),
        .version = version,
    };
    progress_close(&ingest->progress);
    ingest_say(ingest->common, &result);
    return ingest->common->json ? ingest_json(&result, err) : STATUS_OK;
}
