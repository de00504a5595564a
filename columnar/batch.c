/* columnar/batch.c: rows of one schema. */
#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/layout.h"

static enum status batch_open(struct batch *ret, const struct schema *schema, int64_t rows,
                              struct err *err)
{
    *ret = (struct batch){0};
    TRY(NEW(&ret->columns, schema->count, err));
    ret->schema = schema_ref(schema);
    ret->rows = rows;
    return STATUS_OK;
}

enum status batch_make(struct batch *ret, const struct schema *schema, int64_t rows,
                       struct array *const *columns, struct err *err)
{
    TRY(batch_open(ret, schema, rows, err));
    for (size_t i = 0; i < schema->count; i++)
        ret->columns[i] = array_ref(columns[i]);
    return STATUS_OK;
}

/* Copies of the pairs in an arena of the batch's own. */
static enum status copy_metadata(struct batch *to, const struct metadata *from, struct err *err)
{
    if (from->count == 0) return STATUS_OK;
    TRY(arena_open(&to->metadata_owner, err));
    struct metadata_pair *pairs = arena_get(to->metadata_owner, from->count, sizeof *pairs);
    if (pairs == NULL) return fail_memory(err, from->count * sizeof *pairs);
    for (size_t i = 0; i < from->count; i++) {
        struct str key = from->pairs[i].key, value = from->pairs[i].value;
        char *key_copy = arena_text(to->metadata_owner, key.data, key.size);
        char *value_copy = arena_text(to->metadata_owner, value.data, value.size);
        if (key_copy == NULL || value_copy == NULL) return fail_memory(err, key.size + value.size);
        pairs[i] = (struct metadata_pair){{key_copy, key.size}, {value_copy, value.size}};
    }
    to->metadata = (struct metadata){pairs, from->count};
    return STATUS_OK;
}

enum status batch_share(struct batch *ret, const struct batch *batch, struct err *err)
{
    OWNED(batch_release) struct batch copy = {0};
    TRY(batch_make(&copy, batch->schema, batch->rows, batch->columns, err));
    TRY(copy_metadata(&copy, &batch->metadata, err));
    *ret = copy;
    copy = (struct batch){0};
    return STATUS_OK;
}

enum status batch_slice(struct batch *ret, const struct batch *batch, int64_t first, int64_t count,
                        struct err *err)
{
    OWNED(batch_release) struct batch part = {0};
    TRY(batch_open(&part, batch->schema, count, err));
    for (size_t i = 0; i < batch->schema->count; i++)
        TRY(array_slice(&part.columns[i], &batch->schema->fields[i], batch->columns[i], first,
                        count, err));
    *ret = part;
    part = (struct batch){0};
    return STATUS_OK;
}

enum status batch_take(struct batch *ret, const struct batch *batch, const int64_t *rows,
                       int64_t count, struct err *err)
{
    OWNED(batch_release) struct batch taken = {0};
    TRY(batch_open(&taken, batch->schema, count, err));
    for (size_t i = 0; i < batch->schema->count; i++)
        TRY(array_take(&taken.columns[i], &batch->schema->fields[i], batch->columns[i], rows, count,
                       err));
    *ret = taken;
    taken = (struct batch){0};
    return STATUS_OK;
}

enum status batch_concat(struct batch *ret, const struct schema *schema, const struct batch *parts,
                         size_t count, struct err *err)
{
    if (count == 0) return batch_empty(ret, schema, err);
    OWNED(batch_release) struct batch whole = {0};
    OWNED(memory_release) struct array **columns = NULL;
    TRY(batch_open(&whole, schema, 0, err));
    TRY(NEW(&columns, count, err));
    for (size_t k = 0; k < count; k++)
        whole.rows += parts[k].rows;
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t k = 0; k < count; k++)
            columns[k] = parts[k].columns[i];
        TRY(array_concat(&whole.columns[i], &schema->fields[i], columns, count, err));
    }
    *ret = whole;
    whole = (struct batch){0};
    return STATUS_OK;
}

/* ---- empty ---- */

enum status array_empty(struct array **ret, const struct field *field, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    const struct type_info *info = field_info(field);
    size_t children = field->dictionary ? 0 : field->child_count;
    TRY(parts_open(&parts, 0, info->buffers, children, err));
    if (info->layout == LAYOUT_BYTES || info->layout == LAYOUT_LIST)
        TRY(buffer_new(&parts.buffers[0], sizeof(int32_t), err));
    if (info->layout == LAYOUT_BYTES_LARGE || info->layout == LAYOUT_LIST_LARGE)
        TRY(buffer_new(&parts.buffers[0], sizeof(int64_t), err));
    for (size_t i = 0; i < children; i++)
        TRY(array_empty(&parts.children[i], &field->children[i], err));
    if (field->dictionary) {
        struct field values = field_values(field);
        TRY(array_empty(&parts.dictionary, &values, err));
    }
    return parts_finish(&parts, ret, err);
}

enum status batch_empty(struct batch *ret, const struct schema *schema, struct err *err)
{
    OWNED(batch_release) struct batch empty = {0};
    TRY(batch_open(&empty, schema, 0, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(array_empty(&empty.columns[i], &schema->fields[i], err));
    *ret = empty;
    empty = (struct batch){0};
    return STATUS_OK;
}

uint64_t batch_bytes(const struct batch *batch)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < batch->schema->count; i++)
        bytes += array_bytes(batch->columns[i]);
    return bytes;
}

void batch_release(struct batch *batch)
{
    for (size_t i = 0; batch->columns != NULL && i < batch->schema->count; i++)
        array_unref(&batch->columns[i]);
    memory_free(batch->columns);
    schema_unref(&batch->schema);
    arena_close(&batch->metadata_owner);
    *batch = (struct batch){0};
}
