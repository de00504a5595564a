/* clean/normalize_pictures.h: the part of normalize that makes tensors of pictures.
 *
 * A column of fixed_size_list with Arrow's extension type arrow.fixed_shape_tensor comes behind the
 * others, one tensor a row, null where the picture is. Row-wise: nothing is learned. */
#ifndef CLEAN_NORMALIZE_PICTURES_H
#define CLEAN_NORMALIZE_PICTURES_H

#include "clean/module.h"

struct normalize_pictures {
    const char *column, *into; /* column NULL = no pictures */
    struct text_list size, mean, std;
    int fit, layout, dtype, on_fail;
    bool keep;
};

struct picture_step;
/* In the setup's arena. STATUS_USAGE for settings or columns that do not go together. */
MUST_CHECK enum status picture_step_open(struct picture_step **ret,
                                         const struct module_setup *setup,
                                         const struct normalize_pictures *settings,
                                         struct schema **ret_schema, struct err *err);
bool picture_step_rejects(const struct picture_step *step);
bool picture_step_touches(const struct picture_step *step, size_t column);
MUST_CHECK enum status picture_step_apply(const struct picture_step *step,
                                          const struct window *window, struct change *change,
                                          struct err *err);

#endif
