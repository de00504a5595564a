/* features/forget_keys.c: keys of entities to be forgotten, or that were. */
#include "features/forget_keys.h"

#include "base/clock.h"
#include "columnar/value_text.h"
#include "features/key_text.h"
#include "lineage/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define PARTED "\x1f"

/* ---- texts ---- */

static struct digest digest_of_key(const char *salt, const void *text, size_t size)
{
    struct digester digester;
    digester_begin(&digester);
    digester_add_field(&digester, salt, strlen(salt));
    digester_add_field(&digester, text, size);
    return digester_end(&digester);
}

/* The values of a row, parted; *ret_null true where one is null. */
static enum status text_of_row(const size_t *columns, size_t count, const struct batch *batch,
                               int64_t row, struct bytes *ret, bool *ret_null, struct err *err)
{
    ret->size = 0;
    *ret_null = false;
    for (size_t i = 0; i < count && !*ret_null; i++) {
        const struct field *field = &batch->schema->fields[columns[i]];
        const struct array *array = batch->columns[columns[i]];
        if (i > 0) TRY(bytes_append_text(ret, PARTED, err));
        *ret_null = value_is_null(field, array, row);
        if (!*ret_null) TRY(value_plain(field, array, row, ret, err));
    }
    return STATUS_OK;
}

static enum status make_salt(char ret[SALT_TEXT], struct err *err)
{
    uint8_t bytes[(SALT_TEXT - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return fail_errno(err, errno, "random bytes for a salt");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    return STATUS_OK;
}

static int by_text(const void *a, const void *b)
{
    const struct forget_key *left = a, *right = b;
    return strcmp(left->text, right->text);
}

static enum status add_keys(struct forget_keys *keys, const struct batch *rows, char *const *texts,
                            struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1 << 20);
    size_t columns[KEY_COLUMNS];
    bool null;
    for (size_t i = 0; i < keys->columns.count; i++)
        columns[i] = i;
    for (int64_t row = 0; row < rows->rows; row++) {
        struct forget_key *key = &keys->items[keys->count++];
        TRY(text_of_row(columns, keys->columns.count, rows, row, &text, &null, err));
        key->typed = texts[row];
        key->text = arena_text(keys->arena, (const char *)text.data, text.size);
        if (key->text == NULL) return fail_memory(err, text.size);
        TRY(make_salt(key->salt, err));
        key->digest = digest_of_key(key->salt, key->text, strlen(key->text));
    }
    qsort(keys->items, keys->count, sizeof *keys->items, by_text);
    return STATUS_OK;
}

enum status forget_keys_parse(struct forget_keys *ret, struct store *store,
                              const struct served *served, char *const *texts, size_t count,
                              struct arena *arena, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(batch_release) struct batch rows = {0};
    struct version version;
    *ret = (struct forget_keys){.columns = served->view.entity, .arena = arena};
    ret->items = arena_get(arena, count, sizeof *ret->items);
    if (ret->items == NULL) return fail_memory(err, count * sizeof *ret->items);
    TRY(served_version(served, store, served->state.count - 1, &version, err));
    TRY(version_reader_open(&reader, store, &version, 1, err));
    TRY(key_text_schema(&schema, version_reader_schema(reader), &ret->columns, err));
    TRY(batch_builder_open(&builder, schema, (int64_t)count, err));
    for (size_t i = 0; i < count; i++)
        TRY(key_text_add(builder, schema, str_of(texts[i]), err));
    TRY(batch_builder_finish(builder, &rows, err));
    return add_keys(ret, &rows, texts, err);
}

/* ---- the catalog ---- */

static enum status columns_json(const struct text_list *columns, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < columns->count; i++) {
        TRY(bytes_append_text(ret, i == 0 ? "[" : ",", err));
        TRY(bytes_append_json(ret, str_of(columns->items[i]), err));
    }
    TRY(bytes_append_text(ret, "]", err));
    return bytes_append(ret, "", 1, err);
}

static enum status read_columns(struct text_list *ret, const char *json, struct arena *arena,
                                struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(yaml_parse(&yaml, "columns of a forgotten key", str_of(json), err));
    const struct yaml_node *list = yaml_root(yaml);
    if (list == NULL || list->kind != YAML_LIST || list->count > KEY_COLUMNS)
        return fail(err, STATUS_FAILED, "\"%s\" is no list of columns", json);
    ret->items = arena_get(arena, list->count, sizeof *ret->items);
    if (ret->items == NULL) return fail_memory(err, list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct str text = list->items[i]->text;
        ret->items[ret->count++] = arena_text(arena, text.data, text.size);
        if (ret->items[i] == NULL) return fail_memory(err, text.size);
    }
    return STATUS_OK;
}

static enum status read_known(struct forget_keys *keys, sqlite3_stmt *row, struct err *err)
{
    struct forget_key *key = arena_get(keys->arena, 1, sizeof *key);
    if (key == NULL) return fail_memory(err, sizeof *key);
    keys->items = key;
    keys->count = 1;
    key->forget_key = sqlite3_column_int64(row, 0);
    snprintf(key->salt, sizeof key->salt, "%s", sql_text(row, 2));
    key->ended = sqlite3_column_type(row, 4) != SQLITE_NULL;
    TRY(digest_parse(sql_text(row, 3), &key->digest, err));
    return read_columns(&keys->columns, sql_text(row, 1), keys->arena, err);
}

enum status forget_keys_known(struct forget_keys **ret, size_t *ret_count, struct store *store,
                              struct arena *arena, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    int64_t count = 0;
    bool row;
    TRY(sql_number(store, &count, 0, err, "SELECT count(*) FROM forgettings", ""));
    *ret = arena_get(arena, (size_t)count, sizeof **ret);
    *ret_count = 0;
    if (*ret == NULL) return fail_memory(err, (size_t)count * sizeof **ret);
    TRY(sql_open(store, &rows, err,
                 "SELECT forget_key, columns, salt, key_digest, ended_at FROM forgettings"
                 " ORDER BY forget_key LIMIT ?",
                 "i", count));
    for (;;) {
        TRY(sql_next(store, rows, &row, err));
        if (!row) return STATUS_OK;
        struct forget_keys *keys = &(*ret)[(*ret_count)++];
        keys->arena = arena;
        TRY(read_known(keys, rows, err));
    }
}

static bool same_columns(const struct text_list *a, const struct text_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

/* The row of an earlier attempt, or of an entity that came again. */
static void take_over(struct forget_key *key, const struct text_list *columns,
                      const struct forget_keys *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct forget_key *old = known[i].items;
        if (!same_columns(columns, &known[i].columns)) continue;
        struct digest digest = digest_of_key(old->salt, key->text, strlen(key->text));
        if (memcmp(&digest, &old->digest, sizeof digest) != 0) continue;
        memcpy(key->salt, old->salt, sizeof key->salt);
        key->digest = digest;
        key->forget_key = old->forget_key;
        key->ended = old->ended;
    }
}

static enum status begin_all(struct forget_keys *keys, struct store *store, const char *run,
                             const char *columns, struct err *err)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct forget_key *key = &keys->items[i];
        if (key->forget_key != 0) {
            TRY(sql_run(store, err, "UPDATE forgettings SET run_id = ? WHERE forget_key = ?", "ti",
                        run, key->forget_key));
            continue;
        }
        TRY(sql_run(store, err,
                    "INSERT INTO forgettings (run_id, columns, salt, key_digest, begun_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    "tttdu", run, columns, key->salt, &key->digest, clock_now()));
        key->forget_key = sqlite3_last_insert_rowid(store_catalog(store));
    }
    return STATUS_OK;
}

enum status forget_keys_begin(struct forget_keys *keys, struct store *store, const char *run,
                              struct err *err)
{
    OWNED(bytes_release) struct bytes columns = bytes_limited(1 << 20);
    struct forget_keys *known;
    size_t count;
    TRY(forget_keys_known(&known, &count, store, keys->arena, err));
    for (size_t i = 0; i < keys->count; i++)
        take_over(&keys->items[i], &keys->columns, known, count);
    TRY(columns_json(&keys->columns, &columns, err));
    TRY(catalog_begin(store, err));
    enum status status = begin_all(keys, store, run, (const char *)columns.data, err);
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

/* ---- rows ---- */

static bool find_by_name(const struct forget_keys *keys, const struct schema *schema, size_t *ret)
{
    for (size_t i = 0; i < keys->columns.count; i++) {
        int64_t column = schema_find(schema, str_of(keys->columns.items[i]));
        if (column < 0) return false;
        ret[i] = (size_t)column;
    }
    return true;
}

/* The next "NAME:KEY" of a mark, taken off its front; false where there is none. */
static bool next_mark(struct str *mark, struct str *ret)
{
    if (mark->size == 0) return false;
    const char *end = memchr(mark->data, *KEY_MARK_PART, mark->size);
    size_t size = end == NULL ? mark->size : (size_t)(end - mark->data);
    *ret = (struct str){mark->data, size};
    size_t taken = end == NULL ? size : size + 1;
    *mark = (struct str){mark->data + taken, mark->size - taken};
    return true;
}

/* The column that is marked as `name`'s `key`, -1 where none is. */
static int64_t find_marked(const struct schema *schema, struct str name, const char *key)
{
    size_t size = strlen(key);
    for (size_t i = 0; i < schema->count; i++) {
        struct str mark = metadata_get(&schema->fields[i].metadata, KEY_MARK), one;
        while (next_mark(&mark, &one))
            if (one.size == name.size + 1 + size && memcmp(one.data, name.data, name.size) == 0 &&
                one.data[name.size] == ':' && memcmp(one.data + name.size + 1, key, size) == 0)
                return (int64_t)i;
    }
    return -1;
}

/* The place that a mark of the first key column belongs to. */
static void add_marked(const struct forget_keys *keys, const struct schema *schema, struct str one,
                       struct forget_place *ret)
{
    const char *colon = memchr(one.data, ':', one.size);
    if (colon == NULL || ret->count > KEY_PLACES) return;
    struct str name = {one.data, (size_t)(colon - one.data)};
    struct str key = {colon + 1, one.size - name.size - 1};
    if (!str_is(key, keys->columns.items[0])) return;
    size_t *columns = ret->columns[ret->count];
    for (size_t i = 0; i < keys->columns.count; i++) {
        int64_t column = find_marked(schema, name, keys->columns.items[i]);
        if (column < 0) return;
        columns[i] = (size_t)column;
    }
    ret->count++;
}

bool forget_place_find(const struct forget_keys *keys, const struct schema *schema,
                       struct forget_place *ret)
{
    ret->count = find_by_name(keys, schema, ret->columns[0]) ? 1 : 0;
    for (size_t i = 0; i < schema->count; i++) {
        struct str mark = metadata_get(&schema->fields[i].metadata, KEY_MARK), one;
        while (next_mark(&mark, &one))
            add_marked(keys, schema, one, ret);
    }
    return ret->count > 0;
}

static int text_against_key(const void *text, const void *key)
{
    const struct str *left = text;
    return str_compare(*left, str_of(((const struct forget_key *)key)->text));
}

static int32_t which(const struct forget_keys *keys, struct str text)
{
    if (keys->count > 0 && keys->items[0].text != NULL) {
        const struct forget_key *found =
            bsearch(&text, keys->items, keys->count, sizeof *keys->items, text_against_key);
        return found == NULL ? -1 : (int32_t)(found - keys->items);
    }
    for (size_t i = 0; i < keys->count; i++) {
        struct digest digest = digest_of_key(keys->items[i].salt, text.data, text.size);
        if (memcmp(&digest, &keys->items[i].digest, sizeof digest) == 0) return (int32_t)i;
    }
    return -1;
}

static enum status match_place(const struct forget_keys *keys, const size_t *columns,
                               const struct batch *batch, int32_t *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 30);
    const struct field *field = &batch->schema->fields[columns[0]];
    bool plain = keys->columns.count == 1 && field->type.id == TYPE_UTF8;
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str found = {0};
        bool null = false;
        if (plain) {
            null = !array_text_at(field, batch->columns[columns[0]], row, &found);
        } else {
            TRY(text_of_row(columns, keys->columns.count, batch, row, &text, &null, err));
            found = (struct str){(const char *)text.data, text.size};
        }
        if (!null && ret[row] < 0) ret[row] = which(keys, found);
    }
    return STATUS_OK;
}

enum status forget_match(const struct forget_keys *keys, const struct forget_place *place,
                         const struct batch *batch, int32_t *ret, struct err *err)
{
    for (int64_t row = 0; row < batch->rows; row++)
        ret[row] = -1;
    for (size_t i = 0; i < place->count; i++)
        TRY(match_place(keys, place->columns[i], batch, ret, err));
    return STATUS_OK;
}
