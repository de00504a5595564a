/* clean/labels_state.c: what was learned of labels, as JSON and back. */
#include "clean/labels_step.h"
#include "clean/parameters.h"

/* Cuts lose their row numbers: on new rows a value equal to the last one taken is taken. */
static enum status save_cuts(struct bytes *json, const char *name, const struct cut *cuts,
                             size_t count, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, count, err));
    for (size_t i = 0; i < count; i++)
        values[i] = cuts[i].value;
    TRY(bytes_append_text(json, ", ", err));
    return put_reals(json, name, values, count, err);
}

static enum status save_integers(struct bytes *json, const char *name, const int64_t *values,
                                 size_t count, struct err *err)
{
    TRY(bytes_format(json, err, ", \"%s\": [", name));
    for (size_t i = 0; i < count; i++)
        TRY(bytes_format(json, err, "%s%lld", i > 0 ? ", " : "", (long long)values[i]));
    return bytes_append_text(json, "]", err);
}

enum status labels_save(const struct labels_state *state, struct bytes *json, struct err *err)
{
    const struct learned *learned = &state->learned;
    size_t classes = learned->classes;
    TRY(bytes_append_text(json, "{\"classes\": [", err));
    for (size_t k = 0; k < classes; k++) {
        if (k > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(state->names[k]), err));
    }
    TRY(bytes_append_text(json, "]", err));
    TRY(save_integers(json, "counts", learned->counts, classes, err));
    TRY(save_integers(json, "joint", learned->joint, classes * classes, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "thresholds", learned->thresholds, classes, err));
    TRY(save_cuts(json, "margins", learned->margins, classes * classes, err));
    TRY(save_cuts(json, "selves", learned->selves, classes, err));
    TRY(save_cuts(json, "score", &learned->score, 1, err));
    TRY(bytes_append_text(json, ", \"balance\": ", err));
    TRY(balance_save(&state->balance, json, err));
    if (state->detection != NULL) {
        TRY(bytes_append_text(json, ", \"detectors\": ", err));
        TRY(detection_save(state->detection, json, err));
    }
    return bytes_append_text(json, "}", err);
}

static enum status load_cuts(const struct yaml_node *map, const char *name, struct cut *ret,
                             size_t count, struct err *err)
{
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, count, err));
    TRY(get_reals(map, name, values, count, err));
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct cut){values[i], INT64_MAX};
    return STATUS_OK;
}

/* Names of given probabilities are known from the columns; those of built-in detectors are not. */
static enum status load_classes(struct labels_state *state, const struct yaml_node *map,
                                struct err *err)
{
    const struct yaml_node *list = yaml_get(map, "classes");
    bool named = list != NULL && list->kind == YAML_LIST;
    if (!named || (!labels_built_in(state) && list->count != state->learned.classes))
        return fail_at(map, err, "the saved state has other classes");
    const char **names = arena_get(state->arena, list->count + 1, sizeof *names);
    if (names == NULL) return fail_memory(err, list->count * sizeof *names);
    for (size_t k = 0; k < list->count; k++) {
        struct str name = list->items[k]->text;
        if (!labels_built_in(state) && !str_is(name, state->names[k]))
            return fail_at(list->items[k], err, "class %zu is \"%s\" here and another one there",
                           k + 1, state->names[k]);
        names[k] = arena_text(state->arena, name.data, name.size);
        if (names[k] == NULL) return fail_memory(err, name.size);
    }
    return labels_built_in(state) ? labels_name_classes(state, names, list->count, err) : STATUS_OK;
}

enum status labels_load(struct labels_state *state, const struct yaml_node *map, struct err *err)
{
    struct learned *learned = &state->learned;
    const struct yaml_node *part;
    TRY(load_classes(state, map, err));
    size_t classes = learned->classes;
    TRY(get_reals(map, "thresholds", learned->thresholds, classes, err));
    TRY(load_cuts(map, "margins", learned->margins, classes * classes, err));
    TRY(load_cuts(map, "selves", learned->selves, classes, err));
    TRY(load_cuts(map, "score", &learned->score, 1, err));
    TRY(get_map(map, "balance", &part, err));
    TRY(balance_load(&state->balance, part, err));
    if (state->detection == NULL) return STATUS_OK;
    TRY(get_map(map, "detectors", &part, err));
    return detection_load(state->detection, classes, part, err);
}
