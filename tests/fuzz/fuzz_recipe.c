/* tests/fuzz/fuzz_recipe.c: any bytes as a recipe, and as a -m line: refused by place, or steps
 * with a meaning. */
#include "clean/recipe.h"
#include "within.h"

#include <string.h>

static enum status use(const char *path, const struct text_list *lines, struct err *err)
{
    OWNED(recipe_release) struct recipe recipe = {0};
    OWNED(bytes_release) struct bytes json = bytes_limited(16u << 20);
    struct digest digest;
    TRY(recipe_load(&recipe, path, lines, err));
    return recipe_json(&recipe, &json, &digest, err);
}

static enum status read_recipe(const uint8_t *data, size_t size, struct err *err)
{
    char line[256];
    const char *items[] = {line};
    size_t kept = size < sizeof line ? size : sizeof line - 1;
    struct err ignored = {0};
    memcpy(line, data, kept);
    line[kept] = '\0';
    (void)!use(NULL, &(struct text_list){.items = items, .count = 1}, &ignored);
    return use(fuzz_path(data, size), &(struct text_list){0}, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_recipe, data, size);
}
