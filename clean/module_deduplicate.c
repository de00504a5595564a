/* clean/module_deduplicate.c: one row of several that are the same.
 *
 * exact: all columns but the provenance are equal. key: the key columns are equal and none is null.
 * perceptual: the pictures in a column are byte-identical or look alike. The survivor keeps its
 * place and its provenance; each other row is recorded as merged into it. */
#include "clean/deduplicate_keys.h"
#include "clean/deduplicate_pictures.h"
#include "clean/module.h"
#include "clean/origin.h"
#include "clean/rowkey.h"

#include <stdio.h>
#include <stdlib.h>

enum method { METHOD_EXACT, METHOD_KEY, METHOD_PERCEPTUAL };
enum survivor { SURVIVOR_FIRST, SURVIVOR_LAST };

struct config {
    struct text_list columns;
    int method, survivor;
    const char *image;
    int64_t distance;
    double similarity;
    bool align, mirror;
};

static const struct setting settings[] = {
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, method),
     .fallback = "exact",
     .choices = "exact|key|perceptual",
     .help = "all columns equal, key columns equal, or pictures that look alike"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct config, columns),
     .help = "the key columns (method key), or the columns compared (method exact: all)"},
    {.name = "survivor",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct config, survivor),
     .fallback = "first",
     .choices = "first|last",
     .help = "which row of several stays"},
    {.name = "image",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct config, image),
     .fallback = "image",
     .help = "column that holds the pictures (method perceptual)"},
    {.name = "distance",
     .kind = SETTING_INT,
     .offset = offsetof(struct config, distance),
     .fallback = "10",
     .minimum = 0,
     .maximum = 31,
     .help = "most bits of 64 in which two pictures that look alike may differ"},
    {.name = "similarity",
     .kind = SETTING_REAL,
     .offset = offsetof(struct config, similarity),
     .fallback = "0.9",
     .minimum = 0,
     .maximum = 1,
     .help = "least correlation of the thumbnails of two pictures that look alike"},
    {.name = "align",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct config, align),
     .fallback = "true",
     .help = "also find slightly rotated, cropped and shifted pictures"},
    {.name = "mirror",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct config, mirror),
     .fallback = "true",
     .help = "mirror images look alike"},
    {0}};

struct state {
    const struct config *config;
    const struct schema *schema;
    size_t threads, memory;
    size_t *columns;
    size_t count;
    struct key_hasher hasher;
    struct keys *keys; /* exact, key */
    struct picture_entry *pictures;
    size_t picture_count, picture_room;
    struct spill *thumbs; /* THUMB_BYTES a picture */
    struct origin origin;
    struct marks marks;
    int64_t rows;          /* behind the last row's number */
    const char *threshold; /* for row events */
};

struct tally {
    struct key_entry *keys;
    struct picture_entry *pictures;
    uint8_t *thumbs;
    size_t count;
    int64_t end; /* behind the window's last row's number */
    struct origin_tally origin;
};

/* ---- opening ---- */

static enum status open_columns(struct state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct config *config = state->config;
    if (config->method == METHOD_PERCEPTUAL) {
        struct text_list image = {(const char **)(uintptr_t)&config->image, 1};
        TRY(module_columns(setup, &image, NULL, &state->columns, &state->count, err));
        const struct field *field = &setup->schema->fields[state->columns[0]];
        if (field->type.id == TYPE_BINARY && !field->dictionary) return STATUS_OK;
        char type[128];
        return fail_at(setup->node, err, "column \"%s\" is %s, pictures are binary", field->name,
                       field_type_text(field, type, sizeof type));
    }
    if (config->method == METHOD_KEY && config->columns.count == 0) {
        fail_at(setup->node, err, "method key needs columns");
        err_hint(err, "name the columns whose values make two rows the same: columns=...");
        return STATUS_USAGE;
    }
    return module_key_columns(setup, &config->columns, field_has_key, &state->columns,
                              &state->count, err);
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
    state->threads = setup->threads;
    state->memory = setup->memory;
    TRY(open_columns(state, setup, err));
    TRY(key_hasher_open(&state->hasher, err));
    TRY(origin_open(&state->origin, setup->memory / 8, err));
    if (state->config->method == METHOD_PERCEPTUAL)
        state->threshold = arena_format(setup->arena, "%d bits, correlation %g",
                                        (int)state->config->distance, state->config->similarity);
    TRY(spill_open(&state->thumbs, setup->memory / 4, err));
    return keys_open(&state->keys, setup->memory / 2, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    keys_close(&state->keys);
    memory_free(state->pictures);
    spill_close(&state->thumbs);
    origin_release(&state->origin);
    marks_release(&state->marks);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

/* Whether the row takes part: a key with a null in it equals nothing. */
static bool has_whole_key(const struct state *state, const struct batch *batch, int64_t row)
{
    if (state->config->method != METHOD_KEY) return true;
    for (size_t i = 0; i < state->count; i++)
        if (array_is_null(batch->columns[state->columns[i]], row)) return false;
    return true;
}

static enum status observe_keys(const struct state *state, const struct window *window,
                                struct tally *tally, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(ROWKEY_BYTES_MAXIMUM);
    const struct batch *batch = window->batch;
    TRY(NEW(&tally->keys, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (!has_whole_key(state, batch, row)) continue;
        key.size = 0;
        for (size_t i = 0; i < state->count; i++) {
            size_t at = state->columns[i];
            TRY(rowkey_add(&key, &state->schema->fields[at], batch->columns[at], row, err));
        }
        tally->keys[tally->count++] =
            key_hash(&state->hasher, key.data, key.size, window->first_row + row);
    }
    return STATUS_OK;
}

static enum status observe_pictures(const struct state *state, const struct window *window,
                                    struct tally *tally, struct err *err)
{
    const struct array *images = window->batch->columns[state->columns[0]];
    size_t rows = (size_t)window->batch->rows;
    TRY(NEW(&tally->pictures, rows, err));
    TRY(NEW(&tally->thumbs, rows * THUMB_BYTES, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        if (array_is_null(images, row)) continue;
        struct str bytes = array_text(images, row);
        struct look look;
        TRY(look_of(bytes, &look, err));
        memcpy(tally->thumbs + tally->count * THUMB_BYTES, look.thumb, THUMB_BYTES);
        tally->pictures[tally->count++] = (struct picture_entry){
            .bytes = key_hash(&state->hasher, bytes.data, bytes.size, window->first_row + row),
            .bits = look.bits,
            .mirrored = look.mirrored,
            .broken = look.broken,
            .plain = look.plain,
            .small = look.small,
        };
    }
    return STATUS_OK;
}

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    (void)pass;
    const struct state *state = opaque;
    struct tally *tally = opaque_tally;
    tally->end = window->first_row + window->batch->rows;
    TRY(origin_observe(window, &tally->origin, err));
    if (state->config->method == METHOD_PERCEPTUAL)
        return observe_pictures(state, window, tally, err);
    return observe_keys(state, window, tally, err);
}

static void discard(void *opaque)
{
    struct tally *tally = opaque;
    memory_free(tally->keys);
    memory_free(tally->pictures);
    memory_free(tally->thumbs);
    origin_tally_release(&tally->origin);
    *tally = (struct tally){0};
}

static enum status add_pictures(struct state *state, const struct tally *tally, struct err *err)
{
    size_t wanted = state->picture_count + tally->count;
    if (wanted > state->picture_room) {
        size_t room = state->picture_room * 2 > wanted ? state->picture_room * 2 : wanted;
        struct picture_entry *grown = memory_resize(state->pictures, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        state->pictures = grown;
        state->picture_room = room;
    }
    for (size_t i = 0; i < tally->count; i++)
        state->pictures[state->picture_count++] = tally->pictures[i];
    return spill_add(state->thumbs, tally->thumbs, tally->count * THUMB_BYTES, err);
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    struct tally *tally = opaque_tally;
    state->rows = tally->end;
    enum status status = origin_absorb(&state->origin, &tally->origin, err);
    if (status == STATUS_OK)
        status = tally->pictures != NULL ? add_pictures(state, tally, err)
                                         : keys_add(state->keys, tally->keys, tally->count, err);
    discard(tally);
    return status;
}

static enum status mark_pictures(struct state *state, struct err *err)
{
    const struct config *config = state->config;
    const void *thumbs;
    struct likeness likeness = {(int)config->distance, config->similarity, config->align,
                                config->mirror, config->survivor == SURVIVOR_LAST};
    TRY(spill_freeze(state->thumbs, &thumbs, err));
    TRY(pictures_mark(state->pictures, thumbs, state->picture_count, &likeness, state->threads,
                      &state->marks, err));
    spill_close(&state->thumbs);
    return STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    struct state *state = opaque;
    *ret_more = false;
    TRY(origin_settle(&state->origin, err));
    TRY(marks_open(&state->marks, state->rows, state->memory / 8, err));
    if (state->config->method == METHOD_PERCEPTUAL) return mark_pictures(state, err);
    TRY(keys_mark(state->keys, state->config->survivor == SURVIVOR_LAST, state->threads,
                  &state->marks, err));
    keys_close(&state->keys);
    return STATUS_OK;
}

/* ---- apply ---- */

static const struct picture_entry *picture_of(const struct state *state, int64_t row)
{
    size_t low = 0, high = state->picture_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (state->pictures[middle].bytes.row <= row)
            low = middle;
        else
            high = middle;
    }
    return &state->pictures[low];
}

/* Why a row was merged: the rule, and what was found. */
static const char *describe(const struct state *state, int64_t row, int64_t into, char *ret_value,
                            size_t room)
{
    ret_value[0] = '\0';
    if (state->config->method == METHOD_EXACT) return "exact duplicate";
    if (state->config->method == METHOD_KEY) return "same key";
    const struct picture_entry *a = picture_of(state, row), *b = picture_of(state, into);
    if (a->bytes.low == b->bytes.low && a->bytes.high == b->bytes.high) return "same bytes";
    bool mirrored;
    int distance = pictures_distance(a, b, state->config->mirror, &mirrored);
    snprintf(ret_value, room, "%d bits", distance);
    return mirrored ? "looks alike mirrored" : "looks alike";
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    for (int64_t row = 0; row < window->batch->rows; row++) {
        int64_t number = window->first_row + row;
        int64_t into = number < state->marks.rows ? state->marks.into[number] - 1 : -1;
        if (into < 0) continue;
        struct str source;
        int64_t record;
        char value[32];
        origin_of(&state->origin, into, &source, &record);
        const char *rule = describe(state, number, into, value, sizeof value);
        TRY(change_merge(change, row, source, record, rule, str_of(value), state->threshold, err));
    }
    return STATUS_OK;
}

const struct clean_module module_deduplicate = {
    .name = "deduplicate",
    .summary = "keep one row of several that are the same",
    .source = "Kitsuregawa et al. 1983 (hash partitioning); Zauner 2010 (perceptual hash)",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open,
    .passes = 1,
    .removes_rows = true,
    .tally_bytes = sizeof(struct tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .close = close_state,
};
