/* features/export_parquet.c: rows as Apache Parquet. Small batches are collected: every row group
 * costs a footer entry a column and is read on its own. */
#include "features/export.h"

#include "base/memory.h"
#include "base/output.h"
#include "columnar/parquet_write.h"

#define GROUP_ROWS  BATCH_ROWS_MAXIMUM
#define GROUP_BYTES (16u << 20)

struct parquet_export {
    struct schema *schema;
    bool *personal; /* one a column */
    struct output *output;
    struct parquet_writer *writer;
    struct batch *parts; /* of the next row group */
    size_t count, room;
    int64_t rows;
    uint64_t bytes;
};

static void drop_parts(struct parquet_export *export)
{
    for (size_t i = 0; i < export->count; i++)
        batch_release(&export->parts[i]);
    export->count = 0;
    export->rows = 0;
    export->bytes = 0;
}

static enum status open_writer(struct parquet_export *export, const char *path, struct err *err)
{
    const struct schema *schema = export->schema;
    TRY(NEW(&export->personal, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        export->personal[i] = metadata_get(&schema->fields[i].metadata, "tamis:personal").size > 0;
    struct parquet_write_options options = {.without_range = export->personal,
                                            .metadata = &schema->metadata};
    TRY(output_open(&export->output, path, err));
    if (output_is_terminal(export->output)) {
        fail(err, STATUS_USAGE, "a terminal cannot show Parquet");
        err_hint(err, "write a file with -o FILE.parquet");
        return STATUS_USAGE;
    }
    return parquet_writer_open(&export->writer, export->output, schema, &options, err);
}

static enum status parquet_open(void **ret, const char *path, const struct schema *schema,
                                struct err *err)
{
    struct parquet_export *export = NULL;
    TRY(NEW(&export, 1, err));
    *ret = export;
    export->schema = schema_ref(schema);
    return open_writer(export, path, err);
}

static enum status write_group(struct parquet_export *export, struct err *err)
{
    OWNED(batch_release) struct batch group = {0};
    if (export->count == 0) return STATUS_OK;
    if (export->count == 1)
        TRY(batch_share(&group, &export->parts[0], err));
    else
        TRY(batch_concat(&group, export->schema, export->parts, export->count, err));
    drop_parts(export);
    return parquet_writer_add(export->writer, &group, err);
}

static enum status make_room(struct parquet_export *export, struct err *err)
{
    if (export->count < export->room) return STATUS_OK;
    size_t room = export->room * 2 + 8;
    struct batch *parts = memory_resize(export->parts, room, sizeof *parts);
    if (parts == NULL) return fail_memory(err, room * sizeof *parts);
    export->parts = parts;
    export->room = room;
    return STATUS_OK;
}

static enum status parquet_add(void *context, const struct batch *batch, struct err *err)
{
    struct parquet_export *export = context;
    uint64_t bytes = batch_bytes(batch);
    if (export->rows + batch->rows > GROUP_ROWS || export->bytes + bytes > GROUP_BYTES)
        TRY(write_group(export, err));
    TRY(make_room(export, err));
    export->parts[export->count] = (struct batch){0};
    TRY(batch_share(&export->parts[export->count], batch, err));
    export->count++;
    export->rows += batch->rows;
    export->bytes += bytes;
    return STATUS_OK;
}

static enum status parquet_commit(void *context, int64_t *ret_bytes, struct err *err)
{
    struct parquet_export *export = context;
    TRY(write_group(export, err));
    TRY(parquet_writer_finish(export->writer, err));
    *ret_bytes = (int64_t)output_position(export->output);
    return output_commit(export->output, err);
}

static void parquet_close(void *context)
{
    struct parquet_export *export = context;
    if (export == NULL) return;
    drop_parts(export);
    memory_free(export->parts);
    parquet_writer_close(&export->writer);
    output_close(&export->output);
    memory_free(export->personal);
    schema_unref(&export->schema);
    memory_free(export);
}

const struct export_format export_parquet = {parquet_open, parquet_add, parquet_commit,
                                             parquet_close};
