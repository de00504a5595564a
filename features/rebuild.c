/* features/rebuild.c: `tamis-features rebuild`: a version is made again from what it was made of,
 * and its digest compared. */
#include "features/rebuild.h"

#include "base/output.h"
#include "features/commands.h"
#include "features/sibling.h"
#include "lineage/sql.h"

#include <stdio.h>

struct result {
    struct version version;
    struct digest digest;
    int64_t rows, removed;
    bool forgotten; /* a forget changed the digest of the version */
};

/* ---- telling ---- */

static enum status tell_json(const struct rebuild *rebuild, const struct result *result, bool equal,
                             struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)64 << 20);
    OWNED(output_close) struct output *output = NULL;
    char expected[DIGEST_TEXT], found[DIGEST_TEXT];
    TRY(bytes_format(&text, err,
                     "{\"dataset\":\"%s\",\"number\":%lld,\"equal\":%s,\"expected\":\"%s\","
                     "\"found\":\"%s\",\"rows\":%lld,\"forgotten_rows\":%lld,"
                     "\"from_versions\":%s,\"steps\":[",
                     result->version.dataset, (long long)result->version.number,
                     equal ? "true" : "false", digest_text(&result->version.digest, expected),
                     digest_text(&result->digest, found), (long long)result->rows,
                     (long long)result->removed, rebuild->from_versions ? "true" : "false"));
    TRY(bytes_append(&text, rebuild->told.data, rebuild->told.size, err));
    TRY(bytes_append_text(&text, "]}\n", err));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status judge(const struct rebuild *rebuild, const struct result *result,
                         struct err *err)
{
    const struct version *version = &result->version;
    char expected[DIGEST_TEXT], found[DIGEST_TEXT];
    bool equal = memcmp(&result->digest, &version->digest, sizeof result->digest) == 0;
    if (rebuild->invocation->common.json) TRY(tell_json(rebuild, result, equal, err));
    if (equal) {
        log_line(&rebuild->invocation->common, false, "%s@%lld: %lld rows, the digest is equal%s%s",
                 version->dataset, (long long)version->number, (long long)result->rows,
                 result->forgotten ? " to the one after forgetting" : "",
                 rebuild->from_versions ? " (sources could not all be read again)" : "");
        return STATUS_OK;
    }
    fail(err, STATUS_VERDICT, "%s@%lld: made again, its digest is %s, expected %s",
         version->dataset, (long long)version->number, digest_text(&result->digest, found),
         digest_text(&version->digest, expected));
    if (result->forgotten && rebuild->from_versions)
        err_hint(err,
                 "steps that learn from the rows learned without the forgotten ones, which only "
                 "the sources had");
    else
        err_hint(err, "another version of the programs, or files that options name have changed");
    return STATUS_VERDICT;
}

/* ---- the command ---- */

static enum status was_forgotten(struct rebuild *rebuild, struct result *result, struct err *err)
{
    int64_t count = 0;
    TRY(sql_number(rebuild->store, &count, 0, err,
                   "SELECT count(*) FROM forgotten_versions WHERE dataset = ? AND number = ?", "ti",
                   result->version.dataset, result->version.number));
    result->forgotten = count > 0;
    return STATUS_OK;
}

static enum status make_again(struct rebuild *rebuild, struct err *err)
{
    struct result result = {0};
    const char *file;
    TRY(reference_version(rebuild->store, rebuild->invocation->operands[0], &result.version,
                          rebuild->arena, err));
    TRY(was_forgotten(rebuild, &result, err));
    const char *name = arena_format(rebuild->arena, "%s@%lld", result.version.dataset,
                                    (long long)result.version.number);
    if (name == NULL) return fail_memory(err, 0);
    TRY(rebuild_version(rebuild, name, &file, err));
    TRY(rebuild_digest(rebuild, file, &result.digest, &result.rows, &result.removed, err));
    return judge(rebuild, &result, err);
}

static enum status rebuild_command_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    struct rebuild rebuild = {.invocation = invocation,
                              .arena = invocation->arena,
                              .told = bytes_limited((size_t)16 << 20)};
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    rebuild.store = store;
    rebuild.made = arena_get(invocation->arena, REBUILD_STEPS, sizeof *rebuild.made);
    if (rebuild.made == NULL) return fail_memory(err, REBUILD_STEPS);
    TRY(folder_make(rebuild.folder, sizeof rebuild.folder, err));
    enum status status = make_again(&rebuild, err);
    folder_remove(rebuild.folder);
    bytes_release(&rebuild.told);
    return status;
}

const struct command rebuild_command = {
    .name = "rebuild",
    .operands = "VIEW|DATASET[@REF]",
    .summary = "make a version again from what it was made of, and compare its digest",
    .details =
        "Ingestion, cleaning, puts and joins are done again as they were recorded, into a "
        "temporary "
        "folder "
        "($TMPDIR): from the sources where they still have the digest they had, else from the "
        "version that keeps their rows; each step tells which. Entities that were forgotten are "
        "left "
        "out at the end, and the digest compared with the one after forgetting. The exit code is 0 "
        "when the digests are equal and 3 when they are not.",
    .examples = "tamis-features rebuild user_activity@3\n"
                "tamis-features rebuild clean/orders --json",
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = rebuild_command_run,
    .common_without = "output|explain|as-of|seed|no-store",
};
