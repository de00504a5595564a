/* features/forget.c: `tamis-features forget`: an entity leaves the store. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/output.h"
#include "features/forget.h"
#include "features/recorded.h"
#include "lineage/collect.h"
#include "lineage/sql.h"

#include <stdio.h>

/* ---- the proof ---- */

static enum status list_versions(struct forget *forget, const struct forget_key *key,
                                 struct bytes *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool first = true, row;
    TRY(sql_open(forget->store, &rows, err,
                 "SELECT dataset, number, rows_removed, digest_before, digest_after"
                 " FROM forgotten_versions WHERE forget_key = ? ORDER BY dataset, number",
                 "i", key->forget_key));
    for (;;) {
        TRY(sql_next(forget->store, rows, &row, err));
        if (!row) return STATUS_OK;
        TRY(bytes_format(
            ret, err,
            "%s\n {\"dataset\":\"%s\",\"number\":%lld,\"rows_removed\":%lld,"
            "\"digest_before\":\"%s\",\"digest_after\":\"%s\"}",
            first ? "" : ",", sql_text(rows, 0), (long long)sqlite3_column_int64(rows, 1),
            (long long)sqlite3_column_int64(rows, 2), sql_text(rows, 3), sql_text(rows, 4)));
        first = false;
    }
}

/* Counts are of this run, versions of all attempts. */
static enum status make_proof(struct forget *forget, const struct forget_key *key,
                              struct bytes *ret, struct err *err)
{
    char salted[DIGEST_TEXT], now[TIME_TEXT];
    ret->size = 0;
    TRY(bytes_format(
        ret, err,
        "{\"forget_key\":%lld,\"salt\":\"%s\",\"key_digest\":\"%s\",\"ended_at\":\"%s\","
        "\"versions\":[",
        (long long)key->forget_key, key->salt, digest_text(&key->digest, salted),
        time_text(clock_now(), now)));
    TRY(list_versions(forget, key, ret, err));
    TRY(bytes_format(ret, err,
                     "],\n \"rows\":%lld,\"row_events\":%lld,\"audit_files\":%lld,"
                     "\"audit_rows\":%lld,\"exposures\":%lld,\"texts\":%lld,"
                     "\"training_files\":%lld,\"files_removed\":%lld,\"not_reached\":[",
                     (long long)forget->rows, (long long)forget->row_events,
                     (long long)forget->audit_files, (long long)forget->audit_rows,
                     (long long)forget->exposures, (long long)forget->texts,
                     (long long)forget->training_files, (long long)forget->files));
    TRY(bytes_append(ret, forget->not_reached.data, forget->not_reached.size, err));
    return bytes_append_text(ret, "]}", err);
}

static enum status keep_proofs(struct forget *forget, struct bytes *proof, struct err *err)
{
    for (size_t i = 0; i < forget->keys.count; i++) {
        TRY(make_proof(forget, &forget->keys.items[i], proof, err));
        TRY(sql_run(forget->store, err,
                    "UPDATE forgettings SET ended_at = ?, proof = ? WHERE forget_key = ?", "usi",
                    clock_now(), (struct str){(const char *)proof->data, proof->size},
                    forget->keys.items[i].forget_key));
    }
    return STATUS_OK;
}

/* ---- the steps ---- */

/* Chunks of the old rows leave the catalog, then the disk; whatever was left before goes too. */
static enum status remove_chunks(struct forget *forget, struct err *err)
{
    struct sweep sweep;
    TRY(catalog_begin(forget->store, err));
    enum status status = chunks_forget_unused(forget->store, err);
    if (status != STATUS_OK) {
        catalog_rollback(forget->store);
        return status;
    }
    TRY(catalog_commit(forget->store, err));
    TRY(store_sweep(forget->store, false, &sweep, err));
    forget->files = sweep.files;
    return STATUS_OK;
}

/* Looks at everything once more: the promise is about what is there now. */
static enum status check_gone(struct forget *forget, struct err *err)
{
    struct forget again = {.run = forget->run,
                           .invocation = forget->invocation,
                           .store = forget->store,
                           .arena = forget->arena,
                           .keys = forget->keys};
    TRY(forget_scan(&again, err));
    for (size_t i = 0; i < again.version_count; i++)
        if (again.versions[i].rows > 0)
            return fail(err, STATUS_FAILED, "%s@%lld still has %lld rows of the entity",
                        again.versions[i].version.dataset,
                        (long long)again.versions[i].version.number,
                        (long long)again.versions[i].rows);
    return STATUS_OK;
}

static enum status end(struct forget *forget, struct bytes *proof, struct err *err)
{
    TRY(catalog_begin(forget->store, err));
    enum status status = keep_proofs(forget, proof, err);
    if (status == STATUS_OK) return catalog_commit(forget->store, err);
    catalog_rollback(forget->store);
    return status;
}

static enum status forget_all(struct forget *forget, struct bytes *proof, struct err *err)
{
    TRY(forget_keys_begin(&forget->keys, forget->store, run_id(forget->run), err));
    TRY(forget_scan(forget, err));
    TRY(forget_traces(forget, err));
    TRY(forget_training(forget, err));
    TRY(forget_versions(forget, err));
    TRY(remove_chunks(forget, err));
    TRY(check_gone(forget, err));
    return end(forget, proof, err);
}

/* ---- telling ---- */

static enum status tell(const struct forget *forget, const struct bytes *proof, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    const struct common *common = &forget->invocation->common;
    log_line(common, false,
             "%lld rows of %lld versions, %lld row events, %lld changed cells, %lld exposures and "
             "%lld training files: gone",
             (long long)forget->rows, (long long)forget->versions_changed,
             (long long)forget->row_events, (long long)forget->audit_rows,
             (long long)forget->exposures, (long long)forget->training_files);
    if (forget->not_reached.size > 0)
        log_line(common, true, "not there any more or changed since, so not reached: %.*s",
                 (int)forget->not_reached.size, (const char *)forget->not_reached.data);
    if (!common->json) return STATUS_OK;
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, proof->data, proof->size, err));
    TRY(output_write(output, "\n", 1, err));
    return output_commit(output, err);
}

/* ---- the command ---- */

static enum status forget_entity(struct run *run, struct invocation *invocation, struct err *err)
{
    OWNED(bytes_release) struct bytes proof = bytes_limited((size_t)256 << 20);
    struct served served;
    struct forget forget = {.run = run,
                            .invocation = invocation,
                            .store = run_store(run),
                            .arena = invocation->arena,
                            .not_reached = bytes_limited((size_t)16 << 20)};
    TRY(served_find(&served, forget.store, invocation->operands[0], forget.arena, err));
    TRY(forget_keys_parse(&forget.keys, forget.store, &served, invocation->operands + 1,
                          invocation->operand_count - 1, forget.arena, err));
    TRY(run_alone(run, err));
    enum status status = forget_all(&forget, &proof, err);
    if (status == STATUS_OK) status = tell(&forget, &proof, err);
    bytes_release(&forget.not_reached);
    return status;
}

/* The run that forgets a key must not remember it. */
static enum status hide_keys(struct invocation *invocation, struct err *err)
{
    char **argv = arena_get(invocation->arena, (size_t)invocation->argc + 1, sizeof *argv);
    char *hidden = arena_text(invocation->arena, "***", 3);
    if (argv == NULL || hidden == NULL) return fail_memory(err, 0);
    for (int i = 0; i < invocation->argc; i++) {
        argv[i] = invocation->argv[i];
        for (size_t k = 1; k < invocation->operand_count; k++)
            if (strcmp(argv[i], invocation->operands[k]) == 0) argv[i] = hidden;
    }
    invocation->argv = argv;
    return STATUS_OK;
}

static enum status forget_run(struct invocation *invocation, struct err *err)
{
    TRY(hide_keys(invocation, err));
    return recorded(invocation, "features forget", STORE_THERE, forget_entity, err);
}

const struct command forget_command = {
    .name = "forget",
    .operands = "VIEW KEY...",
    .summary = "remove an entity from every version, and from what was written about it",
    .details =
        "KEY is the entity of the view, values of a compound one parted by commas. Its rows leave "
        "every version of every dataset that has the entity's columns by name, and those that lost "
        "them but whose rows came from the same records; with them go row events, cells in audit "
        "files, exposures, training sets (in files too, where they still are what the join wrote), "
        "and the key in recorded arguments and messages.\n\n"
        "Versions keep their numbers; forgotten_versions tells the digest before and after, "
        "forgettings holds the proof and a salted digest of the key. Sources are not touched: "
        "rebuild leaves the entity out when it reads them again. Whatever ends forget in between, "
        "the same command again completes it. It waits up to --wait until no other run uses the "
        "store.",
    .examples = "tamis-features forget user_activity u42\n"
                "tamis-features forget shop_sales 'CH,17' --json >proof.json",
    .operands_minimum = 2,
    .operands_maximum = SIZE_MAX,
    .run = forget_run,
    .common_without = "output|explain|as-of|seed",
};
