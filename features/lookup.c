/* features/lookup.c: `tamis-features lookup`: the features of single entities, as JSON lines. */
#include "features/commands.h"

#include "base/clock.h"
#include "base/input.h"
#include "base/output.h"
#include "base/parallel.h"
#include "columnar/value_text.h"
#include "features/exposure_log.h"
#include "features/key_text.h"
#include "features/lookup_views.h"

#include <stdio.h>

#define LINE_BYTES   ((size_t)1 << 20)
#define READ_BYTES   ((size_t)64 << 10)
#define ANSWER_BYTES ((size_t)4 << 30)

struct lookup_args {
    const char *keys;
    int64_t reload;
    bool no_as_known, no_personal, log_exposure;
};

#define IN(member) offsetof(struct lookup_args, member)

static const struct setting lookup_options[] = {
    {.name = "keys",
     .kind = SETTING_TEXT,
     .offset = IN(keys),
     .help = "read keys from FILE, one a line, and answer each line at once; - is stdin",
     .argument = "FILE"},
    {.name = "reload",
     .kind = SETTING_INT,
     .offset = IN(reload),
     .fallback = "0",
     .maximum = 86400,
     .help = "with --keys, see every so many seconds whether VIEW[@REF] means another version by "
             "now (default: never)",
     .argument = "SECONDS"},
    {.name = "no-as-known",
     .kind = SETTING_FLAG,
     .offset = IN(no_as_known),
     .help = "use rows created after --as-of too"},
    {.name = "no-personal",
     .kind = SETTING_FLAG,
     .offset = IN(no_personal),
     .help = "leave features out that the view calls personal"},
    {.name = "log-exposure",
     .kind = SETTING_FLAG,
     .offset = IN(log_exposure),
     .help = "count which version behind the tag of VIEW@TAG each entity got"},
    {0},
};

struct lookup {
    const struct invocation *invocation;
    struct store *store;
    struct lookup_views views;
    struct exposure_log *exposures; /* NULL = not logged */
    struct lookup_found *found;     /* one a view */
    struct schema *keys;            /* entity columns */
    struct batch_builder *builder;
    struct key_layout layout; /* of `keys` */
    struct output *output;
    struct bytes text; /* of answers */
    int64_t time;      /* microseconds */
    int64_t looked_at; /* when the version was asked for; microseconds */
    int64_t bad_lines;
};

static void forget_views(struct lookup *lookup)
{
    batch_builder_close(&lookup->builder);
    schema_unref(&lookup->keys);
    lookup_views_release(&lookup->views);
    memory_free(lookup->found);
    lookup->found = NULL;
}

static void lookup_release(struct lookup *lookup)
{
    exposure_log_close(&lookup->exposures);
    forget_views(lookup);
    bytes_release(&lookup->text);
    output_close(&lookup->output);
    store_close(&lookup->store);
}

/* ---- opening ---- */

static enum status open_views(struct lookup *lookup, struct err *err)
{
    const struct invocation *invocation = lookup->invocation;
    const struct lookup_args *args = invocation->args;
    struct lookup_options options = {.as_known = !args->no_as_known,
                                     .threads =
                                         parallel_threads((size_t)invocation->common.threads)};
    TRY(lookup_views_open(&lookup->views, lookup->store, invocation->operands[0], &options,
                          !args->no_personal, invocation->arena, err));
    const struct lookup_views *views = &lookup->views;
    TRY(NEW(&lookup->found, views->count, err));
    const struct text_list *entity = &views->views[0].served.view.entity;
    TRY(key_text_schema(&lookup->keys, lookup_views_keys(views), entity, err));
    TRY(key_layout_of(lookup->keys, entity, &lookup->layout, err));
    lookup->looked_at = clock_now();
    return batch_builder_open(&lookup->builder, lookup->keys, 64, err);
}

static enum status open_exposures(struct lookup *lookup, struct err *err)
{
    const struct lookup_args *args = lookup->invocation->args;
    const struct served *served = &lookup->views.views[0].served;
    if (!args->log_exposure) return STATUS_OK;
    if (served->tag == NULL || lookup->views.count > 1)
        return fail(err, STATUS_USAGE, "--log-exposure needs one view and a tag: VIEW@TAG");
    return exposure_log_open(&lookup->exposures, &lookup->invocation->common, served->view.dataset,
                             served->tag, err);
}

static enum status open_all(struct lookup *lookup, struct err *err)
{
    const struct common *common = &lookup->invocation->common;
    TRY(store_open(&lookup->store, common, STORE_READ, err));
    if (lookup->store == NULL)
        return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    TRY(open_views(lookup, err));
    TRY(open_exposures(lookup, err));
    return output_open(&lookup->output, common->output, err);
}

/* A tag moved, a version came: the next line is answered from it. */
static enum status reload(struct lookup *lookup, struct err *err)
{
    const struct lookup_args *args = lookup->invocation->args;
    bool moved = false;
    if (args->reload == 0 || clock_now() - lookup->looked_at < args->reload * 1000000)
        return STATUS_OK;
    TRY(lookup_views_moved(&lookup->views, lookup->store, lookup->invocation->operands[0], &moved,
                           lookup->invocation->arena, err));
    lookup->looked_at = clock_now();
    if (!moved) return STATUS_OK;
    forget_views(lookup);
    return open_views(lookup, err);
}

/* ---- answering the keys in the builder ---- */

/* A value of the index as an Arrow array of one row, so that it reads as everywhere else. */
static enum status value_text(const struct field *field, const struct lookup_value *value,
                              struct bytes *ret, struct err *err)
{
    int32_t offsets[2] = {0, (int32_t)value->size};
    const uint8_t *data = lookup_value_data(value);
    uint64_t aligned = 0; /* numbers are not in a record */
    if (value->size <= sizeof aligned && !value->null && !value->json) {
        memcpy(&aligned, data, value->size);
        data = (const uint8_t *)&aligned;
    }
    struct buffer buffers[2] = {{.data = data, .size = value->size}, {0}};
    struct array array = {.length = 1, .buffers = buffers, .buffer_count = 1};
    if (value->null) return bytes_append_text(ret, "null", err);
    if (value->json) return bytes_append(ret, data, value->size, err);
    if (field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY) {
        buffers[1] = buffers[0];
        buffers[0] = (struct buffer){.data = (const uint8_t *)offsets, .size = sizeof offsets};
        array.buffer_count = 2;
    }
    return value_json(field, &array, 0, ret, err);
}

static enum status key_of(const struct lookup *lookup, const struct batch *keys, int64_t row,
                          struct bytes *scratch, struct lookup_key *ret, struct err *err)
{
    bool null;
    TRY(key_bytes(&lookup->layout, keys, row, scratch, &ret->bytes, &null, err));
    if (!lookup->layout.word) return STATUS_OK;
    memcpy(&ret->word, ret->bytes.data, sizeof ret->word); /* big endian */
    ret->word = __builtin_bswap64(ret->word);
    return STATUS_OK;
}

static enum status write_name(struct bytes *text, bool first, const char *name, struct err *err)
{
    TRY(bytes_append(text, first ? "{" : ",", 1, err));
    TRY(bytes_append_json(text, str_of(name), err));
    return bytes_append(text, ":", 1, err);
}

/* An entity that was found, and the version it was answered from. */
static enum status expose(struct lookup *lookup, const struct batch *keys, int64_t row,
                          struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(ANSWER_BYTES);
    if (lookup->exposures == NULL || lookup->found[0].hit.entity == ENTITY_NONE) return STATUS_OK;
    for (size_t i = 0; i < keys->schema->count; i++) {
        if (i > 0) TRY(bytes_append_text(&text, ",", err));
        TRY(value_plain(&keys->schema->fields[i], keys->columns[i], row, &text, err));
    }
    return exposure_log_add(
        lookup->exposures, (struct str){(const char *)text.data, text.size},
        lookup->views.views[0].served.state.shares[lookup->found[0].share].number, err);
}

static enum status answer_row(struct lookup *lookup, const struct batch *keys, int64_t row,
                              const struct lookup_key *key, struct err *err)
{
    struct bytes *text = &lookup->text;
    struct lookup_value value;
    const struct lookup_views *views = &lookup->views;
    TRY(lookup_views_find(views, key, lookup->time, lookup->found, err));
    TRY(expose(lookup, keys, row, err));
    for (size_t i = 0; i < keys->schema->count; i++) {
        TRY(write_name(text, i == 0, keys->schema->fields[i].name, err));
        TRY(value_json(&keys->schema->fields[i], keys->columns[i], row, text, err));
    }
    for (size_t i = 0; i < views->column_count; i++) {
        const struct lookup_answer_column *column = &views->columns[i];
        TRY(lookup_views_value(views, lookup->found, lookup->time, i, &value, err));
        TRY(write_name(text, false, column->name, err));
        TRY(value_text(column->field, &value, text, err));
    }
    return bytes_append_text(text, "}\n", err);
}

static enum status answer_keys(struct lookup *lookup, struct err *err)
{
    OWNED(batch_release) struct batch keys = {0};
    OWNED(bytes_release) struct bytes scratch = bytes_limited(ANSWER_BYTES);
    const struct common *common = &lookup->invocation->common;
    if (batch_builder_rows(lookup->builder) == 0) return STATUS_OK;
    TRY(batch_builder_finish(lookup->builder, &keys, err));
    lookup->time = common->as_of.given ? common->as_of.microseconds : clock_now();
    for (int64_t row = 0; row < keys.rows; row++) {
        struct lookup_key key = {0};
        lookup->text.size = 0;
        TRY(key_of(lookup, &keys, row, &scratch, &key, err));
        TRY(answer_row(lookup, &keys, row, &key, err));
        TRY(output_write(lookup->output, lookup->text.data, lookup->text.size, err));
    }
    return STATUS_OK;
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
    TRY(output_flush(lookup->output, err));
    if (lookup->exposures != NULL) TRY(exposure_log_pause(lookup->exposures, err));
    return reload(lookup, err);
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
    OWNED(lookup_release)
    struct lookup lookup = {.invocation = invocation, .text = bytes_limited(ANSWER_BYTES)};
    if ((invocation->operand_count > 1) == (args->keys != NULL))
        return fail(err, STATUS_USAGE, "expected keys behind the view, or --keys FILE");
    TRY(open_all(&lookup, err));
    TRY(args->keys != NULL ? answer_file(&lookup, args->keys, err) : answer_operands(&lookup, err));
    TRY(output_commit(lookup.output, err));
    if (lookup.exposures != NULL) TRY(exposure_log_flush(lookup.exposures, err));
    if (lookup.bad_lines == 0) return STATUS_OK;
    return fail(err, STATUS_VERDICT, "%lld lines were not keys", (long long)lookup.bad_lines);
}

const struct command lookup_command = {
    .name = "lookup",
    .operands = "VIEW[@REF][,VIEW[@REF]...] [KEY...]",
    .summary = "the features of single entities, one JSON object a key",
    .details =
        "The newest row of each entity that is not after now (or --as-of TIME), not older than the "
        "ttl and created by then, and the view's aggregates then; nulls where there is none. "
        "Several views are answered in one object; a name that is taken becomes VIEW.NAME. A key "
        "of several columns is written with commas. With --keys each line is answered at once, so "
        "that the command can sit behind a pipe or a socket; a line that is not a key is answered "
        "with {\"error\": ...} and the exit code is 3 at the end. Answers come from an index that "
        "is "
        "made the first time a version is asked (STORE/index/, readable by its owner alone) and "
        "mapped: nothing else is read. The version does not change meanwhile, unless --reload is "
        "given. Behind a weighted tag each entity is answered from the version it gets; "
        "what only other versions have is null then.",
    .examples = "tamis-features lookup user_activity@prod 17 42\n"
                "printf '17\\n42\\n' | tamis-features lookup user_activity,user_profile --keys -\n"
                "systemd-socket-activate --inetd --accept --listen=7117 \\\n"
                "    tamis-features lookup user_activity@prod --keys - --reload 60",
    .options = lookup_options,
    .args_bytes = sizeof(struct lookup_args),
    .operands_minimum = 1,
    .operands_maximum = SIZE_MAX,
    .run = lookup_run,
    .common_without = "emit|json|explain|seed|no-store",
};
