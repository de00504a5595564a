/* features/export.c: `tamis-features export`: rows in the formats other programs read. */
#include "features/export.h"

#include "features/columns.h"
#include "features/commands.h"
#include "features/recorded.h"
#include "features/reference.h"
#include "features/row_text.h"
#include "lineage/stage.h"

#include <stdio.h>
#include <unistd.h>

enum kind { KIND_AUTO, KIND_ARROW, KIND_PARQUET, KIND_CSV, KIND_JSONL, KIND_NPY };

struct export_args {
    int format;
    struct text_list columns;
    int formulas; /* enum csv_formulas */
};

static const struct setting export_options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct export_args, format),
     .fallback = "auto",
     .choices = "auto|arrow|parquet|csv|jsonl|npy",
     .help = "how rows are written; auto goes by the ending of -o",
     .argument = "FORMAT"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct export_args, columns),
     .help = "only these columns, in this order",
     .argument = "NAME,..."},
    {.name = "formulas",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct export_args, formulas),
     .fallback = "keep",
     .choices = CSV_FORMULAS,
     .help = "in CSV: mark puts an apostrophe before texts that a spreadsheet would compute, those "
             "that begin with = + - or @; keep changes nothing",
     .argument = "keep|mark"},
    {0},
};

struct export
{
    struct run *run;
    const struct invocation *invocation;
    enum kind kind;
    struct stage_input *input;
    size_t *chosen;        /* positions in the input; NULL = all */
    struct schema *schema; /* of the chosen columns, with tamis:run */
    struct stage_output *arrow;
    const struct export_format *format; /* every other */
    void *context;
};

static void export_release(struct export *export)
{
    if (export->format != NULL) export->format->close(export->context);
    stage_output_close(&export->arrow);
    stage_input_close(&export->input);
    schema_unref(&export->schema);
    memory_free(export->chosen);
}

/* ---- which format ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), more = strlen(end);
    return size > more && strcmp(text + size - more, end) == 0;
}

static enum status find_kind(enum kind *ret, int asked, const char *path, struct err *err)
{
    static const struct {
        const char *end;
        enum kind kind;
    } endings[] = {{".arrow", KIND_ARROW},     {".arrows", KIND_ARROW}, {".feather", KIND_ARROW},
                   {".parquet", KIND_PARQUET}, {".csv", KIND_CSV},      {".jsonl", KIND_JSONL},
                   {".ndjson", KIND_JSONL},    {".npy", KIND_NPY},      {"/", KIND_NPY}};
    *ret = (enum kind)asked;
    if (asked != KIND_AUTO) return STATUS_OK;
    for (size_t i = 0; path != NULL && i < sizeof endings / sizeof *endings; i++) {
        if (!ends_with(path, endings[i].end)) continue;
        *ret = endings[i].kind;
        return STATUS_OK;
    }
    fail(err, STATUS_USAGE, "the name \"%s\" does not tell the format", path == NULL ? "-" : path);
    err_hint(err, "--format arrow, parquet, csv, jsonl or npy says it");
    return STATUS_USAGE;
}

/* ---- which rows ---- */

static bool is_version(const char *operand)
{
    return strncmp(operand, "tamis:", 6) == 0;
}

/* A name that is no file here, without folder or ending, is a view's. */
static bool is_view(const char *operand)
{
    size_t name = strcspn(operand, "@");
    return strcmp(operand, "-") != 0 && strcspn(operand, "./:") >= name &&
           access(operand, F_OK) != 0;
}

/* As stage_input_open takes it. */
static enum status name_input(struct store *store, const char *operand, const char **ret,
                              struct arena *arena, struct err *err)
{
    struct view view;
    struct version version;
    *ret = operand;
    if (!is_view(operand)) return STATUS_OK;
    enum status status = reference_view(store, operand, &view, &version, arena, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "\"%s\" is no file here, and as a view", operand);
    *ret = arena_format(arena, "tamis:%s@%lld", version.dataset, (long long)version.number);
    return *ret != NULL ? STATUS_OK : fail_memory(err, sizeof version.dataset);
}

static enum status choose(struct export *export, const struct text_list *names, struct err *err)
{
    OWNED(schema_unref) struct schema *chosen = NULL;
    const struct schema *schema = stage_input_schema(export->input);
    size_t count = 0;
    if (names->count > 0) {
        TRY(columns_choose(&export->chosen, &count, schema, names, err));
        TRY(columns_schema(&chosen, schema, export->chosen, count, err));
    }
    TRY(schema_copy(&export->schema, chosen != NULL ? chosen : schema, err));
    for (size_t i = 0; i < export->schema->count; i++) {
        TRY(run_column_same(export->run, stage_input_node(export->input),
                            export->schema->fields[i].name, err));
    }
    return schema_set_metadata(export->schema, "tamis:run", str_of(run_id(export->run)), err);
}

/* ---- writing ---- */

/* Arrow goes the way of every stage; of the others the place outside is recorded here. */
static enum status record_place(struct export *export, const char *path, struct err *err)
{
    char stream[80];
    if (path == NULL || strcmp(path, "-") == 0) return STATUS_OK;
    const char *node = arena_format(export->invocation->arena, "external:%s", path);
    if (node == NULL) return fail_memory(err, strlen(path));
    snprintf(stream, sizeof stream, "stream:%s", run_id(export->run));
    return run_edge(export->run, stream, node, err);
}

static enum status open_output(struct export *export, struct err *err)
{
    static const struct export_format *const formats[] = {[KIND_PARQUET] = &export_parquet,
                                                          [KIND_CSV] = &export_csv,
                                                          [KIND_JSONL] = &export_jsonl,
                                                          [KIND_NPY] = &export_npy};
    const struct common *common = &export->invocation->common;
    struct stage_target target = {.path = common->output};
    if (export->kind == KIND_ARROW)
        return stage_output_open(&export->arrow, &target, export->schema, export->run, common, err);
    TRY(record_place(export, common->output, err));
    const struct export_args *args = export->invocation->args;
    bool inert = export->kind == KIND_CSV && args->formulas == FORMULAS_MARK;
    export->format = inert ? &export_csv_inert : formats[export->kind];
    return export->format->open(&export->context, common->output, export->schema, err);
}

static enum status add(struct export *export, const struct batch *batch, struct err *err)
{
    return export->arrow != NULL ? stage_output_add(export->arrow, batch, err)
                                 : export->format->add(export->context, batch, err);
}

static enum status copy_rows(struct export *export, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        OWNED(batch_release) struct batch narrowed = {0};
        bool end = false;
        TRY(stage_input_next(export->input, &batch, &end, err));
        if (end) return STATUS_OK;
        if (export->chosen != NULL)
            TRY(columns_batch(&narrowed, export->schema, &batch, export->chosen, err));
        TRY(add(export, export->chosen != NULL ? &narrowed : &batch, err));
    }
}

static enum status finish(struct export *export, struct err *err)
{
    struct row_counts counts = {.in = stage_input_rows(export->input),
                                .out = stage_input_rows(export->input),
                                .bytes_in = stage_input_bytes(export->input)};
    if (export->arrow != NULL) counts.bytes_out = stage_output_bytes(export->arrow);
    run_count(export->run, &counts);
    if (export->arrow != NULL) return stage_output_finish(export->arrow, NULL, err);
    TRY(run_check_balance(export->run, err));
    TRY(export->format->commit(export->context, &counts.bytes_out, err));
    run_count(export->run, &counts);
    return STATUS_OK;
}

/* ---- the command ---- */

static enum status export_rows(struct run *run, struct store *store,
                               const struct invocation *invocation, struct err *err)
{
    const struct export_args *args = invocation->args;
    const char *operand = NULL;
    OWNED(export_release) struct export export = {.run = run, .invocation = invocation};
    TRY(find_kind(&export.kind, args->format, invocation->common.output, err));
    TRY(name_input(store, invocation->operands[0], &operand, invocation->arena, err));
    TRY(stage_input_open(&export.input, operand, run, &invocation->common, err));
    TRY(stage_input_progress(export.input, &invocation->common, "export", err));
    TRY(choose(&export, &args->columns, err));
    TRY(open_output(&export, err));
    TRY(copy_rows(&export, err));
    TRY(finish(&export, err));
    log_line(&invocation->common, false, "%lld rows, %zu columns",
             (long long)stage_input_rows(export.input), export.schema->count);
    return STATUS_OK;
}

static enum status export_run(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;
    const char *operand = invocation->operands[0];
    if (is_version(operand) || is_view(operand)) {
        bool record = false; /* a store opened to be read only records nothing by itself */
        TRY(recorded_store(&store, &invocation->common, &record, err));
    } else {
        TRY(store_open(&store, &invocation->common, STORE_WRITE, err));
    }
    TRY(run_begin(&run, store, "features export", invocation, err));
    return run_finish(run, export_rows(run, store, invocation, err), err);
}

const struct command export_command = {
    .name = "export",
    .operands = "FILE|-|tamis:DATASET[@REF]|VIEW[@REF]",
    .summary = "write rows as Arrow, Parquet, CSV, JSON Lines or NumPy files",
    .details =
        "The ending of -o tells the format: .arrow, .parquet, .csv, .jsonl; .npy or / at the end "
        "is a folder with a NumPy file a column. What is written appears whole or not at all. "
        "Parquet keeps no minimum and maximum of personal columns. A NumPy file holds numbers, "
        "booleans, dates, times of day excepted, and fixed-size lists and tensors of these; a null "
        "is NaN or NaT, and refused where there is no such value. CSV and JSON Lines are as cat "
        "writes them.",
    .examples = "tamis-features export user_activity@3 -o activity.parquet\n"
                "tamis-features export training.arrow --columns clicks,spent -o training.npy\n"
                "tamis-ingest orders.csv | tamis-features export - -o orders.jsonl",
    .options = export_options,
    .args_bytes = sizeof(struct export_args),
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = export_run,
    .common_without = "json|explain|as-of|seed",
};
