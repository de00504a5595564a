/* tests/fuzz/fuzz_text.c: any bytes as a text: some encoding, UTF-8 but for marked places, and
 * every place leads back. The first byte chooses an encoding or the search for one. */
#include "base/memory.h"
#include "fuzz.h"
#include "ingest/decoder.h"

#include <stdlib.h>

static const char *const names[] = {NULL,          "utf-16",       "utf-32be", "shift_jis",
                                    "iso-2022-jp", "windows-1258", "gb18030",  "utf-7"};

/* Marked units are one byte 0xff each; without them it is UTF-8. */
static void check_text(const struct bytes *text, uint64_t wrong)
{
    uint64_t marks = 0;
    for (size_t i = 0, begin = 0; i <= text->size; i++) {
        if (i < text->size && text->data[i] != 0xff) continue;
        if (!utf8_valid(text->data + begin, i - begin)) abort();
        marks += i < text->size;
        begin = i + 1;
    }
    if (marks != wrong) abort();
}

static enum status check_places(struct input *original, const struct encoding *encoding,
                                const struct bytes *text, struct err *err)
{
    OWNED(decoding_close) struct decoding *decoding = NULL;
    OWNED(input_close) struct input *decoded = NULL;
    OWNED(bytes_release) struct bytes scratch = bytes_limited(16u << 20);
    TRY(decoding_open(&decoding, original, encoding, &decoded, err));
    if (input_size(decoded) != (int64_t)text->size) abort();
    int64_t last = 0;
    for (size_t at = 0; at <= text->size; at += 1 + text->size / 8) {
        struct source_place place = {.raw = {NULL, text->size - at}, .byte_offset = (int64_t)at};
        TRY(decoding_restore_place(decoding, &place, &scratch, err));
        if (place.byte_offset < last) abort();
        last = place.byte_offset;
    }
    return STATUS_OK;
}

static enum status read_text(const uint8_t *data, size_t size, const char *name, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(16u << 20);
    struct encoding encoding;
    uint64_t wrong;
    TRY(encoding_of(data, size, true, name, ENCODING_ANY, &encoding, err));
    if (encoding.mark > size) abort();
    TRY(decode_text(&encoding, (struct str){(const char *)data, size}, &text, &wrong, err));
    check_text(&text, wrong);
    TRY(input_from_memory(&input, data, size, "fuzz", err));
    return check_places(input, &encoding, &text, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    if (size == 0) return 0;
    size_t before = memory_in_use();
    if (read_text(data + 1, size - 1, names[data[0] % 8], &err) != STATUS_OK) abort();
    if (memory_in_use() != before) abort();
    return 0;
}
