/* clean/exchange.c: what the steps that learn see of the windows of a shard, on its way. */
#include "clean/exchange.h"

#include "clean/batch_bytes.h"

#define WINDOW_BYTES_MAXIMUM ((size_t)4 << 30)

bool step_carries(const struct step *step)
{
    const struct clean_module *module = step->module;
    return module->carry != NULL && (module->carries == NULL || module->carries(step->state));
}

struct exchange {
    const struct step *fits;
    size_t fit_count;
    struct shard_writer *writer;
    bool *columns; /* that are exchanged, by column of the first fit's schema */
    size_t column_count;
};

/* ---- which columns ---- */

static bool looks_at(const struct step *step, size_t column)
{
    if (column >= step->before->count) return false;
    return step->module->touches == NULL || step->module->touches(step->state, column);
}

static void choose_columns(struct exchange *exchange)
{
    bool any = false;
    int64_t source, record;
    for (size_t i = 0; i < exchange->fit_count; i++) {
        const struct step *step = &exchange->fits[i];
        if (step_carries(step)) continue;
        any = true;
        for (size_t column = 0; column < exchange->column_count; column++)
            exchange->columns[column] = exchange->columns[column] || looks_at(step, column);
    }
    if (!any || !schema_provenance(exchange->fits[0].before, &source, &record)) return;
    exchange->columns[source] = exchange->columns[record] = true;
}

enum status exchange_open(struct exchange **ret, const struct step *steps,
                          const struct pass_plan *plan, struct shard_writer *writer,
                          struct err *err)
{
    OWNED(exchange_close) struct exchange *exchange = NULL;
    TRY(NEW(&exchange, 1, err));
    exchange->fits = &steps[plan->last];
    exchange->fit_count = plan->fits;
    exchange->writer = writer;
    exchange->column_count = steps[plan->last].before->count;
    TRY(NEW(&exchange->columns, exchange->column_count, err));
    choose_columns(exchange);
    *ret = exchange;
    exchange = NULL;
    return STATUS_OK;
}

void exchange_close(struct exchange **exchange)
{
    if (*exchange == NULL) return;
    memory_free((*exchange)->columns);
    memory_free(*exchange);
    *exchange = NULL;
}

/* ---- packing ---- */

void parcel_release(struct parcel *parcel)
{
    for (size_t i = 0; parcel->tallies != NULL && i < parcel->count; i++)
        bytes_release(&parcel->tallies[i]);
    memory_free(parcel->tallies);
    bytes_release(&parcel->rows);
    *parcel = (struct parcel){0};
}

static enum status pack_columns(const struct exchange *exchange, const struct batch *batch,
                                struct wire *wire, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(WINDOW_BYTES_MAXIMUM);
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch part = {0};
    OWNED(memory_release) struct array **columns = NULL;
    OWNED(memory_release) uint64_t *places = NULL;
    size_t count = 0;
    TRY(NEW(&columns, exchange->column_count, err));
    TRY(NEW(&places, exchange->column_count, err));
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < exchange->column_count; i++) {
        if (!exchange->columns[i]) continue;
        columns[count] = batch->columns[i];
        places[count++] = i;
        TRY(schema_add(schema, &batch->schema->fields[i], err));
    }
    TRY(WIRE_ITEMS(wire, &places, &count, err));
    if (count == 0) return STATUS_OK;
    TRY(batch_make(&part, schema, batch->rows, columns, err));
    TRY(batch_to_bytes(&part, &bytes, err));
    return bytes_append(wire->to, bytes.data, bytes.size, err);
}

static enum status pack_rows(const struct exchange *exchange, const struct window *window,
                             struct bytes *ret, struct err *err)
{
    struct wire wire = wire_to(ret);
    int64_t rows = window->batch->rows;
    int64_t *ordinals = (int64_t *)(uintptr_t)window->ordinals;
    TRY(WIRE(&wire, &rows, err));
    TRY(WIRE_KNOWN(&wire, &ordinals, (size_t)rows, err));
    return pack_columns(exchange, window->batch, &wire, err);
}

static enum status observe_and_pack(const struct step *step, int pass, const struct window *window,
                                    void *tally, struct bytes *ret, struct err *err)
{
    struct wire wire = wire_to(ret);
    TRY(step->module->observe(step->state, pass, window, tally, err));
    return step->module->carry(step->state, pass, tally, &wire, err);
}

static enum status pack_tally(const struct step *step, const struct window *window,
                              struct bytes *ret, struct err *err)
{
    OWNED(memory_release) void *tally = memory_get(step->module->tally_bytes + 1, 1);
    if (tally == NULL) return fail_memory(err, step->module->tally_bytes);
    enum status status = observe_and_pack(step, 0, window, tally, ret, err);
    if (step->module->discard != NULL) step->module->discard(tally);
    return status == STATUS_OK ? STATUS_OK : fail_in_step(step, status, err);
}

enum status exchange_see(const struct exchange *exchange, const struct window *window,
                         struct parcel *ret, struct err *err)
{
    ret->rows = bytes_limited(WINDOW_BYTES_MAXIMUM);
    TRY(NEW(&ret->tallies, exchange->fit_count, err));
    ret->count = exchange->fit_count;
    for (size_t i = 0; i < exchange->fit_count; i++) {
        ret->tallies[i] = bytes_limited(WINDOW_BYTES_MAXIMUM);
        if (step_carries(&exchange->fits[i]))
            TRY(pack_tally(&exchange->fits[i], window, &ret->tallies[i], err));
    }
    return pack_rows(exchange, window, &ret->rows, err);
}

enum status exchange_put(struct exchange *exchange, int64_t window, const struct parcel *parcel,
                         struct err *err)
{
    if (parcel->tallies == NULL) return STATUS_OK; /* no row is left of the window */
    TRY(shard_put(exchange->writer, BLOCK_ROWS, (size_t)exchange->fits[0].position - 1, window,
                  parcel->rows.data, parcel->rows.size, err));
    for (size_t i = 0; i < parcel->count; i++) {
        if (!step_carries(&exchange->fits[i])) continue;
        TRY(shard_put(exchange->writer, BLOCK_TALLY, (size_t)exchange->fits[i].position - 1, window,
                      parcel->tallies[i].data, parcel->tallies[i].size, err));
    }
    return STATUS_OK;
}

/* ---- unpacking ---- */

static enum status null_column(const struct field *field, int64_t rows, const int64_t *nowhere,
                               struct array **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_release) struct batch empty = {0};
    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, field, err));
    TRY(batch_empty(&empty, schema, err));
    return array_take(ret, field, empty.columns[0], nowhere, rows, err);
}

static enum status fill_columns(const struct schema *schema, int64_t rows, struct array **columns,
                                struct err *err)
{
    OWNED(memory_release) int64_t *nowhere = NULL;
    TRY(NEW(&nowhere, (size_t)rows, err));
    for (int64_t row = 0; row < rows; row++)
        nowhere[row] = -1;
    for (size_t i = 0; i < schema->count; i++)
        if (columns[i] == NULL)
            TRY(null_column(&schema->fields[i], rows, nowhere, &columns[i], err));
    return STATUS_OK;
}

static enum status place_columns(const struct batch *part, const uint64_t *places, size_t count,
                                 const struct schema *schema, struct array **columns,
                                 struct err *err)
{
    if (part->schema->count != count) return fail(err, STATUS_FAILED, "columns without a place");
    for (size_t i = 0; i < count; i++) {
        if (places[i] >= schema->count || columns[places[i]] != NULL ||
            !field_equal(&part->schema->fields[i], &schema->fields[places[i]]))
            return fail(err, STATUS_FAILED, "column \"%s\" is not one of the step's",
                        part->schema->fields[i].name);
        columns[places[i]] = array_ref(part->columns[i]);
    }
    return STATUS_OK;
}

static enum status unpack_columns(struct wire *wire, int64_t rows, const struct schema *schema,
                                  struct array **columns, struct err *err)
{
    OWNED(memory_release) uint64_t *places = NULL;
    OWNED(batch_release) struct batch part = {0};
    size_t count = 0;
    TRY(WIRE_ITEMS(wire, &places, &count, err));
    if (count > 0) {
        TRY(batch_from_bytes(wire->from + wire->at, wire->size - wire->at, &part, err));
        if (part.rows != rows) return fail(err, STATUS_FAILED, "columns of other lengths");
        TRY(place_columns(&part, places, count, schema, columns, err));
    }
    return fill_columns(schema, rows, columns, err);
}

enum status exchange_window(const struct shard_block *block, const struct schema *schema,
                            struct batch *ret, int64_t **ret_ordinals, struct err *err)
{
    struct wire wire = wire_from(block->data, block->size);
    struct array **columns = NULL;
    int64_t rows = 0;
    TRY(WIRE(&wire, &rows, err));
    if (rows < 1 || rows > BATCH_ROWS_MAXIMUM)
        return fail(err, STATUS_FAILED, "a window of %lld rows", (long long)rows);
    TRY(WIRE_KNOWN(&wire, ret_ordinals, (size_t)rows, err));
    TRY(NEW(&columns, schema->count, err));
    enum status status = unpack_columns(&wire, rows, schema, columns, err);
    if (status == STATUS_OK) status = batch_make(ret, schema, rows, columns, err);
    for (size_t i = 0; i < schema->count; i++)
        array_unref(&columns[i]);
    memory_free(columns);
    return status;
}

static enum status read_tally(const struct shard_block *block, const struct step *step, int pass,
                              void **ret, struct err *err)
{
    struct wire wire = wire_from(block->data, block->size);
    void *tally = memory_get(step->module->tally_bytes + 1, 1);
    if (tally == NULL) return fail_memory(err, step->module->tally_bytes);
    *ret = tally;
    TRY(step->module->carry(step->state, pass, tally, &wire, err));
    return wire_end(&wire, err);
}

enum status exchange_absorb(const struct shard_block *block, const struct step *step, int pass,
                            struct err *err)
{
    void *tally = NULL;
    enum status status = read_tally(block, step, pass, &tally, err);
    if (status == STATUS_OK)
        status = step->module->absorb(step->state, pass, tally, err);
    else if (tally != NULL && step->module->discard != NULL)
        step->module->discard(tally);
    memory_free(tally);
    return status;
}
