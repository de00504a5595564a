/* clean/main_inverse.h: `tamis-clean inverse`: undoes normalize from a saved state. */
#ifndef CLEAN_MAIN_INVERSE_H
#define CLEAN_MAIN_INVERSE_H

#include "base/command.h"

extern const struct command inverse_command;

#endif
