/* columnar/schema.c: counted, immutable lists of fields. */
#include "columnar/schema.h"

#include "base/memory.h"
#include "columnar/layout.h"

#include <stdatomic.h>

/* Names, children and metadata live in the arena; replaced ones stay until the schema goes. */
struct schema_owner {
    atomic_size_t references;
    struct arena *arena;
    size_t capacity, metadata_capacity;
};

static void schema_free(struct schema *schema)
{
    if (schema->owner != NULL) arena_close(&schema->owner->arena);
    memory_free(schema->owner);
    memory_free(schema);
}

enum status schema_new(struct schema **ret, struct err *err)
{
    struct schema *schema = NULL;
    TRY(NEW(&schema, 1, err));
    enum status status = NEW(&schema->owner, 1, err);
    if (status == STATUS_OK) status = arena_open(&schema->owner->arena, err);
    if (status != STATUS_OK) {
        schema_free(schema);
        return status;
    }
    atomic_init(&schema->owner->references, 1);
    *ret = schema;
    return STATUS_OK;
}

struct schema *schema_ref(const struct schema *schema)
{
    if (schema != NULL)
        atomic_fetch_add_explicit(&schema->owner->references, 1, memory_order_relaxed);
    return (struct schema *)(uintptr_t)schema;
}

void schema_unref(struct schema **schema)
{
    if (*schema != NULL && atomic_fetch_sub(&(*schema)->owner->references, 1) == 1)
        schema_free(*schema);
    *schema = NULL;
}

/* ---- copies into the arena ---- */

static enum status copy_text(struct arena *arena, struct str text, struct str *ret, struct err *err)
{
    char *copy = arena_text(arena, text.data == NULL ? "" : text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    *ret = (struct str){copy, text.size};
    return STATUS_OK;
}

static enum status copy_metadata(struct arena *arena, const struct metadata *from,
                                 struct metadata *ret, struct err *err)
{
    *ret = (struct metadata){NULL, 0};
    if (from->count == 0) return STATUS_OK;
    ret->pairs = arena_get(arena, from->count, sizeof *ret->pairs);
    if (ret->pairs == NULL) return fail_memory(err, from->count * sizeof *ret->pairs);
    for (size_t i = 0; i < from->count; i++) {
        TRY(copy_text(arena, from->pairs[i].key, &ret->pairs[i].key, err));
        TRY(copy_text(arena, from->pairs[i].value, &ret->pairs[i].value, err));
    }
    ret->count = from->count;
    return STATUS_OK;
}

static enum status copy_type(struct arena *arena, const struct field *from, struct type *ret,
                             struct err *err)
{
    if (from->type.zone != NULL) {
        struct str zone = {NULL, 0};
        TRY(copy_text(arena, str_of(from->type.zone), &zone, err));
        ret->zone = zone.data;
    }
    if (from->type.union_ids != NULL) {
        int32_t *ids = arena_get(arena, from->child_count, sizeof *ids);
        if (ids == NULL) return fail_memory(err, from->child_count * sizeof *ids);
        if (from->child_count > 0)
            memcpy(ids, from->type.union_ids, from->child_count * sizeof *ids);
        ret->union_ids = ids;
    }
    return STATUS_OK;
}

static enum status copy_field(struct arena *arena, const struct field *from, struct field *ret,
                              struct err *err)
{
    struct str name = {NULL, 0};
    *ret = *from;
    TRY(copy_text(arena, str_of(from->name), &name, err));
    ret->name = name.data;
    TRY(copy_type(arena, from, &ret->type, err));
    TRY(copy_metadata(arena, &from->metadata, &ret->metadata, err));
    ret->children = NULL;
    if (from->child_count == 0) return STATUS_OK;
    ret->children = arena_get(arena, from->child_count, sizeof *ret->children);
    if (ret->children == NULL) return fail_memory(err, from->child_count * sizeof *ret->children);
    for (size_t i = 0; i < from->child_count; i++)
        TRY(copy_field(arena, &from->children[i], &ret->children[i], err));
    return STATUS_OK;
}

static enum status grow(struct arena *arena, void *items, size_t count, size_t size,
                        size_t *capacity, void **ret, struct err *err)
{
    *ret = items;
    if (count < *capacity) return STATUS_OK;
    size_t more = *capacity == 0 ? 8 : *capacity * 2;
    void *grown = arena_get(arena, more, size);
    if (grown == NULL) return fail_memory(err, more * size);
    if (count > 0) memcpy(grown, items, count * size);
    *ret = grown;
    *capacity = more;
    return STATUS_OK;
}

enum status schema_add(struct schema *schema, const struct field *field, struct err *err)
{
    struct schema_owner *owner = schema->owner;
    void *fields = NULL;
    TRY(grow(owner->arena, schema->fields, schema->count, sizeof *schema->fields, &owner->capacity,
             &fields, err));
    schema->fields = fields;
    TRY(copy_field(owner->arena, field, &schema->fields[schema->count], err));
    schema->count++;
    return STATUS_OK;
}

struct field field_of(const char *name, enum type_id type)
{
    struct field field = {.name = name, .type = {.id = type}, .nullable = true};
    field.index = TYPE_INT32;
    if (type == TYPE_TIMESTAMP) field.type.zone = "UTC";
    if (type == TYPE_TIMESTAMP || type == TYPE_DURATION || type == TYPE_TIME64)
        field.type.unit = UNIT_MICRO;
    return field;
}

struct field field_dictionary(const char *name)
{
    struct field field = field_of(name, TYPE_UTF8);
    field.dictionary = true;
    return field;
}

enum status schema_add_column(struct schema *schema, const char *name, enum type_id type,
                              struct err *err)
{
    struct field field = field_of(name, type);
    return schema_add(schema, &field, err);
}

enum status schema_add_metadata(struct schema *schema, struct str key, struct str value,
                                struct err *err)
{
    struct schema_owner *owner = schema->owner;
    struct metadata *metadata = &schema->metadata;
    struct metadata_pair pair = {{NULL, 0}, {NULL, 0}};
    void *pairs = NULL;
    TRY(copy_text(owner->arena, key, &pair.key, err));
    TRY(copy_text(owner->arena, value, &pair.value, err));
    TRY(grow(owner->arena, metadata->pairs, metadata->count, sizeof *metadata->pairs,
             &owner->metadata_capacity, &pairs, err));
    metadata->pairs = pairs;
    metadata->pairs[metadata->count++] = pair;
    return STATUS_OK;
}

enum status schema_set_metadata(struct schema *schema, const char *key, struct str value,
                                struct err *err)
{
    struct metadata *metadata = &schema->metadata;
    for (size_t i = 0; i < metadata->count; i++)
        if (str_is(metadata->pairs[i].key, key))
            return copy_text(schema->owner->arena, value, &metadata->pairs[i].value, err);
    return schema_add_metadata(schema, str_of(key), value, err);
}

enum status schema_copy(struct schema **ret, const struct schema *schema, struct err *err)
{
    OWNED(schema_unref) struct schema *copy = NULL;
    TRY(schema_new(&copy, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(schema_add(copy, &schema->fields[i], err));
    TRY(copy_metadata(copy->owner->arena, &schema->metadata, &copy->metadata, err));
    copy->owner->metadata_capacity = copy->metadata.count;
    *ret = copy;
    copy = NULL;
    return STATUS_OK;
}

/* ---- questions ---- */

int64_t schema_find(const struct schema *schema, struct str name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (str_is(name, schema->fields[i].name)) return (int64_t)i;
    return -1;
}

static const char *nearest_column(const struct schema *schema, struct str name)
{
    const char *nearest = NULL;
    size_t limit = name.size / 3 + 1, best = limit + 1;
    for (size_t i = 0; i < schema->count; i++) {
        size_t distance = str_distance(name, str_of(schema->fields[i].name), limit);
        if (distance >= best) continue;
        best = distance;
        nearest = schema->fields[i].name;
    }
    return nearest;
}

enum status schema_require(const struct schema *schema, struct str name, size_t *ret_index,
                           struct err *err)
{
    int64_t found = schema_find(schema, name);
    if (found >= 0) {
        *ret_index = (size_t)found;
        return STATUS_OK;
    }
    const char *nearest = nearest_column(schema, name);
    enum status status = fail(err, STATUS_USAGE, "there is no column \"%.*s\"", (int)name.size,
                              name.data == NULL ? "" : name.data);
    if (nearest != NULL)
        err_hint(err, "did you mean \"%s\"?", nearest);
    else
        err_hint(err, "tamis-features cat --head 1 shows the columns");
    return status;
}

static bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

static bool type_equal(const struct field *a, const struct field *b)
{
    const struct type *x = &a->type, *y = &b->type;
    if (x->id != y->id || x->width != y->width || x->precision != y->precision ||
        x->scale != y->scale || x->keys_sorted != y->keys_sorted || x->unit != y->unit)
        return false;
    if (!text_equal(x->zone, y->zone)) return false;
    if (x->union_ids == NULL || y->union_ids == NULL) return x->union_ids == y->union_ids;
    return a->child_count == b->child_count &&
           memcmp(x->union_ids, y->union_ids, a->child_count * sizeof *x->union_ids) == 0;
}

bool field_equal(const struct field *a, const struct field *b)
{
    if (!text_equal(a->name, b->name) || a->nullable != b->nullable ||
        a->dictionary != b->dictionary || a->child_count != b->child_count)
        return false;
    if (a->dictionary && (a->index != b->index || a->ordered != b->ordered)) return false;
    if (!type_equal(a, b)) return false;
    for (size_t i = 0; i < a->child_count; i++)
        if (!field_equal(&a->children[i], &b->children[i])) return false;
    return true;
}

bool schema_equal(const struct schema *a, const struct schema *b)
{
    if (a == b) return true;
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!field_equal(&a->fields[i], &b->fields[i])) return false;
    return true;
}

struct str metadata_get(const struct metadata *metadata, const char *key)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (str_is(metadata->pairs[i].key, key)) return metadata->pairs[i].value;
    return (struct str){NULL, 0};
}
