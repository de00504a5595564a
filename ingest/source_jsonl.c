/* ingest/source_jsonl.c: JSON records: one a line, one behind the other, or the elements of an
 * array.
 *
 * The first pass learns every path and what stands there (shape.h), the second makes arrays. Where
 * the output can begin again the first pass is left out: the shape is guessed from the first
 * records, and one with another path or kind of value means both passes after all. The parts are in
 * json_parts.h. */
#include "base/parallel.h"
#include "ingest/json_parts.h"
#include "ingest/reread.h"

#include <stdio.h>

#define SAMPLE_BYTES (64u << 10)
#define GUESS_ROWS   8192

struct source {
    struct source_options options;
    struct reread file;
    enum json_layout layout;
    struct shape own;          /* what this file has */
    const struct shape *shape; /* what all files have */
    struct schema *schema;
    bool guessed;              /* the shape is, from the first records */
    struct digester digesting; /* then: has what the cutter has read */
    struct json_cutter *cutter;
    struct digest digest;
    int64_t records, blank_lines;
};

struct source_piece {
    struct json_piece *json;
};

static void close_jsonl(struct source **source);

/* ---- the first pass ---- */

struct first_item {
    struct json_piece *piece;
    struct shape shape;
};

static void drop_first(void *context, void *untyped)
{
    (void)context;
    struct first_item *item = untyped;
    json_piece_free(&item->piece);
    shape_close(&item->shape);
    memory_free(item);
}

static enum status pull_first(void *context, void **ret, struct err *err)
{
    struct source *source = context;
    struct json_piece *piece = NULL;
    *ret = NULL;
    TRY(interrupted(err));
    TRY(json_cut(source->cutter, &piece, err));
    if (piece == NULL) return STATUS_OK;
    struct first_item *item;
    enum status status = NEW(&item, 1, err);
    if (status == STATUS_OK)
        item->piece = piece;
    else
        json_piece_free(&piece);
    if (status == STATUS_OK) *ret = item;
    return status;
}

static enum status work_first(void *context, void *untyped, struct err *err)
{
    const struct source *source = context;
    struct first_item *item = untyped;
    TRY(shape_open(&item->shape, err));
    return json_see(item->piece, &source->options, &item->shape, err);
}

static enum status push_first(void *context, void *untyped, struct err *err)
{
    struct source *source = context;
    struct first_item *item = untyped;
    enum status status = shape_merge(&source->own, &item->shape, err);
    progress_add(source->options.progress, (int64_t)item->piece->size);
    drop_first(context, item);
    return status;
}

static enum status see_all(struct source *source, struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    TRY(json_cutter_open(&source->cutter, source->file.input, source->layout, &source->options, 0,
                         source->options.unrecorded ? NULL : &digester, err));
    struct ordered ordered = {
        .threads = source->options.threads,
        .context = source,
        .pull = pull_first,
        .work = work_first,
        .push = push_first,
        .drop = drop_first,
    };
    TRY(ordered_run(&ordered, err));
    source->digest = digester_end(&digester);
    source->records = json_cutter_records(source->cutter);
    source->blank_lines = json_cutter_blank_lines(source->cutter);
    json_cutter_close(&source->cutter);
    return STATUS_OK;
}

/* ---- opening ---- */

static enum status find_layout(struct source *source, struct err *err)
{
    OWNED(memory_release) uint8_t *sample = memory_get_raw(SAMPLE_BYTES, 1);
    if (sample == NULL) return fail_memory(err, SAMPLE_BYTES);
    size_t size = (size_t)input_size(source->file.input);
    uint64_t first = source->options.resume.first_bytes;
    if (first > 0 && first < size) size = (size_t)first; /* as it was found the first time */
    if (size > SAMPLE_BYTES) size = SAMPLE_BYTES;
    TRY(input_read_at(source->file.input, sample, size, 0, err));
    source->layout = json_layout_of(sample, size);
    return STATUS_OK;
}

static enum status settle_shape(struct source *source, struct err *err)
{
    schema_unref(&source->schema);
    source->shape = &source->own;
    return shape_settle(&source->own, source->options.text_columns, source->options.contract_texts,
                        source->options.expected, &source->schema, err);
}

static enum status guess(struct source *source, struct err *err)
{
    OWNED(json_cutter_close) struct json_cutter *cutter = NULL;
    OWNED(json_piece_free) struct json_piece *piece = NULL;
    struct source_options few = source->options;
    if (few.chunk_rows > GUESS_ROWS) few.chunk_rows = GUESS_ROWS;
    TRY(json_cutter_open(&cutter, source->file.input, source->layout, &few, 0, NULL, err));
    TRY(json_cut(cutter, &piece, err));
    if (piece == NULL) return STATUS_OK;
    struct first_item first = {.piece = piece};
    enum status status = shape_open(&first.shape, err);
    if (status == STATUS_OK) status = json_see(piece, &source->options, &first.shape, err);
    if (status == STATUS_OK) status = shape_merge(&source->own, &first.shape, err);
    shape_close(&first.shape);
    TRY(status);
    source->guessed = settle_shape(source, NULL) == STATUS_OK; /* else all of it has to say why */
    return STATUS_OK;
}

/* What a plan knows of the whole file; it has to be the same file. */
static enum status take_plan(struct source *source, const struct shard *shard, struct err *err)
{
    bool same = input_size(source->file.input) == shard->bytes && source->layout == JSON_LINES &&
                source->file.decoding == NULL;
    if (!same || shard->shape.data == NULL) {
        if (same)
            (void)fail(err, STATUS_FAILED, "the plan has no \"shape\" of JSON records");
        else
            (void)fail(err, STATUS_FAILED,
                       "it is not what the plan was made of: found %lld bytes, expected %lld",
                       (long long)input_size(source->file.input), (long long)shard->bytes);
        err_hint(err, "plan again, with the same options as the shards");
        return STATUS_FAILED;
    }
    TRY(shape_read(&source->own, shard->shape, err));
    source->digest = shard->digest;
    source->records = shard->records;
    source->options.may_guess = false;
    return settle_shape(source, err);
}

static enum status first_place_jsonl(const struct source *source, uint64_t *ret_offset,
                                     int64_t *ret_line, struct err *err)
{
    *ret_offset = 0;
    *ret_line = 1;
    if (source->layout == JSON_LINES && source->file.decoding == NULL) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found %s, which shards cannot share",
               source->layout == JSON_LINES ? "text that is not UTF-8"
                                            : "JSON that is not one record a line");
    err_hint(err, source->layout == JSON_LINES ? "convert it: iconv -t UTF-8"
                                               : "write a record a line: jq -c '.[]'");
    return STATUS_USAGE;
}

static enum status plan_more_jsonl(const struct source *source, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, ",\n \"shape\": ", err));
    return shape_write(source->shape, json, err);
}

static enum status settle_jsonl(struct source *source, struct err *err)
{
    source->guessed = source->options.may_guess = false;
    json_cutter_close(&source->cutter);
    shape_close(&source->own);
    TRY(shape_open(&source->own, err));
    TRY(see_all(source, err));
    return settle_shape(source, err);
}

static enum status open_jsonl(struct source **ret, const char *path,
                              const struct source_options *options, struct err *err)
{
    OWNED(close_jsonl) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    TRY(reread_open(&source->file, path, options->standard_input, err));
    source->file.may_grow = options->resume.whole_records;
    bool goes_on = options->resume.offset > 0; /* what is there already was UTF-8 */
    TRY(reread_decode(&source->file, goes_on ? "utf-8" : options->encoding, ENCODING_UNICODE, false,
                      err));
    TRY(find_layout(source, err));
    TRY(shape_open(&source->own, err));
    if (options->places_only) {
        TRY(schema_new(&source->schema, err));
        *ret = source;
        source = NULL;
        return STATUS_OK;
    }
    if (options->shard != NULL)
        TRY(take_plan(source, options->shard, err));
    else if (options->may_guess)
        TRY(guess(source, err));
    if (options->shard == NULL && !source->guessed) TRY(settle_jsonl(source, err));
    source->options.may_guess = options->may_guess; /* the shapes of other files may be guessed */
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_jsonl(const struct source *source)
{
    return source->schema;
}

/* The first source gets what all have seen, and the others look there. */
static enum status unify_jsonl(struct source *const *sources, size_t count, struct err *err)
{
    struct source *first = sources[0];
    for (size_t i = 1; i < count; i++)
        TRY(shape_merge(&first->own, &sources[i]->own, err));
    schema_unref(&first->schema);
    TRY(shape_settle(&first->own, first->options.text_columns, first->options.contract_texts,
                     first->options.expected, &first->schema, err));
    for (size_t i = 1; i < count; i++) {
        schema_unref(&sources[i]->schema);
        sources[i]->schema = schema_ref(first->schema);
        sources[i]->shape = &first->own;
    }
    return STATUS_OK;
}

/* ---- the second pass ---- */

static enum status open_cutter(struct source *source, struct err *err)
{
    digester_begin(&source->digesting);
    TRY(json_cutter_open(&source->cutter, source->file.input, source->layout, &source->options,
                         source->schema->count * sizeof(int64_t),
                         source->guessed && !source->options.unrecorded ? &source->digesting : NULL,
                         err));
    if (source->options.shard != NULL) json_cutter_confine(source->cutter, source->options.shard);
    return STATUS_OK;
}

static void note_end(struct source *source)
{
    source->digest = digester_end(&source->digesting);
    source->records = json_cutter_records(source->cutter);
    source->blank_lines = json_cutter_blank_lines(source->cutter);
}

static enum status cut_jsonl(struct source *source, struct source_piece **ret, struct err *err)
{
    struct json_piece *piece = NULL;
    *ret = NULL;
    if (source->cutter == NULL) TRY(open_cutter(source, err));
    TRY(json_cut(source->cutter, &piece, err));
    if (piece == NULL && source->guessed) note_end(source);
    if (piece == NULL) return reread_check(&source->file, err);
    enum status status = NEW(ret, 1, err);
    if (status == STATUS_OK)
        (*ret)->json = piece;
    else
        json_piece_free(&piece);
    return status;
}

static enum status convert_jsonl(const struct source *source, struct source_piece *piece,
                                 struct source_rows *ret, struct err *err)
{
    TRY(json_rows(piece->json, &source->options, source->shape, source->schema, ret, err));
    return reread_restore(&source->file, ret, err);
}

static bool start_jsonl(const struct source *source, const struct source_piece *piece,
                        struct source_resume *ret)
{
    const struct json_piece *json = piece->json;
    *ret = (struct source_resume){
        .offset = json->offset, .records = json->first_record - 1, .lines = json->first_line - 1};
    return source->layout == JSON_LINES && source->file.decoding == NULL &&
           source->file.path != NULL;
}

static enum status place_jsonl(const struct source *source, const struct source_piece *piece,
                               int64_t number, struct bytes *scratch, struct source_place *ret,
                               bool *ret_here, struct err *err)
{
    const struct json_piece *json = piece->json;
    int64_t index = number - json->first_record;
    *ret_here = index < (int64_t)json->count;
    if (!*ret_here) return STATUS_OK;
    const struct json_span *span = &json->spans[index];
    *ret = (struct source_place){.raw = {(const char *)json->data + span->at, span->size},
                                 .byte_offset = (int64_t)(json->offset + span->at),
                                 .line = json->first_line};
    for (size_t i = 0; i < span->at; i++)
        ret->line += json->data[i] == '\n';
    if (span->whole > 0) TRY(reread_whole(&source->file, span->whole, scratch, ret, err));
    return reread_restore_place(&source->file, ret, scratch, err);
}

static enum status raws_jsonl(const struct source *source, const struct source_piece *piece,
                              const int64_t *numbers, size_t count, struct arena *arena,
                              struct source_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SIZE_MAX);
    bool here;
    for (size_t i = 0; i < count; i++) {
        scratch.size = 0;
        TRY(place_jsonl(source, piece, numbers[i], &scratch, &ret[i], &here, err));
        const char *copy = arena_text(arena, ret[i].raw.data, ret[i].raw.size);
        if (copy == NULL) return fail_memory(err, ret[i].raw.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

static enum status reader_jsonl(const struct source *source, struct bytes *json, struct err *err)
{
    const char *encoding = reread_encoding(&source->file);
    TRY(bytes_append_text(json, "\"as\":\"jsonl\"", err));
    return encoding == NULL ? STATUS_OK : bytes_format(json, err, ",\"encoding\":\"%s\"", encoding);
}

static void free_jsonl_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    json_piece_free(&(*piece)->json);
    memory_free(*piece);
    *piece = NULL;
}

static enum status describe_jsonl(struct source *source, struct source_record *ret, struct err *err)
{
    (void)err;
    ret->kind = "jsonl";
    ret->digest = source->digest;
    reread_describe(&source->file, ret);
    ret->records = source->records;
    return STATUS_OK;
}

static void reached_jsonl(const struct source *source, struct source_resume *ret)
{
    if (source->cutter != NULL && reread_is_plain(&source->file))
        json_cutter_reached(source->cutter, ret);
}

static void remark_jsonl(const struct source *source, char *ret, size_t room)
{
    reread_remark(&source->file, source->blank_lines, ret, room);
}

static void close_jsonl(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    json_cutter_close(&s->cutter);
    schema_unref(&s->schema);
    shape_close(&s->own);
    reread_close(&s->file);
    memory_free(s);
    *source = NULL;
}

/* ---- recognition ---- */

static bool name_ends(const char *path, const char *end)
{
    size_t size = path == NULL ? 0 : strlen(path), end_size = strlen(end);
    return size >= end_size && strcasecmp(path + size - end_size, end) == 0;
}

static size_t behind_blanks(const struct source_probe *probe, size_t at)
{
    while (at < probe->head_size && memchr(" \t\r\n", probe->head[at], 4) != NULL)
        at++;
    return at;
}

static int recognise_jsonl(const struct source_probe *probe)
{
    if (probe->directory) return 0;
    if (name_ends(probe->path, ".jsonl") || name_ends(probe->path, ".ndjson") ||
        name_ends(probe->path, ".json"))
        return 85;
    size_t at = behind_blanks(probe, 0);
    if (at < probe->head_size && probe->head[at] == '[') at = behind_blanks(probe, at + 1);
    if (at >= probe->head_size || probe->head[at] != '{') return 0;
    at = behind_blanks(probe, at + 1);
    return at < probe->head_size && (probe->head[at] == '"' || probe->head[at] == '}') ? 60 : 0;
}

const struct source_kind source_jsonl = {
    .name = "jsonl",
    .summary = "JSON objects: one a line, one behind the other, or in an array",
    .reference = "RFC 8259, jsonlines.org",
    .passes = 2,
    .types = TYPES_OF_VALUES,
    .by_name = true,
    .shards = true,
    .recognise = recognise_jsonl,
    .open = open_jsonl,
    .schema = schema_jsonl,
    .unify = unify_jsonl,
    .settle = settle_jsonl,
    .cut = cut_jsonl,
    .convert = convert_jsonl,
    .free_piece = free_jsonl_piece,
    .describe = describe_jsonl,
    .reached = reached_jsonl,
    .start = start_jsonl,
    .first_place = first_place_jsonl,
    .plan_more = plan_more_jsonl,
    .place = place_jsonl,
    .raws = raws_jsonl,
    .reader = reader_jsonl,
    .remark = remark_jsonl,
    .close = close_jsonl,
};
