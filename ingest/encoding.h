/* ingest/encoding.h: which encoding a text is in, found from its bytes or given by name.
 *
 * Found, in this order: a byte-order mark (Unicode 15, section 23.8); UTF-32 and UTF-16 without one
 * by where their zero bytes stand; UTF-8 where the bytes are UTF-8, or nearly all of what is not
 * ASCII is; else what uchardet says (a descendant of Li and Momoi 2001, "A composite approach to
 * language/encoding detection"), if all of the text can be decoded so. windows-1252 stands for
 * ISO-8859-1, whose bytes 0x80 to 0x9f are no text (WHATWG Encoding, section 4.2). */
#ifndef INGEST_ENCODING_H
#define INGEST_ENCODING_H

#include "base/input.h"
#include "base/str.h"

#define ENCODING_NAME 32

struct encoding {
    char name[ENCODING_NAME];    /* as people write it: "utf-8", "windows-1252", "shift_jis" */
    char decoder[ENCODING_NAME]; /* as iconv knows it */
    size_t mark;                 /* bytes of the byte-order mark in front */
    size_t unit;                 /* bytes of its smallest unit: 1, 2 or 4 */
    bool plain; /* what a byte means does not depend on what stands far in front of it */
    bool found; /* from bytes beyond ASCII; false: given, or nothing but ASCII was seen */
};

/* How far the bytes are looked at. */
enum encoding_search {
    ENCODING_UNICODE, /* UTF-8, UTF-16 or UTF-32 only: for formats that are Unicode by definition */
    ENCODING_ANY,
};

/* The encoding of that name. STATUS_USAGE when there is none. */
MUST_CHECK enum status encoding_named(const char *name, struct encoding *ret, struct err *err);
/* The encoding of a text by its first bytes; `whole` when they are all of it. `given` (NULL or
 * "auto" = none) decides except for the order of bytes of "utf-16" and "utf-32". */
MUST_CHECK enum status encoding_of(const uint8_t *text, size_t size, bool whole, const char *given,
                                   enum encoding_search search, struct encoding *ret,
                                   struct err *err);
/* The same of an input that can be read at any place; looks for bytes beyond ASCII within `limit`
 * bytes. */
MUST_CHECK enum status encoding_find(struct input *input, uint64_t limit, const char *given,
                                     enum encoding_search search, struct encoding *ret,
                                     struct err *err);
bool encoding_is_utf8(const struct encoding *encoding);

#endif
