/* ingest/contract_fit.c: what drifted between a contract and the sources of a run, and the columns
 * that come of it. */
#include "ingest/contract_fit_state.h"

#include "ingest/shape.h"

#include <stdio.h>

/* ---- drift ---- */

static enum drift_action action_on(const struct contract_fit *fit, enum drift drift)
{
    return fit->contract->on_drift[drift];
}

static enum status note(struct contract_fit *fit, enum drift drift, size_t source,
                        const char *column, const char *expected, const char *found,
                        struct err *err)
{
    if (fit->drift_count == fit->drift_room) {
        size_t room = fit->drift_room == 0 ? 8 : fit->drift_room * 2;
        struct fit_drift *drifts = memory_resize(fit->drifts, room, sizeof *drifts);
        if (drifts == NULL) return fail_memory(err, room * sizeof *drifts);
        fit->drifts = drifts;
        fit->drift_room = room;
    }
    fit->drifts[fit->drift_count++] = (struct fit_drift){
        .drift = drift,
        .action = action_on(fit, drift),
        .source = source,
        .column = column,
        .expected = expected,
        .found = found,
        .records = -1,
    };
    return STATUS_OK;
}

static enum status type_text(struct contract_fit *fit, const struct field *field, const char **ret,
                             struct err *err)
{
    char text[128];
    field_type_text(field, text, sizeof text);
    *ret = arena_text(fit->arena, text, strlen(text));
    return *ret == NULL ? fail_memory(err, sizeof text) : STATUS_OK;
}

/* ---- the columns of the output ---- */

static bool is_left_as_text(const struct contract_fit *fit, const char *name)
{
    const struct text_list *texts = &fit->contract->texts;
    if (fit->kind->types == TYPES_DECLARED) return false;
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], name) == 0) return true;
    return false;
}

/* Whether every value of an inferred type is one of the contract's. */
static bool is_within(const struct field *found, const struct field *wanted)
{
    enum type_id a = found->type.id, b = wanted->type.id;
    if (field_equal(found, wanted)) return true;
    if (a == TYPE_INT64) return type_is_number(b) || b == TYPE_DECIMAL128;
    if (a == TYPE_FLOAT64) return b == TYPE_FLOAT16 || b == TYPE_FLOAT32;
    return a == b || (a == TYPE_DATE32 && b == TYPE_TIMESTAMP);
}

static const struct field *field_in(const struct contract_fit *fit, size_t source, const char *name)
{
    const struct schema *schema = fit->kind->schema(fit->sources[source]);
    int64_t at = schema_find(schema, str_of(name));
    return at < 0 ? NULL : &schema->fields[at];
}

/* The type of a contract's column in the output; notes where a source has another. */
static enum status settle_type(struct contract_fit *fit, const struct contract_column *rule,
                               struct field *ret, struct err *err)
{
    bool evolves = action_on(fit, DRIFT_RETYPED) == DRIFT_EVOLVE;
    bool decided = rule->typed, text = is_left_as_text(fit, rule->name);
    *ret = rule->typed ? rule->type : field_of(rule->name, TYPE_UTF8);
    for (size_t i = 0; i < fit->source_count; i++) {
        const struct field *found = field_in(fit, i, rule->name);
        const char *expected_text, *found_text;
        if (found == NULL || text) continue;
        bool inferred = fit->kind->types != TYPES_DECLARED;
        if (!decided) *ret = *found;
        decided = true;
        if (field_equal(found, ret) || (inferred && is_within(found, ret))) continue;
        TRY(type_text(fit, ret, &expected_text, err));
        TRY(type_text(fit, found, &found_text, err));
        TRY(note(fit, DRIFT_RETYPED, i, rule->name, expected_text, found_text, err));
        if (evolves) *ret = *found;
    }
    return STATUS_OK;
}

/* The metadata of a personal column says so. */
static enum status add_field(struct contract_fit *fit, const struct field *field, bool personal,
                             struct err *err)
{
    struct metadata_pair pair = {str_of("tamis:personal"), str_of("true")};
    struct field made = *field;
    if (fit->schema->count >= COLUMNS_MAXIMUM)
        return fail(err, STATUS_FAILED, "found more than %d columns", COLUMNS_MAXIMUM);
    if (personal) made.metadata = (struct metadata){&pair, 1};
    return schema_add(fit->schema, &made, err);
}

/* Rows that were rejected behind ingestion carry where they are from, which is known already. */
static bool is_provenance(const struct contract_fit *fit, const char *name)
{
    bool known_schema = fit->contract->json == NULL;
    return known_schema && (strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0);
}

static enum status add_new_columns(struct contract_fit *fit, size_t source, struct err *err)
{
    const struct schema *schema = fit->kind->schema(fit->sources[source]);
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const char *found;
        if (contract_find(fit->contract, str_of(field->name)) != NULL) continue;
        if (is_provenance(fit, field->name)) continue;
        TRY(type_text(fit, field, &found, err));
        TRY(note(fit, DRIFT_NEW, source, field->name, NULL, found, err));
        if (schema_find(fit->schema, str_of(field->name)) < 0)
            TRY(add_field(fit, field, false, err));
    }
    return STATUS_OK;
}

/* A column that became text has no order any more. */
static void settle_bounds(struct fit_column *column, const struct field *field)
{
    const struct contract_column *rule = column->rule;
    struct value_day day = {.known = false};
    if (!scalar_has_order(field)) return;
    column->has_minimum = rule->minimum_text != NULL &&
                          scalar_read(str_of(rule->minimum_text), field, &day, &column->minimum);
    column->has_maximum = rule->maximum_text != NULL &&
                          scalar_read(str_of(rule->maximum_text), field, &day, &column->maximum);
}

static enum status make_schema(struct contract_fit *fit, struct err *err)
{
    char digest[DIGEST_TEXT];
    TRY(schema_new(&fit->schema, err));
    for (size_t i = 0; i < fit->contract->count; i++) {
        const struct contract_column *rule = &fit->contract->columns[i];
        struct field field;
        TRY(settle_type(fit, rule, &field, err));
        TRY(add_field(fit, &field, rule->personal, err));
    }
    for (size_t i = 0; i < fit->source_count; i++)
        TRY(add_new_columns(fit, i, err));
    if (fit->contract->json != NULL)
        TRY(schema_set_metadata(fit->schema, "tamis:contract",
                                str_of(digest_text(&fit->contract->digest, digest)), err));
    TRY(NEW(&fit->columns, fit->schema->count, err));
    for (size_t i = 0; i < fit->schema->count; i++) {
        struct fit_column *column = &fit->columns[i];
        if (i < fit->contract->count) column->rule = &fit->contract->columns[i];
        column->refused = column->rule == NULL && action_on(fit, DRIFT_NEW) == DRIFT_REJECT;
        if (column->rule == NULL) continue;
        settle_bounds(column, &fit->schema->fields[i]);
        if (!column->rule->unique) continue;
        TRY(distinct_open(&column->seen, err));
        fit->has_unique = true;
    }
    if (fit->contract->key.count == 0) return STATUS_OK;
    fit->has_unique = true;
    return distinct_open(&fit->key_seen, err);
}

/* ---- each source ---- */

static enum status refuse(struct contract_fit *fit, size_t source, enum drift drift,
                          const char *column, struct err *err)
{
    if (action_on(fit, drift) != DRIFT_REJECT || fit->refusal[source] != NULL) return STATUS_OK;
    fit->refusal[source] =
        drift == DRIFT_MISSING
            ? arena_format(fit->arena, "column \"%s\" of the contract is missing", column)
            : arena_format(fit->arena, "column \"%s\" stands in another place than in the contract",
                           column);
    return fit->refusal[source] == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status place_columns(struct contract_fit *fit, size_t source, struct err *err)
{
    const struct schema *schema = fit->kind->schema(fit->sources[source]);
    size_t *order = fit->order + source * fit->schema->count, behind = 0;
    bool told = fit->kind->by_name;
    for (size_t i = 0; i < fit->schema->count; i++) {
        const char *name = fit->schema->fields[i].name;
        int64_t at = schema_find(schema, str_of(name));
        order[i] = at < 0 ? ABSENT : (size_t)at;
        if (fit->columns[i].rule == NULL) continue;
        if (at < 0) {
            TRY(note(fit, DRIFT_MISSING, source, name, NULL, NULL, err));
            TRY(refuse(fit, source, DRIFT_MISSING, name, err));
        } else if ((size_t)at < behind && !told) {
            TRY(note(fit, DRIFT_REORDERED, source, name, NULL, NULL, err));
            TRY(refuse(fit, source, DRIFT_REORDERED, name, err));
            told = true;
        } else {
            behind = (size_t)at;
        }
    }
    return STATUS_OK;
}

/* ---- the whole ---- */

static void describe(const struct contract_fit *fit, const struct fit_drift *drift, char *ret,
                     size_t room)
{
    char column[120];
    escape_for_terminal(str_of(drift->column), column, sizeof column);
    if (drift->drift == DRIFT_NEW)
        snprintf(ret, room, "new column \"%s\"", column);
    else if (drift->drift == DRIFT_MISSING)
        snprintf(ret, room, "column \"%s\" is missing", column);
    else if (drift->drift == DRIFT_REORDERED)
        snprintf(ret, room, "column \"%s\" stands in another place", column);
    else if (drift->found != NULL)
        snprintf(ret, room, "column \"%s\" is %s, expected %s", column, drift->found,
                 drift->expected);
    else
        snprintf(ret, room, "column \"%s\" has values that are no %s", column, drift->expected);
    (void)fit;
}

static enum status fail_drift(const struct contract_fit *fit, struct err *err)
{
    char text[320];
    for (size_t i = 0; i < fit->drift_count; i++) {
        const struct fit_drift *drift = &fit->drifts[i];
        if (drift->action != DRIFT_FAIL) continue;
        describe(fit, drift, text, sizeof text);
        (void)fail(err, STATUS_VERDICT, "contract \"%s\": source \"%s\": %s", fit->contract->name,
                   fit->names[drift->source], text);
        err_hint(err,
                 "on_drift: {%s: evolve} takes it as it is, {%s: reject} makes its records "
                 "rejects",
                 drift_names[drift->drift], drift_names[drift->drift]);
        return STATUS_VERDICT;
    }
    return STATUS_OK;
}

static bool same_columns(const struct source_kind *kind, struct source *const *sources,
                         size_t count)
{
    const struct schema *first = kind->schema(sources[0]);
    for (size_t i = 1; i < count; i++) {
        const struct schema *other = kind->schema(sources[i]);
        if (other->count != first->count) return false;
        for (size_t k = 0; k < first->count; k++)
            if (schema_find(other, str_of(first->fields[k].name)) < 0) return false;
    }
    return true;
}

static enum status open_fit(struct contract_fit *fit, struct err *err)
{
    size_t places;
    const struct source_kind *kind = fit->kind;
    if (fit->source_count > 1 && kind->unify != NULL &&
        (kind->by_name || same_columns(kind, fit->sources, fit->source_count)))
        TRY(kind->unify(fit->sources, fit->source_count, err));
    fit->lock_made =
        pthread_mutex_init(&fit->lock, NULL) == 0 && pthread_cond_init(&fit->moved, NULL) == 0;
    TRY(arena_open(&fit->arena, err));
    TRY(make_schema(fit, err));
    if (__builtin_mul_overflow(fit->source_count, fit->schema->count, &places))
        return fail_memory(err, SIZE_MAX);
    TRY(NEW(&fit->order, places, err));
    TRY(NEW(&fit->refusal, fit->source_count, err));
    for (size_t i = 0; i < fit->source_count; i++)
        TRY(place_columns(fit, i, err));
    return fail_drift(fit, err);
}

enum status contract_fit_open(struct contract_fit **ret, const struct contract *contract,
                              const struct source_kind *kind, struct source *const *sources,
                              const char *const *names, size_t count, struct err *err)
{
    TRY(NEW(ret, 1, err));
    (*ret)->contract = contract;
    (*ret)->kind = kind;
    (*ret)->sources = sources;
    (*ret)->names = names;
    (*ret)->source_count = count;
    return open_fit(*ret, err);
}

const struct schema *contract_fit_schema(const struct contract_fit *fit)
{
    return fit->schema;
}

void contract_fit_number(struct contract_fit *fit,
                         int64_t (*number)(const void *context, size_t source, int64_t record),
                         const void *context)
{
    fit->number = number;
    fit->number_context = context;
}

/* ---- what is said of it ---- */

/* The drift that only values show: of column `index`, over all sources. */
static bool conflicts_of(const struct contract_fit *fit, size_t index, struct fit_drift *ret,
                         char *type, size_t room)
{
    int64_t records = atomic_load(&fit->columns[index].conflicts);
    const struct field *field = &fit->schema->fields[index];
    if (records == 0) return false;
    *ret = (struct fit_drift){
        .drift = DRIFT_RETYPED,
        .action = action_on(fit, DRIFT_RETYPED),
        .source = ABSENT,
        .column = field->name,
        .expected = field_type_text(field, type, room),
        .records = records,
    };
    if (ret->action == DRIFT_EVOLVE) ret->action = DRIFT_REJECT; /* no type holds it and the rest */
    return true;
}

static enum status record_drift(const struct contract_fit *fit, const struct fit_drift *drift,
                                struct run *run, struct err *err)
{
    const struct drift_event event = {
        .source = drift->source == ABSENT ? NULL : fit->names[drift->source],
        .column = drift->column,
        .drift = drift_names[drift->drift],
        .action = drift_action_names[drift->action],
        .expected = drift->expected,
        .found = drift->found,
        .records = drift->records,
    };
    return run_drift(run, &event, err);
}

enum status contract_fit_record(const struct contract_fit *fit, struct run *run, struct err *err)
{
    struct fit_drift drift;
    char type[128];
    for (size_t i = 0; i < fit->drift_count; i++)
        TRY(record_drift(fit, &fit->drifts[i], run, err));
    for (size_t i = 0; fit->columns != NULL && i < fit->schema->count; i++)
        if (conflicts_of(fit, i, &drift, type, sizeof type))
            TRY(record_drift(fit, &drift, run, err));
    return STATUS_OK;
}

static void add_remark(const struct contract_fit *fit, const struct fit_drift *drift, char *ret,
                       size_t room)
{
    char text[320];
    size_t used = strlen(ret);
    describe(fit, drift, text, sizeof text);
    snprintf(ret + used, room - used, "%s%s (%s)", used == 0 ? "drift: " : "; ", text,
             drift_action_names[drift->action]);
}

void contract_fit_remark(const struct contract_fit *fit, char *ret, size_t room)
{
    struct fit_drift drift;
    char type[128];
    ret[0] = '\0';
    for (size_t i = 0; i < fit->drift_count; i++)
        add_remark(fit, &fit->drifts[i], ret, room);
    for (size_t i = 0; i < fit->schema->count; i++)
        if (conflicts_of(fit, i, &drift, type, sizeof type)) add_remark(fit, &drift, ret, room);
}

void contract_fit_close(struct contract_fit **fit)
{
    struct contract_fit *f = fit == NULL ? NULL : *fit;
    if (f == NULL) return;
    for (size_t i = 0; f->columns != NULL && i < f->schema->count; i++)
        distinct_close(&f->columns[i].seen);
    distinct_close(&f->key_seen);
    if (f->lock_made) {
        pthread_cond_destroy(&f->moved);
        pthread_mutex_destroy(&f->lock);
    }
    memory_free(f->columns);
    memory_free(f->order);
    memory_free(f->refusal);
    memory_free(f->drifts);
    schema_unref(&f->schema);
    arena_close(&f->arena);
    memory_free(f);
    *fit = NULL;
}
