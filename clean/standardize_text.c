/* clean/standardize_text.c: spellings and keys, code point by code point through utf8proc. */
#include "clean/standardize_text.h"

#include "base/memory.h"
#include "clean/standardize_phonetic.h"

#include <stdlib.h>
#include <utf8proc.h>

/* ---- code points ---- */

/* The code point at `at` and its bytes; 0 bytes where the text is not UTF-8. */
static size_t next_point(struct str text, size_t at, utf8proc_int32_t *ret)
{
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                             (utf8proc_ssize_t)(text.size - at), ret);
    return size > 0 ? (size_t)size : 0;
}

static enum status append_point(struct bytes *ret, utf8proc_int32_t point, struct err *err)
{
    utf8proc_uint8_t room[4];
    utf8proc_ssize_t size = utf8proc_encode_char(point, room);
    return bytes_append(ret, room, (size_t)size, err);
}

static bool is_space(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return (point >= 0x09 && point <= 0x0d) || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static bool is_punctuation(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static bool is_word(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) ||
           point == '\'' || point == 0x2019;
}

/* ---- spellings ---- */

struct speller {
    bool in_word;  /* title: the last code point belonged to a word */
    bool in_space; /* spaces: a blank waits for the next word */
};

static enum status spell_point(enum spelling spelling, struct speller *speller,
                               utf8proc_int32_t point, struct bytes *ret, struct err *err)
{
    switch (spelling) {
    case SPELLING_LOWER: return append_point(ret, utf8proc_tolower(point), err);
    case SPELLING_UPPER: /* Unicode's simple mapping keeps the sharp s */
        return append_point(ret, point == 0xdf ? point : utf8proc_toupper(point), err);
    case SPELLING_TITLE: {
        bool first = !speller->in_word;
        speller->in_word = is_word(point);
        return append_point(ret, first ? utf8proc_totitle(point) : utf8proc_tolower(point), err);
    }
    case SPELLING_PUNCTUATION:
        return is_punctuation(point) ? STATUS_OK : append_point(ret, point, err);
    case SPELLING_SPACES: break;
    }
    if (is_space(point)) {
        speller->in_space = ret->size > 0;
        return STATUS_OK;
    }
    if (speller->in_space) TRY(append_point(ret, ' ', err));
    speller->in_space = false;
    return append_point(ret, point, err);
}

static bool is_ascii(struct str text)
{
    unsigned char any = 0;
    for (size_t i = 0; i < text.size; i++)
        any |= (unsigned char)text.data[i];
    return any < 0x80;
}

/* Letters of ASCII change their case in place: no look-up of each code point. */
static enum status spell_ascii(bool upper, struct str text, struct bytes *ret, struct err *err)
{
    const char from = upper ? 'a' : 'A', to = upper ? 'z' : 'Z';
    TRY(bytes_append(ret, text.data, text.size, err));
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= from && text.data[i] <= to) ret->data[i] ^= 0x20;
    return STATUS_OK;
}

enum status spell(enum spelling spelling, struct str text, struct bytes *ret, struct err *err)
{
    struct speller speller = {0};
    ret->size = 0;
    if ((spelling == SPELLING_LOWER || spelling == SPELLING_UPPER) && is_ascii(text))
        return spell_ascii(spelling == SPELLING_UPPER, text, ret, err);
    for (size_t at = 0; at < text.size;) {
        utf8proc_int32_t point = 0;
        size_t size = next_point(text, at, &point);
        if (size == 0) {
            ret->size = 0;
            return bytes_append(ret, text.data, text.size, err);
        }
        TRY(spell_point(spelling, &speller, point, ret, err));
        at += size;
    }
    return STATUS_OK;
}

/* ---- keys ---- */

/* Code points folded: compatibility forms, no marks, one case, without punctuation and controls. */
struct folded {
    utf8proc_int32_t *points;
    size_t count;
};

static void folded_release(struct folded *folded)
{
    memory_release(&folded->points);
}

/* Letters that have no decomposition but a usual spelling without the mark. */
static utf8proc_int32_t plain_letter(utf8proc_int32_t point)
{
    switch (point) {
    case 0x00f8: return 'o'; /* o with stroke */
    case 0x0142: return 'l'; /* l with stroke */
    case 0x0111: return 'd'; /* d with stroke */
    case 0x0131: return 'i'; /* dotless i */
    default: return point;
    }
}

static enum status fold(struct str text, struct folded *ret, struct err *err)
{
    const utf8proc_option_t options =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD;
    const utf8proc_uint8_t *data = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t size = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t needed = utf8proc_decompose(data, size, NULL, 0, options);
    if (needed <= 0) return STATUS_OK; /* nothing, or not UTF-8: no key */
    TRY(NEW(&ret->points, (size_t)needed, err));
    utf8proc_decompose(data, size, ret->points, needed, options);
    for (utf8proc_ssize_t i = 0; i < needed; i++) {
        utf8proc_int32_t point = plain_letter(ret->points[i]);
        if (is_punctuation(point) ||
            (utf8proc_category(point) == UTF8PROC_CATEGORY_CC && !is_space(point)))
            continue;
        ret->points[ret->count++] = point;
    }
    return STATUS_OK;
}

/* A run of folded code points: a word, or an n-gram. */
struct piece {
    const utf8proc_int32_t *points;
    size_t count;
};

static int compare_pieces(const void *a_, const void *b_)
{
    const struct piece *a = a_, *b = b_;
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (a->points[i] != b->points[i]) return a->points[i] < b->points[i] ? -1 : 1;
    return (a->count > b->count) - (a->count < b->count);
}

static size_t cut_words(const struct folded *folded, struct piece *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < folded->count;) {
        size_t start = i;
        while (i < folded->count && !is_space(folded->points[i]))
            i++;
        if (i > start) ret[count++] = (struct piece){folded->points + start, i - start};
        i++;
    }
    return count;
}

static size_t cut_ngrams(struct folded *folded, size_t gram, struct piece *ret)
{
    size_t letters = 0, count = 0;
    for (size_t i = 0; i < folded->count; i++)
        if (!is_space(folded->points[i])) folded->points[letters++] = folded->points[i];
    if (letters > 0 && letters < gram) ret[count++] = (struct piece){folded->points, letters};
    for (size_t i = 0; i + gram <= letters; i++)
        ret[count++] = (struct piece){folded->points + i, gram};
    return count;
}

static enum status join(struct piece *pieces, size_t count, bool blanks, struct bytes *ret,
                        struct err *err)
{
    qsort(pieces, count, sizeof *pieces, compare_pieces);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_pieces(&pieces[i], &pieces[i - 1]) == 0) continue;
        if (blanks && ret->size > 0) TRY(bytes_append(ret, " ", 1, err));
        for (size_t p = 0; p < pieces[i].count; p++)
            TRY(append_point(ret, pieces[i].points[p], err));
    }
    return STATUS_OK;
}

/* The sounds of one word in place of its letters; a word with anything but a to z stays: what it
 * sounds like is not known, and a number is no sound. `room`: 2 x count code points. */
static struct piece sound_of(enum key_method method, struct piece word, utf8proc_int32_t *room,
                             char *letters)
{
    for (size_t i = 0; i < word.count; i++) {
        if (word.points[i] < 'a' || word.points[i] > 'z') return word;
        letters[i] = (char)word.points[i];
    }
    char *sounds = letters + word.count;
    size_t count = method == KEY_METAPHONE ? phonetic_metaphone(letters, word.count, sounds)
                                           : phonetic_cologne(letters, word.count, sounds);
    for (size_t i = 0; i < count; i++)
        room[i] = sounds[i];
    return (struct piece){room, count};
}

static enum status join_sounds(enum key_method method, const struct folded *folded,
                               struct piece *pieces, struct bytes *ret, struct err *err)
{
    OWNED(memory_release) utf8proc_int32_t *room = NULL;
    OWNED(memory_release) char *letters = NULL;
    TRY(NEW(&room, 2 * folded->count, err));
    TRY(NEW(&letters, 3 * folded->count, err));
    size_t count = cut_words(folded, pieces), used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = pieces[i].count;
        pieces[i] = sound_of(method, pieces[i], room + used, letters);
        used += 2 * size;
    }
    return join(pieces, count, true, ret, err);
}

enum status spelling_key(enum key_method method, size_t gram, struct str text, struct bytes *ret,
                         struct err *err)
{
    OWNED(folded_release) struct folded folded = {0};
    OWNED(memory_release) struct piece *pieces = NULL;
    ret->size = 0;
    TRY(fold(text, &folded, err));
    if (folded.count == 0) return STATUS_OK;
    TRY(NEW(&pieces, folded.count + 1, err));
    if (method == KEY_METAPHONE || method == KEY_COLOGNE)
        return join_sounds(method, &folded, pieces, ret, err);
    size_t count =
        method == KEY_FINGERPRINT ? cut_words(&folded, pieces) : cut_ngrams(&folded, gram, pieces);
    return join(pieces, count, method == KEY_FINGERPRINT, ret, err);
}
