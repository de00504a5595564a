/* clean/cut.c: input batches cut anew into windows. */
#include "clean/cut.h"

#include "base/memory.h"

/* ---- how large values are ---- */

static uint64_t array_values_bytes(const struct field *field, const struct array *array,
                                   int64_t first, int64_t count);

static uint64_t list_bytes(const struct field *field, const struct array *array, int64_t first,
                           int64_t count)
{
    if (field->child_count != 1 || array->child_count != 1) return 16 * (uint64_t)count;
    int64_t begin = 0, end = 0;
    if (field->type.id == TYPE_FIXED_LIST) {
        begin = first * field->type.width;
        end = (first + count) * field->type.width;
    } else if (field->type.id == TYPE_LIST || field->type.id == TYPE_MAP) {
        const int32_t *offsets = array_values(array);
        if (offsets == NULL) return 0;
        begin = offsets[first];
        end = offsets[first + count];
    } else {
        return 16 * (uint64_t)count;
    }
    return array_values_bytes(&field->children[0], array->children[0], begin, end - begin);
}

static uint64_t text_bytes(const struct array *array, int64_t first, int64_t count)
{
    const int32_t *offsets = array_values(array);
    return offsets == NULL ? 0 : (uint64_t)(offsets[first + count] - offsets[first]);
}

static uint64_t large_text_bytes(const struct array *array, int64_t first, int64_t count)
{
    const int64_t *offsets = array_values(array);
    return offsets == NULL ? 0 : (uint64_t)(offsets[first + count] - offsets[first]);
}

static uint64_t array_values_bytes(const struct field *field, const struct array *array,
                                   int64_t first, int64_t count)
{
    uint64_t rows = (uint64_t)count, sum = 0;
    if (field->dictionary) return 4 * rows;
    size_t width = type_width(&field->type);
    if (width > 0) return width * rows;
    switch (field->type.id) {
    case TYPE_NULL: return 0;
    case TYPE_BOOL: return rows;
    case TYPE_UTF8:
    case TYPE_BINARY: return 4 * rows + text_bytes(array, first, count);
    case TYPE_LARGE_UTF8:
    case TYPE_LARGE_BINARY: return 8 * rows + large_text_bytes(array, first, count);
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_FIXED_LIST: return list_bytes(field, array, first, count);
    case TYPE_STRUCT:
        for (size_t i = 0; i < field->child_count && i < array->child_count; i++)
            sum += array_values_bytes(&field->children[i], array->children[i], first, count);
        return sum;
    default: return 16 * rows;
    }
}

uint64_t values_bytes(const struct batch *batch, int64_t first, int64_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < batch->schema->count; i++)
        sum += array_values_bytes(&batch->schema->fields[i], batch->columns[i], first, count);
    return sum;
}

/* ---- cutting ---- */

static uint64_t counted_bytes(const struct cutter *cutter, const struct batch *batch, int64_t rows)
{
    return values_bytes(batch, 0, rows) + cutter->row_bytes * (uint64_t)rows;
}

static enum status read_more(struct cutter *cutter, struct err *err)
{
    if (cutter->count == cutter->room) {
        size_t room = cutter->room == 0 ? 16 : cutter->room * 2;
        struct batch *parts = memory_resize(cutter->parts, room, sizeof *parts);
        if (parts == NULL) return fail_memory(err, room * sizeof *parts);
        cutter->parts = parts;
        cutter->room = room;
    }
    OWNED(batch_release) struct batch batch = {0};
    TRY(cutter->next(cutter->context, &batch, &cutter->ended, err));
    if (cutter->ended || batch.rows == 0) return STATUS_OK;
    cutter->rows += batch.rows;
    cutter->bytes += counted_bytes(cutter, &batch, batch.rows);
    cutter->parts[cutter->count++] = batch;
    batch = (struct batch){0};
    return STATUS_OK;
}

/* The most rows of `batch` within both limits: how much bytes grow with rows is not known, that
 * they never shrink is. */
static int64_t rows_that_fit(const struct cutter *cutter, const struct batch *batch, int64_t rows,
                             uint64_t bytes)
{
    int64_t low = 0, high = batch->rows < rows ? batch->rows : rows;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (counted_bytes(cutter, batch, middle) <= bytes)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Cuts parts[at] in two, so that the first `rows` rows are a part of their own. */
static enum status split_part(struct cutter *cutter, size_t at, int64_t rows, struct err *err)
{
    OWNED(batch_release) struct batch front = {0};
    OWNED(batch_release) struct batch rest = {0};
    struct batch *part = &cutter->parts[at];
    TRY(batch_slice(&front, part, 0, rows, err));
    TRY(batch_slice(&rest, part, rows, part->rows - rows, err));
    if (cutter->count == cutter->room) {
        struct batch *parts = memory_resize(cutter->parts, cutter->room + 1, sizeof *parts);
        if (parts == NULL) return fail_memory(err, (cutter->room + 1) * sizeof *parts);
        cutter->parts = parts;
        cutter->room++;
        part = &parts[at];
    }
    batch_release(part);
    for (size_t i = cutter->count; i > at + 1; i--)
        cutter->parts[i] = cutter->parts[i - 1];
    *part = front;
    cutter->parts[at + 1] = rest;
    cutter->count++;
    front = rest = (struct batch){0};
    return STATUS_OK;
}

/* The number of whole parts that make the next window, after splitting the one on its border. */
static enum status border(struct cutter *cutter, size_t *ret_parts, struct err *err)
{
    int64_t rows = cutter->rows_maximum;
    uint64_t bytes = cutter->bytes_maximum;
    size_t at = 0;
    for (; at < cutter->count && rows > 0; at++) {
        const struct batch *part = &cutter->parts[at];
        int64_t fit = rows_that_fit(cutter, part, rows, bytes);
        if (fit == 0 && at == 0) fit = 1; /* one row over the limit is a window of its own */
        if (fit == 0) break;
        if (fit < part->rows) {
            TRY(split_part(cutter, at, fit, err));
            at++;
            break;
        }
        rows -= part->rows;
        uint64_t size = counted_bytes(cutter, part, part->rows);
        bytes = size < bytes ? bytes - size : 0;
    }
    *ret_parts = at;
    return STATUS_OK;
}

static enum status hand_out(struct cutter *cutter, size_t parts, struct batch *ret, struct err *err)
{
    if (parts == 1)
        TRY(batch_share(ret, &cutter->parts[0], err));
    else
        TRY(batch_concat(ret, cutter->parts[0].schema, cutter->parts, parts, err));
    for (size_t i = 0; i < parts; i++) {
        cutter->rows -= cutter->parts[i].rows;
        cutter->bytes -= counted_bytes(cutter, &cutter->parts[i], cutter->parts[i].rows);
        batch_release(&cutter->parts[i]);
    }
    cutter->count -= parts;
    for (size_t i = 0; i < cutter->count; i++)
        cutter->parts[i] = cutter->parts[i + parts];
    return STATUS_OK;
}

enum status cutter_next(struct cutter *cutter, struct batch *ret, bool *ret_end, struct err *err)
{
    while (!cutter->ended && cutter->rows < cutter->rows_maximum &&
           cutter->bytes <= cutter->bytes_maximum)
        TRY(read_more(cutter, err));
    *ret_end = cutter->count == 0;
    if (*ret_end) return STATUS_OK;
    size_t parts = 0;
    TRY(border(cutter, &parts, err));
    return hand_out(cutter, parts, ret, err);
}

void cutter_release(struct cutter *cutter)
{
    if (cutter == NULL) return;
    for (size_t i = 0; i < cutter->count; i++)
        batch_release(&cutter->parts[i]);
    memory_free(cutter->parts);
    *cutter = (struct cutter){0};
}
