/* clean/main_modules.c: `tamis-clean modules [NAME]`: what there is, with settings. */
#include "clean/main_modules.h"

#include "base/help.h"
#include "base/output.h"
#include "clean/module.h"

#define TEXT_MAXIMUM (1u << 20)

static const char *name_at(const void *names, size_t index)
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

static enum status find_module(const char *name, const struct clean_module **ret, struct err *err)
{
    *ret = module_named(str_of(name));
    if (*ret != NULL) return STATUS_OK;
    char shown[80];
    escape_for_terminal(str_of(name), shown, sizeof shown);
    const char *near = nearest_name(str_of(name), module_count(), name_at, NULL);
    if (near == NULL) return fail(err, STATUS_USAGE, "unknown module \"%s\"", shown);
    return fail(err, STATUS_USAGE, "unknown module \"%s\", did you mean \"%s\"?", shown, near);
}

/* ---- text ---- */

static enum status list_modules(struct bytes *ret, struct err *err)
{
    for (size_t i = 0; clean_modules[i] != NULL; i++)
        TRY(bytes_format(ret, err, "%2zu  %-12s %s\n", i + 1, clean_modules[i]->name,
                         clean_modules[i]->summary));
    return STATUS_OK;
}

static enum status show_module(const struct clean_module *module, struct bytes *ret,
                               struct err *err)
{
    TRY(bytes_format(ret, err, "%s: %s\n\nMethod: %s\n\nSettings:\n", module->name, module->summary,
                     module->source));
    return help_settings(module->settings, SPELL_YAML, ret, err);
}

/* ---- JSON ---- */

static enum status setting_json(const struct setting *setting, struct bytes *ret, struct err *err)
{
    char text[1024];
    TRY(bytes_append_text(ret, "{\"name\":", err));
    TRY(bytes_append_json(ret, str_of(setting_spelled(setting, SPELL_YAML, text, sizeof text)),
                          err));
    TRY(bytes_append_text(ret, ",\"help\":", err));
    TRY(bytes_append_json(ret, str_of(setting_sentence(setting, text, sizeof text)), err));
    return bytes_append_text(ret, "}", err);
}

static enum status module_json(const struct clean_module *module, struct bytes *ret,
                               struct err *err)
{
    TRY(bytes_format(ret, err, "{\"name\":\"%s\",\"summary\":", module->name));
    TRY(bytes_append_json(ret, str_of(module->summary), err));
    TRY(bytes_append_text(ret, ",\"source\":", err));
    TRY(bytes_append_json(ret, str_of(module->source), err));
    TRY(bytes_append_text(ret, ",\"settings\":[", err));
    for (size_t i = 0; module->settings[i].name != NULL; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",", err));
        TRY(setting_json(&module->settings[i], ret, err));
    }
    return bytes_append_text(ret, "]}", err);
}

static enum status all_json(struct bytes *ret, struct err *err)
{
    TRY(bytes_append_text(ret, "[", err));
    for (size_t i = 0; clean_modules[i] != NULL; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ",\n", err));
        TRY(module_json(clean_modules[i], ret, err));
    }
    return bytes_append_text(ret, "]\n", err);
}

/* ---- the command ---- */

static enum status write_text(const struct invocation *invocation, struct bytes *ret,
                              struct err *err)
{
    const struct clean_module *module = NULL;
    if (invocation->operand_count > 0) TRY(find_module(invocation->operands[0], &module, err));
    if (!invocation->common.json)
        return module == NULL ? list_modules(ret, err) : show_module(module, ret, err);
    if (module == NULL) return all_json(ret, err);
    TRY(module_json(module, ret, err));
    return bytes_append_text(ret, "\n", err);
}

static enum status run_modules(struct invocation *invocation, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(TEXT_MAXIMUM);
    OWNED(output_close) struct output *output = NULL;
    TRY(write_text(invocation, &text, err));
    TRY(output_open(&output, invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

const struct command modules_command = {
    .name = "modules",
    .operands = "[NAME]",
    .summary = "list the cleaning modules, or the settings of one",
    .examples = "tamis-clean modules\ntamis-clean modules impute",
    .operands_maximum = 1,
    .run = run_modules,
    .common_without = "emit|explain|store|no-store|seed|as-of|wait|threads|memory|progress",
};
