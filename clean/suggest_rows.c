/* clean/suggest_rows.c: expectations, and steps about rows and whole columns, drafted from facts.
 */
#include "clean/numbers.h"
#include "clean/suggest_draft.h"

#include <stdio.h>

#define SHARE_OF_OUTLIERS 0.02 /* more than this is no outlier but a tail */
#define SHARE_OF_NULLS    0.4  /* more than this is not worth filling */
#define VALUES_IN_A_SET   12
#define SHARE_OF_RARE     0.01 /* a value of a set that is rarer may be a mistake */
#define SHARE_OF_MISTAKES 0.05 /* all of them together are at most */

/* How many rows were flagged for one column, from the names the module wrote. */
static int64_t outliers_of(const struct draft *draft, const char *column)
{
    int64_t at = schema_find(draft->schema, str_of(TRIAL_FLAG "_column"));
    if (at < 0 || draft->facts[at].many) return 0;
    return counts_of(&draft->facts[at].values, column, strlen(column));
}

/* ---- expectations ---- */

static enum status begin_rules(struct draft *draft, struct err *err)
{
    if (!draft->none_yet) return STATUS_OK;
    draft->none_yet = false;
    return say(draft, err,
               "\n  # What holds today, as expectations; rows that break one are "
               "flagged and the run ends with 3.\n  - validate:\n      rules:\n");
}

static enum status draft_complete(struct draft *draft, struct err *err)
{
    struct list list = {.draft = draft};
    for (size_t i = 0; i < draft->schema->count; i++) {
        if (!is_given(draft, i) || draft->facts[i].nulls > 0) continue;
        if (list.count == 0) {
            TRY(begin_rules(draft, err));
            TRY(say(draft, err, "        - {columns: ["));
        }
        TRY(list_name(&list, draft->schema->fields[i].name, err));
    }
    return list.count > 0 ? say(draft, err, "], not_null: true}\n") : STATUS_OK;
}

struct set {
    size_t values; /* frequent enough to be meant */
    int64_t rare;  /* rows with any other */
};

static bool is_rare(const struct column_facts *facts, int64_t count)
{
    return count < 2 || (double)count < SHARE_OF_RARE * (double)facts->rows;
}

static struct set set_of(const struct column_facts *facts)
{
    struct set set = {0, 0};
    for (size_t i = 0; !facts->many && i < facts->values.count; i++) {
        int64_t count = facts->values.items[i].count;
        if (is_rare(facts, count))
            set.rare += count;
        else
            set.values++;
    }
    return set;
}

/* A handful of words, and next to nothing else. */
static bool is_set(const struct column_facts *facts)
{
    struct set set = set_of(facts);
    return set.values > 1 && set.values <= VALUES_IN_A_SET &&
           facts->rows >= 10 * (int64_t)set.values &&
           (double)set.rare <= SHARE_OF_MISTAKES * (double)facts->rows;
}

static enum status draft_set(struct draft *draft, const struct column_facts *facts, struct err *err)
{
    size_t count = 0;
    TRY(say(draft, err, ", in: ["));
    for (size_t i = 0; i < facts->values.count; i++) {
        const struct counted *value = &facts->values.items[i];
        if (is_rare(facts, value->count)) continue;
        if (count++ > 0) TRY(say(draft, err, ", "));
        TRY(word_text(draft->text, (struct str){(const char *)value->data, value->size}, err));
    }
    int64_t rare = set_of(facts).rare;
    if (rare == 0) return say(draft, err, "]}\n");
    return say(draft, err, "], mostly: %g} # %lld rows hold something else\n",
               1 - SHARE_OF_MISTAKES, (long long)rare);
}

static enum status begin_rule(struct draft *draft, size_t column, struct err *err)
{
    TRY(begin_rules(draft, err));
    TRY(say(draft, err, "        - {column: "));
    return word_text(draft->text, str_of(draft->schema->fields[column].name), err);
}

static enum status draft_rule(struct draft *draft, size_t column, struct err *err)
{
    const struct column_facts *facts = &draft->facts[column];
    const struct field *field = &draft->schema->fields[column];
    bool text = field->type.id == TYPE_UTF8;
    if (facts->rows >= 20 && facts_is_key(facts) && (text || type_is_integer(field->type.id))) {
        TRY(begin_rule(draft, column, err));
        return say(draft, err, ", unique: true}\n");
    }
    bool clean = outliers_of(draft, field->name) == 0; /* else the range says little */
    if (facts->has_range && facts->low < facts->high && clean) {
        TRY(begin_rule(draft, column, err));
        TRY(say(draft, err, ", between: ["));
        TRY(word_number(draft->text, round_outward(facts->low, false), err));
        TRY(say(draft, err, ", "));
        TRY(word_number(draft->text, round_outward(facts->high, true), err));
        return say(draft, err, "]}\n");
    }
    if (!text || !is_set(facts) || is_masked(draft, field->name)) return STATUS_OK;
    TRY(begin_rule(draft, column, err));
    return draft_set(draft, facts, err);
}

enum status draft_validate(struct draft *draft, struct err *err)
{
    draft->none_yet = true;
    if (draft->chain->rows_in == 0) return STATUS_OK;
    TRY(draft_complete(draft, err));
    for (size_t i = 0; i < draft->schema->count; i++)
        if (is_given(draft, i)) TRY(draft_rule(draft, i, err));
    return STATUS_OK;
}

/* ---- rows ---- */

enum status draft_deduplicate(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "deduplicate");
    if (step->effect.merged == 0) {
        leave_out(draft, "deduplicate");
        return STATUS_OK;
    }
    return say(draft, err, "\n  # %lld rows are copies of others.\n  - deduplicate: {}\n",
               (long long)step->effect.merged);
}

enum status draft_outliers(struct draft *draft, struct err *err)
{
    struct list list = {.draft = draft};
    char counts[512] = "";
    bool taken = schema_find(draft->chain->input, str_of("outlier")) >= 0;
    for (size_t i = 0; i < draft->schema->count; i++) {
        const char *name = draft->schema->fields[i].name;
        int64_t found = is_given(draft, i) ? outliers_of(draft, name) : 0;
        if (found == 0 || (double)found > SHARE_OF_OUTLIERS * (double)draft->facts[i].rows)
            continue;
        if (list.count == 0)
            TRY(say(draft, err,
                    "\n  # Numbers far outside the rest of their column.\n"
                    "  - outliers: {method: mad, action: flag, %scolumns: [",
                    taken ? "flag: far_outside, " : ""));
        TRY(list_name(&list, name, err));
        size_t used = strlen(counts);
        snprintf(counts + used, sizeof counts - used, "%s%.40s %lld", used == 0 ? "" : ", ", name,
                 (long long)found);
    }
    if (list.count == 0) {
        leave_out(draft, "outliers");
        return STATUS_OK;
    }
    char shown[600];
    return say(draft, err, "]} # %s\n", escape_for_terminal(str_of(counts), shown, sizeof shown));
}

/* ---- filling ---- */

enum filling { FILL_MEDIAN, FILL_MODE, FILL_NOTHING };

static enum filling filling_of(const struct draft *draft, size_t column)
{
    const struct column_facts *facts = &draft->facts[column];
    const struct field *field = &draft->schema->fields[column];
    double share = (double)facts->nulls / (double)(facts->rows == 0 ? 1 : facts->rows);
    if (!is_given(draft, column) || facts->nulls == 0 || share > SHARE_OF_NULLS)
        return FILL_NOTHING;
    if (field_is_number(field)) return FILL_MEDIAN;
    bool words = field->type.id == TYPE_UTF8 || field->type.id == TYPE_BOOL;
    return words && !facts->many && !is_masked(draft, field->name) ? FILL_MODE : FILL_NOTHING;
}

static enum status draft_fill(struct draft *draft, enum filling filling, const char *method,
                              bool *ret_any, struct err *err)
{
    struct list list = {.draft = draft};
    for (size_t i = 0; i < draft->schema->count; i++) {
        if (filling_of(draft, i) != filling) continue;
        if (list.count == 0 && !*ret_any)
            TRY(say(draft, err,
                    "\n  # Nulls that are few enough to fill; a column says which they "
                    "were.\n"));
        if (list.count == 0)
            TRY(say(draft, err, "  - impute: {method: %s, indicator: true, columns: [", method));
        TRY(list_name(&list, draft->schema->fields[i].name, err));
        *ret_any = true;
    }
    return list.count > 0 ? say(draft, err, "]}\n") : STATUS_OK;
}

enum status draft_impute(struct draft *draft, struct err *err)
{
    bool any = false;
    TRY(draft_fill(draft, FILL_MEDIAN, "median", &any, err));
    TRY(draft_fill(draft, FILL_MODE, "mode", &any, err));
    if (!any) leave_out(draft, "impute");
    return STATUS_OK;
}

enum status draft_normalize(struct draft *draft, struct err *err)
{
    struct list list = {.draft = draft};
    for (size_t i = 0; i < draft->schema->count; i++) {
        if (!is_given(draft, i) || draft->schema->fields[i].type.id != TYPE_FLOAT64) continue;
        if (list.count == 0)
            TRY(say(draft, err,
                    "\n  # For a model, and with the state of the training data:\n"
                    "  # - normalize: {method: standard, columns: ["));
        TRY(list_name(&list, draft->schema->fields[i].name, err));
    }
    return list.count > 0 ? say(draft, err, "]}\n") : STATUS_OK;
}
