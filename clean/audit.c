/* clean/audit.c: every cell a chain changed, as an Arrow file. */
#include "clean/audit.h"

#include "columnar/ipc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_ROOM    4096
#define VALUE_MAXIMUM ((size_t)16 << 20)

struct audit {
    struct schema *schema;
    struct output *output;
    struct ipc_writer *writer;
    int64_t cells;
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

int64_t audit_cells(const struct audit *audit)
{
    return audit->cells;
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

/* ---- one cell, before and after ---- */

/* One column as it came and as it leaves. */
struct pair {
    const struct field *field_before, *field_after;
    const struct array *before, *after;
    size_t column; /* in the schema that leaves */
};

static bool is_text(const struct field *field)
{
    return field->dictionary || field->type.id == TYPE_UTF8 || field->type.id == TYPE_BINARY;
}

/* false for null. `room` has VALUE_ROOM bytes. */
static bool value_of(const struct field *field, const struct array *array, int64_t row, char *room,
                     struct str *ret)
{
    *ret = (struct str){NULL, 0};
    if (field->type.id == TYPE_NULL || array_is_null(array, row)) return false;
    if (field->type.id == TYPE_BINARY && !field->dictionary) {
        snprintf(room, VALUE_ROOM, "(%zu bytes)", array_text(array, row).size);
        *ret = str_of(room);
        return true;
    }
    if (is_text(field)) return array_text_at(field, array, row, ret);
    *ret = str_of(array_value_text(field, array, row, room, VALUE_ROOM));
    return true;
}

/* The quick way for columns of one fixed width. */
static bool same_bits(const struct pair *pair, int64_t row)
{
    size_t width = type_width(&pair->field_after->type);
    if (width == 0 || pair->field_after->dictionary) return false;
    if (!field_equal(pair->field_before, pair->field_after)) return false;
    if (array_is_null(pair->before, row) != array_is_null(pair->after, row)) return false;
    const uint8_t *before = array_values(pair->before), *after = array_values(pair->after);
    return memcmp(before + (size_t)row * width, after + (size_t)row * width, width) == 0;
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
    page->cells++;
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

static enum status collect_cell(struct collection *collection, const struct pair *pair, int64_t row,
                                const struct cell *found, struct err *err)
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

static enum status collect_column(struct collection *collection, const struct pair *pair,
                                  struct err *err)
{
    char before[VALUE_ROOM], after[VALUE_ROOM];
    for (int64_t row = 0; row < pair->after->length; row++) {
        struct cell cell = {0};
        if (change_removed(collection->change, row) || same_bits(pair, row)) continue;
        cell.was_null = !value_of(pair->field_before, pair->before, row, before, &cell.before);
        cell.is_null = !value_of(pair->field_after, pair->after, row, after, &cell.after);
        if (cell.was_null == cell.is_null && str_equal(cell.before, cell.after)) continue;
        TRY(collect_cell(collection, pair, row, &cell, err));
    }
    return STATUS_OK;
}

static enum status collect_columns(struct collection *collection, struct err *err)
{
    const struct change *change = collection->change;
    const struct batch *batch = change->window->batch;
    for (size_t i = 0; i < change->schema->count; i++) {
        const struct field *after = &change->schema->fields[i];
        int64_t from = change_origin(change, i);
        if (from < 0 || batch->columns[from] == change->columns[i]) continue;
        struct pair pair = {.field_before = &batch->schema->fields[from],
                            .field_after = after,
                            .before = batch->columns[from],
                            .after = change->columns[i],
                            .column = i};
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
    audit->cells += page->cells;
    return ipc_writer_put(audit->writer, &page->message, err);
}

void audit_page_release(struct audit_page *page)
{
    batch_builder_close(&page->builder);
    ipc_message_free(&page->message);
}
