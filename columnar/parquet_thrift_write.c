/* columnar/parquet_thrift_write.c: writes Thrift's compact protocol. */
#include "columnar/parquet_thrift_write.h"

static void put(struct thrift_writer *writer, const void *data, size_t size)
{
    if (writer->status == STATUS_OK)
        writer->status = bytes_append(writer->bytes, data, size, writer->err);
}

static void put_byte(struct thrift_writer *writer, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    put(writer, &byte, 1);
}

static void put_varint(struct thrift_writer *writer, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_byte(writer, (unsigned)(value & 0x7f) | 0x80);
    put_byte(writer, (unsigned)value);
}

static void put_zigzag(struct thrift_writer *writer, int64_t value)
{
    put_varint(writer, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* The head of a field; fields are written in rising order. */
static void put_head(struct thrift_writer *writer, int id, int type)
{
    if (id == 0) return;
    int *last = &writer->last[writer->depth];
    if (id - *last <= 15) {
        put_byte(writer, (unsigned)(id - *last) << 4 | (unsigned)type);
    } else {
        put_byte(writer, (unsigned)type);
        put_zigzag(writer, id);
    }
    *last = id;
}

void thrift_put_struct(struct thrift_writer *writer, int id)
{
    put_head(writer, id, THRIFT_STRUCT);
    writer->last[++writer->depth] = 0;
}

void thrift_put_end(struct thrift_writer *writer)
{
    put_byte(writer, THRIFT_STOP);
    writer->depth--;
}

void thrift_put_i32(struct thrift_writer *writer, int id, int32_t value)
{
    put_head(writer, id, THRIFT_I32);
    put_zigzag(writer, value);
}

void thrift_put_i64(struct thrift_writer *writer, int id, int64_t value)
{
    put_head(writer, id, THRIFT_I64);
    put_zigzag(writer, value);
}

void thrift_put_i8(struct thrift_writer *writer, int id, int8_t value)
{
    put_head(writer, id, THRIFT_BYTE);
    put_byte(writer, (uint8_t)value);
}

void thrift_put_bool(struct thrift_writer *writer, int id, bool value)
{
    put_head(writer, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_put_binary(struct thrift_writer *writer, int id, struct str value)
{
    put_head(writer, id, THRIFT_BINARY);
    put_varint(writer, value.size);
    put(writer, value.data, value.size);
}

void thrift_put_list(struct thrift_writer *writer, int id, int type, size_t count)
{
    put_head(writer, id, THRIFT_LIST);
    if (count < 15) {
        put_byte(writer, (unsigned)count << 4 | (unsigned)type);
    } else {
        put_byte(writer, 0xf0u | (unsigned)type);
        put_varint(writer, count);
    }
}
