/* columnar/ipc_codec.c: compressed body buffers, zstd (RFC 8878) and LZ4 frames. */
#include "columnar/ipc_codec.h"

#include "base/memory.h"
#include "columnar/zstd_words.h"

#include <lz4frame.h>
#include <zstd.h>
#include <zstd_errors.h>

/* ---- writing ---- */

enum {
    TRIAL = 16 << 10, /* bytes of a text that tell how it is packed best */
    TRIAL_FROM = 16 * TRIAL,
    FAR_SAVES = 16, /* the share by which longer matches must make the trial smaller */
    FAR_LEVEL = 3,  /* strategy dfast: matches of 8 bytes before those of 6, */
    FAR_LONG_LOG = 14,
    FAR_SHORT_LOG = 13, /* in tables that stay in the second-level cache */
    FAR_MATCH = 6
};

/* How the library looks for matches. */
enum way { WAY_LEVEL, WAY_FAR, WAYS };

static size_t set_far(ZSTD_CCtx *context)
{
    size_t result = ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, FAR_LONG_LOG);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, FAR_SHORT_LOG);
    if (!ZSTD_isError(result)) result = ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, FAR_MATCH);
    return result;
}

/* One context a thread and way: making one costs more than most buffers. */
static enum status context_of(enum way way, int level, ZSTD_CCtx **ret, struct err *err)
{
    static _Thread_local ZSTD_CCtx *contexts[WAYS];
    static _Thread_local int set_levels[WAYS];
    if (contexts[way] == NULL) contexts[way] = ZSTD_createCCtx();
    ZSTD_CCtx *context = *ret = contexts[way];
    if (context == NULL) return fail_memory(err, 0);
    if (set_levels[way] == level) return STATUS_OK;
    size_t result = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(result)) result = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (!ZSTD_isError(result) && way == WAY_FAR) result = set_far(context);
    if (ZSTD_isError(result))
        return fail(err, STATUS_USAGE, "zstd level %d: %s", level, ZSTD_getErrorName(result));
    set_levels[way] = level;
    return STATUS_OK;
}

/* *ret_size is 0 where the frame would not be smaller; `room` has size bytes. */
static enum status pack_by_library(uint8_t *room, const uint8_t *data, size_t size, enum way way,
                                   int level, size_t *ret_size, struct err *err)
{
    ZSTD_CCtx *context = NULL;
    TRY(context_of(way, way == WAY_FAR ? FAR_LEVEL : level, &context, err));
    size_t result = ZSTD_compress2(context, room, size, data, size);
    *ret_size = 0;
    if (ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall) return STATUS_OK;
    if (ZSTD_isError(result))
        return fail(err, STATUS_FAILED, "zstd: %s", ZSTD_getErrorName(result));
    *ret_size = result < size ? result : 0;
    return STATUS_OK;
}

/* Where longer matches are there to be found, as in texts of few words, looking for them makes
 * fewer sequences, which is faster than level 1 and smaller; elsewhere it is a fifth slower. The
 * first bytes tell which (measured on 20 kinds of text: all that shrink by a sixteenth are as
 * fast). */
static enum status try_ways(uint8_t *room, const struct buffer *data, enum way *ret,
                            struct err *err)
{
    size_t plain = 0, far = 0;
    *ret = WAY_LEVEL;
    if (data->size < TRIAL_FROM) return STATUS_OK;
    TRY(pack_by_library(room, data->data, TRIAL, WAY_LEVEL, 1, &plain, err));
    if (plain == 0) return STATUS_OK;
    TRY(pack_by_library(room, data->data, TRIAL, WAY_FAR, 1, &far, err));
    if (far > 0 && far < plain - plain / FAR_SAVES) *ret = WAY_FAR;
    return STATUS_OK;
}

static enum status pack(uint8_t *room, const struct body_buffer *buffer, int level,
                        size_t *ret_size, struct err *err)
{
    enum way way = WAY_LEVEL;
    const struct buffer *data = &buffer->data;
    if (buffer->words && level == 1)
        return zstd_words_pack(room, data->data, data->size, ret_size, err);
    if (buffer->texts && level == 1) TRY(try_ways(room, data, &way, err));
    return pack_by_library(room, data->data, data->size, way, level, ret_size, err);
}

enum status codec_compress(struct body_buffer *buffer, int level, struct err *err)
{
    size_t size = buffer->data.size, packed_size = 0;
    if (size == 0) return STATUS_OK;
    OWNED(buffer_unref) struct buffer packed = {0};
    OWNED(memory_release) uint8_t *room = memory_get_raw(1, size);
    if (room == NULL) return fail_memory(err, size);
    TRY(pack(room, buffer, level, &packed_size, err));
    buffer->prefix = true;
    buffer->length = packed_size > 0 ? (int64_t)size : -1;
    if (packed_size == 0) return STATUS_OK;
    TRY(buffer_new_raw(&packed, packed_size, err));
    memcpy(buffer_writable(&packed), room, packed_size);
    buffer_unref(&buffer->data);
    buffer->data = packed;
    packed = (struct buffer){0};
    return STATUS_OK;
}

/* ---- reading ---- */

/* A zstd block of 128 KiB takes at least 4 bytes, an LZ4 match byte gives at most 255. A length
 * beyond that is a lie, found before anything is allocated. */
static bool plausible(enum codec codec, int64_t length, size_t packed)
{
    uint64_t ratio = codec == CODEC_ZSTD ? 32768 : 255;
    return packed > UINT64_MAX / 2 / ratio ||
           (uint64_t)length <= (uint64_t)packed * ratio + (128u << 10);
}

static enum status expand_zstd(const uint8_t *packed, size_t size, int64_t length, uint8_t *to,
                               struct err *err)
{
    static _Thread_local ZSTD_DCtx *context;
    if (context == NULL) context = ZSTD_createDCtx();
    if (context == NULL) return fail_memory(err, 0);
    size_t result = ZSTD_decompressDCtx(context, to, (size_t)length, packed, size);
    if (ZSTD_isError(result))
        return fail(err, STATUS_FAILED, "the zstd data are damaged: %s", ZSTD_getErrorName(result));
    if (result != (size_t)length)
        return fail(err, STATUS_FAILED, "zstd gives %zu bytes and not the %lld declared", result,
                    (long long)length);
    return STATUS_OK;
}

static enum status check_zstd(const uint8_t *packed, size_t size, int64_t length, struct err *err)
{
    unsigned long long content = ZSTD_getFrameContentSize(packed, size);
    if (content == ZSTD_CONTENTSIZE_ERROR)
        return fail(err, STATUS_FAILED, "this is not a zstd frame");
    if (content != ZSTD_CONTENTSIZE_UNKNOWN && content != (unsigned long long)length)
        return fail(err, STATUS_FAILED, "the zstd frame holds %llu bytes and not the %lld declared",
                    content, (long long)length);
    return STATUS_OK;
}

static void free_lz4(LZ4F_dctx **context)
{
    LZ4F_freeDecompressionContext(*context);
}

static enum status expand_lz4(const uint8_t *packed, size_t size, int64_t length, uint8_t *to,
                              struct err *err)
{
    OWNED(free_lz4) LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return fail_memory(err, 0);
    size_t done = 0, used = 0, more = 1;
    while (more != 0 && used < size) {
        size_t room = (size_t)length - done, given = size - used;
        more = LZ4F_decompress(context, to + done, &room, packed + used, &given, NULL);
        if (LZ4F_isError(more))
            return fail(err, STATUS_FAILED, "the LZ4 data are damaged: %s",
                        LZ4F_getErrorName(more));
        done += room;
        used += given;
        if (room == 0 && given == 0) break;
    }
    if (more != 0 || done != (size_t)length)
        return fail(err, STATUS_FAILED, "LZ4 gives %s%zu bytes and not the %lld declared",
                    more != 0 && done == (size_t)length ? "more than " : "", done,
                    (long long)length);
    return STATUS_OK;
}

static enum status room_for(const struct buffer *place, size_t size, struct buffer *ret,
                            struct err *err)
{
    if (place == NULL || place->size != size) return buffer_new_raw(ret, size, err);
    *ret = buffer_ref(place);
    return STATUS_OK;
}

/* Bytes that are stored as they are. */
static enum status copy_to(const struct buffer *place, struct buffer *buffer, struct err *err)
{
    struct buffer copy = {0};
    if (place == NULL || place->size != buffer->size || buffer->size == 0) return STATUS_OK;
    TRY(room_for(place, buffer->size, &copy, err));
    memcpy(buffer_writable(&copy), buffer->data, buffer->size);
    buffer_unref(buffer);
    *buffer = copy;
    return STATUS_OK;
}

enum status codec_expand(enum codec codec, const struct buffer *stored, const struct buffer *place,
                         struct buffer *ret, struct err *err)
{
    int64_t length = 0;
    *ret = (struct buffer){0};
    if (stored->size == 0) return STATUS_OK;
    if (stored->size < sizeof length)
        return fail(err, STATUS_FAILED, "a compressed buffer of %zu bytes has no length",
                    stored->size);
    memcpy(&length, stored->data, sizeof length);
    const uint8_t *packed = stored->data + sizeof length;
    size_t size = stored->size - sizeof length;
    if (length == -1) {
        *ret = buffer_part(stored, sizeof length, size);
        return copy_to(place, ret, err);
    }
    if (length == 0 && size == 0) return STATUS_OK;
    if (length < 0 || !plausible(codec, length, size))
        return fail(err, STATUS_FAILED, "%zu compressed bytes cannot hold the %lld declared", size,
                    (long long)length);
    if (codec == CODEC_ZSTD) TRY(check_zstd(packed, size, length, err));
    OWNED(buffer_unref) struct buffer expanded = {0};
    uint8_t nothing = 0;
    TRY(room_for(place, (size_t)length, &expanded, err));
    uint8_t *to = length == 0 ? &nothing : buffer_writable(&expanded);
    TRY(codec == CODEC_ZSTD ? expand_zstd(packed, size, length, to, err)
                            : expand_lz4(packed, size, length, to, err));
    *ret = expanded;
    expanded = (struct buffer){0};
    return STATUS_OK;
}
