/* features/log.c: `tamis-features log`: the versions of a view or dataset, newest first. */
#include "features/commands.h"

#include "base/output.h"
#include "columnar/build.h"
#include "features/reference.h"
#include "features/row_text.h"
#include "lineage/sql.h"

struct listing {
    struct store *store;
    struct batch_builder *rows;
};

/* "prod, candidate": the tags of a version. */
static enum status tags_of(struct store *store, const struct version *version, struct bytes *ret,
                           struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    ret->size = 0;
    TRY(sql_open(store, &statement, err,
                 "SELECT tag FROM tags WHERE dataset = ? AND number = ? ORDER BY tag", "ti",
                 version->dataset, version->number));
    for (bool row = true; row;) {
        TRY(sql_next(store, statement, &row, err));
        if (!row) break;
        if (ret->size > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(bytes_append_text(ret, sql_text(statement, 0), err));
    }
    return STATUS_OK;
}

static enum status add_version(void *context, const struct version *version, struct err *err)
{
    struct listing *listing = context;
    struct batch_builder *rows = listing->rows;
    OWNED(bytes_release) struct bytes tags = bytes_limited(1 << 20);
    char digest[DIGEST_TEXT];
    digest_text(&version->digest, digest);
    TRY(tags_of(listing->store, version, &tags, err));
    struct str tag_text = {(const char *)tags.data, tags.size};
    TRY(build_int(batch_builder_column(rows, 0), version->number, err));
    TRY(build_text(batch_builder_column(rows, 1), str_of(version->created_at), err));
    TRY(build_int(batch_builder_column(rows, 2), version->rows, err));
    TRY(build_int(batch_builder_column(rows, 3), version->chunks, err));
    TRY(build_int(batch_builder_column(rows, 4), version->bytes, err));
    TRY(build_text(batch_builder_column(rows, 5), tag_text, err));
    TRY(build_text(batch_builder_column(rows, 6), (struct str){digest, 16}, err));
    return build_text(batch_builder_column(rows, 7), str_of(version->run_id), err);
}

static enum status listing_schema(struct schema **ret, struct err *err)
{
    static const struct {
        const char *name;
        enum type_id type;
    } columns[] = {{"version", TYPE_INT64}, {"created_at", TYPE_UTF8}, {"rows", TYPE_INT64},
                   {"chunks", TYPE_INT64},  {"bytes", TYPE_INT64},     {"tags", TYPE_UTF8},
                   {"digest", TYPE_UTF8},   {"run_id", TYPE_UTF8}};
    TRY(schema_new(ret, err));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        TRY(schema_add_column(*ret, columns[i].name, columns[i].type, err));
    return STATUS_OK;
}

static enum status list(struct store *store, const char *dataset, struct batch *ret,
                        struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *rows = NULL;
    TRY(listing_schema(&schema, err));
    TRY(batch_builder_open(&rows, schema, 64, err));
    struct listing listing = {store, rows};
    TRY(version_each(store, dataset, add_version, &listing, err));
    return batch_builder_finish(rows, ret, err);
}

static enum status show(const struct invocation *invocation, const struct batch *versions,
                        struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 30);
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, invocation->common.output, err));
    if (invocation->common.json) {
        TRY(json_array(versions, &text, err));
    } else {
        TRY(text_table_open(&table, versions->schema, err));
        TRY(text_table_rows(table, versions, 0, versions->rows, &text, err));
        TRY(text_table_end(table, &text, err));
    }
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status log_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(batch_release) struct batch versions = {0};
    const char *dataset;
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    TRY(reference_dataset(store, invocation->operands[0], &dataset, invocation->arena, err));
    TRY(list(store, dataset, &versions, err));
    return show(invocation, &versions, err);
}

const struct command log_command = {
    .name = "log",
    .operands = "VIEW|DATASET",
    .summary = "list the versions, newest first, with their tags",
    .examples = "tamis-features log user_activity",
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = log_run,
    .common_without = "emit|explain|as-of|seed|no-store",
};
