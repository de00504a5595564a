/* clean/mask_find.h: finds personal data in text by its form, check digits and context.
 *
 * One pass over the bytes; only bytes that can begin or center an identifier (digits, @ : . + and
 * an opening parenthesis) start a recognizer, so plain prose goes by at memory speed. Where two
 * finds overlap the longer one stays, then the kind that comes first. UTF-8 letters count as
 * letters of a word. Sources: RFC 5322 (address, the forms in use), ISO/IEC 7812-1 (card, Luhn),
 * ISO 13616 (IBAN, mod 97), ITU-T E.164 and the North American plan (phone), RFC 3986, RFC 4291;
 * national identifiers: mask_national.h. */
#ifndef CLEAN_MASK_FIND_H
#define CLEAN_MASK_FIND_H

#include "base/memory.h"
#include "base/str.h"
#include "clean/mask_kinds.h"

struct mask_hit {
    size_t first, end; /* bytes */
    enum mask_kind kind;
};

/* Finds of one text, in order, apart from each other. Reused from text to text; zero-initialize. */
struct token_list;
struct mask_hits {
    struct mask_hit *items;
    size_t count, room;
    struct token_list *tokens; /* space of mask_find_names */
};

struct mask_words;
struct mask_plan;
struct mask_query {
    const struct mask_set *kinds;   /* what to look for */
    const struct mask_set *likely;  /* the text is known to hold them (its column says so): weak
                                       forms count; NULL = none */
    bool weak;                      /* all weak forms count */
    const struct mask_words *words; /* for names, places and lists; NULL = only forms */
    const struct mask_plan *plan;   /* of these kinds (mask_national.h) */
};
MUST_CHECK enum status mask_find(struct str text, const struct mask_query *query,
                                 struct mask_hits *hits, struct err *err);
MUST_CHECK enum status mask_hits_add(struct mask_hits *hits, struct mask_hit hit, struct err *err);
void mask_hits_release(struct mask_hits *hits);

/* ---- recognizers: whether an identifier is there, and its end ---- */

/* `at` is the @; *ret_first is where the name before it begins. */
bool email_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end);
/* `at` is the : of "://", or the first w of "www.". */
bool url_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end);
/* `at` is the first dot of "example.com", without a scheme: other words look so too. */
bool domain_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end);
/* `first` is the first digit. */
bool ipv4_at(struct str text, size_t first, size_t *ret_end);
/* `first` is a hexadecimal digit or a colon. */
bool ipv6_at(struct str text, size_t first, size_t *ret_end);
/* `first` is a hexadecimal digit: 00:1A:2B:3C:4D:5E, with dashes, or 001A.2B3C.4D5E. */
bool mac_at(struct str text, size_t first, size_t *ret_end);
/* `first` is the first digit. */
bool card_at(struct str text, size_t first, size_t *ret_end);
/* `first` is the first of two letters. */
bool iban_at(struct str text, size_t first, size_t *ret_end);
/* `first` is a digit, + or (. *ret_weak: the form alone does not tell it from other numbers. */
bool phone_at(struct str text, size_t first, size_t *ret_end, bool *ret_weak);

/* `first` is the first letter or digit: Bitcoin (Base58Check, Bech32), Ethereum. */
bool crypto_at(struct str text, size_t first, size_t *ret_end);
/* `at` is the first digit; the name of a month may stand before it. *ret_weak: only a month and a
 * day or a year, or a year alone. */
bool date_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end, bool *ret_weak);
/* Whether the word in front of a weak date says that it is one. */
bool date_is_meant(struct str text, size_t first);
/* Whether one of `words` ("ssn|social security") stands near bytes first ... end. */
bool mask_mentions(struct str text, size_t first, size_t end, const char *words);
/* The kinds of which a column's name speaks. */
void mask_likely(const char *column, struct mask_set *ret);

/* Letters, digits and everything beyond ASCII. */
static inline bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/* The byte at `at`, 0 behind the end. */
static inline char peek(struct str text, size_t at)
{
    return at < text.size ? text.data[at] : '\0';
}

#endif
