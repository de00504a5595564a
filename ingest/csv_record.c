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

/* `at` is behind the opening quote; returns the place behind the closing one, or `size` when there
 * is none, with *ret_closed telling them apart. */
static size_t quoted_end(uint8_t quote, const uint8_t *data, size_t size, size_t at,
                         bool *ret_closed)
{
    while (at < size) {
        const uint8_t *found = memchr(data + at, quote, size - at);
        if (found == NULL) break;
        at = (size_t)(found - data) + 1;
        if (at < size && data[at] == quote) {
            at++;
            continue;
        }
        *ret_closed = true;
        return at;
    }
    *ret_closed = false;
    return size;
}

static size_t unquoted_end(uint8_t delimiter, const uint8_t *data, size_t size, size_t at)
{
    while (at < size && data[at] != delimiter && !is_break(data[at]))
        at++;
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

/* Skips one field from `at`; false when its end is not here yet or the record has a fault, which
 * is then set. */
static bool field_end(const struct csv_dialect *dialect, const uint8_t *data, size_t size,
                      size_t *at, struct csv_record *ret)
{
    size_t begin = *at;
    if (dialect->quote == 0 || begin >= size || data[begin] != dialect->quote) {
        *at = unquoted_end(dialect->delimiter, data, size, begin);
    } else {
        bool closed;
        *at = quoted_end(dialect->quote, data, size, begin + 1, &closed);
        ret->lines += count_breaks(data, begin, *at);
        if (!closed)
            ret->fault = CSV_UNCLOSED_QUOTE;
        else if (*at < size && data[*at] != dialect->delimiter && !is_break(data[*at]))
            ret->fault = CSV_STRAY_QUOTE;
    }
    if (*at - begin > ret->longest) ret->longest = *at - begin;
    return ret->fault == CSV_FINE;
}

bool csv_record_find(const struct csv_dialect *dialect, const uint8_t *data, size_t size, bool last,
                     struct csv_record *ret)
{
    *ret = (struct csv_record){.fields = 1, .lines = 1};
    size_t at = 0;
    for (;;) {
        if (!field_end(dialect, data, size, &at, ret)) {
            if (ret->fault == CSV_UNCLOSED_QUOTE && !last) return false;
            return with_fault(ret->fault, data, size, last, at, ret);
        }
        if (at >= size || data[at] != dialect->delimiter) break;
        at++;
        ret->fields++;
    }
    if (!last && (at >= size || (data[at] == '\r' && at + 1 >= size))) return false;
    ret->size = at;
    ret->end = at < size ? at + break_size(data, size, at) : size;
    ret->looked = ret->end;
    return true;
}
