/* clean/main_merge.h: `tamis-clean merge`: the states of all shards become one. */
#ifndef CLEAN_MAIN_MERGE_H
#define CLEAN_MAIN_MERGE_H

#include "base/command.h"

extern const struct command merge_command;

#endif
