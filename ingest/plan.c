/* ingest/plan.c: tamis-ingest plan SOURCE --shards N: where N runs may each read a part.
 *
 * All of the source is read once: types of whole columns, its digest, and the record that begins
 * each window of 65,536 rows. A shard is a run of whole windows, so that what is kept per window
 * (sums, moments) is the same however many shards there are. */
#include "ingest/dialect_options.h"

#include "base/parallel.h"
#include "ingest/objects.h"

#include <inttypes.h>
#include <stdio.h>

#define PLAN_BYTES_MAXIMUM (64u << 20)

struct plan_args {
    struct ingest_args reading; /* first: the options of reading are the same */
    int64_t shards;
};

#define AT(member) offsetof(struct plan_args, reading.member)

static const struct setting options[] = {
    {.name = "shards",
     .kind = SETTING_INT,
     .offset = offsetof(struct plan_args, shards),
     .fallback = "2",
     .minimum = 1,
     .maximum = 100000,
     .argument = "N",
     .help = "runs that will share the source"},
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = AT(format),
     .fallback = "auto",
     .choices = INGEST_FORMATS,
     .argument = "KIND",
     .help = "kind of the source; the shards need these options too"},
    DIALECT_OPTIONS(offsetof(struct plan_args, reading)),
    {.name = "text",
     .kind = SETTING_TEXTS,
     .offset = AT(text),
     .argument = "COLUMN",
     .help = "keep a column as text, whatever it looks like; may be repeated"},
    {.name = "max-field",
     .kind = SETTING_SIZE,
     .offset = AT(max_field),
     .fallback = "16M",
     .minimum = 1,
     .maximum = 1u << 30,
     .argument = "SIZE",
     .help = "as it will be ingested"},
    {0},
};

/* Where a window of rows begins. */
struct mark {
    int64_t row, record;
    uint64_t offset;
    int64_t line;
};

struct planning {
    const struct invocation *invocation;
    const struct source_kind *kind;
    struct source_options options;
    struct objects objects;
    struct source *source;
    struct mark *marks; /* of windows 1, 2 ... */
    size_t count, room;
    int64_t rows, rejected, bytes;
};

static void planning_close(struct planning *planning)
{
    memory_free(planning->marks);
    if (planning->source != NULL) planning->kind->close(&planning->source);
    objects_release(&planning->objects);
}

/* ---- the windows ---- */

struct item {
    struct source_piece *piece;
    struct source_rows rows;
};

static void drop_item(void *context, void *untyped)
{
    const struct planning *planning = context;
    struct item *item = untyped;
    source_rows_release(&item->rows);
    planning->kind->free_piece(&item->piece);
    memory_free(item);
}

static enum status pull_piece(void *context, void **ret, struct err *err)
{
    struct planning *planning = context;
    struct source_piece *piece = NULL;
    struct item *item;
    *ret = NULL;
    TRY(interrupted(err));
    TRY(planning->kind->cut(planning->source, &piece, err));
    if (piece == NULL) return STATUS_OK;
    enum status status = NEW(&item, 1, err);
    if (status == STATUS_OK) item->piece = piece;
    if (status == STATUS_OK) *ret = item;
    if (status != STATUS_OK) planning->kind->free_piece(&piece);
    return status;
}

static enum status convert_piece(void *context, void *untyped, struct err *err)
{
    const struct planning *planning = context;
    struct item *item = untyped;
    TRY(planning->kind->convert(planning->source, item->piece, &item->rows, err));
    return STATUS_OK;
}

static enum status mark_row(struct planning *planning, const struct item *item, int64_t row,
                            struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    struct source_place place;
    int64_t record = item->rows.records[row - planning->rows];
    if (planning->count == planning->room) {
        size_t room = planning->room == 0 ? 64 : planning->room * 2;
        struct mark *marks = memory_resize(planning->marks, room, sizeof *marks);
        if (marks == NULL) return fail_memory(err, room * sizeof *marks);
        planning->marks = marks;
        planning->room = room;
    }
    TRY(arena_open(&arena, err));
    TRY(planning->kind->raws(planning->source, item->piece, &record, 1, arena, &place, err));
    planning->marks[planning->count++] =
        (struct mark){row, record, (uint64_t)place.byte_offset, place.line};
    return STATUS_OK;
}

static enum status push_piece(void *context, void *untyped, struct err *err)
{
    struct planning *planning = context;
    struct item *item = untyped;
    enum status status = STATUS_OK;
    int64_t end = planning->rows + item->rows.batch.rows;
    int64_t row = ((int64_t)planning->count + 1) * BATCH_ROWS_MAXIMUM;
    for (; status == STATUS_OK && row < end; row += BATCH_ROWS_MAXIMUM)
        status = mark_row(planning, item, row, err);
    planning->rows = end;
    planning->rejected += (int64_t)item->rows.reject_count;
    drop_item(context, item);
    return status;
}

static enum status see_all(struct planning *planning, struct err *err)
{
    struct ordered ordered = {
        .threads = planning->options.threads,
        .context = planning,
        .pull = pull_piece,
        .work = convert_piece,
        .push = push_piece,
        .drop = drop_item,
    };
    return ordered_run(&ordered, err);
}

/* ---- the source ---- */

static enum status choose_kind(struct planning *planning, struct err *err)
{
    struct plan_args *args = planning->invocation->args;
    const struct object *object = &planning->objects.items[0];
    if (args->reading.format > 0)
        planning->kind = source_kinds[args->reading.format - 1];
    else
        TRY(object_kind(object, &planning->kind, err));
    if (planning->kind->shards && planning->objects.count == 1 && object->path != NULL)
        return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "\"%s\": found %s, expected one file of CSV, TSV or JSON lines",
               object->name,
               planning->objects.count == 1 ? planning->kind->name : "several sources");
    err_hint(err, "give each run files of its own instead");
    return STATUS_USAGE;
}

static enum status open_source(struct planning *planning, struct err *err)
{
    struct plan_args *args = planning->invocation->args;
    struct objects_wanted wanted = {.limits = ingest_bundle_limits(&args->reading)};
    args->reading.chunk_rows = BATCH_ROWS_MAXIMUM;
    args->reading.chunk_bytes = CHUNK_BYTES_DEFAULT;
    args->reading.max_picture = 64u << 20;
    args->reading.max_pixels = 1;
    TRY(ingest_source_options(&args->reading, &planning->invocation->common, &planning->options,
                              err));
    TRY(objects_open(&planning->objects, planning->invocation->operands, 1, &wanted, err));
    if (planning->objects.count == 0) return fail(err, STATUS_USAGE, "found no source");
    TRY(choose_kind(planning, err));
    planning->options.name = planning->objects.items[0].name;
    return planning->kind->open(&planning->source, planning->objects.items[0].path,
                                &planning->options, err);
}

/* ---- the document ---- */

static enum status write_columns(const struct schema *schema, struct bytes *ret, struct err *err)
{
    char type[128];
    for (size_t i = 0; i < schema->count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "" : ",", err));
        TRY(bytes_append_text(ret, "\n  {\"name\": ", err));
        TRY(bytes_append_json(ret, str_of(schema->fields[i].name), err));
        TRY(bytes_format(ret, err, ", \"type\": \"%s\"}",
                         field_type_text(&schema->fields[i], type, sizeof type)));
    }
    return STATUS_OK;
}

/* The beginning of window `window` of `windows`; the last one's is the end. */
static struct mark mark_at(const struct planning *planning, const struct mark *first,
                           int64_t window)
{
    if (window == 0) return *first;
    if (window > (int64_t)planning->count)
        return (struct mark){.row = planning->rows, .offset = (uint64_t)planning->bytes};
    return planning->marks[window - 1];
}

static enum status write_shards(const struct planning *planning, const struct mark *first,
                                int64_t shards, struct bytes *ret, struct err *err)
{
    int64_t windows = (int64_t)planning->count + 1;
    for (int64_t i = 0; i < shards; i++) {
        struct mark begin = mark_at(planning, first, windows * i / shards);
        struct mark end = mark_at(planning, first, windows * (i + 1) / shards);
        if (begin.row == end.row) end = begin; /* more shards than windows: nothing to read */
        TRY(bytes_format(ret, err,
                         "%s\n  {\"first_row\": %" PRId64 ", \"rows\": %" PRId64
                         ", \"first_record\": %" PRId64 ", \"first_line\": %" PRId64
                         ", \"begin\": %" PRIu64 ", \"end\": %" PRIu64 "}",
                         i == 0 ? "" : ",", begin.row, end.row - begin.row, begin.record,
                         begin.line, begin.offset, end.offset));
    }
    return STATUS_OK;
}

static enum status write_plan(struct planning *planning, struct bytes *ret, struct err *err)
{
    const struct plan_args *args = planning->invocation->args;
    struct source_record source = {0};
    struct mark first;
    char digest[DIGEST_TEXT];
    TRY(planning->kind->describe(planning->source, &source, err));
    TRY(planning->kind->first_place(planning->source, &first.offset, &first.line, err));
    planning->bytes = source.bytes;
    first.row = 0;
    first.record = 1;
    TRY(bytes_append_text(ret, "{\"source\": ", err));
    TRY(bytes_append_json(ret, str_of(planning->objects.items[0].name), err));
    TRY(bytes_format(ret, err,
                     ",\n \"kind\": \"%s\", \"bytes\": %" PRId64 ", \"records\": %" PRId64
                     ", \"rows\": %" PRId64 ", \"rejected\": %" PRId64 ",\n \"digest\": \"%s\",\n"
                     " \"columns\": [",
                     source.kind, source.bytes, source.records, planning->rows, planning->rejected,
                     digest_text(&source.digest, digest)));
    TRY(write_columns(planning->kind->schema(planning->source), ret, err));
    TRY(bytes_append_text(ret, "]", err));
    if (planning->kind->plan_more != NULL)
        TRY(planning->kind->plan_more(planning->source, ret, err));
    TRY(bytes_append_text(ret, ",\n \"shards\": [", err));
    TRY(write_shards(planning, &first, args->shards, ret, err));
    return bytes_append_text(ret, "]}\n", err);
}

static enum status plan(struct planning *planning, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(PLAN_BYTES_MAXIMUM);
    OWNED(output_close) struct output *output = NULL;
    TRY(open_source(planning, err));
    TRY(see_all(planning, err));
    TRY(write_plan(planning, &text, err));
    TRY(output_open(&output, planning->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status run_plan(struct invocation *invocation, struct err *err)
{
    OWNED(planning_close)
    struct planning planning = {.invocation = invocation, .objects.spool = SPOOL_NONE};
    return plan(&planning, err);
}

const struct command plan_command = {
    .name = "plan",
    .operands = "SOURCE",
    .summary = "where several runs may each read a part of one source",
    .details =
        "Reads all of a file of CSV, TSV or JSON lines once and writes a plan (JSON): the types of "
        "its columns,\n"
        "its digest, and for each of N shards the place and number of its first record. A shard\n"
        "begins where a window of 65,536 rows begins. Runs on one machine or many then read\n"
        "their part with --shard I/N --plan FILE; their rows together are those of one run, with\n"
        "the same record numbers.",
    .examples = "tamis-ingest plan big.csv --shards 4 -o plan.json\n"
                "tamis-ingest big.csv --plan plan.json --shard 2/4 -o part2.arrow",
    .options = options,
    .args_bytes = sizeof(struct plan_args),
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = run_plan,
    .common_without = "emit|store|no-store|seed|as-of|json|explain|wait",
};
