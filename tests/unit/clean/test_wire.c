/* clean/wire.c: what is written is read again, and what was cut or lies is refused. */
#include "clean/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct sample {
    int64_t number;
    double *items;
    size_t count;
    char *text, *none;
    int32_t *known;
};

static enum status carry(struct wire *wire, struct sample *sample, struct err *err)
{
    TRY(WIRE(wire, &sample->number, err));
    TRY(WIRE_ITEMS(wire, &sample->items, &sample->count, err));
    TRY(wire_text(wire, &sample->text, err));
    TRY(wire_text(wire, &sample->none, err));
    TRY(WIRE_KNOWN(wire, &sample->known, 2, err));
    return wire_end(wire, err);
}

static void release(struct sample *sample)
{
    memory_free(sample->items);
    memory_free(sample->text);
    memory_free(sample->known);
    *sample = (struct sample){0};
}

static void write_one(struct bytes *bytes)
{
    double items[3] = {1, -0.0, 2.5};
    int32_t known[2] = {7, 8};
    char text[] = "a b";
    struct sample sample = {-5, items, 3, text, NULL, known};
    struct wire wire = wire_to(bytes);
    *bytes = bytes_limited(1000);
    assert_int_equal(carry(&wire, &sample, NULL), STATUS_OK);
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct bytes bytes;
    struct sample sample = {0};
    write_one(&bytes);
    struct wire wire = wire_from(bytes.data, bytes.size);
    assert_int_equal(carry(&wire, &sample, NULL), STATUS_OK);
    assert_int_equal(sample.number, -5);
    assert_int_equal(sample.count, 3);
    assert_true(sample.items[2] == 2.5);
    assert_string_equal(sample.text, "a b");
    assert_null(sample.none);
    assert_int_equal(sample.known[1], 8);
    release(&sample);
    bytes_release(&bytes);
}

/* Every beginning of the bytes is too short, and more bytes are too many. */
static void test_cut(void **state)
{
    (void)state;
    struct bytes bytes;
    write_one(&bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct sample sample = {0};
        struct wire wire = wire_from(bytes.data, size);
        assert_int_equal(carry(&wire, &sample, NULL), STATUS_FAILED);
        release(&sample);
    }
    struct sample sample = {0};
    assert_int_equal(bytes_append(&bytes, "x", 1, NULL), STATUS_OK);
    struct wire wire = wire_from(bytes.data, bytes.size);
    assert_int_equal(carry(&wire, &sample, NULL), STATUS_FAILED);
    release(&sample);
    bytes_release(&bytes);
}

/* A count is never believed beyond what is left. */
static void test_lying_count(void **state)
{
    (void)state;
    uint64_t bytes[2] = {UINT64_MAX / 4, 0};
    double *items = NULL;
    size_t count = 0;
    struct err err = {0};
    struct wire wire = wire_from(bytes, sizeof bytes);
    assert_int_equal(WIRE_ITEMS(&wire, &items, &count, &err), STATUS_FAILED);
    assert_null(items);
    assert_string_equal(err.message,
                        "4611686018427387903 items of 8 bytes are announced, 8 bytes are left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lying_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
