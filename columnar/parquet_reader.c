/* columnar/parquet_reader.c: rows of a Parquet file, cut off in order and read on any thread.
 *
 * Cutting looks at page headers only (and at the levels of lists in version 1 pages, which alone
 * say where rows begin). A page that lies in two pieces is shared by them. */
#include "base/command.h"
#include "columnar/parquet_codec.h"
#include "columnar/parquet_parts.h"

#include <stdlib.h>

/* How far the pages of a column of the row group were handed out. */
struct cursor {
    uint64_t at; /* of the next page header */
    struct parquet_chunk chunk;
    struct parquet_page *dictionary, *page; /* counted; the page that was handed out last */
    int64_t rows, values;                   /* of all pages so far: rows that began, values */
};

struct parquet_reader {
    struct input *input; /* borrowed */
    struct arena *arena;
    struct parquet_footer footer;
    struct parquet_leaves leaves;
    struct schema *schema;
    uint64_t field_limit;
    struct cursor *cursors;       /* one a leaf */
    struct parquet_chunk *chunks; /* of the row group */
    size_t group;                 /* next one */
    int64_t rows, done;           /* of the row group */
    double row_bytes;             /* by what the footer says */
};

struct parquet_piece {
    int64_t rows;
    struct parquet_uses *columns; /* memory_get */
    size_t count;
};

/* ---- opening ---- */

static enum status unique_name(const struct schema *schema, struct arena *arena, const char *name,
                               size_t index, const char **ret, struct err *err)
{
    const char *base = name[0] == '\0' ? arena_format(arena, "column%zu", index + 1) : name;
    *ret = base;
    for (size_t count = 2; *ret != NULL && schema_find(schema, str_of(*ret)) >= 0; count++)
        *ret = arena_format(arena, "%s_%zu", base, count);
    return *ret == NULL ? fail_memory(err, strlen(name)) : STATUS_OK;
}

static enum status make_schema(struct parquet_reader *reader, struct err *err)
{
    const struct metadata *metadata = &reader->footer.metadata;
    TRY(schema_new(&reader->schema, err));
    for (size_t i = 0; i < reader->leaves.count; i++) {
        struct field field = reader->leaves.items[i].field;
        struct metadata_pair pairs[1] = {0};
        if (reader->leaves.items[i].node->logical == PARQUET_UUID &&
            !reader->leaves.items[i].is_list) {
            pairs[0] = (struct metadata_pair){str_of("ARROW:extension:name"), str_of("arrow.uuid")};
            field.metadata = (struct metadata){pairs, 1};
        }
        TRY(unique_name(reader->schema, reader->arena, field.name, i, &field.name, err));
        TRY(schema_add(reader->schema, &field, err));
    }
    for (size_t i = 0; i < metadata->count; i++)
        TRY(schema_add_metadata(reader->schema, metadata->pairs[i].key, metadata->pairs[i].value,
                                err));
    return STATUS_OK;
}

static enum status open_reader(struct parquet_reader *reader, const struct parquet_options *options,
                               struct err *err)
{
    TRY(arena_open(&reader->arena, err));
    TRY(parquet_footer_read(reader->input, &reader->footer, err));
    TRY(parquet_leaves_find(&reader->footer, options, reader->arena, &reader->leaves, err));
    TRY(NEW(&reader->cursors, reader->leaves.count, err));
    TRY(NEW(&reader->chunks, reader->footer.leaf_count, err));
    return make_schema(reader, err);
}

enum status parquet_open(struct parquet_reader **ret, struct input *input,
                         const struct parquet_options *options, struct err *err)
{
    OWNED(parquet_close) struct parquet_reader *reader = NULL;
    TRY(NEW(&reader, 1, err));
    reader->input = input;
    reader->field_limit = options->field_limit;
    TRY(open_reader(reader, options, err));
    *ret = reader;
    reader = NULL;
    return STATUS_OK;
}

const struct schema *parquet_schema(const struct parquet_reader *reader)
{
    return reader->schema;
}

int64_t parquet_rows(const struct parquet_reader *reader)
{
    return reader->footer.rows;
}

static void close_cursor(struct cursor *cursor)
{
    parquet_page_unref(&cursor->dictionary);
    parquet_page_unref(&cursor->page);
}

void parquet_close(struct parquet_reader **reader)
{
    struct parquet_reader *gone = *reader;
    *reader = NULL;
    if (gone == NULL) return;
    for (size_t i = 0; gone->cursors != NULL && i < gone->leaves.count; i++)
        close_cursor(&gone->cursors[i]);
    memory_free(gone->cursors);
    memory_free(gone->chunks);
    schema_unref(&gone->schema);
    parquet_footer_release(&gone->footer);
    arena_close(&gone->arena);
    memory_free(gone);
}

/* ---- pages in order ---- */

/* Counts the rows that begin in a page of a list. */
static enum status count_rows(struct parquet_page *page, struct input *input, struct err *err)
{
    uint32_t first = 0;
    uint64_t starts = 0;
    if (page->kind == PARQUET_PAGE_DATA_2) {
        page->starts = page->declared_rows;
        return STATUS_OK;
    }
    TRY(parquet_page_load(page, input, err));
    struct runs rep = parquet_page_rep(page);
    if (page->values > 0) TRY(runs_take(&rep, &first, 1, err));
    rep = parquet_page_rep(page);
    TRY(runs_skip(&rep, page->values, 0, &starts, err));
    page->starts = (int64_t)starts;
    page->open_front = first != 0;
    return STATUS_OK;
}

/* Sets where the page stands among the rows of its row group. */
static enum status place_page(struct parquet_reader *reader, struct cursor *cursor,
                              struct parquet_page *page, struct err *err)
{
    page->first = cursor->rows;
    page->starts = page->values;
    if (page->leaf->is_list) TRY(count_rows(page, reader->input, err));
    if (page->starts > reader->rows - cursor->rows)
        return fail(err, STATUS_FAILED, "its pages have more rows than the %lld of the row group",
                    (long long)reader->rows);
    if (page->open_front && page->first == 0)
        return fail(err, STATUS_FAILED, "its first page begins in the middle of a row");
    page->dictionary = parquet_page_ref(cursor->dictionary);
    cursor->rows += page->starts;
    cursor->values += page->values;
    return STATUS_OK;
}

static enum status take_page(struct parquet_reader *reader, struct cursor *cursor,
                             struct parquet_page **page, struct err *err)
{
    if ((*page)->kind == PARQUET_PAGE_INDEX) return STATUS_OK;
    if ((*page)->kind == PARQUET_PAGE_DICTIONARY) {
        if (cursor->dictionary != NULL) return fail(err, STATUS_FAILED, "it has two dictionaries");
        cursor->dictionary = *page;
        *page = NULL;
        return STATUS_OK;
    }
    TRY(place_page(reader, cursor, *page, err));
    parquet_page_unref(&cursor->page);
    cursor->page = *page;
    *page = NULL;
    return STATUS_OK;
}

/* The page at the cursor, of whatever kind. */
static enum status next_page(struct parquet_reader *reader, struct cursor *cursor,
                             const struct parquet_leaf *leaf, struct err *err)
{
    OWNED(parquet_page_unref) struct parquet_page *page = NULL;
    TRY(interrupted(err));
    TRY(parquet_page_next(reader->input, &cursor->at, reader->footer.start, leaf,
                          cursor->chunk.codec, &page, err));
    return take_page(reader, cursor, &page, err);
}

static bool has_more(const struct parquet_reader *reader, const struct cursor *cursor,
                     const struct parquet_leaf *leaf)
{
    return leaf->is_list ? cursor->values < cursor->chunk.values : cursor->rows < reader->rows;
}

static enum status next_data_page(struct parquet_reader *reader, struct cursor *cursor,
                                  const struct parquet_leaf *leaf, struct err *err)
{
    int64_t values = cursor->values;
    const struct parquet_page *before = cursor->page;
    do
        TRY(next_page(reader, cursor, leaf, err));
    while (cursor->page == before && cursor->values == values);
    return STATUS_OK;
}

/* ---- row groups ---- */

static enum status open_cursor(struct parquet_reader *reader, size_t index, struct err *err)
{
    struct cursor *cursor = &reader->cursors[index];
    const struct parquet_leaf *leaf = &reader->leaves.items[index];
    const struct parquet_chunk *chunk = &reader->chunks[leaf->chunk];
    close_cursor(cursor);
    bool first = chunk->dictionary >= 4 && chunk->dictionary < chunk->data;
    *cursor =
        (struct cursor){.chunk = *chunk, .at = (uint64_t)(first ? chunk->dictionary : chunk->data)};
    if (chunk->physical != leaf->physical)
        return fail(err, STATUS_FAILED, "type %d in the row group and %d in the schema",
                    chunk->physical, leaf->physical);
    TRY(parquet_codec_check(chunk->codec, err));
    if (reader->rows == 0 || !has_more(reader, cursor, leaf)) return STATUS_OK;
    return next_page(reader, cursor, leaf, err);
}

/* Bytes of a row: of texts as many as the footer or the dictionary say they have on average. */
static double leaf_bytes(const struct parquet_reader *reader, size_t index)
{
    const struct parquet_leaf *leaf = &reader->leaves.items[index];
    const struct cursor *cursor = &reader->cursors[index];
    const struct parquet_page *dictionary = cursor->dictionary;
    double values = (double)cursor->chunk.values / (double)reader->rows;
    double width = (double)leaf->width;
    if (leaf->width == 0 && cursor->chunk.values > 0)
        width = (double)cursor->chunk.unpacked / (double)cursor->chunk.values;
    if (leaf->width == 0 && dictionary != NULL && dictionary->values > 0) {
        double entry = (double)dictionary->unpacked / (double)dictionary->values;
        width = entry > width ? entry : width;
    }
    return (leaf->is_list ? 4 : 0) + (leaf->is_list ? values : 1) * (width + 4);
}

static enum status next_group(struct parquet_reader *reader, struct err *err)
{
    TRY(parquet_group_read(&reader->footer, reader->group, reader->chunks, err));
    reader->rows = reader->footer.groups[reader->group].rows;
    reader->done = 0;
    reader->row_bytes = 0;
    for (size_t i = 0; i < reader->leaves.count && reader->rows > 0; i++) {
        enum status status = open_cursor(reader, i, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "column \"%.200s\"",
                               reader->leaves.items[i].field.name);
        reader->row_bytes += leaf_bytes(reader, i);
    }
    reader->group++;
    return STATUS_OK;
}

/* ---- cutting ---- */

static enum status add_use(struct parquet_uses *uses, struct parquet_page *page, int64_t from,
                           int64_t to, struct err *err)
{
    if (uses->count == uses->room) {
        size_t room = uses->room == 0 ? 4 : uses->room * 2;
        struct parquet_use *items = memory_resize(uses->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        uses->items = items;
        uses->room = room;
    }
    int64_t end = page->first + page->starts;
    int64_t begin = from > page->first ? from : page->first;
    int64_t last = to < end ? to : end;
    uses->items[uses->count++] = (struct parquet_use){
        .page = parquet_page_ref(page),
        .skip = begin - page->first,
        .take = last > begin ? last - begin : 0,
        .front = from < page->first,
    };
    return STATUS_OK;
}

/* The pages of rows from ... to - 1 of the row group. */
static enum status cut_column(struct parquet_reader *reader, size_t index, int64_t from, int64_t to,
                              struct parquet_uses *uses, struct err *err)
{
    struct cursor *cursor = &reader->cursors[index];
    const struct parquet_leaf *leaf = &reader->leaves.items[index];
    bool used = cursor->page == NULL;
    for (;;) {
        if (used && !has_more(reader, cursor, leaf)) break;
        if (used) TRY(next_data_page(reader, cursor, leaf, err));
        struct parquet_page *page = cursor->page;
        int64_t end = page->first + page->starts;
        if (page->first >= to && !page->open_front) break; /* of later rows */
        if (end > from) TRY(add_use(uses, page, from, to, err));
        if (end > to) break; /* the next row begins in it */
        used = true;
    }
    if (cursor->rows >= to) return STATUS_OK;
    return fail(err, STATUS_FAILED, "its pages have %lld rows of the %lld of the row group",
                (long long)cursor->rows, (long long)reader->rows);
}

static enum status cut_rows(struct parquet_reader *reader, int64_t rows,
                            struct parquet_piece *piece, struct err *err)
{
    for (size_t i = 0; i < piece->count; i++) {
        enum status status =
            cut_column(reader, i, reader->done, reader->done + rows, &piece->columns[i], err);
        if (status != STATUS_OK)
            return fail_within(err, status, "row group %zu: column \"%.200s\"", reader->group,
                               reader->leaves.items[i].field.name);
    }
    reader->done += rows;
    piece->rows += rows;
    return STATUS_OK;
}

/* How many rows of the row group still go into the piece. */
static int64_t rows_that_fit(const struct parquet_reader *reader, int64_t rows, double bytes,
                             bool first)
{
    int64_t left = reader->rows - reader->done;
    if (rows > left) rows = left;
    double fit = reader->row_bytes > 0 ? bytes / reader->row_bytes : (double)rows;
    if (fit < (double)rows) rows = fit > 0 ? (int64_t)fit : 0;
    return first && rows == 0 ? 1 : rows;
}

static enum status fill_piece(struct parquet_reader *reader, int64_t rows, double bytes,
                              struct parquet_piece *piece, struct err *err)
{
    while (piece->rows < rows) {
        if (reader->done == reader->rows && reader->group == reader->footer.group_count)
            return STATUS_OK;
        if (reader->done == reader->rows) {
            enum status status = next_group(reader, err);
            if (status != STATUS_OK)
                return fail_within(err, status, "row group %zu", reader->group + 1);
            continue;
        }
        int64_t part = rows_that_fit(reader, rows - piece->rows, bytes, piece->rows == 0);
        if (part == 0) return STATUS_OK;
        TRY(cut_rows(reader, part, piece, err));
        bytes -= (double)part * reader->row_bytes;
    }
    return STATUS_OK;
}

enum status parquet_cut(struct parquet_reader *reader, int64_t rows, uint64_t bytes,
                        struct parquet_piece **ret, struct err *err)
{
    OWNED(parquet_piece_free) struct parquet_piece *piece = NULL;
    *ret = NULL;
    TRY(NEW(&piece, 1, err));
    TRY(NEW(&piece->columns, reader->leaves.count, err));
    piece->count = reader->leaves.count;
    TRY(fill_piece(reader, rows, (double)bytes, piece, err));
    if (piece->rows == 0) return STATUS_OK;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

int64_t parquet_piece_rows(const struct parquet_piece *piece)
{
    return piece->rows;
}

static void release_uses(struct parquet_uses *uses)
{
    for (size_t i = 0; i < uses->count; i++)
        parquet_page_unref(&uses->items[i].page);
    memory_free(uses->items);
    *uses = (struct parquet_uses){0};
}

void parquet_piece_free(struct parquet_piece **piece)
{
    if (*piece == NULL) return;
    for (size_t i = 0; (*piece)->columns != NULL && i < (*piece)->count; i++)
        release_uses(&(*piece)->columns[i]);
    memory_free((*piece)->columns);
    memory_free(*piece);
    *piece = NULL;
}

/* ---- reading ---- */

/* Each page is let go as soon as it was used: most have no other user. */
static enum status fill_column(const struct parquet_reader *reader, struct parquet_uses *uses,
                               struct parquet_column *column, struct err *err)
{
    for (size_t i = 0; i < uses->count; i++) {
        TRY(parquet_column_add(column, &uses->items[i], reader->input, err));
        parquet_page_unref(&uses->items[i].page);
    }
    if (column->rows == column->room) return STATUS_OK;
    return fail(err, STATUS_FAILED, "%lld rows where %lld belong", (long long)column->rows,
                (long long)column->room);
}

static enum status read_column(const struct parquet_reader *reader, struct parquet_piece *piece,
                               size_t index, struct array **ret, struct parquet_faults *faults,
                               struct err *err)
{
    const struct parquet_leaf *leaf = &reader->leaves.items[index];
    struct parquet_column column = {0};
    enum status status = parquet_column_open(&column, leaf, piece->rows, err);
    if (status == STATUS_OK) status = fill_column(reader, &piece->columns[index], &column, err);
    if (status == STATUS_OK)
        status = parquet_column_finish(&column, reader->field_limit, index, ret, faults, err);
    parquet_column_close(&column);
    if (status == STATUS_OK) return status;
    return fail_within(err, status, "column \"%.200s\"", leaf->field.name);
}

static int compare_faults(const void *a, const void *b)
{
    const struct parquet_fault *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* In order of rows, the first one of each. */
static void order_faults(struct parquet_faults *faults)
{
    size_t kept = 0;
    if (faults->count == 0) return;
    qsort(faults->items, faults->count, sizeof *faults->items, compare_faults);
    for (size_t i = 0; i < faults->count; i++)
        if (kept == 0 || faults->items[kept - 1].row != faults->items[i].row)
            faults->items[kept++] = faults->items[i];
    faults->count = kept;
}

static enum status read_columns(const struct parquet_reader *reader, struct parquet_piece *piece,
                                struct array **columns, struct batch *ret,
                                struct parquet_faults *faults, struct err *err)
{
    for (size_t i = 0; i < piece->count; i++) {
        TRY(interrupted(err));
        TRY(read_column(reader, piece, i, &columns[i], faults, err));
    }
    order_faults(faults);
    return batch_make(ret, reader->schema, piece->rows, columns, err);
}

enum status parquet_read(const struct parquet_reader *reader, struct parquet_piece *piece,
                         struct batch *ret, struct parquet_faults *ret_faults, struct err *err)
{
    struct array **columns = NULL;
    TRY(NEW(&columns, piece->count, err));
    enum status status = read_columns(reader, piece, columns, ret, ret_faults, err);
    for (size_t i = 0; i < piece->count; i++)
        array_unref(&columns[i]);
    memory_free(columns);
    return status;
}
