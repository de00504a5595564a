/* columnar/ipc_swap.c: big-endian bodies into our byte order. */
#include "columnar/ipc_message.h"

#include "columnar/kernels.h"

/* The widths of the numbers that make up one value; 0 = bytes without an order. */
struct shape {
    size_t width;      /* of the whole value */
    size_t numbers[4]; /* in order; a lone number is the whole value */
    size_t count;
};

static struct shape one(size_t width)
{
    return (struct shape){width, {width}, 1};
}

static struct shape fixed_shape(const struct field *field)
{
    if (field->dictionary) return one(field_width(field));
    switch (field->type.id) {
    case TYPE_FIXED_BINARY: return (struct shape){0};
    case TYPE_INTERVAL_DAY_TIME: return (struct shape){8, {4, 4}, 2};
    case TYPE_INTERVAL_MONTH_DAY_NANO: return (struct shape){16, {4, 4, 8}, 3};
    default: return one(field_width(field));
    }
}

static struct shape shape_of(const struct field *field, size_t index)
{
    switch (field_info(field)->layout) {
    case LAYOUT_FIXED: return fixed_shape(field);
    case LAYOUT_BYTES: return index == 0 ? one(4) : (struct shape){0};
    case LAYOUT_BYTES_LARGE: return index == 0 ? one(8) : (struct shape){0};
    case LAYOUT_LIST:
    case LAYOUT_LIST_VIEW: return one(4);
    case LAYOUT_LIST_LARGE:
    case LAYOUT_LIST_VIEW_LARGE: return one(8);
    case LAYOUT_UNION_DENSE: return index == 1 ? one(4) : (struct shape){0};
    default: return (struct shape){0};
    }
}

static void swap_numbers(uint8_t *to, const uint8_t *from, struct shape shape, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < shape.count; k++) {
            kernels()->swap(to, from, shape.numbers[k], 1);
            to += shape.numbers[k];
            from += shape.numbers[k];
        }
    }
}

/* Size first; a long view also has buffer and offset, its prefix and inline text have no order. */
static void swap_views(uint8_t *to, const uint8_t *from, size_t count)
{
    memcpy(to, from, count * 16);
    for (; count > 0; count--, to += 16, from += 16) {
        int32_t size;
        kernels()->swap(to, from, 4, 1);
        memcpy(&size, to, sizeof size);
        if (size > 12) kernels()->swap(to + 8, from + 8, 4, 2);
    }
}

enum status buffer_swap(const struct field *field, size_t index, struct buffer *buffer,
                        struct err *err)
{
    struct shape shape = shape_of(field, index);
    bool views = field_info(field)->layout == LAYOUT_VIEW && index == 0;
    if (buffer->size == 0 || (!views && shape.width <= 1)) return STATUS_OK;
    struct buffer swapped = {0};
    TRY(buffer_new(&swapped, buffer->size, err));
    uint8_t *to = buffer_writable(&swapped);
    if (views)
        swap_views(to, buffer->data, buffer->size / 16);
    else if (shape.count == 1)
        kernels()->swap(to, buffer->data, shape.width, (int64_t)(buffer->size / shape.width));
    else
        swap_numbers(to, buffer->data, shape, buffer->size / shape.width);
    buffer_unref(buffer);
    *buffer = swapped;
    return STATUS_OK;
}
