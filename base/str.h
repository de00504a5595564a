/* base/str.h: slices of text and a growing, bounded byte buffer. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes, not NUL-terminated. */
struct str {
    const char *data;
    size_t size;
};

static inline struct str str_of(const char *text)
{
    return (struct str){text, text == NULL ? 0 : strlen(text)};
}
static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
static inline bool str_is(struct str a, const char *text)
{
    return str_equal(a, str_of(text));
}
/* Byte order, shorter first on a common prefix. */
int str_compare(struct str a, struct str b);
struct str str_trim_ends(struct str text);
/* Without ASCII white space at both ends. */
static inline struct str str_trim(struct str text)
{
    bool bare = text.size > 0 && (unsigned char)text.data[0] > ' ' &&
                (unsigned char)text.data[text.size - 1] > ' ';
    return bare ? text : str_trim_ends(text);
}
/* The Damerau-Levenshtein distance, at most `limit` + 1. For "did you mean". */
size_t str_distance(struct str a, struct str b, size_t limit);

/* A byte buffer that cannot be made without its maximum. Zero-initialize, then bytes_limit(). */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
};
static inline struct bytes bytes_limited(size_t limit)
{
    return (struct bytes){.limit = limit};
}
MUST_CHECK enum status bytes_reserve(struct bytes *bytes, size_t more, struct err *err);
MUST_CHECK enum status bytes_append(struct bytes *bytes, const void *data, size_t size,
                                    struct err *err);
MUST_CHECK enum status bytes_append_text(struct bytes *bytes, const char *text, struct err *err);
MUST_CHECK enum status bytes_format(struct bytes *bytes, struct err *err, const char *format, ...)
    PRINTF_LIKE(3, 4);
void bytes_release(struct bytes *bytes);

/* Writes `text` with control and bidirectional characters and invalid UTF-8 escaped (\n, \x1b,
 * \u202e), cut with "..." at `room`. For every byte that reaches a terminal or a log. Returns ret.
 */
char *escape_for_terminal(struct str text, char *ret, size_t room);
/* Appends a JSON string with quotes; invalid UTF-8 becomes U+FFFD. */
MUST_CHECK enum status bytes_append_json(struct bytes *bytes, struct str text, struct err *err);

#endif
