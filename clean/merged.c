/* clean/merged.c: a merged state at work. */
#include "clean/merged.h"

#include "clean/batch_bytes.h"

#define PARAMETERS_BYTES_MAXIMUM ((size_t)256 << 20)
#define PARAMETERS_NODES_MAXIMUM ((size_t)50000000)
#define RECORDED_SHARE           8 /* of a step's memory holds its recorded changes */

/* What one step learned. */
struct lesson {
    struct schema *after;
    struct recorded *recorded; /* NULL: it applies itself */
    struct conclusion conclusion;
    struct yaml *parameters;
    uint8_t *text; /* of the parameters */
};

struct merged {
    struct shard_file *file;
    struct yaml *recipe;
    struct lesson *lessons; /* by step */
    size_t count;
};

static void forget(struct merged *learned)
{
    for (size_t i = 0; i < learned->count; i++) {
        struct lesson *lesson = &learned->lessons[i];
        schema_unref(&lesson->after);
        recorded_close(&lesson->recorded);
        conclusion_release(&lesson->conclusion);
        yaml_close(&lesson->parameters);
        memory_free(lesson->text);
    }
    memory_free(learned->lessons);
    learned->lessons = NULL;
    learned->count = 0;
}

void merged_close(struct merged **learned)
{
    if (*learned == NULL) return;
    forget(*learned);
    yaml_close(&(*learned)->recipe);
    shard_close(&(*learned)->file);
    memory_free(*learned);
    *learned = NULL;
}

enum status merged_open(struct merged **ret, const char *path, struct err *err)
{
    OWNED(merged_close) struct merged *learned = NULL;
    TRY(NEW(&learned, 1, err));
    TRY(shard_open(&learned->file, path, err));
    if (shard_head_of(learned->file)->kind != SHARD_MERGED) {
        (void)fail(err, STATUS_USAGE,
                   "state \"%s\": found that of one shard, expected a merged one", path);
        err_hint(err, "tamis-clean merge makes one of the states of all shards");
        return STATUS_USAGE;
    }
    *ret = learned;
    learned = NULL;
    return STATUS_OK;
}

const struct shard_head *merged_head(const struct merged *learned)
{
    return shard_head_of(learned->file);
}

struct digest merged_digest(const struct merged *learned)
{
    return shard_digest(learned->file);
}

/* ---- the recipe ---- */

enum status recipe_from_json(const char *json, struct yaml **ret_document, struct recipe *ret,
                             struct err *err)
{
    struct str text = str_of(json);
    TRY(yaml_parse_within(ret_document, NULL, text, PARAMETERS_BYTES_MAXIMUM,
                          PARAMETERS_NODES_MAXIMUM, err));
    const struct yaml_node *steps = yaml_get(yaml_root(*ret_document), "steps");
    if (steps == NULL) return fail(err, STATUS_FAILED, "a state without a recipe");
    return recipe_add_steps(ret, steps, "state", err);
}

enum status merged_recipe(struct merged *learned, struct recipe *ret, struct err *err)
{
    yaml_close(&learned->recipe);
    return recipe_from_json(merged_head(learned)->recipe_json, &learned->recipe, ret, err);
}

/* ---- giving it to the steps ---- */

static enum status load_parameters(struct lesson *lesson, struct shard_block *block,
                                   struct step *step, struct err *err)
{
    const struct clean_module *module = step->module;
    lesson->text = block->data;
    block->data = NULL;
    step->parameters = (struct str){(const char *)lesson->text, block->size};
    if (module->load == NULL || (module->refits != NULL && module->refits(step->state)))
        return STATUS_OK;
    struct str text = {(const char *)lesson->text, block->size};
    TRY(yaml_parse_within(&lesson->parameters, NULL, text, PARAMETERS_BYTES_MAXIMUM,
                          PARAMETERS_NODES_MAXIMUM, err));
    struct err refused = {0};
    enum status status = module->load(step->state, yaml_root(lesson->parameters), &refused);
    if (status == STATUS_OK || (status == STATUS_USAGE && lesson->recorded != NULL))
        return STATUS_OK; /* what is recorded is done without parameters too (mask with k) */
    if (err != NULL) *err = refused;
    return status;
}

/* What is recorded is checked against the schema that comes with it; a step that works by itself
 * knows which columns it makes, and nothing else will do. */
static enum status settle_schema(struct lesson *lesson, struct step *step, struct err *err)
{
    if (lesson->recorded != NULL) return step_settled_as(step, lesson->after, err);
    if (lesson->parameters != NULL)
        TRY(step_settled(step, err));
    else
        step->settled = true;
    if (schema_equal(step->after, lesson->after)) return step_settled_as(step, lesson->after, err);
    return fail(err, STATUS_FAILED, "found %zu columns behind the step, expected the %zu it makes",
                lesson->after->count, step->after->count);
}

/* The last block of a step: the next ones can be opened. */
static enum status end_lesson(struct lesson *lesson, struct shard_block *block, struct chain *chain,
                              struct err *err)
{
    struct step *step = &chain->steps[block->step];
    if (!step_is_open(step)) return fail(err, STATUS_FAILED, "learned out of turn");
    TRY(load_parameters(lesson, block, step, err));
    TRY(settle_schema(lesson, step, err));
    if (lesson->recorded != NULL) {
        TRY(recorded_freeze(lesson->recorded, err));
        step->recorded = lesson->recorded;
        step->conclusion = &lesson->conclusion;
    }
    return chain_reopen(chain, block->step + 1, err);
}

static bool is_within(const struct shard_extent *extent, int64_t window)
{
    return extent != NULL && window >= extent->first_window &&
           window < extent->first_window + extent->windows;
}

static enum status take_block(struct merged *learned, struct shard_block *block,
                              struct chain *chain, const struct shard_extent *extent,
                              struct err *err)
{
    struct lesson *lesson = &learned->lessons[block->step];
    switch ((enum shard_block_kind)block->kind) {
    case BLOCK_SCHEMA: return schema_from_bytes(block->data, block->size, &lesson->after, err);
    case BLOCK_CHANGE:
        if (lesson->recorded == NULL)
            TRY(recorded_open(&lesson->recorded, chain->step_memory / RECORDED_SHARE, err));
        if (!is_within(extent, block->window)) return STATUS_OK;
        return recorded_add(lesson->recorded, block->window, block->data, block->size, err);
    case BLOCK_WORDS:
        if (lesson->recorded == NULL)
            TRY(recorded_open(&lesson->recorded, chain->step_memory / RECORDED_SHARE, err));
        return recorded_words(lesson->recorded, block->data, block->size, err);
    case BLOCK_CONCLUSION:
        return conclusion_read(&lesson->conclusion, block->data, block->size, err);
    case BLOCK_PARAMETERS: return end_lesson(lesson, block, chain, err);
    default: return fail(err, STATUS_FAILED, "a block of kind %u", block->kind);
    }
}

static bool is_in_turn(const struct merged *learned, const struct shard_block *block)
{
    if (block->step >= learned->count) return false;
    const struct lesson *lesson = &learned->lessons[block->step];
    if (lesson->text != NULL) return false;
    if (block->kind == BLOCK_CONCLUSION && lesson->conclusion.arena != NULL) return false;
    return (block->kind == BLOCK_SCHEMA) == (lesson->after == NULL);
}

enum status merged_load(struct merged *learned, struct chain *chain,
                        const struct shard_extent *extent, struct err *err)
{
    const struct shard_head *head = merged_head(learned);
    forget(learned);
    for (size_t i = 0; i < chain->count && i < head->blind_count; i++)
        chain->steps[i].blind = head->blind[i] != 0;
    TRY(NEW(&learned->lessons, chain->count, err));
    learned->count = chain->count;
    shard_rewind(learned->file);
    for (;;) {
        struct shard_block block;
        bool end = false;
        TRY(shard_next(learned->file, &block, &end, err));
        if (end) return STATUS_OK;
        enum status status = STATUS_OK;
        if (!is_in_turn(learned, &block))
            status = fail(err, STATUS_FAILED, "blocks out of turn");
        else
            status = take_block(learned, &block, chain, extent, err);
        memory_free(block.data);
        if (status != STATUS_OK)
            return fail_within(err, status, "state \"%s\"", shard_path(learned->file));
    }
}

enum status merged_copy(struct merged *learned, struct shard_writer *writer, struct err *err)
{
    shard_rewind(learned->file);
    for (;;) {
        struct shard_block block;
        bool end = false;
        TRY(shard_next(learned->file, &block, &end, err));
        if (end) return STATUS_OK;
        enum status status =
            shard_put(writer, block.kind, block.step, block.window, block.data, block.size, err);
        memory_free(block.data);
        TRY(status);
    }
}
