/* clean/standardize_repair.c: the vote of rows with the same key. */
#include "clean/standardize_repair.h"

#include "clean/rowkey.h"
#include "clean/standardize_votes.h"

#include <stdlib.h>

#define SOURCE_TEXT 128 /* of a source that is no text */

/* ---- open ---- */

static enum status find_column(const struct module_setup *setup, const struct yaml_node *node,
                               size_t *ret, struct err *err)
{
    if (node->kind != YAML_SCALAR) return fail_at(node, err, "expected the name of a column");
    enum status status = schema_require(setup->schema, node->text, ret, err);
    if (status == STATUS_OK) return status;
    return fail_within(err, status, "line %d, column %d", node->line, node->column);
}

static size_t node_count(const struct yaml_node *node)
{
    return node->kind == YAML_LIST ? node->count : 1;
}

static const struct yaml_node *node_item(const struct yaml_node *node, size_t i)
{
    return node->kind == YAML_LIST ? node->items[i] : node;
}

static enum status read_keys(const struct module_setup *setup, const struct yaml_node *node,
                             size_t **ret, size_t *ret_count, struct err *err)
{
    *ret_count = node_count(node);
    *ret = arena_get(setup->arena, *ret_count, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, *ret_count * sizeof **ret);
    for (size_t i = 0; i < *ret_count; i++) {
        TRY(find_column(setup, node_item(node, i), &(*ret)[i], err));
        if (!field_has_key(&setup->schema->fields[(*ret)[i]]))
            return fail_at(node_item(node, i), err, "values of this column are not compared");
    }
    return STATUS_OK;
}

static enum status read_dependency(struct repair *repair, const struct yaml_node *node,
                                   const struct module_setup *setup, struct err *err)
{
    const struct yaml_node *key = NULL, *gives = NULL;
    if (node->kind == YAML_MAP) {
        key = yaml_get(node, "key");
        gives = yaml_get(node, "gives");
    }
    if (key == NULL || gives == NULL || node->count != 2)
        return fail_at(node, err, "expected {key: COLUMN, gives: [COLUMN, ...]}");
    size_t *keys = NULL, key_count = 0;
    TRY(read_keys(setup, key, &keys, &key_count, err));
    for (size_t i = 0; i < node_count(gives); i++) {
        struct dependency *dependency = &repair->items[repair->count++];
        dependency->keys = keys;
        dependency->source = repair->source;
        dependency->key_count = key_count;
        TRY(find_column(setup, node_item(gives, i), &dependency->column, err));
        const struct field *field = &setup->schema->fields[dependency->column];
        if (field->type.id != TYPE_UTF8 || (field->dictionary && field->index != TYPE_INT32))
            return fail_at(node_item(gives, i), err, "column \"%s\" is no text", field->name);
    }
    return STATUS_OK;
}

enum status repair_open(struct repair *repair, const struct yaml_node *list, const char *source,
                        const struct module_setup *setup, struct err *err)
{
    size_t room = 0, voters = 0;
    repair->source = -1;
    if (list == NULL) return STATUS_OK;
    if (list->kind != YAML_LIST) return fail_at(list, err, "expected a list of dependencies");
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *item = list->items[i];
        const struct yaml_node *gives = item->kind == YAML_MAP ? yaml_get(item, "gives") : NULL;
        room += gives == NULL ? 1 : node_count(gives);
    }
    if (source != NULL) {
        TRY(schema_require(setup->schema, str_of(source), &voters, err));
        repair->source = (int64_t)voters;
    }
    repair->items = arena_get(setup->arena, room, sizeof *repair->items);
    if (repair->items == NULL) return fail_memory(err, room * sizeof *repair->items);
    for (size_t i = 0; i < list->count; i++)
        TRY(read_dependency(repair, list->items[i], setup, err));
    return STATUS_OK;
}

void repair_release(struct repair *repair)
{
    for (size_t i = 0; i < repair->count; i++) {
        counts_release(&repair->items[i].pairs);
        spelling_map_release(&repair->items[i].winners);
    }
}

/* ---- counting ---- */

/* False where a part of the key is null: it determines nothing. */
static enum status read_key(const struct dependency *dependency, const struct batch *batch,
                            int64_t row, struct bytes *ret, bool *ret_found, struct err *err)
{
    ret->size = 0;
    *ret_found = false;
    for (size_t i = 0; i < dependency->key_count; i++) {
        size_t column = dependency->keys[i];
        if (array_is_null(batch->columns[column], row)) return STATUS_OK;
        TRY(rowkey_add(ret, &batch->schema->fields[column], batch->columns[column], row, err));
    }
    *ret_found = true;
    return STATUS_OK;
}

static enum status append_source(const struct batch *batch, size_t column, int64_t row,
                                 struct bytes *pair, struct err *err)
{
    char room[SOURCE_TEXT];
    struct str source = {NULL, 0};
    const struct field *field = &batch->schema->fields[column];
    if (!array_text_at(field, batch->columns[column], row, &source))
        source = str_of(array_value_text(field, batch->columns[column], row, room, sizeof room));
    TRY(bytes_append(pair, &source.size, sizeof source.size, err));
    return bytes_append(pair, source.data, source.size, err);
}

/* A pair is the size of the key, the key, where sources vote the size of the source and the source,
 * and the value. */
enum status repair_count(const struct dependency *dependency, const struct batch *batch,
                         struct counts *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    OWNED(bytes_release) struct bytes pair = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    const struct field *field = &batch->schema->fields[dependency->column];
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str value;
        bool found = false;
        if (!array_text_at(field, batch->columns[dependency->column], row, &value)) continue;
        TRY(read_key(dependency, batch, row, &key, &found, err));
        if (!found) continue;
        pair.size = 0;
        TRY(bytes_append(&pair, &key.size, sizeof key.size, err));
        TRY(bytes_append(&pair, key.data, key.size, err));
        if (dependency->source >= 0)
            TRY(append_source(batch, (size_t)dependency->source, row, &pair, err));
        TRY(bytes_append(&pair, value.data, value.size, err));
        TRY(counts_add(ret, pair.data, pair.size, count_hash(pair.data, pair.size), 1, err));
    }
    return STATUS_OK;
}

enum status repair_absorb(const struct repair *repair, struct dependency *dependency,
                          const struct counts *more, struct err *err)
{
    for (size_t i = 0; i < more->count && !dependency->crowded; i++) {
        const struct counted *item = &more->items[i];
        TRY(counts_add(&dependency->pairs, item->data, item->size, item->hash, item->count, err));
        dependency->crowded = dependency->pairs.count > repair->most;
    }
    if (dependency->crowded) counts_release(&dependency->pairs);
    return STATUS_OK;
}

/* ---- the vote ---- */

struct pair {
    struct str key, value;
    int64_t count;
};

static struct pair pair_of(const struct counted *item)
{
    size_t key_size;
    const char *data = (const char *)item->data;
    memcpy(&key_size, data, sizeof key_size);
    size_t front = sizeof key_size + key_size;
    return (struct pair){
        {data + sizeof key_size, key_size}, {data + front, item->size - front}, item->count};
}

static int compare_pairs(const void *a_, const void *b_)
{
    const struct pair *a = a_, *b = b_;
    int order = str_compare(a->key, b->key);
    if (order != 0) return order;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return str_compare(a->value, b->value);
}

/* The pairs of one key, most frequent first. A tie has no winner; neither has a single row. */
static enum status vote(const struct repair *repair, struct dependency *dependency,
                        const struct pair *pairs, size_t count, struct arena *arena,
                        struct err *err)
{
    int64_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += pairs[i].count;
    bool tie = count > 1 && pairs[1].count == pairs[0].count;
    if (tie || (double)pairs[0].count < repair->agree * (double)rows) return STATUS_OK;
    if (count == 1 && !repair->fill) return STATUS_OK; /* nobody disagrees */
    return spelling_map_add(&dependency->winners, pairs[0].key, pairs[0].value, arena, err);
}

static struct ballot ballot_of(const struct counted *item)
{
    struct pair pair = pair_of(item);
    size_t size;
    memcpy(&size, pair.value.data, sizeof size);
    const char *source = pair.value.data + sizeof size;
    return (struct ballot){pair.key,
                           {source, size},
                           {source + size, pair.value.size - sizeof size - size},
                           pair.count};
}

static enum status settle_sources(const struct repair *repair, struct dependency *dependency,
                                  struct arena *arena, struct err *err)
{
    OWNED(memory_release) struct ballot *ballots = NULL;
    size_t count = dependency->pairs.count;
    TRY(NEW(&ballots, count + 1, err));
    for (size_t i = 0; i < count; i++)
        ballots[i] = ballot_of(&dependency->pairs.items[i]);
    TRY(votes_count(ballots, count, repair->agree, &count, err));
    for (size_t i = 0; i < count; i++)
        TRY(spelling_map_add(&dependency->winners, ballots[i].key, ballots[i].value, arena, err));
    counts_release(&dependency->pairs);
    return STATUS_OK;
}

enum status repair_settle(const struct repair *repair, struct dependency *dependency,
                          struct arena *arena, struct err *err)
{
    if (dependency->source >= 0) return settle_sources(repair, dependency, arena, err);
    OWNED(memory_release) struct pair *pairs = NULL;
    size_t count = dependency->pairs.count;
    TRY(NEW(&pairs, count + 1, err));
    for (size_t i = 0; i < count; i++)
        pairs[i] = pair_of(&dependency->pairs.items[i]);
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && str_equal(pairs[end].key, pairs[first].key);)
            end++;
        TRY(vote(repair, dependency, pairs + first, end - first, arena, err));
    }
    counts_release(&dependency->pairs);
    return STATUS_OK;
}

enum status repair_find(const struct repair *repair, const struct dependency *dependency,
                        const struct batch *batch, int64_t row, struct bytes *key, bool *ret_found,
                        struct str *ret, struct err *err)
{
    bool null = array_is_null(batch->columns[dependency->column], row);
    *ret_found = false;
    if (null && !repair->fill) return STATUS_OK;
    TRY(read_key(dependency, batch, row, key, ret_found, err));
    if (*ret_found)
        *ret_found = spelling_map_find(&dependency->winners,
                                       (struct str){(const char *)key->data, key->size}, ret);
    return STATUS_OK;
}

/* ---- saved winners ---- */

static enum status save_winners(const struct spelling_map *winners, struct bytes *ret,
                                struct err *err)
{
    TRY(bytes_append_text(ret, "{", err));
    for (size_t i = 0; i < winners->from.count; i++) {
        const struct counted *key = &winners->from.items[i];
        TRY(bytes_append_text(ret, i > 0 ? ", \"" : "\"", err));
        for (size_t b = 0; b < key->size; b++)
            TRY(bytes_format(ret, err, "%02x", key->data[b]));
        TRY(bytes_append_text(ret, "\": ", err));
        TRY(bytes_append_json(ret, winners->to[i], err));
    }
    return bytes_append_text(ret, "}", err);
}

enum status repair_save(const struct repair *repair, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "[", err));
    for (size_t i = 0; i < repair->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(save_winners(&repair->items[i].winners, ret, err));
    }
    return bytes_append_text(ret, "]", err);
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static enum status load_key(const struct yaml_node *node, struct bytes *ret, struct err *err)
{
    ret->size = 0;
    if (node->text.size % 2 != 0) return fail_at(node, err, "half a byte in a saved key");
    for (size_t i = 0; i < node->text.size; i += 2) {
        int high = hex_value(node->text.data[i]), low = hex_value(node->text.data[i + 1]);
        if (high < 0 || low < 0) return fail_at(node, err, "a saved key is not hexadecimal");
        uint8_t byte = (uint8_t)(high * 16 + low);
        TRY(bytes_append(ret, &byte, 1, err));
    }
    return STATUS_OK;
}

enum status repair_load(struct repair *repair, const struct yaml_node *parameters,
                        struct arena *arena, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    const struct yaml_node *list = yaml_get(parameters, "repairs");
    if (list == NULL || list->kind != YAML_LIST || list->count != repair->count)
        return fail_at(parameters, err, "saved repairs are not those of this recipe");
    for (size_t i = 0; i < repair->count; i++) {
        const struct yaml_node *winners = list->items[i];
        if (winners->kind != YAML_MAP) return fail_at(winners, err, "expected saved winners");
        for (size_t w = 0; w < winners->count; w++) {
            TRY(load_key(winners->keys[w], &key, err));
            TRY(spelling_map_add(&repair->items[i].winners,
                                 (struct str){(const char *)key.data, key.size},
                                 winners->items[w]->text, arena, err));
        }
    }
    return STATUS_OK;
}
