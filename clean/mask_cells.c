/* clean/mask_cells.c: masks the cells of one column of a window. */
#include "clean/mask_cells.h"

#include "base/clock.h"
#include "clean/mask_format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAXIMUM ((size_t)1 << 31)
#define NUMBER_TEXT  64

const char mask_told[] = "numbers like those of cards";

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

/* ---- days ---- */

static int64_t days_of(const struct mask_cells *cells, const struct window *window, int64_t row)
{
    char text[256];
    if (cells->shift_by < 0) return cells->days;
    const struct field *field = &cells->schema->fields[cells->shift_by];
    const struct array *array = window->batch->columns[cells->shift_by];
    struct str entity;
    if (!array_text_at(field, array, row, &entity))
        entity = str_of(array_value_text(field, array, row, text, sizeof text));
    return mask_shift_days(cells->style->key, entity, cells->shift_most);
}

/* ---- finds ---- */

static enum status look(const struct mask_cells *cells, const struct mask_set *likely,
                        struct str text, struct mask_hits *hits, struct err *err)
{
    hits->count = 0;
    if (cells->whole < 0) {
        struct mask_query query = {cells->kinds, likely, cells->weak, cells->words, cells->plan};
        return mask_find(text, &query, hits, err);
    }
    if (text.size == 0) return STATUS_OK;
    return mask_hits_add(hits, (struct mask_hit){0, text.size, (enum mask_kind)cells->whole}, err);
}

static enum status put_text(const struct mask_cells *cells, const struct window *window,
                            int64_t row, struct str text, struct work *work, struct err *err)
{
    work->text.size = 0;
    TRY(mask_write(text, &work->hits, cells->style, days_of(cells, window, row), &work->text, err));
    return build_text(work->builder, (struct str){(const char *)work->text.data, work->text.size},
                      err);
}

/* ---- numbers ---- */

/* Digits of a whole number; empty for others. */
static struct str number_text(const struct field *field, const struct array *array, int64_t row,
                              char text[NUMBER_TEXT])
{
    if (array_is_null(array, row)) return (struct str){NULL, 0};
    double value;
    if (type_is_integer(field->type.id)) {
        array_value_text(field, array, row, text, NUMBER_TEXT);
    } else {
        if (!array_number_at(field, array, row, &value) || !(fabs(value) < 1e18) ||
            value != floor(value))
            return (struct str){NULL, 0};
        snprintf(text, NUMBER_TEXT, "%.0f", value);
    }
    return str_of(text);
}

/* A number keeps its format, or becomes null: it has no room for a label. */
static enum status put_number(const struct mask_cells *cells, const struct field *field,
                              struct str text, struct work *work, struct err *err)
{
    enum mask_kind kind = work->hits.items[0].kind;
    enum mask_action action = cells->style->actions[kind];
    bool done = false;
    work->text.size = 0;
    if (action == MASK_FORMAT || action == MASK_RESTORE)
        TRY(mask_format(text, kind, cells->style->key, action == MASK_RESTORE, &work->text, &done,
                        err));
    if (!done) return build_null(work->builder, err);
    TRY(bytes_append(&work->text, "", 1, err));
    const char *digits = (const char *)work->text.data;
    if (!type_is_integer(field->type.id))
        return build_real(work->builder, strtod(digits, NULL), err);
    long long value = strtoll(digits, NULL, 10);
    return integer_fits(field->type.id, value) ? build_int(work->builder, value, err)
                                               : build_null(work->builder, err);
}

/* ---- dates ---- */

static enum status put_date(const struct mask_cells *cells, const struct field *field,
                            const struct window *window, const struct array *array, int64_t row,
                            struct work *work, struct err *err)
{
    static const int64_t units[] = {1, 1000, 1000000, 1000000000};
    bool date = field->type.id == TYPE_DATE32;
    int64_t day = date ? 1 : units[field->type.unit] * 86400, year, moved;
    int64_t value = date ? ((const int32_t *)array_values(array))[row]
                         : ((const int64_t *)array_values(array))[row];
    int month, of_month;
    switch (cells->style->actions[MASK_DATE]) {
    case MASK_SHIFT:
        if (__builtin_add_overflow(value, days_of(cells, window, row) * day, &moved))
            return build_null(work->builder, err);
        return build_int(work->builder, moved, err);
    case MASK_GENERALIZE:
        civil_from_days(value / day - (value % day < 0), &year, &month, &of_month);
        return build_int(work->builder, days_from_civil(year, 1, 1) * day, err);
    default: return build_null(work->builder, err);
    }
}

/* ---- one row ---- */

/* The rows before the first find, as they are. */
static enum status start_building(struct work *work, const struct field *field,
                                  const struct array *array, int64_t row, struct err *err)
{
    if (work->builder != NULL) return STATUS_OK;
    TRY(builder_open(&work->builder, field, array->length, err));
    for (int64_t i = 0; i < row; i++)
        TRY(build_copy(work->builder, array, i, err));
    return STATUS_OK;
}

/* What is found in the row, into work->hits; *ret_text is where. */
static enum status find_in_row(const struct mask_cells *cells, size_t at, const struct array *array,
                               int64_t row, char scratch[NUMBER_TEXT], struct work *work,
                               struct str *ret_text, struct err *err)
{
    const struct field *field = &cells->schema->fields[at];
    const struct mask_column *column = &cells->columns[at];
    work->hits.count = 0;
    if (column->look == MASK_LOOK_DATE) {
        if (array_is_null(array, row)) return STATUS_OK;
        return mask_hits_add(&work->hits, (struct mask_hit){0, 0, MASK_DATE}, err);
    }
    if (column->look == MASK_LOOK_TEXT) {
        if (!array_text_at(field, array, row, ret_text)) return STATUS_OK;
        return look(cells, &column->likely, *ret_text, &work->hits, err);
    }
    *ret_text = number_text(field, array, row, scratch);
    if (ret_text->size == 0) return STATUS_OK;
    if (column->look == MASK_LOOK_TELL && ret_text->size < 12) return STATUS_OK;
    TRY(look(cells, &column->likely, *ret_text, &work->hits, err));
    bool all = work->hits.count == 1 && work->hits.items[0].first == 0 &&
               work->hits.items[0].end == ret_text->size;
    if (!all) work->hits.count = 0;
    return STATUS_OK;
}

/* "note: email, card", each kind once, behind what other columns have. */
static enum status flag_row(const struct mask_hits *hits, const char *column, struct bytes *ret,
                            struct err *err)
{
    bool told[MASK_KINDS] = {false};
    const char *between = ": ";
    if (ret->limit == 0) *ret = bytes_limited(TEXT_MAXIMUM);
    TRY(bytes_format(ret, err, "%s%s", ret->size > 0 ? "; " : "", column));
    for (size_t i = 0; i < hits->count; i++) {
        if (told[hits->items[i].kind]) continue;
        told[hits->items[i].kind] = true;
        TRY(bytes_format(ret, err, "%s%s", between, mask_kinds[hits->items[i].kind].name));
        between = ", ";
    }
    return STATUS_OK;
}

static enum status mask_row(const struct mask_cells *cells, size_t at, const struct window *window,
                            const struct array *array, int64_t row, struct work *work,
                            struct bytes *flags, struct change *change, struct err *err)
{
    const struct field *field = &cells->schema->fields[at];
    char scratch[NUMBER_TEXT];
    struct str text = {NULL, 0};
    TRY(find_in_row(cells, at, array, row, scratch, work, &text, err));
    if (cells->columns[at].look == MASK_LOOK_TELL) {
        work->found[MASK_CARD] += work->hits.count > 0 && work->hits.items[0].kind == MASK_CARD;
        return STATUS_OK;
    }
    for (size_t i = 0; i < work->hits.count; i++)
        work->found[work->hits.items[i].kind]++;
    if (work->hits.count > 0 && cells->on_fail == ON_FAIL_REJECT)
        return change_reject(change, row, mask_kinds[work->hits.items[0].kind].name, field->name,
                             text, NULL, err);
    if (work->hits.count > 0 && flags != NULL)
        return flag_row(&work->hits, field->name, &flags[row], err);
    if (work->hits.count == 0)
        return work->builder == NULL ? STATUS_OK : build_copy(work->builder, array, row, err);
    TRY(start_building(work, field, array, row, err));
    work->cells++;
    if (cells->on_fail == ON_FAIL_NULL) return build_null(work->builder, err);
    switch (cells->columns[at].look) {
    case MASK_LOOK_TEXT: return put_text(cells, window, row, text, work, err);
    case MASK_LOOK_DATE: return put_date(cells, field, window, array, row, work, err);
    default: return put_number(cells, field, text, work, err);
    }
}

/* ---- a column ---- */

static enum status tell_column(const struct mask_cells *cells, size_t at, struct work *work,
                               struct change *change, struct err *err)
{
    const char *name = cells->schema->fields[at].name;
    if (cells->columns[at].look == MASK_LOOK_TELL)
        return work->found[MASK_CARD] == 0
                   ? STATUS_OK
                   : change_finding(change, mask_told, name, work->found[MASK_CARD], err);
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++)
        if (work->found[kind] > 0)
            TRY(change_finding(change, mask_kinds[kind].name, name, work->found[kind], err));
    return STATUS_OK;
}

enum status mask_cells(const struct mask_cells *cells, size_t at, const struct window *window,
                       struct bytes *flags, struct change *change, struct err *err)
{
    OWNED(work_release) struct work work = {.text = bytes_limited(TEXT_MAXIMUM)};
    const struct array *array = window->batch->columns[at];
    for (int64_t row = 0; row < array->length; row++) {
        TRY(mask_row(cells, at, window, array, row, &work, flags, change, err));
        if (work.hits.count > 0 && work.builder != NULL)
            TRY(change_note(change, at, row, mask_kinds[work.hits.items[0].kind].name, NAN, err));
    }
    TRY(tell_column(cells, at, &work, change, err));
    if (work.builder == NULL) return STATUS_OK;
    struct array *masked;
    TRY(builder_finish(work.builder, &masked, err));
    change_column(change, at, &masked);
    change_cells(change, at, work.cells);
    return STATUS_OK;
}

/* ---- one value ---- */

enum status mask_cell_text(const struct mask_cells *cells, const char *column, struct str value,
                           struct bytes *ret, struct err *err)
{
    struct mask_style style = *cells->style;
    struct mask_set likely = {0};
    OWNED(mask_hits_release) struct mask_hits hits = {0};
    int64_t at = column == NULL ? -1 : schema_find(cells->schema, str_of(column));
    enum mask_look how = at < 0 ? MASK_LOOK_TEXT : cells->columns[at].look;
    bool text = at < 0 || cells->schema->fields[at].type.id == TYPE_UTF8;
    if (how == MASK_LOOK_NOT && text) return bytes_append(ret, value.data, value.size, err);
    if (how == MASK_LOOK_DATE) return bytes_append_text(ret, "[DATE]", err);
    for (enum mask_kind kind = 0; kind < MASK_KINDS; kind++) /* nothing is restored, no row known */
        if (style.actions[kind] == MASK_RESTORE || style.actions[kind] == MASK_SHIFT)
            style.actions[kind] = MASK_REDACT;
    if (column != NULL) mask_likely(column, &likely);
    struct mask_cells here = *cells;
    if (how == MASK_LOOK_NOT || how == MASK_LOOK_TELL || at < 0) here.whole = -1;
    TRY(look(&here, &likely, value, &hits, err));
    return mask_write(value, &hits, &style, 0, ret, err);
}
