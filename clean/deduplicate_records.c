/* clean/deduplicate_records.c: rows as they are compared by linkage. */
#include "clean/deduplicate_records.h"

#include "columnar/value_text.h"

#include <string.h>
#include <utf8proc.h>
#include <xxhash.h>

#define TALLY_BYTES_MOST ((size_t)1 << 31)
#define FOLDED_MOST      18 /* code points that one may become (Unicode's longest is 18) */

static enum cell_kind kind_of(const struct field *field)
{
    if (type_is_text(field->type.id) || field->type.id == TYPE_BINARY) return CELL_WORDS;
    switch (field->type.id) {
    case TYPE_FLOAT16:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_DECIMAL32:
    case TYPE_DECIMAL64:
    case TYPE_DECIMAL128:
    case TYPE_DECIMAL256: return CELL_NUMBER;
    case TYPE_DATE32:
    case TYPE_TIMESTAMP: return CELL_DATE;
    default: return CELL_CODE;
    }
}

enum status records_open(struct records *ret, const struct schema *schema, const size_t *columns,
                         size_t count, size_t memory, struct err *err)
{
    ret->columns = columns;
    ret->column_count = count;
    for (size_t i = 0; i < count; i++)
        ret->kinds[i] = kind_of(&schema->fields[columns[i]]);
    TRY(spill_open(&ret->heads, memory / 4, err));
    return spill_open(&ret->cells, memory / 2, err);
}

void records_close(struct records *records)
{
    spill_close(&records->heads);
    spill_close(&records->cells);
    *records = (struct records){0};
}

/* ---- cells ---- */

struct writer {
    uint8_t *out;
    size_t size;
    bool apart; /* what comes next begins a word */
};

static bool is_word_character(int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return true;
    default: return false;
    }
}

static void put_character(struct writer *writer, int32_t point)
{
    if (!is_word_character(point)) {
        writer->apart = true;
        return;
    }
    if (writer->size + 5 > CELL_BYTES_MOST) return;
    if (writer->apart && writer->size > 0) writer->out[writer->size++] = ' ';
    writer->apart = false;
    writer->size += (size_t)utf8proc_encode_char(point, writer->out + writer->size);
}

static void put_folded(struct writer *writer, int32_t point)
{
    int32_t folded[FOLDED_MOST];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        point, folded, FOLDED_MOST,
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < FOLDED_MOST; i++)
        put_character(writer, folded[i]);
}

static size_t normalize_words(struct str text, uint8_t *ret)
{
    struct writer writer = {.out = ret};
    for (size_t i = 0; i < text.size && writer.size + 5 <= CELL_BYTES_MOST;) {
        uint8_t byte = (uint8_t)text.data[i];
        int32_t point = byte;
        utf8proc_ssize_t size = 1;
        if (byte >= 0x80)
            size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + i,
                                    (utf8proc_ssize_t)(text.size - i), &point);
        i += size < 1 ? 1 : (size_t)size;
        if (byte >= 'A' && byte <= 'Z')
            put_character(&writer, byte | 0x20);
        else if (byte < 0x80)
            put_character(&writer, byte);
        else if (size > 0)
            put_folded(&writer, point);
    }
    return writer.size;
}

static bool is_kept(char byte, enum cell_kind kind)
{
    bool kept = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                (byte >= 'A' && byte <= 'Z') || (byte & 0x80) != 0;
    return kept || (kind == CELL_NUMBER && (byte == '-' || byte == '+' || byte == '.'));
}

static size_t normalize_code(struct str text, enum cell_kind kind, uint8_t *ret)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size < CELL_BYTES_MOST; i++)
        if (is_kept(text.data[i], kind)) ret[size++] = (uint8_t)text.data[i];
    return size;
}

/* ---- reading ---- */

/* Cells lie one behind the other: their size, then so many bytes. */
static bool has_cells(const struct records *records, const struct records_tally *tally,
                      uint64_t place)
{
    for (size_t i = 0; i < records->column_count; i++) {
        uint16_t size;
        if (place > tally->cells.size || tally->cells.size - place < sizeof size) return false;
        memcpy(&size, tally->cells.data + place, sizeof size);
        place += sizeof size;
        if (size > CELL_BYTES_MOST || size > tally->cells.size - place) return false;
        place += size;
    }
    return true;
}

static bool records_are_within(const struct records *records, const struct records_tally *tally,
                               int64_t first, int64_t end)
{
    for (size_t i = 0; i < tally->count; i++) {
        const struct record_head *head = &tally->heads[i];
        if (head->row < first || head->row >= end || !has_cells(records, tally, head->place))
            return false;
        first = head->row + 1;
    }
    return true;
}

enum status records_tally_carry(const struct records *records, int64_t first, int64_t end,
                                struct records_tally *tally, struct wire *wire, struct err *err)
{
    size_t sources = tally->count;
    struct str cells = {(const char *)tally->cells.data, tally->cells.size};
    if (cells.data == NULL) cells.data = "";
    TRY(WIRE_ITEMS(wire, &tally->heads, &tally->count, err));
    TRY(WIRE_ITEMS(wire, &tally->sources, &sources, err));
    TRY(wire_str(wire, &cells, err));
    if (sources != tally->count) return fail(err, STATUS_FAILED, "records without a source");
    if (!wire->reading) return STATUS_OK;
    tally->cells = bytes_limited(TALLY_BYTES_MOST);
    TRY(bytes_append(&tally->cells, cells.data, cells.size, err));
    return records_are_within(records, tally, first, end)
               ? STATUS_OK
               : fail(err, STATUS_FAILED, "a record of another window, or cells not there");
}

void records_tally_release(struct records_tally *tally)
{
    memory_free(tally->heads);
    memory_free(tally->sources);
    bytes_release(&tally->cells);
    *tally = (struct records_tally){0};
}

static enum status add_cell(const struct records *records, const struct window *window, size_t i,
                            int64_t row, struct bytes *plain, struct bytes *cells, struct err *err)
{
    const struct field *field = &window->batch->schema->fields[records->columns[i]];
    const struct array *array = window->batch->columns[records->columns[i]];
    struct str text;
    plain->size = 0;
    if (!array_text_at(field, array, row, &text)) {
        if (!value_is_null(field, array, row)) TRY(value_plain(field, array, row, plain, err));
        text = (struct str){(const char *)plain->data, plain->size};
    }
    TRY(bytes_reserve(cells, CELL_BYTES_MOST + 2, err));
    uint8_t *at = cells->data + cells->size;
    size_t size = records->kinds[i] == CELL_WORDS ? normalize_words(text, at + 2)
                                                  : normalize_code(text, records->kinds[i], at + 2);
    uint16_t head = (uint16_t)size;
    memcpy(at, &head, sizeof head);
    cells->size += size + 2;
    return STATUS_OK;
}

enum status records_observe(const struct records *records, const struct window *window,
                            struct records_tally *tally, struct err *err)
{
    OWNED(bytes_release) struct bytes plain = bytes_limited(TALLY_BYTES_MOST);
    size_t rows = (size_t)window->batch->rows;
    tally->cells = bytes_limited(TALLY_BYTES_MOST);
    TRY(NEW(&tally->heads, rows, err));
    TRY(NEW(&tally->sources, rows, err));
    for (size_t row = 0; row < rows; row++) {
        struct str source;
        int64_t record;
        window_provenance(window, (int64_t)row, &source, &record);
        tally->sources[row] = XXH3_64bits(source.data, source.size);
        tally->heads[row] =
            (struct record_head){window->first_row + (int64_t)row, tally->cells.size, 0};
        for (size_t i = 0; i < records->column_count; i++)
            TRY(add_cell(records, window, i, (int64_t)row, &plain, &tally->cells, err));
    }
    tally->count = rows;
    return STATUS_OK;
}

static uint32_t number_of_source(struct records *records, uint64_t hash)
{
    for (size_t i = 0; i < records->source_count; i++)
        if (records->sources[i] == hash) return (uint32_t)i;
    if (records->source_count == 3) return 2;
    records->sources[records->source_count] = hash;
    return (uint32_t)records->source_count++;
}

static enum status absorb(struct records *records, struct records_tally *tally, struct err *err)
{
    uint64_t before = spill_size(records->cells);
    if (records->count + tally->count > UINT32_MAX - 1)
        return fail(err, STATUS_FAILED, "more than %u rows to link", UINT32_MAX - 1);
    for (size_t i = 0; i < tally->count; i++) {
        tally->heads[i].place += before;
        tally->heads[i].source = number_of_source(records, tally->sources[i]);
    }
    records->count += tally->count;
    TRY(spill_add(records->heads, tally->heads, tally->count * sizeof *tally->heads, err));
    return spill_add(records->cells, tally->cells.data, tally->cells.size, err);
}

enum status records_absorb(struct records *records, struct records_tally *tally, struct err *err)
{
    enum status status = absorb(records, tally, err);
    records_tally_release(tally);
    return status;
}

enum status records_freeze(struct records *records, struct err *err)
{
    const void *data;
    TRY(spill_freeze(records->heads, &data, err));
    records->head = data;
    TRY(spill_freeze(records->cells, &data, err));
    records->cell = data;
    return STATUS_OK;
}

/* ---- use ---- */

void record_cells(const struct records *records, uint32_t record,
                  struct str ret[RECORD_COLUMNS_MOST])
{
    const uint8_t *at = records->cell + records->head[record].place;
    for (size_t i = 0; i < records->column_count; i++) {
        uint16_t size;
        memcpy(&size, at, sizeof size);
        ret[i] = (struct str){(const char *)at + 2, size};
        at += size + 2;
    }
}

size_t tokens_of(struct str cell, uint64_t seed, struct token ret[CELL_TOKENS_MOST])
{
    size_t count = 0;
    for (size_t from = 0; from < cell.size && count < CELL_TOKENS_MOST;) {
        const char *blank = memchr(cell.data + from, ' ', cell.size - from);
        size_t end = blank == NULL ? cell.size : (size_t)(blank - cell.data);
        uint64_t hash = XXH3_64bits_withSeed(cell.data + from, end - from, seed);
        bool met = false;
        for (size_t i = 0; i < count && !met; i++)
            met = ret[i].hash == hash;
        if (!met) ret[count++] = (struct token){{cell.data + from, end - from}, hash};
        from = end + 1;
    }
    return count;
}
