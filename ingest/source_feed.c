/* ingest/source_feed.c: RSS 0.9x, 1.0 and 2.0, Atom 1.0 and 0.3: one row an entry.
 *
 * The parts are in feed_parts.h. With --incremental an entry is read once: its id is kept with the
 * moment it was updated, and it is read again when that changes. */
#include "ingest/feed_parts.h"
#include "ingest/reread.h"
#include "ingest/retry.h"
#include "ingest/seen.h"

#include <stdio.h>

#define HEAD_BYTES     1024
#define SURROUND_BYTES (256u << 10)

enum {
    ID,
    TITLE,
    LINK,
    PUBLISHED,
    UPDATED,
    AUTHOR,
    SUMMARY,
    CONTENT,
    CATEGORIES,
    HEAD_TITLE,
    HEAD_LINK,
    PUBLISHED_TEXT,
    UPDATED_TEXT,
};

struct source {
    struct source_options options;
    struct reread file;
    struct schema *schema;
    struct arena *arena;
    struct str title, link, author; /* of the feed */
    struct feed_reader *reader;
    struct seen seen;
    struct digest digest;
    int64_t records, known, next;
    uint64_t entries_begin, entries_end; /* in the text */
    bool ended;
};

struct source_piece {
    struct feed_entries entries;
    int64_t first; /* number of the first, from 1 */
};

static void close_feed(struct source **source);
static void free_feed_piece(struct source_piece **piece);

/* ---- opening ---- */

static enum status make_schema(struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field item = field_of("item", TYPE_UTF8), categories = field_of("categories", TYPE_LIST);
    struct field title = field_dictionary("feed_title"), link = field_dictionary("feed_link");
    struct field published = field_of("published", TYPE_TIMESTAMP);
    struct field updated = field_of("updated", TYPE_TIMESTAMP);
    categories.children = &item;
    categories.child_count = 1;
    TRY(schema_new(&schema, err));
    TRY(schema_add_column(schema, "id", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "title", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "link", TYPE_UTF8, err));
    TRY(schema_add(schema, &published, err));
    TRY(schema_add(schema, &updated, err));
    TRY(schema_add_column(schema, "author", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "summary", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "content", TYPE_UTF8, err));
    TRY(schema_add(schema, &categories, err));
    TRY(schema_add(schema, &title, err));
    TRY(schema_add(schema, &link, err));
    TRY(schema_add_column(schema, "published_text", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "updated_text", TYPE_UTF8, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

/* The encoding an XML declaration names (XML 1.0, section 4.3.3); "" = none. */
static void declared_encoding(const char *head, char *ret, size_t room)
{
    ret[0] = '\0';
    while (*head != '\0' && strchr(" \t\r\n", *head) != NULL)
        head++;
    const char *end = strncmp(head, "<?xml", 5) == 0 ? strstr(head, "?>") : NULL;
    const char *at = end == NULL ? NULL : strstr(head, "encoding");
    if (at == NULL || at > end) return;
    at += strlen("encoding");
    at += strspn(at, " \t\r\n=");
    size_t size = *at == '"' || *at == '\'' ? strcspn(at + 1, "\"'") : 0;
    if (size == 0 || size >= room || at + 1 + size > end) return;
    memcpy(ret, at + 1, size);
    ret[size] = '\0';
    /* its bytes 0x80 to 0x9f are no text (WHATWG Encoding, section 4.2) */
    if (strcasecmp(ret, "iso-8859-1") == 0) snprintf(ret, room, "windows-1252");
}

/* A byte-order mark or 16-bit units first, then --encoding, then the declaration, then UTF-8. */
static enum status decode(struct source *source, struct err *err)
{
    struct encoding seen;
    char head[HEAD_BYTES + 1], declared[ENCODING_NAME];
    const char *given = source->options.encoding;
    struct input *input = source->file.input;
    size_t size = (size_t)input_size(input);
    if (size > HEAD_BYTES) size = HEAD_BYTES;
    TRY(input_read_at(input, head, size, 0, err));
    head[size] = '\0';
    TRY(encoding_of((const uint8_t *)head, size, false, NULL, ENCODING_UNICODE, &seen, err));
    declared_encoding(head, declared, sizeof declared);
    if (given == NULL && seen.unit == 1 && seen.mark == 0 && declared[0] != '\0' &&
        strncasecmp(declared, "utf-16", 6) != 0)
        given = declared;
    enum status status = reread_decode(&source->file, given, ENCODING_UNICODE, false, err);
    return status == STATUS_USAGE && given == declared ? STATUS_FAILED : status;
}

static enum status keep_head(const struct source *source, enum feed_field field, struct str *ret,
                             struct err *err)
{
    struct str text = feed_reader_head(source->reader, field);
    *ret = (struct str){NULL, 0};
    if (text.data == NULL) return STATUS_OK;
    *ret = (struct str){arena_text(source->arena, text.data, text.size), text.size};
    return ret->data == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

/* The first pass: all of it is a feed, and what it says about itself. */
static enum status look_through(struct source *source, struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    TRY(feed_reader_open(&source->reader, source->file.input, source->options.field_limit,
                         &digester, err));
    for (bool end = false; !end;) {
        OWNED(feed_entries_release) struct feed_entries entries = {0};
        TRY(feed_read(source->reader, (size_t)source->options.chunk_rows,
                      source->options.chunk_bytes, &entries, &end, err));
        if (entries.count > 0) {
            const struct feed_entry *last = &entries.items[entries.count - 1];
            if (source->records == 0) source->entries_begin = entries.items[0].offset;
            source->entries_end = last->offset + last->size;
        }
        source->records += (int64_t)entries.count;
    }
    source->digest = digester_end(&digester);
    TRY(keep_head(source, FEED_TITLE, &source->title, err));
    TRY(keep_head(source, FEED_LINK, &source->link, err));
    if (source->link.data == NULL) TRY(keep_head(source, FEED_OTHER_LINK, &source->link, err));
    TRY(keep_head(source, FEED_AUTHOR, &source->author, err));
    feed_reader_close(&source->reader);
    progress_add(source->options.progress, input_size(source->file.input));
    return STATUS_OK;
}

static enum status open_feed(struct source **ret, const char *path,
                             const struct source_options *options, struct err *err)
{
    OWNED(close_feed) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    source->next = 1;
    TRY(arena_open(&source->arena, err));
    TRY(reread_open(&source->file, path, options->standard_input, err));
    TRY(decode(source, err));
    TRY(look_through(source, err));
    TRY(make_schema(&source->schema, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_feed(const struct source *source)
{
    return source->schema;
}

/* ---- cutting ---- */

static enum status read_raw(const struct source *source, const struct feed_entry *entry,
                            struct arena *arena, struct str *ret, struct err *err)
{
    size_t size = (size_t)entry->size;
    bool by_size = entry->rule != NULL && strstr(entry->rule, "size") != NULL;
    if (by_size && size > RAW_BYTES_MAXIMUM) size = RAW_BYTES_MAXIMUM;
    char *raw = arena_get(arena, size, 1);
    if (raw == NULL) return fail_memory(err, size);
    *ret = (struct str){raw, size};
    return input_read_at(source->file.input, raw, size, entry->offset, err);
}

static void fall_back(struct feed_entry *entry, enum feed_field field, enum feed_field other)
{
    if (entry->fields[field].data == NULL) entry->fields[field] = entry->fields[other];
}

/* guid or atom:id, else rdf:about, else the link, else the digest of its bytes. */
static enum status find_id(const struct source *source, struct feed_entry *entry,
                           struct arena *arena, struct err *err)
{
    char text[DIGEST_TEXT];
    struct str raw = {NULL, 0}, *id = &entry->fields[FEED_ID];
    fall_back(entry, FEED_LINK, FEED_OTHER_LINK);
    fall_back(entry, FEED_ID, FEED_ABOUT);
    fall_back(entry, FEED_ID, FEED_LINK);
    if (id->data != NULL) return STATUS_OK;
    TRY(read_raw(source, entry, arena, &raw, err));
    struct digest digest = digest_of(raw.data, raw.size);
    id->data = arena_format(arena, "blake2b:%s", digest_text(&digest, text));
    if (id->data == NULL) return fail_memory(err, DIGEST_TEXT);
    id->size = strlen(id->data);
    return STATUS_OK;
}

/* Which edition of the entry it is, as the feed says it. */
static struct str edition(const struct feed_entry *entry)
{
    const struct str *fields = entry->fields;
    struct str text =
        fields[FEED_UPDATED].data != NULL ? fields[FEED_UPDATED] : fields[FEED_PUBLISHED];
    return text.data == NULL ? (struct str){"", 0} : text;
}

/* Whether the runs before have read this edition; else it counts as read when this run commits. */
static enum status look_up(struct source *source, struct feed_entry *entry, struct err *err)
{
    OWNED(bytes_release) struct bytes now = bytes_limited(UINT32_MAX);
    OWNED(bytes_release) struct bytes then = bytes_limited(UINT32_MAX);
    struct watermarks *marks = source->options.watermarks;
    struct str id = entry->fields[FEED_ID];
    bool found;
    TRY(bytes_append_text(&now, "{\"updated\":", err));
    TRY(bytes_append_json(&now, edition(entry), err));
    TRY(bytes_append_text(&now, "}", err));
    TRY(watermark_read(marks, source->options.name, "entry", id, &then, &found, err));
    struct str position = {(const char *)now.data, now.size};
    entry->known = found && str_equal(position, (struct str){(const char *)then.data, then.size});
    source->known += entry->known;
    if (entry->known) return STATUS_OK;
    return watermark_move(marks, source->options.name, "entry", id, position, err);
}

static enum status refuse_twin(struct source *source, struct feed_entry *entry, struct err *err)
{
    struct digester digester;
    struct str text = edition(entry), id = entry->fields[FEED_ID];
    bool new;
    digester_begin(&digester);
    digester_add_field(&digester, id.data, id.size);
    digester_add_field(&digester, text.data, text.size);
    struct digest digest = digester_end(&digester);
    TRY(seen_add(&source->seen, &digest, &new, err));
    if (new || entry->rule != NULL) return STATUS_OK;
    entry->rule = "duplicate id";
    entry->message = "an entry with this id, and updated at the same time, stands in front of it";
    return STATUS_OK;
}

static enum status settle_entry(struct source *source, struct feed_entry *entry,
                                struct arena *arena, struct err *err)
{
    enum feed_field field =
        entry->fields[FEED_PUBLISHED].data == NULL ? FEED_PUBLISHED : FEED_UPDATED;
    fall_back(entry, field, FEED_DATE);
    if (entry->fields[FEED_AUTHOR].data == NULL) entry->fields[FEED_AUTHOR] = source->author;
    TRY(find_id(source, entry, arena, err));
    if (source->options.watermarks != NULL) TRY(look_up(source, entry, err));
    return entry->known ? STATUS_OK : refuse_twin(source, entry, err);
}

static enum status cut_feed(struct source *source, struct source_piece **ret, struct err *err)
{
    OWNED(free_feed_piece) struct source_piece *piece = NULL;
    *ret = NULL;
    if (source->ended) return reread_check(&source->file, err);
    if (source->reader == NULL)
        TRY(feed_reader_open(&source->reader, source->file.input, source->options.field_limit, NULL,
                             err));
    TRY(NEW(&piece, 1, err));
    TRY(feed_read(source->reader, (size_t)source->options.chunk_rows, source->options.chunk_bytes,
                  &piece->entries, &source->ended, err));
    for (size_t i = 0; i < piece->entries.count; i++)
        TRY(settle_entry(source, &piece->entries.items[i], piece->entries.arena, err));
    piece->first = source->next;
    source->next += (int64_t)piece->entries.count;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

static void free_feed_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    feed_entries_release(&(*piece)->entries);
    memory_free(*piece);
    *piece = NULL;
}

/* ---- rows ---- */

static enum status build_maybe(struct builder *builder, struct str text, struct err *err)
{
    return text.data == NULL ? build_null(builder, err) : build_text(builder, text, err);
}

/* What is no moment stays readable in a column of its own. */
static enum status build_moment(struct builder *moments, struct builder *texts, struct str text,
                                struct err *err)
{
    int64_t moment;
    if (text.data != NULL && feed_time(text, &moment)) {
        TRY(build_int(moments, moment, err));
        return build_null(texts, err);
    }
    TRY(build_null(moments, err));
    return build_maybe(texts, text, err);
}

static enum status build_categories(struct builder *builder, struct str text, struct err *err)
{
    for (size_t at = 0; at < text.size;) {
        struct str one = str_of(text.data + at);
        TRY(build_text(builder_child(builder), one, err));
        at += one.size + 1;
    }
    return text.data == NULL ? build_null(builder, err) : build_list(builder, err);
}

static enum status build_row(const struct source *source, const struct feed_entry *entry,
                             struct batch_builder *builder, struct err *err)
{
    static const struct {
        int column;
        enum feed_field field;
    } texts[] = {{ID, FEED_ID},         {TITLE, FEED_TITLE},     {LINK, FEED_LINK},
                 {AUTHOR, FEED_AUTHOR}, {SUMMARY, FEED_SUMMARY}, {CONTENT, FEED_CONTENT}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        TRY(build_maybe(batch_builder_column(builder, (size_t)texts[i].column),
                        entry->fields[texts[i].field], err));
    TRY(build_moment(batch_builder_column(builder, PUBLISHED),
                     batch_builder_column(builder, PUBLISHED_TEXT), entry->fields[FEED_PUBLISHED],
                     err));
    TRY(build_moment(batch_builder_column(builder, UPDATED),
                     batch_builder_column(builder, UPDATED_TEXT), entry->fields[FEED_UPDATED],
                     err));
    TRY(build_categories(batch_builder_column(builder, CATEGORIES), entry->fields[FEED_CATEGORIES],
                         err));
    TRY(build_maybe(batch_builder_column(builder, HEAD_TITLE), source->title, err));
    return build_maybe(batch_builder_column(builder, HEAD_LINK), source->link, err);
}

static enum status reject_entry(const struct source *source, const struct feed_entry *entry,
                                int64_t number, struct source_rows *ret, struct err *err)
{
    struct reject reject = {
        .record = number,
        .byte_offset = (int64_t)entry->offset,
        .line = entry->line,
        .rule = entry->rule,
        .message = str_of(entry->message),
    };
    TRY(read_raw(source, entry, ret->arena, &reject.raw, err));
    return source_rows_reject(ret, &reject, err);
}

static enum status convert_feed(const struct source *source, struct source_piece *piece,
                                struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    const struct feed_entries *entries = &piece->entries;
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, entries->count, err));
    TRY(batch_builder_open(&builder, source->schema, (int64_t)entries->count, err));
    for (size_t i = 0; i < entries->count; i++) {
        const struct feed_entry *entry = &entries->items[i];
        int64_t number = piece->first + (int64_t)i;
        ret->bytes += (int64_t)entry->size;
        if (entry->known) continue;
        if (entry->rule != NULL) {
            TRY(reject_entry(source, entry, number, ret, err));
            continue;
        }
        ret->records[batch_builder_rows(builder)] = number;
        TRY(build_row(source, entry, builder, err));
    }
    TRY(reread_restore(&source->file, ret, err));
    return batch_builder_finish(builder, &ret->batch, err);
}

static enum status place_feed(const struct source *source, const struct source_piece *piece,
                              int64_t number, struct bytes *scratch, struct source_place *ret,
                              bool *ret_here, struct err *err)
{
    int64_t index = number - piece->first;
    *ret_here = index < (int64_t)piece->entries.count;
    if (!*ret_here) return STATUS_OK;
    const struct feed_entry *entry = &piece->entries.items[index];
    scratch->size = 0;
    TRY(bytes_reserve(scratch, (size_t)entry->size, err));
    TRY(input_read_at(source->file.input, scratch->data, (size_t)entry->size, entry->offset, err));
    scratch->size = (size_t)entry->size;
    *ret = (struct source_place){
        .raw = {(const char *)scratch->data, scratch->size},
        .byte_offset = (int64_t)entry->offset,
        .line = entry->line,
    };
    return reread_restore_place(&source->file, ret, scratch, err);
}

static enum status raws_feed(const struct source *source, const struct source_piece *piece,
                             const int64_t *numbers, size_t count, struct arena *arena,
                             struct source_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SIZE_MAX);
    bool here;
    for (size_t i = 0; i < count; i++) {
        TRY(place_feed(source, piece, numbers[i], &scratch, &ret[i], &here, err));
        const char *copy = arena_text(arena, ret[i].raw.data, ret[i].raw.size);
        if (copy == NULL) return fail_memory(err, ret[i].raw.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

/* The bytes begin ... end - 1 of the text; NULL = too many, or no text. */
static enum status read_surround(const struct source *source, uint64_t begin, uint64_t end,
                                 struct bytes *scratch, const char **ret, struct err *err)
{
    *ret = NULL;
    if (end - begin > SURROUND_BYTES) return STATUS_OK;
    size_t size = (size_t)(end - begin);
    TRY(bytes_reserve(scratch, size + 1, err));
    TRY(input_read_at(source->file.input, scratch->data, size, begin, err));
    scratch->data[size] = '\0';
    bool text = memchr(scratch->data, 0, size) == NULL && utf8_valid(scratch->data, size);
    if (text) *ret = (const char *)scratch->data;
    return STATUS_OK;
}

/* An entry alone is no feed: what stands around the entries tells names and namespaces. */
static enum status reader_feed(const struct source *source, struct bytes *json, struct err *err)
{
    OWNED(bytes_release) struct bytes head = bytes_limited(SURROUND_BYTES + 1);
    OWNED(bytes_release) struct bytes tail = bytes_limited(SURROUND_BYTES + 1);
    struct retry_reader reader = {.encoding = reread_encoding(&source->file)};
    uint64_t size = (uint64_t)input_size(source->file.input);
    TRY(read_surround(source, 0, source->entries_begin, &head, &reader.head, err));
    TRY(read_surround(source, source->entries_end, size, &tail, &reader.tail, err));
    if (reader.head == NULL || reader.tail == NULL) reader.head = reader.tail = NULL;
    return retry_reader_text(json, "feed", &reader, err);
}

/* ---- the end ---- */

static enum status describe_feed(struct source *source, struct source_record *ret, struct err *err)
{
    (void)err;
    ret->kind = "feed";
    ret->digest = source->digest;
    reread_describe(&source->file, ret);
    ret->records = source->records;
    return STATUS_OK;
}

static void remark_feed(const struct source *source, char *ret, size_t room)
{
    reread_remark(&source->file, 0, ret, room);
    size_t size = strlen(ret);
    if (source->known > 0 && size < room)
        snprintf(ret + size, room - size, "%s%lld read before", size > 0 ? ", " : "",
                 (long long)source->known);
}

static void close_feed(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    feed_reader_close(&s->reader);
    schema_unref(&s->schema);
    reread_close(&s->file);
    seen_release(&s->seen);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

/* ---- recognition ---- */

/* Goes behind blanks, the declaration, comments, instructions and a DOCTYPE to the root element;
 * NULL when it is not among the bytes. */
static const char *root_element(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (at[0] != '<') return NULL;
        if (strncmp(at, "<!DOCTYPE", 9) == 0 && at[strcspn(at, "[>")] == '[') {
            at = strchr(at, ']'); /* of declarations, to be refused */
            if (at == NULL) return NULL;
            at += strspn(at, "] \t\r\n>");
            continue;
        }
        const char *end = at[1] == '?'                       ? "?>"
                          : strncmp(at, "<!--", 4) == 0      ? "-->"
                          : strncmp(at, "<!DOCTYPE", 9) == 0 ? ">"
                                                             : NULL;
        if (end == NULL) return at + 1;
        at = strstr(at, end);
        if (at == NULL) return NULL;
        at += strlen(end);
    }
}

static int recognise_feed(const struct source_probe *probe)
{
    static const char *const roots[] = {"rss", "feed", "rdf:RDF", "RDF", "entry", "atom:feed"};
    char head[HEAD_BYTES * 4 + 1];
    size_t size = probe->head_size < sizeof head - 1 ? probe->head_size : sizeof head - 1;
    if (probe->directory || size == 0) return 0;
    memcpy(head, probe->head, size);
    head[size] = '\0';
    const char *begin = size > 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? head + 3 : head;
    const char *root = root_element(begin);
    begin += strspn(begin, " \t\r\n");
    for (size_t i = 0; root != NULL && i < sizeof roots / sizeof *roots; i++) {
        size_t length = strlen(roots[i]);
        if (strncmp(root, roots[i], length) == 0 && strchr(" \t\r\n>/", root[length]) != NULL)
            return 90;
    }
    return strncmp(begin, "<?xml", 5) == 0 ? 50 : 0; /* other XML, to be refused with a reason */
}

const struct source_kind source_feed = {
    .name = "feed",
    .summary = "entries of RSS and Atom feeds",
    .reference = "RSS 2.0.11, RDF Site Summary 1.0, RFC 4287",
    .passes = 2,
    .incremental = true,
    .recognise = recognise_feed,
    .open = open_feed,
    .schema = schema_feed,
    .cut = cut_feed,
    .convert = convert_feed,
    .free_piece = free_feed_piece,
    .describe = describe_feed,
    .place = place_feed,
    .raws = raws_feed,
    .reader = reader_feed,
    .remark = remark_feed,
    .close = close_feed,
};
