/* clean/text_repair.c: one text, made what its author wrote. */
#include "clean/text_repair.h"

#include "base/memory.h"
#include "clean/text_entities.h"

#include <utf8proc.h>

#define TEXT_BYTES_MAXIMUM ((size_t)1 << 30)

/* ---- one look at the bytes ---- */

enum look {
    LOOK_HIGH = 1,
    LOOK_CONTROL = 2,
    LOOK_AMPERSAND = 4,
    LOOK_WHITE = 8, /* white space that trimming or collapsing would touch */
};

struct scan {
    unsigned found;
    bool white_before; /* true at the beginning: a leading blank is like a second one */
};

static void scan_byte(struct scan *scan, uint8_t byte)
{
    bool white = byte == ' ' || (byte >= '\t' && byte <= '\r');
    if (white && (scan->white_before || byte != ' ')) scan->found |= LOOK_WHITE;
    scan->white_before = white;
    if (white) return;
    if (byte >= 0x80) scan->found |= LOOK_HIGH;
    if (byte < 0x20 || byte == 0x7f) scan->found |= LOOK_CONTROL;
    if (byte == '&') scan->found |= LOOK_AMPERSAND;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of each byte that is zero. */
static uint64_t zero_bytes(uint64_t word)
{
    return ~(((word & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | word | EACH_BYTE(0x7f));
}

/* Eight bytes with nothing but printable ASCII other than "&": only blanks are of interest. The
 * first byte is the lowest (little-endian). False: look at each byte. */
static bool scan_word(struct scan *scan, uint64_t word)
{
    uint64_t high = word | (word - EACH_BYTE(0x20)); /* above 0x7f or below 0x20 */
    uint64_t special = zero_bytes(word ^ EACH_BYTE(0x7f)) | zero_bytes(word ^ EACH_BYTE('&'));
    if (((high | special) & EACH_BYTE(0x80)) != 0) return false;
    uint64_t blanks = zero_bytes(word ^ EACH_BYTE(' '));
    uint64_t after_blank = (blanks << 8) | (scan->white_before ? 0x80 : 0);
    if ((blanks & after_blank) != 0) scan->found |= LOOK_WHITE;
    scan->white_before = (blanks >> 63) != 0;
    return true;
}

static unsigned look(struct str text)
{
    struct scan scan = {.white_before = true};
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, sizeof word);
        if (scan_word(&scan, word)) continue;
        for (size_t k = i; k < i + 8; k++)
            scan_byte(&scan, (uint8_t)text.data[k]);
    }
    for (; i < text.size; i++)
        scan_byte(&scan, (uint8_t)text.data[i]);
    if (scan.white_before && text.size > 0) scan.found |= LOOK_WHITE;
    return scan.found;
}

/* ---- decoding ---- */

/* The character at `i` and its bytes; -1 and one byte where it is not UTF-8. */
static int32_t decode(struct str text, size_t i, size_t *ret_size)
{
    utf8proc_int32_t point = -1;
    utf8proc_ssize_t size =
        utf8proc_iterate((const uint8_t *)text.data + i, (utf8proc_ssize_t)(text.size - i), &point);
    *ret_size = size > 0 ? (size_t)size : 1;
    return size > 0 ? point : -1;
}

static enum status append_point(struct bytes *ret, int32_t point, struct err *err)
{
    uint8_t encoded[4];
    utf8proc_ssize_t size = utf8proc_encode_char(point, encoded);
    return bytes_append(ret, encoded, (size_t)size, err);
}

bool text_is_valid(struct str text)
{
    size_t size;
    for (size_t i = 0; i < text.size; i += size) {
        if ((uint8_t)text.data[i] < 0x80)
            size = 1;
        else if (decode(text, i, &size) < 0)
            return false;
    }
    return true;
}

/* Windows-1252, the code page invalid bytes nearly always come from (WHATWG Encoding, index
 * windows-1252); five bytes have no character. */
static int32_t windows_1252(uint8_t byte)
{
    static const uint16_t high[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    };
    return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

static enum status decode_invalid(enum text_decode decoding, struct str text, struct bytes *ret,
                                  struct err *err)
{
    size_t size;
    for (size_t i = 0; i < text.size; i += size) {
        bool valid = decode(text, i, &size) >= 0;
        if (valid) {
            TRY(bytes_append(ret, text.data + i, size, err));
            continue;
        }
        int32_t point =
            decoding == DECODE_WINDOWS_1252 ? windows_1252((uint8_t)text.data[i]) : 0xfffd;
        TRY(append_point(ret, point, err));
    }
    return STATUS_OK;
}

/* ---- characters nobody sees ---- */

/* Control characters other than white space, zero-width and directional marks, the byte order mark,
 * interlinear annotation, and deprecated format characters (Unicode 15, sections 23.2 and 23.8).
 * The joiners U+200C and U+200D stay where they shape a script. */
static bool is_invisible(int32_t point)
{
    if (point < 0x20) return point < '\t' || point > '\r';
    if (point < 0x7f) return false;
    if (point <= 0x9f) return point != 0x85;
    switch (point) {
    case 0x00ad: /* soft hyphen */
    case 0x200b: /* zero width space */
    case 0x200e:
    case 0x200f:
    case 0x2060: /* word joiner */
    case 0xfeff: return true;
    default: break;
    }
    return (point >= 0x202a && point <= 0x202e) || (point >= 0x2061 && point <= 0x206f) ||
           (point >= 0xfff9 && point <= 0xfffb);
}

static enum status take_out_invisible(struct str text, struct bytes *ret, struct err *err)
{
    size_t size;
    int32_t before = 0;
    for (size_t i = 0; i < text.size; i += size) {
        int32_t point = decode(text, i, &size);
        bool joiner = point == 0x200c || point == 0x200d;
        if (point >= 0 && (is_invisible(point) || (joiner && before < 0x300))) continue;
        TRY(bytes_append(ret, text.data + i, size, err));
        before = point;
    }
    return STATUS_OK;
}

/* ---- quotes and ligatures ---- */

static const char *plain_quote(int32_t point)
{
    if (point >= 0x2018 && point <= 0x201b) return "'";
    return point >= 0x201c && point <= 0x201f ? "\"" : NULL;
}

static const char *plain_ligature(int32_t point)
{
    static const char *const latin[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    if (point >= 0xfb00 && point <= 0xfb06) return latin[point - 0xfb00];
    switch (point) {
    case 0x132: return "IJ";
    case 0x133: return "ij";
    case 0x149: return "'n";
    case 0x1c7: return "LJ";
    case 0x1c8: return "Lj";
    case 0x1c9: return "lj";
    case 0x1ca: return "NJ";
    case 0x1cb: return "Nj";
    case 0x1cc: return "nj";
    default: return NULL;
    }
}

static enum status write_plain_signs(const struct text_policy *policy, struct str text,
                                     struct bytes *ret, struct err *err)
{
    size_t size;
    for (size_t i = 0; i < text.size; i += size) {
        int32_t point = decode(text, i, &size);
        const char *plain = NULL;
        if (policy->quotes == QUOTES_STRAIGHT) plain = plain_quote(point);
        if (plain == NULL && policy->ligatures) plain = plain_ligature(point);
        if (plain == NULL)
            TRY(bytes_append(ret, text.data + i, size, err));
        else
            TRY(bytes_append_text(ret, plain, err));
    }
    return STATUS_OK;
}

/* ---- normal form ---- */

/* Below these every text is in its form already (DerivedNormalizationProps: NFC_QC, NFKC_QC). */
static bool needs_normalization(struct str text, enum text_form form)
{
    int32_t first = form == FORM_NFC ? 0x300 : 0xa0;
    size_t size;
    for (size_t i = 0; i < text.size; i += size) {
        size = 1;
        if ((uint8_t)text.data[i] < 0x80) continue;
        if (decode(text, i, &size) >= first) return true;
    }
    return false;
}

static enum status compose(utf8proc_int32_t *points, utf8proc_ssize_t count,
                           utf8proc_option_t forms, struct bytes *ret, struct err *err)
{
    count = utf8proc_normalize_utf32(points, count, forms);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        TRY(append_point(ret, points[i], err));
    return STATUS_OK;
}

static enum status normalize(struct str text, enum text_form form, struct bytes *ret,
                             struct err *err)
{
    utf8proc_option_t forms = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    if (form == FORM_NFKC) forms |= UTF8PROC_COMPAT;
    const uint8_t *data = (const uint8_t *)text.data;
    utf8proc_ssize_t size = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t count = utf8proc_decompose(data, size, NULL, 0, forms);
    if (count < 0) return bytes_append(ret, text.data, text.size, err); /* invalid: as it is */
    OWNED(memory_release) utf8proc_int32_t *points = NULL;
    TRY(NEW(&points, (size_t)count + 1, err));
    utf8proc_decompose(data, size, points, count, forms);
    return compose(points, count, forms, ret, err);
}

/* ---- white space ---- */

static bool is_white(int32_t point)
{
    if (point <= ' ') return point == ' ' || (point >= '\t' && point <= '\r');
    if (point < 0x85) return false;
    return point == 0x85 || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

static bool is_line_break(int32_t point)
{
    return (point >= '\n' && point <= '\r') || point == 0x85 || point == 0x2028 || point == 0x2029;
}

static struct str trim_white(struct str text)
{
    size_t from = 0, to = 0, size;
    bool begun = false;
    for (size_t i = 0; i < text.size; i += size) {
        if (is_white(decode(text, i, &size))) continue;
        if (!begun) from = i;
        begun = true;
        to = i + size;
    }
    return (struct str){text.data + from, to - from};
}

/* A run of white space becomes one blank, or one line break where it has one. */
static enum status collapse_white(struct str text, struct bytes *ret, struct err *err)
{
    bool pending = false, broken = false;
    size_t size;
    for (size_t i = 0; i < text.size; i += size) {
        int32_t point = decode(text, i, &size);
        if (is_white(point)) {
            pending = true;
            broken = broken || is_line_break(point);
            continue;
        }
        if (pending) TRY(bytes_append(ret, broken ? "\n" : " ", 1, err));
        pending = broken = false;
        TRY(bytes_append(ret, text.data + i, size, err));
    }
    return STATUS_OK;
}

/* ---- all of it ---- */

const char *text_why_name(unsigned why)
{
    if (why & TEXT_INVALID) return "invalid UTF-8";
    if (why & TEXT_MOJIBAKE) return "mojibake";
    if (why & TEXT_ENTITY) return "character reference";
    if (why & TEXT_INVISIBLE) return "invisible character";
    if (why & TEXT_SIGNS) return "quote or ligature";
    if (why & TEXT_FORM) return "normal form";
    return "white space";
}

void text_room_open(struct text_room *room, const struct text_codes *codes)
{
    room->codes = codes;
    room->points = bytes_limited(TEXT_BYTES_MAXIMUM);
    room->a = bytes_limited(TEXT_BYTES_MAXIMUM);
    room->b = bytes_limited(TEXT_BYTES_MAXIMUM);
}

void text_room_release(struct text_room *room)
{
    bytes_release(&room->a);
    bytes_release(&room->b);
    bytes_release(&room->points);
}

/* A text on its way through the steps: each writes into the buffer the text does not lie in. */
struct repair {
    struct str text;
    struct text_room *room;
    bool in_a;
    unsigned why;
};

static struct bytes *next_buffer(struct repair *repair)
{
    struct bytes *buffer = repair->in_a ? &repair->room->b : &repair->room->a;
    buffer->size = 0;
    return buffer;
}

/* Goes on with what was written, if it differs. */
static void take(struct repair *repair, const struct bytes *written, enum text_why why)
{
    struct str text = {(const char *)written->data, written->size};
    if (str_equal(text, repair->text)) return;
    repair->text = text;
    repair->in_a = written == &repair->room->a;
    repair->why |= (unsigned)why;
}

static enum status repair_entities(struct repair *repair, struct err *err)
{
    struct bytes *buffer = next_buffer(repair);
    if (memchr(repair->text.data, '<', repair->text.size) != NULL) return STATUS_OK; /* markup */
    TRY(text_entities(repair->text, buffer, err));
    take(repair, buffer, TEXT_ENTITY);
    return STATUS_OK;
}

static enum status repair_decoding(const struct text_policy *policy, struct repair *repair,
                                   struct err *err)
{
    bool changed = false;
    if (!text_is_valid(repair->text)) {
        struct bytes *buffer = next_buffer(repair);
        TRY(decode_invalid((enum text_decode)policy->decode, repair->text, buffer, err));
        take(repair, buffer, TEXT_INVALID);
    }
    if (!policy->mojibake) return STATUS_OK;
    struct bytes *buffer = next_buffer(repair);
    TRY(text_mojibake(repair->room->codes, repair->text, &repair->room->points, buffer, &changed,
                      err));
    if (changed) take(repair, buffer, TEXT_MOJIBAKE);
    return STATUS_OK;
}

static enum status repair_characters(const struct text_policy *policy, struct repair *repair,
                                     struct err *err)
{
    if (policy->invisible) {
        struct bytes *buffer = next_buffer(repair);
        TRY(take_out_invisible(repair->text, buffer, err));
        take(repair, buffer, TEXT_INVISIBLE);
    }
    if (policy->quotes != QUOTES_KEEP || policy->ligatures) {
        struct bytes *buffer = next_buffer(repair);
        TRY(write_plain_signs(policy, repair->text, buffer, err));
        take(repair, buffer, TEXT_SIGNS);
    }
    enum text_form form = (enum text_form)policy->form;
    if (form != FORM_KEEP && needs_normalization(repair->text, form)) {
        struct bytes *buffer = next_buffer(repair);
        TRY(normalize(repair->text, form, buffer, err));
        take(repair, buffer, TEXT_FORM);
    }
    return STATUS_OK;
}

static enum status repair_white(const struct text_policy *policy, struct repair *repair,
                                struct err *err)
{
    if (policy->white == WHITE_TRIM) {
        struct str trimmed = trim_white(repair->text);
        if (trimmed.size != repair->text.size) repair->why |= TEXT_WHITE;
        repair->text = trimmed;
        return STATUS_OK;
    }
    struct bytes *buffer = next_buffer(repair);
    TRY(collapse_white(trim_white(repair->text), buffer, err));
    take(repair, buffer, TEXT_WHITE);
    return STATUS_OK;
}

enum status text_repair(const struct text_policy *policy, struct str text, struct text_room *room,
                        struct str *ret, unsigned *ret_why, struct err *err)
{
    struct repair repair = {.text = text, .room = room};
    unsigned found = look(text);
    if ((found & LOOK_AMPERSAND) != 0 && policy->entities) {
        TRY(repair_entities(&repair, err));
        found |= look(repair.text);
    }
    if ((found & LOOK_HIGH) != 0) TRY(repair_decoding(policy, &repair, err));
    if ((found & (LOOK_HIGH | LOOK_CONTROL)) != 0) TRY(repair_characters(policy, &repair, err));
    bool white = (found & (LOOK_HIGH | LOOK_CONTROL | LOOK_WHITE)) != 0;
    if (policy->white != WHITE_KEEP && white) TRY(repair_white(policy, &repair, err));
    *ret = repair.text;
    *ret_why = repair.why;
    return STATUS_OK;
}
