/* clean/plan.c: which steps run in which pass over the rows. */
#include "clean/plan.h"

#include <stdio.h>

/* Whether a step reads or changes a column of the schema it was opened with. */
static bool touches(const struct step *step, size_t column)
{
    return step->module->touches == NULL || step->module->touches(step->state, column);
}

static bool removes_rows(const struct step *step)
{
    const struct clean_module *module = step->module;
    if (!module->removes_rows) return false;
    return module->may_remove == NULL || module->may_remove(step->state);
}

/* Whether the columns that enter leave in the same places, perhaps with others behind them. */
static bool keeps_columns(const struct step *step)
{
    if (step->after->count < step->before->count) return false;
    for (size_t i = 0; i < step->before->count; i++)
        if (!field_equal(&step->before->fields[i], &step->after->fields[i])) return false;
    return true;
}

/* Whether what `later` sees is the same with and without `step` having been applied. */
static bool hides_nothing(const struct step *step, const struct step *later)
{
    if (!step_is_open(step) || !step_is_open(later)) return false;
    if (removes_rows(step) || step_learns_schema(step)) return false;
    if (!keeps_columns(step)) return false;
    for (size_t column = 0; column < later->before->count; column++) {
        bool changed = column >= step->before->count || touches(step, column);
        if (changed && touches(later, column)) return false;
    }
    return true;
}

static bool joins(const struct step *steps, size_t from, size_t candidate)
{
    if (!step_must_fit(&steps[candidate])) return false;
    for (size_t i = from; i < candidate; i++)
        if (!hides_nothing(&steps[i], &steps[candidate])) return false;
    return true;
}

static struct pass_plan plan_from(const struct step *steps, size_t count, size_t first,
                                  size_t settled, bool rereadable)
{
    struct pass_plan plan = {.first = first, .last = first};
    while (plan.last < count && (plan.last < settled || !step_must_fit(&steps[plan.last])))
        plan.last++;
    if (plan.last == count) return plan;
    plan.fits = 1;
    while (plan.last + plan.fits < count && joins(steps, plan.last, plan.last + plan.fits))
        plan.fits++;
    plan.spools = plan.first != plan.last || !rereadable;
    return plan;
}

struct pass_plan plan_pass(const struct step *steps, size_t count, size_t first, bool rereadable)
{
    return plan_from(steps, count, first, first, rereadable);
}

size_t plan_most_fits(const struct step *steps, size_t count, size_t first)
{
    size_t most = 0, settled = first;
    for (struct pass_plan plan = {.fits = 1}; plan.fits > 0; first = plan.last) {
        plan = plan_from(steps, count, first, settled, true);
        settled = plan.last + plan.fits;
        if (plan.fits > most) most = plan.fits;
    }
    return most;
}

/* ---- for people ---- */

static enum status list_steps(const struct step *steps, size_t first, size_t last,
                              struct bytes *ret, struct err *err)
{
    for (size_t i = first; i < last; i++)
        TRY(bytes_format(ret, err, "%s%d %s", i == first ? "" : ", ", steps[i].position,
                         steps[i].module->name));
    return STATUS_OK;
}

static enum status explain_pass(const struct step *steps, const struct pass_plan *plan, int number,
                                const char *source, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "pass %d: read %s", number, source));
    if (plan->last > plan->first) {
        TRY(bytes_append_text(ret, "; apply ", err));
        TRY(list_steps(steps, plan->first, plan->last, ret, err));
        if (plan->last - plan->first > 1) TRY(bytes_append_text(ret, " (fused)", err));
    }
    if (plan->fits == 0) return bytes_append_text(ret, "; write the output\n", err);
    TRY(bytes_append_text(ret, "; fit ", err));
    TRY(list_steps(steps, plan->last, plan->last + plan->fits, ret, err));
    if (plan->fits > 1) TRY(bytes_append_text(ret, " (together)", err));
    int most = 1;
    for (size_t i = plan->last; i < plan->last + plan->fits; i++)
        if (steps[i].module->passes > most) most = steps[i].module->passes;
    if (most > 1) TRY(bytes_format(ret, err, " in %d readings", most));
    return bytes_append_text(ret, plan->spools ? "; spool the rows\n" : "\n", err);
}

enum status plan_explain(const struct step *steps, size_t count, const char *input, bool rereadable,
                         struct bytes *ret, struct err *err)
{
    const char *source = input;
    char spool[32];
    size_t first = 0, settled = 0;
    int spools = 0, number = 0;
    for (struct pass_plan plan = {.fits = 1}; plan.fits > 0;) {
        plan = plan_from(steps, count, first, settled, rereadable);
        TRY(explain_pass(steps, &plan, ++number, source, ret, err));
        if (plan.spools) {
            snprintf(spool, sizeof spool, "spool %d", ++spools);
            source = spool;
            rereadable = true;
        }
        first = plan.last;
        settled = plan.last + plan.fits;
    }
    return bytes_format(ret, err, "passes: %d, spools: %d\n", number, spools);
}

static enum status explain_round(const struct step *steps, const struct pass_plan *plan, int round,
                                 struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "round %d: ", round));
    if (plan->last > 0) {
        TRY(bytes_append_text(ret, "apply ", err));
        TRY(list_steps(steps, 0, plan->last, ret, err));
        TRY(bytes_append_text(ret, "; ", err));
    }
    TRY(bytes_append_text(ret, "fit ", err));
    TRY(list_steps(steps, plan->last, plan->last + plan->fits, ret, err));
    return bytes_append_text(ret, "; merge\n", err);
}

enum status plan_explain_rounds(const struct step *steps, size_t count, struct bytes *ret,
                                struct err *err)
{
    int rounds = 0;
    size_t settled = 0;
    for (;;) {
        struct pass_plan plan = plan_from(steps, count, 0, settled, true);
        if (plan.fits == 0) break;
        TRY(explain_round(steps, &plan, ++rounds, ret, err));
        settled = plan.last + plan.fits;
    }
    return bytes_format(ret, err, "rounds: %d\n", rounds);
}
