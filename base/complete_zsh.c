/* base/complete_zsh.c: the completion of a program for zsh, with what each option does. */
#include "base/complete.h"
#include "base/help.h"

#include <stdio.h>

struct page {
    const struct command *program;
    const char *function;
    struct bytes *ret;
    struct bytes words; /* of the value at hand */
};

/* Within single quotes, and where [ ] : mean something. */
static enum status add_quoted(struct bytes *ret, const char *text, const char *escaped,
                              struct err *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            TRY(bytes_append_text(ret, "'\\''", err));
        else
            TRY(bytes_format(ret, err, "%s%c", strchr(escaped, *c) != NULL ? "\\" : "", *c));
    }
    return STATUS_OK;
}

/* ---- one subcommand ---- */

/* ":FILE:_files" behind the description. */
static enum status add_action(struct page *page, const struct setting *setting, struct err *err)
{
    char placeholder[64];
    enum complete_kind kind;
    TRY(complete_value(setting, &kind, &page->words, err));
    TRY(bytes_append_text(page->ret, ":", err));
    TRY(add_quoted(page->ret, setting_placeholder(setting, placeholder, sizeof placeholder),
                   "\\:", err));
    switch (kind) {
    case COMPLETE_WORDS:
        return bytes_format(page->ret, err, ":(%.*s)", (int)page->words.size,
                            (const char *)page->words.data);
    case COMPLETE_FILE: return bytes_append_text(page->ret, ":_files", err);
    case COMPLETE_FOLDER: return bytes_append_text(page->ret, ":_files -/", err);
    case COMPLETE_DATASET: return bytes_format(page->ret, err, ":%s_names", page->function);
    case COMPLETE_FREE: break;
    }
    return bytes_append_text(page->ret, ": ", err);
}

static enum status add_spec(struct page *page, const struct setting *setting, const char *spelled,
                            const char *between, struct err *err)
{
    TRY(bytes_format(page->ret, err, "            '%s%s%s[",
                     setting->kind == SETTING_TEXTS ? "*" : "", spelled, between));
    TRY(add_quoted(page->ret, setting->help == NULL ? "" : setting->help, "[]\\:", err));
    TRY(bytes_append_text(page->ret, "]", err));
    if (setting->kind != SETTING_FLAG) TRY(add_action(page, setting, err));
    return bytes_append_text(page->ret, "'\n", err);
}

static enum status see_spec(void *context, const struct setting *setting, const char *name,
                            struct err *err)
{
    char spelled[80], letter[3] = {'-', setting->letter, '\0'};
    snprintf(spelled, sizeof spelled, "--%s", name);
    TRY(add_spec(context, setting, spelled, setting->kind == SETTING_FLAG ? "" : "=", err));
    if (setting->letter == '\0') return STATUS_OK;
    return add_spec(context, setting, letter, "", err);
}

static enum status add_place(struct page *page, const struct command *command, const char *place,
                             struct err *err)
{
    struct bytes *ret = page->ret;
    TRY(bytes_format(ret, err, "    ('%s')\n        operands='%s%s'\n        subcommands=(\n",
                     place, complete_has_files(command) ? "files " : "",
                     complete_has_datasets(command) ? "names" : ""));
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        TRY(bytes_format(ret, err, "            '%s:", command->subcommands[i]->name));
        TRY(add_quoted(ret, command->subcommands[i]->summary, "\\:", err));
        TRY(bytes_append_text(ret, "'\n", err));
    }
    TRY(bytes_append_text(ret, "        )\n        specs=(\n", err));
    TRY(complete_each(command, see_spec, page, err));
    TRY(bytes_append_text(ret, "        ) ;;\n", err));
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        char below[COMPLETE_PLACE];
        snprintf(below, sizeof below, "%s/%s", place, command->subcommands[i]->name);
        TRY(add_place(page, command->subcommands[i], below, err));
    }
    return STATUS_OK;
}

/* ---- the file ---- */

static enum status add_helpers(struct bytes *ret, const char *function, struct err *err)
{
    TRY(bytes_format(ret, err,
                     "%s_names()\n"
                     "{\n"
                     "    local -a names\n"
                     "    names=(${(f)\"$(%s_datasets)\"})\n"
                     "    compset -P 'tamis:'\n"
                     "    compadd -a names\n"
                     "}\n\n",
                     function, function));
    return bytes_format(ret, err,
                        "%s_operand()\n"
                        "{\n"
                        "    (( $#subcommands )) && _describe -t commands subcommand subcommands\n"
                        "    [[ $operands == *names* ]] && %s_names\n"
                        "    [[ $operands == *files* ]] && _files\n"
                        "    return 0\n"
                        "}\n\n",
                        function, function);
}

static enum status write_function(struct page *page, struct err *err)
{
    struct bytes *ret = page->ret;
    TRY(bytes_format(ret, err,
                     "%s()\n"
                     "{\n"
                     "    local place= operands= word\n"
                     "    local -a specs subcommands\n"
                     "    integer i=2\n"
                     "    while (( i < CURRENT )); do\n"
                     "        case $words[i] in\n"
                     "        (",
                     page->function));
    TRY(complete_valued(page->program, page->ret, err));
    TRY(bytes_append_text(ret,
                          ") (( i += 2 )); continue ;;\n"
                          "        (-*) ;;\n"
                          "        (*)\n"
                          "            case $place/$words[i] in\n"
                          "            (",
                          err));
    TRY(complete_places(page->program, page->ret, err));
    TRY(bytes_append_text(ret,
                          ")\n"
                          "                place=$place/$words[i]\n"
                          "                words[i]=()\n"
                          "                (( CURRENT-- ))\n"
                          "                continue ;;\n"
                          "            esac ;;\n"
                          "        esac\n"
                          "        (( i++ ))\n"
                          "    done\n"
                          "    case $place in\n",
                          err));
    TRY(add_place(page, page->program, "", err));
    return bytes_format(ret, err,
                        "    esac\n"
                        "    _arguments -s -S $specs '*:operand:%s_operand'\n"
                        "}\n\n",
                        page->function);
}

static enum status write_page(struct page *page, struct err *err)
{
    const char *name = page->program->name;
    TRY(bytes_format(page->ret, err,
                     "#compdef %s\n"
                     "# zsh completion of %s %s, made from its tables by --completion zsh\n\n",
                     name, name, tamis_version()));
    TRY(complete_datasets(page->function, page->ret, err));
    TRY(add_helpers(page->ret, page->function, err));
    TRY(write_function(page, err));
    /* loaded by the shell under the name of its file, or sourced */
    return bytes_format(page->ret, err,
                        "if [[ $funcstack[1] == _%s ]]; then\n"
                        "    %s \"$@\"\n"
                        "else\n"
                        "    compdef %s %s\n"
                        "fi\n",
                        name, page->function, page->function, name);
}

enum status complete_zsh(const struct command *program, struct bytes *ret, struct err *err)
{
    char function[64];
    complete_function(program, function, sizeof function);
    struct page page = {
        .program = program, .function = function, .ret = ret, .words = bytes_limited(4096)};
    enum status status = write_page(&page, err);
    bytes_release(&page.words);
    return status;
}
