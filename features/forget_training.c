/* features/forget_training.c: training sets that a join wrote into files. One that is still what
 * was written is written again without the entity's rows; one that is gone or was changed is named
 * in the proof, for whoever has it. */
#include "features/forget.h"

#include "base/memory.h"
#include "base/output.h"
#include "columnar/content.h"
#include "columnar/ipc.h"
#include "lineage/sql.h"

#include <stdio.h>
#include <unistd.h>

struct training_file {
    char run[64];
    const char *path; /* in the arena */
    struct digest digest;
};

/* ---- one file ---- */

struct copy {
    const struct forget *forget;
    struct forget_place place;
    struct content_digester *before, *after;
    struct ipc_writer *writer; /* NULL: only looked at */
    int64_t gone, rows;
};

static enum status copy_batch(struct copy *copy, const struct batch *batch, struct err *err)
{
    OWNED(batch_release) struct batch kept = {0};
    OWNED(memory_release) int32_t *keys = NULL;
    TRY(NEW(&keys, (size_t)batch->rows, err));
    TRY(forget_match(&copy->forget->keys, &copy->place, batch, keys, err));
    TRY(forget_keep(batch, keys, &kept, err));
    copy->gone += batch->rows - kept.rows;
    copy->rows += kept.rows;
    TRY(content_digester_add(copy->before, batch, err));
    TRY(content_digester_add(copy->after, &kept, err));
    return copy->writer == NULL ? STATUS_OK : ipc_writer_add(copy->writer, &kept, err);
}

static enum status copy_rows(struct copy *copy, struct ipc_reader *reader, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(copy_batch(copy, &batch, err));
    }
}

static bool is_stream(const char *path)
{
    size_t size = strlen(path);
    return size > 7 && strcmp(path + size - 7, ".arrows") == 0;
}

/* Reads the file and, with `output`, writes it again. *ret_same: it is what the join wrote. */
static enum status walk_file(struct copy *copy, const struct training_file *file,
                             struct output *output, bool *ret_same, struct digest *ret_digest,
                             struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    struct ipc_options options = {.format = is_stream(file->path) ? IPC_STREAM : IPC_FILE,
                                  .compression = IPC_ZSTD,
                                  .level = 1};
    struct digest before;
    TRY(input_open(&input, file->path, err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    const struct schema *schema = ipc_reader_schema(reader);
    *ret_same = forget_place_find(&copy->forget->keys, schema, &copy->place);
    if (!*ret_same) return STATUS_OK;
    if (output != NULL) TRY(ipc_writer_open(&writer, output, schema, options, err));
    copy->writer = writer;
    TRY(content_digester_open(&copy->before, schema, err));
    TRY(content_digester_open(&copy->after, schema, err));
    TRY(copy_rows(copy, reader, err));
    TRY(content_digester_end(copy->before, &before, err));
    TRY(content_digester_end(copy->after, ret_digest, err));
    *ret_same = memcmp(&before, &file->digest, sizeof before) == 0;
    return writer == NULL ? STATUS_OK : ipc_writer_finish(writer, err);
}

static void copy_close(struct copy *copy)
{
    content_digester_close(&copy->before);
    content_digester_close(&copy->after);
}

static enum status note_digest(struct forget *forget, const struct training_file *file,
                               int64_t rows, const struct digest *digest, struct err *err)
{
    TRY(catalog_begin(forget->store, err));
    enum status status = sql_run(forget->store, err,
                                 "UPDATE training_sets SET digest = ?, rows = ? WHERE run_id = ?",
                                 "dit", digest, rows, file->run);
    if (status == STATUS_OK) return catalog_commit(forget->store, err);
    catalog_rollback(forget->store);
    return status;
}

/* The rows go first: whoever is killed before the digest is noted leaves a file without them. */
static enum status rewrite_file(struct forget *forget, const struct training_file *file,
                                struct err *err)
{
    OWNED(copy_close) struct copy copy = {.forget = forget};
    OWNED(output_close) struct output *output = NULL;
    struct digest digest;
    bool same;
    TRY(output_open(&output, file->path, err));
    TRY(walk_file(&copy, file, output, &same, &digest, err));
    TRY(output_commit(output, err));
    TRY(note_digest(forget, file, copy.rows, &digest, err));
    forget->training_files++;
    return STATUS_OK;
}

static enum status name_unreached(struct forget *forget, const char *path, struct err *err)
{
    if (forget->not_reached.size > 0) TRY(bytes_append_text(&forget->not_reached, ",", err));
    return bytes_append_json(&forget->not_reached, str_of(path), err);
}

static enum status forget_file(struct forget *forget, const struct training_file *file,
                               struct err *err)
{
    OWNED(copy_close) struct copy copy = {.forget = forget};
    struct digest digest;
    bool same = false;
    if (access(file->path, R_OK) != 0) return name_unreached(forget, file->path, err);
    enum status status = walk_file(&copy, file, NULL, &same, &digest, NULL);
    if (status != STATUS_OK) return name_unreached(forget, file->path, err);
    if (copy.gone == 0) return STATUS_OK;
    return same ? rewrite_file(forget, file, err) : name_unreached(forget, file->path, err);
}

/* ---- all of them ---- */

static enum status read_file_row(struct forget *forget, sqlite3_stmt *row,
                                 struct training_file *ret, struct err *err)
{
    const char *path = sql_text(row, 1), *folder = sql_text(row, 2);
    snprintf(ret->run, sizeof ret->run, "%s", sql_text(row, 0));
    ret->path = path[0] == '/' || folder[0] == '\0'
                    ? arena_text(forget->arena, path, strlen(path))
                    : arena_format(forget->arena, "%s/%s", folder, path);
    ret->digest = (struct digest){0};
    if (ret->path == NULL) return fail_memory(err, strlen(path));
    if (sqlite3_column_type(row, 3) == SQLITE_NULL) return STATUS_OK;
    return digest_parse(sql_text(row, 3), &ret->digest, err);
}

enum status forget_training(struct forget *forget, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct training_file *files;
    int64_t count = 0, filled = 0;
    bool row = true;
    static const char from[] =
        " FROM training_sets AS t JOIN edges AS e ON e.run_id = t.run_id"
        " AND e.output LIKE 'external:%' JOIN main.runs AS r ON r.run_id = t.run_id";
    const char *counting = arena_format(forget->arena, "SELECT count(*)%s", from);
    const char *listing = arena_format(
        forget->arena, "SELECT t.run_id, substr(e.output, 10), r.folder, t.digest%s", from);
    if (counting == NULL || listing == NULL) return fail_memory(err, 0);
    TRY(sql_number(forget->store, &count, 0, err, counting, ""));
    files = arena_get(forget->arena, (size_t)count, sizeof *files);
    if (files == NULL) return fail_memory(err, (size_t)count * sizeof *files);
    TRY(sql_open(forget->store, &rows, err, listing, ""));
    while (filled < count) {
        TRY(sql_next(forget->store, rows, &row, err));
        if (!row) break;
        TRY(read_file_row(forget, rows, &files[filled++], err));
    }
    sql_close(&rows);
    for (int64_t i = 0; i < filled; i++)
        TRY(forget_file(forget, &files[i], err));
    return STATUS_OK;
}
