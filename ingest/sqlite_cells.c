/* ingest/sqlite_cells.c: values of SQLite as bytes, and what a column of them is.
 *
 * SQLite types values, not columns: a column declared INTEGER may hold texts. The type of a column
 * here is decided over every value, and the declared affinity (sqlite.org/datatype3.html, 3.1)
 * where the values leave it open. */
#include "ingest/sqlite_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LARGE_KEPT RAW_BYTES_MAXIMUM

/* ---- as bytes ---- */

static enum status put_number(struct bytes *bytes, char tag, const void *number, struct err *err)
{
    uint8_t cell[9] = {(uint8_t)tag};
    memcpy(cell + 1, number, 8);
    return bytes_append(bytes, cell, sizeof cell, err);
}

static enum status put_bytes(struct bytes *bytes, char tag, const void *data, size_t size,
                             uint64_t limit, struct err *err)
{
    uint64_t whole = size;
    if (whole <= limit) {
        TRY(put_number(bytes, tag, &whole, err));
        return bytes_append(bytes, data, size, err);
    }
    TRY(put_number(bytes, CELL_LARGE, &whole, err));
    return bytes_append(bytes, data, size < LARGE_KEPT ? size : LARGE_KEPT, err);
}

static enum status put_cell(struct bytes *bytes, sqlite3_stmt *statement, int column,
                            uint64_t field_limit, struct err *err)
{
    int64_t integer;
    double real;
    const void *data;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        integer = sqlite3_column_int64(statement, column);
        return put_number(bytes, CELL_INTEGER, &integer, err);
    case SQLITE_FLOAT:
        real = sqlite3_column_double(statement, column);
        return put_number(bytes, CELL_REAL, &real, err);
    case SQLITE_TEXT:
        data = sqlite3_column_text(statement, column);
        if (data == NULL) return fail_memory(err, 0);
        return put_bytes(bytes, CELL_TEXT, data, (size_t)sqlite3_column_bytes(statement, column),
                         field_limit, err);
    case SQLITE_BLOB:
        data = sqlite3_column_blob(statement, column); /* NULL when it is empty */
        return put_bytes(bytes, CELL_BLOB, data, (size_t)sqlite3_column_bytes(statement, column),
                         field_limit, err);
    default: return bytes_append(bytes, "n", 1, err);
    }
}

enum status sqlite_row_put(struct bytes *bytes, sqlite3_stmt *statement, size_t columns,
                           uint64_t field_limit, struct err *err)
{
    for (size_t column = 0; column < columns; column++)
        TRY(put_cell(bytes, statement, (int)column, field_limit, err));
    return STATUS_OK;
}

void sqlite_cell_get(const struct bytes *bytes, size_t *at, struct sqlite_cell *ret)
{
    const uint8_t *from = bytes->data + *at;
    *ret = (struct sqlite_cell){.tag = (enum sqlite_tag)from[0]};
    if (ret->tag == CELL_NULL) {
        *at += 1;
        return;
    }
    *at += 9;
    if (ret->tag == CELL_REAL)
        memcpy(&ret->real, from + 1, 8);
    else
        memcpy(&ret->integer, from + 1, 8);
    if (ret->tag == CELL_INTEGER || ret->tag == CELL_REAL) return;
    size_t size = (size_t)ret->integer;
    if (ret->tag == CELL_LARGE && size > LARGE_KEPT) size = LARGE_KEPT;
    ret->text = (struct str){(const char *)from + 9, size};
    *at += size;
}

/* Fewest digits that read back as the same number, with a mark that it is no integer. */
static size_t real_text(double value, char room[SQLITE_NUMBER_TEXT])
{
    int size = 0;
    for (int digits = 15; digits <= 17; digits++) {
        size = snprintf(room, SQLITE_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(room, NULL) == value) break;
    }
    if (isfinite(value) && strpbrk(room, ".e") == NULL)
        size += snprintf(room + size, SQLITE_NUMBER_TEXT - (size_t)size, ".0");
    return (size_t)size;
}

struct str sqlite_cell_text(const struct sqlite_cell *cell, char room[SQLITE_NUMBER_TEXT])
{
    switch (cell->tag) {
    case CELL_INTEGER:
        return (struct str){
            room, (size_t)snprintf(room, SQLITE_NUMBER_TEXT, "%lld", (long long)cell->integer)};
    case CELL_REAL: return (struct str){room, real_text(cell->real, room)};
    case CELL_NULL: return (struct str){"", 0};
    case CELL_TEXT:
    case CELL_BLOB:
    case CELL_LARGE: break;
    }
    return cell->text;
}

/* ---- what a column is ---- */

static bool contains(const char *declared, const char *word)
{
    size_t size = strlen(word);
    for (; *declared != '\0'; declared++)
        if (sqlite3_strnicmp(declared, word, (int)size) == 0) return true;
    return false;
}

/* The rules of SQLite in their order. */
static char affinity_of(const char *declared)
{
    static const struct {
        const char *word;
        char affinity;
    } rules[] = {{"INT", 'i'},  {"CHAR", 't'}, {"CLOB", 't'}, {"TEXT", 't'},
                 {"BLOB", 'b'}, {"REAL", 'r'}, {"FLOA", 'r'}, {"DOUB", 'r'}};
    if (declared == NULL || declared[0] == '\0') return 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (contains(declared, rules[i].word)) return rules[i].affinity;
    return 'n';
}

void sqlite_profile_begin(struct sqlite_profile *profile, const char *declared)
{
    *profile = (struct sqlite_profile){
        .classes = VALUE_DATE | VALUE_TIME | VALUE_TIME_ZONED,
        .affinity = affinity_of(declared),
    };
}

static void add_text(struct sqlite_profile *profile, struct str text, struct value_day *day)
{
    profile->texts = true;
    if (profile->classes == 0) return;
    profile->classes &= text.size == 0 ? 0 : (uint8_t)value_classes(text, profile->classes, day);
}

void sqlite_profile_add(struct sqlite_profile *profile, sqlite3_stmt *statement, int column,
                        struct value_day *day)
{
    int64_t integer;
    const void *data;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        integer = sqlite3_column_int64(statement, column);
        profile->integers = true;
        if (integer > 1ll << 53 || integer < -(1ll << 53)) profile->wide = true;
        break;
    case SQLITE_FLOAT: profile->reals = true; break;
    case SQLITE_TEXT:
        data = sqlite3_column_text(statement, column);
        if (data == NULL) break; /* no memory: found again when the row is read */
        add_text(profile, (struct str){data, (size_t)sqlite3_column_bytes(statement, column)}, day);
        break;
    case SQLITE_BLOB:
        profile->blobs = true;
        if (profile->foreign) break;
        data = sqlite3_column_blob(statement, column);
        profile->foreign = !utf8_valid(data, (size_t)sqlite3_column_bytes(statement, column));
        break;
    default: break;
    }
}

void sqlite_profile_merge(struct sqlite_profile *into, const struct sqlite_profile *from)
{
    into->integers |= from->integers;
    into->wide |= from->wide;
    into->reals |= from->reals;
    into->texts |= from->texts;
    into->blobs |= from->blobs;
    into->foreign |= from->foreign;
    into->keep_text |= from->keep_text;
    into->classes &= from->classes;
    if (into->affinity != from->affinity) into->affinity = 't';
}

static enum type_id type_of_texts(unsigned classes)
{
    if ((classes & VALUE_DATE) != 0) return TYPE_DATE32;
    if ((classes & (VALUE_TIME | VALUE_TIME_ZONED)) != 0) return TYPE_TIMESTAMP;
    return TYPE_UTF8;
}

enum type_id sqlite_profile_type(const struct sqlite_profile *profile)
{
    const struct sqlite_profile *p = profile;
    bool numbers = p->integers || p->reals;
    if (p->keep_text) return TYPE_UTF8;
    if (p->blobs) {
        if (!p->texts && !numbers) return TYPE_BINARY;
        bool bytes_expected = p->affinity == 'b' || p->affinity == 0;
        return bytes_expected && p->foreign ? TYPE_BINARY : TYPE_UTF8;
    }
    if (p->texts) return numbers ? TYPE_UTF8 : type_of_texts(p->classes);
    if (p->reals) return p->wide ? TYPE_UTF8 : TYPE_FLOAT64;
    if (p->integers) return TYPE_INT64;
    return p->affinity == 'i'   ? TYPE_INT64
           : p->affinity == 'r' ? TYPE_FLOAT64
           : p->affinity == 'b' ? TYPE_BINARY
                                : TYPE_UTF8;
}

/* ---- a cell in its column ---- */

static bool text_fits(struct str text, enum type_id type)
{
    struct value_day day = {.known = false};
    unsigned wanted = type == TYPE_DATE32 ? VALUE_DATE : VALUE_TIME | VALUE_TIME_ZONED;
    return text.size > 0 && value_classes(text, wanted, &day) != 0;
}

/* Only a query that gives other rows each time can break a type. */
static bool fits(const struct sqlite_cell *cell, enum type_id type)
{
    switch (type) {
    case TYPE_INT64: return cell->tag == CELL_INTEGER;
    case TYPE_FLOAT64: return cell->tag == CELL_INTEGER || cell->tag == CELL_REAL;
    case TYPE_DATE32:
    case TYPE_TIMESTAMP: return cell->tag == CELL_TEXT && text_fits(cell->text, type);
    default: return true;
    }
}

const char *sqlite_cell_fault(const struct sqlite_cell *cell, const struct field *field,
                              struct bytes *message, uint64_t field_limit)
{
    enum type_id type = field->type.id;
    const char *name = field->name;
    message->size = 0;
    const char *rule = NULL;
    enum status status = STATUS_OK;
    if (cell->tag == CELL_NULL) return NULL;
    if (cell->tag == CELL_LARGE) {
        rule = "field size";
        status = bytes_format(message, NULL, "column \"%s\" has %lld bytes, expected at most %llu",
                              name, (long long)cell->integer, (unsigned long long)field_limit);
    } else if (!fits(cell, type)) {
        rule = "type";
        status = bytes_format(message, NULL,
                              "column \"%s\" has a value of another type than before", name);
    } else if (type == TYPE_UTF8 && (cell->tag == CELL_TEXT || cell->tag == CELL_BLOB) &&
               !utf8_valid(cell->text.data, cell->text.size)) {
        rule = "encoding";
        status = bytes_format(message, NULL, "column \"%s\" has bytes that are not UTF-8", name);
    }
    if (status != STATUS_OK) message->size = 0;
    return rule;
}

static enum status build_moment(const struct sqlite_cell *cell, enum type_id type,
                                struct builder *builder, struct err *err)
{
    struct value_day day = {.known = false};
    int32_t days = 0;
    int64_t moment = 0;
    bool zoned = false;
    bool known = type == TYPE_DATE32 ? value_date(cell->text, &day, &days)
                                     : value_time(cell->text, &day, &moment, &zoned);
    if (!known) return build_null(builder, err);
    return build_int(builder, type == TYPE_DATE32 ? days : moment, err);
}

enum status sqlite_cell_build(const struct sqlite_cell *cell, const struct field *field,
                              struct builder *builder, struct err *err)
{
    char room[SQLITE_NUMBER_TEXT];
    if (cell->tag == CELL_NULL) return build_null(builder, err);
    switch (field->type.id) {
    case TYPE_INT64: return build_int(builder, cell->integer, err);
    case TYPE_FLOAT64:
        return build_real(builder, cell->tag == CELL_REAL ? cell->real : (double)cell->integer,
                          err);
    case TYPE_DATE32:
    case TYPE_TIMESTAMP: return build_moment(cell, field->type.id, builder, err);
    default: return build_text(builder, sqlite_cell_text(cell, room), err);
    }
}
