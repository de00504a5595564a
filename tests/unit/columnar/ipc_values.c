/* ipc_values INPUT: every value of Arrow data as JSON, one line a batch: a list of columns, each a
 * list of values. Leaves are texts (raw integers, hexadecimal bytes), lists and structs are lists,
 * a union value is [type id, value]. For comparison with the JSON form of Arrow's golden files. */
#include "columnar/ipc.h"
#include "columnar/layout.h"

#include <inttypes.h>
#include <stdio.h>

static void put_value(const struct field *field, const struct array *array, int64_t row);

static void put_hex(struct str bytes)
{
    putchar('"');
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02X", (uint8_t)bytes.data[i]);
    putchar('"');
}

static void put_text(struct str text)
{
    putchar('"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

/* Unscaled, through the decimal text of scale 0. */
static void put_decimal(const struct field *field, const struct array *array, int64_t row)
{
    char text[96];
    struct field unscaled = *field;
    unscaled.type.scale = 0;
    printf("\"%s\"", array_value_text(&unscaled, array, row, text, sizeof text));
}

static void put_interval(enum type_id id, struct str slot)
{
    int32_t first = 0, second = 0;
    int64_t nanoseconds = 0;
    memcpy(&first, slot.data, 4);
    if (id != TYPE_INTERVAL_MONTHS) memcpy(&second, slot.data + 4, 4);
    if (id == TYPE_INTERVAL_MONTH_DAY_NANO) memcpy(&nanoseconds, slot.data + 8, 8);
    if (id == TYPE_INTERVAL_MONTHS)
        printf("\"%d\"", first);
    else if (id == TYPE_INTERVAL_DAY_TIME)
        printf("\"%d,%d\"", first, second);
    else
        printf("\"%d,%d,%" PRId64 "\"", first, second, nanoseconds);
}

static void put_fixed(const struct field *field, const struct array *array, int64_t row)
{
    enum type_id id = field->type.id;
    double number = 0;
    if (id >= TYPE_FLOAT16 && id <= TYPE_FLOAT64) {
        array_number_at(field, array, row, &number);
        printf("\"%.17g\"", number);
    } else if (id == TYPE_FIXED_BINARY) {
        put_hex(slot_bytes(field, array, row));
    } else if (id >= TYPE_DECIMAL32 && id <= TYPE_DECIMAL256) {
        put_decimal(field, array, row);
    } else if (id >= TYPE_INTERVAL_MONTHS && id <= TYPE_INTERVAL_MONTH_DAY_NANO) {
        put_interval(id, slot_bytes(field, array, row));
    } else if (id == TYPE_UINT64) {
        printf("\"%" PRIu64 "\"", (uint64_t)integer_at(id, array, row));
    } else if (type_width(&field->type) == 4 && !type_is_integer(id)) {
        printf("\"%" PRId64 "\"", integer_at(TYPE_INT32, array, row));
    } else {
        printf("\"%" PRId64 "\"", integer_at(id, array, row));
    }
}

static void put_list(const struct field *field, const struct array *array, int64_t first,
                     int64_t count)
{
    putchar('[');
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) putchar(',');
        put_value(field, array, first + i);
    }
    putchar(']');
}

static void put_nested(const struct field *field, const struct array *array, int64_t row)
{
    int64_t first, count;
    switch (field_info(field)->layout) {
    case LAYOUT_STRUCT:
        putchar('[');
        for (size_t i = 0; i < field->child_count; i++) {
            if (i > 0) putchar(',');
            put_value(&field->children[i], array->children[i], row);
        }
        putchar(']');
        break;
    case LAYOUT_UNION_SPARSE:
    case LAYOUT_UNION_DENSE: {
        size_t child = union_child(field, array, row, &first);
        printf("[%d,", field->type.union_ids[child]);
        put_value(&field->children[child], array->children[child], first);
        putchar(']');
        break;
    }
    case LAYOUT_RUN_END:
        put_value(&field->children[1], array->children[1], run_of(field, array, row));
        break;
    default:
        list_range(field, array, row, &first, &count);
        put_list(field->children, array->children[0], first, count);
    }
}

static void put_value(const struct field *field, const struct array *array, int64_t row)
{
    struct field values = field_values(field);
    enum layout layout = field_info(field)->layout;
    if (layout == LAYOUT_NULL || array_is_null(array, row))
        printf("null");
    else if (field->dictionary)
        put_value(&values, array->dictionary, integer_at(field->index, array, row));
    else if (layout == LAYOUT_BITS)
        printf(array_bool(array, row) ? "true" : "false");
    else if (layout == LAYOUT_FIXED)
        put_fixed(field, array, row);
    else if (layout == LAYOUT_BYTES || layout == LAYOUT_BYTES_LARGE || layout == LAYOUT_VIEW)
        (type_is_text(field->type.id) ? put_text : put_hex)(slot_bytes(field, array, row));
    else
        put_nested(field, array, row);
}

static enum status put_all(const char *path, struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    struct input *input = NULL;
    bool end = false;
    TRY(input_open(&input, path, err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        putchar('[');
        for (size_t i = 0; i < batch.schema->count; i++) {
            if (i > 0) putchar(',');
            put_list(&batch.schema->fields[i], batch.columns[i], 0, batch.rows);
        }
        printf("]\n");
    }
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc != 2) return 2;
    enum status status = put_all(argv[1], &err);
    if (status != STATUS_OK) fprintf(stderr, "ipc_values: %s\n", err.message);
    return status_exit_code(status);
}
