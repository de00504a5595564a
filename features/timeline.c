/* features/timeline.c: rows of features put in order. */
#include "features/timeline.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "features/merge_sort.h"
#include "features/ticks.h"

#define ENTITIES_AT_ONCE 4096 /* sorted by one call of a thread */

/* ---- adding rows ---- */

static enum status time_column(const struct schema *schema, const char *name, const char *what,
                               int64_t *ret_column, int64_t *ret_unit, struct err *err)
{
    size_t column;
    *ret_column = -1;
    if (name == NULL) return STATUS_OK;
    TRY(schema_require(schema, str_of(name), &column, err));
    TRY(require_time(&schema->fields[column], what, err));
    *ret_unit = tick_nanoseconds(&schema->fields[column]);
    *ret_column = (int64_t)column;
    return STATUS_OK;
}

enum status timeline_open(struct timeline **ret, const struct schema *schema,
                          const struct timeline_columns *columns, struct err *err)
{
    OWNED(timeline_close) struct timeline *timeline = NULL;
    TRY(NEW(&timeline, 1, err));
    timeline->time_name = columns->event_time;
    timeline->created_name = columns->created_time;
    TRY(key_layout_of(schema, columns->entity, &timeline->layout, err));
    TRY(time_column(schema, columns->event_time, "event time", &timeline->time_column,
                    &timeline->time_unit, err));
    TRY(time_column(schema, columns->created_time, "created time", &timeline->created_column,
                    &timeline->created_unit, err));
    TRY(entities_open(&timeline->entities, &timeline->layout, err));
    *ret = timeline;
    timeline = NULL;
    return STATUS_OK;
}

static enum status grow(void *array, size_t count, size_t size, struct err *err)
{
    void **place = array;
    void *grown = memory_resize(*place, count, size);
    if (grown == NULL) return fail_memory(err, count * size);
    *place = grown;
    return STATUS_OK;
}

static enum status make_room(struct timeline *timeline, int64_t more, struct err *err)
{
    uint64_t wanted = (uint64_t)timeline->rows + (uint64_t)more;
    if (wanted <= timeline->capacity) return STATUS_OK;
    if (wanted >= UINT32_MAX)
        return fail(err, STATUS_FAILED, "more than %u rows at once", UINT32_MAX);
    uint64_t capacity = (uint64_t)timeline->capacity + timeline->capacity / 2;
    if (capacity < wanted) capacity = wanted;
    if (capacity > UINT32_MAX) capacity = UINT32_MAX;
    TRY(grow(&timeline->ids, capacity, sizeof *timeline->ids, err));
    if (timeline->time_column >= 0)
        TRY(grow(&timeline->times, capacity, sizeof *timeline->times, err));
    if (timeline->created_column >= 0)
        TRY(grow(&timeline->created, capacity, sizeof *timeline->created, err));
    timeline->capacity = (uint32_t)capacity;
    return STATUS_OK;
}

enum status timeline_expect(struct timeline *timeline, int64_t rows, struct err *err)
{
    return make_room(timeline, rows, err);
}

static enum status fail_null(const struct timeline *timeline, int64_t row, const char *what,
                             const char *name, struct err *err)
{
    fail(err, STATUS_FAILED, "row %lld: %s%s%s%s is null", (long long)(timeline->rows + row + 1),
         what, name == NULL ? "" : " \"", name == NULL ? "" : name, name == NULL ? "" : "\"");
    err_hint(err, "a row without it could never be found; take such rows out first "
                  "(tamis-clean, module validate)");
    return STATUS_FAILED;
}

static enum status add_times(struct timeline *timeline, const struct batch *batch, int64_t column,
                             int64_t *to, const char *what, struct err *err)
{
    int64_t null = -1;
    if (column < 0) return STATUS_OK;
    const struct field *field = &batch->schema->fields[column];
    ticks_of(field, batch->columns[column], to + timeline->rows, &null);
    return null < 0 ? STATUS_OK : fail_null(timeline, null, what, field->name, err);
}

enum status timeline_add(struct timeline *timeline, const struct batch *batch, struct err *err)
{
    TRY(make_room(timeline, batch->rows, err));
    uint32_t *ids = timeline->ids + timeline->rows;
    TRY(entities_add(timeline->entities, batch, ids, err));
    for (int64_t row = 0; row < batch->rows; row++)
        if (ids[row] == ENTITY_NONE) return fail_null(timeline, row, "the entity key", NULL, err);
    TRY(add_times(timeline, batch, timeline->time_column, timeline->times, "event time", err));
    TRY(add_times(timeline, batch, timeline->created_column, timeline->created, "created time",
                  err));
    timeline->rows += (uint32_t)batch->rows;
    return STATUS_OK;
}

/* ---- putting in order ---- */

static int compare_rows(const void *context, uint32_t a, uint32_t b)
{
    const struct timeline *timeline = context;
    const int64_t *times = timeline->times, *created = timeline->created;
    if (times != NULL && times[a] != times[b]) return times[a] < times[b] ? -1 : 1;
    if (created != NULL && created[a] != created[b]) return created[a] < created[b] ? -1 : 1;
    return 0;
}

static bool in_order(const struct timeline *timeline)
{
    const uint32_t *ids = timeline->ids;
    for (uint32_t row = 1; row < timeline->rows; row++) {
        if (ids[row] < ids[row - 1]) return false;
        if (ids[row] == ids[row - 1] && compare_rows(timeline, row - 1, row) > 0) return false;
    }
    return true;
}

static enum status number_by_key(struct timeline *timeline, struct err *err)
{
    OWNED(memory_release) uint32_t *ranks = NULL;
    bool same;
    TRY(NEW(&ranks, timeline->entity_count, err));
    TRY(entities_rank(timeline->entities, ranks, &same, err));
    if (same) return STATUS_OK;
    for (uint32_t row = 0; row < timeline->rows; row++)
        timeline->ids[row] = ranks[timeline->ids[row]];
    return STATUS_OK;
}

static enum status count_entities(struct timeline *timeline, struct err *err)
{
    TRY(NEW(&timeline->starts, (size_t)timeline->entity_count + 1, err));
    uint32_t *starts = timeline->starts;
    for (uint32_t row = 0; row < timeline->rows; row++)
        starts[timeline->ids[row] + 1]++;
    for (uint32_t i = 0; i < timeline->entity_count; i++)
        starts[i + 1] += starts[i];
    return STATUS_OK;
}

/* order[] by entity, write order within. */
static enum status place_rows(struct timeline *timeline, struct err *err)
{
    OWNED(memory_release) uint32_t *next = NULL;
    TRY(NEW(&next, (size_t)timeline->entity_count + 1, err));
    timeline->order = memory_get_raw((size_t)timeline->rows + 1, sizeof *timeline->order);
    if (timeline->order == NULL) return fail_memory(err, timeline->rows * sizeof(uint32_t));
    memcpy(next, timeline->starts, timeline->entity_count * sizeof *next);
    for (uint32_t row = 0; row < timeline->rows; row++)
        timeline->order[next[timeline->ids[row]]++] = row;
    return STATUS_OK;
}

struct sorting {
    struct timeline *timeline;
    uint32_t *scratch;
};

static enum status sort_entities(void *context, size_t index, struct err *err)
{
    const struct sorting *sorting = context;
    const struct timeline *timeline = sorting->timeline;
    size_t end = (index + 1) * ENTITIES_AT_ONCE;
    (void)err;
    if (end > timeline->entity_count) end = timeline->entity_count;
    for (size_t i = index * ENTITIES_AT_ONCE; i < end; i++) {
        uint32_t first = timeline->starts[i];
        merge_sort(timeline->order + first, timeline->starts[i + 1] - first,
                   sorting->scratch + first, compare_rows, timeline);
    }
    return STATUS_OK;
}

static enum status sort_by_time(struct timeline *timeline, size_t threads, struct err *err)
{
    OWNED(memory_release) uint32_t *scratch = NULL;
    if (timeline->times == NULL && timeline->created == NULL) return STATUS_OK;
    scratch = memory_get_raw((size_t)timeline->rows + 1, sizeof *scratch);
    if (scratch == NULL) return fail_memory(err, timeline->rows * sizeof *scratch);
    struct sorting sorting = {timeline, scratch};
    size_t blocks = (timeline->entity_count + (size_t)ENTITIES_AT_ONCE - 1) / ENTITIES_AT_ONCE;
    return parallel_for(threads, blocks, &sorting, sort_entities, err);
}

static enum status permute(const struct timeline *timeline, int64_t **array, struct err *err)
{
    if (*array == NULL) return STATUS_OK;
    int64_t *moved = memory_get_raw((size_t)timeline->rows + 1, sizeof *moved);
    if (moved == NULL) return fail_memory(err, timeline->rows * sizeof *moved);
    for (uint32_t i = 0; i < timeline->rows; i++)
        moved[i] = (*array)[timeline->order[i]];
    memory_free(*array);
    *array = moved;
    return STATUS_OK;
}

enum status timeline_settle(struct timeline *timeline, enum timeline_order order, size_t threads,
                            struct err *err)
{
    timeline->entity_count = entities_count(timeline->entities);
    if (order == TIMELINE_BY_KEY) TRY(number_by_key(timeline, err));
    TRY(count_entities(timeline, err));
    if (!in_order(timeline)) {
        TRY(place_rows(timeline, err));
        TRY(sort_by_time(timeline, threads, err));
        TRY(permute(timeline, &timeline->times, err));
        TRY(permute(timeline, &timeline->created, err));
    }
    memory_free(timeline->ids);
    timeline->ids = NULL;
    return STATUS_OK;
}

void timeline_close(struct timeline **timeline)
{
    if (timeline == NULL || *timeline == NULL) return;
    entities_close(&(*timeline)->entities);
    memory_free((*timeline)->starts);
    memory_free((*timeline)->order);
    memory_free((*timeline)->times);
    memory_free((*timeline)->created);
    memory_free((*timeline)->until);
    memory_free((*timeline)->gone);
    memory_free((*timeline)->ids);
    memory_free(*timeline);
    *timeline = NULL;
}
