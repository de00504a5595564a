/* features/export_npy.c: a folder with a NumPy file a column (numpy.lib.format, version 1.0).
 *
 * The folder is written under another name beside its place. A header names the number of rows,
 * which is known last: it is written first with room for any number and once more at the end. */
#include "features/export.h"

#include "base/memory.h"
#include "base/output.h"
#include "features/export_npy_values.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_ALIGNMENT 64
#define HEADER_BEFORE    10 /* magic, version, length */
#define HEADER_LIMIT     4096
#define PATH_LIMIT       4096

struct npy_file {
    struct npy_column column;
    char *name; /* in the folder; NULL = not made */
    int descriptor;
    size_t header;
};

struct npy_export {
    struct schema *schema;
    char *path, *beside; /* the folder, and its name until commit */
    bool made;           /* `beside` exists */
    struct npy_file *files;
    struct bytes values;
    int64_t rows, bytes;
};

/* ---- the header ---- */

static enum status put_dictionary(const struct npy_column *column, int64_t rows, struct bytes *ret,
                                  struct err *err)
{
    TRY(bytes_format(ret, err, "{'descr': '%s', 'fortran_order': False, 'shape': (%lld,",
                     column->descr, (long long)rows));
    for (size_t i = 0; i < column->dimension_count; i++)
        TRY(bytes_format(ret, err, "%s%lld%s", i == 0 ? " " : "", (long long)column->dimensions[i],
                         i + 1 < column->dimension_count ? ", " : ""));
    return bytes_append_text(ret, "), }", err);
}

/* `size` 0: as large as any number of rows may need. */
static enum status write_header(struct npy_file *file, int64_t rows, size_t *size, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(HEADER_LIMIT);
    if (*size == 0) {
        TRY(put_dictionary(&file->column, INT64_MAX, &text, err));
        size_t needed = HEADER_BEFORE + text.size + 1;
        *size = (needed + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
        text.size = 0;
    }
    size_t length = *size - HEADER_BEFORE;
    uint8_t before[HEADER_BEFORE] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(length & 255), (uint8_t)(length >> 8)};
    TRY(bytes_append(&text, before, sizeof before, err));
    TRY(put_dictionary(&file->column, rows, &text, err));
    TRY(bytes_format(&text, err, "%*s\n", (int)(*size - text.size - 1), ""));
    return pwrite_all(file->descriptor, text.data, text.size, 0, err);
}

/* ---- the folder ---- */

static enum status check_place(const char *path, struct err *err)
{
    DIR *folder = opendir(path);
    size_t entries = 0;
    if (folder == NULL && errno == ENOENT) return STATUS_OK;
    if (folder == NULL) return fail_errno(err, errno, "output \"%s\"", path);
    while (readdir(folder) != NULL)
        entries++;
    closedir(folder);
    if (entries <= 2) return STATUS_OK; /* "." and ".." */
    fail(err, STATUS_USAGE, "output \"%s\": the folder is there and not empty", path);
    err_hint(err, "name another folder, or remove this one");
    return STATUS_USAGE;
}

static enum status set_paths(struct npy_export *export, const char *path, struct err *err)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        fail(err, STATUS_USAGE, "npy is a folder with a file a column, not a stream");
        err_hint(err, "name the folder with -o DIR");
        return STATUS_USAGE;
    }
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    export->path = memory_copy_text(path, size);
    export->beside = memory_get(size + 32, 1);
    if (export->path == NULL || export->beside == NULL) return fail_memory(err, size + 32);
    snprintf(export->beside, size + 32, "%s.%ld.part", export->path, (long)getpid());
    return check_place(export->path, err);
}

static enum status file_path(const struct npy_export *export, const struct npy_file *file,
                             char ret[PATH_LIMIT], struct err *err)
{
    if (snprintf(ret, PATH_LIMIT, "%s/%s", export->beside, file->name) < PATH_LIMIT)
        return STATUS_OK;
    return fail(err, STATUS_FAILED, "path of more than %d bytes", PATH_LIMIT);
}

static enum status name_file(struct npy_file *file, struct err *err)
{
    const char *column = file->column.field.name;
    size_t size = strlen(column) + sizeof ".npy";
    if (column[0] == '\0' || strchr(column, '/') != NULL) {
        fail(err, STATUS_USAGE, "column \"%s\" cannot name a file", column);
        err_hint(err, "name the others with --columns");
        return STATUS_USAGE;
    }
    file->name = memory_get(size, 1);
    if (file->name == NULL) return fail_memory(err, size);
    snprintf(file->name, size, "%s.npy", column);
    return STATUS_OK;
}

static enum status open_file(struct npy_export *export, struct npy_file *file, struct err *err)
{
    char path[PATH_LIMIT];
    TRY(file_path(export, file, path, err));
    file->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        fail_errno(err, errno, "output \"%s\"", path);
        err_hint(err, "every column is a file of its own and open meanwhile: name fewer, each "
                      "once, with --columns");
        return STATUS_FAILED;
    }
    TRY(write_header(file, 0, &file->header, err));
    if (lseek(file->descriptor, (off_t)file->header, SEEK_SET) < 0)
        return fail_errno(err, errno, "output \"%s\"", path);
    export->bytes += (int64_t)file->header;
    return STATUS_OK;
}

static enum status open_files(struct npy_export *export, struct err *err)
{
    const struct schema *schema = export->schema;
    TRY(NEW(&export->files, schema->count, err));
    for (size_t i = 0; i < schema->count; i++)
        export->files[i].descriptor = -1;
    for (size_t i = 0; i < schema->count; i++)
        TRY(npy_column_of(&export->files[i].column, &schema->fields[i], err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(name_file(&export->files[i], err));
    if (mkdir(export->beside, 0777) != 0)
        return fail_errno(err, errno, "output \"%s\"", export->beside);
    export->made = true;
    for (size_t i = 0; i < schema->count; i++)
        TRY(open_file(export, &export->files[i], err));
    return STATUS_OK;
}

/* ---- the format ---- */

static enum status npy_open(void **ret, const char *path, const struct schema *schema,
                            struct err *err)
{
    struct npy_export *export = NULL;
    TRY(NEW(&export, 1, err));
    *ret = export;
    export->schema = schema_ref(schema);
    export->values = bytes_limited((size_t)4 << 30);
    TRY(set_paths(export, path, err));
    return open_files(export, err);
}

static enum status npy_add(void *context, const struct batch *batch, struct err *err)
{
    struct npy_export *export = context;
    for (size_t i = 0; i < export->schema->count; i++) {
        struct npy_file *file = &export->files[i];
        export->values.size = 0;
        TRY(npy_values(&file->column, batch->columns[i], export->rows + 1, &export->values, err));
        enum status status =
            write_all(file->descriptor, export->values.data, export->values.size, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "output \"%s/%s\"", export->path, file->name);
        export->bytes += (int64_t) export->values.size;
    }
    export->rows += batch->rows;
    return STATUS_OK;
}

static enum status finish_file(struct npy_export *export, struct npy_file *file, struct err *err)
{
    TRY(write_header(file, export->rows, &file->header, err));
    if (fsync(file->descriptor) != 0) return fail_errno(err, errno, "sync to disk");
    int descriptor = file->descriptor;
    file->descriptor = -1;
    return close(descriptor) == 0 ? STATUS_OK : fail_errno(err, errno, "close");
}

static enum status npy_commit(void *context, int64_t *ret_bytes, struct err *err)
{
    struct npy_export *export = context;
    char copy[PATH_LIMIT];
    for (size_t i = 0; i < export->schema->count; i++) {
        enum status status = finish_file(export, &export->files[i], err);
        if (status != STATUS_OK)
            return fail_within(err, status, "output \"%s/%s\"", export->path,
                               export->files[i].name);
    }
    TRY(directory_sync(export->beside, err));
    if (rename(export->beside, export->path) != 0)
        return fail_errno(err, errno, "output \"%s\": rename", export->path);
    export->made = false;
    *ret_bytes = export->bytes;
    if (snprintf(copy, sizeof copy, "%s", export->path) >= PATH_LIMIT) return STATUS_OK;
    return directory_sync(dirname(copy), err);
}

static void close_file(const struct npy_export *export, struct npy_file *file)
{
    char path[PATH_LIMIT];
    if (export->made && file->name != NULL && file_path(export, file, path, NULL) == STATUS_OK)
        unlink(path);
    descriptor_close(&file->descriptor);
    memory_free(file->name);
}

static void npy_close(void *context)
{
    struct npy_export *export = context;
    if (export == NULL) return;
    for (size_t i = 0; export->files != NULL && i < export->schema->count; i++)
        close_file(export, &export->files[i]);
    if (export->made) rmdir(export->beside);
    bytes_release(&export->values);
    memory_free(export->files);
    memory_free(export->beside);
    memory_free(export->path);
    schema_unref(&export->schema);
    memory_free(export);
}

const struct export_format export_npy = {npy_open, npy_add, npy_commit, npy_close};
