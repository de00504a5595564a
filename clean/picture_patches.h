/* clean/picture_patches.h: which of some learned patches a small picture shows, and where.
 *
 * Coates, Lee and Ng (AISTATS 2011), Coates and Ng (2012): patches of 6 x 6 RGB pixels, each with
 * its mean taken off and scaled by its deviation, whitened (ZCA), grouped by k-means into 128; a
 * patch then is max(0, mean distance - distance) for each center (triangle), added up over parts of
 * the picture. Patches are taken at every second pixel. A picture and its mirror image are the same
 * thing here: centers come with their mirror images (256 in all), and what the left half of the
 * picture shows is added to what the left half of its mirror image shows, above and below: 512
 * values. Same bits on every CPU and for any number of threads. */
#ifndef CLEAN_PICTURE_PATCHES_H
#define CLEAN_PICTURE_PATCHES_H

#include "base/str.h"
#include "base/yaml.h"

#include <stddef.h>
#include <stdint.h>

#define PATCH_VALUES   108 /* 6 x 6 x 3 */
#define PATCH_CENTERS  128
#define PATCH_FEATURES (4 * PATCH_CENTERS)

struct patches;
MUST_CHECK enum status patches_open(struct patches **ret, uint32_t side, struct err *err);
/* Learns whitening and centers. pixels: `count` (at least 1) pictures of side x side x 3, `stride`
 * bytes apart; hashes choose the places, so the order of the pictures is the only order that
 * matters. */
MUST_CHECK enum status patches_learn(struct patches *patches, const uint8_t *pixels, size_t stride,
                                     const uint64_t *hashes, size_t count, size_t threads,
                                     struct err *err);
/* Floats of `work`. */
size_t patches_work(const struct patches *patches);
/* ret: PATCH_FEATURES. Any thread. */
void patches_encode(const struct patches *patches, const uint8_t *pixels, float *work, float *ret);

MUST_CHECK enum status patches_save(const struct patches *patches, struct bytes *json,
                                    struct err *err);
MUST_CHECK enum status patches_load(struct patches *patches, const struct yaml_node *map,
                                    struct err *err);
void patches_close(struct patches **patches);

#endif
