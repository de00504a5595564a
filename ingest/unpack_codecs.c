/* ingest/unpack_codecs.c: the decoders behind unpack.c, their memory counted where they let us. */
#include "ingest/unpack_parts.h"

#include "base/memory.h"

#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define XZ_MEMORY (UINT64_C(1) << UNPACK_WINDOW_LOG)

static unsigned at_most(size_t size)
{
    return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

static enum status fail_damaged(struct err *err, const char *why)
{
    return fail(err, STATUS_FAILED, "the packed data are damaged: %s", why);
}

/* ---- gzip: RFC 1952, through zlib, which checks CRC and length ---- */

static void *zlib_get(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    return memory_get(items, size);
}

static void zlib_free(void *opaque, void *address)
{
    (void)opaque;
    memory_free(address);
}

static void *gzip_begin(void)
{
    z_stream *stream = memory_get(1, sizeof *stream);
    if (stream == NULL) return NULL;
    stream->zalloc = zlib_get;
    stream->zfree = zlib_free;
    if (inflateInit2(stream, MAX_WBITS + 16) == Z_OK) return stream; /* + 16: gzip only */
    memory_free(stream);
    return NULL;
}

static enum status gzip_step(void *state, struct unpack_flow *flow, bool *ret_end, struct err *err)
{
    z_stream *stream = state;
    unsigned in = at_most(flow->in_size), out = at_most(flow->out_size);
    stream->next_in = (Bytef *)(uintptr_t)flow->in; /* zlib does not write there */
    stream->avail_in = in;
    stream->next_out = flow->out;
    stream->avail_out = out;
    int code = inflate(stream, Z_NO_FLUSH);
    flow->in += in - stream->avail_in;
    flow->in_size -= in - stream->avail_in;
    flow->out += out - stream->avail_out;
    flow->out_size -= out - stream->avail_out;
    *ret_end = code == Z_STREAM_END;
    if (code == Z_OK || code == Z_BUF_ERROR) return STATUS_OK;
    if (code == Z_MEM_ERROR) return fail_memory(err, 0);
    if (code != Z_STREAM_END)
        return fail_damaged(err, stream->msg == NULL ? "a dictionary is needed" : stream->msg);
    inflateReset(stream);
    return STATUS_OK;
}

static void gzip_finish(void *state)
{
    inflateEnd(state);
    memory_free(state);
}

const struct packing packing_gzip = {
    .name = "gzip",
    .magic = "\x1f\x8b",
    .magic_size = 2,
    .suffix = ".gz",
    .tar_suffix = ".tgz",
    .begin = gzip_begin,
    .step = gzip_step,
    .finish = gzip_finish,
};

/* ---- Zstandard: RFC 8878 ---- */

static void *zstd_begin(void)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (context != NULL) ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG);
    return context;
}

static enum status zstd_step(void *state, struct unpack_flow *flow, bool *ret_end, struct err *err)
{
    ZSTD_inBuffer in = {flow->in, flow->in_size, 0};
    ZSTD_outBuffer out = {flow->out, flow->out_size, 0};
    size_t result = ZSTD_decompressStream(state, &out, &in);
    flow->in += in.pos;
    flow->in_size -= in.pos;
    flow->out += out.pos;
    flow->out_size -= out.pos;
    *ret_end = result == 0;
    if (!ZSTD_isError(result)) return STATUS_OK;
    (void)fail_damaged(err, ZSTD_getErrorName(result));
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
        err_hint(err, "it needs a window of more than %u MiB: pack it again without --long=28",
                 1u << (UNPACK_WINDOW_LOG - 20));
    return STATUS_FAILED;
}

static void zstd_finish(void *state)
{
    ZSTD_freeDCtx(state);
}

const struct packing packing_zstd = {
    .name = "Zstandard",
    .magic = "\x28\xb5\x2f\xfd",
    .magic_size = 4,
    .suffix = ".zst",
    .tar_suffix = ".tzst",
    .begin = zstd_begin,
    .step = zstd_step,
    .finish = zstd_finish,
};

/* pzstd begins its files with a skippable frame. */
const struct packing packing_zstd_skippable = {
    .name = "Zstandard",
    .magic = "\x50\x2a\x4d\x18",
    .magic_size = 4,
    .suffix = ".zst",
    .tar_suffix = ".tzst",
    .begin = zstd_begin,
    .step = zstd_step,
    .finish = zstd_finish,
};

/* ---- xz: tukaani.org/xz/xz-file-format.txt ---- */

static void *lzma_get(void *opaque, size_t items, size_t size)
{
    (void)opaque;
    return memory_get_raw(items, size);
}

static const lzma_allocator allocator = {lzma_get, zlib_free, NULL};

static void *xz_begin(void)
{
    lzma_stream *stream = memory_get(1, sizeof *stream);
    if (stream == NULL) return NULL;
    stream->allocator = &allocator;
    if (lzma_stream_decoder(stream, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK) return stream;
    lzma_end(stream);
    memory_free(stream);
    return NULL;
}

static enum status fail_xz(lzma_ret code, struct err *err)
{
    if (code == LZMA_MEM_ERROR) return fail_memory(err, 0);
    if (code != LZMA_MEMLIMIT_ERROR)
        return fail_damaged(err, code == LZMA_DATA_ERROR      ? "a check does not hold"
                                 : code == LZMA_FORMAT_ERROR  ? "no xz stream"
                                 : code == LZMA_OPTIONS_ERROR ? "unknown options"
                                                              : "a stream without its end");
    (void)fail(err, STATUS_FAILED, "it needs a dictionary of more than %u MiB",
               1u << (UNPACK_WINDOW_LOG - 20));
    err_hint(err, "unpack it: xzcat FILE | tamis-ingest -");
    return STATUS_FAILED;
}

static enum status xz_step(void *state, struct unpack_flow *flow, bool *ret_end, struct err *err)
{
    lzma_stream *stream = state;
    stream->next_in = flow->in;
    stream->avail_in = flow->in_size;
    stream->next_out = flow->out;
    stream->avail_out = flow->out_size;
    lzma_ret code = lzma_code(stream, flow->in_last ? LZMA_FINISH : LZMA_RUN);
    flow->in = stream->next_in;
    flow->in_size = stream->avail_in;
    flow->out = stream->next_out;
    flow->out_size = stream->avail_out;
    *ret_end = code == LZMA_STREAM_END;
    bool fine = code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR;
    return fine ? STATUS_OK : fail_xz(code, err);
}

static void xz_finish(void *state)
{
    lzma_end(state);
    memory_free(state);
}

const struct packing packing_xz = {
    .name = "xz",
    .magic = "\xfd\x37\x7a\x58\x5a",
    .magic_size = 5,
    .suffix = ".xz",
    .tar_suffix = ".txz",
    .begin = xz_begin,
    .step = xz_step,
    .finish = xz_finish,
};

/* ---- bzip2 ---- */

static void *bzip2_get(void *opaque, int items, int size)
{
    (void)opaque;
    return items < 0 || size < 0 ? NULL : memory_get_raw((size_t)items, (size_t)size);
}

static void *bzip2_begin(void)
{
    bz_stream *stream = memory_get(1, sizeof *stream);
    if (stream == NULL) return NULL;
    stream->bzalloc = bzip2_get;
    stream->bzfree = zlib_free;
    if (BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK) return stream;
    memory_free(stream);
    return NULL;
}

/* A new stream begins with a new state. */
static enum status bzip2_again(bz_stream *stream, struct err *err)
{
    BZ2_bzDecompressEnd(stream);
    return BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK ? STATUS_OK : fail_memory(err, 0);
}

static enum status bzip2_step(void *state, struct unpack_flow *flow, bool *ret_end, struct err *err)
{
    bz_stream *stream = state;
    unsigned in = at_most(flow->in_size), out = at_most(flow->out_size);
    stream->next_in = (char *)(uintptr_t)flow->in; /* it does not write there */
    stream->avail_in = in;
    stream->next_out = (char *)flow->out;
    stream->avail_out = out;
    int code = BZ2_bzDecompress(stream);
    flow->in += in - stream->avail_in;
    flow->in_size -= in - stream->avail_in;
    flow->out += out - stream->avail_out;
    flow->out_size -= out - stream->avail_out;
    *ret_end = code == BZ_STREAM_END;
    if (code == BZ_OK) return STATUS_OK;
    if (code == BZ_STREAM_END) return bzip2_again(stream, err);
    if (code == BZ_MEM_ERROR) return fail_memory(err, 0);
    return fail_damaged(err, code == BZ_DATA_ERROR ? "a check does not hold" : "no bzip2 stream");
}

static void bzip2_finish(void *state)
{
    BZ2_bzDecompressEnd(state);
    memory_free(state);
}

const struct packing packing_bzip2 = {
    .name = "bzip2",
    .magic = "BZh",
    .magic_size = 3,
    .suffix = ".bz2",
    .tar_suffix = ".tbz2",
    .begin = bzip2_begin,
    .step = bzip2_step,
    .finish = bzip2_finish,
};
