/* clean/revert.c: undoes what one step did to cells. */
#include "clean/revert.h"

#include "base/clock.h"
#include "clean/audit.h"
#include "clean/numeral.h"
#include "columnar/build.h"
#include "columnar/ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

struct cell {
    struct str source, column, before;
    int64_t record, position;
    bool was_null, superseded;
    uint32_t next; /* place + 1 of the next cell of the same row; 0 = none */
};

struct revert {
    struct arena *arena;
    struct cell *cells;
    size_t count, room;
    uint32_t *slots; /* place + 1 of a row's first cell, by hash of source and record */
    size_t slot_count;
    struct revert_counts counts;
};

/* ---- rows by source and record ---- */

static uint64_t hash_row(struct str source, int64_t record)
{
    return XXH3_64bits_withSeed(source.data, source.size, (uint64_t)record);
}

static size_t slot_of(const struct revert *revert, struct str source, int64_t record)
{
    size_t mask = revert->slot_count - 1;
    for (size_t i = hash_row(source, record) & mask;; i = (i + 1) & mask) {
        if (revert->slots[i] == 0) return i;
        const struct cell *cell = &revert->cells[revert->slots[i] - 1];
        if (cell->record == record && str_equal(cell->source, source)) return i;
    }
}

static struct cell *find_cell(const struct revert *revert, struct str source, int64_t record,
                              struct str column)
{
    uint32_t at = revert->slots[slot_of(revert, source, record)];
    for (; at != 0; at = revert->cells[at - 1].next)
        if (str_equal(revert->cells[at - 1].column, column)) return &revert->cells[at - 1];
    return NULL;
}

static void file_cell(struct revert *revert, size_t place)
{
    struct cell *cell = &revert->cells[place];
    uint32_t *slot = &revert->slots[slot_of(revert, cell->source, cell->record)];
    cell->next = *slot;
    *slot = (uint32_t)place + 1;
}

static enum status grow(struct revert *revert, struct err *err)
{
    if (revert->count < revert->room) return STATUS_OK;
    size_t room = revert->room == 0 ? 1024 : revert->room * 2;
    if (room > UINT32_MAX / 4)
        return fail(err, STATUS_FAILED, "more than %zu cells to restore", revert->room);
    struct cell *cells = memory_resize(revert->cells, room, sizeof *cells);
    if (cells == NULL) return fail_memory(err, room * sizeof *cells);
    revert->cells = cells;
    revert->room = room;
    memory_free(revert->slots);
    revert->slots = NULL;
    revert->slot_count = 2 * room;
    TRY(NEW(&revert->slots, revert->slot_count, err));
    for (size_t i = 0; i < revert->count; i++)
        file_cell(revert, i);
    return STATUS_OK;
}

/* ---- the audit ---- */

struct choice {
    const char *module;
    int64_t position;
};

struct entry {
    struct str source, module, column, before;
    int64_t record, position;
    bool was_null;
};

static struct entry entry_at(const struct batch *batch, int64_t row)
{
    const struct field *fields = batch->schema->fields;
    struct array *const *columns = batch->columns;
    struct entry entry = {0};
    array_text_at(&fields[AUDIT_SOURCE], columns[AUDIT_SOURCE], row, &entry.source);
    array_text_at(&fields[AUDIT_MODULE], columns[AUDIT_MODULE], row, &entry.module);
    array_text_at(&fields[AUDIT_COLUMN], columns[AUDIT_COLUMN], row, &entry.column);
    entry.record = ((const int64_t *)array_values(columns[AUDIT_RECORD]))[row];
    entry.position = ((const int32_t *)array_values(columns[AUDIT_POSITION]))[row];
    entry.was_null =
        !array_text_at(&fields[AUDIT_BEFORE], columns[AUDIT_BEFORE], row, &entry.before);
    return entry;
}

static bool is_chosen(const struct choice *choice, const struct entry *entry)
{
    return (choice->module == NULL || str_is(entry->module, choice->module)) &&
           (choice->position == 0 || choice->position == entry->position);
}

static enum status keep(struct revert *revert, struct str text, struct str *ret, struct err *err)
{
    ret->size = text.size;
    ret->data = arena_text(revert->arena, text.size == 0 ? "" : text.data, text.size);
    return ret->data == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status take_entry(struct revert *revert, const struct entry *entry, struct err *err)
{
    TRY(grow(revert, err));
    struct cell *known = find_cell(revert, entry->source, entry->record, entry->column);
    if (known != NULL && known->position < entry->position) return STATUS_OK; /* undone with it */
    struct cell cell = {
        .record = entry->record, .position = entry->position, .was_null = entry->was_null};
    TRY(keep(revert, entry->source, &cell.source, err));
    TRY(keep(revert, entry->column, &cell.column, err));
    TRY(keep(revert, entry->before, &cell.before, err));
    if (known != NULL) {
        cell.next = known->next;
        *known = cell;
        return STATUS_OK;
    }
    revert->cells[revert->count++] = cell;
    file_cell(revert, revert->count - 1);
    revert->counts.cells++;
    return STATUS_OK;
}

static void mark_superseded(struct revert *revert, const struct entry *entry)
{
    struct cell *known = find_cell(revert, entry->source, entry->record, entry->column);
    if (known == NULL || known->superseded || known->position > entry->position) return;
    known->superseded = true;
    revert->counts.superseded++;
}

/* Both readings of the file: chosen entries are taken, then all others looked at. */
static enum status read_batch(struct revert *revert, const struct choice *choice, bool first,
                              const struct batch *batch, struct err *err)
{
    for (int64_t row = 0; row < batch->rows; row++) {
        struct entry entry = entry_at(batch, row);
        bool chosen = is_chosen(choice, &entry);
        if (chosen && first) TRY(take_entry(revert, &entry, err));
        if (!chosen && !first) mark_superseded(revert, &entry);
    }
    return STATUS_OK;
}

static enum status check_schema(const struct schema *found, struct err *err)
{
    OWNED(schema_unref) struct schema *expected = NULL;
    TRY(audit_schema(&expected, err));
    bool same = found->count == AUDIT_COLUMNS || found->count == AUDIT_DONORS;
    for (size_t i = 0; same && i < found->count; i++)
        same = field_equal(&found->fields[i], &expected->fields[i]);
    return same ? STATUS_OK
                : fail(err, STATUS_USAGE, "not an audit of cells, as --audit cells writes it");
}

static enum status read_audit(struct revert *revert, const char *path, const struct choice *choice,
                              bool first, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    TRY(input_open(&input, path, err));
    TRY(ipc_reader_open(&reader, &input, 1, err));
    TRY(check_schema(ipc_reader_schema(reader), err));
    for (bool end = false;;) {
        OWNED(batch_release) struct batch batch = {0};
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(read_batch(revert, choice, first, &batch, err));
    }
}

static enum status load(struct revert *revert, const char *path, const struct choice *choice,
                        struct err *err)
{
    TRY(arena_open(&revert->arena, err));
    TRY(grow(revert, err));
    enum status status = read_audit(revert, path, choice, true, err);
    if (status == STATUS_OK && revert->count == 0) {
        status = fail(err, STATUS_USAGE, "no cell was changed by such a step");
        err_hint(err, "tamis-features cat shows the file: see its columns module and position");
    }
    if (status == STATUS_OK) status = read_audit(revert, path, choice, false, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "audit \"%s\"", path);
}

enum status revert_open(struct revert **ret, const char *audit, const char *module,
                        int64_t position, struct err *err)
{
    OWNED(revert_close) struct revert *revert = NULL;
    struct choice choice = {module, position};
    TRY(NEW(&revert, 1, err));
    TRY(load(revert, audit, &choice, err));
    *ret = revert;
    revert = NULL;
    return STATUS_OK;
}

void revert_close(struct revert **revert)
{
    struct revert *r = *revert;
    if (r == NULL) return;
    memory_free(r->cells);
    memory_free(r->slots);
    arena_close(&r->arena);
    memory_free(r);
    *revert = NULL;
}

struct revert_counts revert_counts(const struct revert *revert)
{
    return revert->counts;
}

/* ---- texts back into values ---- */

static enum status build_moment(struct builder *builder, const struct field *field, struct str text,
                                bool *ret_fits, struct err *err)
{
    static const int64_t per_second[] = {
        [UNIT_SECOND] = 1, [UNIT_MILLI] = 1000, [UNIT_MICRO] = 1000000, [UNIT_NANO] = 1000000000};
    int64_t microseconds = 0;
    *ret_fits = time_parse(text, &microseconds, NULL) == STATUS_OK;
    if (!*ret_fits) return STATUS_OK;
    if (field->type.id == TYPE_DATE32) return build_int(builder, microseconds / 86400000000, err);
    int64_t units = per_second[field->type.unit];
    if (units >= 1000000) return build_int(builder, microseconds * (units / 1000000), err);
    return build_int(builder, microseconds / (1000000 / units), err);
}

static enum status build_number(struct builder *builder, const struct field *field, struct str text,
                                bool *ret_fits, struct err *err)
{
    char copy[64], *end = NULL;
    *ret_fits = text.size > 0 && text.size < sizeof copy;
    if (!*ret_fits) return STATUS_OK;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    errno = 0;
    if (!type_is_integer(field->type.id)) {
        double real = strtod(copy, &end);
        *ret_fits = *end == '\0';
        return *ret_fits ? build_real(builder, real, err) : STATUS_OK;
    }
    int64_t whole = strtoll(copy, &end, 10);
    *ret_fits = *end == '\0' && errno == 0;
    return *ret_fits ? build_int(builder, whole, err) : STATUS_OK;
}

static enum status build_exact(struct builder *builder, const struct field *field, struct str text,
                               bool *ret_fits, struct err *err)
{
    int128 decimal = 0;
    *ret_fits = number_decimal(text, STYLE_POINT, field->type.precision, field->type.scale,
                               ROUND_NONE, &decimal);
    return *ret_fits ? build_decimal(builder, &decimal, err) : STATUS_OK;
}

/* Appends one value unless the text is none of the column's type. */
static enum status build_value(struct builder *builder, const struct field *field, struct str text,
                               bool *ret_fits, struct err *err)
{
    enum type_id id = field->type.id;
    *ret_fits = true;
    if (field->dictionary || id == TYPE_UTF8) return build_text(builder, text, err);
    if (id == TYPE_DATE32 || id == TYPE_TIMESTAMP)
        return build_moment(builder, field, text, ret_fits, err);
    if (type_is_number(id)) return build_number(builder, field, text, ret_fits, err);
    if (id == TYPE_DECIMAL128) return build_exact(builder, field, text, ret_fits, err);
    *ret_fits = id == TYPE_BOOL && (str_is(text, "true") || str_is(text, "false"));
    return *ret_fits ? build_bool(builder, str_is(text, "true"), err) : STATUS_OK;
}

/* ---- one batch ---- */

struct row_names {
    const struct field *source_field;
    const struct array *sources, *records;
};

static enum status find_names(const struct batch *batch, struct row_names *ret, struct err *err)
{
    int64_t source, record;
    if (!schema_provenance(batch->schema, &source, &record)) {
        fail(err, STATUS_USAGE,
             "rows without " COLUMN_SOURCE " and " COLUMN_RECORD " cannot be found in an audit");
        err_hint(err, "keep the provenance columns that tamis-ingest adds");
        return STATUS_USAGE;
    }
    *ret = (struct row_names){&batch->schema->fields[source], batch->columns[source],
                              batch->columns[record]};
    return STATUS_OK;
}

static struct cell *cell_at(const struct revert *revert, const struct row_names *names,
                            const char *column, int64_t row)
{
    struct str source = {NULL, 0};
    array_text_at(names->source_field, names->sources, row, &source);
    int64_t record = ((const int64_t *)array_values(names->records))[row];
    struct cell *cell = find_cell(revert, source, record, str_of(column));
    return cell == NULL || cell->superseded ? NULL : cell;
}

static enum status restore_cell(struct revert *revert, struct builder *builder,
                                const struct field *field, const struct array *array, int64_t row,
                                const struct cell *cell, struct err *err)
{
    bool fits = true;
    if (cell->was_null)
        TRY(build_null(builder, err));
    else
        TRY(build_value(builder, field, cell->before, &fits, err));
    if (!fits) TRY(build_copy(builder, array, row, err));
    revert->counts.restored += fits;
    revert->counts.unfit += !fits;
    return STATUS_OK;
}

/* *ret NULL where no cell of the column is to be restored. */
static enum status restore_column(struct revert *revert, const struct row_names *names,
                                  const struct field *field, const struct array *array,
                                  struct array **ret, struct err *err)
{
    OWNED(builder_close) struct builder *builder = NULL;
    *ret = NULL;
    for (int64_t row = 0; row < array->length; row++) {
        const struct cell *cell = cell_at(revert, names, field->name, row);
        if (cell == NULL && builder == NULL) continue;
        if (builder == NULL) {
            TRY(builder_open(&builder, field, array->length, err));
            for (int64_t i = 0; i < row; i++)
                TRY(build_copy(builder, array, i, err));
        }
        if (cell == NULL)
            TRY(build_copy(builder, array, row, err));
        else
            TRY(restore_cell(revert, builder, field, array, row, cell, err));
    }
    return builder == NULL ? STATUS_OK : builder_finish(builder, ret, err);
}

static enum status restore_columns(struct revert *revert, const struct batch *batch,
                                   struct array **columns, struct err *err)
{
    struct row_names names;
    TRY(find_names(batch, &names, err));
    for (size_t i = 0; i < batch->schema->count; i++) {
        const struct field *field = &batch->schema->fields[i];
        bool provenance = batch->columns[i] == names.sources || batch->columns[i] == names.records;
        if (!provenance)
            TRY(restore_column(revert, &names, field, batch->columns[i], &columns[i], err));
        if (columns[i] == NULL) columns[i] = array_ref(batch->columns[i]);
    }
    return STATUS_OK;
}

enum status revert_batch(struct revert *revert, const struct batch *batch, struct batch *ret,
                         struct err *err)
{
    OWNED(memory_release) struct array **columns = NULL;
    TRY(NEW(&columns, batch->schema->count, err));
    enum status status = restore_columns(revert, batch, columns, err);
    if (status == STATUS_OK) status = batch_make(ret, batch->schema, batch->rows, columns, err);
    for (size_t i = 0; i < batch->schema->count; i++)
        array_unref(&columns[i]);
    return status;
}
