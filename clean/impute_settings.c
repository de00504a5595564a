/* clean/impute_settings.c: what a step of impute can be told. */
#include "clean/impute_settings.h"

#include <math.h>
#include <stdlib.h>

const char impute_method_words[] =
    "median|mean|mode|constant|knn|ridge|forest|auto|forward|backward";
const char *const impute_rules[] = {"median", "mean",   "mode", "constant", "knn",
                                    "ridge",  "forest", "auto", "forward",  "backward"};

const struct setting impute_settings[] = {
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct impute_config, columns),
     .help = "columns, or patterns like x*; all that the method can fill when absent"},
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct impute_config, method),
     .fallback = "median",
     .choices = impute_method_words,
     .help =
         "the middle value, the average, the most frequent value, a value of yours; or from the "
         "other columns: similar rows, regression, trees, or what does best on known cells; or "
         "what the same entity had before or "
         "has next"},
    {.name = "value",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct impute_config, value),
     .help = "what to fill in with method constant"},
    {.name = "indicator",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct impute_config, indicator),
     .help = "add a column COLUMN_missing that says where a value was missing"},
    {.name = "from",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct impute_config, from),
     .help = "columns that knn, ridge, forest and auto look at; all numeric columns when absent"},
    {.name = "neighbors",
     .kind = SETTING_INT,
     .offset = offsetof(struct impute_config, neighbors),
     .fallback = "10",
     .minimum = 1,
     .maximum = 64,
     .help = "similar rows that knn and auto ask"},
    {.name = "round",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct impute_config, round),
     .help =
         "integer columns filled by knn, ridge, forest and auto stay integers; else they become "
         "float64"},
    {.name = "by",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct impute_config, by),
     .help =
         "columns: median, mean and mode are those of the rows with the same values in them; of "
         "forward and backward they name the entity"},
    {.name = "time",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct impute_config, time),
     .help = "column whose order forward and backward follow; the order of the rows when absent"},
    {.name = "bounds",
     .kind = SETTING_TREE,
     .offset = offsetof(struct impute_config, bounds),
     .help = "COLUMN: [least, largest] of what is filled in; ~ for none"},
    {.name = "drop_columns_above",
     .kind = SETTING_REAL,
     .offset = offsetof(struct impute_config, drop_columns_above),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1,
     .help = "columns of which a larger share is missing are dropped; 1 = none"},
    {.name = "drop_rows_above",
     .kind = SETTING_REAL,
     .offset = offsetof(struct impute_config, drop_rows_above),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1,
     .help = "rows in which a larger share of the columns is missing are dropped; 1 = none"},
    {0}};

/* ---- bounds ---- */

static enum status parse_bound(const struct yaml_node *node, double *ret, struct err *err)
{
    char text[64], *end;
    bool none = node->kind == YAML_SCALAR && !node->quoted &&
                (node->text.size == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
    if (none) return STATUS_OK;
    if (node->text.size < sizeof text && node->text.size > 0) {
        memcpy(text, node->text.data, node->text.size);
        text[node->text.size] = '\0';
        *ret = strtod(text, &end);
        if (*end == '\0' && !isnan(*ret)) return STATUS_OK;
    }
    return fail_at(node, err, "a bound is a number, or ~ for none");
}

enum status bounds_parse(const struct yaml_node *map, const struct schema *schema,
                         const size_t *columns, size_t count, struct bounds *ret, struct err *err)
{
    if (map->kind != YAML_MAP)
        return fail_at(map, err, "bounds is a map from columns to [least, largest]");
    for (size_t k = 0; k < map->count; k++) {
        const struct yaml_node *pair = map->items[k];
        size_t i = 0;
        while (i < count && !str_is(map->keys[k]->text, schema->fields[columns[i]].name))
            i++;
        if (i == count)
            return fail_at(pair, err, "no column \"%.*s\" is filled here",
                           (int)map->keys[k]->text.size, map->keys[k]->text.data);
        if (pair->kind != YAML_LIST || pair->count != 2)
            return fail_at(pair, err, "bounds are [least, largest]");
        TRY(parse_bound(pair->items[0], &ret[i].low, err));
        TRY(parse_bound(pair->items[1], &ret[i].high, err));
        if (ret[i].low > ret[i].high)
            return fail_at(pair, err, "the least is larger than the largest");
    }
    return STATUS_OK;
}
