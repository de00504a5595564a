/* columnar/parquet_encode.c: a column of a batch as levels and values of one page (Encodings.md:
 * PLAIN, RLE_DICTIONARY, RLE/bit-packing hybrid). */
#include "columnar/intern.h"
#include "columnar/parquet_runs.h"
#include "columnar/parquet_write_parts.h"

#define PAGE_MAXIMUM  ((size_t)1 << 30)
#define RANGE_MAXIMUM 64 /* bytes of a text that is a minimum or maximum */

void parquet_encoded_release(struct parquet_encoded *encoded)
{
    bytes_release(&encoded->dictionary);
    bytes_release(&encoded->page);
    bytes_release(&encoded->least);
    bytes_release(&encoded->most);
}

/* ---- runs ---- */

static enum status put_varint(struct bytes *ret, uint64_t value, struct err *err)
{
    uint8_t bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    return bytes_append(ret, bytes, size, err);
}

static size_t count_runs(const uint32_t *values, size_t count)
{
    size_t runs = count > 0;
    for (size_t i = 1; i < count; i++)
        runs += values[i] != values[i - 1];
    return runs;
}

static enum status put_repeated(const uint32_t *values, size_t count, unsigned width,
                                struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < count;) {
        size_t first = i;
        while (i < count && values[i] == values[first])
            i++;
        TRY(put_varint(ret, (uint64_t)(i - first) << 1, err));
        TRY(bytes_append(ret, &values[first], (width + 7) / 8, err));
    }
    return STATUS_OK;
}

/* One run of groups of eight, the last one filled up with zeros. */
static enum status put_packed(const uint32_t *values, size_t count, unsigned width,
                              struct bytes *ret, struct err *err)
{
    size_t groups = (count + 7) / 8, bytes = groups * width;
    TRY(put_varint(ret, (uint64_t)groups << 1 | 1, err));
    TRY(bytes_reserve(ret, bytes + 8, err));
    uint8_t *to = ret->data + ret->size;
    memset(to, 0, bytes + 8);
    for (size_t i = 0, bit = 0; i < count; i++, bit += width) {
        uint64_t word;
        memcpy(&word, to + bit / 8, sizeof word);
        word |= (uint64_t)values[i] << (bit % 8);
        memcpy(to + bit / 8, &word, sizeof word);
    }
    ret->size += bytes;
    return STATUS_OK;
}

enum status parquet_put_runs(const uint32_t *values, size_t count, unsigned width,
                             struct bytes *ret, struct err *err)
{
    size_t repeated = count_runs(values, count) * (2 + (width + 7) / 8);
    if (count == 0) return STATUS_OK;
    return repeated < (count + 7) / 8 * width ? put_repeated(values, count, width, ret, err)
                                              : put_packed(values, count, width, ret, err);
}

/* ---- levels ---- */

/* What stands in a column: levels, and where the values that are there lie among the items. */
struct contents {
    uint32_t *def, *rep; /* memory_get */
    int64_t *places;
    size_t levels, values;
};

static void release_contents(struct contents *contents)
{
    memory_free(contents->def);
    memory_free(contents->rep);
    memory_free(contents->places);
}

static void add_level(struct contents *contents, uint32_t rep, uint32_t def)
{
    contents->rep[contents->levels] = rep;
    contents->def[contents->levels++] = def;
}

/* Null list 0, empty list 1, null item 2, item 3. */
static void add_list(struct contents *contents, const struct array *array, int64_t row)
{
    const struct array *items = array->children[0];
    int64_t first = offset_at(&array->buffers[0], false, row);
    int64_t end = offset_at(&array->buffers[0], false, row + 1);
    if (array_is_null(array, row) || first == end) {
        add_level(contents, 0, array_is_null(array, row) ? 0 : 1);
        return;
    }
    for (int64_t i = first; i < end; i++) {
        bool there = !array_is_null(items, i);
        add_level(contents, i > first, there ? 3 : 2);
        if (there) contents->places[contents->values++] = i;
    }
}

static enum status find_contents(const struct parquet_plan *plan, const struct array *array,
                                 struct contents *ret, struct err *err)
{
    size_t room = (size_t)array->length;
    if (plan->is_list) room += (size_t)array->children[0]->length;
    TRY(NEW(&ret->def, room, err));
    TRY(NEW(&ret->rep, room, err));
    TRY(NEW(&ret->places, room, err));
    for (int64_t row = 0; row < array->length; row++) {
        if (plan->is_list) {
            add_list(ret, array, row);
            continue;
        }
        bool there = !array_is_null(array, row);
        add_level(ret, 0, there);
        if (there) ret->places[ret->values++] = row;
    }
    return STATUS_OK;
}

/* Runs behind their length. */
static enum status put_levels(const uint32_t *levels, size_t count, unsigned width,
                              struct bytes *ret, struct err *err)
{
    uint32_t size = 0;
    size_t at = ret->size;
    TRY(bytes_append(ret, &size, sizeof size, err));
    TRY(parquet_put_runs(levels, count, width, ret, err));
    size = (uint32_t)(ret->size - at - sizeof size);
    memcpy(ret->data + at, &size, sizeof size);
    return STATUS_OK;
}

/* ---- values ---- */

static enum status put_milliseconds(int64_t seconds, size_t size, struct bytes *ret,
                                    struct err *err)
{
    int64_t value;
    if (__builtin_mul_overflow(seconds, 1000, &value))
        return fail(err, STATUS_FAILED, "a moment of %lld s is beyond milliseconds",
                    (long long)seconds);
    return bytes_append(ret, &value, size, err); /* seconds of a day fit into 32 bits */
}

enum status parquet_put_value(const struct parquet_plan *plan, const struct array *items,
                              int64_t place, struct bytes *ret, struct err *err)
{
    const struct type *type = &plan->item->type;
    if (type->id == TYPE_BOOL) {
        uint8_t value = array_bool(items, place);
        return bytes_append(ret, &value, 1, err);
    }
    if (type_is_integer(type->id)) {
        int64_t value = integer_at(type->id, items, place);
        return bytes_append(ret, &value, plan->physical == PARQUET_INT64 ? 8 : 4, err);
    }
    struct str bytes = slot_bytes(plan->item, items, place);
    if ((type->id == TYPE_TIMESTAMP || type->id == TYPE_TIME32) && type->unit == UNIT_SECOND) {
        int64_t seconds = 0;
        int32_t short_seconds = 0;
        memcpy(bytes.size == 8 ? (void *)&seconds : (void *)&short_seconds, bytes.data, bytes.size);
        return put_milliseconds(seconds + short_seconds, bytes.size, ret, err);
    }
    if (type->id != TYPE_DECIMAL128) return bytes_append(ret, bytes.data, bytes.size, err);
    uint8_t turned[16];
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = (uint8_t)bytes.data[sizeof turned - 1 - i];
    return bytes_append(ret, turned, sizeof turned, err);
}

static enum status put_bools(const struct array *items, const struct contents *contents,
                             struct bytes *ret, struct err *err)
{
    size_t bytes = (contents->values + 7) / 8;
    TRY(bytes_reserve(ret, bytes, err));
    uint8_t *to = ret->data + ret->size;
    memset(to, 0, bytes);
    for (size_t i = 0; i < contents->values; i++)
        if (array_bool(items, contents->places[i])) bit_set(to, (int64_t)i);
    ret->size += bytes;
    return STATUS_OK;
}

static enum status put_text(struct str text, struct bytes *ret, struct err *err)
{
    uint32_t size = (uint32_t)text.size;
    TRY(bytes_append(ret, &size, sizeof size, err));
    return bytes_append(ret, text.data, text.size, err);
}

static enum status put_plain(const struct parquet_plan *plan, const struct array *items,
                             const struct contents *contents, struct bytes *ret, struct err *err)
{
    if (plan->physical == PARQUET_BOOLEAN) return put_bools(items, contents, ret, err);
    for (size_t i = 0; i < contents->values; i++) {
        int64_t place = contents->places[i];
        if (plan->physical == PARQUET_BYTE_ARRAY)
            TRY(put_text(slot_bytes(plan->item, items, place), ret, err));
        else
            TRY(parquet_put_value(plan, items, place, ret, err));
    }
    return STATUS_OK;
}

/* ---- dictionary ---- */

/* Gives up as soon as more than half of the texts are different ones. */
static enum status number_texts(const struct parquet_plan *plan, const struct array *items,
                                const struct contents *contents, struct intern *intern,
                                uint32_t *numbers, bool *ret_worth, struct err *err)
{
    *ret_worth = contents->values > 0;
    for (size_t i = 0; i < contents->values && *ret_worth; i++) {
        int64_t number = 0;
        bool new = false;
        TRY(intern_add(intern, slot_bytes(plan->item, items, contents->places[i]), &number, &new,
                       err));
        numbers[i] = (uint32_t)number;
        *ret_worth = (size_t)intern->count <= contents->values / 2 + 1;
    }
    return STATUS_OK;
}

static enum status put_numbers(const struct intern *intern, const uint32_t *numbers, size_t count,
                               struct parquet_encoded *ret, struct err *err)
{
    unsigned width = intern->count <= 2 ? 1 : bits_for((uint32_t)intern->count - 1);
    uint8_t head = (uint8_t)width;
    for (int64_t i = 0; i < intern->count; i++)
        TRY(put_text(intern_key(intern, i), &ret->dictionary, err));
    ret->entries = intern->count;
    TRY(bytes_append(&ret->page, &head, 1, err));
    return parquet_put_runs(numbers, count, width, &ret->page, err);
}

static enum status put_values(const struct parquet_plan *plan, const struct array *items,
                              const struct contents *contents, struct parquet_encoded *ret,
                              struct err *err)
{
    OWNED(intern_release) struct intern intern = {0};
    OWNED(memory_release) uint32_t *numbers = NULL;
    bool worth = false;
    if (plan->physical == PARQUET_BYTE_ARRAY) {
        TRY(NEW(&numbers, contents->values, err));
        TRY(number_texts(plan, items, contents, &intern, numbers, &worth, err));
    }
    return worth ? put_numbers(&intern, numbers, contents->values, ret, err)
                 : put_plain(plan, items, contents, &ret->page, err);
}

/* ---- minimum and maximum ---- */

/* TypeDefinedOrder of parquet.thrift. */
static int compare(const struct parquet_plan *plan, const struct array *items, int64_t a, int64_t b)
{
    enum type_id id = plan->item->type.id;
    if (id == TYPE_UTF8 || id == TYPE_BINARY)
        return str_compare(slot_bytes(plan->item, items, a), slot_bytes(plan->item, items, b));
    if (id == TYPE_UINT64) {
        uint64_t x = (uint64_t)integer_at(id, items, a), y = (uint64_t)integer_at(id, items, b);
        return x < y ? -1 : x > y;
    }
    if (id == TYPE_FLOAT32 || id == TYPE_FLOAT64 || id == TYPE_BOOL) {
        double x = 0, y = 0;
        array_number_at(plan->item, items, a, &x);
        array_number_at(plan->item, items, b, &y);
        return x < y ? -1 : x > y;
    }
    if (!type_is_integer(id)) id = plan->physical == PARQUET_INT64 ? TYPE_INT64 : TYPE_INT32;
    int64_t x = integer_at(id, items, a), y = integer_at(id, items, b);
    return x < y ? -1 : x > y;
}

static bool has_order(const struct parquet_plan *plan, const struct array *items,
                      const struct contents *contents)
{
    enum type_id id = plan->item->type.id;
    if (plan->physical == PARQUET_FIXED || contents->values == 0) return false;
    for (size_t i = 0; i < contents->values && (id == TYPE_FLOAT32 || id == TYPE_FLOAT64); i++) {
        double value = 0;
        array_number_at(plan->item, items, contents->places[i], &value);
        if (value != value) return false; /* a NaN */
    }
    return true;
}

/* A zero may stand for both of them: -0 in the minimum, +0 in the maximum. */
static void sign_zero(struct bytes *bytes, bool negative)
{
    for (size_t i = 0; i + 1 < bytes->size; i++)
        if (bytes->data[i] != 0) return;
    if ((bytes->data[bytes->size - 1] & 0x7f) != 0) return;
    bytes->data[bytes->size - 1] = negative ? 0x80 : 0;
}

static enum status put_range(const struct parquet_plan *plan, const struct array *items,
                             const struct contents *contents, struct parquet_encoded *ret,
                             struct err *err)
{
    if (!has_order(plan, items, contents)) return STATUS_OK;
    int64_t least = contents->places[0], most = least;
    for (size_t i = 1; i < contents->values; i++) {
        if (compare(plan, items, contents->places[i], least) < 0) least = contents->places[i];
        if (compare(plan, items, contents->places[i], most) > 0) most = contents->places[i];
    }
    TRY(parquet_put_value(plan, items, least, &ret->least, err));
    TRY(parquet_put_value(plan, items, most, &ret->most, err));
    if (plan->physical == PARQUET_FLOAT || plan->physical == PARQUET_DOUBLE) {
        sign_zero(&ret->least, true);
        sign_zero(&ret->most, false);
    }
    ret->has_range = ret->least.size <= RANGE_MAXIMUM && ret->most.size <= RANGE_MAXIMUM;
    return STATUS_OK;
}

/* ---- the column ---- */

static enum status encode(const struct parquet_plan *plan, const struct array *array,
                          const struct contents *contents, bool range, struct parquet_encoded *ret,
                          struct err *err)
{
    const struct array *items = plan->is_list ? array->children[0] : array;
    ret->values = (int64_t)contents->levels;
    ret->nulls = (int64_t)(contents->levels - contents->values);
    if (plan->is_list) TRY(put_levels(contents->rep, contents->levels, 1, &ret->page, err));
    TRY(put_levels(contents->def, contents->levels, plan->is_list ? 2 : 1, &ret->page, err));
    TRY(put_values(plan, items, contents, ret, err));
    return range ? put_range(plan, items, contents, ret, err) : STATUS_OK;
}

enum status parquet_encode(const struct parquet_plan *plan, const struct array *array, bool range,
                           struct parquet_encoded *ret, struct err *err)
{
    OWNED(array_unref) struct array *decoded = NULL;
    OWNED(release_contents) struct contents contents = {0};
    struct parquet_plan plain = *plan;
    struct field values = field_values(plan->field);
    *ret = (struct parquet_encoded){.dictionary = bytes_limited(PAGE_MAXIMUM),
                                    .page = bytes_limited(PAGE_MAXIMUM),
                                    .least = bytes_limited(PAGE_MAXIMUM),
                                    .most = bytes_limited(PAGE_MAXIMUM)};
    if (plan->field->dictionary) {
        TRY(array_decode_dictionary(&decoded, plan->field, array, err));
        plain.field = plain.item = &values;
        array = decoded;
    }
    TRY(find_contents(&plain, array, &contents, err));
    return encode(&plain, array, &contents, range, ret, err);
}
