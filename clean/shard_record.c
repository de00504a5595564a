/* clean/shard_record.c: applies a step to the windows that came together. */
#include "clean/shard_record.h"

#include "base/command.h"
#include "base/parallel.h"

#define CHANGE_BYTES_MAXIMUM ((size_t)4 << 30)

struct recording {
    struct chain *chain;
    struct step *step;
    size_t at;
    const struct spool *windows;
    bool notes;
    struct shard_writer *writer;
    struct recorder *recorder;
    size_t pulled;
};

struct item {
    size_t place;
    struct batch batch;
    int64_t *ordinals;
    struct window window;
    struct change change;
    struct step_effect effect;
};

static void drop(void *context, void *untyped)
{
    (void)context;
    struct item *item = untyped;
    change_release(&item->change);
    batch_release(&item->batch);
    memory_free(item->ordinals);
    memory_free(item);
}

static enum status pull(void *context, void **ret, struct err *err)
{
    struct recording *recording = context;
    struct item *item = NULL;
    *ret = NULL;
    TRY(interrupted(err));
    if (recording->pulled == spool_count(recording->windows)) return STATUS_OK;
    TRY(NEW(&item, 1, err));
    item->place = recording->pulled++;
    *ret = item;
    return STATUS_OK;
}

static void count_removals(struct item *item)
{
    const struct change *change = &item->change;
    item->effect.rows_in = item->batch.rows;
    for (size_t i = 0; i < change->removal_count; i++) {
        item->effect.rejected += change->removals[i].kind == EVENT_REJECT;
        item->effect.dropped += change->removals[i].kind == EVENT_DROP;
        item->effect.merged += change->removals[i].kind == EVENT_MERGE;
    }
}

static enum status apply_window(const struct recording *recording, struct item *item,
                                struct err *err)
{
    OWNED(trace_release) struct trace trace = {0};
    const struct step *step = recording->step;
    TRY(spool_read(recording->windows, item->place, &item->window.index, &item->batch,
                   &item->ordinals, &trace, err));
    item->window.first_row = item->window.index * BATCH_ROWS_MAXIMUM;
    item->window.batch = &item->batch;
    item->window.ordinals = item->ordinals;
    (void)schema_provenance(item->batch.schema, &item->window.source_column,
                            &item->window.record_column);
    TRY(change_open(&item->change, &item->window, step->after, err));
    item->change.takes_notes = recording->notes;
    TRY(step->module->apply(step->state, &item->window, &item->change, err));
    count_removals(item);
    return STATUS_OK;
}

static enum status work(void *context, void *item, struct err *err)
{
    const struct recording *recording = context;
    enum status status = apply_window(recording, item, err);
    return status == STATUS_OK ? STATUS_OK : fail_in_step(recording->step, status, err);
}

static enum status write_change(struct recording *recording, const struct item *item,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(CHANGE_BYTES_MAXIMUM);
    TRY(step_add_effect(recording->step, &item->effect, item->change.cells, item->change.findings,
                        item->change.finding_count, err));
    TRY(recorder_encode(recording->recorder, &item->change, &bytes, err));
    return shard_put(recording->writer, BLOCK_CHANGE, recording->at, item->window.index, bytes.data,
                     bytes.size, err);
}

static enum status push(void *context, void *untyped, struct err *err)
{
    enum status status = write_change(context, untyped, err);
    drop(context, untyped);
    return status;
}

static enum status write_words(struct recording *recording, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(CHANGE_BYTES_MAXIMUM);
    TRY(recorder_words(recording->recorder, &bytes, err));
    return shard_put(recording->writer, BLOCK_WORDS, recording->at, -1, bytes.data, bytes.size,
                     err);
}

static enum status record_all(struct recording *recording, struct err *err)
{
    struct ordered ordered = {
        .threads = recording->chain->options.threads,
        .context = recording,
        .pull = pull,
        .work = work,
        .push = push,
        .drop = drop,
    };
    TRY(ordered_run(&ordered, err));
    return write_words(recording, err);
}

enum status record_changes(struct chain *chain, size_t at, const struct spool *windows, bool notes,
                           struct shard_writer *writer, struct err *err)
{
    struct recording recording = {
        .chain = chain,
        .step = &chain->steps[at],
        .at = at,
        .windows = windows,
        .notes = notes,
        .writer = writer,
    };
    TRY(recorder_open(&recording.recorder, err));
    enum status status = record_all(&recording, err);
    recorder_close(&recording.recorder);
    return status;
}
