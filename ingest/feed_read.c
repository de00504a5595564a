/* ingest/feed_read.c: the entries of a feed, in order, out of libxml2's SAX events. */
#include "ingest/feed_filter.h"
#include "ingest/feed_guard.h"
#include "ingest/feed_parts.h"

#include "base/command.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>

#define BLOCK_BYTES 16384u
#define DEPTH_MOST  256
#define NAMES_MOST  10000 /* different ones; a table of libxml2 grows with them */
#define TAG_BYTES   512u  /* looked at once, backwards, for the beginning of a tag */

struct feed_reader {
    struct input *text;
    struct digester *digester;
    uint64_t field_limit;
    xmlParserCtxtPtr parser;
    struct feed_filter filter;
    struct feed_guard guard;
    uint8_t block[BLOCK_BYTES];
    size_t had;           /* bytes of `block` that the parser has not got yet */
    uint64_t skipped;     /* blanks in front of the document, and all it was given is behind */
    uint64_t read, given; /* of the text: by us, to the parser */
    enum feed_dialect dialect;
    int depth;                   /* of the open element, the root is 1 */
    int entry_depth, head_depth; /* 0 = in none */
    bool had_head;
    struct feed_entry entry; /* being read: place and rule */
    struct bytes fields[FEED_FIELDS], head[FEED_FIELDS];
    bool present[FEED_FIELDS], head_present[FEED_FIELDS];
    enum feed_field field; /* being read, FEED_NONE = none */
    int field_depth;
    bool markup;    /* it has elements in it */
    bool muted;     /* text in it is no part of the name of a person */
    uint64_t inner; /* where its inner text begins */
    struct bytes value;
    bool too_long;
    struct feed_entries *entries; /* where they go during feed_read */
    xmlEntity entities[1];        /* the one that was asked for last */
    char entity_text[8];
    enum status status;
    struct err *err;
};

/* ---- places ---- */

static uint64_t here(const struct feed_reader *reader)
{
    long consumed = xmlByteConsumed(reader->parser);
    return reader->skipped + (consumed < 0 ? 0 : (uint64_t)consumed);
}

/* Where the tag that ends at or goes on at `from` begins: no "<" stands in a tag but the first. */
static enum status tag_begin(struct feed_reader *reader, uint64_t from, uint64_t *ret,
                             int *ret_lines, struct err *err)
{
    char bytes[TAG_BYTES];
    if (ret_lines != NULL) *ret_lines = 0;
    while (from > 0) {
        size_t size = from < TAG_BYTES ? (size_t)from : TAG_BYTES;
        TRY(input_read_at(reader->text, bytes, size, from - size, err));
        for (size_t i = size; i > 0; i--) {
            if (ret_lines != NULL) *ret_lines += bytes[i - 1] == '\n';
            if (bytes[i - 1] != '<') continue;
            *ret = from - size + i - 1;
            return STATUS_OK;
        }
        from -= size;
    }
    return fail(err, STATUS_FAILED, "libxml2 lost its place in the text");
}

/* The first event that fails decides; libxml2 is told to stop. */
static bool stop(struct feed_reader *reader, enum status status)
{
    if (status == STATUS_OK) return false;
    if (reader->status == STATUS_OK) reader->status = status;
    xmlStopParser(reader->parser);
    return true;
}

/* ---- entries ---- */

void feed_entries_release(struct feed_entries *entries)
{
    arena_close(&entries->arena);
    memory_free(entries->items);
    *entries = (struct feed_entries){0};
}

static enum status add_entry(struct feed_entries *entries, const struct feed_entry *entry,
                             struct err *err)
{
    if (entries->count == entries->room) {
        size_t room = entries->room == 0 ? 64 : entries->room * 2;
        struct feed_entry *items = memory_resize(entries->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        entries->items = items;
        entries->room = room;
    }
    entries->items[entries->count++] = *entry;
    return STATUS_OK;
}

static void set_rule(struct feed_reader *reader, const char *rule, const char *message)
{
    if (reader->entry.rule != NULL) return;
    reader->entry.rule = rule;
    reader->entry.message = message;
}

static enum status keep_fields(struct feed_reader *reader, struct feed_entry *entry,
                               struct err *err)
{
    for (size_t i = 0; i < FEED_FIELDS; i++) {
        if (!reader->present[i]) continue;
        struct str text = {(const char *)reader->fields[i].data, reader->fields[i].size};
        entry->fields[i] = (struct str){
            arena_text(reader->entries->arena, text.size == 0 ? "" : text.data, text.size),
            text.size};
        if (entry->fields[i].data == NULL) return fail_memory(err, text.size);
        reader->entries->bytes += text.size;
    }
    return STATUS_OK;
}

static enum status begin_entry(struct feed_reader *reader, struct err *err)
{
    int lines;
    reader->entry = (struct feed_entry){.line = xmlSAX2GetLineNumber(reader->parser)};
    reader->entry_depth = reader->depth;
    memset(reader->present, 0, sizeof reader->present);
    TRY(tag_begin(reader, here(reader), &reader->entry.offset, &lines, err));
    reader->entry.line -= lines;
    if (feed_filter_take(&reader->filter, reader->entry.offset) == NULL) return STATUS_OK;
    (void)fail(err, STATUS_FAILED,
               "found bytes outside the entries that are no text, before line "
               "%lld",
               (long long)reader->entry.line);
    err_hint(err, "if the feed is in another encoding, name it with --encoding");
    return STATUS_FAILED;
}

static enum status end_entry(struct feed_reader *reader, struct err *err)
{
    struct feed_entry *entry = &reader->entry;
    uint64_t end = here(reader);
    reader->entry_depth = 0;
    entry->size = end - entry->offset;
    const struct feed_wrong *wrong = feed_filter_take(&reader->filter, end);
    if (wrong != NULL && wrong->encoding)
        set_rule(reader, "encoding", "found bytes that are not UTF-8");
    else if (wrong != NULL)
        set_rule(reader, "character", "found a control character, which XML does not have");
    if (entry->size > FEED_ENTRY_BYTES_MAXIMUM)
        set_rule(reader, "record size", "found an entry of more than 64 MiB");
    if (entry->rule == NULL) TRY(keep_fields(reader, entry, err));
    reader->entries->bytes += sizeof *entry;
    return add_entry(reader->entries, entry, err);
}

/* ---- fields ---- */

static struct str attribute(int count, const xmlChar **attributes, const char *name)
{
    for (int i = 0; i < count; i++, attributes += 5)
        if (strcmp((const char *)attributes[0], name) == 0)
            return (struct str){(const char *)attributes[3],
                                (size_t)(attributes[4] - attributes[3])};
    return (struct str){NULL, 0};
}

static bool in_entry(const struct feed_reader *reader)
{
    return reader->entry_depth > 0;
}

/* Keeps a value of the entry or head that is open; the first one, or all where a field adds. */
static enum status put(struct feed_reader *reader, enum feed_field field, struct str value,
                       struct err *err)
{
    const char *between;
    struct bytes *to = in_entry(reader) ? &reader->fields[field] : &reader->head[field];
    bool *present = in_entry(reader) ? &reader->present[field] : &reader->head_present[field];
    bool adds = feed_field_adds(field, &between);
    if (field != FEED_SUMMARY && field != FEED_CONTENT) value = str_trim(value);
    if (value.size == 0 || (*present && !adds)) return STATUS_OK;
    if (*present && str_equal(value, (struct str){(const char *)to->data, to->size}))
        return STATUS_OK; /* an author in two vocabularies */
    if (!*present) to->size = 0;
    to->limit = reader->field_limit + 8;
    if (to->size + value.size + 4 > to->limit) {
        set_rule(reader, "field size", "found a field beyond --max-field");
        return STATUS_OK;
    }
    if (*present) TRY(bytes_append_text(to, between, err));
    TRY(bytes_append(to, value.data, value.size, err));
    if (field == FEED_CATEGORIES) TRY(bytes_append(to, "", 1, err));
    *present = true;
    return STATUS_OK;
}

static enum status put_link(struct feed_reader *reader, int count, const xmlChar **attributes,
                            struct err *err)
{
    struct str href = attribute(count, attributes, "href"),
               rel = attribute(count, attributes, "rel");
    if (href.data == NULL) return STATUS_OK;
    bool main = rel.data == NULL || str_is(rel, "alternate");
    return put(reader, main ? FEED_LINK : FEED_OTHER_LINK, href, err);
}

static enum status begin_field(struct feed_reader *reader, struct feed_name name, int count,
                               const xmlChar **attributes, struct err *err)
{
    enum feed_field field = feed_field_of(name);
    if (field == FEED_NONE) return STATUS_OK;
    if (field == FEED_LINK && name.space == SPACE_ATOM)
        return put_link(reader, count, attributes, err);
    if (field == FEED_CATEGORIES && name.space == SPACE_ATOM)
        return put(reader, field, attribute(count, attributes, "term"), err);
    reader->field = field;
    reader->field_depth = reader->depth;
    reader->markup = reader->muted = reader->too_long = false;
    reader->inner = here(reader) + 1;
    reader->value.size = 0;
    reader->value.limit = reader->field_limit + 1;
    return STATUS_OK;
}

/* The name of a person (RFC 4287, section 3.2) is a field of its own. */
static bool begin_person(struct feed_reader *reader, struct feed_name name)
{
    if (reader->field != FEED_AUTHOR || reader->depth != reader->field_depth + 1 ||
        name.space != SPACE_ATOM)
        return false;
    reader->markup = true;
    reader->muted = strcmp(name.local, "name") != 0;
    if (!reader->muted) reader->value.size = 0;
    return true;
}

/* An element in a field makes it markup, which is kept as it is written. */
static enum status take_markup(struct feed_reader *reader, struct err *err)
{
    uint64_t end;
    TRY(tag_begin(reader, here(reader), &end, NULL, err));
    reader->value.size = 0;
    if (end < reader->inner) return STATUS_OK; /* an empty element */
    uint64_t size = end - reader->inner;
    reader->too_long = size > reader->field_limit;
    if (reader->too_long) return STATUS_OK;
    TRY(bytes_reserve(&reader->value, (size_t)size, err));
    TRY(input_read_at(reader->text, reader->value.data, (size_t)size, reader->inner, err));
    reader->value.size = (size_t)size;
    return STATUS_OK;
}

static enum status end_field(struct feed_reader *reader, struct err *err)
{
    enum feed_field field = reader->field;
    reader->field = FEED_NONE;
    if (reader->markup && field != FEED_AUTHOR) TRY(take_markup(reader, err));
    if (reader->too_long) {
        set_rule(reader, "field size", "found a field beyond --max-field");
        return STATUS_OK;
    }
    struct str value = {(const char *)reader->value.data, reader->value.size};
    return put(reader, field, value, err);
}

/* ---- events ---- */

static enum status begin_root(struct feed_reader *reader, struct feed_name name,
                              const xmlChar *local, struct err *err)
{
    char shown[64];
    reader->dialect = feed_dialect_of(name);
    if (reader->dialect != FEED_UNKNOWN) return STATUS_OK;
    (void)fail(err, STATUS_FAILED,
               "found XML with root element \"%s\", expected a feed: rss, rdf:RDF or feed",
               escape_for_terminal(str_of((const char *)local), shown, sizeof shown));
    err_hint(err, "XML of other kinds is not read; --format text takes a file as it is");
    return STATUS_FAILED;
}

static enum status begin_element(struct feed_reader *reader, struct feed_name name, int count,
                                 const xmlChar **attributes, struct err *err)
{
    if (reader->field != FEED_NONE) {
        if (!begin_person(reader, name)) reader->markup = true;
        return STATUS_OK;
    }
    if (in_entry(reader))
        return reader->depth == reader->entry_depth + 1
                   ? begin_field(reader, name, count, attributes, err)
                   : STATUS_OK;
    if (feed_is_entry(reader->dialect, name, reader->depth)) {
        TRY(begin_entry(reader, err));
        return put(reader, FEED_ABOUT, attribute(count, attributes, "about"), err);
    }
    if (reader->head_depth > 0 && reader->depth == reader->head_depth + 1)
        return begin_field(reader, name, count, attributes, err);
    if (reader->head_depth == 0 && feed_is_head(reader->dialect, name, reader->depth))
        reader->head_depth = reader->depth;
    return STATUS_OK;
}

static void on_start(void *context, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
                     int space_count, const xmlChar **spaces, int count, int defaulted,
                     const xmlChar **attributes)
{
    struct feed_reader *reader = context;
    (void)space_count;
    (void)spaces;
    (void)defaulted;
    if (reader->status != STATUS_OK) return;
    struct feed_name name =
        feed_name_of((const char *)local, (const char *)prefix, (const char *)uri);
    reader->depth++;
    if (reader->depth > DEPTH_MOST)
        (void)stop(reader, fail(reader->err, STATUS_FAILED,
                                "line %d: found more than %d elements in each other",
                                xmlSAX2GetLineNumber(reader->parser), DEPTH_MOST));
    if (reader->status != STATUS_OK) return;
    if (reader->depth == 1 && stop(reader, begin_root(reader, name, local, reader->err))) return;
    (void)stop(reader, begin_element(reader, name, count, attributes, reader->err));
}

static enum status end_element(struct feed_reader *reader, struct err *err)
{
    if (reader->field != FEED_NONE && reader->depth == reader->field_depth)
        TRY(end_field(reader, err));
    else if (reader->field == FEED_AUTHOR)
        reader->muted = true;
    if (in_entry(reader) && reader->depth == reader->entry_depth) TRY(end_entry(reader, err));
    if (reader->depth == reader->head_depth) reader->head_depth = 0;
    return STATUS_OK;
}

static void on_end(void *context, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct feed_reader *reader = context;
    (void)local;
    (void)prefix;
    (void)uri;
    if (reader->status != STATUS_OK) return;
    if (stop(reader, end_element(reader, reader->err))) return;
    reader->depth--;
}

static void on_text(void *context, const xmlChar *text, int size)
{
    struct feed_reader *reader = context;
    if (reader->status != STATUS_OK || reader->field == FEED_NONE || reader->too_long) return;
    if (reader->markup && reader->field != FEED_AUTHOR) return; /* it is taken as it is written */
    if (reader->muted) return;
    reader->too_long = reader->value.size + (size_t)size > reader->field_limit;
    if (reader->too_long) return;
    (void)stop(reader, bytes_append(&reader->value, text, (size_t)size, reader->err));
}

/* ---- entities ---- */

/* Names of HTML 4, as the DTD of RSS 0.91 declares them; feeds of all dialects use them. */
static xmlEntityPtr on_entity(void *context, const xmlChar *name)
{
    struct feed_reader *reader = context;
    const htmlEntityDesc *known = htmlEntityLookup(name);
    if (known == NULL) return NULL;
    xmlEntity *entity = &reader->entities[0];
    int size = xmlCopyCharMultiByte((xmlChar *)reader->entity_text, (int)known->value);
    reader->entity_text[size] = '\0';
    *entity = (xmlEntity){
        .type = XML_ENTITY_DECL,
        .name = (const xmlChar *)known->name,
        .content = (xmlChar *)reader->entity_text,
        .orig = (xmlChar *)reader->entity_text,
        .length = size,
        .etype = XML_INTERNAL_PREDEFINED_ENTITY,
    };
    return entity;
}

/* Of a document with a DTD, which is not read: the character is not known. */
static void on_reference(void *context, const xmlChar *name)
{
    struct feed_reader *reader = context;
    (void)name;
    if (in_entry(reader))
        set_rule(reader, "entity", "found an entity that only a DTD could explain; none is read");
}

static void refuse_declaration(struct feed_reader *reader)
{
    if (reader->status != STATUS_OK) return;
    enum status status = fail(reader->err, STATUS_FAILED,
                              "line %d: found a declaration in a DTD, expected a feed without any",
                              xmlSAX2GetLineNumber(reader->parser));
    err_hint(reader->err, "feeds declare no entities; they are a way to attack their readers");
    (void)stop(reader, status);
}

static void on_entity_declaration(void *context, const xmlChar *name, int type,
                                  const xmlChar *public_id, const xmlChar *system_id,
                                  xmlChar *content)
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    refuse_declaration(context);
}

static void on_unparsed_declaration(void *context, const xmlChar *name, const xmlChar *public_id,
                                    const xmlChar *system_id, const xmlChar *notation)
{
    (void)name;
    (void)public_id;
    (void)system_id;
    (void)notation;
    refuse_declaration(context);
}

static void on_attribute_declaration(void *context, const xmlChar *element, const xmlChar *name,
                                     int type, int what, const xmlChar *value,
                                     xmlEnumerationPtr choices)
{
    (void)element;
    (void)name;
    (void)type;
    (void)what;
    (void)value;
    xmlFreeEnumeration(choices);
    refuse_declaration(context);
}

static void on_element_declaration(void *context, const xmlChar *name, int type,
                                   xmlElementContentPtr content)
{
    (void)name;
    (void)type;
    (void)content;
    refuse_declaration(context);
}

/* ---- errors ---- */

static void on_error(void *context, xmlErrorPtr error)
{
    struct feed_reader *reader = context;
    char shown[256];
    if (error->level != XML_ERR_FATAL || reader->status != STATUS_OK) return;
    if (error->code == XML_ERR_NO_MEMORY) {
        reader->status = fail_memory(reader->err, BLOCK_BYTES);
        return;
    }
    if (error->code == XML_ERR_INTERNAL_ERROR && strstr(error->message, "Huge") != NULL) {
        reader->status =
            fail(reader->err, STATUS_FAILED,
                 "line %d: found a comment or CDATA section of more than 10 MB", error->line);
        return;
    }
    if (error->code == XML_ERR_DOCUMENT_END || error->code == XML_ERR_DOCUMENT_EMPTY) {
        reader->status = fail(reader->err, STATUS_FAILED, "line %d: it ends %s", error->line,
                              reader->depth > 0 ? "within an element" : "without an element");
        return;
    }
    struct str text = str_trim(str_of(error->message == NULL ? "" : error->message));
    reader->status = fail(reader->err, STATUS_FAILED, "line %d, column %d: it is no XML: %s",
                          error->line, error->int2, escape_for_terminal(text, shown, sizeof shown));
}

/* ---- reading ---- */

static const xmlSAXHandler events = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .getEntity = on_entity,
    .reference = on_reference,
    .entityDecl = on_entity_declaration,
    .unparsedEntityDecl = on_unparsed_declaration,
    .attributeDecl = on_attribute_declaration,
    .elementDecl = on_element_declaration,
    .serror = on_error,
};

enum status feed_reader_open(struct feed_reader **ret, struct input *text, uint64_t field_limit,
                             struct digester *digester, struct err *err)
{
    OWNED(feed_reader_close) struct feed_reader *reader = NULL;
    xmlSAXHandler handler = events;
    TRY(NEW(&reader, 1, err));
    reader->text = text;
    reader->field_limit = field_limit;
    reader->digester = digester;
    reader->field = FEED_NONE;
    reader->parser = xmlCreatePushParserCtxt(&handler, reader, NULL, 0, NULL);
    if (reader->parser == NULL) return fail_memory(err, sizeof *reader->parser);
    /* the text is UTF-8 by now, whatever it says; without XML_PARSE_HUGE libxml2's limits hold */
    (void)xmlCtxtUseOptions(reader->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    *ret = reader;
    reader = NULL;
    return STATUS_OK;
}

static enum status read_block(struct feed_reader *reader, bool *ret_last, struct err *err)
{
    uint64_t left = (uint64_t)input_size(reader->text) - reader->read;
    size_t more = BLOCK_BYTES - reader->had;
    if (more > left) more = (size_t)left;
    uint8_t *to = reader->block + reader->had;
    TRY(input_read_at(reader->text, to, more, reader->read, err));
    if (reader->digester != NULL) digester_add(reader->digester, to, more);
    reader->read += more;
    reader->had += more;
    *ret_last = more == left;
    return STATUS_OK;
}

/* Blanks in front of the declaration are no XML, and common. */
static size_t leading_blanks(const struct feed_reader *reader, size_t size)
{
    size_t blanks = 0;
    if (reader->given > reader->skipped) return 0;
    while (blanks < size && strchr(" \t\r\n", reader->block[blanks]) != NULL)
        blanks++;
    return blanks;
}

static enum status give_block(struct feed_reader *reader, bool *ret_last, struct err *err)
{
    size_t size = 0;
    TRY(interrupted(err));
    TRY(read_block(reader, ret_last, err));
    uint64_t offset = reader->read - reader->had;
    TRY(feed_filter(&reader->filter, reader->block, reader->had, *ret_last, offset, &size, err));
    size_t blanks = leading_blanks(reader, size);
    enum status status = feed_guard(&reader->guard, reader->block, size, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "line %d", xmlSAX2GetLineNumber(reader->parser));
    reader->skipped += blanks;
    reader->given += size;
    (void)xmlParseChunk(reader->parser, (const char *)reader->block + blanks, (int)(size - blanks),
                        *ret_last);
    if (reader->status == STATUS_OK && reader->parser->wellFormed == 0)
        reader->status = fail(err, STATUS_FAILED, "it is no XML");
    if (reader->status == STATUS_OK && xmlDictSize(reader->parser->dict) > NAMES_MOST)
        reader->status = fail(err, STATUS_FAILED, "found more than %d different names", NAMES_MOST);
    memmove(reader->block, reader->block + size, reader->had - size);
    reader->had -= size;
    return reader->status;
}

/* What only the end of the text shows. */
static enum status check_end(struct feed_reader *reader, struct err *err)
{
    if (reader->dialect == FEED_UNKNOWN) return fail(err, STATUS_FAILED, "found no element");
    if (feed_filter_take(&reader->filter, UINT64_MAX) == NULL) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found bytes behind the entries that are no text");
    err_hint(err, "if the feed is in another encoding, name it with --encoding");
    return STATUS_FAILED;
}

enum status feed_read(struct feed_reader *reader, size_t count, uint64_t bytes,
                      struct feed_entries *ret, bool *ret_end, struct err *err)
{
    *ret_end = false;
    reader->entries = ret;
    reader->err = err;
    if (ret->arena == NULL) TRY(arena_open(&ret->arena, err));
    while (!*ret_end && ret->count < count && ret->bytes < bytes) {
        TRY(give_block(reader, ret_end, err));
        if (*ret_end) TRY(check_end(reader, err));
    }
    return STATUS_OK;
}

struct str feed_reader_head(const struct feed_reader *reader, enum feed_field field)
{
    if (!reader->head_present[field]) return (struct str){NULL, 0};
    return (struct str){(const char *)reader->head[field].data, reader->head[field].size};
}

void feed_reader_close(struct feed_reader **reader)
{
    struct feed_reader *r = *reader;
    if (r == NULL) return;
    if (r->parser != NULL && r->parser->myDoc != NULL) xmlFreeDoc(r->parser->myDoc); /* of a DTD */
    if (r->parser != NULL) xmlFreeParserCtxt(r->parser);
    feed_filter_release(&r->filter);
    for (size_t i = 0; i < FEED_FIELDS; i++) {
        bytes_release(&r->fields[i]);
        bytes_release(&r->head[i]);
    }
    bytes_release(&r->value);
    memory_free(r);
    *reader = NULL;
}
