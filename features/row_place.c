/* features/row_place.c: where a row came from. */
#include "features/row_place.h"

#include "lineage/stage.h"

bool row_place_named(const struct schema *schema, const char *source, const char *record,
                     struct row_place *ret)
{
    int64_t a = schema_find(schema, str_of(source)), b = schema_find(schema, str_of(record));
    if (a < 0 || b < 0 || schema->fields[a].type.id != TYPE_UTF8 ||
        schema->fields[b].type.id != TYPE_INT64 || schema->fields[b].dictionary)
        return false;
    *ret = (struct row_place){.source = (size_t)a, .record = (size_t)b};
    return true;
}

bool row_place_find(const struct schema *schema, struct row_place *ret)
{
    return row_place_named(schema, COLUMN_SOURCE, COLUMN_RECORD, ret);
}

bool row_place_at(const struct row_place *place, const struct batch *batch, int64_t row,
                  struct str *ret_source, int64_t *ret_record)
{
    const struct array *records = batch->columns[place->record];
    if (array_is_null(records, row)) return false;
    *ret_record = ((const int64_t *)array_values(records))[row];
    return array_text_at(&batch->schema->fields[place->source], batch->columns[place->source], row,
                         ret_source);
}
