/* features/training_set.c: the result of a join in the catalog. */
#include "features/join.h"

#include "base/clock.h"
#include "lineage/sql.h"

#include <stdio.h>

/* ["version:feature/a@3", ...] */
static enum status views_json(const struct join *join, struct bytes *ret, struct err *err)
{
    char node[VERSION_NODE];
    bool first = true;
    for (size_t i = 0; i < join->table_count; i++) {
        const struct served *served = &join->tables[i].served;
        for (size_t k = 0; k < served->state.count; k++, first = false) {
            TRY(bytes_append(ret, first ? "[" : ",", 1, err));
            snprintf(node, sizeof node, "version:%s@%lld", served->view.dataset,
                     (long long)served->state.shares[k].number);
            TRY(bytes_append_json(ret, str_of(node), err));
        }
    }
    return bytes_append(ret, "]", 1, err);
}

static enum status insert_training_set(const struct join *join, const char *output,
                                       const struct digest *digest, struct err *err)
{
    OWNED(bytes_release) struct bytes views = bytes_limited(1 << 20);
    struct store *store = run_store(join->run);
    TRY(views_json(join, &views, err));
    TRY(catalog_begin(store, err));
    enum status status =
        sql_run(store, err,
                "INSERT INTO training_sets (run_id, output, spine, views, rows, digest, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE"
                " SET output = excluded.output, digest = excluded.digest",
                "tttsidu", run_id(join->run), output, stage_input_node(join->spine),
                (struct str){(const char *)views.data, views.size}, stage_output_rows(join->output),
                digest, clock_now());
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* Registered before the end marker; a version's number is known only after it. */
enum status join_register(struct join *join, struct err *err)
{
    struct version version = {0};
    struct digest digest;
    char node[VERSION_NODE];
    snprintf(node, sizeof node, "stream:%s", run_id(join->run));
    if (join->digester != NULL) TRY(content_digester_end(join->digester, &digest, err));
    TRY(insert_training_set(join, node, join->digester == NULL ? NULL : &digest, err));
    TRY(stage_output_finish(join->output, &version, err));
    if (version.number == 0) return STATUS_OK;
    return insert_training_set(join, version_node(&version, node), &version.digest, err);
}
