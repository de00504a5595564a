/* ingest/file_list.h: the files of a folder, an archive, or one file, in byte order of their paths.
 * Kinds whose records are files choose among them. */
#ifndef INGEST_FILE_LIST_H
#define INGEST_FILE_LIST_H

#include "base/memory.h"
#include "base/str.h"
#include "ingest/bundle.h"

#include <sys/stat.h>

struct listed_file {
    const char *path;                   /* below the folder, or in the archive */
    int64_t bytes;                      /* when it was listed */
    const struct bundle_member *member; /* of an archive; NULL = a file */
};

struct file_list {
    const char *root; /* the folder or the one file; NULL for an archive */
    bool folder;
    int descriptor; /* of the folder; -1 = none */
    const struct bundle *bundle;
    struct stat info;          /* of the root */
    struct listed_file *items; /* all files; memory_get */
    size_t count;
    size_t *chosen; /* indices in `items` of the records; memory_get; set by the kind */
    size_t chosen_count;
    int64_t not_files; /* links and devices in a folder: not followed, not read */
};

/* Why a file is no row. */
struct file_fault {
    const char *rule; /* NULL = none */
    char message[256];
};
void file_fault_set(struct file_fault *ret, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A path as a value: data NULL where it is not UTF-8. */
struct str file_path_text(const char *path);

/* Lists `path`, or `bundle` where it is not NULL (borrowed); chooses none. Paths lie in the arena
 * or the bundle. Release also after a failure. */
MUST_CHECK enum status file_list_open(struct file_list *ret, const char *path,
                                      const struct bundle *bundle, struct arena *arena,
                                      struct err *err);
/* At most `room` bytes from the beginning of a file; none where it cannot be read. */
MUST_CHECK enum status listed_file_head(const struct file_list *files,
                                        const struct listed_file *file, void *ret, size_t room,
                                        size_t *ret_size, struct err *err);
/* Appends the file's bytes to `ret`, at most `limit`; else the fault says why not, and of a file
 * beyond the limit the first 64 KiB are there. Any thread. */
MUST_CHECK enum status listed_file_read(const struct file_list *files,
                                        const struct listed_file *file, uint64_t limit,
                                        struct bytes *ret, struct file_fault *fault,
                                        struct err *err);
void file_list_release(struct file_list *files);

#endif
