/* ingest/feed_parts.h: the parts a reader of RSS and Atom feeds is made of.
 *
 * A feed is read twice: the first time for what is said about the feed itself (it may stand behind
 * the entries) and to know that all of it is well-formed, the second time for the entries. libxml2
 * gets UTF-8 in small blocks and keeps no tree. No DTD is loaded, no entity is declared, nothing is
 * fetched. */
#ifndef INGEST_FEED_PARTS_H
#define INGEST_FEED_PARTS_H

#include "base/digest.h"
#include "base/input.h"
#include "ingest/source.h"

#define FEED_ENTRY_BYTES_MAXIMUM (64u << 20)

/* ---- feed_fields.c: which element of which dialect is which field ---- */

enum feed_field {
    FEED_ID,
    FEED_TITLE,
    FEED_LINK,
    FEED_PUBLISHED,
    FEED_UPDATED,
    FEED_AUTHOR,
    FEED_SUMMARY,
    FEED_CONTENT,
    FEED_CATEGORIES, /* each followed by a zero byte */
    /* what stands in where one of the above is absent */
    FEED_ABOUT,      /* rdf:about of RSS 1.0, for the id */
    FEED_OTHER_LINK, /* of another relation than "alternate" */
    FEED_DATE,       /* dc:date, for published, else updated */
    FEED_FIELDS,
    FEED_NONE = FEED_FIELDS,
};

enum feed_space {            /* namespaces */
                  SPACE_RSS, /* none, RSS 0.90, RSS 1.0 */
                  SPACE_RDF,
                  SPACE_ATOM, /* 1.0 and 0.3 */
                  SPACE_DC,   /* Dublin Core, elements and terms */
                  SPACE_CONTENT,
                  SPACE_OTHER,
};
struct feed_name {
    enum feed_space space;
    const char *local;
};
/* A name as libxml2 gives it; a well-known prefix that was not declared counts as its namespace. */
struct feed_name feed_name_of(const char *local, const char *prefix, const char *uri);

enum feed_dialect { FEED_UNKNOWN, FEED_RSS, FEED_RDF, FEED_ATOM, FEED_ONE_ENTRY };
/* By the root element. */
enum feed_dialect feed_dialect_of(struct feed_name root);
/* Whether an element at `depth` (the root is 1) is an entry. */
bool feed_is_entry(enum feed_dialect dialect, struct feed_name name, int depth);
/* Whether it holds what is said about the feed: the root of Atom, channel of RSS. */
bool feed_is_head(enum feed_dialect dialect, struct feed_name name, int depth);
/* The field of a child element of an entry or head; FEED_NONE = none of ours. */
enum feed_field feed_field_of(struct feed_name name);
/* Whether several of them are kept one behind the other, and what stands between. */
bool feed_field_adds(enum feed_field field, const char **ret_between);

/* ---- feed_date.c ---- */

/* RFC 822 and its successors (RFC 2822, section 3.3; obsolete zone names too), RFC 3339, and W3C
 * dates of a day at least (W3CDTF); without a zone it is UTC. Microseconds since 1970. */
bool feed_time(struct str text, int64_t *ret);

/* ---- feed_read.c: entries, in order ---- */

struct feed_entry {
    struct str fields[FEED_FIELDS]; /* data NULL = absent */
    uint64_t offset, size;          /* of its element in the text */
    int64_t line;
    const char *rule;    /* of a reject, NULL = fine */
    const char *message; /* static */
    bool known;          /* it was read before: --incremental */
};
struct feed_entries {
    struct arena *arena;
    struct feed_entry *items; /* memory_get */
    size_t count, room;
    uint64_t bytes;
};
void feed_entries_release(struct feed_entries *entries);

struct feed_reader;
/* Borrows text (UTF-8, random access) and, unless NULL, digester, which gets every byte. */
MUST_CHECK enum status feed_reader_open(struct feed_reader **ret, struct input *text,
                                        uint64_t field_limit, struct digester *digester,
                                        struct err *err);
/* Reads on until there are `count` entries or `bytes` bytes of them, or a few more. *ret_end at the
 * end of the text. STATUS_FAILED names the line of what is no XML or no feed. */
MUST_CHECK enum status feed_read(struct feed_reader *reader, size_t count, uint64_t bytes,
                                 struct feed_entries *ret, bool *ret_end, struct err *err);
/* What the feed says about itself, as far as it was read: FEED_TITLE, FEED_LINK, FEED_AUTHOR.
 * Data NULL = absent. Borrowed until close. */
struct str feed_reader_head(const struct feed_reader *reader, enum feed_field field);
void feed_reader_close(struct feed_reader **reader);

#endif
