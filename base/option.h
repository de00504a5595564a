/* base/option.h: the command line by the tables: which subcommand, which options, which operands.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/command.h"

/* The options every command has, into struct common; ended by a row without a name. */
extern const struct setting common_options[];

/* Whether it is a program, not a subcommand: its name is that of an executable. */
bool command_is_program(const struct command *command);
/* Whether `command` has this common option (its `common_without` does not name it). */
bool command_has_common(const struct command *command, const struct setting *option);

/* Fills an invocation whose argv, argc and arena are set: command, top, program, path, common,
 * args, operands. A first operand that is exactly a subcommand's name is one; options may stand
 * before it. Operands are not counted when help, version, completion or the man page is asked for.
 * STATUS_USAGE with "did you mean" and a hint. */
MUST_CHECK enum status options_parse(struct invocation *invocation, const struct command *top,
                                     struct err *err);

#endif
