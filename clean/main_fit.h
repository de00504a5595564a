/* clean/main_fit.h: `tamis-clean fit`: what the steps of one round see of one shard. */
#ifndef CLEAN_MAIN_FIT_H
#define CLEAN_MAIN_FIT_H

#include "base/command.h"

extern const struct command fit_command;

#endif
