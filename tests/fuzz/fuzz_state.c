/* tests/fuzz/fuzz_state.c: any bytes as what steps learned, with a digest that is right (it keeps
 * accidents away, not an author): refused, or steps that know it, and do it to rows. */
#include "base/memory.h"
#include "clean/state.h"
#include "use_steps.h"
#include "within.h"

static enum status use_state(const struct state *state, const struct recipe *recipe,
                             struct err *err)
{
    OWNED(chain_close) struct chain chain = {0};
    OWNED(batch_release) struct batch rows = {0};
    TRY(fuzz_rows(&rows, err));
    TRY(fuzz_chain_open(&chain, recipe, rows.schema, err));
    TRY(state_load(state, &chain, err));
    return fuzz_apply(&chain, &rows, err);
}

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
    TRY(state_recipe(state, &recipe, err));
    return use_state(state, &recipe, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_state, data, size);
}
