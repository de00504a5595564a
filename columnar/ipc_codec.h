/* columnar/ipc_codec.h: compressed body buffers (Message.fbs BodyCompression): an int64 length,
 * then one zstd or LZ4 frame; -1 = the bytes follow as they are. Private to columnar/. */
#ifndef COLUMNAR_IPC_CODEC_H
#define COLUMNAR_IPC_CODEC_H

#include "columnar/layout.h"

enum codec { CODEC_NONE = -1, CODEC_LZ4 = 0, CODEC_ZSTD = 1 };

/* One body buffer on its way out; `prefix` says whether `length` is written before it. */
struct body_buffer {
    bool prefix;
    bool words;     /* values of 8 bytes each */
    bool texts;     /* bytes of texts, one behind the other */
    int64_t length; /* uncompressed, or -1 */
    struct buffer data;
};

/* Replaces buffer->data by its zstd form, or marks it -1 where that would not be smaller. At level
 * 1 words are packed by zstd_words.h, all else by the zstd library; texts that repeat themselves at
 * length are searched for longer matches. */
MUST_CHECK enum status codec_compress(struct body_buffer *buffer, int level, struct err *err);

/* The uncompressed bytes of a body buffer as stored: in `place` if that is as long as they are,
 * else (or NULL) in memory of their own. */
MUST_CHECK enum status codec_expand(enum codec codec, const struct buffer *stored,
                                    const struct buffer *place, struct buffer *ret,
                                    struct err *err);

#endif
