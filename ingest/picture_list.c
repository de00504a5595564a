/* ingest/picture_list.c: which files of a list are pictures, and what belongs to one. */
#include "ingest/picture_list.h"

#include "ingest/picture_header.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- which files are pictures ---- */

bool named_as_picture(const char *path)
{
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (size >= end && strcasecmp(path + size - end, ends[i]) == 0) return true;
    }
    return false;
}

static enum status begins_as_picture(const struct file_list *files, const struct listed_file *file,
                                     bool *ret, struct err *err)
{
    char head[8];
    size_t size;
    TRY(listed_file_head(files, file, head, sizeof head, &size, err));
    *ret = picture_signature((struct str){head, size}) != PICTURE_NONE;
    return STATUS_OK;
}

static enum status find_pictures(struct file_list *files, struct err *err)
{
    TRY(NEW(&files->chosen, files->count, err));
    for (size_t i = 0; i < files->count; i++) {
        const struct listed_file *file = &files->items[i];
        bool found = (file->member != NULL && file->member->rule != NULL) ||
                     named_as_picture(file->path) || !(files->folder || files->bundle != NULL);
        if (!found) TRY(begins_as_picture(files, file, &found, err));
        if (found) files->chosen[files->chosen_count++] = i;
    }
    return STATUS_OK;
}

enum status picture_list_open(struct file_list *ret, const char *path, const struct bundle *bundle,
                              struct arena *arena, struct err *err)
{
    TRY(file_list_open(ret, path, bundle, arena, err));
    TRY(find_pictures(ret, err));
    if (ret->chosen_count > 0) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found no picture among %zu file%s, expected PNG or JPEG",
               ret->count, ret->count == 1 ? "" : "s");
    if (ret->folder)
        err_hint(err, "texts: --format text; other kinds one by one: tamis-ingest %s/*.csv", path);
    return STATUS_FAILED;
}

/* ---- sidecars ---- */

static int compare_paths(const void *key, const void *item)
{
    return strcmp(key, ((const struct listed_file *)item)->path);
}

const struct listed_file *picture_sidecar(const struct file_list *files,
                                          const struct listed_file *picture, const char *ending)
{
    char path[4096];
    const char *slash = strrchr(picture->path, '/');
    const char *name = slash == NULL ? picture->path : slash + 1;
    size_t size = (size_t)(name - picture->path) + strcspn(name, ".");
    int written = snprintf(path, sizeof path, "%.*s.%s", (int)size, picture->path, ending);
    if (size > INT32_MAX || written < 0 || (size_t)written >= sizeof path) return NULL;
    return bsearch(path, files->items, files->count, sizeof *files->items, compare_paths);
}
