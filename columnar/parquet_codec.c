/* columnar/parquet_codec.c: compressed pages: Snappy, gzip (RFC 1952), zstd (RFC 8878), raw LZ4. */
#include "columnar/parquet_codec.h"

#include <lz4.h>
#include <snappy-c.h>
#include <stdbool.h>
#include <zlib.h>
#include <zstd.h>

static enum status fail_damaged(const char *name, const char *what, struct err *err)
{
    return fail(err, STATUS_FAILED, "the %s data are damaged: %s", name, what);
}

enum status parquet_codec_check(int codec, struct err *err)
{
    static const char *const others[] = {[3] = "LZO", [4] = "Brotli", [5] = "LZ4 in Hadoop frames"};
    bool known = codec == PARQUET_UNCOMPRESSED || codec == PARQUET_SNAPPY ||
                 codec == PARQUET_GZIP || codec == PARQUET_ZSTD || codec == PARQUET_LZ4_RAW;
    if (known) return STATUS_OK;
    bool named = codec >= 3 && codec <= 5;
    (void)fail(err, STATUS_FAILED,
               "found pages compressed with %s (codec %d), expected Snappy, gzip, "
               "zstd, raw LZ4 or none",
               named ? others[codec] : "an unknown codec", codec);
    err_hint(err, "write the file anew with zstd");
    return STATUS_FAILED;
}

/* The most bytes that a byte gives: of zstd 128 KiB by 4, of deflate 258 by 2 bits, of LZ4 255 by
 * 1, of Snappy 64 by 3. */
enum status parquet_codec_plausible(int codec, uint64_t packed, uint64_t unpacked, struct err *err)
{
    uint64_t ratio = 1, more = 0;
    if (codec == PARQUET_ZSTD) ratio = 32768, more = 128u << 10;
    if (codec == PARQUET_GZIP) ratio = 1032, more = 64u << 10;
    if (codec == PARQUET_LZ4_RAW) ratio = 255, more = 64;
    if (codec == PARQUET_SNAPPY) ratio = 22, more = 64;
    if (packed > UINT64_MAX / 2 / ratio || unpacked <= packed * ratio + more) return STATUS_OK;
    return fail(err, STATUS_FAILED, "%llu compressed bytes cannot hold the %llu declared",
                (unsigned long long)packed, (unsigned long long)unpacked);
}

static enum status run_snappy(const uint8_t *data, size_t packed, uint8_t *to, size_t unpacked,
                              struct err *err)
{
    size_t size = 0;
    if (snappy_uncompressed_length((const char *)data, packed, &size) != SNAPPY_OK ||
        size != unpacked)
        return fail_damaged("Snappy", "another length than declared", err);
    if (snappy_uncompress((const char *)data, packed, (char *)to, &size) != SNAPPY_OK)
        return fail_damaged("Snappy", "it does not unpack", err);
    return STATUS_OK;
}

static enum status run_gzip(const uint8_t *data, size_t packed, uint8_t *to, size_t unpacked,
                            struct err *err)
{
    z_stream stream = {0};
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)packed;
    stream.next_out = to;
    stream.avail_out = (uInt)unpacked;
    if (inflateInit2(&stream, 15 + 32) != Z_OK)
        return fail(err, STATUS_MEMORY, "no memory for zlib");
    int code = inflate(&stream, Z_FINISH);
    bool good = code == Z_STREAM_END && stream.avail_out == 0;
    enum status status = STATUS_OK;
    if (!good) {
        const char *what = stream.msg != NULL ? stream.msg : "another length than declared";
        status = fail_damaged("gzip", what, err);
    }
    inflateEnd(&stream);
    return status;
}

static enum status run_zstd(const uint8_t *data, size_t packed, uint8_t *to, size_t unpacked,
                            struct err *err)
{
    static _Thread_local ZSTD_DCtx *context;
    if (context == NULL) context = ZSTD_createDCtx();
    if (context == NULL) return fail(err, STATUS_MEMORY, "no memory for zstd");
    size_t result = ZSTD_decompressDCtx(context, to, unpacked, data, packed);
    if (ZSTD_isError(result)) return fail_damaged("zstd", ZSTD_getErrorName(result), err);
    if (result != unpacked) return fail_damaged("zstd", "another length than declared", err);
    return STATUS_OK;
}

static enum status run_lz4(const uint8_t *data, size_t packed, uint8_t *to, size_t unpacked,
                           struct err *err)
{
    int result = LZ4_decompress_safe((const char *)data, (char *)to, (int)packed, (int)unpacked);
    if (result < 0) return fail_damaged("LZ4", "it does not unpack", err);
    if ((size_t)result != unpacked) return fail_damaged("LZ4", "another length than declared", err);
    return STATUS_OK;
}

enum status parquet_codec_run(int codec, const uint8_t *data, size_t packed, uint8_t *to,
                              size_t unpacked, struct err *err)
{
    if (packed > INT32_MAX || unpacked > INT32_MAX)
        return fail(err, STATUS_FAILED, "a page of more than 2 GiB");
    switch (codec) {
    case PARQUET_SNAPPY: return run_snappy(data, packed, to, unpacked, err);
    case PARQUET_GZIP: return run_gzip(data, packed, to, unpacked, err);
    case PARQUET_ZSTD: return run_zstd(data, packed, to, unpacked, err);
    case PARQUET_LZ4_RAW: return run_lz4(data, packed, to, unpacked, err);
    default: return parquet_codec_check(codec, err);
    }
}
