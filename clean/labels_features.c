/* clean/labels_features.c: spaces of features. */
#include "clean/labels_features.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "clean/parameters.h"
#include "clean/picture_hog.h"

#include <math.h>
#include <string.h>

#define TASK   32   /* pictures a task makes features of */
#define SLAB   64   /* columns a task measures */
#define SPREAD 1e-6 /* of a column that varies, in parts of its mean */

struct space {
    enum space_kind kind;
    struct kept_layout layout;
    size_t features;
    double *centers, *scales; /* value -> (value - center) * scale */
    uint32_t *left, *right;   /* HOG: the two values a feature is made of */
    struct patches *patches;
};

/* ---- life ---- */

/* A value that is its own mirror image stands alone; of a pair the first one stands for both. */
static enum status fold_mirror(struct space *space, struct err *err)
{
    size_t values = picture_hog_values(space->layout.side);
    TRY(NEW(&space->left, values, err));
    TRY(NEW(&space->right, values, err));
    for (size_t i = 0; i < values; i++) {
        size_t mirror = picture_hog_mirror(space->layout.side, i);
        if (mirror < i) continue;
        space->left[space->features] = (uint32_t)i;
        space->right[space->features++] = (uint32_t)mirror;
    }
    return STATUS_OK;
}

enum status space_open(struct space **ret, enum space_kind kind, const struct kept_layout *layout,
                       struct err *err)
{
    struct space *space;
    TRY(NEW(&space, 1, err));
    *ret = space;
    space->kind = kind;
    space->layout = *layout;
    switch (kind) {
    case SPACE_NUMBERS: space->features = layout->columns; break;
    case SPACE_HOG: TRY(fold_mirror(space, err)); break;
    case SPACE_PATCHES:
        space->features = PATCH_FEATURES;
        TRY(patches_open(&space->patches, layout->side, err));
        break;
    }
    TRY(NEW(&space->centers, space->features, err));
    return NEW(&space->scales, space->features, err);
}

void space_close(struct space **ret)
{
    struct space *space = *ret;
    if (space == NULL) return;
    patches_close(&space->patches);
    memory_free(space->centers);
    memory_free(space->scales);
    memory_free(space->left);
    memory_free(space->right);
    memory_free(space);
    *ret = NULL;
}

size_t space_columns(const struct space *space)
{
    return space->features + 1;
}

/* ---- one row ---- */

size_t space_work(const struct space *space)
{
    switch (space->kind) {
    case SPACE_NUMBERS: return 1;
    case SPACE_HOG:
        return picture_hog_values(space->layout.side) + picture_hog_work(space->layout.side);
    case SPACE_PATCHES: break;
    }
    return patches_work(space->patches);
}

static const uint8_t *pixels_of(const struct space *space, const uint8_t *row)
{
    return row + space->layout.columns * sizeof(double);
}

/* Features of a picture before they are standardized. */
static void describe(const struct space *space, const uint8_t *row, float *work, float *ret)
{
    const uint8_t *pixels = pixels_of(space, row);
    if (space->kind == SPACE_PATCHES) {
        patches_encode(space->patches, pixels, work, ret);
        return;
    }
    float *values = work + picture_hog_work(space->layout.side);
    picture_hog(pixels, space->layout.side, work, values);
    for (size_t j = 0; j < space->features; j++)
        ret[j] = values[space->left[j]] + values[space->right[j]];
}

static float standardized(const struct space *space, size_t column, double value)
{
    double scaled = (value - space->centers[column]) * space->scales[column];
    return isfinite(scaled) ? (float)scaled : 0;
}

static void standardize_numbers(const struct space *space, const uint8_t *row, float *ret)
{
    for (size_t j = 0; j < space->features; j++) {
        double value;
        memcpy(&value, row + j * sizeof value, sizeof value);
        ret[j] = standardized(space, j, value);
    }
    ret[space->features] = 1;
}

void space_features(const struct space *space, const uint8_t *row, float *work, float *ret)
{
    if (space->kind == SPACE_NUMBERS) {
        standardize_numbers(space, row, ret);
        return;
    }
    describe(space, row, work, ret);
    for (size_t j = 0; j < space->features; j++)
        ret[j] = standardized(space, j, ret[j]);
    ret[space->features] = 1;
}

/* ---- all rows ---- */

struct learning {
    struct space *space;
    const struct kept_rows *rows;
    float *features;
};

static size_t task_end(const struct learning *learning, size_t task)
{
    size_t end = (task + 1) * TASK;
    return end < learning->rows->count ? end : learning->rows->count;
}

static enum status describe_some(void *context, size_t task, struct err *err)
{
    struct learning *learning = context;
    const struct kept_rows *rows = learning->rows;
    size_t columns = space_columns(learning->space);
    OWNED(memory_release) float *work = NULL;
    TRY(NEW(&work, space_work(learning->space), err));
    for (size_t i = task * TASK; i < task_end(learning, task); i++)
        describe(learning->space, rows->bytes + i * rows->stride, work,
                 learning->features + i * columns);
    return STATUS_OK;
}

static enum status standardize_some(void *context, size_t task, struct err *err)
{
    (void)err;
    struct learning *learning = context;
    const struct kept_rows *rows = learning->rows;
    const struct space *space = learning->space;
    for (size_t i = task * TASK; i < task_end(learning, task); i++) {
        float *row = learning->features + i * space_columns(space);
        if (space->kind == SPACE_NUMBERS) {
            standardize_numbers(space, rows->bytes + i * rows->stride, row);
            continue;
        }
        for (size_t j = 0; j < space->features; j++)
            row[j] = standardized(space, j, row[j]);
        row[space->features] = 1;
    }
    return STATUS_OK;
}

/* Of numbers as they came, of pictures as they were described. */
static double value_at(const struct learning *learning, size_t row, size_t column)
{
    const struct kept_rows *rows = learning->rows;
    double value;
    if (learning->space->kind != SPACE_NUMBERS)
        return learning->features[row * space_columns(learning->space) + column];
    memcpy(&value, rows->bytes + row * rows->stride + column * sizeof value, sizeof value);
    return value;
}

/* Column by column, rows outside: they lie one behind the other. */
struct measured {
    double counts[SLAB], centers[SLAB], squares[SLAB];
};

static void measure_centers(const struct learning *learning, size_t first, size_t wide,
                            struct measured *ret)
{
    for (size_t i = 0; i < learning->rows->count; i++)
        for (size_t j = 0; j < wide; j++) {
            double value = value_at(learning, i, first + j);
            if (!isfinite(value)) continue;
            ret->counts[j]++;
            ret->centers[j] += value;
        }
    for (size_t j = 0; j < wide; j++)
        ret->centers[j] = ret->counts[j] > 0 ? ret->centers[j] / ret->counts[j] : 0;
    for (size_t i = 0; i < learning->rows->count; i++)
        for (size_t j = 0; j < wide; j++) {
            double apart = value_at(learning, i, first + j) - ret->centers[j];
            if (isfinite(apart)) ret->squares[j] += apart * apart;
        }
}

static enum status measure_slab(void *context, size_t slab, struct err *err)
{
    (void)err;
    const struct learning *learning = context;
    struct space *space = learning->space;
    struct measured measured = {0};
    size_t first = slab * SLAB, left = space->features - first, wide = left < SLAB ? left : SLAB;
    measure_centers(learning, first, wide, &measured);
    for (size_t j = 0; j < wide; j++) {
        double center = measured.centers[j];
        double spread = measured.counts[j] > 0 ? sqrt(measured.squares[j] / measured.counts[j]) : 0;
        bool varies = isfinite(center) && isfinite(spread) && spread > SPREAD * fabs(center);
        space->centers[first + j] = isfinite(center) ? center : 0;
        space->scales[first + j] = varies && isfinite(1 / spread) ? 1 / spread : 0;
    }
    return STATUS_OK;
}

enum status space_learn(struct space *space, const struct kept_rows *rows, size_t threads,
                        float *ret, struct err *err)
{
    struct learning learning = {space, rows, ret};
    size_t tasks = (rows->count + TASK - 1) / TASK;
    if (space->kind == SPACE_PATCHES)
        TRY(patches_learn(space->patches, pixels_of(space, rows->bytes), rows->stride, rows->hashes,
                          rows->count, threads, err));
    if (space->kind != SPACE_NUMBERS)
        TRY(parallel_for(threads, tasks, &learning, describe_some, err));
    TRY(parallel_for(threads, (space->features + SLAB - 1) / SLAB, &learning, measure_slab, err));
    return parallel_for(threads, tasks, &learning, standardize_some, err);
}

/* ---- state ---- */

enum status space_save(const struct space *space, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "{", err));
    TRY(put_reals(json, "centers", space->centers, space->features, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_reals(json, "scales", space->scales, space->features, err));
    if (space->patches != NULL) {
        TRY(bytes_append_text(json, ", \"patches\": ", err));
        TRY(patches_save(space->patches, json, err));
    }
    return bytes_append_text(json, "}", err);
}

enum status space_load(struct space *space, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *patches;
    TRY(get_reals(map, "centers", space->centers, space->features, err));
    TRY(get_reals(map, "scales", space->scales, space->features, err));
    if (space->patches == NULL) return STATUS_OK;
    TRY(get_map(map, "patches", &patches, err));
    return patches_load(space->patches, patches, err);
}
