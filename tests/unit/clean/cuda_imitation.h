/* tests/unit/clean/cuda_imitation.h: the part of the CUDA runtime that clean/device_cuda.cu uses,
 * in C on the processor, so that its geometry, chunks and slots run in every test.
 *
 * Blocks and threads are two loops. Memory of the "GPU" begins with garbage. Copies to it happen
 * only when the next kernel of their stream starts, copies from it only when the stream is waited
 * for: a buffer that is changed or read too early is seen. imitation.fail_at makes the n-th call
 * fail. */
#ifndef TESTS_CLEAN_CUDA_IMITATION_H
#define TESTS_CLEAN_CUDA_IMITATION_H

#define CUDA_IMITATION

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define __global__
#define __device__

typedef int cudaError_t;
#define cudaSuccess            0
#define cudaErrorUnknown       999
#define cudaMemcpyHostToDevice 1
#define cudaMemcpyDeviceToHost 2

#define COPIES_MOST 8
struct imitated_copy {
    void *to;
    const void *from;
    size_t bytes;
    int kind;
};
struct imitated_stream {
    struct imitated_copy copies[COPIES_MOST];
    int count;
};
typedef struct imitated_stream *cudaStream_t;

struct cudaDeviceProp {
    char name[256];
};

struct imitation {
    int64_t block, thread, blocks, threads;
    int devices;
    int64_t calls, fail_at; /* 0 = never */
    int64_t launches, open_memory;
    int64_t pending;    /* copies that were asked for and not made */
    int64_t overlapped; /* kernels started while another stream had some */
};
static struct imitation imitation = {.devices = 1};

#define BLOCK   imitation.block
#define THREAD  imitation.thread
#define BLOCKS  imitation.blocks
#define THREADS imitation.threads

static cudaError_t imitated_call(void)
{
    return ++imitation.calls == imitation.fail_at ? cudaErrorUnknown : cudaSuccess;
}

static void imitated_copies(cudaStream_t stream, int kind)
{
    int kept = 0;
    for (int i = 0; i < stream->count; i++) {
        struct imitated_copy *copy = &stream->copies[i];
        if (kind == 0 || copy->kind == kind)
            memcpy(copy->to, copy->from, copy->bytes), imitation.pending--;
        else
            stream->copies[kept++] = *copy;
    }
    stream->count = kept;
}

#define LAUNCH(kernel, grid, block_size, stream, ...)                                              \
    do {                                                                                           \
        imitated_copies((stream), cudaMemcpyHostToDevice);                                         \
        imitation.blocks = (grid);                                                                 \
        imitation.threads = (block_size);                                                          \
        imitation.launches++;                                                                      \
        imitation.overlapped += imitation.pending > 0;                                             \
        for (imitation.block = 0; imitation.block < imitation.blocks; imitation.block++)           \
            for (imitation.thread = 0; imitation.thread < imitation.threads; imitation.thread++)   \
                kernel(__VA_ARGS__);                                                               \
    } while (0)

static cudaError_t cudaGetDeviceCount(int *ret)
{
    *ret = imitation.devices;
    return imitated_call();
}

static cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *ret, int index)
{
    (void)index;
    strcpy(ret->name, "imitation");
    return imitated_call();
}

static cudaError_t cudaSetDevice(int index)
{
    (void)index;
    return imitated_call();
}

static cudaError_t cudaGetLastError(void)
{
    return imitated_call();
}

static const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaSuccess ? "no error" : "imitated failure";
}

static cudaError_t cudaMalloc(void **ret, size_t bytes)
{
    cudaError_t error = imitated_call();
    if (error != cudaSuccess) return error;
    *ret = malloc(bytes);
    memset(*ret, 0xa5, bytes);
    imitation.open_memory++;
    return cudaSuccess;
}

static cudaError_t cudaFree(void *memory)
{
    if (memory != NULL) imitation.open_memory--;
    free(memory);
    return cudaSuccess;
}

static cudaError_t cudaMallocHost(void **ret, size_t bytes)
{
    return cudaMalloc(ret, bytes);
}

static cudaError_t cudaFreeHost(void *memory)
{
    return cudaFree(memory);
}

static cudaError_t cudaStreamCreate(cudaStream_t *ret)
{
    cudaError_t error = imitated_call();
    if (error == cudaSuccess) *ret = calloc(1, sizeof **ret);
    if (error == cudaSuccess) imitation.open_memory++;
    return error;
}

static cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    return cudaFree(stream);
}

static cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    imitated_copies(stream, 0);
    return imitated_call();
}

static cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind,
                                   cudaStream_t stream)
{
    cudaError_t error = imitated_call();
    if (error != cudaSuccess) return error;
    if (stream->count == COPIES_MOST) return cudaErrorUnknown;
    imitation.pending++;
    stream->copies[stream->count++] = (struct imitated_copy){to, from, bytes, kind};
    return cudaSuccess;
}

#endif
