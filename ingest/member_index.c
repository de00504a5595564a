/* ingest/member_index.c: what was in a folder or an archive that is one source. */
#include "ingest/member_index.h"

#include "columnar/ipc.h"
#include "lineage/store.h"

#include <stdio.h>

enum { SOURCE, RECORD, PATH, BYTES, DIGEST };

struct member_index {
    char path[4096];
    struct schema *schema;
    struct output *output; /* NULL before the first member */
    struct ipc_writer *writer;
};

static enum status index_schema(struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field source = field_dictionary("source");
    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, &source, err));
    TRY(schema_add_column(schema, "record", TYPE_INT64, err));
    TRY(schema_add_column(schema, "path", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "bytes", TYPE_INT64, err));
    TRY(schema_add_column(schema, "digest", TYPE_UTF8, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

enum status member_index_open(struct member_index **ret, const struct run *run, struct err *err)
{
    OWNED(member_index_close) struct member_index *index = NULL;
    *ret = NULL;
    if (run_store(run) == NULL) return STATUS_OK;
    TRY(NEW(&index, 1, err));
    int size = snprintf(index->path, sizeof index->path, "%s/index/%s-members.arrow",
                        store_path(run_store(run)), run_id(run));
    if (size < 0 || (size_t)size >= sizeof index->path)
        return fail(err, STATUS_FAILED, "the path of the store is too long");
    TRY(index_schema(&index->schema, err));
    *ret = index;
    index = NULL;
    return STATUS_OK;
}

static enum status begin(struct member_index *index, struct err *err)
{
    const struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};
    if (index->output != NULL) return STATUS_OK;
    TRY(output_open(&index->output, index->path, err));
    return ipc_writer_open(&index->writer, index->output, index->schema, options, err);
}

static enum status add_member(struct batch_builder *builder, const char *name,
                              const struct source_member *member, struct err *err)
{
    char digest[DIGEST_TEXT], shown[4096];
    const char *path = member->path;
    if (!utf8_valid(path, strlen(path)))
        path = escape_for_terminal(str_of(path), shown, sizeof shown);
    TRY(build_text(batch_builder_column(builder, SOURCE), str_of(name), err));
    TRY(build_int(batch_builder_column(builder, RECORD), member->record, err));
    TRY(build_text(batch_builder_column(builder, PATH), str_of(path), err));
    TRY(build_int(batch_builder_column(builder, BYTES), member->bytes, err));
    return build_text(batch_builder_column(builder, DIGEST),
                      str_of(digest_text(member->digest, digest)), err);
}

static enum status add_some(struct member_index *index, const struct source_kind *kind,
                            const struct source *source, const char *name, size_t first, size_t end,
                            struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(batch_release) struct batch batch = {0};
    TRY(batch_builder_open(&builder, index->schema, (int64_t)(end - first), err));
    for (size_t i = first; i < end; i++) {
        struct source_member member;
        kind->member(source, i, &member);
        TRY(add_member(builder, name, &member, err));
    }
    TRY(batch_builder_finish(builder, &batch, err));
    return ipc_writer_add(index->writer, &batch, err);
}

enum status member_index_add(struct member_index *index, const struct source_kind *kind,
                             const struct source *source, const char *name, struct err *err)
{
    if (index == NULL || kind->member_count == NULL) return STATUS_OK;
    size_t count = kind->member_count(source);
    if (count > 0) TRY(begin(index, err));
    for (size_t first = 0; first < count; first += BATCH_ROWS_MAXIMUM) {
        size_t left = count - first;
        TRY(add_some(index, kind, source, name, first,
                     first + (left < BATCH_ROWS_MAXIMUM ? left : BATCH_ROWS_MAXIMUM), err));
    }
    return STATUS_OK;
}

enum status member_index_commit(struct member_index *index, struct err *err)
{
    if (index == NULL || index->output == NULL) return STATUS_OK;
    TRY(ipc_writer_finish(index->writer, err));
    return output_commit(index->output, err);
}

void member_index_close(struct member_index **index)
{
    if (index == NULL || *index == NULL) return;
    ipc_writer_close(&(*index)->writer);
    output_close(&(*index)->output);
    schema_unref(&(*index)->schema);
    memory_free(*index);
    *index = NULL;
}
