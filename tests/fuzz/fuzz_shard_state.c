/* tests/fuzz/fuzz_shard_state.c: any bytes as the state of a shard, with a digest that is right:
 * refused, or blocks that lie in it, twice the same. Then what is in the blocks: a merged state is
 * learned and done to rows, the tallies and rows of a shard are learned from. */
#include "base/memory.h"
#include "clean/batch_bytes.h"
#include "clean/exchange.h"
#include "clean/merged.h"
#include "use_steps.h"
#include "within.h"

#include <stdlib.h>

static enum status count_blocks(struct shard_file *file, size_t size, uint64_t *ret,
                                struct err *err)
{
    *ret = 0;
    for (bool end = false;;) {
        struct shard_block block;
        TRY(shard_next(file, &block, &end, err));
        if (end) return STATUS_OK;
        if (block.size > size) abort();
        uint8_t sum = 0;
        for (size_t i = 0; i < block.size; i++)
            sum ^= block.data[i];
        memory_free(block.data);
        *ret += 1 + sum;
    }
}

/* ---- a merged state ---- */

static enum status learn_merged(const struct shard_head *head, const char *path, struct err *err)
{
    OWNED(merged_close) struct merged *learned = NULL;
    OWNED(recipe_release) struct recipe recipe = {0};
    OWNED(chain_close) struct chain chain = {0};
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch rows = {0};
    TRY(merged_open(&learned, path, err));
    TRY(merged_recipe(learned, &recipe, err));
    TRY(schema_from_bytes(head->schema.data, head->schema.size, &schema, err));
    TRY(fuzz_chain_open(&chain, &recipe, schema, err));
    TRY(merged_load(learned, &chain, &(struct shard_extent){.windows = 1}, err));
    TRY(fuzz_rows(&rows, err));
    if (!schema_equal(rows.schema, schema)) {
        batch_release(&rows);
        TRY(fuzz_null_row(schema, &rows, err));
    }
    return fuzz_apply(&chain, &rows, err);
}

/* ---- a state of one shard ---- */

static enum status learn_block(const struct shard_block *block, struct chain *chain,
                               struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    OWNED(memory_release) int64_t *ordinals = NULL;
    if (block->step >= chain->count) return fail(err, STATUS_FAILED, "no such step");
    struct step *step = &chain->steps[block->step];
    if (!step_is_open(step)) return fail(err, STATUS_FAILED, "learned out of turn");
    if (block->kind == BLOCK_ROWS)
        return exchange_window(block, step->before, &batch, &ordinals, err);
    if (block->kind == BLOCK_TALLY && step_carries(step))
        return exchange_absorb(block, step, 0, err);
    return fail(err, STATUS_FAILED, "a block of kind %u", block->kind);
}

static enum status settle(struct chain *chain, struct err *err)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct step *step = &chain->steps[i];
        bool more = false;
        if (!step_is_open(step) || !step_must_fit(step) || !step_carries(step)) continue;
        if (step->module->settle != NULL) TRY(step->module->settle(step->state, 0, &more, err));
        if (!more) TRY(step_settled(step, err));
    }
    return STATUS_OK;
}

static enum status learn_fitted(struct shard_file *file, struct err *err)
{
    const struct shard_head *head = shard_head_of(file);
    OWNED(yaml_close) struct yaml *document = NULL;
    OWNED(recipe_release) struct recipe recipe = {0};
    OWNED(chain_close) struct chain chain = {0};
    OWNED(schema_unref) struct schema *schema = NULL;
    if (head->recipe_json == NULL) return STATUS_OK;
    TRY(recipe_from_json(head->recipe_json, &document, &recipe, err));
    TRY(schema_from_bytes(head->schema.data, head->schema.size, &schema, err));
    TRY(fuzz_chain_open(&chain, &recipe, schema, err));
    shard_rewind(file);
    for (bool end = false;;) {
        struct shard_block block;
        TRY(shard_next(file, &block, &end, err));
        if (end) return settle(&chain, err);
        enum status status = learn_block(&block, &chain, err);
        memory_free(block.data);
        TRY(status);
    }
}

static enum status read_shard(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(bytes_release) struct bytes whole = bytes_limited(16u << 20);
    OWNED(shard_close) struct shard_file *file = NULL;
    uint64_t once, again;
    TRY(bytes_append(&whole, data, size, err));
    struct digest digest = digest_of(data, size);
    TRY(bytes_append(&whole, &digest, sizeof digest, err));
    const char *path = fuzz_path(whole.data, whole.size);
    TRY(shard_open(&file, path, err));
    TRY(count_blocks(file, size, &once, err));
    shard_rewind(file);
    TRY(count_blocks(file, size, &again, err));
    if (once != again) abort();
    const struct shard_head *head = shard_head_of(file);
    return head->kind == SHARD_MERGED ? learn_merged(head, path, err) : learn_fitted(file, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_shard, data, size);
}
