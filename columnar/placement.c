/* columnar/placement.c: memory for whole columns of known length. */
#include "columnar/placement.h"

#include "base/memory.h"
#include "columnar/layout.h"

struct placement {
    int64_t rows;
    size_t count;
    struct buffer *columns; /* by column of the schema; data NULL = no place */
    size_t *widths;
};

static enum status make_room(struct placement *placement, const struct field *field, size_t column,
                             struct err *err)
{
    size_t width = field_width(field);
    if (field_info(field)->layout != LAYOUT_FIXED || width == 0) return STATUS_OK;
    if ((uint64_t)placement->rows > SIZE_MAX / width) return fail_memory(err, SIZE_MAX);
    placement->widths[column] = width;
    return buffer_new_raw(&placement->columns[column], (size_t)placement->rows * width, err);
}

enum status placement_open(struct placement **ret, const struct schema *schema,
                           const size_t *columns, size_t count, int64_t rows, struct err *err)
{
    OWNED(placement_close) struct placement *placement = NULL;
    TRY(NEW(&placement, 1, err));
    placement->rows = rows;
    placement->count = schema->count;
    TRY(NEW(&placement->columns, schema->count, err));
    TRY(NEW(&placement->widths, schema->count, err));
    for (size_t i = 0; i < count; i++)
        TRY(make_room(placement, &schema->fields[columns[i]], columns[i], err));
    *ret = placement;
    placement = NULL;
    return STATUS_OK;
}

enum status placement_at(const struct placement *placement, int64_t first, int64_t rows,
                         struct buffer **ret, struct err *err)
{
    if (first < 0 || rows < 0 || rows > placement->rows - first)
        return fail(err, STATUS_FAILED, "rows %lld to %lld, expected at most %lld",
                    (long long)first + 1, (long long)(first + rows), (long long)placement->rows);
    TRY(NEW(ret, placement->count, err));
    for (size_t i = 0; i < placement->count; i++) {
        size_t width = placement->widths[i];
        if (placement->columns[i].data == NULL) continue;
        (*ret)[i] =
            buffer_part(&placement->columns[i], (size_t)first * width, (size_t)rows * width);
    }
    return STATUS_OK;
}

void placement_release(const struct placement *placement, struct buffer **places)
{
    for (size_t i = 0; *places != NULL && i < placement->count; i++)
        buffer_unref(&(*places)[i]);
    memory_free(*places);
    *places = NULL;
}

void placement_close(struct placement **placement)
{
    struct placement *gone = *placement;
    *placement = NULL;
    if (gone == NULL) return;
    for (size_t i = 0; gone->columns != NULL && i < gone->count; i++)
        buffer_unref(&gone->columns[i]);
    memory_free(gone->columns);
    memory_free(gone->widths);
    memory_free(gone);
}
