/* tests/fuzz/fuzz_lookup_line.c: any bytes as keys, a line each, of an entity of one column of each
 * type and of several: refused by value, or a row. */
#include "base/memory.h"
#include "features/key.h"
#include "features/key_text.h"
#include "within.h"

#include <stdlib.h>
#include <string.h>

static const char *const types[] = {"int64", "int8",   "uint16",        "utf8",
                                    "bool",  "date32", "timestamp[us]", "binary"};

static enum status add_column(struct schema *schema, const char *type, const char *name,
                              struct err *err)
{
    struct field field = {0};
    TRY(field_type_parse(str_of(type), &field, err));
    field.name = (char *)(uintptr_t)name;
    field.nullable = true;
    return schema_add(schema, &field, err);
}

/* Each line is checked first and then added, as lookup does it: what was checked fits. */
static enum status add_lines(const struct schema *schema, struct str text, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(batch_builder_open(&builder, schema, 16, err));
    int64_t rows = 0;
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct str line = {text.data, end == NULL ? text.size : (size_t)(end - text.data)};
        size_t taken = line.size + (end != NULL);
        struct err found = {0};
        enum status status = key_text_add(NULL, schema, line, &found);
        if (status == STATUS_USAGE && found.message[0] == '\0') abort();
        if (status == STATUS_OK) {
            TRY(key_text_add(builder, schema, line, err));
            if (batch_builder_rows(builder) != ++rows) abort();
        }
        text = (struct str){text.data + taken, text.size - taken};
    }
    OWNED(batch_release) struct batch batch = {0};
    return batch_builder_finish(builder, &batch, err);
}

static enum status read_lines(const uint8_t *data, size_t size, struct err *err)
{
    if (size == 0) return fail(err, STATUS_USAGE, "no line");
    OWNED(schema_unref) struct schema *schema = NULL;
    size_t count = sizeof types / sizeof *types;
    TRY(schema_new(&schema, err));
    TRY(add_column(schema, types[data[0] % count], "a", err));
    if (data[0] / count % 2 == 1) TRY(add_column(schema, types[data[0] / 16 % count], "b", err));
    return add_lines(schema, (struct str){(const char *)data + 1, size - 1}, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_lines, data, size);
}
