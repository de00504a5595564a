/* features/verify.c: `tamis-features verify`: reads every chunk again and compares its digests. */
#include "features/commands.h"

#include "base/output.h"
#include "base/progress.h"
#include "features/reference.h"
#include "lineage/sql.h"

struct verification {
    struct store *store;
    const struct common *common;
    int64_t versions, damaged;
    struct progress *progress;
};

/* Goes on after a damaged version, so that one run names them all. */
static enum status verify_version(void *context, const struct version *version, struct err *err)
{
    struct verification *verification = context;
    struct err found = {0};
    TRY(interrupted(err));
    enum status status = version_verify(verification->store, version, &found);
    verification->versions++;
    progress_add(verification->progress, version->rows);
    if (status == STATUS_OK) return STATUS_OK;
    if (status != STATUS_FAILED) {
        if (err != NULL) *err = found;
        return status;
    }
    verification->damaged++;
    log_line(verification->common, true, "%s", found.message);
    return STATUS_OK;
}

static enum status verify_operand(struct verification *verification,
                                  const struct invocation *invocation, const char *operand,
                                  struct err *err)
{
    const char *dataset;
    struct version version;
    if (strchr(operand, '@') != NULL) {
        TRY(reference_version(verification->store, operand, &version, invocation->arena, err));
        return verify_version(verification, &version, err);
    }
    TRY(reference_dataset(verification->store, operand, &dataset, invocation->arena, err));
    return version_each(verification->store, dataset, verify_version, verification, err);
}

/* ---- the catalog ---- */

/* The first thing a check of SQLite's complains about; "" where there is none. */
static enum status complaint_of(struct store *store, const char *pragma, const char *fine,
                                struct bytes *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row;
    ret->size = 0;
    TRY(sql_open(store, &rows, err, pragma, ""));
    TRY(sql_next(store, rows, &row, err));
    if (!row || strcmp(sql_text(rows, 0), fine) == 0) return bytes_append(ret, "", 1, err);
    TRY(bytes_append_text(ret, sql_text(rows, 0), err));
    return bytes_append(ret, "", 1, err);
}

static enum status verify_catalog(struct verification *verification, struct err *err)
{
    static const struct {
        const char *pragma, *fine, *what;
    } checks[] = {{"PRAGMA integrity_check(1)", "ok", "is damaged"},
                  {"PRAGMA foreign_key_check", "", "has a row that belongs to nothing, in table"}};
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 16);
    for (size_t i = 0; i < 2; i++) {
        TRY(complaint_of(verification->store, checks[i].pragma, checks[i].fine, &text, err));
        if (text.data[0] == '\0') continue;
        return fail(err, STATUS_FAILED, "catalog.db %s: %s", checks[i].what,
                    (const char *)text.data);
    }
    return STATUS_OK;
}

static enum status tell(const struct verification *verification, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(4096);
    long long versions = verification->versions, damaged = verification->damaged;
    log_line(verification->common, false, "%lld versions read, %lld damaged", versions, damaged);
    if (!verification->common->json) return STATUS_OK;
    TRY(bytes_format(&text, err, "{\"versions\":%lld,\"damaged\":%lld}\n", versions, damaged));
    TRY(output_open(&output, NULL, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

/* What is named; or the catalog and every version, whose rows are known beforehand. */
static enum status verify_all(struct verification *verification,
                              const struct invocation *invocation, struct err *err)
{
    int64_t rows = -1;
    if (invocation->operand_count == 0)
        TRY(sql_number(verification->store, &rows, 0, err,
                       "SELECT coalesce(sum(rows), 0) FROM versions", ""));
    TRY(progress_open(&verification->progress, verification->common, "verify", "rows", rows, err));
    for (size_t i = 0; i < invocation->operand_count; i++)
        TRY(verify_operand(verification, invocation, invocation->operands[i], err));
    if (invocation->operand_count > 0) return STATUS_OK;
    TRY(verify_catalog(verification, err));
    return version_each(verification->store, NULL, verify_version, verification, err);
}

static enum status verify_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    struct verification verification = {.store = store, .common = &invocation->common};
    enum status status = verify_all(&verification, invocation, err);
    progress_close(&verification.progress);
    TRY(status);
    TRY(tell(&verification, err));
    if (verification.damaged == 0) return STATUS_OK;
    fail(err, STATUS_FAILED, "%lld of %lld versions are damaged", (long long)verification.damaged,
         (long long)verification.versions);
    err_hint(err, "restore the chunks named above from a copy of the store");
    return STATUS_FAILED;
}

const struct command verify_command = {
    .name = "verify",
    .operands = "[VIEW|DATASET[@REF]]...",
    .summary = "read versions again and compare every digest",
    .details = "Every chunk is read and both its digests compared, that of the content and that of "
               "the file; without operands all versions of the store and the catalog itself. "
               "Damaged ones are named one "
               "by one and the exit code is 1.",
    .examples = "tamis-features verify\ntamis-features verify user_activity",
    .operands_maximum = SIZE_MAX,
    .run = verify_run,
    .common_without = "emit|output|explain|as-of|seed|no-store",
};
