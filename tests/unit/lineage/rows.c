/* rows.c: see rows.h. */
#include "rows.h"

#include "columnar/build.h"
#include "scratch.h"

#include <stdio.h>

static enum status build(struct batch *ret, int64_t first, int64_t count, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *rows = NULL;
    char name[32];

    TRY(schema_new(&schema, err));
    TRY(schema_add_column(schema, "id", TYPE_INT64, err));
    TRY(schema_add_column(schema, "name", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "price", TYPE_FLOAT64, err));
    TRY(batch_builder_open(&rows, schema, count, err));
    for (int64_t id = first; id < first + count; id++) {
        snprintf(name, sizeof name, "name %lld", (long long)id);
        TRY(build_int(batch_builder_column(rows, 0), id, err));
        if (id % 7 == 0)
            TRY(build_null(batch_builder_column(rows, 1), err));
        else
            TRY(build_text(batch_builder_column(rows, 1), str_of(name), err));
        TRY(build_real(batch_builder_column(rows, 2), (double)id / 4, err));
    }
    return batch_builder_finish(rows, ret, err);
}

struct batch make_rows(int64_t first, int64_t count)
{
    struct batch batch = {0};
    struct err err = {0};

    check_ok(build(&batch, first, count, &err), &err);
    return batch;
}
