/* features/feature_table.c: one version of a view in memory. */
#include "features/feature_table.h"

#include "base/memory.h"
#include "lineage/stage.h"

/* ---- which columns ---- */

static bool is_provenance(const char *name)
{
    return strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0;
}

static bool is_carried(const struct feature_table *table, const char *name,
                       const struct feature_table_options *options)
{
    if (is_provenance(name)) return options->provenance;
    return options->keys || !view_is_key(&table->view, name);
}

static enum status choose(struct feature_table *table, const struct feature_table_options *options,
                          struct err *err)
{
    const struct schema *schema = table->schema;
    TRY(NEW(&table->columns, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        if (is_carried(table, schema->fields[i].name, options))
            table->columns[table->column_count++] = i;
    return STATUS_OK;
}

/* ---- loading ---- */

/* The arrays of each carried column, batch after batch. */
struct gathering {
    struct array **parts; /* column after column of a batch, batch after batch */
    size_t batches, room;
    size_t columns;
};

static void gathering_release(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->batches * gathering->columns; i++)
        array_unref(&gathering->parts[i]);
    memory_free(gathering->parts);
}

static enum status gather(struct gathering *gathering, const struct feature_table *table,
                          const struct batch *batch, struct err *err)
{
    size_t columns = gathering->columns;
    if (gathering->batches == gathering->room) {
        size_t room = gathering->room * 2 + 64;
        struct array **parts =
            memory_resize(gathering->parts, room * (columns + 1), sizeof(struct array *));
        if (parts == NULL) return fail_memory(err, room * columns * sizeof(struct array *));
        gathering->parts = parts;
        gathering->room = room;
    }
    for (size_t i = 0; i < columns; i++)
        gathering->parts[gathering->batches * columns + i] =
            array_ref(batch->columns[table->columns[i]]);
    gathering->batches++;
    return STATUS_OK;
}

static enum status read_all(struct feature_table *table, struct version_reader *reader,
                            struct gathering *gathering, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(timeline_add(table->timeline, &batch, err));
        TRY(gather(gathering, table, &batch, err));
    }
}

/* One array for column `column`; its parts are let go at once. */
static enum status join_parts(struct feature_table *table, struct gathering *gathering,
                              size_t column, struct err *err)
{
    OWNED(memory_release) struct array **parts = NULL;
    const struct field *field = &table->schema->fields[table->columns[column]];
    TRY(NEW(&parts, gathering->batches, err));
    for (size_t i = 0; i < gathering->batches; i++)
        parts[i] = gathering->parts[i * gathering->columns + column];
    TRY(array_concat(&table->values[column], field, parts, gathering->batches, err));
    for (size_t i = 0; i < gathering->batches; i++)
        array_unref(&gathering->parts[i * gathering->columns + column]);
    return STATUS_OK;
}

static enum status load(struct feature_table *table, struct store *store,
                        const struct feature_table_options *options, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    OWNED(gathering_release) struct gathering gathering = {0};
    struct timeline_columns columns = view_columns(&table->view);
    TRY(version_reader_open(&reader, store, &table->version, options->threads, err));
    table->schema = schema_ref(version_reader_schema(reader));
    TRY(timeline_open(&table->timeline, table->schema, &columns, err));
    TRY(choose(table, options, err));
    gathering.columns = table->column_count;
    TRY(read_all(table, reader, &gathering, err));
    TRY(timeline_settle(table->timeline, options->order, options->threads, err));
    TRY(NEW(&table->values, table->column_count, err));
    for (size_t i = 0; i < table->column_count; i++)
        TRY(join_parts(table, &gathering, i, err));
    struct point_rule rule = {table->view.ttl, options->strict_before, options->as_known};
    return point_in_time_open(&table->point, table->timeline, &rule, err);
}

enum status feature_table_load(struct feature_table *ret, struct store *store, const char *operand,
                               const struct feature_table_options *options, struct arena *arena,
                               struct err *err)
{
    *ret = (struct feature_table){0};
    TRY(reference_view(store, operand, &ret->view, &ret->version, arena, err));
    enum status status = load(ret, store, options, err);
    if (status == STATUS_OK) return STATUS_OK;
    if (status == STATUS_MEMORY)
        err_hint(err, "the version has %lld rows; give more --memory",
                 (long long)ret->version.rows);
    return fail_within(err, status, "version %lld of view \"%s\"", (long long)ret->version.number,
                       ret->view.name);
}

void feature_table_release(struct feature_table *table)
{
    for (size_t i = 0; table->values != NULL && i < table->column_count; i++)
        array_unref(&table->values[i]);
    memory_free(table->values);
    memory_free(table->columns);
    point_in_time_close(&table->point);
    timeline_close(&table->timeline);
    schema_unref(&table->schema);
    *table = (struct feature_table){0};
}
