/* clean/text_mojibake.c: undoes UTF-8 that was read as another code page. */
#include "clean/text_mojibake.h"

#include "clean/text_doubt.h"
#include "clean/text_pages.h"

#include <stdlib.h>
#include <utf8proc.h>

#define TEXT_MAXIMUM     ((size_t)64 << 10)
#define DEPTH_MAXIMUM    4
#define READINGS_MAXIMUM 200 /* of one text, all depths together */
#define ENOUGH           2   /* points of doubt a reading must remove */
#define REPLACEMENT      0xfffd

/* ---- code pages by character ---- */

struct code {
    int32_t point;
    uint8_t byte;
};
struct page {
    struct code codes[192];
    size_t count;
};
struct text_codes {
    struct page pages[TEXT_PAGES];
};

static int compare_codes(const void *a, const void *b)
{
    const struct code *x = a, *y = b;
    return (x->point > y->point) - (x->point < y->point);
}

static bool has_point(const uint16_t *page, int32_t point)
{
    for (int i = 0; i < 128; i++)
        if (page[i] == point) return true;
    return false;
}

/* Bytes without a character, and windows-1252's as Latin-1 has them, are control characters. */
static void make_page(struct page *ret, const uint16_t *page, bool with_controls)
{
    for (int i = 0; i < 128; i++) {
        int32_t point = page[i] != 0 ? page[i] : 128 + i;
        ret->codes[ret->count++] = (struct code){point, (uint8_t)(128 + i)};
    }
    for (int i = 0; with_controls && i < 32; i++)
        if (page[i] != 0 && !has_point(page, 128 + i))
            ret->codes[ret->count++] = (struct code){128 + i, (uint8_t)(128 + i)};
    qsort(ret->codes, ret->count, sizeof *ret->codes, compare_codes);
}

enum status text_codes_make(struct text_codes **ret, struct arena *arena, struct err *err)
{
    *ret = arena_get(arena, 1, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, sizeof **ret);
    for (size_t i = 0; i < TEXT_PAGES; i++)
        make_page(&(*ret)->pages[i], text_pages[i], i == 0);
    return STATUS_OK;
}

/* 0 = the page has no such character. */
static uint8_t byte_of(const struct page *page, int32_t point)
{
    struct code key = {point, 0};
    const struct code *found = bsearch(&key, page->codes, page->count, sizeof key, compare_codes);
    return found == NULL ? 0 : found->byte;
}

/* ---- one sequence ---- */

struct points {
    int32_t *items;
    size_t count;
};

struct sequence {
    size_t used; /* characters; 0 = no sequence begins here */
    int32_t point;
    bool lossy; /* with a byte that was lost or became a blank */
};

static size_t length_by_lead(uint8_t lead)
{
    if (lead < 0xc2 || lead > 0xf4) return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Half of a character written as two surrogates (CESU-8), or -1. */
static int32_t surrogate_at(const struct page *page, const struct points *text, size_t at)
{
    if (at + 3 > text->count) return -1;
    uint8_t a = byte_of(page, text->items[at]), b = byte_of(page, text->items[at + 1]),
            c = byte_of(page, text->items[at + 2]);
    if (a != 0xed || b < 0xa0 || b > 0xbf || c < 0x80 || c > 0xbf) return -1;
    return (int32_t)(0xd000 | (b & 0x3f) << 6 | (c & 0x3f));
}

static struct sequence surrogates_at(const struct page *page, const struct points *text, size_t at)
{
    int32_t high = surrogate_at(page, text, at), low = surrogate_at(page, text, at + 3);
    if (high < 0xd800 || high > 0xdbff || low < 0xdc00) return (struct sequence){0};
    return (struct sequence){.used = 6, .point = 0x10000 + ((high - 0xd800) << 10) + low - 0xdc00};
}

static bool is_letter(int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/* The bytes that are meant by the characters from `at` on, as far as they go; *ret_lost when one of
 * them is a replacement character, or the "?" of a lost quotation mark. A blank may be a no-break
 * space (0xa0) that was tidied away. */
static size_t read_bytes(const struct page *page, const struct points *text, size_t at,
                         size_t length, uint8_t *bytes, bool *ret_lost, bool *ret_blank)
{
    size_t k = 1;
    for (; k < length && at + k < text->count; k++) {
        int32_t point = text->items[at + k];
        bool lost_quote = point == '?' && k == 2 && bytes[0] == 0xe2 && bytes[1] == 0x80;
        bool lost = point == REPLACEMENT || lost_quote;
        bool blank = point == ' ' && !*ret_lost && is_letter(text->items[at]);
        bytes[k] = lost ? 0xbf : blank ? 0xa0 : byte_of(page, point);
        if (bytes[k] < 0x80 || bytes[k] > 0xbf) break;
        *ret_lost = *ret_lost || lost;
        *ret_blank = *ret_blank || blank;
    }
    return k;
}

static struct sequence read_sequence(const struct page *page, const struct points *text, size_t at)
{
    uint8_t bytes[4] = {byte_of(page, text->items[at])};
    size_t length = length_by_lead(bytes[0]);
    bool lost = false, blank = false;
    if (length == 0) return (struct sequence){0};
    size_t used = read_bytes(page, text, at, length, bytes, &lost, &blank);
    if (lost) return (struct sequence){.used = used, .point = REPLACEMENT, .lossy = true};
    utf8proc_int32_t point;
    if (used < length) return (struct sequence){0};
    if (utf8proc_iterate(bytes, (utf8proc_ssize_t)length, &point) != (utf8proc_ssize_t)length)
        return surrogates_at(page, text, at);
    return (struct sequence){.used = length, .point = point, .lossy = blank};
}

/* ---- one reading of a text ---- */

struct reading {
    struct points text;
    size_t sequences, whole; /* read, and read without a lost byte */
    size_t misfits;          /* characters above ASCII that belong to none */
};

/* "à" whose no-break space became the blank between two words: the blank is wanted back. */
static bool wants_blank(const struct points *text, size_t at, const struct sequence *sequence)
{
    if (sequence->point != 0xe0 || sequence->used != 2 || text->items[at + 1] != ' ') return false;
    int32_t next = at + 2 < text->count ? text->items[at + 2] : ' ';
    int32_t after = at + 3 < text->count ? text->items[at + 3] : ' ';
    return next != ' ' && !(next == 's' && after == ' ');
}

/* `ret->text` has room for one more point than `text` for every point (blanks are put in). */
static void read_as(const struct page *page, const struct points *text, struct reading *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < text->count;) {
        int32_t point = text->items[i];
        struct sequence sequence = {0};
        if (point >= 0x80) sequence = read_sequence(page, text, i);
        if (sequence.used == 0) {
            ret->misfits += point >= 0xa0;
            ret->text.items[count++] = point;
            i++;
            continue;
        }
        ret->sequences++;
        ret->whole += !sequence.lossy;
        ret->text.items[count++] = sequence.point;
        if (wants_blank(text, i, &sequence)) ret->text.items[count++] = ' ';
        i += sequence.used;
    }
    ret->text.count = count;
}

/* Whether so much was read that the rest may be what it is. Pages other than windows-1252 are less
 * often mixed with text that was read well. */
static bool is_convincing(const struct reading *reading, size_t page)
{
    if (reading->sequences == 0) return false;
    if (reading->misfits == 0) return true;
    if (reading->sequences < 2 * reading->misfits) return false;
    return page == 0 || reading->whole >= 4 * reading->misfits;
}

/* ---- the best reading ---- */

struct search {
    const struct text_codes *codes;
    struct arena *arena;
    int readings;
};

static enum status new_points(struct search *search, size_t count, struct points *ret,
                              struct err *err)
{
    ret->items = arena_get(search->arena, count, sizeof *ret->items);
    ret->count = 0;
    return ret->items == NULL ? fail_memory(err, count * sizeof *ret->items) : STATUS_OK;
}

/* Control characters that are left over are windows-1252 read as Latin-1. */
static void read_controls(struct points *text)
{
    for (size_t i = 0; i < text->count; i++) {
        int32_t point = text->items[i];
        if (point >= 0x80 && point < 0xa0 && text_pages[0][point - 0x80] != 0)
            text->items[i] = text_pages[0][point - 0x80];
    }
}

static enum status improve(struct search *search, struct points *text, int depth,
                           int64_t *ret_doubt, struct err *err);

/* Tries one page on `text`; goes on with what comes out; keeps it in `best` when it is better. */
static enum status try_page(struct search *search, size_t page, const struct points *text,
                            int depth, struct points *best, int64_t *best_doubt, struct err *err)
{
    struct reading reading = {0};
    int64_t doubt = 0;
    if (search->readings++ >= READINGS_MAXIMUM) return STATUS_OK;
    TRY(new_points(search, 2 * text->count, &reading.text, err));
    read_as(&search->codes->pages[page], text, &reading);
    if (!is_convincing(&reading, page)) return STATUS_OK;
    TRY(improve(search, &reading.text, depth + 1, &doubt, err));
    if (doubt < *best_doubt) {
        *best = reading.text;
        *best_doubt = doubt;
    }
    return STATUS_OK;
}

static enum status improve(struct search *search, struct points *text, int depth,
                           int64_t *ret_doubt, struct err *err)
{
    int64_t doubt = text_doubt(text->items, text->count);
    struct points best = {0};
    int64_t best_doubt = doubt - ENOUGH + 1;
    *ret_doubt = doubt;
    if (doubt == 0) return STATUS_OK;
    for (size_t page = 0; depth < DEPTH_MAXIMUM && page < TEXT_PAGES && best_doubt > 0; page++)
        TRY(try_page(search, page, text, depth, &best, &best_doubt, err));
    if (best.items != NULL) {
        *text = best;
        *ret_doubt = best_doubt;
        return STATUS_OK;
    }
    read_controls(text);
    *ret_doubt = text_doubt(text->items, text->count);
    return STATUS_OK;
}

/* ---- a text in bytes ---- */

static void decode(struct str text, struct points *ret)
{
    for (size_t i = 0; i < text.size;) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t size = utf8proc_iterate((const uint8_t *)text.data + i,
                                                 (utf8proc_ssize_t)(text.size - i), &point);
        if (size <= 0) { /* not for this module; kept byte by byte */
            point = (uint8_t)text.data[i];
            size = 1;
        }
        ret->items[ret->count++] = point;
        i += (size_t)size;
    }
}

static enum status encode(const struct points *text, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < text->count; i++) {
        uint8_t bytes[4];
        utf8proc_ssize_t size = utf8proc_encode_char(text->items[i], bytes);
        TRY(bytes_append(ret, bytes, (size_t)size, err));
    }
    return STATUS_OK;
}

static enum status search_text(struct search *search, const struct points *before,
                               struct bytes *ret, bool *ret_changed, struct err *err)
{
    struct points after = {0};
    int64_t doubt = 0;
    size_t size = before->count * sizeof *before->items;
    TRY(new_points(search, before->count, &after, err));
    memcpy(after.items, before->items, size);
    after.count = before->count;
    TRY(improve(search, &after, 0, &doubt, err));
    *ret_changed = after.count != before->count || memcmp(after.items, before->items, size) != 0;
    return *ret_changed ? encode(&after, ret, err) : STATUS_OK;
}

enum status text_mojibake(const struct text_codes *codes, struct str text, struct bytes *scratch,
                          struct bytes *ret, bool *ret_changed, struct err *err)
{
    struct search search = {.codes = codes};
    *ret_changed = false;
    if (text.size == 0 || text.size > TEXT_MAXIMUM) return STATUS_OK;
    scratch->size = 0;
    TRY(bytes_reserve(scratch, text.size * sizeof(int32_t), err));
    struct points before = {.items = (int32_t *)(void *)scratch->data};
    decode(text, &before);
    if (text_doubt(before.items, before.count) < ENOUGH) return STATUS_OK;
    TRY(arena_open(&search.arena, err));
    enum status status = search_text(&search, &before, ret, ret_changed, err);
    arena_close(&search.arena);
    return status;
}
