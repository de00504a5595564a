/* clean/module_mask.c: personal data found in text and masked.
 *
 * Finds what mask_find knows in text columns and puts a label, a keyed pseudonym or a shortened
 * form in its place. What it finds is also masked in row events, rejects and reports of the whole
 * chain (redact). */
#include "clean/mask_find.h"
#include "clean/mask_words.h"
#include "clean/mask_write.h"
#include "clean/module.h"

#include <math.h>
#include <strings.h>

#define TEXT_MAXIMUM ((size_t)1 << 31)

struct config {
    struct text_list columns, kinds;
    struct text_list person_lists, place_lists, lists, words, allow_lists, allow;
    bool weak;
    int action;
    const char *key_file;
};

static const struct setting settings[] = {
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, columns),
     .help = "text columns, or patterns like *_note; all text columns when absent"},
    {.name = "kinds",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, kinds),
     .help =
         "what to look for: email, iban, card, phone, date, ssn, us_*, uk_nhs ..., or the groups "
         "identifiers (when absent), national, names, all; all patterns like us_*"},
    {.name = "weak",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct config, weak),
     .help = "numbers of a form that others have too count without a word of theirs near by"},
    {.name = "person_lists",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, person_lists),
     .help = "files with names of persons, one a line: found in any spelling of capitals"},
    {.name = "place_lists",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, place_lists),
     .help = "files with names of places"},
    {.name = "lists",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, lists),
     .help = "files with other words and phrases to mask, as kind listed"},
    {.name = "words",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, words),
     .help = "words and phrases to mask, as kind listed"},
    {.name = "allow_lists",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, allow_lists),
     .help = "files with what is never masked: whole finds, such as an address of the company"},
    {.name = "allow",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, allow),
     .help = "what is never masked"},
    {.name = "action",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, action),
     .fallback = "redact",
     .choices = "redact|pseudonym|truncate",
     .help = "put a label, a keyed pseudonym, or a shortened form in the place of a find"},
    {.name = "key_file",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct config, key_file),
     .help = "file of mode 0600 with the key of the pseudonyms, at least 16 bytes"},
    {0}};

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t *columns;
    size_t count;
    bool *chosen;            /* by column of the schema */
    struct mask_set *likely; /* of what the column's name speaks */
    struct mask_set kinds;
    struct mask_words *words; /* NULL = forms only */
    struct mask_key key;
};

/* ---- opening ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

static enum status open_columns(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    size_t fields = setup->schema->count;
    TRY(module_columns(setup, &state->config->columns, is_text, &state->columns, &state->count,
                       err));
    state->chosen = arena_get(setup->arena, fields, sizeof *state->chosen);
    state->likely = arena_get(setup->arena, fields, sizeof *state->likely);
    if (state->chosen == NULL || state->likely == NULL)
        return fail_memory(err, fields * sizeof *state->likely);
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i];
        state->chosen[at] = true;
        mask_likely(setup->schema->fields[at].name, &state->likely[at]);
    }
    return STATUS_OK;
}

/* ---- lists ---- */

static enum status add_files(struct mask_words *words, const struct text_list *files,
                             unsigned class, struct err *err)
{
    for (size_t i = 0; i < files->count; i++)
        TRY(mask_words_add_file(words, files->items[i], class, err));
    return STATUS_OK;
}

static enum status add_texts(struct mask_words *words, const struct text_list *texts,
                             unsigned class, struct err *err)
{
    for (size_t i = 0; i < texts->count; i++)
        TRY(mask_words_add(words, str_of(texts->items[i]), class, err));
    return STATUS_OK;
}

static enum status open_lists(struct state *state, struct err *err)
{
    const struct config *config = state->config;
    bool built_in = false;
    for (enum mask_kind kind = MASK_PERSON; kind < MASK_LISTED; kind++)
        built_in = built_in || state->kinds.has[kind];
    size_t own = config->person_lists.count + config->place_lists.count + config->lists.count +
                 config->words.count + config->allow_lists.count + config->allow.count;
    if (!built_in && own == 0) return STATUS_OK;
    TRY(mask_words_open(&state->words, built_in, err));
    TRY(add_files(state->words, &config->person_lists, WORD_OWN_PERSON, err));
    TRY(add_files(state->words, &config->place_lists, WORD_OWN_PLACE, err));
    TRY(add_files(state->words, &config->lists, WORD_OWN_LISTED, err));
    TRY(add_texts(state->words, &config->words, WORD_OWN_LISTED, err));
    TRY(add_files(state->words, &config->allow_lists, WORD_OWN_ALLOWED, err));
    TRY(add_texts(state->words, &config->allow, WORD_OWN_ALLOWED, err));
    state->kinds.has[MASK_PERSON] |= config->person_lists.count > 0;
    state->kinds.has[MASK_PLACE] |= config->place_lists.count > 0;
    return STATUS_OK;
}

static enum status open_key(struct state *state, const struct module_setup *setup, struct err *err)
{
    const struct config *config = state->config;
    if (config->action != MASK_PSEUDONYM) return STATUS_OK;
    if (config->key_file == NULL) {
        fail_at(setup->node, err, "action pseudonym needs a key_file");
        err_hint(err, "make one: (umask 077; head -c 32 /dev/urandom > FILE)");
        return STATUS_USAGE;
    }
    return mask_key_read(&state->key, config->key_file, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    (void)ret_schema;
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    TRY(mask_set_of(&state->config->kinds, setup->node, &state->kinds, err));
    TRY(open_columns(state, setup, err));
    TRY(open_lists(state, err));
    return open_key(state, setup, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    mask_key_forget(&state->key);
    mask_words_close(&state->words);
    memory_free(state);
    *ret = NULL;
}

/* ---- apply ---- */

/* Working space for one column of one window. */
struct work {
    struct mask_hits hits;
    struct bytes text;
    struct builder *builder; /* from the first find on */
    int64_t found[MASK_KINDS];
    int64_t cells;
};

static void work_release(struct work *work)
{
    mask_hits_release(&work->hits);
    bytes_release(&work->text);
    builder_close(&work->builder);
}

/* The rows before the first find, as they are. */
static enum status start_building(struct work *work, const struct field *field,
                                  const struct array *array, int64_t row, struct err *err)
{
    TRY(builder_open(&work->builder, field, array->length, err));
    for (int64_t i = 0; i < row; i++)
        TRY(build_copy(work->builder, array, i, err));
    return STATUS_OK;
}

static enum status mask_row(const struct state *state, size_t at, const struct array *array,
                            int64_t row, struct work *work, struct err *err)
{
    const struct field *field = &state->schema->fields[at];
    struct str text;
    bool present = array_text_at(field, array, row, &text);
    work->hits.count = 0;
    struct mask_query query = {&state->kinds, &state->likely[at], state->config->weak,
                               state->words};
    if (present) TRY(mask_find(text, &query, &work->hits, err));
    if (work->hits.count == 0)
        return work->builder == NULL ? STATUS_OK : build_copy(work->builder, array, row, err);
    if (work->builder == NULL) TRY(start_building(work, field, array, row, err));
    for (size_t i = 0; i < work->hits.count; i++)
        work->found[work->hits.items[i].kind]++;
    work->cells++;
    work->text.size = 0;
    TRY(mask_write(text, &work->hits, (enum mask_action)state->config->action, &state->key,
                   &work->text, err));
    return build_text(work->builder, (struct str){(const char *)work->text.data, work->text.size},
                      err);
}

static enum status mask_column(const struct state *state, size_t at, const struct array *array,
                               struct change *change, struct err *err)
{
    OWNED(work_release) struct work work = {.text = bytes_limited(TEXT_MAXIMUM)};
    for (int64_t row = 0; row < array->length; row++) {
        TRY(mask_row(state, at, array, row, &work, err));
        if (work.hits.count > 0)
            TRY(change_note(change, at, row, mask_kinds[work.hits.items[0].kind].name, NAN, err));
    }
    if (work.builder == NULL) return STATUS_OK;
    for (size_t kind = 0; kind < MASK_KINDS; kind++)
        if (work.found[kind] > 0)
            TRY(change_finding(change, mask_kinds[kind].name, state->schema->fields[at].name,
                               work.found[kind], err));
    struct array *masked;
    TRY(builder_finish(work.builder, &masked, err));
    change_column(change, at, &masked);
    change_cells(change, at, work.cells);
    return STATUS_OK;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        size_t at = state->columns[i];
        TRY(mask_column(state, at, window->batch->columns[at], change, err));
    }
    return STATUS_OK;
}

/* ---- verdict, events, lineage ---- */

/* Finds are the work, not a fault: they are told, and the verdict stays good. */
static enum status conclude(void *opaque, int64_t rows, const struct finding *findings,
                            size_t count, bool *ret_failed, struct bytes *ret_report,
                            struct err *err)
{
    (void)opaque;
    (void)rows;
    *ret_failed = false;
    for (size_t i = 0; i < count; i++)
        TRY(bytes_format(ret_report, err, "masked %lld %s in column \"%s\"\n",
                         (long long)findings[i].rows, findings[i].rule, findings[i].column));
    return STATUS_OK;
}

static enum status redact(const void *opaque, const char *column, struct str value,
                          struct bytes *ret, struct err *err)
{
    const struct state *state = opaque;
    int64_t at = column == NULL ? -1 : schema_find(state->schema, str_of(column));
    if (at >= 0 && is_text(&state->schema->fields[at]) && !state->chosen[at])
        return bytes_append(ret, value.data, value.size, err);
    OWNED(mask_hits_release) struct mask_hits hits = {0};
    struct mask_set likely = {0};
    if (column != NULL) mask_likely(column, &likely);
    struct mask_query query = {&state->kinds, &likely, state->config->weak, state->words};
    TRY(mask_find(value, &query, &hits, err));
    return mask_write(value, &hits, (enum mask_action)state->config->action, &state->key, ret, err);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    for (size_t i = 0; i < state->count; i++) {
        const char *name = state->schema->fields[state->columns[i]].name;
        TRY(column_from(lineage, name, name, "DIRECT", "TRANSFORMATION", true, err));
    }
    return STATUS_OK;
}

const struct clean_module module_mask = {
    .name = "mask",
    .summary = "find personal data in text and mask it",
    .source = "ISO/IEC 7812-1 (Luhn), ISO 13616 (IBAN), ITU-T E.164, RFC 2104 (HMAC)",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .apply = apply,
    .conclude = conclude,
    .column_lineage = column_lineage,
    .redact = redact,
    .close = close_state,
};
