/* base/complete_bash.c: the completion of a program for bash 4 or later; bash-completion is not
 * needed. */
#include "base/complete.h"
#include "base/help.h"

#include <stdio.h>

struct page {
    const struct command *program;
    struct bytes *ret;
    struct bytes words; /* of the value at hand */
    const char *before; /* what stands in front of the next alternative */
};

/* ---- one subcommand ---- */

static enum status see_name(void *context, const struct setting *setting, const char *name,
                            struct err *err)
{
    struct page *page = context;
    TRY(bytes_format(page->ret, err, "%s--%s", page->before, name));
    page->before = " ";
    return setting->letter == '\0' ? STATUS_OK
                                   : bytes_format(page->ret, err, " -%c", setting->letter);
}

static enum status see_value(void *context, const struct setting *setting, const char *name,
                             struct err *err)
{
    static const char *const kinds[] = {[COMPLETE_FREE] = "free",
                                        [COMPLETE_WORDS] = "words",
                                        [COMPLETE_FILE] = "files",
                                        [COMPLETE_FOLDER] = "folders",
                                        [COMPLETE_DATASET] = "names"};
    struct page *page = context;
    enum complete_kind kind;
    if (setting->kind == SETTING_FLAG) return STATUS_OK;
    TRY(complete_value(setting, &kind, &page->words, err));
    TRY(bytes_format(page->ret, err, "        --%s", name));
    if (setting->letter != '\0') TRY(bytes_format(page->ret, err, "|-%c", setting->letter));
    TRY(bytes_format(page->ret, err, ") kind=%s", kinds[kind]));
    if (kind == COMPLETE_WORDS)
        TRY(bytes_format(page->ret, err, " words='%.*s'", (int)page->words.size,
                         (const char *)page->words.data));
    return bytes_append_text(page->ret, " ;;\n", err);
}

static enum status add_place(struct page *page, const struct command *command, const char *place,
                             struct err *err)
{
    TRY(bytes_format(page->ret, err, "    '%s')\n        options='", place));
    page->before = "";
    TRY(complete_each(command, see_name, page, err));
    TRY(bytes_append_text(page->ret, "'\n        subcommands='", err));
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++)
        TRY(bytes_format(page->ret, err, "%s%s", i > 0 ? " " : "", command->subcommands[i]->name));
    TRY(bytes_format(page->ret, err, "'\n        operands='%s%s'\n        case $prev in\n",
                     complete_has_files(command) ? "files " : "",
                     complete_has_datasets(command) ? "names" : ""));
    TRY(complete_each(command, see_value, page, err));
    TRY(bytes_append_text(page->ret, "        esac ;;\n", err));
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        char below[COMPLETE_PLACE];
        snprintf(below, sizeof below, "%s/%s", place, command->subcommands[i]->name);
        TRY(add_place(page, command->subcommands[i], below, err));
    }
    return STATUS_OK;
}

/* ---- the file ---- */

/* Readline breaks words at = and : too: --format=csv is three words, tamis:raw/orders too. */
static const char first_part[] =
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local place= options= subcommands= operands= kind= words= word i\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        case $word in\n"
    "        ";
static const char second_part[] = ")\n"
                                  "            [[ ${COMP_WORDS[i + 1]} == '=' ]] && i=$((i + 1))\n"
                                  "            i=$((i + 1)) ;;\n"
                                  "        -*) ;;\n"
                                  "        *)\n"
                                  "            case $place/$word in\n"
                                  "            ";
static const char third_part[] = ") place=$place/$word ;;\n"
                                 "            esac ;;\n"
                                 "        esac\n"
                                 "    done\n"
                                 "    if [[ $cur == '=' ]]; then\n"
                                 "        cur=\n"
                                 "    elif [[ $prev == '=' ]]; then\n"
                                 "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                                 "    elif [[ $cur == : ]]; then\n"
                                 "        cur= kind=names\n"
                                 "    elif [[ $prev == : ]]; then\n"
                                 "        kind=names\n"
                                 "    fi\n"
                                 "    case $place in\n";

static enum status add_answers(struct bytes *ret, const char *function, struct err *err)
{
    return bytes_format(
        ret, err,
        "    esac\n"
        "    [[ -n $kind || $cur != -* ]] || kind=options\n"
        "    case $kind in\n"
        "    free) COMPREPLY=() ;;\n"
        "    options) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;\n"
        "    words) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
        "    files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
        "    folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
        "    names) mapfile -t COMPREPLY < <(compgen -W \"$(%s_datasets)\" -- \"$cur\") ;;\n"
        "    *)\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$subcommands\" -- \"$cur\"\n"
        "            [[ $operands != *names* ]] || compgen -W \"$(%s_datasets)\" -- \"$cur\"\n"
        "            [[ $operands != *files* ]] || compgen -f -- \"$cur\")\n"
        "        [[ ${#COMPREPLY[@]} -eq 1 && -d ${COMPREPLY[0]} ]] && compopt -o filenames ;;\n"
        "    esac\n"
        "    return 0\n"
        "}\n\n",
        function, function);
}

static enum status write_page(struct page *page, const char *function, struct err *err)
{
    const char *name = page->program->name;
    TRY(bytes_format(page->ret, err,
                     "# bash completion of %s %s, made from its tables by --completion bash\n\n",
                     name, tamis_version()));
    TRY(complete_datasets(function, page->ret, err));
    TRY(bytes_format(page->ret, err, "%s()\n{\n%s", function, first_part));
    TRY(complete_valued(page->program, page->ret, err));
    TRY(bytes_append_text(page->ret, second_part, err));
    TRY(complete_places(page->program, page->ret, err));
    TRY(bytes_append_text(page->ret, third_part, err));
    TRY(add_place(page, page->program, "", err));
    TRY(add_answers(page->ret, function, err));
    return bytes_format(page->ret, err, "complete -F %s %s\n", function, name);
}

enum status complete_bash(const struct command *program, struct bytes *ret, struct err *err)
{
    char function[64];
    struct page page = {.program = program, .ret = ret, .words = bytes_limited(4096)};
    complete_function(program, function, sizeof function);
    enum status status = write_page(&page, function, err);
    bytes_release(&page.words);
    return status;
}
