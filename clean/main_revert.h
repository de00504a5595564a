/* clean/main_revert.h: `tamis-clean revert`: undoes one module from the cell audit. */
#ifndef CLEAN_MAIN_REVERT_H
#define CLEAN_MAIN_REVERT_H

#include "base/command.h"

extern const struct command revert_command;

#endif
