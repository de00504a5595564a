/* tests/fuzz/fuzz_state.c: any bytes as what steps learned, with a digest that is right (it keeps
 * accidents away, not an author): refused, or a recipe. */
#include "base/memory.h"
#include "clean/state.h"
#include "within.h"

static enum status read_state(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(16u << 20);
    OWNED(state_close) struct state *state = NULL;
    OWNED(recipe_release) struct recipe recipe = {0};
    char hex[DIGEST_TEXT];
    TRY(bytes_append(&text, data, size, err));
    struct digest digest = digest_of(text.data, text.size);
    TRY(bytes_append_text(&text, "\"digest\": \"", err));
    TRY(bytes_append_text(&text, digest_text(&digest, hex), err));
    TRY(bytes_append_text(&text, "\"}\n", err));
    TRY(state_open(&state, fuzz_path(text.data, text.size), err));
    return state_recipe(state, &recipe, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_state, data, size);
}
