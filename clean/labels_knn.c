/* clean/labels_knn.c: nearest rows by products of whole blocks. */
#include "clean/labels_knn.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "clean/matrix.h"
#include "clean/spill.h"

#include <math.h>
#include <string.h>

#define BLOCK 64   /* rows asked together */
#define CHUNK 1024 /* rows they are held against at a time */

static const size_t choices[] = {5, 10, 20, 40, 80};
#define CHOICES (sizeof choices / sizeof *choices)

/* The nearest so far, nearest first; of equal ones the earlier row. */
struct nearest {
    size_t count;
    float distances[KNN_MOST];
    uint32_t rows[KNN_MOST];
};

static void keep(struct nearest *nearest, size_t most, float distance, size_t row)
{
    if (nearest->count == most && !(distance < nearest->distances[most - 1])) return;
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distances[at - 1] > distance; at--) {
        nearest->distances[at] = nearest->distances[at - 1];
        nearest->rows[at] = nearest->rows[at - 1];
    }
    nearest->distances[at] = distance;
    nearest->rows[at] = (uint32_t)row;
}

static void class_shares(const struct knn_rows *rows, double *ret)
{
    memset(ret, 0, rows->classes * sizeof *ret);
    for (size_t i = 0; i < rows->rows; i++)
        ret[rows->labels[i]] += 1 / (double)rows->rows;
}

/* Adds the votes of the nearest rows to the shares of the classes, which `ret` has. */
static void vote(const struct knn_rows *rows, const uint32_t *nearest, size_t count, double *ret)
{
    for (size_t i = 0; i < count; i++)
        ret[rows->labels[nearest[i]]]++;
    for (size_t k = 0; k < rows->classes; k++)
        ret[k] /= (double)count + 1;
}

/* ---- all rows ---- */

struct search {
    const struct knn_rows *rows;
    size_t most;            /* neighbors kept */
    struct scratch packed;  /* all rows as panels */
    float *lengths;         /* squared */
    struct scratch nearest; /* rows x most, uint32_t */
};

static void search_release(struct search *search)
{
    scratch_release(&search->packed);
    scratch_release(&search->nearest);
    memory_free(search->lengths);
}

/* `chunk` is a multiple of the lanes, so a chunk's panels lie together. */
static enum status search_block(void *context, size_t block, struct err *err)
{
    struct search *search = context;
    const struct knn_rows *rows = search->rows;
    size_t first = block * BLOCK, columns = rows->columns;
    size_t count = rows->rows - first < BLOCK ? rows->rows - first : BLOCK;
    OWNED(memory_release) float *products = NULL;
    OWNED(memory_release) struct nearest *nearest = NULL;
    TRY(NEW(&products, (size_t)BLOCK * CHUNK, err));
    TRY(NEW(&nearest, count, err));
    for (size_t from = 0; from < rows->rows; from += CHUNK) {
        size_t wide = rows->rows - from < CHUNK ? rows->rows - from : CHUNK;
        size_t panels = matrix_panels(wide), stride = panels * MATRIX_LANES;
        matrix_kernels()->product(rows->features + first * columns, columns, count, columns,
                                  (const float *)search->packed.data + from * columns, panels,
                                  products);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < wide; j++)
                if (from + j != first + i)
                    keep(&nearest[i], search->most,
                         search->lengths[from + j] - 2 * products[i * stride + j], from + j);
    }
    uint32_t *ret = (uint32_t *)search->nearest.data + first * search->most;
    for (size_t i = 0; i < count; i++)
        memcpy(ret + i * search->most, nearest[i].rows, search->most * sizeof *ret);
    return STATUS_OK;
}

static float squared_length(const float *row, size_t columns)
{
    float sum = 0;
    for (size_t j = 0; j < columns; j++)
        sum += row[j] * row[j];
    return sum;
}

static enum status find_nearest(struct search *search, size_t threads, size_t memory,
                                struct err *err)
{
    const struct knn_rows *rows = search->rows;
    TRY(scratch_open(&search->packed,
                     (matrix_padded(rows->rows) * rows->columns + 1) * sizeof(float), memory / 2,
                     err));
    TRY(scratch_open(&search->nearest, (rows->rows * search->most + 1) * sizeof(uint32_t),
                     memory / 4, err));
    TRY(NEW(&search->lengths, rows->rows, err));
    matrix_pack_transposed(rows->features, rows->columns, rows->columns, rows->rows,
                           search->packed.data);
    for (size_t i = 0; i < rows->rows; i++)
        search->lengths[i] = squared_length(rows->features + i * rows->columns, rows->columns);
    return parallel_for(threads, (rows->rows + BLOCK - 1) / BLOCK, search, search_block, err);
}

/* Mean cross-entropy with that many neighbors. */
static double loss_of(const struct search *search, size_t neighbors, const double *shares,
                      double *room)
{
    const struct knn_rows *rows = search->rows;
    const uint32_t *nearest = search->nearest.data;
    double sum = 0;
    for (size_t i = 0; i < rows->rows; i++) {
        memcpy(room, shares, rows->classes * sizeof *room);
        vote(rows, nearest + i * search->most, neighbors, room);
        sum -= log(room[rows->labels[i]]);
    }
    return sum;
}

static size_t choose(const struct search *search, const double *shares, double *room)
{
    size_t best = search->most;
    double least = INFINITY;
    for (size_t c = 0; c < CHOICES && choices[c] <= search->most; c++) {
        double loss = loss_of(search, choices[c], shares, room);
        if (loss >= least) continue;
        least = loss;
        best = choices[c];
    }
    return best;
}

enum status knn_fit(const struct knn_rows *rows, size_t neighbors, size_t threads, size_t memory,
                    double *ret_probabilities, size_t *ret_neighbors, struct err *err)
{
    OWNED(search_release) struct search search = {.rows = rows};
    OWNED(memory_release) double *shares = NULL;
    TRY(NEW(&shares, 2 * rows->classes, err));
    class_shares(rows, shares);
    search.most = neighbors > 0 ? neighbors : KNN_MOST;
    if (search.most > rows->rows - 1) search.most = rows->rows - 1;
    TRY(find_nearest(&search, threads, memory, err));
    if (neighbors == 0) neighbors = choose(&search, shares, shares + rows->classes);
    *ret_neighbors = neighbors < search.most ? neighbors : search.most;
    for (size_t i = 0; i < rows->rows; i++) {
        double *ret = ret_probabilities + i * rows->classes;
        memcpy(ret, shares, rows->classes * sizeof *ret);
        vote(rows, (const uint32_t *)search.nearest.data + i * search.most, *ret_neighbors, ret);
    }
    return STATUS_OK;
}

void knn_predict(const struct knn_rows *rows, size_t neighbors, const float *row, double *ret)
{
    struct nearest nearest = {.count = 0};
    for (size_t i = 0; i < rows->rows; i++) {
        const float *other = rows->features + i * rows->columns;
        float sum = 0;
        for (size_t j = 0; j < rows->columns; j++)
            sum += (row[j] - other[j]) * (row[j] - other[j]);
        keep(&nearest, neighbors, sum, i);
    }
    class_shares(rows, ret);
    vote(rows, nearest.rows, nearest.count, ret);
}
