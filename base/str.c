/* base/str.c: slices of text and a growing, bounded byte buffer. */
#include "base/str.h"

#include "base/memory.h"

#include <stdio.h>

int str_compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim_ends(struct str text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment (Damerau-Levenshtein without repeated edits), three rows of the table.
 */
size_t str_distance(struct str a, struct str b, size_t limit)
{
    enum { ROOM = 64 };
    if (a.size >= ROOM || b.size >= ROOM) return str_equal(a, b) ? 0 : limit + 1;
    size_t rows[3][ROOM + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i - 1) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t cost = a.data[i - 1] != b.data[j - 1];
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + cost);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    size_t distance = rows[a.size % 3][b.size];
    return distance > limit ? limit + 1 : distance;
}

enum status bytes_reserve(struct bytes *bytes, size_t more, struct err *err)
{
    size_t wanted;
    if (__builtin_add_overflow(bytes->size, more, &wanted) || wanted > bytes->limit)
        return fail(err, STATUS_FAILED, "more than %zu bytes in a buffer limited to %zu",
                    bytes->limit, bytes->limit);
    if (wanted <= bytes->capacity) return STATUS_OK;
    size_t capacity = bytes->capacity < 64 ? 64 : bytes->capacity;
    while (capacity < wanted)
        capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
    if (capacity > bytes->limit) capacity = bytes->limit;
    uint8_t *data = memory_resize(bytes->data, capacity, 1);
    if (data == NULL) return fail_memory(err, capacity);
    bytes->data = data;
    bytes->capacity = capacity;
    return STATUS_OK;
}

enum status bytes_append(struct bytes *bytes, const void *data, size_t size, struct err *err)
{
    if (size == 0) return STATUS_OK;
    TRY(bytes_reserve(bytes, size, err));
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return STATUS_OK;
}

enum status bytes_append_text(struct bytes *bytes, const char *text, struct err *err)
{
    return bytes_append(bytes, text, strlen(text), err);
}

enum status bytes_format(struct bytes *bytes, struct err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) return fail(err, STATUS_FAILED, "text that could not be formatted");
    TRY(bytes_reserve(bytes, (size_t)size + 1, err)); /* vsnprintf writes its NUL */
    va_start(arguments, format);
    vsnprintf((char *)bytes->data + bytes->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    bytes->size += (size_t)size;
    return STATUS_OK;
}

void bytes_release(struct bytes *bytes)
{
    memory_free(bytes->data);
    *bytes = (struct bytes){.limit = bytes->limit};
}
