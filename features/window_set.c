/* features/window_set.c: the aggregates of a view, ready to be asked about points in time. */
#include "features/window_set.h"

#include "base/memory.h"

struct window_set {
    const struct view *view;
    const struct point_in_time *point;
    size_t count;
    struct window *windows;
    struct window_words *words;
    struct field *fields; /* of the sources */
    struct array **sources;
};

/* ---- opening ---- */

static enum status open_window(struct window_set *set, size_t i, const struct field *field,
                               struct array *source, struct err *err)
{
    const struct view_aggregate *aggregate = &set->view->aggregates[i];
    struct window *window = &set->windows[i];
    window->function = aggregate->function;
    window->length = aggregate->window;
    if (source == NULL) return STATUS_OK;
    set->fields[i] = *field;
    set->sources[i] = array_ref(source);
    TRY(window_words_make(&set->words[i], field, source, aggregate->function,
                          point_in_time_timeline(set->point), err));
    window->kind = set->words[i].kind;
    window->words = set->words[i].words;
    window->valid = set->words[i].valid;
    return STATUS_OK;
}

enum status window_set_open(struct window_set **ret, const struct view *view,
                            const struct point_in_time *point, const struct field *const *fields,
                            struct array *const *sources, struct err *err)
{
    OWNED(window_set_close) struct window_set *set = NULL;
    TRY(NEW(&set, 1, err));
    set->view = view;
    set->point = point;
    set->count = view->aggregate_count;
    TRY(NEW(&set->windows, set->count, err));
    TRY(NEW(&set->words, set->count, err));
    TRY(NEW(&set->fields, set->count, err));
    TRY(NEW(&set->sources, set->count, err));
    for (size_t i = 0; i < set->count; i++) {
        enum status status = open_window(set, i, fields[i], sources[i], err);
        if (status != STATUS_OK)
            return fail_within(err, status, "aggregate \"%s\"", view->aggregates[i].name);
    }
    *ret = set;
    set = NULL;
    return STATUS_OK;
}

const struct window *window_set_window(const struct window_set *set, size_t i)
{
    return &set->windows[i];
}

/* ---- answers as arrays ---- */

/* Values on their way into an array: 8 bytes each, or rows to take. */
struct filling {
    struct buffer values, validity;
    int64_t *rows;
    int64_t null_count;
};

static void filling_release(struct filling *filling)
{
    buffer_unref(&filling->values);
    buffer_unref(&filling->validity);
    memory_free(filling->rows);
}

static void fill_value(struct filling *filling, const struct point_in_time *point,
                       enum window_result result, int64_t at, const struct window_value *value)
{
    if (result == WINDOW_POSITION) {
        filling->rows[at] =
            value->null ? -1 : timeline_row(point_in_time_timeline(point), value->position);
        return;
    }
    void *values = buffer_writable(&filling->values);
    filling->null_count += value->null;
    if (value->null) return;
    buffer_writable(&filling->validity)[at >> 3] |= (uint8_t)(1u << (at & 7));
    if (result == WINDOW_REAL)
        ((double *)values)[at] = value->real;
    else
        ((int64_t *)values)[at] = value->whole;
}

static enum status fill(const struct window *window, const struct point_in_time *point,
                        const struct asked *asked, struct filling *filling, struct err *err)
{
    enum window_result result = window_result(window->function, window->kind);
    OWNED(window_scratch_release) struct window_scratch scratch = {0};
    size_t rows = (size_t)asked->rows;
    if (result == WINDOW_POSITION) {
        TRY(NEW(&filling->rows, rows, err));
    } else {
        TRY(buffer_new(&filling->values, rows * 8, err));
        TRY(buffer_new(&filling->validity, (rows + 7) / 8, err));
    }
    for (int64_t i = 0; i < asked->rows; i++) {
        struct window_value value = {.null = true};
        if (asked->ids[i] != ENTITY_NONE && asked->times != NULL)
            TRY(window_at(window, point, asked->ids[i], asked->times[i], asked->unit, &scratch,
                          &value, err));
        fill_value(filling, point, result, i, &value);
    }
    return STATUS_OK;
}

static enum status answer(const struct window_set *set, size_t i, const struct point_in_time *point,
                          const struct asked *asked, struct array **ret, struct err *err)
{
    OWNED(filling_release) struct filling filling = {0};
    TRY(fill(&set->windows[i], point, asked, &filling, err));
    if (filling.rows != NULL)
        return array_take(ret, &set->fields[i], set->sources[i], filling.rows, asked->rows, err);
    struct buffer validity = filling.validity, values = filling.values;
    filling.validity = filling.values = (struct buffer){0};
    if (filling.null_count == 0) buffer_unref(&validity);
    return array_make(ret, asked->rows, filling.null_count, validity, &values, 1, NULL, 0, NULL,
                      err);
}

enum status window_set_answer_by(const struct window_set *set, const struct point_in_time *point,
                                 const struct asked *asked, struct array **ret, struct err *err)
{
    for (size_t i = 0; i < set->count; i++) {
        enum status status = answer(set, i, point, asked, &ret[i], err);
        if (status != STATUS_OK)
            return fail_within(err, status, "aggregate \"%s\"", set->view->aggregates[i].name);
    }
    return STATUS_OK;
}

enum status window_set_answer(const struct window_set *set, const struct asked *asked,
                              struct array **ret, struct err *err)
{
    return window_set_answer_by(set, set->point, asked, ret, err);
}

void window_set_close(struct window_set **set)
{
    if (set == NULL || *set == NULL) return;
    for (size_t i = 0; i < (*set)->count; i++) {
        if ((*set)->words != NULL) window_words_release(&(*set)->words[i]);
        if ((*set)->sources != NULL) array_unref(&(*set)->sources[i]);
    }
    memory_free((*set)->windows);
    memory_free((*set)->words);
    memory_free((*set)->fields);
    memory_free((*set)->sources);
    memory_free(*set);
    *set = NULL;
}
