/* features/feature_table.c: a version of a view in memory, whole or range by range. */
#include "features/feature_table.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "columnar/placement.h"
#include "features/leak.h"
#include "features/pieces.h"
#include "features/view_aggregates.h"
#include "lineage/stage.h"

#define KEY_BYTES 32 /* what a row's key and times weigh in a timeline, about */
#define ROW_BYTES 64 /* a version of so many rows may fit into its budget at once */

/* ---- which columns ---- */

static bool is_provenance(const char *name)
{
    return strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0;
}

static bool is_carried(const struct feature_table *table, const char *name)
{
    if (is_provenance(name)) return table->options.provenance;
    return table->options.keys || !view_is_key(&table->view, name);
}

/* The place among the columns read, -1 = none. */
static int64_t place_of(const struct feature_table *table, size_t column)
{
    for (size_t i = 0; i < table->read_count; i++)
        if (table->columns[i] == column) return (int64_t)i;
    return -1;
}

/* Columns that are not carried but that an aggregate is made of. */
static enum status choose_sources(struct feature_table *table, struct err *err)
{
    for (size_t i = 0; i < table->view.aggregate_count; i++) {
        size_t column;
        if (table->view.aggregates[i].of == NULL) continue;
        TRY(schema_require(table->schema, str_of(table->view.aggregates[i].of), &column, err));
        if (place_of(table, column) < 0) table->columns[table->read_count++] = column;
    }
    return STATUS_OK;
}

static enum status describe_answers(struct feature_table *table, struct err *err)
{
    TRY(schema_new(&table->answers, err));
    for (size_t i = 0; i < table->column_count; i++) {
        struct field field = table->schema->fields[table->columns[i]];
        field.nullable = true;
        TRY(schema_add(table->answers, &field, err));
    }
    for (size_t i = 0; i < table->view.aggregate_count; i++) {
        const struct view_aggregate *aggregate = &table->view.aggregates[i];
        int64_t of = aggregate->of == NULL ? 0 : schema_find(table->schema, str_of(aggregate->of));
        struct field field;
        TRY(view_aggregate_field(aggregate, &table->schema->fields[of], &field, err));
        TRY(schema_add(table->answers, &field, err));
    }
    return STATUS_OK;
}

static enum status choose(struct feature_table *table, struct err *err)
{
    const struct schema *schema = table->schema;
    TRY(NEW(&table->columns, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        if (is_carried(table, schema->fields[i].name)) table->columns[table->column_count++] = i;
    table->read_count = table->column_count;
    TRY(choose_sources(table, err));
    TRY(describe_answers(table, err));
    if (!table->options.leaks || table->view.created_time == NULL) return STATUS_OK;
    return NEW(&table->leaked, table->answers->count, err);
}

/* ---- where rows come from ---- */

static enum status open_reader(struct feature_table *table, struct err *err)
{
    version_reader_close(&table->reader);
    table->next_chunk = 0;
    return version_reader_open(&table->reader, table->store, &table->version,
                               table->options.threads, err);
}

/* Appends, and versions behind a weighted tag, stand one behind the other; ranges of entities need
 * them merged. */
static enum status sort_rows(struct feature_table *table, struct err *err)
{
    OWNED(served_rows_close) struct served_rows *rows = NULL;
    TRY(served_rows_open(&rows, table->store, &table->served, table->options.threads, err));
    batch_release(&table->pending);
    TRY(sorter_open(&table->sorter, table->schema, &table->key_columns, memory_limit(),
                    table->options.threads, err));
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(served_rows_next(rows, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(sorter_add(table->sorter, &batch, err));
    }
}

/* ---- a range ---- */

/* The arrays of each carried column, batch after batch. */
struct gathering {
    struct array **parts; /* column after column of a batch, batch after batch */
    size_t batches, room;
    size_t columns;
    uint64_t bytes;
};

static void gathering_release(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->batches * gathering->columns; i++)
        array_unref(&gathering->parts[i]);
    memory_free(gathering->parts);
    *gathering = (struct gathering){.columns = gathering->columns};
}

static uint64_t weight(const struct feature_table *table, const struct batch *batch)
{
    uint64_t bytes = (uint64_t)batch->rows * KEY_BYTES;
    for (size_t i = 0; i < table->read_count; i++)
        bytes += array_bytes(batch->columns[table->columns[i]]);
    return bytes;
}

static enum status gather(struct feature_table *table, struct gathering *gathering,
                          const struct batch *batch, struct err *err)
{
    size_t columns = gathering->columns;
    TRY(timeline_add(table->timeline, batch, err));
    if (table->log != NULL) TRY(change_log_add(table->log, batch, err));
    if (gathering->batches == gathering->room) {
        size_t room = gathering->room * 2 + 64;
        struct array **parts =
            memory_resize(gathering->parts, room * (columns + 1), sizeof(struct array *));
        if (parts == NULL) return fail_memory(err, room * columns * sizeof(struct array *));
        gathering->parts = parts;
        gathering->room = room;
    }
    for (size_t i = 0; i < columns; i++)
        gathering->parts[gathering->batches * columns + i] =
            array_ref(batch->columns[table->columns[i]]);
    gathering->batches++;
    gathering->bytes += weight(table, batch);
    return STATUS_OK;
}

/* How many rows at the beginning of a batch still belong to the entity the range ends with. */
static enum status same_entity(const struct feature_table *table, const struct batch *batch,
                               int64_t *ret, struct err *err)
{
    OWNED(memory_release) uint32_t *ids = NULL;
    const struct timeline *timeline = table->timeline;
    uint32_t last = entities_count(timeline->entities) - 1;
    TRY(NEW(&ids, (size_t)batch->rows, err));
    TRY(entities_find(timeline->entities, &timeline->layout, batch, ids, err));
    *ret = 0;
    while (*ret < batch->rows && ids[*ret] == last)
        (*ret)++;
    return STATUS_OK;
}

/* Takes what belongs to the last entity and leaves the rest for the next range. */
static enum status end_range(struct feature_table *table, struct gathering *gathering,
                             const struct batch *batch, bool *ret_more, struct err *err)
{
    OWNED(batch_release) struct batch head = {0};
    int64_t rows;
    TRY(same_entity(table, batch, &rows, err));
    *ret_more = rows < batch->rows;
    if (!*ret_more) return gather(table, gathering, batch, err);
    TRY(batch_slice(&table->pending, batch, rows, batch->rows - rows, err));
    if (rows == 0) return STATUS_OK;
    TRY(batch_slice(&head, batch, 0, rows, err));
    return gather(table, gathering, &head, err);
}

/* A range on its way. */
struct reading {
    struct feature_table *table;
    struct gathering *gathering;
    uint64_t budget;
    bool ranges;       /* rows come in order of entities: the range may end at any one */
    bool more;         /* there are rows for another range */
    bool unsorted;     /* the budget is used up and rows are not in order yet */
    atomic_bool ended; /* more or unsorted */
    int64_t pulled;    /* chunks */
    int64_t rows;      /* of them */
};

static enum status take_batch(struct reading *reading, const struct batch *batch, struct err *err)
{
    struct gathering *gathering = reading->gathering;
    bool full = gathering->batches > 0 &&
                gathering->bytes + weight(reading->table, batch) > reading->budget;
    reading->unsorted = full && !reading->ranges;
    if (full && reading->ranges)
        TRY(end_range(reading->table, gathering, batch, &reading->more, err));
    if (!full) TRY(gather(reading->table, gathering, batch, err));
    if (reading->more || reading->unsorted) atomic_store(&reading->ended, true);
    return STATUS_OK;
}

static enum status take_pending(struct reading *reading, struct err *err)
{
    OWNED(batch_release) struct batch batch = reading->table->pending;
    reading->table->pending = (struct batch){0};
    return batch.rows == 0 ? STATUS_OK : take_batch(reading, &batch, err);
}

static enum status take_sorted(struct reading *reading, struct err *err)
{
    while (!atomic_load(&reading->ended)) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(sorter_next(reading->table->sorter, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(take_batch(reading, &batch, err));
    }
    return STATUS_OK;
}

/* ---- chunks: read on any thread, gathered in order ---- */

struct piece {
    int64_t number, first_row;
    struct batch batch;
};

static void piece_drop(void *context, void *item)
{
    struct piece *piece = item;
    (void)context;
    batch_release(&piece->batch);
    memory_free(piece);
}

static enum status piece_pull(void *context, void **ret_item, struct err *err)
{
    struct reading *reading = context;
    struct piece *piece = NULL;
    *ret_item = NULL;
    TRY(interrupted(err));
    if (atomic_load(&reading->ended)) return STATUS_OK;
    if (reading->pulled == version_reader_chunks(reading->table->reader)) return STATUS_OK;
    TRY(NEW(&piece, 1, err));
    piece->number = reading->pulled++;
    piece->first_row = reading->rows;
    reading->rows += version_reader_rows(reading->table->reader, piece->number);
    *ret_item = piece;
    return STATUS_OK;
}

static enum status piece_work(void *context, void *item, struct err *err)
{
    const struct feature_table *table = ((const struct reading *)context)->table;
    struct piece *piece = item;
    struct buffer *places = NULL;
    if (table->placement == NULL)
        return version_reader_read(table->reader, piece->number, NULL, &piece->batch, err);
    TRY(placement_at(table->placement, piece->first_row,
                     version_reader_rows(table->reader, piece->number), &places, err));
    enum status status =
        version_reader_read(table->reader, piece->number, places, &piece->batch, err);
    placement_release(table->placement, &places);
    return status;
}

/* What comes behind the end of the range is read again for the next one. */
static enum status piece_push(void *context, void *item, struct err *err)
{
    struct reading *reading = context;
    struct piece *piece = item;
    enum status status = STATUS_OK;
    if (!atomic_load(&reading->ended)) {
        status = take_batch(reading, &piece->batch, err);
        reading->table->next_chunk = piece->number + 1;
    }
    piece_drop(NULL, piece);
    return status;
}

static enum status take_chunks(struct reading *reading, struct err *err)
{
    struct ordered ordered = {.threads = reading->table->options.threads,
                              .context = reading,
                              .pull = piece_pull,
                              .work = piece_work,
                              .push = piece_push,
                              .drop = piece_drop};
    reading->pulled = reading->table->next_chunk;
    return ordered_run(&ordered, err);
}

/* A version that is likely one range is expanded where it stays, and may be half as large again as
 * one whose columns are joined when they are all there. */
static enum status place_values(struct feature_table *table, uint64_t *budget, struct err *err)
{
    uint64_t row = KEY_BYTES, roomy = *budget > UINT64_MAX / 2 ? *budget : *budget + *budget / 2;
    bool begun = table->next_chunk > 0 || table->pending.rows > 0 || table->sorter != NULL;
    for (size_t i = 0; i < table->read_count; i++)
        row += type_width(&table->schema->fields[table->columns[i]].type);
    if (begun || (uint64_t)table->version.rows > roomy / row) return STATUS_OK;
    *budget = roomy;
    TRY(timeline_expect(table->timeline, table->version.rows, err));
    return placement_open(&table->placement, table->schema, table->columns, table->read_count,
                          table->version.rows, err);
}

/* *ret_unsorted: the budget is used up and rows are not in order yet. */
static enum status read_range(struct feature_table *table, struct gathering *gathering,
                              uint64_t budget, bool *ret_more, bool *ret_unsorted, struct err *err)
{
    struct reading reading = {.table = table, .gathering = gathering, .budget = budget};
    reading.ranges = table->sorter != NULL || sorted_pieces(table->schema) == 1;
    TRY(place_values(table, &reading.budget, err));
    TRY(take_pending(&reading, err));
    TRY(table->sorter != NULL ? take_sorted(&reading, err) : take_chunks(&reading, err));
    placement_close(&table->placement);
    *ret_more = reading.more;
    *ret_unsorted = reading.unsorted;
    return STATUS_OK;
}

/* ---- loading ---- */

static void forget_range(struct feature_table *table)
{
    for (size_t i = 0; table->values != NULL && i < table->read_count; i++)
        array_unref(&table->values[i]);
    memory_free(table->values);
    table->values = NULL;
    window_set_close(&table->windows);
    change_log_close(&table->log);
    point_in_time_close(&table->point);
    point_in_time_close(&table->other);
    timeline_close(&table->timeline);
}

struct joining {
    struct feature_table *table;
    struct gathering *gathering;
};

/* One array for column `column`; its parts are let go at once. */
static enum status join_parts(void *context, size_t column, struct err *err)
{
    const struct joining *joining = context;
    struct feature_table *table = joining->table;
    struct gathering *gathering = joining->gathering;
    OWNED(memory_release) struct array **parts = NULL;
    const struct field *field = &table->schema->fields[table->columns[column]];
    TRY(NEW(&parts, gathering->batches, err));
    for (size_t i = 0; i < gathering->batches; i++)
        parts[i] = gathering->parts[i * gathering->columns + column];
    TRY(array_concat(&table->values[column], field, parts, gathering->batches, err));
    for (size_t i = 0; i < gathering->batches; i++)
        array_unref(&gathering->parts[i * gathering->columns + column]);
    memory_trim();
    return STATUS_OK;
}

static enum status open_windows(struct feature_table *table, struct err *err)
{
    size_t count = table->view.aggregate_count;
    OWNED(memory_release) const struct field **fields = NULL;
    OWNED(memory_release) struct array **sources = NULL;
    if (count == 0) return STATUS_OK;
    TRY(NEW(&fields, count, err));
    TRY(NEW(&sources, count, err));
    for (size_t i = 0; i < count; i++) {
        if (table->view.aggregates[i].of == NULL) continue;
        size_t column = (size_t)schema_find(table->schema, str_of(table->view.aggregates[i].of));
        fields[i] = &table->schema->fields[column];
        sources[i] = table->values[place_of(table, column)];
    }
    return window_set_open(&table->windows, &table->view, table->point, fields, sources, err);
}

static enum status open_rules(struct feature_table *table, struct err *err)
{
    struct point_rule rule = {table->view.ttl, table->options.strict_before,
                              table->options.as_known};
    TRY(point_in_time_open(&table->point, table->timeline, &rule, err));
    if (table->leaked == NULL) return STATUS_OK;
    rule.as_known = !rule.as_known;
    return point_in_time_open(&table->other, table->timeline, &rule, err);
}

static enum status settle(struct feature_table *table, struct gathering *gathering, struct err *err)
{
    /* Two columns at once need twice the room of one: only where that is small beside the limit. */
    size_t limit = memory_limit();
    bool roomy = limit == 0 || gathering->bytes < limit / 8;
    size_t threads = roomy ? table->options.threads : 1;
    TRY(timeline_settle(table->timeline, table->options.order, table->options.threads, err));
    if (table->log != NULL) TRY(change_log_settle(table->log, table->timeline, err));
    change_log_close(&table->log);
    TRY(NEW(&table->values, table->read_count, err));
    struct joining joining = {table, gathering};
    TRY(parallel_for(threads, table->read_count, &joining, join_parts, err));
    TRY(open_rules(table, err));
    return open_windows(table, err);
}

static enum status load_range(struct feature_table *table, uint64_t budget, bool *ret_more,
                              struct err *err)
{
    OWNED(gathering_release) struct gathering gathering = {.columns = table->read_count};
    bool unsorted = false;
    if (table->served.state.count > 1 && table->sorter == NULL) TRY(sort_rows(table, err));
    TRY(timeline_open(&table->timeline, table->schema, &table->key_columns, err));
    if (table->view.log.given) TRY(change_log_open(&table->log, &table->view, table->schema, err));
    TRY(read_range(table, &gathering, budget, ret_more, &unsorted, err));
    if (unsorted) {
        gathering_release(&gathering);
        forget_range(table);
        TRY(sort_rows(table, err));
        return load_range(table, budget, ret_more, err);
    }
    return settle(table, &gathering, err);
}

static enum status fail_table(const struct feature_table *table, enum status status,
                              struct err *err)
{
    if (status == STATUS_MEMORY) err_hint(err, "give more --memory");
    return fail_within(err, status, "version %lld of view \"%s\"", (long long)table->version.number,
                       table->view.name);
}

enum status feature_table_next(struct feature_table *table, uint64_t budget, bool *ret_more,
                               struct err *err)
{
    forget_range(table);
    enum status status = load_range(table, budget, ret_more, err);
    return status == STATUS_OK ? STATUS_OK : fail_table(table, status, err);
}

enum status feature_table_open(struct feature_table *ret, struct store *store, const char *operand,
                               const struct feature_options *options, struct arena *arena,
                               struct err *err)
{
    *ret = (struct feature_table){.options = *options, .store = store};
    TRY(served_find(&ret->served, store, operand, arena, err));
    ret->view = ret->served.view;
    TRY(served_version(&ret->served, store, 0, &ret->version, err));
    ret->key_columns = view_columns(&ret->view);
    enum status status = open_reader(ret, err);
    if (status != STATUS_OK) return fail_table(ret, status, err);
    ret->schema = schema_ref(version_reader_schema(ret->reader));
    return choose(ret, err);
}

/* ---- answering ---- */

enum status feature_table_asked(const struct feature_table *table, const struct key_layout *layout,
                                int64_t time_column, const struct batch *spine, struct asked *ret,
                                struct err *err)
{
    bool timeless = table->timeline->times == NULL && table->timeline->created == NULL;
    return asked_make(ret, table->timeline->entities, layout, timeless ? -1 : time_column, spine,
                      err);
}

enum status feature_table_answer(const struct feature_table *table, const struct asked *asked,
                                 struct array **ret, int64_t *ret_found, struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, (size_t)asked->rows, err));
    asked_rows(asked, table->point, rows);
    *ret_found = 0;
    for (int64_t i = 0; i < asked->rows; i++)
        *ret_found += rows[i] >= 0;
    for (size_t i = 0; i < table->column_count; i++)
        TRY(array_take(&ret[i], &table->schema->fields[table->columns[i]], table->values[i], rows,
                       asked->rows, err));
    if (table->windows != NULL)
        TRY(window_set_answer(table->windows, asked, &ret[table->column_count], err));
    return table->other == NULL ? STATUS_OK : leak_count(table, asked, rows, ret, err);
}

void feature_table_release(struct feature_table *table)
{
    forget_range(table);
    memory_free(table->columns);
    memory_free(table->leaked);
    schema_unref(&table->answers);
    batch_release(&table->pending);
    sorter_close(&table->sorter);
    placement_close(&table->placement);
    version_reader_close(&table->reader);
    schema_unref(&table->schema);
    *table = (struct feature_table){0};
}
