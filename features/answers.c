/* features/answers.c: a view too large for memory answers a spine, range after range. */
#include "features/answers.h"

#include "base/memory.h"
#include "base/parallel.h"

#define NO_ENTRY SIZE_MAX

struct answers {
    struct schema *schema;      /* the table's answers, then the row of the spine's batch */
    struct sorted_run *batches; /* rows with an answer, batch by batch, range by range */
    size_t *entries;            /* [range * spine batches + spine batch]: in `batches` */
    size_t spine_count, range_count;
    int64_t found;
};

/* ---- one range about one batch of the spine ---- */

struct asking {
    struct answers *answers;
    const struct feature_table *table;
    const struct question *question;
    size_t next;
};

struct item {
    size_t at; /* batch of the spine */
    bool any;
    int64_t found; /* rows that have a row of features */
    struct bytes encoded;
};

static enum status owner_column(const int32_t *owners, int64_t count, struct array **ret,
                                struct err *err)
{
    struct buffer values = {0};
    TRY(buffer_new(&values, (size_t)count * sizeof *owners, err));
    if (count > 0) memcpy(buffer_writable(&values), owners, (size_t)count * sizeof *owners);
    return array_make(ret, count, 0, (struct buffer){0}, &values, 1, NULL, 0, NULL, err);
}

/* The spine's rows whose entity is in the range, packed, and what is found for them. */
static enum status encode_answers(const struct asking *asking, const struct asked *asked,
                                  const int32_t *owners, int64_t *ret_found, struct bytes *ret,
                                  struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    OWNED(batch_release) struct batch batch = {0};
    size_t column_count = asking->answers->schema->count;
    TRY(NEW(&columns, column_count, err));
    enum status status = feature_table_answer(asking->table, asked, columns, ret_found, err);
    if (status == STATUS_OK)
        status = owner_column(owners, asked->rows, &columns[column_count - 1], err);
    if (status == STATUS_OK)
        status = batch_make(&batch, asking->answers->schema, asked->rows, columns, err);
    for (size_t i = 0; i < column_count; i++)
        array_unref(&columns[i]);
    return status == STATUS_OK ? sorted_run_encode(&batch, ret, err) : status;
}

static enum status item_pull(void *context, void **ret_item, struct err *err)
{
    struct asking *asking = context;
    struct item *item = NULL;
    *ret_item = NULL;
    TRY(interrupted(err));
    if (asking->next == asking->answers->spine_count) return STATUS_OK;
    TRY(NEW(&item, 1, err));
    item->at = asking->next++;
    *ret_item = item;
    return STATUS_OK;
}

static enum status item_work(void *context, void *work, struct err *err)
{
    const struct asking *asking = context;
    struct item *item = work;
    OWNED(batch_release) struct batch spine = {0};
    OWNED(asked_release) struct asked asked = {0};
    OWNED(memory_release) int32_t *owners = NULL;
    TRY(sorted_run_read(asking->question->spine, item->at, &spine, err));
    TRY(NEW(&owners, (size_t)spine.rows, err));
    TRY(feature_table_asked(asking->table, asking->question->layout, asking->question->time_column,
                            &spine, &asked, err));
    asked_pack(&asked, owners);
    item->any = asked.rows > 0;
    if (!item->any) return STATUS_OK;
    return encode_answers(asking, &asked, owners, &item->found, &item->encoded, err);
}

static void item_drop(void *context, void *dropped)
{
    struct item *item = dropped;
    (void)context;
    bytes_release(&item->encoded);
    memory_free(item);
}

static enum status item_push(void *context, void *pushed, struct err *err)
{
    const struct asking *asking = context;
    struct answers *answers = asking->answers;
    struct item *item = pushed;
    enum status status = STATUS_OK;
    answers->found += item->found;
    if (item->any) {
        answers->entries[(answers->range_count - 1) * answers->spine_count + item->at] =
            sorted_run_count(answers->batches);
        status = sorted_run_put(answers->batches, &item->encoded, err);
    }
    item_drop(NULL, item);
    return status;
}

/* ---- all ranges ---- */

static enum status add_range(struct answers *answers, struct err *err)
{
    size_t used = answers->range_count * answers->spine_count;
    size_t *entries = memory_resize(answers->entries, used + answers->spine_count, sizeof *entries);
    if (entries == NULL) return fail_memory(err, (used + answers->spine_count) * sizeof *entries);
    for (size_t i = 0; i < answers->spine_count; i++)
        entries[used + i] = NO_ENTRY;
    answers->entries = entries;
    answers->range_count++;
    return STATUS_OK;
}

static enum status ask_range(struct answers *answers, const struct feature_table *table,
                             const struct question *question, struct err *err)
{
    struct asking asking = {answers, table, question, 0};
    struct ordered ordered = {.threads = question->threads,
                              .context = &asking,
                              .pull = item_pull,
                              .work = item_work,
                              .push = item_push,
                              .drop = item_drop};
    TRY(add_range(answers, err));
    return ordered_run(&ordered, err);
}

static enum status make_schema(struct answers *answers, const struct feature_table *table,
                               struct err *err)
{
    TRY(schema_new(&answers->schema, err));
    for (size_t i = 0; i < table->answers->count; i++)
        TRY(schema_add(answers->schema, &table->answers->fields[i], err));
    return schema_add_column(answers->schema, "tamis:row", TYPE_INT32, err);
}

enum status answers_make(struct answers **ret, struct feature_table *table,
                         const struct question *question, struct spill_file *file, struct err *err)
{
    OWNED(answers_close) struct answers *answers = NULL;
    TRY(NEW(&answers, 1, err));
    answers->spine_count = sorted_run_count(question->spine);
    TRY(make_schema(answers, table, err));
    TRY(sorted_run_open(&answers->batches, file, err));
    for (bool more = true;;) {
        TRY(ask_range(answers, table, question, err));
        if (!more) break;
        TRY(feature_table_next(table, question->budget, &more, err));
    }
    *ret = answers;
    answers = NULL;
    return STATUS_OK;
}

/* ---- putting together ---- */

/* The batches that answer for one batch of the spine. */
struct found {
    struct batch *batches;
    size_t count;
};

static void found_release(struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        batch_release(&found->batches[i]);
    memory_free(found->batches);
}

static enum status read_found(const struct answers *answers, size_t at, struct found *ret,
                              struct err *err)
{
    TRY(NEW(&ret->batches, answers->range_count, err));
    for (size_t range = 0; range < answers->range_count; range++) {
        size_t entry = answers->entries[range * answers->spine_count + at];
        if (entry == NO_ENTRY) continue;
        TRY(sorted_run_read(answers->batches, entry, &ret->batches[ret->count], err));
        ret->count++;
    }
    return STATUS_OK;
}

/* For each row of the spine its place among the answers, -1 = none. */
static void place_rows(const struct found *found, int64_t rows, int64_t *places)
{
    int64_t base = 0;
    for (int64_t row = 0; row < rows; row++)
        places[row] = -1;
    for (size_t i = 0; i < found->count; i++) {
        const struct batch *batch = &found->batches[i];
        const int32_t *owners = array_values(batch->columns[batch->schema->count - 1]);
        for (int64_t j = 0; j < batch->rows; j++)
            places[owners[j]] = base + j;
        base += batch->rows;
    }
}

static enum status join_column(const struct found *found, const struct field *field, size_t column,
                               struct array **ret, struct err *err)
{
    OWNED(memory_release) struct array **parts = NULL;
    TRY(NEW(&parts, found->count, err));
    for (size_t i = 0; i < found->count; i++)
        parts[i] = found->batches[i].columns[column];
    return array_concat(ret, field, parts, found->count, err);
}

enum status answers_read(const struct answers *answers, size_t at, int64_t rows, struct array **ret,
                         struct err *err)
{
    OWNED(found_release) struct found found = {0};
    OWNED(memory_release) int64_t *places = NULL;
    OWNED(batch_release) struct batch empty = {0}; /* where every place is -1 */
    TRY(batch_empty(&empty, answers->schema, err));
    TRY(read_found(answers, at, &found, err));
    TRY(NEW(&places, (size_t)rows, err));
    place_rows(&found, rows, places);
    for (size_t i = 0; i + 1 < answers->schema->count; i++) {
        const struct field *field = &answers->schema->fields[i];
        OWNED(array_unref) struct array *values = NULL;
        if (found.count == 0)
            values = array_ref(empty.columns[i]);
        else
            TRY(join_column(&found, field, i, &values, err));
        TRY(array_take(&ret[i], field, values, places, rows, err));
    }
    return STATUS_OK;
}

int64_t answers_found(const struct answers *answers)
{
    return answers->found;
}

void answers_close(struct answers **answers)
{
    if (answers == NULL || *answers == NULL) return;
    schema_unref(&(*answers)->schema);
    sorted_run_close(&(*answers)->batches);
    memory_free((*answers)->entries);
    memory_free(*answers);
    *answers = NULL;
}
