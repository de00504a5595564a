/* tests/bench/zscore.c: the kernels of normalize against the memory.
 *
 *   zscore [VALUES [RUNS [THREADS]]]
 *
 * float32 in memory, in place. One JSON line with medians in seconds: `scale`, a plain loop
 * a[i] = a[i] * 1.0001f + 0.5f (what the memory gives); `apply`, our scaling alone; `zscore`,
 * moments and scaling; and the share of the memory's scale bandwidth that apply reaches. */
#include "base/parallel.h"
#include "clean/element_kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS_MOST 100

struct work {
    float *values;
    int64_t count;
    size_t threads;
    struct moments *windows;
    struct scaling scaling;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int64_t window_size(const struct work *work, size_t i)
{
    int64_t left = work->count - (int64_t)i * MOMENT_WINDOW;
    return left < MOMENT_WINDOW ? left : MOMENT_WINDOW;
}

static enum status fill(void *context, size_t i, struct err *err)
{
    (void)err;
    struct work *work = context;
    float *x = work->values + i * MOMENT_WINDOW;
    for (int64_t k = 0, size = window_size(work, i); k < size; k++)
        x[k] = (float)(((uint32_t)(i * MOMENT_WINDOW) + (uint32_t)k) * 2654435761u >> 16) * 1e-3f;
    return STATUS_OK;
}

static enum status plain(void *context, size_t i, struct err *err)
{
    (void)err;
    struct work *work = context;
    float *x = work->values + i * MOMENT_WINDOW;
    for (int64_t k = 0, size = window_size(work, i); k < size; k++)
        x[k] = x[k] * 1.0001f + 0.5f;
    return STATUS_OK;
}

static enum status observe(void *context, size_t i, struct err *err)
{
    (void)err;
    struct work *work = context;
    work->windows[i] = element_kernels()->moments(ELEMENT_FLOAT32, work->values + i * MOMENT_WINDOW,
                                                  window_size(work, i));
    return STATUS_OK;
}

static enum status apply(void *context, size_t i, struct err *err)
{
    (void)err;
    struct work *work = context;
    float *x = work->values + i * MOMENT_WINDOW;
    element_kernels()->scale(ELEMENT_FLOAT32, x, window_size(work, i), &work->scaling,
                             ELEMENT_FLOAT32, x);
    return STATUS_OK;
}

static double each(struct work *work, enum status (*step)(void *, size_t, struct err *))
{
    double start = now();
    size_t windows = (size_t)((work->count + MOMENT_WINDOW - 1) / MOMENT_WINDOW);
    if (parallel_for(work->threads, windows, work, step, NULL) != STATUS_OK) exit(1);
    return now() - start;
}

static void learn(struct work *work)
{
    struct moments all = work->windows[0];
    for (int64_t i = 1; i * MOMENT_WINDOW < work->count; i++)
        moments_fold(&all, &work->windows[i]);
    work->scaling = (struct scaling){all.mean, sqrt(moments_variance(&all)), -INFINITY, INFINITY};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    struct work work = {.count = argc > 1 ? strtoll(argv[1], NULL, 10) : 100000000};
    int runs = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    work.threads = parallel_threads(argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : 0);
    if (work.count < 1 || runs < 1 || runs > RUNS_MOST) return 2;
    double scale[RUNS_MOST], alone[RUNS_MOST], whole[RUNS_MOST];
    work.values = aligned_alloc(64, ((size_t)work.count * 4 + 63) / 64 * 64);
    work.windows = calloc((size_t)work.count / MOMENT_WINDOW + 1, sizeof *work.windows);
    if (work.values == NULL || work.windows == NULL) return 1;
    each(&work, fill);
    for (int i = 0; i < runs; i++) {
        scale[i] = each(&work, plain);
        double start = now();
        each(&work, observe);
        learn(&work);
        alone[i] = each(&work, apply);
        whole[i] = now() - start;
    }
    double limit = median(scale, runs), applied = median(alone, runs);
    printf("{\"values\": %lld, \"threads\": %zu, \"scale\": %.4f, \"scale_gb_s\": %.2f, "
           "\"apply\": %.4f, \"zscore\": %.4f, \"share\": %.3f}\n",
           (long long)work.count, work.threads, limit, 8e-9 * (double)work.count / limit, applied,
           median(whole, runs), limit / applied);
    return 0;
}
