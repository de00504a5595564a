/* clean/images_measure.h: what can be said about a picture from one pass over its rows: how dark,
 * light, blurred, empty and colorless it is. Integer sums only, so every machine agrees. */
#ifndef CLEAN_IMAGES_MEASURE_H
#define CLEAN_IMAGES_MEASURE_H

#include "clean/picture.h"

struct images_measure {
    struct picture_info info;
    double bright;      /* 99th percentile of brightness, 0 black ... 1 white */
    double shade;       /* 1st percentile of brightness */
    double spread;      /* 99th minus 1st percentile */
    double information; /* entropy of the brightness histogram in bits, 0 ... 8 */
    double detail;      /* edges by contrast: blurred below 0.1, sharp above 0.2 */
    double color;       /* share of pixels that are not gray */
    double aspect;      /* short side / long side */
};

/* Decodes and measures. A broken picture leaves only `fault` meaningful. */
MUST_CHECK enum status images_measure(struct str bytes, const struct picture_limits *limits,
                                      struct images_measure *ret, struct picture_fault *ret_fault,
                                      struct err *err);

#endif
