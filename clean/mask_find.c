/* clean/mask_find.c: finds personal data in text: where to look, and what wins. */
#include "clean/mask_find.h"

#include <strings.h>

#define CONTEXT_BYTES 56

const char *const mask_kind_names[MASK_KINDS] = {
    [MASK_EMAIL] = "email", [MASK_IBAN] = "iban", [MASK_CARD] = "card", [MASK_MAC] = "mac",
    [MASK_IP] = "ip",       [MASK_URL] = "url",   [MASK_SSN] = "ssn",   [MASK_PHONE] = "phone"};
const char *const mask_kind_labels[MASK_KINDS] = {
    [MASK_EMAIL] = "EMAIL", [MASK_IBAN] = "IBAN", [MASK_CARD] = "CARD", [MASK_MAC] = "MAC",
    [MASK_IP] = "IP",       [MASK_URL] = "URL",   [MASK_SSN] = "SSN",   [MASK_PHONE] = "PHONE"};

/* Bytes at which a recognizer may start. */
static const bool starts[256] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['@'] = true, [':'] = true,
    ['.'] = true, ['-'] = true, ['+'] = true, ['('] = true};

struct finder {
    struct str text;
    unsigned kinds;
    bool phone_like;
    struct mask_hits *hits;
};

/* ---- hits ---- */

static bool stronger(const struct mask_hit *a, const struct mask_hit *b)
{
    size_t size_a = a->end - a->first, size_b = b->end - b->first;
    return size_a != size_b ? size_a > size_b : a->kind < b->kind;
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

void mask_hits_release(struct mask_hits *hits)
{
    memory_free(hits->items);
    *hits = (struct mask_hits){0};
}

/* ---- context ---- */

/* How far behind the last of the words the text ends; SIZE_MAX where there is none. */
static size_t since_mention(struct str text, const char *const *words, size_t count)
{
    for (size_t end = text.size; end > 0; end--)
        for (size_t i = 0; i < count; i++) {
            size_t size = strlen(words[i]);
            if (size <= end && strncasecmp(text.data + end - size, words[i], size) == 0)
                return text.size - end;
        }
    return SIZE_MAX;
}

/* Whether the words around a number speak of phones, and nearer than of other numbers. */
static bool speaks_of_phones(struct str text, size_t first, size_t end)
{
    static const char *const phones[] = {
        "phone",   "tel",   "call", "mobile", "cell",    "fax",     "dial",     "number",
        "contact", "reach", "sms",  "answer", "message", "hotline", "whatsapp", "registered"};
    static const char *const others[] = {"license", "licence", "passport", "account",  "invoice",
                                         "order",   "serial",  "card",     "security", "id"};
    size_t from = first > CONTEXT_BYTES ? first - CONTEXT_BYTES : 0;
    size_t behind = text.size - end < CONTEXT_BYTES / 2 ? text.size - end : CONTEXT_BYTES / 2;
    struct str before = {text.data + from, first - from}, after = {text.data + end, behind};
    size_t phone = since_mention(before, phones, sizeof phones / sizeof *phones);
    size_t other = since_mention(before, others, sizeof others / sizeof *others);
    if (phone == SIZE_MAX && other == SIZE_MAX)
        return since_mention(after, phones, sizeof phones / sizeof *phones) != SIZE_MAX;
    /* "account number": the other word stands before "number" and is meant. */
    return phone < other && (other == SIZE_MAX || other - phone > 12);
}

/* ---- where to look ---- */

static bool wants(const struct finder *finder, enum mask_kind kind)
{
    return (finder->kinds >> kind & 1) != 0;
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
    if (weak && !finder->phone_like && !speaks_of_phones(finder->text, at, end)) return STATUS_OK;
    return add(finder, MASK_PHONE, at, end, err);
}

static enum status look_at_digit(struct finder *finder, size_t at, struct err *err)
{
    struct str text = finder->text;
    size_t end;
    bool letters = at >= 2 && is_letter(text.data[at - 1]) && is_letter(text.data[at - 2]);
    if (letters && wants(finder, MASK_IBAN) && at_boundary(text, at - 2) &&
        iban_at(text, at - 2, &end))
        return add(finder, MASK_IBAN, at - 2, end, err);
    if (!at_boundary(text, at)) return STATUS_OK;
    if (wants(finder, MASK_IP) && ipv4_at(text, at, &end)) TRY(add(finder, MASK_IP, at, end, err));
    if (wants(finder, MASK_SSN) && ssn_at(text, at, &end)) TRY(add(finder, MASK_SSN, at, end, err));
    if (wants(finder, MASK_CARD) && card_at(text, at, &end))
        TRY(add(finder, MASK_CARD, at, end, err));
    return look_for_phone(finder, at, err);
}

/* A MAC address begins two (or four) places before its first separator. */
static enum status look_for_mac(struct finder *finder, size_t at, struct err *err)
{
    size_t places = finder->text.data[at] == '.' ? 4 : 2, end;
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
        if (at < 3 || strncasecmp(text.data + at - 3, "www", 3) != 0) return STATUS_OK;
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

enum status mask_find(struct str text, unsigned kinds, bool phone_like, struct mask_hits *hits,
                      struct err *err)
{
    struct finder finder = {text, kinds, phone_like, hits};
    hits->count = 0;
    for (size_t at = 0; at < text.size; at++) {
        if (!starts[(unsigned char)text.data[at]]) continue;
        TRY(look_at(&finder, at, err));
        /* The rest of a run of digits starts nothing. */
        while (is_digit(text.data[at]) && is_digit(peek(text, at + 1)))
            at++;
    }
    return STATUS_OK;
}
