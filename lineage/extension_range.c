/* extension_range.c: which chunks cannot hold an answer, by their statistics.
 *
 * Always on the safe side: SQLite compares every row that is handed out again. */
#include "lineage/extension.h"

SQLITE_EXTENSION_INIT3

enum range_kind range_kind_of(const struct field *field)
{
    enum type_id id = field->type.id;
    const char *zone = field->type.zone;

    if (type_is_text(id)) return RANGE_TEXT;
    if (field->dictionary) return RANGE_NONE;
    if (type_is_integer(id) && id != TYPE_UINT64) return RANGE_INTEGER;
    if (id == TYPE_FLOAT32 || id == TYPE_FLOAT64) return RANGE_REAL;
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

/* Only where the operand has the column's own type: SQLite orders different types among
 * themselves and converts by affinity. */
bool extension_excludes(enum range_kind kind, const struct extension_range *range, int op,
                        sqlite3_value *value)
{
    int type = sqlite3_value_type(value);

    if (!range->known || kind == RANGE_NONE) return false;
    if (kind == RANGE_TEXT || kind == RANGE_TIME)
        return type == SQLITE_TEXT && excludes_text(range, op, value);
    return (type == SQLITE_INTEGER || type == SQLITE_FLOAT) &&
           excludes_number(kind, range, op, value);
}
