/* features/lookup_views.c: one key, several views. */
#include "features/lookup_views.h"

#include "base/memory.h"

/* ---- names ---- */

static bool is_taken(const struct lookup_views *views, const char *name)
{
    if (schema_find(lookup_views_keys(views), str_of(name)) >= 0 &&
        (size_t)schema_find(lookup_views_keys(views), str_of(name)) <
            lookup_index_view(views->indexes[0])->entity.count)
        return true;
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

static enum status add_column(struct lookup_views *views, size_t number, size_t column,
                              bool personal, struct arena *arena, struct err *err)
{
    const struct lookup_index *index = views->indexes[number];
    const struct view *view = lookup_index_view(index);
    const struct field *field = &lookup_index_answers(index)->fields[column];
    struct lookup_answer_column answer = {number, column, field->name, field,
                                          is_personal(view, field->name)};
    if (answer.personal && !personal) return STATUS_OK;
    if (is_taken(views, answer.name))
        answer.name = arena_format(arena, "%s.%s", view->name, field->name);
    if (answer.name == NULL) return fail_memory(err, strlen(field->name));
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
        most += lookup_index_answers(views->indexes[i])->count;
    TRY(NEW(&views->columns, most, err));
    for (size_t i = 0; i < views->count; i++)
        for (size_t c = 0; c < lookup_index_answers(views->indexes[i])->count; c++)
            TRY(add_column(views, i, c, personal, arena, err));
    return STATUS_OK;
}

/* ---- opening ---- */

static enum status check_keys(const struct lookup_views *views, struct err *err)
{
    size_t column;
    for (size_t i = 1; i < views->count; i++)
        if (!key_layouts_agree(lookup_views_layout(views), lookup_index_layout(views->indexes[i]),
                               &column))
            return fail(err, STATUS_USAGE, "views \"%s\" and \"%s\" have other kinds of entities",
                        lookup_index_view(views->indexes[0])->name,
                        lookup_index_view(views->indexes[i])->name);
    return STATUS_OK;
}

/* The next part of "a,b@prod"; NULL at the end. */
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

static enum status open_views(struct lookup_views *ret, struct store *store, const char *views,
                              const struct lookup_options *options, bool personal,
                              struct arena *arena, struct err *err)
{
    size_t count = count_operands(views);
    if (count > LOOKUP_VIEWS_MAXIMUM)
        return fail(err, STATUS_USAGE, "%zu views, at most %d", count, LOOKUP_VIEWS_MAXIMUM);
    TRY(NEW(&ret->indexes, count, err));
    for (size_t i = 0; i < count; i++) {
        const char *operand = next_operand(&views, arena);
        if (operand == NULL) return fail_memory(err, strlen(views));
        TRY(lookup_index_open(&ret->indexes[i], store, operand, options, arena, err));
        ret->count++;
    }
    TRY(check_keys(ret, err));
    return name_columns(ret, personal, arena, err);
}

enum status lookup_views_open(struct lookup_views *ret, struct store *store, const char *views,
                              const struct lookup_options *options, bool personal,
                              struct arena *arena, struct err *err)
{
    *ret = (struct lookup_views){0};
    enum status status = open_views(ret, store, views, options, personal, arena, err);
    if (status != STATUS_OK) lookup_views_release(ret);
    return status;
}

enum status lookup_views_moved(const struct lookup_views *views, struct store *store,
                               const char *operand, bool *ret, struct arena *arena, struct err *err)
{
    *ret = false;
    for (size_t i = 0; i < views->count && !*ret; i++) {
        const struct version *held = lookup_index_version(views->indexes[i]);
        struct view view;
        struct version version;
        const char *one = next_operand(&operand, arena);
        if (one == NULL) return fail_memory(err, strlen(operand));
        TRY(reference_view(store, one, &view, &version, arena, err));
        *ret = version.number != held->number ||
               memcmp(&version.digest, &held->digest, sizeof version.digest) != 0 ||
               memcmp(&view.digest, &lookup_index_view(views->indexes[i])->digest,
                      sizeof view.digest) != 0;
    }
    return STATUS_OK;
}

const struct schema *lookup_views_keys(const struct lookup_views *views)
{
    return lookup_index_schema(views->indexes[0]);
}

const struct key_layout *lookup_views_layout(const struct lookup_views *views)
{
    return lookup_index_layout(views->indexes[0]);
}

/* ---- answers ---- */

enum status lookup_views_find(const struct lookup_views *views, const struct lookup_key *key,
                              int64_t time, struct lookup_hit *hits, struct err *err)
{
    for (size_t i = 0; i < views->count; i++) {
        uint32_t entity;
        TRY(lookup_index_find(views->indexes[i], key, &entity, err));
        TRY(lookup_index_at(views->indexes[i], entity, time, &hits[i], err));
    }
    return STATUS_OK;
}

enum status lookup_views_value(const struct lookup_views *views, const struct lookup_hit *hits,
                               int64_t time, size_t column, struct lookup_value *ret,
                               struct err *err)
{
    const struct lookup_answer_column *answer = &views->columns[column];
    return lookup_index_value(views->indexes[answer->view], &hits[answer->view], time,
                              answer->column, ret, err);
}

void lookup_views_release(struct lookup_views *views)
{
    for (size_t i = 0; views->indexes != NULL && i < views->count; i++)
        lookup_index_close(&views->indexes[i]);
    memory_free(views->indexes);
    memory_free(views->columns);
    *views = (struct lookup_views){0};
}
