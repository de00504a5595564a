/* ingest/feed_guard.c: counts the attributes and bytes of tags, outside comments, CDATA sections
 * and instructions. libxml2 compares each attribute of a tag with each other one. */
#include "ingest/feed_guard.h"

#include <string.h>

static enum status in_tag(struct feed_guard *guard, char byte, struct err *err)
{
    if (++guard->size > TAG_BYTES_MAXIMUM)
        return fail(err, STATUS_FAILED, "found a tag of more than 1 MiB");
    if (guard->quote != 0) {
        if (byte == guard->quote) guard->quote = 0;
        return STATUS_OK;
    }
    if (byte == '"' || byte == '\'') guard->quote = byte;
    if (byte == '>') guard->state = GUARD_TEXT;
    if (byte == '=' && ++guard->attributes > TAG_ATTRIBUTES_MAXIMUM)
        return fail(err, STATUS_FAILED, "found a tag with more than %d attributes",
                    TAG_ATTRIBUTES_MAXIMUM);
    return STATUS_OK;
}

/* A comment ends with "-->", a CDATA section with "]]>", a declaration with ">". */
static void in_bang(struct feed_guard *guard, char byte)
{
    if (guard->size < sizeof guard->bang) guard->bang[guard->size++] = byte;
    if (byte != '>') return;
    bool comment = guard->size >= 2 && memcmp(guard->bang, "--", 2) == 0;
    bool cdata = guard->size == 7 && memcmp(guard->bang, "[CDATA[", 7) == 0;
    char mark = comment ? '-' : ']';
    if ((comment || cdata) && (guard->last[0] != mark || guard->last[1] != mark)) return;
    guard->state = GUARD_TEXT;
}

static void open_tag(struct feed_guard *guard, char byte)
{
    guard->state = byte == '!' ? GUARD_BANG : byte == '?' ? GUARD_INSTRUCTION : GUARD_TAG;
    guard->size = guard->attributes = 0;
    guard->quote = 0;
}

enum status feed_guard(struct feed_guard *guard, const uint8_t *data, size_t size, struct err *err)
{
    for (size_t at = 0; at < size; at++) {
        char byte = (char)data[at];
        switch (guard->state) {
        case GUARD_TEXT: {
            const uint8_t *next = memchr(data + at, '<', size - at);
            if (next == NULL) return STATUS_OK;
            at = (size_t)(next - data);
            guard->state = GUARD_OPEN;
            break;
        }
        case GUARD_OPEN: open_tag(guard, byte); break;
        case GUARD_TAG: TRY(in_tag(guard, byte, err)); break;
        case GUARD_BANG: in_bang(guard, byte); break;
        case GUARD_INSTRUCTION:
            if (byte == '>' && guard->last[1] == '?') guard->state = GUARD_TEXT;
            break;
        }
        guard->last[0] = guard->last[1];
        guard->last[1] = byte;
    }
    return STATUS_OK;
}
