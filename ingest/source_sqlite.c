/* ingest/source_sqlite.c: tables and queries of SQLite databases.
 *
 * The rows are read twice in one read transaction: the first pass decides the types over every
 * value, the second keeps the values. Both see the same rows whatever others write meanwhile. */
#include "ingest/reread.h"
#include "ingest/sqlite_parts.h"

#include "base/digest.h"

#include <errno.h>
#include <sys/stat.h>

#define ROW_BYTES_MAXIMUM (1u << 30) /* of a piece; 32-bit offsets must reach */

struct source {
    struct source_options options;
    struct arena *arena;
    struct reread spooled; /* of a database without a path */
    sqlite3 *database;
    sqlite3_stmt *statement;
    struct sqlite_profile *profiles;
    const char **names;
    size_t columns;
    struct sqlite_window window;
    struct schema *schema;
    struct stat info;
    struct digester digester;
    bool ended;
    int64_t records;
};

struct source_piece {
    struct bytes bytes;
    int64_t first, rows; /* number of the first record, from 1 */
};

static void close_sqlite(struct source **source);

/* ---- opening ---- */

static enum status name_columns(struct source *source, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    source->columns = (size_t)sqlite3_column_count(source->statement);
    TRY(NEW(&source->profiles, source->columns, err));
    TRY(NEW(&source->names, source->columns, err));
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < source->columns; i++) {
        const char *name = sqlite3_column_name(source->statement, (int)i);
        if (name == NULL) return fail_memory(err, 0);
        TRY(result_column_name(schema, source->arena, name, i, &source->names[i], err));
        TRY(schema_add_column(schema, source->names[i], TYPE_UTF8, err));
        sqlite_profile_begin(&source->profiles[i],
                             sqlite3_column_decltype(source->statement, (int)i));
    }
    const struct text_list *text = source->options.text_columns;
    for (size_t i = 0; text != NULL && i < text->count; i++) {
        size_t column;
        TRY(schema_require(schema, str_of(text->items[i]), &column, err));
    }
    for (size_t i = 0; i < source->columns; i++)
        source->profiles[i].keep_text = source_keeps_text(&source->options, source->names[i]);
    return STATUS_OK;
}

/* What rows of this dataset have in the column, as far as the values allow. */
static enum type_id expected_type(const struct source *source, size_t column)
{
    const struct schema *expected = source->options.expected;
    const struct sqlite_profile *profile = &source->profiles[column];
    enum type_id type = sqlite_profile_type(profile);
    int64_t place = expected == NULL ? -1 : schema_find(expected, str_of(source->names[column]));
    if (place < 0) return type;
    enum type_id before = expected->fields[place].type.id;
    bool nothing = !profile->integers && !profile->reals && !profile->texts && !profile->blobs;
    bool real = before == TYPE_FLOAT64 && type == TYPE_INT64 && !profile->wide;
    bool text = before == TYPE_UTF8 && type != TYPE_BINARY;
    return nothing || real || text ? before : type;
}

static enum status make_schema(struct source *source, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < source->columns; i++) {
        struct field field = field_of(source->names[i], expected_type(source, i));
        TRY(schema_add(schema, &field, err));
    }
    schema_unref(&source->schema);
    source->schema = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status profile_all(struct source *source, struct err *err)
{
    OWNED(memory_release) struct value_day *days = NULL;
    bool row = true;
    TRY(NEW(&days, source->columns, err));
    for (int64_t rows = 0; row; rows++) {
        if (rows % 4096 == 0) TRY(interrupted(err));
        TRY(sqlite_step(source->database, source->statement, &row, err));
        for (size_t i = 0; row && i < source->columns; i++)
            sqlite_profile_add(&source->profiles[i], source->statement, (int)i, &days[i]);
    }
    sqlite3_reset(source->statement);
    progress_add(source->options.progress, source->info.st_size);
    return STATUS_OK;
}

static enum status open_window(struct source *source, struct err *err)
{
    size_t column = 0;
    while (column < source->columns && strcmp(source->names[column], source->options.cursor) != 0)
        column++;
    if (column == source->columns)
        return fail(err, STATUS_USAGE, "found no column \"%s\" for --cursor",
                    source->options.cursor);
    const char *given = sqlite3_column_name(source->statement, (int)column);
    const char *name = given == NULL ? NULL : arena_text(source->arena, given, strlen(given));
    if (name == NULL) return fail_memory(err, 0);
    TRY(sqlite_window_open(source->database, &source->statement, name, &source->options,
                           source->arena, &source->window, err));
    int64_t records = cursor_before(source->window.cursor)->records;
    source->records = records > 0 ? records : 0;
    return STATUS_OK;
}

/* Without a path it is spooled: SQLite needs a file. */
static enum status open_database(struct source *source, const char *path, struct err *err)
{
    int descriptor = -1;
    if (path == NULL) {
        TRY(reread_open(&source->spooled, NULL, source->options.standard_input, err));
        TRY(reread_apart(&source->spooled, err));
        descriptor = input_descriptor(source->spooled.input);
        source->info.st_size = input_size(source->spooled.input);
    } else if (stat(path, &source->info) != 0) {
        return fail_errno(err, errno, "file \"%s\"", path);
    }
    return sqlite_database_open(&source->database, path, descriptor, &source->options, err);
}

static enum status open_sqlite(struct source **ret, const char *path,
                               const struct source_options *options, struct err *err)
{
    OWNED(close_sqlite) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    digester_begin(&source->digester);
    TRY(arena_open(&source->arena, err));
    TRY(open_database(source, path, err));
    TRY(sqlite_select(source->database, options, &source->statement, err));
    TRY(name_columns(source, err));
    if (options->watermarks != NULL) TRY(open_window(source, err));
    TRY(profile_all(source, err));
    TRY(make_schema(source, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_sqlite(const struct source *source)
{
    return source->schema;
}

static enum status unify_sqlite(struct source *const *sources, size_t count, struct err *err)
{
    const struct source *first = sources[0];
    for (size_t column = 0; column < first->columns; column++) {
        struct sqlite_profile whole = first->profiles[column];
        struct str name = str_of(first->names[column]);
        for (size_t i = 1; i < count; i++)
            sqlite_profile_merge(&whole,
                                 &sources[i]->profiles[schema_find(sources[i]->schema, name)]);
        for (size_t i = 0; i < count; i++)
            sources[i]->profiles[schema_find(sources[i]->schema, name)] = whole;
    }
    for (size_t i = 0; i < count; i++)
        TRY(make_schema(sources[i], err));
    return STATUS_OK;
}

/* ---- the rows ---- */

static void free_sqlite_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    bytes_release(&(*piece)->bytes);
    memory_free(*piece);
    *piece = NULL;
}

/* Takes the row that was put at `begin` away again when an earlier run has read it. */
static enum status judge_row(struct source *source, struct source_piece *piece, size_t begin,
                             struct err *err)
{
    bool keep = true;
    int old = (int)source->columns;
    if (source->window.cursor != NULL) {
        struct str row = {(const char *)piece->bytes.data + begin, piece->bytes.size - begin};
        TRY(cursor_keeps(source->window.cursor, row,
                         sqlite3_column_int(source->statement, old) != 0,
                         sqlite3_column_int(source->statement, old + 1) != 0, &keep, err));
    }
    if (!keep) piece->bytes.size = begin;
    piece->rows += keep;
    return STATUS_OK;
}

static enum status fill_piece(struct source *source, struct source_piece *piece, struct err *err)
{
    bool row = true;
    while (piece->rows < source->options.chunk_rows &&
           piece->bytes.size < source->options.chunk_bytes) {
        TRY(sqlite_step(source->database, source->statement, &row, err));
        if (!row) break;
        size_t begin = piece->bytes.size;
        TRY(sqlite_row_put(&piece->bytes, source->statement, source->columns,
                           source->options.field_limit, err));
        TRY(judge_row(source, piece, begin, err));
    }
    source->ended = !row;
    return STATUS_OK;
}

static enum status cut_sqlite(struct source *source, struct source_piece **ret, struct err *err)
{
    OWNED(free_sqlite_piece) struct source_piece *piece = NULL;
    *ret = NULL;
    if (source->ended) return STATUS_OK;
    TRY(NEW(&piece, 1, err));
    piece->bytes = bytes_limited(ROW_BYTES_MAXIMUM);
    piece->first = source->records + 1;
    enum status status = fill_piece(source, piece, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "record %lld", (long long)(piece->first + piece->rows));
    source->records += piece->rows;
    digester_add(&source->digester, piece->bytes.data, piece->bytes.size);
    if (piece->rows == 0) return STATUS_OK;
    *ret = piece;
    piece = NULL;
    return STATUS_OK;
}

static enum status reject_row(const struct source *source, const struct sqlite_cell *cells,
                              int64_t record, const char *rule, struct bytes *message,
                              struct source_rows *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(RESULT_LINE_LIMIT);
    char room[SQLITE_NUMBER_TEXT];
    for (size_t i = 0; i < source->columns; i++)
        TRY(result_line_add(&line, i == 0, cells[i].tag == CELL_NULL,
                            sqlite_cell_text(&cells[i], room), err));
    TRY(bytes_append(message, "", 1, err));
    return result_reject(ret, record, rule, (const char *)message->data, &line, err);
}

static enum status convert_row(const struct source *source, const struct sqlite_cell *cells,
                               int64_t record, struct batch_builder *builder, struct bytes *message,
                               struct source_rows *ret, struct err *err)
{
    for (size_t i = 0; i < source->columns; i++) {
        const char *rule = sqlite_cell_fault(&cells[i], &source->schema->fields[i], message,
                                             source->options.field_limit);
        if (rule != NULL) return reject_row(source, cells, record, rule, message, ret, err);
    }
    ret->records[batch_builder_rows(builder)] = record;
    for (size_t i = 0; i < source->columns; i++)
        TRY(sqlite_cell_build(&cells[i], &source->schema->fields[i],
                              batch_builder_column(builder, i), err));
    return STATUS_OK;
}

static enum status convert_sqlite(const struct source *source, struct source_piece *piece,
                                  struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(memory_release) struct sqlite_cell *cells = NULL;
    OWNED(bytes_release) struct bytes message = bytes_limited(1u << 20);
    size_t at = 0;
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, (size_t)piece->rows, err));
    TRY(NEW(&cells, source->columns, err));
    TRY(batch_builder_open(&builder, source->schema, piece->rows, err));
    for (int64_t row = 0; row < piece->rows; row++) {
        for (size_t i = 0; i < source->columns; i++)
            sqlite_cell_get(&piece->bytes, &at, &cells[i]);
        TRY(convert_row(source, cells, piece->first + row, builder, &message, ret, err));
    }
    ret->bytes = (int64_t)piece->bytes.size;
    return batch_builder_finish(builder, &ret->batch, err);
}

/* ---- the end ---- */

static enum status describe_sqlite(struct source *source, struct source_record *ret,
                                   struct err *err)
{
    ret->kind = "sqlite";
    ret->bytes = source->info.st_size;
    ret->digest = digester_end(&source->digester);
    ret->records = source->records;
    ret->modified =
        (int64_t)source->info.st_mtim.tv_sec * 1000000 + source->info.st_mtim.tv_nsec / 1000;
    if (source->window.cursor == NULL) return STATUS_OK;
    source->window.now.records = source->records;
    return cursor_move(source->window.cursor, &source->window.now, err);
}

static void remark_sqlite(const struct source *source, char *ret, size_t room)
{
    ret[0] = '\0';
    if (source->window.cursor != NULL) cursor_remark(source->window.cursor, ret, room);
}

static void close_sqlite(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    sqlite_statement_close(&s->statement);
    cursor_close(&s->window.cursor);
    sqlite_database_close(&s->database);
    reread_close(&s->spooled);
    schema_unref(&s->schema);
    memory_free(s->profiles);
    memory_free(s->names);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

static int recognise_sqlite(const struct source_probe *probe)
{
    static const char magic[16] = "SQLite format 3"; /* with its NUL */
    bool found = probe->head_size >= sizeof magic && memcmp(probe->head, magic, sizeof magic) == 0;
    return found ? 100 : 0;
}

const struct source_kind source_sqlite = {
    .name = "sqlite",
    .summary = "a table or query of an SQLite database",
    .reference = "the SQLite file format, sqlite.org/fileformat2.html",
    .passes = 2,
    .types = TYPES_OF_VALUES,
    .queries = true,
    .incremental = true,
    .recognise = recognise_sqlite,
    .open = open_sqlite,
    .schema = schema_sqlite,
    .unify = unify_sqlite,
    .cut = cut_sqlite,
    .convert = convert_sqlite,
    .free_piece = free_sqlite_piece,
    .describe = describe_sqlite,
    .remark = remark_sqlite,
    .close = close_sqlite,
};
