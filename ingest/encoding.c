/* ingest/encoding.c: which encoding a text is in. */
#include "ingest/encoding.h"

#include "base/command.h"
#include "base/memory.h"
#include "columnar/kernels.h"

#include <ctype.h>
#include <iconv.h>
#include <stdio.h>
#include <uchardet/uchardet.h>

#define BLOCK_BYTES   (256u << 10)
#define SAMPLE_BYTES  (256u << 10) /* that uchardet gets */
#define HIGH_FEW      6            /* with fewer bytes beyond ASCII statistics mean nothing, */
#define DIFFERENT_FEW 3            /* and little where there are not so many different ones */

/* ---- names ---- */

struct known {
    const char *name, *decoder;
    uint8_t unit;
    bool state; /* what a byte means may depend on bytes far in front of it */
};
static const struct known encodings[] = {
    {"utf-8", "UTF-8", 1, false},
    {"utf-16le", "UTF-16LE", 2, false},
    {"utf-16be", "UTF-16BE", 2, false},
    {"utf-32le", "UTF-32LE", 4, false},
    {"utf-32be", "UTF-32BE", 4, false},
    {"iso-8859-1", "ISO-8859-1", 1, false},
    {"iso-8859-2", "ISO-8859-2", 1, false},
    {"iso-8859-3", "ISO-8859-3", 1, false},
    {"iso-8859-4", "ISO-8859-4", 1, false},
    {"iso-8859-5", "ISO-8859-5", 1, false},
    {"iso-8859-6", "ISO-8859-6", 1, false},
    {"iso-8859-7", "ISO-8859-7", 1, false},
    {"iso-8859-8", "ISO-8859-8", 1, false},
    {"iso-8859-9", "ISO-8859-9", 1, false},
    {"iso-8859-10", "ISO-8859-10", 1, false},
    {"iso-8859-13", "ISO-8859-13", 1, false},
    {"iso-8859-15", "ISO-8859-15", 1, false},
    {"iso-8859-16", "ISO-8859-16", 1, false},
    {"windows-874", "CP874", 1, false},
    {"windows-1250", "CP1250", 1, false},
    {"windows-1251", "CP1251", 1, false},
    {"windows-1252", "CP1252", 1, false},
    {"windows-1253", "CP1253", 1, false},
    {"windows-1254", "CP1254", 1, false},
    {"windows-1255", "CP1255", 1, true},
    {"windows-1256", "CP1256", 1, false},
    {"windows-1257", "CP1257", 1, false},
    {"windows-1258", "CP1258", 1, true},
    {"ibm850", "IBM850", 1, false},
    {"ibm852", "IBM852", 1, false},
    {"ibm855", "IBM855", 1, false},
    {"ibm866", "IBM866", 1, false},
    {"koi8-r", "KOI8-R", 1, false},
    {"koi8-u", "KOI8-U", 1, false},
    {"macintosh", "MACINTOSH", 1, false},
    {"mac-cyrillic", "MAC-CYRILLIC", 1, false},
    {"viscii", "VISCII", 1, false},
    {"shift_jis", "CP932", 1, false},
    {"euc-jp", "EUC-JP-MS", 1, false},
    {"iso-2022-jp", "ISO-2022-JP-3", 1, true},
    {"iso-2022-kr", "ISO-2022-KR", 1, true},
    {"gb18030", "GB18030", 1, false},
    {"big5", "BIG5", 1, false},
    {"euc-tw", "EUC-TW", 1, false},
    {"euc-kr", "CP949", 1, false},
};

/* Other names of the same, and what is read as its superset. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"utf8", "utf-8"},          {"ascii", "utf-8"},         {"us-ascii", "utf-8"},
    {"latin1", "iso-8859-1"},   {"latin-1", "iso-8859-1"},  {"cp1250", "windows-1250"},
    {"cp1251", "windows-1251"}, {"cp1252", "windows-1252"}, {"cp932", "shift_jis"},
    {"sjis", "shift_jis"},      {"shift-jis", "shift_jis"}, {"windows-31j", "shift_jis"},
    {"gb2312", "gb18030"},      {"gbk", "gb18030"},         {"uhc", "euc-kr"},
    {"cp949", "euc-kr"},        {"tis-620", "windows-874"}, {"iso-8859-11", "windows-874"},
};

static const struct known *known_named(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcasecmp(name, aliases[i].alias) == 0) name = aliases[i].name;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (strcasecmp(name, encodings[i].name) == 0) return &encodings[i];
    return NULL;
}

static void set_known(struct encoding *ret, const char *name, size_t mark)
{
    const struct known *known = known_named(name);
    *ret = (struct encoding){.mark = mark, .unit = known->unit, .plain = !known->state};
    snprintf(ret->name, sizeof ret->name, "%s", known->name);
    snprintf(ret->decoder, sizeof ret->decoder, "%s", known->decoder);
}

static bool can_be_name(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && strchr("-_.:+()", name[i]) == NULL) return false;
    return size > 0 && size < ENCODING_NAME;
}

enum status encoding_named(const char *name, struct encoding *ret, struct err *err)
{
    if (strcasecmp(name, "utf-16") == 0) name = "utf-16le";
    if (strcasecmp(name, "utf-32") == 0) name = "utf-32le";
    if (known_named(name) != NULL) {
        set_known(ret, name, 0);
        return STATUS_OK;
    }
    iconv_t handle = can_be_name(name) ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (handle == (iconv_t)-1) {
        (void)fail(err, STATUS_USAGE, "found encoding \"%s\", expected a known one", name);
        err_hint(err, "auto, utf-8, utf-16, windows-1252, shift_jis, or any of iconv -l");
        return STATUS_USAGE;
    }
    iconv_close(handle);
    *ret = (struct encoding){.unit = 1};
    snprintf(ret->name, sizeof ret->name, "%s", name);
    snprintf(ret->decoder, sizeof ret->decoder, "%s", name);
    return STATUS_OK;
}

bool encoding_is_utf8(const struct encoding *encoding)
{
    return strcmp(encoding->name, "utf-8") == 0;
}

/* ---- Unicode ---- */

static bool by_mark(const uint8_t *text, size_t size, struct encoding *ret)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } marks[] = {
        {"\xff\xfe\0\0", 4, "utf-32le"}, {"\0\0\xfe\xff", 4, "utf-32be"},
        {"\xef\xbb\xbf", 3, "utf-8"},    {"\xff\xfe", 2, "utf-16le"},
        {"\xfe\xff", 2, "utf-16be"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (size < marks[i].size || memcmp(text, marks[i].bytes, marks[i].size) != 0) continue;
        set_known(ret, marks[i].name, marks[i].size);
        ret->found = true;
        return true;
    }
    return false;
}

static bool is_print(uint32_t unit)
{
    return (unit >= 0x20 && unit < 0x7f) || unit == '\t' || unit == '\n' || unit == '\r';
}

/* UTF-32 uses 17 of 65536 values of its upper half, and text is mostly in the first two planes. */
static bool by_wide_units(const uint8_t *text, size_t size, struct encoding *ret)
{
    size_t units = size / 4, little = 0, big = 0;
    for (size_t i = 0; i < units; i++) {
        const uint8_t *at = text + i * 4;
        little += at[3] == 0 && at[2] <= 0x10 && (at[0] | at[1] | at[2]) != 0;
        big += at[0] == 0 && at[1] <= 0x10 && (at[1] | at[2] | at[3]) != 0;
    }
    if (units < 2 || (little < units && big < units)) return false;
    set_known(ret, little == units ? "utf-32le" : "utf-32be", 0);
    return true;
}

static size_t count_print(const uint8_t *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += is_print(text[i]);
    return count;
}

static size_t count_controls(const uint8_t *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] < 0x20 && !is_print(text[i]);
    return count;
}

/* In UTF-16 the zero bytes of ASCII, spaces and line ends stand on one side only. */
static bool by_zero_bytes(const uint8_t *text, size_t size, struct encoding *ret)
{
    size_t print[2] = {0, 0}, zeros[2] = {0, 0};
    for (size_t i = 0; i + 1 < size; i += 2)
        for (size_t side = 0; side < 2; side++) {
            zeros[side] += text[i + side] == 0;
            print[side] += text[i + side] == 0 && is_print(text[i + (side ^ 1)]);
        }
    size_t side = zeros[1] > zeros[0], most = zeros[side];
    if (size < 4 || most * 10 < (zeros[0] + zeros[1]) * 9)
        return false;                                         /* other zeros stand anywhere */
    if (count_print(text, size) * 4 > size * 3) return false; /* bytes of ASCII, not halves */
    /* a text of any language has spaces or line ends; UTF-8 with zero bytes in it is no UTF-16 */
    bool utf8 = kernels()->utf8_check(text, size) + 4 >= size;
    if (print[side] * 200 < size || (utf8 && count_controls(text, size) * 4 < size)) return false;
    set_known(ret, side == 1 ? "utf-16le" : "utf-16be", 0);
    return true;
}

static bool by_zeros(const uint8_t *text, size_t size, bool whole, struct encoding *ret)
{
    if (size == 0 || memchr(text, '\0', size) == NULL) return false;
    bool found = (!whole || size % 4 == 0) && by_wide_units(text, size, ret);
    found = found || ((!whole || size % 2 == 0) && by_zero_bytes(text, size, ret));
    ret->found = found;
    return found;
}

/* ---- UTF-8 ---- */

struct tally {
    size_t sequences, wrong; /* of several bytes; bytes that belong to none */
};

static struct tally count_utf8(const uint8_t *text, size_t size, bool whole)
{
    struct tally tally = {0};
    size_t good = kernels()->utf8_check(text, size);
    for (size_t at = 0; at < size;) {
        if (at == good) {
            if (!whole && size - at < 4) break; /* a sequence that the sample cuts */
            tally.wrong++;
            at++;
            good = at + kernels()->utf8_check(text + at, size - at);
            continue;
        }
        for (; at < good; at++)
            tally.sequences += text[at] >= 0xc0;
    }
    return tally;
}

/* ---- the rest ---- */

/* Which bytes beyond ASCII occur, how many different ones, and how often in all. */
struct high_bytes {
    bool has[128];
    size_t different, all;
};

static struct high_bytes high_bytes_of(const uint8_t *text, size_t size)
{
    struct high_bytes high = {0};
    for (size_t i = 0; i < size; i++) {
        if (text[i] < 0x80) continue;
        high.all++;
        high.different += !high.has[text[i] - 0x80];
        high.has[text[i] - 0x80] = true;
    }
    return high;
}

/* Whether what is not ASCII looks like letters among letters or the signs of windows-1252. */
static bool looks_western(const uint8_t *text, size_t size)
{
    size_t high = 0, fits = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = text[i];
        if (byte < 0x80) continue;
        bool beside = (i > 0 && isalpha(text[i - 1])) || (i + 1 < size && isalpha(text[i + 1]));
        bool sign = (byte >= 0x91 && byte <= 0x97) || memchr("\x80\x85\xa0\xa3\xa7\xa9\xab\xae\xb0"
                                                             "\xb1\xb2\xb3\xb5\xb7\xbb\xbc\xbd\xbe",
                                                             byte, 18) != NULL;
        high++;
        fits += sign || (byte >= 0xc0 && byte < 0xfe && beside);
    }
    return fits * 10 >= high * 9;
}

/* Whether iconv decodes all of it; a sample may cut its last character. */
static bool decodes(const char *decoder, const uint8_t *text, size_t size, bool whole)
{
    char room[4096], *in = (char *)(uintptr_t)text;
    size_t left = size;
    iconv_t handle = iconv_open("UTF-8", decoder);
    if (handle == (iconv_t)-1) return false;
    bool good = true;
    while (good && left > 0) {
        char *out = room;
        size_t free_room = sizeof room;
        if (iconv(handle, &in, &left, &out, &free_room) == (size_t)-1 && free_room == sizeof room)
            good = false;
    }
    iconv_close(handle);
    return good || (!whole && left < 8);
}

static bool has_controls(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] >= 0x80 && text[i] < 0xa0) return true;
    return false;
}

/* The letters ISO-8859-15 has where ISO-8859-1 has rarer signs, among letters, or a price. */
static bool says_latin9(const uint8_t *text, size_t size)
{
    for (size_t i = 1; i + 1 < size; i++) {
        bool letter = memchr("\xa6\xa8\xb4\xb8\xbc\xbd\xbe", text[i], 7) != NULL;
        if (letter && isalpha(text[i - 1]) && isalpha(text[i + 1])) return true;
        if (text[i] == 0xa4 && (isdigit(text[i - 1]) || isdigit(text[i + 1]) ||
                                text[i - 1] == ' ' || text[i + 1] == ' '))
            return true;
    }
    return false;
}

/* A name of uchardet as the one whose table also has what such files really hold. */
static const char *widened(const char *name, const uint8_t *text, size_t size)
{
    static const struct {
        const char *narrow, *wide;
    } pairs[] = {
        {"ISO-8859-2", "windows-1250"},
        {"ISO-8859-7", "windows-1253"},
        {"ISO-8859-8", "windows-1255"},
        {"ISO-8859-13", "windows-1257"},
    };
    if (strcmp(name, "ISO-8859-1") == 0) return "windows-1252";
    if (strcmp(name, "ISO-8859-9") == 0) return "windows-1254";
    if (strcmp(name, "ISO-8859-15") == 0 && !says_latin9(text, size)) return "windows-1252";
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(name, pairs[i].narrow) == 0 && has_controls(text, size)) return pairs[i].wide;
    return name;
}

static void ask_uchardet(const uint8_t *text, size_t size, char ret[ENCODING_NAME])
{
    ret[0] = '\0';
    uchardet_t detector = uchardet_new();
    if (detector == NULL) return;
    if (size > SAMPLE_BYTES) size = SAMPLE_BYTES;
    if (uchardet_handle_data(detector, (const char *)text, size) == 0) {
        uchardet_data_end(detector);
        snprintf(ret, ENCODING_NAME, "%s", uchardet_get_charset(detector));
    }
    uchardet_delete(detector);
}

/* Shift_JIS, GB18030 and their like have tables that are hard to fit by chance. */
static bool single_byte(const struct known *known)
{
    static const char *const several[] = {"shift_jis", "euc-jp", "gb18030",
                                          "big5",      "euc-tw", "euc-kr"};
    for (size_t i = 0; known != NULL && i < sizeof several / sizeof *several; i++)
        if (strcmp(known->name, several[i]) == 0) return false;
    return true;
}

/* Whether all of these bytes mean in windows-1252 what they mean in the other encoding. */
static bool reads_as_western(const char *decoder, const struct high_bytes *high)
{
    bool same = true;
    iconv_t here = iconv_open("UTF-8", decoder), there = iconv_open("UTF-8", "CP1252");
    for (int i = 0; same && here != (iconv_t)-1 && there != (iconv_t)-1 && i < 128; i++) {
        char byte = (char)(0x80 + i), a[8] = "", b[8] = "";
        char *in = &byte, *in_too = &byte, *out = a, *out_too = b;
        size_t size = 1, size_too = 1, room = sizeof a - 1, room_too = sizeof b - 1;
        if (!high->has[i]) continue;
        same = iconv(here, &in, &size, &out, &room) != (size_t)-1 &&
               iconv(there, &in_too, &size_too, &out_too, &room_too) != (size_t)-1 &&
               strcmp(a, b) == 0;
    }
    if (here != (iconv_t)-1) iconv_close(here);
    if (there != (iconv_t)-1) iconv_close(there);
    return same;
}

static void by_statistics(const uint8_t *text, size_t size, bool whole, struct encoding *ret)
{
    char name[ENCODING_NAME];
    ask_uchardet(text, size, name);
    const struct known *known = known_named(widened(name, text, size));
    struct high_bytes high = high_bytes_of(text, size);
    bool western = looks_western(text, size);
    if (high.all < HIGH_FEW && (western || single_byte(known))) known = NULL;
    if (western && known != NULL && single_byte(known) &&
        (high.different < DIFFERENT_FEW || reads_as_western(known->decoder, &high)))
        known = NULL;
    if (known == NULL || known->unit > 1 || strcmp(known->name, "utf-8") == 0 ||
        !decodes(known->decoder, text, size, whole))
        known = looks_western(text, size) && decodes("CP1252", text, size, whole)
                    ? known_named("windows-1252")
                    : NULL;
    set_known(ret, known == NULL ? "utf-8" : known->name, 0);
    ret->found = true;
}

/* ISO-2022 is ASCII with escape sequences. */
static bool by_escapes(const uint8_t *text, size_t size, bool whole, struct encoding *ret)
{
    char name[ENCODING_NAME];
    if (size == 0 || memchr(text, 0x1b, size) == NULL) return false;
    ask_uchardet(text, size, name);
    const struct known *known = known_named(name);
    if (known == NULL || strncmp(name, "ISO-2022", 8) != 0 ||
        !decodes(known->decoder, text, size, whole))
        return false;
    set_known(ret, known->name, 0);
    ret->found = true;
    return true;
}

/* `front`: the text begins here. */
static void search_encoding(const uint8_t *text, size_t size, bool front, bool whole,
                            enum encoding_search search, struct encoding *ret)
{
    if (front && (by_mark(text, size, ret) || by_zeros(text, size, whole, ret))) return;
    set_known(ret, "utf-8", 0);
    if (kernels()->is_ascii(text, size)) {
        if (search == ENCODING_ANY) (void)by_escapes(text, size, whole, ret);
        return;
    }
    struct tally tally = count_utf8(text, size, whole);
    ret->found = true;
    if (search == ENCODING_UNICODE || tally.sequences >= tally.wrong * 4) return;
    by_statistics(text, size, whole, ret);
}

static bool is_given(const char *name)
{
    return name != NULL && strcmp(name, "auto") != 0;
}

enum status encoding_of(const uint8_t *text, size_t size, bool whole, const char *given,
                        enum encoding_search search, struct encoding *ret, struct err *err)
{
    struct encoding seen;
    search_encoding(text, size, true, whole, is_given(given) ? ENCODING_UNICODE : search, &seen);
    *ret = seen;
    if (!is_given(given)) return STATUS_OK;
    TRY(encoding_named(given, ret, err));
    bool open = strcasecmp(given, "utf-16") == 0 || strcasecmp(given, "utf-32") == 0;
    bool same = seen.unit == ret->unit && (open || strcmp(seen.name, ret->name) == 0);
    if (same && (seen.unit > 1 || seen.mark > 0)) *ret = seen;
    ret->found = false;
    return STATUS_OK;
}

/* Where the first block with a byte beyond plain ASCII text is, or `size`. */
static enum status find_odd_block(struct input *input, uint8_t *block, uint64_t size, uint64_t *ret,
                                  struct err *err)
{
    for (*ret = 0; *ret < size; *ret += BLOCK_BYTES) {
        size_t part = size - *ret < BLOCK_BYTES ? (size_t)(size - *ret) : BLOCK_BYTES;
        TRY(interrupted(err));
        TRY(input_read_at(input, block, part, *ret, err));
        if (!kernels()->is_ascii(block, part) || memchr(block, 0x1b, part) != NULL) break;
    }
    return STATUS_OK;
}

enum status encoding_find(struct input *input, uint64_t limit, const char *given,
                          enum encoding_search search, struct encoding *ret, struct err *err)
{
    uint64_t size = (uint64_t)input_size(input), at;
    OWNED(memory_release) uint8_t *block = memory_get_raw(BLOCK_BYTES, 1);
    if (block == NULL) return fail_memory(err, BLOCK_BYTES);
    size_t front = size < BLOCK_BYTES ? (size_t)size : BLOCK_BYTES;
    TRY(input_read_at(input, block, front, 0, err));
    TRY(encoding_of(block, front, front == size, given, search, ret, err));
    if (is_given(given) || ret->found || ret->mark > 0) return STATUS_OK;
    TRY(find_odd_block(input, block, size < limit ? size : limit, &at, err));
    if (at >= size || at >= limit) return STATUS_OK;
    size_t part = size - at < BLOCK_BYTES ? (size_t)(size - at) : BLOCK_BYTES;
    search_encoding(block, part, false, at + part == size, search, ret);
    return STATUS_OK;
}
