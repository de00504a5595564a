/* ingest/contract.c: reads a contract and checks every word of it. */
#include "ingest/contract.h"

#include "ingest/shape.h"
#include "lineage/stage.h"

const char *const drift_names[DRIFT_COUNT] = {"new", "missing", "retyped", "reordered"};
const char *const drift_action_names[] = {"fail", "evolve", "reject"};

#define ACTIONS "fail|evolve|reject"

/* ---- one column ---- */

struct column_file {
    const char *type, *doc, *minimum, *maximum;
    bool nullable, unique, personal;
    const char *pattern;
    struct text_list allowed, length;
};

#define IN(member) offsetof(struct column_file, member)

static const struct setting column_settings[] = {
    {.name = "type",
     .kind = SETTING_TEXT,
     .offset = IN(type),
     .help = "of its values: int64, float64, utf8, date32, ...; any when absent"},
    {.name = "nullable",
     .kind = SETTING_FLAG,
     .offset = IN(nullable),
     .fallback = "true",
     .help = "whether a record may lack a value"},
    {.name = "unique",
     .kind = SETTING_FLAG,
     .offset = IN(unique),
     .help = "whether no two records have the same value"},
    {.name = "min", .kind = SETTING_TEXT, .offset = IN(minimum), .help = "the least value"},
    {.name = "max", .kind = SETTING_TEXT, .offset = IN(maximum), .help = "the greatest value"},
    {.name = "allowed",
     .kind = SETTING_TEXTS,
     .offset = IN(allowed),
     .help = "the only values there may be"},
    {.name = "pattern",
     .kind = SETTING_TEXT,
     .offset = IN(pattern),
     .help = "a PCRE2 expression that all of a value matches"},
    {.name = "length",
     .kind = SETTING_TEXTS,
     .offset = IN(length),
     .help = "characters of a value: a number, or [least, most]"},
    {.name = "personal",
     .kind = SETTING_FLAG,
     .offset = IN(personal),
     .help = "whether it is about persons: no statistics keep its values"},
    {.name = "doc", .kind = SETTING_TEXT, .offset = IN(doc), .help = "what it says"},
    {0},
};

static enum status parse_type(const char *text, const struct yaml_node *node,
                              struct contract_column *ret, struct err *err)
{
    struct err inner = {0};
    if (text == NULL) return STATUS_OK;
    const struct yaml_node *at = node->kind == YAML_MAP ? yaml_get(node, "type") : node;
    ret->typed = true;
    if (field_type_parse(str_of(text), &ret->type, &inner) != STATUS_OK) {
        (void)fail_at(at, err, "column \"%s\": %s", ret->name, inner.message);
        if (inner.hint[0] != '\0') err_hint(err, "%s", inner.hint);
        return STATUS_USAGE;
    }
    ret->type.name = ret->name;
    ret->type.nullable = true;
    if (scalar_knows(&ret->type)) return STATUS_OK;
    (void)fail_at(at, err, "column \"%s\": values cannot be read as %s", ret->name, text);
    err_hint(err, "leave the type out to take the column as it comes");
    return STATUS_USAGE;
}

static enum status parse_bound(const char *text, const char *key, const struct yaml_node *node,
                               const struct contract_column *column, struct scalar *ret,
                               bool *ret_has, struct err *err)
{
    struct value_day day = {.known = false};
    *ret_has = text != NULL;
    if (text == NULL) return STATUS_OK;
    if (!column->typed || !scalar_has_order(&column->type))
        return fail_at(yaml_get(node, key), err,
                       "column \"%s\": \"%s\" is for numbers, days and moments", column->name, key);
    if (scalar_read(str_of(text), &column->type, &day, ret)) return STATUS_OK;
    return fail_at(yaml_get(node, key), err, "column \"%s\": found %s \"%s\", expected %s",
                   column->name, key, text, field_type_text(&column->type, (char[80]){0}, 80));
}

static enum status check_column(const struct column_file *file, const struct yaml_node *node,
                                const struct contract_column *column, struct err *err)
{
    struct value_day day = {.known = false};
    struct scalar scalar;
    if (column->has_minimum && column->has_maximum &&
        scalar_compare(&column->type, &column->minimum, &column->maximum) > 0)
        return fail_at(yaml_get(node, "max"), err, "column \"%s\": max %s is below min %s",
                       column->name, file->maximum, file->minimum);
    for (size_t i = 0; column->typed && i < file->allowed.count; i++)
        if (!scalar_read(str_of(file->allowed.items[i]), &column->type, &day, &scalar))
            return fail_at(yaml_get(node, "allowed"), err,
                           "column \"%s\": \"%s\" among the allowed values is no %s", column->name,
                           file->allowed.items[i],
                           field_type_text(&column->type, (char[80]){0}, 80));
    return STATUS_OK;
}

static enum status parse_texts(const struct column_file *file, const struct yaml_node *node,
                               struct contract_column *ret, struct err *err)
{
    struct err inner = {0};
    ret->pattern_text = file->pattern;
    if (file->pattern != NULL &&
        contract_pattern_open(&ret->pattern, file->pattern, &inner) != STATUS_OK)
        return fail_at(yaml_get(node, "pattern"), err, "column \"%s\": %s", ret->name,
                       inner.message);
    if (contract_length_read(&file->length, &ret->length_least, &ret->length_most, &inner) ==
        STATUS_OK)
        return STATUS_OK;
    return fail_at(yaml_get(node, "length"), err, "column \"%s\": %s", ret->name, inner.message);
}

static enum status check_name(const struct contract *contract, const struct yaml_node *key,
                              struct err *err)
{
    bool zero = key->text.size == 0 || memchr(key->text.data, '\0', key->text.size) != NULL;
    if (zero) return fail_at(key, err, "the name of a column is empty or has a zero byte in it");
    if (str_is(key->text, COLUMN_SOURCE) || str_is(key->text, COLUMN_RECORD))
        return fail_at(key, err, "\"%.*s\" is a column that ingestion adds", (int)key->text.size,
                       key->text.data);
    if (contract_find(contract, key->text) == NULL) return STATUS_OK;
    return fail_at(key, err, "column \"%.*s\" is in the contract already", (int)key->text.size,
                   key->text.data);
}

static enum status parse_column(struct contract *contract, const struct yaml_node *key,
                                const struct yaml_node *value, struct err *err)
{
    struct contract_column *column = &contract->columns[contract->count];
    struct column_file file = {.nullable = true};
    TRY(check_name(contract, key, err));
    column->name = arena_text(contract->arena, key->text.data, key->text.size);
    if (column->name == NULL) return fail_memory(err, key->text.size);
    column->line = key->line;
    if (value->kind == YAML_SCALAR && value->text.size > 0)
        file.type = arena_text(contract->arena, value->text.data, value->text.size);
    else
        TRY(settings_from_yaml(column_settings, value, &file, contract->arena, err));
    column->nullable = file.nullable;
    column->unique = file.unique;
    column->personal = file.personal;
    column->allowed = file.allowed;
    column->minimum_text = file.minimum;
    column->maximum_text = file.maximum;
    TRY(parse_type(file.type, value, column, err));
    TRY(parse_bound(file.minimum, "min", value, column, &column->minimum, &column->has_minimum,
                    err));
    TRY(parse_bound(file.maximum, "max", value, column, &column->maximum, &column->has_maximum,
                    err));
    TRY(check_column(&file, value, column, err));
    contract->count++; /* contract_close releases the pattern */
    TRY(parse_texts(&file, value, column, err));
    return STATUS_OK;
}

/* ---- the file ---- */

struct drift_file {
    int action[DRIFT_COUNT];
};

#define DRIFT_SETTING(word, index, otherwise, text)                                                \
    {                                                                                              \
        .name = (word), .kind = SETTING_CHOICE,                                                    \
        .offset = offsetof(struct drift_file, action) + (index) * sizeof(int),                     \
        .fallback = (otherwise), .choices = ACTIONS, .help = (text)                                \
    }

static const struct setting drift_settings[] = {
    DRIFT_SETTING("new", DRIFT_NEW, "evolve", "a column that the contract has not"),
    DRIFT_SETTING("missing", DRIFT_MISSING, "fail", "a column of the contract is not there"),
    DRIFT_SETTING("retyped", DRIFT_RETYPED, "reject", "values are not of the column's type"),
    DRIFT_SETTING("reordered", DRIFT_REORDERED, "evolve", "the columns stand in another order"),
    {0},
};

struct contract_file {
    int64_t tamis;
    const struct yaml_node *columns, *on_drift;
    struct text_list key;
    const char *doc;
};

static const struct setting contract_settings[] = {
    {.name = "tamis",
     .kind = SETTING_INT,
     .offset = offsetof(struct contract_file, tamis),
     .fallback = "1",
     .minimum = 1,
     .maximum = 1.5,
     .help = "version of this format"},
    {.name = "columns",
     .kind = SETTING_TREE,
     .offset = offsetof(struct contract_file, columns),
     .help = "name: type, or name: {type: ..., nullable: ...}"},
    {.name = "key",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct contract_file, key),
     .help = "columns that together have no value twice, and none without"},
    {.name = "on_drift",
     .kind = SETTING_TREE,
     .offset = offsetof(struct contract_file, on_drift),
     .help = "new, missing, retyped, reordered: fail, evolve or reject"},
    {.name = "doc",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct contract_file, doc),
     .help = "what the source is"},
    {0},
};

static enum status parse_columns(struct contract *contract, const struct yaml_node *columns,
                                 const struct yaml_node *root, struct err *err)
{
    if (columns == NULL) return fail_at(root, err, "a contract without \"columns\"");
    if (columns->kind != YAML_MAP || columns->count == 0)
        return fail_at(columns, err, "columns is a map of names and types");
    if (columns->count > COLUMNS_MAXIMUM)
        return fail_at(columns, err, "found %zu columns, expected at most %d", columns->count,
                       COLUMNS_MAXIMUM);
    contract->columns = arena_get(contract->arena, columns->count, sizeof *contract->columns);
    if (contract->columns == NULL)
        return fail_memory(err, columns->count * sizeof *contract->columns);
    for (size_t i = 0; i < columns->count; i++)
        TRY(parse_column(contract, columns->keys[i], columns->items[i], err));
    return STATUS_OK;
}

static enum status list_texts(struct contract *contract, struct err *err)
{
    const char **items = arena_get(contract->arena, contract->count, sizeof *items);
    if (items == NULL) return fail_memory(err, contract->count * sizeof *items);
    contract->texts.items = items;
    for (size_t i = 0; i < contract->count; i++) {
        const struct contract_column *column = &contract->columns[i];
        bool evolves = contract->on_drift[DRIFT_RETYPED] == DRIFT_EVOLVE;
        bool text = column->type.type.id == TYPE_UTF8;
        if (!column->typed || column->type.type.id == TYPE_BINARY || (evolves && !text)) continue;
        items[contract->texts.count++] = column->name;
    }
    return STATUS_OK;
}

static enum status parse(struct contract *contract, const struct yaml_node *root,
                         enum drift_action on_drift, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited((size_t)16 << 20);
    struct contract_file file = {0};
    struct drift_file drift = {{0}};
    if (root == NULL) return fail(err, STATUS_USAGE, "empty where \"columns\" was expected");
    if (root->kind != YAML_MAP)
        return fail_at(root, err, "a contract is a map with \"columns\", found a %s",
                       root->kind == YAML_LIST ? "list" : "scalar");
    TRY(settings_from_yaml(contract_settings, root, &file, contract->arena, err));
    TRY(settings_from_yaml(drift_settings, file.on_drift, &drift, contract->arena, err));
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        contract->on_drift[i] =
            on_drift == DRIFT_AS_WRITTEN ? (enum drift_action)drift.action[i] : on_drift;
    TRY(parse_columns(contract, file.columns, root, err));
    contract->key = file.key;
    for (size_t i = 0; i < file.key.count; i++)
        if (contract_find(contract, str_of(file.key.items[i])) == NULL)
            return fail_at(yaml_get(root, "key"), err, "key: there is no column \"%s\"",
                           file.key.items[i]);
    TRY(list_texts(contract, err));
    TRY(yaml_digest(root, &contract->digest, err));
    TRY(yaml_json(root, &json, err));
    contract->json = arena_text(contract->arena, (const char *)json.data, json.size);
    return contract->json == NULL ? fail_memory(err, json.size) : STATUS_OK;
}

static enum status contract_new(struct contract **ret, const char *name, struct err *err)
{
    OWNED(contract_close) struct contract *contract = NULL;
    TRY(NEW(&contract, 1, err));
    TRY(arena_open(&contract->arena, err));
    contract->name = arena_text(contract->arena, name, strlen(name));
    if (contract->name == NULL) return fail_memory(err, strlen(name));
    *ret = contract;
    contract = NULL;
    return STATUS_OK;
}

enum status contract_load(struct contract **ret, const char *path, enum drift_action on_drift,
                          struct err *err)
{
    OWNED(contract_close) struct contract *contract = NULL;
    OWNED(yaml_close) struct yaml *document = NULL;
    TRY(contract_new(&contract, path, err));
    TRY(yaml_load(&document, path, err));
    enum status status = parse(contract, yaml_root(document), on_drift, err);
    if (status != STATUS_OK) return fail_within(err, status, "contract \"%s\"", path);
    *ret = contract;
    contract = NULL;
    return STATUS_OK;
}

enum status contract_of_schema(struct contract **ret, const struct schema *schema, struct err *err)
{
    OWNED(contract_close) struct contract *contract = NULL;
    TRY(contract_new(&contract, "", err));
    contract->columns = arena_get(contract->arena, schema->count, sizeof *contract->columns);
    if (contract->columns == NULL)
        return fail_memory(err, schema->count * sizeof *contract->columns);
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        contract->on_drift[i] = i == DRIFT_REORDERED ? DRIFT_EVOLVE : DRIFT_REJECT;
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        struct contract_column *column = &contract->columns[contract->count];
        if (strcmp(field->name, COLUMN_SOURCE) == 0 || strcmp(field->name, COLUMN_RECORD) == 0)
            continue;
        *column =
            (struct contract_column){.type = *field, .nullable = true, .length_most = INT64_MAX};
        column->name = arena_text(contract->arena, field->name, strlen(field->name));
        if (column->name == NULL) return fail_memory(err, strlen(field->name));
        column->typed = scalar_knows(field);
        column->personal = metadata_get(&field->metadata, "tamis:personal").data != NULL;
        column->type.name = column->name;
        column->type.metadata = (struct metadata){0};
        if (field->type.zone != NULL) column->type.type.zone = "UTC";
        contract->count++;
    }
    TRY(list_texts(contract, err));
    *ret = contract;
    contract = NULL;
    return STATUS_OK;
}

const struct contract_column *contract_find(const struct contract *contract, struct str name)
{
    for (size_t i = 0; i < contract->count; i++)
        if (str_is(name, contract->columns[i].name)) return &contract->columns[i];
    return NULL;
}

void contract_close(struct contract **contract)
{
    if (contract == NULL || *contract == NULL) return;
    struct arena *arena = (*contract)->arena;
    for (size_t i = 0; i < (*contract)->count; i++)
        contract_pattern_close(&(*contract)->columns[i].pattern);
    memory_free(*contract);
    arena_close(&arena);
    *contract = NULL;
}
