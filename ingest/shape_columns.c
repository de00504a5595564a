/* ingest/shape_columns.c: the columns that come of the paths of nested records. */
#include "ingest/shape.h"
#include "ingest/value.h"

#define BIT(kind) (1u << (kind))

/* The form of plain values of these kinds, SHAPE_JSON where they do not agree. */
static enum shape_form plain_form(unsigned kinds, unsigned classes)
{
    kinds &= ~BIT(JSON_NULL);
    if (kinds == 0 || kinds == BIT(JSON_STRING)) return SHAPE_STRING;
    if ((kinds & ~(BIT(JSON_TRUE) | BIT(JSON_FALSE))) == 0) return SHAPE_BOOL;
    if (kinds != BIT(JSON_NUMBER)) return SHAPE_JSON;
    if ((classes & VALUE_INT) != 0) return SHAPE_INT;
    return (classes & VALUE_REAL) != 0 ? SHAPE_REAL : SHAPE_JSON;
}

static void choose_form(struct shape_node *node)
{
    unsigned kinds = node->kinds & ~BIT(JSON_NULL);
    if (kinds == BIT(JSON_OBJECT)) {
        node->form = node->count > 0 ? SHAPE_MEMBERS : SHAPE_JSON;
    } else if (kinds == BIT(JSON_ARRAY)) {
        node->items = plain_form(node->item_kinds, node->item_classes);
        node->form = node->items == SHAPE_JSON ? SHAPE_JSON : SHAPE_LIST;
    } else {
        node->form = plain_form(node->kinds, node->classes);
    }
}

static enum type_id form_type(enum shape_form form)
{
    switch (form) {
    case SHAPE_BOOL: return TYPE_BOOL;
    case SHAPE_INT: return TYPE_INT64;
    case SHAPE_REAL: return TYPE_FLOAT64;
    case SHAPE_LIST: return TYPE_LIST;
    default: return TYPE_UTF8;
    }
}

struct naming {
    struct schema *schema;
    const struct text_list *text_columns, *contract_texts;
    const struct schema *expected;
    struct arena *arena;
    bool *asked; /* of text_columns: found */
};

static enum status add_field(struct naming *naming, struct shape_node *node, const char *name,
                             struct err *err)
{
    struct field field = field_of(name, form_type(node->form));
    struct field item = field_of("item", form_type(node->items));
    struct metadata_pair json = {str_of("tamis:json"), str_of("text")};
    if (node->form == SHAPE_LIST) {
        field.children = &item;
        field.child_count = 1;
    }
    if (node->form == SHAPE_JSON) field.metadata = (struct metadata){&json, 1};
    if (naming->schema->count == COLUMNS_MAXIMUM)
        return fail(err, STATUS_FAILED, "found more than %d columns", COLUMNS_MAXIMUM);
    node->column = naming->schema->count;
    return schema_add(naming->schema, &field, err);
}

/* Whether `name` is among the columns that stay text; a list too long to walk is nobody's. */
static void ask_for_text(struct naming *naming, struct shape_node *node, const char *name)
{
    for (size_t i = 0; naming->text_columns != NULL && i < naming->text_columns->count; i++) {
        if (strcmp(naming->text_columns->items[i], name) != 0) continue;
        naming->asked[i] = true;
        node->form = SHAPE_TEXT;
    }
    for (size_t i = 0; naming->contract_texts != NULL && i < naming->contract_texts->count; i++)
        if (strcmp(naming->contract_texts->items[i], name) == 0) node->form = SHAPE_TEXT;
}

static bool is_json_text(const struct field *field)
{
    return str_is(metadata_get(&field->metadata, "tamis:json"), "text");
}

static bool only_nulls(unsigned kinds)
{
    return (kinds & ~BIT(JSON_NULL)) == 0;
}

/* The form of what is expected, if plain values of these kinds can have it, else `form`. */
static enum shape_form expected_form(const struct field *field, unsigned kinds, unsigned classes,
                                     enum shape_form form)
{
    bool null = only_nulls(kinds);
    if (is_json_text(field)) return SHAPE_JSON;
    switch (field->type.id) {
    case TYPE_BOOL: return null ? SHAPE_BOOL : form;
    case TYPE_INT64: return null ? SHAPE_INT : form;
    case TYPE_FLOAT64:
        return null || (form == SHAPE_INT && (classes & VALUE_REAL) != 0) ? SHAPE_REAL : form;
    default: return form;
    }
}

/* What rows of this dataset have at the path, as far as the values allow. */
static void expect_form(const struct naming *naming, struct shape_node *node, const char *name)
{
    int64_t place = naming->expected == NULL ? -1 : schema_find(naming->expected, str_of(name));
    if (place < 0 || node->form == SHAPE_TEXT || node->form == SHAPE_JSON) return;
    const struct field *field = &naming->expected->fields[place];
    if (field->type.id == TYPE_LIST && only_nulls(node->kinds)) {
        node->form = SHAPE_LIST;
        node->items = plain_form(0, 0);
    }
    if (field->type.id == TYPE_LIST && node->form == SHAPE_LIST)
        node->items =
            expected_form(&field->children[0], node->item_kinds, node->item_classes, node->items);
    else
        node->form = expected_form(field, node->kinds, node->classes, node->form);
}

static enum status unique_name(struct naming *naming, const char *path, const char **ret,
                               struct err *err)
{
    *ret = path;
    for (size_t times = 2; schema_find(naming->schema, str_of(*ret)) >= 0; times++) {
        *ret = arena_format(naming->arena, "%s_%zu", path, times);
        if (*ret == NULL) return fail_memory(err, strlen(path));
    }
    return STATUS_OK;
}

/* Columns of a node and what is below it; depth is bounded by --max-depth. */
static enum status add_columns(struct naming *naming, struct shape_node *node, const char *path,
                               struct err *err)
{
    const char *name;
    choose_form(node);
    ask_for_text(naming, node, path);
    if (node->form != SHAPE_MEMBERS) {
        TRY(unique_name(naming, path, &name, err));
        expect_form(naming, node, name);
        return add_field(naming, node, name, err);
    }
    for (size_t i = 0; i < node->count; i++) {
        struct shape_node *member = node->members[i];
        if (member->key.size > 0 && memchr(member->key.data, '\0', member->key.size) != NULL)
            return fail(err, STATUS_FAILED, "found a key with a zero byte in it");
        const char *inner = *path == '\0'
                                ? member->key.data
                                : arena_format(naming->arena, "%s.%s", path, member->key.data);
        if (inner == NULL) return fail_memory(err, member->key.size);
        TRY(add_columns(naming, member, *inner == '\0' ? "column" : inner, err));
    }
    return STATUS_OK;
}

static enum status check_asked(const struct naming *naming, struct err *err)
{
    size_t column;
    for (size_t i = 0; naming->text_columns != NULL && i < naming->text_columns->count; i++)
        if (!naming->asked[i])
            TRY(schema_require(naming->schema, str_of(naming->text_columns->items[i]), &column,
                               err));
    return STATUS_OK;
}

enum status shape_settle(struct shape *shape, const struct text_list *text_columns,
                         const struct text_list *contract_texts, const struct schema *expected,
                         struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(memory_release) bool *asked = NULL;
    TRY(schema_new(&schema, err));
    TRY(NEW(&asked, text_columns == NULL ? 0 : text_columns->count, err));
    struct naming naming = {schema, text_columns, contract_texts, expected, shape->arena, asked};
    shape->root->kinds = BIT(JSON_OBJECT);
    if (shape->root->count > 0) TRY(add_columns(&naming, shape->root, "", err));
    TRY(check_asked(&naming, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}
