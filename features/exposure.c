/* features/exposure.c: `tamis-features exposure`: which version behind a tag an entity gets, and
 * who was shown which. */
#include "features/commands.h"

#include "base/output.h"
#include "columnar/build.h"
#include "features/row_text.h"
#include "features/served.h"
#include "lineage/sql.h"

struct exposure_args {
    const char *entity;
    bool list;
};

static const struct setting exposure_options[] = {
    {.name = "entity",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct exposure_args, entity),
     .help = "the version this entity gets, and what it was shown so far",
     .argument = "KEY"},
    {.name = "list",
     .kind = SETTING_FLAG,
     .offset = offsetof(struct exposure_args, list),
     .help = "one row an entity instead of one a version"},
    {0},
};

struct exposure {
    const struct invocation *invocation;
    struct store *store;
    struct served served;
    struct batch_builder *rows;
};

static void exposure_release(struct exposure *exposure)
{
    batch_builder_close(&exposure->rows);
    store_close(&exposure->store);
}

/* ---- rows ---- */

static enum status open_rows(struct exposure *exposure, const char *const *names,
                             const enum type_id *types, size_t count, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < count; i++)
        TRY(schema_add_column(schema, names[i], types[i], err));
    return batch_builder_open(&exposure->rows, schema, 64, err);
}

/* A row of the statement as a row of the answer: whole numbers and texts. */
static enum status add_row(struct exposure *exposure, sqlite3_stmt *row, struct err *err)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        struct builder *column = batch_builder_column(exposure->rows, (size_t)i);
        int type = sqlite3_column_type(row, i);
        if (type == SQLITE_NULL)
            TRY(build_null(column, err));
        else if (type == SQLITE_INTEGER)
            TRY(build_int(column, sqlite3_column_int64(row, i), err));
        else
            TRY(build_text(column, str_of(sql_text(row, i)), err));
    }
    return STATUS_OK;
}

static enum status add_rows(struct exposure *exposure, sqlite3_stmt *rows, struct err *err)
{
    for (bool row = true;;) {
        TRY(sql_next(exposure->store, rows, &row, err));
        if (!row) return STATUS_OK;
        TRY(add_row(exposure, rows, err));
    }
}

/* ---- the three questions ---- */

static enum status versions_shown(struct exposure *exposure, struct err *err)
{
    static const char *const names[] = {"version", "weight",   "entities",
                                        "times",   "first_at", "last_at"};
    static const enum type_id types[] = {TYPE_INT64, TYPE_INT64, TYPE_INT64,
                                         TYPE_INT64, TYPE_UTF8,  TYPE_UTF8};
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(open_rows(exposure, names, types, 6, err));
    TRY(sql_open(exposure->store, &rows, err,
                 "SELECT n.number, (SELECT weight FROM tags AS t WHERE t.dataset = ?1"
                 " AND t.tag = ?2 AND t.number = n.number), count(e.entity),"
                 " coalesce(sum(e.times), 0), min(e.first_at), max(e.last_at)"
                 " FROM (SELECT number FROM tags WHERE dataset = ?1 AND tag = ?2"
                 "       UNION SELECT number FROM exposures WHERE dataset = ?1 AND tag = ?2) AS n"
                 " LEFT JOIN exposures AS e"
                 " ON e.dataset = ?1 AND e.tag = ?2 AND e.number = n.number"
                 " GROUP BY n.number ORDER BY n.number",
                 "tt", exposure->served.view.dataset, exposure->served.tag));
    return add_rows(exposure, rows, err);
}

static enum status entities_shown(struct exposure *exposure, struct err *err)
{
    static const char *const names[] = {"entity", "version", "times", "first_at", "last_at"};
    static const enum type_id types[] = {TYPE_UTF8, TYPE_INT64, TYPE_INT64, TYPE_UTF8, TYPE_UTF8};
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(open_rows(exposure, names, types, 5, err));
    TRY(sql_open(exposure->store, &rows, err,
                 "SELECT entity, number, times, first_at, last_at FROM exposures"
                 " WHERE dataset = ? AND tag = ? ORDER BY entity, number",
                 "tt", exposure->served.view.dataset, exposure->served.tag));
    return add_rows(exposure, rows, err);
}

static enum status version_of_entity(struct exposure *exposure, const char *entity, struct err *err)
{
    static const char *const names[] = {"entity", "gets",     "version",
                                        "times",  "first_at", "last_at"};
    static const enum type_id types[] = {TYPE_UTF8,  TYPE_INT64, TYPE_INT64,
                                         TYPE_INT64, TYPE_UTF8,  TYPE_UTF8};
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    OWNED(bytes_release) struct bytes key = bytes_limited((size_t)1 << 30);
    const struct served *served = &exposure->served;
    TRY(open_rows(exposure, names, types, 6, err));
    TRY(served_key(served, exposure->store, entity, &key, err));
    size_t place = served_pick(served, (struct str){(const char *)key.data, key.size});
    TRY(sql_open(exposure->store, &rows, err,
                 "SELECT ?1, ?2, e.number, e.times, e.first_at, e.last_at FROM (SELECT 1)"
                 " LEFT JOIN exposures AS e ON e.dataset = ?3 AND e.tag = ?4 AND e.entity = ?1"
                 " ORDER BY e.number",
                 "titt", entity, served->state.shares[place].number, served->view.dataset,
                 served->tag));
    return add_rows(exposure, rows, err);
}

/* ---- the command ---- */

static enum status show(struct exposure *exposure, struct err *err)
{
    OWNED(text_table_close) struct text_table *table = NULL;
    OWNED(batch_release) struct batch rows = {0};
    OWNED(bytes_release) struct bytes text = bytes_limited((size_t)1 << 32);
    OWNED(output_close) struct output *output = NULL;
    TRY(batch_builder_finish(exposure->rows, &rows, err));
    if (exposure->invocation->common.json) {
        TRY(json_array(&rows, &text, err));
    } else {
        TRY(text_table_open(&table, rows.schema, err));
        TRY(text_table_rows(table, &rows, 0, rows.rows, &text, err));
        TRY(text_table_end(table, &text, err));
    }
    TRY(output_open(&output, exposure->invocation->common.output, err));
    TRY(output_write(output, text.data, text.size, err));
    return output_commit(output, err);
}

static enum status exposure_run(struct invocation *invocation, struct err *err)
{
    const struct exposure_args *args = invocation->args;
    const char *operand = invocation->operands[0];
    OWNED(exposure_release) struct exposure exposure = {.invocation = invocation};
    TRY(store_open(&exposure.store, &invocation->common, STORE_READ, err));
    if (exposure.store == NULL) return fail(err, STATUS_USAGE, "--no-store: tags are in a store");
    TRY(served_find(&exposure.served, exposure.store, operand, invocation->arena, err));
    if (exposure.served.tag == NULL) {
        fail(err, STATUS_USAGE, "\"%s\" names no tag, expected VIEW@TAG", operand);
        err_hint(err, "tamis-features log shows the tags of a view");
        return STATUS_USAGE;
    }
    if (args->entity != NULL)
        TRY(version_of_entity(&exposure, args->entity, err));
    else
        TRY(args->list ? entities_shown(&exposure, err) : versions_shown(&exposure, err));
    return show(&exposure, err);
}

const struct command exposure_command = {
    .name = "exposure",
    .operands = "VIEW@TAG",
    .summary = "tell which version behind a tag an entity gets, and who was shown which",
    .details =
        "Behind a weighted tag a hash of the entity's key decides. What was shown is counted "
        "by commands that answer with --log-exposure; a version that is no longer behind the "
        "tag has no weight.",
    .examples = "tamis-features exposure user_activity@prod\n"
                "tamis-features exposure user_activity@prod --entity u42",
    .options = exposure_options,
    .args_bytes = sizeof(struct exposure_args),
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = exposure_run,
    .common_without = "emit|explain|as-of|seed|no-store",
};
