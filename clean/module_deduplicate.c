/* clean/module_deduplicate.c: one row of several that are the same.
 *
 * exact: all columns but the provenance are equal. key: the key columns are equal and none is null.
 * minhash: texts share most of their shingles. linkage: records agree as those of the same thing
 * do. perceptual: the pictures in a column are byte-identical or look alike. The survivor keeps its
 * place and its provenance; each other row is recorded as merged into it, or stays with the number
 * of its cluster. */
#include "clean/deduplicate_step.h"
#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/rowkey.h"

#include <stdio.h>
#include <stdlib.h>

static const struct setting settings[] = {
    {.name = "method",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct deduplicate_config, method),
     .fallback = "exact",
     .choices = "exact|key|minhash|linkage|perceptual",
     .help = "all columns equal, key columns equal, texts nearly equal, records of the same thing, "
             "or pictures that look alike"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct deduplicate_config, columns),
     .help = "the key columns (method key), or the columns compared (exact, linkage: all; minhash: "
             "all text)"},
    {.name = "survivor",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct deduplicate_config, survivor),
     .fallback = "first",
     .choices = "first|last|most-complete|newest|longest",
     .help = "which row of several stays: by place, fewest nulls, greatest value of column by, "
             "most text"},
    {.name = "by",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct deduplicate_config, by),
     .help = "number, date or time column that says which row is the newest"},
    {.name = "fill",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct deduplicate_config, fill),
     .fallback = "false",
     .help = "fill the nulls of the row that stays from the rows merged into it"},
    {.name = "keep",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct deduplicate_config, keep),
     .fallback = "survivor",
     .choices = "survivor|flag",
     .help = "one row of several, or all rows and a column with the number of their cluster"},
    {.name = "cluster",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct deduplicate_config, cluster),
     .fallback = "cluster",
     .help = "name of the column that keep=flag adds"},
    {.name = "max_cluster",
     .kind = SETTING_INT,
     .offset = offsetof(struct deduplicate_config, max_cluster),
     .fallback = "10000",
     .minimum = 2,
     .maximum = 1000000000,
     .help = "different texts or records that may become one; a larger cluster is left alone and "
             "reported"},
    {.name = "threshold",
     .kind = SETTING_REAL,
     .offset = offsetof(struct deduplicate_config, threshold),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help =
         "least Jaccard similarity of two texts (minhash; 0 = 0.8), least probability of a match "
         "(linkage; 0 = chosen from the data)"},
    {.name = "link",
     .kind = SETTING_CHOICE,
     .offset = offsetof(struct deduplicate_config, link),
     .fallback = "auto",
     .choices = "auto|one-to-one|clusters",
     .help = "records of two sources are paired one to one, or any number of records become one "
             "(linkage; auto: one to one when there are two sources)"},
    {.name = "characters",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct deduplicate_config, characters),
     .fallback = "false",
     .help = "shingles of characters, not of words (minhash)"},
    {.name = "shingle_size",
     .kind = SETTING_INT,
     .offset = offsetof(struct deduplicate_config, shingle_size),
     .fallback = "0",
     .minimum = 0,
     .maximum = 100,
     .help = "words or characters of a shingle; 0 = 3 words or 5 characters"},
    {.name = "image",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct deduplicate_config, image),
     .fallback = "image",
     .help = "column that holds the pictures (method perceptual)"},
    {.name = "distance",
     .kind = SETTING_INT,
     .offset = offsetof(struct deduplicate_config, distance),
     .fallback = "10",
     .minimum = 0,
     .maximum = 31,
     .help = "most bits of 64 in which two pictures that look alike may differ"},
    {.name = "similarity",
     .kind = SETTING_REAL,
     .offset = offsetof(struct deduplicate_config, similarity),
     .fallback = "0.9",
     .minimum = 0,
     .maximum = 1,
     .help = "least correlation of the thumbnails of two pictures that look alike"},
    {.name = "align",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct deduplicate_config, align),
     .fallback = "true",
     .help = "also find slightly rotated, cropped and shifted pictures"},
    {.name = "mirror",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct deduplicate_config, mirror),
     .fallback = "true",
     .help = "mirror images look alike"},
    {0}};

/* ---- opening ---- */

static bool by_rank(const struct deduplicate_state *state)
{
    return state->config->survivor > SURVIVOR_LAST;
}

static bool is_text(const struct field *field)
{
    return type_is_text(field->type.id);
}

static enum status open_image(struct deduplicate_state *state, const struct module_setup *setup,
                              struct err *err)
{
    struct text_list image = {(const char **)(uintptr_t)&state->config->image, 1};
    TRY(module_columns(setup, &image, NULL, &state->columns, &state->count, err));
    const struct field *field = &setup->schema->fields[state->columns[0]];
    if (field->type.id == TYPE_BINARY && !field->dictionary) return STATUS_OK;
    char type[128];
    return fail_at(setup->node, err, "column \"%s\" is %s, pictures are binary", field->name,
                   field_type_text(field, type, sizeof type));
}

static enum status open_texts(struct deduplicate_state *state, const struct module_setup *setup,
                              struct err *err)
{
    const struct deduplicate_config *config = state->config;
    TRY(module_columns(setup, &config->columns, is_text, &state->columns, &state->count, err));
    if (state->count == 0) return fail_at(setup->node, err, "method minhash needs a text column");
    for (size_t i = 0; i < state->count; i++) {
        const struct field *field = &setup->schema->fields[state->columns[i]];
        char type[128];
        if (!is_text(field))
            return fail_at(setup->node, err, "column \"%s\" is %s, minhash compares text",
                           field->name, field_type_text(field, type, sizeof type));
    }
    struct texts_plan plan = {.threshold = config->threshold == 0 ? 0.8 : config->threshold,
                              .characters = config->characters,
                              .size = config->shingle_size == 0 ? (config->characters ? 5 : 3)
                                                                : config->shingle_size,
                              .largest = config->max_cluster,
                              .columns = state->columns,
                              .column_count = state->count,
                              .threads = setup->threads,
                              .memory = setup->memory / 2};
    state->threshold = arena_format(setup->arena, "jaccard %g", plan.threshold);
    return texts_open(&state->texts, &plan, err);
}

static enum status open_linkage(struct deduplicate_state *state, const struct module_setup *setup,
                                struct err *err)
{
    const struct deduplicate_config *config = state->config;
    TRY(module_columns(setup, &config->columns, field_has_key, &state->columns, &state->count,
                       err));
    if (state->count == 0 || state->count > RECORD_COLUMNS_MOST) {
        fail_at(setup->node, err, "method linkage compares 1 to %d columns, here are %zu",
                RECORD_COLUMNS_MOST, state->count);
        err_hint(err, "name those that describe the thing, without identifiers: columns=...");
        return STATUS_USAGE;
    }
    struct link_plan plan = {.columns = state->columns,
                             .column_count = state->count,
                             .choice = (enum link_choice)config->link,
                             .threshold = config->threshold < 1 ? config->threshold : 1 - 1e-9,
                             .largest = config->max_cluster,
                             .threads = setup->threads,
                             .memory = setup->memory / 2};
    return linker_open(&state->linker, setup->schema, &plan, err);
}

static enum status open_method(struct deduplicate_state *state, const struct module_setup *setup,
                               struct err *err)
{
    const struct deduplicate_config *config = state->config;
    switch ((enum method)config->method) {
    case METHOD_PERCEPTUAL:
        state->threshold = arena_format(setup->arena, "%d bits, correlation %g",
                                        (int)config->distance, config->similarity);
        TRY(spill_open(&state->thumbs, setup->memory / 4, err));
        return open_image(state, setup, err);
    case METHOD_MINHASH: return open_texts(state, setup, err);
    case METHOD_LINKAGE: return open_linkage(state, setup, err);
    case METHOD_KEY:
        if (config->columns.count > 0) break;
        fail_at(setup->node, err, "method key needs columns");
        err_hint(err, "name the columns whose values make two rows the same: columns=...");
        return STATUS_USAGE;
    case METHOD_EXACT: break;
    }
    TRY(keys_open(&state->keys, setup->memory / 2, err));
    return module_key_columns(setup, &config->columns, field_has_key, &state->columns,
                              &state->count, err);
}

static enum status open_survivor(struct deduplicate_state *state, const struct module_setup *setup,
                                 struct err *err)
{
    const struct deduplicate_config *config = state->config;
    if ((config->survivor == SURVIVOR_NEWEST) != (config->by != NULL)) {
        fail_at(setup->node, err, "survivor=newest and by=COLUMN belong together");
        err_hint(err, "name the number, date or time column that tells which row is the newest");
        return STATUS_USAGE;
    }
    if (by_rank(state)) TRY(row_numbers_open(&state->ranks, setup->memory / 16, err));
    if (config->by == NULL) return STATUS_OK;
    TRY(schema_require(setup->schema, str_of(config->by), &state->by, err));
    const struct field *field = &setup->schema->fields[state->by];
    if (field_is_ordered_number(field) || field->type.id == TYPE_DATE32 ||
        field->type.id == TYPE_TIMESTAMP)
        return STATUS_OK;
    char type[128];
    fail_at(setup->node, err, "column \"%s\" is %s, by needs numbers, dates or times", field->name,
            field_type_text(field, type, sizeof type));
    err_hint(err, "module types in front of this step makes dates of text");
    return STATUS_USAGE;
}

/* Every column but the provenance can be filled. */
static enum status open_fill(struct deduplicate_state *state, const struct module_setup *setup,
                             struct err *err)
{
    size_t count;
    if (!state->config->fill) return STATUS_OK;
    if (state->config->keep == KEEP_FLAG)
        return fail_at(setup->node, err, "fill=true needs keep=survivor: nothing is merged");
    TRY(module_columns(setup, &(struct text_list){0}, field_has_key, &state->filled, &count, err));
    if (count > FILL_COLUMNS_MOST)
        return fail_at(setup->node, err, "fill=true works on up to %d columns, here are %zu",
                       FILL_COLUMNS_MOST, count);
    return fill_open(&state->fill, setup->schema, state->filled, count, setup->memory / 8, err);
}

static enum status add_cluster_column(const struct deduplicate_state *state,
                                      const struct module_setup *setup, struct schema **ret,
                                      struct err *err)
{
    const char *name = state->config->cluster;
    if (schema_find(setup->schema, str_of(name)) >= 0) {
        fail_at(setup->node, err, "there is a column \"%s\" already", name);
        err_hint(err, "choose another name for the numbers of the clusters: cluster=NAME");
        return STATUS_USAGE;
    }
    TRY(schema_copy(ret, setup->schema, err));
    return schema_add_column(*ret, name, TYPE_INT64, err);
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct deduplicate_state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->config = setup->config;
    state->schema = setup->schema;
    state->threads = setup->threads;
    state->memory = setup->memory;
    TRY(open_method(state, setup, err));
    TRY(open_survivor(state, setup, err));
    TRY(open_fill(state, setup, err));
    TRY(key_hasher_open(&state->hasher, setup->secret, err));
    TRY(origin_open(&state->origin, setup->memory / 8, err));
    if (state->config->keep == KEEP_SURVIVOR) return STATUS_OK;
    return add_cluster_column(state, setup, ret_schema, err);
}

static void close_state(void **ret)
{
    struct deduplicate_state *state = *ret;
    if (state == NULL) return;
    keys_close(&state->keys);
    texts_close(&state->texts);
    linker_close(&state->linker);
    memory_free(state->pictures);
    spill_close(&state->thumbs);
    origin_release(&state->origin);
    row_numbers_release(&state->ranks);
    fill_close(&state->fill);
    marks_release(&state->marks);
    memory_free(state);
    *ret = NULL;
}

/* ---- fit ---- */

/* Whether the row takes part: a key with a null in it equals nothing. */
static bool has_whole_key(const struct deduplicate_state *state, const struct batch *batch,
                          int64_t row)
{
    if (state->config->method != METHOD_KEY) return true;
    for (size_t i = 0; i < state->count; i++)
        if (array_is_null(batch->columns[state->columns[i]], row)) return false;
    return true;
}

static enum status observe_keys(const struct deduplicate_state *state, const struct window *window,
                                struct deduplicate_tally *tally, struct err *err)
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

static enum status observe_pictures(const struct deduplicate_state *state,
                                    const struct window *window, struct deduplicate_tally *tally,
                                    struct err *err)
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

/* What the choice of the survivor and its filling need to know of each row. */
static enum status observe_rows(const struct deduplicate_state *state, const struct window *window,
                                struct deduplicate_tally *tally, struct err *err)
{
    if (by_rank(state)) {
        TRY(NEW(&tally->ranks, (size_t)window->batch->rows, err));
        ranks_of((enum survivor)state->config->survivor, state->by, window, tally->ranks);
    }
    if (state->fill != NULL) {
        TRY(NEW(&tally->nulls, (size_t)window->batch->rows, err));
        fill_nulls(state->fill, window, tally->nulls);
    }
    return STATUS_OK;
}

static enum status observe(const void *opaque, int pass, const struct window *window,
                           void *opaque_tally, struct err *err)
{
    const struct deduplicate_state *state = opaque;
    struct deduplicate_tally *tally = opaque_tally;
    if (pass > 0) return fill_observe(state->fill, window, &tally->fill, err);
    tally->first = window->first_row;
    tally->end = window->first_row + window->batch->rows;
    TRY(origin_observe(window, &tally->origin, err));
    TRY(observe_rows(state, window, tally, err));
    switch ((enum method)state->config->method) {
    case METHOD_PERCEPTUAL: return observe_pictures(state, window, tally, err);
    case METHOD_MINHASH: return texts_observe(state->texts, window, &tally->texts, err);
    case METHOD_LINKAGE:
        return records_observe(linker_records(state->linker), window, &tally->records, err);
    case METHOD_EXACT:
    case METHOD_KEY: break;
    }
    return observe_keys(state, window, tally, err);
}

static void discard(void *opaque)
{
    struct deduplicate_tally *tally = opaque;
    memory_free(tally->keys);
    memory_free(tally->pictures);
    memory_free(tally->thumbs);
    texts_tally_release(&tally->texts);
    records_tally_release(&tally->records);
    memory_free(tally->ranks);
    memory_free(tally->nulls);
    fill_tally_release(&tally->fill);
    origin_tally_release(&tally->origin);
    *tally = (struct deduplicate_tally){0};
}

static enum status add_pictures(struct deduplicate_state *state,
                                const struct deduplicate_tally *tally, struct err *err)
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

static enum status absorb_window(struct deduplicate_state *state, struct deduplicate_tally *tally,
                                 struct err *err)
{
    int64_t rows = tally->end - tally->first;
    if (tally->first < state->rows) return fail(err, STATUS_FAILED, "windows out of order");
    state->rows = tally->end;
    TRY(origin_absorb(&state->origin, &tally->origin, err));
    if (tally->ranks != NULL)
        TRY(row_numbers_add(&state->ranks, tally->first, tally->ranks, rows, err));
    if (tally->nulls != NULL)
        TRY(fill_add_nulls(state->fill, tally->first, tally->nulls, rows, err));
    switch ((enum method)state->config->method) {
    case METHOD_PERCEPTUAL: return add_pictures(state, tally, err);
    case METHOD_MINHASH: return texts_absorb(state->texts, &tally->texts, err);
    case METHOD_LINKAGE: return records_absorb(linker_records(state->linker), &tally->records, err);
    case METHOD_EXACT:
    case METHOD_KEY: break;
    }
    return keys_add(state->keys, tally->keys, tally->count, err);
}

static enum status absorb(void *opaque, int pass, void *opaque_tally, struct err *err)
{
    struct deduplicate_state *state = opaque;
    struct deduplicate_tally *tally = opaque_tally;
    enum status status =
        pass > 0 ? fill_absorb(state->fill, &tally->fill, err) : absorb_window(state, tally, err);
    discard(tally);
    return status;
}

static enum status mark_pictures(struct deduplicate_state *state, struct err *err)
{
    const struct deduplicate_config *config = state->config;
    const void *thumbs;
    struct likeness likeness = {(int)config->distance, config->similarity, config->align,
                                config->mirror, config->survivor == SURVIVOR_LAST};
    TRY(spill_freeze(state->thumbs, &thumbs, err));
    TRY(pictures_mark(state->pictures, thumbs, state->picture_count, &likeness, state->threads,
                      &state->marks, err));
    spill_close(&state->thumbs);
    return STATUS_OK;
}

static enum status mark(struct deduplicate_state *state, struct err *err)
{
    bool last = state->config->survivor == SURVIVOR_LAST;
    switch ((enum method)state->config->method) {
    case METHOD_PERCEPTUAL: return mark_pictures(state, err);
    case METHOD_MINHASH:
        TRY(marks_score(&state->marks, state->memory / 16, err));
        TRY(texts_mark(state->texts, last, &state->marks, &state->left, err));
        texts_close(&state->texts);
        return STATUS_OK;
    case METHOD_LINKAGE:
        TRY(marks_score(&state->marks, state->memory / 16, err));
        TRY(linker_mark(state->linker, last, &state->marks, &state->left, err));
        snprintf(state->threshold_text, sizeof state->threshold_text, "probability %.3f",
                 linker_threshold(state->linker));
        state->threshold = state->threshold_text;
        return STATUS_OK;
    case METHOD_EXACT:
    case METHOD_KEY: break;
    }
    TRY(keys_mark(state->keys, last, state->threads, &state->marks, err));
    keys_close(&state->keys);
    return STATUS_OK;
}

static enum status elect(struct deduplicate_state *state, struct err *err)
{
    const int64_t *ranks;
    TRY(row_numbers_freeze(&state->ranks, &ranks, err));
    TRY(marks_elect(&state->marks, ranks, state->memory / 8, err));
    row_numbers_release(&state->ranks);
    return STATUS_OK;
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    struct deduplicate_state *state = opaque;
    *ret_more = pass == 0 && state->fill != NULL;
    if (pass > 0) return fill_settle(state->fill, err);
    TRY(origin_settle(&state->origin, err));
    TRY(marks_open(&state->marks, state->rows, state->memory / 8, err));
    TRY(mark(state, err));
    if (by_rank(state) && state->rows > 0) TRY(elect(state, err));
    return state->fill == NULL ? STATUS_OK : fill_start(state->fill, &state->marks, err);
}

/* ---- apply ---- */

static const struct picture_entry *picture_of(const struct deduplicate_state *state, int64_t row)
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
static const char *describe(const struct deduplicate_state *state, int64_t row, int64_t into,
                            char *ret_value, size_t room)
{
    ret_value[0] = '\0';
    if (state->config->method == METHOD_EXACT) return "exact duplicate";
    if (state->config->method == METHOD_KEY) return "same key";
    if (state->marks.scores != NULL) {
        snprintf(ret_value, room, "%.3f", (double)state->marks.scores[row]);
        if (state->config->method == METHOD_LINKAGE) return "same entity";
        return state->marks.scores[row] < 1 ? "near duplicate" : "same text";
    }
    const struct picture_entry *a = picture_of(state, row), *b = picture_of(state, into);
    if (a->bytes.low == b->bytes.low && a->bytes.high == b->bytes.high) return "same bytes";
    bool mirrored;
    int distance = pictures_distance(a, b, state->config->mirror, &mirrored);
    snprintf(ret_value, room, "%d bits", distance);
    return mirrored ? "looks alike mirrored" : "looks alike";
}

/* The number of a cluster is that of the row that would stay. */
static enum status flag(const struct deduplicate_state *state, const struct window *window,
                        struct change *change, struct err *err)
{
    OWNED(builder_close) struct builder *numbers = NULL;
    struct field field = field_of(state->config->cluster, TYPE_INT64);
    struct array *column;
    TRY(builder_open(&numbers, &field, window->batch->rows, err));
    for (int64_t row = 0; row < window->batch->rows; row++) {
        int64_t number = window->first_row + row;
        int64_t into = state->marks.into[number];
        TRY(build_int(numbers, into == 0 ? number + 1 : into, err));
    }
    TRY(builder_finish(numbers, &column, err));
    change_column(change, state->schema->count, &column);
    return STATUS_OK;
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct deduplicate_state *state = opaque;
    if (state->config->keep == KEEP_FLAG) return flag(state, window, change, err);
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
    return state->fill == NULL ? STATUS_OK : fill_apply(state->fill, window, change, err);
}

static enum status conclude(void *opaque, int64_t rows, const struct finding *findings,
                            size_t count, bool *ret_failed, struct bytes *ret_report,
                            struct err *err)
{
    (void)rows, (void)findings, (void)count;
    const struct deduplicate_state *state = opaque;
    *ret_failed = false;
    if (state->left == 0) return STATUS_OK;
    return bytes_format(ret_report, err, "%zu clusters of more than %lld were left as they are\n",
                        state->left, (long long)state->config->max_cluster);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct deduplicate_state *state = opaque;
    TRY(bytes_append_text(json, "{", err));
    if (state->linker != NULL) TRY(linker_save(state->linker, json, err));
    return bytes_append_text(json, "}", err);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct deduplicate_state *state = opaque;
    const char *flag = state->config->keep == KEEP_FLAG ? state->config->cluster : NULL;
    TRY(columns_decide(lineage, flag, state->schema, state->columns, state->count, "GROUP_BY",
                       err));
    return survivor_lineage((enum survivor)state->config->survivor, state->by, state->schema, flag,
                            lineage, err);
}

const struct clean_module module_deduplicate = {
    .name = "deduplicate",
    .summary = "keep one row of several that are the same",
    .source = "Kitsuregawa et al. 1983 (hash partitioning); Broder 1997 (MinHash); Fellegi "
              "and Sunter 1969 (linkage); Zauner 2010 (perceptual hash)",
    .settings = settings,
    .config_bytes = sizeof(struct deduplicate_config),
    .open = open,
    .passes = 1,
    .removes_rows = true,
    .tally_bytes = sizeof(struct deduplicate_tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .carry = deduplicate_carry,
    .carries = deduplicate_carries,
    .settle = settle,
    .apply = apply,
    .conclude = conclude,
    .save = save,
    .column_lineage = column_lineage,
    .close = close_state,
};
