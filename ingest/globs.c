/* ingest/globs.c: operands that are patterns of file names, for callers that have no shell. */
#include "ingest/objects.h"

#include "base/address.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What is there by its very name is no pattern. */
static bool is_pattern(const char *operand)
{
    struct stat info;
    if (strpbrk(operand, "*?[") == NULL || is_address(operand)) return false;
    return strncmp(operand, "tamis:", 6) != 0 && lstat(operand, &info) != 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
    char **items; /* memory_get */
    size_t count, room;
};

static enum status add_name(struct names *names, char *name, struct err *err)
{
    if (names->count == names->room) {
        size_t room = names->room == 0 ? 16 : names->room * 2;
        char **grown = memory_resize(names->items, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        names->items = grown;
        names->room = room;
    }
    names->items[names->count++] = name;
    return STATUS_OK;
}

/* As in a folder: a link may lead anywhere and a pipe never ends, and who filled the folder need
 * not be who runs us; so with folders that the pattern found. Named by itself each of them is read.
 */
static bool is_followed(const char *path, size_t plain)
{
    struct stat info;
    char before[4096];
    for (const char *slash = strchr(path + plain, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        size_t size = (size_t)(slash - path);
        if (size >= sizeof before) return false;
        memcpy(before, path, size);
        before[size] = '\0';
        if (size > 0 && (lstat(before, &info) != 0 || !S_ISDIR(info.st_mode))) return false;
    }
    return lstat(path, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

/* The folders that stand in front of the first part with a wildcard: the user named those. */
static size_t plain_part(const char *pattern)
{
    size_t wild = strcspn(pattern, "*?[");
    while (wild > 0 && pattern[wild - 1] != '/')
        wild--;
    return wild;
}

static enum status add_matches(struct names *names, const glob_t *matches, size_t plain,
                               struct arena *arena, struct err *err)
{
    if (matches->gl_pathc > 1) /* in byte order, whatever the locale says */
        qsort(matches->gl_pathv, matches->gl_pathc, sizeof *matches->gl_pathv, compare_names);
    for (size_t i = 0; i < matches->gl_pathc; i++) {
        if (!is_followed(matches->gl_pathv[i], plain)) continue;
        char *name = arena_text(arena, matches->gl_pathv[i], strlen(matches->gl_pathv[i]));
        if (name == NULL) return fail_memory(err, strlen(matches->gl_pathv[i]));
        TRY(add_name(names, name, err));
    }
    return STATUS_OK;
}

static enum status match(struct names *names, const char *pattern, struct arena *arena,
                         struct err *err)
{
    glob_t matches = {0};
    enum status status;
    int code = glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &matches);
    size_t before = names->count;
    if (code == 0)
        status = add_matches(names, &matches, plain_part(pattern), arena, err);
    else if (code == GLOB_NOSPACE)
        status = fail_memory(err, 0);
    else if (code == GLOB_ABORTED)
        status = fail_errno(err, errno, "\"%s\": a folder cannot be read", pattern);
    else
        status = fail(err, STATUS_FAILED, "\"%s\": no file has such a name", pattern);
    if (code == 0 && status == STATUS_OK && names->count == before)
        status = fail(err, STATUS_FAILED, "\"%s\": found only links and devices, expected files",
                      pattern);
    globfree(&matches);
    return status;
}

enum status operands_expand(char ***operands, size_t *count, struct arena *arena, struct err *err)
{
    struct names names = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < *count; i++)
        status = is_pattern((*operands)[i]) ? match(&names, (*operands)[i], arena, err)
                                            : add_name(&names, (*operands)[i], err);
    char **kept = status != STATUS_OK ? NULL : arena_get(arena, names.count + 1, sizeof *kept);
    if (status == STATUS_OK && kept == NULL) status = fail_memory(err, names.count * sizeof *kept);
    if (status == STATUS_OK) {
        if (names.count > 0) memcpy(kept, names.items, names.count * sizeof *kept);
        *operands = kept;
        *count = names.count;
    }
    memory_free(names.items);
    return status;
}
