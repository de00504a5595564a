/* ingest/json_cut.c: pieces of whole JSON records, cut off one after the other.
 *
 * Lines (jsonlines.org) are cut at line ends. In an array or a sequence a value ends where its
 * brackets close; whether it is right inside is for others to say. Bytes that cannot begin a value
 * are a record of their own, up to the next "{", and become a reject. */
#include "ingest/json_parts.h"

#define HELD_BYTES (1u << 20) /* of a line without its end, before it is looked for in the file */

struct found {               /* one record */
    size_t begin, size, end; /* end: where the next one is looked for */
    uint64_t whole, longest; /* as in json_span */
    bool any;
};

struct json_cutter {
    struct sliding bytes;
    enum json_layout layout;
    int64_t piece_rows;
    uint64_t piece_bytes, row_bytes;
    uint64_t record_limit, field_limit;
    uint64_t drop_to; /* byte of the file behind a line that was too long; 0 = none */
    int64_t record, line, blank_lines;
    bool whole_records;   /* a line needs its end, also the last one */
    bool opened, closed;  /* the array */
    bool value_is_due;    /* behind a comma or at the beginning */
    struct found pending; /* found, and left to the next piece */
    size_t rest;          /* bytes of a last line without its end */
};

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

enum json_layout json_layout_of(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size && is_blank(data[at]))
        at++;
    if (at == size || data[at] == '[') return at == size ? JSON_LINES : JSON_ELEMENTS;
    if (data[at] != '{') return JSON_LINES;
    for (at++; at < size && (data[at] == ' ' || data[at] == '\t' || data[at] == '\r'); at++) {
    }
    return at < size && data[at] == '\n' ? JSON_SEQUENCE
                                         : JSON_LINES; /* "{" on a line of its own */
}

enum status json_cutter_open(struct json_cutter **ret, struct input *input, enum json_layout layout,
                             const struct source_options *options, uint64_t row_bytes,
                             struct digester *digester, struct err *err)
{
    struct json_cutter *cutter;
    TRY(NEW(&cutter, 1, err));
    const struct source_resume *resume = &options->resume;
    sliding_open(&cutter->bytes, input, resume->offset, digester);
    cutter->layout = layout;
    cutter->piece_rows = options->chunk_rows;
    cutter->piece_bytes = options->chunk_bytes;
    cutter->row_bytes = row_bytes;
    cutter->record_limit = options->record_limit;
    cutter->field_limit = options->field_limit;
    cutter->record = resume->records + 1;
    cutter->line = resume->lines + 1;
    cutter->whole_records = resume->whole_records && layout == JSON_LINES;
    *ret = cutter;
    return STATUS_OK;
}

void json_cutter_confine(struct json_cutter *cutter, const struct shard *shard)
{
    sliding_confine(&cutter->bytes, shard->begin, shard->end);
    cutter->record = shard->record;
    cutter->line = shard->line;
}

/* ---- finding ---- */

/* Makes sure that there is a byte at `at`; false at the end of the file. */
static enum status have(struct json_cutter *cutter, size_t at, bool *ret, struct err *err)
{
    while (at >= cutter->bytes.size && !sliding_at_end(&cutter->bytes))
        TRY(sliding_more(&cutter->bytes, cutter->bytes.size, err));
    *ret = at < cutter->bytes.size;
    return STATUS_OK;
}

/* A line that goes on behind HELD_BYTES: either all of it is read, or it is known to be a reject
 * and *ret keeps what is here of it. */
static enum status look_ahead(struct json_cutter *cutter, size_t begin, struct found *ret,
                              struct err *err)
{
    struct json_ahead ahead;
    struct sliding *bytes = &cutter->bytes;
    uint64_t offset = bytes->offset + begin;
    TRY(json_line_ahead(bytes->input, offset, &ahead, err));
    uint64_t end = offset + ahead.size + ahead.ended;
    bool waits = cutter->whole_records && !ahead.ended;
    if (waits || (ahead.size <= cutter->record_limit && ahead.longest <= cutter->field_limit))
        return waits ? STATUS_OK : sliding_until(bytes, end, err);
    size_t held = bytes->size - begin;
    ret->whole = ahead.size;
    ret->longest = ahead.longest;
    ret->size = held < RAW_BYTES_MAXIMUM ? held : RAW_BYTES_MAXIMUM;
    ret->end = bytes->size;
    cutter->drop_to = end;
    return STATUS_OK;
}

/* The place of the line end behind `begin`, the size of the bytes here where there is none; ret is
 * filled where the line is too long. */
static enum status line_end(struct json_cutter *cutter, size_t begin, size_t *ret_end,
                            struct found *ret, struct err *err)
{
    size_t from = begin;
    bool looked = false;
    for (;;) {
        const uint8_t *found = from < cutter->bytes.size ? memchr(cutter->bytes.data + from, '\n',
                                                                  cutter->bytes.size - from)
                                                         : NULL;
        *ret_end = found == NULL ? cutter->bytes.size : (size_t)(found - cutter->bytes.data);
        if (found != NULL || sliding_at_end(&cutter->bytes)) return STATUS_OK;
        from = cutter->bytes.size;
        if (!looked && from - begin >= HELD_BYTES) {
            looked = true;
            TRY(look_ahead(cutter, begin, ret, err));
            if (ret->whole > 0) return STATUS_OK;
            if (cutter->bytes.size > from) continue;
        }
        TRY(sliding_more(&cutter->bytes, begin, err));
    }
}

/* How far a value goes, byte by byte. */
struct extent {
    size_t depth;
    bool string, escape, plain; /* plain: a number or word */
};

/* Whether the value ends in front of the byte (0), with it (1), or goes on (-1). */
static int extent_step(struct extent *extent, uint8_t byte)
{
    if (extent->string) {
        if (extent->escape)
            extent->escape = false;
        else if (byte == '\\')
            extent->escape = true;
        else if (byte == '"')
            extent->string = false;
        return !extent->string && extent->depth == 0 ? 1 : -1;
    }
    if (extent->plain) return is_blank(byte) || byte == ',' || byte == ']' || byte == '}' ? 0 : -1;
    if (byte == '"') {
        extent->string = true;
    } else if (byte == '{' || byte == '[') {
        extent->depth++;
    } else if (byte == '}' || byte == ']') {
        extent->depth--;
        return extent->depth == 0 ? 1 : -1;
    }
    return -1;
}

/* The place behind the value at `begin`. */
static enum status value_end(struct json_cutter *cutter, size_t begin, size_t *ret, struct err *err)
{
    struct extent extent = {0};
    bool more = true;
    uint8_t first = cutter->bytes.data[begin];
    extent.plain = first != '{' && first != '[' && first != '"';
    for (size_t at = begin;; at++) {
        TRY(have(cutter, at, &more, err));
        *ret = at;
        if (!more) return STATUS_OK; /* cut off: a fault of the record */
        if (at - begin > cutter->record_limit)
            return fail(err, STATUS_FAILED, "record %lld is longer than %llu bytes",
                        (long long)cutter->record, (unsigned long long)cutter->record_limit);
        int step = extent_step(&extent, cutter->bytes.data[at]);
        *ret = at + (step == 1);
        if (step >= 0) return STATUS_OK;
    }
}

/* The place of the next "{" behind bytes that begin no value. */
static enum status junk_end(struct json_cutter *cutter, size_t begin, size_t *ret, struct err *err)
{
    bool more = true;
    for (*ret = begin + 1;; ++*ret) {
        TRY(have(cutter, *ret, &more, err));
        if (!more || cutter->bytes.data[*ret] == '{') return STATUS_OK;
        if (*ret - begin > cutter->record_limit)
            return fail(err, STATUS_FAILED, "found no record within %llu bytes",
                        (unsigned long long)cutter->record_limit);
    }
}

/* ---- one record ---- */

static enum status next_line(struct json_cutter *cutter, size_t at, struct found *ret,
                             struct err *err)
{
    for (;;) {
        size_t end;
        TRY(have(cutter, at, &ret->any, err));
        if (!ret->any) return STATUS_OK;
        ret->begin = at;
        TRY(line_end(cutter, at, &end, ret, err));
        if (ret->whole > 0) return STATUS_OK;
        ret->any = end < cutter->bytes.size || !cutter->whole_records;
        if (!ret->any) {
            cutter->rest = cutter->bytes.size - at;
            return STATUS_OK;
        }
        size_t begin = at;
        while (begin < end && is_blank(cutter->bytes.data[begin]))
            begin++;
        ret->size = end - at;
        ret->end = end + (end < cutter->bytes.size);
        if (begin < end) break;
        cutter->blank_lines++;
        cutter->line++;
        at = ret->end;
    }
    return STATUS_OK;
}

static enum status array_ends_early(struct json_cutter *cutter, struct err *err)
{
    (void)fail(err, STATUS_FAILED, "the file ends inside its array, behind record %lld",
               (long long)cutter->record - 1);
    err_hint(err, "it was cut off, or \"]\" is missing");
    return STATUS_FAILED;
}

/* Passes blanks, commas and the array's brackets; *ret_junk when a comma is in a wrong place. */
static enum status skip_between(struct json_cutter *cutter, size_t *at, bool *ret_any,
                                struct err *err)
{
    bool elements = cutter->layout == JSON_ELEMENTS;
    for (;; ++*at) {
        TRY(have(cutter, *at, ret_any, err));
        if (!*ret_any)
            return elements && !cutter->closed ? array_ends_early(cutter, err) : STATUS_OK;
        uint8_t byte = cutter->bytes.data[*at];
        if (is_blank(byte)) continue;
        if (!elements || cutter->closed) return STATUS_OK;
        if (byte == '[' && !cutter->opened) {
            cutter->opened = cutter->value_is_due = true;
        } else if (byte == ',' && !cutter->value_is_due) {
            cutter->value_is_due = true;
        } else if (byte == ']') {
            cutter->closed = true;
        } else {
            return STATUS_OK;
        }
    }
}

static enum status next_value(struct json_cutter *cutter, size_t at, struct found *ret,
                              struct err *err)
{
    TRY(skip_between(cutter, &at, &ret->any, err));
    if (!ret->any) return STATUS_OK;
    uint8_t byte = cutter->bytes.data[at];
    bool starts = byte != ',' && byte != ']' && byte != '}' && byte != ':';
    bool due = cutter->layout == JSON_SEQUENCE || (cutter->value_is_due && !cutter->closed);
    ret->begin = at;
    if (starts && due)
        TRY(value_end(cutter, at, &ret->end, err));
    else
        TRY(junk_end(cutter, at, &ret->end, err));
    cutter->value_is_due = !(starts && due); /* behind junk a record may come without a comma */
    ret->size = ret->end - ret->begin;
    return STATUS_OK;
}

/* ---- the piece ---- */

static enum status add_span(struct json_piece *piece, const struct found *found, struct err *err)
{
    if (piece->count == piece->room) {
        size_t room = piece->room == 0 ? 256 : piece->room * 2;
        struct json_span *spans = memory_resize(piece->spans, room, sizeof *spans);
        if (spans == NULL) return fail_memory(err, room * sizeof *spans);
        piece->spans = spans;
        piece->room = room;
    }
    piece->spans[piece->count++] = (struct json_span){(uint32_t)found->begin, (uint32_t)found->size,
                                                      found->whole, found->longest};
    return STATUS_OK;
}

static int64_t count_feeds(const uint8_t *data, size_t size)
{
    int64_t feeds = 0;
    for (size_t i = 0; i < size; i++)
        feeds += data[i] == '\n';
    return feeds;
}

static enum status next_record(struct json_cutter *cutter, size_t at, struct found *ret,
                               struct err *err)
{
    *ret = cutter->pending;
    cutter->pending = (struct found){0};
    if (ret->any) return STATUS_OK;
    return cutter->layout == JSON_LINES ? next_line(cutter, at, ret, err)
                                        : next_value(cutter, at, ret, err);
}

static bool is_full(const struct json_cutter *cutter, const struct json_piece *piece,
                    const struct found *found)
{
    uint64_t cost = found->end + ((uint64_t)piece->count + 1) * cutter->row_bytes;
    return piece->count > 0 && cost > cutter->piece_bytes;
}

static enum status fill(struct json_cutter *cutter, struct json_piece *piece, struct err *err)
{
    size_t at = 0;
    struct found found = {.any = true};
    while ((int64_t)piece->count < cutter->piece_rows && found.whole == 0) {
        TRY(next_record(cutter, at, &found, err));
        if (!found.any || is_full(cutter, piece, &found)) break;
        TRY(add_span(piece, &found, err));
        at = found.end;
        cutter->record++;
        cutter->line += cutter->layout == JSON_LINES;
        found = (struct found){.any = true, .begin = at, .whole = found.whole};
    }
    if (!found.any) at = cutter->bytes.size - cutter->rest;
    if (found.any && found.end > 0) { /* full: the record begins the next piece */
        at = found.begin;
        cutter->pending = (struct found){.size = found.size,
                                         .end = found.end - found.begin,
                                         .whole = found.whole,
                                         .longest = found.longest,
                                         .any = true};
    }
    if (at == 0) return STATUS_OK;
    piece->size = at;
    TRY(sliding_take(&cutter->bytes, at, &piece->data, err));
    if (cutter->layout != JSON_LINES) cutter->line += count_feeds(piece->data, piece->size);
    return STATUS_OK;
}

/* Drops what is left of a line of which the beginning was handed on. */
static enum status leave_line(struct json_cutter *cutter, struct err *err)
{
    struct sliding *bytes = &cutter->bytes;
    while (!cutter->pending.any && bytes->offset < cutter->drop_to) {
        TRY(interrupted(err));
        if (bytes->size == 0) TRY(sliding_more(bytes, 0, err));
        uint64_t left = cutter->drop_to - bytes->offset;
        sliding_drop(bytes, left < bytes->size ? (size_t)left : bytes->size);
    }
    return STATUS_OK;
}

enum status json_cut(struct json_cutter *cutter, struct json_piece **ret, struct err *err)
{
    OWNED(json_piece_free) struct json_piece *piece = NULL;
    *ret = NULL;
    TRY(leave_line(cutter, err));
    TRY(NEW(&piece, 1, err));
    piece->offset = cutter->bytes.offset;
    piece->first_record = cutter->record;
    piece->first_line = cutter->line;
    TRY(fill(cutter, piece, err));
    if (piece->count == 0) return STATUS_OK;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

void json_piece_free(struct json_piece **piece)
{
    if (*piece == NULL) return;
    memory_free((*piece)->data);
    memory_free((*piece)->spans);
    memory_free(*piece);
    *piece = NULL;
}

int64_t json_cutter_records(const struct json_cutter *cutter)
{
    return cutter->record - 1;
}

void json_cutter_reached(const struct json_cutter *cutter, struct source_resume *ret)
{
    ret->offset = cutter->layout == JSON_LINES ? cutter->bytes.offset : 0;
    ret->records = cutter->record - 1;
    ret->lines = cutter->line - 1;
}

int64_t json_cutter_blank_lines(const struct json_cutter *cutter)
{
    return cutter->blank_lines;
}

void json_cutter_close(struct json_cutter **cutter)
{
    if (*cutter == NULL) return;
    sliding_close(&(*cutter)->bytes);
    memory_free(*cutter);
    *cutter = NULL;
}
