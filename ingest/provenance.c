/* ingest/provenance.c: the rows of several sources under one schema, each with its source and
 * record number (design section 3). */
#include "ingest/provenance.h"

#include <stdio.h>

#define ABSENT SIZE_MAX /* place of a column that a source does not have */

struct provenance {
    struct schema *schema;
    size_t columns; /* of the sources */
    bool wanted;
    size_t *order;             /* [source x columns]: where an output column is in that source */
    struct array **dictionary; /* of each source: its name alone */
    size_t count;
};

/* ---- one schema ---- */

/* What all sources are held against: the first one, or the rows that are there already. */
struct model {
    const struct schema *schema;
    const char *name;
    bool absent_is_null;
};

static enum status check_names(const struct model *model, const struct schema *other,
                               const char *name, struct err *err)
{
    const struct schema *schema = model->schema;
    for (size_t i = 0; i < schema->count && !model->absent_is_null; i++)
        if (schema_find(other, str_of(schema->fields[i].name)) < 0)
            return fail(err, STATUS_FAILED, "source \"%s\" has no column \"%s\", which %s has",
                        name, schema->fields[i].name, model->name);
    for (size_t i = 0; i < other->count; i++)
        if (schema_find(schema, str_of(other->fields[i].name)) < 0)
            return fail(err, STATUS_FAILED, "source \"%s\" has a column \"%s\", which %s has not",
                        name, other->fields[i].name, model->name);
    return STATUS_OK;
}

static enum status check_types(const struct model *model, const struct schema *other,
                               const char *name, struct err *err)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct field *b = &other->fields[i];
        const struct field *a = &model->schema->fields[schema_find(model->schema, str_of(b->name))];
        char here[128], there[128];
        if (field_equal(a, b)) continue;
        return fail(err, STATUS_FAILED, "column \"%s\" is %s in %s and %s in \"%s\"", a->name,
                    field_type_text(a, here, sizeof here), model->name,
                    field_type_text(b, there, sizeof there), name);
    }
    return STATUS_OK;
}

static enum status agree(const struct source_kind *kind, struct source *const *sources,
                         const char *const *names, size_t count, const struct schema *expected,
                         const char *expected_name, struct err *err)
{
    char first[280];
    struct model model = {expected, expected_name, expected != NULL && kind->by_name};
    if (count > 1 && kind->unify != NULL) TRY(kind->unify(sources, count, err));
    snprintf(first, sizeof first, "\"%s\"", names[0]);
    if (expected == NULL) model = (struct model){kind->schema(sources[0]), first, false};
    for (size_t i = expected == NULL; i < count; i++) {
        enum status status = check_names(&model, kind->schema(sources[i]), names[i], err);
        if (status == STATUS_OK)
            status = check_types(&model, kind->schema(sources[i]), names[i], err);
        if (status == STATUS_OK) continue;
        if (expected != NULL)
            err_hint(err, "rows of other columns or types go into a dataset of their own (--into), "
                          "or become rejects: --on-drift reject");
        else
            err_hint(err, "ingest files of different columns one after the other");
        return status;
    }
    return STATUS_OK;
}

/* A pair that the rows brought along stays, as "origin._source" and "origin._record": _source and
 * _record are where this run read them. */
static enum status origin_name(const struct schema *first, const char *name, struct arena *arena,
                               const char **ret, struct err *err)
{
    *ret = name;
    bool ours = strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0;
    while (ours && schema_find(first, str_of(*ret)) >= 0) {
        *ret = arena_format(arena, "origin.%s", *ret);
        if (*ret == NULL) return fail_memory(err, strlen(name));
    }
    return STATUS_OK;
}

static enum status add_origins(struct schema *schema, const struct schema *first, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    TRY(arena_open(&arena, err));
    for (size_t i = 0; i < first->count; i++) {
        struct field field = first->fields[i];
        TRY(origin_name(first, field.name, arena, &field.name, err));
        TRY(schema_add(schema, &field, err));
    }
    for (size_t i = 0; i < first->metadata.count; i++)
        TRY(schema_add_metadata(schema, first->metadata.pairs[i].key,
                                first->metadata.pairs[i].value, err));
    return STATUS_OK;
}

static enum status add_columns(struct schema *schema, const struct schema *first, struct err *err)
{
    TRY(add_origins(schema, first, err));
    struct field source = field_dictionary(COLUMN_SOURCE);
    struct field record = field_of(COLUMN_RECORD, TYPE_INT64);
    TRY(schema_add(schema, &source, err));
    return schema_add(schema, &record, err);
}

static enum status name_array(const char *name, struct array **ret, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    struct field field = field_of(COLUMN_SOURCE, TYPE_UTF8);
    TRY(builder_open(&builder, &field, 1, err));
    TRY(build_text(builder, str_of(name), err));
    return builder_finish(builder, ret, err);
}

enum status provenance_open_as(struct provenance **ret, const struct schema *schema,
                               const char *const *names, size_t count, bool wanted, struct err *err)
{
    OWNED(provenance_close) struct provenance *provenance = NULL;
    size_t places;
    TRY(NEW(&provenance, 1, err));
    provenance->columns = schema->count;
    provenance->count = count;
    provenance->wanted = wanted;
    if (__builtin_mul_overflow(count, schema->count, &places)) return fail_memory(err, SIZE_MAX);
    TRY(NEW(&provenance->order, places, err));
    TRY(NEW(&provenance->dictionary, count, err));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < schema->count; k++)
            provenance->order[i * schema->count + k] = k;
        TRY(name_array(names[i], &provenance->dictionary[i], err));
    }
    if (!wanted) {
        TRY(schema_copy(&provenance->schema, schema, err));
    } else {
        TRY(schema_new(&provenance->schema, err));
        TRY(add_columns(provenance->schema, schema, err));
    }
    *ret = provenance;
    provenance = NULL;
    return STATUS_OK;
}

enum status provenance_open(struct provenance **ret, const struct source_kind *kind,
                            struct source *const *sources, const char *const *names, size_t count,
                            const struct schema *expected, const char *expected_name, bool wanted,
                            struct err *err)
{
    TRY(agree(kind, sources, names, count, expected, expected_name, err));
    const struct schema *first = expected != NULL ? expected : kind->schema(sources[0]);
    TRY(provenance_open_as(ret, first, names, count, wanted, err));
    for (size_t i = 0; i < count; i++) {
        const struct schema *schema = kind->schema(sources[i]);
        for (size_t k = 0; k < first->count; k++) {
            int64_t place = schema_find(schema, str_of(first->fields[k].name));
            (*ret)->order[i * first->count + k] = place < 0 ? ABSENT : (size_t)place;
        }
    }
    return STATUS_OK;
}

const struct schema *provenance_schema(const struct provenance *provenance)
{
    return provenance->schema;
}

/* ---- the two columns ---- */

static enum status source_column(const struct provenance *provenance, size_t source, int64_t rows,
                                 struct array **ret, struct err *err)
{
    struct buffer indices = {0}, none = {0};
    TRY(buffer_new(&indices, (size_t)rows * sizeof(int32_t), err)); /* all 0: the one name */
    return array_make(ret, rows, 0, none, &indices, 1, NULL, 0,
                      array_ref(provenance->dictionary[source]), err);
}

static enum status record_column(const int64_t *records, int64_t rows, struct array **ret,
                                 struct err *err)
{
    struct buffer values = {0}, none = {0};
    TRY(buffer_new(&values, (size_t)rows * sizeof *records, err));
    memcpy(buffer_writable(&values), records, (size_t)rows * sizeof *records);
    return array_make(ret, rows, 0, none, &values, 1, NULL, 0, NULL, err);
}

/* Columns of nulls where a source has none. */
struct absent {
    struct array **columns;
    size_t count;
};

static void absent_release(struct absent *absent)
{
    for (size_t i = 0; i < absent->count; i++)
        array_unref(&absent->columns[i]);
    memory_free(absent->columns);
}

static enum status absent_column(const struct field *field, int64_t rows, struct array **ret,
                                 struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, rows, err));
    for (int64_t row = 0; row < rows; row++)
        TRY(build_null(builder, err));
    return builder_finish(builder, ret, err);
}

static enum status absent_make(const struct provenance *provenance, const size_t *order,
                               int64_t rows, struct absent *ret, struct err *err)
{
    for (size_t i = 0; i < provenance->columns; i++) {
        if (order[i] != ABSENT) continue;
        if (ret->columns == NULL) TRY(NEW(&ret->columns, provenance->columns, err));
        ret->count = provenance->columns;
        TRY(absent_column(&provenance->schema->fields[i], rows, &ret->columns[i], err));
    }
    return STATUS_OK;
}

enum status provenance_add(const struct provenance *provenance, size_t source,
                           const struct source_rows *rows, struct batch *ret, struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    OWNED(absent_release) struct absent absent = {0};
    OWNED(array_unref) struct array *sources = NULL;
    OWNED(array_unref) struct array *records = NULL;
    TRY(NEW(&columns, provenance->columns + 2, err));
    const size_t *order = provenance->order + source * provenance->columns;
    TRY(absent_make(provenance, order, rows->batch.rows, &absent, err));
    for (size_t i = 0; i < provenance->columns; i++)
        columns[i] = order[i] == ABSENT ? absent.columns[i] : rows->batch.columns[order[i]];
    if (provenance->wanted) {
        TRY(source_column(provenance, source, rows->batch.rows, &sources, err));
        TRY(record_column(rows->records, rows->batch.rows, &records, err));
        columns[provenance->columns] = sources;
        columns[provenance->columns + 1] = records;
    }
    return batch_make(ret, provenance->schema, rows->batch.rows, columns, err);
}

void provenance_close(struct provenance **provenance)
{
    struct provenance *p = *provenance;
    if (p == NULL) return;
    for (size_t i = 0; p->dictionary != NULL && i < p->count; i++)
        array_unref(&p->dictionary[i]);
    memory_free(p->dictionary);
    memory_free(p->order);
    schema_unref(&p->schema);
    memory_free(p);
    *provenance = NULL;
}
