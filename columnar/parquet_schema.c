/* columnar/parquet_schema.c: which columns there are: the leaves of the schema tree and their Arrow
 * types (LogicalTypes.md, "Lists" with its rules for older writers). */
#include "columnar/parquet_parts.h"

#include <stdio.h>

#define DEPTH_MAXIMUM     32
#define NAME_BYTES        1024
#define DECIMAL128_DIGITS 38
#define DECIMAL256_DIGITS 76

/* A walk over the tree, depth first. */
struct walk {
    const struct parquet_footer *footer;
    const struct parquet_options *options;
    struct arena *arena;
    struct parquet_leaves *leaves;
    size_t at;    /* next node */
    size_t chunk; /* leaves passed */
    bool *found;  /* of the wanted columns */
};

/* Where in the tree: levels of what is above. */
struct place {
    const char *name;
    uint32_t def;
    int depth;
};

/* ---- the Arrow type of a value ---- */

static enum status fail_type(const struct parquet_node *node, struct err *err)
{
    static const char *const physical[] = {
        "BOOLEAN", "INT32",  "INT64",      "INT96",
        "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
    static const char *const logical[] = {
        [PARQUET_PLAIN_VALUE] = "a value",
        [PARQUET_TEXT] = "STRING",
        [PARQUET_JSON] = "JSON",
        [PARQUET_BSON] = "BSON",
        [PARQUET_UUID] = "UUID",
        [PARQUET_DATE] = "DATE",
        [PARQUET_TIME] = "TIME",
        [PARQUET_TIMESTAMP] = "TIMESTAMP",
        [PARQUET_DECIMAL] = "DECIMAL",
        [PARQUET_INTEGER] = "INTEGER",
        [PARQUET_FLOAT16] = "FLOAT16",
        [PARQUET_INTERVAL] = "INTERVAL",
        [PARQUET_NOTHING] = "UNKNOWN",
        [PARQUET_LIST] = "LIST",
        [PARQUET_MAP] = "MAP",
        [PARQUET_OTHER] = "a logical type of no known kind",
    };
    (void)fail(err, STATUS_USAGE, "found %s stored as %s, which is not read",
               logical[node->logical], physical[node->physical]);
    return STATUS_USAGE;
}

static enum status set_decimal(const struct parquet_node *node, struct type *type, int *conversion,
                               struct err *err)
{
    if (node->precision < 1 || node->precision > DECIMAL256_DIGITS || node->scale < 0 ||
        node->scale > node->precision)
        return fail(err, STATUS_FAILED, "a decimal of %d digits with %d behind the point",
                    node->precision, node->scale);
    type->id = node->precision > DECIMAL128_DIGITS ? TYPE_DECIMAL256 : TYPE_DECIMAL128;
    type->precision = node->precision;
    type->scale = node->scale;
    bool integer = node->physical == PARQUET_INT32 || node->physical == PARQUET_INT64;
    bool bytes = node->physical == PARQUET_FIXED || node->physical == PARQUET_BYTE_ARRAY;
    *conversion = integer ? CONVERT_DECIMAL : CONVERT_DECIMAL_BYTES;
    return integer || bytes ? STATUS_OK : fail_type(node, err);
}

static enum status set_integer(const struct parquet_node *node, struct type *type, int *conversion,
                               struct err *err)
{
    static const enum type_id with_sign[] = {TYPE_INT8, TYPE_INT16, TYPE_INT32, TYPE_INT64};
    static const enum type_id without[] = {TYPE_UINT8, TYPE_UINT16, TYPE_UINT32, TYPE_UINT64};
    bool wide = node->physical == PARQUET_INT64;
    int place = node->bits == 8 ? 0 : node->bits == 16 ? 1 : node->bits == 32 ? 2 : 3;
    if (node->bits != 8 << place || wide != (place == 3) ||
        (!wide && node->physical != PARQUET_INT32))
        return fail_type(node, err);
    type->id = node->is_signed ? with_sign[place] : without[place];
    if (place < 2) *conversion = CONVERT_NARROW;
    return STATUS_OK;
}

/* What is stored without a logical type. */
static enum status set_plain(const struct parquet_node *node, struct type *type, int *conversion)
{
    static const enum type_id plain[] = {TYPE_BOOL,      TYPE_INT32,       TYPE_INT64,
                                         TYPE_TIMESTAMP, TYPE_FLOAT32,     TYPE_FLOAT64,
                                         TYPE_BINARY,    TYPE_FIXED_BINARY};
    type->id = plain[node->physical];
    if (node->physical == PARQUET_BOOLEAN) *conversion = CONVERT_BOOL;
    if (node->physical == PARQUET_INT96) {
        *conversion = CONVERT_INT96;
        type->unit = UNIT_NANO;
    }
    if (node->physical == PARQUET_FIXED) type->width = node->width;
    return STATUS_OK;
}

static enum status set_moment(const struct parquet_node *node, struct type *type, struct err *err)
{
    bool narrow = node->logical == PARQUET_DATE ||
                  (node->logical == PARQUET_TIME && node->unit == UNIT_MILLI);
    if (node->physical != (narrow ? PARQUET_INT32 : PARQUET_INT64)) return fail_type(node, err);
    type->unit = (enum time_unit)node->unit;
    type->id = node->logical == PARQUET_DATE        ? TYPE_DATE32
               : node->logical == PARQUET_TIMESTAMP ? TYPE_TIMESTAMP
               : narrow                             ? TYPE_TIME32
                                                    : TYPE_TIME64;
    if (node->logical == PARQUET_TIMESTAMP && node->adjusted) type->zone = "UTC";
    return STATUS_OK;
}

static enum status set_fixed(const struct parquet_node *node, enum type_id id, int width,
                             struct type *type, struct err *err)
{
    if (node->physical != PARQUET_FIXED || node->width != width) return fail_type(node, err);
    type->id = id;
    type->width = id == TYPE_FIXED_BINARY ? width : 0;
    return STATUS_OK;
}

static enum status set_type(const struct parquet_node *node, struct type *type, int *conversion,
                            struct err *err)
{
    *type = (struct type){0};
    *conversion = CONVERT_SAME;
    switch (node->logical) {
    case PARQUET_TEXT:
    case PARQUET_JSON:
        type->id = TYPE_UTF8;
        *conversion = CONVERT_TEXT;
        return node->physical == PARQUET_BYTE_ARRAY ? STATUS_OK : fail_type(node, err);
    case PARQUET_BSON:
        type->id = TYPE_BINARY;
        return node->physical == PARQUET_BYTE_ARRAY ? STATUS_OK : fail_type(node, err);
    case PARQUET_UUID: return set_fixed(node, TYPE_FIXED_BINARY, 16, type, err);
    case PARQUET_INTERVAL: return set_fixed(node, TYPE_FIXED_BINARY, 12, type, err);
    case PARQUET_FLOAT16: return set_fixed(node, TYPE_FLOAT16, 2, type, err);
    case PARQUET_DATE:
    case PARQUET_TIME:
    case PARQUET_TIMESTAMP: return set_moment(node, type, err);
    case PARQUET_DECIMAL: return set_decimal(node, type, conversion, err);
    case PARQUET_INTEGER: return set_integer(node, type, conversion, err);
    case PARQUET_NOTHING:
        type->id = TYPE_NULL;
        *conversion = CONVERT_NOTHING;
        return STATUS_OK;
    case PARQUET_PLAIN_VALUE: return set_plain(node, type, conversion);
    default: return fail_type(node, err);
    }
}

static size_t stored_width(const struct parquet_node *node)
{
    static const size_t widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
    return node->physical == PARQUET_FIXED ? (size_t)node->width : widths[node->physical];
}

/* ---- which columns are wanted ---- */

/* Whether `name` is wanted: named itself, or within a struct that is. */
static bool is_wanted(const struct walk *walk, const char *name)
{
    bool wanted = walk->options->columns == NULL;
    for (size_t i = 0; i < walk->options->column_count && walk->options->columns != NULL; i++) {
        const char *column = walk->options->columns[i];
        size_t size = strlen(column);
        if (strncmp(name, column, size) != 0 || (name[size] != '\0' && name[size] != '.')) continue;
        walk->found[i] = wanted = true;
    }
    return wanted;
}

/* Whether something below `name` is wanted by its own name. */
static bool is_above_wanted(const struct walk *walk, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < walk->options->column_count && walk->options->columns != NULL; i++) {
        const char *column = walk->options->columns[i];
        if (strncmp(column, name, size) == 0 && column[size] == '.') return true;
    }
    return false;
}

/* Passes a whole subtree. */
static void pass(struct walk *walk)
{
    const struct parquet_node *nodes = walk->footer->nodes;
    size_t end = walk->at + 1;
    for (; walk->at < end && walk->at < walk->footer->node_count; walk->at++) {
        end += (size_t)nodes[walk->at].children;
        walk->chunk += nodes[walk->at].physical != PARQUET_GROUP;
    }
}

static enum status refuse(struct walk *walk, const char *name, const char *what, struct err *err)
{
    if (!is_wanted(walk, name) && !is_above_wanted(walk, name)) {
        pass(walk);
        return STATUS_OK;
    }
    (void)fail(err, STATUS_USAGE, "column \"%.200s\" is %s, which is not read", name, what);
    err_hint(err, "name the columns to read with --columns, or write it as plain columns or lists");
    return STATUS_USAGE;
}

/* ---- leaves ---- */

static enum status set_field(struct walk *walk, struct parquet_leaf *leaf, const char *name,
                             struct err *err)
{
    struct type type;
    TRY(set_type(leaf->node, &type, &leaf->conversion, err));
    leaf->field = (struct field){.name = name, .nullable = true, .type = type};
    if (!leaf->is_list) {
        leaf->item = &leaf->field;
        return STATUS_OK;
    }
    struct field *item = arena_get(walk->arena, 1, sizeof *item);
    if (item == NULL) return fail_memory(err, sizeof *item);
    *item = (struct field){.name = "item", .nullable = true, .type = type};
    leaf->field.type = (struct type){.id = TYPE_LIST};
    leaf->field.children = item;
    leaf->field.child_count = 1;
    leaf->item = item;
    return STATUS_OK;
}

/* The node at `at` is a column of plain values, or the items of a list (list_def is given). */
static enum status add_leaf(struct walk *walk, const char *name, uint32_t max_def,
                            const uint32_t *list_def, struct err *err)
{
    const struct parquet_node *node = &walk->footer->nodes[walk->at++];
    struct parquet_leaf *leaf = &walk->leaves->items[walk->leaves->count];
    size_t chunk = walk->chunk++;
    if (!is_wanted(walk, name)) return STATUS_OK;
    *leaf = (struct parquet_leaf){
        .node = node,
        .chunk = chunk,
        .physical = node->physical,
        .width = stored_width(node),
        .max_def = max_def,
        .is_list = list_def != NULL,
        .list_def = list_def != NULL ? *list_def : 0,
    };
    enum status status = set_field(walk, leaf, name, err);
    if (status != STATUS_OK) return fail_within(err, status, "column \"%.200s\"", name);
    walk->leaves->count++;
    return STATUS_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

/* The group of a list: optional group a (LIST) { repeated group list { optional T element } }, or
 * with the repeated field itself as the item. `def` is the level from which the list is there. */
static enum status walk_list(struct walk *walk, const char *name, uint32_t def, struct err *err)
{
    const struct parquet_node *nodes = walk->footer->nodes, *group = &nodes[walk->at];
    size_t left = walk->footer->node_count - walk->at;
    if (group->children != 1 || left < 2 || group[1].repetition != PARQUET_REPEATED)
        return refuse(walk, name, "a list of no known layout", err);
    const struct parquet_node *repeated = &group[1];
    if (repeated->physical != PARQUET_GROUP) {
        walk->at++;
        return add_leaf(walk, name, def + 1, &def, err);
    }
    bool is_item = strcmp(repeated->name, "array") == 0 || ends_with(repeated->name, "_tuple");
    if (repeated->children != 1 || is_item || left < 3)
        return refuse(walk, name, "a list of structs", err);
    if (repeated[1].physical == PARQUET_GROUP || repeated[1].repetition == PARQUET_REPEATED)
        return refuse(walk, name, "a list of lists or structs", err);
    walk->at += 2;
    uint32_t item = def + 1 + (repeated[1].repetition == PARQUET_OPTIONAL);
    return add_leaf(walk, name, item, &def, err);
}

static enum status walk_node(struct walk *walk, struct place place, struct err *err);

static enum status walk_members(struct walk *walk, struct place place, struct err *err)
{
    int32_t children = walk->footer->nodes[walk->at++].children;
    for (int32_t i = 0; i < children; i++)
        TRY(walk_node(walk, place, err));
    return STATUS_OK;
}

static enum status walk_node(struct walk *walk, struct place place, struct err *err)
{
    if (walk->at >= walk->footer->node_count)
        return fail(err, STATUS_FAILED, "the schema ends in the middle of a group");
    const struct parquet_node *node = &walk->footer->nodes[walk->at];
    const char *name = place.name[0] == '\0'
                           ? arena_format(walk->arena, "%s", node->name)
                           : arena_format(walk->arena, "%s.%s", place.name, node->name);
    if (name == NULL) return fail_memory(err, NAME_BYTES);
    if (strlen(name) > NAME_BYTES || place.depth > DEPTH_MAXIMUM)
        return fail(err, STATUS_FAILED, "column \"%.80s...\" is nested too deeply", name);
    uint32_t def = place.def + (node->repetition == PARQUET_OPTIONAL);
    bool repeated = node->repetition == PARQUET_REPEATED;
    if (node->physical != PARQUET_GROUP)
        return repeated ? add_leaf(walk, name, def + 1, &def, err)
                        : add_leaf(walk, name, def, NULL, err);
    if (node->logical == PARQUET_MAP) return refuse(walk, name, "a map", err);
    if (repeated) return refuse(walk, name, "a list of structs", err);
    if (node->logical == PARQUET_LIST) return walk_list(walk, name, def, err);
    if (node->logical == PARQUET_OTHER)
        return refuse(walk, name, "a logical type of no known kind", err);
    return walk_members(walk, (struct place){name, def, place.depth + 1}, err);
}

static enum status check_found(const struct walk *walk, struct err *err)
{
    for (size_t i = 0; i < walk->options->column_count && walk->options->columns != NULL; i++)
        if (!walk->found[i])
            return fail(err, STATUS_USAGE, "found no column \"%s\"", walk->options->columns[i]);
    return STATUS_OK;
}

static enum status walk_all(struct walk *walk, struct err *err)
{
    TRY(NEW(&walk->found, walk->options->column_count, err));
    TRY(walk_members(walk, (struct place){.name = ""}, err));
    if (walk->at != walk->footer->node_count)
        return fail(err, STATUS_FAILED, "the schema has %zu elements that belong nowhere",
                    walk->footer->node_count - walk->at);
    return check_found(walk, err);
}

enum status parquet_leaves_find(const struct parquet_footer *footer,
                                const struct parquet_options *options, struct arena *arena,
                                struct parquet_leaves *ret, struct err *err)
{
    struct walk walk = {.footer = footer, .options = options, .arena = arena, .leaves = ret};
    *ret = (struct parquet_leaves){0};
    ret->items = arena_get(arena, footer->leaf_count + 1, sizeof *ret->items);
    if (ret->items == NULL) return fail_memory(err, footer->leaf_count * sizeof *ret->items);
    enum status status = walk_all(&walk, err);
    memory_free(walk.found);
    return status;
}
