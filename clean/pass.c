/* clean/pass.c: one reading of all rows. */
#include "clean/pass.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/parallel.h"
#include "base/progress.h"

#include <stdio.h>

/* ---- a window on its way ---- */

struct step_work {
    struct step_effect effect;
    int64_t *cells; /* by column of step->after */
    struct finding *findings;
    size_t finding_count;
    struct finding *reasons;
    size_t reason_count;
};

struct item {
    size_t place;  /* in the spool it is read from */
    int64_t index; /* of the window */
    int64_t rows;  /* as it was read */
    struct batch batch;
    int64_t *ordinals;      /* NULL with provenance columns */
    struct trace trace;     /* where its columns lie in the spool it was read from */
    int64_t *nulls_before;  /* NULL unless it comes from the input for the first time */
    struct step_work *work; /* by applied step */
    struct batch watched;   /* as it left the step that is watched */
    struct row_records records;
    struct audit_page audit;
    struct observed seen; /* for the report */
    void **tallies;       /* by fit; NULL = not observed */
    double *fit_seconds;  /* by fit */
    bool spooled;
    struct spool_place put; /* in the spool */
    struct stage_message *message;
    struct parcel parcel; /* for the exchange */
};

static size_t steps_applied(const struct pass *pass)
{
    return pass->plan.last - pass->plan.first;
}

static void item_free(const struct pass *pass, struct item *item)
{
    for (size_t i = 0; item->work != NULL && i < steps_applied(pass); i++) {
        memory_free(item->work[i].cells);
        memory_free(item->work[i].findings);
        memory_free(item->work[i].reasons);
    }
    for (size_t i = 0; item->tallies != NULL && i < pass->plan.fits; i++) {
        const struct clean_module *module = pass->chain->steps[pass->plan.last + i].module;
        if (item->tallies[i] != NULL && module->discard != NULL) module->discard(item->tallies[i]);
        memory_free(item->tallies[i]);
    }
    batch_release(&item->batch);
    batch_release(&item->watched);
    records_release(&item->records);
    audit_page_release(&item->audit);
    observed_release(&item->seen);
    trace_release(&item->trace);
    spool_place_release(&item->put);
    stage_message_free(&item->message);
    parcel_release(&item->parcel);
    memory_free(item->ordinals);
    memory_free(item->nulls_before);
    memory_free(item->work);
    memory_free(item->tallies);
    memory_free(item->fit_seconds);
    memory_free(item);
}

static enum status item_new(const struct pass *pass, struct item **ret, struct err *err)
{
    struct item *item = NULL;
    TRY(NEW(&item, 1, err));
    enum status status = NEW(&item->work, steps_applied(pass) + 1, err);
    if (status == STATUS_OK) status = NEW(&item->tallies, pass->plan.fits + 1, err);
    if (status == STATUS_OK) status = NEW(&item->fit_seconds, pass->plan.fits + 1, err);
    if (status == STATUS_OK)
        *ret = item;
    else
        item_free(pass, item);
    return status;
}

/* ---- pull ---- */

struct line {
    const struct pass *pass;
    struct cutter cutter; /* over the input */
    int64_t windows;      /* pulled so far */
    int64_t rows;         /* of the input, pulled so far */
};

static enum status next_of_input(void *context, struct batch *ret, bool *ret_end, struct err *err)
{
    return stage_input_next(context, ret, ret_end, err);
}

static enum status count_nulls(struct item *item, struct err *err)
{
    TRY(NEW(&item->nulls_before, item->batch.schema->count, err));
    for (size_t i = 0; i < item->batch.schema->count; i++)
        item->nulls_before[i] = item->batch.columns[i]->null_count;
    return STATUS_OK;
}

static enum status number_rows(struct line *line, struct item *item, struct err *err)
{
    int64_t first = line->pass->chain->cutting.first_row + line->rows, source, record;
    line->rows += item->batch.rows;
    if (schema_provenance(item->batch.schema, &source, &record)) return STATUS_OK;
    TRY(NEW(&item->ordinals, (size_t)item->batch.rows, err));
    for (int64_t row = 0; row < item->batch.rows; row++)
        item->ordinals[row] = first + row + 1;
    return STATUS_OK;
}

static void note_cut(struct line *line, const struct batch *batch)
{
    struct cutting *cutting = &line->pass->chain->cutting;
    uint64_t row_bytes = line->cutter.row_bytes;
    if (line->windows == 1) cutting->first_bytes = values_bytes(batch, 0, 1) + row_bytes;
    cutting->windows = line->windows;
    cutting->last_rows = batch->rows;
    cutting->last_bytes = values_bytes(batch, 0, batch->rows) + row_bytes * (uint64_t)batch->rows;
}

static enum status read_input(struct line *line, struct item *item, bool *ret_end, struct err *err)
{
    TRY(cutter_next(&line->cutter, &item->batch, ret_end, err));
    if (*ret_end) return STATUS_OK;
    item->index = line->pass->chain->cutting.first_window + line->windows++;
    note_cut(line, &item->batch);
    TRY(number_rows(line, item, err));
    return line->pass->again ? STATUS_OK : count_nulls(item, err);
}

static enum status pull(void *context, void **ret_item, struct err *err)
{
    struct line *line = context;
    const struct pass *pass = line->pass;
    struct item *item = NULL;
    bool end = false;
    *ret_item = NULL;
    TRY(interrupted(err));
    TRY(item_new(pass, &item, err));
    enum status status = STATUS_OK;
    if (pass->input != NULL) {
        status = read_input(line, item, &end, err);
        progress_share(pass->progress, stage_input_share(pass->input));
    } else {
        end = (size_t)line->windows == spool_count(pass->from);
        item->place = (size_t)line->windows++;
        progress_share(pass->progress, (double)line->windows / (double)spool_count(pass->from));
    }
    if (status == STATUS_OK && !end)
        *ret_item = item;
    else
        item_free(pass, item);
    return status;
}

/* ---- work ---- */

static struct window window_of(const struct item *item)
{
    struct window window = {
        .index = item->index,
        .first_row = item->index * BATCH_ROWS_MAXIMUM,
        .batch = &item->batch,
        .ordinals = item->ordinals,
    };
    (void)schema_provenance(item->batch.schema, &window.source_column, &window.record_column);
    return window;
}

static void keep_ordinals(struct item *item, const struct change *change)
{
    int64_t kept = 0;
    if (item->ordinals == NULL || change->removal_count == 0) return;
    for (int64_t row = 0; row < item->batch.rows; row++)
        if (!change_removed(change, row)) item->ordinals[kept++] = item->ordinals[row];
}

/* Moves what the change counted; the change forgets it. */
static void take_counts(struct step_work *work, struct change *change)
{
    for (size_t i = 0; i < change->removal_count; i++) {
        work->effect.rejected += change->removals[i].kind == EVENT_REJECT;
        work->effect.dropped += change->removals[i].kind == EVENT_DROP;
        work->effect.merged += change->removals[i].kind == EVENT_MERGE;
    }
    for (size_t i = 0; i < change->schema->count; i++)
        work->effect.cells += change->cells[i];
    work->cells = change->cells;
    work->findings = change->findings;
    work->finding_count = change->finding_count;
    change->cells = NULL;
    change->findings = NULL;
}

static enum status apply_change(const struct pass *pass, const struct step *step, struct item *item,
                                struct step_work *work, struct err *err)
{
    OWNED(change_release) struct change change = {0};
    OWNED(batch_release) struct batch result = {0};
    struct window window = window_of(item);
    work->effect.rows_in = item->batch.rows;
    TRY(change_open(&change, &window, step->after, err));
    change.takes_notes = pass->chain->audit != NULL || pass->chain->with_reasons;
    TRY(step_apply(step, &window, &change, err));
    TRY(change_result(&change, &result, err));
    TRY(records_add(&item->records, &pass->chain->redactor, step, &change, pass->chain->with_raw,
                    err));
    if (pass->chain->audit != NULL)
        TRY(audit_collect(pass->chain->audit, &item->audit, &pass->chain->redactor, step, &change,
                          err));
    if (pass->chain->observation != NULL)
        TRY(observe_change(pass->chain->observation, step, &change, &item->seen, err));
    if (pass->chain->with_reasons)
        TRY(change_reasons(&change, &work->reasons, &work->reason_count, err));
    keep_ordinals(item, &change);
    TRY(trace_follow(&item->trace, &change, err));
    take_counts(work, &change);
    batch_release(&item->batch);
    item->batch = result;
    result = (struct batch){0};
    const struct watcher *watcher = &pass->chain->watcher;
    if (watcher->see == NULL || step != &pass->chain->steps[watcher->step]) return STATUS_OK;
    return batch_share(&item->watched, &item->batch, err);
}

static enum status apply_step(const struct pass *pass, size_t at, struct item *item,
                              struct err *err)
{
    const struct step *step = &pass->chain->steps[pass->plan.first + at];
    struct step_work *work = &item->work[at];
    double started = clock_seconds();
    enum status status = apply_change(pass, step, item, work, err);
    work->effect.seconds = clock_seconds() - started;
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

static enum status observe_step(const struct pass *pass, size_t fit, struct item *item,
                                struct err *err)
{
    const struct step *step = &pass->chain->steps[pass->plan.last + fit];
    if (!pass->learning[fit]) return STATUS_OK;
    double started = clock_seconds();
    struct window window = window_of(item);
    item->tallies[fit] = memory_get(step->module->tally_bytes + 1, 1);
    if (item->tallies[fit] == NULL) return fail_memory(err, step->module->tally_bytes);
    enum status status =
        step->module->observe(step->state, pass->reading, &window, item->tallies[fit], err);
    item->fit_seconds[fit] = clock_seconds() - started;
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

static enum status observe_steps(const struct pass *pass, struct item *item, struct err *err)
{
    struct window window = window_of(item);
    if (pass->exchange != NULL) return exchange_see(pass->exchange, &window, &item->parcel, err);
    for (size_t i = 0; i < pass->plan.fits; i++)
        TRY(observe_step(pass, i, item, err));
    return STATUS_OK;
}

static enum status hand_on(const struct pass *pass, struct item *item, struct err *err)
{
    if (pass->to != NULL)
        TRY(spool_write(pass->to, &item->batch, item->ordinals, &item->trace, &item->put, err));
    item->spooled = pass->to != NULL;
    if (pass->output != NULL)
        TRY(stage_output_encode(pass->output, &item->batch, &item->message, err));
    return STATUS_OK;
}

/* For the report: rows as they come in, seen once however often they are read, and as they leave.
 */
static enum status observe_entering(const struct pass *pass, struct item *item, struct err *err)
{
    const struct observation *observation = pass->chain->observation;
    if (observation == NULL) return STATUS_OK;
    return observe_input(observation, &item->batch, item->index * BATCH_ROWS_MAXIMUM,
                         item->ordinals, &item->seen, err);
}

static enum status observe_leaving(const struct pass *pass, struct item *item, struct err *err)
{
    const struct observation *observation = pass->chain->observation;
    if (observation == NULL || observation->after == NULL) return STATUS_OK;
    return observe_output(observation, &item->batch, item->index * BATCH_ROWS_MAXIMUM,
                          item->ordinals, &item->seen, err);
}

static enum status work(void *context, void *pulled, struct err *err)
{
    struct line *line = context;
    const struct pass *pass = line->pass;
    struct item *item = pulled;
    if (pass->input == NULL)
        TRY(spool_read(pass->from, item->place, &item->index, &item->batch, &item->ordinals,
                       &item->trace, err));
    item->rows = item->batch.rows;
    if (item->nulls_before != NULL) TRY(observe_entering(pass, item, err));
    for (size_t i = 0; i < steps_applied(pass) && item->batch.rows > 0; i++)
        TRY(apply_step(pass, i, item, err));
    if (pass->chain->audit != NULL) TRY(audit_encode(pass->chain->audit, &item->audit, err));
    if (item->batch.rows == 0) return STATUS_OK;
    if (pass->plan.fits == 0) TRY(observe_leaving(pass, item, err));
    TRY(observe_steps(pass, item, err));
    return hand_on(pass, item, err);
}

/* ---- push ---- */

static enum status add_effects(const struct pass *pass, const struct item *item, struct err *err)
{
    for (size_t i = 0; i < steps_applied(pass); i++) {
        const struct step_work *done = &item->work[i];
        if (done->cells == NULL) continue; /* no row reached it */
        struct step *step = &pass->chain->steps[pass->plan.first + i];
        TRY(step_add_effect(step, &done->effect, done->cells, done->findings, done->finding_count,
                            err));
        TRY(step_add_reasons(step, done->reasons, done->reason_count, err));
    }
    return STATUS_OK;
}

static enum status absorb(const struct pass *pass, struct item *item, struct err *err)
{
    for (size_t i = 0; i < pass->plan.fits; i++) {
        struct step *step = &pass->chain->steps[pass->plan.last + i];
        void *tally = item->tallies[i];
        if (tally == NULL) continue;
        double started = clock_seconds();
        enum status status = step->module->absorb(step->state, pass->reading, tally, err);
        step->effect.seconds += item->fit_seconds[i] + clock_seconds() - started;
        memory_free(tally);
        item->tallies[i] = NULL;
        if (status != STATUS_OK) return fail_in_step(step, status, err);
    }
    return STATUS_OK;
}

static void add_nulls(struct chain *chain, const struct pass *pass, const struct item *item)
{
    if (item->nulls_before != NULL)
        for (size_t i = 0; i < chain->input->count; i++)
            chain->nulls_before[i] += item->nulls_before[i];
    if (pass->plan.fits > 0 || item->batch.rows == 0) return;
    chain->rows_out += item->batch.rows;
    for (size_t i = 0; i < item->batch.schema->count; i++)
        chain->nulls_after[i] += item->batch.columns[i]->null_count;
}

static enum status push_item(const struct pass *pass, struct item *item, struct err *err)
{
    struct chain *chain = pass->chain;
    if (pass->exchange != NULL)
        return exchange_put(pass->exchange, item->index, &item->parcel, err);
    TRY(add_effects(pass, item, err));
    TRY(records_tell(&item->records, chain->run, chain->rejects, err));
    if (chain->observation != NULL)
        TRY(observation_add(chain->observation, &item->seen, &item->records, err));
    if (chain->audit != NULL) TRY(audit_put(chain->audit, &item->audit, err));
    TRY(absorb(pass, item, err));
    add_nulls(chain, pass, item);
    if (item->watched.rows > 0)
        TRY(chain->watcher.see(chain->watcher.context, &item->watched, err));
    if (item->spooled) TRY(spool_put(pass->to, item->index, item->batch.schema, &item->put, err));
    if (item->message != NULL) TRY(stage_output_put(pass->output, &item->message, err));
    return STATUS_OK;
}

static enum status push(void *context, void *item, struct err *err)
{
    struct line *line = context;
    enum status status = push_item(line->pass, item, err);
    progress_add(line->pass->progress, ((struct item *)item)->rows);
    item_free(line->pass, item);
    return status;
}

static void drop(void *context, void *item)
{
    struct line *line = context;
    item_free(line->pass, item);
}

/* "pass 2, learn impute" or "pass 3, write". */
static enum status open_progress(struct pass *pass, struct err *err)
{
    char label[64];
    const struct chain *chain = pass->chain;
    bool learns = pass->plan.fits > 0;
    if (chain->common == NULL) return STATUS_OK;
    snprintf(label, sizeof label, "pass %lld, %s%s", (long long)chain->passes,
             learns ? "learn " : "write", learns ? chain->steps[pass->plan.last].module->name : "");
    return progress_open(&pass->progress, chain->common, label, "rows", -1, err);
}

enum status pass_run(struct pass *pass, struct err *err)
{
    TRY(open_progress(pass, err));
    struct line line = {
        .pass = pass,
        .cutter = {.context = pass->input,
                   .next = next_of_input,
                   .rows_maximum = BATCH_ROWS_MAXIMUM,
                   .bytes_maximum = BATCH_BYTES_MAXIMUM,
                   .row_bytes = pass->chain->growth},
    };
    struct ordered ordered = {
        .threads = pass->chain->options.threads,
        .context = &line,
        .pull = pull,
        .work = work,
        .push = push,
        .drop = drop,
    };
    enum status status = ordered_run(&ordered, err);
    progress_close(&pass->progress);
    if (pass->input != NULL && !pass->again) pass->chain->rows_in = line.rows;
    cutter_release(&line.cutter);
    return status;
}
