/* ingest/report.c: what tamis-ingest says about itself: plan, configuration, summary. */
#include "ingest/report.h"

#include <inttypes.h>
#include <stdio.h>

#define DOCUMENT_BYTES (4u << 20)

static enum status print(const struct bytes *text, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text->data, text->size, err));
    return output_commit(output, err);
}

/* ---- configuration ---- */

static enum status add_text(struct bytes *json, const char *key, const char *value, struct err *err)
{
    if (value == NULL) return STATUS_OK;
    TRY(bytes_format(json, err, ",\"%s\":", key));
    return bytes_append_json(json, str_of(value), err);
}

static enum status add_texts(struct bytes *json, const char *key, const struct text_list *list,
                             struct err *err)
{
    if (list->count == 0) return STATUS_OK;
    TRY(bytes_format(json, err, ",\"%s\":[", key));
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ",", err));
        TRY(bytes_append_json(json, str_of(list->items[i]), err));
    }
    return bytes_append_text(json, "]", err);
}

static enum status add_contract(struct bytes *json, const struct contract *contract,
                                struct err *err)
{
    char digest[DIGEST_TEXT];
    if (contract == NULL || contract->json == NULL) return STATUS_OK;
    TRY(bytes_format(json, err, ",\"contract_digest\":\"%s\",\"contract\":",
                     digest_text(&contract->digest, digest)));
    TRY(bytes_append_text(json, contract->json, err));
    TRY(bytes_append_text(json, ",\"on_drift\":{", err));
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        TRY(bytes_format(json, err, "%s\"%s\":\"%s\"", i == 0 ? "" : ",", drift_names[i],
                         drift_action_names[contract->on_drift[i]]));
    return bytes_append_text(json, "}", err);
}

enum status ingest_config_json(const struct ingest_args *args, const struct contract *contract,
                               const char *kind, struct bytes *ret, struct err *err)
{
    static const char *const labels[] = {"none", "directory", "cls", "json"};
    TRY(bytes_format(ret, err, "{\"kind\":\"%s\"", kind));
    TRY(add_text(ret, "header", args->header, err));
    TRY(add_text(ret, "delimiter", args->delimiter, err));
    TRY(add_text(ret, "quote", args->quote, err));
    TRY(add_text(ret, "escape", args->escape, err));
    TRY(add_text(ret, "comment", args->comment, err));
    if (args->ragged == 1) TRY(add_text(ret, "ragged", "pad", err));
    if (args->skip_rows >= 0)
        TRY(bytes_format(ret, err, ",\"skip_rows\":%" PRId64, args->skip_rows));
    TRY(add_text(ret, "source_name", args->source_name, err));
    TRY(add_text(ret, "max_rejects", args->max_rejects, err));
    TRY(add_text(ret, "encoding", args->encoding, err));
    TRY(add_text(ret, "pattern", args->pattern, err));
    TRY(add_text(ret, "shard", args->shard, err));
    TRY(add_text(ret, "table", args->table, err));
    TRY(add_text(ret, "query", args->query, err));
    TRY(add_texts(ret, "text", &args->text, err));
    if (args->label_from > 0) TRY(add_text(ret, "label_from", labels[args->label_from], err));
    TRY(add_texts(ret, "sidecar", &args->sidecar, err));
    if (args->retry) TRY(bytes_append_text(ret, ",\"retries\":true", err));
    TRY(add_contract(ret, contract, err));
    return bytes_format(ret, err,
                        ",\"provenance\":%s,\"chunk_rows\":%" PRId64 ",\"chunk_bytes\":%" PRIu64
                        ",\"max_field\":%" PRIu64 ",\"max_picture\":%" PRIu64
                        ",\"max_pixels\":%" PRId64 "}",
                        args->no_provenance ? "false" : "true", args->chunk_rows, args->chunk_bytes,
                        args->max_field, args->max_picture, args->max_pixels);
}

/* ---- the plan ---- */

static enum status add_shown(struct bytes *text, const char *name, struct err *err)
{
    char shown[256];
    return bytes_append_text(text, escape_for_terminal(str_of(name), shown, sizeof shown), err);
}

enum status ingest_explain(const struct source_kind *kind, const char *const *names, size_t count,
                           const struct schema *schema, const struct source_options *options,
                           struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(DOCUMENT_BYTES);
    char type[128];
    TRY(bytes_format(&text, err, "read %zu source%s as %s (%s)\n", count, count == 1 ? "" : "s",
                     kind->name, kind->summary));
    for (size_t i = 0; i < count; i++) {
        TRY(bytes_append_text(&text, "  ", err));
        TRY(add_shown(&text, names[i], err));
        TRY(bytes_append_text(&text, "\n", err));
    }
    TRY(bytes_format(&text, err, "write %zu columns\n", schema->count));
    for (size_t i = 0; i < schema->count; i++) {
        TRY(bytes_append_text(&text, "  ", err));
        TRY(add_shown(&text, schema->fields[i].name, err));
        TRY(bytes_format(&text, err, ": %s\n",
                         field_type_text(&schema->fields[i], type, sizeof type)));
    }
    TRY(bytes_format(&text, err,
                     "in batches of at most %" PRId64 " rows and %" PRIu64 " bytes, %zu thread%s\n",
                     options->chunk_rows, options->chunk_bytes, options->threads,
                     options->threads == 1 ? "" : "s"));
    return print(&text, err);
}

/* ---- the summary ---- */

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

void ingest_say(const struct common *common, const struct ingest_result *result)
{
    char into[320] = "";
    double megabytes = (double)result->bytes / 1e6;
    const char *more = result->increment != NULL && result->increment[0] != '\0' ? ", " : "";
    const char *increment = result->increment == NULL ? "" : result->increment;
    if (result->increment != NULL && result->rows + result->rejected == 0 &&
        result->version->dataset[0] == '\0') {
        log_line(common, false, "nothing new: no version was committed%s%s%s", result->remarks,
                 more, increment);
        return;
    }
    if (result->version->dataset[0] != '\0')
        snprintf(into, sizeof into, ", committed as %s@%" PRId64, result->version->dataset,
                 result->version->number);
    log_line(common, false,
             "%" PRId64 " row%s from %zu source%s, %" PRId64
             " rejected%s%s%s, %.1f MB in %.2f s (%.0f MB/s)%s",
             result->rows, plural(result->rows), result->sources, plural((int64_t)result->sources),
             result->rejected, result->remarks, more, increment, megabytes, result->seconds,
             megabytes / (result->seconds > 0 ? result->seconds : 1), into);
}

enum status ingest_json(const struct ingest_result *result, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(DOCUMENT_BYTES);
    char digest[DIGEST_TEXT];
    TRY(bytes_format(&json, err,
                     "{\"rows\":%" PRId64 ",\"rejected\":%" PRId64
                     ",\"sources\":%zu,\"bytes\":%" PRId64 ",\"run_id\":\"%s\"",
                     result->rows, result->rejected, result->sources, result->bytes,
                     result->run_id));
    if (result->version->dataset[0] != '\0') {
        TRY(bytes_append_text(&json, ",\"dataset\":", err));
        TRY(bytes_append_json(&json, str_of(result->version->dataset), err));
        TRY(bytes_format(&json, err, ",\"number\":%" PRId64 ",\"digest\":\"%s\"",
                         result->version->number, digest_text(&result->version->digest, digest)));
    }
    TRY(bytes_append_text(&json, "}\n", err));
    return print(&json, err);
}
