/* features/forget_versions.c: versions without the rows of an entity: the other rows are written
 * again, chunk by chunk, and take the place of the old ones in one transaction a version, with the
 * row that says why the digest changed. */
#include "features/forget.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "lineage/sql.h"

enum status forget_keep(const struct batch *batch, const int32_t *keys, struct batch *ret,
                        struct err *err)
{
    OWNED(memory_release) int64_t *rows = NULL;
    int64_t count = 0;
    TRY(NEW(&rows, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++)
        if (keys[row] < 0) rows[count++] = row;
    if (count == batch->rows) return batch_share(ret, batch, err);
    return batch_take(ret, batch, rows, count, err);
}

struct rewriting {
    struct forget *forget;
    const struct forget_version *version;
};

/* In the transaction. A second forgetting keeps the first digest. */
static enum status explain_digest(void *context, const struct version *now, struct err *err)
{
    const struct rewriting *rewriting = context;
    const struct forget *forget = rewriting->forget;
    const struct version *old = &rewriting->version->version;
    char node[VERSION_NODE];
    for (size_t i = 0; i < forget->keys.count; i++) {
        if (rewriting->version->rows_of_key[i] == 0) continue;
        TRY(sql_run(forget->store, err,
                    "INSERT INTO forgotten_versions (forget_key, dataset, number, rows_removed,"
                    " digest_before, digest_after) VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET digest_after = excluded.digest_after,"
                    " rows_removed = rows_removed + excluded.rows_removed",
                    "itiidd", forget->keys.items[i].forget_key, old->dataset, old->number,
                    rewriting->version->rows_of_key[i], &old->digest, &now->digest));
    }
    return sql_run(forget->store, err,
                   "UPDATE training_sets SET digest = ?, rows = ? WHERE output = ?", "dit",
                   &now->digest, now->rows, version_node(old, node));
}

static enum status write_rows(const struct rewriting *rewriting, struct version_reader *reader,
                              struct version_writer *writer, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch kept = {0};
        OWNED(memory_release) int32_t *keys = NULL;
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(NEW(&keys, (size_t)batch.rows, err));
        TRY(forget_rows(rewriting->forget, rewriting->version, &batch, keys, err));
        TRY(forget_keep(&batch, keys, &kept, err));
        if (kept.rows > 0) TRY(version_writer_add(writer, &kept, err));
    }
}

static enum status rewrite(struct forget *forget, const struct forget_version *version,
                           struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    OWNED(version_writer_close) struct version_writer *writer = NULL;
    struct rewriting rewriting = {forget, version};
    size_t threads = parallel_threads((size_t)forget->invocation->common.threads);
    TRY(version_reader_open(&reader, forget->store, &version->version, threads, err));
    TRY(version_writer_open(&writer, forget->run, version->version.dataset,
                            version_reader_schema(reader), false, err));
    TRY(write_rows(&rewriting, reader, writer, err));
    TRY(version_writer_replace(writer, &version->version, explain_digest, &rewriting, err));
    forget->rows += version->rows;
    forget->versions_changed++;
    return STATUS_OK;
}

enum status forget_versions(struct forget *forget, struct err *err)
{
    for (int keyed = 0; keyed < 2; keyed++)
        for (size_t i = 0; i < forget->version_count; i++)
            if (forget->versions[i].keyed == (keyed == 1) && forget->versions[i].rows > 0)
                TRY(rewrite(forget, &forget->versions[i], err));
    return STATUS_OK;
}
