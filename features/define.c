/* features/define.c: `tamis-features define`: a view enters the catalog. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/output.h"
#include "features/recorded.h"
#include "features/view.h"
#include "lineage/sql.h"

/* ---- the catalog ---- */

/* The newest revision and whether it means the same. */
static enum status newest_revision(struct store *store, struct view *view, bool *ret_same,
                                   struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    char digest[DIGEST_TEXT];
    bool row = false;
    TRY(sql_open(store, &statement, err,
                 "SELECT revision, digest FROM views WHERE view = ? ORDER BY revision DESC LIMIT 1",
                 "t", view->name));
    TRY(sql_next(store, statement, &row, err));
    view->revision = row ? sqlite3_column_int64(statement, 0) : 0;
    *ret_same = row && strcmp(sql_text(statement, 1), digest_text(&view->digest, digest)) == 0;
    return STATUS_OK;
}

static enum status insert(struct run *run, struct view *view, bool *ret_same, struct err *err)
{
    struct store *store = run_store(run);
    TRY(newest_revision(store, view, ret_same, err));
    if (*ret_same) return STATUS_OK;
    view->revision++;
    return sql_run(store, err,
                   "INSERT INTO views (view, revision, dataset, definition, digest, owner, run_id,"
                   " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   "tittdttu", view->name, view->revision, view->dataset, view->definition,
                   &view->digest, view->owner, run_id(run), clock_now());
}

static enum status keep(struct run *run, struct view *view, bool *ret_same, struct err *err)
{
    struct store *store = run_store(run);
    TRY(catalog_begin(store, err));
    enum status status = insert(run, view, ret_same, err);
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* ---- the command ---- */

static enum status tell(const struct invocation *invocation, const struct view *view, bool same,
                        struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(1 << 20);
    OWNED(output_close) struct output *output = NULL;
    char digest[DIGEST_TEXT];
    log_line(&invocation->common, false, "view \"%s\", revision %lld%s", view->name,
             (long long)view->revision, same ? ": nothing new" : "");
    if (!invocation->common.json) return STATUS_OK;
    TRY(bytes_append_text(&json, "{\"view\":", err));
    TRY(bytes_append_json(&json, str_of(view->name), err));
    TRY(bytes_append_text(&json, ",\"dataset\":", err));
    TRY(bytes_append_json(&json, str_of(view->dataset), err));
    TRY(bytes_format(&json, err, ",\"revision\":%lld,\"digest\":\"%s\",\"changed\":%s}\n",
                     (long long)view->revision, digest_text(&view->digest, digest),
                     same ? "false" : "true"));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, json.data, json.size, err));
    return output_commit(output, err);
}

static enum status define(struct run *run, struct invocation *invocation, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    const char *path = invocation->operands[0];
    struct view view = {0};
    bool same = false;
    TRY(yaml_load(&yaml, path, err));
    enum status status = view_parse(&view, yaml_root(yaml), invocation->arena, err);
    if (status != STATUS_OK) return fail_within(err, status, "view \"%s\"", path);
    TRY(run_config(run, str_of(view.definition), &view.digest, err));
    TRY(keep(run, &view, &same, err));
    return tell(invocation, &view, same, err);
}

static enum status define_run(struct invocation *invocation, struct err *err)
{
    return recorded(invocation, "features define", STORE_MADE, define, err);
}

const struct command define_command = {
    .name = "define",
    .operands = "VIEW.yaml",
    .summary = "put a view into the catalog",
    .details = "A view says which columns are the entity, the event time, the created time and the "
               "features, how long a row stays true, and whose it is. The same meaning again "
               "changes nothing; another meaning becomes the next revision.",
    .examples = "tamis-features define user_activity.yaml",
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = define_run,
    .common_without = "output|explain|as-of|seed",
};
