/* ingest/feed_filter.c: what of a text can be no XML, found before the parser stops at it.
 *
 * One wrong byte makes a whole document ill-formed (XML 1.0, sections 2.2 and 4.3.3). It is put
 * right for the parser and remembered by its place, so that only the entry it stands in is lost. */
#include "ingest/feed_filter.h"

#include "columnar/kernels.h"
#include "ingest/source.h"

static enum status note(struct feed_filter *filter, uint64_t at, bool encoding, struct err *err)
{
    const struct feed_wrong wrong = {at, encoding};
    if (filter->places.limit == 0) filter->places = bytes_limited(WRONG_MOST * sizeof wrong);
    if (filter->places.size + sizeof wrong > filter->places.limit)
        return fail(err, STATUS_FAILED, "found more than %u bytes in one entry that are no text",
                    WRONG_MOST);
    return bytes_append(&filter->places, &wrong, sizeof wrong, err);
}

/* Bytes at the end that may be the beginning of a character. */
static size_t unfinished(const uint8_t *data, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint8_t byte = data[size - back];
        if ((byte & 0xc0) == 0x80) continue;
        size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

static enum status put_encoding_right(struct feed_filter *filter, uint8_t *data, size_t size,
                                      uint64_t offset, struct err *err)
{
    for (size_t at = kernels()->utf8_check(data, size); at < size;) {
        TRY(note(filter, offset + at, true, err));
        data[at++] = '?';
        at += kernels()->utf8_check(data + at, size - at);
    }
    return STATUS_OK;
}

/* Control characters, and U+FFFE and U+FFFF. */
static enum status put_characters_right(struct feed_filter *filter, uint8_t *data, size_t size,
                                        uint64_t offset, struct err *err)
{
    for (size_t at = 0; at < size; at++) {
        uint8_t byte = data[at];
        bool control = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
        bool none = byte == 0xef && at + 2 < size && data[at + 1] == 0xbf && data[at + 2] >= 0xbe;
        if (!control && !none) continue;
        TRY(note(filter, offset + at, false, err));
        memset(data + at, '?', none ? 3 : 1);
    }
    return STATUS_OK;
}

enum status feed_filter(struct feed_filter *filter, uint8_t *data, size_t size, bool last,
                        uint64_t offset, size_t *ret_size, struct err *err)
{
    if (!last) size -= unfinished(data, size);
    TRY(put_encoding_right(filter, data, size, offset, err));
    TRY(put_characters_right(filter, data, size, offset, err));
    *ret_size = size;
    return STATUS_OK;
}

const struct feed_wrong *feed_filter_take(struct feed_filter *filter, uint64_t end)
{
    const struct feed_wrong *places = (const void *)filter->places.data;
    size_t count = filter->places.size / sizeof *places, past = 0;
    while (past < count && places[past].at < end)
        past++;
    if (past == 0) return NULL;
    filter->first = places[0];
    memmove(filter->places.data, places + past, (count - past) * sizeof *places);
    filter->places.size = (count - past) * sizeof *places;
    return &filter->first;
}

void feed_filter_release(struct feed_filter *filter)
{
    bytes_release(&filter->places);
}
