/* clean/mask_street.c: addresses: streets with house numbers, units, boxes and postal codes, with
 * the lines that belong to them. */
#include "clean/mask_token.h"

#include <strings.h>

#define WORDS_MOST 4 /* between a number and the word of a street */

static bool has(const struct token *token, unsigned classes)
{
    return (token->classes & classes) != 0;
}

static const struct token *token_at(const struct name_finder *finder, size_t i)
{
    return i < finder->tokens->count ? &finder->tokens->items[i] : NULL;
}

static bool token_is(const struct name_finder *finder, size_t i, const char *word)
{
    const struct token *token = token_at(finder, i);
    if (token == NULL || ((finder->text.data[token->first] | 0x20) != word[0])) return false;
    size_t size = strlen(word);
    return token->end - token->first == size &&
           strncasecmp(finder->text.data + token->first, word, size) == 0;
}

/* A house number, unit or postal code: up to six digits, perhaps with letters ("12b"). */
static bool is_house(const struct token *token)
{
    if (token == NULL || token->taken) return false;
    size_t size = token->end - token->first;
    return (token->number && size <= 6) || (token->mixed && size <= 5);
}

static bool is_near(const struct token *token)
{
    return token->gap == GAP_BLANK;
}

/* A word of a street's name: with a capital, or unknown. */
static bool is_street_part(const struct token *token)
{
    return token != NULL && !token->taken && !token->number && !token->mixed &&
           (token->capital || token_is_unknown(token) || has(token, WORD_PARTICLE)) &&
           !has(token, WORD_STOP | WORD_HONORIFIC);
}

static bool names_street(const struct token *token)
{
    return has(token, WORD_STREET | WORD_STREET_END) ||
           (token->street_end > 0 && token->end - token->first > token->street_end + 2);
}

/* ---- what an address is made around ---- */

/* "138 Consul Place", "74 Diakou Street", "137 Avenue Teboulbi": a number, and words of which one
 * is a street's. */
static bool number_and_street(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    bool street = false;
    size_t last = i;
    if (!is_house(token_at(finder, i))) return false;
    for (size_t k = i + 1; k <= i + WORDS_MOST; k++) {
        const struct token *token = token_at(finder, k);
        bool small = token != NULL && has(token, WORD_STREET) && !token->taken && k > i + 1;
        if (token == NULL || !is_near(token) || !(is_street_part(token) || small)) break;
        street = street || names_street(token);
        last = k;
        if (names_street(token) && k > i + 1) break;
    }
    *ret_last = last;
    return street && last > i;
}

/* "Brucker Bundesstrasse 31", "Rua Diadema 1903", "ul. Mila 53". */
static bool street_and_number(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    bool street = false;
    for (size_t k = i; k <= i + WORDS_MOST; k++) {
        const struct token *token = token_at(finder, k);
        bool near = k == i || (token != NULL && (is_near(token) || token->gap == GAP_PERIOD));
        if (token == NULL || !near) return false;
        if (k > i && is_house(token)) {
            *ret_last = k;
            return street;
        }
        if (!is_street_part(token) && !(has(token, WORD_STREET) && !token->taken)) return false;
        street = street || names_street(token);
    }
    return false;
}

/* "Suite 501", "P.O. Box 149", "PSC 0413, Box 8144". */
static bool unit_and_number(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    const struct token *token = token_at(finder, i), *next = token_at(finder, i + 1);
    if (token->taken || !has(token, WORD_UNIT) || next == NULL) return false;
    *ret_last = i + 1;
    bool near = is_near(next) || next->gap == GAP_PERIOD;
    return near && is_house(next) && (token->capital || has(token, WORD_UNIT));
}

static bool military(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    const struct token *region = token_at(finder, i + 1);
    *ret_last = i + 2;
    return has(token_at(finder, i), WORD_MILITARY) && token_at(finder, i)->capitals &&
           region != NULL && has(region, WORD_MILITARY) && is_house(token_at(finder, i + 2));
}

/* "ZIP: 3520", "zip code 48750". */
static bool postal_code(const struct name_finder *finder, size_t i, size_t *ret_first,
                        size_t *ret_last)
{
    if (!token_is(finder, i, "zip") && !token_is(finder, i, "zipcode") &&
        !token_is(finder, i, "postcode") && !token_is(finder, i, "postal"))
        return false;
    size_t at = i + 1;
    if (token_is(finder, at, "code") || token_is(finder, at, "is")) at++;
    if (token_is(finder, at, "is")) at++;
    if (!is_house(token_at(finder, at))) return false;
    *ret_first = *ret_last = at;
    const struct token *next = token_at(finder, at + 1);
    if (next != NULL && next->gap <= GAP_BLANK &&
        (is_house(next) || (next->capitals && next->end - next->first == 2)))
        *ret_last = at + 1;
    else if (next != NULL && next->gap == GAP_OTHER &&
             next->first - token_at(finder, at)->end == 1 && is_house(next))
        *ret_last = at + 1; /* 75534-030 */
    return true;
}

/* "Allika 46", "Joaquin Suarez 2906": a name and a number, where the words before speak of
 * addresses or another number stands before the name. */
static bool name_and_number(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    size_t k = i;
    bool unknown = false;
    for (; k < i + WORDS_MOST; k++) {
        const struct token *token = token_at(finder, k);
        if (token == NULL || token->taken || token->number || (k > i && !is_near(token)) ||
            !is_street_part(token) || has(token, WORD_UNIT))
            break;
        unknown = unknown || !has(token, WORD_ENGLISH);
    }
    const struct token *number = token_at(finder, k);
    if (k == i || !unknown || !is_house(number) || !is_near(number) ||
        number->end - number->first > 5)
        return false;
    *ret_last = k;
    return true;
}

static bool speaks_of_addresses(const struct name_finder *finder, size_t i)
{
    for (size_t back = 1; back <= 3 && back <= i; back++) {
        const struct token *token = token_at(finder, i - back);
        if (has(token, WORD_ADDRESS_BEFORE)) return true;
        if (token_at(finder, i - back + 1)->starts) break;
    }
    return false;
}

/* "9816 214 Pavlou Drandaki": two numbers and an unknown name. */
static bool numbers_and_name(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    const struct token *second = token_at(finder, i + 1), *name = token_at(finder, i + 2);
    if (!is_house(token_at(finder, i)) || second == NULL || !is_near(second) || !is_house(second) ||
        name == NULL || !is_near(name) || !name->capital || !is_street_part(name) ||
        has(name, WORD_ENGLISH))
        return false;
    *ret_last = i + 2;
    while (token_at(finder, *ret_last + 1) != NULL && is_near(token_at(finder, *ret_last + 1)) &&
           token_at(finder, *ret_last + 1)->capital &&
           is_street_part(token_at(finder, *ret_last + 1)))
        ++*ret_last;
    return true;
}

/* "the corner of Dalbraut 99 and Frederikke Coves": from "the" on. */
static bool corner_at(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    size_t at = i + token_is(finder, i, "the");
    if (!token_is(finder, at, "corner") || !token_is(finder, at + 1, "of")) return false;
    *ret_last = at + 1;
    for (size_t k = at + 2; k < at + 14; k++) {
        const struct token *token = token_at(finder, k);
        if (token == NULL || token->taken || token->gap == GAP_OTHER || token->gap == GAP_COMMA)
            break;
        bool part = is_house(token) || has(token, WORD_STREET | WORD_UNIT) ||
                    (token->capital && is_street_part(token));
        if (!part && !token_is(finder, k, "and")) break;
        if (part) *ret_last = k;
        if (token->gap == GAP_PERIOD && !part) break;
    }
    return *ret_last > at + 1;
}

/* ---- how far it goes ---- */

/* House numbers in front: "1987 74 Diakou Street". */
static size_t extend_left(const struct name_finder *finder, size_t first)
{
    while (first > 0 && token_at(finder, first)->gap <= GAP_BLANK &&
           is_house(token_at(finder, first - 1)))
        first--;
    return first;
}

static bool is_joined(enum token_gap gap)
{
    return gap != GAP_OTHER && gap != GAP_NONE;
}

static bool belongs(const struct name_finder *finder, size_t i)
{
    const struct token *token = token_at(finder, i);
    if (token->taken || has(token, WORD_STOP | WORD_HONORIFIC)) return false;
    if (is_house(token) || has(token, WORD_UNIT)) return true;
    if (token->gap == GAP_PERIOD &&
        token_at(finder, i - 1)->end - token_at(finder, i - 1)->first > 4)
        return false; /* the sentence ended */
    if (token_is(finder, i, "nan")) return true;
    const struct token *next = token_at(finder, i + 1);
    bool leads = next != NULL && is_near(next) && next->capital && !next->taken;
    if (leads && has(token, WORD_PARTICLE) && is_near(token)) return true; /* Soto del Barco */
    if (leads && token->capital && has(next, WORD_PLACE)) return true;     /* Upper Austria */
    if (!token->capital) /* all in small letters: only what is close */
        return token->gap == GAP_COMMA && (token_is_unknown(token) || has(token, WORD_PLACE)) &&
               !has(token, WORD_ENGLISH);
    return !has(token, WORD_ENGLISH) || has(token, WORD_STREET | WORD_PLACE) ||
           (token->capitals && token->end - token->first <= 3);
}

/* The lines below: units, towns, states, codes, countries. Everyday words stay out. */
static size_t extend_right(const struct name_finder *finder, size_t last)
{
    for (size_t i = last + 1; i < finder->tokens->count && i < last + 16; i++) {
        const struct token *token = token_at(finder, i);
        if (!is_joined(token->gap)) {
            bool line =
                token->gap == GAP_OTHER && strspn(finder->text.data + token_at(finder, i - 1)->end,
                                                  has(token, WORD_UNIT) ? " \n,." : " \n,") ==
                                               token->first - token_at(finder, i - 1)->end;
            if (!line) break;
        }
        if (!belongs(finder, i)) break;
        const struct token *next = token_at(finder, i + 1);
        bool label =
            next != NULL && token->end < finder->text.size && finder->text.data[token->end] == ':';
        if (label) break;
        last = i;
    }
    return last;
}

/* A street with its number before or behind it, or what is as good. */
static bool core_at(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    size_t weak_last;
    if (token_at(finder, i)->taken) return false;
    if (number_and_street(finder, i, ret_last) || street_and_number(finder, i, ret_last) ||
        numbers_and_name(finder, i, ret_last) || corner_at(finder, i, ret_last) ||
        unit_and_number(finder, i, ret_last) || military(finder, i, ret_last))
        return true;
    size_t name = i;
    while (is_house(token_at(finder, name)) && name < i + 2)
        name++;
    if (token_at(finder, name) == NULL || !name_and_number(finder, name, &weak_last)) return false;
    if (name > i && !is_near(token_at(finder, name))) return false;
    *ret_last = weak_last;
    return name > i || speaks_of_addresses(finder, i);
}

enum status find_addresses(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i < finder->tokens->count; i++) {
        size_t first = i, last;
        if (postal_code(finder, i, &first, &last)) {
            TRY(name_found(finder, MASK_ADDRESS, first, last, err));
        } else if (core_at(finder, i, &last)) {
            first = extend_left(finder, i);
            last = extend_right(finder, last);
            TRY(name_found(finder, MASK_ADDRESS, first, last, err));
        } else {
            continue;
        }
        i = last;
    }
    return STATUS_OK;
}
