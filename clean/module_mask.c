/* clean/module_mask.c: personal data found and masked.
 *
 * Finds what mask_find knows in text columns, and numbers whose column says what they are, and puts
 * a label, a keyed pseudonym, a value of the same format, a shorter or coarser form in its place.
 * Columns can also be masked as a whole, made coarser under a report of k-anonymity, or dropped.
 * What it finds is masked in row events, rejects, reports and states of the whole chain too. */
#include "clean/mask_cells.h"
#include "clean/mask_national.h"
#include "clean/mask_settings.h"
#include "clean/mask_words.h"
#include "clean/parameters.h"

#include "base/yaml.h"

#include <stdio.h>

struct state {
    const struct mask_config *config;
    const struct schema *schema;
    struct mask_column *columns; /* by column of the schema */
    bool *dropped;               /* likewise */
    struct mask_set kinds;
    struct mask_plan plan;
    struct mask_words *words; /* NULL = forms only */
    struct mask_style style;
    struct mask_key key;
    struct mask_cells cells;
    struct generalize *generalize;
    int64_t (*found)[MASK_KINDS]; /* by column, after the last window */
};

/* ---- columns ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

static bool is_number(const struct field *field)
{
    enum type_id id = field->type.id;
    return !field->dictionary && (id == TYPE_INT32 || id == TYPE_INT64 || id == TYPE_UINT32 ||
                                  id == TYPE_UINT64 || id == TYPE_FLOAT64);
}

static bool is_date(const struct field *field)
{
    return !field->dictionary &&
           (field->type.id == TYPE_DATE32 || field->type.id == TYPE_TIMESTAMP);
}

static bool can_be_looked_at(const struct field *field)
{
    return is_text(field) || is_number(field);
}

static bool can_be_masked(const struct field *field)
{
    return can_be_looked_at(field) || is_date(field);
}

static bool any_column(const struct field *field)
{
    (void)field;
    return true;
}

/* A name that says of what kind its numbers are; "id" and "date" alone do not. */
static bool says_number(const struct mask_set *likely)
{
    for (enum mask_kind kind = 0; kind < MASK_DATE; kind++)
        if (likely->has[kind] && kind != MASK_IP && kind != MASK_URL && kind != MASK_EMAIL)
            return true;
    return false;
}

static enum mask_look look_of(const struct state *state, const struct field *field,
                              const struct mask_column *column)
{
    bool named = state->config->columns.count > 0;
    if (is_date(field)) return named ? MASK_LOOK_DATE : MASK_LOOK_NOT;
    if (is_text(field)) return MASK_LOOK_TEXT;
    return named || says_number(&column->likely) ? MASK_LOOK_NUMBER : MASK_LOOK_TELL;
}

static enum status open_columns(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    size_t fields = setup->schema->count, *columns, count;
    bool named = state->config->columns.count > 0, drops = state->config->action == MASK_DROP;
    TRY(module_columns(setup, &state->config->columns,
                       drops   ? any_column
                       : named ? can_be_masked
                               : can_be_looked_at,
                       &columns, &count, err));
    state->columns = arena_get(setup->arena, fields, sizeof *state->columns);
    state->dropped = arena_get(setup->arena, fields, sizeof *state->dropped);
    state->found = arena_get(setup->arena, fields, sizeof *state->found);
    if (state->columns == NULL || state->dropped == NULL || state->found == NULL)
        return fail_memory(err, fields * sizeof *state->found);
    memset(state->columns, 0, fields * sizeof *state->columns);
    memset(state->dropped, 0, fields);
    memset(state->found, 0, fields * sizeof *state->found);
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &setup->schema->fields[columns[i]];
        struct mask_column *column = &state->columns[columns[i]];
        mask_likely(field->name, &column->likely);
        state->dropped[columns[i]] = drops;
        if (!drops) column->look = look_of(state, field, column);
    }
    return STATUS_OK;
}

/* A column that is made coarser is not looked through as well. */
static void leave_coarse_alone(struct state *state)
{
    for (size_t i = 0; state->generalize != NULL && i < state->schema->count; i++)
        if (generalize_has(state->generalize, i)) state->columns[i].look = MASK_LOOK_NOT;
}

/* ---- lists ---- */

static enum status add_files(struct mask_words *words, const struct text_list *files,
                             unsigned class, struct err *err)
{
    for (size_t i = 0; i < files->count; i++)
        TRY(mask_words_add_file(words, files->items[i], class, err));
    return STATUS_OK;
}

static enum status add_texts(struct mask_words *words, const struct text_list *texts,
                             unsigned class, struct err *err)
{
    for (size_t i = 0; i < texts->count; i++)
        TRY(mask_words_add(words, str_of(texts->items[i]), class, err));
    return STATUS_OK;
}

static enum status open_lists(struct state *state, struct err *err)
{
    const struct mask_config *config = state->config;
    bool built_in = false;
    for (enum mask_kind kind = MASK_PERSON; kind < MASK_LISTED; kind++)
        built_in = built_in || state->kinds.has[kind];
    size_t own = config->person_lists.count + config->place_lists.count + config->lists.count +
                 config->words.count + config->allow_lists.count + config->allow.count;
    if (!built_in && own == 0) return STATUS_OK;
    TRY(mask_words_open(&state->words, built_in, err));
    TRY(add_files(state->words, &config->person_lists, WORD_OWN_PERSON, err));
    TRY(add_files(state->words, &config->place_lists, WORD_OWN_PLACE, err));
    TRY(add_files(state->words, &config->lists, WORD_OWN_LISTED, err));
    TRY(add_texts(state->words, &config->words, WORD_OWN_LISTED, err));
    TRY(add_files(state->words, &config->allow_lists, WORD_OWN_ALLOWED, err));
    TRY(add_texts(state->words, &config->allow, WORD_OWN_ALLOWED, err));
    state->kinds.has[MASK_PERSON] |= config->person_lists.count > 0;
    state->kinds.has[MASK_PLACE] |= config->place_lists.count > 0;
    return STATUS_OK;
}

/* ---- style ---- */

static enum status open_actions(struct state *state, struct err *err)
{
    const struct yaml_node *map = state->config->actions;
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        state->style.actions[kind] = (enum mask_action)state->config->action;
    if (map == NULL) return STATUS_OK;
    if (map->kind != YAML_MAP) return fail_at(map, err, "actions is a map: {card: truncate}");
    for (size_t i = 0; i < map->count; i++) {
        char name[64];
        const char *names[] = {name};
        struct text_list one = {names, 1};
        struct mask_set set;
        snprintf(name, sizeof name, "%.*s", (int)map->keys[i]->text.size, map->keys[i]->text.data);
        TRY(mask_set_of(&one, map->keys[i], &set, err));
        int action = choice_index(MASK_ACTIONS, map->items[i]->text);
        if (action < 0 || action == MASK_DROP)
            return fail_at(
                map->items[i], err, "no action of a find: expected one of %s",
                "redact, replace, pseudonym, truncate, format, restore, shift, generalize");
        for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
            if (set.has[kind] && (kind != MASK_LISTED || strcmp(name, "listed") == 0))
                state->style.actions[kind] = (enum mask_action)action;
    }
    return STATUS_OK;
}

static bool uses(const struct state *state, enum mask_action action)
{
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        if (state->style.actions[kind] == action) return true;
    return false;
}

static enum status open_key(struct state *state, const struct module_setup *setup, struct err *err)
{
    const struct mask_config *config = state->config;
    bool needs = uses(state, MASK_PSEUDONYM) || uses(state, MASK_FORMAT) ||
                 uses(state, MASK_RESTORE) || uses(state, MASK_SHIFT);
    state->style.key = &state->key;
    state->style.keep = config->keep;
    state->style.replacement = config->replacement;
    if (uses(state, MASK_RESTORE) && config->whole == NULL)
        return fail_at(setup->node, err,
                       "action restore needs whole: the kind of the columns, since "
                       "masked values are not found by their form");
    if (!needs) return STATUS_OK;
    if (config->key_file == NULL) {
        fail_at(setup->node, err, "action %s needs a key_file",
                uses(state, MASK_PSEUDONYM) ? "pseudonym"
                : uses(state, MASK_SHIFT)   ? "shift"
                                            : "format");
        err_hint(err, "make one: (umask 077; head -c 32 /dev/urandom > FILE)");
        return STATUS_USAGE;
    }
    return mask_key_read(&state->key, config->key_file, err);
}

static enum status open_whole(struct state *state, const struct module_setup *setup,
                              struct err *err)
{
    const char *names[] = {state->config->whole};
    struct text_list one = {names, 1};
    struct mask_set set;
    state->cells.whole = -1;
    if (state->config->whole == NULL) return STATUS_OK;
    TRY(mask_set_of(&one, yaml_get(setup->node, "whole"), &set, err));
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        if (strcmp(mask_kinds[kind].name, state->config->whole) == 0)
            state->cells.whole = (int)kind;
    if (state->cells.whole < 0)
        return fail_at(setup->node, err, "whole is one kind, not the group \"%s\"",
                       state->config->whole);
    if (state->config->columns.count > 0) return STATUS_OK;
    return fail_at(setup->node, err, "whole masks every cell of columns, and none is named");
}

static enum status open_cells(struct state *state, const struct module_setup *setup,
                              struct err *err)
{
    const struct mask_config *config = state->config;
    struct mask_cells *cells = &state->cells;
    TRY(open_whole(state, setup, err));
    cells->schema = setup->schema;
    cells->columns = state->columns;
    cells->kinds = &state->kinds;
    mask_plan_make(&state->kinds, &state->plan);
    cells->plan = &state->plan;
    cells->words = state->words;
    cells->weak = config->weak;
    cells->on_fail = (enum on_fail)config->on_fail;
    cells->style = &state->style;
    cells->shift_most = config->shift_days;
    cells->shift_by = -1;
    if (!uses(state, MASK_SHIFT)) return STATUS_OK;
    if (config->shift_by != NULL) {
        size_t column;
        TRY(schema_require(setup->schema, str_of(config->shift_by), &column, err));
        cells->shift_by = (int64_t)column;
    }
    cells->days = mask_shift_days(&state->key, (struct str){"", 0}, config->shift_days);
    return STATUS_OK;
}

/* ---- the schema that leaves ---- */

/* A field that may get nulls, and that a whole masking made nobody's. */
static enum status add_field(struct schema *schema, const struct state *state, size_t at,
                             struct err *err)
{
    struct field field = state->schema->fields[at];
    struct metadata_pair pairs[64];
    enum mask_look look = state->columns[at].look;
    bool nulls = look == MASK_LOOK_NUMBER || look == MASK_LOOK_DATE ||
                 (look == MASK_LOOK_TEXT && state->config->on_fail == ON_FAIL_NULL) ||
                 (state->generalize != NULL && generalize_nulls(state->generalize, at));
    if (nulls) field.nullable = true;
    bool frees = state->cells.whole >= 0 && state->config->on_fail != ON_FAIL_FLAG &&
                 look != MASK_LOOK_NOT && look != MASK_LOOK_TELL &&
                 state->style.actions[state->cells.whole] != MASK_RESTORE;
    if (frees && field.metadata.count <= 64) {
        size_t count = 0;
        for (size_t i = 0; i < field.metadata.count; i++)
            if (!str_is(field.metadata.pairs[i].key, "tamis:personal"))
                pairs[count++] = field.metadata.pairs[i];
        field.metadata = (struct metadata){pairs, count};
    }
    return schema_add(schema, &field, err);
}

static enum status leaving_schema(const struct state *state, struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < state->schema->count; i++)
        if (!state->dropped[i]) TRY(add_field(schema, state, i, err));
    if (state->config->on_fail == ON_FAIL_FLAG)
        TRY(schema_add_column(schema, state->config->flag, TYPE_UTF8, err));
    for (size_t i = 0; i < state->schema->metadata.count; i++)
        TRY(schema_add_metadata(schema, state->schema->metadata.pairs[i].key,
                                state->schema->metadata.pairs[i].value, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status open_generalize(struct state *state, const struct module_setup *setup,
                                   struct err *err)
{
    const struct generalize_settings *wanted = &state->config->generalize;
    if (wanted->columns == NULL && wanted->k == 0) return STATUS_OK;
    if (state->config->action == MASK_DROP)
        return fail_at(setup->node, err,
                       "action drop leaves columns out, and generalize or k is set: "
                       "make them two steps");
    return generalize_open(&state->generalize, setup, wanted, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    if (state->config->action == MASK_DROP && state->config->columns.count == 0)
        return fail_at(setup->node, err, "action drop needs columns");
    TRY(mask_set_of(&state->config->kinds, setup->node, &state->kinds, err));
    TRY(open_generalize(state, setup, err));
    TRY(open_columns(state, setup, err));
    leave_coarse_alone(state);
    TRY(open_lists(state, err));
    TRY(open_actions(state, err));
    TRY(open_key(state, setup, err));
    TRY(open_cells(state, setup, err));
    if (state->config->on_fail == ON_FAIL_FLAG &&
        schema_find(setup->schema, str_of(state->config->flag)) >= 0)
        return fail_at(setup->node, err, "column \"%s\" of flag is there already",
                       state->config->flag);
    return leaving_schema(state, ret_schema, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    mask_key_forget(&state->key);
    mask_words_close(&state->words);
    generalize_close(&state->generalize);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit: classes of rows that look alike ---- */

static bool needs_fit(const void *opaque)
{
    const struct state *state = opaque;
    return state->generalize != NULL && generalize_counts(state->generalize);
}

static bool may_remove(const void *opaque)
{
    const struct state *state = opaque;
    return state->config->on_fail == ON_FAIL_REJECT ||
           (needs_fit(state) && state->config->generalize.small == SMALL_DROP);
}

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    return needs_fit(state) ? generalize_observe(state->generalize, window, tally, err) : STATUS_OK;
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    return needs_fit(state) ? generalize_absorb(state->generalize, tally, err) : STATUS_OK;
}

static void discard(void *tally)
{
    counts_release(tally);
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    (void)err;
    struct state *state = opaque;
    *ret_more = false;
    if (needs_fit(state)) generalize_settle(state->generalize);
    return STATUS_OK;
}

/* ---- apply ---- */

struct flags {
    struct bytes *rows;
    size_t count;
};

static void flags_release(struct flags *flags)
{
    for (size_t i = 0; flags->rows != NULL && i < flags->count; i++)
        bytes_release(&flags->rows[i]);
    memory_free(flags->rows);
}

static enum status add_flags(const struct flags *flags, const char *name, size_t column,
                             struct change *change, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    struct field field = field_of(name, TYPE_UTF8);
    struct array *array;
    TRY(builder_open(&builder, &field, (int64_t)flags->count, err));
    for (size_t i = 0; i < flags->count; i++) {
        const struct bytes *row = &flags->rows[i];
        if (row->size == 0)
            TRY(build_null(builder, err));
        else
            TRY(build_text(builder, (struct str){(const char *)row->data, row->size}, err));
    }
    TRY(builder_finish(builder, &array, err));
    change_column(change, column, &array);
    return STATUS_OK;
}

static size_t columns_left(const struct state *state)
{
    size_t left = 0;
    for (size_t i = 0; i < state->schema->count; i++)
        left += !state->dropped[i];
    return left;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    OWNED(flags_release) struct flags flags = {.count = (size_t)window->batch->rows};
    bool flag = state->config->on_fail == ON_FAIL_FLAG;
    if (flag) TRY(NEW(&flags.rows, flags.count + 1, err));
    for (size_t i = 0; i < state->schema->count; i++)
        if (state->columns[i].look != MASK_LOOK_NOT)
            TRY(mask_cells(&state->cells, i, window, flags.rows, change, err));
    if (flag) TRY(add_flags(&flags, state->config->flag, columns_left(state), change, err));
    if (state->generalize == NULL) return STATUS_OK;
    return generalize_apply(state->generalize, window, change, err);
}

/* ---- verdict, events, lineage ---- */

static enum mask_kind kind_named(const char *name)
{
    enum mask_kind kind = 0;
    while (kind < MASK_KINDS && strcmp(mask_kinds[kind].name, name) != 0)
        kind++;
    return kind;
}

static enum status tell_finding(struct state *state, const struct finding *finding,
                                struct bytes *ret, struct err *err)
{
    if (finding->rule == mask_told)
        return bytes_format(
            ret, err, "column \"%s\" holds %lld %s: not masked, name it in columns to mask it\n",
            finding->column, (long long)finding->rows, mask_told);
    int64_t at = schema_find(state->schema, str_of(finding->column));
    enum mask_kind kind = kind_named(finding->rule);
    if (at >= 0 && kind < MASK_KINDS) state->found[at][kind] += finding->rows;
    bool kept = state->config->on_fail == ON_FAIL_FLAG;
    return bytes_format(ret, err, "%s %lld %s in column \"%s\"\n", kept ? "found" : "masked",
                        (long long)finding->rows, finding->rule, finding->column);
}

/* Finds are the work, not a fault: they are told, and the verdict stays good. */
static enum status conclude(void *opaque, int64_t rows, const struct finding *findings,
                            size_t count, bool *ret_failed, struct bytes *ret_report,
                            struct err *err)
{
    (void)rows;
    struct state *state = opaque;
    *ret_failed = false;
    if (needs_fit(state)) TRY(generalize_report(state->generalize, ret_failed, ret_report, err));
    for (size_t i = 0; i < count; i++)
        TRY(tell_finding(state, &findings[i], ret_report, err));
    return STATUS_OK;
}

static enum status checks(const void *opaque, struct check_results *ret, struct err *err)
{
    const struct state *state = opaque;
    return needs_fit(state) ? generalize_check(state->generalize, ret, err) : STATUS_OK;
}

static enum status save_column(const struct state *state, size_t at, bool *first, struct bytes *ret,
                               struct err *err)
{
    const char *between = "";
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++) {
        if (state->found[at][kind] == 0) continue;
        if (*between == '\0') {
            TRY(bytes_append_text(ret, *first ? "" : ", ", err));
            TRY(bytes_append_json(ret, str_of(state->schema->fields[at].name), err));
            TRY(bytes_append_text(ret, ": {", err));
        }
        TRY(bytes_format(ret, err, "%s\"%s\": %lld", between, mask_kinds[kind].name,
                         (long long)state->found[at][kind]));
        between = ", ";
        *first = false;
    }
    return *between == '\0' ? STATUS_OK : bytes_append_text(ret, "}", err);
}

/* {"masked": {"note": {"email": 3}}, "k": 5, ...} */
static enum status save(const void *opaque, struct bytes *ret, struct err *err)
{
    const struct state *state = opaque;
    bool first = true;
    TRY(bytes_append_text(ret, "{\"masked\": {", err));
    for (size_t i = 0; i < state->schema->count; i++)
        TRY(save_column(state, i, &first, ret, err));
    TRY(bytes_append_text(ret, "}", err));
    if (needs_fit(state)) {
        TRY(bytes_append_text(ret, ", ", err));
        TRY(generalize_json(state->generalize, ret, err));
    }
    return bytes_append_text(ret, "}", err);
}

/* What was found is not needed again; how many rows look alike is another number in other rows. */
static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    const struct state *state = opaque;
    if (!needs_fit(state)) return STATUS_OK;
    fail_at(parameters, err, "k counts the rows at hand and is not taken from a state");
    err_hint(err, "run mask with k as a recipe of its own behind the state");
    return STATUS_USAGE;
}

static enum status redact(const void *opaque, const char *column, struct str value,
                          struct bytes *ret, struct err *err)
{
    const struct state *state = opaque;
    int64_t at = column == NULL ? -1 : schema_find(state->schema, str_of(column));
    if (at >= 0 && state->dropped[at]) return bytes_append_text(ret, "[DROPPED]", err);
    if (at >= 0 && state->generalize != NULL && generalize_has(state->generalize, (size_t)at))
        return bytes_append_text(ret, "[GENERALIZED]", err);
    return mask_cell_text(&state->cells, column, value, ret, err);
}

static bool was_masked(const struct state *state, size_t at)
{
    if (state->cells.whole >= 0 && state->columns[at].look != MASK_LOOK_NOT)
        return state->style.actions[state->cells.whole] != MASK_RESTORE;
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        if (state->found[at][kind] > 0) return true;
    return false;
}

/* The columns it looks into decide about rows, or about what is told of them. */
static enum status find_lineage(const struct state *state, struct column_lineage *lineage,
                                struct err *err)
{
    bool flag = state->config->on_fail == ON_FAIL_FLAG;
    if (!flag && state->config->on_fail != ON_FAIL_REJECT) return STATUS_OK;
    for (size_t i = 0; i < state->schema->count; i++) {
        const char *name = state->schema->fields[i].name;
        if (state->columns[i].look == MASK_LOOK_NOT) continue;
        TRY(flag ? column_from(lineage, state->config->flag, name, "INDIRECT", "CONDITIONAL", false,
                               err)
                 : column_filters(lineage, name, "FILTER", err));
    }
    return STATUS_OK;
}

/* Masked: columns where something was. What was made coarser is a transformation. */
static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    const char *by = state->cells.shift_by < 0 ? NULL : state->config->shift_by;
    TRY(find_lineage(state, lineage, err));
    if (state->generalize != NULL) TRY(generalize_lineage(state->generalize, lineage, err));
    for (size_t i = 0; state->config->on_fail != ON_FAIL_FLAG && i < state->schema->count; i++) {
        const char *name = state->schema->fields[i].name;
        if (state->dropped[i] || !was_masked(state, i)) continue;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", true, err));
        if (by != NULL) TRY(column_from(lineage, name, by, "INDIRECT", "CONDITIONAL", false, err));
    }
    return STATUS_OK;
}

const struct clean_module module_mask = {
    .name = "mask",
    .summary = "find personal data in text and mask it",
    .source = "ISO/IEC 7812-1 (Luhn), ISO 13616 (IBAN), ITU-T E.164, RFC 2104 (HMAC), NIST SP "
              "800-38G (FF1), Sweeney 2002 (k-anonymity)",
    .settings = mask_settings,
    .config_bytes = sizeof(struct mask_config),
    .open = open,
    .removes_rows = true,
    .may_remove = may_remove,
    .needs_fit = needs_fit,
    .fit_setting = "k",
    .tally_bytes = sizeof(struct counts),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .conclude = conclude,
    .checks = checks,
    .save = save,
    .load = load,
    .column_lineage = column_lineage,
    .redact = redact,
    .close = close_state,
};
