/* clean/device_cuda.cu: the same arithmetic on an NVIDIA GPU: tamis_cuda.so.
 *
 * The language is the part that C and C++ share, because the tests compile this very file with the
 * C compiler over an imitation of the CUDA runtime (tests/unit/clean/cuda_imitation.h) and compare
 * the bits. What differs between the two is behind LAUNCH, BLOCK and THREAD.
 *
 * A worker has two slots, each with a stream, a pinned buffer and a buffer on the GPU for input and
 * output. Chunk k uses slot k % 2: while its kernel runs and its result comes back, chunk k + 1 is
 * copied into the other. No kernel needs shared memory or a barrier: lanes of a window are summed
 * by one kernel, a thread a lane, and folded by the next, a thread a window. */
#include "clean/device_module.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#ifndef CUDA_IMITATION
#include <cuda_runtime.h>
#define LAUNCH(kernel, blocks, threads, stream, ...)                                               \
    kernel<<<(unsigned)(blocks), (unsigned)(threads), 0, (stream)>>>(__VA_ARGS__)
#define BLOCK   ((int64_t)blockIdx.x)
#define THREAD  ((int64_t)threadIdx.x)
#define BLOCKS  ((int64_t)gridDim.x)
#define THREADS ((int64_t)blockDim.x)
#endif

#define THREADS_PER_BLOCK 256
#define BLOCKS_MOST       4096
#define OUTPUT_BYTES      (4 * DEVICE_CHUNK) /* of a chunk: 8 bits may become 32 */
#define WINDOWS_MOST      (DEVICE_CHUNK / (MOMENT_WINDOW * sizeof(float)))

/* ---- kernels ---- */

static __device__ double value_at(int wide, const void *values, int64_t i)
{
    return wide ? ((const double *)values)[i] : ((const float *)values)[i];
}

/* Block = window, thread = lane. */
static __global__ void sum_lanes(int wide, const void *values, int64_t count, const double *near,
                                 struct lane *lanes)
{
    int64_t first = BLOCK * MOMENT_WINDOW, left = count - first, quad = 4 * MOMENT_LANES;
    if (left > MOMENT_WINDOW) left = MOMENT_WINDOW;
    int64_t i = first + THREAD, end = first + left;
    double middle = near[BLOCK];
    struct lane lane = {0, 0, INFINITY, -INFINITY, 0};
    for (; left >= quad; left -= quad, i += quad) {
        double four[4];
        for (int k = 0; k < 4; k++)
            four[k] = value_at(wide, values, i + k * MOMENT_LANES);
        lane_add_four(&lane, four, middle);
    }
    for (; i < end; i += MOMENT_LANES)
        lane_add(&lane, value_at(wide, values, i), middle);
    lanes[BLOCK * MOMENT_LANES + THREAD] = lane;
}

/* Thread = window. */
static __global__ void fold_lanes(int64_t windows, struct lane *lanes, struct lane *ret)
{
    int64_t window = BLOCK * THREADS + THREAD;
    if (window >= windows) return;
    struct lane *own = lanes + window * MOMENT_LANES;
    for (int half = MOMENT_LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane_fold(&own[l], &own[l + half]);
    ret[window] = own[0];
}

static __global__ void scale_values(int wide, const void *values, int64_t count,
                                    struct scaling scaling, double inverse, int ret_wide, void *ret)
{
    for (int64_t i = BLOCK * THREADS + THREAD; i < count; i += BLOCKS * THREADS) {
        double x = value_at(wide, values, i);
        if (ret_wide)
            ((double *)ret)[i] = element_scale(x, &scaling);
        else
            ((float *)ret)[i] = element_scale_float(x, &scaling, inverse);
    }
}

struct channels {
    double mean[3], std[3];
};

/* Thread = value that is written, so that neighbors write neighbors. */
static __global__ void normalize_pixels(const uint8_t *pixels, int64_t places, int64_t count,
                                        struct channels channels, float *ret)
{
    int64_t one = 3 * places;
    for (int64_t i = BLOCK * THREADS + THREAD; i < count; i += BLOCKS * THREADS) {
        int64_t picture = i / one, within = i % one;
        int channel = (int)(within / places);
        int64_t place = within % places;
        ret[i] = element_pixel(pixels[picture * one + place * 3 + channel], channels.mean[channel],
                               channels.std[channel]);
    }
}

/* ---- a worker ---- */

struct slot {
    cudaStream_t stream;
    void *host_in, *host_out; /* pinned */
    void *in, *out;           /* on the GPU */
    double *near;
    struct lane *lanes, *folded;
    /* What is under way, and where it goes when it is back: `runs` of `bytes`, `apart` bytes apart.
     * runs 0 = nothing. */
    int runs;
    char *to;
    size_t bytes, apart;
};

struct worker {
    int index;
    struct slot slots[2];
};

static int say(cudaError_t error, const char *what, char *message)
{
    if (error == cudaSuccess) return 0;
    snprintf(message, DEVICE_TEXT, "CUDA: %s: %s", what, cudaGetErrorString(error));
    return 1;
}

#define CALL(call, what)                                                                           \
    do {                                                                                           \
        if (say((call), (what), message)) return 1;                                                \
    } while (0)

static int count_devices(char *message)
{
    int count = 0;
    message[0] = '\0';
    if (say(cudaGetDeviceCount(&count), "no GPU can be used", message)) return 0;
    if (count == 0) snprintf(message, DEVICE_TEXT, "CUDA: no GPU is there");
    return count;
}

static int open_slot(struct slot *slot, char *message)
{
    CALL(cudaStreamCreate(&slot->stream), "stream");
    CALL(cudaMallocHost(&slot->host_in, DEVICE_CHUNK), "pinned memory");
    CALL(cudaMallocHost(&slot->host_out, OUTPUT_BYTES), "pinned memory");
    CALL(cudaMalloc(&slot->in, DEVICE_CHUNK), "memory of the GPU");
    CALL(cudaMalloc(&slot->out, OUTPUT_BYTES), "memory of the GPU");
    CALL(cudaMalloc((void **)&slot->near, WINDOWS_MOST * sizeof(double)), "memory of the GPU");
    CALL(cudaMalloc((void **)&slot->lanes, WINDOWS_MOST * MOMENT_LANES * sizeof(struct lane)),
         "memory of the GPU");
    CALL(cudaMalloc((void **)&slot->folded, WINDOWS_MOST * sizeof(struct lane)),
         "memory of the GPU");
    return 0;
}

static void close_worker(void *opaque)
{
    struct worker *worker = (struct worker *)opaque;
    cudaSetDevice(worker->index);
    for (int i = 0; i < 2; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->stream) cudaStreamDestroy(slot->stream);
        if (slot->host_in) cudaFreeHost(slot->host_in);
        if (slot->host_out) cudaFreeHost(slot->host_out);
        cudaFree(slot->in);
        cudaFree(slot->out);
        cudaFree(slot->near);
        cudaFree(slot->lanes);
        cudaFree(slot->folded);
    }
    cudaFreeHost(worker);
}

static int name_device(int index, char *name, char *message)
{
    struct cudaDeviceProp about;
    CALL(cudaGetDeviceProperties(&about, index), "properties of the GPU");
    snprintf(name, DEVICE_TEXT, "cuda:%d (%.200s)", index, about.name);
    return 0;
}

static int open_worker(void **ret, int index, char *name, char *message)
{
    CALL(cudaSetDevice(index), "choosing the GPU");
    if (name_device(index, name, message)) return 1;
    struct worker *worker = NULL;
    CALL(cudaMallocHost((void **)&worker, sizeof *worker), "pinned memory");
    memset(worker, 0, sizeof *worker);
    worker->index = index;
    if (open_slot(&worker->slots[0], message) || open_slot(&worker->slots[1], message)) {
        close_worker(worker);
        return 1;
    }
    *ret = worker;
    return 0;
}

/* ---- chunks through two slots ---- */

/* Waits for what the slot has under way and hands its result over. */
static int take_result(struct slot *slot, char *message)
{
    if (slot->runs == 0) return 0;
    CALL(cudaStreamSynchronize(slot->stream), "waiting for the GPU");
    for (int run = 0; run < slot->runs; run++)
        memcpy(slot->to + (size_t)run * slot->apart,
               (const char *)slot->host_out + (size_t)run * slot->bytes, slot->bytes);
    slot->runs = 0;
    return 0;
}

static int send(struct slot *slot, const void *values, size_t bytes, char *message)
{
    memcpy(slot->host_in, values, bytes);
    CALL(cudaMemcpyAsync(slot->in, slot->host_in, bytes, cudaMemcpyHostToDevice, slot->stream),
         "copying to the GPU");
    return 0;
}

static int bring_back(struct slot *slot, const void *result, int runs, size_t bytes, size_t apart,
                      void *to, char *message)
{
    CALL(cudaGetLastError(), "starting a kernel");
    CALL(cudaMemcpyAsync(slot->host_out, result, (size_t)runs * bytes, cudaMemcpyDeviceToHost,
                         slot->stream),
         "copying from the GPU");
    slot->runs = runs;
    slot->bytes = bytes;
    slot->apart = apart;
    slot->to = (char *)to;
    return 0;
}

/* The last results; also after a failure, where nothing may be under way any more. */
static int finish(struct worker *worker, int64_t next, int failed, char *message)
{
    for (int i = 0; i < 2; i++) {
        struct slot *slot = &worker->slots[(next + i) & 1];
        if (failed) {
            cudaStreamSynchronize(slot->stream);
            slot->runs = 0;
        } else if (take_result(slot, message)) {
            failed = 1;
        }
    }
    return failed;
}

static int64_t blocks_for(int64_t count)
{
    int64_t blocks = (count + THREADS_PER_BLOCK - 1) / THREADS_PER_BLOCK;
    return blocks < BLOCKS_MOST ? blocks : BLOCKS_MOST;
}

static int moments_chunk(struct slot *slot, int wide, const char *values, int64_t count,
                         const double *near, struct lane *ret, char *message)
{
    size_t width = wide ? sizeof(double) : sizeof(float);
    int64_t windows = (count + MOMENT_WINDOW - 1) / MOMENT_WINDOW;
    if (take_result(slot, message) || send(slot, values, (size_t)count * width, message)) return 1;
    CALL(cudaMemcpyAsync(slot->near, near, (size_t)windows * sizeof *near, cudaMemcpyHostToDevice,
                         slot->stream),
         "copying to the GPU");
    LAUNCH(sum_lanes, windows, MOMENT_LANES, slot->stream, wide, slot->in, count, slot->near,
           slot->lanes);
    LAUNCH(fold_lanes, blocks_for(windows), THREADS_PER_BLOCK, slot->stream, windows, slot->lanes,
           slot->folded);
    return bring_back(slot, slot->folded, 1, (size_t)windows * sizeof *ret, 0, ret, message);
}

static int moments(void *opaque, int wide, const void *values, int64_t count, const double *near,
                   struct lane *ret, char *message)
{
    struct worker *worker = (struct worker *)opaque;
    CALL(cudaSetDevice(worker->index), "choosing the GPU");
    int64_t width = wide ? sizeof(double) : sizeof(float), step = (int64_t)DEVICE_CHUNK / width;
    int64_t chunk = 0;
    int failed = 0;
    for (int64_t i = 0; !failed && i < count; i += step, chunk++) {
        int64_t window = i / MOMENT_WINDOW;
        failed = moments_chunk(&worker->slots[chunk & 1], wide, (const char *)values + i * width,
                               count - i < step ? count - i : step, near + window, ret + window,
                               message);
    }
    return finish(worker, chunk, failed, message);
}

static int scale_chunk(struct slot *slot, int wide, const char *values, int64_t count,
                       const struct scaling *scaling, int ret_wide, char *ret, char *message)
{
    size_t width = wide ? sizeof(double) : sizeof(float);
    size_t ret_width = ret_wide ? sizeof(double) : sizeof(float);
    if (take_result(slot, message) || send(slot, values, (size_t)count * width, message)) return 1;
    LAUNCH(scale_values, blocks_for(count), THREADS_PER_BLOCK, slot->stream, wide, slot->in, count,
           *scaling, 1 / scaling->scale, ret_wide, slot->out);
    return bring_back(slot, slot->out, 1, (size_t)count * ret_width, 0, ret, message);
}

static int scale(void *opaque, int wide, const void *values, int64_t count,
                 const struct scaling *scaling, int ret_wide, void *ret, char *message)
{
    struct worker *worker = (struct worker *)opaque;
    CALL(cudaSetDevice(worker->index), "choosing the GPU");
    int64_t width = wide ? sizeof(double) : sizeof(float), step = (int64_t)DEVICE_CHUNK / width;
    int64_t ret_width = ret_wide ? sizeof(double) : sizeof(float), chunk = 0;
    int failed = 0;
    for (int64_t i = 0; !failed && i < count; i += step, chunk++)
        failed = scale_chunk(&worker->slots[chunk & 1], wide, (const char *)values + i * width,
                             count - i < step ? count - i : step, scaling, ret_wide,
                             (char *)ret + i * ret_width, message);
    return finish(worker, chunk, failed, message);
}

/* `count` whole pictures, or `places` in a row of one picture, whose channels lie `apart` places.
 */
static int pictures_chunk(struct slot *slot, const uint8_t *pixels, int64_t count, int64_t places,
                          int64_t apart, const struct channels *channels, float *ret, char *message)
{
    int64_t values = count * 3 * places;
    int runs = apart > places ? 3 : 1;
    if (take_result(slot, message) || send(slot, pixels, (size_t)values, message)) return 1;
    LAUNCH(normalize_pixels, blocks_for(values), THREADS_PER_BLOCK, slot->stream,
           (const uint8_t *)slot->in, places, values, *channels, (float *)slot->out);
    return bring_back(slot, slot->out, runs, (size_t)values / (size_t)runs * sizeof *ret,
                      (size_t)apart * sizeof *ret, ret, message);
}

static int pictures(void *opaque, const uint8_t *pixels, int64_t count, int64_t places,
                    const double *mean, const double *std, float *ret, char *message)
{
    struct worker *worker = (struct worker *)opaque;
    struct channels channels;
    CALL(cudaSetDevice(worker->index), "choosing the GPU");
    memcpy(channels.mean, mean, sizeof channels.mean);
    memcpy(channels.std, std, sizeof channels.std);
    int64_t most = (int64_t)DEVICE_CHUNK / 3, chunk = 0; /* places of a chunk */
    int64_t step = places <= most ? most / places * places : most;
    int failed = 0;
    for (int64_t i = 0, total = count * places; !failed && i < total; chunk++) {
        int64_t within = i % places, left = places <= most ? total - i : places - within;
        int64_t size = left < step ? left : step;
        failed = pictures_chunk(&worker->slots[chunk & 1], pixels + 3 * i,
                                size >= places ? size / places : 1, size < places ? size : places,
                                places, &channels, ret + 3 * (i - within) + within, message);
        i += size;
    }
    return finish(worker, chunk, failed, message);
}

const struct device_module tamis_cuda = {
    DEVICE_MODULE_VERSION, count_devices, open_worker, close_worker, moments, scale, pictures};
