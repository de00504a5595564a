/* features/tamis.c: libtamis, behind tamis.h. */
#include "features/tamis.h"

#include "base/clock.h"
#include "base/memory.h"
#include "features/lookup_views.h"

#include <stdio.h>

#define TOGETHER  16 /* keys whose memory is asked for together */
#define KEY_BYTES ((size_t)16 << 20)

/* How a column is read from the records of one version: where its bytes lie, or by way of
 * lookup_views_value. */
struct reading {
    const struct lookup_column *plain; /* NULL = the long way */
    size_t view, number;               /* of the column in records of the view */
    bool whole;                        /* eight bytes that are the value */
};

struct tamis {
    struct arena *arena;
    struct tamis_options options; /* texts in the arena */
    struct lookup_views views;
    struct tamis_column *columns;
    struct reading *readings; /* by share, then column */
};

/* ---- errors ---- */

static enum tamis_status answer_status(enum status status)
{
    switch (status) {
    case STATUS_OK: return TAMIS_OK;
    case STATUS_USAGE: return TAMIS_USAGE;
    case STATUS_MEMORY: return TAMIS_MEMORY;
    case STATUS_BUSY: return TAMIS_BUSY;
    default: return TAMIS_FAILED;
    }
}

static enum tamis_status tell(enum status status, const struct err *err, struct tamis_error *error)
{
    if (error != NULL) {
        snprintf(error->message, sizeof error->message, "%s", err->message);
        snprintf(error->hint, sizeof error->hint, "%s", err->hint);
    }
    return answer_status(status);
}

/* ---- columns ---- */

static enum tamis_kind kind_of(const struct field *field)
{
    switch (field->type.id) {
    case TYPE_BOOL: return TAMIS_BOOLEAN;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32: return TAMIS_INTEGER;
    case TYPE_UINT64: return TAMIS_UNSIGNED;
    case TYPE_FLOAT16:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64: return TAMIS_REAL;
    case TYPE_UTF8: return TAMIS_TEXT;
    case TYPE_BINARY:
    case TYPE_FIXED_BINARY: return TAMIS_BYTES;
    case TYPE_DATE32: return TAMIS_DATE;
    case TYPE_TIMESTAMP: return TAMIS_TIME;
    case TYPE_DURATION: return TAMIS_DURATION;
    default: return TAMIS_JSON;
    }
}

static bool is_whole(const struct reading *reading, enum tamis_kind kind)
{
    return reading->plain != NULL && reading->plain->width == 8 && kind != TAMIS_BYTES;
}

static struct reading reading_of(const struct lookup_views *views,
                                 const struct lookup_answer_column *column, size_t share,
                                 enum tamis_kind kind)
{
    const struct lookup_view *view = &views->views[column->view];
    struct reading reading = {.view = column->view};
    if (share >= view->count || column->columns[share] < 0) return reading;
    reading.number = (size_t)column->columns[share];
    reading.plain = lookup_index_plain(view->indexes[share], reading.number);
    reading.whole = is_whole(&reading, kind);
    return reading;
}

static enum status describe_columns(struct tamis *handle, struct err *err)
{
    static const int64_t units[] = {1000000000, 1000000, 1000, 1};
    size_t count = handle->views.column_count;
    TRY(NEW(&handle->columns, count, err));
    TRY(NEW(&handle->readings, count * TAG_SHARES, err));
    for (size_t i = 0; i < count; i++) {
        const struct lookup_answer_column *column = &handle->views.columns[i];
        struct tamis_column *ret = &handle->columns[i];
        ret->name = column->name;
        ret->view = handle->views.views[column->view].served.view.name;
        ret->kind = kind_of(column->field);
        ret->personal = column->personal;
        for (size_t share = 0; share < TAG_SHARES; share++)
            handle->readings[share * count + i] =
                reading_of(&handle->views, column, share, ret->kind);
        if (ret->kind == TAMIS_TIME || ret->kind == TAMIS_DURATION)
            ret->unit = units[column->field->type.unit];
    }
    return STATUS_OK;
}

size_t tamis_column_count(const struct tamis *handle)
{
    return handle->views.column_count;
}

struct tamis_column tamis_column(const struct tamis *handle, size_t column)
{
    struct tamis_column none = {0};
    return column < handle->views.column_count ? handle->columns[column] : none;
}

long tamis_column_find(const struct tamis *handle, const char *name)
{
    for (size_t i = 0; i < handle->views.column_count; i++)
        if (strcmp(handle->columns[i].name, name) == 0) return (long)i;
    return -1;
}

size_t tamis_key_parts(const struct tamis *handle)
{
    return lookup_views_layout(&handle->views)->count;
}

const char *tamis_key_name(const struct tamis *handle, size_t part)
{
    return part < tamis_key_parts(handle) ? lookup_views_keys(&handle->views)->fields[part].name
                                          : NULL;
}

int64_t tamis_version_number(const struct tamis *handle, size_t view)
{
    if (view >= handle->views.count) return -1;
    const struct tag_state *state = &handle->views.views[view].served.state;
    return state->shares[state->count - 1].number;
}

/* ---- life ---- */

static const char *copy(struct tamis *handle, const char *text)
{
    return text == NULL ? NULL : arena_text(handle->arena, text, strlen(text));
}

static enum status open_store(const struct tamis *handle, struct store **ret, struct err *err)
{
    struct common common = {.store = handle->options.store};
    return store_open(ret, &common, STORE_READ, err);
}

static enum status open_handle(struct tamis *handle, const struct tamis_options *options,
                               struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    struct lookup_options lookup = {.as_known = (options->flags & TAMIS_NO_AS_KNOWN) == 0,
                                    .made = (options->flags & TAMIS_ONLY_MADE) != 0,
                                    .threads = 1};
    if (options->views == NULL) return fail(err, STATUS_USAGE, "no view is named");
    TRY(arena_open(&handle->arena, err));
    handle->options = *options;
    handle->options.store = copy(handle, options->store);
    handle->options.views = copy(handle, options->views);
    if (handle->options.views == NULL) return fail_memory(err, strlen(options->views));
    TRY(open_store(handle, &store, err));
    TRY(lookup_views_open(&handle->views, store, handle->options.views, &lookup,
                          (options->flags & TAMIS_NO_PERSONAL) == 0, handle->arena, err));
    return describe_columns(handle, err);
}

enum tamis_status tamis_open(struct tamis **ret, const struct tamis_options *options,
                             struct tamis_error *error)
{
    struct err err = {0};
    *ret = NULL;
    enum status status = NEW(ret, 1, &err);
    if (status == STATUS_OK) status = open_handle(*ret, options, &err);
    if (status != STATUS_OK) tamis_close(ret);
    return tell(status, &err, error);
}

void tamis_close(struct tamis **handle)
{
    if (handle == NULL || *handle == NULL) return;
    lookup_views_release(&(*handle)->views);
    memory_free((*handle)->columns);
    memory_free((*handle)->readings);
    arena_close(&(*handle)->arena);
    memory_free(*handle);
    *handle = NULL;
}

static enum status has_moved(const struct tamis *handle, bool *ret, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(arena_close) struct arena *arena = NULL; /* the handle's is not for several threads */
    TRY(arena_open(&arena, err));
    TRY(open_store(handle, &store, err));
    return lookup_views_moved(&handle->views, store, handle->options.views, ret, arena, err);
}

enum tamis_status tamis_refresh(const struct tamis *handle, struct tamis **ret,
                                struct tamis_error *error)
{
    struct err err = {0};
    bool moved = false;
    *ret = NULL;
    enum status status = has_moved(handle, &moved, &err);
    if (status != STATUS_OK || !moved) return tell(status, &err, error);
    return tamis_open(ret, &handle->options, error);
}

/* ---- keys ---- */

static enum status fail_key(const struct tamis *handle, size_t part, struct err *err)
{
    char type[128];
    const struct field *field = &lookup_views_keys(&handle->views)->fields[part];
    return fail(err, STATUS_USAGE, "the key's part \"%s\" is %s", field->name,
                field_type_text(field, type, sizeof type));
}

/* A lone word or text needs no memory; what does goes behind what is in `scratch` already. */
static enum status make_key(const struct tamis *handle, const struct tamis_key *parts,
                            struct bytes *scratch, struct lookup_key *ret, struct err *err)
{
    const struct key_layout *layout = lookup_views_layout(&handle->views);
    *ret = (struct lookup_key){0};
    for (size_t i = 0; i < layout->count; i++)
        if ((parts[i].text == NULL) != key_kind_is_word(layout->kinds[i]))
            return fail_key(handle, i, err);
    if (layout->word) {
        ret->word = key_word(layout->kinds[0], parts[0].integer);
        return STATUS_OK;
    }
    if (layout->count == 1) {
        ret->bytes = (struct str){parts[0].text, parts[0].size};
        return STATUS_OK;
    }
    size_t begin = scratch->size;
    for (size_t i = 0; i < layout->count; i++)
        TRY(key_append(scratch, layout->kinds[i], parts[i].integer,
                       (struct str){parts[i].text, parts[i].size}, err));
    ret->word = begin; /* its place, until the buffer has stopped moving */
    ret->bytes.size = scratch->size - begin;
    return STATUS_OK;
}

/* ---- values ---- */

static int64_t integer_of(const struct field *field, const uint8_t *data)
{
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    switch (field->type.id) {
    case TYPE_BOOL:
    case TYPE_UINT8: return *data;
    case TYPE_INT8: return (int8_t)*data;
    case TYPE_INT16: memcpy(&i16, data, sizeof i16); return i16;
    case TYPE_UINT16: memcpy(&u16, data, sizeof u16); return u16;
    case TYPE_UINT32: memcpy(&u32, data, sizeof u32); return u32;
    case TYPE_INT32:
    case TYPE_DATE32: memcpy(&i32, data, sizeof i32); return i32;
    default: memcpy(&i64, data, sizeof i64); return i64;
    }
}

static double real_of(const struct field *field, const uint8_t *data)
{
    uint64_t aligned = 0; /* in a record it is not */
    struct buffer buffer = {.data = (const uint8_t *)&aligned, .size = sizeof aligned};
    struct array array = {.length = 1, .buffers = &buffer, .buffer_count = 1};
    double real = 0;
    memcpy(&aligned, data, type_width(&field->type));
    array_number_at(field, &array, 0, &real);
    return real;
}

static void give_bytes(enum tamis_kind kind, const struct field *field, const uint8_t *data,
                       size_t size, struct tamis_value *ret)
{
    ret->kind = kind;
    switch (kind) {
    case TAMIS_REAL: ret->real = real_of(field, data); return;
    case TAMIS_TEXT:
    case TAMIS_BYTES:
    case TAMIS_JSON:
        ret->text.data = (const char *)data;
        ret->text.size = size;
        return;
    default: ret->integer = integer_of(field, data);
    }
}

/* Texts, aggregates, values that are kept as JSON. */
static enum status give_long(const struct tamis *handle, size_t i, const struct lookup_found *found,
                             int64_t time, struct tamis_value *ret, struct err *err)
{
    struct lookup_value value;
    TRY(lookup_views_value(&handle->views, found, time, i, &value, err));
    if (!value.null)
        give_bytes(handle->columns[i].kind, handle->views.columns[i].field,
                   lookup_value_data(&value), value.size, ret);
    return STATUS_OK;
}

static enum status give(const struct tamis *handle, const struct lookup_found *found, int64_t time,
                        struct tamis_value *values, struct err *err)
{
    size_t count = handle->views.column_count;
    for (size_t i = 0; i < count; i++) {
        const struct reading *reading = &handle->readings[i];
        const uint8_t *record = found[reading->view].hit.record;
        reading += found[reading->view].share * count;
        bool has = lookup_record_has(record, reading->number);
        values[i].kind = TAMIS_NULL;
        if (reading->whole) {
            if (!has) continue;
            values[i].kind = handle->columns[i].kind;
            memcpy(&values[i].natural, record + reading->plain->offset, 8);
        } else if (reading->plain == NULL)
            TRY(give_long(handle, i, found, time, &values[i], err));
        else if (has)
            give_bytes(handle->columns[i].kind, &reading->plain->field,
                       record + reading->plain->offset, reading->plain->width, &values[i]);
    }
    return STATUS_OK;
}

/* ---- asking ---- */

enum tamis_status tamis_version_for(const struct tamis *handle, size_t view,
                                    const struct tamis_key *key, int64_t *ret,
                                    struct tamis_error *error)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(KEY_BYTES);
    struct lookup_key made;
    struct err err = {0};
    *ret = -1;
    enum status status = make_key(handle, key, &scratch, &made, &err);
    if (status != STATUS_OK || view >= handle->views.count) return tell(status, &err, error);
    if (tamis_key_parts(handle) > 1) made.bytes.data = (const char *)scratch.data + made.word;
    const struct tag_state *state = &handle->views.views[view].served.state;
    *ret = state->shares[lookup_views_pick(&handle->views, view, &made)].number;
    return TAMIS_OK;
}

/* The next few keys: all of them found before the first value is read, so that the waits for memory
 * overlap. */
static enum status ask_some(const struct tamis *handle, const struct tamis_key *keys, size_t count,
                            int64_t time, struct tamis_value *values, struct bytes *scratch,
                            struct err *err)
{
    struct lookup_found found[TOGETHER][LOOKUP_VIEWS_MAXIMUM];
    struct lookup_key made[TOGETHER];
    size_t parts = tamis_key_parts(handle), columns = handle->views.column_count;
    bool word = lookup_views_layout(&handle->views)->word;
    for (size_t i = 0; i < count; i++) {
        TRY(make_key(handle, &keys[i * parts], scratch, &made[i], err));
        if (word && count > 1) lookup_views_prefetch(&handle->views, &made[i]);
    }
    for (size_t i = 0; i < count && parts > 1; i++)
        made[i].bytes.data = (const char *)scratch->data + made[i].word;
    for (size_t i = 0; i < count; i++)
        TRY(lookup_views_find(&handle->views, &made[i], time, found[i], err));
    for (size_t i = 0; i < count; i++)
        TRY(give(handle, found[i], time, &values[i * columns], err));
    return STATUS_OK;
}

static enum status ask(const struct tamis *handle, const struct tamis_key *keys, size_t count,
                       int64_t time, struct tamis_value *values, struct err *err)
{
    size_t parts = tamis_key_parts(handle), columns = handle->views.column_count;
    OWNED(bytes_release) struct bytes scratch = bytes_limited(KEY_BYTES);
    if (time == TAMIS_NOW) time = clock_now();
    for (size_t first = 0; first < count; first += TOGETHER) {
        size_t some = count - first < TOGETHER ? count - first : TOGETHER;
        scratch.size = 0;
        TRY(ask_some(handle, keys + first * parts, some, time, values + first * columns, &scratch,
                     err));
    }
    return STATUS_OK;
}

enum tamis_status tamis_lookup_batch(const struct tamis *handle, const struct tamis_key *keys,
                                     size_t count, int64_t time, struct tamis_value *values,
                                     struct tamis_error *error)
{
    struct err err;
    err.message[0] = err.hint[0] = '\0'; /* not all of it: this is a question of nanoseconds */
    enum status status = ask(handle, keys, count, time, values, &err);
    if (status == STATUS_OK) return TAMIS_OK;
    return tell(status, &err, error);
}

enum tamis_status tamis_lookup(const struct tamis *handle, const struct tamis_key *key,
                               int64_t time, struct tamis_value *values, struct tamis_error *error)
{
    return tamis_lookup_batch(handle, key, 1, time, values, error);
}

const char *tamis_library_version(void)
{
    return tamis_version();
}
