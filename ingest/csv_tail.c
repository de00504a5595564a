/* ingest/csv_tail.c: records at the end of a file in which nothing is written, as spreadsheets
 * leave them behind. */
#include "ingest/csv_parts.h"

#define TAIL_BYTES   (64u << 10)
#define TAIL_FIELDS  3 /* a row of one or two nulls may be meant, */
#define TAIL_RECORDS 2 /* and a single one of more */

static bool is_break(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* Where the lines behind the last byte that says something begin. */
static size_t tail_begin(uint8_t delimiter, const uint8_t *data, size_t size, bool from_a_record)
{
    size_t at = size;
    while (at > 0 && (is_break(data[at - 1]) || data[at - 1] == delimiter))
        at--;
    if (at == 0 && from_a_record) return 0;
    while (at < size && !(at > 0 && is_break(data[at - 1])))
        at++;
    return at + (at > 0 && at < size && data[at - 1] == '\r' && data[at] == '\n');
}

static int64_t count_records(const uint8_t *data, size_t size)
{
    int64_t records = 0;
    for (size_t at = 0; at < size; at++)
        records += !is_break(data[at]) && (at == 0 || is_break(data[at - 1]));
    return records;
}

enum status csv_tail_find(struct input *input, struct csv_dialect *dialect, struct err *err)
{
    uint64_t left = (uint64_t)input_size(input) - dialect->preface;
    size_t size = left < TAIL_BYTES ? (size_t)left : TAIL_BYTES;
    dialect->tail = 0;
    dialect->tail_records = 0;
    if (dialect->fields < TAIL_FIELDS || !csv_is_plain(dialect)) return STATUS_OK;
    OWNED(memory_release) uint8_t *data = memory_get_raw(size, 1);
    if (data == NULL) return fail_memory(err, size);
    TRY(input_read_at(input, data, size, (uint64_t)input_size(input) - size, err));
    size_t at = tail_begin(dialect->delimiter, data, size, size == left);
    dialect->tail_records = count_records(data + at, size - at);
    if (dialect->tail_records >= TAIL_RECORDS)
        dialect->tail = size - at;
    else
        dialect->tail_records = 0;
    return STATUS_OK;
}
