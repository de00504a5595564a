/* features/view_aggregates.c: the parts of a view that say how rows of a log are put together. */
#include "features/view_aggregates.h"

#include "features/duration.h"
#include "features/window_words.h"

struct aggregate_file {
    int function;
    const char *of, *window, *doc;
};

#define IN(member) offsetof(struct aggregate_file, member)

static const struct setting aggregate_settings[] = {
    {.name = "function",
     .kind = SETTING_CHOICE,
     .offset = IN(function),
     .choices = WINDOW_FUNCTIONS,
     .help = "what is made of the values"},
    {.name = "of", .kind = SETTING_TEXT, .offset = IN(of), .help = "the column with the values"},
    {.name = "window",
     .kind = SETTING_TEXT,
     .offset = IN(window),
     .help = "how far back: 1h, 1d, 30d (default: since ever)"},
    {.name = "doc", .kind = SETTING_TEXT, .offset = IN(doc), .help = "what it says"},
    {0},
};

static const struct setting log_settings[] = {
    {.name = "key",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct view_log, key),
     .help = "the columns that are equal in all states of one thing (default: the event time)"},
    {.name = "deleted",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct view_log, deleted),
     .help = "the column that says that a thing is not there any more: true, or a number not 0"},
    {.name = "deleted_values",
     .kind = SETTING_TEXTS,
     .offset = offsetof(struct view_log, deleted_values),
     .help = "the words of a text column that say so"},
    {0},
};

/* ---- aggregates ---- */

static enum status parse_window(struct view_aggregate *aggregate, const char *window,
                                const struct yaml_node *value, struct err *err)
{
    struct err inner = {0};
    aggregate->window = NO_TTL;
    if (window == NULL) return STATUS_OK;
    if (duration_parse(str_of(window), &aggregate->window, &inner) == STATUS_OK) return STATUS_OK;
    return fail_at(yaml_get(value, "window"), err, "window: %s", inner.message);
}

static enum status check_source(const struct view *view, const struct view_aggregate *aggregate,
                                const struct yaml_node *value, struct err *err)
{
    struct field result;
    struct err inner = {0};
    if (aggregate->of == NULL && aggregate->function == WINDOW_COUNT) return STATUS_OK;
    if (aggregate->of == NULL)
        return fail_at(value, err, "aggregate \"%s\" has no column: \"of: COLUMN\"",
                       aggregate->name);
    if (!view_has(view, aggregate->of))
        return fail_at(yaml_get(value, "of"), err, "column \"%s\" is not in the view",
                       aggregate->of);
    for (size_t i = 0; i < view->feature_count; i++) {
        const struct view_feature *feature = &view->features[i];
        if (strcmp(feature->name, aggregate->of) != 0) continue;
        if (view_aggregate_field(aggregate, &feature->type, &result, &inner) != STATUS_OK)
            return fail_at(yaml_get(value, "function"), err, "%s", inner.message);
    }
    return STATUS_OK;
}

static bool is_taken(const struct view *view, const char *name)
{
    for (size_t i = 0; i < view->aggregate_count; i++)
        if (strcmp(view->aggregates[i].name, name) == 0) return true;
    return view->feature_count > 0 ? view_has(view, name) : view_is_key(view, name);
}

static enum status parse_aggregate(struct view *view, const struct yaml_node *key,
                                   const struct yaml_node *value, struct arena *arena,
                                   struct err *err)
{
    struct view_aggregate *aggregate = &view->aggregates[view->aggregate_count];
    struct aggregate_file file = {0};
    aggregate->name = arena_text(arena, key->text.data, key->text.size);
    if (aggregate->name == NULL) return fail_memory(err, key->text.size);
    if (is_taken(view, aggregate->name))
        return fail_at(key, err, "column \"%s\" is in the view already", aggregate->name);
    if (value->kind != YAML_MAP || yaml_get(value, "function") == NULL)
        return fail_at(value, err, "aggregate \"%s\" has no function (%s)", aggregate->name,
                       WINDOW_FUNCTIONS);
    TRY(settings_from_yaml(aggregate_settings, value, &file, arena, err));
    aggregate->function = (enum window_function)file.function;
    aggregate->of = file.of;
    aggregate->doc = file.doc;
    TRY(parse_window(aggregate, file.window, value, err));
    TRY(check_source(view, aggregate, value, err));
    view->aggregate_count++;
    return STATUS_OK;
}

enum status view_parse_aggregates(struct view *view, const struct yaml_node *aggregates,
                                  struct arena *arena, struct err *err)
{
    if (aggregates == NULL) return STATUS_OK;
    if (aggregates->kind != YAML_MAP || aggregates->count == 0)
        return fail_at(aggregates, err, "aggregates is a map of names");
    if (view->event_time == NULL)
        return fail_at(aggregates, err, "a window counts from event_time, which is absent");
    view->aggregates = arena_get(arena, aggregates->count, sizeof *view->aggregates);
    if (view->aggregates == NULL) return fail_memory(err, aggregates->count);
    for (size_t i = 0; i < aggregates->count; i++)
        TRY(parse_aggregate(view, aggregates->keys[i], aggregates->items[i], arena, err));
    return STATUS_OK;
}

enum status view_aggregate_field(const struct view_aggregate *aggregate, const struct field *of,
                                 struct field *ret, struct err *err)
{
    enum window_function function = aggregate->function;
    enum word_kind kind = WORD_SIGNED;
    char type[128], name[32];
    bool counts = function == WINDOW_COUNT, taken = counts || function == WINDOW_LAST;
    *ret = field_of(aggregate->name, TYPE_INT64);
    if (!counts && !taken && !word_kind_of(of, function, &kind))
        return fail(err, STATUS_USAGE, "aggregate \"%s\": no %s of column \"%s\", which is %s",
                    aggregate->name,
                    choice_text(WINDOW_FUNCTIONS, (int)function, name, sizeof name), aggregate->of,
                    field_type_text(of, type, sizeof type));
    enum window_result result = window_result(function, kind);
    if (result == WINDOW_REAL) *ret = field_of(aggregate->name, TYPE_FLOAT64);
    if (result != WINDOW_POSITION) return STATUS_OK;
    *ret = *of;
    ret->name = aggregate->name;
    ret->nullable = true;
    return STATUS_OK;
}

/* ---- change log ---- */

bool view_is_of_log(const struct view *view, const char *column)
{
    for (size_t i = 0; i < view->log.key.count; i++)
        if (strcmp(view->log.key.items[i], column) == 0) return true;
    return view->log.deleted != NULL && strcmp(view->log.deleted, column) == 0;
}

static bool is_key_twice(const struct view *view, const char *column)
{
    size_t times = 0;
    for (size_t i = 0; i < view->entity.count; i++)
        times += strcmp(view->entity.items[i], column) == 0;
    for (size_t i = 0; i < view->log.key.count; i++)
        times += strcmp(view->log.key.items[i], column) == 0;
    times += view->event_time != NULL && strcmp(view->event_time, column) == 0;
    times += view->created_time != NULL && strcmp(view->created_time, column) == 0;
    times += view->log.deleted != NULL && strcmp(view->log.deleted, column) == 0;
    return times > 1;
}

enum status view_parse_log(struct view *view, const struct yaml_node *log, struct arena *arena,
                           struct err *err)
{
    if (log == NULL) return STATUS_OK;
    if (log->kind != YAML_MAP)
        return fail_at(log, err, "change_log is a map: {key: [COLUMN], ...}");
    TRY(settings_from_yaml(log_settings, log, &view->log, arena, err));
    view->log.given = true;
    if (view->event_time == NULL && view->created_time == NULL)
        return fail_at(log, err, "a change log has an order: event_time or created_time");
    if (view->log.key.count > KEY_COLUMNS)
        return fail_at(log, err, "%zu key columns, at most %d", view->log.key.count, KEY_COLUMNS);
    if (view->log.deleted == NULL && view->log.deleted_values.count > 0)
        return fail_at(log, err, "deleted_values without deleted: the column they are in");
    for (size_t i = 0; i < view->log.key.count; i++)
        if (is_key_twice(view, view->log.key.items[i]))
            return fail_at(yaml_get(log, "key"), err, "column \"%s\" is a key or a time already",
                           view->log.key.items[i]);
    if (view->log.deleted != NULL && is_key_twice(view, view->log.deleted))
        return fail_at(yaml_get(log, "deleted"), err, "column \"%s\" is a key or a time already",
                       view->log.deleted);
    return STATUS_OK;
}
