/* clean/outliers_judges.c: what outliers learns, from all rows and from each group. */
#include "clean/outliers_judges.h"

#include "clean/numbers.h"
#include "clean/parameters.h"

#define FENCE_MEMORY ((size_t)64 << 10) /* of one column of one group */

struct part {
    struct fences *fences;
    struct unusual *unusual;
    const char *threshold_text;
};

struct judges {
    struct judges_plan plan;
    struct module_setup setup;
    struct counts keys; /* group g has part g + 1 */
    struct part *items;
    size_t count, room;
};

/* ---- life ---- */

static enum status open_part(struct judges *judges, struct part *part, bool all, struct err *err)
{
    const struct judges_plan *plan = &judges->plan;
    *part = (struct part){0};
    if (plan->of_rows) return unusual_open(&part->unusual, &plan->rows, &judges->setup, err);
    struct fences_plan fences = {
        .method = plan->fence,
        .threshold = plan->threshold,
        .columns = plan->columns,
        .count = plan->count,
        .memory = !all                 ? FENCE_MEMORY * plan->count
                  : plan->by_count > 0 ? judges->setup.memory / 4
                                       : judges->setup.memory,
        .threads = all ? judges->setup.threads : 1,
        .arena = judges->setup.arena,
    };
    return fences_open(&part->fences, &fences, err);
}

static enum status add_part(struct judges *judges, struct err *err)
{
    if (judges->count == judges->room) {
        size_t room = judges->room == 0 ? 4 : judges->room * 2;
        struct part *items = memory_resize(judges->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        judges->items = items;
        judges->room = room;
    }
    judges->count++;
    return open_part(judges, &judges->items[judges->count - 1], judges->count == 1, err);
}

enum status judges_open(struct judges **ret, const struct judges_plan *plan, struct err *err)
{
    struct judges *judges;
    TRY(NEW(&judges, 1, err));
    *ret = judges;
    judges->plan = *plan;
    judges->setup = *plan->setup;
    return add_part(judges, err);
}

void judges_close(struct judges **ret)
{
    struct judges *judges = *ret;
    if (judges == NULL) return;
    for (size_t p = 0; p < judges->count; p++) {
        fences_close(&judges->items[p].fences);
        unusual_close(&judges->items[p].unusual);
    }
    memory_free(judges->items);
    counts_release(&judges->keys);
    memory_free(judges);
    *ret = NULL;
}

/* ---- one window ---- */

/* The values of the columns in the order of the groups. */
static enum status gather(const struct judges *judges, const struct window *window,
                          const struct row_groups *groups, double **ret, struct err *err)
{
    size_t rows = (size_t)window->batch->rows;
    OWNED(memory_release) double *values = NULL;
    TRY(NEW(&values, rows + 1, err));
    TRY(NEW(ret, rows * judges->plan.count + 1, err));
    for (size_t j = 0; j < judges->plan.count; j++) {
        size_t at = judges->plan.columns[j];
        numbers_read(&window->batch->schema->fields[at], window->batch->columns[at], values);
        for (size_t i = 0; i < rows; i++)
            (*ret)[j * rows + i] = values[groups->order[i]];
    }
    return STATUS_OK;
}

/* In the first pass no group is known yet, and all want the same of every value. */
static enum status observe_groups(const struct judges *judges, int pass,
                                  const struct window *window, struct judges_tally *tally,
                                  struct err *err)
{
    const struct row_groups *groups = &tally->groups;
    size_t rows = (size_t)window->batch->rows;
    OWNED(memory_release) double *values = NULL;
    OWNED(memory_release) size_t *numbers = NULL;
    TRY(gather(judges, window, groups, &values, err));
    TRY(NEW(&tally->grouped, groups->keys.count + 1, err));
    if (pass > 0) TRY(row_groups_number(groups, &judges->keys, &numbers, err));
    for (size_t g = 0; g < groups->keys.count; g++) {
        const struct summary *summary =
            fences_summary(judges->items[pass > 0 ? numbers[g] : 0].fences);
        if (summary == NULL) continue; /* it has its fences */
        TRY(summary_observe_values(summary, values + groups->first[g], rows,
                                   (int64_t)(groups->first[g + 1] - groups->first[g]),
                                   &tally->grouped[g], err));
    }
    return STATUS_OK;
}

enum status judges_observe(const struct judges *judges, int pass, const struct window *window,
                           struct judges_tally *tally, struct err *err)
{
    const struct judges_plan *plan = &judges->plan;
    if (plan->by_count > 0)
        TRY(row_groups_find(window, plan->by, plan->by_count, &tally->groups, err));
    if (plan->of_rows)
        return sample_observe(window, plan->columns, plan->count, judges->setup.seed,
                              &tally->sample, err);
    if (plan->by_count > 0) TRY(observe_groups(judges, pass, window, tally, err));
    const struct summary *all = fences_summary(judges->items[0].fences);
    return all == NULL ? STATUS_OK : summary_observe(all, window, &tally->summary, err);
}

bool judges_carry_tallies(const struct judges *judges)
{
    return judges->plan.of_rows && judges->plan.by_count == 0;
}

enum status judges_tally_carry(const struct judges *judges, struct judges_tally *tally,
                               struct wire *wire, struct err *err)
{
    /* One more than fits, which is what makes a full sample shed. */
    size_t most = unusual_sample(judges->items[0].unusual)->most + 1;
    return sample_tally_carry(&tally->sample, judges->plan.count, most, wire, err);
}

void judges_tally_release(struct judges_tally *tally)
{
    for (size_t g = 0; tally->grouped != NULL && g < tally->groups.keys.count; g++)
        summary_tally_release(&tally->grouped[g]);
    memory_free(tally->grouped);
    tally->grouped = NULL;
    summary_tally_release(&tally->summary);
    sample_tally_release(&tally->sample);
    row_groups_release(&tally->groups);
}

/* ---- all windows ---- */

static size_t judges_most(const struct judges *judges)
{
    const struct judges_plan *plan = &judges->plan;
    size_t each = plan->of_rows ? unusual_bytes(&plan->rows) : FENCE_MEMORY * plan->count;
    return 1 + judges->setup.memory / 2 / each;
}

/* The part of each group of the window, made where the group is new. */
static enum status number_groups(struct judges *judges, const struct row_groups *groups,
                                 size_t **ret, struct err *err)
{
    for (size_t g = 0; g < groups->keys.count; g++) {
        const struct counted *key = &groups->keys.items[g];
        if (counts_place(&judges->keys, key->data, key->size) != SIZE_MAX) continue;
        if (judges->count == judges_most(judges)) {
            fail(err, STATUS_USAGE, "more than %zu groups to learn from separately",
                 judges->count - 1);
            err_hint(err, "group by fewer or coarser columns, look at fewer columns, or give more "
                          "--memory");
            return STATUS_USAGE;
        }
        TRY(counts_add(&judges->keys, key->data, key->size, key->hash, 1, err));
        TRY(add_part(judges, err));
    }
    return row_groups_number(groups, &judges->keys, ret, err);
}

/* The sampled rows of one group to its own sample. */
static enum status share_sample(struct judges *judges, const struct judges_tally *tally, size_t g,
                                size_t part, struct err *err)
{
    const struct row_groups *groups = &tally->groups;
    size_t first = groups->first[g], count = groups->first[g + 1] - first;
    OWNED(sample_tally_release) struct sample_tally own = {0};
    TRY(sample_tally_pick(&tally->sample, judges->plan.count, groups->order + first, count, &own,
                          err));
    return sample_absorb(unusual_sample(judges->items[part].unusual), &own, err);
}

static enum status absorb_groups(struct judges *judges, struct judges_tally *tally, struct err *err)
{
    OWNED(memory_release) size_t *numbers = NULL;
    TRY(number_groups(judges, &tally->groups, &numbers, err));
    for (size_t g = 0; g < tally->groups.keys.count; g++) {
        if (judges->plan.of_rows) {
            TRY(share_sample(judges, tally, g, numbers[g], err));
            continue;
        }
        struct summary *summary = fences_summary(judges->items[numbers[g]].fences);
        if (summary != NULL) TRY(summary_absorb(summary, &tally->grouped[g], err));
    }
    return STATUS_OK;
}

static enum status absorb(struct judges *judges, struct judges_tally *tally, struct err *err)
{
    if (judges->plan.by_count > 0) TRY(absorb_groups(judges, tally, err));
    if (judges->plan.of_rows)
        return sample_absorb(unusual_sample(judges->items[0].unusual), &tally->sample, err);
    struct summary *all = fences_summary(judges->items[0].fences);
    return all == NULL ? STATUS_OK : summary_absorb(all, &tally->summary, err);
}

enum status judges_absorb(struct judges *judges, struct judges_tally *tally, struct err *err)
{
    enum status status = absorb(judges, tally, err);
    judges_tally_release(tally);
    return status;
}

static enum status name_threshold(struct judges *judges, struct part *part, struct err *err)
{
    double threshold =
        judges->plan.threshold > 0 ? judges->plan.threshold : unusual_cut(part->unusual);
    part->threshold_text = arena_format(judges->setup.arena, "%g", threshold);
    return part->threshold_text == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static enum status settle_part(struct judges *judges, struct part *part, bool *ret_more,
                               struct err *err)
{
    if (judges->plan.of_rows) {
        TRY(unusual_fit(part->unusual, err));
        return name_threshold(judges, part, err);
    }
    bool more = false;
    if (fences_summary(part->fences) != NULL) TRY(fences_settle(part->fences, &more, err));
    *ret_more = *ret_more || more;
    return STATUS_OK;
}

enum status judges_settle(struct judges *judges, bool *ret_more, struct err *err)
{
    *ret_more = false;
    for (size_t p = 0; p < judges->count; p++)
        TRY(settle_part(judges, &judges->items[p], ret_more, err));
    return STATUS_OK;
}

/* ---- use ---- */

enum status judges_of_rows(const struct judges *judges, const struct window *window, size_t **ret,
                           struct err *err)
{
    *ret = NULL;
    if (judges->plan.by_count == 0) return STATUS_OK;
    return row_groups_of_rows(window, judges->plan.by, judges->plan.by_count, &judges->keys, ret,
                              err);
}

const struct fence *judges_fence(const struct judges *judges, size_t part, size_t index)
{
    return fences_at(judges->items[part].fences, index);
}

const struct unusual *judges_unusual(const struct judges *judges, size_t part)
{
    return judges->items[part].unusual;
}

double judges_threshold(const struct judges *judges, size_t part, const char **ret_text)
{
    if (ret_text != NULL) *ret_text = judges->items[part].threshold_text;
    if (judges->plan.threshold > 0) return judges->plan.threshold;
    return unusual_cut(judges->items[part].unusual);
}

/* ---- state ---- */

static enum status save_part(const struct judges *judges, const struct part *part,
                             struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, judges->plan.of_rows ? "\"rows\": " : "\"columns\": ", err));
    if (judges->plan.of_rows) return unusual_save(part->unusual, json, err);
    return fences_save(part->fences, judges->setup.schema, json, err);
}

enum status judges_save(const struct judges *judges, struct bytes *json, struct err *err)
{
    TRY(save_part(judges, &judges->items[0], json, err));
    if (judges->plan.by_count == 0) return STATUS_OK;
    TRY(bytes_append_text(json, ", \"groups\": [", err));
    for (size_t g = 0; g + 1 < judges->count; g++) {
        const struct counted *key = &judges->keys.items[g];
        TRY(bytes_append_text(json, g > 0 ? ", {" : "{", err));
        TRY(put_text(json, "key", (struct str){(const char *)key->data, key->size}, err));
        TRY(bytes_append_text(json, ", ", err));
        TRY(save_part(judges, &judges->items[g + 1], json, err));
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "]", err);
}

static enum status load_part(struct judges *judges, struct part *part, const struct yaml_node *map,
                             struct err *err)
{
    const struct yaml_node *node;
    TRY(get_map(map, judges->plan.of_rows ? "rows" : "columns", &node, err));
    if (!judges->plan.of_rows) return fences_load(part->fences, judges->setup.schema, node, err);
    TRY(unusual_load(part->unusual, node, err));
    return name_threshold(judges, part, err);
}

enum status judges_load(struct judges *judges, const struct yaml_node *map, struct err *err)
{
    TRY(load_part(judges, &judges->items[0], map, err));
    if (judges->plan.by_count == 0) return STATUS_OK;
    const struct yaml_node *groups = yaml_get(map, "groups");
    if (groups == NULL || groups->kind != YAML_LIST)
        return fail_at(map, err, "the saved state has no groups");
    for (size_t g = 0; g < groups->count; g++) {
        struct str key;
        TRY(get_text(groups->items[g], "key", &key, err));
        TRY(counts_add(&judges->keys, key.data, key.size, count_hash(key.data, key.size), 1, err));
        if (judges->keys.count != g + 1)
            return fail_at(groups->items[g], err, "a group occurs twice");
        TRY(add_part(judges, err));
        TRY(load_part(judges, &judges->items[judges->count - 1], groups->items[g], err));
    }
    return STATUS_OK;
}
