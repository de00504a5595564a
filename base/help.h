/* base/help.h: help text and man page, both made from the tables that also parse. */
#ifndef BASE_HELP_H
#define BASE_HELP_H

#include "base/command.h"

enum spelling {
    SPELL_OPTION, /* "--on-fail flag|null" */
    SPELL_YAML,   /* "on_fail: flag|null" */
};

/* The text of --help-all. `path` is what the user types: "tamis-features lineage record". */
MUST_CHECK enum status help_text(const struct command *command, const char *path, struct bytes *ret,
                                 struct err *err);
/* The text of --help: as much as `rows` lines of `columns` hold, at least usage, summary, the names
 * of all options and an example. */
MUST_CHECK enum status help_screen(const struct command *command, const char *path, size_t rows,
                                   size_t columns, struct bytes *ret, struct err *err);
/* The rows of one table, a setting a paragraph: for `tamis-clean modules NAME` and the like. */
MUST_CHECK enum status help_settings(const struct setting *table, enum spelling spelling,
                                     struct bytes *ret, struct err *err);
/* The text of --man: a page in mdoc(7), section 1, named by the path with dashes. */
MUST_CHECK enum status help_man(const struct command *command, const char *path, struct bytes *ret,
                                struct err *err);

/* Shared by both. The placeholder of a value ("FILE", "auto|cpu"), NULL for a flag; and the
 * sentence about a setting with its choices and default. Return ret. */
char *setting_placeholder(const struct setting *setting, char *ret, size_t room);
char *setting_sentence(const struct setting *setting, char *ret, size_t room);
/* The name spelled for the command line or for YAML. Returns ret. */
char *setting_spelled(const struct setting *setting, enum spelling spelling, char *ret,
                      size_t room);
#endif
