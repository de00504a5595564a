/* clean/audit.c: every cell a chain changed, as an Arrow file. */
#include "clean/audit.h"

#include "clean/before_after.h"
#include "columnar/ipc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_MAXIMUM ((size_t)16 << 20)

struct audit {
    struct schema *schema;
    struct output *output;
    struct ipc_writer *writer;
};

/* ---- the file ---- */

enum status audit_schema(struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field source = field_dictionary("source"), module = field_dictionary("module");
    struct field rule = field_dictionary("rule"), column = field_dictionary("column");
    TRY(schema_new(&schema, err));
    TRY(schema_add(schema, &source, err));
    TRY(schema_add_column(schema, "record", TYPE_INT64, err));
    TRY(schema_add_column(schema, "position", TYPE_INT32, err));
    TRY(schema_add(schema, &module, err));
    TRY(schema_add(schema, &rule, err));
    TRY(schema_add(schema, &column, err));
    TRY(schema_add_column(schema, "before", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "after", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "confidence", TYPE_FLOAT64, err));
    TRY(schema_add_column(schema, "donors", TYPE_UTF8, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

enum status audit_open(struct audit **ret, const char *path, struct err *err)
{
    OWNED(audit_close) struct audit *audit = NULL;
    struct ipc_options options = {.format = IPC_FILE, .compression = IPC_ZSTD, .level = 1};
    TRY(NEW(&audit, 1, err));
    TRY(audit_schema(&audit->schema, err));
    TRY(output_open(&audit->output, path, err));
    TRY(ipc_writer_open(&audit->writer, audit->output, audit->schema, options, err));
    *ret = audit;
    audit = NULL;
    return STATUS_OK;
}

enum status audit_commit(struct audit *audit, struct err *err)
{
    TRY(ipc_writer_finish(audit->writer, err));
    return output_commit(audit->output, err);
}

void audit_close(struct audit **audit)
{
    struct audit *a = *audit;
    if (a == NULL) return;
    ipc_writer_close(&a->writer);
    output_close(&a->output);
    schema_unref(&a->schema);
    memory_free(a);
    *audit = NULL;
}

/* ---- a page ---- */

struct cell {
    const struct step *step;
    const struct note *note; /* NULL = the module said nothing of this cell */
    const char *rule;        /* NULL = nor of its column */
    struct str source;
    int64_t record;
    const char *column;
    bool was_null, is_null;
    struct str before, after;
};

static enum status put_value(struct builder *builder, bool null, struct str value, struct err *err)
{
    return null ? build_null(builder, err) : build_text(builder, value, err);
}

static enum status add_cell(struct audit_page *page, const struct cell *cell, struct err *err)
{
    struct builder *columns[AUDIT_COLUMNS];
    for (size_t i = 0; i < AUDIT_COLUMNS; i++)
        columns[i] = batch_builder_column(page->builder, i);
    const struct note *note = cell->note;
    bool sure = note != NULL && !isnan(note->confidence);
    TRY(build_text(columns[AUDIT_SOURCE], cell->source, err));
    TRY(build_int(columns[AUDIT_RECORD], cell->record, err));
    TRY(build_int(columns[AUDIT_POSITION], cell->step->position, err));
    TRY(build_text(columns[AUDIT_MODULE], str_of(cell->step->module->name), err));
    TRY(put_value(columns[AUDIT_RULE], cell->rule == NULL,
                  str_of(cell->rule == NULL ? "" : cell->rule), err));
    TRY(build_text(columns[AUDIT_COLUMN], str_of(cell->column), err));
    TRY(put_value(columns[AUDIT_BEFORE], cell->was_null, cell->before, err));
    TRY(put_value(columns[AUDIT_AFTER], cell->is_null, cell->after, err));
    bool donors = note != NULL && note->donors.data != NULL;
    TRY(put_value(columns[AUDIT_DONORS], !donors, donors ? note->donors : str_of(""), err));
    return sure ? build_real(columns[AUDIT_CONFIDENCE], note->confidence, err)
                : build_null(columns[AUDIT_CONFIDENCE], err);
}

struct collection {
    const struct audit *audit;
    struct audit_page *page;
    const struct redactor *redactor;
    const struct step *step;
    struct change *change;
    struct bytes before, after; /* masked values */
};

static int compare_notes(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static const struct note *note_of(const struct change *change, size_t column, int64_t row)
{
    struct note key = {.column = column, .row = row};
    if (change->note_count == 0) return NULL;
    return bsearch(&key, change->notes, change->note_count, sizeof key, compare_notes);
}

static enum status collect_cell(struct collection *collection, const struct before_after *pair,
                                int64_t row, const struct cell *found, struct err *err)
{
    const struct change *change = collection->change;
    struct cell cell = *found;
    cell.step = collection->step;
    cell.column = pair->field_after->name;
    cell.note = note_of(change, pair->column, row);
    cell.rule = cell.note != NULL ? cell.note->rule : change->rules[pair->column];
    window_provenance(change->window, row, &cell.source, &cell.record);
    TRY(redact(collection->redactor, cell.step->position, cell.column, cell.before,
               &collection->before, &cell.before, err));
    TRY(redact(collection->redactor, cell.step->position, cell.column, cell.after,
               &collection->after, &cell.after, err));
    if (collection->page->builder == NULL)
        TRY(batch_builder_open(&collection->page->builder, collection->audit->schema, 0, err));
    return add_cell(collection->page, &cell, err);
}

static enum status collect_column(struct collection *collection, const struct before_after *pair,
                                  struct err *err)
{
    OWNED(memory_release) struct cell_pair *values = NULL;
    TRY(NEW(&values, 1, err));
    for (int64_t row = 0; row < pair->after->length; row++) {
        if (change_removed(collection->change, row)) continue;
        if (!before_after_differs(pair, row, values)) continue;
        struct cell cell = {.was_null = values->was_null,
                            .is_null = values->is_null,
                            .before = values->before,
                            .after = values->after};
        TRY(collect_cell(collection, pair, row, &cell, err));
    }
    return STATUS_OK;
}

static enum status collect_columns(struct collection *collection, struct err *err)
{
    for (size_t i = 0; i < collection->change->schema->count; i++) {
        struct before_after pair;
        if (before_after_of(collection->change, i, &pair))
            TRY(collect_column(collection, &pair, err));
    }
    return STATUS_OK;
}

enum status audit_collect(const struct audit *audit, struct audit_page *page,
                          const struct redactor *redactor, const struct step *step,
                          struct change *change, struct err *err)
{
    struct collection collection = {.audit = audit,
                                    .page = page,
                                    .redactor = redactor,
                                    .step = step,
                                    .change = change,
                                    .before = bytes_limited(VALUE_MAXIMUM),
                                    .after = bytes_limited(VALUE_MAXIMUM)};
    if (change->note_count > 0)
        qsort(change->notes, change->note_count, sizeof *change->notes, compare_notes);
    enum status status = collect_columns(&collection, err);
    bytes_release(&collection.before);
    bytes_release(&collection.after);
    return status;
}

enum status audit_encode(const struct audit *audit, struct audit_page *page, struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    if (page->builder == NULL) return STATUS_OK;
    TRY(batch_builder_finish(page->builder, &batch, err));
    return ipc_writer_encode(audit->writer, &batch, NULL, &page->message, err);
}

enum status audit_put(struct audit *audit, struct audit_page *page, struct err *err)
{
    if (page->message == NULL) return STATUS_OK;
    return ipc_writer_put(audit->writer, &page->message, err);
}

void audit_page_release(struct audit_page *page)
{
    batch_builder_close(&page->builder);
    ipc_message_free(&page->message);
}
