/* clean/suggest_cells.c: steps that change single cells, drafted with what their trials learned. */
#include "clean/suggest_draft.h"

#define PARAMETERS_MAXIMUM ((size_t)64 << 20)
#define NODES_MAXIMUM      ((size_t)10000000)
#define SHARE_OF_SPELLINGS 0.05 /* more respelled cells of a column are likely other values */
#define FINDS_TO_MASK      3    /* fewer are told, not masked */

static enum status comment_reasons(struct draft *draft, const struct step *step, struct err *err)
{
    for (size_t i = 0; i < step->reason_count; i++) {
        const struct finding *reason = &step->reasons[i];
        char column[128];
        escape_for_terminal(str_of(reason->column), column, sizeof column);
        TRY(say(draft, err, "  #   %s: %s, %lld cells\n", column, reason->rule,
                (long long)reason->rows));
    }
    return STATUS_OK;
}

/* Names of the columns a step changed. */
static enum status list_changed(struct draft *draft, const struct step *step, struct err *err)
{
    struct list list = {.draft = draft};
    for (size_t i = 0; i < step->after->count; i++)
        if (step->cells[i] > 0) TRY(list_name(&list, step->after->fields[i].name, err));
    return STATUS_OK;
}

/* What a step learned, as a tree. */
static enum status parameters_of(const struct step *step, struct yaml **ret, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(PARAMETERS_MAXIMUM);
    TRY(step->module->save(step->state, &json, err));
    struct str text = {(const char *)json.data, json.size};
    return yaml_parse_within(ret, step->module->name, text, PARAMETERS_MAXIMUM, NODES_MAXIMUM, err);
}

/* ---- module by module ---- */

enum status draft_text(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "text");
    if (step->effect.cells == 0) {
        leave_out(draft, "text");
        return STATUS_OK;
    }
    TRY(say(draft, err, "\n  # Texts that were decoded wrongly or carry what nobody sees.\n"));
    TRY(comment_reasons(draft, step, err));
    TRY(say(draft, err, "  - text: {columns: ["));
    TRY(list_changed(draft, step, err));
    return say(draft, err, "]}\n");
}

static enum status draft_markers(struct draft *draft, const struct yaml_node *column,
                                 const char *key, struct list *list, struct err *err)
{
    const struct yaml_node *values = yaml_get(column, key);
    size_t count = 0;
    for (size_t i = 0; i < values->count; i++) {
        struct str value = values->items[i]->text;
        if (value.size == 0) continue; /* the empty text stands for null everywhere */
        if (count == 0)
            TRY(say(draft, err, "%s%s: [", list->count++ > 0 ? ", " : "", key));
        else
            TRY(say(draft, err, ", "));
        count++;
        if (values->items[i]->quoted)
            TRY(bytes_append_json(draft->text, value, err));
        else
            TRY(bytes_append(draft->text, value.data, value.size, err));
    }
    return count > 0 ? say(draft, err, "]") : STATUS_OK;
}

static bool has_markers(const struct yaml_node *column)
{
    const struct yaml_node *markers = yaml_get(column, "markers");
    for (size_t i = 0; i < markers->count; i++)
        if (markers->items[i]->text.size > 0) return true;
    return yaml_get(column, "numbers")->count > 0;
}

static enum status draft_missing_columns(struct draft *draft, const struct yaml_node *columns,
                                         struct err *err)
{
    bool begun = false;
    for (size_t i = 0; i < columns->count; i++) {
        struct list list = {.draft = draft};
        if (!has_markers(columns->items[i])) continue;
        if (!begun) TRY(say(draft, err, "      columns:\n"));
        begun = true;
        TRY(say(draft, err, "        "));
        TRY(word_text(draft->text, columns->keys[i]->text, err));
        TRY(say(draft, err, ": {"));
        TRY(draft_markers(draft, columns->items[i], "markers", &list, err));
        TRY(draft_markers(draft, columns->items[i], "numbers", &list, err));
        TRY(say(draft, err, "}\n"));
    }
    return STATUS_OK;
}

enum status draft_missing(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "missing");
    OWNED(yaml_close) struct yaml *learned = NULL;
    if (step->effect.cells == 0) {
        leave_out(draft, "missing");
        return STATUS_OK;
    }
    TRY(parameters_of(step, &learned, err));
    TRY(say(draft, err,
            "\n  # Texts and numbers that stand for \"not known\"; the empty text does "
            "everywhere.\n"));
    TRY(comment_reasons(draft, step, err));
    TRY(say(draft, err, "  - missing:\n      defaults: false\n      markers: [\"\"]\n"));
    return draft_missing_columns(draft, yaml_get(yaml_root(learned), "columns"), err);
}

/* "int64", or {type: float64, decimal: comma}: what the name of the number style says. */
static enum status draft_type(struct draft *draft, const struct yaml_node *column, struct err *err)
{
    struct str type = yaml_get(column, "type")->text, style = yaml_get(column, "style")->text,
               order = yaml_get(column, "order")->text;
    bool comma = style.size >= 5 && memcmp(style.data, "comma", 5) == 0;
    bool moment = type.size > 4 && (memcmp(type.data, "date", 4) == 0 ||
                                    (type.size > 8 && memcmp(type.data, "timestamp", 9) == 0));
    TRY(say(draft, err, comma || moment ? "{type: " : ""));
    TRY(str_is(type, "date32") ? say(draft, err, "date")
        : moment               ? say(draft, err, "timestamp")
                               : word_text(draft->text, type, err));
    if (comma) TRY(say(draft, err, ", decimal: comma"));
    if (moment) TRY(say(draft, err, ", order: %.*s", (int)order.size, order.data));
    return comma || moment ? say(draft, err, "}") : STATUS_OK;
}

enum status draft_types(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "types");
    OWNED(yaml_close) struct yaml *learned = NULL;
    bool begun = false;
    TRY(parameters_of(step, &learned, err));
    const struct yaml_node *columns = yaml_get(yaml_root(learned), "columns");
    for (size_t i = 0; columns != NULL && i < columns->count; i++) {
        if (str_is(yaml_get(columns->items[i], "type")->text, "utf8")) continue;
        if (!begun) {
            TRY(say(draft, err,
                    "\n  # Columns of text in which every value reads as a type; a "
                    "value that does not is nulled.\n"));
            TRY(say(draft, err, "  - types:\n      on_fail: \"null\"\n      columns:\n"));
        }
        begun = true;
        TRY(say(draft, err, "        "));
        TRY(word_text(draft->text, yaml_get(columns->items[i], "column")->text, err));
        TRY(say(draft, err, ": "));
        TRY(draft_type(draft, columns->items[i], err));
        TRY(say(draft, err, "\n"));
    }
    if (!begun) leave_out(draft, "types");
    return STATUS_OK;
}

/* Columns in which few cells (or, with `many`, many) would be respelled. */
static enum status list_respelled(struct draft *draft, const struct step *step, bool many,
                                  int64_t *ret_cells, struct err *err)
{
    struct list list = {.draft = draft};
    for (size_t i = 0; i < step->after->count; i++) {
        const char *name = step->after->fields[i].name;
        double share = (double)step->cells[i] / (double)(step->effect.rows_in + 1);
        bool given = schema_find(draft->chain->input, str_of(name)) >= 0;
        if (step->cells[i] == 0 || !given || is_masked(draft, name)) continue;
        if ((share > SHARE_OF_SPELLINGS) != many) continue;
        if (list.count == 0)
            TRY(say(draft, err,
                    many ? "\n  # Many cells of these columns differ in case, order or "
                           "punctuation only; look whether they mean the same.\n"
                           "  # - standardize: {methods: [fingerprint], columns: ["
                         : "\n  # The same words in another case, order or punctuation get the "
                           "most frequent spelling.\n"
                           "  - standardize: {methods: [fingerprint], columns: ["));
        TRY(list_name(&list, name, err));
        *ret_cells += step->cells[i];
    }
    if (list.count == 0) return STATUS_OK;
    return say(draft, err, "]} # %lld cells\n", (long long)*ret_cells);
}

enum status draft_standardize(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "standardize");
    int64_t few = 0, many = 0;
    TRY(list_respelled(draft, step, false, &few, err));
    TRY(list_respelled(draft, step, true, &many, err));
    if (few + many == 0) leave_out(draft, "standardize");
    return STATUS_OK;
}

enum status draft_images(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "images");
    if (step == NULL) return STATUS_OK;
    TRY(say(draft, err,
            "\n  # Pictures: those that cannot be decoded are rejected, odd ones named "
            "in a column.\n"));
    for (size_t i = 0; i < step->finding_count; i++)
        TRY(say(draft, err, "  #   %s: %lld pictures\n", step->findings[i].rule,
                (long long)step->findings[i].rows));
    return say(draft, err, "  - images: {on_fail: reject, on_issue: flag}\n");
}

enum status draft_mask(struct draft *draft, struct err *err)
{
    const struct step *step = step_of(draft, "mask");
    if (step->effect.cells == 0) {
        leave_out(draft, "mask");
        return STATUS_OK;
    }
    if (step->effect.cells < FINDS_TO_MASK)
        return say(draft, err, "\n  # %lld cells look like personal data:\n  # - mask: {}\n",
                   (long long)step->effect.cells);
    TRY(say(draft, err,
            "\n  # Personal data: e-mail addresses, numbers of cards, accounts, "
            "telephones and the like.\n"));
    TRY(say(draft, err, "  - mask: {columns: ["));
    TRY(list_changed(draft, step, err));
    return say(draft, err, "]} # %lld cells\n", (long long)step->effect.cells);
}
