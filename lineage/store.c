/* store.c: finding, making and opening the store directory.
 *
 * A new store is made complete under a temporary name beside its place and moved there by
 * rename(2), which refuses a directory that is not empty: the first of several processes wins, the
 * others open what it made. */
#include "lineage/process.h"
#include "lineage/store_state.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER ".tamis"
/* Other writers' transactions take milliseconds: --wait 0 is not meant to fail on one of them. */
#define WAIT_SHORTEST 2.0
#define FILL_WAIT     30.0

static const char *const folders[] = {"chunks", "audit", "index", "locks", "tmp"};
#define FOLDERS (sizeof folders / sizeof *folders)

char *path_join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = memory_get(size, 1);

    if (path != NULL) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Without an allocation: a store must not look missing where memory is. */
static bool has_catalog(const char *path)
{
    struct stat status;
    char catalog[PATH_MAX];

    return snprintf(catalog, sizeof catalog, "%s/catalog.db", path) < (int)sizeof catalog &&
           stat(catalog, &status) == 0 && S_ISREG(status.st_mode);
}

/* ---- finding ---- */

static char *copy_path(const char *path)
{
    return memory_copy_text(path, strlen(path));
}

/* The nearest .tamis/ with a catalog, from the current directory upwards; NULL where none is. */
static char *nearest_store(const char *here)
{
    OWNED(memory_release) char *folder = copy_path(here);

    while (folder != NULL) {
        char *candidate = path_join(strcmp(folder, "/") == 0 ? "" : folder, FOLDER);
        if (candidate != NULL && has_catalog(candidate)) return candidate;
        memory_free(candidate);
        char *slash = strrchr(folder, '/');
        if (slash == NULL || folder[1] == '\0') return NULL;
        slash[slash == folder ? 1 : 0] = '\0';
    }
    return NULL;
}

static enum status absolute(char **ret, const char *here, const char *path, struct err *err)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    OWNED(memory_release) char *trimmed = memory_copy_text(path, size);
    if (trimmed == NULL) return fail_memory(err, size);
    *ret = trimmed[0] == '/' ? copy_path(trimmed) : path_join(here, trimmed);
    return *ret == NULL ? fail_memory(err, size) : STATUS_OK;
}

static enum status find_store(char **ret, const struct common *common, struct err *err)
{
    char here[PATH_MAX];
    const char *named = common->store != NULL ? common->store : getenv("TAMIS_STORE");

    if (getcwd(here, sizeof here) == NULL) return fail_errno(err, errno, "the current directory");
    if (named != NULL && named[0] != '\0') return absolute(ret, here, named, err);
    *ret = nearest_store(here);
    if (*ret == NULL) *ret = path_join(strcmp(here, "/") == 0 ? "" : here, FOLDER);
    return *ret == NULL ? fail_memory(err, PATH_MAX) : STATUS_OK;
}

/* ---- making ---- */

static enum status make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return STATUS_OK;
    return fail_errno(err, errno, "folder \"%s\"", path);
}

static enum status fill_store(const char *path, struct err *err)
{
    sqlite3 *catalog = NULL;

    for (size_t i = 0; i < FOLDERS; i++) {
        OWNED(memory_release) char *folder = path_join(path, folders[i]);
        if (folder == NULL) return fail_memory(err, 0);
        TRY(make_folder(folder, err));
    }
    TRY(catalog_open(&catalog, path, true, FILL_WAIT, err));
    sqlite3_close(catalog);
    return directory_sync(path, err);
}

/* Only what fill_store may have put there; without an allocation, because having none may be why.
 */
static void remove_store(const char *path)
{
    OWNED(descriptor_close) int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) return;
    unlinkat(folder, "catalog.db", 0);
    unlinkat(folder, "catalog.db-journal", 0);
    for (size_t i = 0; i < FOLDERS; i++)
        unlinkat(folder, folders[i], AT_REMOVEDIR);
    rmdir(path);
}

static enum status sync_parent(const char *path, struct err *err)
{
    OWNED(memory_release) char *parent = copy_path(path);

    if (parent == NULL) return fail_memory(err, 0);
    char *slash = strrchr(parent, '/');
    slash[slash == parent ? 1 : 0] = '\0';
    return directory_sync(parent, err);
}

static enum status make_store(const char *path, struct err *err)
{
    char id[UUID_TEXT];
    size_t room = strlen(path) + sizeof ".new-" + sizeof id;
    OWNED(memory_release) char *temporary = memory_get(room, 1);

    if (temporary == NULL) return fail_memory(err, room);
    snprintf(temporary, room, "%s.new-%s", path, uuid7(id));
    if (mkdir(temporary, 0777) != 0) {
        enum status status = fail_errno(err, errno, "store \"%s\"", path);
        err_hint(err, "the folder that holds the store must exist and be writable; --store DIR "
                      "names another place, --no-store records nothing");
        return status;
    }
    enum status status = fill_store(temporary, err);
    if (status == STATUS_OK && rename(temporary, path) == 0) return sync_parent(path, err);
    int reason = errno;
    remove_store(temporary);
    if (status != STATUS_OK) return status;
    if (reason == EEXIST || reason == ENOTEMPTY) return STATUS_OK; /* somebody was faster */
    return fail_errno(err, reason, "store \"%s\"", path);
}

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < FOLDERS; i++)
        if (strcmp(name, folders[i]) == 0) return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strncmp(name, "catalog.db", 10) == 0;
}

/* Empty, or just being filled by another process. */
static bool may_be_filled(const char *path)
{
    DIR *entries = opendir(path);
    bool fine = entries != NULL;

    for (struct dirent *entry; fine && (entry = readdir(entries)) != NULL;)
        fine = is_ours(entry->d_name);
    if (entries != NULL) closedir(entries);
    return fine;
}

static enum status fail_foreign(const char *path, const char *what, struct err *err)
{
    fail(err, STATUS_USAGE, "store \"%s\" is a %s without a catalog.db", path, what);
    err_hint(err, "name a new or empty folder");
    return STATUS_USAGE;
}

/* A store that may not be looked into is not one that is missing. */
static enum status check_reachable(const char *path, struct err *err)
{
    struct stat status;
    OWNED(memory_release) char *catalog = path_join(path, "catalog.db");

    if (catalog == NULL) return fail_memory(err, 0);
    if (stat(catalog, &status) == 0 || errno == ENOENT || errno == ENOTDIR) return STATUS_OK;
    return fail_errno(err, errno, "store \"%s\"", path);
}

static enum status require_store(const char *path, enum store_use use, struct err *err)
{
    if (has_catalog(path)) return STATUS_OK;
    TRY(check_reachable(path, err));
    if (use != STORE_WRITE) {
        fail(err, STATUS_USAGE, "store \"%s\" does not exist", path);
        err_hint(err, "writing commands make one; --store DIR or TAMIS_STORE names another");
        return STATUS_USAGE;
    }
    if (access(path, F_OK) != 0) {
        TRY(make_store(path, err));
        return has_catalog(path) ? STATUS_OK : fail_foreign(path, "folder", err);
    }
    if (!is_folder(path)) return fail_foreign(path, "file", err);
    if (may_be_filled(path)) return fill_store(path, err);
    /* Somebody may have made it since the first look. */
    return has_catalog(path) ? STATUS_OK : fail_foreign(path, "folder", err);
}

/* ---- opening ---- */

static void describe_holder(struct store *store)
{
    struct process self;
    char now[TIME_TEXT];

    process_self(&self);
    snprintf(store->holder, sizeof store->holder, "%s, process %lld of %s on %.100s since %s\n",
             program_invocation_short_name, (long long)self.pid, self.user, self.host,
             time_text(clock_now(), now));
}

enum status store_open(struct store **ret, const struct common *common, enum store_use use,
                       struct err *err)
{
    OWNED(store_close) struct store *store = NULL;

    *ret = NULL;
    if (common->no_store) return STATUS_OK;
    TRY(NEW(&store, 1, err));
    store->writers.descriptor = -1;
    store->writable = use != STORE_READ;
    store->wait_given = (double)common->wait;
    store->wait = (double)common->wait < WAIT_SHORTEST ? WAIT_SHORTEST : (double)common->wait;
    store->mutex_made = pthread_mutex_init(&store->mutex, NULL) == 0;
    describe_holder(store);
    TRY(find_store(&store->path, common, err));
    TRY(require_store(store->path, use, err));
    TRY(catalog_open(&store->catalog, store->path, store->writable, store->wait, err));
    if (!store->writable) TRY(catalog_show_lost(store->catalog, err));
    *ret = store;
    store = NULL;
    return STATUS_OK;
}

enum status store_open_in_memory(struct store **ret, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;

    TRY(NEW(&store, 1, err));
    store->writers.descriptor = -1;
    store->writable = true;
    store->mutex_made = pthread_mutex_init(&store->mutex, NULL) == 0;
    TRY(catalog_open_in_memory(&store->catalog, err));
    *ret = store;
    store = NULL;
    return STATUS_OK;
}

const char *store_path(const struct store *store)
{
    return store->path;
}

sqlite3 *store_catalog(const struct store *store)
{
    return store->catalog;
}

void store_close(struct store **store)
{
    if (store == NULL || *store == NULL) return;
    lock_release(&(*store)->writers);
    sqlite3_close_v2((*store)->catalog);
    if ((*store)->mutex_made) pthread_mutex_destroy(&(*store)->mutex);
    memory_free((*store)->path);
    memory_free(*store);
    *store = NULL;
}
