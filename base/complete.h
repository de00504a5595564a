/* base/complete.h: completion for shells, made from the option tables. */
#ifndef BASE_COMPLETE_H
#define BASE_COMPLETE_H

#include "base/command.h"

/* The text of --completion bash and --completion zsh for a program with all its subcommands: a file
 * that the shell loads by itself where it is installed, or sources. Options, the words of choices,
 * files, folders, and, where sqlite3 is at hand, the datasets of the store are completed. */
MUST_CHECK enum status complete_bash(const struct command *program, struct bytes *ret,
                                     struct err *err);
MUST_CHECK enum status complete_zsh(const struct command *program, struct bytes *ret,
                                    struct err *err);

/* ---- shared by both ---- */

enum complete_kind {
    COMPLETE_FREE,    /* anything: a number, a time, a regular expression */
    COMPLETE_WORDS,   /* one of some words */
    COMPLETE_FILE,    /* a file */
    COMPLETE_FOLDER,  /* a folder */
    COMPLETE_DATASET, /* a dataset or view of the store */
};
/* What stands behind an option; for COMPLETE_WORDS appends them to ret with blanks between. */
MUST_CHECK enum status complete_value(const struct setting *setting, enum complete_kind *ret_kind,
                                      struct bytes *ret, struct err *err);
/* Whether an operand of the command may be a file; and whether it may name a dataset or view. */
bool complete_has_files(const struct command *command);
bool complete_has_datasets(const struct command *command);
/* "_tamis_features" */
char *complete_function(const struct command *program, char *ret, size_t room);
/* The options of a command, its own before the common ones: calls `see` with each name (with its
 * "no-" form where it has one). */
typedef enum status complete_see(void *context, const struct setting *setting, const char *name,
                                 struct err *err);
MUST_CHECK enum status complete_each(const struct command *command, complete_see *see,
                                     void *context, struct err *err);
/* "--output|-o|--threads": the options that take a value, of all subcommands. */
MUST_CHECK enum status complete_valued(const struct command *program, struct bytes *ret,
                                       struct err *err);
/* "/lineage|/lineage/record": the subcommands behind the program. */
MUST_CHECK enum status complete_places(const struct command *program, struct bytes *ret,
                                       struct err *err);
#define COMPLETE_PLACE 128 /* room for one of them */
/* A shell function NAME_datasets that prints the names of the datasets, one a line. */
MUST_CHECK enum status complete_datasets(const char *name, struct bytes *ret, struct err *err);

#endif
