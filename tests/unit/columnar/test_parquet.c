/* Parquet: the decoders on bytes made by hand, every truncation and every flipped bit of small
 * files, every allocation failing once. Argument: the folder of golden files. */
#include "base/memory.h"
#include "columnar/parquet.h"
#include "columnar/parquet_codec.h"
#include "columnar/parquet_parts.h"
#include "columnar/parquet_thrift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#undef fail /* cmocka has one of its own */
#include <cmocka.h>

#define PIECE_ROWS 7

static const char *folder;
static uint8_t original[1 << 16];
static size_t original_size;

static void load(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    original_size = fread(original, 1, sizeof original, stream);
    fclose(stream);
}

/* ---- thrift ---- */

static void test_thrift(void **state)
{
    (void)state;
    /* {1: i32 -3, 2: binary "ab", 5: list<i32> [1, 2], 6: true, 20: {1: false}} */
    static const uint8_t bytes[] = {0x15, 5, 0x18, 2,    'a',  'b',  0x39, 0x25,
                                    2,    4, 0x11, 0x0c, 0x28, 0x12, 0,    0};
    struct thrift thrift = thrift_over(bytes, sizeof bytes);
    struct thrift_field field = {0};
    assert_true(thrift_enter(&thrift, THRIFT_STRUCT));
    assert_true(thrift_next(&thrift, &field));
    assert_int_equal(thrift_integer(&thrift, field.type), -3);
    assert_true(thrift_next(&thrift, &field));
    assert_true(str_is(thrift_binary(&thrift, field.type), "ab"));
    assert_true(thrift_next(&thrift, &field));
    assert_int_equal(field.id, 5);
    assert_int_equal(thrift_list(&thrift, field.type).count, 2);
    assert_int_equal(thrift_integer(&thrift, THRIFT_I32), 1);
    thrift_skip(&thrift, THRIFT_I32);
    assert_true(thrift_next(&thrift, &field));
    assert_true(thrift_bool(&thrift, field.type));
    assert_true(thrift_next(&thrift, &field));
    assert_int_equal(field.id, 20);
    thrift_skip(&thrift, field.type);
    assert_false(thrift_next(&thrift, &field));
    assert_int_equal(thrift_check(&thrift, NULL), STATUS_OK);
    assert_int_equal(thrift.at, sizeof bytes);
}

static void test_thrift_faults(void **state)
{
    (void)state;
    uint8_t deep[200];
    memset(deep, 0x1c, sizeof deep); /* structs in structs */
    struct thrift thrift = thrift_over(deep, sizeof deep);
    thrift_skip(&thrift, THRIFT_STRUCT);
    assert_int_equal(thrift_check(&thrift, NULL), STATUS_FAILED);
    static const uint8_t many[] = {0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f}; /* a list of 2^32 */
    thrift = thrift_over(many, sizeof many);
    assert_int_equal(thrift_list(&thrift, THRIFT_LIST).count, 0);
    assert_int_equal(thrift_check(&thrift, NULL), STATUS_FAILED);
    assert_true(thrift.truncated);
}

/* ---- runs and deltas ---- */

static void test_runs(void **state)
{
    (void)state;
    /* eight values 0 ... 7 of 3 bits (the example of Encodings.md), then five times 6 */
    static const uint8_t bytes[] = {0x03, 0x88, 0xc6, 0xfa, 0x0a, 0x06};
    uint32_t values[13];
    uint64_t equal;
    struct runs runs = runs_over(bytes, sizeof bytes, 3);
    assert_int_equal(runs_take(&runs, values, 13, NULL), STATUS_OK);
    for (uint32_t i = 0; i < 13; i++)
        assert_int_equal(values[i], i < 8 ? i : 6);
    assert_int_equal(runs_take(&runs, values, 1, NULL), STATUS_FAILED);
    runs = runs_over(bytes, sizeof bytes, 3);
    assert_int_equal(runs_skip(&runs, 10, 6, &equal, NULL), STATUS_OK);
    assert_int_equal(equal, 3);
    uint8_t bits[2] = {0};
    int64_t set;
    runs = runs_over(bytes, sizeof bytes, 3);
    assert_int_equal(runs_take_bits(&runs, 6, bits, 1, 12, &set, NULL), STATUS_OK);
    assert_int_equal(set, 5);
    assert_int_equal(bits[0] | bits[1] << 8, 0x1e80);
}

/* The deprecated order: 0 ... 7 of 3 bits, highest first (Encodings.md). */
static void test_reversed(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x05, 0x39, 0x77};
    uint32_t values[8];
    struct runs runs = runs_over_reversed(bytes, sizeof bytes, 3, 8);
    assert_int_equal(runs_take(&runs, values, 8, NULL), STATUS_OK);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(values[i], i);
    assert_int_equal(runs_take(&runs, values, 1, NULL), STATUS_FAILED);
}

static void test_deltas(void **state)
{
    (void)state;
    /* 7, 5, 3, 1, 2, 3, 4, 5 (Encodings.md): blocks of 128 in 4 parts, least -2, 2 bits */
    static const uint8_t bytes[] = {0x80, 1,    4, 8, 14, 3, 2, 0, 0, 0,
                                    0xc0, 0x3f, 0, 0, 0,  0, 0, 0, 9};
    static const int64_t expected[] = {7, 5, 3, 1, 2, 3, 4, 5};
    int64_t values[8];
    const uint8_t *end;
    struct delta delta;
    assert_int_equal(delta_over(&delta, bytes, sizeof bytes, NULL), STATUS_OK);
    assert_int_equal(delta_end(delta, &end, NULL), STATUS_OK);
    assert_ptr_equal(end, bytes + sizeof bytes - 1);
    assert_int_equal(delta_take(&delta, values, 3, NULL), STATUS_OK);
    assert_int_equal(delta_take(&delta, values + 3, 5, NULL), STATUS_OK);
    assert_memory_equal(values, expected, sizeof expected);
    assert_int_equal(delta_take(&delta, values, 1, NULL), STATUS_FAILED);
    static const uint8_t odd[] = {0x80, 1, 3, 8, 14}; /* three parts of 128 */
    assert_int_equal(delta_over(&delta, odd, sizeof odd, NULL), STATUS_FAILED);
}

/* ---- values that do not convert ---- */

static void test_int96(void **state)
{
    (void)state;
    struct field item = field_of("t", TYPE_TIMESTAMP);
    struct parquet_leaf leaf = {.width = 12, .item = &item, .conversion = CONVERT_INT96};
    struct parquet_dense dense;
    struct parquet_faults faults = {0};
    const struct {
        int64_t nanos;
        uint32_t day;
    } moments[] = {{1, 2440588}, {86399999999999, 2440587}, {0, 5373484}}; /* the last: year 9999 */
    assert_int_equal(parquet_dense_open(&dense, 12, NULL), STATUS_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(growing_append(&dense.data, &moments[i].nanos, 8, NULL), STATUS_OK);
        assert_int_equal(growing_append(&dense.data, &moments[i].day, 4, NULL), STATUS_OK);
        dense.count++;
    }
    assert_int_equal(parquet_convert(&leaf, &dense, 0, &faults, NULL), STATUS_OK);
    int64_t values[3];
    memcpy(values, dense.data.data, sizeof values);
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], -1);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].row, 2);
    assert_string_equal(faults.items[0].rule, "range");
    parquet_faults_release(&faults);
    parquet_dense_release(&dense);
}

/* Big-endian decimals of any size; one of 17 bytes that do not fit into 16. */
static void test_decimal_bytes(void **state)
{
    (void)state;
    struct field item = field_of("d", TYPE_DECIMAL128);
    struct parquet_leaf leaf = {.item = &item, .conversion = CONVERT_DECIMAL_BYTES};
    struct parquet_dense dense;
    struct parquet_faults faults = {0};
    static const uint8_t large[17] = {1},
                         small[17] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    const struct str texts[] = {
        {"\x01\x00", 2}, {"", 0}, {(const char *)large, 17}, {(const char *)small, 17}};
    assert_int_equal(parquet_dense_open(&dense, 0, NULL), STATUS_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(growing_append(&dense.data, texts[i].data, texts[i].size, NULL),
                         STATUS_OK);
        int32_t end = (int32_t)dense.data.size;
        assert_int_equal(growing_append(&dense.places, &end, sizeof end, NULL), STATUS_OK);
        dense.count++;
    }
    assert_int_equal(parquet_convert(&leaf, &dense, 0, &faults, NULL), STATUS_OK);
    int64_t values[8];
    assert_int_equal(dense.data.size, sizeof values);
    memcpy(values, dense.data.data, sizeof values);
    assert_int_equal(values[0], 256);
    assert_int_equal(values[2], 0);
    assert_int_equal(values[6], -2);
    assert_int_equal(values[7], -1);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].row, 2);
    parquet_faults_release(&faults);
    parquet_dense_release(&dense);
}

static void test_codecs(void **state)
{
    (void)state;
    struct err err = {0};
    uint8_t to[100];
    assert_int_equal(parquet_codec_check(4, &err), STATUS_FAILED);
    assert_non_null(strstr(err.message, "Brotli"));
    static const int codecs[] = {PARQUET_SNAPPY, PARQUET_GZIP, PARQUET_ZSTD, PARQUET_LZ4_RAW};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(parquet_codec_plausible(codecs[i], 10, 1u << 31, &err), STATUS_FAILED);
        assert_int_equal(parquet_codec_run(codecs[i], (const uint8_t *)"rubbish", 7, to, 100, &err),
                         STATUS_FAILED);
    }
}

/* ---- whole files ---- */

static enum status read_pieces(struct input *input, int64_t *ret_rows, struct err *err)
{
    OWNED(parquet_close) struct parquet_reader *reader = NULL;
    struct parquet_options options = {0};
    TRY(parquet_open(&reader, input, &options, err));
    for (*ret_rows = 0; *ret_rows < 1000;) {
        OWNED(parquet_piece_free) struct parquet_piece *piece = NULL;
        OWNED(batch_release) struct batch batch = {0};
        OWNED(parquet_faults_release) struct parquet_faults faults = {0};
        TRY(parquet_cut(reader, PIECE_ROWS, 1u << 20, &piece, err));
        if (piece == NULL) return STATUS_OK;
        TRY(parquet_read(reader, piece, &batch, &faults, err));
        *ret_rows += batch.rows;
    }
    return STATUS_OK;
}

/* A copy of its own size, so that a sanitizer sees the first byte too many. */
static enum status read_copy(const uint8_t *bytes, size_t size, int64_t *ret_rows)
{
    struct err err = {0};
    struct input *input = NULL;
    uint8_t *copy = memory_get_raw(size, 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    assert_int_equal(input_from_memory(&input, copy, size, "t.parquet", NULL), STATUS_OK);
    enum status status = read_pieces(input, ret_rows, &err);
    input_close(&input);
    memory_free(copy);
    if (status != STATUS_OK) assert_true(err.message[0] != '\0');
    assert_int_equal(memory_in_use(), 0);
    return status;
}

static const char *const small_files[] = {"int96-gzip.parquet", "two-level-lists.parquet",
                                          "duckdb.parquet"};

static void test_truncation(void **state)
{
    (void)state;
    int64_t rows;
    for (size_t i = 0; i < 3; i++) {
        load(small_files[i]);
        assert_int_equal(read_copy(original, original_size, &rows), STATUS_OK);
        assert_int_equal(rows, 40);
        for (size_t size = 0; size < original_size; size++)
            assert_int_not_equal(read_copy(original, size, &rows), STATUS_OK);
    }
}

static void test_flips(void **state)
{
    (void)state;
    unsigned refused = 0, read = 0;
    memory_set_limit(64u << 20);
    for (size_t i = 0; i < 3; i++) {
        load(small_files[i]);
        for (size_t bit = 0; bit < original_size * 8; bit++) {
            int64_t rows;
            original[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            if (read_copy(original, original_size, &rows) == STATUS_OK)
                read++;
            else
                refused++;
            original[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
    memory_set_limit(0);
    print_message("%u flipped bits refused, %u read\n", refused, read);
    assert_true(refused > 2000 && memory_peak() < 64u << 20);
}

/* Flips a bit of every byte of a page's body. */
static void flip_page(const struct parquet_page *page)
{
    for (size_t byte = page->offset; byte < page->offset + page->packed; byte++) {
        int64_t rows;
        original[byte] ^= 0x10;
        assert_int_equal(read_copy(original, original_size, &rows), STATUS_FAILED);
        original[byte] ^= 0x10;
    }
}

/* Where the pages of the first row group's first columns lie. */
static size_t find_pages(struct parquet_page places[64])
{
    struct input *input = NULL;
    struct parquet_footer footer = {0};
    struct parquet_chunk chunks[32];
    struct parquet_leaf leaf = {0};
    size_t count = 0;
    assert_int_equal(input_from_memory(&input, original, original_size, "t", NULL), STATUS_OK);
    assert_int_equal(parquet_footer_read(input, &footer, NULL), STATUS_OK);
    assert_true(footer.leaf_count <= 32);
    assert_int_equal(parquet_group_read(&footer, 0, chunks, NULL), STATUS_OK);
    for (uint64_t at = 4; count < 64 && at < (uint64_t)chunks[20].data; count++) {
        OWNED(parquet_page_unref) struct parquet_page *page = NULL;
        assert_int_equal(
            parquet_page_next(input, &at, footer.start, &leaf, PARQUET_SNAPPY, &page, NULL),
            STATUS_OK);
        assert_true(page->has_crc);
        places[count].offset = page->offset;
        places[count].packed = page->packed;
    }
    parquet_footer_release(&footer);
    input_close(&input);
    return count;
}

/* Every page of this file has a checksum: no bit of a body goes unseen. */
static void test_checksums(void **state)
{
    (void)state;
    static struct parquet_page places[64];
    load("version-1-snappy.parquet");
    size_t count = find_pages(places);
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++)
        flip_page(&places[i]);
}

static void test_allocations(void **state)
{
    (void)state;
    static const char *const names[] = {"encodings.parquet", "version-1-snappy.parquet",
                                        "two-level-lists.parquet"};
    for (size_t i = 0; i < 3; i++) {
        uint64_t request = 0, made;
        load(names[i]);
        do {
            struct err err = {0};
            struct input *input = NULL;
            int64_t rows;
            assert_int_equal(input_from_memory(&input, original, original_size, "t", NULL),
                             STATUS_OK);
            memory_fail_at(++request);
            enum status status = read_pieces(input, &rows, &err);
            made = memory_requests();
            memory_fail_at(0);
            input_close(&input);
            if (status != STATUS_OK && status != STATUS_MEMORY)
                fail_msg("request %llu: %s", (unsigned long long)request, err.message);
            if (memory_in_use() != 0) fail_msg("request %llu is kept", (unsigned long long)request);
        } while (made >= request);
        assert_true(request > 50);
    }
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thrift),        cmocka_unit_test(test_thrift_faults),
        cmocka_unit_test(test_runs),          cmocka_unit_test(test_reversed),
        cmocka_unit_test(test_deltas),        cmocka_unit_test(test_int96),
        cmocka_unit_test(test_decimal_bytes), cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_truncation),    cmocka_unit_test(test_flips),
        cmocka_unit_test(test_checksums),     cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
