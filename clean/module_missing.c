/* clean/module_missing.c: disguised nulls become nulls: marker words in texts, numbers that stand
 * for "not known", NaN. */
#include "clean/missing_profile.h"
#include "clean/module.h"
#include "clean/numbers.h"
#include "clean/numeral.h"
#include "clean/parameters.h"
#include "columnar/distinct.h"

#include <math.h>
#include <stdlib.h>

struct config {
    bool defaults;
    bool nan;
    bool ignore_case;
    int detect;
    struct text_list markers, keep, numbers;
    const struct yaml_node *columns;
};
enum detect { DETECT_AUTO, DETECT_FALSE, DETECT_SURE, DETECT_TRUE };
#define DETECT "auto|false|sure|true"
struct column_config {
    struct text_list markers, keep, numbers;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting settings[] = {
    {"columns", SETTING_TREE, offsetof(struct config, columns),
     .help = "a list of columns to work on, or a map of columns to markers, keep and numbers of "
             "their own; default every column"},
    {"markers", SETTING_TEXTS, offsetof(struct config, markers),
     .help = "texts that stand for null in every column, besides the default ones"},
    {"keep", SETTING_TEXTS, offsetof(struct config, keep),
     .help = "texts that are values although they are markers (NA is Namibia)"},
    {"numbers", SETTING_TEXTS, offsetof(struct config, numbers),
     .help = "numbers that stand for null, such as -999; none by default"},
    {"defaults", SETTING_FLAG, offsetof(struct config, defaults), .fallback = "true",
     .help = "empty and blank texts and NA, N/A, n/a, #N/A, #NA, <NA>, NaN, nan, NULL, null, None, "
             "?, -, -- and --- are null"},
    {"detect", SETTING_CHOICE, offsetof(struct config, detect), "auto", DETECT,
     .help =
         "learn each column's markers from its values instead of the default ones; sure: words "
         "for \"not known\", NA unless it fits in, nines far outside (-999, 9999); true: also one "
         "word among numbers, 0 and -1 far outside; auto: sure, unless markers, keep or numbers "
         "are given here; false: in one pass"},
    {"ignore_case", SETTING_FLAG, offsetof(struct config, ignore_case), .fallback = "false",
     .help = "compare without regard to the case of ASCII letters"},
    {"nan", SETTING_FLAG, offsetof(struct config, nan), .fallback = "true",
     .help = "NaN in columns of floating point is null"},
    {0}};
static const struct setting column_settings[] = {
    {"markers", SETTING_TEXTS, offsetof(struct column_config, markers),
     .help = "texts that stand for null in this column"},
    {"keep", SETTING_TEXTS, offsetof(struct column_config, keep),
     .help = "texts that are values in this column"},
    {"numbers", SETTING_TEXTS, offsetof(struct column_config, numbers),
     .help = "numbers that stand for null in this column"},
    {0}};
/* clang-format on */

#define LEARNED_NUMBERS 4

static const char *const default_markers[] = {"",     "NA",  "N/A", "n/a",  "#N/A", "#NA",
                                              "<NA>", "NaN", "nan", "NULL", "null", "None",
                                              "?",    "-",   "--",  "---"};

/* ---- what is null in one column ---- */

struct column {
    size_t index;
    const char *name;
    struct column_config own;
    struct str *markers;
    size_t marker_count;
    double *numbers;
    size_t number_count;
    size_t told;          /* of the numbers, by the recipe or a state; the others were learned */
    const char **learned; /* what to say of each learned number */
    uint64_t sizes;       /* bit n: a marker of n bytes exists; bit 63: one of 63 or more */
    uint64_t firsts[4];   /* bit n: a marker begins with byte n, in any case of letters */
};

struct state {
    const struct config *config;
    bool learns;
    enum evidence evidence;
    struct arena *arena;
    struct column *columns;
    size_t count;
    struct column_profile *profiles; /* by column, while learning */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same(struct str a, struct str b, bool ignore_case)
{
    if (!ignore_case || a.size != b.size) return str_equal(a, b);
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i])) return false;
    return true;
}

static bool listed(const struct text_list *list, struct str text, bool ignore_case)
{
    for (size_t i = 0; i < list->count; i++)
        if (same(str_trim(str_of(list->items[i])), text, ignore_case)) return true;
    return false;
}

/* Whether a trimmed text stands for null. */
static bool is_marker(const struct column *column, struct str text, bool ignore_case)
{
    if (((column->sizes >> (text.size < 63 ? text.size : 63)) & 1) == 0) return false;
    unsigned first = text.size == 0 ? 0 : (unsigned char)lower(text.data[0]);
    if (text.size > 0 && ((column->firsts[first >> 6] >> (first & 63)) & 1) == 0) return false;
    for (size_t i = 0; i < column->marker_count; i++)
        if (same(column->markers[i], text, ignore_case)) return true;
    return false;
}

static bool is_null_number(const struct column *column, double value)
{
    for (size_t i = 0; i < column->number_count; i++)
        if (value == column->numbers[i]) return true;
    return false;
}

/* A text that is one of the numbers, however it is written: -999, -999.0. */
static bool is_null_number_text(const struct column *column, struct str text)
{
    char copy[64];
    if (column->number_count == 0 || text.size == 0 || text.size >= sizeof copy) return false;
    if (strchr("+-.0123456789", text.data[0]) == NULL) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    char *end = NULL;
    double value = strtod(copy, &end);
    return *end == '\0' && is_null_number(column, value);
}

/* ---- opening ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8;
}

static bool fits(const struct field *field)
{
    return is_text(field) || field_is_number(field);
}

static void add_marker(struct column *column, struct str text)
{
    unsigned first = text.size == 0 ? 0 : (unsigned char)lower(text.data[0]);
    column->firsts[first >> 6] |= UINT64_C(1) << (first & 63);
    column->markers[column->marker_count++] = text;
    column->sizes |= UINT64_C(1) << (text.size < 63 ? text.size : 63);
}

static bool is_kept(const struct config *config, const struct column *column, struct str text)
{
    return listed(&column->own.keep, text, config->ignore_case) ||
           listed(&config->keep, text, config->ignore_case);
}

static void add_markers(const struct config *config, const struct text_list *list,
                        struct column *column)
{
    for (size_t i = 0; i < list->count; i++) {
        struct str text = str_trim(str_of(list->items[i]));
        bool own = list == &column->own.markers;
        if (own ? !listed(&column->own.keep, text, config->ignore_case)
                : !is_kept(config, column, text))
            add_marker(column, text);
    }
}

static enum status add_numbers(const struct text_list *list, struct column *column, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        char *end = NULL;
        double value = strtod(list->items[i], &end);
        if (end == list->items[i] || *end != '\0')
            return fail(err, STATUS_USAGE, "\"numbers\" holds \"%.40s\", which is no number",
                        list->items[i]);
        column->numbers[column->number_count++] = value;
    }
    return STATUS_OK;
}

/* Room for the settings' markers and for what can be learned besides. */
static enum status prepare_column(struct column *column, const struct state *state,
                                  struct arena *arena, struct err *err)
{
    const struct config *config = state->config;
    const size_t defaults = sizeof default_markers / sizeof *default_markers;
    struct text_list list = {(const char **)(uintptr_t)default_markers, defaults};
    size_t markers = defaults + config->markers.count + column->own.markers.count + PROFILE_TOKENS;
    size_t numbers = config->numbers.count + column->own.numbers.count + LEARNED_NUMBERS;
    column->markers = arena_get(arena, markers, sizeof *column->markers);
    column->numbers = arena_get(arena, numbers, sizeof *column->numbers);
    if (column->markers == NULL || column->numbers == NULL)
        return fail_memory(err, markers * sizeof *column->markers);
    if (config->defaults && state->learns) list.count = 1; /* the empty text */
    if (config->defaults) add_markers(config, &list, column);
    add_markers(config, &config->markers, column);
    add_markers(config, &column->own.markers, column);
    TRY(add_numbers(&config->numbers, column, err));
    TRY(add_numbers(&column->own.numbers, column, err));
    column->told = column->number_count;
    return STATUS_OK;
}

/* A recipe that says what stands for null in its data is not asked to learn it. */
static bool is_told(const struct config *config)
{
    bool by_column = config->columns != NULL && config->columns->kind == YAML_MAP;
    return by_column || !config->defaults || config->markers.count > 0 || config->keep.count > 0 ||
           config->numbers.count > 0;
}

static void choose_evidence(struct state *state)
{
    enum detect detect = (enum detect)state->config->detect;
    if (detect == DETECT_AUTO) detect = is_told(state->config) ? DETECT_FALSE : DETECT_SURE;
    state->learns = detect != DETECT_FALSE;
    state->evidence = detect == DETECT_TRUE ? EVIDENCE_LIKELY : EVIDENCE_SURE;
}

/* The names in `columns: [a, b]`, or an empty list. */
static enum status listed_names(const struct config *config, struct arena *arena,
                                struct text_list *ret, struct err *err)
{
    const struct yaml_node *node = config->columns;
    *ret = (struct text_list){0};
    if (node == NULL || node->kind == YAML_MAP) return STATUS_OK;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    ret->items = arena_get(arena, count, sizeof *ret->items);
    if (ret->items == NULL) return fail_memory(err, count * sizeof *ret->items);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;
        if (item->kind != YAML_SCALAR)
            return fail_at(item, err, "the name of a column is expected");
        ret->items[i] = arena_text(arena, item->text.data, item->text.size);
        if (ret->items[i] == NULL) return fail_memory(err, item->text.size);
    }
    ret->count = count;
    return STATUS_OK;
}

/* The column's own settings in `columns: {code: {keep: [NA]}}`. */
static enum status own_settings(const struct config *config, const char *name, struct arena *arena,
                                struct column_config *ret, struct err *err)
{
    const struct yaml_node *own = NULL;
    *ret = (struct column_config){0};
    if (config->columns != NULL && config->columns->kind == YAML_MAP)
        own = yaml_get(config->columns, name);
    if (own == NULL) return STATUS_OK;
    if (own->kind != YAML_MAP)
        return fail_at(own, err,
                       "a map with markers, keep or numbers is expected for column \"%s\"", name);
    return settings_from_yaml(column_settings, own, ret, arena, err);
}

/* Every name in the map is a column that can hold markers. */
static enum status check_names(const struct module_setup *setup, const struct config *config,
                               struct err *err)
{
    const struct yaml_node *map = config->columns;
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++) {
        const struct yaml_node *key = map->keys[i];
        size_t index = 0;
        enum status status = schema_require(setup->schema, key->text, &index, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "line %d, column %d", key->line, key->column);
        if (!fits(&setup->schema->fields[index]))
            return fail_at(key, err, "column \"%.*s\" is neither text nor number",
                           (int)key->text.size, key->text.data);
    }
    return STATUS_OK;
}

static enum status open_missing(void **ret_state, const struct module_setup *setup,
                                struct schema **ret_schema, struct err *err)
{
    (void)ret_schema;
    const struct config *config = setup->config;
    struct text_list names;
    size_t *columns = NULL;
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    state->config = config;
    state->arena = setup->arena;
    choose_evidence(state);
    TRY(check_names(setup, config, err));
    TRY(listed_names(config, setup->arena, &names, err));
    TRY(module_columns(setup, &names, fits, &columns, &state->count, err));
    state->columns = arena_get(setup->arena, state->count, sizeof *state->columns);
    if (state->columns == NULL) return fail_memory(err, state->count * sizeof *state->columns);
    for (size_t i = 0; i < state->count; i++) {
        struct column *column = &state->columns[i];
        column->index = columns[i];
        column->name = setup->schema->fields[columns[i]].name;
        TRY(own_settings(config, column->name, setup->arena, &column->own, err));
        TRY(prepare_column(column, state, setup->arena, err));
    }
    *ret_state = state;
    return STATUS_OK;
}

/* ---- learning ---- */

struct tally {
    struct column_profile *profiles;
};

static enum status observe_missing(const void *opaque, int pass, const struct window *window,
                                   void *opaque_tally, struct err *err)
{
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    (void)pass;
    TRY(NEW(&tally->profiles, state->count, err));
    for (size_t i = 0; i < state->count; i++) {
        const struct field *field = &window->batch->schema->fields[state->columns[i].index];
        const struct array *array = window->batch->columns[state->columns[i].index];
        for (int64_t row = 0; row < array->length; row++) {
            struct str text;
            double number;
            if (!is_text(field)) {
                if (array_number_at(field, array, row, &number))
                    profile_number(&tally->profiles[i], number);
            } else if (array_text_at(field, array, row, &text) &&
                       (text = str_trim(text)).size > 0) {
                profile_text(&tally->profiles[i], text);
            }
        }
    }
    return STATUS_OK;
}

static enum status absorb_missing(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    (void)pass;
    if (state->profiles == NULL) {
        state->profiles = arena_get(state->arena, state->count, sizeof *state->profiles);
        if (state->profiles == NULL) return fail_memory(err, state->count * sizeof(double));
    }
    for (size_t i = 0; i < state->count; i++)
        profile_add(&state->profiles[i], &tally->profiles[i]);
    memory_free(tally->profiles);
    tally->profiles = NULL;
    return STATUS_OK;
}

/* Of each column the same, however many rows there were. */
static enum status carry_missing(const void *opaque, int pass, void *opaque_tally,
                                 struct wire *wire, struct err *err)
{
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    (void)pass;
    TRY(WIRE_KNOWN(wire, &tally->profiles, state->count, err));
    if (!wire->reading) return STATUS_OK;
    if (tally->profiles == NULL && state->count > 0)
        return fail(err, STATUS_FAILED, "columns without a profile");
    for (size_t i = 0; i < state->count; i++)
        if (!profile_is_sound(&tally->profiles[i]))
            return fail(err, STATUS_FAILED, "a profile that no column has");
    return STATUS_OK;
}

static bool parameters_suffice(const void *opaque)
{
    (void)opaque;
    return true;
}

static void discard_missing(void *opaque_tally)
{
    struct tally *tally = opaque_tally;
    memory_free(tally->profiles);
}

/* Numbers that nobody named are told: they may be values after all. */
static enum status learn_numbers(const struct state *state, const struct column_profile *profile,
                                 struct column *column, struct err *err)
{
    size_t count = profile_null_numbers(profile, state->evidence,
                                        column->numbers + column->number_count, LEARNED_NUMBERS);
    column->learned = arena_get(state->arena, count, sizeof *column->learned);
    if (column->learned == NULL) return fail_memory(err, count * sizeof *column->learned);
    for (size_t i = 0; i < count; i++) {
        double value = column->numbers[column->number_count++];
        column->learned[i] = arena_format(state->arena, "%g taken for null", value);
        if (column->learned[i] == NULL) return fail_memory(err, 32);
    }
    return STATUS_OK;
}

static enum status settle_missing(void *opaque, int pass, bool *ret_more, struct err *err)
{
    struct state *state = opaque;
    (void)pass;
    *ret_more = false;
    for (size_t i = 0; state->profiles != NULL && i < state->count; i++) {
        struct column *column = &state->columns[i];
        const struct column_profile *profile = &state->profiles[i];
        for (size_t k = 0; k < profile->token_count; k++) {
            const struct token *token = &profile->tokens[k];
            struct str text = {token->text, token->size};
            if (profile_token_is_null(profile, token, state->evidence) &&
                !is_kept(state->config, column, text))
                add_marker(column, text);
        }
        TRY(learn_numbers(state, profile, column, err));
    }
    return STATUS_OK;
}

static bool learns(const void *opaque)
{
    const struct state *state = opaque;
    return state->learns;
}

static bool touches_column(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].index == column) return true;
    return false;
}

/* ---- saving ---- */

static enum status save_column(const struct column *column, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_json(ret, str_of(column->name), err));
    TRY(bytes_append_text(ret, ": {\"markers\": [", err));
    for (size_t i = 0; i < column->marker_count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(bytes_append_json(ret, column->markers[i], err));
    }
    TRY(bytes_append_text(ret, "], ", err));
    TRY(put_reals(ret, "numbers", column->numbers, column->number_count, err));
    return bytes_append_text(ret, "}", err);
}

/* Only what was learned needs saving; without `detect` the settings say all. */
static enum status save_missing(const void *opaque, struct bytes *ret, struct err *err)
{
    const struct state *state = opaque;
    if (!state->learns) return STATUS_OK;
    TRY(bytes_append_text(ret, "{\"columns\": {", err));
    for (size_t i = 0; i < state->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(save_column(&state->columns[i], ret, err));
    }
    return bytes_append_text(ret, "}}", err);
}

static enum status load_column(struct column *column, struct arena *arena,
                               const struct yaml_node *saved, struct err *err)
{
    const struct yaml_node *markers = yaml_get(saved, "markers"),
                           *numbers = yaml_get(saved, "numbers");
    if (markers == NULL || numbers == NULL)
        return fail_at(saved, err, "\"markers\" and \"numbers\" are expected");
    column->markers = arena_get(arena, markers->count, sizeof *column->markers);
    column->numbers = arena_get(arena, numbers->count, sizeof *column->numbers);
    if (column->markers == NULL || column->numbers == NULL)
        return fail_memory(err, markers->count * sizeof *column->markers);
    column->marker_count = 0;
    column->sizes = 0;
    memset(column->firsts, 0, sizeof column->firsts);
    for (size_t i = 0; i < markers->count; i++) {
        struct str text = markers->items[i]->text;
        const char *copy = arena_text(arena, text.data, text.size);
        if (copy == NULL) return fail_memory(err, text.size);
        add_marker(column, (struct str){copy, text.size});
    }
    column->number_count = column->told = numbers->count;
    return get_reals(saved, "numbers", column->numbers, numbers->count, err);
}

static enum status load_missing(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    const struct yaml_node *columns = NULL;
    if (!state->learns) return STATUS_OK;
    TRY(get_map(parameters, "columns", &columns, err));
    for (size_t i = 0; i < state->count; i++) {
        const struct yaml_node *saved = yaml_get(columns, state->columns[i].name);
        if (saved == NULL)
            return fail(err, STATUS_USAGE, "nothing was learned about column \"%s\"",
                        state->columns[i].name);
        TRY(load_column(&state->columns[i], state->arena, saved, err));
    }
    return STATUS_OK;
}

/* ---- applying ---- */

struct cells {
    const struct config *config;
    const struct column *column;
    const struct field *field;
    const struct array *array;
};

static inline bool cell_text(const struct cells *cells, int64_t row, struct str *ret)
{
    if (cells->field->dictionary) return array_text_at(cells->field, cells->array, row, ret);
    *ret = array_text(cells->array, row);
    return !array_is_null(cells->array, row);
}

/* Why a cell stands for null, or NULL. */
static const char *stands_for_null(const struct cells *cells, int64_t row)
{
    double number;
    struct str text;
    if (!is_text(cells->field)) {
        if (!array_number_at(cells->field, cells->array, row, &number)) return NULL;
        if (isnan(number)) return cells->config->nan ? "NaN" : NULL;
        return is_null_number(cells->column, number) ? "number" : NULL;
    }
    if (!cell_text(cells, row, &text)) return NULL;
    text = str_trim(text);
    if (is_marker(cells->column, text, cells->config->ignore_case)) return "marker";
    return is_null_number_text(cells->column, text) ? "number" : NULL;
}

/* Adds `rows` to the learned number that a cell holds. */
static void count_learned(const struct cells *cells, int64_t row, int64_t rows,
                          int64_t counts[LEARNED_NUMBERS])
{
    const struct column *column = cells->column;
    struct str text;
    double number;
    if (is_text(cells->field)) {
        if (!array_text_at(cells->field, cells->array, row, &text) ||
            !number_real(str_trim(text), STYLE_POINT, &number))
            return;
    } else if (!array_number_at(cells->field, cells->array, row, &number)) {
        return;
    }
    for (size_t i = column->told; i < column->number_count; i++)
        if (number == column->numbers[i]) counts[i - column->told] += rows;
}

static enum status tell_learned(const struct cells *cells, const int64_t counts[LEARNED_NUMBERS],
                                struct change *change, struct err *err)
{
    const struct column *column = cells->column;
    for (size_t i = 0; i < column->number_count - column->told; i++)
        if (counts[i] > 0)
            TRY(change_finding(change, column->learned[i], column->name, counts[i], err));
    return STATUS_OK;
}

static bool nothing_to_do(const struct cells *cells)
{
    bool real = !is_text(cells->field) && !type_is_integer(cells->field->type.id);
    return !is_text(cells->field) && cells->column->number_count == 0 &&
           !(real && cells->config->nan);
}

/* The cells that stand for null. */
struct found {
    const char **rules; /* by cell: NULL = it stays; NULL itself while all stay */
    int64_t changed;    /* rows */
    int64_t learned[LEARNED_NUMBERS];
};

static void found_release(struct found *found)
{
    memory_free(found->rules);
}

/* `counts`: of how many rows each cell is the value, NULL = of one. */
static enum status find_cells(const struct cells *cells, const uint32_t *counts,
                              struct found *found, struct err *err)
{
    for (int64_t row = 0; row < cells->array->length; row++) {
        const char *rule = stands_for_null(cells, row);
        if (rule == NULL) continue;
        if (found->rules == NULL) TRY(NEW(&found->rules, (size_t)cells->array->length, err));
        int64_t rows = counts == NULL ? 1 : counts[row];
        found->rules[row] = rule;
        found->changed += rows;
        if (cells->column->number_count > cells->column->told)
            count_learned(cells, row, rows, found->learned);
    }
    return STATUS_OK;
}

static enum status without_found(const struct cells *cells, const struct found *found,
                                 struct array **ret, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    int64_t count = cells->array->length;
    TRY(NEW(&rows, (size_t)count, err));
    for (int64_t row = 0; row < count; row++)
        rows[row] = found->rules[row] == NULL ? row : -1;
    return array_take(ret, cells->field, cells->array, rows, count, err);
}

static enum status note_found(const struct cells *cells, const struct found *found,
                              const struct distinct *distinct, int64_t rows, struct change *change,
                              struct err *err)
{
    if (!change_wants_notes(change)) return STATUS_OK;
    for (int64_t row = 0; row < rows; row++) {
        const char *rule = found->rules[distinct == NULL ? row : distinct->codes[row]];
        if (rule != NULL) TRY(change_note(change, cells->column->index, row, rule, NAN, err));
    }
    return STATUS_OK;
}

/* Once a value where a value has many rows. */
static enum status apply_column(const struct cells *whole, struct change *change, struct err *err)
{
    OWNED(found_release) struct found found = {0};
    OWNED(array_unref) struct array *nulled = NULL;
    struct cells cells = *whole;
    if (nothing_to_do(whole)) return STATUS_OK;
    const struct distinct *distinct = array_distinct(whole->field, whole->array);
    if (distinct != NULL) cells.array = distinct->values;
    TRY(find_cells(&cells, distinct == NULL ? NULL : distinct->counts, &found, err));
    if (found.changed == 0) return STATUS_OK;
    TRY(note_found(whole, &found, distinct, whole->array->length, change, err));
    TRY(without_found(&cells, &found, &nulled, err));
    if (distinct != NULL) {
        struct array *rows = NULL;
        TRY(distinct_map(&rows, distinct, nulled, err));
        array_unref(&nulled);
        nulled = rows;
    }
    change_column(change, whole->column->index, &nulled);
    change_cells(change, whole->column->index, found.changed);
    return tell_learned(whole, found.learned, change, err);
}

static enum status apply_missing(const void *opaque, const struct window *window,
                                 struct change *change, struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        struct cells cells = {
            .config = state->config,
            .column = &state->columns[i],
            .field = &window->batch->schema->fields[state->columns[i].index],
            .array = window->batch->columns[state->columns[i].index],
        };
        TRY(apply_column(&cells, change, err));
    }
    return STATUS_OK;
}

const struct clean_module module_missing = {
    .name = "missing",
    .summary = "turn disguised nulls into nulls",
    .source = "marker words as in R's na.strings and the defaults of pandas.read_csv; detection: "
              "clean/missing_profile.h",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_missing,
    .needs_fit = learns,
    .touches = touches_column,
    .tally_bytes = sizeof(struct tally),
    .observe = observe_missing,
    .absorb = absorb_missing,
    .discard = discard_missing,
    .carry = carry_missing,
    .parameters_suffice = parameters_suffice,
    .settle = settle_missing,
    .apply = apply_missing,
    .save = save_missing,
    .load = load_missing,
};
