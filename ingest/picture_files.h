/* ingest/picture_files.h: the files that pictures come from: a folder, an archive, or one file.
 *
 * Every file is listed, in byte order of the paths; some are pictures, by name or first bytes, and
 * some may be sidecars of one: files of the same name up to the first dot ("a/0001.jpg" has
 * "a/0001.cls"), as in WebDataset shards (github.com/webdataset/webdataset, "The WebDataset
 * Format"). */
#ifndef INGEST_PICTURE_FILES_H
#define INGEST_PICTURE_FILES_H

#include "base/memory.h"
#include "base/str.h"
#include "ingest/bundle.h"

#include <sys/stat.h>

struct picture_file {
    const char *path;                   /* below the folder, or in the archive */
    int64_t bytes;                      /* when it was listed */
    const struct bundle_member *member; /* of an archive; NULL = a file */
};

struct picture_files {
    const char *root; /* the folder or the one file; NULL for an archive */
    bool folder;
    const struct bundle *bundle;
    struct stat info;           /* of the root */
    struct picture_file *items; /* all files; memory_get */
    size_t count;
    size_t *pictures; /* indices in `items` of pictures, and of members with a fault; memory_get */
    size_t picture_count;
    int64_t not_files; /* links and devices in a folder: not followed, not read */
};

/* Why a file is no row. */
struct picture_fault {
    const char *rule; /* NULL = none */
    char message[256];
};
void picture_fault_set(struct picture_fault *ret, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Lists `path`, or `bundle` where it is not NULL (borrowed). Paths lie in the arena or the bundle.
 */
MUST_CHECK enum status picture_files_open(struct picture_files *ret, const char *path,
                                          const struct bundle *bundle, struct arena *arena,
                                          struct err *err);
/* The file of `picture`'s name up to its first dot with the ending `ending` ("cls"), or NULL. */
const struct picture_file *picture_sidecar(const struct picture_files *files,
                                           const struct picture_file *picture, const char *ending);
/* Appends the file's bytes to `ret`, at most `limit`; else the fault says why not, and of a file
 * beyond the limit the first 64 KiB are there. Any thread. */
MUST_CHECK enum status picture_file_read(const struct picture_files *files,
                                         const struct picture_file *file, uint64_t limit,
                                         struct bytes *ret, struct picture_fault *fault,
                                         struct err *err);
bool named_as_picture(const char *path);
void picture_files_release(struct picture_files *files);

#endif
