/* clean/mask_find.c: finds personal data in text: where to look, and what wins. */
#include "clean/mask_find.h"

#include "clean/mask_national.h"
#include "clean/mask_token.h"

#include <strings.h>

#define CONTEXT_BYTES 56

/* Bytes at which a recognizer may start. */
static const bool starts[256] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['@'] = true, [':'] = true,
    ['.'] = true, ['-'] = true, ['+'] = true, ['('] = true};

struct finder {
    struct str text;
    const struct mask_query *query;
    struct mask_hits *hits;
};

/* ---- hits ---- */

static bool stronger(const struct mask_hit *a, const struct mask_hit *b)
{
    size_t size_a = a->end - a->first, size_b = b->end - b->first;
    return size_a != size_b ? size_a > size_b : a->kind < b->kind;
}

enum status mask_hits_add(struct mask_hits *hits, struct mask_hit hit, struct err *err)
{
    if (hits->count == hits->room) {
        size_t room = hits->room == 0 ? 16 : hits->room * 2;
        struct mask_hit *grown = memory_resize(hits->items, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        hits->items = grown;
        hits->room = room;
    }
    hits->items[hits->count++] = hit;
    return STATUS_OK;
}

static enum status add(struct finder *finder, enum mask_kind kind, size_t first, size_t end,
                       struct err *err)
{
    struct mask_hits *hits = finder->hits;
    struct mask_hit hit = {first, end, kind};
    while (hits->count > 0 && hits->items[hits->count - 1].end > first) {
        if (!stronger(&hit, &hits->items[hits->count - 1])) return STATUS_OK;
        hits->count--;
    }
    return mask_hits_add(hits, hit, err);
}

void mask_hits_release(struct mask_hits *hits)
{
    memory_free(hits->items);
    memory_free(hits->tokens);
    *hits = (struct mask_hits){0};
}

/* ---- context ---- */

#define WINDOW_BYTES (CONTEXT_BYTES * 2)

/* The text around a number in small letters. */
struct around {
    char text[WINDOW_BYTES];
    size_t size;
};

static void look_around(struct str text, size_t first, size_t end, struct around *ret)
{
    ret->size = end - first < WINDOW_BYTES ? end - first : WINDOW_BYTES;
    for (size_t i = 0; i < ret->size; i++) {
        char c = text.data[first + i];
        ret->text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
}

struct mention {
    const char *text;
    size_t size;
};
#define MENTION(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Letters that end one of the words. */
static uint32_t last_letters(const struct mention *words, size_t count)
{
    uint32_t set = 0;
    for (size_t i = 0; i < count; i++)
        set |= 1u << (words[i].text[words[i].size - 1] - 'a');
    return set;
}

/* How far behind the last of the words the text ends; SIZE_MAX where there is none. */
static size_t since_mention(const struct around *around, const struct mention *words, size_t count)
{
    uint32_t last = last_letters(words, count);
    for (size_t end = around->size; end > 0; end--) {
        char c = around->text[end - 1];
        if (c < 'a' || c > 'z' || (last >> (c - 'a') & 1) == 0) continue;
        for (size_t i = 0; i < count; i++) {
            size_t size = words[i].size;
            if (size > end) continue;
            const char *at = around->text + (end - size);
            if (*at == words[i].text[0] && memcmp(at, words[i].text, size) == 0)
                return around->size - end;
        }
    }
    return SIZE_MAX;
}

static bool word_at(const struct around *around, size_t at, const char *word, size_t size)
{
    if (at + size > around->size || memcmp(around->text + at, word, size) != 0) return false;
    if (at > 0 && is_word(around->text[at - 1])) return false;
    return size > 4 || at + size == around->size || !is_letter(around->text[at + size]);
}

static bool mentions(const struct around *around, const char *words)
{
    for (const char *word = words; *word != '\0';) {
        size_t size = strcspn(word, "|");
        const char *from = around->text, *end = from + around->size;
        for (const char *at; (at = memchr(from, word[0], (size_t)(end - from))) != NULL;
             from = at + 1)
            if (word_at(around, (size_t)(at - around->text), word, size)) return true;
        word += size + (word[size] == '|');
    }
    return false;
}

bool mask_mentions(struct str text, size_t first, size_t end, const char *words)
{
    struct around around;
    size_t from = first > CONTEXT_BYTES ? first - CONTEXT_BYTES : 0;
    size_t to = text.size - end < CONTEXT_BYTES / 2 ? text.size : end + CONTEXT_BYTES / 2;
    look_around(text, from, first, &around);
    if (mentions(&around, words)) return true;
    look_around(text, end, to, &around);
    return mentions(&around, words);
}

void mask_likely(const char *column, struct mask_set *ret)
{
    struct str name = str_of(column);
    *ret = (struct mask_set){0};
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        ret->has[kind] = mask_mentions(name, name.size, name.size, mask_kinds[kind].words) ||
                         strcasecmp(column, mask_kinds[kind].name) == 0;
    static const char *const phones[] = {"phone", "mobile", "tel", "fax", "cell"};
    for (size_t i = 0; i < sizeof phones / sizeof *phones; i++)
        if (strcasestr(column, phones[i]) != NULL) ret->has[MASK_PHONE] = true;
}

/* Whether the words around a number speak of phones, and nearer than of other numbers. */
static bool speaks_of_phones(struct str text, size_t first, size_t end)
{
    static const struct mention phones[] = {
        MENTION("phone"),   MENTION("tel"),     MENTION("call"),     MENTION("mobile"),
        MENTION("cell"),    MENTION("fax"),     MENTION("dial"),     MENTION("number"),
        MENTION("contact"), MENTION("reach"),   MENTION("sms"),      MENTION("answer"),
        MENTION("message"), MENTION("hotline"), MENTION("whatsapp"), MENTION("registered")};
    static const struct mention others[] = {
        MENTION("license"),  MENTION("licence"), MENTION("passport"), MENTION("account"),
        MENTION("invoice"),  MENTION("order"),   MENTION("serial"),   MENTION("card"),
        MENTION("security"), MENTION("id")};
    size_t from = first > CONTEXT_BYTES ? first - CONTEXT_BYTES : 0;
    size_t behind = text.size - end < CONTEXT_BYTES / 2 ? text.size - end : CONTEXT_BYTES / 2;
    struct around before, after;
    look_around(text, from, first, &before);
    size_t phone = since_mention(&before, phones, sizeof phones / sizeof *phones);
    size_t other = since_mention(&before, others, sizeof others / sizeof *others);
    if (phone == SIZE_MAX && other == SIZE_MAX) {
        look_around(text, end, end + behind, &after);
        return since_mention(&after, phones, sizeof phones / sizeof *phones) != SIZE_MAX;
    }
    /* "account number": the other word stands before "number" and is meant. */
    return phone < other && (other == SIZE_MAX || other - phone > 12);
}

/* ---- where to look ---- */

static bool wants(const struct finder *finder, enum mask_kind kind)
{
    return finder->query->kinds->has[kind];
}

/* A form that other numbers have too counts where the recipe, the column or the words say so. */
static bool weak_counts(const struct finder *finder, enum mask_kind kind, size_t first, size_t end)
{
    const struct mask_query *query = finder->query;
    return query->weak || (query->likely != NULL && query->likely->has[kind]) ||
           mask_mentions(finder->text, first, end, mask_kinds[kind].words);
}

static bool at_boundary(struct str text, size_t at)
{
    return at == 0 || !is_word(text.data[at - 1]);
}

static enum status look_for_phone(struct finder *finder, size_t at, struct err *err)
{
    size_t end;
    bool weak;
    if (!wants(finder, MASK_PHONE) || !phone_at(finder->text, at, &end, &weak)) return STATUS_OK;
    bool likely = finder->query->likely != NULL && finder->query->likely->has[MASK_PHONE];
    if (weak && !likely && !speaks_of_phones(finder->text, at, end)) return STATUS_OK;
    return add(finder, MASK_PHONE, at, end, err);
}

/* ---- numbers of states and banks ---- */

/* Digits that a number which begins at `first` can have: up to the next word. Those with the fewest
 * have four. */
static size_t digits_from(struct str text, size_t first)
{
    size_t digits = 0;
    for (size_t at = first; at < first + 24 && at < text.size; at++) {
        char c = text.data[at];
        if (is_digit(c)) {
            digits++;
        } else if (!is_letter(c)) {
            if (strchr(" -./:+", c) == NULL) break;
            if (is_letter(peek(text, at + 1)) && is_letter(peek(text, at + 2)) &&
                is_letter(peek(text, at + 3)))
                break;
        }
    }
    return digits;
}

/* Digits (or letters) that stand side by side from `first` on. */
static size_t run_of(struct str text, size_t first, bool letter)
{
    size_t at = first;
    while (at - first < MASK_LEADS - 1 &&
           (letter ? is_letter(peek(text, at)) : is_digit(peek(text, at))))
        at++;
    return at - first;
}

static enum status look_for_forms(struct finder *finder, size_t first, bool letter, size_t digits,
                                  struct err *err)
{
    struct str text = finder->text;
    const struct mask_plan *plan = finder->query->plan;
    bool fresh = at_boundary(text, first);
    size_t run = run_of(text, first, letter);
    for (size_t i = 0; i < plan->count[letter][run]; i++) {
        size_t place = plan->forms[letter][run][i];
        const struct mask_form *form = &mask_forms[place];
        struct mask_code code;
        size_t end;
        if (plan->digits[place] > digits) continue;
        if ((!fresh && !form->glued) || !mask_form_at(form, text, first, &code, &end)) continue;
        bool strong =
            form->strength == MASK_STRONG || (form->strength == MASK_GROUPED && code.grouped);
        if (strong || weak_counts(finder, form->kind, first, end))
            TRY(add(finder, form->kind, first, end, err));
    }
    return STATUS_OK;
}

/* Licenses and accounts have no form of their own: a number near their words. */
static enum status look_for_bare(struct finder *finder, size_t first, struct err *err)
{
    struct str text = finder->text;
    size_t end = first, digits = 0, letters = 0;
    while (end - first < 20 && (is_letter(peek(text, end)) || is_digit(peek(text, end)) ||
                                (peek(text, end) == '-' && is_digit(peek(text, end + 1))))) {
        digits += is_digit(text.data[end]);
        letters += is_letter(text.data[end]);
        end++;
    }
    if (digits < 5 || is_word(peek(text, end))) return STATUS_OK;
    if (letters <= 2 && wants(finder, MASK_US_DRIVER) &&
        weak_counts(finder, MASK_US_DRIVER, first, end))
        return add(finder, MASK_US_DRIVER, first, end, err);
    if (letters == 0 && digits == end - first && digits >= 8 && digits <= 17 &&
        wants(finder, MASK_US_BANK) && weak_counts(finder, MASK_US_BANK, first, end))
        return add(finder, MASK_US_BANK, first, end, err);
    return STATUS_OK;
}

/* Letters in front of the digit belong to it, also across one separator ("AB 12 34 56 C"). */
static size_t code_start(struct str text, size_t at)
{
    size_t first = at, begin;
    while (first > 0 && at - first < 8 && is_letter(text.data[first - 1]))
        first--;
    if (first < at || at < 2 || strchr(" -", text.data[at - 1]) == NULL) return first;
    begin = at - 1;
    while (begin > 0 && at - 1 - begin < 3 && is_letter(text.data[begin - 1]))
        begin--;
    return at - 1 - begin <= 2 ? begin : at;
}

static enum status look_for_codes(struct finder *finder, size_t at, struct err *err)
{
    struct str text = finder->text;
    size_t first = code_start(text, at), end;
    if (at_boundary(text, first) && (first == at || is_letter(text.data[first]))) {
        size_t code = first < at && is_letter(text.data[at - 1]) ? first : at;
        if (wants(finder, MASK_CRYPTO) && at_boundary(text, code) && crypto_at(text, code, &end))
            TRY(add(finder, MASK_CRYPTO, code, end, err));
        size_t digits = digits_from(text, first);
        if (digits < 4) return STATUS_OK;
        if (first < at) TRY(look_for_forms(finder, first, true, digits, err));
        if (at_boundary(text, code)) TRY(look_for_bare(finder, code, err));
    }
    size_t digits = digits_from(text, at);
    return digits < 4 ? STATUS_OK : look_for_forms(finder, at, false, digits, err);
}

static enum status look_for_date(struct finder *finder, size_t at, struct err *err)
{
    size_t first, end;
    bool weak;
    if (!wants(finder, MASK_DATE) || !date_at(finder->text, at, &first, &end, &weak))
        return STATUS_OK;
    bool likely = finder->query->likely != NULL && finder->query->likely->has[MASK_DATE];
    if (weak && !likely && !finder->query->weak && !date_is_meant(finder->text, first))
        return STATUS_OK;
    return add(finder, MASK_DATE, first, end, err);
}

static enum status look_at_digit(struct finder *finder, size_t at, struct err *err)
{
    struct str text = finder->text;
    size_t end;
    bool letters = at >= 2 && is_letter(text.data[at - 1]) && is_letter(text.data[at - 2]);
    if (letters && wants(finder, MASK_IBAN) && at_boundary(text, at - 2) &&
        iban_at(text, at - 2, &end))
        return add(finder, MASK_IBAN, at - 2, end, err);
    TRY(look_for_codes(finder, at, err));
    if (!at_boundary(text, at)) return STATUS_OK;
    if (wants(finder, MASK_IP) && ipv4_at(text, at, &end)) TRY(add(finder, MASK_IP, at, end, err));
    if (wants(finder, MASK_CARD) && card_at(text, at, &end))
        TRY(add(finder, MASK_CARD, at, end, err));
    TRY(look_for_date(finder, at, err));
    return look_for_phone(finder, at, err);
}

/* A MAC address begins two (or four) places before its first separator. */
static enum status look_for_mac(struct finder *finder, size_t at, struct err *err)
{
    size_t places = finder->text.data[at] == '.' ? 4 : 2, end;
    if (at < places || !is_word(finder->text.data[at - 1]) || !is_word(peek(finder->text, at + 1)))
        return STATUS_OK;
    if (!wants(finder, MASK_MAC) || at < places || !at_boundary(finder->text, at - places) ||
        !mac_at(finder->text, at - places, &end))
        return STATUS_OK;
    return add(finder, MASK_MAC, at - places, end, err);
}

/* The first group of an IPv6 address stands before its first colon. */
static enum status look_at_colon(struct finder *finder, size_t at, struct err *err)
{
    struct str text = finder->text;
    size_t first, end;
    if (wants(finder, MASK_URL) && peek(text, at + 1) == '/' && url_at(text, at, &first, &end))
        return add(finder, MASK_URL, first, end, err);
    TRY(look_for_mac(finder, at, err));
    if (!wants(finder, MASK_IP)) return STATUS_OK;
    first = at;
    while (first > 0 && at - first < 5 && is_word(text.data[first - 1]))
        first--;
    bool fresh = first == 0 || text.data[first - 1] != ':';
    if (fresh && at - first <= 4 && at_boundary(text, first) && ipv6_at(text, first, &end))
        return add(finder, MASK_IP, first, end, err);
    return STATUS_OK;
}

static enum status look_for_domain(struct finder *finder, size_t at, struct err *err)
{
    size_t first, end;
    if (!wants(finder, MASK_URL) || !is_letter(peek(finder->text, at + 1)) ||
        !domain_at(finder->text, at, &first, &end) || !weak_counts(finder, MASK_URL, first, end))
        return STATUS_OK;
    return add(finder, MASK_URL, first, end, err);
}

static enum status look_at(struct finder *finder, size_t at, struct err *err)
{
    struct str text = finder->text;
    size_t first, end;
    switch (text.data[at]) {
    case '@':
        if (wants(finder, MASK_EMAIL) && email_at(text, at, &first, &end))
            return add(finder, MASK_EMAIL, first, end, err);
        return STATUS_OK;
    case ':': return look_at_colon(finder, at, err);
    case '-': return look_for_mac(finder, at, err);
    case '.':
        TRY(look_for_mac(finder, at, err));
        if (at < 3 || strncasecmp(text.data + at - 3, "www", 3) != 0)
            return look_for_domain(finder, at, err);
        if (wants(finder, MASK_URL) && at_boundary(text, at - 3) &&
            url_at(text, at - 3, &first, &end))
            return add(finder, MASK_URL, first, end, err);
        return STATUS_OK;
    case '+':
    case '(':
        if (at_boundary(text, at) || text.data[at] == '+') return look_for_phone(finder, at, err);
        return STATUS_OK;
    default: return look_at_digit(finder, at, err);
    }
}

/* Finds that a list allows go. */
static void drop_allowed(struct str text, const struct mask_words *words, struct mask_hits *hits)
{
    char key[256];
    size_t kept = 0;
    for (size_t i = 0; i < hits->count; i++) {
        const struct mask_hit *hit = &hits->items[i];
        struct str found = {text.data + hit->first, hit->end - hit->first};
        struct str looked_up = {key, mask_words_key(found, key, sizeof key)};
        if ((mask_words_get(words, looked_up) & WORD_OWN_ALLOWED) != 0) continue;
        hits->items[kept++] = *hit;
    }
    hits->count = kept;
}

enum status mask_find(struct str text, const struct mask_query *query, struct mask_hits *hits,
                      struct err *err)
{
    struct finder finder = {text, query, hits};
    hits->count = 0;
    for (size_t at = 0; at < text.size; at++) {
        if (!starts[(unsigned char)text.data[at]]) continue;
        TRY(look_at(&finder, at, err));
        /* The rest of a run of digits starts nothing. */
        while (is_digit(text.data[at]) && is_digit(peek(text, at + 1)))
            at++;
    }
    if (query->words == NULL) return STATUS_OK;
    TRY(mask_find_names(text, query, hits, err));
    if (mask_words_has_own(query->words)) drop_allowed(text, query->words, hits);
    return STATUS_OK;
}
