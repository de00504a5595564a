/* ingest/csv_cut.c: pieces of whole records, cut off one after the other.
 *
 * A quote without an end is only known as such where the file or the record limit ends; the record
 * is then its first line and the rest is read again. So that a hostile file cannot make this
 * quadratic, reading again draws on an allowance that grows with what was accepted; when it is used
 * up, a record has to end on its own line. Everything here depends on the bytes alone. */
#include "ingest/csv_parts.h"
#include "ingest/csv_scan.h"

#define READ_BYTES           (256u << 10)
#define RECORD_BYTES_MAXIMUM (64u << 20)
#define ALLOWANCE            (256u << 20)

struct csv_cutter {
    struct input *input;
    const struct csv_dialect *dialect;
    struct digester *digester;
    uint64_t position, end; /* next byte to read; size of the file */
    uint8_t *data;          /* read and not yet in a piece */
    size_t size, room;
    uint64_t offset; /* of data[0] */
    int64_t record, line;
    int64_t blank_lines;
    int64_t piece_rows;
    uint64_t piece_bytes, row_bytes;
    uint64_t again;              /* bytes that were read more than once */
    bool in_long_line;           /* the rest of a record without a line end is not wanted */
    const struct csv_scan *scan; /* NULL: record by record */
    struct csv_marks marks;
    uint64_t scanned_again; /* bytes that the scanner saw in vain */
};

enum status csv_cutter_open(struct csv_cutter **ret, struct input *input,
                            const struct csv_dialect *dialect, const struct source_options *options,
                            struct digester *digester, struct err *err)
{
    struct csv_cutter *cutter;
    TRY(NEW(&cutter, 1, err));
    cutter->input = input;
    cutter->dialect = dialect;
    cutter->digester = digester;
    cutter->position = cutter->offset = dialect->preface;
    cutter->end = (uint64_t)input_size(input);
    cutter->record = 1;
    cutter->line = 1 + dialect->preface_lines;
    cutter->piece_rows = options->chunk_rows;
    cutter->piece_bytes = options->chunk_bytes;
    cutter->row_bytes = dialect->fields * sizeof(int64_t);
    cutter->scan = options->reference ? NULL : csv_scan();
    cutter->marks = (struct csv_marks){dialect->delimiter, dialect->quote, dialect->quote != 0};
    *ret = cutter;
    return STATUS_OK;
}

static bool at_end(const struct csv_cutter *cutter)
{
    return cutter->position >= cutter->end;
}

/* Reads as much again as there is, at least READ_BYTES: a record of any size is scanned at most
 * twice. */
static enum status read_more(struct csv_cutter *cutter, size_t from, struct err *err)
{
    size_t more = cutter->size - from > READ_BYTES ? cutter->size - from : READ_BYTES;
    if (more > cutter->end - cutter->position) more = (size_t)(cutter->end - cutter->position);
    if (cutter->size + more > cutter->room) {
        size_t room = cutter->size + more + cutter->room / 2;
        uint8_t *data = memory_resize(cutter->data, room, 1);
        if (data == NULL) return fail_memory(err, room);
        cutter->data = data;
        cutter->room = room;
    }
    TRY(input_read_at(cutter->input, cutter->data + cutter->size, more, cutter->position, err));
    if (cutter->digester != NULL) digester_add(cutter->digester, cutter->data + cutter->size, more);
    cutter->size += more;
    cutter->position += more;
    return STATUS_OK;
}

/* A record that does not end within the limit is its first line, or, where even that has no end,
 * all that is there. */
static void give_up(struct csv_cutter *cutter, size_t at, struct csv_record *ret)
{
    const uint8_t *data = cutter->data + at;
    size_t size = cutter->size - at;
    ret->looked = size;
    ret->fault = CSV_UNCLOSED_QUOTE;
    if (csv_record_first_line(data, size, at_end(cutter), ret)) return;
    ret->fault = CSV_RECORD_TOO_LONG;
    ret->size = ret->end = size;
    ret->lines = 0;
    cutter->in_long_line = true;
}

static bool allowance_is_used_up(const struct csv_cutter *cutter)
{
    return cutter->again > ALLOWANCE + 4 * cutter->offset;
}

/* The record at data[at], if its end is among the bytes that are there. */
static bool find_record(const struct csv_cutter *cutter, size_t at, struct csv_record *ret)
{
    const uint8_t *data = cutter->data + at;
    size_t size = cutter->size - at;
    bool last = at_end(cutter);
    if (allowance_is_used_up(cutter)) {
        if (!csv_record_first_line(data, size, last, ret)) return false;
        size = ret->end;
        last = true;
    }
    return csv_record_find(cutter->dialect, data, size, last, ret);
}

static enum status next_record(struct csv_cutter *cutter, size_t at, struct csv_record *ret,
                               struct err *err)
{
    if (cutter->size == at && !at_end(cutter)) TRY(read_more(cutter, at, err));
    while (!find_record(cutter, at, ret)) {
        if (cutter->size - at >= RECORD_BYTES_MAXIMUM) {
            give_up(cutter, at, ret);
            break;
        }
        TRY(read_more(cutter, at, err));
    }
    if (ret->fault != CSV_FINE && ret->looked > ret->end) cutter->again += ret->looked - ret->end;
    return STATUS_OK;
}

static enum status note_bad(struct csv_piece *piece, const struct csv_record *record, size_t at,
                            struct err *err)
{
    if (piece->bad_count == piece->bad_room) {
        size_t room = piece->bad_room == 0 ? 16 : piece->bad_room * 2;
        struct csv_bad *bad = memory_resize(piece->bad, room, sizeof *bad);
        if (bad == NULL) return fail_memory(err, room * sizeof *bad);
        piece->bad = bad;
        piece->bad_room = room;
    }
    piece->bad[piece->bad_count++] = (struct csv_bad){
        .at = at, .size = record->size, .end = record->end, .fault = record->fault};
    return STATUS_OK;
}

/* Hands the first `size` bytes to the piece and keeps the rest for the next one. */
static enum status detach(struct csv_cutter *cutter, struct csv_piece *piece, size_t size,
                          struct err *err)
{
    size_t rest = cutter->size - size;
    uint8_t *data = NULL;
    size_t room = rest + size + READ_BYTES; /* the next piece will be about as large */
    if (size == 0) return STATUS_OK;
    data = memory_get_raw(room, 1);
    if (data == NULL) return fail_memory(err, room);
    if (rest > 0) memcpy(data, cutter->data + size, rest);
    piece->data = cutter->data;
    piece->size = size;
    cutter->data = data;
    cutter->room = room;
    cutter->size = rest;
    cutter->offset += size;
    return STATUS_OK;
}

/* Takes records 64 bytes at a time as far as their quotes are where they should be; moves *at
 * behind them and sets *ret_stop to the place that needs a closer look. */
static enum status take_many(struct csv_cutter *cutter, struct csv_piece *piece, size_t *at,
                             size_t *ret_stop, struct err *err)
{
    struct csv_scan_state state = CSV_SCAN_FRESH;
    struct csv_scan_count count = {.end = *at, .records = piece->records};
    size_t next = *at;
    *ret_stop = *at;
    if (cutter->scan == NULL || cutter->scanned_again > ALLOWANCE + 4 * cutter->offset)
        return STATUS_OK;
    do {
        if (!at_end(cutter) && cutter->size - next < READ_BYTES / 4)
            TRY(read_more(cutter, cutter->size, err));
        next = cutter->scan->count(&cutter->marks, cutter->data, next, cutter->size,
                                   cutter->piece_rows, cutter->piece_bytes, cutter->row_bytes,
                                   cutter->dialect->fields == 1, &state, &count);
    } while (next + 64 >= cutter->size && !at_end(cutter));
    cutter->scanned_again += next - count.end;
    piece->records = count.records;
    piece->blank_lines += count.blank_lines;
    cutter->line += count.lines;
    *at = count.end;
    *ret_stop = next + 64;
    return STATUS_OK;
}

/* Takes the record at *at; *ret_full when the piece has no room for it. */
static enum status take_one(struct csv_cutter *cutter, struct csv_piece *piece, size_t *at,
                            bool *ret_full, struct err *err)
{
    struct csv_record record;
    TRY(next_record(cutter, *at, &record, err));
    bool blank = record.size == 0 && cutter->dialect->fields != 1;
    uint64_t cost = *at + record.end + (uint64_t)(piece->records + !blank) * cutter->row_bytes;
    *ret_full = *at > 0 && cost > cutter->piece_bytes;
    if (*ret_full) return STATUS_OK;
    if (record.fault != CSV_FINE) TRY(note_bad(piece, &record, *at, err));
    piece->records += !blank;
    piece->blank_lines += blank;
    cutter->line += record.lines;
    *at += record.end;
    *ret_full = cutter->in_long_line;
    return STATUS_OK;
}

static enum status fill(struct csv_cutter *cutter, struct csv_piece *piece, struct err *err)
{
    size_t at = 0, stop = 0;
    bool full = false;
    while (!full && piece->records < cutter->piece_rows) {
        if (at >= stop) TRY(take_many(cutter, piece, &at, &stop, err));
        if (at == cutter->size && at_end(cutter)) break;
        if (piece->records < cutter->piece_rows) TRY(take_one(cutter, piece, &at, &full, err));
    }
    cutter->record += piece->records;
    cutter->blank_lines += piece->blank_lines;
    return detach(cutter, piece, at, err);
}

/* Drops what is left of a record that was too long, up to its line end. */
static enum status leave_long_line(struct csv_cutter *cutter, struct err *err)
{
    struct csv_record line;
    while (cutter->in_long_line) {
        bool last = at_end(cutter);
        bool found = csv_record_first_line(cutter->data, cutter->size, last, &line);
        size_t drop = found ? line.end : cutter->size > 1 ? cutter->size - 1 : 0;
        if (drop > 0) memmove(cutter->data, cutter->data + drop, cutter->size - drop);
        cutter->size -= drop;
        cutter->offset += drop;
        cutter->line += found;
        cutter->in_long_line = !found;
        if (!found) TRY(read_more(cutter, cutter->size, err));
    }
    return STATUS_OK;
}

enum status csv_cut(struct csv_cutter *cutter, struct csv_piece **ret, struct err *err)
{
    OWNED(csv_piece_free) struct csv_piece *piece = NULL;
    *ret = NULL;
    TRY(leave_long_line(cutter, err));
    TRY(NEW(&piece, 1, err));
    piece->offset = cutter->offset;
    piece->first_record = cutter->record;
    piece->first_line = cutter->line;
    TRY(fill(cutter, piece, err));
    if (piece->size == 0) return STATUS_OK;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

void csv_piece_free(struct csv_piece **piece)
{
    if (*piece == NULL) return;
    memory_free((*piece)->data);
    memory_free((*piece)->bad);
    memory_free(*piece);
    *piece = NULL;
}

int64_t csv_cutter_records(const struct csv_cutter *cutter)
{
    return cutter->record - 1;
}

int64_t csv_cutter_blank_lines(const struct csv_cutter *cutter)
{
    return cutter->blank_lines;
}

void csv_cutter_close(struct csv_cutter **cutter)
{
    if (*cutter == NULL) return;
    memory_free((*cutter)->data);
    memory_free(*cutter);
    *cutter = NULL;
}
