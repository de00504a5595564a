/* features/gate_read.c: a gate's file. */
#include "features/gate.h"

#include "features/duration.h"

#include <stdio.h>
#include <stdlib.h>

struct gate_file {
    int64_t tamis;
    const char *freshness;
    const struct yaml_node *rows, *drift, *checks;
};
struct rows_file {
    int64_t minimum, maximum;
    const char *change;
};
struct drift_file {
    double psi, ks;
    struct text_list columns;
};

#define IN(type, member) offsetof(struct type, member)

static const struct setting gate_settings[] = {
    {.name = "tamis",
     .kind = SETTING_INT,
     .offset = IN(gate_file, tamis),
     .fallback = "1",
     .minimum = 1,
     .maximum = 1.5,
     .help = "version of this format"},
    {.name = "rows",
     .kind = SETTING_TREE,
     .offset = IN(gate_file, rows),
     .help = "{min: N, max: N, change: 20%}"},
    {.name = "freshness",
     .kind = SETTING_TEXT,
     .offset = IN(gate_file, freshness),
     .help = "how old the newest event time may be: 36h"},
    {.name = "drift",
     .kind = SETTING_TREE,
     .offset = IN(gate_file, drift),
     .help = "{psi: 0.2, ks: 0.1, columns: all}"},
    {.name = "checks",
     .kind = SETTING_TREE,
     .offset = IN(gate_file, checks),
     .help = "a file of rules for tamis-clean's validate, or the rules"},
    {0},
};

static const struct setting rows_settings[] = {
    {.name = "min",
     .kind = SETTING_INT,
     .offset = IN(rows_file, minimum),
     .fallback = "-1",
     .help = "fewest rows"},
    {.name = "max",
     .kind = SETTING_INT,
     .offset = IN(rows_file, maximum),
     .fallback = "-1",
     .help = "most rows"},
    {.name = "change",
     .kind = SETTING_TEXT,
     .offset = IN(rows_file, change),
     .help = "how much more or less rows than the version under the tag has"},
    {0},
};

static const struct setting drift_settings[] = {
    {.name = "psi",
     .kind = SETTING_REAL,
     .offset = IN(drift_file, psi),
     .fallback = "-1",
     .help = "largest population stability index"},
    {.name = "ks",
     .kind = SETTING_REAL,
     .offset = IN(drift_file, ks),
     .fallback = "-1",
     .help = "largest Kolmogorov-Smirnov distance"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = IN(drift_file, columns),
     .fallback = "all",
     .help = "which, or all features"},
    {0},
};

/* "20%" or "0.2" */
static enum status parse_share(const struct yaml_node *at, const char *text, double *ret,
                               struct err *err)
{
    char *end = NULL;
    *ret = strtod(text, &end);
    if (*end == '%' && end != text) {
        *ret /= 100;
        end++;
    }
    if (end != text && *end == '\0' && *ret >= 0) return STATUS_OK;
    return fail_at(at, err, "change: found \"%s\", expected a share like 20%%", text);
}

static enum status read_rows(struct gate *gate, const struct yaml_node *map, struct arena *arena,
                             struct err *err)
{
    struct rows_file file = {0};
    if (map != NULL && map->kind != YAML_MAP)
        return fail_at(map, err, "rows: expected {min: N, max: N, change: 20%%}");
    TRY(settings_from_yaml(rows_settings, map, &file, arena, err));
    gate->rows_minimum = file.minimum;
    gate->rows_maximum = file.maximum;
    gate->rows_change = -1;
    return file.change == NULL ? STATUS_OK : parse_share(map, file.change, &gate->rows_change, err);
}

static enum status read_drift(struct gate *gate, const struct yaml_node *map, struct arena *arena,
                              struct err *err)
{
    struct drift_file file = {0};
    if (map != NULL && map->kind != YAML_MAP)
        return fail_at(map, err, "drift: expected {psi: 0.2, ks: 0.1, columns: all}");
    TRY(settings_from_yaml(drift_settings, map, &file, arena, err));
    gate->psi = file.psi;
    gate->ks = file.ks;
    gate->columns = file.columns;
    if (file.columns.count == 1 && strcmp(file.columns.items[0], "all") == 0)
        gate->columns.count = 0;
    return STATUS_OK;
}

static enum status read_freshness(struct gate *gate, const struct yaml_node *root, const char *text,
                                  struct err *err)
{
    struct err inner = {0};
    gate->freshness = -1;
    if (text == NULL || duration_parse(str_of(text), &gate->freshness, &inner) == STATUS_OK)
        return STATUS_OK;
    return fail_at(yaml_get(root, "freshness"), err, "freshness: %s", inner.message);
}

/* ---- expectations ---- */

/* A recipe is one already; rules become the only step of one. */
static enum status recipe_of(const struct yaml_node *node, const char **ret, struct arena *arena,
                             struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited((size_t)16 << 20);
    bool recipe = node->kind == YAML_MAP && yaml_get(node, "steps") != NULL;
    bool rules = node->kind == YAML_MAP && yaml_get(node, "rules") != NULL;
    if (!recipe && !rules && node->kind != YAML_LIST)
        return fail_at(node, err, "checks: expected rules, {rules: [...]} or a recipe with steps");
    if (!recipe)
        TRY(bytes_append_text(&json,
                              rules ? "{\"tamis\":1,\"steps\":[{\"validate\":"
                                    : "{\"tamis\":1,\"steps\":[{\"validate\":{\"rules\":",
                              err));
    TRY(yaml_json(node, &json, err));
    if (!recipe) TRY(bytes_append_text(&json, rules ? "}]}" : "}}]}", err));
    *ret = arena_text(arena, (const char *)json.data, json.size);
    return *ret == NULL ? fail_memory(err, json.size) : STATUS_OK;
}

static enum status read_checks_file(struct gate *gate, const char *gate_path, const char *name,
                                    struct arena *arena, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    const char *slash = strrchr(gate_path, '/');
    const char *path = name;
    if (name[0] != '/' && slash != NULL)
        path = arena_format(arena, "%.*s/%s", (int)(slash - gate_path), gate_path, name);
    if (path == NULL) return fail_memory(err, strlen(name));
    TRY(yaml_load(&yaml, path, err));
    if (yaml_root(yaml) == NULL) return fail(err, STATUS_USAGE, "\"%s\" is empty", path);
    enum status status = recipe_of(yaml_root(yaml), &gate->checks, arena, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "\"%s\"", path);
}

static enum status read_checks(struct gate *gate, const char *path, const struct yaml_node *node,
                               struct arena *arena, struct err *err)
{
    if (node == NULL) return STATUS_OK;
    if (node->kind != YAML_SCALAR) return recipe_of(node, &gate->checks, arena, err);
    const char *name = arena_text(arena, node->text.data, node->text.size);
    if (name == NULL) return fail_memory(err, node->text.size);
    return read_checks_file(gate, path, name, arena, err);
}

/* ---- the file ---- */

static enum status parse(struct gate *gate, const char *path, const struct yaml_node *root,
                         struct arena *arena, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited((size_t)16 << 20);
    struct gate_file file = {0};
    if (root == NULL || root->kind != YAML_MAP) {
        fail(err, STATUS_USAGE, "a gate is a map: \"rows: {min: N}\", \"freshness: 36h\", ...");
        return STATUS_USAGE;
    }
    TRY(settings_from_yaml(gate_settings, root, &file, arena, err));
    TRY(read_rows(gate, file.rows, arena, err));
    TRY(read_freshness(gate, root, file.freshness, err));
    TRY(read_drift(gate, file.drift, arena, err));
    TRY(read_checks(gate, path, file.checks, arena, err));
    TRY(yaml_json(root, &json, err));
    gate->definition = arena_text(arena, (const char *)json.data, json.size);
    return gate->definition == NULL ? fail_memory(err, json.size) : STATUS_OK;
}

enum status gate_read(struct gate *ret, const char *path, struct arena *arena, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    *ret = (struct gate){0};
    TRY(yaml_load(&yaml, path, err));
    enum status status = parse(ret, path, yaml_root(yaml), arena, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "gate \"%s\"", path);
}
