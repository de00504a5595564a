/* features/key_set.c: keys of rows to be replaced or deleted. */
#include "features/key_set.h"

#include "base/memory.h"

struct key_set {
    const char *items[KEY_COLUMNS];
    struct text_list names;
    struct key_layout layout;
    struct entities *entities;
    int64_t rows;
};

static void add_time(struct key_set *set, const struct schema *schema, const char *name)
{
    if (name == NULL || set->names.count == KEY_COLUMNS) return;
    if (schema_find(schema, str_of(name)) >= 0) set->items[set->names.count++] = name;
}

enum status key_set_open(struct key_set **ret, const struct view *view, const struct schema *schema,
                         struct err *err)
{
    OWNED(key_set_close) struct key_set *set = NULL;
    TRY(NEW(&set, 1, err));
    set->names.items = set->items;
    for (size_t i = 0; i < view->entity.count; i++)
        set->items[set->names.count++] = view->entity.items[i];
    add_time(set, schema, view->event_time);
    add_time(set, schema, view->created_time);
    TRY(key_layout_of(schema, &set->names, &set->layout, err));
    TRY(entities_open(&set->entities, &set->layout, err));
    *ret = set;
    set = NULL;
    return STATUS_OK;
}

/* Ids are given in order of first appearance: a row that brings no new one repeats a key. */
static enum status check_ids(const struct key_set *set, const uint32_t *ids, int64_t rows,
                             uint32_t known, bool once, struct err *err)
{
    for (int64_t row = 0; row < rows; row++) {
        long long number = (long long)(set->rows + row + 1);
        if (ids[row] == ENTITY_NONE)
            return fail(err, STATUS_FAILED, "row %lld: a key column is null", number);
        if (ids[row] == known)
            known++;
        else if (once) {
            fail(err, STATUS_FAILED, "row %lld has the same entity and times as an earlier row",
                 number);
            err_hint(err, "tamis-clean -m 'deduplicate columns=...' keeps one of them");
            return STATUS_FAILED;
        }
    }
    return STATUS_OK;
}

enum status key_set_add(struct key_set *set, const struct batch *batch, bool once, struct err *err)
{
    OWNED(memory_release) uint32_t *ids = NULL;
    uint32_t known = entities_count(set->entities);
    TRY(NEW(&ids, (size_t)batch->rows, err));
    TRY(entities_add(set->entities, batch, ids, err));
    TRY(check_ids(set, ids, batch->rows, known, once, err));
    set->rows += batch->rows;
    return STATUS_OK;
}

enum status key_set_others(const struct key_set *set, const struct batch *batch, struct batch *ret,
                           struct err *err)
{
    OWNED(memory_release) uint32_t *ids = NULL;
    OWNED(memory_release) int64_t *rows = NULL;
    struct key_layout layout;
    int64_t count = 0;
    size_t column;
    TRY(key_layout_of(batch->schema, &set->names, &layout, err));
    if (!key_layouts_agree(&layout, &set->layout, &column))
        return fail(err, STATUS_FAILED, "column \"%s\" has another type in the version",
                    set->names.items[column]);
    TRY(NEW(&ids, (size_t)batch->rows, err));
    TRY(NEW(&rows, (size_t)batch->rows, err));
    TRY(entities_find(set->entities, &layout, batch, ids, err));
    for (int64_t row = 0; row < batch->rows; row++)
        if (ids[row] == ENTITY_NONE) rows[count++] = row;
    if (count == batch->rows) return batch_share(ret, batch, err);
    return batch_take(ret, batch, rows, count, err);
}

void key_set_close(struct key_set **set)
{
    if (set == NULL || *set == NULL) return;
    entities_close(&(*set)->entities);
    memory_free(*set);
    *set = NULL;
}
