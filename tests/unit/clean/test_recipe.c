/* tests/unit/clean/test_recipe.c: files and lines into steps, and the places of mistakes. */
#include "tests/unit/clean/harness.h"

#include "clean/recipe.h"

#include <stdio.h>
#include <unistd.h>

static char path[64];

static void write_recipe(const char *text)
{
    snprintf(path, sizeof path, "recipe-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static enum status load(struct recipe *recipe, const char *text, const char *line, struct err *err)
{
    struct text_list lines = {.items = &line, .count = line != NULL};
    if (text != NULL) write_recipe(text);
    enum status status = recipe_load(recipe, text == NULL ? NULL : path, &lines, err);
    if (text != NULL) unlink(path);
    return status;
}

static void test_lines_come_behind_the_file(void **unused)
{
    (void)unused;
    struct recipe recipe = {0};
    struct err err = {0};
    assert_int_equal(load(&recipe, "tamis: 1\nsteps:\n  - missing: {markers: [x]}\n  - text:\n",
                          "missing nan=false", &err),
                     STATUS_OK);
    assert_int_equal(recipe.count, 3);
    assert_string_equal(recipe.steps[0].module->name, "missing");
    assert_string_equal(recipe.steps[1].module->name, "text");
    assert_null(recipe.steps[1].settings);
    assert_string_equal(recipe.steps[2].module->name, "missing");
    recipe_release(&recipe);
}

static void refused(const char *text, const char *line, const char *message)
{
    struct recipe recipe = {0};
    struct err err = {0};
    assert_int_equal(load(&recipe, text, line, &err), STATUS_USAGE);
    if (strstr(err.message, message) == NULL) print_error("%s\n", err.message);
    assert_non_null(strstr(err.message, message));
    assert_int_equal(recipe.count, 0);
}

static void test_mistakes_have_a_place_and_the_nearest_word(void **unused)
{
    (void)unused;
    refused("steps:\n  - texd: {}\n", NULL,
            "line 2, column 5: unknown module \"texd\", did you mean \"text\"?");
    refused("steps:\n  - text: {normalise: nfc}\n", NULL,
            "line 2, column 12: unknown setting \"normalise\", did you mean \"normalize\"?");
    refused("steps:\n  - text: {}\n    missing: {}\n", NULL,
            "line 2, column 5: a step with 2 keys");
    refused("steps:\n  - text\n", NULL, "line 2, column 5: a scalar where a step was expected");
    refused("steps: {text: {}}\n", NULL, "line 1, column 8: \"steps\" is a list");
    refused("tamis: 2\nsteps: []\n", NULL, "line 1, column 8: version 2");
    refused("stepz: []\n", NULL, "did you mean \"steps\"");
    refused("tamis: 1\n", NULL, "a recipe without \"steps\"");
    refused(NULL, "text whitespace=both", "-m \"text whitespace=both\"");
    refused(NULL, NULL, "no step to run");
    refused("steps: []\n", NULL, "no step to run");
}

static struct digest digest_of_recipe(const char *text)
{
    struct recipe recipe = {0};
    struct err err = {0};
    struct digest digest;
    OWNED(bytes_release) struct bytes json = bytes_limited(4096);
    assert_int_equal(load(&recipe, text, NULL, &err), STATUS_OK);
    assert_int_equal(recipe_json(&recipe, &json, &digest, &err), STATUS_OK);
    recipe_release(&recipe);
    return digest;
}

static void test_the_digest_is_of_the_meaning(void **unused)
{
    (void)unused;
    struct digest a = digest_of_recipe("steps:\n - text: {whitespace: trim, normalize: nfc}\n");
    struct digest b = digest_of_recipe("# other layout\ntamis: 1\nsteps:\n - text:\n"
                                       "     normalize: nfc\n     whitespace: trim\n");
    struct digest c = digest_of_recipe("steps:\n - text: {whitespace: keep, normalize: nfc}\n");
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
}

static void test_json(void **unused)
{
    (void)unused;
    struct recipe recipe = {0};
    struct err err = {0};
    struct digest digest;
    OWNED(bytes_release) struct bytes json = bytes_limited(4096);
    assert_int_equal(load(&recipe, "steps: [{text: }, {missing: {markers: [a, 'b']}}]", NULL, &err),
                     STATUS_OK);
    assert_int_equal(recipe_json(&recipe, &json, &digest, &err), STATUS_OK);
    assert_int_equal(bytes_append(&json, "", 1, &err), STATUS_OK);
    assert_string_equal((const char *)json.data,
                        "{\"steps\":[{\"text\":{}},{\"missing\":{\"markers\":[\"a\",\"b\"]}}]}");
    recipe_release(&recipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_come_behind_the_file),
        cmocka_unit_test(test_mistakes_have_a_place_and_the_nearest_word),
        cmocka_unit_test(test_the_digest_is_of_the_meaning),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
