/* test_distinct.c: the table of values seen, through many doublings. */
#include "ingest/distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"

#define VALUES 200000

static struct distinct_key key_of(int64_t value)
{
    return distinct_key_of((struct str){(const char *)&value, sizeof value});
}

static void who_was_first_is_known(void **state)
{
    (void)state;
    struct distinct *distinct = NULL;
    size_t before = memory_in_use();
    assert_int_equal(distinct_open(&distinct, NULL), STATUS_OK);
    for (int64_t i = 1; i <= VALUES; i++) {
        struct distinct_key key = key_of(i * 7919);
        assert_null(distinct_find(distinct, &key));
        assert_int_equal(distinct_add(distinct, &key, (uint64_t)i % 3, i, NULL), STATUS_OK);
    }
    assert_int_equal(distinct_count(distinct), VALUES);
    for (int64_t i = 1; i <= VALUES; i++) {
        struct distinct_key key = key_of(i * 7919), other = key_of(-i);
        const struct distinct_place *place = distinct_find(distinct, &key);
        assert_non_null(place);
        assert_int_equal(place->record, i);
        assert_int_equal(place->source, (uint64_t)i % 3);
        assert_null(distinct_find(distinct, &other));
    }
    assert_true(memory_in_use() - before < 4096); /* the values are not in memory */
    distinct_close(&distinct);
    assert_int_equal(memory_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_was_first_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
