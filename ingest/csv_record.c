/* ingest/csv_record.c: where a CSV record ends.
 *
 * Grammar: RFC 4180, section 2, with LF and CR as line ends too and quotes allowed inside unquoted
 * fields. libcsv agrees on every record that is found here without a fault. */
#include "ingest/csv_parts.h"

#include <string.h>

static bool is_break(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* Bytes of the line end at data[at]. */
static size_t break_size(const uint8_t *data, size_t size, size_t at)
{
    return data[at] == '\r' && at + 1 < size && data[at + 1] == '\n' ? 2 : 1;
}

static int64_t count_breaks(const uint8_t *data, size_t from, size_t to)
{
    int64_t lines = 0;
    for (size_t at = from; at < to; at++)
        lines += data[at] == '\n' || (data[at] == '\r' && !(at + 1 < to && data[at + 1] == '\n'));
    return lines;
}

static bool is_delimiter(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                         size_t at)
{
    size_t more = dialect->delimiter_more_size;
    return data[at] == dialect->delimiter &&
           (more == 0 ||
            (size - at > more && memcmp(data + at + 1, dialect->delimiter_more, more) == 0));
}

/* `at` is behind the opening quote; returns the place behind the closing one, or `size` when there
 * is none, with *ret_closed telling them apart. */
static size_t quoted_end(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                         size_t at, bool *ret_closed)
{
    *ret_closed = false;
    while (at < size) {
        const uint8_t *found = memchr(data + at, dialect->quote, size - at);
        if (dialect->escape != 0) {
            size_t before = found == NULL ? size - at : (size_t)(found - data) - at;
            const uint8_t *escape = memchr(data + at, dialect->escape, before);
            if (escape != NULL) { /* the byte behind it is ordinary */
                at = (size_t)(escape - data) + 2;
                continue;
            }
        }
        if (found == NULL) break;
        at = (size_t)(found - data) + 1;
        if (at < size && data[at] == dialect->quote) {
            at++;
            continue;
        }
        *ret_closed = true;
        return at;
    }
    return size;
}

static size_t unquoted_end(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                           size_t at)
{
    if (csv_is_plain(dialect)) {
        while (at < size && data[at] != dialect->delimiter && !is_break(data[at]))
            at++;
        return at;
    }
    for (; at < size && !is_break(data[at]); at++) {
        if (is_delimiter(dialect, data, size, at)) break;
        at += dialect->escape != 0 && data[at] == dialect->escape && at + 1 < size;
    }
    return at;
}

bool csv_record_first_line(const uint8_t *data, size_t size, bool last, struct csv_record *ret)
{
    size_t at = 0;
    while (at < size && !is_break(data[at]))
        at++;
    bool open = at >= size || (data[at] == '\r' && at + 1 >= size); /* its LF may still come */
    if (open && !last) return false;
    ret->size = at;
    ret->end = at < size ? at + break_size(data, size, at) : size;
    ret->lines = 1;
    return true;
}

static bool with_fault(enum csv_fault fault, const uint8_t *data, size_t size, bool last,
                       size_t looked, struct csv_record *ret)
{
    ret->fault = fault;
    ret->looked = looked;
    return csv_record_first_line(data, size, last, ret);
}

/* Whether the bytes at `at`, behind a closing quote, may become a delimiter when more of them come.
 */
static bool delimiter_is_open(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                              size_t at, bool last)
{
    return !last && data[at] == dialect->delimiter && size - at <= dialect->delimiter_more_size;
}

/* Skips one field from `at`; false when its end is not here yet or the record has a fault, which
 * is then set. */
static bool field_end(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                      bool last, size_t *at, struct csv_record *ret)
{
    size_t begin = *at;
    if (dialect->quote == 0 || begin >= size || data[begin] != dialect->quote) {
        *at = unquoted_end(dialect, data, size, begin);
        if (dialect->escape != 0) ret->lines += count_breaks(data, begin, *at);
    } else {
        bool closed;
        *at = quoted_end(dialect, data, size, begin + 1, &closed);
        ret->lines += count_breaks(data, begin, *at);
        if (!closed || (*at < size && delimiter_is_open(dialect, data, size, *at, last)))
            ret->fault = CSV_UNCLOSED_QUOTE;
        else if (*at < size && !is_delimiter(dialect, data, size, *at) && !is_break(data[*at]))
            ret->fault = CSV_STRAY_QUOTE;
    }
    if (*at - begin > ret->longest) ret->longest = *at - begin;
    return ret->fault == CSV_FINE;
}

bool csv_record_find(const struct csv_dialect *dialect, const uint8_t *data, size_t size, bool last,
                     struct csv_record *ret)
{
    *ret = (struct csv_record){.fields = 1, .lines = 1};
    if (dialect->comment != 0 && data[0] == dialect->comment) {
        ret->comment = true;
        return with_fault(CSV_FINE, data, size, last, 0, ret);
    }
    size_t at = 0;
    for (;;) {
        if (!field_end(dialect, data, size, last, &at, ret)) {
            if (ret->fault == CSV_UNCLOSED_QUOTE && !last) return false;
            return with_fault(ret->fault, data, size, last, at, ret);
        }
        if (at >= size || !is_delimiter(dialect, data, size, at)) break;
        at += 1 + dialect->delimiter_more_size;
        ret->fields++;
    }
    if (!last && (at >= size || (data[at] == '\r' && at + 1 >= size))) return false;
    ret->size = at;
    ret->end = at < size ? at + break_size(data, size, at) : size;
    ret->looked = ret->end;
    return true;
}

/* ---- fields ---- */

bool csv_record_field(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                      size_t *at, struct csv_field *ret)
{
    if (*at > size) return false;
    struct csv_record record = {0};
    size_t begin = *at, end = begin;
    (void)field_end(dialect, data, size, true, &end, &record);
    *ret = (struct csv_field){
        .at = begin,
        .size = end - begin,
        .quoted = dialect->quote != 0 && end > begin && data[begin] == dialect->quote,
    };
    *at = end < size ? end + 1 + dialect->delimiter_more_size : size + 1;
    return true;
}

/* Bytes that an escape in front of them makes ordinary. */
static bool is_special(const struct csv_dialect *dialect, uint8_t byte)
{
    return byte == dialect->escape || byte == dialect->delimiter || is_break(byte) ||
           (dialect->quote != 0 && byte == dialect->quote);
}

enum status csv_field_text(const struct csv_dialect *dialect, const uint8_t *data,
                           const struct csv_field *field, struct bytes *text, struct err *err)
{
    size_t at = field->at + field->quoted, end = field->at + field->size - field->quoted;
    TRY(bytes_reserve(text, end - at, err));
    for (uint8_t *to = text->data + text->size; at < end; at++) {
        bool escaped = dialect->escape != 0 && data[at] == dialect->escape && at + 1 < end &&
                       is_special(dialect, data[at + 1]);
        bool doubled = field->quoted && data[at] == dialect->quote; /* as it closes nothing */
        at += escaped || doubled;
        *to++ = data[at];
        text->size++;
    }
    return STATUS_OK;
}
