/* ingest/csv_sample.c: the beginning of a CSV file as rows of cells. */
#include "ingest/csv_sample.h"

#include <stdlib.h>

#define CELLS_MAXIMUM (200u << 10) /* beyond the first row */

void csv_sample_close(struct csv_sample *sample)
{
    memory_free(sample->rows);
    memory_free(sample->cells);
    arena_close(&sample->arena);
    *sample = (struct csv_sample){0};
}

static enum status room_for_cell(struct csv_sample *sample, struct err *err)
{
    if (sample->cell_count < sample->cell_room) return STATUS_OK;
    size_t room = sample->cell_room == 0 ? 1024 : sample->cell_room * 2;
    struct csv_sample_cell *cells = memory_resize(sample->cells, room, sizeof *cells);
    if (cells == NULL) return fail_memory(err, room * sizeof *cells);
    sample->cells = cells;
    sample->cell_room = room;
    return STATUS_OK;
}

static enum status room_for_row(struct csv_sample *sample, struct err *err)
{
    if (sample->row_count < sample->row_room) return STATUS_OK;
    size_t room = sample->row_room == 0 ? 128 : sample->row_room * 2;
    struct csv_sample_row *rows = memory_resize(sample->rows, room, sizeof *rows);
    if (rows == NULL) return fail_memory(err, room * sizeof *rows);
    sample->rows = rows;
    sample->row_room = room;
    return STATUS_OK;
}

static enum status add_cell(struct csv_sample *sample, const struct csv_dialect *dialect,
                            const uint8_t *data, const struct csv_field *field, struct err *err)
{
    TRY(room_for_cell(sample, err));
    struct str text = {(const char *)data + field->at + field->quoted,
                       field->size - 2 * (size_t)field->quoted};
    bool changed =
        text.size > 0 &&
        ((field->quoted && memchr(text.data, dialect->quote, text.size) != NULL) ||
         (dialect->escape != 0 && memchr(text.data, dialect->escape, text.size) != NULL));
    if (changed) {
        OWNED(bytes_release) struct bytes plain = bytes_limited(field->size);
        TRY(csv_field_text(dialect, data, field, &plain, err));
        text = (struct str){arena_text(sample->arena, (const char *)plain.data, plain.size),
                            plain.size};
        if (text.data == NULL) return fail_memory(err, plain.size);
    }
    sample->cells[sample->cell_count++] = (struct csv_sample_cell){text, field->quoted};
    return STATUS_OK;
}

static enum status add_row(struct csv_sample *sample, const struct csv_dialect *dialect,
                           const uint8_t *data, const struct csv_record *record, struct err *err)
{
    TRY(room_for_row(sample, err));
    struct csv_sample_row row = {
        .first = sample->cell_count,
        .at = sample->end,
        .end = sample->end + record->end,
        .lines = record->lines,
        .skipped = record->comment || record->size == 0,
        .comment = record->comment,
        .fault = record->fault != CSV_FINE,
    };
    struct csv_field field;
    size_t at = 0;
    while (!row.skipped && !row.fault && sample->cell_count - row.first <= CSV_COLUMNS_MAXIMUM &&
           csv_record_field(dialect, data, record->size, &at, &field))
        TRY(add_cell(sample, dialect, data, &field, err));
    row.count = sample->cell_count - row.first;
    sample->rows[sample->row_count++] = row;
    sample->end = row.end;
    return STATUS_OK;
}

enum status csv_sample_read(struct csv_sample *ret, const struct csv_dialect *dialect,
                            const uint8_t *text, size_t size, bool whole, size_t rows,
                            struct err *err)
{
    *ret = (struct csv_sample){0};
    TRY(arena_open(&ret->arena, err));
    while (ret->row_count < rows && ret->cell_count < CELLS_MAXIMUM && ret->end < size) {
        struct csv_record record;
        const uint8_t *data = text + ret->end;
        if (!csv_record_find(dialect, data, size - ret->end, whole, &record)) break;
        TRY(add_row(ret, dialect, data, &record, err));
    }
    return STATUS_OK;
}

static int ascending(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

/* Of a header and one record: the record may be longer where the header lacks a name, and shorter
 * where the header has empty ones at its end. 0 = this says nothing. */
static size_t width_of_two(const struct csv_sample *sample, const struct csv_sample_row *rows[2])
{
    size_t named = rows[0]->count;
    if (rows[1]->count > rows[0]->count && rows[0]->count > 1) return rows[1]->count;
    while (named > 0 && sample->cells[rows[0]->first + named - 1].text.size == 0)
        named--;
    return rows[1]->count < rows[0]->count && rows[1]->count >= named ? rows[1]->count : 0;
}

size_t csv_sample_width(const struct csv_sample *sample, size_t *ret_alike)
{
    size_t counts[CSV_SAMPLE_ROWS], rows = 0, first = 0, width = 1;
    const struct csv_sample_row *begin_rows[2];
    for (size_t i = 0; i < sample->row_count && rows < CSV_SAMPLE_ROWS; i++) {
        if (sample->rows[i].count == 0) continue;
        if (rows == 0) first = sample->rows[i].count;
        if (rows < 2) begin_rows[rows] = &sample->rows[i];
        counts[rows++] = sample->rows[i].count;
    }
    *ret_alike = 1;
    if (rows == 2 && (width = width_of_two(sample, begin_rows)) != 0) return width;
    *ret_alike = 0;
    width = 1;
    qsort(counts, rows, sizeof *counts, ascending);
    for (size_t begin = 0, end; begin < rows; begin = end) {
        for (end = begin; end < rows && counts[end] == counts[begin]; end++)
            ;
        bool more =
            end - begin > *ret_alike || (end - begin == *ret_alike && counts[begin] == first);
        if (!more) continue;
        *ret_alike = end - begin;
        width = counts[begin];
    }
    return width;
}
