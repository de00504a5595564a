/* features/cat.c: `tamis-features cat`: any Arrow input or store version, for people and scripts.
 */
#include "features/commands.h"

#include "base/output.h"
#include "base/parallel.h"
#include "columnar/ipc.h"
#include "features/columns.h"
#include "features/row_text.h"
#include "features/rows.h"

#include <unistd.h>

enum cat_format { CAT_TABLE, CAT_CSV, CAT_JSONL, CAT_ARROW };

struct cat_args {
    int format;
    int64_t head; /* -1 = not given, 0 = all */
    struct text_list columns;
    bool source_names;
    int formulas; /* enum csv_formulas */
};

static const struct setting cat_options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct cat_args, format),
     .fallback = "table",
     .choices = "table|csv|jsonl|arrow",
     .help = "how rows are written",
     .argument = "FORMAT"},
    {.name = "head",
     .kind = SETTING_INT,
     .offset = offsetof(struct cat_args, head),
     .fallback = "-1",
     .minimum = -1,
     .maximum = 9e15,
     .help = "at most N rows; 0 is all of them (default: 20 in a table, otherwise all)",
     .argument = "N"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct cat_args, columns),
     .help = "only these columns, in this order",
     .argument = "NAME,..."},
    {.name = "source-names",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct cat_args, source_names),
     .help = "in CSV: the header as the source had it, with its repeated and empty names"},
    {.name = "formulas",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct cat_args, formulas),
     .fallback = "keep",
     .choices = CSV_FORMULAS,
     .help = "in CSV: mark puts an apostrophe before texts that a spreadsheet would compute, those "
             "that begin with = + - or @; keep changes nothing",
     .argument = "keep|mark"},
    {0},
};

#define TABLE_HEAD 20
#define SLICE_ROWS 4096 /* rows rendered at once by a thread */

struct cat {
    struct rows *rows;
    struct schema *schema; /* of the chosen columns */
    size_t *chosen;        /* their positions in the input */
    int64_t left;          /* rows still wanted; -1 = all */
    bool more;             /* stopped before the end */
    struct batch batch;    /* being handed out in slices */
    int64_t at;
    int format;
    bool source_names, inert;
    bool shown; /* on a terminal */
    struct output *output;
};

static void cat_release(struct cat *cat)
{
    batch_release(&cat->batch);
    rows_close(&cat->rows);
    schema_unref(&cat->schema);
    memory_free(cat->chosen);
    output_close(&cat->output);
}

/* ---- which columns ---- */

static enum status choose(struct cat *cat, const struct text_list *names, struct err *err)
{
    const struct schema *schema = rows_schema(cat->rows);
    size_t count = 0;
    if (names->count == 0) {
        cat->schema = schema_ref(schema);
        return STATUS_OK;
    }
    TRY(columns_choose(&cat->chosen, &count, schema, names, err));
    return columns_schema(&cat->schema, schema, cat->chosen, count, err);
}

static enum status narrow(const struct cat *cat, struct batch *batch, struct err *err)
{
    struct batch narrowed = {0};
    if (cat->schema == rows_schema(cat->rows)) return STATUS_OK;
    TRY(columns_batch(&narrowed, cat->schema, batch, cat->chosen, err));
    batch_release(batch);
    *batch = narrowed;
    return STATUS_OK;
}

/* The next batch of chosen columns, no more rows than are wanted. */
static enum status next_batch(struct cat *cat, struct batch *ret, bool *ret_end, struct err *err)
{
    TRY(rows_next(cat->rows, ret, ret_end, err));
    if (*ret_end) return STATUS_OK;
    if (cat->left == 0) {
        cat->more = *ret_end = true;
        batch_release(ret);
        return STATUS_OK;
    }
    TRY(narrow(cat, ret, err));
    if (cat->left > 0 && ret->rows > cat->left) {
        struct batch shorter = {0};
        TRY(batch_slice(&shorter, ret, 0, cat->left, err));
        batch_release(ret);
        *ret = shorter;
        cat->more = true;
    }
    if (cat->left > 0) cat->left -= ret->rows;
    return STATUS_OK;
}

/* ---- CSV and JSON Lines: slices rendered on any thread, written in order ---- */

struct slice {
    struct batch batch;
    int64_t first, count;
    struct bytes text;
};

static void slice_drop(void *context, void *item)
{
    struct slice *slice = item;
    (void)context;
    batch_release(&slice->batch);
    bytes_release(&slice->text);
    memory_free(slice);
}

static enum status slice_pull(void *context, void **ret_item, struct err *err)
{
    struct cat *cat = context;
    *ret_item = NULL;
    if (cat->at == cat->batch.rows) {
        bool end = cat->more;
        batch_release(&cat->batch);
        cat->at = 0;
        if (!end) TRY(next_batch(cat, &cat->batch, &end, err));
        if (cat->batch.rows == 0) return STATUS_OK;
    }
    struct slice *slice = NULL;
    TRY(NEW(&slice, 1, err));
    enum status status = batch_share(&slice->batch, &cat->batch, err);
    if (status != STATUS_OK) {
        slice_drop(NULL, slice);
        return status;
    }
    int64_t left = cat->batch.rows - cat->at;
    slice->first = cat->at;
    slice->count = left < SLICE_ROWS ? left : SLICE_ROWS;
    slice->text = bytes_limited((size_t)16 << 30);
    cat->at += slice->count;
    *ret_item = slice;
    return STATUS_OK;
}

/* A terminal obeys what is in the data; a file or a pipe gets it as it is. */
static enum status show_text(struct bytes *text, struct err *err)
{
    struct bytes shown = bytes_limited((size_t)16 << 30);
    enum status status =
        lines_for_terminal((struct str){(const char *)text->data, text->size}, &shown, err);
    struct bytes plain = *text;
    *text = shown;
    bytes_release(&plain);
    return status;
}

static enum status slice_work(void *context, void *item, struct err *err)
{
    const struct cat *cat = context;
    struct slice *slice = item;
    TRY((cat->format != CAT_CSV ? json_rows
         : cat->inert           ? csv_rows_inert
                      : csv_rows)(&slice->batch, slice->first, slice->count, &slice->text, err));
    return cat->shown ? show_text(&slice->text, err) : STATUS_OK;
}

static enum status slice_push(void *context, void *item, struct err *err)
{
    struct cat *cat = context;
    struct slice *slice = item;
    enum status status = output_write(cat->output, slice->text.data, slice->text.size, err);
    slice_drop(NULL, slice);
    return status;
}

static enum status cat_lines(struct cat *cat, size_t threads, struct err *err)
{
    if (cat->format == CAT_CSV) {
        OWNED(bytes_release) struct bytes header = bytes_limited(BATCH_BYTES_MAXIMUM);
        TRY((cat->inert ? csv_header_inert : csv_header)(cat->schema, cat->source_names, &header,
                                                         err));
        if (cat->shown) TRY(show_text(&header, err));
        TRY(output_write(cat->output, header.data, header.size, err));
    }
    struct ordered ordered = {.threads = threads,
                              .context = cat,
                              .pull = slice_pull,
                              .work = slice_work,
                              .push = slice_push,
                              .drop = slice_drop};
    return ordered_run(&ordered, err);
}

/* ---- table and Arrow ---- */

static enum status flush_text(struct cat *cat, struct bytes *text, struct err *err)
{
    TRY(output_write(cat->output, text->data, text->size, err));
    text->size = 0;
    return STATUS_OK;
}

static enum status cat_table(struct cat *cat, struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)16 << 30);
    TRY(text_table_open(&table, cat->schema, err));
    for (bool end = false; !end;) {
        OWNED(batch_release) struct batch batch = {0};
        if (cat->more) break;
        TRY(next_batch(cat, &batch, &end, err));
        if (end) break;
        TRY(text_table_rows(table, &batch, 0, batch.rows, &text, err));
        TRY(flush_text(cat, &text, err));
    }
    TRY(text_table_end(table, &text, err));
    return flush_text(cat, &text, err);
}

/* A failed verdict travels on with the rows (design section 3). */
static enum status pass_verdict(const struct cat *cat, struct ipc_writer *writer, struct err *err)
{
    OWNED(batch_release) struct batch empty = {0};
    struct metadata_pair pair = {str_of("tamis:verdict"), str_of("failed")};
    struct metadata metadata = {&pair, 1};
    struct ipc_message *message = NULL;
    if (!rows_verdict_failed(cat->rows)) return STATUS_OK;
    TRY(batch_empty(&empty, cat->schema, err));
    TRY(ipc_writer_encode(writer, &empty, &metadata, &message, err));
    return ipc_writer_put(writer, &message, err);
}

static enum status cat_arrow(struct cat *cat, const char *path, struct err *err)
{
    OWNED(ipc_writer_close) struct ipc_writer *writer = NULL;
    size_t size = path == NULL ? 0 : strlen(path);
    bool file = size > 6 && strcmp(path + size - 6, ".arrow") == 0;
    struct ipc_options options = {.format = file ? IPC_FILE : IPC_STREAM,
                                  .compression = file ? IPC_ZSTD : IPC_PLAIN,
                                  .level = 1};
    TRY(ipc_writer_open(&writer, cat->output, cat->schema, options, err));
    for (bool end = false; !end && !cat->more;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(next_batch(cat, &batch, &end, err));
        if (!end) TRY(ipc_writer_add(writer, &batch, err));
    }
    TRY(pass_verdict(cat, writer, err));
    return ipc_writer_finish(writer, err);
}

/* ---- the command ---- */

static enum status cat_write(struct cat *cat, const struct invocation *invocation, struct err *err)
{
    switch (cat->format) {
    case CAT_TABLE: return cat_table(cat, err);
    case CAT_ARROW: return cat_arrow(cat, invocation->common.output, err);
    default: return cat_lines(cat, parallel_threads((size_t)invocation->common.threads), err);
    }
}

static enum status cat_run(struct invocation *invocation, struct err *err)
{
    const struct cat_args *args = invocation->args;
    const char *operand = invocation->operand_count > 0 ? invocation->operands[0] : NULL;
    OWNED(cat_release)
    struct cat cat = {.format = args->format,
                      .source_names = args->source_names,
                      .inert = args->formulas == FORMULAS_MARK};

    cat.shown = invocation->common.output == NULL && isatty(STDOUT_FILENO);
    cat.left = args->head > 0 ? args->head : -1;
    if (args->head < 0 && args->format == CAT_TABLE) cat.left = TABLE_HEAD;
    TRY(rows_open(&cat.rows, operand, &invocation->common, err));
    TRY(choose(&cat, &args->columns, err));
    TRY(output_open(&cat.output, invocation->common.output, err));
    TRY(cat_write(&cat, invocation, err));
    TRY(output_commit(cat.output, err));
    if (cat.more && args->head < 0)
        log_line(&invocation->common, false, "the first %d rows; --head 0 shows all", TABLE_HEAD);
    if (rows_verdict_failed(cat.rows))
        return fail(err, STATUS_VERDICT, "the run that wrote this says its data failed the checks");
    return STATUS_OK;
}

const struct command cat_command = {
    .name = "cat",
    .operands = "[FILE|tamis:DATASET[@REF]]",
    .summary = "show the rows of an Arrow file, stream or store version",
    .details = "CSV follows RFC 4180: null is nothing, empty text is \"\". JSON Lines keep nested "
               "values, and every digit of integers and decimals. On a terminal, and in a table "
               "everywhere, control characters are escaped; a table cuts long values.",
    .examples = "tamis-features cat orders.arrow\n"
                "tamis-features cat tamis:clean/orders@prod --format csv --columns id,total\n"
                "tamis-ingest orders.csv | tamis-features cat --head 5",
    .options = cat_options,
    .args_bytes = sizeof(struct cat_args),
    .operands_maximum = 1,
    .run = cat_run,
    .common_without = "emit",
};
