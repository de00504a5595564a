/* tests/fuzz/use_steps.c: steps of a recipe over a small table. */
#include "use_steps.h"

#include <stdio.h>

enum { ROWS = 20 };

static enum status build_row(struct batch_builder *builder, int64_t row, struct err *err)
{
    char text[32];
    struct builder *x = batch_builder_column(builder, 0);
    TRY(row % 6 == 4 ? build_null(x, err) : build_int(x, row - 3, err));
    TRY(build_real(batch_builder_column(builder, 1), row == 7 ? 1e9 : (double)row / 4, err));
    snprintf(text, sizeof text, "word%d a@b%d.org", (int)(row % 4), (int)row);
    struct builder *s = batch_builder_column(builder, 2);
    TRY(row % 7 == 5 ? build_null(s, err) : build_text(s, str_of(text), err));
    TRY(build_text(batch_builder_column(builder, 3), str_of(row % 3 == 0 ? "cat" : "dog"), err));
    TRY(build_int(batch_builder_column(builder, 4), 1700000000000000 + row * 86400000000, err));
    return build_bool(batch_builder_column(builder, 5), row % 2 == 0, err);
}

enum status fuzz_rows(struct batch *ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    static const struct {
        const char *name;
        enum type_id type;
    } columns[] = {{"x", TYPE_INT64},    {"y", TYPE_FLOAT64},    {"s", TYPE_UTF8},
                   {"label", TYPE_UTF8}, {"at", TYPE_TIMESTAMP}, {"flag", TYPE_BOOL}};
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        TRY(schema_add_column(schema, columns[i].name, columns[i].type, err));
    TRY(batch_builder_open(&builder, schema, 0, err));
    for (int64_t row = 0; row < ROWS; row++)
        TRY(build_row(builder, row, err));
    return batch_builder_finish(builder, ret, err);
}

enum status fuzz_null_row(const struct schema *schema, struct batch *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(batch_builder_open(&builder, schema, 0, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(build_null(batch_builder_column(builder, i), err));
    return batch_builder_finish(builder, ret, err);
}

enum status fuzz_chain_open(struct chain *ret, const struct recipe *recipe,
                            const struct schema *schema, struct err *err)
{
    static const uint8_t secret[16] = {1};
    const struct step_options options = {
        .threads = 1, .memory = 32u << 20, .as_of = INT64_MIN, .secret = secret};
    return chain_open(ret, recipe, schema, &options, err);
}

static enum status apply_step(const struct step *step, struct batch *rows, struct err *err)
{
    OWNED(change_release) struct change change = {0};
    struct window window = {.batch = rows};
    struct batch after = {0};
    (void)schema_provenance(rows->schema, &window.source_column, &window.record_column);
    TRY(change_open(&change, &window, step->after, err));
    TRY(step_apply(step, &window, &change, err));
    TRY(change_result(&change, &after, err));
    batch_release(rows);
    *rows = after;
    return STATUS_OK;
}

enum status fuzz_apply(const struct chain *chain, const struct batch *rows, struct err *err)
{
    OWNED(batch_release) struct batch left = {0};
    TRY(batch_slice(&left, rows, 0, rows->rows, err));
    for (size_t i = 0; i < chain->count; i++) {
        const struct step *step = &chain->steps[i];
        if (!step_is_open(step) || !step->settled) return STATUS_OK;
        TRY(apply_step(step, &left, err));
    }
    return STATUS_OK;
}
