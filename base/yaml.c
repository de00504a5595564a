/* base/yaml.c: YAML through libyaml's events into a tree with places; digest and JSON of a tree. */
#include "base/yaml.h"
#include "base/digest.h"
#include "base/input.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define DEPTH_MAXIMUM 64
#define TEXT_MAXIMUM  ((size_t)1 << 20)
#define NODES_MAXIMUM 100000

struct yaml {
    struct arena *arena;
    struct yaml_node *root;
    size_t nodes;
    size_t text_maximum, nodes_maximum;
};

/* One parse: libyaml's state and where the text begins in the user's eyes (yaml_from_words hands
 * over pieces of a line). */
struct parse {
    struct yaml *yaml;
    yaml_parser_t parser;
    int column_shift; /* added to columns on line 1 */
    size_t depth;
};

/* ---- errors and places ---- */

enum status fail_at(const struct yaml_node *node, struct err *err, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return fail(err, STATUS_USAGE, "line %d, column %d: %s", node->line, node->column, message);
}

static struct yaml_node place_of(const struct parse *parse, yaml_mark_t mark)
{
    struct yaml_node place = {.line = (int)mark.line + 1, .column = (int)mark.column + 1};
    if (place.line == 1) place.column += parse->column_shift;
    return place;
}

static enum status fail_mark(const struct parse *parse, yaml_mark_t mark, struct err *err,
                             const char *message)
{
    struct yaml_node place = place_of(parse, mark);
    return fail_at(&place, err, "%s", message);
}

static enum status fail_syntax(const struct parse *parse, struct err *err)
{
    const yaml_parser_t *parser = &parse->parser;
    if (parser->error == YAML_MEMORY_ERROR) return fail_memory(err, 0);
    const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
    if (parser->error == YAML_READER_ERROR)
        return fail(err, STATUS_USAGE, "byte %zu: %s", parser->problem_offset, problem);
    char message[512];
    if (parser->context == NULL)
        snprintf(message, sizeof message, "%s", problem);
    else
        snprintf(message, sizeof message, "%s, %s", problem, parser->context);
    return fail_mark(parse, parser->problem_mark, err, message);
}

/* ---- nodes ---- */

static enum status new_node(struct parse *parse, enum yaml_kind kind, yaml_mark_t mark,
                            struct yaml_node **ret, struct err *err)
{
    if (parse->yaml->nodes++ >= parse->yaml->nodes_maximum) {
        char message[64];
        snprintf(message, sizeof message, "more than %zu values in one document",
                 parse->yaml->nodes_maximum);
        return fail_mark(parse, mark, err, message);
    }
    struct yaml_node *node = arena_get(parse->yaml->arena, 1, sizeof *node);
    if (node == NULL) return fail_memory(err, sizeof *node);
    *node = place_of(parse, mark);
    node->kind = kind;
    *ret = node;
    return STATUS_OK;
}

/* Makes room for one more item; the arrays double inside the arena. */
static enum status grow_items(struct yaml *yaml, struct yaml_node *node, struct err *err)
{
    if ((node->count & (node->count - 1)) != 0) return STATUS_OK;
    size_t room = node->count == 0 ? 1 : 2 * node->count;
    struct yaml_node **items = arena_get(yaml->arena, room, sizeof *items);
    struct yaml_node **keys =
        node->kind == YAML_MAP ? arena_get(yaml->arena, room, sizeof *keys) : NULL;
    if (items == NULL || (node->kind == YAML_MAP && keys == NULL))
        return fail_memory(err, room * sizeof *items);
    if (node->count > 0) memcpy(items, node->items, node->count * sizeof *items);
    if (node->count > 0 && keys != NULL) memcpy(keys, node->keys, node->count * sizeof *keys);
    node->items = items;
    node->keys = keys;
    return STATUS_OK;
}

static enum status add_item(struct yaml *yaml, struct yaml_node *node, struct yaml_node *key,
                            struct yaml_node *value, struct err *err)
{
    TRY(grow_items(yaml, node, err));
    if (node->kind == YAML_MAP) node->keys[node->count] = key;
    node->items[node->count++] = value;
    return STATUS_OK;
}

static enum status check_key(const struct yaml_node *map, const struct yaml_node *key,
                             struct err *err)
{
    if (key->kind != YAML_SCALAR)
        return fail_at(key, err, "a key must be a text, found a %s",
                       key->kind == YAML_LIST ? "list" : "map");
    for (size_t i = 0; i < map->count; i++)
        if (str_equal(map->keys[i]->text, key->text))
            return fail_at(key, err, "\"%.*s\" is given twice, first on line %d",
                           (int)key->text.size, key->text.data, map->keys[i]->line);
    return STATUS_OK;
}

/* ---- events to nodes ---- */

static void release_event(yaml_event_t *event)
{
    yaml_event_delete(event);
}

static enum status next_event(struct parse *parse, yaml_event_t *ret, struct err *err)
{
    if (yaml_parser_parse(&parse->parser, ret) == 0) return fail_syntax(parse, err);
    return STATUS_OK;
}

static enum status check_plain(const struct parse *parse, const yaml_event_t *event,
                               const yaml_char_t *anchor, const yaml_char_t *tag, struct err *err)
{
    if (anchor != NULL)
        return fail_mark(parse, event->start_mark, err, "anchors are not accepted here");
    if (tag != NULL) return fail_mark(parse, event->start_mark, err, "tags are not accepted here");
    return STATUS_OK;
}

static enum status scalar_node(struct parse *parse, const yaml_event_t *event,
                               struct yaml_node **ret, struct err *err)
{
    TRY(check_plain(parse, event, event->data.scalar.anchor, event->data.scalar.tag, err));
    TRY(new_node(parse, YAML_SCALAR, event->start_mark, ret, err));
    size_t size = event->data.scalar.length;
    char *text = arena_text(parse->yaml->arena, (const char *)event->data.scalar.value, size);
    if (text == NULL) return fail_memory(err, size + 1);
    (*ret)->text = (struct str){text, size};
    (*ret)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return STATUS_OK;
}

static enum status value_node(struct parse *parse, const yaml_event_t *event,
                              struct yaml_node **ret, struct err *err);

static enum status list_node(struct parse *parse, const yaml_event_t *start, struct yaml_node **ret,
                             struct err *err)
{
    TRY(check_plain(parse, start, start->data.sequence_start.anchor, start->data.sequence_start.tag,
                    err));
    TRY(new_node(parse, YAML_LIST, start->start_mark, ret, err));
    for (;;) {
        OWNED(release_event) yaml_event_t event = {0};
        TRY(next_event(parse, &event, err));
        if (event.type == YAML_SEQUENCE_END_EVENT) return STATUS_OK;
        struct yaml_node *item = NULL;
        TRY(value_node(parse, &event, &item, err));
        TRY(add_item(parse->yaml, *ret, NULL, item, err));
    }
}

static enum status map_node(struct parse *parse, const yaml_event_t *start, struct yaml_node **ret,
                            struct err *err)
{
    TRY(check_plain(parse, start, start->data.mapping_start.anchor, start->data.mapping_start.tag,
                    err));
    TRY(new_node(parse, YAML_MAP, start->start_mark, ret, err));
    for (;;) {
        OWNED(release_event) yaml_event_t key_event = {0};
        OWNED(release_event) yaml_event_t value_event = {0};
        TRY(next_event(parse, &key_event, err));
        if (key_event.type == YAML_MAPPING_END_EVENT) return STATUS_OK;
        struct yaml_node *key = NULL, *value = NULL;
        TRY(value_node(parse, &key_event, &key, err));
        TRY(check_key(*ret, key, err));
        TRY(next_event(parse, &value_event, err));
        TRY(value_node(parse, &value_event, &value, err));
        TRY(add_item(parse->yaml, *ret, key, value, err));
    }
}

/* The node that `event` begins; reads on to its end. */
static enum status value_node(struct parse *parse, const yaml_event_t *event,
                              struct yaml_node **ret, struct err *err)
{
    if (event->type == YAML_SCALAR_EVENT) return scalar_node(parse, event, ret, err);
    if (event->type == YAML_ALIAS_EVENT)
        return fail_mark(parse, event->start_mark, err, "aliases are not accepted here");
    if (++parse->depth > DEPTH_MAXIMUM)
        return fail_mark(parse, event->start_mark, err, "nested more than 64 levels deep");
    if (event->type == YAML_SEQUENCE_START_EVENT)
        TRY(list_node(parse, event, ret, err));
    else
        TRY(map_node(parse, event, ret, err));
    parse->depth--;
    return STATUS_OK;
}

/* ---- documents ---- */

static enum status read_document(struct parse *parse, struct yaml_node **ret, struct err *err)
{
    for (bool begun = false;;) {
        OWNED(release_event) yaml_event_t event = {0};
        TRY(next_event(parse, &event, err));
        if (event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT)
            continue;
        if (event.type == YAML_DOCUMENT_START_EVENT) {
            if (begun)
                return fail_mark(parse, event.start_mark, err, "a second document begins here");
            begun = true;
            continue;
        }
        TRY(value_node(parse, &event, ret, err));
    }
}

/* Parses `text` into nodes of `yaml`; *ret stays NULL for an empty document. */
static enum status parse_text(struct yaml *yaml, struct str text, int column_shift,
                              struct yaml_node **ret, struct err *err)
{
    if (text.size > yaml->text_maximum && yaml->text_maximum == TEXT_MAXIMUM)
        return fail(err, STATUS_USAGE, "longer than 1 MiB, which no configuration is");
    if (text.size > yaml->text_maximum)
        return fail(err, STATUS_USAGE, "longer than %zu bytes", yaml->text_maximum);
    struct parse parse = {.yaml = yaml, .column_shift = column_shift};
    if (yaml_parser_initialize(&parse.parser) == 0) return fail_memory(err, sizeof parse);
    const char *data = text.size == 0 ? "" : text.data;
    yaml_parser_set_input_string(&parse.parser, (const unsigned char *)data, text.size);
    enum status status = read_document(&parse, ret, err);
    yaml_parser_delete(&parse.parser);
    return status;
}

static enum status new_yaml(struct yaml **ret, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(NEW(&yaml, 1, err));
    TRY(arena_open(&yaml->arena, err));
    yaml->text_maximum = TEXT_MAXIMUM;
    yaml->nodes_maximum = NODES_MAXIMUM;
    *ret = yaml;
    yaml = NULL;
    return STATUS_OK;
}

enum status yaml_parse_within(struct yaml **ret, const char *name, struct str text,
                              size_t text_maximum, size_t nodes_maximum, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(new_yaml(&yaml, err));
    yaml->text_maximum = text_maximum;
    yaml->nodes_maximum = nodes_maximum;
    enum status status = parse_text(yaml, text, 0, &yaml->root, err);
    if (status != STATUS_OK && name != NULL) return fail_within(err, status, "%s", name);
    if (status != STATUS_OK) return status;
    *ret = yaml;
    yaml = NULL;
    return STATUS_OK;
}

enum status yaml_parse(struct yaml **ret, const char *name, struct str text, struct err *err)
{
    return yaml_parse_within(ret, name, text, TEXT_MAXIMUM, NODES_MAXIMUM, err);
}

enum status yaml_load(struct yaml **ret, const char *path, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(memory_release) char *text = NULL;
    TRY(input_open(&input, path, err));
    TRY(NEW(&text, TEXT_MAXIMUM + 1, err));
    size_t size = 0, got = 1;
    while (got > 0 && size <= TEXT_MAXIMUM) {
        TRY(input_read(input, text + size, TEXT_MAXIMUM + 1 - size, &got, err));
        size += got;
    }
    char name[512];
    snprintf(name, sizeof name, "file \"%s\"", input_name(input));
    return yaml_parse(ret, name, (struct str){text, size}, err);
}

void yaml_close(struct yaml **yaml)
{
    if (yaml == NULL || *yaml == NULL) return;
    arena_close(&(*yaml)->arena);
    memory_free(*yaml);
    *yaml = NULL;
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
    return yaml->root;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_is(map->keys[i]->text, key)) return map->items[i];
    return NULL;
}

/* ---- words ---- */

/* Where reading of a line of words is. */
struct words {
    struct parse *parse;
    struct str line;
    size_t at;
};

static char peek_char(const struct words *words)
{
    return words->at < words->line.size ? words->line.data[words->at] : '\0';
}

static yaml_mark_t mark_here(const struct words *words)
{
    return (yaml_mark_t){.index = words->at, .line = 0, .column = words->at};
}

static bool ends_item(char c)
{
    return c == '\0' || c == ',' || c == ' ' || c == '\t';
}

/* A quoted or bare text; the quotes go, what is inside stays as it is. */
static enum status word_scalar(struct words *words, struct yaml_node **ret, struct err *err)
{
    yaml_mark_t mark = mark_here(words);
    TRY(new_node(words->parse, YAML_SCALAR, mark, ret, err));
    char quote = peek_char(words);
    (*ret)->quoted = quote == '"' || quote == '\'';
    if ((*ret)->quoted) words->at++;
    size_t from = words->at;
    if ((*ret)->quoted)
        while (peek_char(words) != '\0' && peek_char(words) != quote)
            words->at++;
    else
        while (!ends_item(peek_char(words)))
            words->at++;
    size_t size = words->at - from;
    if ((*ret)->quoted && peek_char(words) != quote)
        return fail_mark(words->parse, mark, err, "this quote is not closed");
    if ((*ret)->quoted) words->at++;
    if (!ends_item(peek_char(words)))
        return fail_mark(words->parse, mark_here(words), err, "found more behind a quoted text");
    char *text = arena_text(words->parse->yaml->arena, words->line.data + from, size);
    if (text == NULL) return fail_memory(err, size + 1);
    (*ret)->text = (struct str){text, size};
    return STATUS_OK;
}

/* "[...]" or "{...}": as far as its brackets close, read as YAML. */
static enum status word_tree(struct words *words, struct yaml_node **ret, struct err *err)
{
    size_t from = words->at, open = 0;
    char quote = '\0';
    do {
        char c = peek_char(words);
        if (c == '\0')
            return fail_mark(words->parse, (yaml_mark_t){.column = from}, err,
                             "this bracket is not closed");
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[' || c == '{')
            open++;
        else if (c == ']' || c == '}')
            open--;
        words->at++;
    } while (open > 0);
    if (peek_char(words) == ',' || !ends_item(peek_char(words)))
        return fail_mark(words->parse, mark_here(words), err, "found more behind a bracket");
    struct str piece = {words->line.data + from, words->at - from};
    return parse_text(words->parse->yaml, piece, (int)from, ret, err);
}

/* "age", "age,height" (a list), or a bracketed tree. */
static enum status word_value(struct words *words, struct yaml_node **ret, struct err *err)
{
    char first = peek_char(words);
    if (first == '[' || first == '{') return word_tree(words, ret, err);
    yaml_mark_t mark = mark_here(words);
    TRY(word_scalar(words, ret, err));
    if (peek_char(words) != ',') return STATUS_OK;
    struct yaml_node *item = *ret;
    TRY(new_node(words->parse, YAML_LIST, mark, ret, err));
    TRY(add_item(words->parse->yaml, *ret, NULL, item, err));
    while (peek_char(words) == ',') {
        words->at++;
        TRY(word_scalar(words, &item, err));
        TRY(add_item(words->parse->yaml, *ret, NULL, item, err));
    }
    return STATUS_OK;
}

/* "key=value", or "key" alone, which means true. */
static enum status word_pair(struct words *words, struct yaml_node *map, struct err *err)
{
    struct yaml_node *key = NULL, *value = NULL;
    TRY(new_node(words->parse, YAML_SCALAR, mark_here(words), &key, err));
    size_t from = words->at;
    while (!ends_item(peek_char(words)) && peek_char(words) != '=')
        words->at++;
    key->text = (struct str){words->line.data + from, words->at - from};
    if (key->text.size == 0)
        return fail_at(key, err, "found \"%c\", expected a setting like method=median",
                       peek_char(words));
    TRY(check_key(map, key, err));
    if (peek_char(words) == '=') {
        words->at++;
        TRY(word_value(words, &value, err));
    } else {
        TRY(new_node(words->parse, YAML_SCALAR, mark_here(words), &value, err));
        value->text = str_of("true");
    }
    return add_item(words->parse->yaml, map, key, value, err);
}

static void skip_blanks(struct words *words)
{
    while (peek_char(words) == ' ' || peek_char(words) == '\t')
        words->at++;
}

static enum status read_words(struct words *words, struct yaml_node **ret, struct err *err)
{
    struct yaml_node *name = NULL, *settings = NULL;
    skip_blanks(words);
    TRY(new_node(words->parse, YAML_MAP, mark_here(words), ret, err));
    TRY(word_scalar(words, &name, err));
    if (name->text.size == 0) return fail_at(name, err, "found nothing, expected a name");
    TRY(new_node(words->parse, YAML_MAP, mark_here(words), &settings, err));
    for (skip_blanks(words); peek_char(words) != '\0'; skip_blanks(words))
        TRY(word_pair(words, settings, err));
    return add_item(words->parse->yaml, *ret, name, settings, err);
}

enum status yaml_from_words(struct yaml **ret, const char *words, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(new_yaml(&yaml, err));
    size_t size = strlen(words);
    if (size > TEXT_MAXIMUM)
        return fail(err, STATUS_USAGE, "longer than 1 MiB, which no configuration is");
    char *line = arena_text(yaml->arena, words, size); /* keys point into it */
    if (line == NULL) return fail_memory(err, size + 1);
    struct parse parse = {.yaml = yaml};
    struct words reading = {.parse = &parse, .line = {line, size}};
    TRY(read_words(&reading, &yaml->root, err));
    *ret = yaml;
    yaml = NULL;
    return STATUS_OK;
}

/* ---- digest and JSON ---- */

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct yaml_node *map = context;
    return str_compare(map->keys[*(const size_t *)a]->text, map->keys[*(const size_t *)b]->text);
}

static enum status digest_node(const struct yaml_node *node, struct digester *digester,
                               struct err *err)
{
    digester_add_u64(digester, (uint64_t)node->kind);
    if (node->kind == YAML_SCALAR) {
        digester_add_u64(digester, node->quoted);
        digester_add_field(digester, node->text.data, node->text.size);
        return STATUS_OK;
    }
    OWNED(memory_release) size_t *order = NULL;
    TRY(NEW(&order, node->count, err));
    for (size_t i = 0; i < node->count; i++)
        order[i] = i;
    if (node->kind == YAML_MAP)
        qsort_r(order, node->count, sizeof *order, compare_keys, (void *)(uintptr_t)node);
    digester_add_u64(digester, node->count);
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAP) {
            struct str key = node->keys[order[i]]->text;
            digester_add_field(digester, key.data, key.size);
        }
        TRY(digest_node(node->items[order[i]], digester, err));
    }
    return STATUS_OK;
}

enum status yaml_digest(const struct yaml_node *node, struct digest *ret, struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    if (node != NULL) TRY(digest_node(node, &digester, err));
    *ret = digester_end(&digester);
    return STATUS_OK;
}

/* RFC 8259, section 6. "007" and "1." are texts. */
static bool is_json_number(struct str text)
{
    size_t i = 0, digits = 0;
    if (i < text.size && text.data[i] == '-') i++;
    size_t first = i;
    while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9')
        i++;
    if (i == first || (text.data[first] == '0' && i - first > 1)) return false;
    if (i < text.size && text.data[i] == '.') {
        for (i++; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
            digits++;
        if (digits == 0) return false;
    }
    if (i < text.size && (text.data[i] == 'e' || text.data[i] == 'E')) {
        i++;
        if (i < text.size && (text.data[i] == '+' || text.data[i] == '-')) i++;
        for (digits = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
            digits++;
        if (digits == 0) return false;
    }
    return i == text.size;
}

static enum status json_scalar(const struct yaml_node *node, struct bytes *ret, struct err *err)
{
    struct str text = node->text;
    if (node->quoted) return bytes_append_json(ret, text, err);
    if (text.size == 0 || str_is(text, "~")) return bytes_append_text(ret, "null", err);
    if (str_is(text, "null") || str_is(text, "true") || str_is(text, "false") ||
        is_json_number(text))
        return bytes_append(ret, text.data, text.size, err);
    return bytes_append_json(ret, text, err);
}

enum status yaml_json(const struct yaml_node *node, struct bytes *ret, struct err *err)
{
    if (node == NULL) return bytes_append_text(ret, "null", err);
    if (node->kind == YAML_SCALAR) return json_scalar(node, ret, err);
    bool map = node->kind == YAML_MAP;
    TRY(bytes_append_text(ret, map ? "{" : "[", err));
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        if (map) {
            TRY(bytes_append_json(ret, node->keys[i]->text, err));
            TRY(bytes_append_text(ret, ":", err));
        }
        TRY(yaml_json(node->items[i], ret, err));
    }
    return bytes_append_text(ret, map ? "}" : "]", err);
}
