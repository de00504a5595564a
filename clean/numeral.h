/* clean/numeral.h: numbers as people write them, under one style for a whole column.
 *
 * A style says which mark separates decimals and which one groups thousands. A cell can often be
 * read under several styles ("1,234"); the column as a whole decides, never the cell. */
#ifndef CLEAN_NUMERAL_H
#define CLEAN_NUMERAL_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum number_style {
    STYLE_POINT,       /* 1234.5 */
    STYLE_POINT_COMMA, /* 1,234.5 */
    STYLE_POINT_SPACE, /* 1 234.5 and 1'234.5 */
    STYLE_COMMA,       /* 1234,5 */
    STYLE_COMMA_POINT, /* 1.234,5 */
    STYLE_COMMA_SPACE, /* 1 234,5 and 1'234,5 */
    STYLE_COUNT
};
#define NUMBER_STYLES "point|point-comma|point-space|comma|comma-point|comma-space"
#define STYLE_ALL     ((1u << STYLE_COUNT) - 1)

/* The two decimal marks: what a number's digits are depends on nothing else of its style. */
enum { MARK_POINT, MARK_COMMA, MARK_COUNT };
static inline int number_mark(enum number_style style)
{
    return style >= STYLE_COMMA ? MARK_COMMA : MARK_POINT;
}
/* Decimal digits in front of and behind the mark, once an exponent has moved it. */
struct number_digits {
    int whole, fraction;
};

/* Which styles can read a text: a bit a style. */
struct number_fit {
    unsigned whole;  /* as an integer within int64 */
    unsigned real;   /* as a number, integers included */
    unsigned beyond; /* with digits that the nearest double does not keep */
    bool code;       /* digits with a leading zero ("007"), or more digits than int64 can hold */
    struct number_digits digits[MARK_COUNT]; /* 0 where no style of the mark reads it */
};
/* `text` without blanks at its ends. */
struct number_fit number_fits(struct str text);

/* Most numbers are told by their shape, which is how many digits they have: a window counts shapes
 * and asks once for each what it fits. -1 = not one of these: ask number_fits. */
#define NUMBER_SHAPES 1024
int number_shape(struct str text);
struct number_fit number_shape_fits(int shape);

/* "12.0 oz. can" and "$5" without what stands in front of and behind the number. */
struct str number_without_unit(struct str text);

/* False when the text is no such number, or an integer beyond int64. */
bool number_whole(struct str text, enum number_style style, int64_t *ret);
/* The nearest double (round half to even). */
bool number_real(struct str text, enum number_style style, double *ret);

__extension__ typedef __int128 int128;
#define DECIMAL_PRECISION 38 /* decimal digits an int128 always holds */
enum number_rounding { ROUND_NONE, ROUND_HALF_EVEN, ROUND_HALF_UP };
#define NUMBER_ROUNDING "none|half-even|half-up"
/* The number times 10^scale, exactly. False when the text is no number, when it has digits other
 * than zero behind the scale and `rounding` is none, and at 10^precision or more. */
bool number_decimal(struct str text, enum number_style style, int precision, int scale,
                    enum number_rounding rounding, int128 *ret);

#endif
