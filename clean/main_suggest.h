/* clean/main_suggest.h: `tamis-clean suggest`: drafts a recipe. */
#ifndef CLEAN_MAIN_SUGGEST_H
#define CLEAN_MAIN_SUGGEST_H

#include "base/command.h"

extern const struct command suggest_command;

#endif
