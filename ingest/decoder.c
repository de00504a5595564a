/* ingest/decoder.c: text of any encoding as UTF-8, and the way back.
 *
 * The way back is a sparse table of places that are known on both sides; from the nearest one in
 * front, the original is decoded once more until the wanted place of the text is reached. */
#include "ingest/decoder.h"

#include "base/command.h"
#include "base/output.h"
#include "columnar/kernels.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#define READ_BYTES    (64u << 10)
#define WRITE_BYTES   (16u << 10)
#define PLACES_MOST   (32u << 10) /* then every second one is forgotten */
#define SEQUENCE_MOST 64u         /* bytes of a character with its escape sequences, amply */

/* ---- iconv ---- */

struct decoder {
    iconv_t handle;
    size_t unit;
};

static enum status decoder_open(struct decoder *ret, const struct encoding *encoding,
                                struct err *err)
{
    ret->unit = encoding->unit;
    ret->handle = iconv_open("UTF-8", encoding->decoder);
    if (ret->handle != (iconv_t)-1) return STATUS_OK;
    return fail_errno(err, errno, "encoding \"%s\"", encoding->name);
}

static void decoder_close(struct decoder *decoder)
{
    if (decoder->handle != NULL && decoder->handle != (iconv_t)-1) iconv_close(decoder->handle);
    decoder->handle = NULL;
}

struct stretch { /* what is left of both sides */
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_room;
    uint64_t wrong;
};

static bool mark_wrong(struct decoder *decoder, struct stretch *stretch)
{
    if (stretch->out_room == 0) return false;
    size_t size = decoder->unit < stretch->in_size ? decoder->unit : stretch->in_size;
    *stretch->out++ = 0xff;
    stretch->out_room--;
    stretch->in += size;
    stretch->in_size -= size;
    stretch->wrong++;
    return true;
}

/* glibc reads code points beyond U+10FFFF from some encodings and writes them in the form of UTF-8;
 * they are no characters. `begin`: what iconv wrote last, whole sequences. */
static void take_out_of_range(struct stretch *stretch, uint8_t *begin)
{
    uint8_t *end = stretch->out, *to = begin;
    for (uint8_t *at = begin; at < end;) {
        size_t good = kernels()->utf8_check(at, (size_t)(end - at));
        memmove(to, at, good);
        to += good;
        at += good;
        if (at == end) break;
        *to++ = 0xff;
        stretch->wrong++;
        for (at++; at < end && (*at & 0xc0) == 0x80; at++) {
        }
    }
    stretch->out = to;
    stretch->out_room += (size_t)(end - to);
}

/* Until the bytes or the room end. True when all bytes are decoded and, where they are the `last`,
 * nothing is held back; false when there is no room, or a sequence goes on behind the bytes. */
static bool decode(struct decoder *decoder, struct stretch *stretch, bool last)
{
    for (;;) {
        char *in = (char *)(uintptr_t)stretch->in, *out = (char *)stretch->out;
        bool end = stretch->in_size == 0;
        if (end && !last) return true;
        size_t code =
            iconv(decoder->handle, end ? NULL : &in, &stretch->in_size, &out, &stretch->out_room);
        int reason = errno;
        uint8_t *begin = stretch->out;
        stretch->in = (const uint8_t *)in;
        stretch->out = (uint8_t *)out;
        take_out_of_range(stretch, begin);
        if (code != (size_t)-1 && end) return true;
        if (code != (size_t)-1) continue;
        if (reason == E2BIG || (reason == EINVAL && !last)) return false;
        if (!mark_wrong(decoder, stretch)) return false;
    }
}

enum status decode_text(const struct encoding *encoding, struct str text, struct bytes *ret,
                        uint64_t *ret_wrong, struct err *err)
{
    OWNED(decoder_close) struct decoder decoder = {0};
    struct stretch stretch = {.in = (const uint8_t *)text.data + encoding->mark,
                              .in_size = text.size - encoding->mark};
    TRY(decoder_open(&decoder, encoding, err));
    for (bool done = false; !done;) {
        TRY(bytes_reserve(ret, stretch.in_size + SEQUENCE_MOST, err));
        stretch.out = ret->data + ret->size;
        stretch.out_room = ret->capacity - ret->size;
        done = decode(&decoder, &stretch, true);
        ret->size = (size_t)(stretch.out - ret->data);
    }
    *ret_wrong = stretch.wrong;
    return STATUS_OK;
}

/* ---- a file ---- */

struct place {
    uint64_t text, original;
};

struct decoding {
    struct input *original;
    struct encoding encoding;
    struct digest digest;
    struct place *places;
    size_t count;
    uint64_t apart; /* bytes of text between two of them, at least */
};

static void note_place(struct decoding *decoding, uint64_t text, uint64_t original)
{
    if (decoding->count > 0 && !decoding->encoding.plain) return; /* only the front is known */
    if (decoding->count > 0 && text < decoding->places[decoding->count - 1].text + decoding->apart)
        return;
    if (decoding->count == PLACES_MOST) {
        for (size_t i = 0; i < PLACES_MOST / 2; i++)
            decoding->places[i] = decoding->places[i * 2];
        decoding->count = PLACES_MOST / 2;
        decoding->apart *= 2;
    }
    decoding->places[decoding->count++] = (struct place){text, original};
}

struct spooling {
    struct decoding *decoding;
    struct decoder decoder;
    int descriptor;
    uint8_t *in, *out;
    size_t had;           /* of `in`, not yet decoded */
    uint64_t read, wrote; /* of the original, of the text */
    uint64_t size;        /* of the original */
    struct digester digester;
};

static void spooling_close(struct spooling *spooling)
{
    decoder_close(&spooling->decoder);
    descriptor_close(&spooling->descriptor);
    memory_free(spooling->in);
    memory_free(spooling->out);
}

static enum status spool_more(struct spooling *spooling, struct err *err)
{
    uint64_t left = spooling->size - spooling->read;
    size_t more = READ_BYTES - spooling->had;
    if (more > left) more = (size_t)left;
    uint8_t *to = spooling->in + spooling->had;
    TRY(input_read_at(spooling->decoding->original, to, more, spooling->read, err));
    digester_add(&spooling->digester, to, more);
    spooling->read += more;
    spooling->had += more;
    return STATUS_OK;
}

static enum status spool_block(struct spooling *spooling, bool *ret_done, struct err *err)
{
    bool last = spooling->read == spooling->size;
    struct stretch stretch = {.in = spooling->in,
                              .in_size = spooling->had,
                              .out = spooling->out,
                              .out_room = WRITE_BYTES};
    bool all = decode(&spooling->decoder, &stretch, last);
    size_t made = WRITE_BYTES - stretch.out_room;
    TRY(write_all(spooling->descriptor, spooling->out, made, err));
    memmove(spooling->in, stretch.in, stretch.in_size);
    spooling->had = stretch.in_size;
    spooling->wrote += made;
    note_place(spooling->decoding, spooling->wrote, spooling->read - spooling->had);
    *ret_done = all && last;
    return STATUS_OK;
}

static enum status spool_all(struct spooling *spooling, struct err *err)
{
    const struct encoding *encoding = &spooling->decoding->encoding;
    TRY(decoder_open(&spooling->decoder, encoding, err));
    TRY(NEW(&spooling->in, READ_BYTES, err));
    TRY(NEW(&spooling->out, WRITE_BYTES, err));
    TRY(temporary_open(&spooling->descriptor, err));
    TRY(input_read_at(spooling->decoding->original, spooling->in, encoding->mark, 0, err));
    digester_begin(&spooling->digester);
    digester_add(&spooling->digester, spooling->in, encoding->mark);
    spooling->read = encoding->mark;
    note_place(spooling->decoding, 0, encoding->mark);
    for (bool done = false; !done;) {
        TRY(interrupted(err));
        TRY(spool_more(spooling, err));
        TRY(spool_block(spooling, &done, err));
    }
    spooling->decoding->digest = digester_end(&spooling->digester);
    return STATUS_OK;
}

enum status decoding_open(struct decoding **ret, struct input *original,
                          const struct encoding *encoding, struct input **ret_text, struct err *err)
{
    OWNED(decoding_close) struct decoding *decoding = NULL;
    TRY(NEW(&decoding, 1, err));
    decoding->original = original;
    decoding->encoding = *encoding;
    decoding->apart = WRITE_BYTES / 2;
    TRY(NEW(&decoding->places, PLACES_MOST, err));
    OWNED(spooling_close)
    struct spooling spooling = {
        .decoding = decoding, .descriptor = -1, .size = (uint64_t)input_size(original)};
    TRY(spool_all(&spooling, err));
    int taken = spooling.descriptor;
    spooling.descriptor = -1;
    TRY(input_from_descriptor(ret_text, taken, input_name(original), err));
    *ret = decoding;
    decoding = NULL;
    return STATUS_OK;
}

const struct encoding *decoding_encoding(const struct decoding *decoding)
{
    return &decoding->encoding;
}

struct digest decoding_digest(const struct decoding *decoding)
{
    return decoding->digest;
}

void decoding_close(struct decoding **decoding)
{
    if (*decoding == NULL) return;
    memory_free((*decoding)->places);
    memory_free(*decoding);
    *decoding = NULL;
}

/* ---- the way back ---- */

struct way {
    const struct decoding *decoding;
    struct decoder decoder;
    struct place at;
};

static void way_close(struct way *way)
{
    decoder_close(&way->decoder);
}

static enum status way_open(struct way *way, struct err *err)
{
    way->at = way->decoding->places[0];
    return decoder_open(&way->decoder, &way->decoding->encoding, err);
}

/* To the last known place in front of `text`, unless the way is between both. */
static void jump(struct way *way, uint64_t text)
{
    const struct decoding *decoding = way->decoding;
    size_t low = 0, high = decoding->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (decoding->places[middle].text <= text)
            low = middle;
        else
            high = middle;
    }
    if (way->at.text <= text && way->at.text >= decoding->places[low].text) return;
    way->at = decoding->places[low];
    (void)iconv(way->decoder.handle, NULL, NULL, NULL, NULL);
}

/* Decodes at most `size` bytes into at most `room`; *ret_moved false when neither side moved. */
static enum status walk(struct way *way, size_t size, size_t room, bool *ret_moved, struct err *err)
{
    uint8_t in[4096], out[4096];
    struct input *original = way->decoding->original;
    uint64_t left = (uint64_t)input_size(original) - way->at.original;
    bool last = left <= size;
    if (size > sizeof in) size = sizeof in;
    if (last && left < size) size = (size_t)left;
    if (room > sizeof out) room = sizeof out;
    TRY(input_read_at(original, in, size, way->at.original, err));
    struct stretch stretch = {.in = in, .in_size = size, .out = out, .out_room = room};
    (void)decode(&way->decoder, &stretch, last && size == left);
    *ret_moved = stretch.in_size < size || stretch.out_room < room;
    way->at.original += size - stretch.in_size;
    way->at.text += room - stretch.out_room;
    return STATUS_OK;
}

/* Far away in blocks, the last bytes one by one: a decoder may read on without writing. */
static enum status way_to(struct way *way, uint64_t text, uint64_t *ret, struct err *err)
{
    const size_t unit = way->decoder.unit;
    jump(way, text);
    for (bool moved = true; moved && way->at.text + SEQUENCE_MOST < text;) {
        uint64_t room = text - SEQUENCE_MOST - way->at.text;
        TRY(walk(way, SIZE_MAX, room > SIZE_MAX ? SIZE_MAX : (size_t)room, &moved, err));
    }
    size_t size = unit;
    while (way->at.text < text && size <= SEQUENCE_MOST) {
        bool moved;
        TRY(walk(way, size, (size_t)(text - way->at.text), &moved, err));
        size = moved ? unit : size + unit;
    }
    *ret = way->at.original;
    return STATUS_OK;
}

static enum status original_range(struct way *way, int64_t text, size_t size, uint64_t *ret_begin,
                                  uint64_t *ret_end, struct err *err)
{
    TRY(way_to(way, (uint64_t)text, ret_begin, err));
    return way_to(way, (uint64_t)text + size, ret_end, err);
}

static enum status restore_reject(struct way *way, struct arena *arena, struct reject *reject,
                                  struct err *err)
{
    uint64_t begin, end;
    TRY(original_range(way, reject->byte_offset, reject->raw.size, &begin, &end, err));
    size_t size = (size_t)(end - begin);
    char *raw = arena_get(arena, size, 1);
    if (raw == NULL) return fail_memory(err, size);
    TRY(input_read_at(way->decoding->original, raw, size, begin, err));
    reject->raw = (struct str){raw, size};
    reject->byte_offset = (int64_t)begin;
    if (strcmp(reject->rule, "encoding") != 0) return STATUS_OK;
    char *message =
        arena_format(arena, "found bytes that are not %s", way->decoding->encoding.name);
    if (message == NULL) return fail_memory(err, ENCODING_NAME);
    reject->message = str_of(message);
    return STATUS_OK;
}

enum status decoding_restore(const struct decoding *decoding, struct source_rows *rows,
                             struct err *err)
{
    OWNED(way_close) struct way way = {.decoding = decoding};
    if (rows->reject_count == 0) return STATUS_OK;
    TRY(way_open(&way, err));
    for (size_t i = 0; i < rows->reject_count; i++)
        if (rows->rejects[i].byte_offset >= 0)
            TRY(restore_reject(&way, rows->arena, &rows->rejects[i], err));
    return STATUS_OK;
}

enum status decoding_restore_place(const struct decoding *decoding, struct source_place *place,
                                   struct bytes *scratch, struct err *err)
{
    OWNED(way_close) struct way way = {.decoding = decoding};
    uint64_t begin, end;
    TRY(way_open(&way, err));
    TRY(original_range(&way, place->byte_offset, place->raw.size, &begin, &end, err));
    size_t size = (size_t)(end - begin);
    scratch->size = 0;
    TRY(bytes_reserve(scratch, size, err));
    TRY(input_read_at(decoding->original, scratch->data, size, begin, err));
    scratch->size = size;
    place->raw = (struct str){(const char *)scratch->data, size};
    place->byte_offset = (int64_t)begin;
    return STATUS_OK;
}
