/* features/diff.c: `tamis-features diff`: what is different between two versions. */
#include "features/commands.h"

#include "base/output.h"
#include "base/parallel.h"
#include "columnar/build.h"
#include "columnar/value_text.h"
#include "features/diff_stats.h"
#include "features/keyed_rows.h"
#include "features/row_text.h"
#include "lineage/sql.h"

struct diff_args {
    bool stats;
};

static const struct setting diff_options[] = {
    {.name = "stats",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct diff_args, stats),
     .help =
         "deviation, extremes and drift (PSI, Kolmogorov-Smirnov) of each column too; a dataset "
         "without a view is then compared without its rows"},
    {0},
};

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
    struct version versions[2];
    struct view *view; /* of the first; NULL = a dataset without keys */
    struct keyed_rows sides[2];
    struct profile profiles[2]; /* --stats */
    struct column *columns;
    size_t column_count;
    int64_t added, removed, changed, same;
    struct bytes left, right; /* values being compared */
};

static void diff_release(struct diff *diff)
{
    keyed_rows_close(&diff->sides[0]);
    keyed_rows_close(&diff->sides[1]);
    profile_release(&diff->profiles[0]);
    profile_release(&diff->profiles[1]);
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

static bool wants_stats(const struct diff *diff)
{
    return ((const struct diff_args *)diff->invocation->args)->stats;
}

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

/* ---- side by side ---- */

static enum status read_profiles(struct diff *diff, struct store *store, struct err *err)
{
    for (int side = 0; side < 2; side++)
        TRY(profile_version(&diff->profiles[side], store, &diff->versions[side],
                            &diff->invocation->common, err));
    return STATUS_OK;
}

static enum status add_line(struct diff_line *lines, size_t *count, const struct diff *diff,
                            const char *name)
{
    struct diff_line *line = &lines[(*count)++];
    *line = (struct diff_line){.name = name, .changed = -1};
    for (size_t i = 0; diff->view != NULL && i < diff->column_count; i++)
        if (strcmp(diff->columns[i].name, name) == 0) line->changed = diff->columns[i].changed;
    return STATUS_OK;
}

static enum status make_stats(const struct diff *diff, struct batch *ret, struct err *err)
{
    OWNED(memory_release) struct diff_line *lines = NULL;
    const struct schema *before = diff->profiles[0].schema, *after = diff->profiles[1].schema;
    size_t count = 0;
    TRY(NEW(&lines, before->count + after->count, err));
    for (size_t i = 0; i < before->count; i++)
        TRY(add_line(lines, &count, diff, before->fields[i].name));
    for (size_t i = 0; i < after->count; i++)
        if (schema_find(before, str_of(after->fields[i].name)) < 0)
            TRY(add_line(lines, &count, diff, after->fields[i].name));
    return diff_stats(ret, lines, count, &diff->profiles[0], &diff->profiles[1], diff->view, err);
}

static enum status append_text(const struct diff *diff, const struct batch *report,
                               struct bytes *ret, struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    if (wants_stats(diff))
        TRY(bytes_format(ret, err, "%lld rows before, %lld after\n",
                         (long long)diff->versions[0].rows, (long long)diff->versions[1].rows));
    if (diff->view != NULL)
        TRY(bytes_format(ret, err, "%lld rows added, %lld removed, %lld changed, %lld the same\n",
                         (long long)diff->added, (long long)diff->removed, (long long)diff->changed,
                         (long long)diff->same));
    TRY(bytes_append_text(ret, "\n", err));
    TRY(text_table_open(&table, report->schema, err));
    TRY(text_table_rows(table, report, 0, report->rows, ret, err));
    return text_table_end(table, ret, err);
}

static enum status append_json(const struct diff *diff, const struct batch *report,
                               struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "{", err));
    if (wants_stats(diff))
        TRY(bytes_format(ret, err, "\"rows_before\":%lld,\"rows_after\":%lld,",
                         (long long)diff->versions[0].rows, (long long)diff->versions[1].rows));
    if (diff->view != NULL)
        TRY(bytes_format(ret, err,
                         "\"added\":%lld,\"removed\":%lld,\"changed\":%lld,\"same\":%lld,",
                         (long long)diff->added, (long long)diff->removed, (long long)diff->changed,
                         (long long)diff->same));
    TRY(bytes_append_text(ret, "\"columns\":", err));
    TRY(json_array(report, ret, err));
    ret->size--; /* the newline of the array */
    return bytes_append_text(ret, "}\n", err);
}

static enum status show(const struct diff *diff, struct err *err)
{
    OWNED(batch_release) struct batch report = {0};
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 30);
    OWNED(output_close) struct output *output = NULL;
    TRY(wants_stats(diff) ? make_stats(diff, &report, err) : make_report(diff, &report, err));
    TRY(diff->invocation->common.json ? append_json(diff, &report, &text, err)
                                      : append_text(diff, &report, &text, err));
    TRY(output_open(&output, diff->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* ---- the command ---- */

/* The view behind "feature/NAME" too; *ret NULL where a dataset has none. */
static enum status find_view(struct view **ret, struct store *store, const char *operand,
                             struct arena *arena, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = true;
    const char *name = arena_text(arena, operand, strcspn(operand, "@"));
    *ret = NULL;
    if (name == NULL) return fail_memory(err, strlen(operand));
    if (strncmp(name, "tamis:", 6) == 0) name += 6;
    if (strchr(name, '/') != NULL) {
        TRY(sql_open(store, &rows, err, "SELECT view FROM views WHERE dataset = ? LIMIT 1", "t",
                     name));
        TRY(sql_next(store, rows, &row, err));
        if (row) name = arena_text(arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    }
    if (!row) return STATUS_OK;
    *ret = arena_get(arena, 1, sizeof **ret);
    if (name == NULL || *ret == NULL) return fail_memory(err, sizeof **ret);
    return view_find(*ret, store, name, arena, err);
}

static enum status open_rows(struct diff *diff, struct store *store, struct view *const *views,
                             struct err *err)
{
    size_t threads = parallel_threads((size_t)diff->invocation->common.threads), column;
    for (int side = 0; side < 2; side++)
        TRY(keyed_rows_open(&diff->sides[side], store, views[side], &diff->versions[side], threads,
                            err));
    if (key_layouts_agree(&diff->sides[0].layout, &diff->sides[1].layout, &column))
        return STATUS_OK;
    return fail(err, STATUS_USAGE, "the two versions have different keys or types of keys");
}

static enum status compare_all_rows(struct diff *diff, struct store *store,
                                    struct view *const *views, struct err *err)
{
    diff->view = views[0];
    TRY(open_rows(diff, store, views, err));
    TRY(list_columns(diff, err));
    return walk(diff, err);
}

static enum status compare(struct diff *diff, struct store *store, struct err *err)
{
    const struct invocation *invocation = diff->invocation;
    struct view *views[2];
    for (int side = 0; side < 2; side++) {
        const char *operand = invocation->operands[side];
        TRY(reference_version(store, operand, &diff->versions[side], invocation->arena, err));
        TRY(find_view(&views[side], store, operand, invocation->arena, err));
    }
    bool keyed = views[0] != NULL && views[1] != NULL;
    if (keyed) TRY(compare_all_rows(diff, store, views, err));
    if (wants_stats(diff)) return read_profiles(diff, store, err);
    if (keyed) return STATUS_OK;
    fail(err, STATUS_USAGE, "dataset \"%s\" has no view, so its rows have no keys",
         diff->versions[views[0] == NULL ? 0 : 1].dataset);
    err_hint(err, "--stats compares columns without keys");
    return STATUS_USAGE;
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
    TRY(compare(&diff, store, err));
    return show(&diff, err);
}

const struct command diff_command = {
    .name = "diff",
    .operands = "VIEW|DATASET[@REF] VIEW|DATASET[@REF]",
    .summary = "compare two versions row by row and column by column",
    .details = "Rows are the same row when entity, event time and created time are equal. Columns "
               "are told by type, changed values, nulls and mean. Provenance columns count too. "
               "Distributions for --stats are of all rows up to 131,072, then of a sample of them "
               "that a hash of the row's place chooses.",
    .examples = "tamis-features diff user_activity@prod user_activity\n"
                "tamis-features diff --stats raw/activity@3 raw/activity",
    .options = diff_options,
    .args_bytes = sizeof(struct diff_args),
    .operands_minimum = 2,
    .operands_maximum = 2,
    .run = diff_run,
    .common_without = "emit|explain|as-of|seed|no-store",
};
