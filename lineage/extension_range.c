/* extension_range.c: which chunks and batches cannot hold an answer, by their statistics.
 *
 * Always on the safe side: SQLite compares every row that is handed out again. */
#include "lineage/extension.h"

#include "base/memory.h"

#include <limits.h>
#include <stdlib.h>

SQLITE_EXTENSION_INIT3

enum range_kind range_kind_of(const struct field *field)
{
    enum type_id id = field->type.id;
    const char *zone = field->type.zone;

    if (type_is_text(id)) return RANGE_TEXT;
    if (field->dictionary) return RANGE_NONE;
    if (type_is_integer(id) && id != TYPE_UINT64) return RANGE_INTEGER;
    if (id >= TYPE_FLOAT16 && id <= TYPE_FLOAT64) return RANGE_REAL;
    if (id == TYPE_DATE32 || (id == TYPE_TIMESTAMP && (zone == NULL || strcmp(zone, "UTC") == 0)))
        return RANGE_TIME;
    return RANGE_NONE;
}

/* Whether everything in the range lies on the far side: below = every value < the operand. */
static bool excluded(int op, bool below, bool above)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return below || above;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE: return below;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE: return above;
    default: return false;
    }
}

static int compare(struct str a, const char *b)
{
    return str_compare(a, str_of(b));
}

static bool excludes_text(const struct extension_range *range, int op, sqlite3_value *value)
{
    struct str text = {(const char *)sqlite3_value_text(value), 0};

    if (text.data == NULL) return false;
    text.size = (size_t)sqlite3_value_bytes(value);
    if (strlen(text.data) != text.size) return false; /* statistics end at a NUL */
    return excluded(op, compare(text, range->text[1]) > 0, compare(text, range->text[0]) < 0);
}

static bool excludes_number(enum range_kind kind, const struct extension_range *range, int op,
                            sqlite3_value *value)
{
    int64_t integer = sqlite3_value_int64(value);
    double real = sqlite3_value_double(value);
    double least = kind == RANGE_REAL ? range->real[0] : (double)range->integer[0];
    double most = kind == RANGE_REAL ? range->real[1] : (double)range->integer[1];

    if (kind == RANGE_INTEGER && sqlite3_value_type(value) == SQLITE_INTEGER)
        return excluded(op, integer > range->integer[1], integer < range->integer[0]);
    return excluded(op, real > most, real < least); /* rounding keeps order: never too much */
}

/* Declared nulls are those that SQLite sees, and no others. Not so where values are null that their
 * slots do not say: NaN, a dictionary's null, a union's child. */
static bool nulls_tell(const struct field *field)
{
    enum type_id id = field->type.id;

    return !field->dictionary && (id == TYPE_BOOL || type_is_integer(id) || type_is_text(id) ||
                                  id == TYPE_BINARY || id == TYPE_DATE32 || id == TYPE_TIMESTAMP);
}

/* A comparison with NULL is never true; NaN among others only makes more nulls. */
static bool excluded_by_nulls(const struct field *field, const struct extension_range *range,
                              int64_t rows, int op)
{
    bool all = range->nulls == rows && field->type.id != TYPE_NULL, none = range->nulls == 0;

    if (range->nulls < 0 || rows < 0) return false;
    if (op == SQLITE_INDEX_CONSTRAINT_ISNULL) return none && nulls_tell(field);
    return all && (nulls_tell(field) || field->dictionary || range_kind_of(field) == RANGE_REAL);
}

/* Only where the operand has the column's own type: SQLite orders different types among
 * themselves and converts by affinity. */
bool extension_excludes(const struct field *field, const struct extension_range *range,
                        int64_t rows, const struct extension_check *check)
{
    enum range_kind kind = range_kind_of(field);
    int type = sqlite3_value_type(check->value);

    if (excluded_by_nulls(field, range, rows, check->op)) return true;
    if (!range->known || kind == RANGE_NONE) return false;
    if (kind == RANGE_TEXT || kind == RANGE_TIME)
        return type == SQLITE_TEXT && excludes_text(range, check->op, check->value);
    return (type == SQLITE_INTEGER || type == SQLITE_FLOAT) &&
           excludes_number(kind, range, check->op, check->value);
}

/* ---- statistics ---- */

/* A time's text orders as the time only up to its seconds: what is behind them may be left out. */
static enum status put_texts(struct arena *arena, enum range_kind kind, const char *least,
                             const char *most, struct extension_range *ret, struct err *err)
{
    const int seconds = 19;
    bool time = kind == RANGE_TIME;

    if (time && (strlen(least) < 10 || strlen(most) < 10 || least[4] != '-' || most[4] != '-'))
        return STATUS_OK;
    ret->text[0] = arena_format(arena, "%.*s", time ? seconds : INT_MAX, least);
    ret->text[1] = arena_format(arena, "%.*s%s", time ? seconds : INT_MAX, most, time ? "~" : "");
    ret->known = true;
    return ret->text[0] == NULL || ret->text[1] == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status range_put(struct arena *arena, const struct field *field, const char *least,
                      const char *most, struct extension_range *ret, struct err *err)
{
    enum range_kind kind = range_kind_of(field);

    if (least == NULL || most == NULL) return STATUS_OK;
    if (kind == RANGE_TEXT || kind == RANGE_TIME)
        return put_texts(arena, kind, least, most, ret, err);
    const char *texts[2] = {least, most};
    for (int i = 0; i < 2; i++) {
        /* float16 and float32: the shortest text of a float, not of the double SQLite compares */
        ret->integer[i] = strtoll(texts[i], NULL, 10);
        ret->real[i] = field->type.id != TYPE_FLOAT64 ? (double)strtof(texts[i], NULL)
                                                      : strtod(texts[i], NULL);
    }
    ret->known = kind != RANGE_NONE;
    return STATUS_OK;
}
