/* clean/recipe.c: what a run of the chain is told to do. */
#include "clean/recipe.h"

#define STEPS_MAXIMUM 1000

/* ---- one step ---- */

static const char *module_name_at(const void *names, size_t index)
{
    (void)names;
    return clean_modules[index]->name;
}

static size_t module_count(void)
{
    size_t count = 0;
    while (clean_modules[count] != NULL)
        count++;
    return count;
}

static enum status fail_module(const struct yaml_node *key, struct err *err)
{
    char shown[80];
    escape_for_terminal(key->text, shown, sizeof shown);
    const char *near = nearest_name(key->text, module_count(), module_name_at, NULL);
    if (near != NULL)
        return fail_at(key, err, "unknown module \"%s\", did you mean \"%s\"?", shown, near);
    enum status status = fail_at(key, err, "unknown module \"%s\"", shown);
    err_hint(err, "tamis-clean modules lists the modules and their settings");
    return status;
}

/* `text:` alone is a module with its defaults. */
static bool is_nothing(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->text.size == 0 || str_is(node->text, "null") || str_is(node->text, "~"));
}

static enum status check_one_key(const struct yaml_node *node, struct err *err)
{
    if (node->kind == YAML_MAP && node->count == 1) return STATUS_OK;
    if (node->kind == YAML_MAP)
        fail_at(node, err, "a step with %zu keys where one module was expected", node->count);
    else
        fail_at(node, err, "a %s where a step was expected",
                node->kind == YAML_LIST ? "list" : "scalar");
    err_hint(err, "a step is a map with one key: - impute: {columns: [age], method: median}");
    return STATUS_USAGE;
}

static enum status add_step(struct recipe *recipe, const struct yaml_node *node, const char *origin,
                            struct err *err)
{
    TRY(check_one_key(node, err));
    const struct yaml_node *settings = node->items[0];
    struct recipe_step step = {.module = module_named(node->keys[0]->text), .origin = origin};
    if (step.module == NULL) return fail_module(node->keys[0], err);
    if (!is_nothing(settings)) step.settings = settings;
    if (step.settings != NULL && settings->kind != YAML_MAP)
        return fail_at(settings, err, "the settings of \"%s\" are a map, found a %s",
                       step.module->name, settings->kind == YAML_LIST ? "list" : "scalar");
    step.config = arena_get(recipe->arena, 1, step.module->config_bytes + 1);
    if (step.config == NULL) return fail_memory(err, step.module->config_bytes);
    TRY(settings_from_yaml(step.module->settings, step.settings, step.config, recipe->arena, err));

    if (recipe->count == STEPS_MAXIMUM)
        return fail_at(node, err, "more than %d steps", STEPS_MAXIMUM);
    struct recipe_step *steps =
        memory_resize(recipe->steps, recipe->count + 1, sizeof *recipe->steps);
    if (steps == NULL) return fail_memory(err, (recipe->count + 1) * sizeof *steps);
    recipe->steps = steps;
    steps[recipe->count++] = step;
    return STATUS_OK;
}

enum status recipe_add_steps(struct recipe *recipe, const struct yaml_node *list,
                             const char *origin, struct err *err)
{
    if (recipe->arena == NULL) TRY(arena_open(&recipe->arena, err));
    if (list->kind != YAML_LIST) {
        fail_at(list, err, "\"steps\" is a list of modules");
        err_hint(err, "write each step as a line of its own: - text: {columns: [name]}");
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < list->count; i++)
        TRY(add_step(recipe, list->items[i], origin, err));
    return STATUS_OK;
}

/* ---- a file and lines ---- */

struct top_level {
    int64_t version;
    const struct yaml_node *steps;
};
static const struct setting top_level_settings[] = {
    {.name = "tamis",
     .kind = SETTING_INT,
     .offset = offsetof(struct top_level, version),
     .fallback = "1",
     .help = "version of the recipe language"},
    {.name = "steps",
     .kind = SETTING_TREE,
     .offset = offsetof(struct top_level, steps),
     .help = "modules in the order in which they run"},
    {0},
};

static enum status keep_document(struct recipe *recipe, struct yaml **document, struct err *err)
{
    size_t count = recipe->document_count;
    struct yaml **documents =
        memory_resize(recipe->documents, count + 1, sizeof *recipe->documents);
    if (documents == NULL) return fail_memory(err, (count + 1) * sizeof *documents);
    recipe->documents = documents;
    documents[recipe->document_count++] = *document;
    *document = NULL;
    return STATUS_OK;
}

static enum status add_document(struct recipe *recipe, const struct yaml_node *root,
                                const char *origin, struct err *err)
{
    if (root == NULL) return fail(err, STATUS_USAGE, "empty where \"steps\" was expected");
    if (root->kind == YAML_LIST) return recipe_add_steps(recipe, root, origin, err);
    if (root->kind != YAML_MAP)
        return fail_at(root, err, "a recipe is a map with \"steps\", found a scalar");
    struct top_level top = {0};
    TRY(settings_from_yaml(top_level_settings, root, &top, recipe->arena, err));
    if (top.version != 1)
        return fail_at(yaml_get(root, "tamis"), err,
                       "version %lld of recipes, this program reads 1", (long long)top.version);
    if (top.steps == NULL) return fail_at(root, err, "a recipe without \"steps\"");
    return recipe_add_steps(recipe, top.steps, origin, err);
}

static enum status add_file(struct recipe *recipe, const char *path, struct err *err)
{
    OWNED(yaml_close) struct yaml *document = NULL;
    TRY(yaml_load(&document, path, err));
    const struct yaml_node *root = yaml_root(document);
    TRY(keep_document(recipe, &document, err));
    enum status status = add_document(recipe, root, path, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "recipe \"%s\"", path);
}

static enum status add_line(struct recipe *recipe, const char *line, struct err *err)
{
    OWNED(yaml_close) struct yaml *document = NULL;
    enum status status = yaml_from_words(&document, line, err);
    if (status == STATUS_OK) {
        const struct yaml_node *root = yaml_root(document);
        TRY(keep_document(recipe, &document, err));
        status = add_step(recipe, root, line, err);
    }
    if (status == STATUS_OK) return STATUS_OK;
    char shown[120];
    return fail_within(err, status, "-m \"%s\"",
                       escape_for_terminal(str_of(line), shown, sizeof shown));
}

enum status recipe_load(struct recipe *ret, const char *path, const struct text_list *lines,
                        struct err *err)
{
    OWNED(recipe_release) struct recipe recipe = {0};
    TRY(arena_open(&recipe.arena, err));
    if (path != NULL) TRY(add_file(&recipe, path, err));
    for (size_t i = 0; i < lines->count; i++)
        TRY(add_line(&recipe, lines->items[i], err));
    if (recipe.count == 0) {
        fail(err, STATUS_USAGE, "no step to run");
        err_hint(err, "give --recipe FILE, or -m 'MODULE setting=value' once or more");
        return STATUS_USAGE;
    }
    *ret = recipe;
    recipe = (struct recipe){0};
    return STATUS_OK;
}

/* ---- meaning ---- */

enum status recipe_step_digest(const struct recipe_step *step, struct digest *ret, struct err *err)
{
    struct digester digester;
    struct digest settings = {0};
    digester_begin(&digester);
    digester_add_field(&digester, step->module->name, str_of(step->module->name).size);
    if (step->settings != NULL && step->settings->count > 0)
        TRY(yaml_digest(step->settings, &settings, err));
    digester_add_field(&digester, settings.bytes, sizeof settings.bytes);
    *ret = digester_end(&digester);
    return STATUS_OK;
}

static enum status step_json(const struct recipe_step *step, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "{\"%s\":", step->module->name));
    if (step->settings != NULL)
        TRY(yaml_json(step->settings, ret, err));
    else
        TRY(bytes_append_text(ret, "{}", err));
    return bytes_append_text(ret, "}", err);
}

enum status recipe_json(const struct recipe *recipe, struct bytes *ret, struct digest *ret_digest,
                        struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    TRY(bytes_append_text(ret, "{\"steps\":[", err));
    for (size_t i = 0; i < recipe->count; i++) {
        struct digest digest;
        TRY(recipe_step_digest(&recipe->steps[i], &digest, err));
        digester_add(&digester, digest.bytes, sizeof digest.bytes);
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        TRY(step_json(&recipe->steps[i], ret, err));
    }
    *ret_digest = digester_end(&digester);
    return bytes_append_text(ret, "]}", err);
}

void recipe_release(struct recipe *recipe)
{
    if (recipe == NULL) return;
    for (size_t i = 0; i < recipe->document_count; i++)
        yaml_close(&recipe->documents[i]);
    memory_free(recipe->documents);
    memory_free(recipe->steps);
    arena_close(&recipe->arena);
    *recipe = (struct recipe){0};
}
