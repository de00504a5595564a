/* ingest/contract_fit_check.c: the columns of a batch as a contract has them, and which rows break
 * its rules. */
#include "ingest/contract_fit_state.h"

#include "columnar/build.h"
#include "columnar/value_text.h"

static void blame(struct fit_fault *fault, enum fit_rule rule, size_t column)
{
    if (fault->rule != FIT_FINE) return; /* the first column that breaks a rule */
    fault->rule = (uint8_t)rule;
    fault->column = (uint32_t)column;
}

/* ---- values ---- */

static enum status null_column(const struct field *field, int64_t rows, struct array **ret,
                               struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    TRY(builder_open(&builder, field, rows, err));
    for (int64_t row = 0; row < rows; row++)
        TRY(build_null(builder, err));
    return builder_finish(builder, ret, err);
}

static enum status take_column(struct contract_fit *fit, size_t source, size_t column,
                               const struct batch *from, uint8_t *failed, struct array **ret,
                               struct err *err)
{
    const struct field *to = &fit->schema->fields[column];
    size_t at = fit->order[source * fit->schema->count + column];
    if (at == ABSENT) return null_column(to, from->rows, ret, err);
    const struct field *field = &from->schema->fields[at];
    if (field_equal(field, to)) {
        *ret = array_ref(from->columns[at]);
        return STATUS_OK;
    }
    if (!scalar_knows(to))
        return fail(err, STATUS_FAILED, "column \"%s\" is %s here and %s in another source",
                    to->name, field_type_text(field, (char[128]){0}, 128),
                    field_type_text(to, (char[128]){0}, 128));
    bool empty_is_null = fit->kind->types == TYPES_OF_TEXTS;
    return recast_array(field, from->columns[at], to, empty_is_null, failed, ret, err);
}

/* ---- rules ---- */

static void check_bounds(const struct fit_column *rule, const struct field *field,
                         const struct array *array, size_t column, struct fit_fault *faults)
{
    struct scalar value;
    for (int64_t row = 0; row < array->length; row++) {
        if (faults[row].rule != FIT_FINE || array_is_null(array, row)) continue;
        scalar_at(field, array, row, &value);
        if (rule->has_minimum && scalar_compare(field, &value, &rule->minimum) < 0)
            blame(&faults[row], FIT_MINIMUM, column);
        else if (rule->has_maximum && scalar_compare(field, &value, &rule->maximum) > 0)
            blame(&faults[row], FIT_MAXIMUM, column);
    }
}

static bool is_allowed(const struct text_list *allowed, struct str text)
{
    for (size_t i = 0; i < allowed->count; i++)
        if (str_is(text, allowed->items[i])) return true;
    return false;
}

static enum status check_allowed(const struct contract_column *rule, const struct field *field,
                                 const struct array *array, size_t column, struct fit_fault *faults,
                                 struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(INT32_MAX);
    for (int64_t row = 0; row < array->length; row++) {
        if (faults[row].rule != FIT_FINE || value_is_null(field, array, row)) continue;
        text.size = 0;
        TRY(value_plain(field, array, row, &text, err));
        if (!is_allowed(&rule->allowed, (struct str){(const char *)text.data, text.size}))
            blame(&faults[row], FIT_ALLOWED, column);
    }
    return STATUS_OK;
}

static enum status check_texts(const struct contract_column *rule, const struct field *field,
                               const struct array *array, size_t column, struct fit_fault *faults,
                               struct err *err)
{
    OWNED(memory_release) uint8_t *found = memory_get((size_t)array->length, 1);
    if (found == NULL) return fail_memory(err, (size_t)array->length);
    TRY(fit_texts(rule, field, array, found, err));
    for (int64_t row = 0; row < array->length; row++)
        if (found[row] != FIT_FINE) blame(&faults[row], (enum fit_rule)found[row], column);
    return STATUS_OK;
}

static enum status check_rule(struct contract_fit *fit, size_t column, bool absent,
                              const struct array *array, struct fit_fault *faults, struct err *err)
{
    const struct contract_column *rule = fit->columns[column].rule;
    const struct field *field = &fit->schema->fields[column];
    if (rule == NULL || absent) return STATUS_OK; /* a missing column was judged as a drift */
    for (int64_t row = 0; !rule->nullable && row < array->length; row++)
        if (value_is_null(field, array, row)) blame(&faults[row], FIT_NULL, column);
    if (fit->columns[column].has_minimum || fit->columns[column].has_maximum)
        check_bounds(&fit->columns[column], field, array, column, faults);
    TRY(check_texts(rule, field, array, column, faults, err));
    if (rule->allowed.count == 0) return STATUS_OK;
    return check_allowed(rule, field, array, column, faults, err);
}

enum status fit_columns(struct contract_fit *fit, size_t source, const struct batch *from,
                        struct array **columns, struct fit_fault *faults, struct err *err)
{
    OWNED(memory_release) uint8_t *failed = memory_get((size_t)from->rows, 1);
    if (failed == NULL) return fail_memory(err, (size_t)from->rows);
    for (int64_t row = 0; fit->refusal[source] != NULL && row < from->rows; row++)
        blame(&faults[row], FIT_REFUSED, 0);
    for (size_t i = 0; i < fit->schema->count; i++) {
        bool absent = fit->order[source * fit->schema->count + i] == ABSENT;
        memset(failed, 0, (size_t)from->rows);
        TRY(take_column(fit, source, i, from, failed, &columns[i], err));
        for (int64_t row = 0; row < from->rows; row++) {
            if (failed[row]) blame(&faults[row], FIT_TYPE, i);
            if (fit->columns[i].refused && !value_is_null(&fit->schema->fields[i], columns[i], row))
                blame(&faults[row], FIT_NEW, i);
        }
        TRY(check_rule(fit, i, absent, columns[i], faults, err));
    }
    return STATUS_OK;
}

/* ---- unique columns ---- */

/* All columns of the key as one value. *ret_null: the first of them without a value, or ABSENT. */
static enum status key_at(const struct contract_fit *fit, struct array *const *columns, int64_t row,
                          struct bytes *scratch, struct distinct_key *ret, size_t *ret_null,
                          struct err *err)
{
    OWNED(memory_release) struct distinct_key *parts = NULL;
    const struct text_list *key = &fit->contract->key;
    TRY(NEW(&parts, key->count, err));
    *ret_null = ABSENT;
    for (size_t i = 0; i < key->count; i++) {
        size_t column = (size_t)schema_find(fit->schema, str_of(key->items[i]));
        const struct field *field = &fit->schema->fields[column];
        if (value_is_null(field, columns[column], row)) {
            *ret_null = column;
            return STATUS_OK;
        }
        TRY(distinct_key_at(field, columns[column], row, scratch, &parts[i], err));
    }
    *ret = distinct_key_of((struct str){(const char *)parts, key->count * sizeof *parts});
    return STATUS_OK;
}

static enum status check_key(struct contract_fit *fit, struct array *const *columns, int64_t row,
                             struct bytes *scratch, struct distinct_key *ret,
                             struct fit_fault *fault, struct err *err)
{
    size_t null;
    if (fit->key_seen == NULL) return STATUS_OK;
    TRY(key_at(fit, columns, row, scratch, ret, &null, err));
    if (null != ABSENT) {
        blame(fault, FIT_NULL, null);
        return STATUS_OK;
    }
    const struct distinct_place *place = distinct_find(fit->key_seen, ret);
    if (place == NULL) return STATUS_OK;
    fault->other = place->record;
    fault->other_source = place->source;
    blame(fault, FIT_KEY, (size_t)schema_find(fit->schema, str_of(fit->contract->key.items[0])));
    return STATUS_OK;
}

/* Looks a row up in every unique column before it is added to any: a reject claims no value. */
static enum status unique_row(struct contract_fit *fit, size_t source, struct array *const *columns,
                              int64_t row, int64_t record, struct distinct_key *keys,
                              struct bytes *scratch, struct fit_fault *fault, struct err *err)
{
    for (size_t i = 0; i < fit->contract->count; i++) {
        const struct field *field = &fit->schema->fields[i];
        if (fit->columns[i].seen == NULL || value_is_null(field, columns[i], row)) continue;
        TRY(distinct_key_at(field, columns[i], row, scratch, &keys[i], err));
        const struct distinct_place *place = distinct_find(fit->columns[i].seen, &keys[i]);
        if (place == NULL) continue;
        fault->other = place->record;
        fault->other_source = place->source;
        blame(fault, FIT_UNIQUE, i);
        return STATUS_OK;
    }
    struct distinct_key whole;
    TRY(check_key(fit, columns, row, scratch, &whole, fault, err));
    if (fault->rule != FIT_FINE) return STATUS_OK;
    if (fit->key_seen != NULL) TRY(distinct_add(fit->key_seen, &whole, source, record, err));
    for (size_t i = 0; i < fit->contract->count; i++)
        if (fit->columns[i].seen != NULL &&
            !value_is_null(&fit->schema->fields[i], columns[i], row))
            TRY(distinct_add(fit->columns[i].seen, &keys[i], source, record, err));
    return STATUS_OK;
}

enum status fit_unique(struct contract_fit *fit, size_t source, struct array *const *columns,
                       int64_t rows, const int64_t *records, struct fit_fault *faults,
                       struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
    OWNED(memory_release) struct distinct_key *keys = NULL;
    TRY(NEW(&keys, fit->contract->count, err));
    for (int64_t row = 0; row < rows; row++) {
        int64_t record = records[row];
        if (faults[row].rule != FIT_FINE) continue;
        if (fit->number != NULL) record = fit->number(fit->number_context, source, record);
        TRY(unique_row(fit, source, columns, row, record, keys, &scratch, &faults[row], err));
    }
    return STATUS_OK;
}
