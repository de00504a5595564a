/* ingest/source_lines.c: the lines of a text, as they are or taken apart by --pattern.
 *
 * Lines are the records of a table without quotes (csv_cut.c); what a pattern finds in them is
 * typed over all values, as the fields of a CSV file are (csv_types.c, csv_columns.c). */
#include "base/parallel.h"
#include "ingest/csv_parts.h"
#include "ingest/log_pattern.h"
#include "ingest/reread.h"
#include "ingest/retry.h"

#include <stdio.h>

#define BLOCK_ROWS         1024u
#define BLOCK_BYTES        (16u << 20) /* of cells, and those of one line more */
#define LINE_CELLS_MAXIMUM (1u << 30)

struct source {
    struct source_options options;
    struct reread file;
    struct log_pattern *pattern; /* NULL: the line and its number */
    struct csv_dialect dialect;  /* no quote, one field */
    struct csv_types types;
    struct schema *schema;
    struct csv_cutter *cutter;
    struct digest digest;
    int64_t records, blank_lines;
};

struct source_piece {
    struct csv_piece *csv;
};

static void close_lines(struct source **source);

static size_t column_count(const struct source *source)
{
    return source->pattern == NULL ? 2 : log_pattern_columns(source->pattern);
}

static const char *column_name(const struct source *source, size_t column)
{
    if (source->pattern != NULL) return log_pattern_name(source->pattern, column);
    return column == 0 ? "line" : "number";
}

/* ---- one line after the other ---- */

struct walk {
    const struct csv_dialect *dialect;
    const struct csv_piece *csv;
    size_t at, bad;
    int64_t number, line; /* of the next */
};
struct line {
    struct str text;
    size_t at; /* in the piece */
    int64_t number, line;
    uint64_t whole; /* its bytes when the piece has not all of them; 0 = it has */
    bool too_long;  /* it has no end within the maximum */
    bool too_large; /* it is beyond the limit of a field */
};

static struct walk walk_begin(const struct source *source, const struct csv_piece *csv)
{
    return (struct walk){&source->dialect, csv, 0, 0, csv->first_record, csv->first_line};
}

static bool walk_on(struct walk *walk, struct line *ret)
{
    const struct csv_piece *csv = walk->csv;
    struct csv_record record;
    if (walk->at >= csv->size) return false;
    bool bad = walk->bad < csv->bad_count && csv->bad[walk->bad].at == walk->at;
    if (bad) {
        const struct csv_bad *known = &csv->bad[walk->bad++];
        record = (struct csv_record){.size = known->size,
                                     .end = known->end,
                                     .whole = known->whole,
                                     .fault = known->fault,
                                     .lines = 1};
    } else {
        (void)csv_record_find(walk->dialect, csv->data + walk->at, csv->size - walk->at, true,
                              &record);
    }
    *ret = (struct line){.text = {(const char *)csv->data + walk->at, record.size},
                         .at = walk->at,
                         .number = walk->number++,
                         .line = walk->line,
                         .whole = record.whole,
                         .too_long = bad && record.fault == CSV_RECORD_TOO_LONG,
                         .too_large = bad && record.fault == CSV_FIELD_TOO_LONG};
    walk->line += record.lines;
    walk->at += record.end;
    return true;
}

/* ---- lines as blocks of cells ---- */

struct reading {
    const struct source *source;
    const struct csv_piece *piece;
    const struct csv_taker *taker;
    struct source_rows *rejects; /* NULL = they are skipped */
    struct log_matcher *matcher; /* NULL without a pattern */
    struct str *values;          /* of one line */
    struct csv_cell *cells;
    int64_t *records;
    size_t rows;
    struct bytes text;
    bool utf8; /* the whole piece */
    int64_t blank_lines;
};

static enum status reading_open(struct reading *reading, struct err *err)
{
    size_t columns = column_count(reading->source);
    reading->text = bytes_limited(SIZE_MAX);
    reading->utf8 = utf8_valid(reading->piece->data, reading->piece->size);
    if (reading->source->pattern != NULL)
        TRY(log_matcher_open(&reading->matcher, reading->source->pattern, err));
    TRY(NEW(&reading->values, columns, err));
    TRY(NEW(&reading->cells, columns * BLOCK_ROWS, err));
    return NEW(&reading->records, BLOCK_ROWS, err);
}

static void reading_close(struct reading *reading)
{
    log_matcher_close(&reading->matcher);
    memory_free(reading->values);
    memory_free(reading->cells);
    memory_free(reading->records);
    bytes_release(&reading->text);
}

static enum status flush(struct reading *reading, struct err *err)
{
    const struct csv_block block = {
        .text = reading->text.data,
        .cells = reading->cells,
        .records = reading->records,
        .rows = reading->rows,
        .columns = column_count(reading->source),
        .stride = BLOCK_ROWS,
    };
    if (reading->rows > 0) TRY(reading->taker->take(reading->taker->context, &block, err));
    reading->rows = 0;
    reading->text.size = 0;
    return STATUS_OK;
}

static enum status add_row(struct reading *reading, int64_t number, struct err *err)
{
    size_t columns = column_count(reading->source);
    for (size_t i = 0; i < columns; i++) {
        struct str value = reading->values[i];
        reading->cells[i * BLOCK_ROWS + reading->rows] = (struct csv_cell){
            (uint32_t)reading->text.size, value.data == NULL ? CSV_NULL : (uint32_t)value.size};
        if (value.data != NULL) TRY(bytes_append(&reading->text, value.data, value.size, err));
    }
    TRY(bytes_append(&reading->text, "", 1, err)); /* a place behind the last */
    reading->records[reading->rows++] = number;
    bool full = reading->rows == BLOCK_ROWS || reading->text.size > BLOCK_BYTES;
    return full ? flush(reading, err) : STATUS_OK;
}

static enum status reject(struct reading *reading, const struct line *line, const char *rule,
                          const char *message, struct err *err)
{
    if (reading->rejects == NULL) return STATUS_OK;
    bool by_size = strstr(rule, "size") != NULL && line->text.size > RAW_BYTES_MAXIMUM;
    const struct reject reject = {
        .record = line->number,
        .byte_offset = (int64_t)(reading->piece->offset + line->at),
        .line = line->line,
        .rule = rule,
        .message = str_of(message),
        .raw = {line->text.data, by_size ? RAW_BYTES_MAXIMUM : line->text.size},
    };
    return source_rows_reject(reading->rejects, &reject, err);
}

/* Groups may lie in each other. */
static uint64_t values_bytes(const struct reading *reading)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < column_count(reading->source); i++)
        bytes += reading->values[i].size;
    return bytes;
}

static enum status take_line(struct reading *reading, const struct line *line, struct err *err)
{
    char number[24];
    if (line->too_long)
        return reject(reading, line, "record size", "found no line end within --max-record", err);
    if (line->text.size > reading->source->options.record_limit)
        return reject(reading, line, "record size", "found a line beyond --max-record", err);
    if (line->too_large || line->text.size > reading->source->options.field_limit)
        return reject(reading, line, "field size", "found a line beyond --max-field", err);
    if (!reading->utf8 && !utf8_valid(line->text.data, line->text.size))
        return reject(reading, line, "encoding", "found bytes that are not UTF-8", err);
    if (reading->matcher == NULL) {
        int size = snprintf(number, sizeof number, "%lld", (long long)line->line);
        reading->values[0] = line->text;
        reading->values[1] = (struct str){number, (size_t)size};
        return add_row(reading, line->number, err);
    }
    reading->blank_lines += line->text.size == 0;
    if (line->text.size == 0) return STATUS_OK;
    switch (log_match(reading->matcher, line->text, reading->values)) {
    case LOG_MATCHES:
        if (values_bytes(reading) > LINE_CELLS_MAXIMUM)
            return reject(reading, line, "field size", "its groups hold more than 1 GiB", err);
        return add_row(reading, line->number, err);
    case LOG_DIFFERS:
        return reject(reading, line, "pattern", "the pattern does not match the line", err);
    case LOG_TOO_HARD: break;
    }
    return reject(reading, line, "pattern", "matching takes too many steps", err);
}

static enum status read_lines(struct reading *reading, struct err *err)
{
    struct walk walk = walk_begin(reading->source, reading->piece);
    struct line line;
    while (walk_on(&walk, &line))
        TRY(take_line(reading, &line, err));
    return flush(reading, err);
}

/* ---- the first pass ---- */

struct first_item {
    struct csv_piece *piece;
    struct csv_types types;
    int64_t blank_lines;
};

static void drop_first(void *context, void *untyped)
{
    (void)context;
    struct first_item *item = untyped;
    csv_piece_free(&item->piece);
    csv_types_release(&item->types);
    memory_free(item);
}

static enum status pull_first(void *context, void **ret, struct err *err)
{
    struct source *source = context;
    struct csv_piece *piece = NULL;
    struct first_item *item;
    *ret = NULL;
    TRY(interrupted(err));
    TRY(csv_cut(source->cutter, &piece, err));
    if (piece == NULL) return STATUS_OK;
    enum status status = NEW(&item, 1, err);
    if (status == STATUS_OK)
        item->piece = piece;
    else
        csv_piece_free(&piece);
    if (status == STATUS_OK) *ret = item;
    return status;
}

static enum status classify_block(void *context, const struct csv_block *block, struct err *err)
{
    (void)err;
    struct csv_types *types = context;
    csv_classify(block, types->classes, types->seen);
    return STATUS_OK;
}

static enum status work_first(void *context, void *untyped, struct err *err)
{
    const struct source *source = context;
    struct first_item *item = untyped;
    const struct csv_taker taker = {&item->types, classify_block};
    OWNED(reading_close)
    struct reading reading = {.source = source, .piece = item->piece, .taker = &taker};
    TRY(csv_types_open(&item->types, column_count(source), err));
    if (source->pattern == NULL) return STATUS_OK; /* the types are known */
    TRY(reading_open(&reading, err));
    TRY(read_lines(&reading, err));
    item->blank_lines = reading.blank_lines;
    return STATUS_OK;
}

static enum status push_first(void *context, void *untyped, struct err *err)
{
    (void)err;
    struct source *source = context;
    struct first_item *item = untyped;
    for (size_t i = 0; source->pattern != NULL && i < source->types.columns; i++) {
        source->types.classes[i] &= item->types.classes[i];
        source->types.seen[i] |= item->types.seen[i];
    }
    source->blank_lines += item->blank_lines;
    progress_add(source->options.progress, (int64_t)item->piece->size);
    drop_first(context, item);
    return STATUS_OK;
}

static enum status read_first(struct source *source, struct digester *digester, struct err *err)
{
    TRY(csv_cutter_open(&source->cutter, source->file.input, &source->dialect, &source->options,
                        digester, err));
    struct ordered ordered = {
        .threads = source->options.threads,
        .context = source,
        .pull = pull_first,
        .work = work_first,
        .push = push_first,
        .drop = drop_first,
    };
    TRY(ordered_run(&ordered, err));
    source->records = csv_cutter_records(source->cutter);
    csv_cutter_close(&source->cutter);
    return STATUS_OK;
}

/* ---- opening ---- */

static enum status make_schema(struct source *source, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < column_count(source); i++) {
        const char *name = column_name(source, i);
        enum type_id type = csv_expected_type(source->types.classes[i], source->types.seen[i] != 0,
                                              name, source->options.expected);
        struct field field = field_of(name, type);
        TRY(schema_add(schema, &field, err));
    }
    schema_unref(&source->schema);
    source->schema = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status begin_types(struct source *source, struct err *err)
{
    TRY(csv_types_open(&source->types, column_count(source), err));
    for (size_t i = 0; i < source->types.columns; i++)
        if (source_keeps_text(&source->options, column_name(source, i)))
            source->types.classes[i] = 0;
    if (source->pattern != NULL) return STATUS_OK;
    source->types.classes[0] = 0;
    source->types.classes[1] &= VALUE_INT;
    source->types.seen[0] = source->types.seen[1] = 1;
    return STATUS_OK;
}

/* A mark in front of UTF-8 is no part of the first line. */
static enum status find_mark(struct source *source, struct digester *digester, struct err *err)
{
    uint8_t mark[3];
    if (input_size(source->file.input) < 3) return STATUS_OK;
    TRY(input_read_at(source->file.input, mark, 3, 0, err));
    if (memcmp(mark, "\xef\xbb\xbf", 3) != 0) return STATUS_OK;
    source->dialect.preface = 3;
    digester_add(digester, mark, 3);
    return STATUS_OK;
}

static enum status learn(struct source *source, struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    source->dialect = (struct csv_dialect){.delimiter = '\t', .fields = 1};
    TRY(find_mark(source, &digester, err));
    TRY(begin_types(source, err));
    TRY(read_first(source, &digester, err));
    source->digest = digester_end(&digester);
    return make_schema(source, err);
}

static enum status open_lines(struct source **ret, const char *path,
                              const struct source_options *options, struct err *err)
{
    OWNED(close_lines) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    if (options->pattern != NULL) TRY(log_pattern_open(&source->pattern, options->pattern, err));
    TRY(reread_open(&source->file, path, options->standard_input, err));
    source->file.may_grow = options->resume.whole_records;
    bool goes_on = options->resume.offset > 0; /* what is there already was UTF-8 */
    TRY(reread_decode(&source->file, goes_on ? "utf-8" : options->encoding, ENCODING_ANY, true,
                      err));
    TRY(learn(source, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_lines(const struct source *source)
{
    return source->schema;
}

/* What a column may be in all sources. */
static enum status unify_lines(struct source *const *sources, size_t count, struct err *err)
{
    struct csv_types *first = &sources[0]->types;
    for (size_t i = 1; i < count; i++)
        for (size_t column = 0; column < first->columns; column++) {
            first->classes[column] &= sources[i]->types.classes[column];
            first->seen[column] |= sources[i]->types.seen[column];
        }
    for (size_t i = 0; i < count; i++) {
        memcpy(sources[i]->types.classes, first->classes, first->columns);
        memcpy(sources[i]->types.seen, first->seen, first->columns);
        TRY(make_schema(sources[i], err));
    }
    return STATUS_OK;
}

/* ---- the second pass ---- */

static enum status cut_lines(struct source *source, struct source_piece **ret, struct err *err)
{
    struct csv_piece *piece = NULL;
    *ret = NULL;
    if (source->cutter == NULL)
        TRY(csv_cutter_open(&source->cutter, source->file.input, &source->dialect, &source->options,
                            NULL, err));
    TRY(csv_cut(source->cutter, &piece, err));
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

static enum status convert_lines(const struct source *source, struct source_piece *piece,
                                 struct source_rows *ret, struct err *err)
{
    OWNED(csv_columns_close) struct csv_columns *columns = NULL;
    TRY(csv_columns_open(&columns, source->schema, &source->types, piece->csv->records, err));
    const struct csv_taker taker = {columns, take_block};
    OWNED(reading_close)
    struct reading reading = {
        .source = source, .piece = piece->csv, .taker = &taker, .rejects = ret};
    TRY(arena_open(&ret->arena, err));
    TRY(reading_open(&reading, err));
    TRY(read_lines(&reading, err));
    TRY(reread_restore(&source->file, ret, err));
    ret->bytes = (int64_t)piece->csv->size;
    return csv_columns_finish(columns, &ret->batch, &ret->records, err);
}

static enum status place_lines(const struct source *source, const struct source_piece *piece,
                               int64_t number, struct bytes *scratch, struct source_place *ret,
                               bool *ret_here, struct err *err)
{
    struct walk walk = walk_begin(source, piece->csv);
    struct line line = {0};
    *ret_here = false;
    while (!*ret_here && walk_on(&walk, &line))
        *ret_here = line.number == number;
    if (!*ret_here) return STATUS_OK;
    *ret = (struct source_place){.raw = line.text,
                                 .byte_offset = (int64_t)(piece->csv->offset + line.at),
                                 .line = line.line};
    if (line.whole > ret->raw.size) TRY(reread_whole(&source->file, line.whole, scratch, ret, err));
    return reread_restore_place(&source->file, ret, scratch, err);
}

static enum status raws_lines(const struct source *source, const struct source_piece *piece,
                              const int64_t *numbers, size_t count, struct arena *arena,
                              struct source_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SIZE_MAX);
    bool here;
    for (size_t i = 0; i < count; i++) {
        TRY(place_lines(source, piece, numbers[i], &scratch, &ret[i], &here, err));
        const char *copy = arena_text(arena, ret[i].raw.data, ret[i].raw.size);
        if (copy == NULL) return fail_memory(err, ret[i].raw.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

static enum status reader_lines(const struct source *source, struct bytes *json, struct err *err)
{
    const struct retry_reader reader = {.encoding = reread_encoding(&source->file),
                                        .pattern = source->options.pattern};
    return retry_reader_text(json, "lines", &reader, err);
}

static void free_lines_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    csv_piece_free(&(*piece)->csv);
    memory_free(*piece);
    *piece = NULL;
}

static enum status describe_lines(struct source *source, struct source_record *ret, struct err *err)
{
    (void)err;
    ret->kind = "lines";
    ret->digest = source->digest;
    reread_describe(&source->file, ret);
    ret->records = source->records - source->blank_lines;
    return STATUS_OK;
}

static void reached_lines(const struct source *source, struct source_resume *ret)
{
    if (source->cutter != NULL && reread_is_plain(&source->file))
        csv_cutter_reached(source->cutter, ret);
}

static void remark_lines(const struct source *source, char *ret, size_t room)
{
    reread_remark(&source->file, source->blank_lines, ret, room);
}

static void close_lines(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    csv_cutter_close(&s->cutter);
    csv_types_release(&s->types);
    schema_unref(&s->schema);
    log_pattern_close(&s->pattern);
    reread_close(&s->file);
    memory_free(s);
    *source = NULL;
}

static int recognise_lines(const struct source_probe *probe)
{
    size_t size = probe->path == NULL ? 0 : strlen(probe->path);
    bool named = size >= 4 && strcasecmp(probe->path + size - 4, ".log") == 0;
    if (probe->directory || probe->bundle || probe->address) return 0;
    return named ? 50 : looks_like_log(probe->head, probe->head_size) ? 60 : 0;
}

const struct source_kind source_lines = {
    .name = "lines",
    .summary = "the lines of a text or log, taken apart by --pattern",
    .reference = "PCRE2; RFC 3164, RFC 5424, the common log format",
    .passes = 2,
    .types = TYPES_OF_TEXTS,
    .recognise = recognise_lines,
    .open = open_lines,
    .schema = schema_lines,
    .unify = unify_lines,
    .cut = cut_lines,
    .convert = convert_lines,
    .free_piece = free_lines_piece,
    .describe = describe_lines,
    .reached = reached_lines,
    .place = place_lines,
    .raws = raws_lines,
    .reader = reader_lines,
    .remark = remark_lines,
    .close = close_lines,
};
