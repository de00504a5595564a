/* ingest/csv_fields.c: a piece of CSV as blocks of cells.
 *
 * Most records are taken apart by the scanner's places (csv_scan.c). Where a quote stands in a
 * place of its own, and everywhere under options.reference, csv_record.c finds the record and
 * libcsv its fields; both ways give the same cells. A record that is no row becomes a reject. */
#include "ingest/csv_parts.h"
#include "ingest/csv_scan.h"

#include <stdio.h>

#define BLOCK_ROWS  1024u
#define BLOCK_CELLS (128u << 10)
#define SEGMENT_BYTES                                                                              \
    (32u << 10) /* scanned at once; a record longer than that goes the slow way                    \
                 */

struct reading {
    const struct csv_dialect *dialect;
    const struct source_options *options;
    struct csv_piece *piece;
    const struct csv_taker *taker;
    struct source_rows *rejects;
    size_t at, next_bad;
    int64_t number; /* of the next record */
    size_t line_at; /* lines are counted up to here, */
    int64_t line;   /* where this one begins */
    bool utf8;      /* the whole piece */
    struct csv_cell *cells;
    int64_t *records;
    size_t rows, stride;
    const struct csv_scan *scan; /* NULL: libcsv only */
    uint32_t *places;
    struct csv_splitter *splitter; /* opened when it is first needed */
    struct bytes text;             /* of the rows that came from it; empty: rows are in the piece */
};

/* ---- rows ---- */

static enum status flush(struct reading *reading, struct err *err)
{
    const struct csv_block block = {
        .text = reading->text.size > 0 ? reading->text.data : reading->piece->data,
        .text_size = reading->text.size > 0 ? reading->text.size : reading->piece->size,
        .cells = reading->cells,
        .records = reading->records,
        .rows = reading->rows,
        .columns = reading->dialect->fields,
        .stride = reading->stride,
    };
    if (reading->rows > 0) TRY(reading->taker->take(reading->taker->context, &block, err));
    reading->rows = 0;
    reading->text.size = 0;
    return STATUS_OK;
}

static enum status add_row(struct reading *reading, int64_t number, struct err *err)
{
    reading->records[reading->rows++] = number;
    return reading->rows == reading->stride ? flush(reading, err) : STATUS_OK;
}

/* ---- rejects ---- */

struct fault {
    const char *rule; /* NULL = none */
    char message[160];
};

static void set_fault(struct fault *ret, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void set_fault(struct fault *ret, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret->message, sizeof ret->message, format, arguments);
    va_end(arguments);
    ret->rule = rule;
}

/* Whether a ragged record is a row all the same: with nulls, or without the empty fields that are
 * too many. */
static bool may_be_padded(const struct reading *reading, const struct csv_record *record,
                          const uint8_t *data)
{
    struct csv_field field;
    size_t at = 0;
    if (!reading->dialect->pads) return false;
    for (size_t column = 0; csv_record_field(reading->dialect, data, record->size, &at, &field);
         column++)
        if (column >= reading->dialect->fields && field.size > 0) return false;
    return true;
}

static void judge(const struct reading *reading, const struct csv_record *record, size_t at,
                  struct fault *ret)
{
    const uint8_t *data = reading->piece->data + at;
    if (record->whole > 0 && record->fault != CSV_FIELD_TOO_LONG)
        set_fault(ret, "record size", "found a wrong quote in a line of %llu bytes",
                  (unsigned long long)record->whole);
    else if (record->fault == CSV_STRAY_QUOTE)
        set_fault(ret, "quote", "found more text behind a closing quote, expected a delimiter");
    else if (record->fault == CSV_UNCLOSED_QUOTE)
        set_fault(ret, "quote", "found a quote that does not end, expected it in this record");
    else if (record->fault == CSV_FIELD_TOO_LONG)
        set_fault(ret, "field size", "found a field of %zu bytes, expected at most %llu",
                  record->longest, (unsigned long long)reading->options->field_limit);
    else if (record->fault == CSV_RECORD_TOO_LONG)
        set_fault(ret, "record size", "found no line end within %llu bytes",
                  (unsigned long long)reading->options->record_limit);
    else if (record->size > reading->options->record_limit)
        set_fault(ret, "record size", "found %zu bytes, expected at most %llu", record->size,
                  (unsigned long long)reading->options->record_limit);
    else if (record->fields != reading->dialect->fields && !may_be_padded(reading, record, data))
        set_fault(ret, "ragged", "found %zu field%s, expected %zu", record->fields,
                  record->fields == 1 ? "" : "s", reading->dialect->fields);
    else if (record->longest > reading->options->field_limit)
        set_fault(ret, "field size", "found a field of %zu bytes, expected at most %llu",
                  record->longest, (unsigned long long)reading->options->field_limit);
    else if (!reading->utf8 && !utf8_valid(data, record->size))
        set_fault(ret, "encoding", "found bytes that are not UTF-8");
}

/* Whether the cells of the row at hand are the header's. `quoted`: quotes are still around them. */
static bool repeats_header(const struct reading *reading, const uint8_t *data, bool quoted)
{
    const char *const *texts = reading->dialect->header_texts;
    const struct csv_cell *cell = reading->cells + reading->rows;
    if (texts == NULL) return false;
    for (size_t column = 0; column < reading->dialect->fields; column++, cell += reading->stride) {
        size_t size = cell->size == CSV_NULL ? 0 : cell->size, at = cell->at;
        if (quoted && size > 1 && data[at] == reading->dialect->quote) {
            at++;
            size -= 2;
        }
        if (size > 0 && (uint8_t)texts[column][0] != data[at]) return false; /* nearly always */
        if (strlen(texts[column]) != size || memcmp(data + at, texts[column], size) != 0)
            return false;
    }
    return true;
}

static void judge_header(struct fault *ret)
{
    set_fault(ret, "header", "found the header again, expected a record");
}

/* The line on which the record at `at` begins; counted on from the reject before. */
static int64_t line_of(struct reading *reading, size_t at)
{
    const uint8_t *data = reading->piece->data;
    for (; reading->line_at < at; reading->line_at++) {
        size_t here = reading->line_at;
        reading->line += data[here] == '\n' || (data[here] == '\r' && data[here + 1] != '\n');
    }
    return reading->line;
}

/* The bytes of a rejected record, all of them except where its size is the fault. */
static struct str raw_of(const struct reading *reading, const struct csv_record *record, size_t at,
                         const char *rule)
{
    bool by_size = strcmp(rule, "field size") == 0 || strcmp(rule, "record size") == 0;
    size_t size = by_size && record->size > RAW_BYTES_MAXIMUM ? RAW_BYTES_MAXIMUM : record->size;
    return (struct str){(const char *)reading->piece->data + at, size};
}

static enum status reject(struct reading *reading, const struct csv_record *record, size_t at,
                          int64_t number, const struct fault *fault, struct err *err)
{
    if (reading->rejects == NULL) return STATUS_OK;
    char *message = arena_text(reading->rejects->arena, fault->message, strlen(fault->message));
    if (message == NULL) return fail_memory(err, sizeof fault->message);
    const struct reject reject = {
        .record = number,
        .byte_offset = (int64_t)(reading->piece->offset + at),
        .line = line_of(reading, at),
        .rule = fault->rule,
        .message = str_of(message),
        .raw = raw_of(reading, record, at, fault->rule),
    };
    return source_rows_reject(reading->rejects, &reject, err);
}

/* ---- the slow way: one record through libcsv ---- */

static void find_record(struct reading *reading, struct csv_record *ret)
{
    const struct csv_piece *piece = reading->piece;
    size_t at = reading->at;
    if (reading->next_bad < piece->bad_count && piece->bad[reading->next_bad].at == at) {
        const struct csv_bad *bad = &piece->bad[reading->next_bad++];
        *ret = (struct csv_record){.size = bad->size,
                                   .end = bad->end,
                                   .longest = (size_t)bad->longest,
                                   .whole = bad->whole,
                                   .fault = bad->fault};
        return;
    }
    (void)csv_record_find(reading->dialect, piece->data + at, piece->size - at, true, ret);
}

static enum status split_one(struct reading *reading, const struct csv_record *record, size_t at,
                             struct fault *fault, struct err *err)
{
    bool same = false;
    if (reading->splitter == NULL)
        TRY(csv_splitter_open(&reading->splitter, reading->dialect, err));
    if (reading->text.size == 0) TRY(flush(reading, err)); /* those rows are in the piece */
    if (reading->text.size == 0) TRY(bytes_append(&reading->text, "", 1, err));
    TRY(csv_split(reading->splitter, reading->piece->data + at, record->size,
                  reading->cells + reading->rows, reading->stride, &reading->text, &same, err));
    if (!same) set_fault(fault, "quote", "libcsv takes this record apart in another way");
    return STATUS_OK;
}

static enum status take_slowly(struct reading *reading, struct err *err)
{
    struct csv_record record;
    struct fault fault = {0};
    size_t at = reading->at;
    find_record(reading, &record);
    reading->at += record.end;
    if (csv_is_skipped(reading->dialect, &record)) return STATUS_OK;
    int64_t number = reading->number++;
    judge(reading, &record, at, &fault);
    if (fault.rule == NULL) TRY(split_one(reading, &record, at, &fault, err));
    if (fault.rule == NULL && repeats_header(reading, reading->text.data, false))
        judge_header(&fault);
    if (fault.rule != NULL) return reject(reading, &record, at, number, &fault, err);
    return add_row(reading, number, err);
}

/* ---- the fast way: places of the scanner ---- */

/* Undoubles the quotes of size bytes in place and returns how many are left; the rest is zeroed, so
 * that no line end is counted twice. */
static size_t undouble(uint8_t *data, size_t size, uint8_t quote)
{
    uint8_t *found = memchr(data, quote, size);
    if (found == NULL) return size;
    size_t from = (size_t)(found - data) + 2, to = from - 1;
    while (from < size) {
        found = memchr(data + from, quote, size - from);
        size_t plain = found == NULL ? size - from : (size_t)(found - data) - from + 1;
        memmove(data + to, data + from, plain);
        to += plain;
        from += plain + 1;
    }
    memset(data + to, 0, size - to);
    return to;
}

static void unquote_row(struct reading *reading)
{
    uint8_t *data = reading->piece->data;
    struct csv_cell *cell = reading->cells + reading->rows;
    for (size_t column = 0; column < reading->dialect->fields; column++, cell += reading->stride) {
        if (cell->size == CSV_NULL || data[cell->at] != reading->dialect->quote) continue;
        cell->at++;
        cell->size = (uint32_t)undouble(data + cell->at, cell->size - 2, reading->dialect->quote);
    }
}

static size_t longest_cell(const struct reading *reading, size_t fields)
{
    size_t longest = 0;
    if (fields > reading->dialect->fields) fields = reading->dialect->fields;
    for (size_t column = 0; column < fields; column++) {
        uint32_t size = reading->cells[column * reading->stride + reading->rows].size;
        if (size != CSV_NULL && size > longest) longest = size;
    }
    return longest;
}

struct segment {
    const uint32_t *places;
    size_t count, next;
    size_t begin, size; /* of the bytes that were scanned */
};

/* Cells of the record at reading->at, from the places on. False when the segment ends before it. */
static bool take_cells(struct reading *reading, struct segment *segment, struct csv_record *ret,
                       bool *ret_quoted)
{
    const uint8_t *data = reading->piece->data;
    const size_t columns = reading->dialect->fields, stride = reading->stride;
    const uint8_t delimiter = reading->dialect->delimiter, quote = reading->dialect->quote;
    struct csv_cell *cell = reading->cells + reading->rows;
    size_t next = segment->next, begin = reading->at, end, fields = 0;
    bool quoted = false;
    do {
        if (next == segment->count) return false;
        end = segment->begin + segment->places[next++];
        uint32_t size = (uint32_t)(end - begin);
        if (fields < columns)
            *cell = (struct csv_cell){(uint32_t)begin, size == 0 ? CSV_NULL : size};
        cell += fields < columns ? stride : 0;
        quoted |= data[begin] == quote;
        fields++;
        begin = end + 1;
    } while (data[end] == delimiter);
    if (data[end] == '\r') {
        if (begin == segment->begin + segment->size && begin < reading->piece->size) return false;
        bool pair = begin < reading->piece->size && data[begin] == '\n';
        begin += pair;
        next += pair && next < segment->count; /* an odd block behind the CR has no places */
    }
    *ret = (struct csv_record){
        .size = end - reading->at, .end = begin - reading->at, .fields = fields};
    *ret_quoted = quoted && quote != 0;
    segment->next = next;
    return true;
}

/* Null where the record at hand has no field. */
static void pad_cells(struct reading *reading, size_t fields)
{
    for (size_t column = fields; column < reading->dialect->fields; column++)
        reading->cells[column * reading->stride + reading->rows] = (struct csv_cell){0, CSV_NULL};
}

static enum status take_quickly(struct reading *reading, struct segment *segment, bool *ret_taken,
                                struct err *err)
{
    struct csv_record record;
    struct fault fault = {0};
    bool quoted;
    *ret_taken = take_cells(reading, segment, &record, &quoted);
    if (!*ret_taken) return STATUS_OK;
    size_t at = reading->at;
    reading->at += record.end;
    if (record.size == 0 && reading->dialect->fields != 1) return STATUS_OK;
    int64_t number = reading->number++;
    if (record.size > reading->options->field_limit)
        record.longest = longest_cell(reading, record.fields);
    if (record.longest != 0 || record.fields != reading->dialect->fields || !reading->utf8 ||
        record.size > reading->options->record_limit)
        judge(reading, &record, at, &fault);
    if (record.fields < reading->dialect->fields) pad_cells(reading, record.fields);
    if (fault.rule == NULL && repeats_header(reading, reading->piece->data, quoted))
        judge_header(&fault);
    if (fault.rule != NULL) return reject(reading, &record, at, number, &fault, err);
    if (quoted) unquote_row(reading);
    return add_row(reading, number, err);
}

/* As many records as the next bytes hold; *ret_any false when the next one needs the slow way. */
static enum status take_segment(struct reading *reading, bool *ret_any, struct err *err)
{
    const struct csv_piece *piece = reading->piece;
    size_t limit =
        reading->next_bad < piece->bad_count ? piece->bad[reading->next_bad].at : piece->size;
    struct segment segment = {.places = reading->places, .begin = reading->at};
    segment.size = limit - reading->at < SEGMENT_BYTES ? limit - reading->at : SEGMENT_BYTES;
    const struct csv_marks marks = {reading->dialect->delimiter, reading->dialect->quote,
                                    reading->dialect->quote != 0};
    bool odd, taken = true;
    segment.count = reading->scan->places(&marks, piece->data + segment.begin, segment.size,
                                          reading->places, &odd);
    if (reading->text.size > 0) TRY(flush(reading, err)); /* those rows are not in the piece */
    while (taken)
        TRY(take_quickly(reading, &segment, &taken, err));
    *ret_any = reading->at > segment.begin;
    return STATUS_OK;
}

/* ---- the piece ---- */

static enum status reading_open(struct reading *reading, struct err *err)
{
    size_t columns = reading->dialect->fields;
    reading->stride = BLOCK_CELLS / columns;
    if (reading->stride > BLOCK_ROWS) reading->stride = BLOCK_ROWS;
    if (reading->stride == 0) reading->stride = 1;
    reading->number = reading->piece->first_record;
    reading->line = reading->piece->first_line;
    reading->utf8 =
        reading->dialect->utf8 || utf8_valid(reading->piece->data, reading->piece->size);
    reading->text = bytes_limited(reading->piece->size + 1);
    bool plain = !reading->options->reference && csv_is_plain(reading->dialect);
    reading->scan = plain ? csv_scan() : NULL;
    TRY(NEW(&reading->cells, reading->stride * columns, err));
    TRY(NEW(&reading->places, SEGMENT_BYTES + 64, err));
    return NEW(&reading->records, reading->stride, err);
}

static void reading_close(struct reading *reading)
{
    csv_splitter_close(&reading->splitter);
    bytes_release(&reading->text);
    memory_free(reading->cells);
    memory_free(reading->places);
    memory_free(reading->records);
}

enum status csv_fields(const struct csv_dialect *dialect, const struct source_options *options,
                       struct csv_piece *piece, const struct csv_taker *taker,
                       struct source_rows *rejects, struct err *err)
{
    OWNED(reading_close)
    struct reading reading = {
        .dialect = dialect, .options = options, .piece = piece, .taker = taker, .rejects = rejects};
    TRY(reading_open(&reading, err));
    while (reading.at < piece->size) {
        bool any = false;
        if (reading.scan != NULL) TRY(take_segment(&reading, &any, err));
        if (!any) TRY(take_slowly(&reading, err));
    }
    return flush(&reading, err);
}
