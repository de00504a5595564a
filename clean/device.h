/* clean/device.h: where the arithmetic of numeric columns and pictures runs: on the processor, or
 * on a GPU through a module that is loaded at run time. Plain C; nothing of CUDA is seen here.
 *
 * Both give the same bits (clean/element.h). Inputs may have any size: a GPU gets them in chunks
 * through two pinned buffers, so that one is copied while the other is worked on. Every function
 * may be called by several threads at once. */
#ifndef CLEAN_DEVICE_H
#define CLEAN_DEVICE_H

#include "base/err.h"
#include "clean/element_kernel.h"

#include <stddef.h>

struct device; /* NULL = the processor */

/* STATUS_USAGE for a wish that device_open does not know. */
MUST_CHECK enum status device_check(const char *wish, struct err *err);
/* wish  "cpu", "auto", "cuda" (the first GPU) or "cuda:N".
 * *ret is NULL for the processor; with "auto" *ret_reason then says why, in the room of 256 bytes
 * ("" otherwise). The module is looked for beside the program, when that was not installed, else at
 * the place where it was installed, and nowhere else; a file that others may write to is refused.
 * STATUS_FAILED with a hint where "cuda" finds no GPU. */
MUST_CHECK enum status device_open(struct device **ret, const char *wish, char *ret_reason,
                                   struct err *err);
/* The same with a given module, for tests. */
struct device_module;
MUST_CHECK enum status device_open_module(struct device **ret, const struct device_module *module,
                                          int index, struct err *err);
/* "cpu", or "cuda:0 (NVIDIA A100)". */
const char *device_name(const struct device *device);
void device_close(struct device **device);

/* Moments of `count` values, window by window (MOMENT_WINDOW). */
MUST_CHECK enum status device_moments(struct device *device, enum element_type type,
                                      const void *values, int64_t count, struct moments *ret,
                                      struct err *err);
/* ret[i] = values[i] scaled; ret may be `values` where both types are the same. */
MUST_CHECK enum status device_scale(struct device *device, enum element_type from,
                                    const void *values, int64_t count,
                                    const struct scaling *scaling, enum element_type to, void *ret,
                                    struct err *err);
/* Pictures of `places` pixels, three channels of 8 bits side by side (HWC), to floats by channel
 * (CHW): (value / 255 - mean) / std. */
MUST_CHECK enum status device_pictures(struct device *device, const uint8_t *pixels, int64_t count,
                                       int64_t places, const double mean[3], const double std[3],
                                       float *ret, struct err *err);

#endif
