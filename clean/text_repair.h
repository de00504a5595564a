/* clean/text_repair.h: one text, made what its author wrote: decoding, characters nobody sees,
 * normal form, white space. */
#ifndef CLEAN_TEXT_REPAIR_H
#define CLEAN_TEXT_REPAIR_H

#include "clean/text_mojibake.h"

#include <stdint.h>

enum text_white { WHITE_KEEP, WHITE_TRIM, WHITE_COLLAPSE };
enum text_form { FORM_KEEP, FORM_NFC, FORM_NFKC };
enum text_quotes { QUOTES_KEEP, QUOTES_STRAIGHT };
enum text_decode { DECODE_WINDOWS_1252, DECODE_REPLACE };

struct text_policy {
    int white;  /* enum text_white */
    int form;   /* enum text_form */
    int decode; /* enum text_decode: what invalid bytes become */
    bool invisible;
    bool mojibake;
    bool entities;
    bool ligatures;
    int quotes; /* enum text_quotes */
};

/* What was done, as bits. */
enum text_why {
    TEXT_INVALID = 1,   /* bytes that are no UTF-8 */
    TEXT_INVISIBLE = 2, /* control, zero-width and directional characters taken out */
    TEXT_FORM = 4,      /* another normal form */
    TEXT_WHITE = 8,     /* white space */
    TEXT_MOJIBAKE = 16, /* UTF-8 read as another code page */
    TEXT_ENTITY = 32,   /* HTML character references */
    TEXT_SIGNS = 64,    /* quotes and ligatures written with plain characters */
};

/* The name of the most telling of them: "mojibake", "white space". */
const char *text_why_name(unsigned why);

/* Buffers a thread keeps from text to text. */
struct text_room {
    struct bytes a, b, points;
    const struct text_codes *codes; /* needed for mojibake */
};
void text_room_open(struct text_room *room, const struct text_codes *codes);
void text_room_release(struct text_room *room);

/* Whether every byte belongs to valid UTF-8 (no surrogates, no overlong forms). */
bool text_is_valid(struct str text);
/* *ret is `text` itself where nothing had to be done (*ret_why 0), else in `room` until the next
 * call. ASCII without anything to do costs one look at each byte. */
MUST_CHECK enum status text_repair(const struct text_policy *policy, struct str text,
                                   struct text_room *room, struct str *ret, unsigned *ret_why,
                                   struct err *err);

#endif
