/* ingest/shape.c: the paths of nested records, seen and merged. */
#include "ingest/shape.h"

#include "ingest/value.h"

#include <xxhash.h>

#define FEW 8 /* members are compared one by one up to here */

/* ---- the tree ---- */

static enum status node_new(struct shape *shape, struct str key, struct shape_node **ret,
                            struct err *err)
{
    if (shape->nodes == SHAPE_NODES_MAXIMUM) {
        (void)fail(err, STATUS_FAILED, "found more than %d different paths", SHAPE_NODES_MAXIMUM);
        err_hint(err, "objects whose keys are values are better written as lists of pairs");
        return STATUS_FAILED;
    }
    struct shape_node *node = arena_get(shape->arena, 1, sizeof *node);
    char *copy = arena_text(shape->arena, key.data, key.size);
    if (node == NULL || copy == NULL) return fail_memory(err, sizeof *node + key.size);
    node->key = (struct str){copy, key.size};
    node->classes = node->item_classes = VALUE_ANY;
    node->id = shape->nodes++;
    *ret = node;
    return STATUS_OK;
}

enum status shape_open(struct shape *ret, struct err *err)
{
    *ret = (struct shape){0};
    TRY(arena_open(&ret->arena, err));
    return node_new(ret, (struct str){"", 0}, &ret->root, err);
}

void shape_close(struct shape *shape)
{
    arena_close(&shape->arena);
    *shape = (struct shape){0};
}

static size_t place_of(const struct shape_node *node, struct str key)
{
    size_t place = XXH3_64bits(key.data, key.size) & node->place_mask;
    while (node->places[place] != 0 && !str_equal(node->members[node->places[place] - 1]->key, key))
        place = (place + 1) & node->place_mask;
    return place;
}

struct shape_node *shape_member(const struct shape_node *node, struct str key, size_t *next)
{
    size_t index = *next;
    if (index >= node->count || !str_equal(node->members[index]->key, key)) {
        if (node->places != NULL) {
            index = (size_t)node->places[place_of(node, key)] - 1; /* SIZE_MAX where empty */
        } else {
            for (index = 0; index < node->count; index++)
                if (str_equal(node->members[index]->key, key)) break;
        }
    }
    if (index >= node->count) return NULL;
    *next = index + 1;
    return node->members[index];
}

/* A table of at least twice the members; the old one stays in the arena. */
static enum status grow_places(struct shape *shape, struct shape_node *node, struct err *err)
{
    size_t size = 4 * FEW;
    while (size < node->count * 4)
        size *= 2;
    node->places = arena_get(shape->arena, size, sizeof *node->places);
    if (node->places == NULL) return fail_memory(err, size * sizeof *node->places);
    node->place_mask = size - 1;
    for (size_t i = 0; i < node->count; i++)
        node->places[place_of(node, node->members[i]->key)] = (uint32_t)i + 1;
    return STATUS_OK;
}

static enum status append_member(struct shape *shape, struct shape_node *node,
                                 struct shape_node *member, struct err *err)
{
    if (node->count == node->room) {
        size_t room = node->room == 0 ? 4 : node->room * 2;
        struct shape_node **members = arena_get(shape->arena, room, sizeof(struct shape_node *));
        if (members == NULL) return fail_memory(err, room * sizeof *members);
        if (node->count > 0) memcpy(members, node->members, node->count * sizeof *members);
        node->members = members;
        node->room = room;
    }
    node->members[node->count++] = member;
    if (node->places != NULL && node->count * 2 <= node->place_mask)
        node->places[place_of(node, member->key)] = (uint32_t)node->count;
    else if (node->count > FEW)
        return grow_places(shape, node, err);
    return STATUS_OK;
}

enum status shape_add(struct shape *shape, struct shape_node *node, struct str key, size_t *next,
                      struct shape_node **ret, struct err *err)
{
    *ret = shape_member(node, key, next);
    if (*ret != NULL) return STATUS_OK;
    TRY(node_new(shape, key, ret, err));
    TRY(append_member(shape, node, *ret, err));
    *next = node->count;
    return STATUS_OK;
}

/* ---- one record ---- */

struct sight {
    struct shape *shape;
    const struct json *json;
    int64_t number;
    struct bytes *scratch;
    struct str twice; /* data NULL = no key comes twice */
};

/* Walks an object; depth is bounded by --max-depth. With `note` what is found is written down,
 * without only nodes are made and keys are checked. */
static enum status see_object(struct sight *sight, uint32_t object, struct shape_node *node,
                              bool note, struct err *err);

static void note_items(struct sight *sight, uint32_t array, struct shape_node *node)
{
    const struct json *json = sight->json;
    for (uint32_t i = array + 1; i < json->tokens[array].next; i = json->tokens[i].next) {
        const struct json_token *item = &json->tokens[i];
        node->item_kinds |= 1u << item->kind;
        if (item->kind == JSON_NUMBER && node->item_classes != 0)
            node->item_classes &= value_classes(json_raw(json, item), node->item_classes,
                                                &(struct value_day){.known = false});
    }
}

static void note_value(struct sight *sight, uint32_t value, struct shape_node *node)
{
    const struct json_token *token = &sight->json->tokens[value];
    node->kinds |= 1u << token->kind;
    if (token->kind == JSON_NUMBER && node->classes != 0)
        node->classes &= value_classes(json_raw(sight->json, token), node->classes,
                                       &(struct value_day){.known = false});
    if (token->kind == JSON_ARRAY) note_items(sight, value, node);
}

static enum status see_member(struct sight *sight, uint32_t key_at, struct shape_node *node,
                              size_t *next, bool note, struct err *err)
{
    const struct json_token *token = &sight->json->tokens[key_at];
    struct shape_node *member;
    struct str key;
    TRY(json_string(sight->json, token, sight->scratch, &key, err));
    TRY(shape_add(sight->shape, node, key, next, &member, err));
    if (!note && member->record == sight->number) {
        sight->twice = json_raw(sight->json, token);
        return STATUS_OK;
    }
    member->record = sight->number;
    if (note) note_value(sight, key_at + 1, member);
    if (sight->json->tokens[key_at + 1].kind != JSON_OBJECT) return STATUS_OK;
    return see_object(sight, key_at + 1, member, note, err);
}

static enum status see_object(struct sight *sight, uint32_t object, struct shape_node *node,
                              bool note, struct err *err)
{
    const struct json *json = sight->json;
    size_t next = 0;
    for (uint32_t key = object + 1; key < json->tokens[object].next && sight->twice.data == NULL;
         key = json->tokens[key + 1].next)
        TRY(see_member(sight, key, node, &next, note, err));
    return STATUS_OK;
}

enum status shape_see(struct shape *shape, const struct json *json, int64_t number,
                      struct bytes *scratch, struct str *ret_twice, struct err *err)
{
    struct sight sight = {shape, json, number, scratch, {NULL, 0}};
    TRY(see_object(&sight, 0, shape->root, false, err));
    *ret_twice = sight.twice;
    if (sight.twice.data != NULL) return STATUS_OK;
    return see_object(&sight, 0, shape->root, true, err);
}

/* ---- merging ---- */

static enum status merge_node(struct shape *shape, struct shape_node *to,
                              const struct shape_node *from, struct err *err)
{
    size_t next = 0;
    to->kinds |= from->kinds;
    to->classes &= from->classes;
    to->item_kinds |= from->item_kinds;
    to->item_classes &= from->item_classes;
    for (size_t i = 0; i < from->count; i++) {
        struct shape_node *member;
        if (from->members[i]->kinds == 0) continue; /* of rejected records only */
        TRY(shape_add(shape, to, from->members[i]->key, &next, &member, err));
        TRY(merge_node(shape, member, from->members[i], err));
    }
    return STATUS_OK;
}

enum status shape_merge(struct shape *shape, const struct shape *from, struct err *err)
{
    return merge_node(shape, shape->root, from->root, err);
}
