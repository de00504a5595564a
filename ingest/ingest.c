/* ingest/ingest.c: the driver: recognises and opens the sources, then runs one ordered pipeline
 * over their pieces: cut (serial), convert and encode (any thread), write (serial, in order). */
#include "ingest/ingest_state.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "ingest/file_list.h"
#include "ingest/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void ingest_close(struct ingest *ingest)
{
    for (size_t i = 0; ingest->sources != NULL && i < ingest->count; i++)
        if (ingest->sources[i] != NULL) ingest->kind->close(&ingest->sources[i]);
    memory_free(ingest->sources);
    objects_release(&ingest->objects);
    memory_free(ingest->names);
    memory_free(ingest->refused);
    retry_close(&ingest->retry);
    arena_close(&ingest->arena);
    contract_fit_close(&ingest->fit);
    contract_close(&ingest->contract);
    provenance_close(&ingest->provenance);
    progress_close(&ingest->progress);
    rejects_close(&ingest->rejects);
    held_rejects_release(&ingest->held);
    shard_close(&ingest->shard);
    stage_output_close(&ingest->output);
    increment_close(&ingest->increment);
    memory_free(ingest->resumes);
}

/* ---- opening ---- */

/* --format names the kind: an address is no file and a file is no address. */
static enum status check_places(const struct ingest *ingest, struct err *err)
{
    for (size_t i = 0; i < ingest->count; i++) {
        if (is_address(ingest->objects.items[i].path) == ingest->kind->addresses) continue;
        (void)fail(err, STATUS_USAGE, "\"%s\": expected %s of kind %s", ingest->names[i],
                   ingest->kind->addresses ? "an address (SCHEME://...)" : "a file",
                   ingest->kind->name);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static enum status check_queries(const struct ingest *ingest, struct err *err)
{
    const char *option = ingest->options.table != NULL   ? "--table"
                         : ingest->options.query != NULL ? "--query"
                                                         : NULL;
    TRY(ingest_options_fit(ingest->args, ingest->kind, err));
    if (option == NULL || ingest->kind->queries) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "%s is for databases, and the source is %s", option,
               ingest->kind->name);
    return STATUS_USAGE;
}

static enum status choose_kind(struct ingest *ingest, struct err *err)
{
    if (ingest->retry != NULL) {
        ingest->kind = retry_kind(ingest->retry);
        return STATUS_OK;
    }
    ingest->kind = ingest_wanted_kind(ingest->args);
    if (ingest->kind != NULL) {
        TRY(check_places(ingest, err));
        return check_queries(ingest, err);
    }
    for (size_t i = 0; i < ingest->count; i++) {
        const struct source_kind *kind = NULL;
        enum status status = object_kind(&ingest->objects.items[i], &kind, err);
        if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", ingest->names[i]);
        if (ingest->kind != NULL && ingest->kind != kind) {
            (void)fail(err, STATUS_USAGE, "\"%s\" is %s and \"%s\" is %s, expected one kind",
                       ingest->names[0], ingest->kind->name, ingest->names[i], kind->name);
            err_hint(err, "ingest them one after the other");
            return STATUS_USAGE;
        }
        ingest->kind = kind;
    }
    return check_queries(ingest, err);
}

/* The object's name, and which table of it. */
static enum status name_source(struct ingest *ingest, const char *object, const char **ret,
                               struct err *err)
{
    const char *table = ingest->args->table;
    *ret = table == NULL ? object : arena_format(ingest->arena, "%s#%s", object, table);
    return *ret == NULL ? fail_memory(err, strlen(object)) : STATUS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status check_names(const struct ingest *ingest, struct err *err)
{
    OWNED(memory_release) const char **sorted = NULL;
    TRY(NEW(&sorted, ingest->count, err));
    for (size_t i = 0; i < ingest->count; i++)
        sorted[i] = ingest->names[i];
    qsort(sorted, ingest->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < ingest->count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return fail(err, STATUS_USAGE, "source \"%s\" is given twice", sorted[i]);
    return STATUS_OK;
}

static enum status check_source_name(const struct ingest *ingest, struct err *err)
{
    if (ingest->args->source_name == NULL || ingest->count == 1) return STATUS_OK;
    return fail(err, STATUS_USAGE, "--source-name names one source, found %zu", ingest->count);
}

static enum status name_sources(struct ingest *ingest, struct err *err)
{
    const char *given = ingest->args->source_name;
    TRY(check_source_name(ingest, err));
    TRY(arena_open(&ingest->arena, err));
    TRY(NEW(&ingest->names, ingest->count, err));
    for (size_t i = 0; i < ingest->count; i++) {
        const char *name = given;
        if (given == NULL) TRY(name_source(ingest, ingest->objects.items[i].name, &name, err));
        if (!utf8_valid(name, strlen(name))) {
            (void)fail(err, STATUS_USAGE, "the name of source %zu is not UTF-8", i + 1);
            err_hint(err, "give it a name with --source-name");
            return STATUS_USAGE;
        }
        ingest->names[i] = name;
    }
    return check_names(ingest, err);
}

/* A drift that ends the run is recorded like any other. */
static enum status fit_contract(struct ingest *ingest, struct err *err)
{
    enum status status = contract_fit_open(&ingest->fit, ingest->contract, ingest->kind,
                                           ingest->sources, ingest->names, ingest->count, err);
    if (status == STATUS_VERDICT) TRY(contract_fit_record(ingest->fit, ingest->run, err));
    return status;
}

/* A version that is continued gets no column in which only rejects have a value: those stand behind
 * the contract's. */
static enum status kept_columns(const struct ingest *ingest, struct schema **ret, struct err *err)
{
    const struct schema *schema = contract_fit_schema(ingest->fit);
    bool all = ingest->increment == NULL || increment_schema(ingest->increment) == NULL ||
               ingest->contract->on_drift[DRIFT_NEW] != DRIFT_REJECT;
    if (all) return schema_copy(ret, schema, err);
    OWNED(schema_unref) struct schema *kept = NULL;
    TRY(schema_new(&kept, err));
    for (size_t i = 0; i < ingest->contract->count; i++)
        TRY(schema_add(kept, &schema->fields[i], err));
    for (size_t i = 0; i < schema->metadata.count; i++)
        TRY(schema_add_metadata(kept, schema->metadata.pairs[i].key,
                                schema->metadata.pairs[i].value, err));
    *ret = kept;
    kept = NULL;
    return STATUS_OK;
}

static enum status check_columns(const struct ingest *ingest, const struct schema *schema,
                                 struct err *err)
{
    if ((int64_t)schema->count <= ingest->options.column_limit) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found %zu columns, expected at most %lld", schema->count,
               (long long)ingest->options.column_limit);
    err_hint(err, "--max-columns N takes more");
    return STATUS_FAILED;
}

static enum status open_provenance(struct ingest *ingest, struct err *err)
{
    bool wanted = !ingest->args->no_provenance;
    const char *version = ingest->increment == NULL ? NULL : increment_version(ingest->increment);
    if (ingest->contract == NULL)
        return provenance_open(&ingest->provenance, ingest->kind, ingest->sources, ingest->names,
                               ingest->count, ingest->options.expected, version, wanted, err);
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(fit_contract(ingest, err));
    TRY(kept_columns(ingest, &schema, err));
    if (ingest->increment != NULL) TRY(increment_check(ingest->increment, schema, err));
    if (ingest->retry != NULL) contract_fit_number(ingest->fit, retry_number, ingest->retry);
    return provenance_open_as(&ingest->provenance, schema, ingest->names, ingest->count, wanted,
                              err);
}

static enum status open_objects(struct ingest *ingest, char *const *operands, struct err *err)
{
    struct objects_wanted wanted = {.limits = ingest_bundle_limits(ingest->args),
                                    .http = ingest_http_limits(ingest->args),
                                    .watermarks = ingest->options.watermarks};
    wanted.kind = ingest_wanted_kind(ingest->args);
    TRY(objects_open(&ingest->objects, operands, ingest->count, &wanted, err));
    ingest->count = ingest->objects.count;
    if (ingest->increment != NULL)
        increment_left_unread(ingest->increment, ingest->objects.unchanged);
    return ingest->count == 0 ? STATUS_OK : name_sources(ingest, err);
}

static enum status open_retry(struct ingest *ingest, char *const *operands, struct err *err)
{
    TRY(arena_open(&ingest->arena, err));
    TRY(retry_open(&ingest->retry, operands, ingest->count, ingest->run, ingest->common, err));
    TRY(retry_objects(ingest->retry, &ingest->objects, err));
    ingest->count = ingest->objects.count;
    TRY(NEW(&ingest->names, ingest->count, err));
    for (size_t i = 0; i < ingest->count; i++)
        ingest->names[i] = ingest->objects.items[i].name;
    if (ingest->args->into != NULL) TRY(retry_into(ingest->retry, ingest->args->into, err));
    if (ingest->contract == NULL)
        TRY(retry_contract(ingest->retry, ingest->args->into, &ingest->contract, err));
    ingest->options.contract_texts = &ingest->contract->texts;
    return STATUS_OK;
}

static enum status open_sources(struct ingest *ingest, struct err *err)
{
    TRY(NEW(&ingest->sources, ingest->count, err));
    TRY(NEW(&ingest->refused, ingest->count, err));
    for (size_t i = 0; i < ingest->count; i++) {
        struct object *object = &ingest->objects.items[i];
        ingest->options.name = ingest->names[i];
        if (ingest->resumes != NULL) ingest->options.resume = ingest->resumes[i];
        ingest->options.standard_input = &object->input;
        ingest->options.bundle = object->bundle;
        ingest->options.seen = object->seen;
        if (ingest->retry != NULL) retry_options(ingest->retry, i, ingest->args, &ingest->options);
        enum status status =
            ingest->kind->open(&ingest->sources[i], object->path, &ingest->options, err);
        if (status == STATUS_OK)
            status = check_columns(ingest, ingest->kind->schema(ingest->sources[i]), err);
        if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", ingest->names[i]);
    }
    return open_provenance(ingest, err);
}

static enum status open_output(struct ingest *ingest, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_copy(&schema, provenance_schema(ingest->provenance), err));
    if (ingest->options.shard != NULL && ingest->target.into == NULL)
        TRY(shard_describe(&ingest->shard, ingest->args->shard, schema, err));
    return stage_output_open(&ingest->output, &ingest->target, schema, ingest->run, ingest->common,
                             err);
}

static enum status open_shard(struct ingest *ingest, struct err *err)
{
    const struct ingest_args *args = ingest->args;
    if (args->shard == NULL && args->plan == NULL) return STATUS_OK;
    if (args->shard == NULL || args->plan == NULL) {
        (void)fail(err, STATUS_USAGE, "found %s alone, expected --shard and --plan together",
                   args->shard == NULL ? "--plan" : "--shard");
        err_hint(err, "tamis-ingest plan SOURCE --shards N -o FILE writes a plan");
        return STATUS_USAGE;
    }
    if (ingest->count != 1 || !ingest->kind->shards || args->incremental || args->retry)
        return fail(
            err, STATUS_USAGE,
            "--shard is for one file of CSV, TSV or JSON lines that is read as a whole otherwise");
    TRY(shard_open(&ingest->shard, args->plan, args->shard, err));
    ingest->options.shard = &ingest->shard;
    return STATUS_OK;
}

/* A guessed schema saves a pass over the sources where nothing has left the process before the end:
 * a file gets its name and a version its number then. */
static bool may_guess(const struct ingest *ingest)
{
    const char *path = ingest->target.path;
    struct stat info;
    bool goes_to_stdout = path == NULL ? ingest->target.into == NULL : strcmp(path, "-") == 0;
    if (ingest->kind->settle == NULL || ingest->args->incremental || ingest->common->explain)
        return false;
    if (goes_to_stdout || ingest->contract != NULL || ingest->args->shard != NULL) return false;
    return path == NULL || stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

/* -1 = not known. */
static int64_t object_bytes(const struct object *object)
{
    struct stat info;
    if (object->input != NULL) return input_size(object->input);
    bool file = object->path != NULL && stat(object->path, &info) == 0 && S_ISREG(info.st_mode);
    return file ? info.st_size : -1;
}

/* All bytes of all passes are known beforehand where every source is a file. */
static enum status open_progress(struct ingest *ingest, struct err *err)
{
    int64_t total = 0, passes = ingest->options.may_guess ? 1 : ingest->kind->passes;
    for (size_t i = 0; i < ingest->count && total >= 0; i++) {
        int64_t bytes = object_bytes(&ingest->objects.items[i]);
        total = bytes >= 0 ? total + bytes * passes : -1;
    }
    TRY(progress_open(&ingest->progress, ingest->common, "ingest", "bytes", total, err));
    ingest->options.progress = ingest->progress;
    return STATUS_OK;
}

/* ---- the pipeline ---- */

struct item {
    size_t source;
    uint64_t number; /* of the piece in the run */
    bool has_start;
    struct source_resume start; /* where its first record lies */
    struct source_piece *piece;
    struct source_rows rows;
    int64_t count; /* of rows */
    struct stage_message *message;
};

static void drop_item(void *context, void *untyped)
{
    const struct ingest *ingest = context;
    struct item *item = untyped;
    stage_message_free(&item->message);
    source_rows_release(&item->rows);
    ingest->kind->free_piece(&item->piece);
    memory_free(item);
}

static enum status pull_piece(void *context, void **ret, struct err *err)
{
    struct ingest *ingest = context;
    *ret = NULL;
    struct source_piece *piece = NULL;
    TRY(interrupted(err));
    while (piece == NULL && ingest->current < ingest->count) {
        enum status status = ingest->kind->cut(ingest->sources[ingest->current], &piece, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "\"%s\"", ingest->names[ingest->current]);
        if (piece == NULL) ingest->current++;
    }
    if (piece == NULL) return STATUS_OK;
    struct item *item;
    enum status status = NEW(&item, 1, err);
    if (status != STATUS_OK) {
        ingest->kind->free_piece(&piece);
        return status;
    }
    item->source = ingest->current;
    item->number = ingest->pieces++;
    item->piece = piece;
    if (ingest->kind->start != NULL)
        item->has_start = ingest->kind->start(ingest->sources[item->source], piece, &item->start);
    *ret = item;
    return STATUS_OK;
}

/* Others wait for the turn of each piece, whatever became of it. */
static enum status keep_contract(struct ingest *ingest, struct item *item, enum status status,
                                 struct err *err)
{
    if (status == STATUS_OK && item->rows.batch.rows > 0)
        return contract_fit_apply(ingest->fit, item->source, item->number, item->piece, &item->rows,
                                  err);
    contract_fit_skip(ingest->fit, item->number);
    return status;
}

static enum status convert_piece(void *context, void *untyped, struct err *err)
{
    struct ingest *ingest = context;
    struct item *item = untyped;
    OWNED(batch_release) struct batch batch = {0};
    enum status status =
        ingest->kind->convert(ingest->sources[item->source], item->piece, &item->rows, err);
    if (item->rows.guessed_wrong) atomic_store(&ingest->guessed_wrong, true);
    if (ingest->fit != NULL) status = keep_contract(ingest, item, status, err);
    if (ingest->retry != NULL && status == STATUS_OK)
        status = retry_restore(ingest->retry, item->source, &item->rows, err);
    if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", ingest->names[item->source]);
    item->count = item->rows.batch.rows;
    if (item->count == 0) return STATUS_OK;
    TRY(provenance_add(ingest->provenance, item->source, &item->rows, &batch, err));
    batch_release(&item->rows.batch);
    if (item->rows.reject_count == 0) ingest->kind->free_piece(&item->piece);
    return stage_output_encode(ingest->output, &batch, &item->message, err);
}

static enum status push_reject(struct ingest *ingest, const struct reject *reject,
                               const char *module, struct err *err)
{
    struct row_event event = {
        .kind = EVENT_REJECT,
        .source = reject->source,
        .record = reject->record,
        .module = module,
        .rule = reject->rule,
        .column = reject->column,
        .value = reject->value.data == NULL ? reject->message : reject->value,
        .threshold = reject->threshold,
    };
    ingest->rejected++;
    TRY(rejects_add(ingest->rejects, reject, err));
    return run_event(ingest->run, &event, err);
}

/* Of a run that may begin again nothing may have left. */
static enum status hold_reject(struct ingest *ingest, const struct reject *reject, struct err *err)
{
    bool kept = false;
    TRY(held_rejects_add(&ingest->held, reject, &kept, err));
    if (kept) return STATUS_OK;
    atomic_store(&ingest->guessed_wrong, true); /* too much to hold: begin again, to be sure */
    return fail(err, STATUS_FAILED, "found too many rejects to hold");
}

static enum status push_rejects(struct ingest *ingest, struct item *item, struct err *err)
{
    for (size_t i = 0; i < item->rows.reject_count; i++) {
        struct reject *reject = &item->rows.rejects[i];
        reject->source = str_of(ingest->names[item->source]);
        ingest->refused[item->source] = true;
        TRY(ingest->options.may_guess ? hold_reject(ingest, reject, err)
                                      : push_reject(ingest, reject, ingest->kind->name, err));
    }
    return STATUS_OK;
}

static enum status push_piece(void *context, void *untyped, struct err *err)
{
    struct ingest *ingest = context;
    struct item *item = untyped;
    enum status status = push_rejects(ingest, item, err);
    if (status == STATUS_OK && item->has_start && ingest->retry == NULL)
        status = run_record_place(ingest->run, ingest->names[item->source], item->start.records + 1,
                                  (int64_t)item->start.offset, item->start.lines + 1, err);
    if (status == STATUS_OK && item->message != NULL)
        status = stage_output_put(ingest->output, &item->message, err);
    ingest->rows += item->count;
    progress_add(ingest->progress, item->rows.bytes);
    drop_item(context, item);
    return status;
}

/* Members of archives that are no sources. */
static enum status push_members(struct ingest *ingest, struct err *err)
{
    for (size_t i = 0; i < ingest->objects.reject_count; i++) {
        const struct object_reject *member = &ingest->objects.rejects[i];
        struct reject reject = {
            .source = str_of(member->archive),
            .record = member->member,
            .byte_offset = -1,
            .line = -1,
            .rule = member->rule,
            .message = str_of(member->message),
        };
        if (member->path != NULL) reject.path = file_path_text(member->path);
        TRY(push_reject(ingest, &reject, "archive", err));
    }
    return STATUS_OK;
}

/* Rejects that are no record even alone. */
static enum status push_refused(struct ingest *ingest, struct err *err)
{
    const struct reject *refused = NULL;
    size_t count = ingest->retry == NULL ? 0 : retry_refused(ingest->retry, &refused);
    for (size_t i = 0; i < count; i++)
        TRY(push_reject(ingest, &refused[i], ingest->kind->name, err));
    return STATUS_OK;
}

static enum status read_all(struct ingest *ingest, struct err *err)
{
    struct ordered ordered = {
        .threads = ingest->options.threads,
        .context = ingest,
        .pull = pull_piece,
        .work = convert_piece,
        .push = push_piece,
        .drop = drop_item,
    };
    enum status status = ordered_run(&ordered, err);
    if (ingest->fit != NULL && (status == STATUS_OK || status == STATUS_VERDICT))
        TRY(contract_fit_record(ingest->fit, ingest->run, err));
    return status;
}

/* ---- beginning again ---- */

static enum status begin_again(struct ingest *ingest, struct err *err)
{
    stage_output_close(&ingest->output);
    held_rejects_release(&ingest->held);
    provenance_close(&ingest->provenance);
    ingest->options.may_guess = false;
    ingest->current = 0;
    ingest->rows = 0;
    for (size_t i = 0; i < ingest->count; i++) {
        enum status status = ingest->kind->settle(ingest->sources[i], err);
        if (status != STATUS_OK) return fail_within(err, status, "\"%s\"", ingest->names[i]);
    }
    TRY(open_provenance(ingest, err));
    return open_output(ingest, err);
}

static enum status read_sources(struct ingest *ingest, struct err *err)
{
    enum status status = read_all(ingest, err);
    if (status != STATUS_OK && atomic_load(&ingest->guessed_wrong)) {
        TRY(begin_again(ingest, err));
        status = read_all(ingest, err);
    }
    for (size_t i = 0; status == STATUS_OK && i < ingest->held.count; i++)
        status = push_reject(ingest, &ingest->held.items[i], ingest->kind->name, err);
    return status;
}

/* ---- from the command line to the end ---- */

/* --json needs a stdout without rows. */
static enum status check_json(const struct ingest *ingest, struct err *err)
{
    const char *output = ingest->common->output;
    bool rows_elsewhere = output != NULL ? strcmp(output, "-") != 0 : ingest->args->into != NULL;
    if (!ingest->common->json || rows_elsewhere) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "--json writes to stdout, where the rows go");
    err_hint(err, "send the rows elsewhere with -o FILE or --into DATASET");
    return STATUS_USAGE;
}

static bool same_file(const char *a, const char *b)
{
    struct stat one, other;
    if (a == NULL || b == NULL || strcmp(a, "-") == 0 || strcmp(b, "-") == 0) return false;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && S_ISREG(one.st_mode) &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* An output takes the place of what had its name: of no source, and not of the other output.
 * Rejects that are read again may be replaced by what is left of them. */
static enum status check_outputs(const struct ingest *ingest, char *const *operands,
                                 struct err *err)
{
    const char *output = ingest->common->output, *rejects = ingest->args->rejects;
    if (same_file(output, rejects))
        return fail(err, STATUS_USAGE, "-o and --rejects name one file, \"%s\"", rejects);
    for (size_t i = 0; i < ingest->count && operands[i] != NULL; i++) {
        bool rejected = same_file(operands[i], rejects) && !ingest->args->retry;
        if (!rejected && !same_file(operands[i], output)) continue;
        (void)fail(err, STATUS_USAGE, "%s would replace the source \"%s\"",
                   rejected ? "--rejects" : "-o", operands[i]);
        err_hint(err, "name another file: a source is never written");
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static enum status check_incremental(const struct ingest *ingest, struct err *err)
{
    if (ingest->args->incremental && ingest->args->retry)
        return fail(err, STATUS_USAGE, "--retry adds to the dataset of --into by itself");
    if (!ingest->args->incremental && (ingest->args->cursor != NULL || ingest->args->lag != NULL))
        return fail(err, STATUS_USAGE, "--cursor and --lag are for --incremental");
    if (!ingest->args->incremental || ingest->args->into != NULL) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "--incremental needs a dataset to add to");
    err_hint(err, "name it with --into DATASET");
    return STATUS_USAGE;
}

/* What was read before is looked up under the lock that the commit needs. */
static enum status open_increment(struct ingest *ingest, struct err *err)
{
    if (!ingest->args->incremental || ingest->common->explain) return STATUS_OK;
    const struct increment_options options = {
        .changed = (enum changed_action)ingest->args->changed,
        .take_last = ingest->args->last_record == 1,
        .provenance = !ingest->args->no_provenance,
    };
    TRY(increment_open(&ingest->increment, ingest->run, ingest->args->into, &options, err));
    ingest->options.watermarks = increment_watermarks(ingest->increment);
    const struct schema *schema = increment_schema(ingest->increment);
    if (ingest->args->on_drift == 1 + DRIFT_REJECT && ingest->contract == NULL && schema != NULL) {
        TRY(contract_of_schema(&ingest->contract, schema, err)); /* what differs is a reject */
        ingest->options.contract_texts = &ingest->contract->texts;
    }
    if (ingest->contract == NULL) ingest->options.expected = schema;
    return STATUS_OK;
}

static enum status check_cursor(const struct ingest *ingest, struct err *err)
{
    bool given = ingest->args->cursor != NULL;
    if (given == ingest->kind->queries) return STATUS_OK;
    if (given)
        return fail(err, STATUS_USAGE, "--cursor is for databases, and the source is %s",
                    ingest->kind->name);
    (void)fail(err, STATUS_USAGE, "--incremental on a database goes by a column");
    err_hint(err, "name one that grows with every new or changed row: --cursor updated_at");
    return STATUS_USAGE;
}

/* Leaves out what was read before and did not change. */
static enum status admit_sources(struct ingest *ingest, struct err *err)
{
    size_t admitted = 0;
    if (ingest->increment == NULL) return STATUS_OK;
    TRY(check_cursor(ingest, err));
    TRY(NEW(&ingest->resumes, ingest->count, err));
    for (size_t i = 0; i < ingest->count; i++) {
        bool read = true;
        struct object object = ingest->objects.items[i];
        TRY(increment_admit(ingest->increment, ingest->kind, &object, ingest->names[i], &read,
                            &ingest->resumes[admitted], err));
        ingest->objects.items[i] = ingest->objects.items[admitted];
        ingest->objects.items[admitted] = object;
        ingest->names[admitted] = ingest->names[i];
        admitted += read;
    }
    ingest->count = admitted;
    return STATUS_OK;
}

/* Everything that the command line alone can get wrong. */
static enum status understand(struct ingest *ingest, struct err *err)
{
    TRY(ingest_source_options(ingest->args, ingest->common, &ingest->options, err));
    TRY(ingest_reject_bound(ingest->args, &ingest->bound, err));
    TRY(ingest_contract(ingest->args, &ingest->contract, err));
    if (ingest->contract != NULL) ingest->options.contract_texts = &ingest->contract->texts;
    TRY(ingest_target(ingest->args, ingest->common, &ingest->target, err));
    TRY(check_json(ingest, err));
    TRY(check_source_name(ingest, err));
    return check_incremental(ingest, err);
}

enum status ingest(const struct invocation *invocation, struct run *run, struct err *err)
{
    static char *const stdin_only[] = {NULL};
    char *const *operands = invocation->operand_count == 0 ? stdin_only : invocation->operands;
    OWNED(ingest_close)
    struct ingest ingest = {
        .common = &invocation->common,
        .args = invocation->args,
        .run = run,
        .count = invocation->operand_count == 0 ? 1 : invocation->operand_count,
        .objects.spool = SPOOL_NONE,
        .started = clock_seconds(),
    };
    struct version version = {0};
    TRY(understand(&ingest, err));
    TRY(check_outputs(&ingest, operands, err));
    TRY(open_increment(&ingest, err));
    TRY(ingest.args->retry ? open_retry(&ingest, operands, err)
                           : open_objects(&ingest, operands, err));
    if (ingest.count == 0) return ingest_report(&ingest, &version, err);
    TRY(choose_kind(&ingest, err));
    TRY(ingest_record_config(&ingest, (struct str){NULL, 0}, err));
    TRY(admit_sources(&ingest, err));
    if (ingest.count == 0) return ingest_report(&ingest, &version, err);
    TRY(open_shard(&ingest, err));
    ingest.options.may_guess = may_guess(&ingest);
    ingest.options.unrecorded = run_store(run) == NULL && ingest.args->rejects == NULL;
    TRY(open_progress(&ingest, err));
    TRY(open_sources(&ingest, err));
    if (ingest.common->explain)
        return ingest_explain(ingest.kind, ingest.names, ingest.count,
                              provenance_schema(ingest.provenance), &ingest.options, err);
    TRY(rejects_open(&ingest.rejects, ingest.args->rejects, run, err));
    TRY(open_output(&ingest, err));
    TRY(push_members(&ingest, err));
    TRY(push_refused(&ingest, err));
    TRY(read_sources(&ingest, err));
    TRY(ingest_finish(&ingest, &version, err));
    return ingest_report(&ingest, &version, err);
}
