/* clean/numeral.c: reads numbers with decimal and thousands marks. */
#include "clean/numeral.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PLAIN_MAXIMUM 320 /* longest text read as a number */
#define EXACT_DIGITS  15  /* decimal digits that any double keeps */

/* A number taken apart: digits without marks. */
struct plain {
    char text[PLAIN_MAXIMUM + 8]; /* as strtod reads it, NUL-terminated */
    size_t size;
    int whole_digits, fraction_digits;
    bool negative, exponent, zero_led;
};

static const double powers_of_ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool begins(struct str text, const char *mark, size_t *ret_size)
{
    *ret_size = strlen(mark);
    return text.size >= *ret_size && memcmp(text.data, mark, *ret_size) == 0;
}

static struct str without(struct str text, size_t size)
{
    return (struct str){text.data + size, text.size - size};
}

/* The bytes of a thousands mark of this style at the start, 0 = none. */
static size_t group_mark(struct str text, enum number_style style)
{
    static const char *const blanks[] = {" ", "\xc2\xa0",    "\xe2\x80\xaf", "\xe2\x80\x89",
                                         "'", "\xe2\x80\x99"};
    size_t size = 0;
    switch (style) {
    case STYLE_POINT_COMMA: return begins(text, ",", &size) ? size : 0;
    case STYLE_COMMA_POINT: return begins(text, ".", &size) ? size : 0;
    case STYLE_POINT_SPACE:
    case STYLE_COMMA_SPACE:
        for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
            if (begins(text, blanks[i], &size)) return size;
        return 0;
    case STYLE_POINT:
    case STYLE_COMMA:
    case STYLE_COUNT: break;
    }
    return 0;
}

static char decimal_mark(enum number_style style)
{
    return number_mark(style) == MARK_COMMA ? ',' : '.';
}

static struct str take_sign(struct str text, struct plain *plain)
{
    size_t size = 0;
    if (begins(text, "-", &size) || begins(text, "\xe2\x88\x92", &size)) {
        plain->negative = true;
        plain->text[plain->size++] = '-';
        return without(text, size);
    }
    return begins(text, "+", &size) ? without(text, size) : text;
}

static int take_digits(struct str *text, struct plain *plain)
{
    int count = 0;
    while (text->size > 0 && is_digit(text->data[0])) {
        plain->text[plain->size++] = text->data[0];
        *text = without(*text, 1);
        count++;
    }
    return count;
}

/* Digits in groups: 1 to 3, then threes, each behind a mark; or no mark at all. */
static bool take_whole(struct str *text, enum number_style style, struct plain *plain)
{
    plain->zero_led = text->size > 1 && text->data[0] == '0' && is_digit(text->data[1]);
    int digits = take_digits(text, plain);
    size_t mark = group_mark(*text, style);
    bool grouped = mark > 0 && text->size > mark && is_digit(text->data[mark]);
    if (grouped && (digits == 0 || digits > 3 || plain->text[plain->size - (size_t)digits] == '0'))
        return false;
    while (mark > 0 && text->size > mark && is_digit(text->data[mark])) {
        *text = without(*text, mark);
        int group = take_digits(text, plain);
        if (group != 3) return false;
        digits += group;
        mark = group_mark(*text, style);
    }
    plain->whole_digits = digits;
    return true;
}

static void take_fraction(struct str *text, enum number_style style, struct plain *plain)
{
    if (text->size == 0 || text->data[0] != decimal_mark(style)) return;
    *text = without(*text, 1);
    plain->text[plain->size++] = '.';
    plain->fraction_digits = take_digits(text, plain);
    if (plain->fraction_digits == 0) plain->text[plain->size++] = '0';
}

static bool take_exponent(struct str *text, struct plain *plain)
{
    if (text->size == 0 || (text->data[0] | 0x20) != 'e') return true;
    *text = without(*text, 1);
    plain->exponent = true;
    plain->text[plain->size++] = 'e';
    if (text->size > 0 && (text->data[0] == '-' || text->data[0] == '+')) {
        plain->text[plain->size++] = text->data[0];
        *text = without(*text, 1);
    }
    int digits = take_digits(text, plain);
    return digits > 0 && digits <= 3;
}

static bool take_apart(struct str text, enum number_style style, struct plain *ret)
{
    ret->size = 0;
    ret->whole_digits = ret->fraction_digits = 0;
    ret->negative = ret->exponent = ret->zero_led = false;
    if (text.size == 0 || text.size > PLAIN_MAXIMUM) return false;
    text = take_sign(text, ret);
    if (!take_whole(&text, style, ret)) return false;
    take_fraction(&text, style, ret);
    if (ret->whole_digits + ret->fraction_digits == 0) return false;
    if (!take_exponent(&text, ret) || text.size > 0) return false;
    ret->text[ret->size] = '\0';
    return true;
}

static bool is_whole(const struct plain *plain)
{
    return plain->whole_digits > 0 && !plain->exponent &&
           memchr(plain->text, '.', plain->size) == NULL;
}

static bool to_whole(const struct plain *plain, int64_t *ret)
{
    uint64_t value = 0, most = plain->negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    for (size_t i = plain->negative ? 1 : 0; i < plain->size; i++) {
        uint64_t digit = (uint64_t)(plain->text[i] - '0');
        if (value > (most - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *ret = plain->negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Up to EXACT_DIGITS digits and 22 decimals: mantissa and power of ten are exact, so one division
 * rounds correctly (Clinger 1990). Everything else is strtod's. */
static double to_real(const struct plain *plain)
{
    if (plain->exponent || plain->whole_digits + plain->fraction_digits > EXACT_DIGITS)
        return strtod(plain->text, NULL);
    uint64_t mantissa = 0;
    for (size_t i = 0; i < plain->size; i++)
        if (is_digit(plain->text[i])) mantissa = mantissa * 10 + (uint64_t)(plain->text[i] - '0');
    /* "5." was given a digit of its own */
    int decimals = plain->fraction_digits;
    if (decimals == 0 && !is_whole(plain)) mantissa /= 10;
    double value = (double)mantissa / powers_of_ten[decimals];
    return plain->negative ? -value : value;
}

/* ---- all digits ---- */

static int exponent_of(const struct plain *plain)
{
    const char *mark = plain->exponent ? memchr(plain->text, 'e', plain->size) : NULL;
    return mark == NULL ? 0 : (int)strtol(mark + 1, NULL, 10);
}

/* The digits in a row, without mark, sign and exponent; "5." has none behind its mark. */
static int digits_of(const struct plain *plain, char ret[PLAIN_MAXIMUM])
{
    int count = 0, most = plain->whole_digits + plain->fraction_digits;
    for (size_t i = 0; count < most; i++)
        if (is_digit(plain->text[i])) ret[count++] = plain->text[i];
    return count;
}

static int zeros_in_front(const char *digits, int count)
{
    int zeros = 0;
    while (zeros < count && digits[zeros] == '0')
        zeros++;
    return zeros;
}

static int at_least_zero(int value)
{
    return value < 0 ? 0 : value;
}

static struct number_digits count_digits(const struct plain *plain)
{
    char digits[PLAIN_MAXIMUM];
    int exponent = exponent_of(plain), count = digits_of(plain, digits);
    int zeros = zeros_in_front(digits, count);
    return (struct number_digits){at_least_zero(plain->whole_digits - zeros + exponent),
                                  at_least_zero(plain->fraction_digits - exponent)};
}

/* Whether the nearest double, written with as many digits, is another number. */
static bool is_beyond(const struct plain *plain)
{
    char digits[PLAIN_MAXIMUM], written[PLAIN_MAXIMUM + 16];
    if (plain->whole_digits + plain->fraction_digits <= EXACT_DIGITS) return false;
    int count = digits_of(plain, digits), zeros = zeros_in_front(digits, count);
    count -= zeros;
    if (count <= EXACT_DIGITS) return false;
    double value = fabs(strtod(plain->text, NULL));
    snprintf(written, sizeof written, "%.*e", count - 1, value);
    return written[0] != digits[zeros] ||
           memcmp(written + 2, digits + zeros + 1, (size_t)count - 1) != 0;
}

/* Whether what is cut off behind `kept` of the digits rounds the rest away from zero; *ret_exact
 * says whether it is nothing. */
static bool rounds_up(const char *digits, int count, int kept, bool odd,
                      enum number_rounding rounding, bool *ret_exact)
{
    int first = kept >= 0 && kept < count ? digits[kept] - '0' : 0;
    bool rest = false;
    for (int i = at_least_zero(kept + 1); i < count; i++)
        rest |= digits[i] != '0';
    rest |= kept < 0 && count > 0 && digits[0] != '0';
    *ret_exact = first == 0 && !rest;
    if (first != 5 || rest) return first >= 5;
    return rounding == ROUND_HALF_UP || odd;
}

bool number_decimal(struct str text, enum number_style style, int precision, int scale,
                    enum number_rounding rounding, int128 *ret)
{
    struct plain plain;
    char digits[PLAIN_MAXIMUM];
    int128 value = 0, most = 1;
    bool exact = false;
    if (!take_apart(text, style, &plain)) return false;
    int count = digits_of(&plain, digits);
    int kept = plain.whole_digits + exponent_of(&plain) + scale;
    for (int i = 0; i < precision; i++)
        most *= 10;
    for (int i = 0; i < kept; i++) {
        value = value * 10 + (i < count ? digits[i] - '0' : 0);
        if (value >= most) return false;
    }
    value += rounds_up(digits, count, kept, (value & 1) != 0, rounding, &exact);
    if (value >= most || (!exact && rounding == ROUND_NONE)) return false;
    *ret = plain.negative ? -value : value;
    return true;
}

/* ---- most numbers ---- */

/* [-+]digits[.digits] of at most EXACT_DIGITS digits: read in one go, under any style that can. */
struct simple {
    uint64_t digits;
    int whole, fraction; /* how many */
    bool negative, zero_led;
};

static bool read_simple_slowly(struct str text, struct simple *ret)
{
    const char *at = text.data, *end = text.data + text.size;
    if (text.size == 0 || text.size > EXACT_DIGITS + 2) return false;
    *ret = (struct simple){.negative = *at == '-'};
    at += *at == '-' || *at == '+';
    const char *first = at;
    for (; at < end && is_digit(*at); at++)
        ret->digits = ret->digits * 10 + (uint64_t)(*at - '0');
    ret->whole = (int)(at - first);
    ret->zero_led = ret->whole > 1 && *first == '0';
    if (ret->whole == 0) return false;
    if (at < end && *at == '.') {
        const char *point = at++;
        for (; at < end && is_digit(*at); at++)
            ret->digits = ret->digits * 10 + (uint64_t)(*at - '0');
        ret->fraction = (int)(at - point - 1);
        if (ret->fraction == 0) return false;
    }
    return at == end && ret->whole + ret->fraction <= EXACT_DIGITS;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The bytes of a text of 1 to 8, the first one lowest, zeros behind. */
static uint64_t load_word(struct str text)
{
    uint64_t word = 0, end = 0;
    if (text.size == 8) {
        memcpy(&word, text.data, 8);
    } else if (text.size >= 4) {
        memcpy(&word, text.data, 4);
        memcpy(&end, text.data + text.size - 4, 4);
        word |= end << (8 * (text.size - 4));
    } else {
        memcpy(&word, text.data, 1);
        memcpy(&end, text.data + text.size - 1, 1);
        word |= end << (8 * (text.size - 1));
        if (text.size == 3) word |= (uint64_t)(unsigned char)text.data[1] << 8;
    }
    return word;
}

/* Eight decimal digits, the first one in the lowest byte: pairs, fours, all (Lemire 2018,
 * "Quickly parsing eight digits"). */
static uint64_t eight_digits(uint64_t word)
{
    word -= EACH_BYTE('0');
    word = word * 10 + (word >> 8);
    return (((word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
            (((word >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
           32;
}

/* The high bit of the first byte that is `byte`, and perhaps of later ones. */
static uint64_t find_byte(uint64_t word, char byte)
{
    uint64_t other = word ^ EACH_BYTE((unsigned char)byte);
    return (other - EACH_BYTE(1)) & ~other & EACH_BYTE(0x80);
}

static bool all_digits(uint64_t word)
{
    uint64_t digits = word ^ EACH_BYTE('0');
    return (((digits + EACH_BYTE(0x76)) | digits) & EACH_BYTE(0x80)) == 0;
}

/* Without a sign and of up to eight bytes: all of them at once. The point is taken out by moving
 * what stands in front of it one place up. */
static bool read_word(struct str text, struct simple *ret)
{
    uint64_t word = load_word(text), point = find_byte(word, '.');
    unsigned size = (unsigned)text.size, whole = size;
    if (point != 0) {
        whole = (unsigned)__builtin_ctzll(point) / 8;
        if (whole == 0 || whole + 1 == size) return false;
        uint64_t front = (UINT64_C(1) << (8 * whole)) - 1;
        word = (word & ~(front << 8 | 0xff)) | (word & front) << 8;
    }
    *ret = (struct simple){
        .whole = (int)whole,
        .fraction = (int)(point != 0 ? size - whole - 1 : 0),
        .zero_led = whole > 1 && text.data[0] == '0',
    };
    if (point != 0) word |= '0'; /* in the place that is free now */
    if (size < 8) word = word << (8 * (8 - size)) | EACH_BYTE('0') >> (8 * size);
    if (!all_digits(word)) return false;
    ret->digits = eight_digits(word);
    return true;
}

static bool read_simple(struct str text, struct simple *ret)
{
    if (text.size - 1 < 8 && text.data[0] >= '0') return read_word(text, ret);
    return read_simple_slowly(text, ret);
}

/* "1.234" may be a thousand and more. */
static struct number_fit simple_fits(const struct simple *simple)
{
    struct number_digits own = {simple->whole, simple->fraction};
    struct number_fit fit = {
        .whole = STYLE_ALL, .real = STYLE_ALL, .code = simple->zero_led, .digits = {own, own}};
    if (simple->fraction == 0) return fit;
    fit.digits[MARK_COMMA] = (struct number_digits){0, 0};
    bool grouped =
        simple->fraction == 3 && simple->whole <= 3 && simple->digits >= 1000 && !simple->zero_led;
    fit.whole = grouped ? 1u << STYLE_COMMA_POINT : 0;
    if (grouped) fit.digits[MARK_COMMA].whole = simple->whole + simple->fraction;
    fit.real = fit.whole | 1u << STYLE_POINT | 1u << STYLE_POINT_COMMA | 1u << STYLE_POINT_SPACE;
    return fit;
}

static double simple_real(const struct simple *simple)
{
    double value = (double)simple->digits / powers_of_ten[simple->fraction];
    return simple->negative ? -value : value;
}

static bool only_digits(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i])) return false;
    return text.size > 0;
}

/* At most 18 digits: the same under every style. */
static struct number_fit integer_fit(struct str text)
{
    struct number_digits own = {(int)text.size, 0};
    int64_t value = 0;
    for (size_t i = 0; i < text.size; i++)
        value = value * 10 + (text.data[i] - '0');
    return (struct number_fit){
        .whole = STYLE_ALL,
        .real = STYLE_ALL,
        .beyond = (int64_t)(double)value == value ? 0 : STYLE_ALL,
        .code = text.size > 1 && text.data[0] == '0',
        .digits = {own, own},
    };
}

/* ---- shapes ---- */

/* Two bits, then the digits in front of and behind the point: all that simple_fits looks at. */
_Static_assert(EXACT_DIGITS < 16, "four bits a count");
_Static_assert(NUMBER_SHAPES == 1 << 10, "ten bits");

int number_shape(struct str text)
{
    struct simple simple;
    if (!read_simple(text, &simple)) return -1;
    return (simple.zero_led << 9) | ((simple.digits >= 1000) << 8) | (simple.whole << 4) |
           simple.fraction;
}

struct number_fit number_shape_fits(int shape)
{
    const struct simple simple = {
        .digits = (shape >> 8 & 1) != 0 ? 1000 : 0,
        .whole = shape >> 4 & 15,
        .fraction = shape & 15,
        .zero_led = (shape >> 9 & 1) != 0,
    };
    return simple_fits(&simple);
}

struct number_fit number_fits(struct str text)
{
    struct number_fit fit = {0};
    struct simple simple;
    if (read_simple(text, &simple)) return simple_fits(&simple);
    if (only_digits(text) && text.size <= 18) return integer_fit(text);
    if (text.size == 0 || (unsigned char)(text.data[0] | 0x20) >= 'a') {
        if (text.size == 0 || (unsigned char)text.data[0] < 0x80) return fit;
    }
    int marks = 0, beyond = 0; /* a bit a decimal mark */
    for (int style = 0; style < STYLE_COUNT; style++) {
        struct plain plain;
        int mark = number_mark((enum number_style)style);
        if (!take_apart(text, (enum number_style)style, &plain)) continue;
        int64_t value = 0;
        bool whole = is_whole(&plain);
        fit.real |= 1u << style;
        if ((marks & 1 << mark) == 0) beyond |= is_beyond(&plain) << mark;
        if (beyond & 1 << mark) fit.beyond |= 1u << style;
        marks |= 1 << mark;
        fit.digits[mark] = count_digits(&plain);
        if (whole && to_whole(&plain, &value)) fit.whole |= 1u << style;
        fit.code |= plain.zero_led || (whole && plain.whole_digits > EXACT_DIGITS + 3);
    }
    return fit;
}

/* What may stand at the border between a number and its unit. */
static bool is_unit_byte(char byte)
{
    unsigned char low = (unsigned char)(byte | 0x20);
    return (low >= 'a' && low <= 'z') || (unsigned char)byte >= 0x80 || byte == '%' ||
           byte == '$' || byte == ' ';
}

struct str number_without_unit(struct str text)
{
    size_t end = text.size, start = 0;
    while (end > 0 && !is_digit(text.data[end - 1]))
        end--;
    while (start < end && is_unit_byte(text.data[start]))
        start++;
    if (end == 0 || start == end) return text;                             /* no number */
    if (end < text.size && !is_unit_byte(text.data[end])) end = text.size; /* "5)" */
    return str_trim((struct str){text.data + start, end - start});
}

bool number_whole(struct str text, enum number_style style, int64_t *ret)
{
    struct plain plain;
    struct simple simple;
    if (read_simple(text, &simple) && simple.fraction == 0) {
        *ret = simple.negative ? -(int64_t)simple.digits : (int64_t)simple.digits;
        return true;
    }
    return take_apart(text, style, &plain) && is_whole(&plain) && to_whole(&plain, ret);
}

bool number_real(struct str text, enum number_style style, double *ret)
{
    struct plain plain;
    struct simple simple;
    if (read_simple(text, &simple) && (simple.fraction == 0 || decimal_mark(style) == '.')) {
        *ret = simple_real(&simple);
        return true;
    }
    if (!take_apart(text, style, &plain)) return false;
    *ret = to_real(&plain);
    return true;
}
