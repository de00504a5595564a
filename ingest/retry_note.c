/* ingest/retry_note.c: how rejected records are to be read again, written and read as JSON. */
#include "ingest/retry.h"

#include "base/yaml.h"

#define NOTE_BYTES ((size_t)16 << 20)
#define NOTE_NODES 1000000

/* ---- writing ---- */

static enum status add_member(struct bytes *json, const char *key, struct str value,
                              struct err *err)
{
    TRY(bytes_format(json, err, ",\"%s\":", key));
    return bytes_append_json(json, value, err);
}

static enum status add_texts(struct bytes *json, const char *const *texts, size_t count,
                             struct err *err)
{
    TRY(bytes_append_text(json, "[", err));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ",", err));
        TRY(bytes_append_json(json, str_of(texts[i]), err));
    }
    return bytes_append_text(json, "]", err);
}

enum status retry_reader_csv(struct bytes *json, const struct retry_reader *reader, struct err *err)
{
    char quote = (char)reader->quote, escape = (char)reader->escape;
    TRY(bytes_append_text(json, "\"as\":\"csv\"", err));
    TRY(add_member(json, "delimiter", str_of(reader->delimiter), err));
    TRY(add_member(json, "quote", (struct str){&quote, quote != 0}, err));
    TRY(add_member(json, "escape", (struct str){&escape, escape != 0}, err));
    if (reader->encoding != NULL) TRY(add_member(json, "encoding", str_of(reader->encoding), err));
    TRY(bytes_append_text(json, ",\"names\":", err));
    return add_texts(json, reader->columns, reader->column_count, err);
}

enum status retry_reader_text(struct bytes *json, const char *as, const struct retry_reader *reader,
                              struct err *err)
{
    static const char *const labels[] = {NULL, "directory", "cls", "json"};
    const char *label = labels[reader->label_from];
    TRY(bytes_format(json, err, "\"as\":\"%s\"", as));
    if (reader->encoding != NULL) TRY(add_member(json, "encoding", str_of(reader->encoding), err));
    if (reader->pattern != NULL) TRY(add_member(json, "pattern", str_of(reader->pattern), err));
    if (reader->head != NULL) TRY(add_member(json, "head", str_of(reader->head), err));
    if (reader->tail != NULL) TRY(add_member(json, "tail", str_of(reader->tail), err));
    if (label != NULL) TRY(add_member(json, "label_from", str_of(label), err));
    if (reader->sidecars.count == 0) return STATUS_OK;
    TRY(bytes_append_text(json, ",\"sidecars\":", err));
    return add_texts(json, reader->sidecars.items, reader->sidecars.count, err);
}

/* A kind without bytes of its own has its rows rejected as CSV records. */
static enum status add_reader(const struct source_kind *kind, const struct source *source,
                              struct bytes *json, struct err *err)
{
    OWNED(memory_release) const char **names = NULL;
    if (kind->reader != NULL) return kind->reader(source, json, err);
    const struct schema *schema = kind->schema(source);
    TRY(NEW(&names, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        names[i] = schema->fields[i].name;
    const struct retry_reader reader = {
        .delimiter = ",", .quote = '"', .columns = names, .column_count = schema->count};
    return retry_reader_csv(json, &reader, err);
}

static enum status add_columns(const struct schema *schema, struct bytes *json, struct err *err)
{
    char type[128];
    TRY(bytes_append_text(json, "\"columns\":[", err));
    for (size_t i = 0; i < schema->count; i++) {
        TRY(bytes_append_text(json, i == 0 ? "[" : ",[", err));
        TRY(bytes_append_json(json, str_of(schema->fields[i].name), err));
        TRY(bytes_append_text(json, ",", err));
        TRY(bytes_append_json(json, str_of(field_type_text(&schema->fields[i], type, sizeof type)),
                              err));
        TRY(bytes_append_text(json, "]", err));
    }
    return bytes_append_text(json, "]", err);
}

enum status retry_note(const struct source_kind *kind, struct source *const *sources,
                       const char *const *names, const bool *refused, size_t count,
                       const struct schema *output, struct bytes *ret, struct err *err)
{
    bool first = true;
    TRY(bytes_append_text(ret, "{", err));
    TRY(add_columns(output, ret, err));
    TRY(bytes_append_text(ret, ",\"sources\":[", err));
    for (size_t i = 0; i < count; i++) {
        if (!refused[i]) continue;
        TRY(bytes_append_text(ret, first ? "{\"name\":" : ",{\"name\":", err));
        TRY(bytes_append_json(ret, str_of(names[i]), err));
        TRY(bytes_append_text(ret, ",", err));
        TRY(add_reader(kind, sources[i], ret, err));
        TRY(bytes_append_text(ret, "}", err));
        first = false;
    }
    return bytes_append_text(ret, "]}", err);
}

/* ---- reading ---- */

static enum status wrong(struct err *err)
{
    return fail(err, STATUS_FAILED, "found no way in \"tamis:retry\" to read its records again");
}

static enum status get_text(const struct yaml_node *map, const char *key, struct arena *arena,
                            const char **ret, struct err *err)
{
    const struct yaml_node *node = yaml_get(map, key);
    *ret = NULL;
    if (node == NULL) return STATUS_OK;
    if (node->kind != YAML_SCALAR) return wrong(err);
    *ret = arena_text(arena, node->text.data, node->text.size);
    return *ret == NULL ? fail_memory(err, node->text.size) : STATUS_OK;
}

static enum status parse_names(const struct yaml_node *names, struct arena *arena,
                               const char ***ret, size_t *ret_count, struct err *err)
{
    if (names == NULL || names->kind != YAML_LIST || names->count == 0) return wrong(err);
    const char **columns = arena_get(arena, names->count, sizeof *columns);
    if (columns == NULL) return fail_memory(err, names->count * sizeof *columns);
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i]->kind != YAML_SCALAR) return wrong(err);
        columns[i] = arena_text(arena, names->items[i]->text.data, names->items[i]->text.size);
        if (columns[i] == NULL) return fail_memory(err, names->items[i]->text.size);
    }
    *ret = columns;
    *ret_count = names->count;
    return STATUS_OK;
}

static enum status parse_csv(const struct yaml_node *node, struct arena *arena,
                             struct retry_reader *ret, struct err *err)
{
    const char *quote, *escape, **names;
    TRY(get_text(node, "delimiter", arena, &ret->delimiter, err));
    TRY(get_text(node, "quote", arena, &quote, err));
    TRY(get_text(node, "escape", arena, &escape, err));
    size_t size = ret->delimiter == NULL ? 0 : strlen(ret->delimiter);
    if (size == 0 || size > 8 || quote == NULL || escape == NULL) return wrong(err);
    ret->quote = (unsigned char)quote[0];
    ret->escape = (unsigned char)escape[0];
    TRY(parse_names(yaml_get(node, "names"), arena, &names, &ret->column_count, err));
    ret->columns = names;
    return STATUS_OK;
}

static enum status parse_pictures(const struct yaml_node *node, struct arena *arena,
                                  struct retry_reader *ret, struct err *err)
{
    static const char *const labels[] = {"none", "directory", "cls", "json"};
    const struct yaml_node *sidecars = yaml_get(node, "sidecars");
    const char *label, **texts;
    TRY(get_text(node, "label_from", arena, &label, err));
    for (int i = 0; label != NULL && i < 4; i++)
        if (strcmp(label, labels[i]) == 0) ret->label_from = i;
    if (sidecars == NULL) return STATUS_OK;
    TRY(parse_names(sidecars, arena, &texts, &ret->sidecars.count, err));
    ret->sidecars.items = texts;
    return STATUS_OK;
}

static enum status parse_reader(const struct yaml_node *node, struct arena *arena,
                                struct retry_notes *notes, struct err *err)
{
    struct retry_reader *reader = &notes->readers[notes->count];
    const char *as;
    if (node->kind != YAML_MAP) return wrong(err);
    TRY(get_text(node, "name", arena, &reader->name, err));
    TRY(get_text(node, "as", arena, &as, err));
    TRY(get_text(node, "encoding", arena, &reader->encoding, err));
    TRY(get_text(node, "pattern", arena, &reader->pattern, err));
    TRY(get_text(node, "head", arena, &reader->head, err));
    TRY(get_text(node, "tail", arena, &reader->tail, err));
    if (reader->name == NULL || as == NULL) return wrong(err);
    const struct source_kind *kind = source_kind_named(str_of(as));
    if (kind == NULL || (notes->kind != NULL && notes->kind != kind)) return wrong(err);
    notes->kind = kind;
    notes->count++;
    TRY(parse_pictures(node, arena, reader, err));
    return strcmp(as, "csv") == 0 ? parse_csv(node, arena, reader, err) : STATUS_OK;
}

/* Types that have no name of one word stay open: the column is as its values are. */
static enum status parse_columns(const struct yaml_node *columns, struct arena *arena,
                                 struct retry_notes *ret, struct err *err)
{
    if (columns == NULL || columns->kind != YAML_LIST) return wrong(err);
    TRY(schema_new(&ret->schema, err));
    for (size_t i = 0; i < columns->count; i++) {
        const struct yaml_node *pair = columns->items[i];
        struct field field;
        if (pair->kind != YAML_LIST || pair->count != 2 || pair->items[0]->kind != YAML_SCALAR ||
            pair->items[1]->kind != YAML_SCALAR)
            return wrong(err);
        if (field_type_parse(pair->items[1]->text, &field, NULL) != STATUS_OK)
            field = field_of(NULL, TYPE_LIST);
        struct field null_item = field_of("item", TYPE_NULL);
        if (field.type.id == TYPE_LIST) field.children = &null_item;
        field.child_count = field.type.id == TYPE_LIST;
        field.nullable = true;
        field.name = arena_text(arena, pair->items[0]->text.data, pair->items[0]->text.size);
        if (field.name == NULL) return fail_memory(err, pair->items[0]->text.size);
        TRY(schema_add(ret->schema, &field, err));
    }
    return STATUS_OK;
}

enum status retry_notes_parse(struct str json, struct arena *arena, struct retry_notes *ret,
                              struct err *err)
{
    OWNED(yaml_close) struct yaml *document = NULL;
    TRY(yaml_parse_within(&document, "tamis:retry", json, NOTE_BYTES, NOTE_NODES, err));
    const struct yaml_node *root = yaml_root(document);
    if (root == NULL || root->kind != YAML_MAP) return wrong(err);
    const struct yaml_node *sources = yaml_get(root, "sources");
    if (sources == NULL || sources->kind != YAML_LIST) return wrong(err);
    TRY(parse_columns(yaml_get(root, "columns"), arena, ret, err));
    ret->readers = arena_get(arena, sources->count, sizeof *ret->readers);
    if (ret->readers == NULL) return fail_memory(err, sources->count * sizeof *ret->readers);
    for (size_t i = 0; i < sources->count; i++)
        TRY(parse_reader(sources->items[i], arena, ret, err));
    return STATUS_OK;
}
