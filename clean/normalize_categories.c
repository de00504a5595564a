/* clean/normalize_categories.c: words to numbers: a column of 0 and 1 for each category, or the
 * place of the category in their order (scikit-learn's OneHotEncoder and OrdinalEncoder).
 *
 * Categories are the values that were seen, sorted: texts by their bytes, integers by size, false
 * before true. Rare ones may be put together. Nulls stay null. */
#include "clean/counts.h"
#include "clean/normalize.h"
#include "clean/normalize_columns.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_TEXT 64

struct category {
    struct str text;
    int64_t count;
    bool rare;
};

/* One column and its categories. */
struct coded {
    size_t column;
    struct counts seen;
    struct category *categories; /* sorted; the last one may be what is rare */
    size_t count;                /* of categories, `other` included */
    bool other;                  /* the last one stands for everything rare */
    size_t skipped;              /* of one-hot: categories in front without a column */
    size_t first;                /* its first column in the schema that leaves */
};

struct state {
    const struct normalize_config *config;
    const struct schema *schema;
    struct coded *columns;
    size_t count;
    enum type_id type;
    size_t memory;
    struct arena *arena;
};

static bool one_hot(const struct state *state)
{
    return state->config->method == NORMALIZE_ONE_HOT;
}

static bool is_integer(enum type_id type)
{
    return type >= TYPE_INT8 && type <= TYPE_UINT64;
}

static bool field_is_category(const struct field *field)
{
    if (field->dictionary) return field->type.id == TYPE_UTF8;
    return field->type.id == TYPE_UTF8 || field->type.id == TYPE_BOOL || is_integer(field->type.id);
}

/* ---- opening ---- */

static enum status choose_type(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    switch ((enum normalize_dtype)state->config->dtype) {
    case DTYPE_AUTO: state->type = one_hot(state) ? TYPE_UINT8 : TYPE_INT32; break;
    case DTYPE_FLOAT64: state->type = TYPE_FLOAT64; break;
    case DTYPE_FLOAT32: state->type = TYPE_FLOAT32; break;
    case DTYPE_FLOAT16: state->type = TYPE_FLOAT16; break;
    case DTYPE_UINT8:
        if (!one_hot(state)) return fail_at(setup->node, err, "dtype uint8 is for one-hot");
        state->type = TYPE_UINT8;
        break;
    }
    return STATUS_OK;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    (void)ret_schema;
    struct state *state;
    size_t *columns;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    state->arena = setup->arena;
    state->memory = setup->memory;
    TRY(choose_type(state, setup, err));
    if (state->config->columns.count == 0)
        return fail_at(setup->node, err, "%s needs columns", normalize_rule(state->config->method));
    TRY(module_columns(setup, &state->config->columns, field_is_category, &columns, &state->count,
                       err));
    state->columns = arena_get(setup->arena, state->count, sizeof *state->columns);
    if (state->columns == NULL) return fail_memory(err, state->count * sizeof *state->columns);
    for (size_t i = 0; i < state->count; i++)
        state->columns[i].column = columns[i];
    return STATUS_OK;
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    for (size_t i = 0; state->columns != NULL && i < state->count; i++)
        counts_release(&state->columns[i].seen);
    memory_free(state);
    *ret = NULL;
}

static bool needs_fit(const void *opaque)
{
    (void)opaque;
    return true;
}

static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].column == column) return true;
    return false;
}

/* ---- fit ---- */

/* A value as text; `room` of VALUE_TEXT bytes is for those that are none. */
static struct str value_text(const struct field *field, const struct array *array, int64_t row,
                             char *room)
{
    struct str text = {0};
    if (field->dictionary || field->type.id == TYPE_UTF8) {
        array_text_at(field, array, row, &text);
        return text;
    }
    return str_of(array_value_text(field, array, row, room, VALUE_TEXT));
}

struct category_tally {
    struct counts *seen;
    size_t count;
};

static enum status observe(const void *opaque, int pass, const struct window *window, void *into,
                           struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct category_tally *tally = into;
    TRY(NEW(&tally->seen, state->count, err));
    tally->count = state->count;
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i].column;
        const struct array *array = window->batch->columns[at];
        char room[VALUE_TEXT];
        for (int64_t row = 0; row < window->batch->rows; row++) {
            if (array_is_null(array, row)) continue;
            struct str text = value_text(&state->schema->fields[at], array, row, room);
            TRY(counts_add(&tally->seen[i], text.data, text.size, count_hash(text.data, text.size),
                           1, err));
        }
    }
    return STATUS_OK;
}

static void discard(void *from)
{
    struct category_tally *tally = from;
    for (size_t i = 0; i < tally->count; i++)
        counts_release(&tally->seen[i]);
    memory_free(tally->seen);
    *tally = (struct category_tally){0};
}

static enum status carry(const void *opaque, int pass, void *into, struct wire *wire,
                         struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct category_tally *tally = into;
    if (wire->reading) {
        TRY(NEW(&tally->seen, state->count, err));
        tally->count = state->count;
    }
    for (size_t i = 0; i < state->count; i++)
        TRY(counts_carry(&tally->seen[i], wire, err));
    return STATUS_OK;
}

static enum status absorb_column(struct state *state, size_t i, const struct counts *seen,
                                 struct err *err)
{
    struct counts *all = &state->columns[i].seen;
    for (size_t k = 0; k < seen->count; k++)
        TRY(counts_add(all, seen->items[k].data, seen->items[k].size, seen->items[k].hash,
                       seen->items[k].count, err));
    if (all->bytes <= state->memory / (state->count + 1)) return STATUS_OK;
    fail(err, STATUS_MEMORY, "column \"%s\" has more than %zu different values",
         state->schema->fields[state->columns[i].column].name, all->count);
    err_hint(err, "a column with so many is no category; raise --memory, or leave it out");
    return STATUS_MEMORY;
}

static enum status absorb(void *opaque, int pass, void *from, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct category_tally *tally = from;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++)
        status = absorb_column(state, i, &tally->seen[i], err);
    discard(tally);
    return status;
}

static int by_bytes(const void *a, const void *b)
{
    struct str x = ((const struct category *)a)->text, y = ((const struct category *)b)->text;
    size_t size = x.size < y.size ? x.size : y.size;
    int order = size == 0 ? 0 : memcmp(x.data, y.data, size);
    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

/* Digits, perhaps behind a minus: the longer one is larger, or smaller below 0. */
static int by_size(const void *a, const void *b)
{
    struct str x = ((const struct category *)a)->text, y = ((const struct category *)b)->text;
    bool below_x = x.data[0] == '-', below_y = y.data[0] == '-';
    if (below_x != below_y) return below_x ? -1 : 1;
    int order = x.size != y.size ? (x.size > y.size ? 1 : -1) : by_bytes(a, b);
    return below_x ? -order : order;
}

/* The most frequent first; of equals the later one, as scikit-learn keeps them. */
static int by_count(const void *a, const void *b)
{
    const struct category *x = *(struct category *const *)a, *y = *(struct category *const *)b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : (x < y) - (x > y);
}

static void sort_categories(struct category *categories, size_t count, enum type_id type)
{
    if (count > 1)
        qsort(categories, count, sizeof *categories, is_integer(type) ? by_size : by_bytes);
}

/* All but the most frequent are rare where there are more than wanted. */
static enum status mark_beyond_most(const struct state *state, struct coded *coded, size_t rare,
                                    struct err *err)
{
    size_t most = (size_t)state->config->most_categories;
    if (most == 0 || coded->count - rare + (rare > 0) <= most) return STATUS_OK;
    OWNED(memory_release) struct category **sorted = NULL;
    TRY(NEW(&sorted, coded->count, err));
    for (size_t k = 0; k < coded->count; k++)
        sorted[k] = &coded->categories[k];
    qsort(sorted, coded->count, sizeof *sorted, by_count);
    for (size_t k = most - 1; k < coded->count; k++)
        sorted[k]->rare = true;
    return STATUS_OK;
}

/* Rare ones go to the end as one. */
static enum status join_rare(struct state *state, struct coded *coded, struct err *err)
{
    size_t kept = 0, rare = 0;
    for (size_t k = 0; k < coded->count; k++) {
        coded->categories[k].rare = coded->categories[k].count < state->config->least_count;
        rare += coded->categories[k].rare;
    }
    TRY(mark_beyond_most(state, coded, rare, err));
    for (size_t k = 0; k < coded->count; k++)
        if (!coded->categories[k].rare) coded->categories[kept++] = coded->categories[k];
    coded->other = kept < coded->count;
    if (coded->other) coded->categories[kept++] = (struct category){.text = str_of("other")};
    coded->count = kept;
    return STATUS_OK;
}

static void place_columns(struct state *state)
{
    size_t at = 0, next = 0;
    for (size_t column = 0; column < state->schema->count; column++) {
        bool own = next < state->count && state->columns[next].column == column;
        if (!own) {
            at++;
            continue;
        }
        struct coded *coded = &state->columns[next++];
        bool first = state->config->drop == DROP_FIRST ||
                     (state->config->drop == DROP_BINARY && coded->count == 2);
        coded->skipped = one_hot(state) && first && coded->count > 0;
        coded->first = at;
        at += one_hot(state) ? coded->count - coded->skipped : 1;
    }
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    for (size_t i = 0; i < state->count; i++) {
        struct coded *coded = &state->columns[i];
        coded->count = coded->seen.count;
        coded->categories = arena_get(state->arena, coded->count + 1, sizeof *coded->categories);
        if (coded->categories == NULL) return fail_memory(err, coded->count);
        for (size_t k = 0; k < coded->count; k++) {
            const struct counted *item = &coded->seen.items[k];
            coded->categories[k] =
                (struct category){{(const char *)item->data, item->size}, item->count};
        }
        sort_categories(coded->categories, coded->count,
                        state->schema->fields[coded->column].type.id);
        TRY(join_rare(state, coded, err));
    }
    place_columns(state);
    return STATUS_OK;
}

/* ---- the schema that leaves ---- */

/* "color=red", with control characters as they are: names are data here. */
static enum status indicator_name(const struct state *state, const struct coded *coded, size_t k,
                                  const char **ret, struct err *err)
{
    const struct category *category = &coded->categories[coded->skipped + k];
    const char *name =
        arena_format(state->arena, "%s=%.*s", state->schema->fields[coded->column].name,
                     (int)category->text.size, category->text.data);
    *ret = name;
    return name == NULL ? fail_memory(err, category->text.size) : STATUS_OK;
}

static enum status add_indicators(const struct state *state, const struct coded *coded,
                                  struct schema *schema, struct err *err)
{
    for (size_t k = 0; k + coded->skipped < coded->count; k++) {
        const char *name;
        TRY(indicator_name(state, coded, k, &name, err));
        if (schema_find(schema, str_of(name)) >= 0)
            return fail(err, STATUS_USAGE, "column \"%s\" is there already", name);
        TRY(schema_add_column(schema, name, state->type, err));
    }
    return STATUS_OK;
}

static enum status fitted_schema(const void *opaque, struct schema **ret, struct err *err)
{
    const struct state *state = opaque;
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    size_t next = 0;
    for (size_t column = 0; column < state->schema->count; column++) {
        bool own = next < state->count && state->columns[next].column == column;
        const struct field *field = &state->schema->fields[column];
        if (!own)
            TRY(schema_add(schema, field, err));
        else if (one_hot(state))
            TRY(add_indicators(state, &state->columns[next], schema, err));
        else
            TRY(schema_add_column(schema, field->name, state->type, err));
        next += own;
    }
    for (size_t i = 0; i < state->schema->metadata.count; i++)
        TRY(schema_add_metadata(schema, state->schema->metadata.pairs[i].key,
                                state->schema->metadata.pairs[i].value, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

/* ---- apply ---- */

/* The category of a text; count for one that was not seen. */
static size_t code_of(const struct coded *coded, struct str text, enum type_id type)
{
    const struct category wanted = {.text = text};
    size_t low = 0, high = coded->count - coded->other;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct category *at = &coded->categories[middle];
        int order = is_integer(type) ? by_size(at, &wanted) : by_bytes(at, &wanted);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return coded->other ? coded->count - 1 : coded->count;
}

/* codes[row]: the category, or NaN for null and for what is unknown. */
static enum status code_rows(const struct state *state, const struct coded *coded,
                             const struct window *window, double *codes, struct change *change,
                             struct err *err)
{
    const struct field *field = &state->schema->fields[coded->column];
    const struct array *array = window->batch->columns[coded->column];
    char room[VALUE_TEXT];
    for (int64_t row = 0; row < window->batch->rows; row++) {
        codes[row] = NAN;
        if (array_is_null(array, row)) continue;
        struct str text = value_text(field, array, row, room);
        size_t code = code_of(coded, text, field->type.id);
        if (code < coded->count)
            codes[row] = (double)code;
        else if (state->config->unknown == UNKNOWN_REJECT)
            TRY(change_reject(change, row, "unknown category", field->name, text,
                              "a category that was learned", err));
        else
            TRY(change_finding(change, "unknown category", field->name, 1, err));
    }
    return STATUS_OK;
}

/* Validity bits of what has a code. */
static enum status known_rows(const double *codes, int64_t rows, struct buffer *ret,
                              int64_t *ret_nulls, struct err *err)
{
    TRY(buffer_new(ret, (size_t)(rows + 7) / 8, err));
    uint8_t *bits = buffer_writable(ret);
    *ret_nulls = 0;
    for (int64_t row = 0; row < rows; row++) {
        bool known = !isnan(codes[row]);
        bits[row >> 3] = (uint8_t)(bits[row >> 3] | (known << (row & 7)));
        *ret_nulls += !known;
    }
    return STATUS_OK;
}

static void set_change(const struct state *state, struct change *change, size_t at,
                       struct array **array, int64_t cells)
{
    change_column(change, at, array);
    change_cells(change, at, cells);
    change_rule(change, at, normalize_rule(state->config->method));
}

static enum status write_codes(const struct state *state, const struct coded *coded,
                               const double *codes, int64_t rows, struct change *change,
                               struct err *err)
{
    struct buffer known = {0};
    int64_t nulls;
    TRY(known_rows(codes, rows, &known, &nulls, err));
    const struct array like = {.length = rows, .null_count = nulls, .validity = known};
    struct array *after;
    enum status status = normalize_array(&after, state->type, codes, &like, err);
    buffer_unref(&known);
    if (status == STATUS_OK) set_change(state, change, coded->first, &after, rows - nulls);
    return status;
}

static enum status write_indicators(const struct state *state, const struct coded *coded,
                                    const struct array *before, const double *codes, int64_t rows,
                                    struct change *change, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, (size_t)rows, err));
    for (size_t k = coded->skipped; k < coded->count; k++) {
        struct array *after;
        for (int64_t row = 0; row < rows; row++)
            values[row] = codes[row] == (double)k;
        TRY(normalize_array(&after, state->type, values, before, err));
        set_change(state, change, coded->first + k - coded->skipped, &after,
                   rows - before->null_count);
    }
    return STATUS_OK;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    OWNED(memory_release) double *codes = NULL;
    int64_t rows = window->batch->rows;
    TRY(NEW(&codes, (size_t)rows, err));
    for (size_t i = 0; i < state->count; i++) {
        const struct coded *coded = &state->columns[i];
        TRY(code_rows(state, coded, window, codes, change, err));
        if (one_hot(state))
            TRY(write_indicators(state, coded, window->batch->columns[coded->column], codes, rows,
                                 change, err));
        else
            TRY(write_codes(state, coded, codes, rows, change, err));
    }
    return STATUS_OK;
}

static bool may_remove(const void *opaque)
{
    return ((const struct state *)opaque)->config->unknown == UNKNOWN_REJECT;
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; may_remove(state) && i < state->count; i++)
        TRY(column_filters(lineage, state->schema->fields[state->columns[i].column].name, "FILTER",
                           err));
    for (size_t i = 0; one_hot(state) && i < state->count; i++) {
        const struct coded *coded = &state->columns[i];
        for (size_t k = 0; k + coded->skipped < coded->count; k++) {
            const char *name;
            TRY(indicator_name(state, coded, k, &name, err));
            TRY(column_from(lineage, name, state->schema->fields[coded->column].name, "DIRECT",
                            "TRANSFORMATION", false, err));
        }
    }
    return STATUS_OK;
}

/* ---- state ---- */

static enum status save_column(const struct state *state, const struct coded *coded,
                               struct bytes *json, struct err *err)
{
    const struct field *field = &state->schema->fields[coded->column];
    char type[64];
    TRY(bytes_append_json(json, str_of(field->name), err));
    TRY(bytes_append_text(json, ": {\"categories\": [", err));
    for (size_t k = 0; k < coded->count - coded->other; k++) {
        if (k > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, coded->categories[k].text, err));
    }
    TRY(bytes_append_text(json, "], ", err));
    TRY(put_integer(json, "other", coded->other, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_integer(json, "skipped", (int64_t)coded->skipped, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_text(json, "type", str_of(field_type_text(field, type, sizeof type)), err));
    return bytes_append_text(json, "}", err);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    TRY(bytes_append_text(json, "{", err));
    TRY(put_text(json, "method", str_of(normalize_rule(state->config->method)), err));
    TRY(bytes_append_text(json, ", \"columns\": {", err));
    for (size_t i = 0; i < state->count; i++) {
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(save_column(state, &state->columns[i], json, err));
    }
    return bytes_append_text(json, "}}", err);
}

static enum status load_column(struct state *state, struct coded *coded,
                               const struct yaml_node *columns, struct err *err)
{
    const struct field *field = &state->schema->fields[coded->column];
    const struct yaml_node *node;
    int64_t other;
    TRY(get_map(columns, field->name, &node, err));
    TRY(get_integer(node, "other", &other, err));
    const struct yaml_node *list = yaml_get(node, "categories");
    if (list == NULL || list->kind != YAML_LIST)
        return fail_at(node, err, "no list \"categories\"");
    coded->other = other != 0;
    coded->count = list->count + coded->other;
    coded->categories = arena_get(state->arena, coded->count + 1, sizeof *coded->categories);
    if (coded->categories == NULL) return fail_memory(err, coded->count);
    for (size_t k = 0; k < list->count; k++) {
        struct str text = list->items[k]->text;
        char *own = arena_text(state->arena, text.data, text.size);
        if (own == NULL) return fail_memory(err, text.size);
        if (is_integer(field->type.id) && text.size == 0)
            return fail_at(list, err, "an empty text is no integer");
        coded->categories[k].text = (struct str){own, text.size};
    }
    sort_categories(coded->categories, list->count, field->type.id);
    if (coded->other) coded->categories[list->count].text = str_of("other");
    return STATUS_OK;
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    const struct yaml_node *columns;
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < state->count; i++)
        TRY(load_column(state, &state->columns[i], columns, err));
    place_columns(state);
    return STATUS_OK;
}

const struct clean_module normalize_categories = {
    .open = open,
    .fitted_schema = fitted_schema,
    .needs_fit = needs_fit,
    .may_remove = may_remove,
    .touches = touches,
    .tally_bytes = sizeof(struct category_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .carry = carry,
    .settle = settle,
    .apply = apply,
    .save = save,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
