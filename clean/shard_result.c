/* clean/shard_result.c: what became of the rows of one shard. */
#include "clean/shard_result.h"

#include "lineage/chunk.h"

#define BYTES_MAXIMUM ((size_t)256 << 20)

/* ---- in both directions ---- */

static enum status carry_word(struct wire *wire, const char **word, struct arena *arena,
                              struct err *err)
{
    struct str text = str_of(*word);
    TRY(wire_str(wire, &text, err));
    if (!wire->reading) return STATUS_OK;
    *word = text.data == NULL ? NULL : arena_text(arena, text.data, text.size);
    return text.data != NULL && *word == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status carry_findings(struct wire *wire, struct finding **findings, size_t *count,
                                  struct arena *arena, struct err *err)
{
    TRY(wire_count(wire, count, 2, err));
    if (wire->reading) TRY(NEW(findings, *count, err));
    for (size_t i = 0; i < *count; i++) {
        struct finding *finding = &(*findings)[i];
        TRY(carry_word(wire, &finding->rule, arena, err));
        TRY(carry_word(wire, &finding->column, arena, err));
        TRY(WIRE(wire, &finding->rows, err));
    }
    return STATUS_OK;
}

static enum status carry_effect(struct wire *wire, struct step *step, struct err *err)
{
    struct step_effect effect = step->effect;
    int64_t *cells = step->cells;
    struct finding *findings = step->findings;
    size_t count = step->finding_count;
    TRY(WIRE(wire, &effect, err));
    TRY(WIRE_KNOWN(wire, &cells, step->after->count, err));
    TRY(carry_findings(wire, &findings, &count, step->arena, err));
    return STATUS_OK;
}

static enum status write_effect(const struct step *step, struct wire *wire, struct err *err)
{
    struct step copy = *step;
    TRY(carry_effect(wire, &copy, err));
    if (step->module->carry_counts == NULL || step->recorded != NULL) return STATUS_OK;
    return step->module->carry_counts(step->state, wire, err);
}

static enum status add_effect(struct step *step, struct wire *wire, struct err *err)
{
    struct step_effect effect = {0};
    OWNED(memory_release) int64_t *cells = NULL;
    OWNED(memory_release) struct finding *findings = NULL;
    size_t count = 0;
    TRY(WIRE(wire, &effect, err));
    TRY(WIRE_KNOWN(wire, &cells, step->after->count, err));
    TRY(carry_findings(wire, &findings, &count, step->arena, err));
    if (cells == NULL) TRY(NEW(&cells, step->after->count, err));
    TRY(step_add_effect(step, &effect, cells, findings, count, err));
    if (step->module->carry_counts != NULL && step->recorded == NULL)
        TRY(step->module->carry_counts(step->state, wire, err));
    return wire_end(wire, err);
}

static enum status carry_totals(struct wire *wire, int64_t *rows_in, int64_t *rows_out,
                                int64_t **before, size_t before_count, int64_t **after,
                                size_t after_count, struct err *err)
{
    TRY(WIRE(wire, rows_in, err));
    TRY(WIRE(wire, rows_out, err));
    TRY(WIRE_KNOWN(wire, before, before_count, err));
    return WIRE_KNOWN(wire, after, after_count, err);
}

/* ---- writing ---- */

static enum status write_steps(struct shard_writer *writer, const struct chain *chain,
                               struct err *err)
{
    for (size_t i = 0; i < chain->count; i++) {
        OWNED(bytes_release) struct bytes bytes = bytes_limited(BYTES_MAXIMUM);
        struct wire wire = wire_to(&bytes);
        TRY(write_effect(&chain->steps[i], &wire, err));
        TRY(shard_put(writer, BLOCK_EFFECT, i, -1, bytes.data, bytes.size, err));
    }
    return STATUS_OK;
}

static enum status write_totals(struct shard_writer *writer, const struct chain *chain,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(BYTES_MAXIMUM);
    struct wire wire = wire_to(&bytes);
    int64_t in = chain->rows_in, out = chain->rows_out;
    int64_t *before = chain->nulls_before, *after = chain->nulls_after;
    TRY(carry_totals(&wire, &in, &out, &before, chain->input->count, &after,
                     chain_schema(chain)->count, err));
    return shard_put(writer, BLOCK_OUTCOME, 0, -1, bytes.data, bytes.size, err);
}

static bool is_file(const char *output)
{
    return output != NULL && strcmp(output, "-") != 0;
}

enum status shard_result_write(struct shard_run *run, const struct chain *chain, const char *output,
                               const char *path, struct err *err)
{
    OWNED(shard_writer_close) struct shard_writer *writer = NULL;
    int64_t bytes;
    run->head.merged = (struct digest){0};
    if (is_file(output)) TRY(file_digest(output, &run->head.merged, &bytes, err));
    TRY(shard_create(&writer, path, &run->head, err));
    TRY(write_steps(writer, chain, err));
    TRY(write_totals(writer, chain, err));
    shard_tell(writer, &run->extent);
    return shard_commit(writer, err);
}

bool shard_result_is_there(struct shard_run *run, const char *output, const char *path)
{
    struct digest digest;
    int64_t bytes;
    if (!is_file(output) || !shard_run_is_done(run, path)) return false;
    OWNED(shard_close) struct shard_file *file = NULL;
    if (shard_open(&file, path, NULL) != STATUS_OK) return false;
    if (file_digest(output, &digest, &bytes, NULL) != STATUS_OK) return false;
    return memcmp(&digest, &shard_head_of(file)->merged, sizeof digest) == 0;
}

/* ---- all together ---- */

static enum status add_totals(struct chain *chain, struct wire *wire, struct err *err)
{
    OWNED(memory_release) int64_t *before = NULL;
    OWNED(memory_release) int64_t *after = NULL;
    int64_t in = 0, out = 0;
    size_t before_count = chain->input->count, after_count = chain_schema(chain)->count;
    TRY(carry_totals(wire, &in, &out, &before, before_count, &after, after_count, err));
    chain->rows_in += in;
    chain->rows_out += out;
    for (size_t i = 0; before != NULL && i < before_count; i++)
        chain->nulls_before[i] += before[i];
    for (size_t i = 0; after != NULL && i < after_count; i++)
        chain->nulls_after[i] += after[i];
    return wire_end(wire, err);
}

static enum status add_block(struct chain *chain, const struct shard_block *block, struct err *err)
{
    struct wire wire = wire_from(block->data, block->size);
    if (block->kind == BLOCK_OUTCOME) return add_totals(chain, &wire, err);
    if (block->kind == BLOCK_EFFECT && block->step < chain->count)
        return add_effect(&chain->steps[block->step], &wire, err);
    return fail(err, STATUS_FAILED, "a block of kind %u", block->kind);
}

static enum status add_shard(struct shard_file *file, struct chain *chain, struct err *err)
{
    shard_rewind(file);
    for (;;) {
        struct shard_block block;
        bool end = false;
        TRY(shard_next(file, &block, &end, err));
        if (end) return STATUS_OK;
        enum status status = add_block(chain, &block, err);
        memory_free(block.data);
        if (status != STATUS_OK) return fail_within(err, status, "state \"%s\"", shard_path(file));
    }
}

enum status shard_results_add(const struct shard_set *set, struct chain *chain, struct err *err)
{
    memory_free(chain->nulls_after);
    TRY(NEW(&chain->nulls_after, chain_schema(chain)->count, err));
    for (size_t i = 0; i < set->count; i++)
        TRY(add_shard(set->files[i], chain, err));
    return STATUS_OK;
}
