/* collect.c: taking versions away, and the files nothing counts on any more. */
#include "lineage/collect.h"

#include "lineage/chunk.h"
#include "lineage/sql.h"
#include "lineage/store_state.h"

#include "base/memory.h"
#include "base/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- rows of the catalog ---- */

enum status chunks_forget_unused(struct store *store, struct err *err)
{
    TRY(sql_run(store, err,
                "DELETE FROM chunk_columns WHERE NOT EXISTS (SELECT 1 FROM version_chunks AS v"
                " WHERE v.digest = chunk_columns.digest)",
                ""));
    return sql_run(store, err,
                   "DELETE FROM chunks WHERE NOT EXISTS (SELECT 1 FROM version_chunks AS v"
                   " WHERE v.digest = chunks.digest)",
                   "");
}

static enum status remove_version(struct store *store, struct run *run,
                                  const struct version *version, struct err *err)
{
    static const char *const tables[] = {
        "DELETE FROM version_chunks WHERE dataset = ? AND number = ?",
        "DELETE FROM version_columns WHERE dataset = ? AND number = ?",
        "DELETE FROM versions WHERE dataset = ? AND number = ?"};

    TRY(sql_run(store, err,
                "INSERT INTO removed_versions (dataset, number, rows, digest, written_by,"
                " created_at, run_id, removed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                "tiidtttu", version->dataset, version->number, version->rows, &version->digest,
                version->run_id, version->created_at, run_id(run), clock_now()));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        TRY(sql_run(store, err, tables[i], "ti", version->dataset, version->number));
    return STATUS_OK;
}

enum status versions_remove(struct store *store, struct run *run, const struct version *versions,
                            size_t count, struct err *err)
{
    TRY(catalog_begin(store, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = remove_version(store, run, &versions[i], err);
    if (status == STATUS_OK) status = chunks_forget_unused(store, err);
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* ---- files ---- */

static enum status remove_file(int folder, const char *name, bool dry, struct sweep *sweep,
                               struct err *err)
{
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return STATUS_OK;
    if (!dry && unlinkat(folder, name, 0) != 0 && errno != ENOENT)
        return fail_errno(err, errno, "removing \"%s\"", name);
    sweep->files++;
    sweep->bytes += status.st_size;
    return STATUS_OK;
}

/* Whether the catalog says that something of this name is needed. */
typedef enum status (*needed_f)(struct store *store, const char *name, bool *ret, struct err *err);

static enum status sweep_folder(struct store *store, const char *path, needed_f needed, bool dry,
                                struct sweep *sweep, struct err *err)
{
    DIR *entries = opendir(path);
    enum status status = STATUS_OK;
    bool keep = true;

    if (entries == NULL) return STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        status = interrupted(err);
        if (status == STATUS_OK) status = needed(store, entry->d_name, &keep, err);
        if (status == STATUS_OK && !keep)
            status = remove_file(dirfd(entries), entry->d_name, dry, sweep, err);
    }
    closedir(entries);
    return status;
}

/* "<digest>.arrow" */
static enum status chunk_needed(struct store *store, const char *name, bool *ret, struct err *err)
{
    char digest[DIGEST_TEXT];
    int64_t known = 0;

    snprintf(digest, sizeof digest, "%.64s", name);
    TRY(sql_number(store, &known, 0, err, "SELECT 1 FROM chunks WHERE digest = ?", "t", digest));
    *ret = known == 1;
    return STATUS_OK;
}

/* Names in tmp/ begin with the id of their run. */
static enum status temporary_needed(struct store *store, const char *name, bool *ret,
                                    struct err *err)
{
    char run[UUID_TEXT];
    int64_t running = 0;

    snprintf(run, sizeof run, "%.36s", name);
    TRY(sql_number(store, &running, 0, err,
                   "SELECT 1 FROM runs WHERE run_id = ? AND status = 'running'", "t", run));
    *ret = running == 1;
    return STATUS_OK;
}

/* What a killed writer of an audit file left is called otherwise. */
static enum status audit_needed(struct store *store, const char *name, bool *ret, struct err *err)
{
    size_t size = strlen(name);

    (void)store;
    (void)err;
    *ret = size > 6 && strcmp(name + size - 6, ".arrow") == 0;
    return STATUS_OK;
}

/* "<digest of a version>-...": derived from it, made again when it is asked for.
 * "<run>-members.arrow" says what a folder held, which nobody can tell again. */
static enum status index_needed(struct store *store, const char *name, bool *ret, struct err *err)
{
    static const char members[] = "-members.arrow";
    char digest[DIGEST_TEXT];
    int64_t known = 0;
    size_t size = strlen(name), end = sizeof members - 1;

    *ret = size > end && strcmp(name + size - end, members) == 0;
    if (*ret) return STATUS_OK;
    snprintf(digest, sizeof digest, "%.*s", (int)strcspn(name, "-."), name);
    TRY(sql_number(store, &known, 0, err,
                   "SELECT 1 FROM versions WHERE substr(digest, 1, length(?1)) = ?1 LIMIT 1", "t",
                   digest));
    *ret = known == 1 && digest[0] != '\0';
    return STATUS_OK;
}

enum status store_sweep(struct store *store, bool dry, struct sweep *ret, struct err *err)
{
    OWNED(memory_release) char *temporary = path_join(store->path, "tmp");
    OWNED(memory_release) char *audit = path_join(store->path, "audit");
    OWNED(memory_release) char *index = path_join(store->path, "index");

    *ret = (struct sweep){0};
    if (temporary == NULL || audit == NULL || index == NULL) return fail_memory(err, 0);
    TRY(sweep_folder(store, temporary, temporary_needed, dry, ret, err));
    TRY(sweep_folder(store, audit, audit_needed, dry, ret, err));
    TRY(sweep_folder(store, index, index_needed, dry, ret, err));
    ret->temporary = ret->files;
    for (unsigned first = 0; first < 256; first++) {
        char name[16];
        snprintf(name, sizeof name, "chunks/%02x", first);
        OWNED(memory_release) char *folder = path_join(store->path, name);
        if (folder == NULL) return fail_memory(err, 0);
        TRY(sweep_folder(store, folder, chunk_needed, dry, ret, err));
    }
    return STATUS_OK;
}
