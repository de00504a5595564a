/* features/gc.c: `tamis-features gc`: takes old versions away, and what killed runs left. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/output.h"
#include "features/duration.h"
#include "features/recorded.h"
#include "features/reference.h"
#include "lineage/collect.h"
#include "lineage/sql.h"

struct gc_args {
    int64_t keep_last;
    const char *older_than;
    bool dry_run;
};

static const struct setting gc_options[] = {
    {.name = "keep-last",
     .kind = SETTING_INT,
     .offset = offsetof(struct gc_args, keep_last),
     .minimum = 1,
     .maximum = 1e15,
     .help = "keep the newest N versions of each dataset, take the others away",
     .argument = "N"},
    {.name = "older-than",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct gc_args, older_than),
     .help = "take away only what was committed longer ago than AGE: 30d, 12h",
     .argument = "AGE"},
    {.name = "dry-run",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct gc_args, dry_run),
     .help = "only tell what would go"},
    {0},
};

struct collection {
    const struct invocation *invocation;
    const struct gc_args *args;
    struct store *store;
    int64_t before;           /* created_at of what may go, microseconds */
    struct version *versions; /* that go, in the arena */
    size_t count, room;
    struct bytes json; /* of what was kept though it is old */
    int64_t kept, bytes;
};

/* ---- what is needed ---- */

/* Why a version cannot go: the first reason, empty = it can. The newest of a dataset stays, so that
 * no number is given twice. */
static const char reason_sql[] =
    "SELECT CASE"
    " WHEN v.number = (SELECT max(number) FROM versions AS n WHERE n.dataset = v.dataset)"
    "  THEN 'it is the newest'"
    " WHEN EXISTS (SELECT 1 FROM tags AS t WHERE t.dataset = v.dataset AND t.number = v.number)"
    "  THEN 'tag ' || (SELECT min(tag) FROM tags AS t"
    "                  WHERE t.dataset = v.dataset AND t.number = v.number)"
    " WHEN v.run_id IN (SELECT run_id FROM training_sets) THEN 'it is a training set'"
    " WHEN EXISTS (SELECT 1 FROM edges AS e JOIN training_sets AS s ON s.run_id = e.run_id"
    "              WHERE e.input = v.node)"
    "  THEN 'the training set of run ' || (SELECT min(e.run_id) FROM edges AS e JOIN training_sets"
    "        AS s ON s.run_id = e.run_id WHERE e.input = v.node)"
    " WHEN EXISTS (SELECT 1 FROM edges AS e WHERE e.input = v.node AND e.output LIKE 'model:%')"
    "  THEN (SELECT min(e.output) FROM edges AS e WHERE e.input = v.node"
    "        AND e.output LIKE 'model:%')"
    " ELSE (SELECT 'the newest ' || o.dataset || ' was made from it' FROM edges AS e"
    "       JOIN versions AS o ON o.run_id = e.run_id AND o.dataset <> v.dataset"
    "       WHERE e.input = v.node"
    "       AND o.number = (SELECT max(number) FROM versions AS n WHERE n.dataset = o.dataset)"
    "       LIMIT 1)"
    " END FROM versions AS v WHERE v.dataset = ? AND v.number = ?";

static enum status reason_of(struct collection *collection, const struct version *version,
                             const char **ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    *ret = NULL;
    TRY(sql_open(collection->store, &rows, err, reason_sql, "ti", version->dataset,
                 version->number));
    TRY(sql_next(collection->store, rows, &row, err));
    if (!row || sqlite3_column_type(rows, 0) == SQLITE_NULL) return STATUS_OK;
    *ret = arena_text(collection->invocation->arena, sql_text(rows, 0), strlen(sql_text(rows, 0)));
    return *ret == NULL ? fail_memory(err, 0) : STATUS_OK;
}

/* ---- what goes ---- */

static enum status add_version(struct collection *collection, const struct version *version,
                               struct err *err)
{
    if (collection->count == collection->room) {
        size_t room = collection->room * 2 + 64;
        struct version *versions = arena_get(collection->invocation->arena, room, sizeof *versions);
        if (versions == NULL) return fail_memory(err, room * sizeof *versions);
        if (collection->count > 0)
            memcpy(versions, collection->versions, collection->count * sizeof *versions);
        collection->versions = versions;
        collection->room = room;
    }
    collection->versions[collection->count++] = *version;
    collection->bytes += version->bytes;
    return STATUS_OK;
}

static enum status tell_kept(struct collection *collection, const struct version *version,
                             const char *reason, struct err *err)
{
    log_line(&collection->invocation->common, false, "%s@%lld stays: %s", version->dataset,
             (long long)version->number, reason);
    TRY(bytes_format(&collection->json, err, "%s{\"dataset\":\"%s\",\"number\":%lld,\"reason\":",
                     collection->kept++ == 0 ? "" : ",", version->dataset,
                     (long long)version->number));
    TRY(bytes_append_json(&collection->json, str_of(reason), err));
    return bytes_append_text(&collection->json, "}", err);
}

/* Retention: not among the newest N, and old enough. */
static enum status is_old(struct collection *collection, const struct version *version, bool *ret,
                          struct err *err)
{
    int64_t newer = 0, created = 0;
    int64_t keep = collection->args->keep_last < 1 ? 1 : collection->args->keep_last;
    TRY(sql_number(collection->store, &newer, 0, err,
                   "SELECT count(*) FROM versions WHERE dataset = ? AND number > ?", "ti",
                   version->dataset, version->number));
    TRY(time_parse(str_of(version->created_at), &created, err));
    *ret = newer >= keep && created < collection->before;
    return STATUS_OK;
}

static enum status consider(void *context, const struct version *version, struct err *err)
{
    struct collection *collection = context;
    const char *reason;
    bool old;
    TRY(is_old(collection, version, &old, err));
    if (!old) return STATUS_OK;
    TRY(reason_of(collection, version, &reason, err));
    return reason == NULL ? add_version(collection, version, err)
                          : tell_kept(collection, version, reason, err);
}

/* VIEW@REF: this one, or an answer why not. */
static enum status name_version(struct collection *collection, const char *operand, struct err *err)
{
    struct version version;
    const char *reason;
    TRY(reference_version(collection->store, operand, &version, collection->invocation->arena,
                          err));
    TRY(reason_of(collection, &version, &reason, err));
    if (reason == NULL) return add_version(collection, &version, err);
    fail(err, STATUS_USAGE, "%s@%lld is needed: %s", version.dataset, (long long)version.number,
         reason);
    err_hint(err,
             "what is newest or under a tag, what a training set, a model or the newest version "
             "of a dataset was made from stays");
    return STATUS_USAGE;
}

static enum status choose_of(struct collection *collection, const char *operand, bool retention,
                             struct err *err)
{
    const char *dataset = NULL;
    if (operand != NULL && strchr(operand, '@') != NULL)
        return name_version(collection, operand, err);
    if (operand != NULL)
        TRY(reference_dataset(collection->store, operand, &dataset, collection->invocation->arena,
                              err));
    if (retention) return version_each(collection->store, dataset, consider, collection, err);
    if (operand == NULL) return STATUS_OK;
    fail(err, STATUS_USAGE, "\"%s\": which of its versions may go?", operand);
    err_hint(err, "--keep-last N, --older-than AGE, or %s@NUMBER", operand);
    return STATUS_USAGE;
}

static enum status choose(struct collection *collection, struct err *err)
{
    const struct invocation *invocation = collection->invocation;
    const struct maybe_time *as_of = &invocation->common.as_of;
    bool retention = collection->args->keep_last > 0 || collection->args->older_than != NULL;
    int64_t age = 0, now = as_of->given ? as_of->microseconds : clock_now();
    if (collection->args->older_than != NULL) {
        enum status status = duration_parse(str_of(collection->args->older_than), &age, err);
        if (status != STATUS_OK) return fail_within(err, status, "--older-than");
    }
    collection->before = collection->args->older_than == NULL ? INT64_MAX : now - age;
    if (invocation->operand_count == 0) return choose_of(collection, NULL, retention, err);
    for (size_t i = 0; i < invocation->operand_count; i++)
        TRY(choose_of(collection, invocation->operands[i], retention, err));
    return STATUS_OK;
}

/* ---- telling ---- */

static enum status tell_json(const struct collection *collection, const struct sweep *sweep,
                             struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)256 << 20);
    OWNED(output_close) struct output *output = NULL;
    TRY(bytes_append_text(&text, "{\"removed\":[", err));
    for (size_t i = 0; i < collection->count; i++)
        TRY(bytes_format(&text, err, "%s{\"dataset\":\"%s\",\"number\":%lld}", i == 0 ? "" : ",",
                         collection->versions[i].dataset,
                         (long long)collection->versions[i].number));
    TRY(bytes_append_text(&text, "],\"kept\":[", err));
    TRY(bytes_append(&text, collection->json.data, collection->json.size, err));
    TRY(bytes_format(&text, err, "],\"files\":%lld,\"bytes\":%lld,\"dry_run\":%s}\n",
                     (long long)sweep->files, (long long)sweep->bytes,
                     collection->args->dry_run ? "true" : "false"));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status tell(const struct collection *collection, const struct sweep *sweep,
                        struct err *err)
{
    const struct common *common = &collection->invocation->common;
    bool dry = collection->args->dry_run;
    for (size_t i = 0; i < collection->count; i++)
        log_line(common, false, "%s@%lld %s", collection->versions[i].dataset,
                 (long long)collection->versions[i].number, dry ? "would go" : "is gone");
    if (dry)
        log_line(common, false, "%zu versions would go, and %lld files nothing counts on",
                 collection->count, (long long)sweep->files);
    else
        log_line(common, false, "%zu versions and %lld files (%lld bytes) are gone",
                 collection->count, (long long)sweep->files, (long long)sweep->bytes);
    return common->json ? tell_json(collection, sweep, err) : STATUS_OK;
}

/* ---- the command ---- */

static void collection_begin(struct collection *collection, const struct invocation *invocation,
                             struct store *store)
{
    *collection = (struct collection){.invocation = invocation,
                                      .args = invocation->args,
                                      .store = store,
                                      .json = bytes_limited((size_t)64 << 20)};
}

static enum status collect(struct run *run, struct invocation *invocation, struct err *err)
{
    struct collection collection;
    struct sweep sweep = {0};
    TRY(run_alone(run, err));
    collection_begin(&collection, invocation, run_store(run));
    enum status status = choose(&collection, err);
    if (status == STATUS_OK && collection.count > 0)
        status = versions_remove(collection.store, run, collection.versions, collection.count, err);
    if (status == STATUS_OK) status = store_sweep(collection.store, false, &sweep, err);
    if (status == STATUS_OK)
        status = run_metric(run, "files_removed", (double)sweep.files, "files", err);
    if (status == STATUS_OK)
        status = run_metric(run, "bytes_removed", (double)sweep.bytes, "bytes", err);
    if (status == STATUS_OK) status = tell(&collection, &sweep, err);
    bytes_release(&collection.json);
    return status;
}

/* Leaves no run behind. */
static enum status only_tell(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    struct collection collection;
    struct sweep sweep = {0};
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    collection_begin(&collection, invocation, store);
    enum status status = choose(&collection, err);
    if (status == STATUS_OK) status = store_sweep(store, true, &sweep, err);
    if (status == STATUS_OK) status = tell(&collection, &sweep, err);
    bytes_release(&collection.json);
    return status;
}

static enum status gc_run(struct invocation *invocation, struct err *err)
{
    const struct gc_args *args = invocation->args;
    if (args->dry_run) return only_tell(invocation, err);
    return recorded(invocation, "features gc", STORE_THERE, collect, err);
}

const struct command gc_command = {
    .name = "gc",
    .operands = "[VIEW|DATASET[@REF]]...",
    .summary = "take old versions away, and files that killed runs left",
    .details =
        "Without operands and options only chunk files and temporary files go that nothing counts "
        "on. With --keep-last or --older-than, versions go that both allow, of all datasets or "
        "those named; VIEW@REF names a single one. What is needed stays: the newest version, what "
        "has a tag, a training set and what it was made from, what a model or the newest version "
        "of another dataset was made from; why is told.\n\n"
        "Lineage stays: edges and runs of what is gone, and a row in removed_versions. gc waits up "
        "to --wait until no other run uses the store. A reader of a version that goes meanwhile "
        "ends with an error.",
    .examples = "tamis-features gc --keep-last 10 --older-than 30d --dry-run\n"
                "tamis-features gc user_activity@3",
    .options = gc_options,
    .args_bytes = sizeof(struct gc_args),
    .operands_maximum = SIZE_MAX,
    .run = gc_run,
    .common_without = "output|explain|seed",
};
