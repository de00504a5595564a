/* stage_output.c: what a stage hands on, and the order in which it becomes true: the balance is
 * checked, the version is committed, the verdict is written, then the end marker, then the file
 * gets its name. A stage that fails on the way has written no marker. */
#include "lineage/stage.h"

#include "lineage/catch_up.h"
#include "lineage/preview.h"
#include "lineage/run_state.h"
#include "lineage/watermark.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct stage_output {
    struct run *run;
    struct schema *schema;       /* with tamis:run */
    struct output *output;       /* NULL without a stream */
    struct ipc_writer *ipc;      /* NULL without a stream, and on a terminal */
    struct preview *preview;     /* on a terminal */
    struct version_writer *into; /* NULL without --into */
    bool accept_failed, to_pipe;
    bool began;       /* what the version continues was put in front */
    atomic_bool gone; /* downstream died under --into: the commit goes on */
    int64_t rows, bytes;
};

struct stage_message {
    struct ipc_message *ipc;
    struct prepared *prepared;
    struct batch batch; /* for the preview */
    int64_t rows, bytes;
};

/* ---- opening ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static bool is_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

static struct ipc_options options_of(const struct stage_target *target, bool pipe)
{
    struct ipc_options options = {.format = IPC_FILE, .level = (int)target->level};
    bool zstd = target->compression == COMPRESSION_ZSTD ||
                (target->compression == COMPRESSION_DEFAULT && !pipe);

    if (pipe || ends_with(target->path, ".arrows")) options.format = IPC_STREAM;
    options.compression = zstd ? IPC_ZSTD : IPC_PLAIN;
    if (options.level == 0) options.level = 1;
    return options;
}

static enum status open_stream(struct stage_output *stage, const struct stage_target *target,
                               struct err *err)
{
    bool pipe = is_stdout(target->path);

    if (target->into != NULL && target->path == NULL) return STATUS_OK;
    TRY(output_open(&stage->output, target->path, err));
    if (pipe && output_is_terminal(stage->output))
        return preview_open(&stage->preview, stage->output, stage->schema, err);
    TRY(ipc_writer_open(&stage->ipc, stage->output, stage->schema, options_of(target, pipe), err));
    stage->to_pipe = pipe;
    return pipe ? output_flush(stage->output, err) : STATUS_OK;
}

/* A file is a place outside of the store. */
static enum status record_file(struct stage_output *stage, const char *path, struct err *err)
{
    OWNED(bytes_release) struct bytes node = bytes_limited(64 << 10);
    char stream[UUID_TEXT + 8];

    if (is_stdout(path)) return STATUS_OK;
    TRY(bytes_format(&node, err, "external:%s", path));
    TRY(bytes_append(&node, "", 1, err));
    snprintf(stream, sizeof stream, "stream:%s", run_id(stage->run));
    TRY(run_columns(stage->run, (const char *)node.data, stage->schema, err));
    return run_edge(stage->run, stream, (const char *)node.data, err);
}

/* Who reads the pipe says so itself; what it gets is known here. */
static enum status record_pipe(struct stage_output *stage, const struct stage_target *target,
                               struct err *err)
{
    char stream[UUID_TEXT + 8];

    if (!is_stdout(target->path) || (target->into != NULL && target->path == NULL))
        return STATUS_OK;
    snprintf(stream, sizeof stream, "stream:%s", run_id(stage->run));
    return run_columns(stage->run, stream, stage->schema, err);
}

static enum status survive_downstream(struct stage_output *stage, enum status status)
{
    if (status != STATUS_DOWNSTREAM || stage->into == NULL) return status;
    atomic_store(&stage->gone, true);
    return STATUS_OK;
}

enum status stage_output_open(struct stage_output **ret, const struct stage_target *target,
                              const struct schema *schema, struct run *run,
                              const struct common *common, struct err *err)
{
    OWNED(stage_output_close) struct stage_output *stage = NULL;

    (void)common;
    TRY(NEW(&stage, 1, err));
    stage->run = run;
    stage->accept_failed = target->accept_failed;
    TRY(schema_copy(&stage->schema, schema, err));
    TRY(schema_set_metadata(stage->schema, "tamis:run", str_of(run_id(run)), err));
    TRY(record_file(stage, target->path, err));
    TRY(record_pipe(stage, target, err));
    TRY(run_flush(run, err));
    if (target->into != NULL)
        TRY(version_writer_open(&stage->into, run, target->into, schema, true, err));
    TRY(survive_downstream(stage, open_stream(stage, target, err)));
    *ret = stage;
    stage = NULL;
    return STATUS_OK;
}

/* ---- batches ---- */

enum status stage_output_encode(struct stage_output *stage, const struct batch *batch,
                                struct stage_message **ret, struct err *err)
{
    OWNED(stage_message_free) struct stage_message *message = NULL;

    TRY(NEW(&message, 1, err));
    message->rows = batch->rows;
    message->bytes = (int64_t)batch_bytes(batch);
    if (stage->into != NULL)
        TRY(version_writer_prepare(stage->into, batch, &message->prepared, err));
    if (stage->ipc != NULL && !atomic_load(&stage->gone))
        TRY(ipc_writer_encode(stage->ipc, batch, NULL, &message->ipc, err));
    if (stage->preview != NULL) TRY(batch_share(&message->batch, batch, err));
    *ret = message;
    message = NULL;
    return STATUS_OK;
}

/* The chunks that the version continues are read for its digest: not before there is a new row. */
static enum status begin_version(struct stage_output *stage, struct err *err)
{
    if (stage->into == NULL || stage->began) return STATUS_OK;
    stage->began = true;
    return catch_up_output(stage->run, stage->into, err);
}

static enum status put_stream(struct stage_output *stage, struct stage_message *message,
                              struct err *err)
{
    if (stage->preview != NULL) return preview_add(stage->preview, &message->batch, err);
    if (message->ipc == NULL || atomic_load(&stage->gone)) return STATUS_OK;
    TRY(ipc_writer_put(stage->ipc, &message->ipc, err));
    return stage->to_pipe ? output_flush(stage->output, err) : STATUS_OK;
}

enum status stage_output_put(struct stage_output *stage, struct stage_message **message,
                             struct err *err)
{
    OWNED(stage_message_free) struct stage_message *taken = *message;

    *message = NULL;
    TRY(interrupted(err));
    TRY(begin_version(stage, err));
    if (stage->into != NULL) TRY(version_writer_put(stage->into, &taken->prepared, err));
    TRY(survive_downstream(stage, put_stream(stage, taken, err)));
    stage->rows += taken->rows;
    stage->bytes += taken->bytes;
    return STATUS_OK;
}

enum status stage_output_add(struct stage_output *stage, const struct batch *batch, struct err *err)
{
    OWNED(stage_message_free) struct stage_message *message = NULL;

    TRY(stage_output_encode(stage, batch, &message, err));
    return stage_output_put(stage, &message, err);
}

void stage_message_free(struct stage_message **message)
{
    if (message == NULL || *message == NULL) return;
    ipc_message_free(&(*message)->ipc);
    prepared_free(&(*message)->prepared);
    batch_release(&(*message)->batch);
    memory_free(*message);
    *message = NULL;
}

/* ---- the last act ---- */

/* No rows, and the word in the message's metadata. */
static enum status write_verdict(struct stage_output *stage, struct err *err)
{
    OWNED(batch_release) struct batch empty = {0};
    OWNED(ipc_message_free) struct ipc_message *message = NULL;
    struct metadata_pair pair = {str_of("tamis:verdict"), str_of("failed")};
    const struct metadata metadata = {&pair, 1};

    TRY(batch_empty(&empty, stage->schema, err));
    TRY(ipc_writer_encode(stage->ipc, &empty, &metadata, &message, err));
    return ipc_writer_put(stage->ipc, &message, err);
}

static enum status finish_stream(struct stage_output *stage, struct err *err)
{
    if (stage->preview != NULL) TRY(preview_finish(stage->preview, err));
    if (stage->ipc != NULL) {
        if (run_verdict_is_failed(stage->run)) TRY(write_verdict(stage, err));
        TRY(ipc_writer_finish(stage->ipc, err));
    }
    return output_commit(stage->output, err);
}

/* Of DATASET@new there was nothing: the version that stands is what a new one would be. */
static bool has_nothing_new(const struct stage_output *stage)
{
    const struct run *run = stage->run;
    return run->watermarks == NULL && run->builds_on > 0 && run->counts.in == 0;
}

/* An incremental run without a new row moves its positions and commits nothing else. */
static enum status commit(struct stage_output *stage, struct version *version, struct err *err)
{
    struct watermarks *marks = stage->run->watermarks;

    if (marks != NULL && watermarks_version(marks) != 0 && stage->rows == 0)
        return watermarks_keep(marks, err);
    if (has_nothing_new(stage)) return STATUS_OK;
    TRY(begin_version(stage, err));
    return version_writer_commit(stage->into, version, err);
}

enum status stage_output_finish(struct stage_output *stage, struct version *version,
                                struct err *err)
{
    bool refused = run_verdict_is_failed(stage->run) && !stage->accept_failed;

    if (version != NULL) *version = (struct version){0};
    TRY(run_check_balance(stage->run, err));
    TRY(run_flush(stage->run, err));
    stage->run->refused = stage->into != NULL && refused;
    if (stage->into != NULL && !refused) TRY(commit(stage, version, err));
    if (stage->output != NULL && !atomic_load(&stage->gone))
        TRY(survive_downstream(stage, finish_stream(stage, err)));
    return STATUS_OK;
}

/* ---- facts ---- */

int64_t stage_output_rows(const struct stage_output *stage)
{
    return stage->rows;
}

int64_t stage_output_bytes(const struct stage_output *stage)
{
    return stage->bytes;
}

void stage_output_close(struct stage_output **stage)
{
    if (stage == NULL || *stage == NULL) return;
    version_writer_close(&(*stage)->into);
    preview_close(&(*stage)->preview);
    ipc_writer_close(&(*stage)->ipc);
    output_close(&(*stage)->output);
    schema_unref(&(*stage)->schema);
    memory_free(*stage);
    *stage = NULL;
}
