/* ingest/csv_split.c: one record through libcsv, or through ours where libcsv cannot.
 *
 * libcsv copies each field, gives no positions, and lets a stray quote swallow what follows; so
 * every record is found first (csv_record.c) and given to it alone. It has no escapes and only
 * delimiters of one byte; such records are taken apart by the grammar that found them. */
#include "ingest/csv_parts.h"

#include <csv.h>

#define FIELD_ROOM 4096

struct csv_splitter {
    struct csv_parser libcsv;
    struct csv_dialect dialect;
    size_t columns;
    /* of the record at hand */
    struct csv_cell *cells;
    size_t stride;
    struct bytes *text;
    size_t fields, records;
    enum status status;
    struct err *err;
};

static int never_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static void *counted_resize(void *old, size_t size)
{
    return memory_resize(old, size, 1);
}

enum status csv_splitter_open(struct csv_splitter **ret, const struct csv_dialect *dialect,
                              struct err *err)
{
    OWNED(csv_splitter_close) struct csv_splitter *splitter = NULL;
    TRY(NEW(&splitter, 1, err));
    splitter->dialect = *dialect;
    splitter->columns = dialect->fields;
    if (csv_init(&splitter->libcsv, CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
        return fail(err, STATUS_FAILED, "libcsv does not start");
    csv_set_realloc_func(&splitter->libcsv, counted_resize);
    csv_set_free_func(&splitter->libcsv, memory_free);
    csv_set_space_func(&splitter->libcsv, never_space);
    csv_set_delim(&splitter->libcsv, dialect->delimiter);
    /* no quote: a byte that UTF-8 never has */
    csv_set_quote(&splitter->libcsv, dialect->quote == 0 ? 0xff : dialect->quote);
    *ret = splitter;
    splitter = NULL;
    return STATUS_OK;
}

void csv_splitter_close(struct csv_splitter **splitter)
{
    if (*splitter == NULL) return;
    csv_free(&(*splitter)->libcsv);
    memory_free(*splitter);
    *splitter = NULL;
}

static void take_field(void *data, size_t size, void *context)
{
    struct csv_splitter *splitter = context;
    size_t column = splitter->fields++;
    if (splitter->status != STATUS_OK || column >= splitter->columns) return;
    splitter->cells[column * splitter->stride] = (struct csv_cell){
        .at = (uint32_t)splitter->text->size,
        .size = data == NULL ? CSV_NULL : (uint32_t)size,
    };
    if (data != NULL) splitter->status = bytes_append(splitter->text, data, size, splitter->err);
}

static void take_record(int end, void *context)
{
    (void)end;
    struct csv_splitter *splitter = context;
    splitter->records++;
}

static enum status split_by_ourselves(const struct csv_splitter *splitter, const uint8_t *data,
                                      size_t size, struct csv_cell *cells, size_t stride,
                                      struct bytes *text, struct err *err)
{
    struct csv_field field;
    size_t at = 0;
    for (size_t column = 0; column < splitter->columns &&
                            csv_record_field(&splitter->dialect, data, size, &at, &field);
         column++) {
        size_t before = text->size;
        TRY(csv_field_text(&splitter->dialect, data, &field, text, err));
        cells[column * stride] = (struct csv_cell){
            .at = (uint32_t)before,
            .size = field.size == 0 ? CSV_NULL : (uint32_t)(text->size - before),
        };
    }
    return STATUS_OK;
}

enum status csv_split(struct csv_splitter *splitter, const uint8_t *data, size_t size,
                      struct csv_cell *cells, size_t stride, struct bytes *text, bool *ret_same,
                      struct err *err)
{
    *ret_same = true; /* csv_record.c has counted the fields */
    for (size_t column = 0; splitter->dialect.pads && column < splitter->columns; column++)
        cells[column * stride] = (struct csv_cell){0, CSV_NULL};
    if (!csv_is_plain(&splitter->dialect))
        return split_by_ourselves(splitter, data, size, cells, stride, text, err);
    size_t kept = text->size;
    splitter->cells = cells;
    splitter->stride = stride;
    splitter->text = text;
    splitter->fields = splitter->records = 0;
    splitter->status = STATUS_OK;
    splitter->err = err;
    /* its room for a field grows by this; by less, a long field costs the square of its length */
    csv_set_blk_size(&splitter->libcsv, size < FIELD_ROOM ? FIELD_ROOM : size);
    bool taken =
        csv_parse(&splitter->libcsv, data, size, take_field, take_record, splitter) == size;
    if (csv_error(&splitter->libcsv) == CSV_ENOMEM) return fail_memory(err, size);
    bool finished = csv_fini(&splitter->libcsv, take_field, take_record, splitter) == 0;
    if (csv_error(&splitter->libcsv) == CSV_ENOMEM) return fail_memory(err, size);
    if (size == 0) { /* libcsv has no record without bytes; a table of one column does */
        take_field(NULL, 0, splitter);
        take_record(-1, splitter);
    }
    *ret_same = taken && finished && splitter->records == 1 &&
                (splitter->fields == splitter->columns || splitter->dialect.pads);
    if (!*ret_same) text->size = kept;
    return splitter->status;
}
