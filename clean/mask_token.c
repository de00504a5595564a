/* clean/mask_token.c: a text as words and numbers. */
#include "clean/mask_token.h"

#include <utf8proc.h>

#define KEY_ROOM 256

/* ---- letters ---- */

/* The code point at `at`; its size, 1 for what is not UTF-8. */
static size_t point_at(struct str text, size_t at, int32_t *ret)
{
    *ret = (unsigned char)text.data[at];
    if (*ret < 0x80) return 1;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                             (utf8proc_ssize_t)(text.size - at), ret);
    return size <= 0 ? 1 : (size_t)size;
}

static bool is_letter_point(int32_t point)
{
    if (point < 0x80) return is_letter((char)point);
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
}

static bool is_capital_point(int32_t point)
{
    if (point < 0x80) return point >= 'A' && point <= 'Z';
    return utf8proc_category(point) == UTF8PROC_CATEGORY_LU;
}

static bool is_small_point(int32_t point)
{
    if (point < 0x80) return point >= 'a' && point <= 'z';
    return utf8proc_category(point) == UTF8PROC_CATEGORY_LL;
}

/* An apostrophe (also U+2019) or hyphen that a letter follows. */
static size_t joint_at(struct str text, size_t at, bool *ret_apostrophe)
{
    size_t size = 0;
    int32_t point;
    char c = peek(text, at);
    if (c == '\'' || c == '-') size = 1;
    if (at + 3 <= text.size && memcmp(text.data + at, "\xe2\x80\x99", 3) == 0) size = 3;
    *ret_apostrophe = c != '-';
    if (size == 0 || at + size >= text.size) return 0;
    point_at(text, at + size, &point);
    return is_letter_point(point) ? size : 0;
}

/* ---- one token ---- */

/* "'s" at the end of a word belongs to the sentence. */
static size_t owner_end(struct str text, size_t at, size_t size)
{
    char c = peek(text, at + size), behind = peek(text, at + size + 1);
    return (c == 's' || c == 'S') && !is_word(behind) ? at + size + 1 : 0;
}

static size_t read_token(struct str text, size_t first, struct token *token)
{
    size_t at = first, places = 0, digits = 0, capitals = 0, small = 0;
    bool apostrophe;
    *token = (struct token){.first = first};
    while (at < text.size) {
        int32_t point;
        size_t size = point_at(text, at, &point), joint;
        bool letter = is_letter_point(point), number = point < 0x80 && is_digit((char)point);
        if (letter || number) {
            if (places == 0) token->capital = is_capital_point(point);
            places++;
            digits += number;
            capitals += is_capital_point(point);
            small += is_small_point(point);
            at += size;
            continue;
        }
        joint = places > digits ? joint_at(text, at, &apostrophe) : 0;
        if (joint == 0) break;
        if (apostrophe && owner_end(text, at, joint) != 0) {
            token->owned = true;
            break;
        }
        at += joint;
    }
    token->end = at;
    token->number = digits == places;
    token->mixed = digits > 0 && digits < places;
    token->capitals = capitals > 1 && small == 0 && digits == 0;
    token->initial = places == 1 && capitals == 1;
    return at;
}

/* ---- between tokens ---- */

static enum token_gap gap_between(struct str text, size_t from, size_t to)
{
    size_t lines = 0, commas = 0, periods = 0, others = 0;
    for (size_t i = from; i < to; i++) {
        char c = text.data[i];
        lines += c == '\n';
        commas += c == ',';
        periods += c == '.';
        others += c != ' ' && c != '\n' && c != '\r' && c != '\t' && c != ',' && c != '.';
    }
    if (others > 0 || periods > 1 || commas > 1 || (periods > 0 && lines > 0)) return GAP_OTHER;
    if (periods > 0) return commas > 0 ? GAP_COMMA : GAP_PERIOD;
    if (commas > 0) return lines > 0 ? GAP_COMMA_LINE : GAP_COMMA;
    if (lines > 0) return lines > 2 ? GAP_OTHER : GAP_LINE;
    return to > from ? GAP_BLANK : GAP_NONE;
}

/* ". Then", "\nThen", "Answer: Then", '"Then'. */
static bool begins_sentence(struct str text, size_t from, size_t to)
{
    if (from == 0) return true;
    for (size_t i = from; i < to; i++)
        if (strchr(".!?\n:\"", text.data[i]) != NULL) return true;
    return false;
}

/* don't, we're, they'll, I've, he'd */
static bool is_contraction(struct str tail)
{
    static const char *const tails[] = {"t", "re", "ll", "ve", "d", "m"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (str_is(tail, tails[i])) return true;
    return false;
}

static void classify(struct str text, const struct mask_words *words, struct token *token)
{
    char key[KEY_ROOM];
    struct str word = {text.data + token->first, token->end - token->first};
    if (token->number || word.size > 64) return;
    size_t size = mask_words_key(word, key, sizeof key);
    if (size == 0) return;
    struct str lower = {key, size};
    token->classes = mask_words_look_up(words, lower);
    if ((token->classes & (unsigned)(WORD_ENGLISH | WORD_GIVEN | WORD_STOP)) == 0)
        token->street_end = (unsigned)mask_words_street_end(words, lower);
    if ((token->classes & ~(unsigned)WORD_STARTS_PHRASE) != 0) return;
    const char *dash = memchr(key, '-', size); /* both parts of a hyphenated word */
    if (dash == NULL) dash = memchr(key, '\'', size);
    if (dash == NULL) return;
    if (*dash == '\'' && is_contraction((struct str){dash + 1, size - (size_t)(dash + 1 - key)})) {
        token->classes |= WORD_ENGLISH;
        return;
    }
    struct str head = {key, (size_t)(dash - key)}, tail = {dash + 1, size - head.size - 1};
    token->classes |= mask_words_look_up(words, head) & mask_words_look_up(words, tail) &
                      (unsigned)(WORD_ENGLISH | WORD_GIVEN);
}

void mask_tokens(struct str text, const struct mask_words *words, const struct mask_hits *hits,
                 size_t *at, struct token_list *ret)
{
    size_t hit = 0, before = *at;
    ret->count = 0;
    while (*at < text.size && ret->count < TOKENS_MOST) {
        int32_t point;
        size_t size = point_at(text, *at, &point);
        if (!is_letter_point(point) && !(point < 0x80 && is_digit((char)point))) {
            *at += size;
            continue;
        }
        struct token *token = &ret->items[ret->count];
        size_t end = read_token(text, *at, token);
        token->gap = gap_between(text, before, *at);
        token->starts = begins_sentence(text, before, *at);
        if (ret->count > TOKENS_MOST - 64 && token->starts) return;
        while (hit < hits->count && hits->items[hit].end <= token->first)
            hit++;
        token->taken = hit < hits->count && hits->items[hit].first < token->end;
        if (!token->taken) classify(text, words, token);
        *at = before = end;
        ret->count++;
    }
}
