/* ingest/csv_fields.c: a piece of CSV as a table of cells, through libcsv.
 *
 * libcsv copies each field, gives no positions, and lets a stray quote swallow what follows; so
 * every record is found first (csv_record.c) and given to it alone. Its own strictness guards the
 * end of quotes, and a record it takes apart differently is a reject, not a row. */
#include "ingest/csv_parts.h"

#include <csv.h>
#include <stdio.h>

struct parser {
    struct csv_parser libcsv;
    struct bytes text;      /* of all cells */
    struct csv_cell *cells; /* of all rows */
    size_t room;            /* in cells */
    size_t done;            /* cells of finished rows */
    size_t fields, records; /* of the record at hand */
    size_t columns;
    enum status status;
    struct err *err;
};

static int never_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static void *counted_resize(void *old, size_t size)
{
    return memory_resize(old, size, 1);
}

/* ---- libcsv's callbacks ---- */

static void take_field(void *data, size_t size, void *context)
{
    struct parser *parser = context;
    size_t column = parser->fields++;
    if (parser->status != STATUS_OK || column >= parser->columns) return;
    struct csv_cell *cell = &parser->cells[parser->done + column];
    cell->at = (uint32_t)parser->text.size;
    cell->size = data == NULL ? CSV_NULL : (uint32_t)size;
    if (data != NULL) parser->status = bytes_append(&parser->text, data, size, parser->err);
}

static void take_record(int end, void *context)
{
    (void)end;
    struct parser *parser = context;
    parser->records++;
}

/* ---- one record ---- */

static bool split_record(struct parser *parser, const uint8_t *data, size_t size)
{
    parser->fields = parser->records = 0;
    size_t kept = parser->text.size;
    bool taken = csv_parse(&parser->libcsv, data, size, take_field, take_record, parser) == size;
    int finished = csv_fini(&parser->libcsv, take_field, take_record, parser);
    if (size == 0) { /* libcsv has no record without bytes; a table of one column does */
        take_field(NULL, 0, parser);
        take_record(-1, parser);
    }
    if (taken && finished == 0 && parser->records == 1 && parser->fields == parser->columns)
        return true;
    parser->text.size = kept;
    return false;
}

/* What is wrong with a record before libcsv sees it; "" when nothing is. */
static const char *rule_of(const struct csv_dialect *dialect, const struct source_options *options,
                           const struct csv_record *record, const uint8_t *data, bool utf8,
                           char *message, size_t room)
{
    switch (record->fault) {
    case CSV_FINE: break;
    case CSV_STRAY_QUOTE:
        snprintf(message, room, "found more text behind a closing quote, expected a delimiter");
        return "quote";
    case CSV_UNCLOSED_QUOTE:
        snprintf(message, room, "found a quote that does not end, expected it in this record");
        return "quote";
    case CSV_RECORD_TOO_LONG:
        snprintf(message, room, "found no line end within %zu bytes", record->size);
        return "record size";
    }
    if (record->longest > options->field_limit) {
        snprintf(message, room, "found a field of %zu bytes, expected at most %llu",
                 record->longest, (unsigned long long)options->field_limit);
        return "field size";
    }
    if (record->fields != dialect->fields) {
        snprintf(message, room, "found %zu fields, expected %zu", record->fields, dialect->fields);
        return "ragged";
    }
    if (!utf8 && !utf8_valid(data, record->size)) {
        snprintf(message, room, "found bytes that are not UTF-8");
        return "encoding";
    }
    return "";
}

/* The bytes of a rejected record, all of them except where its size is the fault. */
static struct str raw_of(const struct csv_piece *piece, const struct csv_record *record, size_t at,
                         const char *rule)
{
    bool by_size = strcmp(rule, "field size") == 0 || strcmp(rule, "record size") == 0;
    size_t size = by_size && record->size > RAW_BYTES_MAXIMUM ? RAW_BYTES_MAXIMUM : record->size;
    return (struct str){(const char *)piece->data + at, size};
}

static enum status reject_record(struct source_rows *rows, const struct csv_piece *piece,
                                 const struct csv_record *record, size_t at, int64_t number,
                                 int64_t line, const char *rule, const char *message,
                                 struct err *err)
{
    if (rows == NULL) return STATUS_OK;
    char *kept = arena_text(rows->arena, message, strlen(message));
    if (kept == NULL) return fail_memory(err, strlen(message));
    struct reject reject = {
        .record = number,
        .byte_offset = (int64_t)(piece->offset + at),
        .line = line,
        .rule = rule,
        .message = str_of(kept),
        .raw = raw_of(piece, record, at, rule),
    };
    return source_rows_reject(rows, &reject, err);
}

/* ---- the piece ---- */

struct walk {
    const struct csv_dialect *dialect;
    const struct source_options *options;
    const struct csv_piece *piece;
    size_t at, next_bad;
    int64_t number, line;
    bool utf8; /* the whole piece */
};

/* The next record of the piece, as the cutter saw it. */
static void walk_record(struct walk *walk, struct csv_record *ret)
{
    const struct csv_piece *piece = walk->piece;
    if (walk->next_bad < piece->bad_count && piece->bad[walk->next_bad].at == walk->at) {
        const struct csv_bad *bad = &piece->bad[walk->next_bad++];
        *ret = (struct csv_record){
            .size = bad->size, .end = bad->end, .lines = 1, .fault = bad->fault};
        return;
    }
    (void)csv_record_find(walk->dialect, piece->data + walk->at, piece->size - walk->at, true, ret);
}

static enum status take_apart(struct walk *walk, struct parser *parser, struct csv_table *table,
                              struct source_rows *rejects, struct err *err)
{
    struct csv_record record;
    walk_record(walk, &record);
    size_t at = walk->at;
    int64_t line = walk->line;
    walk->at += record.end;
    walk->line += record.lines;
    if (record.size == 0 && walk->dialect->fields != 1) return STATUS_OK; /* a blank line */
    int64_t number = walk->number++;
    const uint8_t *data = walk->piece->data + at;
    char message[160];
    const char *rule =
        rule_of(walk->dialect, walk->options, &record, data, walk->utf8, message, sizeof message);
    if (*rule == '\0' && !split_record(parser, data, record.size)) {
        TRY(parser->status);
        snprintf(message, sizeof message, "found %zu fields in %zu records when read again",
                 parser->fields, parser->records);
        rule = "quote";
    }
    TRY(parser->status);
    if (*rule != '\0')
        return reject_record(rejects, walk->piece, &record, at, number, line, rule, message, err);
    table->records[table->rows++] = number;
    parser->done += parser->columns;
    return STATUS_OK;
}

static enum status parser_open(struct parser *parser, const struct csv_dialect *dialect,
                               const struct csv_piece *piece, struct err *err)
{
    parser->columns = dialect->fields;
    parser->text = bytes_limited(piece->size);
    parser->err = err;
    unsigned char strictness = CSV_STRICT_FINI | CSV_EMPTY_IS_NULL;
    if (csv_init(&parser->libcsv, strictness) != 0)
        return fail(err, STATUS_FAILED, "libcsv does not start");
    csv_set_realloc_func(&parser->libcsv, counted_resize);
    csv_set_free_func(&parser->libcsv, memory_free);
    csv_set_blk_size(&parser->libcsv, 4096);
    csv_set_space_func(&parser->libcsv, never_space);
    csv_set_delim(&parser->libcsv, dialect->delimiter);
    /* no quote: a byte that UTF-8 never has */
    csv_set_quote(&parser->libcsv, dialect->quote == 0 ? 0xff : dialect->quote);
    TRY(bytes_reserve(&parser->text, piece->size, err));
    size_t records = (size_t)piece->records;
    if (__builtin_mul_overflow(records, parser->columns, &parser->room))
        return fail_memory(err, SIZE_MAX);
    return NEW(&parser->cells, parser->room, err);
}

static void parser_close(struct parser *parser)
{
    csv_free(&parser->libcsv);
    bytes_release(&parser->text);
    memory_free(parser->cells);
}

enum status csv_fields(const struct csv_dialect *dialect, const struct source_options *options,
                       const struct csv_piece *piece, struct csv_table *ret,
                       struct source_rows *rejects, struct err *err)
{
    OWNED(parser_close) struct parser parser = {0};
    TRY(parser_open(&parser, dialect, piece, err));
    *ret = (struct csv_table){.columns = dialect->fields};
    TRY(NEW(&ret->records, (size_t)piece->records, err));
    struct walk walk = {
        .dialect = dialect,
        .options = options,
        .piece = piece,
        .number = piece->first_record,
        .line = piece->first_line,
        .utf8 = utf8_valid(piece->data, piece->size),
    };
    while (walk.at < piece->size)
        TRY(take_apart(&walk, &parser, ret, rejects, err));
    ret->cells = parser.cells;
    ret->owned = parser.text.data;
    ret->text = parser.text.data;
    parser.cells = NULL;
    parser.text.data = NULL;
    return STATUS_OK;
}

void csv_table_release(struct csv_table *table)
{
    memory_free(table->cells);
    memory_free(table->records);
    memory_free(table->owned);
    *table = (struct csv_table){0};
}
