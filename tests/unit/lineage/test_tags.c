/* test_tags.c: which version behind a weighted tag an entity gets. */
#include "lineage/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define ENTITIES 20000

static struct tag_state shares(int64_t a, int64_t b, int64_t c)
{
    struct tag_state state = {0};
    const int64_t weights[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        if (weights[i] > 0)
            state.shares[state.count++] = (struct tag_share){.number = i + 1, .weight = weights[i]};
    return state;
}

static int64_t pick(const struct tag_state *state, int entity)
{
    char key[16];
    snprintf(key, sizeof key, "u%d", entity);
    return tag_pick("feature/a", "prod", state, str_of(key));
}

static void shares_are_as_large_as_their_weights(void **state)
{
    struct tag_state tag = shares(70, 20, 10);
    int found[4] = {0};
    (void)state;
    for (int i = 0; i < ENTITIES; i++)
        found[pick(&tag, i)]++;
    assert_in_range(found[1], ENTITIES * 68 / 100, ENTITIES * 72 / 100);
    assert_in_range(found[2], ENTITIES * 18 / 100, ENTITIES * 22 / 100);
    assert_in_range(found[3], ENTITIES * 9 / 100, ENTITIES * 11 / 100);
}

/* From 10 to 30 percent: a fifth of all moves, every one of them to the version that grew. */
static void a_growing_share_only_wins(void **state)
{
    struct tag_state before = shares(60, 30, 10), after = shares(46, 24, 30);
    int moved = 0;
    (void)state;
    for (int i = 0; i < ENTITIES; i++) {
        int64_t was = pick(&before, i), is = pick(&after, i);
        assert_int_equal(was, pick(&before, i));
        if (was != is) moved++;
    }
    assert_in_range(moved, ENTITIES * 19 / 100, ENTITIES * 23 / 100);
    before = shares(90, 10, 0);
    after = shares(80, 20, 0);
    for (int i = 0; i < ENTITIES; i++)
        if (pick(&before, i) != pick(&after, i)) assert_int_equal(pick(&after, i), 2);
}

static void a_single_version_gets_all(void **state)
{
    struct tag_state tag = shares(0, 100, 0);
    (void)state;
    assert_int_equal(pick(&tag, 7), 2);
}

static void texts_name_versions_and_weights(void **state)
{
    struct tag_state one = shares(100, 0, 0), two = shares(0, 90, 10);
    char text[TAG_STATE_TEXT];
    (void)state;
    assert_string_equal(tag_state_text(&one, text), "1");
    assert_string_equal(tag_state_text(&two, text), "2:90,3:10");
    assert_false(tag_states_equal(&one, &two));
    assert_true(tag_states_equal(&two, &two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_as_large_as_their_weights),
        cmocka_unit_test(a_growing_share_only_wins),
        cmocka_unit_test(a_single_version_gets_all),
        cmocka_unit_test(texts_name_versions_and_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
