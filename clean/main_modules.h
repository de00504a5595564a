/* clean/main_modules.h: `tamis-clean modules [NAME]`: what there is, with settings. */
#ifndef CLEAN_MAIN_MODULES_H
#define CLEAN_MAIN_MODULES_H

#include "base/command.h"

extern const struct command modules_command;

#endif
