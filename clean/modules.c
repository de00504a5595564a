/* clean/modules.c: the table of modules, in the order in which `suggest` drafts them, and what all
 * modules share: choosing columns and knowing where a row came from. */
#include "clean/module.h"

#include <string.h>

extern const struct clean_module module_text;
extern const struct clean_module module_missing;
extern const struct clean_module module_types;
extern const struct clean_module module_standardize;
extern const struct clean_module module_images;
extern const struct clean_module module_validate;
extern const struct clean_module module_deduplicate;
extern const struct clean_module module_outliers;
extern const struct clean_module module_impute;
extern const struct clean_module module_mask;
extern const struct clean_module module_labels;
extern const struct clean_module module_normalize;

const struct clean_module *const clean_modules[] = {
    &module_text,   &module_missing,  &module_types,       &module_standardize,
    &module_images, &module_validate, &module_deduplicate, &module_outliers,
    &module_impute, &module_mask,     &module_labels,      &module_normalize,
    NULL,
};

const struct clean_module *module_named(struct str name)
{
    for (size_t i = 0; clean_modules[i] != NULL; i++)
        if (str_is(name, clean_modules[i]->name)) return clean_modules[i];
    return NULL;
}

/* `*` matches any run of bytes. */
static bool glob_matches(struct str pattern, struct str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, retry = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            retry = t;
        } else if (p < pattern.size && pattern.data[p] == text.data[t]) {
            p++, t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

static bool is_provenance(const char *name)
{
    return strcmp(name, "_source") == 0 || strcmp(name, "_record") == 0;
}

static bool is_any_text(enum type_id type)
{
    return type == TYPE_UTF8 || type == TYPE_LARGE_UTF8 || type == TYPE_UTF8_VIEW;
}

bool schema_provenance(const struct schema *schema, int64_t *ret_source, int64_t *ret_record)
{
    *ret_source = schema_find(schema, str_of("_source"));
    *ret_record = schema_find(schema, str_of("_record"));
    if (*ret_source >= 0 && *ret_record >= 0) {
        const struct field *source = &schema->fields[*ret_source];
        const struct field *record = &schema->fields[*ret_record];
        if (is_any_text(source->type.id) && record->type.id == TYPE_INT64 && !record->dictionary)
            return true;
    }
    *ret_source = *ret_record = -1;
    return false;
}

static enum status fail_column(const struct module_setup *setup, struct err *err,
                               enum status status)
{
    const struct yaml_node *node = setup->node;
    if (node == NULL) return status;
    const struct yaml_node *columns = yaml_get(node, "columns");
    if (columns != NULL) node = columns;
    return fail_within(err, status, "line %d, column %d", node->line, node->column);
}

/* Marks the columns one entry of the list names. */
static enum status mark_named(const struct module_setup *setup, const char *name,
                              bool (*fits)(const struct field *field), bool changes, bool *marks,
                              struct err *err)
{
    const struct schema *schema = setup->schema;
    if (strchr(name, '*') == NULL) {
        size_t index = 0;
        enum status status = schema_require(schema, str_of(name), &index, err);
        if (status == STATUS_OK && changes && is_provenance(name)) {
            status = fail(err, STATUS_USAGE, "column \"%s\" says where a row is from", name);
            err_hint(err,
                     "no step changes it; tamis-ingest --source-name NAME writes another name");
        }
        if (status != STATUS_OK) return fail_column(setup, err, status);
        if (fits != NULL && !fits(&schema->fields[index])) {
            char type[128];
            fail(err, STATUS_USAGE, "column \"%s\" is %s, which this module does not work on", name,
                 field_type_text(&schema->fields[index], type, sizeof type));
            return fail_column(setup, err, STATUS_USAGE);
        }
        marks[index] = true;
        return STATUS_OK;
    }
    for (size_t i = 0; i < schema->count; i++)
        if (!is_provenance(schema->fields[i].name) && (fits == NULL || fits(&schema->fields[i])) &&
            glob_matches(str_of(name), str_of(schema->fields[i].name)))
            marks[i] = true;
    return STATUS_OK;
}

static enum status find_columns(const struct module_setup *setup, const struct text_list *list,
                                bool (*fits)(const struct field *field), bool changes,
                                size_t **ret_columns, size_t *ret_count, struct err *err)
{
    const struct schema *schema = setup->schema;
    bool *marks = arena_get(setup->arena, schema->count, sizeof *marks);
    size_t *columns = arena_get(setup->arena, schema->count, sizeof *columns);
    if (marks == NULL || columns == NULL)
        return fail_memory(err, schema->count * (sizeof *marks + sizeof *columns));
    if (list == NULL || list->count == 0) {
        for (size_t i = 0; i < schema->count; i++)
            marks[i] = !is_provenance(schema->fields[i].name) &&
                       (fits == NULL || fits(&schema->fields[i]));
    } else {
        for (size_t i = 0; i < list->count; i++)
            TRY(mark_named(setup, list->items[i], fits, changes, marks, err));
    }
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++)
        if (marks[i]) columns[count++] = i;
    *ret_columns = columns;
    *ret_count = count;
    return STATUS_OK;
}

enum status module_columns(const struct module_setup *setup, const struct text_list *list,
                           bool (*fits)(const struct field *field), size_t **ret_columns,
                           size_t *ret_count, struct err *err)
{
    return find_columns(setup, list, fits, true, ret_columns, ret_count, err);
}

enum status module_key_columns(const struct module_setup *setup, const struct text_list *list,
                               bool (*fits)(const struct field *field), size_t **ret_columns,
                               size_t *ret_count, struct err *err)
{
    return find_columns(setup, list, fits, false, ret_columns, ret_count, err);
}

void window_provenance(const struct window *window, int64_t row, struct str *ret_source,
                       int64_t *ret_record)
{
    const struct batch *batch = window->batch;
    *ret_source = (struct str){NULL, 0};
    *ret_record = window->ordinals != NULL ? window->ordinals[row] : window->first_row + row + 1;
    if (window->source_column < 0 || window->record_column < 0) return;
    size_t source = (size_t)window->source_column, record = (size_t)window->record_column;
    if (!array_text_at(&batch->schema->fields[source], batch->columns[source], row, ret_source))
        return;
    *ret_record = ((const int64_t *)array_values(batch->columns[record]))[row];
}
