/* clean/module_text.c: texts as their authors wrote them: undoes wrong decoding and takes out what
 * nobody sees. The work on one text is in text_repair.c; this file is about columns. */
#include "clean/module.h"
#include "clean/text_repair.h"
#include "columnar/distinct.h"

#include <math.h>

struct config {
    struct text_list columns;
    int on_fail;
    struct text_policy policy;
};

/* clang-format off: one row a line reads as the table it is */
static const struct setting settings[] = {
    {"columns", SETTING_TEXTS, offsetof(struct config, columns),
     .help = "columns to work on, * matches any characters; default every text column"},
    {"on_fail", SETTING_CHOICE, offsetof(struct config, on_fail), .choices = "flag|null|fix|reject",
     .fallback = "fix",
     .help = "what happens to a text that is not UTF-8: keep and count it, null it, decode it "
             "anew, or reject the row"},
    {"decode_as", SETTING_CHOICE, offsetof(struct config, policy.decode),
     .choices = "windows-1252|replacement", .fallback = "windows-1252",
     .help =
         "what fix makes of bytes that are not UTF-8: their character in windows-1252, or U+FFFD"},
    {"normalize", SETTING_CHOICE, offsetof(struct config, policy.form), .choices = "none|nfc|nfkc",
     .fallback = "nfc", .help = "Unicode normal form"},
    {"whitespace", SETTING_CHOICE, offsetof(struct config, policy.white),
     .choices = "keep|trim|collapse", .fallback = "collapse",
     .help = "trim both ends, and collapse runs to one blank or one line break"},
    {"invisible", SETTING_FLAG, offsetof(struct config, policy.invisible), .fallback = "true",
     .help = "take out control, zero-width and directional characters"},
    {"mojibake", SETTING_FLAG, offsetof(struct config, policy.mojibake), .fallback = "true",
     .help = "repair UTF-8 that was read as another code page, once or more"},
    {"entities", SETTING_FLAG, offsetof(struct config, policy.entities), .fallback = "true",
     .help = "replace HTML character references in texts without markup"},
    {"quotes", SETTING_CHOICE, offsetof(struct config, policy.quotes), .choices = "keep|straight",
     .fallback = "keep", .help = "write curly quotes as straight ones"},
    {"ligatures", SETTING_FLAG, offsetof(struct config, policy.ligatures), .fallback = "false",
     .help = "write Latin ligatures as the letters they join"},
    {0}};
/* clang-format on */

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t *columns;
    size_t count;
    struct text_codes *codes;
};

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8;
}

static enum status open_text(void **ret_state, const struct module_setup *setup,
                             struct schema **ret_schema, struct err *err)
{
    (void)ret_schema;
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    state->config = setup->config;
    state->schema = setup->schema;
    TRY(module_columns(setup, &state->config->columns, is_text, &state->columns, &state->count,
                       err));
    TRY(text_codes_make(&state->codes, setup->arena, err));
    *ret_state = state;
    return STATUS_OK;
}

/* ---- one column of one window ---- */

struct column_work {
    const struct config *config;
    const struct field *field;
    const struct array *array;
    struct change *change;
    size_t column;
    struct text_room room;
    struct builder *builder; /* NULL until a text changes */
    int64_t cells;
    const struct distinct *distinct; /* NULL, or `array` is its values */
    unsigned *whys;                  /* by value, with distinct */
};

static void column_work_release(struct column_work *work)
{
    builder_close(&work->builder);
    text_room_release(&work->room);
    memory_free(work->whys);
}

/* Rows before `row` were as they are; from here on they are written anew. */
static enum status begin_building(struct column_work *work, int64_t row, struct err *err)
{
    if (work->builder != NULL) return STATUS_OK;
    TRY(builder_open(&work->builder, work->field, work->array->length, err));
    for (int64_t i = 0; i < row; i++)
        TRY(build_copy(work->builder, work->array, i, err));
    return STATUS_OK;
}

static enum status keep_row(struct column_work *work, int64_t row, struct err *err)
{
    return work->builder == NULL ? STATUS_OK : build_copy(work->builder, work->array, row, err);
}

static enum status put_text(struct column_work *work, int64_t row, struct str text, struct err *err)
{
    TRY(begin_building(work, row, err));
    work->cells += work->distinct == NULL ? 1 : work->distinct->counts[row];
    return build_text(work->builder, text, err);
}

/* A text that is no UTF-8, where it shall not be decoded anew. */
static enum status refuse_text(struct column_work *work, int64_t row, struct str text,
                               struct err *err)
{
    const char *name = work->field->name;
    switch (work->config->on_fail) {
    case ON_FAIL_NULL:
        TRY(begin_building(work, row, err));
        work->cells++;
        return build_null(work->builder, err);
    case ON_FAIL_REJECT: {
        char shown[256];
        escape_for_terminal(text, shown, sizeof shown);
        TRY(change_reject(work->change, row, "invalid UTF-8", name, str_of(shown), "UTF-8", err));
        return keep_row(work, row, err);
    }
    default:
        TRY(change_finding(work->change, "invalid UTF-8", name, 1, err));
        return keep_row(work, row, err);
    }
}

static enum status work_on_row(struct column_work *work, int64_t row, struct err *err)
{
    struct str text, repaired;
    unsigned why = 0;
    if (!array_text_at(work->field, work->array, row, &text)) return keep_row(work, row, err);
    if (work->config->on_fail != ON_FAIL_FIX && !text_is_valid(text))
        return refuse_text(work, row, text, err);
    TRY(text_repair(&work->config->policy, text, &work->room, &repaired, &why, err));
    if (why == 0) return keep_row(work, row, err);
    if (work->distinct == NULL)
        TRY(change_note(work->change, work->column, row, text_why_name(why), NAN, err));
    else
        work->whys[row] = why;
    return put_text(work, row, repaired, err);
}

/* Values were repaired once each: their rows are told and made of them. */
static enum status spread(struct column_work *work, struct array **repaired, struct err *err)
{
    struct array *rows = NULL;
    TRY(distinct_map(&rows, work->distinct, *repaired, err));
    array_unref(repaired);
    *repaired = rows;
    if (!change_wants_notes(work->change)) return STATUS_OK;
    for (int64_t row = 0; row < rows->length; row++) {
        unsigned why = work->whys[work->distinct->codes[row]];
        if (why != 0)
            TRY(change_note(work->change, work->column, row, text_why_name(why), NAN, err));
    }
    return STATUS_OK;
}

/* Once a value where a value has many rows and none of them is refused. */
static enum status look_for_distinct(struct column_work *work, struct err *err)
{
    if (work->config->on_fail != ON_FAIL_FIX) return STATUS_OK;
    work->distinct = array_distinct(work->field, work->array);
    if (work->distinct == NULL) return STATUS_OK;
    work->array = work->distinct->values;
    return NEW(&work->whys, (size_t)work->array->length, err);
}

static enum status work_on_column(struct column_work *work, struct err *err)
{
    TRY(look_for_distinct(work, err));
    for (int64_t row = 0; row < work->array->length; row++)
        TRY(work_on_row(work, row, err));
    if (work->builder == NULL) return STATUS_OK;
    OWNED(array_unref) struct array *repaired = NULL;
    TRY(builder_finish(work->builder, &repaired, err));
    if (work->distinct != NULL) TRY(spread(work, &repaired, err));
    change_column(work->change, work->column, &repaired);
    change_cells(work->change, work->column, work->cells);
    return STATUS_OK;
}

static enum status apply_text(const void *opaque, const struct window *window,
                              struct change *change, struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        size_t column = state->columns[i];
        OWNED(column_work_release)
        struct column_work work = {
            .config = state->config,
            .field = &window->batch->schema->fields[column],
            .array = window->batch->columns[column],
            .change = change,
            .column = column,
        };
        text_room_open(&work.room, state->codes);
        TRY(work_on_column(&work, err));
    }
    return STATUS_OK;
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    if (state->config->on_fail != ON_FAIL_REJECT) return STATUS_OK;
    return columns_decide(lineage, NULL, state->schema, state->columns, state->count, "FILTER",
                          err);
}

const struct clean_module module_text = {
    .name = "text",
    .summary = "undo wrong decoding, take out invisible characters, tidy white space",
    .source = "Unicode Standard Annex 15 (normal forms) through utf8proc; WHATWG Encoding Standard "
              "(windows-1252); mojibake by doubt over readings, clean/text_mojibake.h",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_text,
    .apply = apply_text,
    .column_lineage = column_lineage,
};
