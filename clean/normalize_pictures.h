/* clean/normalize_pictures.h: the settings of normalize that make tensors of pictures.
 *
 * A column of fixed_size_list with Arrow's extension type arrow.fixed_shape_tensor comes behind the
 * others, one tensor a row, null where the picture is. Row-wise: nothing is learned. */
#ifndef CLEAN_NORMALIZE_PICTURES_H
#define CLEAN_NORMALIZE_PICTURES_H

#include "base/setting.h"

struct normalize_pictures {
    const char *column, *into; /* column NULL = no pictures */
    struct text_list size, mean, std;
    int fit, layout, on_fail;
    bool keep;
};

#endif
