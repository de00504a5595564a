/* clean/picture_patches.c: learning the patches, and encoding a picture with them. */
#include "clean/picture_patches.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "clean/eigen.h"
#include "clean/matrix.h"
#include "clean/parameters.h"

#include <math.h>
#include <string.h>

#define PATCH    6
#define LINE     (PATCH * 3)
#define STRIDE   2
#define WIDE     112 /* PATCH_VALUES in whole panels */
#define MIRRORED (2 * PATCH_CENTERS)
#define COLUMNS  (WIDE + MIRRORED) /* of one product: whitened values, then centers */
#define LEARNED  20000             /* patches, as many again mirrored */
#define ROUNDS   10
#define FLAT     10.0f /* added to the variance of a patch: flat ones stay small */
#define SOFT     0.1   /* added to the eigenvalues */

struct patches {
    uint32_t side;
    size_t across;    /* patches by side */
    float *whitening; /* PATCH_VALUES squared, symmetric */
    float *mean;      /* PATCH_VALUES */
    float *centers;   /* MIRRORED x PATCH_VALUES, whitened */
    float *packed;    /* PATCH_VALUES x COLUMNS */
    float *offsets;   /* COLUMNS: what the mean adds */
    float *lengths;   /* squared, of the centers */
};

enum status patches_open(struct patches **ret, uint32_t side, struct err *err)
{
    struct patches *patches;
    TRY(NEW(&patches, 1, err));
    *ret = patches;
    patches->side = side;
    patches->across = (side - PATCH) / STRIDE + 1;
    TRY(NEW(&patches->whitening, PATCH_VALUES * PATCH_VALUES, err));
    TRY(NEW(&patches->mean, PATCH_VALUES, err));
    TRY(NEW(&patches->centers, MIRRORED * PATCH_VALUES, err));
    TRY(NEW(&patches->packed, PATCH_VALUES * COLUMNS, err));
    TRY(NEW(&patches->offsets, COLUMNS, err));
    return NEW(&patches->lengths, MIRRORED, err);
}

void patches_close(struct patches **ret)
{
    struct patches *patches = *ret;
    if (patches == NULL) return;
    memory_free(patches->whitening);
    memory_free(patches->mean);
    memory_free(patches->centers);
    memory_free(patches->packed);
    memory_free(patches->offsets);
    memory_free(patches->lengths);
    memory_free(patches);
    *ret = NULL;
}

/* ---- one patch ---- */

/* Integer sums: the same for every order. */
static void read_patch(const uint8_t *pixels, uint32_t side, size_t x, size_t y, float *ret)
{
    uint32_t sum = 0, squares = 0;
    uint8_t values[PATCH_VALUES];
    for (size_t i = 0; i < PATCH; i++)
        memcpy(values + i * LINE, pixels + ((y + i) * side + x) * 3, LINE);
    for (size_t i = 0; i < PATCH_VALUES; i++) {
        sum += values[i];
        squares += (uint32_t)values[i] * values[i];
    }
    const float count = PATCH_VALUES;
    float mean = (float)sum / count;
    float variance =
        (float)((uint64_t)squares * PATCH_VALUES - (uint64_t)sum * sum) / (count * count);
    float scale = 1 / sqrtf(variance + FLAT);
    for (size_t i = 0; i < PATCH_VALUES; i++)
        ret[i] = ((float)values[i] - mean) * scale;
}

static void mirror_patch(const float *patch, float *ret)
{
    for (size_t y = 0; y < PATCH; y++)
        for (size_t x = 0; x < PATCH; x++)
            memcpy(ret + y * LINE + x * 3, patch + y * LINE + (PATCH - 1 - x) * 3, 3 * sizeof *ret);
}

/* ---- learning ---- */

struct learning {
    struct patches *patches;
    size_t threads, count; /* rows */
    float *rows;           /* count x WIDE: patches, then whitened */
    float *packed;
    float lengths[PATCH_CENTERS];
    uint32_t *nearest; /* by row: center */
};

static void learning_release(struct learning *learning)
{
    memory_free(learning->rows);
    memory_free(learning->packed);
    memory_free(learning->nearest);
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Patches and their mirror images, side by side. */
static enum status gather(struct learning *learning, const uint8_t *pixels, size_t stride,
                          const uint64_t *hashes, size_t count, struct err *err)
{
    uint32_t side = learning->patches->side;
    size_t pictures = count < LEARNED ? count : LEARNED, each = LEARNED / pictures;
    uint64_t places = side - PATCH + 1;
    if (each > places * places) each = places * places;
    learning->count = 2 * pictures * each;
    TRY(NEW(&learning->rows, learning->count * WIDE, err));
    float *to = learning->rows;
    for (size_t i = 0; i < pictures; i++) {
        size_t at = i * count / pictures;
        uint64_t state = hashes[at];
        for (size_t k = 0; k < each; k++, to += (size_t)2 * WIDE) {
            size_t x = draw(&state) % places, y = draw(&state) % places;
            read_patch(pixels + at * stride, side, x, y, to);
            mirror_patch(to, to + WIDE);
        }
    }
    return STATUS_OK;
}

static size_t block_rows(const struct learning *learning, size_t first)
{
    size_t left = learning->count - first;
    return left < MATRIX_ROWS ? left : MATRIX_ROWS;
}

static void take_mean(struct learning *learning)
{
    double sums[PATCH_VALUES] = {0};
    float *mean = learning->patches->mean;
    for (size_t i = 0; i < learning->count; i++)
        for (size_t j = 0; j < PATCH_VALUES; j++)
            sums[j] += learning->rows[i * WIDE + j];
    for (size_t j = 0; j < PATCH_VALUES; j++)
        mean[j] = (float)(sums[j] / (double)learning->count);
    for (size_t i = 0; i < learning->count; i++)
        for (size_t j = 0; j < PATCH_VALUES; j++)
            learning->rows[i * WIDE + j] -= mean[j];
}

static enum status covariance(const struct learning *learning, double *ret, struct err *err)
{
    OWNED(memory_release) float *part = NULL;
    TRY(NEW(&part, PATCH_VALUES * WIDE, err));
    for (size_t first = 0; first < learning->count; first += MATRIX_ROWS) {
        const float *rows = learning->rows + first * WIDE;
        memset(part, 0, PATCH_VALUES * WIDE * sizeof *part);
        matrix_kernels()->cross(rows, WIDE, block_rows(learning, first), PATCH_VALUES, rows,
                                WIDE / MATRIX_LANES, part);
        for (size_t i = 0; i < PATCH_VALUES; i++)
            for (size_t j = 0; j < PATCH_VALUES; j++)
                ret[i * PATCH_VALUES + j] += part[i * WIDE + j] / (double)learning->count;
    }
    return STATUS_OK;
}

/* V (values + SOFT)^-1/2 V': white, and as near to the patches as can be (ZCA). */
static enum status find_whitening(struct learning *learning, struct err *err)
{
    const size_t n = PATCH_VALUES;
    OWNED(memory_release) double *matrix = NULL;
    OWNED(memory_release) double *vectors = NULL;
    TRY(NEW(&matrix, n * n, err));
    TRY(NEW(&vectors, n * n, err));
    TRY(covariance(learning, matrix, err));
    eigen_symmetric(matrix, n, vectors);
    float *whitening = learning->patches->whitening;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += vectors[i * n + k] * vectors[j * n + k] /
                       sqrt(fmax(matrix[k * n + k], 0) + SOFT);
            whitening[i * n + j] = whitening[j * n + i] = (float)sum;
        }
    return STATUS_OK;
}

static enum status whiten_block(void *context, size_t block, struct err *err)
{
    struct learning *learning = context;
    size_t first = block * MATRIX_ROWS, rows = block_rows(learning, first);
    OWNED(memory_release) float *white = NULL;
    TRY(NEW(&white, rows * WIDE, err));
    float *at = learning->rows + first * WIDE;
    matrix_kernels()->product(at, WIDE, rows, PATCH_VALUES, learning->packed, WIDE / MATRIX_LANES,
                              white);
    memcpy(at, white, rows * WIDE * sizeof *white);
    return STATUS_OK;
}

static enum status assign_block(void *context, size_t block, struct err *err)
{
    struct learning *learning = context;
    size_t first = block * MATRIX_ROWS, rows = block_rows(learning, first);
    OWNED(memory_release) float *products = NULL;
    TRY(NEW(&products, rows * PATCH_CENTERS, err));
    matrix_kernels()->product(learning->rows + first * WIDE, WIDE, rows, PATCH_VALUES,
                              learning->packed, PATCH_CENTERS / MATRIX_LANES, products);
    for (size_t i = 0; i < rows; i++) {
        uint32_t best = 0;
        float least = INFINITY;
        for (uint32_t k = 0; k < PATCH_CENTERS; k++) {
            float distance = learning->lengths[k] - 2 * products[i * PATCH_CENTERS + k];
            if (distance >= least) continue;
            least = distance;
            best = k;
        }
        learning->nearest[first + i] = best;
    }
    return STATUS_OK;
}

static float squared_length(const float *values)
{
    float sum = 0;
    for (size_t j = 0; j < PATCH_VALUES; j++)
        sum += values[j] * values[j];
    return sum;
}

/* A center nobody is near to stays where it is. */
static enum status move_centers(const struct learning *learning, float *centers, struct err *err)
{
    OWNED(memory_release) double *sums = NULL;
    OWNED(memory_release) double *counts = NULL;
    TRY(NEW(&sums, PATCH_CENTERS * PATCH_VALUES, err));
    TRY(NEW(&counts, PATCH_CENTERS, err));
    for (size_t i = 0; i < learning->count; i++) {
        double *to = sums + learning->nearest[i] * PATCH_VALUES;
        counts[learning->nearest[i]]++;
        for (size_t j = 0; j < PATCH_VALUES; j++)
            to[j] += learning->rows[i * WIDE + j];
    }
    for (size_t k = 0; k < PATCH_CENTERS; k++)
        for (size_t j = 0; counts[k] > 0 && j < PATCH_VALUES; j++)
            centers[k * PATCH_VALUES + j] = (float)(sums[k * PATCH_VALUES + j] / counts[k]);
    return STATUS_OK;
}

/* Lloyd's k-means, from patches evenly spread over the sample. */
static enum status find_centers(struct learning *learning, struct err *err)
{
    float *centers = learning->patches->centers;
    size_t blocks = (learning->count + MATRIX_ROWS - 1) / MATRIX_ROWS;
    TRY(NEW(&learning->nearest, learning->count, err));
    for (size_t k = 0; k < PATCH_CENTERS; k++)
        memcpy(centers + k * PATCH_VALUES,
               learning->rows + k * learning->count / PATCH_CENTERS * WIDE,
               PATCH_VALUES * sizeof *centers);
    for (int round = 0; round < ROUNDS; round++) {
        matrix_pack_transposed(centers, PATCH_VALUES, PATCH_VALUES, PATCH_CENTERS,
                               learning->packed);
        for (size_t k = 0; k < PATCH_CENTERS; k++)
            learning->lengths[k] = squared_length(centers + k * PATCH_VALUES);
        TRY(parallel_for(learning->threads, blocks, learning, assign_block, err));
        TRY(move_centers(learning, centers, err));
    }
    for (size_t k = 0; k < PATCH_CENTERS; k++)
        mirror_patch(centers + k * PATCH_VALUES, centers + (PATCH_CENTERS + k) * PATCH_VALUES);
    return STATUS_OK;
}

/* Whitening and centers as one matrix, so that a patch is multiplied once. */
static enum status prepare(struct patches *patches, struct err *err)
{
    OWNED(memory_release) float *both = NULL; /* COLUMNS x PATCH_VALUES */
    TRY(NEW(&both, COLUMNS * PATCH_VALUES, err));
    memcpy(both, patches->whitening, PATCH_VALUES * PATCH_VALUES * sizeof *both);
    for (size_t k = 0; k < MIRRORED; k++)
        for (size_t i = 0; i < PATCH_VALUES; i++) {
            double sum = 0;
            for (size_t j = 0; j < PATCH_VALUES; j++)
                sum += (double)patches->whitening[i * PATCH_VALUES + j] *
                       patches->centers[k * PATCH_VALUES + j];
            both[(WIDE + k) * PATCH_VALUES + i] = (float)sum;
        }
    for (size_t k = 0; k < COLUMNS; k++) {
        double sum = 0;
        for (size_t i = 0; i < PATCH_VALUES; i++)
            sum += (double)patches->mean[i] * both[k * PATCH_VALUES + i];
        patches->offsets[k] = (float)sum;
    }
    for (size_t k = 0; k < MIRRORED; k++)
        patches->lengths[k] = squared_length(patches->centers + k * PATCH_VALUES);
    matrix_pack_transposed(both, PATCH_VALUES, PATCH_VALUES, COLUMNS, patches->packed);
    return STATUS_OK;
}

enum status patches_learn(struct patches *patches, const uint8_t *pixels, size_t stride,
                          const uint64_t *hashes, size_t count, size_t threads, struct err *err)
{
    OWNED(learning_release) struct learning learning = {.patches = patches, .threads = threads};
    TRY(gather(&learning, pixels, stride, hashes, count, err));
    TRY(NEW(&learning.packed, PATCH_VALUES * (size_t)(WIDE > PATCH_CENTERS ? WIDE : PATCH_CENTERS),
            err));
    take_mean(&learning);
    TRY(find_whitening(&learning, err));
    matrix_pack(patches->whitening, PATCH_VALUES, PATCH_VALUES, PATCH_VALUES, learning.packed);
    size_t blocks = (learning.count + MATRIX_ROWS - 1) / MATRIX_ROWS;
    TRY(parallel_for(threads, blocks, &learning, whiten_block, err));
    TRY(find_centers(&learning, err));
    return prepare(patches, err);
}

/* ---- encoding ---- */

size_t patches_work(const struct patches *patches)
{
    return patches->across * (PATCH_VALUES + COLUMNS);
}

/* Distances to all centers in place of the products; returns their mean. Lanes keep the order of
 * the sum whatever the registers. */
static float find_distances(const struct patches *patches, float *products)
{
    float length = 0, sums[MATRIX_LANES] = {0}, sum = 0;
    float *restrict centers = products + WIDE;
    for (size_t j = 0; j < PATCH_VALUES; j++) {
        float white = products[j] - patches->offsets[j];
        length += white * white;
    }
    for (size_t k = 0; k < MIRRORED; k++) {
        float dot = centers[k] - patches->offsets[WIDE + k];
        float square = length + patches->lengths[k] - 2 * dot;
        centers[k] = sqrtf(square > 0 ? square : 0);
    }
    for (size_t k = 0; k < MIRRORED; k += MATRIX_LANES)
        for (size_t lane = 0; lane < MATRIX_LANES; lane++)
            sums[lane] += centers[k + lane];
    for (size_t lane = 0; lane < MATRIX_LANES; lane++)
        sum += sums[lane];
    return sum / MIRRORED;
}

/* What is right of the middle counts as its mirror image left of it. */
static void pool(const float *distances, float mean, bool right, float *restrict ret)
{
    for (size_t half = 0; half < 2; half++) {
        const float *from = distances + (half == (size_t)right ? 0 : PATCH_CENTERS);
        float *restrict to = ret + half * PATCH_CENTERS;
        for (size_t k = 0; k < PATCH_CENTERS; k++)
            to[k] += mean > from[k] ? mean - from[k] : 0;
    }
}

void patches_encode(const struct patches *patches, const uint8_t *pixels, float *work, float *ret)
{
    size_t across = patches->across;
    float *rows = work, *products = work + across * PATCH_VALUES;
    memset(ret, 0, PATCH_FEATURES * sizeof *ret);
    for (size_t y = 0; y < across; y++) {
        for (size_t x = 0; x < across; x++)
            read_patch(pixels, patches->side, x * STRIDE, y * STRIDE, rows + x * PATCH_VALUES);
        matrix_kernels()->product(rows, PATCH_VALUES, across, PATCH_VALUES, patches->packed,
                                  COLUMNS / MATRIX_LANES, products);
        float *to = ret + (y < (across + 1) / 2 ? 0 : MIRRORED);
        for (size_t x = 0; x < across; x++) {
            float mean = find_distances(patches, products + x * COLUMNS);
            pool(products + x * COLUMNS + WIDE, mean, x >= (across + 1) / 2, to);
        }
    }
}

/* ---- state ---- */

enum status patches_save(const struct patches *patches, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "{", err));
    TRY(put_floats(json, "mean", patches->mean, PATCH_VALUES, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_floats(json, "whitening", patches->whitening, PATCH_VALUES * PATCH_VALUES, err));
    TRY(bytes_append_text(json, ", ", err));
    TRY(put_floats(json, "centers", patches->centers, PATCH_CENTERS * PATCH_VALUES, err));
    return bytes_append_text(json, "}", err);
}

enum status patches_load(struct patches *patches, const struct yaml_node *map, struct err *err)
{
    float *centers = patches->centers;
    TRY(get_floats(map, "mean", patches->mean, PATCH_VALUES, err));
    TRY(get_floats(map, "whitening", patches->whitening, PATCH_VALUES * PATCH_VALUES, err));
    TRY(get_floats(map, "centers", centers, PATCH_CENTERS * PATCH_VALUES, err));
    for (size_t k = 0; k < PATCH_CENTERS; k++)
        mirror_patch(centers + k * PATCH_VALUES, centers + (PATCH_CENTERS + k) * PATCH_VALUES);
    return prepare(patches, err);
}
