/* ingest/csv_cut.c: pieces of whole records, cut off one after the other.
 *
 * A quote without an end is only known as such where the file or the record limit ends; the record
 * is then its first line and the rest is read again. So that a hostile file cannot make this
 * quadratic, reading again draws on an allowance that grows with what was accepted; when it is used
 * up, a record has to end on its own line. Everything here depends on the bytes alone. */
#include "ingest/csv_parts.h"
#include "ingest/csv_scan.h"
#include "ingest/sliding.h"

#define HELD_BYTES                                                                                 \
    (1u << 20) /* of a record without an end, before it is looked for in the file                  \
                */
#define ALLOWANCE (256u << 20)

struct csv_cutter {
    struct sliding bytes;
    const struct csv_dialect *dialect;
    int64_t record, line;
    int64_t blank_lines;
    int64_t piece_rows;
    uint64_t piece_bytes, row_bytes;
    uint64_t again;     /* bytes that were read more than once */
    bool whole_records; /* a record needs its line end, also the last one */
    bool waits;         /* the last one has none */
    bool in_long_line;  /* the rest of a record without a line end is not wanted */
    uint64_t drop_to;   /* nor what is in front of this byte of the file */
    uint64_t record_limit, field_limit;
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
    cutter->dialect = dialect;
    const struct source_resume *resume = &options->resume;
    bool goes_on = resume->offset > dialect->preface;
    sliding_open(&cutter->bytes, input, goes_on ? resume->offset : dialect->preface, digester);
    cutter->record = 1 + (goes_on ? resume->records : 0);
    cutter->line = 1 + (goes_on ? resume->lines : dialect->preface_lines);
    cutter->whole_records = resume->whole_records;
    if (cutter->bytes.end - cutter->bytes.position >= dialect->tail)
        cutter->bytes.end -= dialect->tail;
    cutter->piece_rows = options->chunk_rows;
    cutter->piece_bytes = options->chunk_bytes;
    cutter->record_limit = options->record_limit;
    cutter->field_limit = options->field_limit;
    cutter->row_bytes = dialect->fields * sizeof(int64_t);
    cutter->scan = options->reference || !csv_is_plain(dialect) ? NULL : csv_scan();
    cutter->marks = (struct csv_marks){dialect->delimiter, dialect->quote, dialect->quote != 0};
    *ret = cutter;
    return STATUS_OK;
}

void csv_cutter_confine(struct csv_cutter *cutter, const struct shard *shard)
{
    sliding_confine(&cutter->bytes, shard->begin, shard->end);
    cutter->record = shard->record;
    cutter->line = shard->line;
}

/* A record that does not end within the limit is its first line, or, where even that has no end,
 * all that is there. */
static void give_up(struct csv_cutter *cutter, size_t at, struct csv_record *ret)
{
    const uint8_t *data = cutter->bytes.data + at;
    size_t size = cutter->bytes.size - at;
    ret->looked = size;
    ret->fault = CSV_UNCLOSED_QUOTE;
    if (csv_record_first_line(data, size, sliding_at_end(&cutter->bytes), ret)) return;
    ret->fault = CSV_RECORD_TOO_LONG;
    ret->size = ret->end = size;
    ret->lines = 0;
    cutter->in_long_line = true;
}

static bool allowance_is_used_up(const struct csv_cutter *cutter)
{
    return cutter->again > ALLOWANCE + 4 * cutter->bytes.offset;
}

/* The record at data[at], if its end is among the bytes that are there. */
static bool find_record(const struct csv_cutter *cutter, size_t at, struct csv_record *ret)
{
    const uint8_t *data = cutter->bytes.data + at;
    size_t size = cutter->bytes.size - at;
    bool last = sliding_at_end(&cutter->bytes) && !cutter->whole_records;
    if (allowance_is_used_up(cutter)) {
        if (!csv_record_first_line(data, size, last, ret)) return false;
        size = ret->end;
        last = true;
    }
    return csv_record_find(cutter->dialect, data, size, last, ret);
}

/* The record is what of it is here; the rest of its `whole` bytes is dropped up to `end`. */
static void keep_beginning(struct csv_cutter *cutter, size_t at, uint64_t whole, uint64_t end,
                           struct csv_record *ret)
{
    size_t held = cutter->bytes.size - at;
    if (end <= held) {
        ret->size = (size_t)whole;
        ret->end = (size_t)end;
        return;
    }
    ret->size = whole < held ? (size_t)whole : held;
    ret->end = held;
    ret->whole = whole;
    cutter->drop_to = cutter->bytes.offset + at + end;
}

/* More of a record than this is held only when it is known to become a row. */
static uint64_t held_most(const struct csv_cutter *cutter)
{
    return cutter->record_limit < HELD_BYTES ? cutter->record_limit : HELD_BYTES;
}

/* A record that has more bytes than are held of one: either it is worth holding, and all of it is
 * read, or it is known to be a reject (*ret_known), or it waits for its end. */
static enum status look_ahead(struct csv_cutter *cutter, size_t at, struct csv_record *ret,
                              bool *ret_known, bool *ret_waits, struct err *err)
{
    struct csv_ahead ahead;
    struct sliding *bytes = &cutter->bytes;
    uint64_t offset = bytes->offset + at, end = bytes->end;
    bool limited = end - offset > cutter->record_limit;
    bool comment = cutter->dialect->comment != 0 && bytes->data[at] == cutter->dialect->comment;
    *ret_known = true;
    if (comment || allowance_is_used_up(cutter)) {
        *ret_known = bytes->size - at >= cutter->record_limit;
        if (*ret_known) give_up(cutter, at, ret);
        return STATUS_OK;
    }
    if (limited) end = offset + cutter->record_limit;
    TRY(csv_record_ahead(cutter->dialect, bytes->input, offset, end, &ahead, err));
    bool unfinished = !limited && cutter->whole_records && ahead.fault != CSV_STRAY_QUOTE;
    if (unfinished && (ahead.open || ahead.fault == CSV_UNCLOSED_QUOTE)) {
        *ret_waits = true;
        return STATUS_OK;
    }
    bool any_line = ahead.first_line_end > 0 && (ahead.fault == CSV_FINE || !ahead.open);
    if (ahead.open && limited && any_line) ahead.fault = CSV_UNCLOSED_QUOTE;
    *ret = (struct csv_record){.fields = ahead.fields, .lines = 1, .fault = ahead.fault};
    if (ahead.open && limited && !any_line) {
        give_up(cutter, at, ret);
    } else if (ahead.fault != CSV_FINE) {
        ret->looked = (size_t)ahead.looked;
        keep_beginning(cutter, at, ahead.first_line_size, ahead.first_line_end, ret);
    } else if (ahead.longest > cutter->field_limit) {
        ret->fault = CSV_FIELD_TOO_LONG;
        ret->lines = ahead.lines;
        ret->longest = (size_t)ahead.longest;
        keep_beginning(cutter, at, ahead.size, ahead.end, ret);
    } else {
        *ret_known = false;
        return sliding_until(bytes, offset + ahead.end + 2, err);
    }
    return STATUS_OK;
}

static enum status next_record(struct csv_cutter *cutter, size_t at, struct csv_record *ret,
                               struct err *err)
{
    if (cutter->bytes.size == at && !sliding_at_end(&cutter->bytes))
        TRY(sliding_more(&cutter->bytes, at, err));
    while (!find_record(cutter, at, ret)) {
        bool known = false, found = false;
        if (cutter->bytes.size - at >= held_most(cutter)) {
            TRY(look_ahead(cutter, at, ret, &known, &cutter->waits, err));
            if (cutter->waits) break;
            found = !known && find_record(cutter, at, ret);
        }
        cutter->waits = !known && !found && sliding_at_end(&cutter->bytes);
        if (known || found || cutter->waits) break;
        TRY(sliding_more(&cutter->bytes, at, err));
    }
    if (cutter->waits) return STATUS_OK;
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
    piece->bad[piece->bad_count++] = (struct csv_bad){.at = at,
                                                      .size = record->size,
                                                      .end = record->end,
                                                      .whole = record->whole,
                                                      .longest = record->longest,
                                                      .lines = record->lines,
                                                      .fault = record->fault};
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
    if (cutter->scan == NULL || cutter->scanned_again > ALLOWANCE + 4 * cutter->bytes.offset)
        return STATUS_OK;
    do {
        if (!sliding_at_end(&cutter->bytes) && cutter->bytes.size - next < SLIDING_READ_BYTES / 4)
            TRY(sliding_more(&cutter->bytes, cutter->bytes.size, err));
        next = cutter->scan->count(&cutter->marks, cutter->bytes.data, next, cutter->bytes.size,
                                   cutter->piece_rows, cutter->piece_bytes, cutter->row_bytes,
                                   cutter->dialect->fields == 1, &state, &count);
    } while (next + 64 >= cutter->bytes.size && !sliding_at_end(&cutter->bytes) &&
             next - count.end < held_most(cutter));
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
    *ret_full = cutter->waits;
    if (cutter->waits) return STATUS_OK;
    bool blank = csv_is_skipped(cutter->dialect, &record);
    uint64_t cost = *at + record.end + (uint64_t)(piece->records + !blank) * cutter->row_bytes;
    *ret_full = *at > 0 && cost > cutter->piece_bytes;
    if (*ret_full) {
        cutter->in_long_line = false; /* the next piece begins with it and finds out again */
        cutter->drop_to = 0;
        return STATUS_OK;
    }
    if (record.fault != CSV_FINE) TRY(note_bad(piece, &record, *at, err));
    piece->records += !blank;
    piece->blank_lines += blank;
    cutter->line += record.lines;
    *at += record.end;
    *ret_full = cutter->in_long_line || cutter->drop_to > 0;
    return STATUS_OK;
}

static enum status fill(struct csv_cutter *cutter, struct csv_piece *piece, struct err *err)
{
    size_t at = 0, stop = 0;
    bool full = false;
    while (!full && piece->records < cutter->piece_rows) {
        if (at >= stop) TRY(take_many(cutter, piece, &at, &stop, err));
        if (at == cutter->bytes.size && sliding_at_end(&cutter->bytes)) break;
        if (piece->records < cutter->piece_rows) TRY(take_one(cutter, piece, &at, &full, err));
    }
    piece->lines = cutter->line - piece->first_line;
    cutter->record += piece->records;
    cutter->blank_lines += piece->blank_lines;
    piece->size = at;
    return at == 0 ? STATUS_OK : sliding_take(&cutter->bytes, at, &piece->data, err);
}

/* Drops what is left of a record of which the beginning was handed on. */
static enum status leave_record(struct csv_cutter *cutter, struct err *err)
{
    struct sliding *bytes = &cutter->bytes;
    while (bytes->offset < cutter->drop_to) {
        TRY(interrupted(err));
        if (bytes->size == 0) TRY(sliding_more(bytes, 0, err));
        uint64_t left = cutter->drop_to - bytes->offset;
        sliding_drop(bytes, left < bytes->size ? (size_t)left : bytes->size);
    }
    cutter->drop_to = 0;
    return STATUS_OK;
}

/* Drops what is left of a record that was too long, up to its line end. */
static enum status leave_long_line(struct csv_cutter *cutter, struct err *err)
{
    struct csv_record line;
    while (cutter->in_long_line) {
        bool last = sliding_at_end(&cutter->bytes);
        bool found = csv_record_first_line(cutter->bytes.data, cutter->bytes.size, last, &line);
        size_t drop = found ? line.end : cutter->bytes.size > 1 ? cutter->bytes.size - 1 : 0;
        sliding_drop(&cutter->bytes, drop);
        cutter->line += found;
        cutter->in_long_line = !found;
        if (!found) TRY(sliding_more(&cutter->bytes, cutter->bytes.size, err));
    }
    return STATUS_OK;
}

enum status csv_cut(struct csv_cutter *cutter, struct csv_piece **ret, struct err *err)
{
    OWNED(csv_piece_free) struct csv_piece *piece = NULL;
    *ret = NULL;
    TRY(leave_record(cutter, err));
    TRY(leave_long_line(cutter, err));
    TRY(NEW(&piece, 1, err));
    piece->offset = cutter->bytes.offset;
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

bool csv_piece_is_lines(const struct csv_piece *piece)
{
    return piece->lines <= piece->records + piece->blank_lines;
}

int64_t csv_cutter_records(const struct csv_cutter *cutter)
{
    return cutter->record - 1;
}

void csv_cutter_reached(const struct csv_cutter *cutter, struct source_resume *ret)
{
    ret->offset = cutter->bytes.offset;
    ret->records = cutter->record - 1;
    ret->lines = cutter->line - 1;
}

int64_t csv_cutter_blank_lines(const struct csv_cutter *cutter)
{
    return cutter->blank_lines;
}

void csv_cutter_close(struct csv_cutter **cutter)
{
    if (*cutter == NULL) return;
    sliding_close(&(*cutter)->bytes);
    memory_free(*cutter);
    *cutter = NULL;
}
