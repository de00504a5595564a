/* features/change_log.c: rows that correct or delete others. */
#include "features/change_log.h"

#include "base/memory.h"
#include "features/merge_sort.h"

struct change_log {
    const struct view *view;
    struct key_layout layout;
    struct entities *keys; /* NULL: the event time is the key */
    size_t deleted_column;
    uint32_t *ids; /* by row: number of the key */
    uint8_t *gone; /* by row */
    int64_t rows, room;
};

/* ---- opening ---- */

static enum status find_deleted(struct change_log *log, const struct schema *schema,
                                struct err *err)
{
    const struct view *view = log->view;
    char type[128];
    if (view->log.deleted == NULL) return STATUS_OK;
    TRY(schema_require(schema, str_of(view->log.deleted), &log->deleted_column, err));
    const struct field *field = &schema->fields[log->deleted_column];
    bool flag = field->type.id == TYPE_BOOL || type_is_integer(field->type.id);
    bool text = field->type.id == TYPE_UTF8;
    if (view->log.deleted_values.count > 0 ? text : flag && !field->dictionary) return STATUS_OK;
    fail(err, STATUS_USAGE, "change log: column \"%s\" is %s, expected %s", field->name,
         field_type_text(field, type, sizeof type),
         view->log.deleted_values.count > 0 ? "utf8" : "bool or a whole number");
    err_hint(err, "deleted_values: [...] says which words of a text column mean a deletion");
    return STATUS_USAGE;
}

enum status change_log_open(struct change_log **ret, const struct view *view,
                            const struct schema *schema, struct err *err)
{
    OWNED(change_log_close) struct change_log *log = NULL;
    TRY(NEW(&log, 1, err));
    log->view = view;
    TRY(find_deleted(log, schema, err));
    if (view->log.key.count > 0) {
        TRY(key_layout_of(schema, &view->log.key, &log->layout, err));
        TRY(entities_open(&log->keys, &log->layout, err));
    }
    *ret = log;
    log = NULL;
    return STATUS_OK;
}

/* ---- rows ---- */

static enum status grow(struct change_log *log, int64_t more, struct err *err)
{
    if (log->rows + more <= log->room) return STATUS_OK;
    int64_t room = log->room + log->room / 2 + more;
    if (log->keys != NULL) {
        uint32_t *ids = memory_resize(log->ids, (size_t)room, sizeof *ids);
        if (ids == NULL) return fail_memory(err, (size_t)room * sizeof *ids);
        log->ids = ids;
    }
    uint8_t *gone = memory_resize(log->gone, (size_t)room, sizeof *gone);
    if (gone == NULL) return fail_memory(err, (size_t)room);
    log->gone = gone;
    log->room = room;
    return STATUS_OK;
}

static bool is_deletion(const struct change_log *log, const struct batch *batch, int64_t row)
{
    const struct text_list *words = &log->view->log.deleted_values;
    if (log->view->log.deleted == NULL) return false;
    const struct field *field = &batch->schema->fields[log->deleted_column];
    const struct array *array = batch->columns[log->deleted_column];
    struct str text;
    double number;
    if (words->count == 0) return array_number_at(field, array, row, &number) && number != 0;
    if (!array_text_at(field, array, row, &text)) return false;
    for (size_t i = 0; i < words->count; i++)
        if (str_is(text, words->items[i])) return true;
    return false;
}

enum status change_log_add(struct change_log *log, const struct batch *batch, struct err *err)
{
    TRY(grow(log, batch->rows, err));
    if (log->keys != NULL) TRY(entities_add(log->keys, batch, log->ids + log->rows, err));
    for (int64_t row = 0; row < batch->rows; row++)
        log->gone[log->rows + row] = is_deletion(log, batch, row);
    log->rows += batch->rows;
    return STATUS_OK;
}

/* ---- who takes whose place ---- */

struct order {
    const struct change_log *log;
    const struct timeline *timeline;
};

static uint32_t key_at(const struct order *order, uint32_t position)
{
    return order->log->ids[timeline_row(order->timeline, position)];
}

static bool is_same(const struct order *order, uint32_t a, uint32_t b)
{
    const int64_t *times = order->timeline->times;
    if (order->log->keys != NULL)
        return key_at(order, a) == key_at(order, b) && key_at(order, a) != ENTITY_NONE;
    return times == NULL || times[a] == times[b];
}

/* By key, then by when it became known. */
static int compare(const void *context, uint32_t a, uint32_t b)
{
    const struct order *order = context;
    const struct timeline *timeline = order->timeline;
    const int64_t *known = timeline_known(timeline);
    if (order->log->keys != NULL && key_at(order, a) != key_at(order, b))
        return key_at(order, a) < key_at(order, b) ? -1 : 1;
    if (order->log->keys == NULL && timeline->times != NULL &&
        timeline->times[a] != timeline->times[b])
        return timeline->times[a] < timeline->times[b] ? -1 : 1;
    if (known != NULL && known[a] != known[b]) return known[a] < known[b] ? -1 : 1;
    return 0; /* in order of position */
}

static void settle_entity(const struct order *order, struct timeline *timeline, uint32_t first,
                          uint32_t count, uint32_t *sorted, uint32_t *scratch)
{
    const int64_t *known = timeline_known(timeline);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = first + i;
    merge_sort(sorted, count, scratch, compare, order);
    for (uint32_t i = 0; i < count; i++) {
        bool followed = i + 1 < count && is_same(order, sorted[i], sorted[i + 1]);
        timeline->until[sorted[i]] = INT64_MAX;
        if (followed) timeline->until[sorted[i]] = known == NULL ? INT64_MIN : known[sorted[i + 1]];
        timeline->gone[sorted[i]] = order->log->gone[timeline_row(timeline, sorted[i])];
    }
}

enum status change_log_settle(struct change_log *log, struct timeline *timeline, struct err *err)
{
    OWNED(memory_release) uint32_t *sorted = NULL;
    OWNED(memory_release) uint32_t *scratch = NULL;
    struct order order = {log, timeline};
    TRY(NEW(&timeline->until, timeline->rows, err));
    TRY(NEW(&timeline->gone, timeline->rows, err));
    TRY(NEW(&sorted, timeline->rows, err));
    TRY(NEW(&scratch, timeline->rows, err));
    for (uint32_t id = 0; id < timeline->entity_count; id++) {
        uint32_t first = timeline->starts[id];
        settle_entity(&order, timeline, first, timeline->starts[id + 1] - first, sorted, scratch);
    }
    return STATUS_OK;
}

void change_log_close(struct change_log **log)
{
    if (log == NULL || *log == NULL) return;
    entities_close(&(*log)->keys);
    memory_free((*log)->ids);
    memory_free((*log)->gone);
    memory_free(*log);
    *log = NULL;
}
