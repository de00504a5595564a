/* clean/impute_values.c: one value a column, of all rows and of each group. */
#include "clean/impute_values.h"

#include "clean/numbers.h"
#include "clean/parameters.h"
#include "clean/summary.h"

#include <math.h>

#define GROUP_MEMORY ((size_t)64 << 10) /* of one column of one group */

struct part {
    struct summary *summary; /* median, mean; NULL when settled */
    struct mode *modes;      /* mode */
    struct fill *fills;
};

struct values {
    struct values_plan plan;
    struct module_setup setup;
    struct counts keys; /* group g has part g + 1 */
    struct part *items;
    size_t count, room;
};

/* ---- life ---- */

static enum status open_part(struct values *values, struct part *part, bool all, struct err *err)
{
    static const double half[] = {0.5};
    const struct values_plan *plan = &values->plan;
    size_t memory =
        all ? values->setup.memory / (plan->by_count > 0 ? 4 : 1) : GROUP_MEMORY * plan->count;
    *part = (struct part){0};
    TRY(NEW(&part->fills, plan->count + 1, err));
    if (plan->kind == VALUE_MODE) {
        TRY(NEW(&part->modes, plan->count + 1, err));
        for (size_t i = 0; i < plan->count; i++)
            mode_open(&part->modes[i], memory / plan->count);
        return STATUS_OK;
    }
    struct summary_plan summary = {
        .columns = plan->columns,
        .count = plan->count,
        .fractions = half,
        .fraction_count = plan->kind == VALUE_MEDIAN ? 1 : 0,
        .memory = memory,
        .threads = all ? values->setup.threads : 1,
    };
    return summary_open(&part->summary, &summary, err);
}

static enum status add_part(struct values *values, struct err *err)
{
    if (values->count == values->room) {
        size_t room = values->room == 0 ? 4 : values->room * 2;
        struct part *items = memory_resize(values->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        values->items = items;
        values->room = room;
    }
    values->count++;
    return open_part(values, &values->items[values->count - 1], values->count == 1, err);
}

enum status values_open(struct values **ret, const struct module_setup *setup,
                        const struct values_plan *plan, struct err *err)
{
    struct values *values;
    TRY(NEW(&values, 1, err));
    *ret = values;
    values->plan = *plan;
    values->setup = *setup;
    return add_part(values, err);
}

static void release_part(const struct values *values, struct part *part)
{
    summary_close(&part->summary);
    for (size_t i = 0; part->modes != NULL && i < values->plan.count; i++)
        mode_release(&part->modes[i]);
    memory_free(part->modes);
    memory_free(part->fills);
}

void values_close(struct values **ret)
{
    struct values *values = *ret;
    if (values == NULL) return;
    for (size_t p = 0; p < values->count; p++)
        release_part(values, &values->items[p]);
    memory_free(values->items);
    counts_release(&values->keys);
    memory_free(values);
    *ret = NULL;
}

/* ---- counting ---- */

static bool is_text(const struct field *field)
{
    return field->type.id == TYPE_UTF8 && (!field->dictionary || field->index == TYPE_INT32);
}

/* Numbers are counted as doubles in an order-keeping form, so that a tie goes to the smaller. */
static void number_key(double value, uint8_t ret[8])
{
    double positive_zero = value + 0.0;
    uint64_t bits;
    memcpy(&bits, &positive_zero, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | (1ull << 63);
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static double key_number(const uint8_t key[8])
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | key[i];
    bits = bits >> 63 ? bits & ~(1ull << 63) : ~bits;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static enum status count_cell(const struct mode *mode, const struct field *field,
                              const struct array *array, int64_t row, struct counts *counts,
                              struct err *err)
{
    struct str text;
    double number;
    uint8_t key[8];
    if (is_text(field)) {
        if (!array_text_at(field, array, row, &text)) return STATUS_OK;
        return mode_observe(mode, text.data, text.size, counts, err);
    }
    if (!array_number_at(field, array, row, &number) || isnan(number)) return STATUS_OK;
    number_key(number, key);
    return mode_observe(mode, key, sizeof key, counts, err);
}

/* ---- one window ---- */

/* Where the groups of the window stand in pass 0: no group is known, all want every value. */
struct view {
    const struct values *values;
    const struct window *window;
    struct values_tally *tally;
    const size_t *numbers; /* of the groups; NULL in pass 0 */
};

static const struct part *part_at(const struct view *view, size_t group)
{
    return &view->values->items[view->numbers == NULL ? 0 : view->numbers[group]];
}

static enum status count_window(const struct view *view, struct err *err)
{
    const struct values_plan *plan = &view->values->plan;
    const struct batch *batch = view->window->batch;
    struct values_tally *tally = view->tally;
    TRY(NEW(&tally->counts, tally->parts * plan->count + 1, err));
    for (size_t i = 0; i < plan->count; i++) {
        const struct field *field = &batch->schema->fields[plan->columns[i]];
        const struct array *array = batch->columns[plan->columns[i]];
        for (int64_t row = 0; row < batch->rows; row++) {
            TRY(count_cell(&view->values->items[0].modes[i], field, array, row, &tally->counts[i],
                           err));
            if (plan->by_count == 0) continue;
            size_t group = tally->groups.of_row[row];
            TRY(count_cell(&part_at(view, group)->modes[i], field, array, row,
                           &tally->counts[(group + 1) * plan->count + i], err));
        }
    }
    return STATUS_OK;
}

static enum status summarize_groups(const struct view *view, struct err *err)
{
    const struct values_plan *plan = &view->values->plan;
    const struct row_groups *groups = &view->tally->groups;
    const struct batch *batch = view->window->batch;
    size_t rows = (size_t)batch->rows;
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) double *ordered = NULL;
    TRY(NEW(&values, rows + 1, err));
    TRY(NEW(&ordered, rows * plan->count + 1, err));
    for (size_t j = 0; j < plan->count; j++) {
        size_t at = plan->columns[j];
        numbers_read(&batch->schema->fields[at], batch->columns[at], values);
        for (size_t i = 0; i < rows; i++)
            ordered[j * rows + i] = values[groups->order[i]];
    }
    for (size_t g = 0; g < groups->keys.count; g++) {
        const struct summary *summary = part_at(view, g)->summary;
        size_t first = groups->first[g];
        if (summary != NULL)
            TRY(summary_observe_values(summary, ordered + first, rows,
                                       (int64_t)(groups->first[g + 1] - first),
                                       &view->tally->summaries[g + 1], err));
    }
    return STATUS_OK;
}

enum status values_observe(const struct values *values, int pass, const struct window *window,
                           struct values_tally *tally, struct err *err)
{
    const struct values_plan *plan = &values->plan;
    OWNED(memory_release) size_t *numbers = NULL;
    if (plan->by_count > 0)
        TRY(row_groups_find(window, plan->by, plan->by_count, &tally->groups, err));
    if (plan->by_count > 0 && pass > 0)
        TRY(row_groups_number(&tally->groups, &values->keys, &numbers, err));
    for (size_t g = 0; numbers != NULL && g < tally->groups.keys.count; g++)
        if (numbers[g] == 0) return fail(err, STATUS_FAILED, "the rows changed between two passes");
    tally->parts = 1 + tally->groups.keys.count;
    tally->columns = plan->count;
    struct view view = {values, window, tally, numbers};
    if (plan->kind == VALUE_MODE) return count_window(&view, err);
    TRY(NEW(&tally->summaries, tally->parts, err));
    if (plan->by_count > 0) TRY(summarize_groups(&view, err));
    const struct summary *all = values->items[0].summary;
    return all == NULL ? STATUS_OK : summary_observe(all, window, &tally->summaries[0], err);
}

void values_tally_release(struct values_tally *tally)
{
    for (size_t p = 0; tally->summaries != NULL && p < tally->parts; p++)
        summary_tally_release(&tally->summaries[p]);
    for (size_t i = 0; tally->counts != NULL && i < tally->parts * tally->columns; i++)
        counts_release(&tally->counts[i]);
    memory_free(tally->summaries);
    memory_free(tally->counts);
    row_groups_release(&tally->groups);
    *tally = (struct values_tally){0};
}

/* ---- all windows ---- */

static enum status number_groups(struct values *values, const struct row_groups *groups,
                                 size_t **ret, struct err *err)
{
    size_t most = 1 + values->setup.memory / 2 / (GROUP_MEMORY * values->plan.count + 1);
    for (size_t g = 0; g < groups->keys.count; g++) {
        const struct counted *key = &groups->keys.items[g];
        if (counts_place(&values->keys, key->data, key->size) != SIZE_MAX) continue;
        if (values->count == most) {
            fail(err, STATUS_USAGE, "more than %zu groups to learn from separately", most - 1);
            err_hint(err, "group by fewer or coarser columns, or give more --memory");
            return STATUS_USAGE;
        }
        TRY(counts_add(&values->keys, key->data, key->size, key->hash, 1, err));
        TRY(add_part(values, err));
    }
    return row_groups_number(groups, &values->keys, ret, err);
}

static enum status absorb_part(struct values *values, struct part *part, struct values_tally *tally,
                               size_t place, struct err *err)
{
    size_t count = values->plan.count;
    if (part->modes == NULL) {
        if (part->summary == NULL) return STATUS_OK;
        return summary_absorb(part->summary, &tally->summaries[place], err);
    }
    for (size_t i = 0; i < count; i++)
        TRY(mode_absorb(&part->modes[i], &tally->counts[place * count + i], err));
    return STATUS_OK;
}

enum status values_absorb(struct values *values, struct values_tally *tally, struct err *err)
{
    OWNED(memory_release) size_t *numbers = NULL;
    enum status status = absorb_part(values, &values->items[0], tally, 0, err);
    if (status == STATUS_OK && values->plan.by_count > 0)
        status = number_groups(values, &tally->groups, &numbers, err);
    for (size_t g = 0; status == STATUS_OK && g + 1 < tally->parts; g++)
        status = absorb_part(values, &values->items[numbers[g]], tally, g + 1, err);
    values_tally_release(tally);
    return status;
}

static enum status choose_mode(struct values *values, const struct part *part, size_t i,
                               struct err *err)
{
    const struct mode *mode = &part->modes[i];
    struct fill *fill = &part->fills[i];
    fill->known = mode->best_count > 0;
    if (!fill->known) return STATUS_OK;
    if (!is_text(&values->setup.schema->fields[values->plan.columns[i]])) {
        fill->number = key_number(mode->best.data);
        return STATUS_OK;
    }
    const char *text =
        arena_text(values->setup.arena, (const char *)mode->best.data, mode->best.size);
    if (text == NULL) return fail_memory(err, mode->best.size);
    fill->text = (struct str){text, mode->best.size};
    return STATUS_OK;
}

static enum status settle_modes(struct values *values, struct part *part, bool *ret_more,
                                struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < values->plan.count; i++) {
        bool more;
        TRY(mode_settle(&part->modes[i], &more, err));
        any = any || more;
    }
    *ret_more = *ret_more || any;
    for (size_t i = 0; !any && i < values->plan.count; i++)
        TRY(choose_mode(values, part, i, err));
    return STATUS_OK;
}

static enum status settle_part(struct values *values, struct part *part, bool *ret_more,
                               struct err *err)
{
    bool more;
    if (part->modes != NULL) return settle_modes(values, part, ret_more, err);
    if (part->summary == NULL) return STATUS_OK;
    TRY(summary_settle(part->summary, &more, err));
    *ret_more = *ret_more || more;
    if (more) return STATUS_OK;
    for (size_t i = 0; i < values->plan.count; i++) {
        const struct moments *moments = summary_moments(part->summary, i);
        part->fills[i].known = moments->count > 0;
        part->fills[i].number = values->plan.kind == VALUE_MEDIAN
                                    ? summary_quantile(part->summary, i, 0)
                                    : moments->mean;
    }
    summary_close(&part->summary);
    return STATUS_OK;
}

enum status values_settle(struct values *values, bool *ret_more, struct err *err)
{
    *ret_more = false;
    for (size_t p = 0; p < values->count; p++)
        TRY(settle_part(values, &values->items[p], ret_more, err));
    return STATUS_OK;
}

/* ---- use ---- */

enum status values_of_rows(const struct values *values, const struct window *window, size_t **ret,
                           struct err *err)
{
    *ret = NULL;
    if (values->plan.by_count == 0) return STATUS_OK;
    return row_groups_of_rows(window, values->plan.by, values->plan.by_count, &values->keys, ret,
                              err);
}

const struct fill *values_at(const struct values *values, size_t group, size_t index)
{
    const struct fill *own = &values->items[group].fills[index];
    return own->known ? own : &values->items[0].fills[index];
}

/* ---- state ---- */

static enum status save_part(const struct values *values, const struct part *part,
                             struct bytes *json, struct err *err)
{
    const char *separator = "";
    TRY(bytes_append_text(json, "\"columns\": {", err));
    for (size_t i = 0; i < values->plan.count; i++) {
        const struct field *field = &values->setup.schema->fields[values->plan.columns[i]];
        if (!part->fills[i].known) continue;
        TRY(bytes_append_text(json, separator, err));
        TRY(bytes_append_json(json, str_of(field->name), err));
        TRY(bytes_append_text(json, ": {", err));
        if (is_text(field))
            TRY(put_text(json, "value", part->fills[i].text, err));
        else
            TRY(put_real(json, "value", part->fills[i].number, err));
        TRY(bytes_append_text(json, "}", err));
        separator = ", ";
    }
    return bytes_append_text(json, "}", err);
}

enum status values_save(const struct values *values, struct bytes *json, struct err *err)
{
    TRY(save_part(values, &values->items[0], json, err));
    if (values->plan.by_count == 0) return STATUS_OK;
    TRY(bytes_append_text(json, ", \"groups\": [", err));
    for (size_t g = 0; g + 1 < values->count; g++) {
        const struct counted *key = &values->keys.items[g];
        TRY(bytes_append_text(json, g > 0 ? ", {" : "{", err));
        TRY(put_text(json, "key", (struct str){(const char *)key->data, key->size}, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(save_part(values, &values->items[g + 1], json, err));
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "]", err);
}

static enum status load_fill(struct values *values, size_t i, const struct yaml_node *node,
                             struct fill *fill, struct err *err)
{
    fill->known = true;
    if (!is_text(&values->setup.schema->fields[values->plan.columns[i]]))
        return get_real(node, "value", &fill->number, err);
    struct str text;
    TRY(get_text(node, "value", &text, err));
    const char *copy = arena_text(values->setup.arena, text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size);
    fill->text = (struct str){copy, text.size};
    return STATUS_OK;
}

static enum status load_part(struct values *values, struct part *part, const struct yaml_node *map,
                             struct err *err)
{
    const struct yaml_node *columns;
    TRY(get_map(map, "columns", &columns, err));
    for (size_t i = 0; i < values->plan.count; i++) {
        const struct yaml_node *node =
            yaml_get(columns, values->setup.schema->fields[values->plan.columns[i]].name);
        if (node != NULL) TRY(load_fill(values, i, node, &part->fills[i], err));
    }
    return STATUS_OK;
}

enum status values_load(struct values *values, const struct yaml_node *map, struct err *err)
{
    TRY(load_part(values, &values->items[0], map, err));
    if (values->plan.by_count == 0) return STATUS_OK;
    const struct yaml_node *groups = yaml_get(map, "groups");
    if (groups == NULL || groups->kind != YAML_LIST)
        return fail_at(map, err, "the saved state has no groups");
    for (size_t g = 0; g < groups->count; g++) {
        struct str key;
        TRY(get_text(groups->items[g], "key", &key, err));
        TRY(counts_add(&values->keys, key.data, key.size, count_hash(key.data, key.size), 1, err));
        if (values->keys.count != g + 1)
            return fail_at(groups->items[g], err, "a group occurs twice");
        TRY(add_part(values, err));
        TRY(load_part(values, &values->items[values->count - 1], groups->items[g], err));
    }
    return STATUS_OK;
}
