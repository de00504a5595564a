/* features/lookup_views.c: one key, several views and versions. */
#include "features/lookup_views.h"

#include "base/memory.h"

/* ---- columns ---- */

static bool is_taken(const struct lookup_views *views, const char *name)
{
    int64_t key = schema_find(lookup_views_keys(views), str_of(name));
    if (key >= 0 && (size_t)key < views->views[0].served.view.entity.count) return true;
    for (size_t i = 0; i < views->column_count; i++)
        if (strcmp(views->columns[i].name, name) == 0) return true;
    return false;
}

static bool is_personal(const struct view *view, const char *name)
{
    for (size_t i = 0; i < view->aggregate_count; i++) {
        const struct view_aggregate *aggregate = &view->aggregates[i];
        bool whole_value = aggregate->function == WINDOW_MIN || aggregate->function == WINDOW_MAX ||
                           aggregate->function == WINDOW_LAST;
        if (strcmp(aggregate->name, name) == 0)
            return whole_value && view_is_personal(view, aggregate->of);
    }
    return view_is_personal(view, name);
}

/* A feature of one version: the same for all versions of its view that have it. */
static enum status find_column(const struct lookup_view *view, size_t share, size_t column,
                               struct lookup_answer_column *ret, struct err *err)
{
    const struct field *field = &lookup_index_answers(view->indexes[share])->fields[column];
    ret->field = field;
    ret->personal = false;
    for (size_t i = 0; i < view->count; i++) {
        const struct schema *answers = lookup_index_answers(view->indexes[i]);
        int64_t at = schema_find(answers, str_of(field->name));
        ret->columns[i] = (int16_t)at;
        if (at < 0) continue;
        ret->personal |= is_personal(lookup_index_view(view->indexes[i]), field->name);
        if (field_equal(field, &answers->fields[at])) continue;
        return fail(err, STATUS_USAGE,
                    "versions %lld and %lld of view \"%s\" have \"%s\" in two types",
                    (long long)lookup_index_version(view->indexes[share])->number,
                    (long long)lookup_index_version(view->indexes[i])->number,
                    view->served.view.name, field->name);
    }
    return STATUS_OK;
}

/* A version before this one has it too. */
static bool is_known(const struct lookup_answer_column *column, size_t share)
{
    for (size_t i = 0; i < share; i++)
        if (column->columns[i] >= 0) return true;
    return false;
}

static enum status add_column(struct lookup_views *views, size_t view, size_t share, size_t column,
                              bool personal, struct arena *arena, struct err *err)
{
    const struct lookup_view *named = &views->views[view];
    struct lookup_answer_column answer = {.view = view};
    TRY(find_column(named, share, column, &answer, err));
    if (is_known(&answer, share) || (answer.personal && !personal)) return STATUS_OK;
    answer.name = answer.field->name;
    if (is_taken(views, answer.name))
        answer.name = arena_format(arena, "%s.%s", named->served.view.name, answer.field->name);
    if (answer.name == NULL) return fail_memory(err, strlen(answer.field->name));
    if (is_taken(views, answer.name))
        return fail(err, STATUS_USAGE, "two columns would be named \"%s\"", answer.name);
    views->columns[views->column_count++] = answer;
    return STATUS_OK;
}

static enum status name_columns(struct lookup_views *views, bool personal, struct arena *arena,
                                struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < views->count; i++)
        for (size_t s = 0; s < views->views[i].count; s++)
            most += lookup_index_answers(views->views[i].indexes[s])->count;
    TRY(NEW(&views->columns, most, err));
    for (size_t i = 0; i < views->count; i++)
        for (size_t s = 0; s < views->views[i].count; s++)
            for (size_t c = 0; c < lookup_index_answers(views->views[i].indexes[s])->count; c++)
                TRY(add_column(views, i, s, c, personal, arena, err));
    return STATUS_OK;
}

/* ---- opening ---- */

static enum status check_keys(const struct lookup_views *views, struct err *err)
{
    size_t column;
    for (size_t i = 0; i < views->count; i++)
        for (size_t s = 0; s < views->views[i].count; s++)
            if (!key_layouts_agree(lookup_views_layout(views),
                                   lookup_index_layout(views->views[i].indexes[s]), &column))
                return fail(err, STATUS_USAGE,
                            "views \"%s\" and \"%s\" have other kinds of entities",
                            views->views[0].served.view.name, views->views[i].served.view.name);
    return STATUS_OK;
}

/* The next part of "a,b@prod"; NULL without memory. */
static const char *next_operand(const char **views, struct arena *arena)
{
    const char *comma = strchr(*views, ',');
    size_t size = comma == NULL ? strlen(*views) : (size_t)(comma - *views);
    const char *operand = arena_text(arena, *views, size);
    *views += size + (comma != NULL);
    return operand;
}

static size_t count_operands(const char *views)
{
    size_t count = 1;
    for (; *views != '\0'; views++)
        count += *views == ',';
    return count;
}

static enum status open_view(struct lookup_view *ret, struct store *store, const char *operand,
                             const struct lookup_options *options, struct arena *arena,
                             struct err *err)
{
    TRY(served_find(&ret->served, store, operand, arena, err));
    for (size_t i = 0; i < ret->served.state.count; i++) {
        const char *name = arena_format(arena, "%s@%lld", ret->served.view.name,
                                        (long long)ret->served.state.shares[i].number);
        if (name == NULL) return fail_memory(err, 0);
        TRY(lookup_index_open(&ret->indexes[i], store, name, options, arena, err));
        ret->count++;
    }
    return STATUS_OK;
}

static enum status open_views(struct lookup_views *ret, struct store *store, const char *operand,
                              const struct lookup_options *options, bool personal,
                              struct arena *arena, struct err *err)
{
    size_t count = count_operands(operand);
    if (count > LOOKUP_VIEWS_MAXIMUM)
        return fail(err, STATUS_USAGE, "%zu views, at most %d", count, LOOKUP_VIEWS_MAXIMUM);
    TRY(NEW(&ret->views, count, err));
    for (size_t i = 0; i < count; i++) {
        const char *one = next_operand(&operand, arena);
        if (one == NULL) return fail_memory(err, 0);
        ret->count++;
        TRY(open_view(&ret->views[i], store, one, options, arena, err));
    }
    TRY(check_keys(ret, err));
    return name_columns(ret, personal, arena, err);
}

enum status lookup_views_open(struct lookup_views *ret, struct store *store, const char *operand,
                              const struct lookup_options *options, bool personal,
                              struct arena *arena, struct err *err)
{
    *ret = (struct lookup_views){0};
    enum status status = open_views(ret, store, operand, options, personal, arena, err);
    if (status != STATUS_OK) lookup_views_release(ret);
    return status;
}

/* Another version, or the same number made anew (forget, rebuild), or another definition. */
static enum status has_moved(const struct lookup_view *held, struct store *store,
                             const char *operand, bool *ret, struct arena *arena, struct err *err)
{
    struct served now;
    TRY(served_find(&now, store, operand, arena, err));
    *ret = !tag_states_equal(&now.state, &held->served.state) ||
           memcmp(&now.view.digest, &held->served.view.digest, sizeof now.view.digest) != 0;
    for (size_t i = 0; i < held->count && !*ret; i++) {
        const struct version *had = lookup_index_version(held->indexes[i]);
        struct version version;
        TRY(served_version(&now, store, i, &version, err));
        *ret = memcmp(&version.digest, &had->digest, sizeof version.digest) != 0;
    }
    return STATUS_OK;
}

enum status lookup_views_moved(const struct lookup_views *views, struct store *store,
                               const char *operand, bool *ret, struct arena *arena, struct err *err)
{
    *ret = false;
    for (size_t i = 0; i < views->count && !*ret; i++) {
        const char *one = next_operand(&operand, arena);
        if (one == NULL) return fail_memory(err, 0);
        TRY(has_moved(&views->views[i], store, one, ret, arena, err));
    }
    return STATUS_OK;
}

const struct schema *lookup_views_keys(const struct lookup_views *views)
{
    return lookup_index_schema(views->views[0].indexes[0]);
}

const struct key_layout *lookup_views_layout(const struct lookup_views *views)
{
    return lookup_index_layout(views->views[0].indexes[0]);
}

/* ---- answers ---- */

size_t lookup_views_pick(const struct lookup_views *views, size_t view,
                         const struct lookup_key *key)
{
    const struct lookup_view *named = &views->views[view];
    if (named->count == 1) return 0;
    uint64_t big = __builtin_bswap64(key->word); /* as key_bytes gives a word */
    bool word = lookup_views_layout(views)->word;
    return served_pick(&named->served,
                       word ? (struct str){(const char *)&big, sizeof big} : key->bytes);
}

void lookup_views_prefetch(const struct lookup_views *views, const struct lookup_key *key)
{
    for (size_t i = 0; i < views->count; i++)
        lookup_index_prefetch(views->views[i].indexes[lookup_views_pick(views, i, key)], key);
}

enum status lookup_views_find(const struct lookup_views *views, const struct lookup_key *key,
                              int64_t time, struct lookup_found *found, struct err *err)
{
    for (size_t i = 0; i < views->count; i++) {
        uint32_t entity;
        found[i].share = lookup_views_pick(views, i, key);
        const struct lookup_index *index = views->views[i].indexes[found[i].share];
        TRY(lookup_index_find(index, key, &entity, err));
        TRY(lookup_index_at(index, entity, time, &found[i].hit, err));
    }
    return STATUS_OK;
}

enum status lookup_views_value(const struct lookup_views *views, const struct lookup_found *found,
                               int64_t time, size_t column, struct lookup_value *ret,
                               struct err *err)
{
    const struct lookup_answer_column *answer = &views->columns[column];
    const struct lookup_found *by = &found[answer->view];
    int64_t at = answer->columns[by->share];
    *ret = (struct lookup_value){.null = true};
    if (at < 0) return STATUS_OK;
    return lookup_index_value(views->views[answer->view].indexes[by->share], &by->hit, time,
                              (size_t)at, ret, err);
}

void lookup_views_release(struct lookup_views *views)
{
    for (size_t i = 0; views->views != NULL && i < views->count; i++)
        for (size_t s = 0; s < views->views[i].count; s++)
            lookup_index_close(&views->views[i].indexes[s]);
    memory_free(views->views);
    memory_free(views->columns);
    *views = (struct lookup_views){0};
}
