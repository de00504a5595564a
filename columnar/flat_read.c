/* columnar/flat_read.c: reads FlatBuffers that nobody vouches for. */
#include "columnar/flat_read.h"

struct flat flat_open(const uint8_t *data, size_t size)
{
    return (struct flat){data, size, 8 * size, NULL};
}

static bool wrong(struct flat *flat, const char *problem)
{
    if (flat->problem == NULL) flat->problem = problem;
    return false;
}

enum status flat_check(const struct flat *flat, struct err *err)
{
    if (flat->problem == NULL) return STATUS_OK;
    return fail(err, STATUS_FAILED, "the metadata is damaged: %s", flat->problem);
}

/* Whether [place, place + size) lies inside and starts at a multiple of `alignment`. */
static bool inside(struct flat *flat, size_t place, size_t size, size_t alignment)
{
    if (flat->problem != NULL) return false;
    if (place > flat->size || size > flat->size - place)
        return wrong(flat, "an offset leads outside");
    if (place % alignment != 0) return wrong(flat, "a value is not aligned");
    return true;
}

/* Little-endian, sign-extended. */
static int64_t load(const struct flat *flat, size_t place, size_t width)
{
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;)
        value = value << 8 | flat->data[place + i];
    unsigned shift = (unsigned)(64 - 8 * width);
    return (int64_t)(value << shift) >> shift;
}

static uint32_t load_u32(const struct flat *flat, size_t place)
{
    return (uint32_t)load(flat, place, 4);
}

/* Follows the unsigned offset stored at `place`. */
static bool follow(struct flat *flat, size_t place, size_t *ret)
{
    if (!inside(flat, place, 4, 4)) return false;
    size_t offset = load_u32(flat, place);
    if (offset == 0 || offset > flat->size - place) return wrong(flat, "an offset leads outside");
    *ret = place + offset;
    return true;
}

static struct flat_table table_at(struct flat *flat, size_t place)
{
    struct flat_table none = {.flat = flat}, table = {.flat = flat, .place = place};
    if (flat->visits-- == 0) {
        flat->visits = 0;
        wrong(flat, "it has too many tables");
    }
    if (!inside(flat, place, 4, 4)) return none;
    int64_t vtable = (int64_t)place - load(flat, place, 4);
    if (vtable < 0 || !inside(flat, (size_t)vtable, 4, 2)) {
        wrong(flat, "a table has no field list");
        return none;
    }
    table.vtable = (size_t)vtable;
    table.vtable_size = (uint16_t)load(flat, table.vtable, 2);
    table.size = (uint16_t)load(flat, table.vtable + 2, 2);
    if (table.vtable_size < 4 || table.vtable_size % 2 != 0 || table.size < 4) {
        wrong(flat, "a table has a wrong size");
        return none;
    }
    if (!inside(flat, table.vtable, table.vtable_size, 2) || !inside(flat, place, table.size, 4))
        return none;
    return table;
}

struct flat_table flat_root(struct flat *flat)
{
    size_t place = 0;
    if (!follow(flat, 0, &place)) return (struct flat_table){.flat = flat};
    return table_at(flat, place);
}

/* The place of a slot's value of `width` bytes; false where it is absent. */
static bool slot_place(struct flat_table table, int slot, size_t width, size_t *ret)
{
    size_t entry = 4 + 2 * (size_t)slot;
    if (table.vtable_size == 0 || table.flat->problem != NULL) return false;
    if (entry + 2 > table.vtable_size) return false;
    size_t offset = (uint16_t)load(table.flat, table.vtable + entry, 2);
    if (offset == 0) return false;
    if (offset < 4 || offset + width > table.size)
        return wrong(table.flat, "a field lies outside its table");
    *ret = table.place + offset;
    return inside(table.flat, *ret, width, width);
}

bool flat_has(struct flat_table table, int slot)
{
    size_t place;
    return slot_place(table, slot, 1, &place);
}

int64_t flat_integer(struct flat_table table, int slot, size_t width, int64_t absent)
{
    size_t place;
    if (!slot_place(table, slot, width, &place)) return absent;
    return load(table.flat, place, width);
}

bool flat_bool(struct flat_table table, int slot)
{
    return flat_integer(table, slot, 1, 0) != 0;
}

struct flat_table flat_child(struct flat_table table, int slot)
{
    size_t at, place;
    if (!slot_place(table, slot, 4, &at) || !follow(table.flat, at, &place))
        return (struct flat_table){.flat = table.flat};
    return table_at(table.flat, place);
}

struct flat_vector flat_vector(struct flat_table table, int slot, size_t width, size_t alignment)
{
    struct flat *flat = table.flat;
    struct flat_vector none = {.flat = flat};
    size_t at, place;
    if (!slot_place(table, slot, 4, &at) || !follow(flat, at, &place)) return none;
    if (!inside(flat, place, 4, 4)) return none;
    size_t count = load_u32(flat, place);
    if (count > 0 && !inside(flat, place + 4, count * width, alignment)) return none;
    return (struct flat_vector){flat, place + 4, count};
}

struct str flat_string(struct flat_table table, int slot)
{
    struct flat_vector bytes = flat_vector(table, slot, 1, 1);
    if (bytes.place == 0) return (struct str){NULL, 0};
    struct flat *flat = bytes.flat;
    if (!inside(flat, bytes.place, bytes.count + 1, 1)) return (struct str){NULL, 0};
    if (flat->data[bytes.place + bytes.count] != 0) {
        wrong(flat, "a text does not end with a zero byte");
        return (struct str){NULL, 0};
    }
    return (struct str){(const char *)flat->data + bytes.place, bytes.count};
}

struct flat_table flat_item(struct flat_vector vector, size_t index)
{
    size_t place;
    if (index >= vector.count || !follow(vector.flat, vector.place + 4 * index, &place))
        return (struct flat_table){.flat = vector.flat};
    return table_at(vector.flat, place);
}

int64_t flat_element(struct flat_vector vector, size_t index, size_t element, size_t byte,
                     size_t width)
{
    if (vector.flat->problem != NULL || index >= vector.count) return 0;
    return load(vector.flat, vector.place + index * element + byte, width);
}
