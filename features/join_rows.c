/* features/join_rows.c: rows of a spine get their features. */
#include "features/join.h"

#include "base/memory.h"
#include "base/parallel.h"

/* Bytes of one view in memory: all of them together take a third, and loading as much again. */
uint64_t join_budget(const struct join *join)
{
    size_t limit = memory_limit();
    return limit == 0 ? UINT64_MAX : limit / 3 / join->args->views.count;
}

/* ---- views that do not fit: the spine is put aside and each range asked about all of it ---- */

static enum status put_spine_aside(struct join *join, struct err *err)
{
    TRY(sorted_run_open(&join->aside, &join->file, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(stage_input_next(join->spine, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(sorted_run_add(join->aside, &batch, err));
    }
}

enum status join_large_views(struct join *join, struct err *err)
{
    for (size_t i = 0; i < join->table_count; i++) {
        struct question question = {&join->layouts[i], join->time_column, NULL, join_budget(join),
                                    join->threads};
        if (!join->more[i]) continue;
        if (join->aside == NULL) TRY(put_spine_aside(join, err));
        question.spine = join->aside;
        TRY(answers_make(&join->answers[i], &join->tables[i], &question, &join->file, err));
        join->found[i] = answers_found(join->answers[i]);
    }
    return STATUS_OK;
}

/* The spine's rows from where they are. */
static enum status next_spine(struct join *join, struct batch *ret, bool *ret_end, struct err *err)
{
    if (join->aside == NULL) return stage_input_next(join->spine, ret, ret_end, err);
    *ret_end = join->next_aside == sorted_run_count(join->aside);
    return *ret_end ? STATUS_OK : sorted_run_read(join->aside, join->next_aside++, ret, err);
}

/* ---- rows: pulled in order, answered on any thread, written in order ---- */

struct piece {
    size_t number;
    struct batch batch;
    struct stage_message *message;
    int64_t *found; /* by view */
};

static void piece_drop(void *context, void *item)
{
    struct piece *piece = item;
    (void)context;
    batch_release(&piece->batch);
    stage_message_free(&piece->message);
    memory_free(piece->found);
    memory_free(piece);
}

static enum status piece_pull(void *context, void **ret_item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = NULL;
    bool end = false;
    *ret_item = NULL;
    TRY(interrupted(err));
    TRY(NEW(&piece, 1, err));
    enum status status = NEW(&piece->found, join->table_count, err);
    piece->number = join->next_aside;
    if (status == STATUS_OK) status = next_spine(join, &piece->batch, &end, err);
    if (status == STATUS_OK && !end) *ret_item = piece;
    if (*ret_item == NULL) piece_drop(NULL, piece);
    return status;
}

/* The columns of one view for the rows of a batch, as new references in `ret`. */
static enum status answer_view(const struct join *join, size_t view, struct piece *piece,
                               struct array **ret, struct err *err)
{
    const struct feature_table *table = &join->tables[view];
    OWNED(asked_release) struct asked asked = {0};
    if (join->answers[view] != NULL)
        return answers_read(join->answers[view], piece->number, piece->batch.rows, ret, err);
    TRY(feature_table_asked(table, &join->layouts[view], join->time_column, &piece->batch, &asked,
                            err));
    return feature_table_answer(table, &asked, ret, &piece->found[view], err);
}

static enum status answer(const struct join *join, struct piece *piece, struct array **columns,
                          struct err *err)
{
    size_t at = piece->batch.schema->count;
    struct batch joined = {0};
    for (size_t i = 0; i < at; i++)
        columns[i] = array_ref(piece->batch.columns[i]);
    for (size_t i = 0; i < join->table_count; i++) {
        TRY(answer_view(join, i, piece, &columns[at], err));
        at += join->tables[i].answers->count;
    }
    TRY(batch_make(&joined, join->schema, piece->batch.rows, columns, err));
    batch_release(&piece->batch);
    piece->batch = joined;
    return STATUS_OK;
}

static enum status piece_work(void *context, void *item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = item;
    OWNED(memory_release) struct array **columns = NULL;
    TRY(NEW(&columns, join->schema->count, err));
    enum status status = answer(join, piece, columns, err);
    for (size_t i = 0; i < join->schema->count; i++)
        array_unref(&columns[i]);
    if (status != STATUS_OK) return status;
    return stage_output_encode(join->output, &piece->batch, &piece->message, err);
}

static enum status see_piece(struct join *join, const struct batch *batch, struct err *err)
{
    if (join->check != NULL) TRY(join_check_see(join->check, batch, err));
    TRY(join_expose(join, batch, err));
    return join->digester == NULL ? STATUS_OK : content_digester_add(join->digester, batch, err);
}

static enum status piece_push(void *context, void *item, struct err *err)
{
    struct join *join = context;
    struct piece *piece = item;
    for (size_t i = 0; i < join->table_count; i++)
        join->found[i] += piece->found[i];
    enum status status = see_piece(join, &piece->batch, err);
    if (status == STATUS_OK) status = stage_output_put(join->output, &piece->message, err);
    piece_drop(NULL, piece);
    return status;
}

enum status join_rows(struct join *join, struct err *err)
{
    struct ordered ordered = {.threads = join->threads,
                              .context = join,
                              .pull = piece_pull,
                              .work = piece_work,
                              .push = piece_push,
                              .drop = piece_drop};
    TRY(ordered_run(&ordered, err));
    run_count(join->run, &(struct row_counts){.in = stage_input_rows(join->spine),
                                              .out = stage_output_rows(join->output),
                                              .bytes_in = stage_input_bytes(join->spine),
                                              .bytes_out = stage_output_bytes(join->output)});
    return STATUS_OK;
}
