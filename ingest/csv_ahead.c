/* ingest/csv_ahead.c: how far a long record goes, without holding it.
 *
 * The grammar of csv_record.c, byte by byte over the file: a record that is going to be rejected
 * for its size, or that ends with its first line, never lies in memory as a whole. */
#include "ingest/csv_parts.h"

#include "ingest/sliding.h"

#include <string.h>

#define WINDOW_BYTES (256u << 10)

struct look {
    const struct csv_dialect *dialect;
    struct input *input;
    uint64_t begin, end; /* of the record; where to stop */
    uint8_t *window;     /* bytes from window_at on */
    uint64_t window_at;
    size_t window_size;
    enum status status;
    struct err *err;
};

/* -1 at the end, and after a failure. */
static int byte_at(struct look *look, uint64_t at)
{
    if (at - look->window_at < look->window_size) return look->window[at - look->window_at];
    if (at >= look->end || look->status != STATUS_OK) return -1;
    uint64_t left = look->end - at;
    look->window_at = at;
    look->window_size = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
    look->status = interrupted(look->err);
    if (look->status == STATUS_OK)
        look->status = input_read_at(look->input, look->window, look->window_size, at, look->err);
    if (look->status != STATUS_OK) look->window_size = 0;
    return look->status == STATUS_OK ? look->window[0] : -1;
}

static bool is_break(int byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_delimiter(struct look *look, uint64_t at)
{
    const struct csv_dialect *dialect = look->dialect;
    if (byte_at(look, at) != dialect->delimiter) return false;
    for (uint64_t i = 0; i < dialect->delimiter_more_size; i++)
        if (byte_at(look, at + 1 + i) != dialect->delimiter_more[i]) return false;
    return true;
}

static uint64_t behind_break(struct look *look, uint64_t at)
{
    return at + (byte_at(look, at) == '\r' && byte_at(look, at + 1) == '\n' ? 2 : 1);
}

/* Counts a line end at `at` and returns the place behind the byte. */
static uint64_t step(struct look *look, uint64_t at, struct csv_ahead *ret)
{
    int byte = byte_at(look, at);
    bool first_of_pair = byte == '\r' && byte_at(look, at + 1) == '\n';
    if (!is_break(byte)) return at + 1;
    if (ret->first_line_end == 0) {
        ret->first_line_size = at - look->begin;
        ret->first_line_end = behind_break(look, at) - look->begin;
    }
    ret->lines += !first_of_pair;
    return at + 1;
}

/* `at` is behind the opening quote; false when the quote does not end. */
static bool skip_quoted(struct look *look, uint64_t *at, struct csv_ahead *ret)
{
    for (int byte; (byte = byte_at(look, *at)) >= 0;) {
        if (look->dialect->escape != 0 && byte == look->dialect->escape) {
            *at = step(look, *at, ret);
            if (byte_at(look, *at) >= 0) *at = step(look, *at, ret);
        } else if (byte != look->dialect->quote) {
            *at = step(look, *at, ret);
        } else if (byte_at(look, *at + 1) == look->dialect->quote) {
            *at += 2;
        } else {
            ++*at;
            return true;
        }
    }
    return false;
}

static void skip_unquoted(struct look *look, uint64_t *at, struct csv_ahead *ret)
{
    for (int byte; (byte = byte_at(look, *at)) >= 0 && !is_break(byte);) {
        if (is_delimiter(look, *at)) return;
        bool escapes = look->dialect->escape != 0 && byte == look->dialect->escape;
        ++*at;
        if (escapes && byte_at(look, *at) >= 0) *at = step(look, *at, ret);
    }
}

/* The field at *at; false: the record ends with it, or has a fault. */
static bool skip_field(struct look *look, uint64_t *at, struct csv_ahead *ret)
{
    uint64_t begin = *at;
    ret->fields++;
    if (look->dialect->quote != 0 && byte_at(look, begin) == look->dialect->quote) {
        ++*at;
        if (!skip_quoted(look, at, ret)) ret->fault = CSV_UNCLOSED_QUOTE;
    } else {
        skip_unquoted(look, at, ret);
    }
    if (*at - begin > ret->longest) ret->longest = *at - begin;
    if (ret->fault != CSV_FINE) return false;
    int byte = byte_at(look, *at);
    if (byte >= 0 && is_delimiter(look, *at)) {
        *at += 1 + look->dialect->delimiter_more_size;
        return true;
    }
    if (byte >= 0 && !is_break(byte)) ret->fault = CSV_STRAY_QUOTE;
    return false;
}

/* Where the first line of a record with a fault ends, when that was not passed yet. */
static void find_first_line(struct look *look, uint64_t at, struct csv_ahead *ret)
{
    while (ret->first_line_end == 0 && byte_at(look, at) >= 0)
        at = step(look, at, ret);
    if (ret->first_line_end > 0) return;
    ret->first_line_size = ret->first_line_end = look->end - look->begin;
    ret->open = true;
}

enum status csv_record_ahead(const struct csv_dialect *dialect, struct input *input,
                             uint64_t offset, uint64_t end, struct csv_ahead *ret, struct err *err)
{
    OWNED(memory_release) uint8_t *window = memory_get_raw(WINDOW_BYTES, 1);
    struct look look = {dialect, input, offset, end, window, offset, 0, STATUS_OK, err};
    uint64_t at = offset;
    *ret = (struct csv_ahead){0};
    if (window == NULL) return fail_memory(err, WINDOW_BYTES);
    while (skip_field(&look, &at, ret))
        ;
    ret->looked = at - offset;
    if (ret->fault != CSV_FINE) find_first_line(&look, at, ret);
    if (ret->fault != CSV_FINE) return look.status;
    ret->size = at - offset;
    ret->open = byte_at(&look, at) < 0;
    ret->end = ret->open ? ret->size : behind_break(&look, at) - offset;
    ret->lines++;
    return look.status;
}
