/* clean/device_module.h: what tamis_cuda.so gives to tamis-clean: one table under one name.
 *
 * Plain C for both compilers; device_cuda.cu includes no other header of ours but element.h. A
 * worker is one thread's buffers and streams on a GPU. Functions return 0, or 1 with a message. */
#ifndef CLEAN_DEVICE_MODULE_H
#define CLEAN_DEVICE_MODULE_H

#include "clean/element.h"

#include <stddef.h>
#include <stdint.h>

#define DEVICE_MODULE_SYMBOL  "tamis_cuda"
#define DEVICE_MODULE_VERSION 1
#define DEVICE_TEXT           256

/* Bytes of one chunk of input; a multiple of a window of either type. */
#define DEVICE_CHUNK ((size_t)4 << 20)

struct device_module {
    int version; /* DEVICE_MODULE_VERSION, looked at before anything else */
    /* How many GPUs there are; 0 with a message. */
    int (*count)(char *message);
    /* Buffers and streams on GPU `index`; name is that of the GPU. */
    int (*open)(void **ret_worker, int index, char *name, char *message);
    void (*close)(void *worker);

    /* Folded lanes of each window of MOMENT_WINDOW values; near[i] is what the deviations of window
     * i are taken from. wide: double, else float. */
    int (*moments)(void *worker, int wide, const void *values, int64_t count, const double *near,
                   struct lane *ret, char *message);
    int (*scale)(void *worker, int wide, const void *values, int64_t count,
                 const struct scaling *scaling, int ret_wide, void *ret, char *message);
    /* pixels: count x places x 3, ret: count x 3 x places */
    int (*pictures)(void *worker, const uint8_t *pixels, int64_t count, int64_t places,
                    const double *mean, const double *std, float *ret, char *message);
};

/* The table, where the module is made. */
#ifdef __cplusplus
extern "C" {
#endif
extern const struct device_module tamis_cuda __attribute__((visibility("default")));
#ifdef __cplusplus
}
#endif

#endif
