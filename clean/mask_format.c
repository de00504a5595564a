/* clean/mask_format.c: values that keep their format under a key, and the way back. */
#include "clean/mask_format.h"

#include <arpa/inet.h>
#include <stdio.h>

#define ROUNDS       10
#define PLACES_MOST  128
#define DIGEST_BYTES 32

/* ---- the network ---- */

struct places {
    uint8_t items[PLACES_MOST];
    size_t count;
    unsigned radix;
};

/* Adds (or takes away) the function of one round over the other half, place by place. */
static void turn(const struct mask_key *key, const char *tweak, unsigned round,
                 const struct places *all, size_t from, size_t count, size_t other,
                 size_t other_count, bool back, struct places *ret)
{
    uint8_t digest[DIGEST_BYTES], input[PLACES_MOST + 4];
    input[0] = (uint8_t)round;
    input[1] = (uint8_t)(all->radix - 1);
    input[2] = (uint8_t)all->count;
    memcpy(input + 4, all->items + other, other_count);
    for (size_t i = 0; i < count; i++) {
        if (i % (DIGEST_BYTES / 2) == 0) {
            input[3] = (uint8_t)(i / (DIGEST_BYTES / 2));
            mask_key_digest(key, tweak, (struct str){(const char *)input, other_count + 4}, digest);
        }
        size_t at = i % (DIGEST_BYTES / 2) * 2;
        unsigned add = (digest[at] * 256u + digest[at + 1]) % all->radix;
        unsigned place = all->items[from + i];
        ret->items[from + i] =
            (uint8_t)((back ? place + all->radix - add : place + add) % all->radix);
    }
}

static void permute(const struct mask_key *key, const char *tweak, bool back, struct places *places)
{
    size_t half = places->count / 2, rest = places->count - half;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned round = back ? ROUNDS - 1 - i : i;
        bool left = round % 2 == 0;
        struct places before = *places;
        turn(key, tweak, round, &before, left ? 0 : half, left ? half : rest, left ? half : 0,
             left ? rest : half, back, places);
    }
}

/* ---- what stays as it is ---- */

static bool holds_luhn(const struct places *places)
{
    unsigned sum = 0;
    for (size_t i = 0; i < places->count; i++) {
        unsigned digit = places->items[places->count - 1 - i];
        if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

static unsigned class_of(const struct places *places, enum mask_kind kind)
{
    if (places->radix != 10) return 0;
    unsigned zero = places->items[0] == 0;
    return kind == MASK_CARD ? zero * 2 + holds_luhn(places) : zero;
}

/* Walks the cycle of the permutation until the value is of its class again. */
static void walk(const struct mask_key *key, enum mask_kind kind, bool back, struct places *places)
{
    unsigned class = class_of(places, kind);
    if (places->count == 0) return;
    do
        permute(key, mask_kinds[kind].label, back, places);
    while (class_of(places, kind) != class);
}

/* ---- texts ---- */

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool take_place(char c, unsigned radix, uint8_t *ret)
{
    if (radix == 10 || radix == 16) {
        if (is_digit(c)) {
            *ret = (uint8_t)(c - '0');
            return true;
        }
        if (radix == 10) return false;
        char small = (char)(c | 0x20);
        if (small < 'a' || small > 'f') return false;
        *ret = (uint8_t)(small - 'a' + 10);
        return true;
    }
    if (!is_letter(c)) return false;
    *ret = (uint8_t)((c | 0x20) - 'a');
    return true;
}

static char put_place(uint8_t value, unsigned radix, char before)
{
    if (radix == 26) return (char)((is_capital(before) ? 'A' : 'a') + value);
    if (value < 10) return (char)('0' + value);
    return (char)((is_capital(before) ? 'A' : 'a') + value - 10);
}

/* Permutes the places of one radix among bytes first ... end of `text`; false where there are too
 * many. */
static bool permute_text(char *text, size_t first, size_t end, unsigned radix, enum mask_kind kind,
                         const struct mask_key *key, bool back)
{
    struct places places = {.radix = radix};
    uint8_t place;
    for (size_t i = first; i < end; i++) {
        if (!take_place(text[i], radix, &place)) continue;
        if (places.count == PLACES_MOST) return false;
        places.items[places.count++] = place;
    }
    walk(key, kind, back, &places);
    for (size_t i = first, k = 0; i < end; i++)
        if (take_place(text[i], radix, &place))
            text[i] = put_place(places.items[k++], radix, text[i]);
    return true;
}

/* ---- kinds ---- */

bool mask_has_format(enum mask_kind kind)
{
    if (kind >= MASK_FIRST_NATIONAL && kind <= MASK_LAST_NATIONAL) return true;
    return kind == MASK_EMAIL || kind == MASK_IBAN || kind == MASK_CARD || kind == MASK_MAC ||
           kind == MASK_IP || kind == MASK_PHONE;
}

static enum status format_ip(struct str value, const struct mask_key *key, bool back,
                             struct bytes *ret, bool *ret_done, struct err *err)
{
    char text[INET6_ADDRSTRLEN + 1] = "";
    struct places places = {.radix = 256};
    if (value.size >= sizeof text) return STATUS_OK;
    memcpy(text, value.data, value.size);
    int family = memchr(value.data, ':', value.size) == NULL ? AF_INET : AF_INET6;
    if (inet_pton(family, text, places.items) != 1) return STATUS_OK;
    places.count = family == AF_INET ? 4 : 16;
    permute(key, mask_kinds[MASK_IP].label, back, &places);
    *ret_done = inet_ntop(family, places.items, text, sizeof text) != NULL;
    return *ret_done ? bytes_append_text(ret, text, err) : STATUS_OK;
}

/* The account without its country and check digits, which are computed anew. */
static void check_iban(char *text, size_t size)
{
    char places[PLACES_MOST];
    size_t count = 0, digits[2] = {0};
    int rest = 0;
    for (size_t i = 0; i < size && count < sizeof places; i++) {
        if (!is_letter(text[i]) && !is_digit(text[i])) continue;
        if (count == 2 || count == 3) digits[count - 2] = i;
        places[count++] = text[i];
    }
    for (size_t i = 4; i < count + 4; i++) {
        char c = i == count + 2 || i == count + 3 ? '0' : places[i % count];
        rest =
            is_digit(c) ? (rest * 10 + c - '0') % 97 : (rest * 100 + (c & ~0x20) - 'A' + 10) % 97;
    }
    int check = 98 - rest;
    text[digits[0]] = (char)('0' + check / 10);
    text[digits[1]] = (char)('0' + check % 10);
}

/* Bytes that are permuted: an address up to its last label, an account behind its check digits. */
static void bounds(struct str value, enum mask_kind kind, size_t *ret_first, size_t *ret_end)
{
    *ret_first = 0;
    *ret_end = value.size;
    if (kind == MASK_EMAIL) {
        const char *dot = memrchr(value.data, '.', value.size);
        if (dot != NULL) *ret_end = (size_t)(dot - value.data);
    }
    for (size_t places = 0; kind == MASK_IBAN && places < 4 && *ret_first < value.size;)
        places += is_letter(value.data[*ret_first]) || is_digit(value.data[*ret_first]),
            ++*ret_first;
}

enum status mask_format(struct str value, enum mask_kind kind, const struct mask_key *key,
                        bool back, struct bytes *ret, bool *ret_done, struct err *err)
{
    size_t first, end, at = ret->size;
    *ret_done = false;
    if (kind == MASK_IP) return format_ip(value, key, back, ret, ret_done, err);
    bounds(value, kind, &first, &end);
    TRY(bytes_append(ret, value.data, value.size, err));
    char *text = (char *)ret->data + at;
    bool fits = kind == MASK_MAC ? permute_text(text, first, end, 16, kind, key, back)
                                 : permute_text(text, first, end, 10, kind, key, back) &&
                                       permute_text(text, first, end, 26, kind, key, back);
    if (!fits) {
        ret->size = at;
        return STATUS_OK;
    }
    if (kind == MASK_IBAN) check_iban(text, value.size);
    *ret_done = true;
    return STATUS_OK;
}
