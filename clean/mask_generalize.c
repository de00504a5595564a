/* clean/mask_generalize.c: columns made coarser, and how many rows then look alike. */
#include "clean/mask_generalize.h"

#include "base/clock.h"
#include "base/yaml.h"
#include "clean/rowkey.h"

#include <math.h>
#include <stdio.h>
#include <utf8proc.h>

struct rule {
    double width;   /* numbers */
    int64_t prefix; /* texts: letters that stay; -1 = none */
    int to;         /* dates */
    bool on;
};
enum { TO_NONE, TO_MONTH, TO_YEAR, TO_DECADE };

struct rule_config {
    double width;
    int64_t prefix;
    int to;
};
static const struct setting rule_settings[] = {
    {.name = "width",
     .kind = SETTING_REAL,
     .offset = offsetof(struct rule_config, width),
     .fallback = "0",
     .help = "numbers become the lower end of their bin of this width"},
    {.name = "prefix",
     .kind = SETTING_INT,
     .offset = offsetof(struct rule_config, prefix),
     .fallback = "-1",
     .help = "texts keep this many letters"},
    {.name = "to",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct rule_config, to),
     .fallback = "none",
     .choices = "none|month|year|decade",
     .help = "dates become the first day of it"},
    {0}};

struct generalize {
    const struct schema *schema;
    struct rule *rules; /* by column */
    size_t *quasi;
    size_t quasi_count;
    bool *is_quasi;
    int64_t k;
    enum small_action small;
    size_t memory;
    struct counts classes;
    int64_t smallest, below, rows_below;
};

/* ---- opening ---- */

static bool is_date(const struct field *field)
{
    return field->type.id == TYPE_DATE32 || field->type.id == TYPE_TIMESTAMP;
}

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

static enum status check_rule(const struct yaml_node *node, const struct field *field,
                              const struct rule *rule, struct err *err)
{
    char type[128];
    int ways = (rule->width > 0) + (rule->prefix >= 0) + (rule->to != TO_NONE);
    if (ways != 1)
        return fail_at(node, err, "column \"%s\" needs one of width, prefix and to", field->name);
    bool fits = rule->width > 0     ? type_is_number(field->type.id) && !field->dictionary
                : rule->prefix >= 0 ? is_text(field)
                                    : is_date(field) && !field->dictionary;
    if (fits) return STATUS_OK;
    return fail_at(node, err,
                   "column \"%s\" is %s: width is for numbers, prefix for texts, to for "
                   "dates",
                   field->name, field_type_text(field, type, sizeof type));
}

static enum status open_rule(struct generalize *generalize, const struct module_setup *setup,
                             const struct yaml_node *map, size_t i, struct err *err)
{
    struct rule_config config = {0};
    size_t column;
    enum status status = schema_require(setup->schema, map->keys[i]->text, &column, err);
    if (status != STATUS_OK)
        return fail_at(map->keys[i], err, "%s", err == NULL ? "" : err->message);
    TRY(settings_from_yaml(rule_settings, map->items[i], &config, setup->arena, err));
    struct rule *rule = &generalize->rules[column];
    *rule = (struct rule){config.width, config.prefix, config.to, true};
    return check_rule(map->items[i], &setup->schema->fields[column], rule, err);
}

static enum status open_quasi(struct generalize *generalize, const struct module_setup *setup,
                              const struct text_list *named, struct err *err)
{
    size_t fields = setup->schema->count, count = 0, *columns = NULL;
    if (named->count > 0) TRY(module_columns(setup, named, field_has_key, &columns, &count, err));
    for (size_t i = 0; i < count; i++)
        generalize->is_quasi[columns[i]] = true;
    generalize->quasi = arena_get(setup->arena, fields, sizeof *generalize->quasi);
    if (generalize->quasi == NULL) return fail_memory(err, fields * sizeof *generalize->quasi);
    for (size_t i = 0; i < fields; i++) {
        generalize->is_quasi[i] |= generalize->rules[i].on;
        if (generalize->is_quasi[i]) generalize->quasi[generalize->quasi_count++] = i;
    }
    if (generalize->k == 0 || generalize->quasi_count > 0) return STATUS_OK;
    fail_at(setup->node, err, "k counts rows alike in the quasi-identifiers, and none is named");
    err_hint(err, "name them: quasi: [age, zip], or make columns coarser with generalize");
    return STATUS_USAGE;
}

enum status generalize_open(struct generalize **ret, const struct module_setup *setup,
                            const struct generalize_settings *settings, struct err *err)
{
    struct generalize *generalize;
    const struct yaml_node *map = settings->columns;
    size_t fields = setup->schema->count;
    TRY(NEW(&generalize, 1, err));
    *ret = generalize;
    generalize->schema = setup->schema;
    generalize->k = settings->k;
    generalize->small = (enum small_action)settings->small;
    generalize->memory = setup->memory;
    generalize->rules = arena_get(setup->arena, fields, sizeof *generalize->rules);
    generalize->is_quasi = arena_get(setup->arena, fields, sizeof *generalize->is_quasi);
    if (generalize->rules == NULL || generalize->is_quasi == NULL)
        return fail_memory(err, fields * sizeof *generalize->rules);
    memset(generalize->rules, 0, fields * sizeof *generalize->rules);
    memset(generalize->is_quasi, 0, fields);
    if (map != NULL && map->kind != YAML_MAP)
        return fail_at(map, err, "generalize is a map of columns: {age: {width: 10}}");
    for (size_t i = 0; map != NULL && i < map->count; i++)
        TRY(open_rule(generalize, setup, map, i, err));
    return open_quasi(generalize, setup, &settings->quasi, err);
}

enum status generalize_lineage(const struct generalize *generalize, struct column_lineage *lineage,
                               struct err *err)
{
    const struct schema *schema = generalize->schema;
    if (!generalize_counts(generalize)) return STATUS_OK;
    if (generalize->small == SMALL_DROP)
        return columns_decide(lineage, NULL, schema, generalize->quasi, generalize->quasi_count,
                              "GROUP_BY", err);
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        if (!generalize_nulls(generalize, i)) continue;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", false, err));
        TRY(columns_decide(lineage, name, schema, generalize->quasi, generalize->quasi_count,
                           "GROUP_BY", err));
    }
    return STATUS_OK;
}

void generalize_close(struct generalize **generalize)
{
    if (*generalize == NULL) return;
    counts_release(&(*generalize)->classes);
    memory_free(*generalize);
    *generalize = NULL;
}

bool generalize_has(const struct generalize *generalize, size_t column)
{
    return generalize->rules[column].on;
}

bool generalize_counts(const struct generalize *generalize)
{
    return generalize->k > 0;
}

bool generalize_nulls(const struct generalize *generalize, size_t column)
{
    return generalize->k > 0 && generalize->small == SMALL_SUPPRESS && generalize->is_quasi[column];
}

/* ---- coarser values ---- */

static int64_t units_a_day(const struct field *field)
{
    static const int64_t seconds[] = {1, 1000, 1000000, 1000000000};
    return field->type.id == TYPE_DATE32 ? 1 : seconds[field->type.unit] * 86400;
}

static int64_t coarse_date(const struct field *field, int64_t value, int to)
{
    int64_t day = units_a_day(field), year;
    int month, day_of_month;
    int64_t days = value / day - (value % day < 0);
    civil_from_days(days, &year, &month, &day_of_month);
    if (to == TO_DECADE) year -= ((year % 10) + 10) % 10;
    return days_from_civil(year, to == TO_MONTH ? month : 1, 1) * day;
}

static int64_t date_at(const struct field *field, const struct array *array, int64_t row)
{
    if (field->type.id == TYPE_DATE32) return ((const int32_t *)array_values(array))[row];
    return ((const int64_t *)array_values(array))[row];
}

/* The first `prefix` letters, and a star for each of the others. */
static enum status build_prefix(struct builder *builder, struct str text, int64_t prefix,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes made = bytes_limited((size_t)1 << 31);
    size_t at = 0;
    for (int64_t seen = 0; at < text.size; seen++) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                                 (utf8proc_ssize_t)(text.size - at), &point);
        if (size <= 0) size = 1;
        if (seen < prefix)
            TRY(bytes_append(&made, text.data + at, (size_t)size, err));
        else
            TRY(bytes_append_text(&made, "*", err));
        at += (size_t)size;
    }
    return build_text(builder, (struct str){(const char *)made.data, made.size}, err);
}

static enum status build_coarse(struct builder *builder, const struct field *field,
                                const struct rule *rule, const struct array *array, int64_t row,
                                struct err *err)
{
    struct str text;
    double number;
    if (rule->to != TO_NONE)
        return build_int(builder, coarse_date(field, date_at(field, array, row), rule->to), err);
    if (rule->prefix >= 0) {
        if (!array_text_at(field, array, row, &text)) return build_null(builder, err);
        return build_prefix(builder, text, rule->prefix, err);
    }
    if (!array_number_at(field, array, row, &number)) return build_null(builder, err);
    if (!isfinite(number)) return build_copy(builder, array, row, err);
    double low = floor(number / rule->width) * rule->width;
    return type_is_integer(field->type.id) ? build_int(builder, (int64_t)llround(low), err)
                                           : build_real(builder, low, err);
}

enum status generalize_column(const struct generalize *generalize, size_t column,
                              const struct array *array, struct array **ret, struct err *err)
{
    const struct field *field = &generalize->schema->fields[column];
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, array->length, err));
    for (int64_t row = 0; row < array->length; row++)
        if (array_is_null(array, row))
            TRY(build_null(builder, err));
        else
            TRY(build_coarse(builder, field, &generalize->rules[column], array, row, err));
    return builder_finish(builder, ret, err);
}

/* ---- classes ---- */

/* The quasi-identifiers of a window as they leave; those that stay as they are, are shared. */
static enum status coarse_columns(const struct generalize *generalize, const struct window *window,
                                  struct array **ret, struct err *err)
{
    for (size_t i = 0; i < generalize->quasi_count; i++) {
        size_t column = generalize->quasi[i];
        const struct array *array = window->batch->columns[column];
        if (generalize->rules[column].on)
            TRY(generalize_column(generalize, column, array, &ret[i], err));
        else
            ret[i] = array_ref(array);
    }
    return STATUS_OK;
}

struct coarse {
    struct array **columns;
    size_t count;
};

static void coarse_release(struct coarse *coarse)
{
    for (size_t i = 0; coarse->columns != NULL && i < coarse->count; i++)
        array_unref(&coarse->columns[i]);
    memory_free(coarse->columns);
}

static enum status coarse_open(struct coarse *ret, const struct generalize *generalize,
                               const struct window *window, struct err *err)
{
    ret->count = generalize->quasi_count;
    TRY(NEW(&ret->columns, ret->count + 1, err));
    return coarse_columns(generalize, window, ret->columns, err);
}

static enum status class_key(const struct generalize *generalize, const struct coarse *coarse,
                             int64_t row, struct bytes *key, struct err *err)
{
    key->size = 0;
    for (size_t i = 0; i < coarse->count; i++)
        TRY(rowkey_add(key, &generalize->schema->fields[generalize->quasi[i]], coarse->columns[i],
                       row, err));
    return STATUS_OK;
}

enum status generalize_observe(const struct generalize *generalize, const struct window *window,
                               struct counts *tally, struct err *err)
{
    OWNED(coarse_release) struct coarse coarse = {0};
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    TRY(coarse_open(&coarse, generalize, window, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        TRY(class_key(generalize, &coarse, row, &key, err));
        TRY(counts_add(tally, key.data, key.size, count_hash(key.data, key.size), 1, err));
    }
    return STATUS_OK;
}

enum status generalize_absorb(struct generalize *generalize, struct counts *tally, struct err *err)
{
    for (size_t i = 0; i < tally->count; i++) {
        const struct counted *item = &tally->items[i];
        TRY(counts_add(&generalize->classes, item->data, item->size, item->hash, item->count, err));
    }
    counts_release(tally);
    if (generalize->classes.bytes <= generalize->memory) return STATUS_OK;
    fail(err, STATUS_MEMORY,
         "%zu classes of quasi-identifiers take more than their share of memory",
         generalize->classes.count);
    err_hint(err, "make the columns coarser, or give a larger --memory");
    return STATUS_MEMORY;
}

void generalize_settle(struct generalize *generalize)
{
    const struct counts *classes = &generalize->classes;
    for (size_t i = 0; i < classes->count; i++) {
        int64_t rows = classes->items[i].count;
        if (i == 0 || rows < generalize->smallest) generalize->smallest = rows;
        if (rows >= generalize->k) continue;
        generalize->below++;
        generalize->rows_below += rows;
    }
}

/* ---- apply ---- */

static enum status find_small(const struct generalize *generalize, const struct coarse *coarse,
                              int64_t rows, bool *small, bool *ret_any, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    for (int64_t row = 0; row < rows; row++) {
        TRY(class_key(generalize, coarse, row, &key, err));
        small[row] = counts_of(&generalize->classes, key.data, key.size) < generalize->k;
        *ret_any = *ret_any || small[row];
    }
    return STATUS_OK;
}

static enum status suppress(const struct field *field, const bool *small, struct array **array,
                            struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    struct array *made;
    TRY(builder_open(&builder, field, (*array)->length, err));
    for (int64_t row = 0; row < (*array)->length; row++)
        if (small[row])
            TRY(build_null(builder, err));
        else
            TRY(build_copy(builder, *array, row, err));
    TRY(builder_finish(builder, &made, err));
    array_unref(array);
    *array = made;
    return STATUS_OK;
}

static enum status drop_small(const struct generalize *generalize, const bool *small, int64_t rows,
                              struct change *change, struct err *err)
{
    (void)generalize;
    for (int64_t row = 0; row < rows; row++)
        if (small[row])
            TRY(change_drop(change, row, "class below k", NULL, (struct str){NULL, 0}, NULL, err));
    return STATUS_OK;
}

static enum status change_columns(const struct generalize *generalize, const bool *small,
                                  struct coarse *coarse, struct change *change, struct err *err)
{
    bool nulls = small != NULL && generalize->small == SMALL_SUPPRESS;
    for (size_t i = 0; i < coarse->count; i++) {
        size_t column = generalize->quasi[i];
        if (!generalize->rules[column].on && !nulls) continue;
        if (nulls)
            TRY(suppress(&generalize->schema->fields[column], small, &coarse->columns[i], err));
        change_rule(change, column, "generalize");
        change_cells(change, column, coarse->columns[i]->length);
        change_column(change, column, &coarse->columns[i]);
    }
    return STATUS_OK;
}

enum status generalize_apply(const struct generalize *generalize, const struct window *window,
                             struct change *change, struct err *err)
{
    OWNED(coarse_release) struct coarse coarse = {0};
    OWNED(memory_release) bool *small = NULL;
    bool any = false, acts = generalize->small == SMALL_SUPPRESS || generalize->small == SMALL_DROP;
    int64_t rows = window->batch->rows;
    TRY(coarse_open(&coarse, generalize, window, err));
    if (generalize->k > 0 && acts) {
        TRY(NEW(&small, (size_t)rows + 1, err));
        TRY(find_small(generalize, &coarse, rows, small, &any, err));
    }
    TRY(change_columns(generalize, any ? small : NULL, &coarse, change, err));
    return any && generalize->small == SMALL_DROP ? drop_small(generalize, small, rows, change, err)
                                                  : STATUS_OK;
}

/* ---- report ---- */

static const char *what_became(const struct generalize *generalize)
{
    static const char *const done[] = {"kept", "suppressed", "dropped", "kept"};
    return done[generalize->small];
}

enum status generalize_report(const struct generalize *generalize, bool *ret_failed,
                              struct bytes *ret, struct err *err)
{
    *ret_failed = generalize->small == SMALL_FAIL && generalize->below > 0;
    TRY(bytes_append_text(ret, "k-anonymity over ", err));
    for (size_t i = 0; i < generalize->quasi_count; i++)
        TRY(bytes_format(ret, err, "%s\"%s\"", i == 0 ? "" : ", ",
                         generalize->schema->fields[generalize->quasi[i]].name));
    return bytes_format(
        ret, err, ": smallest class %lld, %zu classes, %lld below k = %lld (%lld rows, %s)\n",
        (long long)generalize->smallest, generalize->classes.count, (long long)generalize->below,
        (long long)generalize->k, (long long)generalize->rows_below, what_became(generalize));
}

enum status generalize_check(const struct generalize *generalize, struct check_results *ret,
                             struct err *err)
{
    bool bad = generalize->below > 0;
    struct check_result result = {.rule = "k_anonymity",
                                  .expectation = "no class of quasi-identifiers is smaller than k",
                                  .outcome = !bad                                ? CHECK_PASSED
                                             : generalize->small == SMALL_FAIL   ? CHECK_FAILED
                                             : generalize->small == SMALL_REPORT ? CHECK_WARNING
                                                                                 : CHECK_NOTED,
                                  .mostly = -1};
    snprintf(result.found, sizeof result.found,
             "k %lld, smallest class %lld, %lld of %zu classes below with %lld rows, %s",
             (long long)generalize->k, (long long)generalize->smallest,
             (long long)generalize->below, generalize->classes.count,
             (long long)generalize->rows_below, what_became(generalize));
    return check_results_add(ret, &result, err);
}

enum status generalize_json(const struct generalize *generalize, struct bytes *ret, struct err *err)
{
    return bytes_format(ret, err,
                        "\"k\": %lld, \"classes\": %zu, \"smallest\": %lld, \"below\": %lld, "
                        "\"rows_below\": %lld",
                        (long long)generalize->k, generalize->classes.count,
                        (long long)generalize->smallest, (long long)generalize->below,
                        (long long)generalize->rows_below);
}
