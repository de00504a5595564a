/* ingest/infer.c: tamis-ingest infer SOURCE: reads all of a source and writes a contract that it
 * keeps. */
#include "ingest/infer.h"

#include "base/parallel.h"
#include "base/progress.h"
#include "ingest/dialect_options.h"
#include "ingest/objects.h"
#include "ingest/picture_header.h"

#include <inttypes.h>

#define CONTRACT_BYTES (1u << 20) /* what base/yaml.h reads */

#define AT(member) offsetof(struct ingest_args, member)

static const struct setting options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = AT(format),
     .fallback = "auto",
     .choices = INGEST_FORMATS,
     .argument = "KIND",
     .help = "kind of the sources; auto goes by content, then name"},
    {.name = "encoding",
     .kind = SETTING_TEXT,
     .offset = AT(encoding),
     .argument = "NAME",
     .help = "encoding of text: utf-8, windows-1252, shift_jis ...; auto finds it"},
    DIALECT_OPTIONS((size_t)0),
    {.name = "table",
     .kind = SETTING_TEXT,
     .offset = AT(table),
     .argument = "NAME",
     .help = "of a database: the table or view to read; by default the only table"},
    {.name = "query",
     .kind = SETTING_TEXT,
     .offset = AT(query),
     .argument = "SQL",
     .help = "of a database: read the rows of one SELECT statement"},
    {.name = "text",
     .kind = SETTING_TEXTS,
     .offset = AT(text),
     .argument = "COLUMN",
     .help = "keep a column as text, whatever it looks like; may be repeated; * is all of CSV"},
    {0},
};

struct inferring {
    const struct invocation *invocation;
    const struct source_kind *kind;
    struct source_options options;
    struct objects objects;
    struct source *source;
    const struct schema *schema;
    struct infer_column *columns;
    int64_t rows, rejected;
    struct progress *progress;
};

static void inferring_close(struct inferring *inferring)
{
    for (size_t i = 0; inferring->columns != NULL && i < inferring->schema->count; i++)
        infer_column_close(&inferring->columns[i]);
    memory_free(inferring->columns);
    if (inferring->source != NULL) inferring->kind->close(&inferring->source);
    objects_release(&inferring->objects);
}

/* ---- the pipeline ---- */

struct item {
    struct source_piece *piece;
    struct infer_part *parts; /* one a column */
    int64_t rows, rejected;
};

static void drop_item(void *context, void *untyped)
{
    const struct inferring *inferring = context;
    struct item *item = untyped;
    for (size_t i = 0; item->parts != NULL && i < inferring->schema->count; i++)
        infer_part_release(&item->parts[i]);
    memory_free(item->parts);
    if (item->piece != NULL) inferring->kind->free_piece(&item->piece);
    memory_free(item);
}

static enum status pull_piece(void *context, void **ret, struct err *err)
{
    struct inferring *inferring = context;
    struct source_piece *piece = NULL;
    struct item *item;
    *ret = NULL;
    TRY(interrupted(err));
    TRY(inferring->kind->cut(inferring->source, &piece, err));
    if (piece == NULL) return STATUS_OK;
    enum status status = NEW(&item, 1, err);
    if (status == STATUS_OK) item->piece = piece;
    if (status == STATUS_OK) *ret = item;
    if (status != STATUS_OK) inferring->kind->free_piece(&piece);
    return status;
}

static enum status see_rows(const struct inferring *inferring, const struct source_rows *rows,
                            struct item *item, struct err *err)
{
    item->rows = rows->batch.rows;
    item->rejected = (int64_t)rows->reject_count;
    for (size_t i = 0; item->rows > 0 && i < inferring->schema->count; i++)
        TRY(infer_see(&inferring->columns[i], &inferring->schema->fields[i], rows->batch.columns[i],
                      &item->parts[i], err));
    return STATUS_OK;
}

static enum status see_piece(void *context, void *untyped, struct err *err)
{
    const struct inferring *inferring = context;
    struct item *item = untyped;
    struct source_rows rows = {0};
    TRY(NEW(&item->parts, inferring->schema->count, err));
    enum status status = inferring->kind->convert(inferring->source, item->piece, &rows, err);
    if (status == STATUS_OK) status = see_rows(inferring, &rows, item, err);
    source_rows_release(&rows);
    return status;
}

static enum status push_piece(void *context, void *untyped, struct err *err)
{
    struct inferring *inferring = context;
    struct item *item = untyped;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < inferring->schema->count; i++)
        status =
            infer_add(&inferring->columns[i], &inferring->schema->fields[i], &item->parts[i], err);
    inferring->rows += item->rows;
    progress_add(inferring->progress, item->rows);
    inferring->rejected += item->rejected;
    drop_item(context, item);
    return status;
}

static enum status see_all(struct inferring *inferring, struct err *err)
{
    struct ordered ordered = {
        .threads = inferring->options.threads,
        .context = inferring,
        .pull = pull_piece,
        .work = see_piece,
        .push = push_piece,
        .drop = drop_item,
    };
    TRY(progress_open(&inferring->progress, &inferring->invocation->common, "look", "rows", -1,
                      err));
    enum status status = ordered_run(&ordered, err);
    progress_close(&inferring->progress);
    return status;
}

/* ---- the source ---- */

/* The one object that the operand stands for. */
static enum status open_object(struct inferring *inferring, struct object **ret, struct err *err)
{
    struct ingest_args *args = inferring->invocation->args;
    struct objects_wanted wanted = {.limits = ingest_bundle_limits(args),
                                    .http = ingest_http_limits(args)};
    wanted.kind = ingest_wanted_kind(args);
    TRY(objects_open(&inferring->objects, inferring->invocation->operands, 1, &wanted, err));
    if (inferring->objects.count != 1) {
        (void)fail(err, STATUS_USAGE, "found %zu sources in it, expected one",
                   inferring->objects.count);
        err_hint(err, "name one of them: ARCHIVE/MEMBER");
        return STATUS_USAGE;
    }
    *ret = &inferring->objects.items[0];
    inferring->kind = wanted.kind;
    return wanted.kind != NULL ? STATUS_OK : object_kind(*ret, &inferring->kind, err);
}

static enum status open_source(struct inferring *inferring, struct err *err)
{
    struct ingest_args *args = inferring->invocation->args;
    struct object *object;
    args->chunk_rows = BATCH_ROWS_MAXIMUM;
    args->chunk_bytes = CHUNK_BYTES_DEFAULT;
    args->max_field = 16u << 20;
    args->max_picture = 64u << 20;
    args->max_pixels = 100000000;
    args->max_ratio = 200;
    args->max_members = 1000000;
    TRY(ingest_source_options(args, &inferring->invocation->common, &inferring->options, err));
    TRY(open_object(inferring, &object, err));
    inferring->options.standard_input = &object->input;
    inferring->options.bundle = object->bundle;
    inferring->options.seen = object->seen;
    inferring->options.name = object->name;
    enum status status =
        inferring->kind->open(&inferring->source, object->path, &inferring->options, err);
    if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", object->name);
    inferring->schema = inferring->kind->schema(inferring->source);
    if (inferring->schema->count == 0)
        return fail(err, STATUS_FAILED, "\"%s\": found no column, expected one at least",
                    object->name);
    TRY(NEW(&inferring->columns, inferring->schema->count, err));
    for (size_t i = 0; i < inferring->schema->count; i++)
        TRY(infer_column_open(&inferring->columns[i], err));
    return STATUS_OK;
}

/* ---- the contract ---- */

static const char head[] =
    "# Lines behind a mark are what was seen and may be otherwise tomorrow: take the mark away to\n"
    "# make them rules. What breaks a rule is a reject of its own, not the end of the run.\n"
    "columns:\n";
static const char tail[] = "\n"
                           "# What becomes of a source that differs: fail, evolve (take it as it "
                           "is) or reject (its records).\n"
                           "on_drift:\n"
                           "  new: evolve # a column that is not in here\n"
                           "  missing: fail\n"
                           "  retyped: reject # values that are not of the type\n"
                           "  reordered: evolve\n";

static enum status write_contract(const struct inferring *inferring, const char *name,
                                  struct bytes *ret, struct err *err)
{
    char shown[200];
    escape_for_terminal(str_of(name), shown, sizeof shown);
    TRY(bytes_format(ret, err, "# Contract of \"%s\" (%s), from %" PRId64 " record%s.\n", shown,
                     inferring->kind->name, inferring->rows, inferring->rows == 1 ? "" : "s"));
    if (inferring->rejected > 0)
        TRY(bytes_format(ret, err, "# %" PRId64 " more are rejects and were left out.\n",
                         inferring->rejected));
    TRY(bytes_append_text(ret, head, err));
    for (size_t i = 0; i < inferring->schema->count; i++)
        TRY(infer_write(&inferring->columns[i], &inferring->schema->fields[i], ret, err));
    return bytes_append_text(ret, tail, err);
}

static enum status infer(struct inferring *inferring, const char *name, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(CONTRACT_BYTES);
    OWNED(output_close) struct output *output = NULL;
    TRY(see_all(inferring, err));
    TRY(write_contract(inferring, name, &text, err));
    TRY(output_open(&output, inferring->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    TRY(output_commit(output, err));
    log_line(&inferring->invocation->common, false,
             "contract of %zu columns, from %" PRId64 " rows, %" PRId64 " rejected",
             inferring->schema->count, inferring->rows, inferring->rejected);
    return STATUS_OK;
}

static enum status run_infer(struct invocation *invocation, struct err *err)
{
    OWNED(inferring_close)
    struct inferring inferring = {.invocation = invocation, .objects.spool = SPOOL_NONE};
    enum status status = open_source(&inferring, err);
    if (status == STATUS_OK) status = infer(&inferring, inferring.objects.items[0].name, err);
    return status;
}

const struct command infer_command = {
    .name = "infer",
    .operands = "SOURCE",
    .summary = "write a contract that a source keeps",
    .details =
        "Reads all of SOURCE and writes a commented contract (YAML): the type of each column,\n"
        "whether it lacks values, is a key, has few values, may be about persons. Edit it, and\n"
        "hold the next sources against it with tamis-ingest SOURCE --contract FILE.",
    .examples = "tamis-ingest infer orders.csv -o orders.yaml\n"
                "tamis-ingest tonight.csv --contract orders.yaml --into raw/orders",
    .options = options,
    .args_bytes = sizeof(struct ingest_args),
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = run_infer,
    .decode = picture_header_serve,
    .common_without = "emit|store|no-store|seed|as-of|json|explain|wait",
};
