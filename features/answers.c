/* features/answers.c: a view too large for memory answers a spine, range after range. */
#include "features/answers.h"

#include "base/memory.h"
#include "base/parallel.h"

#define NO_ENTRY SIZE_MAX

struct answers {
    struct schema *schema;      /* carried columns, then the row of the spine's batch */
    struct sorted_run *batches; /* rows with an answer, batch by batch, range by range */
    size_t *entries;            /* [range * spine batches + spine batch]: in `batches` */
    size_t spine_count, range_count;
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
    struct bytes encoded;
};

/* Rows of the view that answer, and the rows of the spine they belong to, both packed. */
static enum status find(const struct asking *asking, const struct batch *spine, int64_t *rows,
                        int32_t *owners, int64_t *ret_count, struct err *err)
{
    TRY(feature_table_match(asking->table, asking->question->layout, asking->question->time_column,
                            spine, rows, err));
    *ret_count = 0;
    for (int64_t row = 0; row < spine->rows; row++) {
        if (rows[row] < 0) continue;
        rows[*ret_count] = rows[row];
        owners[(*ret_count)++] = (int32_t)row;
    }
    return STATUS_OK;
}

static enum status owner_column(const int32_t *owners, int64_t count, struct array **ret,
                                struct err *err)
{
    struct buffer values = {0};
    TRY(buffer_new(&values, (size_t)count * sizeof *owners, err));
    if (count > 0) memcpy(buffer_writable(&values), owners, (size_t)count * sizeof *owners);
    return array_make(ret, count, 0, (struct buffer){0}, &values, 1, NULL, 0, NULL, err);
}

static enum status take_answers(const struct asking *asking, const int64_t *rows,
                                const int32_t *owners, int64_t count, struct array **columns,
                                struct err *err)
{
    const struct feature_table *table = asking->table;
    for (size_t i = 0; i < table->column_count; i++)
        TRY(array_take(&columns[i], &table->schema->fields[table->columns[i]], table->values[i],
                       rows, count, err));
    return owner_column(owners, count, &columns[table->column_count], err);
}

static enum status encode_answers(const struct asking *asking, const int64_t *rows,
                                  const int32_t *owners, int64_t count, struct bytes *ret,
                                  struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    OWNED(batch_release) struct batch batch = {0};
    size_t column_count = asking->answers->schema->count;
    TRY(NEW(&columns, column_count, err));
    enum status status = take_answers(asking, rows, owners, count, columns, err);
    if (status == STATUS_OK)
        status = batch_make(&batch, asking->answers->schema, count, columns, err);
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
    OWNED(memory_release) int64_t *rows = NULL;
    OWNED(memory_release) int32_t *owners = NULL;
    int64_t count;
    TRY(sorted_run_read(asking->question->spine, item->at, &spine, err));
    TRY(NEW(&rows, (size_t)spine.rows, err));
    TRY(NEW(&owners, (size_t)spine.rows, err));
    TRY(find(asking, &spine, rows, owners, &count, err));
    item->any = count > 0;
    return item->any ? encode_answers(asking, rows, owners, count, &item->encoded, err) : STATUS_OK;
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
    for (size_t i = 0; i < table->column_count; i++) {
        struct field field = table->schema->fields[table->columns[i]];
        field.nullable = true;
        TRY(schema_add(answers->schema, &field, err));
    }
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
static int64_t place_rows(const struct found *found, int64_t rows, int64_t *places)
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
    return base;
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

enum status answers_read(const struct answers *answers, const struct feature_table *table,
                         size_t at, int64_t rows, struct array **ret, int64_t *ret_found,
                         struct err *err)
{
    OWNED(found_release) struct found found = {0};
    OWNED(memory_release) int64_t *places = NULL;
    TRY(read_found(answers, at, &found, err));
    TRY(NEW(&places, (size_t)rows, err));
    *ret_found += place_rows(&found, rows, places);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct field *field = &answers->schema->fields[i];
        OWNED(array_unref) struct array *values = NULL;
        if (found.count == 0)
            values = array_ref(table->values[i]); /* every place is -1 */
        else
            TRY(join_column(&found, field, i, &values, err));
        TRY(array_take(&ret[i], field, values, places, rows, err));
    }
    return STATUS_OK;
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
