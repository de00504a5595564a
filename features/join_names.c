/* features/join_names.c: what a view is called in a join, and the spine's names of its entity:
 * `--view origin=location --key origin.location_id=origin_id`, so that one view can be asked about
 * two columns of a spine. */
#include "features/join.h"

#include "base/memory.h"

/* ---- --view [NAME=]VIEW[@REF] ---- */

/* Two versions of a view may be asked side by side; columns that are equal then say so. */
static bool is_taken(const struct join *join, size_t view)
{
    const struct joined_name *name = &join->names[view];
    for (size_t i = 0; i < view; i++)
        if ((join->names[i].given || name->given) && strcmp(join->names[i].name, name->name) == 0)
            return true;
    return false;
}

static enum status name_view(struct join *join, size_t view, struct err *err)
{
    struct arena *arena = join->invocation->arena;
    const char *given = join->args->views.items[view], *reference;
    const char *equals = strchr(given, '='), *at = strchr(given, '@');
    struct joined_name *name = &join->names[view];
    name->given = equals != NULL && (at == NULL || equals < at);
    name->operand = name->given ? equals + 1 : given;
    if (name->given) {
        const char *alone = arena_text(arena, given, (size_t)(equals - given));
        if (alone == NULL) return fail_memory(err, strlen(given));
        TRY(view_split(alone, &name->name, &reference, arena, err));
    } else {
        TRY(view_split(given, &name->name, &reference, arena, err));
    }
    if (!is_taken(join, view)) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "--view: found \"%s\" twice", name->name);
    err_hint(err, "give one of them another name: --view NAME=%s", name->operand);
    return STATUS_USAGE;
}

enum status join_name_views(struct join *join, struct err *err)
{
    size_t count = join->args->views.count;
    TRY(NEW(&join->names, count, err));
    for (size_t i = 0; i < count; i++)
        TRY(name_view(join, i, err));
    return STATUS_OK;
}

/* ---- --key NAME.KEY=COLUMN ---- */

/* What follows `name` and `mark` in `text`, NULL where it begins otherwise. */
static const char *behind(const char *text, const char *name, char mark)
{
    size_t size = strlen(name);
    return strncmp(text, name, size) == 0 && text[size] == mark ? text + size + 1 : NULL;
}

static enum status refuse_key(const struct join *join, const char *text, const char *found,
                              struct err *err)
{
    const struct joined_name *first = &join->names[0];
    (void)fail(err, STATUS_USAGE, "--key: found %s\"%s\", expected NAME.KEY=COLUMN", found, text);
    err_hint(err,
             "NAME is that of a --view, KEY a column of its entity, COLUMN one of the spine: "
             "%s.%s=COLUMN",
             first->name, join->tables[0].view.entity.items[0]);
    return STATUS_USAGE;
}

static enum status rename_key(struct join *join, const char *text, struct err *err)
{
    for (size_t i = 0; i < join->table_count; i++) {
        const struct text_list *entity = &join->tables[i].view.entity;
        const char *key = behind(text, join->names[i].name, '.');
        for (size_t k = 0; key != NULL && k < entity->count; k++) {
            const char *column = behind(key, entity->items[k], '=');
            if (column == NULL || *column == '\0') continue;
            if (join->names[i].keys.items[k] != entity->items[k])
                return refuse_key(join, text, "a second column for one key: ", err);
            join->names[i].keys.items[k] = column;
            join->names[i].renamed = true;
            return STATUS_OK;
        }
    }
    return refuse_key(join, text, "", err);
}

enum status join_name_keys(struct join *join, struct err *err)
{
    const struct text_list *given = &join->args->keys;
    for (size_t i = 0; i < join->table_count; i++) {
        const struct text_list *entity = &join->tables[i].view.entity;
        struct text_list *keys = &join->names[i].keys;
        keys->items = arena_get(join->invocation->arena, entity->count, sizeof *keys->items);
        if (keys->items == NULL) return fail_memory(err, entity->count * sizeof *keys->items);
        for (size_t k = 0; k < entity->count; k++)
            keys->items[keys->count++] = entity->items[k];
    }
    for (size_t i = 0; i < given->count; i++)
        TRY(rename_key(join, given->items[i], err));
    return STATUS_OK;
}

/* ---- what is written of it ---- */

/* NAME, a colon and KEY of each key of a view that stands in this column of the spine. */
static enum status marks_of(const struct join *join, const char *column, struct bytes *ret,
                            struct err *err)
{
    for (size_t i = 0; i < join->table_count; i++) {
        const struct joined_name *name = &join->names[i];
        for (size_t k = 0; name->renamed && k < name->keys.count; k++) {
            if (strcmp(name->keys.items[k], column) != 0) continue;
            if (ret->size > 0) TRY(bytes_append(ret, KEY_MARK_PART, 1, err));
            TRY(bytes_format(ret, err, "%s:%s", name->name, join->tables[i].view.entity.items[k]));
        }
    }
    return STATUS_OK;
}

static enum status mark_key(const struct join *join, struct field *field, int64_t *count_marks,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes marks = bytes_limited((size_t)1 << 20);
    struct arena *arena = join->invocation->arena;
    size_t count = field->metadata.count;
    struct str earlier = metadata_get(&field->metadata, KEY_MARK); /* of the join of the spine */
    if (earlier.data != NULL) TRY(bytes_append(&marks, earlier.data, earlier.size, err));
    TRY(marks_of(join, field->name, &marks, err));
    for (size_t i = 0; i < marks.size; i++)
        *count_marks += marks.data[i] == ':';
    if (marks.size == earlier.size) return STATUS_OK;
    struct metadata_pair *pairs = arena_get(arena, count + 1, sizeof *pairs);
    const char *value = arena_text(arena, (const char *)marks.data, marks.size);
    if (pairs == NULL || value == NULL) return fail_memory(err, marks.size);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!str_is(field->metadata.pairs[i].key, KEY_MARK))
            pairs[kept++] = field->metadata.pairs[i];
    pairs[kept++] = (struct metadata_pair){str_of(KEY_MARK), {value, marks.size}};
    field->metadata = (struct metadata){.pairs = pairs, .count = kept};
    return STATUS_OK;
}

enum status join_mark_keys(const struct join *join, struct schema *ret, struct err *err)
{
    const struct schema *spine = stage_input_schema(join->spine);
    int64_t marks = 0;
    for (size_t i = 0; i < spine->count; i++) {
        struct field field = spine->fields[i];
        TRY(mark_key(join, &field, &marks, err));
        TRY(schema_add(ret, &field, err));
    }
    for (size_t i = 0; i < spine->metadata.count; i++)
        TRY(schema_add_metadata(ret, spine->metadata.pairs[i].key, spine->metadata.pairs[i].value,
                                err));
    if (marks <= KEY_PLACES) return STATUS_OK;
    (void)fail(err, STATUS_USAGE, "found %lld keys under other names, expected at most %d",
               (long long)marks, KEY_PLACES);
    err_hint(err, "join fewer views at once, and rename the columns of the result in between");
    return STATUS_USAGE;
}
