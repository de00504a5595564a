/* clean/chain.c: a recipe at work. */
#include "clean/chain.h"

#include "clean/pass.h"

/* ---- opening ---- */

static const struct schema *schema_before(const struct chain *chain, size_t at)
{
    return at == 0 ? chain->input : chain->steps[at - 1].after;
}

static enum status open_steps(struct chain *chain, size_t first, struct err *err)
{
    bool guess = false;
    for (size_t i = first; i < chain->count; i++) {
        struct step *step = &chain->steps[i];
        const struct schema *schema = schema_before(chain, i);
        guess = guess || (i > 0 && step_schema_is_guess(&chain->steps[i - 1]));
        bool fits = step_is_open(step) && schema_equal(step->before, schema);
        enum status status = fits ? STATUS_OK : step_open(step, schema, &chain->options, err);
        if (status == STATUS_OK) continue;
        if (!guess || status == STATUS_MEMORY) {
            chain->redactor.not_opened = true;
            return status;
        }
        for (size_t later = i; later < chain->count; later++)
            step_close(&chain->steps[later]); /* opened when the types are learned */
        return STATUS_OK;
    }
    return STATUS_OK;
}

#define FITS_TOGETHER 2 /* may have a step's whole share of the memory each */

/* Steps that learn in one pass hold what they learn at the same time: from the third on they share
 * what two may hold. */
enum status chain_reopen(struct chain *chain, size_t first, struct err *err)
{
    TRY(open_steps(chain, first, err));
    size_t most = plan_most_fits(chain->steps, chain->count, first);
    size_t memory =
        chain->step_memory * FITS_TOGETHER / (most > FITS_TOGETHER ? most : FITS_TOGETHER);
    if (memory >= chain->options.memory) return STATUS_OK;
    chain->options.memory = memory;
    for (size_t i = first; i < chain->count; i++)
        step_close(&chain->steps[i]);
    return open_steps(chain, first, err);
}

/* Values that are made lie in memory as an array, as a message, and compressed. */
#define COPIES 4

static uint64_t growth_of(const struct chain *chain)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < chain->count; i++) {
        const struct step *step = &chain->steps[i];
        if (step_is_open(step) && step->module->growth != NULL)
            sum += step->module->growth(step->state);
    }
    return COPIES * sum;
}

enum status chain_open(struct chain *ret, const struct recipe *recipe, const struct schema *input,
                       const struct step_options *options, struct err *err)
{
    OWNED(chain_close)
    struct chain chain = {
        .count = recipe->count, .options = *options, .step_memory = options->memory};
    TRY(NEW(&chain.steps, recipe->count, err));
    TRY(NEW(&chain.nulls_before, input->count, err));
    chain.input = schema_ref(input);
    for (size_t i = 0; i < recipe->count; i++) {
        chain.steps[i].recipe = &recipe->steps[i];
        chain.steps[i].module = recipe->steps[i].module;
        chain.steps[i].position = (int)i + 1;
    }
    TRY(chain_reopen(&chain, 0, err));
    chain.growth = growth_of(&chain);
    chain.redactor = (struct redactor){chain.steps, chain.count};
    *ret = chain;
    chain = (struct chain){0};
    return STATUS_OK;
}

const struct schema *chain_schema(const struct chain *chain)
{
    return schema_before(chain, chain->count);
}

void chain_close(struct chain *chain)
{
    if (chain == NULL) return;
    for (size_t i = 0; chain->steps != NULL && i < chain->count; i++)
        step_close(&chain->steps[i]);
    memory_free(chain->steps);
    memory_free(chain->nulls_before);
    memory_free(chain->nulls_after);
    schema_unref(&chain->input);
    *chain = (struct chain){0};
}

/* ---- learning ---- */

/* The rows at hand: through which steps they have been, and where they lie. */
struct rows_at_hand {
    size_t steps;
    struct stage_input *input; /* NULL once they lie in the spool */
    struct spool *spool;       /* NULL before the first barrier that needs one */
    bool read;                 /* the input, once or more */
};

#define SPOOL_NEEDS                                                                                \
    ((size_t)192 << 20) /* of --memory is for windows in flight and what steps learn */

/* Rows between passes stay in memory while they take at most a quarter of what is left of it. */
static size_t spool_memory(const struct chain *chain)
{
    size_t memory = chain->step_memory * 4; /* a step's share is a quarter */
    return memory <= SPOOL_NEEDS ? 0 : (memory - SPOOL_NEEDS) / 4;
}

/* Reads them into `pass`, from their beginning. */
static enum status read_rows(struct rows_at_hand *rows, struct pass *pass, struct err *err)
{
    pass->input = rows->input;
    pass->from = rows->spool;
    pass->again = rows->read;
    if (rows->input != NULL && rows->read) TRY(stage_input_rewind(rows->input, err));
    rows->read = true;
    pass->chain->passes++;
    return pass_run(pass, err);
}

static enum status settle(struct chain *chain, const struct pass *pass, bool *learning,
                          bool *ret_more, struct err *err)
{
    *ret_more = false;
    for (size_t i = 0; i < pass->plan.fits; i++) {
        struct step *step = &chain->steps[pass->plan.last + i];
        bool more = false;
        if (!learning[i]) continue;
        enum status status = STATUS_OK;
        if (step->module->settle != NULL)
            status = step->module->settle(step->state, pass->reading, &more, err);
        if (status != STATUS_OK) return fail_in_step(step, status, err);
        learning[i] = more || pass->reading + 1 < step->module->passes;
        if (!learning[i])
            TRY(step_settled(step, err));
        else
            *ret_more = true;
    }
    return STATUS_OK;
}

/* Further readings of a fit: the rows as the first reading left them, no step applied again. */
static enum status read_again(struct chain *chain, struct pass *pass, bool *learning,
                              struct rows_at_hand *rows, struct err *err)
{
    bool more = true;
    pass->to = NULL;
    pass->plan.first = pass->plan.last;
    for (pass->reading = 1; more; pass->reading++) {
        TRY(read_rows(rows, pass, err));
        TRY(settle(chain, pass, learning, &more, err));
    }
    return STATUS_OK;
}

static enum status learn(struct chain *chain, const struct pass_plan *plan,
                         struct rows_at_hand *rows, struct err *err)
{
    OWNED(memory_release) bool *learning = NULL;
    bool more = false;
    TRY(NEW(&learning, plan->fits, err));
    for (size_t i = 0; i < plan->fits; i++)
        learning[i] = true;
    if (plan->spools && rows->spool == NULL)
        TRY(spool_open(&rows->spool, spool_memory(chain), err));
    struct pass pass = {
        .chain = chain,
        .plan = *plan,
        .learning = learning,
        .to = plan->spools ? rows->spool : NULL,
    };
    TRY(read_rows(rows, &pass, err));
    if (plan->spools) {
        spool_turn(rows->spool);
        chain->spooled_bytes = spool_bytes(rows->spool);
        rows->input = NULL;
    }
    rows->steps = plan->last;
    TRY(settle(chain, &pass, learning, &more, err));
    if (more) TRY(read_again(chain, &pass, learning, rows, err));
    return chain_reopen(chain, plan->last, err);
}

/* ---- writing ---- */

static enum status write_out(struct chain *chain, const struct pass_plan *plan,
                             struct rows_at_hand *rows, struct stage_output *output,
                             struct err *err)
{
    memory_free(chain->nulls_after);
    TRY(NEW(&chain->nulls_after, chain_schema(chain)->count, err));
    if (chain->observation != NULL)
        TRY(observation_leaves(chain->observation, chain_schema(chain), err));
    struct pass pass = {
        .chain = chain,
        .plan = *plan,
        .output = output,
    };
    return read_rows(rows, &pass, err);
}

/* The output of a shard says which one it is, and not any more what its input said. */
static enum status open_output(struct chain *chain, const struct stage_target *target,
                               const struct common *common, struct stage_output **ret,
                               struct err *err)
{
    OWNED(schema_unref) struct schema *named = NULL;
    if (chain->shard == NULL)
        return stage_output_open(ret, target, chain_schema(chain), chain->run, common, err);
    TRY(shard_schema(chain->shard, chain_schema(chain), &named, err));
    return stage_output_open(ret, target, named, chain->run, common, err);
}

static enum status run_passes(struct chain *chain, struct rows_at_hand *rows,
                              const struct stage_target *target, const struct common *common,
                              struct stage_output **ret_output, struct err *err)
{
    for (;;) {
        bool again = rows->input == NULL || stage_input_can_rewind(rows->input);
        struct pass_plan plan = plan_pass(chain->steps, chain->count, rows->steps, again);
        if (plan.fits > 0) {
            TRY(learn(chain, &plan, rows, err));
            continue;
        }
        if (target == NULL) return write_out(chain, &plan, rows, NULL, err);
        TRY(open_output(chain, target, common, ret_output, err));
        return write_out(chain, &plan, rows, *ret_output, err);
    }
}

enum status chain_run(struct chain *chain, struct stage_input *input,
                      const struct stage_target *target, const struct common *common,
                      struct stage_output **ret_output, struct err *err)
{
    struct rows_at_hand rows = {.input = input};
    chain->common = common;
    enum status status = run_passes(chain, &rows, target, common, ret_output, err);
    spool_close(&rows.spool);
    return status;
}

enum status chain_explain(const struct chain *chain, const struct stage_input *input,
                          struct bytes *ret, struct err *err)
{
    return plan_explain(chain->steps, chain->count, stage_input_node(input),
                        stage_input_can_rewind(input), ret, err);
}
