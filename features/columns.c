/* features/columns.c: some columns of a table, in another order. */
#include "features/columns.h"

#include "base/memory.h"

enum status columns_metadata(struct schema *to, const struct schema *from, struct err *err)
{
    for (size_t i = 0; i < from->metadata.count; i++) {
        struct str key = from->metadata.pairs[i].key;
        OWNED(memory_release) char *name = memory_copy_text(key.data, key.size);
        if (name == NULL) return fail_memory(err, key.size);
        TRY(schema_set_metadata(to, name, from->metadata.pairs[i].value, err));
    }
    return STATUS_OK;
}

/* One name, or several with commas between where no column has the whole as its name. */
static enum status choose_names(size_t **chosen, size_t *count, const struct schema *schema,
                                const char *names, struct err *err)
{
    bool whole = schema_find(schema, str_of(names)) >= 0;
    while (names != NULL) {
        const char *comma = whole ? NULL : strchr(names, ',');
        struct str name = {names, comma == NULL ? strlen(names) : (size_t)(comma - names)};
        size_t *more = memory_resize(*chosen, *count + 1, sizeof *more);
        if (more == NULL) return fail_memory(err, (*count + 1) * sizeof *more);
        *chosen = more;
        enum status status = schema_require(schema, name, &more[*count], err);
        if (status != STATUS_OK) return fail_within(err, status, "--columns");
        (*count)++;
        names = comma == NULL ? NULL : comma + 1;
    }
    return STATUS_OK;
}

enum status columns_choose(size_t **ret, size_t *ret_count, const struct schema *schema,
                           const struct text_list *names, struct err *err)
{
    *ret_count = 0;
    for (size_t i = 0; i < names->count; i++)
        TRY(choose_names(ret, ret_count, schema, names->items[i], err));
    return STATUS_OK;
}

enum status columns_schema(struct schema **ret, const struct schema *schema, const size_t *columns,
                           size_t count, struct err *err)
{
    OWNED(schema_unref) struct schema *chosen = NULL;
    TRY(schema_new(&chosen, err));
    for (size_t i = 0; i < count; i++)
        TRY(schema_add(chosen, &schema->fields[columns[i]], err));
    TRY(columns_metadata(chosen, schema, err));
    *ret = chosen;
    chosen = NULL;
    return STATUS_OK;
}

enum status columns_batch(struct batch *ret, const struct schema *schema, const struct batch *batch,
                          const size_t *columns, struct err *err)
{
    OWNED(memory_release) struct array **chosen = NULL;
    TRY(NEW(&chosen, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        chosen[i] = batch->columns[columns[i]];
    return batch_make(ret, schema, batch->rows, chosen, err);
}
