/* clean/outliers_fences.c: two fences a column. */
#include "clean/outliers_fences.h"

#include "clean/parameters.h"

#include <math.h>

/* 1 / quantile(normal, 3/4): makes the MAD estimate the standard deviation of normal data. */
#define MAD_CONSISTENCY 1.482602218505602

struct fences {
    struct fences_plan plan;
    struct summary *summary;
    struct fence items[];
};

enum status fences_open(struct fences **ret, const struct fences_plan *plan, struct err *err)
{
    static const double median[] = {0.5}, quartiles[] = {0.25, 0.5, 0.75};
    size_t bytes = sizeof(struct fences) + plan->count * sizeof(struct fence);
    struct fences *fences = memory_get(1, bytes);
    if (fences == NULL) return fail_memory(err, bytes);
    *ret = fences;
    fences->plan = *plan;
    struct summary_plan summary = {
        .columns = plan->columns,
        .count = plan->count,
        .fractions = plan->method == FENCE_MAD ? median : quartiles,
        .fraction_count = plan->method == FENCE_MAD   ? 1
                          : plan->method == FENCE_IQR ? 3
                                                      : 0,
        .deviations = plan->method == FENCE_MAD,
        .memory = plan->memory,
        .threads = plan->threads,
    };
    return summary_open(&fences->summary, &summary, err);
}

struct summary *fences_summary(const struct fences *fences)
{
    return fences->summary;
}

void fences_close(struct fences **fences)
{
    if (*fences == NULL) return;
    summary_close(&(*fences)->summary);
    memory_free(*fences);
    *fences = NULL;
}

/* ---- fit ---- */

static void set_fence(struct fence *fence, double low, double high, double reach)
{
    bool spread = reach > 0;
    fence->low = spread ? low - reach : -INFINITY;
    fence->high = spread ? high + reach : INFINITY;
}

static void fit_fence(const struct fences_plan *plan, const struct summary *s, size_t i,
                      struct fence *fence)
{
    switch (plan->method) {
    case FENCE_MAD:
        fence->center = summary_median(s, i);
        fence->spread = MAD_CONSISTENCY * summary_deviation(s, i);
        break;
    case FENCE_IQR:
        fence->center = summary_quantile(s, i, 1);
        fence->spread = summary_quantile(s, i, 2) - summary_quantile(s, i, 0);
        set_fence(fence, summary_quantile(s, i, 0), summary_quantile(s, i, 2),
                  plan->threshold * fence->spread);
        return;
    case FENCE_Z:
        fence->center = summary_moments(s, i)->mean;
        fence->spread = sqrt(moments_variance(summary_moments(s, i)));
        break;
    }
    set_fence(fence, fence->center, fence->center, plan->threshold * fence->spread);
}

static enum status name_fence(const struct fences *fences, struct fence *fence, struct err *err)
{
    fence->text = arena_format(fences->plan.arena, "[%.6g, %.6g]", fence->low, fence->high);
    return fence->text == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status fences_settle(struct fences *fences, bool *ret_more, struct err *err)
{
    TRY(summary_settle(fences->summary, ret_more, err));
    for (size_t i = 0; !*ret_more && i < fences->plan.count; i++) {
        fit_fence(&fences->plan, fences->summary, i, &fences->items[i]);
        TRY(name_fence(fences, &fences->items[i], err));
    }
    if (!*ret_more) summary_close(&fences->summary);
    return STATUS_OK;
}

const struct fence *fences_at(const struct fences *fences, size_t index)
{
    return &fences->items[index];
}

/* ---- state ---- */

static const char *const names[] = {"low", "high", "center", "spread"};

enum status fences_save(const struct fences *fences, const struct schema *schema,
                        struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "{", err));
    for (size_t i = 0; i < fences->plan.count; i++) {
        const struct fence *fence = &fences->items[i];
        const double values[] = {fence->low, fence->high, fence->center, fence->spread};
        if (i > 0) TRY(bytes_append_text(json, ", ", err));
        TRY(bytes_append_json(json, str_of(schema->fields[fences->plan.columns[i]].name), err));
        for (size_t k = 0; k < 4; k++) {
            TRY(bytes_append_text(json, k == 0 ? ": {" : ", ", err));
            TRY(put_real(json, names[k], values[k], err));
        }
        TRY(bytes_append_text(json, "}", err));
    }
    return bytes_append_text(json, "}", err);
}

enum status fences_load(struct fences *fences, const struct schema *schema,
                        const struct yaml_node *map, struct err *err)
{
    for (size_t i = 0; i < fences->plan.count; i++) {
        struct fence *fence = &fences->items[i];
        double *const values[] = {&fence->low, &fence->high, &fence->center, &fence->spread};
        const struct yaml_node *node;
        TRY(get_map(map, schema->fields[fences->plan.columns[i]].name, &node, err));
        for (size_t k = 0; k < 4; k++)
            TRY(get_real(node, names[k], values[k], err));
        TRY(name_fence(fences, fence, err));
    }
    return STATUS_OK;
}
