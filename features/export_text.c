/* features/export_text.c: rows as CSV and as JSON Lines, the way `cat` writes them. */
#include "features/export.h"

#include "base/memory.h"
#include "base/output.h"
#include "features/row_text.h"

#define SLICE_ROWS 4096 /* rendered at once */
#define TEXT_LIMIT ((size_t)16 << 30)

typedef enum status rendering(const struct batch *batch, int64_t first, int64_t count,
                              struct bytes *ret, struct err *err);

struct text_export {
    struct output *output;
    struct bytes text;
    rendering *render;
};

static enum status flush(struct text_export *export, struct err *err)
{
    TRY(output_write(export->output, export->text.data, export->text.size, err));
    export->text.size = 0;
    return STATUS_OK;
}

static enum status open_text(void **ret, const char *path, rendering *render, struct err *err)
{
    struct text_export *export = NULL;
    TRY(NEW(&export, 1, err));
    *ret = export;
    export->text = bytes_limited(TEXT_LIMIT);
    export->render = render;
    return output_open(&export->output, path, err);
}

static enum status csv_open(void **ret, const char *path, const struct schema *schema,
                            struct err *err)
{
    TRY(open_text(ret, path, csv_rows, err));
    struct text_export *export = *ret;
    TRY(csv_header(schema, false, &export->text, err));
    return flush(export, err);
}

static enum status inert_open(void **ret, const char *path, const struct schema *schema,
                              struct err *err)
{
    TRY(open_text(ret, path, csv_rows_inert, err));
    struct text_export *export = *ret;
    TRY(csv_header_inert(schema, false, &export->text, err));
    return flush(export, err);
}

static enum status jsonl_open(void **ret, const char *path, const struct schema *schema,
                              struct err *err)
{
    (void)schema;
    return open_text(ret, path, json_rows, err);
}

static enum status text_add(void *context, const struct batch *batch, struct err *err)
{
    struct text_export *export = context;
    for (int64_t first = 0; first < batch->rows; first += SLICE_ROWS) {
        int64_t left = batch->rows - first;
        TRY(export->render(batch, first, left < SLICE_ROWS ? left : SLICE_ROWS, &export->text,
                           err));
        TRY(flush(export, err));
    }
    return STATUS_OK;
}

static enum status text_commit(void *context, int64_t *ret_bytes, struct err *err)
{
    struct text_export *export = context;
    *ret_bytes = (int64_t)output_position(export->output);
    return output_commit(export->output, err);
}

static void text_close(void *context)
{
    struct text_export *export = context;
    if (export == NULL) return;
    output_close(&export->output);
    bytes_release(&export->text);
    memory_free(export);
}

const struct export_format export_csv = {csv_open, text_add, text_commit, text_close};
const struct export_format export_csv_inert = {inert_open, text_add, text_commit, text_close};
const struct export_format export_jsonl = {jsonl_open, text_add, text_commit, text_close};
