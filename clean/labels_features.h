/* clean/labels_features.h: what detectors of wrong labels look at: rows of numbers, standardized.
 *
 * A row is kept as it came: its numeric columns as doubles, its picture as side x side x 3 bytes.
 * A space makes features of it: the numbers (a gap is the mean), histograms of gradients and colors
 * (clean/picture_hog.h; a value and its mirror image are added up), or patches
 * (clean/picture_patches.h). Features are standardized by the rows learned from, and followed by a
 * constant 1. */
#ifndef CLEAN_LABELS_FEATURES_H
#define CLEAN_LABELS_FEATURES_H

#include "clean/picture_patches.h"
#include "clean/spill.h"

/* Rows as they are kept: `count` of them, `stride` bytes apart. */
struct kept_rows {
    const uint8_t *bytes;
    size_t stride, count;
    const uint64_t *hashes;
};

struct kept_layout {
    size_t columns; /* doubles in front */
    uint32_t side;  /* of the picture behind them; 0 = none */
};
static inline size_t kept_bytes(const struct kept_layout *layout)
{
    return (layout->columns * sizeof(double) + (size_t)layout->side * layout->side * 3 + 7) / 8 * 8;
}

enum space_kind { SPACE_NUMBERS, SPACE_HOG, SPACE_PATCHES };
#define SPACES 3

struct space;
MUST_CHECK enum status space_open(struct space **ret, enum space_kind kind,
                                  const struct kept_layout *layout, struct err *err);
size_t space_columns(const struct space *space); /* with the constant */
/* Learns patches and scales, and writes the features of all rows: count x space_columns floats. */
MUST_CHECK enum status space_learn(struct space *space, const struct kept_rows *rows,
                                   size_t threads, float *ret, struct err *err);
/* Floats that space_features works in. */
size_t space_work(const struct space *space);
/* One row: space_columns floats. Any thread. */
void space_features(const struct space *space, const uint8_t *row, float *work, float *ret);

MUST_CHECK enum status space_save(const struct space *space, struct bytes *json, struct err *err);
MUST_CHECK enum status space_load(struct space *space, const struct yaml_node *map,
                                  struct err *err);
void space_close(struct space **space);

#endif
