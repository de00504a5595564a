/* clean/inverse.c: undoes what the normalize steps of a saved state did to columns. */
#include "clean/inverse.h"

#include "clean/normalize_power.h"
#include "clean/normalize_quantile.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum undo_kind {
    UNDO_SCALE,
    UNDO_LOG,
    UNDO_QUANTILE,
    UNDO_POWER,
    UNDO_BIN,
    UNDO_CODES,
    UNDO_ONE_HOT
};

/* One column of one step. */
struct undo {
    enum undo_kind kind;
    struct field field; /* as it was before the step */
    size_t at;          /* its column, or the first indicator, in the schema that reaches it */
    double offset, scale;
    bool box_cox, normal;
    double lambda;
    double *values; /* quantiles or edges */
    size_t count;   /* of them, or of the categories */
    const struct str *words;
    const size_t *indicators; /* columns; SIZE_MAX = left out (the skipped one) */
    struct schema *after;
};

struct inverse {
    struct undo *undos;
    size_t count, room;
    const struct schema *before;
    struct arena *arena;
    atomic_int_fast64_t cells;
};

/* ---- from parameters ---- */

static enum status read_values(struct inverse *inverse, struct undo *undo,
                               const struct yaml_node *node, const char *name, struct err *err)
{
    const struct yaml_node *list = yaml_get(node, name);
    if (list == NULL || list->kind != YAML_LIST || list->count == 0)
        return fail_at(node, err, "no list \"%s\"", name);
    undo->count = list->count;
    undo->values = arena_get(inverse->arena, undo->count, sizeof *undo->values);
    if (undo->values == NULL) return fail_memory(err, undo->count * sizeof *undo->values);
    return get_reals(node, name, undo->values, undo->count, err);
}

static enum status read_words(struct inverse *inverse, struct undo *undo,
                              const struct yaml_node *node, struct err *err)
{
    const struct yaml_node *list = yaml_get(node, "categories");
    int64_t other;
    if (list == NULL || list->kind != YAML_LIST)
        return fail_at(node, err, "no list \"categories\"");
    TRY(get_integer(node, "other", &other, err));
    struct str *words = arena_get(inverse->arena, list->count + 1, sizeof *words);
    if (words == NULL) return fail_memory(err, list->count);
    for (size_t k = 0; k < list->count; k++)
        words[k] = list->items[k]->text;
    if (other != 0) words[list->count] = str_of("other");
    undo->words = words;
    undo->count = list->count + (other != 0);
    return STATUS_OK;
}

static enum status read_scale(struct undo *undo, const struct yaml_node *node, struct err *err)
{
    TRY(get_real(node, "offset", &undo->offset, err));
    return get_real(node, "scale", &undo->scale, err);
}

static bool says(const struct yaml_node *node, const char *key, const char *word)
{
    const struct yaml_node *value = yaml_get(node, key);
    return value != NULL && str_is(value->text, word);
}

static const struct {
    const char *method;
    enum undo_kind kind;
} kinds[] = {{"standard", UNDO_SCALE}, {"minmax", UNDO_SCALE}, {"robust", UNDO_SCALE},
             {"maxabs", UNDO_SCALE},   {"log", UNDO_LOG},      {"quantile", UNDO_QUANTILE},
             {"power", UNDO_POWER},    {"bin", UNDO_BIN},      {"ordinal", UNDO_CODES},
             {"one-hot", UNDO_ONE_HOT}};

static enum status find_kind(const struct yaml_node *parameters, enum undo_kind *ret,
                             struct err *err)
{
    struct str method;
    TRY(get_text(parameters, "method", &method, err));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_is(method, kinds[i].method)) {
            *ret = kinds[i].kind;
            return STATUS_OK;
        }
    fail(err, STATUS_USAGE, "method %.*s loses what would be needed to undo it", (int)method.size,
         method.data);
    err_hint(err, "--step N undoes one other step");
    return STATUS_USAGE;
}

static enum status read_undo(struct inverse *inverse, struct undo *undo,
                             const struct yaml_node *node, struct err *err)
{
    switch (undo->kind) {
    case UNDO_SCALE: return read_scale(undo, node, err);
    case UNDO_LOG: return STATUS_OK;
    case UNDO_QUANTILE:
        undo->normal = says(node, "distribution", "normal");
        return read_values(inverse, undo, node, "quantiles", err);
    case UNDO_POWER:
        undo->box_cox = says(node, "power", "box-cox");
        TRY(get_real(node, "lambda", &undo->lambda, err));
        return read_scale(undo, node, err);
    case UNDO_BIN: return read_values(inverse, undo, node, "edges", err);
    case UNDO_CODES:
    case UNDO_ONE_HOT: return read_words(inverse, undo, node, err);
    }
    return STATUS_OK;
}

static enum status read_field(struct inverse *inverse, struct undo *undo, struct str name,
                              const struct yaml_node *node, struct err *err)
{
    struct str type;
    TRY(get_text(node, "type", &type, err));
    TRY(field_type_parse(type, &undo->field, err));
    undo->field.nullable = true;
    undo->field.name = arena_text(inverse->arena, name.data, name.size);
    return undo->field.name == NULL ? fail_memory(err, name.size) : STATUS_OK;
}

/* ---- where the columns are ---- */

/* Indicators are named "column=word"; the one that was skipped has no column. */
static enum status find_indicators(struct inverse *inverse, struct undo *undo,
                                   const struct schema *schema, bool *ret_found, struct err *err)
{
    size_t *indicators = arena_get(inverse->arena, undo->count, sizeof *indicators), missing = 0;
    if (indicators == NULL) return fail_memory(err, undo->count);
    undo->at = SIZE_MAX;
    for (size_t k = 0; k < undo->count; k++) {
        const char *name = arena_format(inverse->arena, "%s=%.*s", undo->field.name,
                                        (int)undo->words[k].size, undo->words[k].data);
        if (name == NULL) return fail_memory(err, undo->words[k].size);
        int64_t at = schema_find(schema, str_of(name));
        indicators[k] = at < 0 ? SIZE_MAX : (size_t)at;
        missing += at < 0;
        if (at >= 0 && (size_t)at < undo->at) undo->at = (size_t)at;
    }
    undo->indicators = indicators;
    *ret_found =
        undo->at != SIZE_MAX && (missing == 0 || (missing == 1 && indicators[0] == SIZE_MAX));
    return STATUS_OK;
}

static bool is_indicator(const struct undo *undo, size_t column)
{
    if (undo->kind != UNDO_ONE_HOT) return false;
    for (size_t k = 0; k < undo->count; k++)
        if (undo->indicators[k] == column) return true;
    return false;
}

static enum status make_schema(struct undo *undo, const struct schema *before, struct err *err)
{
    TRY(schema_new(&undo->after, err));
    for (size_t i = 0; i < before->count; i++) {
        if (i == undo->at)
            TRY(schema_add(undo->after, &undo->field, err));
        else if (!is_indicator(undo, i))
            TRY(schema_add(undo->after, &before->fields[i], err));
    }
    for (size_t i = 0; i < before->metadata.count; i++)
        TRY(schema_add_metadata(undo->after, before->metadata.pairs[i].key,
                                before->metadata.pairs[i].value, err));
    return STATUS_OK;
}

/* What a step left is a number. */
static enum status find_column(struct inverse *inverse, struct undo *undo,
                               const struct schema *schema, bool *ret_found, struct err *err)
{
    if (undo->kind == UNDO_ONE_HOT) return find_indicators(inverse, undo, schema, ret_found, err);
    int64_t at = schema_find(schema, str_of(undo->field.name));
    *ret_found = at >= 0;
    if (at < 0) return STATUS_OK;
    undo->at = (size_t)at;
    if (field_is_number(&schema->fields[at])) return STATUS_OK;
    char type[64];
    return fail(err, STATUS_USAGE, "column \"%s\" is %s, expected the numbers normalize left",
                undo->field.name, field_type_text(&schema->fields[at], type, sizeof type));
}

static const struct schema *schema_now(const struct inverse *inverse)
{
    return inverse->count == 0 ? inverse->before : inverse->undos[inverse->count - 1].after;
}

static enum status add_undo(struct inverse *inverse, enum undo_kind kind, struct str name,
                            const struct yaml_node *node, bool absent_ok, struct err *err)
{
    struct undo undo = {.kind = kind};
    bool found = false;
    TRY(read_field(inverse, &undo, name, node, err));
    TRY(read_undo(inverse, &undo, node, err));
    TRY(find_column(inverse, &undo, schema_now(inverse), &found, err));
    if (!found && absent_ok) return STATUS_OK;
    if (!found)
        return fail(err, STATUS_USAGE, "column \"%s\" is not as normalize left it",
                    undo.field.name);
    enum status status = make_schema(&undo, schema_now(inverse), err);
    if (status == STATUS_OK && inverse->count == inverse->room) {
        size_t room = inverse->room * 2 + 16;
        struct undo *undos = memory_resize(inverse->undos, room, sizeof *undos);
        if (undos == NULL) status = fail_memory(err, room * sizeof *undos);
        if (undos != NULL) inverse->undos = undos;
        if (undos != NULL) inverse->room = room;
    }
    if (status == STATUS_OK)
        inverse->undos[inverse->count++] = undo;
    else
        schema_unref(&undo.after);
    return status;
}

static enum status add_step(struct inverse *inverse, const struct yaml_node *saved, bool absent_ok,
                            struct err *err)
{
    const struct yaml_node *parameters = yaml_get(saved, "parameters"), *columns;
    enum undo_kind kind;
    if (parameters == NULL || yaml_get(parameters, "method") == NULL)
        return STATUS_OK; /* pictures */
    TRY(find_kind(parameters, &kind, err));
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < columns->count; i++)
        TRY(add_undo(inverse, kind, columns->keys[i]->text, columns->items[i], absent_ok, err));
    return STATUS_OK;
}

/* ---- opening ---- */

static bool is_normalize(const struct yaml_node *saved)
{
    return saved->kind == YAML_MAP && saved->count > 0 && str_is(saved->keys[0]->text, "normalize");
}

static enum status open_inverse(struct inverse *inverse, const struct state *state, int64_t step,
                                bool absent_ok, const struct schema *schema, struct err *err)
{
    const struct yaml_node *steps = state_steps(state);
    TRY(arena_open(&inverse->arena, err));
    inverse->before = schema_ref(schema);
    bool any = false;
    for (size_t i = steps->count; i-- > 0;) {
        if (step > 0 && (int64_t)i + 1 != step) continue;
        if (!is_normalize(steps->items[i])) continue;
        any = true;
        enum status status = add_step(inverse, steps->items[i], absent_ok, err);
        if (status != STATUS_OK) return fail_within(err, status, "step %zu (normalize)", i + 1);
    }
    if (!any && step > 0)
        return fail(err, STATUS_USAGE, "step %lld is no normalize step of the state",
                    (long long)step);
    if (!any) return fail(err, STATUS_USAGE, "no normalize step in the state");
    if (inverse->count > 0) return STATUS_OK;
    return fail(err, STATUS_USAGE, "none of the columns that were normalized is here");
}

enum status inverse_open(struct inverse **ret, const struct state *state, int64_t step,
                         bool absent_ok, const struct schema *schema, struct err *err)
{
    OWNED(inverse_close) struct inverse *inverse = NULL;
    TRY(NEW(&inverse, 1, err));
    TRY(open_inverse(inverse, state, step, absent_ok, schema, err));
    *ret = inverse;
    inverse = NULL;
    return STATUS_OK;
}

const struct schema *inverse_schema(const struct inverse *inverse)
{
    return schema_now(inverse);
}

int64_t inverse_cells(const struct inverse *inverse)
{
    return atomic_load(&inverse->cells);
}

void inverse_close(struct inverse **inverse)
{
    struct inverse *i = *inverse;
    if (i == NULL) return;
    for (size_t k = 0; k < i->count; k++)
        schema_unref(&i->undos[k].after);
    schema_unref((struct schema **)(void *)&i->before);
    memory_free(i->undos);
    arena_close(&i->arena);
    memory_free(i);
    *inverse = NULL;
}

/* ---- values ---- */

static double undone(const struct undo *undo, double y)
{
    const struct quantile_map map = {undo->values, undo->count, undo->normal};
    switch (undo->kind) {
    case UNDO_SCALE: return y * undo->scale + undo->offset;
    case UNDO_LOG: return copysign(expm1(fabs(y)), y);
    case UNDO_QUANTILE: return quantile_map_back(&map, y);
    case UNDO_POWER: return power_back(undo->box_cox, undo->lambda, y * undo->scale + undo->offset);
    case UNDO_BIN: {
        double last = (double)undo->count - 2, bin = fmax(0, fmin(rint(y), last));
        if (undo->count < 2) return undo->values[0];
        return (undo->values[(size_t)bin] + undo->values[(size_t)bin + 1]) * 0.5;
    }
    default: return y;
    }
}

static enum status build_number(struct builder *builder, enum type_id type, double value,
                                struct err *err)
{
    static const double least[] = {
        [TYPE_INT8] = -128, [TYPE_INT16] = -32768, [TYPE_INT32] = -0x1p31, [TYPE_INT64] = -0x1p63};
    static const double most[] = {
        [TYPE_INT8] = 127,          [TYPE_INT16] = 32767,  [TYPE_INT32] = 0x1p31 - 1,
        [TYPE_INT64] = 0x1p62,      [TYPE_UINT8] = 255,    [TYPE_UINT16] = 65535,
        [TYPE_UINT32] = 0x1p32 - 1, [TYPE_UINT64] = 0x1p62};
    if (type < TYPE_INT8 || type > TYPE_UINT64) return build_real(builder, value, err);
    double low = type <= TYPE_INT64 ? least[type] : 0;
    return build_int(builder, (int64_t)fmax(low, fmin(most[type], rint(value))), err);
}

static enum status build_word(struct builder *builder, const struct field *field, struct str word,
                              struct err *err)
{
    char text[32];
    if (field->dictionary || field->type.id == TYPE_UTF8) return build_text(builder, word, err);
    if (field->type.id == TYPE_BOOL) return build_bool(builder, str_is(word, "true"), err);
    if (word.size >= sizeof text || word.size == 0 ||
        word.data[0] == 'o') /* "other" is no number */
        return build_null(builder, err);
    memcpy(text, word.data, word.size);
    text[word.size] = '\0';
    return build_int(builder, strtoll(text, NULL, 10), err);
}

static enum status undo_numbers(const struct undo *undo, const struct field *now,
                                const struct array *array, struct builder *builder, struct err *err)
{
    for (int64_t row = 0; row < array->length; row++) {
        double y;
        if (!array_number_at(now, array, row, &y)) {
            TRY(build_null(builder, err));
            continue;
        }
        if (undo->kind == UNDO_CODES) {
            bool known = y >= 0 && y < (double)undo->count;
            if (known)
                TRY(build_word(builder, &undo->field, undo->words[(size_t)y], err));
            else
                TRY(build_null(builder, err));
            continue;
        }
        double x = undone(undo, y);
        if (isnan(x) && !isnan(y))
            TRY(build_null(builder, err)); /* beyond what the method can give */
        else
            TRY(build_number(builder, undo->field.type.id, x, err));
    }
    return STATUS_OK;
}

/* The word of the largest indicator; nulls stay null; all zero is the skipped one, or null. */
static enum status undo_row(const struct undo *undo, const struct schema *schema,
                            struct array *const *columns, int64_t row, struct builder *builder,
                            struct err *err)
{
    double best = 0;
    size_t word = undo->indicators[0] == SIZE_MAX ? 0 : SIZE_MAX;
    for (size_t k = 0; k < undo->count; k++) {
        double value;
        size_t at = undo->indicators[k];
        if (at == SIZE_MAX) continue;
        if (!array_number_at(&schema->fields[at], columns[at], row, &value))
            return build_null(builder, err);
        if (value > best) {
            best = value;
            word = k;
        }
    }
    if (word == SIZE_MAX) return build_null(builder, err);
    return build_word(builder, &undo->field, undo->words[word], err);
}

static enum status undo_column(const struct undo *undo, const struct batch *batch,
                               struct array **ret, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, &undo->field, batch->rows, err));
    if (undo->kind != UNDO_ONE_HOT)
        TRY(undo_numbers(undo, &batch->schema->fields[undo->at], batch->columns[undo->at], builder,
                         err));
    else
        for (int64_t row = 0; row < batch->rows; row++)
            TRY(undo_row(undo, batch->schema, batch->columns, row, builder, err));
    return builder_finish(builder, ret, err);
}

static enum status undo_batch(const struct undo *undo, const struct batch *batch, struct batch *ret,
                              int64_t *ret_cells, struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    OWNED(array_unref) struct array *made = NULL;
    size_t count = 0;
    TRY(NEW(&columns, undo->after->count, err));
    TRY(undo_column(undo, batch, &made, err));
    for (size_t i = 0; i < batch->schema->count; i++) {
        if (i == undo->at)
            columns[count++] = made;
        else if (!is_indicator(undo, i))
            columns[count++] = batch->columns[i];
    }
    *ret_cells += made->length - made->null_count;
    return batch_make(ret, undo->after, batch->rows, columns, err);
}

enum status inverse_batch(const struct inverse *inverse, const struct batch *batch,
                          struct batch *ret, struct err *err)
{
    int64_t cells = 0;
    TRY(batch_share(ret, batch, err));
    for (size_t k = 0; k < inverse->count; k++) {
        OWNED(batch_release) struct batch before = *ret;
        *ret = (struct batch){0};
        TRY(undo_batch(&inverse->undos[k], &before, ret, &cells, err));
    }
    atomic_fetch_add(&((struct inverse *)(uintptr_t)inverse)->cells, cells);
    return STATUS_OK;
}
