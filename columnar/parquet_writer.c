/* columnar/parquet_writer.c: row groups and the footer of a Parquet file (parquet.thrift). */
#include "columnar/parquet_codec.h"
#include "columnar/parquet_write_parts.h"

#include <zstd.h>

#define CREATED_BY   "tamis version " TAMIS_VERSION
#define FOOTER_BYTES ((size_t)1 << 30)

struct parquet_writer {
    struct output *output; /* borrowed */
    struct schema *schema;
    struct parquet_write_options options;
    struct parquet_plan *plans;
    ZSTD_CCtx *context;
    uint64_t start;      /* of the file in the output */
    struct bytes groups; /* the row groups so far, as they go into the footer */
    size_t group_count;
    int64_t rows;
};

static uint64_t position(const struct parquet_writer *writer)
{
    return output_position(writer->output) - writer->start;
}

static enum status make_plans(struct parquet_writer *writer, struct err *err)
{
    TRY(NEW(&writer->plans, writer->schema->count, err));
    for (size_t i = 0; i < writer->schema->count; i++)
        TRY(parquet_plan_make(&writer->schema->fields[i], &writer->plans[i], err));
    return STATUS_OK;
}

enum status parquet_writer_open(struct parquet_writer **ret, struct output *output,
                                const struct schema *schema,
                                const struct parquet_write_options *options, struct err *err)
{
    OWNED(parquet_writer_close) struct parquet_writer *writer = NULL;
    TRY(NEW(&writer, 1, err));
    writer->output = output;
    writer->options = *options;
    writer->schema = schema_ref(schema);
    writer->start = output_position(output);
    writer->groups = bytes_limited(FOOTER_BYTES);
    writer->context = ZSTD_createCCtx();
    if (writer->context == NULL) return fail_memory(err, 0);
    TRY(make_plans(writer, err));
    TRY(output_write(output, "PAR1", 4, err));
    *ret = writer;
    writer = NULL;
    return STATUS_OK;
}

void parquet_writer_close(struct parquet_writer **writer)
{
    struct parquet_writer *gone = *writer;
    *writer = NULL;
    if (gone == NULL) return;
    ZSTD_freeCCtx(gone->context);
    bytes_release(&gone->groups);
    memory_free(gone->plans);
    schema_unref(&gone->schema);
    memory_free(gone);
}

/* ---- pages ---- */

static void put_details(struct thrift_writer *thrift, int kind, int64_t values, int encoding)
{
    thrift_put_struct(thrift, kind == 2 ? 7 : 5);
    thrift_put_i32(thrift, 1, (int32_t)values);
    thrift_put_i32(thrift, 2, encoding);
    if (kind != 2) {
        thrift_put_i32(thrift, 3, PARQUET_RLE);
        thrift_put_i32(thrift, 4, PARQUET_RLE);
    }
    thrift_put_end(thrift);
}

/* Packs and writes one page; adds its bytes, with the header, to the sums. */
static enum status put_page(struct parquet_writer *writer, int kind, int64_t values, int encoding,
                            const struct bytes *body, int64_t sums[2], struct err *err)
{
    OWNED(bytes_release) struct bytes header = bytes_limited(1u << 16);
    OWNED(memory_release) uint8_t *packed = memory_get_raw(ZSTD_compressBound(body->size), 1);
    struct thrift_writer thrift = {.bytes = &header, .err = err};
    int level = writer->options.level == 0 ? 1 : writer->options.level;
    if (packed == NULL) return fail_memory(err, ZSTD_compressBound(body->size));
    size_t size = ZSTD_compressCCtx(writer->context, packed, ZSTD_compressBound(body->size),
                                    body->data, body->size, level);
    if (ZSTD_isError(size)) return fail(err, STATUS_FAILED, "zstd: %s", ZSTD_getErrorName(size));
    if (body->size > INT32_MAX || size > INT32_MAX || values > INT32_MAX)
        return fail(err, STATUS_FAILED, "a page of %zu bytes, expected at most 2 GiB", body->size);
    thrift_put_struct(&thrift, 0);
    thrift_put_i32(&thrift, 1, kind);
    thrift_put_i32(&thrift, 2, (int32_t)body->size);
    thrift_put_i32(&thrift, 3, (int32_t)size);
    put_details(&thrift, kind, values, encoding);
    thrift_put_end(&thrift);
    TRY(thrift.status);
    TRY(output_write(writer->output, header.data, header.size, err));
    TRY(output_write(writer->output, packed, size, err));
    sums[0] += (int64_t)(header.size + body->size);
    sums[1] += (int64_t)(header.size + size);
    return STATUS_OK;
}

/* ---- what the footer says of a column ---- */

struct chunk_facts {
    int64_t dictionary, data; /* offsets; dictionary 0 = none */
    int64_t sums[2];          /* bytes: unpacked, packed */
};

static void put_path(struct thrift_writer *thrift, const struct parquet_plan *plan)
{
    thrift_put_list(thrift, 3, THRIFT_BINARY, plan->is_list ? 3 : 1);
    thrift_put_binary(thrift, 0, str_of(plan->field->name));
    if (!plan->is_list) return;
    thrift_put_binary(thrift, 0, str_of("list"));
    thrift_put_binary(thrift, 0, str_of("element"));
}

static void put_statistics(struct thrift_writer *thrift, const struct parquet_plan *plan,
                           const struct parquet_encoded *column)
{
    thrift_put_struct(thrift, 12);
    if (!plan->is_list) thrift_put_i64(thrift, 3, column->nulls);
    if (column->has_range) {
        struct str most = {(const char *)column->most.data, column->most.size};
        struct str least = {(const char *)column->least.data, column->least.size};
        thrift_put_binary(thrift, 5, most);
        thrift_put_binary(thrift, 6, least);
    }
    thrift_put_end(thrift);
}

static void put_chunk(struct thrift_writer *thrift, const struct parquet_plan *plan,
                      const struct parquet_encoded *column, const struct chunk_facts *facts)
{
    bool dictionary = facts->dictionary != 0;
    thrift_put_struct(thrift, 0);
    thrift_put_i64(thrift, 2, 0);
    thrift_put_struct(thrift, 3);
    thrift_put_i32(thrift, 1, plan->physical);
    thrift_put_list(thrift, 2, THRIFT_I32, dictionary ? 3 : 2);
    thrift_put_i32(thrift, 0, PARQUET_PLAIN);
    thrift_put_i32(thrift, 0, PARQUET_RLE);
    if (dictionary) thrift_put_i32(thrift, 0, PARQUET_RLE_DICTIONARY);
    put_path(thrift, plan);
    thrift_put_i32(thrift, 4, PARQUET_ZSTD);
    thrift_put_i64(thrift, 5, column->values);
    thrift_put_i64(thrift, 6, facts->sums[0]);
    thrift_put_i64(thrift, 7, facts->sums[1]);
    thrift_put_i64(thrift, 9, facts->data);
    if (dictionary) thrift_put_i64(thrift, 11, facts->dictionary);
    put_statistics(thrift, plan, column);
    thrift_put_end(thrift);
    thrift_put_end(thrift);
}

/* ---- row groups ---- */

static enum status put_pages(struct parquet_writer *writer, const struct parquet_encoded *column,
                             struct chunk_facts *facts, struct err *err)
{
    bool dictionary = column->entries > 0;
    if (dictionary) {
        facts->dictionary = (int64_t)position(writer);
        TRY(put_page(writer, 2, column->entries, PARQUET_PLAIN, &column->dictionary, facts->sums,
                     err));
    }
    facts->data = (int64_t)position(writer);
    return put_page(writer, 0, column->values, dictionary ? PARQUET_RLE_DICTIONARY : PARQUET_PLAIN,
                    &column->page, facts->sums, err);
}

static enum status put_column(struct parquet_writer *writer, const struct batch *batch,
                              size_t index, struct thrift_writer *thrift, int64_t sums[2],
                              struct err *err)
{
    const struct parquet_plan *plan = &writer->plans[index];
    const bool *without = writer->options.without_range;
    struct chunk_facts facts = {0};
    struct parquet_encoded column = {0};
    enum status status = parquet_encode(plan, batch->columns[index],
                                        without == NULL || !without[index], &column, err);
    if (status == STATUS_OK) status = put_pages(writer, &column, &facts, err);
    if (status == STATUS_OK) put_chunk(thrift, plan, &column, &facts);
    parquet_encoded_release(&column);
    sums[0] += facts.sums[0];
    sums[1] += facts.sums[1];
    if (status == STATUS_OK) return thrift->status;
    return fail_within(err, status, "column \"%.200s\"", plan->field->name);
}

enum status parquet_writer_add(struct parquet_writer *writer, const struct batch *batch,
                               struct err *err)
{
    struct thrift_writer thrift = {.bytes = &writer->groups, .err = err};
    int64_t sums[2] = {0};
    if (batch->rows == 0) return STATUS_OK;
    thrift_put_struct(&thrift, 0);
    thrift_put_list(&thrift, 1, THRIFT_STRUCT, writer->schema->count);
    for (size_t i = 0; i < writer->schema->count; i++)
        TRY(put_column(writer, batch, i, &thrift, sums, err));
    thrift_put_i64(&thrift, 2, sums[0]);
    thrift_put_i64(&thrift, 3, batch->rows);
    thrift_put_i64(&thrift, 6, sums[1]);
    thrift_put_end(&thrift);
    writer->rows += batch->rows;
    writer->group_count++;
    return thrift.status;
}

/* ---- the footer ---- */

static void put_schema(struct parquet_writer *writer, struct thrift_writer *thrift)
{
    size_t count = 1;
    for (size_t i = 0; i < writer->schema->count; i++)
        count += parquet_plan_elements(&writer->plans[i]);
    thrift_put_list(thrift, 2, THRIFT_STRUCT, count);
    thrift_put_struct(thrift, 0);
    thrift_put_binary(thrift, 4, str_of("schema"));
    thrift_put_i32(thrift, 5, (int32_t)writer->schema->count);
    thrift_put_end(thrift);
    for (size_t i = 0; i < writer->schema->count; i++)
        parquet_plan_put(&writer->plans[i], thrift);
}

static void put_pairs(const struct metadata *metadata, struct thrift_writer *thrift)
{
    if (metadata == NULL || metadata->count == 0) return;
    thrift_put_list(thrift, 5, THRIFT_STRUCT, metadata->count);
    for (size_t i = 0; i < metadata->count; i++) {
        thrift_put_struct(thrift, 0);
        thrift_put_binary(thrift, 1, metadata->pairs[i].key);
        thrift_put_binary(thrift, 2, metadata->pairs[i].value);
        thrift_put_end(thrift);
    }
}

/* Minimum and maximum are in the order of each type: without this they are not believed. */
static void put_orders(size_t count, struct thrift_writer *thrift)
{
    thrift_put_list(thrift, 7, THRIFT_STRUCT, count);
    for (size_t i = 0; i < count; i++) {
        thrift_put_struct(thrift, 0);
        thrift_put_struct(thrift, 1);
        thrift_put_end(thrift);
        thrift_put_end(thrift);
    }
}

enum status parquet_writer_finish(struct parquet_writer *writer, struct err *err)
{
    OWNED(bytes_release) struct bytes footer = bytes_limited(FOOTER_BYTES);
    struct thrift_writer thrift = {.bytes = &footer, .err = err};
    thrift_put_struct(&thrift, 0);
    thrift_put_i32(&thrift, 1, 2);
    put_schema(writer, &thrift);
    thrift_put_i64(&thrift, 3, writer->rows);
    thrift_put_list(&thrift, 4, THRIFT_STRUCT, writer->group_count);
    TRY(thrift.status);
    TRY(bytes_append(&footer, writer->groups.data, writer->groups.size, err));
    put_pairs(writer->options.metadata, &thrift);
    thrift_put_binary(&thrift, 6, str_of(CREATED_BY));
    put_orders(writer->schema->count, &thrift);
    thrift_put_end(&thrift);
    TRY(thrift.status);
    uint32_t size = (uint32_t)footer.size;
    TRY(output_write(writer->output, footer.data, footer.size, err));
    TRY(output_write(writer->output, &size, sizeof size, err));
    return output_write(writer->output, "PAR1", 4, err);
}
