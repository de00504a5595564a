/* ingest/json_ahead.c: how far a long line goes, without holding it.
 *
 * A line that is going to be rejected for its size never lies in memory as a whole. Strings are
 * followed by their quotes alone; whether they are right inside is for others to say. */
#include "ingest/json_parts.h"

#define WINDOW_BYTES (256u << 10)

struct look {
    bool string, escape;
    uint64_t value; /* bytes of the string, number or word at hand */
    uint64_t longest;
};

static bool is_structure(uint8_t byte)
{
    return memchr(" \t\r,:[]{}", byte, 9) != NULL;
}

static void look_at(struct look *look, uint8_t byte)
{
    if (look->string && look->escape) {
        look->escape = false;
    } else if (look->string && byte == '\\') {
        look->escape = true;
    } else if (byte == '"') {
        look->string = !look->string;
        look->value = 0;
        return;
    } else if (!look->string && is_structure(byte)) {
        look->value = 0;
        return;
    }
    if (++look->value > look->longest) look->longest = look->value;
}

enum status json_line_ahead(struct input *input, uint64_t offset, struct json_ahead *ret,
                            struct err *err)
{
    OWNED(memory_release) uint8_t *window = memory_get_raw(WINDOW_BYTES, 1);
    uint64_t end = (uint64_t)input_size(input), at = offset;
    struct look look = {0};
    bool found = false;
    if (window == NULL) return fail_memory(err, WINDOW_BYTES);
    while (!found && at < end) {
        size_t size = end - at < WINDOW_BYTES ? (size_t)(end - at) : WINDOW_BYTES, i = 0;
        TRY(interrupted(err));
        TRY(input_read_at(input, window, size, at, err));
        while (i < size && window[i] != '\n')
            look_at(&look, window[i++]);
        found = i < size;
        at += i;
    }
    *ret = (struct json_ahead){.size = at - offset, .longest = look.longest, .ended = found};
    return STATUS_OK;
}
