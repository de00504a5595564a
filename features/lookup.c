/* features/lookup.c: `tamis-features lookup`: the features of single entities, as JSON lines. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/input.h"
#include "base/output.h"
#include "base/parallel.h"
#include "features/feature_table.h"
#include "features/key_text.h"
#include "features/row_text.h"

#include <stdio.h>

#define LINE_BYTES ((size_t)1 << 20)
#define READ_BYTES ((size_t)64 << 10)

struct lookup_args {
    const char *keys;
    bool no_as_known;
};

static const struct setting lookup_options[] = {
    {.name = "keys",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct lookup_args, keys),
     .help = "read keys from FILE, one a line, and answer each line at once; - is stdin",
     .argument = "FILE"},
    {.name = "no-as-known",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct lookup_args, no_as_known),
     .help = "use rows created after --as-of too"},
    {0},
};

struct lookup {
    const struct invocation *invocation;
    struct store *store;
    struct feature_table table;
    struct schema *keys;   /* entity columns */
    struct schema *answer; /* entity columns, then features */
    struct batch_builder *builder;
    struct key_layout layout; /* of `keys` */
    struct output *output;
    int64_t time; /* microseconds */
    int64_t bad_lines;
};

static void lookup_release(struct lookup *lookup)
{
    batch_builder_close(&lookup->builder);
    schema_unref(&lookup->keys);
    schema_unref(&lookup->answer);
    feature_table_release(&lookup->table);
    output_close(&lookup->output);
    store_close(&lookup->store);
}

/* ---- opening ---- */

static enum status make_schemas(struct lookup *lookup, struct err *err)
{
    const struct feature_table *table = &lookup->table;
    const struct text_list *entity = &table->view.entity;
    TRY(key_text_schema(&lookup->keys, table->schema, entity, err));
    TRY(key_layout_of(lookup->keys, entity, &lookup->layout, err));
    TRY(schema_copy(&lookup->answer, lookup->keys, err));
    for (size_t i = 0; i < table->answers->count; i++)
        TRY(schema_add(lookup->answer, &table->answers->fields[i], err));
    return batch_builder_open(&lookup->builder, lookup->keys, 64, err);
}

static enum status open_table(struct lookup *lookup, struct err *err)
{
    const struct invocation *invocation = lookup->invocation;
    const struct lookup_args *args = invocation->args;
    bool more;
    struct feature_options options = {.as_known = !args->no_as_known,
                                      .order = TIMELINE_BY_ENTITY_NUMBER,
                                      .threads =
                                          parallel_threads((size_t)invocation->common.threads)};
    TRY(store_open(&lookup->store, &invocation->common, STORE_READ, err));
    if (lookup->store == NULL)
        return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    TRY(feature_table_open(&lookup->table, lookup->store, invocation->operands[0], &options,
                           invocation->arena, err));
    TRY(feature_table_next(&lookup->table, UINT64_MAX, &more, err));
    lookup->time =
        invocation->common.as_of.given ? invocation->common.as_of.microseconds : clock_now();
    TRY(make_schemas(lookup, err));
    return output_open(&lookup->output, invocation->common.output, err);
}

/* ---- answering the keys in the builder ---- */

/* Every key at the one time that is asked about. */
static enum status ask(const struct lookup *lookup, const struct batch *keys, struct asked *ret,
                       struct err *err)
{
    TRY(asked_make(ret, lookup->table.timeline->entities, &lookup->layout, -1, keys, err));
    TRY(NEW(&ret->times, (size_t)keys->rows, err));
    ret->unit = 1000;
    for (int64_t i = 0; i < keys->rows; i++)
        ret->times[i] = lookup->time;
    return STATUS_OK;
}

static enum status fill_columns(const struct lookup *lookup, const struct batch *keys,
                                struct array **columns, struct err *err)
{
    OWNED(asked_release) struct asked asked = {0};
    size_t at = keys->schema->count;
    int64_t found;
    TRY(ask(lookup, keys, &asked, err));
    for (size_t i = 0; i < at; i++)
        columns[i] = array_ref(keys->columns[i]);
    return feature_table_answer(&lookup->table, &asked, &columns[at], &found, err);
}

static enum status write_answer(const struct lookup *lookup, const struct batch *answer,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)4 << 30);
    TRY(json_rows(answer, 0, answer->rows, &text, err));
    return output_write(lookup->output, text.data, text.size, err);
}

static enum status answer_keys(struct lookup *lookup, struct err *err)
{
    OWNED(batch_release) struct batch keys = {0};
    OWNED(batch_release) struct batch answer = {0};
    OWNED(memory_release) struct array **columns = NULL;
    if (batch_builder_rows(lookup->builder) == 0) return STATUS_OK;
    TRY(batch_builder_finish(lookup->builder, &keys, err));
    TRY(NEW(&columns, lookup->answer->count, err));
    enum status status = fill_columns(lookup, &keys, columns, err);
    if (status == STATUS_OK) status = batch_make(&answer, lookup->answer, keys.rows, columns, err);
    for (size_t i = 0; i < lookup->answer->count; i++)
        array_unref(&columns[i]);
    return status == STATUS_OK ? write_answer(lookup, &answer, err) : status;
}

/* ---- where keys come from ---- */

/* {"error": ...} in the place of an answer: one bad line does not end a service. */
static enum status answer_error(struct lookup *lookup, int64_t number, const char *message,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 16);
    char line[2200];
    TRY(answer_keys(lookup, err));
    snprintf(line, sizeof line, "line %lld: %s", (long long)number, message);
    TRY(bytes_append_text(&text, "{\"error\":", err));
    TRY(bytes_append_json(&text, str_of(line), err));
    TRY(bytes_append_text(&text, "}\n", err));
    lookup->bad_lines++;
    return output_write(lookup->output, text.data, text.size, err);
}

static enum status add_line(struct lookup *lookup, struct str line, int64_t number, struct err *err)
{
    struct err found = {0};
    if (line.size > 0 && line.data[line.size - 1] == '\r') line.size--;
    enum status status = key_text_add(NULL, lookup->keys, line, &found);
    if (status == STATUS_USAGE) return answer_error(lookup, number, found.message, err);
    return key_text_add(lookup->builder, lookup->keys, line, err);
}

/* The whole lines in `lines`; what is behind the last newline stays. */
static enum status answer_lines(struct lookup *lookup, struct bytes *lines, int64_t *number,
                                struct err *err)
{
    size_t begin = 0;
    for (size_t i = 0; i < lines->size; i++) {
        if (lines->data[i] != '\n') continue;
        struct str line = {(const char *)lines->data + begin, i - begin};
        TRY(add_line(lookup, line, (*number)++, err));
        begin = i + 1;
    }
    if (begin > 0) memmove(lines->data, lines->data + begin, lines->size - begin);
    lines->size -= begin;
    TRY(answer_keys(lookup, err));
    return output_flush(lookup->output, err);
}

static enum status answer_file(struct lookup *lookup, const char *path, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(bytes_release) struct bytes lines = bytes_limited(LINE_BYTES + READ_BYTES);
    int64_t number = 1;
    TRY(input_open(&input, path, err));
    for (size_t size = 1; size > 0;) {
        TRY(interrupted(err));
        TRY(bytes_reserve(&lines, READ_BYTES, err));
        TRY(input_read(input, lines.data + lines.size, READ_BYTES, &size, err));
        lines.size += size;
        if (size == 0 && lines.size > 0) TRY(bytes_append(&lines, "\n", 1, err));
        TRY(answer_lines(lookup, &lines, &number, err));
    }
    return STATUS_OK;
}

static enum status answer_operands(struct lookup *lookup, struct err *err)
{
    const struct invocation *invocation = lookup->invocation;
    for (size_t i = 1; i < invocation->operand_count; i++)
        TRY(key_text_add(lookup->builder, lookup->keys, str_of(invocation->operands[i]), err));
    return answer_keys(lookup, err);
}

/* ---- the command ---- */

static enum status lookup_run(struct invocation *invocation, struct err *err)
{
    const struct lookup_args *args = invocation->args;
    OWNED(lookup_release) struct lookup lookup = {.invocation = invocation};
    if ((invocation->operand_count > 1) == (args->keys != NULL))
        return fail(err, STATUS_USAGE, "expected keys behind the view, or --keys FILE");
    TRY(open_table(&lookup, err));
    TRY(args->keys != NULL ? answer_file(&lookup, args->keys, err) : answer_operands(&lookup, err));
    TRY(output_commit(lookup.output, err));
    if (lookup.bad_lines == 0) return STATUS_OK;
    return fail(err, STATUS_VERDICT, "%lld lines were not keys", (long long)lookup.bad_lines);
}

const struct command lookup_command = {
    .name = "lookup",
    .operands = "VIEW[@REF] [KEY...]",
    .summary = "the features of single entities, one JSON object a key",
    .details =
        "The newest row of each entity that is not after now (or --as-of TIME), not older than the "
        "ttl and created by then; nulls where there is none. A key of several columns is written "
        "with commas. With --keys each line is answered at once, so that the command can sit "
        "behind "
        "a pipe or socket; a line that is not a key is answered with {\"error\": ...} and the exit "
        "code is 3 at the end. The version stays in memory and does not change meanwhile.",
    .examples = "tamis-features lookup user_activity@prod 17 42\n"
                "printf '17\\n42\\n' | tamis-features lookup user_activity --keys -",
    .options = lookup_options,
    .args_bytes = sizeof(struct lookup_args),
    .operands_minimum = 1,
    .operands_maximum = SIZE_MAX,
    .run = lookup_run,
    .common_without = "json|explain|seed|no-store",
};
