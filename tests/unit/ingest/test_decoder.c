/* test_decoder.c: text as UTF-8, and back to the very bytes it was. */
#include "ingest/decoder.h"

#include "csv_test.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES 3000

static void encode(const char *decoder, const char *text, size_t size, struct bytes *ret)
{
    struct err err = {0};
    iconv_t handle = iconv_open(decoder, "UTF-8");
    assert_true(handle != (iconv_t)-1);
    assert_ok(bytes_reserve(ret, size * 8 + 64, &err));
    char *in = (char *)(uintptr_t)text, *out = (char *)ret->data + ret->size;
    size_t room = ret->capacity - ret->size;
    assert_int_not_equal(iconv(handle, &in, &size, &out, &room), (size_t)-1);
    assert_int_not_equal(iconv(handle, NULL, NULL, &out, &room), (size_t)-1);
    ret->size = (size_t)(out - (char *)ret->data);
    iconv_close(handle);
}

/* Lines of growing length: text[i] begins the line in UTF-8, original[i] in the encoding. */
struct sample {
    struct bytes text, original;
    size_t text_at[LINES + 1], original_at[LINES + 1];
};

static void make(struct sample *sample, const char *decoder, const char *words)
{
    struct err err = {0};
    sample->text = sample->original = bytes_limited(64u << 20);
    for (size_t line = 0; line < LINES; line++) {
        char one[1024];
        int size = snprintf(one, sizeof one, "%zu;", line);
        for (size_t i = 0; i < line % 7; i++)
            size += snprintf(one + size, sizeof one - (size_t)size, "%s", words);
        size += snprintf(one + size, sizeof one - (size_t)size, "\n");
        sample->text_at[line] = sample->text.size;
        sample->original_at[line] = sample->original.size;
        assert_ok(bytes_append(&sample->text, one, (size_t)size, &err));
        encode(decoder, one, (size_t)size, &sample->original);
    }
    sample->text_at[LINES] = sample->text.size;
    sample->original_at[LINES] = sample->original.size;
}

static void check_text(struct input *input, const struct sample *sample)
{
    struct err err = {0};
    assert_int_equal(input_size(input), sample->text.size);
    uint8_t *text = malloc(sample->text.size);
    assert_ok(input_read_at(input, text, sample->text.size, 0, &err));
    assert_memory_equal(text, sample->text.data, sample->text.size);
    free(text);
}

static void check_ways(const struct decoding *decoding, const struct sample *sample)
{
    struct err err = {0};
    struct bytes scratch = bytes_limited(1u << 20);
    for (size_t i = 0; i < LINES; i += 37) {
        size_t line = i * 7919 % LINES;
        struct source_place place = {
            .raw = {NULL, sample->text_at[line + 1] - sample->text_at[line]},
            .byte_offset = (int64_t)sample->text_at[line]};
        assert_ok(decoding_restore_place(decoding, &place, &scratch, &err));
        assert_int_equal(place.byte_offset, sample->original_at[line]);
        assert_int_equal(place.raw.size, sample->original_at[line + 1] - sample->original_at[line]);
        assert_memory_equal(place.raw.data, sample->original.data + place.byte_offset,
                            place.raw.size);
    }
    bytes_release(&scratch);
}

static void round_trip(const char *name, const char *words)
{
    static struct sample sample;
    struct err err = {0};
    struct encoding encoding;
    struct decoding *decoding = NULL;
    struct input *original = NULL, *text = NULL;
    assert_ok(encoding_named(name, &encoding, &err));
    make(&sample, encoding.decoder, words);
    assert_ok(input_from_memory(&original, sample.original.data, sample.original.size, "t", &err));
    assert_ok(decoding_open(&decoding, original, &encoding, &text, &err));
    check_text(text, &sample);
    check_ways(decoding, &sample);
    struct digest found = decoding_digest(decoding);
    struct digest expected = digest_of(sample.original.data, sample.original.size);
    assert_memory_equal(&found, &expected, sizeof found);
    input_close(&text);
    decoding_close(&decoding);
    input_close(&original);
    bytes_release(&sample.text);
    bytes_release(&sample.original);
    assert_int_equal(memory_in_use(), 0);
}

static void every_line_leads_back_to_its_bytes(void **state)
{
    (void)state;
    round_trip("windows-1252", "naïve – 5 €;");
    round_trip("utf-16le", "𝄞 and é;");
    round_trip("utf-16be", "日本;");
    round_trip("utf-32be", "Ω;");
    round_trip("shift_jis", "日本語テキスト;");
    round_trip("euc-jp", "日本語テキスト;");
    round_trip("gb18030", "汉字 and 😀;");
    round_trip("big5", "漢字;");
    round_trip("koi8-r", "привет;");
    /* these remember what stood in front */
    round_trip("iso-2022-jp", "日本語;");
    round_trip("windows-1258", "Viêt nam;");
    round_trip("utf-7", "日本;");
}

static void what_is_no_text_is_marked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t size;
        const char *text;
        uint64_t wrong;
    } cases[] = {
        {"utf-16le", "a\0\0\xd8z\0", 6, "a\xffz", 1}, /* half of a pair */
        {"utf-16le", "a\0b", 3, "a\xff", 1},
        {"windows-1252", "a\x81z", 3, "a\xffz", 1},
        {"utf-32le", "a\0\0\0\0\0\x11\0z\0\0\0", 12, "a\xffz", 1},
        {"shift_jis", "a\x83", 2, "a\xff", 1},
        {"utf-8", "a\xc3z", 3, "a\xffz", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct encoding encoding;
        uint64_t wrong;
        struct bytes text = bytes_limited(1000);
        assert_ok(encoding_named(cases[i].name, &encoding, &err));
        assert_ok(decode_text(&encoding, (struct str){cases[i].bytes, cases[i].size}, &text, &wrong,
                              &err));
        assert_int_equal(text.size, strlen(cases[i].text));
        assert_memory_equal(text.data, cases[i].text, text.size);
        assert_int_equal(wrong, cases[i].wrong);
        bytes_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_leads_back_to_its_bytes),
        cmocka_unit_test(what_is_no_text_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
