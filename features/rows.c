/* features/rows.c: rows to look at, from an Arrow file or stream or from the store. */
#include "features/rows.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "columnar/ipc.h"

struct rows {
    struct ipc_reader *reader;
    struct store *store; /* ours, when we opened it */
    struct version_reader *version;
    const char *name;
    bool verdict_failed;
};

static enum status open_version(struct rows *rows, struct store *store,
                                const struct version *version, const struct common *common,
                                struct err *err)
{
    return version_reader_open(&rows->version, store, version,
                               parallel_threads((size_t)common->threads), err);
}

static enum status open_reference(struct rows *rows, const char *reference,
                                  const struct common *common, struct err *err)
{
    struct version version;
    TRY(store_open(&rows->store, common, STORE_READ, err));
    if (rows->store == NULL) {
        fail(err, STATUS_USAGE, "\"%s\" is in a store and --no-store was given", reference);
        err_hint(err, "leave --no-store out, or name a file");
        return STATUS_USAGE;
    }
    TRY(version_resolve(rows->store, reference, &version, err));
    return open_version(rows, rows->store, &version, common, err);
}

static enum status open_file(struct rows *rows, const char *path, const struct common *common,
                             struct err *err)
{
    struct input *input = NULL;
    TRY(input_open(&input, path, err));
    return ipc_reader_open(&rows->reader, &input, parallel_threads((size_t)common->threads), err);
}

enum status rows_open(struct rows **ret, const char *operand, const struct common *common,
                      struct err *err)
{
    OWNED(rows_close) struct rows *rows = NULL;
    TRY(NEW(&rows, 1, err));
    rows->name = operand == NULL || strcmp(operand, "-") == 0 ? "stdin" : operand;
    enum status status = strncmp(rows->name, "tamis:", 6) == 0
                             ? open_reference(rows, operand, common, err)
                             : open_file(rows, operand, common, err);
    if (status != STATUS_OK) return status;
    *ret = rows;
    rows = NULL;
    return STATUS_OK;
}

const struct schema *rows_schema(const struct rows *rows)
{
    return rows->version != NULL ? version_reader_schema(rows->version)
                                 : ipc_reader_schema(rows->reader);
}

enum status rows_next(struct rows *rows, struct batch *ret, bool *ret_end, struct err *err)
{
    for (;;) {
        TRY(interrupted(err));
        enum status status = rows->version != NULL
                                 ? version_reader_next(rows->version, ret, ret_end, err)
                                 : ipc_reader_next(rows->reader, ret, ret_end, err);
        if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", rows->name);
        if (*ret_end || ret->rows > 0) return STATUS_OK;
        struct str verdict = metadata_get(&ret->metadata, "tamis:verdict");
        rows->verdict_failed |= str_is(verdict, "failed");
        batch_release(ret);
    }
}

bool rows_verdict_failed(const struct rows *rows)
{
    return rows->verdict_failed;
}

void rows_close(struct rows **rows)
{
    if (rows == NULL || *rows == NULL) return;
    ipc_reader_close(&(*rows)->reader);
    version_reader_close(&(*rows)->version);
    store_close(&(*rows)->store);
    memory_free(*rows);
    *rows = NULL;
}
