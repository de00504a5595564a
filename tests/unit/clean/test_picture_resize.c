/* tests/unit/clean/test_picture_resize.c: the fast loops of the resize give the bytes of the plain
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clean/picture_resize.h"

#include <string.h>

#include <cmocka.h>

#define WIDTH 101 /* values of a row: no multiple of a vector */
#define ROWS  8

static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* Uneven weights that add up to `total`, none of twice the mean. */
static void make_weights(uint32_t *ret, uint32_t count, uint32_t total)
{
    for (uint32_t i = 0; i < count; i++)
        ret[i] = total / count + (i == 0 ? total % count : 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t moved = next() % (ret[i] / 2 + 1);
        ret[i] -= moved;
        ret[(i + 1) % count] += moved;
    }
}

/* A third of the values at each end, where sums are largest. */
static void make_row(uint8_t *ret)
{
    for (int i = 0; i < WIDTH; i++)
        ret[i] = next() % 3 == 0 ? 255 : next() % 2 == 0 ? 0 : (uint8_t)next();
}

static void blend_is_add_and_settle(void **state)
{
    (void)state;
    const struct resize_kernels *kernels = resize_kernels();
    uint8_t room[ROWS][WIDTH];
    const uint8_t *rows[ROWS];
    uint32_t weights[ROWS], sums[WIDTH] = {0};
    uint16_t plain[WIDTH], fast[WIDTH];
    for (uint32_t count = 1; count <= ROWS; count++) {
        make_weights(weights, count, 1u << RESIZE_ROW_BITS);
        for (uint32_t i = 0; i < count; i++) {
            make_row(room[i]);
            rows[i] = room[i];
            kernels->add(sums, rows[i], WIDTH, weights[i]);
        }
        kernels->settle(plain, sums, WIDTH);
        kernels->blend(fast, rows, weights, count, WIDTH);
        assert_memory_equal(fast, plain, sizeof plain);
    }
}

static void pairs_are_the_plain_sums(void **state)
{
    (void)state;
    enum { TO = 11, PIXELS = 40 };
    const struct resize_kernels *kernels = resize_kernels();
    if (kernels->across_pairs == NULL) skip();
    struct resize_place places[TO];
    uint32_t weights[TO * 10];
    int16_t pairs[TO * 10];
    uint16_t settled[3 * PIXELS + 1];
    uint8_t plain[3 * TO], fast[3 * TO];
    for (uint32_t count = 4; count <= 10; count += 2) {
        for (uint32_t x = 0; x < TO; x++) {
            places[x] = (struct resize_place){7 + x * 3 % (PIXELS - count), count, x * count};
            make_weights(weights + x * count, count, 1u << 16);
            for (uint32_t i = 0; i < count; i++)
                pairs[x * count + i] = (int16_t)weights[x * count + i];
        }
        for (int i = 0; i < 3 * PIXELS + 1; i++)
            settled[i] = next() % 3 == 0 ? 65280 : (uint16_t)(next() % 65281);
        kernels->across_rgb(places, weights, TO, settled, 7, plain);
        kernels->across_pairs(places, pairs, TO, settled, 7, fast);
        assert_memory_equal(fast, plain, sizeof plain);
    }
}

/* A picture of width x height to `to` x `to` by rows that are kept, and by sums of them. */
static void shrink(uint32_t width, uint32_t height, uint32_t to, bool summed, uint8_t *ret)
{
    struct resizing resizing = {0};
    uint8_t row[3 * 64];
    const struct resize_span across = {0, width, to, 1}, down = {0, height, to, 1};
    assert_int_equal(resizing_open(&resizing, RESIZE_AREA, &across, &down, 3, ret, NULL), 0);
    assert_int_equal(resizing.kept == NULL, summed);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t i = 0; i < 3 * width; i++)
            row[i] = (uint8_t)(i * 7 + y * 5);
        resizing_row(&resizing, y, row);
    }
    resizing_release(&resizing);
}

/* Each place against its mean; places of 6 rows are kept, of 12 summed. */
static void many_rows_and_few(void **state)
{
    (void)state;
    for (uint32_t size = 12; size <= 24; size += 12) {
        uint8_t got[12];
        uint32_t part = size / 2;
        shrink(size, size, 2, size == 24, got);
        for (uint32_t place = 0; place < 12; place++) {
            uint32_t sum = 0, x = place / 3 % 2, y = place / 6;
            for (uint32_t i = 0; i < part * part; i++)
                sum += (uint8_t)((3 * (x * part + i % part) + place % 3) * 7 +
                                 (y * part + i / part) * 5);
            double mean = sum / (double)(part * part);
            assert_true(got[place] >= mean - 0.51 && got[place] <= mean + 0.51);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blend_is_add_and_settle),
        cmocka_unit_test(pairs_are_the_plain_sums),
        cmocka_unit_test(many_rows_and_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
