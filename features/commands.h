/* features/commands.h: the subcommands of tamis-features, one file each.
 *
 * To add one: write features/NAME.c with a `const struct command NAME_command`, declare it here,
 * add one line to the table in features/main.c and one to features/meson.build, and a folder
 * tests/cli/ features-NAME. */
#ifndef FEATURES_COMMANDS_H
#define FEATURES_COMMANDS_H

#include "base/command.h"

extern const struct command cat_command;
extern const struct command define_command;
extern const struct command diff_command;
extern const struct command export_command;
extern const struct command exposure_command;
extern const struct command forget_command;
extern const struct command gc_command;
extern const struct command get_command;
extern const struct command join_command;
extern const struct command lineage_command;
extern const struct command lineage_record_command;
extern const struct command log_command;
extern const struct command lookup_command;
extern const struct command promote_command;
extern const struct command put_command;
extern const struct command rebuild_command;
extern const struct command report_command;
extern const struct command rollback_command;
extern const struct command tag_command;
extern const struct command verify_command;

#endif
