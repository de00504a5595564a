/* ingest/source_csv.c: CSV and TSV: comma, semicolon, tab or bar separated records.
 *
 * The first pass decides each column's type over every value of every file; the second makes
 * arrays. Stdin and pipes are spooled into an unlinked temporary file first. A file that changes
 * between the passes is an error. The parts are in csv_parts.h. */
#include "ingest/csv_parts.h"
#include "ingest/reread.h"
#include "ingest/retry.h"

#include <stdio.h>

#define SAMPLE_BYTES         (256u << 10)
#define SAMPLE_BYTES_MAXIMUM (16u << 20) /* for a first record as long as that */

struct source {
    struct source_options options;
    const char *kind;
    struct arena *arena;
    struct reread file;
    struct csv_dialect dialect;
    const char **names;
    struct csv_types types;
    bool guessed;              /* the types are, from the first records */
    struct digester preface;   /* has the bytes in front of the first record */
    struct digester digesting; /* with guessed types: has what the cutter has read */
    struct schema *schema;
    struct csv_cutter *cutter;
    struct digest digest;
};

struct source_piece {
    struct csv_piece *csv;
};

static void close_csv(struct source **source);
static void forget(struct source *source);

/* ---- opening ---- */

static enum status find_dialect(struct source *source, struct err *err)
{
    size_t file = (size_t)input_size(source->file.input);
    uint64_t first = source->options.resume.first_bytes;
    if (first > 0 && first < file) file = (size_t)first; /* as it was found the first time */
    for (size_t size = SAMPLE_BYTES;; size *= 8) {
        if (size > file) size = file;
        OWNED(memory_release) uint8_t *sample = memory_get_raw(size, 1);
        if (sample == NULL) return fail_memory(err, size);
        TRY(input_read_at(source->file.input, sample, size, 0, err));
        enum status status = csv_dialect_find(&source->options, sample, size, size == file,
                                              source->arena, &source->dialect, &source->names, err);
        if (status == STATUS_FAILED && source->dialect.fields == 0 && size < file &&
            size < SAMPLE_BYTES_MAXIMUM)
            continue;
        TRY(status);
        digester_begin(&source->preface);
        digester_add(&source->preface, sample, source->dialect.preface);
        return source->options.every_record
                   ? STATUS_OK
                   : csv_tail_find(source->file.input, &source->dialect, err);
    }
}

static enum status keep_as_text(struct source *source, struct err *err)
{
    const struct text_list *columns = source->options.text_columns;
    for (size_t i = 0; columns != NULL && i < columns->count; i++) {
        size_t column;
        if (strcmp(columns->items[i], "*") == 0) continue; /* all of them */
        TRY(schema_require(source->schema, str_of(columns->items[i]), &column, err));
    }
    for (size_t i = 0; i < source->dialect.fields; i++)
        if (source_keeps_text(&source->options, source->names[i])) source->types.classes[i] = 0;
    return STATUS_OK;
}

/* ---- the schema ---- */

static enum status make_schema(struct source *source, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t column = 0; column < source->dialect.fields; column++) {
        enum type_id type =
            csv_expected_type(source->types.classes[column], source->types.seen[column] != 0,
                              source->names[column], source->options.expected);
        struct field field = field_of(source->names[column], type);
        struct metadata_pair written = {str_of("tamis:name"), {NULL, 0}};
        if (source->dialect.written[column] != NULL) { /* the name as the file has it */
            written.value = str_of(source->dialect.written[column]);
            field.metadata = (struct metadata){&written, 1};
        }
        TRY(schema_add(schema, &field, err));
    }
    schema_unref(&source->schema);
    source->schema = schema;
    schema = NULL;
    return STATUS_OK;
}

/* The digest is of the whole file. */
static enum status digest_tail(const struct source *source, struct digester *digester,
                               struct err *err)
{
    size_t size = source->dialect.tail;
    OWNED(memory_release) uint8_t *data = memory_get_raw(size, 1);
    if (data == NULL) return fail_memory(err, size);
    uint64_t end = (uint64_t)input_size(source->file.input);
    TRY(input_read_at(source->file.input, data, size, end - size, err));
    digester_add(digester, data, size);
    return STATUS_OK;
}

/* The dialect, and no class for columns that stay text, all for the others. */
static enum status begin_types(struct source *source, struct err *err)
{
    forget(source);
    TRY(find_dialect(source, err));
    TRY(csv_types_open(&source->types, source->dialect.fields, err));
    TRY(make_schema(source, err));
    return keep_as_text(source, err);
}

static enum status guess(struct source *source, struct err *err)
{
    TRY(begin_types(source, err));
    TRY(csv_types_guess(&source->types, source->file.input, &source->dialect, &source->options,
                        &source->guessed, err));
    return make_schema(source, err);
}

/* The types over all of the text. */
static enum status learn(struct source *source, struct err *err)
{
    TRY(begin_types(source, err));
    struct digester digester = source->preface;
    TRY(csv_types_read(&source->types, source->file.input, &source->dialect, &source->options,
                       source->options.unrecorded ? NULL : &digester, err));
    TRY(digest_tail(source, &digester, err));
    source->digest = digester_end(&digester);
    source->dialect.utf8 = source->types.utf8;
    return make_schema(source, err);
}

/* What a plan knows of the whole file; it has to be the same file. */
static enum status take_plan(struct source *source, const struct shard *shard, struct err *err)
{
    TRY(begin_types(source, err));
    bool same = input_size(source->file.input) == shard->bytes &&
                source->dialect.fields == shard->column_count && source->file.decoding == NULL;
    for (size_t i = 0; same && i < shard->column_count; i++)
        same = strcmp(source->names[i], shard->columns[i]) == 0;
    if (!same) {
        (void)fail(err, STATUS_FAILED,
                   "it is not what the plan was made of: found %lld bytes and "
                   "%zu columns, expected %lld and %zu",
                   (long long)input_size(source->file.input), source->dialect.fields,
                   (long long)shard->bytes, shard->column_count);
        err_hint(err, "plan again, with the same options as the shards");
        return STATUS_FAILED;
    }
    for (size_t i = 0; i < shard->column_count; i++) {
        source->types.classes[i] = (uint8_t)csv_classes_of(shard->types[i]);
        source->types.seen[i] = 1;
    }
    source->digest = shard->digest;
    source->types.records = shard->records;
    source->options.may_guess = false;
    return make_schema(source, err);
}

static enum status first_place_csv(const struct source *source, uint64_t *ret_offset,
                                   int64_t *ret_line, struct err *err)
{
    *ret_offset = source->dialect.preface;
    *ret_line = 1 + source->dialect.preface_lines;
    if (source->file.decoding == NULL) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found text that is not UTF-8, which shards cannot share");
    err_hint(err, "convert it: iconv -t UTF-8");
    return STATUS_USAGE;
}

static enum status settle_csv(struct source *source, struct err *err)
{
    source->guessed = source->options.may_guess = false;
    TRY(learn(source, err));
    if (source->dialect.utf8 || source->file.decoding != NULL) return STATUS_OK;
    TRY(reread_decode(&source->file, source->options.encoding, ENCODING_ANY, true, err));
    return source->file.decoding != NULL ? learn(source, err) : STATUS_OK;
}

static enum status learn_types(struct source *source, struct err *err)
{
    bool may_guess = source->options.may_guess;
    if (source->options.shard != NULL) return take_plan(source, source->options.shard, err);
    if (may_guess) TRY(guess(source, err));
    if (!source->guessed) TRY(settle_csv(source, err));
    source->options.may_guess = may_guess; /* those of other files may be guessed */
    return STATUS_OK;
}

static enum status open_separated(struct source **ret, const char *path, const char *kind,
                                  const struct source_options *options, struct err *err)
{
    OWNED(close_csv) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    source->kind = kind;
    if (strcmp(kind, "tsv") == 0 && options->delimiter == NULL) source->options.delimiter = "\t";
    TRY(arena_open(&source->arena, err));
    TRY(reread_open(&source->file, path, options->standard_input, err));
    source->file.may_grow = options->resume.whole_records;
    bool goes_on = options->resume.offset > 0; /* what is there already was UTF-8 */
    if (goes_on) source->options.encoding = "utf-8";
    TRY(reread_decode(&source->file, source->options.encoding, ENCODING_ANY, false, err));
    TRY(options->places_only ? begin_types(source, err) : learn_types(source, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static enum status open_csv(struct source **ret, const char *path,
                            const struct source_options *options, struct err *err)
{
    return open_separated(ret, path, "csv", options, err);
}

static enum status open_tsv(struct source **ret, const char *path,
                            const struct source_options *options, struct err *err)
{
    return open_separated(ret, path, "tsv", options, err);
}

static const struct schema *schema_csv(const struct source *source)
{
    return source->schema;
}

/* What a column may be in all sources that have it. */
static void unify_column(struct source *const *sources, size_t count, const char *name)
{
    uint8_t classes = VALUE_ANY, seen = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t here = schema_find(sources[i]->schema, str_of(name));
        if (here < 0) continue; /* the driver will say so */
        classes &= sources[i]->types.classes[here];
        seen |= sources[i]->types.seen[here];
    }
    for (size_t i = 0; i < count; i++) {
        int64_t here = schema_find(sources[i]->schema, str_of(name));
        if (here < 0) continue;
        sources[i]->types.classes[here] = classes;
        sources[i]->types.seen[here] = seen;
    }
}

static enum status unify_csv(struct source *const *sources, size_t count, struct err *err)
{
    for (size_t column = 0; column < sources[0]->dialect.fields; column++)
        unify_column(sources, count, sources[0]->names[column]);
    for (size_t i = 0; i < count; i++)
        TRY(make_schema(sources[i], err));
    return STATUS_OK;
}

/* ---- the second pass ---- */

static enum status open_cutter(struct source *source, struct err *err)
{
    source->digesting = source->preface;
    TRY(csv_cutter_open(&source->cutter, source->file.input, &source->dialect, &source->options,
                        source->guessed && !source->options.unrecorded ? &source->digesting : NULL,
                        err));
    if (source->options.shard != NULL) csv_cutter_confine(source->cutter, source->options.shard);
    return STATUS_OK;
}

static enum status note_end(struct source *source, struct err *err)
{
    TRY(digest_tail(source, &source->digesting, err));
    source->digest = digester_end(&source->digesting);
    source->types.records = csv_cutter_records(source->cutter);
    source->types.blank_lines = csv_cutter_blank_lines(source->cutter);
    return STATUS_OK;
}

static enum status cut_csv(struct source *source, struct source_piece **ret, struct err *err)
{
    *ret = NULL;
    if (source->cutter == NULL) TRY(open_cutter(source, err));
    struct csv_piece *piece = NULL;
    TRY(csv_cut(source->cutter, &piece, err));
    if (piece == NULL && source->guessed) TRY(note_end(source, err));
    if (piece == NULL) return reread_check(&source->file, err);
    enum status status = NEW(ret, 1, err);
    if (status == STATUS_OK)
        (*ret)->csv = piece;
    else
        csv_piece_free(&piece);
    return status;
}

static enum status take_block(void *context, const struct csv_block *block, struct err *err)
{
    return csv_columns_take(context, block, err);
}

/* A file that is not UTF-8 to its end may be in another encoding from its beginning on. */
static enum status check_encoding(const struct source *source, const struct csv_piece *piece,
                                  struct csv_dialect *dialect, struct source_rows *ret,
                                  struct err *err)
{
    dialect->utf8 = utf8_valid(piece->data, piece->size);
    if (dialect->utf8 || source->file.decoding != NULL) return STATUS_OK;
    ret->guessed_wrong = true;
    return fail(err, STATUS_FAILED, "found bytes that are not UTF-8");
}

static enum status convert_csv(const struct source *source, struct source_piece *piece,
                               struct source_rows *ret, struct err *err)
{
    OWNED(csv_columns_close) struct csv_columns *columns = NULL;
    TRY(arena_open(&ret->arena, err));
    TRY(csv_columns_open(&columns, source->schema, &source->types, piece->csv->records, err));
    const struct csv_taker taker = {columns, take_block};
    struct csv_dialect dialect = source->dialect;
    if (source->guessed) TRY(check_encoding(source, piece->csv, &dialect, ret, err));
    enum status status = csv_fields(&dialect, &source->options, piece->csv, &taker, ret, err);
    if (csv_columns_misfit(columns)) ret->guessed_wrong = source->options.may_guess;
    TRY(status);
    TRY(reread_restore(&source->file, ret, err));
    ret->bytes = (int64_t)piece->csv->size;
    return csv_columns_finish(columns, &ret->batch, &ret->records, err);
}

/* Walks over a piece record by record, as the cutter did. */
struct walk {
    const struct csv_dialect *dialect;
    const struct csv_piece *csv;
    const uint8_t *data; /* of the piece, as it lies in the file */
    size_t at, bad;
    int64_t number, line; /* of the record at `at` */
    uint64_t whole;       /* bytes of the record that was found, when the piece has not all */
};

static struct walk walk_begin(const struct source *source, const struct csv_piece *csv,
                              const uint8_t *data)
{
    return (struct walk){&source->dialect, csv, data, 0, 0, csv->first_record, csv->first_line, 0};
}

/* Moves on to record `number` and behind it; false when it is in a later piece. */
static bool walk_to(struct walk *walk, int64_t number, struct source_place *ret)
{
    const struct csv_piece *csv = walk->csv;
    while (walk->at < csv->size && walk->number <= number) {
        struct csv_record record;
        if (walk->bad < csv->bad_count && csv->bad[walk->bad].at == walk->at) {
            record = (struct csv_record){.size = csv->bad[walk->bad].size,
                                         .end = csv->bad[walk->bad].end,
                                         .whole = csv->bad[walk->bad].whole,
                                         .lines = 1};
            walk->bad++;
        } else {
            (void)csv_record_find(walk->dialect, walk->data + walk->at, csv->size - walk->at, true,
                                  &record);
        }
        bool blank = csv_is_skipped(walk->dialect, &record);
        bool found = !blank && walk->number == number;
        *ret = (struct source_place){.raw = {(const char *)walk->data + walk->at, record.size},
                                     .byte_offset = (int64_t)(csv->offset + walk->at),
                                     .line = walk->line};
        walk->whole = record.whole;
        walk->number += !blank;
        walk->line += record.lines;
        walk->at += record.end;
        if (found) return true;
    }
    return false;
}

static bool start_csv(const struct source *source, const struct source_piece *piece,
                      struct source_resume *ret)
{
    const struct csv_piece *csv = piece->csv;
    *ret = (struct source_resume){
        .offset = csv->offset, .records = csv->first_record - 1, .lines = csv->first_line - 1};
    return source->file.decoding == NULL && source->file.path != NULL;
}

static enum status place_csv(const struct source *source, const struct source_piece *piece,
                             int64_t number, struct bytes *scratch, struct source_place *ret,
                             bool *ret_here, struct err *err)
{
    struct walk walk = walk_begin(source, piece->csv, piece->csv->data);
    *ret_here = walk_to(&walk, number, ret);
    if (*ret_here && walk.whole > ret->raw.size)
        TRY(reread_whole(&source->file, walk.whole, scratch, ret, err));
    return *ret_here ? reread_restore_place(&source->file, ret, scratch, err) : STATUS_OK;
}

/* Fields were unquoted in place, so the piece is read again. */
static enum status raws_csv(const struct source *source, const struct source_piece *piece,
                            const int64_t *numbers, size_t count, struct arena *arena,
                            struct source_place *ret, struct err *err)
{
    const struct csv_piece *csv = piece->csv;
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SIZE_MAX);
    OWNED(memory_release) uint8_t *data = memory_get_raw(csv->size, 1);
    if (data == NULL) return fail_memory(err, csv->size);
    TRY(input_read_at(source->file.input, data, csv->size, csv->offset, err));
    struct walk walk = walk_begin(source, csv, data);
    for (size_t i = 0; i < count; i++) {
        if (!walk_to(&walk, numbers[i], &ret[i]))
            return fail(err, STATUS_FAILED, "record %lld is not where it was",
                        (long long)numbers[i]);
        scratch.size = 0;
        TRY(reread_restore_place(&source->file, &ret[i], &scratch, err));
        const char *copy = arena_text(arena, ret[i].raw.data, ret[i].raw.size);
        if (copy == NULL) return fail_memory(err, ret[i].raw.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

static enum status reader_csv(const struct source *source, struct bytes *json, struct err *err)
{
    const struct csv_dialect *dialect = &source->dialect;
    char delimiter[9] = {(char)dialect->delimiter};
    memcpy(delimiter + 1, dialect->delimiter_more, dialect->delimiter_more_size);
    const struct retry_reader reader = {
        .delimiter = delimiter,
        .quote = dialect->quote,
        .escape = dialect->escape,
        .encoding = reread_encoding(&source->file),
        .columns = source->names,
        .column_count = dialect->fields,
    };
    return retry_reader_csv(json, &reader, err);
}

static void free_csv_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    csv_piece_free(&(*piece)->csv);
    memory_free(*piece);
    *piece = NULL;
}

static enum status describe_csv(struct source *source, struct source_record *ret, struct err *err)
{
    (void)err;
    ret->kind = source->kind;
    ret->digest = source->digest;
    reread_describe(&source->file, ret);
    ret->records = source->types.records;
    return STATUS_OK;
}

static void reached_csv(const struct source *source, struct source_resume *ret)
{
    if (source->cutter != NULL && reread_is_plain(&source->file))
        csv_cutter_reached(source->cutter, ret);
}

static void add_remark(char *ret, size_t room, const char *format, ...) PRINTF_LIKE(3, 4);
static void add_remark(char *ret, size_t room, const char *format, ...)
{
    size_t used = strlen(ret);
    va_list arguments;
    if (used > 0) used += (size_t)snprintf(ret + used, room - used, ", ");
    if (used >= room) return;
    va_start(arguments, format);
    vsnprintf(ret + used, room - used, format, arguments);
    va_end(arguments);
}

static void remark_csv(const struct source *source, char *ret, size_t room)
{
    char rest[96];
    const struct csv_dialect *dialect = &source->dialect;
    long long titles = dialect->titles, empty = dialect->tail_records;
    ret[0] = '\0';
    if (titles > 0)
        add_remark(ret, room, "%lld line%s in front of the header left out", titles,
                   titles == 1 ? "" : "s");
    if (empty > 0)
        add_remark(ret, room, "%lld empty line%s at the end left out", empty,
                   empty == 1 ? "" : "s");
    if (dialect->fields == 0) add_remark(ret, room, "an empty file");
    reread_remark(&source->file, source->types.blank_lines, rest, sizeof rest);
    if (rest[0] != '\0') add_remark(ret, room, "%s", rest);
}

/* What was learned. */
static void forget(struct source *source)
{
    csv_cutter_close(&source->cutter);
    schema_unref(&source->schema);
    csv_types_release(&source->types);
}

static void close_csv(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    forget(s);
    reread_close(&s->file);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

/* ---- recognition ---- */

static bool name_ends(const char *path, const char *end)
{
    size_t size = path == NULL ? 0 : strlen(path), end_size = strlen(end);
    return size >= end_size && strcasecmp(path + size - end_size, end) == 0;
}

static bool looks_like_text(const struct source_probe *probe)
{
    size_t odd = 0;
    for (size_t i = 0; i < probe->head_size; i++) {
        uint8_t byte = probe->head[i];
        odd += byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    }
    return odd * 50 <= probe->head_size;
}

static int recognise_csv(const struct source_probe *probe)
{
    if (probe->directory) return 0;
    if (name_ends(probe->path, ".csv")) return 80;
    return looks_like_text(probe) ? 30 : 0;
}

static int recognise_tsv(const struct source_probe *probe)
{
    return !probe->directory && (name_ends(probe->path, ".tsv") || name_ends(probe->path, ".tab"))
               ? 80
               : 0;
}

const struct source_kind source_csv = {
    .name = "csv",
    .summary = "records of fields between commas, semicolons, tabs or bars",
    .reference = "RFC 4180",
    .passes = 2,
    .shards = true,
    .types = TYPES_OF_TEXTS,
    .recognise = recognise_csv,
    .open = open_csv,
    .schema = schema_csv,
    .unify = unify_csv,
    .settle = settle_csv,
    .first_place = first_place_csv,
    .cut = cut_csv,
    .convert = convert_csv,
    .free_piece = free_csv_piece,
    .describe = describe_csv,
    .reached = reached_csv,
    .start = start_csv,
    .place = place_csv,
    .raws = raws_csv,
    .reader = reader_csv,
    .remark = remark_csv,
    .close = close_csv,
};

const struct source_kind source_tsv = {
    .name = "tsv",
    .summary = "records of fields between tabs",
    .reference = "RFC 4180 with the tab of IANA text/tab-separated-values",
    .passes = 2,
    .shards = true,
    .types = TYPES_OF_TEXTS,
    .recognise = recognise_tsv,
    .open = open_tsv,
    .schema = schema_csv,
    .unify = unify_csv,
    .settle = settle_csv,
    .first_place = first_place_csv,
    .cut = cut_csv,
    .convert = convert_csv,
    .free_piece = free_csv_piece,
    .describe = describe_csv,
    .reached = reached_csv,
    .start = start_csv,
    .place = place_csv,
    .raws = raws_csv,
    .reader = reader_csv,
    .remark = remark_csv,
    .close = close_csv,
};
