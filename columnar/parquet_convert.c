/* columnar/parquet_convert.c: stored values as Arrow stores them, and what does not convert. */
#include "columnar/kernels.h"
#include "columnar/parquet_parts.h"

#define JULIAN_EPOCH   2440588 /* Julian day of 1970-01-01 */
#define DAY_NANOS      INT64_C(86400000000000)
#define DECIMAL_WIDEST 32

enum status parquet_faults_add(struct parquet_faults *faults, int64_t row, const char *rule,
                               const char *message, struct err *err)
{
    if (faults->count == faults->room) {
        size_t room = faults->room == 0 ? 16 : faults->room * 2;
        struct parquet_fault *items = memory_resize(faults->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        faults->items = items;
        faults->room = room;
    }
    faults->items[faults->count++] = (struct parquet_fault){row, 0, rule, message};
    return STATUS_OK;
}

void parquet_faults_release(struct parquet_faults *faults)
{
    memory_free(faults->items);
    *faults = (struct parquet_faults){0};
}

static int32_t place_at(const struct parquet_dense *dense, int64_t index)
{
    int32_t place;
    memcpy(&place, dense->places.data + (size_t)index * sizeof place, sizeof place);
    return place;
}

/* ---- texts ---- */

static struct str text_at(const struct parquet_dense *dense, int64_t index)
{
    int32_t begin = place_at(dense, index), end = place_at(dense, index + 1);
    return (struct str){(const char *)dense->data.data + begin, (size_t)(end - begin)};
}

/* Valid as a whole, and none begins in the middle of a character. */
static bool all_utf8(const struct parquet_dense *dense)
{
    const uint8_t *data = dense->data.data;
    size_t size = dense->data.size;
    if (size == 0 || kernels()->is_ascii(data, size)) return true;
    if (kernels()->utf8_check(data, size) != size) return false;
    for (int64_t i = 0; i < dense->count; i++) {
        size_t begin = (size_t)place_at(dense, i);
        if (begin < size && (data[begin] & 0xc0) == 0x80) return false;
    }
    return true;
}

static enum status check_utf8(const struct parquet_dense *dense, struct parquet_faults *faults,
                              struct err *err)
{
    if (all_utf8(dense)) return STATUS_OK;
    for (int64_t i = 0; i < dense->count; i++) {
        struct str text = text_at(dense, i);
        if (text.size == 0 ||
            kernels()->utf8_check((const uint8_t *)text.data, text.size) == text.size)
            continue;
        TRY(parquet_faults_add(faults, i, "encoding", "is not UTF-8", err));
    }
    return STATUS_OK;
}

static enum status check_sizes(const struct parquet_dense *dense, uint64_t limit,
                               struct parquet_faults *faults, struct err *err)
{
    if (limit == 0 || dense->data.size <= limit) return STATUS_OK;
    for (int64_t i = 0; i < dense->count; i++)
        if (text_at(dense, i).size > limit)
            TRY(parquet_faults_add(faults, i, "field size", "is longer than --max-field", err));
    return STATUS_OK;
}

/* ---- numbers ---- */

static enum status narrow(const struct parquet_leaf *leaf, struct parquet_dense *dense,
                          struct parquet_faults *faults, struct err *err)
{
    enum type_id id = leaf->item->type.id;
    size_t width = type_width(&leaf->item->type);
    uint8_t *data = dense->data.data;
    for (int64_t i = 0; i < dense->count; i++) {
        int32_t value;
        memcpy(&value, data + i * 4, sizeof value);
        if (!integer_fits(id, value))
            TRY(parquet_faults_add(faults, i, "range", "does not fit the type of its column", err));
        memcpy(data + (size_t)i * width, &value, width); /* little-endian: the low bytes */
    }
    dense->data.size = (size_t)dense->count * width;
    dense->width = width;
    return STATUS_OK;
}

/* Julian day and nanoseconds of the day. */
static enum status convert_int96(struct parquet_dense *dense, struct parquet_faults *faults,
                                 struct err *err)
{
    uint8_t *data = dense->data.data;
    for (int64_t i = 0; i < dense->count; i++) {
        int64_t nanos, value = 0;
        uint32_t day;
        memcpy(&nanos, data + i * 12, sizeof nanos);
        memcpy(&day, data + i * 12 + 8, sizeof day);
        int64_t days = (int64_t)day - JULIAN_EPOCH;
        if (__builtin_mul_overflow(days, DAY_NANOS, &value) ||
            __builtin_add_overflow(value, nanos, &value)) {
            value = 0;
            TRY(parquet_faults_add(faults, i, "range", "is a moment beyond 64 bits of nanoseconds",
                                   err));
        }
        memcpy(data + i * 8, &value, sizeof value);
    }
    dense->data.size = (size_t)dense->count * 8;
    dense->width = 8;
    return STATUS_OK;
}

/* A big-endian integer as a little-endian one of `width` bytes; false where it does not fit. */
static bool turn(const uint8_t *from, size_t size, uint8_t *to, size_t width)
{
    uint8_t sign = size > 0 && (from[0] & 0x80) != 0 ? 0xff : 0;
    for (; size > width; from++, size--)
        if (*from != sign) return false;
    if (size == width && ((from[0] & 0x80) != 0) != (sign != 0)) return false;
    memset(to, sign, width);
    for (size_t i = 0; i < size; i++)
        to[i] = from[size - 1 - i];
    return true;
}

/* Replaces what is dense by `width` bytes a value. */
static enum status widen(struct parquet_dense *dense, struct growing *wide, size_t width)
{
    growing_release(&dense->data);
    growing_release(&dense->places);
    dense->data = *wide;
    dense->width = width;
    *wide = (struct growing){0};
    return STATUS_OK;
}

static enum status convert_decimal(const struct parquet_leaf *leaf, struct parquet_dense *dense,
                                   struct err *err)
{
    OWNED(growing_release) struct growing wide = {0};
    size_t width = type_width(&leaf->item->type), from = leaf->width;
    TRY(growing_reserve(&wide, (size_t)dense->count * width, err));
    for (int64_t i = 0; i < dense->count; i++) {
        const uint8_t *in = dense->data.data + (size_t)i * from;
        uint8_t *out = wide.data + (size_t)i * width;
        memset(out, (in[from - 1] & 0x80) != 0 ? 0xff : 0, width);
        memcpy(out, in, from);
    }
    wide.size = (size_t)dense->count * width;
    return widen(dense, &wide, width);
}

static enum status convert_decimal_bytes(const struct parquet_leaf *leaf,
                                         struct parquet_dense *dense, struct parquet_faults *faults,
                                         struct err *err)
{
    OWNED(growing_release) struct growing wide = {0};
    size_t width = type_width(&leaf->item->type);
    TRY(growing_reserve(&wide, (size_t)dense->count * width, err));
    for (int64_t i = 0; i < dense->count; i++) {
        uint8_t *out = wide.data + (size_t)i * width;
        struct str in = leaf->width == 0
                            ? text_at(dense, i)
                            : (struct str){(const char *)dense->data.data + (size_t)i * leaf->width,
                                           leaf->width};
        if (turn((const uint8_t *)in.data, in.size, out, width)) continue;
        memset(out, 0, width);
        TRY(parquet_faults_add(faults, i, "range", "is a decimal of too many digits", err));
    }
    wide.size = (size_t)dense->count * width;
    return widen(dense, &wide, width);
}

enum status parquet_convert(const struct parquet_leaf *leaf, struct parquet_dense *dense,
                            uint64_t field_limit, struct parquet_faults *faults, struct err *err)
{
    if (dense->width == 0 && leaf->conversion != CONVERT_DECIMAL_BYTES)
        TRY(check_sizes(dense, field_limit, faults, err));
    switch (leaf->conversion) {
    case CONVERT_TEXT: return check_utf8(dense, faults, err);
    case CONVERT_NARROW: return narrow(leaf, dense, faults, err);
    case CONVERT_DECIMAL: return convert_decimal(leaf, dense, err);
    case CONVERT_DECIMAL_BYTES: return convert_decimal_bytes(leaf, dense, faults, err);
    case CONVERT_INT96: return convert_int96(dense, faults, err);
    default: return STATUS_OK;
    }
}
