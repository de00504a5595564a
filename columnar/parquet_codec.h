/* columnar/parquet_codec.h: compressed pages (Compression.md). Private to columnar/. */
#ifndef COLUMNAR_PARQUET_CODEC_H
#define COLUMNAR_PARQUET_CODEC_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum parquet_codec {
    PARQUET_UNCOMPRESSED = 0,
    PARQUET_SNAPPY = 1,
    PARQUET_GZIP = 2,
    PARQUET_ZSTD = 6,
    PARQUET_LZ4_RAW = 7,
};

/* STATUS_FAILED naming a codec that is not read. */
MUST_CHECK enum status parquet_codec_check(int codec, struct err *err);
/* STATUS_FAILED where no `packed` bytes give `unpacked` ones: for before memory is taken. */
MUST_CHECK enum status parquet_codec_plausible(int codec, uint64_t packed, uint64_t unpacked,
                                               struct err *err);
/* Exactly `unpacked` bytes. */
MUST_CHECK enum status parquet_codec_run(int codec, const uint8_t *data, size_t packed, uint8_t *to,
                                         size_t unpacked, struct err *err);

#endif
