/* features/asked.c: the rows of a spine as a timeline understands them. */
#include "features/asked.h"

#include "base/memory.h"
#include "features/ticks.h"

static enum status take_times(struct asked *asked, const struct batch *spine, size_t column,
                              struct err *err)
{
    const struct field *field = &spine->schema->fields[column];
    const struct array *array = spine->columns[column];
    int64_t null;
    asked->times = memory_get_raw((size_t)spine->rows + 1, sizeof *asked->times);
    if (asked->times == NULL) return fail_memory(err, (size_t)spine->rows * sizeof *asked->times);
    ticks_of(field, array, asked->times, &null);
    asked->unit = tick_nanoseconds(field);
    for (int64_t row = 0; null >= 0 && row < spine->rows; row++)
        if (array_is_null(array, row)) asked->ids[row] = ENTITY_NONE;
    return STATUS_OK;
}

enum status asked_make(struct asked *ret, const struct entities *entities,
                       const struct key_layout *layout, int64_t time_column,
                       const struct batch *spine, struct err *err)
{
    ret->rows = spine->rows;
    ret->ids = memory_get_raw((size_t)spine->rows + 1, sizeof *ret->ids);
    if (ret->ids == NULL) return fail_memory(err, (size_t)spine->rows * sizeof *ret->ids);
    TRY(entities_find(entities, layout, spine, ret->ids, err));
    return time_column < 0 ? STATUS_OK : take_times(ret, spine, (size_t)time_column, err);
}

void asked_pack(struct asked *asked, int32_t *owners)
{
    int64_t count = 0;
    for (int64_t row = 0; row < asked->rows; row++) {
        if (asked->ids[row] == ENTITY_NONE) continue;
        asked->ids[count] = asked->ids[row];
        if (asked->times != NULL) asked->times[count] = asked->times[row];
        owners[count++] = (int32_t)row;
    }
    asked->rows = count;
}

#define TOGETHER 32 /* rows whose memory is asked for before the first is searched */

static int64_t answer(const struct asked *asked, const struct point_in_time *point, int64_t i)
{
    uint32_t id = asked->ids[i];
    if (id == ENTITY_NONE) return -1;
    if (asked->times == NULL) return point_in_time_newest(point, id);
    return point_in_time_at(point, id, asked->times[i], asked->unit);
}

static void prefetch(const struct asked *asked, const struct timeline *timeline, int64_t first,
                     int64_t end)
{
    for (int64_t i = first; i < end; i++)
        if (asked->ids[i] != ENTITY_NONE) __builtin_prefetch(&timeline->starts[asked->ids[i]]);
    for (int64_t i = first; i < end && timeline->times != NULL; i++) {
        if (asked->ids[i] == ENTITY_NONE) continue;
        const uint32_t *bounds = &timeline->starts[asked->ids[i]];
        uint32_t half = (bounds[1] - bounds[0]) / 2;
        __builtin_prefetch(&timeline->times[bounds[0] + half]);
        __builtin_prefetch(&timeline->times[bounds[0] + half / 2]);
        __builtin_prefetch(&timeline->times[bounds[0] + half + half / 2]);
    }
}

void asked_rows(const struct asked *asked, const struct point_in_time *point, int64_t *ret_rows)
{
    const struct timeline *timeline = point_in_time_timeline(point);
    for (int64_t first = 0; first < asked->rows; first += TOGETHER) {
        int64_t end = first + TOGETHER < asked->rows ? first + TOGETHER : asked->rows;
        prefetch(asked, timeline, first, end);
        for (int64_t i = first; i < end; i++)
            ret_rows[i] = answer(asked, point, i);
    }
}

void asked_release(struct asked *asked)
{
    memory_free(asked->ids);
    memory_free(asked->times);
    *asked = (struct asked){0};
}
