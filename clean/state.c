/* clean/state.c: everything the steps learned, in one readable JSON file. */
#include "clean/state.h"

#include "base/input.h"
#include "base/output.h"
#include "clean/hide.h"

#define STATE_BYTES_MAXIMUM ((size_t)256 << 20)
#define STATE_NODES_MAXIMUM ((size_t)50000000)

static const char digest_key[] = "\"digest\": \"";

/* ---- saving ---- */

static enum status save_step(const struct redactor *redactor, const struct step *step,
                             struct bytes *ret, struct err *err)
{
    struct digest digest;
    char text[DIGEST_TEXT];
    TRY(recipe_step_digest(step->recipe, &digest, err));
    TRY(bytes_format(ret, err, " {\"%s\": ", step->module->name));
    if (step->recipe->settings == NULL)
        TRY(bytes_append_text(ret, "{}", err));
    else
        TRY(yaml_json(step->recipe->settings, ret, err));
    TRY(bytes_format(ret, err, ",\n  \"settings_digest\": \"%s\",\n  \"parameters\": ",
                     digest_text(&digest, text)));
    size_t before = ret->size;
    if (step->module->save != NULL) TRY(step->module->save(step->state, ret, err));
    TRY(hide_json(redactor, step->position, ret, before, err));
    if (ret->size == before) TRY(bytes_append_text(ret, "{}", err));
    return bytes_append_text(ret, "}", err);
}

static enum status save_text(const struct chain *chain, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "{\"tamis_state\": 1,\n\"steps\": [\n", err));
    for (size_t i = 0; i < chain->count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",\n", err));
        enum status status = save_step(&chain->redactor, &chain->steps[i], ret, err);
        if (status != STATUS_OK) return fail_in_step(&chain->steps[i], status, err);
    }
    TRY(bytes_append_text(ret, "\n],\n", err));
    char text[DIGEST_TEXT];
    struct digest digest = digest_of(ret->data, ret->size);
    return bytes_format(ret, err, "%s%s\"}\n", digest_key, digest_text(&digest, text));
}

enum status state_save(const struct chain *chain, const char *path, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(STATE_BYTES_MAXIMUM);
    OWNED(output_close) struct output *output = NULL;
    TRY(save_text(chain, &text, err));
    TRY(output_open(&output, path, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* ---- reading ---- */

struct state {
    char *path;
    struct bytes text;
    struct yaml *document;
    const struct yaml_node *steps;
    struct yaml_node *recipe; /* a list of one-key maps, made from `steps` */
    struct arena *arena;
};

static enum status read_all(struct state *state, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, state->path, err));
    state->text = bytes_limited(STATE_BYTES_MAXIMUM);
    for (size_t got = 1; got > 0;) {
        uint8_t block[1 << 14];
        TRY(input_read(input, block, sizeof block, &got, err));
        TRY(bytes_append(&state->text, block, got, err));
    }
    return STATUS_OK;
}

/* The digest line is the last one. */
static enum status verify(const struct state *state, struct err *err)
{
    const char *text = (const char *)state->text.data;
    size_t tail = strlen(digest_key) + DIGEST_TEXT - 1 + strlen("\"}\n");
    char found[DIGEST_TEXT];
    struct digest digest;
    if (state->text.size < tail ||
        memcmp(text + state->text.size - tail, digest_key, strlen(digest_key)) != 0) {
        fail(err, STATUS_FAILED, "no digest at the end, as --save-state writes it");
        return STATUS_FAILED;
    }
    size_t covered = state->text.size - tail;
    digest = digest_of(text, covered);
    digest_text(&digest, found);
    if (memcmp(text + covered + strlen(digest_key), found, DIGEST_TEXT - 1) == 0) return STATUS_OK;
    fail(err, STATUS_FAILED, "changed since it was saved: its digest does not match");
    err_hint(err, "fit again with --save-state; a state is not edited by hand");
    return STATUS_FAILED;
}

static enum status parse_state(struct state *state, struct err *err)
{
    struct str text = {(const char *)state->text.data, state->text.size};
    TRY(yaml_parse_within(&state->document, NULL, text, STATE_BYTES_MAXIMUM, STATE_NODES_MAXIMUM,
                          err));
    const struct yaml_node *root = yaml_root(state->document);
    const struct yaml_node *version = yaml_get(root, "tamis_state");
    state->steps = yaml_get(root, "steps");
    if (version == NULL || !str_is(version->text, "1") || state->steps == NULL ||
        state->steps->kind != YAML_LIST)
        return fail(err, STATUS_FAILED, "not a state of this version of tamis-clean");
    return STATUS_OK;
}

static enum status open_state(struct state *state, const char *path, struct err *err)
{
    state->path = memory_copy_text(path, strlen(path));
    if (state->path == NULL) return fail_memory(err, strlen(path));
    TRY(arena_open(&state->arena, err));
    TRY(read_all(state, err));
    enum status status = verify(state, err);
    if (status == STATUS_OK) status = parse_state(state, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "state \"%s\"", path);
}

enum status state_open(struct state **ret, const char *path, struct err *err)
{
    OWNED(state_close) struct state *state = NULL;
    TRY(NEW(&state, 1, err));
    TRY(open_state(state, path, err));
    *ret = state;
    state = NULL;
    return STATUS_OK;
}

void state_close(struct state **state)
{
    struct state *s = *state;
    if (s == NULL) return;
    yaml_close(&s->document);
    bytes_release(&s->text);
    arena_close(&s->arena);
    memory_free(s->path);
    memory_free(s);
    *state = NULL;
}

struct digest state_digest(const struct state *state)
{
    return digest_of(state->text.data, state->text.size);
}

const struct yaml_node *state_steps(const struct state *state)
{
    return state->steps;
}

/* ---- using it ---- */

/* The module's own pair of a saved step, alone in a map. */
static enum status step_alone(const struct state *state, const struct yaml_node *saved,
                              struct yaml_node **ret, struct err *err)
{
    if (saved->kind != YAML_MAP || saved->count == 0)
        return fail_at(saved, err, "a step of a state is a map");
    struct yaml_node *alone = arena_get(state->arena, 1, sizeof *alone);
    if (alone == NULL) return fail_memory(err, sizeof *alone);
    *alone = *saved;
    alone->count = 1;
    *ret = alone;
    return STATUS_OK;
}

enum status state_recipe(const struct state *state, struct recipe *ret, struct err *err)
{
    struct yaml_node list = *state->steps;
    list.items = arena_get(state->arena, list.count, sizeof *list.items);
    if (list.items == NULL) return fail_memory(err, list.count * sizeof *list.items);
    for (size_t i = 0; i < list.count; i++)
        TRY(step_alone(state, state->steps->items[i], &list.items[i], err));
    enum status status = recipe_add_steps(ret, &list, state->path, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "state \"%s\"", state->path);
}

static bool same_settings(const struct recipe_step *step, const struct yaml_node *saved,
                          struct err *err)
{
    struct digest digest;
    char text[DIGEST_TEXT];
    const struct yaml_node *digest_then = yaml_get(saved, "settings_digest");
    if (saved->count == 0 || !str_is(saved->keys[0]->text, step->module->name)) return false;
    if (saved->items[0] == step->settings || step->settings == NULL) {
        /* the step was made from this very state, or neither has settings */
        return saved->items[0] == step->settings || saved->items[0]->count == 0;
    }
    if (digest_then == NULL || recipe_step_digest(step, &digest, err) != STATUS_OK) return false;
    return str_is(digest_then->text, digest_text(&digest, text));
}

static enum status load_step(const struct state *state, struct chain *chain, size_t at,
                             struct err *err)
{
    struct step *step = &chain->steps[at];
    const struct yaml_node *saved = state->steps->items[at];
    if (!same_settings(step->recipe, saved, err)) {
        fail(err, STATUS_USAGE, "the recipe has other settings here than the one that was fitted");
        err_hint(err, "leave --recipe and -m out to use the recipe in the state");
        return STATUS_USAGE;
    }
    const struct clean_module *module = step->module;
    /* Deduplicate: only this data matters. */
    if (module->load == NULL || (module->refits != NULL && module->refits(step->state)))
        return STATUS_OK;
    const struct yaml_node *parameters = yaml_get(saved, "parameters");
    if (parameters == NULL) return fail(err, STATUS_FAILED, "no \"parameters\" in the state");
    TRY(module->load(step->state, parameters, err));
    return step_settled(step, err);
}

enum status state_load(const struct state *state, struct chain *chain, struct err *err)
{
    if (state->steps->count != chain->count)
        return fail(err, STATUS_USAGE, "state \"%s\": %zu steps, the recipe has %zu", state->path,
                    state->steps->count, chain->count);
    for (size_t i = 0; i < chain->count; i++) {
        enum status status = load_step(state, chain, i, err);
        if (status != STATUS_OK) {
            fail_in_step(&chain->steps[i], status, err);
            return fail_within(err, status, "state \"%s\"", state->path);
        }
        TRY(chain_reopen(chain, i + 1, err));
    }
    return STATUS_OK;
}
