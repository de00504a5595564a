/* columnar/parquet_thrift.c: Thrift's compact protocol. */
#include "columnar/parquet_thrift.h"

#define DEPTH_MAXIMUM 32

struct thrift thrift_over(const void *data, size_t size)
{
    return (struct thrift){.data = data, .size = size};
}

void thrift_fail(struct thrift *thrift, const char *fault)
{
    if (thrift->fault == NULL) thrift->fault = fault;
}

static bool missing(struct thrift *thrift, size_t size)
{
    if (thrift->fault != NULL) return true;
    if (size <= thrift->size - thrift->at) return false;
    thrift->truncated = true;
    thrift_fail(thrift, "it ends in the middle of a value");
    return true;
}

static uint8_t byte(struct thrift *thrift)
{
    return missing(thrift, 1) ? 0 : thrift->data[thrift->at++];
}

/* ULEB128 of at most 64 bits. */
static uint64_t varint(struct thrift *thrift)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t part = byte(thrift);
        value |= (uint64_t)(part & 0x7f) << shift;
        if (part < 0x80) return thrift->fault == NULL ? value : 0;
    }
    thrift_fail(thrift, "an integer of more than 64 bits");
    return 0;
}

static int64_t zigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

bool thrift_next(struct thrift *thrift, struct thrift_field *field)
{
    uint8_t head = byte(thrift);
    if (thrift->fault != NULL || head == THRIFT_STOP) return false;
    int64_t id = head >> 4 != 0 ? field->id + (head >> 4) : zigzag(varint(thrift));
    if (id <= 0 || id > INT16_MAX || (head & 15) > THRIFT_STRUCT || (head & 15) == THRIFT_STOP) {
        thrift_fail(thrift, "a field of no known kind");
        return false;
    }
    *field = (struct thrift_field){(int)id, head & 15};
    return thrift->fault == NULL;
}

bool thrift_enter(struct thrift *thrift, int type)
{
    if (type != THRIFT_STRUCT) thrift_fail(thrift, "another value where a struct belongs");
    if (thrift->depth >= DEPTH_MAXIMUM) thrift_fail(thrift, "structs nested too deeply");
    if (thrift->fault != NULL) return false;
    thrift->depth++;
    return true;
}

void thrift_leave(struct thrift *thrift)
{
    thrift->depth--;
}

int64_t thrift_integer(struct thrift *thrift, int type)
{
    if (type == THRIFT_BYTE) return (int8_t)byte(thrift);
    if (type == THRIFT_I16 || type == THRIFT_I32 || type == THRIFT_I64)
        return zigzag(varint(thrift));
    thrift_fail(thrift, "another value where an integer belongs");
    return 0;
}

bool thrift_bool(struct thrift *thrift, int type)
{
    if (type != THRIFT_TRUE && type != THRIFT_FALSE)
        thrift_fail(thrift, "another value where a boolean belongs");
    return type == THRIFT_TRUE;
}

struct str thrift_binary(struct thrift *thrift, int type)
{
    if (type != THRIFT_BINARY) thrift_fail(thrift, "another value where a text belongs");
    uint64_t size = varint(thrift);
    if (missing(thrift, size)) return (struct str){NULL, 0};
    struct str text = {(const char *)thrift->data + thrift->at, (size_t)size};
    thrift->at += (size_t)size;
    return text;
}

struct thrift_list thrift_list(struct thrift *thrift, int type)
{
    struct thrift_list list = {0};
    if (type != THRIFT_LIST && type != THRIFT_SET)
        thrift_fail(thrift, "another value where a list belongs");
    uint8_t head = byte(thrift);
    uint64_t count = head >> 4 == 15 ? varint(thrift) : head >> 4;
    if (missing(thrift, count)) return list; /* every element takes a byte at least */
    list.type = head & 15;
    list.count = (size_t)count;
    if (list.type == THRIFT_STOP || list.type > THRIFT_STRUCT)
        thrift_fail(thrift, "a list of no known kind");
    return list;
}

/* ---- skipping ---- */

static void skip_struct(struct thrift *thrift)
{
    struct thrift_field field = {0};
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return;
    while (thrift_next(thrift, &field))
        thrift_skip(thrift, field.type);
    thrift_leave(thrift);
}

/* In lists and maps a boolean is a byte of its own. */
static void skip_element(struct thrift *thrift, int type)
{
    if (type == THRIFT_TRUE || type == THRIFT_FALSE)
        (void)byte(thrift);
    else
        thrift_skip(thrift, type);
}

static void skip_list(struct thrift *thrift, int type)
{
    struct thrift_list list = thrift_list(thrift, type);
    if (thrift->depth >= DEPTH_MAXIMUM) thrift_fail(thrift, "lists nested too deeply");
    thrift->depth++;
    for (size_t i = 0; i < list.count && thrift->fault == NULL; i++)
        skip_element(thrift, list.type);
    thrift->depth--;
}

static void skip_map(struct thrift *thrift)
{
    uint64_t count = varint(thrift);
    if (count == 0 || missing(thrift, count)) return;
    uint8_t types = byte(thrift);
    if (thrift->depth >= DEPTH_MAXIMUM) thrift_fail(thrift, "maps nested too deeply");
    thrift->depth++;
    for (uint64_t i = 0; i < count && thrift->fault == NULL; i++) {
        skip_element(thrift, types >> 4);
        skip_element(thrift, types & 15);
    }
    thrift->depth--;
}

void thrift_skip(struct thrift *thrift, int type)
{
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE: return;
    case THRIFT_BYTE: (void)byte(thrift); return;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64: (void)varint(thrift); return;
    case THRIFT_DOUBLE:
        if (!missing(thrift, 8)) thrift->at += 8;
        return;
    case THRIFT_BINARY: (void)thrift_binary(thrift, type); return;
    case THRIFT_LIST:
    case THRIFT_SET: skip_list(thrift, type); return;
    case THRIFT_MAP: skip_map(thrift); return;
    case THRIFT_STRUCT: skip_struct(thrift); return;
    default: thrift_fail(thrift, "a value of no known kind");
    }
}

enum status thrift_check(const struct thrift *thrift, struct err *err)
{
    if (thrift->fault == NULL) return STATUS_OK;
    return fail(err, STATUS_FAILED, "%s (byte %zu)", thrift->fault, thrift->at);
}
