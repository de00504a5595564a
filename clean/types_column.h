/* clean/types_column.h: one column on its way from text to a type: what the recipe asks of it, what
 * the fit saw in it, what was decided, and the conversion of a window. */
#ifndef CLEAN_TYPES_COLUMN_H
#define CLEAN_TYPES_COLUMN_H

#include "clean/datetext.h"
#include "clean/module.h"
#include "clean/numeral.h"
#include "clean/types_role.h"

enum types_kind {
    KIND_AUTO, /* the fit decides */
    KIND_TEXT,
    KIND_BOOL,
    KIND_WHOLE,
    KIND_REAL,
    KIND_DECIMAL, /* decimal128: the scale is the fit's where the recipe does not say it */
    KIND_DATE,
    KIND_TIMESTAMP,
    KIND_TIME,
    KIND_CATEGORY,
};
static inline bool types_is_number(enum types_kind kind)
{
    return kind == KIND_WHOLE || kind == KIND_REAL || kind == KIND_DECIMAL;
}
enum types_on_fail { TYPES_REJECT, TYPES_NULL, TYPES_FLAG };
#define TYPES_ON_FAIL "reject|null|flag"

struct types_column {
    size_t index; /* in the schema that enters */
    const char *name;
    enum types_kind kind;
    struct field field; /* what it becomes, once the kind is known */
    enum types_on_fail on_fail;
    unsigned styles;               /* allowed; a bit a style */
    unsigned orders;               /* allowed; a bit an order */
    enum number_rounding rounding; /* of digits behind a decimal's scale */
    enum number_style style;
    enum date_order order;
    struct str unit;      /* behind each number, taken off; empty = none, "any" */
    bool inferred;        /* the recipe left the type open */
    const char *expected; /* "int32", "date32, day-first": for events */
    const char *doubt;    /* a finding about the decision, or NULL */
    enum types_role role;
    bool has_role; /* it was learned */
};

/* ---- the fit (clean/types_profile.c) ---- */

#define BOOL_PAIRS 5 /* true/false, yes/no, y/n, t/f, on/off */

/* What the values of one column can be read as; counts add up over windows. */
struct types_profile {
    int64_t filled; /* neither null nor blank */
    int64_t whole[STYLE_COUNT], real[STYLE_COUNT];
    int64_t codes; /* digits that are a name, not an amount */
    int64_t yes[BOOL_PAIRS], no[BOOL_PAIRS];
    int64_t undecided;                       /* "don't know" and the like */
    int64_t dates[ORDER_COUNT];              /* readable under each order */
    int64_t stamps;                          /* dates with a time */
    int64_t either;                          /* dates that mean two different days */
    int64_t dotted;                          /* of those, written with dots */
    int64_t first[13], second[13];           /* dates by their first and second number up to 12 */
    int64_t times;                           /* times without a date */
    int64_t beyond[STYLE_COUNT];             /* numbers with digits that a double does not keep */
    struct number_digits digits[MARK_COUNT]; /* the most of any number; what stands above adds up */
};
/* `kind` is what the recipe asks for: only what is open about it is counted. The text occurs
 * `times` times. */
void types_profile_add(struct types_profile *profile, enum types_kind kind, struct str text,
                       int64_t times);
/* How often each shape of number occurs in a window: types_profile_add for kinds of numbers, at a
 * fraction of the cost. Zero-initialize; settle adds them to the profile. */
struct types_shapes {
    uint32_t counts[NUMBER_SHAPES];
};
void types_shapes_add(struct types_shapes *shapes, struct types_profile *profile, struct str text);
void types_shapes_settle(const struct types_shapes *shapes, struct types_profile *profile);
void types_profile_merge(struct types_profile *profile, const struct types_profile *more);
/* Whether a profile from elsewhere is one. */
bool types_profile_is_sound(const struct types_profile *profile);
/* Chooses the type, number style and date order of the whole column; at least `mostly` of the
 * filled values must fit an inferred type. Texts go to the arena. */
MUST_CHECK enum status types_decide(struct types_column *column,
                                    const struct types_profile *profile, double mostly,
                                    struct arena *arena, struct err *err);
/* Whether only values can tell the scale of a decimal. */
static inline bool types_scale_open(const struct types_column *column)
{
    return column->kind == KIND_DECIMAL && column->field.name == NULL;
}
/* The word for a boolean: 1 true, 0 false, -1 neither; *ret_pair may be BOOL_PAIRS for 1 and 0. */
int types_bool(struct str text, int *ret_pair);
/* Answers to a yes-no question that are neither: null in a column of booleans. */
bool types_undecided(struct str text);
/* Sets field and expected from the kind and, unless the recipe set it, a default type. */
MUST_CHECK enum status types_settle_field(struct types_column *column, struct arena *arena,
                                          struct err *err);

/* ---- the recipe (clean/types_recipe.c) ---- */

#define TYPES_NUMBER_DECIMAL   "auto|point|comma"
#define TYPES_NUMBER_THOUSANDS "auto|none|comma|point|space"
#define TYPES_DATE_ORDER       "auto|" DATE_ORDERS
struct types_options {
    int decimal, thousands, order, rounding, on_fail; /* indices of the choices above */
};
/* Bits of the styles and orders the options leave; fails where none is left. */
MUST_CHECK enum status types_allowed(const struct types_options *options,
                                     const struct yaml_node *place, unsigned *ret_styles,
                                     unsigned *ret_orders, struct err *err);
/* What the recipe says behind a column's name: a type, {type: option} or {type: ..., order: ...}.
 */
MUST_CHECK enum status types_column_read(struct types_column *column, const struct yaml_node *spec,
                                         const struct types_options *options, struct arena *arena,
                                         struct err *err);

/* ---- the conversion (clean/types_convert.c) ---- */

/* A cell that did not fit. */
struct types_unfit {
    int64_t row;
    size_t column; /* position in the module's list */
};
struct types_unfits {
    struct types_unfit *items;
    size_t count, room;
};
/* The column of one window in its new type; what does not fit is null and listed. */
MUST_CHECK enum status types_convert(const struct types_column *column, size_t position, bool zones,
                                     const struct batch *batch, struct array **ret,
                                     struct types_unfits *unfits, struct err *err);
/* "97%" without its unit: "97". A text that does not end with it stays as it is. */
struct str types_without_unit(const struct types_column *column, struct str text);
/* The cell as text: texts as they are, other types through `room`. False for null. */
bool types_cell(const struct field *field, const struct array *array, int64_t row, char *room,
                size_t size, struct str *ret);

#endif
