/* clean/mask_settings.h: what a recipe says to mask. */
#ifndef CLEAN_MASK_SETTINGS_H
#define CLEAN_MASK_SETTINGS_H

#include "clean/mask_generalize.h"

struct mask_config {
    struct text_list columns, kinds;
    struct text_list person_lists, place_lists, lists, words, allow_lists, allow;
    bool weak;
    int action, on_fail;
    const struct yaml_node *actions;
    const char *replacement, *key_file, *whole, *shift_by, *flag;
    int64_t keep, shift_days;
    struct generalize_settings generalize;
};
extern const struct setting mask_settings[];

#endif
