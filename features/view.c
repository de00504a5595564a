/* features/view.c: a view: which columns are the entity, the times and the features. */
#include "features/view.h"

#include "features/duration.h"
#include "features/view_aggregates.h"
#include "lineage/sql.h"
#include "lineage/stage.h"

/* ---- the file ---- */

struct view_file {
    int64_t tamis;
    const char *view, *dataset, *event_time, *created_time, *ttl, *doc, *owner;
    struct text_list entity, tags, personal;
    const struct yaml_node *features, *aggregates, *change_log;
};

#define IN(member) offsetof(struct view_file, member)

static const struct setting view_settings[] = {
    {.name = "tamis",
     .kind = SETTING_INT,
     .offset = IN(tamis),
     .fallback = "1",
     .minimum = 1,
     .maximum = 1.5,
     .help = "version of this format"},
    {.name = "view", .kind = SETTING_TEXT, .offset = IN(view), .help = "the name"},
    {.name = "dataset",
     .kind = SETTING_TEXT,
     .offset = IN(dataset),
     .help = "where its versions are (default: feature/NAME)"},
    {.name = "entity",
     .kind = SETTING_TEXTS,
     .offset = IN(entity),
     .help = "the column or columns that name what is described"},
    {.name = "event_time",
     .kind = SETTING_TEXT,
     .offset = IN(event_time),
     .help = "from when on a row is true"},
    {.name = "created_time",
     .kind = SETTING_TEXT,
     .offset = IN(created_time),
     .help = "from when on a row was known"},
    {.name = "ttl",
     .kind = SETTING_TEXT,
     .offset = IN(ttl),
     .help = "how long a row stays true: 30d, 12h"},
    {.name = "features",
     .kind = SETTING_TREE,
     .offset = IN(features),
     .help = "name: type, or name: {type: ..., doc: ...}"},
    {.name = "aggregates",
     .kind = SETTING_TREE,
     .offset = IN(aggregates),
     .help = "name: {function: count|sum|mean|min|max|last|distinct, of: COLUMN, window: 30d}"},
    {.name = "change_log",
     .kind = SETTING_TREE,
     .offset = IN(change_log),
     .help = "rows that correct or delete others: {key: [COLUMN], deleted: COLUMN}"},
    {.name = "doc", .kind = SETTING_TEXT, .offset = IN(doc), .help = "what the view describes"},
    {.name = "owner", .kind = SETTING_TEXT, .offset = IN(owner), .help = "who answers for it"},
    {.name = "tags", .kind = SETTING_TEXTS, .offset = IN(tags), .help = "words to find it by"},
    {.name = "personal",
     .kind = SETTING_TEXTS,
     .offset = IN(personal),
     .help = "columns with personal data"},
    {0},
};

struct feature_file {
    const char *type, *doc;
};

static const struct setting feature_settings[] = {
    {.name = "type",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct feature_file, type),
     .help = "of the values: int64, float64, utf8, ..."},
    {.name = "doc",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct feature_file, doc),
     .help = "what it says"},
    {0},
};

/* ---- checks ---- */

static bool name_fits(const char *name, bool slash)
{
    if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || name[0] == '/') return false;
    for (const char *at = name; *at != '\0'; at++) {
        bool fits = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                    (*at >= '0' && *at <= '9') || *at == '_' || *at == '-' || *at == '.' ||
                    (slash && *at == '/');
        if (!fits) return false;
    }
    return strlen(name) < 200;
}

static enum status check_names(const struct view_file *file, const struct yaml_node *root,
                               struct err *err)
{
    if (file->view == NULL) return fail_at(root, err, "a view needs a name: \"view: NAME\"");
    if (!name_fits(file->view, false))
        return fail_at(yaml_get(root, "view"), err,
                       "\"%s\" is not a name of letters, digits, \"_\", \"-\" and \".\"",
                       file->view);
    if (file->dataset != NULL && !name_fits(file->dataset, true))
        return fail_at(yaml_get(root, "dataset"), err, "\"%s\" is not a dataset like feature/NAME",
                       file->dataset);
    if (file->entity.count == 0)
        return fail_at(root, err, "view \"%s\" has no entity: \"entity: [COLUMN]\"", file->view);
    if (file->entity.count > KEY_COLUMNS)
        return fail_at(yaml_get(root, "entity"), err, "%zu entity columns, at most %d",
                       file->entity.count, KEY_COLUMNS);
    return STATUS_OK;
}

bool view_is_key(const struct view *view, const char *column)
{
    for (size_t i = 0; i < view->entity.count; i++)
        if (strcmp(view->entity.items[i], column) == 0) return true;
    if (view->event_time != NULL && strcmp(view->event_time, column) == 0) return true;
    if (view->created_time != NULL && strcmp(view->created_time, column) == 0) return true;
    if (view_is_of_log(view, column)) return true;
    return strcmp(column, COLUMN_SOURCE) == 0 || strcmp(column, COLUMN_RECORD) == 0;
}

bool view_is_personal(const struct view *view, const char *column)
{
    for (size_t i = 0; i < view->personal.count; i++)
        if (strcmp(view->personal.items[i], column) == 0) return true;
    return false;
}

bool view_has(const struct view *view, const char *column)
{
    if (view_is_key(view, column)) return true;
    for (size_t i = 0; i < view->feature_count; i++)
        if (strcmp(view->features[i].name, column) == 0) return true;
    return view->feature_count == 0;
}

/* ---- features ---- */

static enum status parse_feature(struct view *view, const struct yaml_node *key,
                                 const struct yaml_node *value, struct arena *arena,
                                 struct err *err)
{
    struct view_feature *feature = &view->features[view->feature_count];
    struct feature_file file = {0};
    feature->name = arena_text(arena, key->text.data, key->text.size);
    if (feature->name == NULL) return fail_memory(err, key->text.size);
    if (view->feature_count > 0 ? view_has(view, feature->name) : view_is_key(view, feature->name))
        return fail_at(key, err, "column \"%s\" is in the view already", feature->name);
    if (value->kind == YAML_SCALAR)
        file.type = arena_text(arena, value->text.data, value->text.size);
    else
        TRY(settings_from_yaml(feature_settings, value, &file, arena, err));
    if (file.type == NULL) return fail_at(value, err, "feature \"%s\" has no type", feature->name);
    struct err inner = {0};
    if (field_type_parse(str_of(file.type), &feature->type, &inner) != STATUS_OK) {
        fail_at(value, err, "feature \"%s\": %s", feature->name, inner.message);
        if (inner.hint[0] != '\0') err_hint(err, "%s", inner.hint);
        return STATUS_USAGE;
    }
    feature->doc = file.doc;
    view->feature_count++;
    return STATUS_OK;
}

static enum status parse_features(struct view *view, const struct yaml_node *features,
                                  struct arena *arena, struct err *err)
{
    if (features == NULL) return STATUS_OK;
    if (features->kind != YAML_MAP || features->count == 0)
        return fail_at(features, err, "features is a map of name and type");
    view->features = arena_get(arena, features->count, sizeof *view->features);
    if (view->features == NULL) return fail_memory(err, features->count * sizeof *view->features);
    for (size_t i = 0; i < features->count; i++)
        TRY(parse_feature(view, features->keys[i], features->items[i], arena, err));
    return STATUS_OK;
}

static enum status parse_ttl(struct view *view, const char *ttl, const struct yaml_node *root,
                             struct err *err)
{
    struct err inner = {0};
    view->ttl = NO_TTL;
    if (ttl == NULL) return STATUS_OK;
    if (duration_parse(str_of(ttl), &view->ttl, &inner) != STATUS_OK)
        return fail_at(yaml_get(root, "ttl"), err, "ttl: %s", inner.message);
    if (view->event_time == NULL)
        return fail_at(yaml_get(root, "ttl"), err, "a ttl counts from event_time, which is absent");
    return STATUS_OK;
}

static enum status check_personal(const struct view *view, const struct yaml_node *root,
                                  struct err *err)
{
    for (size_t i = 0; i < view->personal.count; i++)
        if (!view_has(view, view->personal.items[i]))
            return fail_at(yaml_get(root, "personal"), err, "column \"%s\" is not in the view",
                           view->personal.items[i]);
    return STATUS_OK;
}

static enum status describe(struct view *view, const struct yaml_node *root, struct arena *arena,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited((size_t)16 << 20);
    TRY(yaml_digest(root, &view->digest, err));
    TRY(yaml_json(root, &json, err));
    view->definition = arena_text(arena, (const char *)json.data, json.size);
    if (view->dataset == NULL) view->dataset = arena_format(arena, "feature/%s", view->name);
    if (view->definition == NULL || view->dataset == NULL) return fail_memory(err, json.size);
    return STATUS_OK;
}

enum status view_parse(struct view *ret, const struct yaml_node *root, struct arena *arena,
                       struct err *err)
{
    struct view_file file = {0};
    if (root == NULL || root->kind != YAML_MAP)
        return fail(err, STATUS_USAGE,
                    "a view is a map: \"view: NAME\", \"entity: [COLUMN]\", ...");
    TRY(settings_from_yaml(view_settings, root, &file, arena, err));
    TRY(check_names(&file, root, err));
    *ret = (struct view){.name = file.view,
                         .dataset = file.dataset,
                         .entity = file.entity,
                         .event_time = file.event_time,
                         .created_time = file.created_time,
                         .doc = file.doc,
                         .owner = file.owner,
                         .tags = file.tags,
                         .personal = file.personal};
    TRY(view_parse_log(ret, file.change_log, arena, err));
    TRY(parse_features(ret, file.features, arena, err));
    TRY(view_parse_aggregates(ret, file.aggregates, arena, err));
    TRY(parse_ttl(ret, file.ttl, root, err));
    TRY(check_personal(ret, root, err));
    return describe(ret, root, arena, err);
}

/* ---- the catalog ---- */

struct names {
    const char **items;
    size_t count;
};

static const char *name_at(const void *names, size_t i)
{
    return ((const struct names *)names)->items[i];
}

static enum status fail_unknown(struct store *store, const char *name, struct arena *arena,
                                struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    const char *known[256];
    struct names names = {known, 0};
    bool row = false;
    TRY(sql_open(store, &statement, err, "SELECT DISTINCT view FROM views ORDER BY view", ""));
    while (names.count < 256) {
        TRY(sql_next(store, statement, &row, err));
        if (!row) break;
        const char *text = sql_text(statement, 0);
        known[names.count] = arena_text(arena, text, strlen(text));
        if (known[names.count++] == NULL) return fail_memory(err, strlen(text));
    }
    const char *nearest = nearest_name(str_of(name), names.count, name_at, &names);
    fail(err, STATUS_USAGE, "no view \"%s\" in store \"%s\"%s%s%s", name, store_path(store),
         nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
         nearest == NULL ? "" : "\"?");
    err_hint(err, "tamis-features define VIEW.yaml makes one");
    return STATUS_USAGE;
}

enum status view_find(struct view *ret, struct store *store, const char *name, struct arena *arena,
                      struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *statement = NULL;
    OWNED(yaml_close) struct yaml *yaml = NULL;
    bool row = false;
    TRY(sql_open(store, &statement, err,
                 "SELECT definition, revision, digest FROM views WHERE view = ? "
                 "ORDER BY revision DESC LIMIT 1",
                 "t", name));
    TRY(sql_next(store, statement, &row, err));
    if (!row) return fail_unknown(store, name, arena, err);
    TRY(yaml_parse(&yaml, name, str_of(sql_text(statement, 0)), err));
    enum status status = view_parse(ret, yaml_root(yaml), arena, err);
    if (status != STATUS_OK) return fail_within(err, status, "view \"%s\" in the catalog", name);
    ret->revision = sqlite3_column_int64(statement, 1);
    return digest_parse(sql_text(statement, 2), &ret->digest, err);
}

enum status view_split(const char *operand, const char **ret_name, const char **ret_reference,
                       struct arena *arena, struct err *err)
{
    const char *at = strchr(operand, '@');
    size_t size = at == NULL ? strlen(operand) : (size_t)(at - operand);
    *ret_name = arena_text(arena, operand, size);
    if (*ret_name == NULL) return fail_memory(err, size);
    *ret_reference = at == NULL ? "latest" : at + 1;
    if (!name_fits(*ret_name, false) || **ret_reference == '\0') {
        fail(err, STATUS_USAGE, "\"%s\" is not a view like NAME or NAME@REF", operand);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

struct timeline_columns view_columns(const struct view *view)
{
    return (struct timeline_columns){&view->entity, view->event_time, view->created_time};
}

/* ---- columns of a table ---- */

struct selection {
    const struct schema *schema;
    size_t *columns;
    size_t count;
};

static enum status select_column(struct selection *selection, const char *name, struct err *err)
{
    if (name == NULL) return STATUS_OK;
    size_t column;
    if (schema_require(selection->schema, str_of(name), &column, err) != STATUS_OK)
        return STATUS_FAILED;
    selection->columns[selection->count++] = column;
    return STATUS_OK;
}

static bool type_fits(const struct field *found, const struct field *wanted)
{
    struct field a = *found, b = *wanted;
    a.name = b.name = "";
    a.nullable = b.nullable = true;
    if (!b.dictionary) a.dictionary = false;
    return field_equal(&a, &b);
}

static enum status select_feature(struct selection *selection, const struct view_feature *feature,
                                  struct err *err)
{
    char found[128], wanted[128];
    TRY(select_column(selection, feature->name, err));
    const struct field *field =
        &selection->schema->fields[selection->columns[selection->count - 1]];
    if (type_fits(field, &feature->type)) return STATUS_OK;
    fail(err, STATUS_FAILED, "column \"%s\" is %s in the view and %s in the data", feature->name,
         field_type_text(&feature->type, wanted, sizeof wanted),
         field_type_text(field, found, sizeof found));
    err_hint(err, "tamis-clean -m 'types %s=%s' converts it, or define the view anew",
             feature->name, wanted);
    return STATUS_FAILED;
}

static void select_others(const struct view *view, struct selection *selection)
{
    for (size_t i = 0; i < selection->schema->count; i++)
        if (!view_is_key(view, selection->schema->fields[i].name))
            selection->columns[selection->count++] = i;
}

static void select_provenance(struct selection *selection)
{
    static const char *const names[] = {COLUMN_SOURCE, COLUMN_RECORD};
    for (size_t i = 0; i < 2; i++) {
        int64_t column = schema_find(selection->schema, str_of(names[i]));
        if (column >= 0) selection->columns[selection->count++] = (size_t)column;
    }
}

static enum status select_log(const struct view *view, struct selection *selection, struct err *err)
{
    for (size_t i = 0; i < view->log.key.count; i++)
        TRY(select_column(selection, view->log.key.items[i], err));
    return select_column(selection, view->log.deleted, err);
}

static enum status select_all(const struct view *view, struct selection *selection, struct err *err)
{
    for (size_t i = 0; i < view->entity.count; i++)
        TRY(select_column(selection, view->entity.items[i], err));
    TRY(select_column(selection, view->event_time, err));
    TRY(select_column(selection, view->created_time, err));
    TRY(select_log(view, selection, err));
    for (size_t i = 0; i < view->feature_count; i++)
        TRY(select_feature(selection, &view->features[i], err));
    if (view->feature_count == 0) select_others(view, selection);
    select_provenance(selection);
    return STATUS_OK;
}

enum status view_select(const struct view *view, const struct schema *schema, size_t **ret,
                        size_t *ret_count, struct arena *arena, struct err *err)
{
    size_t most =
        schema->count + view->entity.count + view->log.key.count + view->feature_count + 5;
    struct selection selection = {.schema = schema,
                                  .columns = arena_get(arena, most, sizeof(size_t))};
    if (selection.columns == NULL) return fail_memory(err, most * sizeof(size_t));
    enum status status = select_all(view, &selection, err);
    if (status != STATUS_OK) return fail_within(err, status, "view \"%s\"", view->name);
    *ret = selection.columns;
    *ret_count = selection.count;
    return STATUS_OK;
}
