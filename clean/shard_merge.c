/* clean/shard_merge.c: one round of learning from what all shards saw. */
#include "clean/shard_merge.h"

#include "clean/batch_bytes.h"
#include "clean/pass.h"
#include "clean/shard_record.h"

#define JSON_BYTES_MAXIMUM ((size_t)256 << 20)
#define BYTES_MAXIMUM      ((size_t)1 << 30)

/* One round at work. */
struct round {
    const struct merge *merge;
    struct chain *chain;
    struct pass_plan plan;
    struct spool *windows; /* NULL where no step of the round looks at rows */
    uint8_t *blind;        /* by step */
    struct shard_writer *writer;
};

static void round_release(struct round *round)
{
    spool_close(&round->windows);
    memory_free(round->blind);
    shard_writer_close(&round->writer);
}

static bool records(const struct step *step)
{
    const struct clean_module *module = step->module;
    if (module->refits != NULL && module->refits(step->state)) return true;
    return module->load == NULL || module->parameters_suffice == NULL ||
           !module->parameters_suffice(step->state);
}

/* ---- gathering ---- */

static bool needs_windows(const struct round *round)
{
    for (size_t i = 0; i < round->plan.fits; i++) {
        const struct step *step = &round->chain->steps[round->plan.last + i];
        if (!step_carries(step) || records(step)) return true;
    }
    return false;
}

static enum status gather_rows(struct round *round, const struct shard_block *block,
                               struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    OWNED(memory_release) int64_t *ordinals = NULL;
    OWNED(spool_place_release) struct spool_place place = {0};
    const struct schema *schema = round->chain->steps[round->plan.last].before;
    if (round->windows == NULL) return STATUS_OK;
    TRY(exchange_window(block, schema, &batch, &ordinals, err));
    TRY(spool_write(round->windows, &batch, ordinals, NULL, &place, err));
    return spool_put(round->windows, block->window, schema, &place, err);
}

static enum status gather_tally(struct round *round, const struct shard_block *block,
                                struct err *err)
{
    struct step *step = &round->chain->steps[block->step];
    enum status status = exchange_absorb(block, step, 0, err);
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

static enum status gather_block(struct round *round, const struct shard_block *block,
                                struct err *err)
{
    bool ours =
        block->step >= round->plan.last && block->step < round->plan.last + round->plan.fits;
    if (ours && block->kind == BLOCK_ROWS) return gather_rows(round, block, err);
    if (ours && block->kind == BLOCK_TALLY && step_carries(&round->chain->steps[block->step]))
        return gather_tally(round, block, err);
    return fail(err, STATUS_FAILED, "a block that is not of this round");
}

static enum status gather_shard(struct round *round, struct shard_file *file, struct err *err)
{
    shard_rewind(file);
    for (;;) {
        struct shard_block block;
        bool end = false;
        TRY(interrupted(err));
        TRY(shard_next(file, &block, &end, err));
        if (end) return STATUS_OK;
        enum status status = gather_block(round, &block, err);
        memory_free(block.data);
        if (status != STATUS_OK) return fail_within(err, status, "state \"%s\"", shard_path(file));
    }
}

static enum status gather(struct round *round, struct err *err)
{
    const struct shard_set *set = round->merge->set;
    if (needs_windows(round)) TRY(spool_open(&round->windows, 0, err));
    for (size_t i = 0; i < set->count; i++)
        TRY(gather_shard(round, set->files[i], err));
    if (round->windows != NULL) spool_turn(round->windows);
    return STATUS_OK;
}

/* ---- learning ---- */

static enum status settle(struct round *round, int reading, bool *learning, bool *ret_more,
                          struct err *err)
{
    *ret_more = false;
    for (size_t i = 0; i < round->plan.fits; i++) {
        struct step *step = &round->chain->steps[round->plan.last + i];
        bool more = false;
        if (!learning[i]) continue;
        enum status status = STATUS_OK;
        if (step->module->settle != NULL)
            status = step->module->settle(step->state, reading, &more, err);
        if (status == STATUS_OK && more && step_carries(step))
            status = fail(err, STATUS_FAILED, "wants to see rows that were not exchanged");
        if (status != STATUS_OK) return fail_in_step(step, status, err);
        learning[i] = more || reading + 1 < step->module->passes;
        if (!learning[i])
            TRY(step_settled(step, err));
        else
            *ret_more = true;
    }
    return STATUS_OK;
}

static enum status read_rows(struct round *round, int reading, const bool *learning,
                             struct err *err)
{
    struct pass pass = {
        .chain = round->chain,
        .plan = round->plan,
        .reading = reading,
        .learning = learning,
        .from = round->windows,
    };
    pass.plan.first = pass.plan.last;
    round->chain->passes++;
    return pass_run(&pass, err);
}

static enum status learn(struct round *round, struct err *err)
{
    OWNED(memory_release) bool *by_rows = NULL;
    OWNED(memory_release) bool *learning = NULL;
    bool more = true, any = false;
    TRY(NEW(&by_rows, round->plan.fits, err));
    TRY(NEW(&learning, round->plan.fits, err));
    for (size_t i = 0; i < round->plan.fits; i++) {
        by_rows[i] = !step_carries(&round->chain->steps[round->plan.last + i]);
        any = any || by_rows[i];
        learning[i] = true;
    }
    if (any) TRY(read_rows(round, 0, by_rows, err));
    TRY(settle(round, 0, learning, &more, err));
    for (int reading = 1; more; reading++) {
        TRY(read_rows(round, reading, learning, err));
        TRY(settle(round, reading, learning, &more, err));
    }
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status write_schema(struct round *round, size_t at, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(BYTES_MAXIMUM);
    TRY(schema_to_bytes(round->chain->steps[at].after, &bytes, err));
    return shard_put(round->writer, BLOCK_SCHEMA, at, -1, bytes.data, bytes.size, err);
}

static enum status conclude(const struct step *step, struct conclusion *ret, struct err *err)
{
    const struct clean_module *module = step->module;
    ret->report = bytes_limited(4u << 20);
    if (module->conclude != NULL)
        TRY(module->conclude(step->state, step->effect.rows_in, step->findings, step->finding_count,
                             &ret->failed, &ret->report, err));
    return module->checks == NULL ? STATUS_OK : module->checks(step->state, &ret->checks, err);
}

static enum status write_conclusion(struct round *round, size_t at, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(BYTES_MAXIMUM);
    OWNED(conclusion_release) struct conclusion conclusion = {0};
    TRY(conclude(&round->chain->steps[at], &conclusion, err));
    TRY(conclusion_write(&conclusion, &bytes, err));
    return shard_put(round->writer, BLOCK_CONCLUSION, at, -1, bytes.data, bytes.size, err);
}

static enum status write_parameters(struct round *round, size_t at, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(JSON_BYTES_MAXIMUM);
    const struct step *step = &round->chain->steps[at];
    if (step->module->save != NULL) TRY(step->module->save(step->state, &bytes, err));
    if (bytes.size == 0) TRY(bytes_append_text(&bytes, "{}", err));
    return shard_put(round->writer, BLOCK_PARAMETERS, at, -1, bytes.data, bytes.size, err);
}

static enum status write_step(struct round *round, size_t at, struct err *err)
{
    TRY(write_schema(round, at, err));
    if (records(&round->chain->steps[at])) {
        TRY(record_changes(round->chain, at, round->windows, round->merge->notes, round->writer,
                           err));
        TRY(write_conclusion(round, at, err));
    }
    return write_parameters(round, at, err);
}

/* Whether a later step that masks what is told of this one waits for a schema to be learned. */
static bool is_blind(const struct chain *chain, size_t at)
{
    for (size_t i = at; i < chain->count; i++)
        if (chain->steps[i].module->redact != NULL && !step_is_open(&chain->steps[i])) return true;
    return false;
}

/* One run over all rows would tell what the steps of this pass do before it learns more. */
static enum status note_blind(struct round *round, struct err *err)
{
    const struct merge *merge = round->merge;
    const struct shard_head *before = merge->previous == NULL ? NULL : merged_head(merge->previous);
    size_t first = before == NULL ? 0 : (size_t)before->applied;
    TRY(NEW(&round->blind, round->chain->count, err));
    for (size_t i = 0; before != NULL && i < before->blind_count && i < round->chain->count; i++)
        round->blind[i] = before->blind[i];
    for (size_t i = first; i < round->plan.last; i++)
        round->blind[i] = is_blind(round->chain, i);
    return STATUS_OK;
}

/* Borrows from the states. */
static void head_of_merge(const struct round *round, bool complete, struct shard_head *ret)
{
    const struct shard_set *set = round->merge->set;
    *ret = *shard_set_head(set);
    ret->kind = SHARD_MERGED;
    ret->index = 0;
    ret->complete = complete;
    ret->applied = (int64_t)round->plan.last;
    ret->blind = round->blind;
    ret->blind_count = round->chain->count;
    ret->merged = round->merge->of_set;
    ret->extents = set->extents;
    ret->extent_count = set->count;
}

static enum status write_merged(struct round *round, bool complete, struct err *err)
{
    struct shard_head head;
    head_of_merge(round, complete, &head);
    TRY(shard_create(&round->writer, round->merge->path, &head, err));
    if (round->merge->previous != NULL)
        TRY(merged_copy(round->merge->previous, round->writer, err));
    for (size_t i = 0; i < round->plan.fits; i++)
        TRY(write_step(round, round->plan.last + i, err));
    return shard_commit(round->writer, err);
}

static enum status run_round(struct round *round, bool *ret_complete, struct err *err)
{
    struct chain *chain = round->chain;
    TRY(note_blind(round, err));
    if (round->plan.fits > 0) {
        TRY(gather(round, err));
        TRY(learn(round, err));
        TRY(chain_reopen(chain, round->plan.last + round->plan.fits, err));
    }
    *ret_complete = plan_pass(chain->steps, chain->count, 0, true).fits == 0;
    return write_merged(round, *ret_complete, err);
}

enum status merge_round(const struct merge *merge, bool *ret_complete, struct err *err)
{
    OWNED(round_release) struct round round = {.merge = merge, .chain = merge->chain};
    if (shard_set_head(merge->set)->round > 0)
        round.plan = plan_pass(merge->chain->steps, merge->chain->count, 0, true);
    return run_round(&round, ret_complete, err);
}
