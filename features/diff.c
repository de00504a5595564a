/* features/diff.c: `tamis-features diff`: what is different between two versions. */
#include "features/commands.h"

#include "base/output.h"
#include "base/parallel.h"
#include "columnar/build.h"
#include "columnar/value_text.h"
#include "features/keyed_rows.h"
#include "features/row_text.h"

/* What both versions say about one column. */
struct column {
    const char *name;
    int64_t place[2]; /* in each version, -1 = not there */
    int64_t changed;  /* rows with the same key and another value */
    int64_t rows[2], nulls[2];
    double sum[2]; /* of numbers, in row order */
    int64_t numbers[2];
};

struct diff {
    const struct invocation *invocation;
    struct keyed_rows sides[2];
    struct column *columns;
    size_t column_count;
    int64_t added, removed, changed, same;
    struct bytes left, right; /* values being compared */
};

static void diff_release(struct diff *diff)
{
    keyed_rows_close(&diff->sides[0]);
    keyed_rows_close(&diff->sides[1]);
    memory_free(diff->columns);
    bytes_release(&diff->left);
    bytes_release(&diff->right);
}

/* ---- columns ---- */

static enum status list_columns(struct diff *diff, struct err *err)
{
    const struct schema *before = diff->sides[0].schema, *after = diff->sides[1].schema;
    TRY(NEW(&diff->columns, before->count + after->count, err));
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->fields[i].name;
        diff->columns[diff->column_count++] =
            (struct column){.name = name, .place = {(int64_t)i, schema_find(after, str_of(name))}};
    }
    for (size_t i = 0; i < after->count; i++)
        if (schema_find(before, str_of(after->fields[i].name)) < 0)
            diff->columns[diff->column_count++] =
                (struct column){.name = after->fields[i].name, .place = {-1, (int64_t)i}};
    return STATUS_OK;
}

static const struct field *field_of_side(const struct diff *diff, const struct column *column,
                                         int side)
{
    return &diff->sides[side].schema->fields[column->place[side]];
}

/* ---- rows ---- */

static void count_row(struct diff *diff, int side)
{
    const struct keyed_rows *rows = &diff->sides[side];
    for (size_t i = 0; i < diff->column_count; i++) {
        struct column *column = &diff->columns[i];
        double value;
        if (column->place[side] < 0) continue;
        const struct field *field = field_of_side(diff, column, side);
        const struct array *array = rows->batch.columns[column->place[side]];
        column->rows[side]++;
        column->nulls[side] += value_is_null(field, array, rows->row);
        if (!type_is_number(field->type.id) || !array_number_at(field, array, rows->row, &value))
            continue;
        column->sum[side] += value;
        column->numbers[side]++;
    }
}

static enum status value_of(const struct diff *diff, const struct column *column, int side,
                            struct bytes *ret, struct err *err)
{
    const struct keyed_rows *rows = &diff->sides[side];
    ret->size = 0;
    return value_json(field_of_side(diff, column, side), rows->batch.columns[column->place[side]],
                      rows->row, ret, err);
}

/* Two rows of the same key. */
static enum status compare_rows(struct diff *diff, struct err *err)
{
    bool differs = false;
    for (size_t i = 0; i < diff->column_count; i++) {
        struct column *column = &diff->columns[i];
        if (column->place[0] < 0 || column->place[1] < 0) continue;
        TRY(value_of(diff, column, 0, &diff->left, err));
        TRY(value_of(diff, column, 1, &diff->right, err));
        bool equal = diff->left.size == diff->right.size &&
                     memcmp(diff->left.data, diff->right.data, diff->left.size) == 0;
        column->changed += !equal;
        differs |= !equal;
    }
    diff->changed += differs;
    diff->same += !differs;
    return STATUS_OK;
}

static enum status step(struct diff *diff, int side, struct err *err)
{
    count_row(diff, side);
    return keyed_rows_next(&diff->sides[side], err);
}

static enum status walk(struct diff *diff, struct err *err)
{
    struct keyed_rows *before = &diff->sides[0], *after = &diff->sides[1];
    while (!before->end || !after->end) {
        int order = before->end ? 1 : after->end ? -1 : str_compare(before->key, after->key);
        if (order == 0) TRY(compare_rows(diff, err));
        diff->removed += order < 0;
        diff->added += order > 0;
        if (order <= 0) TRY(step(diff, 0, err));
        if (order >= 0) TRY(step(diff, 1, err));
    }
    return STATUS_OK;
}

/* ---- the report ---- */

static enum status report_schema(struct schema **ret, struct err *err)
{
    static const struct {
        const char *name;
        enum type_id type;
    } columns[] = {{"column", TYPE_UTF8},         {"before", TYPE_UTF8},
                   {"after", TYPE_UTF8},          {"changed", TYPE_INT64},
                   {"nulls_before", TYPE_INT64},  {"nulls_after", TYPE_INT64},
                   {"mean_before", TYPE_FLOAT64}, {"mean_after", TYPE_FLOAT64}};
    TRY(schema_new(ret, err));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        TRY(schema_add_column(*ret, columns[i].name, columns[i].type, err));
    return STATUS_OK;
}

static enum status add_side(const struct diff *diff, const struct column *column, int side,
                            struct batch_builder *report, struct err *err)
{
    struct builder *type = batch_builder_column(report, 1 + (size_t)side);
    struct builder *nulls = batch_builder_column(report, 4 + (size_t)side);
    struct builder *mean = batch_builder_column(report, 6 + (size_t)side);
    char text[128];
    if (column->place[side] < 0) {
        TRY(build_null(type, err));
        TRY(build_null(nulls, err));
        return build_null(mean, err);
    }
    field_type_text(field_of_side(diff, column, side), text, sizeof text);
    TRY(build_text(type, str_of(text), err));
    TRY(build_int(nulls, column->nulls[side], err));
    if (column->numbers[side] == 0) return build_null(mean, err);
    return build_real(mean, column->sum[side] / (double)column->numbers[side], err);
}

static enum status make_report(const struct diff *diff, struct batch *ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *report = NULL;
    TRY(report_schema(&schema, err));
    TRY(batch_builder_open(&report, schema, (int64_t)diff->column_count, err));
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct column *column = &diff->columns[i];
        TRY(build_text(batch_builder_column(report, 0), str_of(column->name), err));
        TRY(build_int(batch_builder_column(report, 3), column->changed, err));
        TRY(add_side(diff, column, 0, report, err));
        TRY(add_side(diff, column, 1, report, err));
    }
    return batch_builder_finish(report, ret, err);
}

static enum status append_text(const struct diff *diff, const struct batch *report,
                               struct bytes *ret, struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    TRY(bytes_format(ret, err, "%lld rows added, %lld removed, %lld changed, %lld the same\n\n",
                     (long long)diff->added, (long long)diff->removed, (long long)diff->changed,
                     (long long)diff->same));
    TRY(text_table_open(&table, report->schema, err));
    TRY(text_table_rows(table, report, 0, report->rows, ret, err));
    return text_table_end(table, ret, err);
}

static enum status append_json(const struct diff *diff, const struct batch *report,
                               struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err,
                     "{\"added\":%lld,\"removed\":%lld,\"changed\":%lld,\"same\":%lld,\"columns\":",
                     (long long)diff->added, (long long)diff->removed, (long long)diff->changed,
                     (long long)diff->same));
    TRY(json_array(report, ret, err));
    ret->size--; /* the newline of the array */
    return bytes_append_text(ret, "}\n", err);
}

static enum status show(const struct diff *diff, struct err *err)
{
    OWNED(batch_release) struct batch report = {0};
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 30);
    OWNED(output_close) struct output *output = NULL;
    TRY(make_report(diff, &report, err));
    TRY(diff->invocation->common.json ? append_json(diff, &report, &text, err)
                                      : append_text(diff, &report, &text, err));
    TRY(output_open(&output, diff->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* ---- the command ---- */

static enum status open_sides(struct diff *diff, struct store *store, struct err *err)
{
    const struct invocation *invocation = diff->invocation;
    size_t threads = parallel_threads((size_t)invocation->common.threads), column;
    for (int side = 0; side < 2; side++) {
        struct view view;
        struct version version;
        TRY(reference_view(store, invocation->operands[side], &view, &version, invocation->arena,
                           err));
        struct view *kept = arena_get(invocation->arena, 1, sizeof *kept);
        if (kept == NULL) return fail_memory(err, sizeof *kept);
        *kept = view;
        TRY(keyed_rows_open(&diff->sides[side], store, kept, &version, threads, err));
    }
    if (key_layouts_agree(&diff->sides[0].layout, &diff->sides[1].layout, &column))
        return STATUS_OK;
    return fail(err, STATUS_USAGE, "the two versions have different keys or types of keys");
}

static enum status diff_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(diff_release)
    struct diff diff = {.invocation = invocation,
                        .left = bytes_limited((size_t)1 << 32),
                        .right = bytes_limited((size_t)1 << 32)};
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    TRY(open_sides(&diff, store, err));
    TRY(list_columns(&diff, err));
    TRY(walk(&diff, err));
    return show(&diff, err);
}

const struct command diff_command = {
    .name = "diff",
    .operands = "VIEW[@REF] VIEW[@REF]",
    .summary = "compare two versions row by row and column by column",
    .details = "Rows are the same row when entity, event time and created time are equal. Columns "
               "are told by type, changed values, nulls and mean. Provenance columns count too.",
    .examples = "tamis-features diff user_activity@prod user_activity",
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = diff_run,
    .common_without = "explain|as-of|seed|no-store",
};
