/* clean/picture_step.h: a step that makes tensors of pictures, for images and normalize.
 *
 * A column of fixed_size_list with Arrow's extension type arrow.fixed_shape_tensor comes behind the
 * others, one tensor a row, null where the picture is: its pixels, or what describes them
 * (clean/picture_hog.h). Row-wise: nothing is learned. */
#ifndef CLEAN_PICTURE_STEP_H
#define CLEAN_PICTURE_STEP_H

#include "clean/module.h"
#include "clean/picture_tensor.h"

/* What becomes of a row whose picture can not be decoded; UNDECODABLE_TOLD: its tensor is null, and
 * the module tells it. */
enum on_undecodable { UNDECODABLE_REJECT, UNDECODABLE_NULL, UNDECODABLE_TOLD };

#define PICTURE_FITS    "crop|stretch|pad"
#define PICTURE_LAYOUTS "chw|hwc"
#define PICTURE_DTYPES  "float32|float16|uint8"
#define PICTURE_RESIZES "area|bilinear|nearest"
#define PICTURE_COLORS  "rgb|gray"
#define PICTURE_CONTENT "pixels|hog"
struct picture_settings {
    const char *column, *into; /* column NULL = no pictures */
    struct text_list size, mean, std;
    int fit, layout, dtype, on_fail;
    int resize, channels; /* of PICTURE_RESIZES and PICTURE_COLORS */
    int content;          /* of PICTURE_CONTENT */
    bool keep;
    const struct picture_limits *limits; /* NULL = the defaults */
    uint64_t bytes_maximum;              /* a larger file is not decoded; 0 = any */
};

struct picture_step;
/* In the setup's arena. STATUS_USAGE for settings or columns that do not go together. */
MUST_CHECK enum status picture_step_open(struct picture_step **ret,
                                         const struct module_setup *setup,
                                         const struct picture_settings *settings,
                                         struct schema **ret_schema, struct err *err);
bool picture_step_rejects(const struct picture_step *step);
/* Bytes of one tensor. */
size_t picture_step_growth(const struct picture_step *step);
bool picture_step_touches(const struct picture_step *step, size_t column);
MUST_CHECK enum status picture_step_apply(const struct picture_step *step,
                                          const struct window *window, struct change *change,
                                          struct err *err);

#endif
