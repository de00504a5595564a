/* ingest/feed_fields.c: which element of which dialect is which field.
 *
 * RSS 0.90 (Netscape 1999), 0.91 to 0.94, 2.0.11 (RSS Advisory Board), RSS 1.0 (RSS-DEV 2000) with
 * its modules Dublin Core and content, Atom 1.0 (RFC 4287) and 0.3. */
#include "ingest/feed_parts.h"

static const struct {
    const char *uri, *prefix;
    enum feed_space space;
} spaces[] = {
    {"http://www.w3.org/2005/Atom", "atom", SPACE_ATOM},
    {"http://purl.org/atom/ns#", NULL, SPACE_ATOM},
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf", SPACE_RDF},
    {"http://purl.org/rss/1.0/", "rss", SPACE_RSS},
    {"http://my.netscape.com/rdf/simple/0.9/", NULL, SPACE_RSS},
    {"http://channel.netscape.com/rdf/simple/0.9/", NULL, SPACE_RSS},
    {"http://backend.userland.com/rss2", NULL, SPACE_RSS},
    {"http://backend.userland.com/RSS2", NULL, SPACE_RSS},
    {"http://purl.org/dc/elements/1.1/", "dc", SPACE_DC},
    {"http://purl.org/dc/terms/", "dcterms", SPACE_DC},
    {"http://purl.org/rss/1.0/modules/content/", "content", SPACE_CONTENT},
};

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

struct feed_name feed_name_of(const char *local, const char *prefix, const char *uri)
{
    struct feed_name name = {SPACE_OTHER, local};
    if (uri == NULL && prefix == NULL) name.space = SPACE_RSS;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (uri != NULL ? same(uri, spaces[i].uri) : same(prefix, spaces[i].prefix))
            name.space = spaces[i].space;
    return name;
}

static bool is(struct feed_name name, enum feed_space space, const char *local)
{
    return name.space == space && strcmp(name.local, local) == 0;
}

enum feed_dialect feed_dialect_of(struct feed_name root)
{
    if (is(root, SPACE_RSS, "rss")) return FEED_RSS;
    if (is(root, SPACE_RDF, "RDF")) return FEED_RDF;
    if (is(root, SPACE_ATOM, "feed")) return FEED_ATOM;
    if (is(root, SPACE_ATOM, "entry")) return FEED_ONE_ENTRY;
    return FEED_UNKNOWN;
}

bool feed_is_entry(enum feed_dialect dialect, struct feed_name name, int depth)
{
    switch (dialect) {
    case FEED_RSS: return is(name, SPACE_RSS, "item") && (depth == 2 || depth == 3);
    case FEED_RDF: return is(name, SPACE_RSS, "item") && (depth == 2 || depth == 3);
    case FEED_ATOM: return is(name, SPACE_ATOM, "entry") && depth == 2;
    case FEED_ONE_ENTRY: return depth == 1;
    default: return false;
    }
}

bool feed_is_head(enum feed_dialect dialect, struct feed_name name, int depth)
{
    if (dialect == FEED_ATOM) return depth == 1;
    return (dialect == FEED_RSS || dialect == FEED_RDF) && depth == 2 &&
           is(name, SPACE_RSS, "channel");
}

enum feed_field feed_field_of(struct feed_name name)
{
    static const struct {
        enum feed_space space;
        const char *local;
        enum feed_field field;
    } rows[] = {
        {SPACE_RSS, "guid", FEED_ID},
        {SPACE_RSS, "title", FEED_TITLE},
        {SPACE_RSS, "link", FEED_LINK},
        {SPACE_RSS, "pubDate", FEED_PUBLISHED},
        {SPACE_RSS, "author", FEED_AUTHOR},
        {SPACE_RSS, "description", FEED_SUMMARY},
        {SPACE_RSS, "category", FEED_CATEGORIES},
        {SPACE_CONTENT, "encoded", FEED_CONTENT},
        {SPACE_DC, "date", FEED_DATE},
        {SPACE_DC, "created", FEED_DATE},
        {SPACE_DC, "issued", FEED_DATE},
        {SPACE_DC, "modified", FEED_UPDATED},
        {SPACE_DC, "creator", FEED_AUTHOR},
        {SPACE_DC, "subject", FEED_CATEGORIES},
        {SPACE_ATOM, "id", FEED_ID},
        {SPACE_ATOM, "title", FEED_TITLE},
        {SPACE_ATOM, "link", FEED_LINK},
        {SPACE_ATOM, "published", FEED_PUBLISHED},
        {SPACE_ATOM, "issued", FEED_PUBLISHED},
        {SPACE_ATOM, "created", FEED_DATE},
        {SPACE_ATOM, "updated", FEED_UPDATED},
        {SPACE_ATOM, "modified", FEED_UPDATED},
        {SPACE_ATOM, "author", FEED_AUTHOR},
        {SPACE_ATOM, "summary", FEED_SUMMARY},
        {SPACE_ATOM, "content", FEED_CONTENT},
        {SPACE_ATOM, "category", FEED_CATEGORIES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is(name, rows[i].space, rows[i].local)) return rows[i].field;
    return FEED_NONE;
}

bool feed_field_adds(enum feed_field field, const char **ret_between)
{
    *ret_between = field == FEED_AUTHOR ? ", " : "";
    return field == FEED_AUTHOR || field == FEED_CATEGORIES;
}
