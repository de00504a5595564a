/* features/gate_checks.c: the expectations of a gate, held by tamis-clean, whose `validate` knows
 * them. */
#include "features/gate.h"

#include "base/input.h"
#include "base/output.h"
#include "features/sibling.h"

#include <limits.h>
#include <stdio.h>

#define CHECKS_BYTES ((size_t)64 << 20)
#define CHECKS_NODES ((size_t)10000000)

static enum status write_recipe(const struct gate *gate, const char *path, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, path, err));
    TRY(output_write(output, gate->checks, strlen(gate->checks), err));
    return output_commit(output, err);
}

/* ---- its answer ---- */

static const char *text_of(const struct yaml_node *check, const char *key, struct arena *arena)
{
    const struct yaml_node *value = yaml_get(check, key);
    if (value == NULL || (!value->quoted && str_is(value->text, "null"))) return NULL;
    return arena_text(arena, value->text.data, value->text.size);
}

static enum status add_check(const struct yaml_node *node, struct gate_results *ret,
                             struct err *err)
{
    struct arena *arena = ret->arena;
    const char *rule = text_of(node, "rule", arena), *found = text_of(node, "found", arena);
    const char *failing = text_of(node, "failing", arena);
    const char *outcome = text_of(node, "outcome", arena);
    if (rule == NULL || outcome == NULL)
        return fail(err, STATUS_FAILED, "a check of tamis-clean has no rule or outcome");
    if (found == NULL)
        found = arena_format(arena, "%s of %s rows fail", failing == NULL ? "?" : failing,
                             text_of(node, "evaluated", arena));
    struct gate_check check = {.name = rule,
                               .column = text_of(node, "column", arena),
                               .verdict =
                                   strcmp(outcome, "failed") == 0 ? GATE_FAILED : GATE_PASSED,
                               .found = found,
                               .expected = text_of(node, "expectation", arena)};
    if (check.expected == NULL) check.expected = rule;
    return gate_results_add(ret, check, err);
}

static enum status read_file(const char *path, struct bytes *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    size_t size = 0;
    TRY(input_open(&input, path, err));
    do {
        TRY(bytes_reserve(ret, 1 << 16, err));
        TRY(input_read(input, ret->data + ret->size, 1 << 16, &size, err));
        ret->size += size;
    } while (size > 0);
    return STATUS_OK;
}

static enum status read_answer(const char *path, struct gate_results *ret, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(CHECKS_BYTES);
    TRY(read_file(path, &text, err));
    TRY(yaml_parse_within(&yaml, path, (struct str){(const char *)text.data, text.size},
                          CHECKS_BYTES, CHECKS_NODES, err));
    const struct yaml_node *root = yaml_root(yaml);
    const struct yaml_node *checks = root == NULL ? NULL : yaml_get(root, "checks");
    if (checks == NULL || checks->kind != YAML_LIST)
        return fail(err, STATUS_FAILED, "tamis-clean listed no checks");
    for (size_t i = 0; i < checks->count; i++)
        TRY(add_check(checks->items[i], ret, err));
    return STATUS_OK;
}

/* ---- running it ---- */

static enum status run_clean(const struct gate_subject *subject, const char *folder,
                             struct gate_results *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes said = bytes_limited((size_t)4 << 20);
    char input[320], recipe[PATH_MAX], checks[PATH_MAX], memory[32], wait[32];
    int code = 0;
    snprintf(input, sizeof input, "tamis:%s@%lld", subject->version.dataset,
             (long long)subject->version.number);
    snprintf(recipe, sizeof recipe, "%s/checks.yaml", folder);
    snprintf(checks, sizeof checks, "%s/checks.json", folder);
    snprintf(memory, sizeof memory, "%llu", (unsigned long long)subject->common->memory);
    snprintf(wait, sizeof wait, "%lld", (long long)subject->common->wait);
    const char *arguments[] = {input,      "--recipe", recipe,
                               "--checks", checks,     "--audit",
                               "none",     "--store",  store_path(subject->store),
                               "--memory", memory,     "--wait",
                               wait,       "--quiet",  NULL};
    const struct sibling clean = {.program = "tamis-clean", .arguments = arguments};
    TRY(sibling_run(&clean, &code, &said, err));
    if (code != 0 && code != 3) return fail_sibling(&clean, code, &said, err);
    return read_answer(checks, ret, err);
}

enum status gate_expectations(const struct gate *gate, const struct gate_subject *subject,
                              struct gate_results *ret, struct err *err)
{
    char folder[PATH_MAX - 32], recipe[PATH_MAX];
    TRY(folder_make(folder, sizeof folder, err));
    snprintf(recipe, sizeof recipe, "%s/checks.yaml", folder);
    enum status status = write_recipe(gate, recipe, err);
    if (status == STATUS_OK) status = run_clean(subject, folder, ret, err);
    folder_remove(folder);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "checks of the gate");
}
