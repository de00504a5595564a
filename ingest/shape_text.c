/* ingest/shape_text.c: a shape as text: for each path but the root, parents first, the number of
 * its parent, its key and what was seen there. */
#include "ingest/shape.h"

#include "base/memory.h"
#include "ingest/value.h"

#define WORDS 6 /* of a path */

/* ---- writing ---- */

struct writing {
    struct bytes *text;
    size_t *numbers; /* by id: place in the text, the root is 0 */
    size_t count;
};

static enum status write_node(struct writing *writing, const struct shape_node *node, size_t parent,
                              struct err *err)
{
    struct bytes *text = writing->text;
    TRY(bytes_format(text, err, "%s\n  [%zu, ", writing->count == 0 ? "" : ",", parent));
    TRY(bytes_append_json(text, node->key, err));
    writing->numbers[node->id] = ++writing->count;
    return bytes_format(text, err, ", %u, %u, %u, %u]", node->kinds, node->classes,
                        node->item_kinds, node->item_classes);
}

static enum status write_members(struct writing *writing, const struct shape_node *node,
                                 struct err *err)
{
    for (size_t i = 0; i < node->count; i++)
        TRY(write_node(writing, node->members[i], writing->numbers[node->id], err));
    for (size_t i = 0; i < node->count; i++)
        TRY(write_members(writing, node->members[i], err));
    return STATUS_OK;
}

enum status shape_write(const struct shape *shape, struct bytes *ret, struct err *err)
{
    OWNED(memory_release) size_t *numbers = NULL;
    TRY(NEW(&numbers, shape->nodes, err));
    struct writing writing = {.text = ret, .numbers = numbers};
    TRY(bytes_append_text(ret, "[", err));
    TRY(write_members(&writing, shape->root, err));
    return bytes_append_text(ret, "]", err);
}

/* ---- reading ---- */

struct reading {
    struct shape *shape;
    struct json json;
    struct shape_node **nodes; /* by number */
    size_t count;
    struct bytes scratch;
};

static void reading_close(struct reading *reading)
{
    memory_free(reading->nodes);
    json_release(&reading->json);
    bytes_release(&reading->scratch);
}

static enum status refuse(struct err *err)
{
    (void)fail(err, STATUS_USAGE, "\"shape\" is not what a plan has there");
    err_hint(err, "plan again");
    return STATUS_USAGE;
}

/* A number of one of the words of a path. */
static bool number_at(const struct reading *reading, uint32_t token, int64_t most, int64_t *ret)
{
    const struct json_token *tokens = reading->json.tokens;
    return tokens[token].kind == JSON_NUMBER &&
           value_int(json_raw(&reading->json, &tokens[token]), ret) && *ret >= 0 && *ret <= most;
}

static enum status read_path(struct reading *reading, uint32_t at, struct err *err)
{
    const struct json_token *tokens = reading->json.tokens;
    uint32_t words[WORDS], count = 0;
    int64_t parent, seen[4];
    struct str key;
    size_t next = 0;
    if (tokens[at].kind != JSON_ARRAY) return refuse(err);
    for (uint32_t i = at + 1; i < tokens[at].next; i = tokens[i].next)
        if (count++ < WORDS) words[count - 1] = i;
    if (count != WORDS || tokens[words[1]].kind != JSON_STRING ||
        !number_at(reading, words[0], (int64_t)reading->count - 1, &parent))
        return refuse(err);
    for (size_t i = 0; i < 4; i++)
        if (!number_at(reading, words[2 + i], UINT32_MAX, &seen[i])) return refuse(err);
    TRY(json_string(&reading->json, &tokens[words[1]], &reading->scratch, &key, err));
    struct shape_node *node;
    TRY(shape_add(reading->shape, reading->nodes[parent], key, &next, &node, err));
    node->kinds = (unsigned)seen[0];
    node->classes = (unsigned)seen[1];
    node->item_kinds = (unsigned)seen[2];
    node->item_classes = (unsigned)seen[3];
    reading->nodes[reading->count++] = node;
    return STATUS_OK;
}

enum status shape_read(struct shape *shape, struct str text, struct err *err)
{
    OWNED(reading_close)
    struct reading reading = {
        .shape = shape, .scratch = bytes_limited((size_t)1 << 30), .count = 1};
    TRY(json_parse(&reading.json, (const uint8_t *)text.data, text.size, err));
    const struct json_token *tokens = reading.json.tokens;
    if (reading.json.fault[0] != '\0' || tokens[0].kind != JSON_ARRAY) return refuse(err);
    TRY(NEW(&reading.nodes, SHAPE_NODES_MAXIMUM + 1, err));
    reading.nodes[0] = shape->root;
    shape->root->kinds = 1u << JSON_OBJECT;
    for (uint32_t i = 1; i < tokens[0].next; i = tokens[i].next) {
        if (reading.count > SHAPE_NODES_MAXIMUM) return refuse(err);
        TRY(read_path(&reading, i, err));
    }
    return STATUS_OK;
}
