/* clean/types_profile.c: what a column's values can be read as, and the decision for all of them.
 *
 * The decision is the column's, never the cell's: the type, decimal mark and day-month order that
 * reads the most values. Where two readings fit equally and differ, that is a doubt to be told. */
#include "clean/types_column.h"

#include <math.h>
#include <strings.h>

static const char *const bool_words[BOOL_PAIRS + 1][2] = {
    {"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"off", "on"}, {"0", "1"},
};

int types_bool(struct str text, int *ret_pair)
{
    if (text.size == 0 || text.size > 5) return -1;
    for (int pair = 0; pair <= BOOL_PAIRS; pair++)
        for (int value = 0; value < 2; value++) {
            const char *word = bool_words[pair][value];
            if ((text.data[0] | 0x20) != (word[0] | 0x20)) continue;
            if (strlen(word) != text.size || strncasecmp(word, text.data, text.size) != 0) continue;
            *ret_pair = pair;
            return value;
        }
    return -1;
}

static const char *const undecided_words[] = {
    "don't know", "do not know", "dont know", "not sure",          "unsure",  "unknown",
    "undecided",  "no answer",   "n/a",       "prefer not to say", "refused",
};

bool types_undecided(struct str text)
{
    if (text.size < 3 || text.size > 20) return false;
    for (size_t i = 0; i < sizeof undecided_words / sizeof *undecided_words; i++)
        if ((text.data[0] | 0x20) == undecided_words[i][0] &&
            strlen(undecided_words[i]) == text.size &&
            strncasecmp(undecided_words[i], text.data, text.size) == 0)
            return true;
    return false;
}

/* ---- counting ---- */

static void count_bool(struct types_profile *profile, struct str text, int64_t times)
{
    int pair = 0, value = types_bool(text, &pair);
    if (value < 0 && types_undecided(text)) profile->undecided += times;
    if (value < 0 || pair == BOOL_PAIRS) return;
    if (value == 1)
        profile->yes[pair] += times;
    else
        profile->no[pair] += times;
}

static void widen_digits(struct number_digits *digits, const struct number_digits *more)
{
    for (int mark = 0; mark < MARK_COUNT; mark++) {
        if (more[mark].whole > digits[mark].whole) digits[mark].whole = more[mark].whole;
        if (more[mark].fraction > digits[mark].fraction)
            digits[mark].fraction = more[mark].fraction;
    }
}

static void count_fit(struct types_profile *profile, const struct number_fit *fit, int64_t times)
{
    for (int style = 0; style < STYLE_COUNT; style++) {
        profile->whole[style] += times * ((fit->whole >> style) & 1);
        profile->real[style] += times * ((fit->real >> style) & 1);
        profile->beyond[style] += times * ((fit->beyond >> style) & 1);
    }
    widen_digits(profile->digits, fit->digits);
    profile->codes += times * fit->code;
}

static bool count_number(struct types_profile *profile, struct str text, int64_t times)
{
    struct number_fit fit = number_fits(text);
    count_fit(profile, &fit, times);
    return fit.real != 0;
}

static void count_date(struct types_profile *profile, struct str text, int64_t times)
{
    struct date_text date;
    struct date_reading readings[ORDER_COUNT];
    bool reads[ORDER_COUNT];
    if (!date_scan(text, &date)) return;
    for (int order = 0; order < ORDER_COUNT; order++)
        reads[order] = date_read(&date, (enum date_order)order, &readings[order]);
    if (reads[0] && !readings[0].has_date) {
        profile->times += times;
        return;
    }
    for (int order = 0; order < ORDER_COUNT; order++)
        profile->dates[order] += times * reads[order];
    profile->stamps += times * date.reading.has_time;
    bool both = reads[ORDER_DAY_FIRST] && reads[ORDER_MONTH_FIRST];
    if (both && date_days(&readings[ORDER_DAY_FIRST]) != date_days(&readings[ORDER_MONTH_FIRST])) {
        profile->either += times;
        if (memchr(text.data, '.', text.size) != NULL && memchr(text.data, '/', text.size) == NULL)
            profile->dotted += times;
    }
    if (both && date.needs_order) {
        profile->first[date.numbers[0] % 13] += times;
        profile->second[date.numbers[1] % 13] += times;
    }
}

static bool is_date(enum types_kind kind)
{
    return kind == KIND_DATE || kind == KIND_TIMESTAMP;
}

void types_profile_add(struct types_profile *profile, enum types_kind kind, struct str text,
                       int64_t times)
{
    text = str_trim(text);
    if (text.size == 0) return;
    profile->filled += times;
    if (types_is_number(kind)) {
        count_number(profile, text, times);
        return;
    }
    if (is_date(kind)) {
        count_date(profile, text, times);
        return;
    }
    count_bool(profile, text, times);
    if (count_number(profile, text, times) && text.size < 8) return;
    count_date(profile, text, times);
}

void types_shapes_add(struct types_shapes *shapes, struct types_profile *profile, struct str text)
{
    text = str_trim(text);
    int shape = number_shape(text);
    if (shape < 0)
        types_profile_add(profile, KIND_REAL, text, 1);
    else
        shapes->counts[shape]++;
}

void types_shapes_settle(const struct types_shapes *shapes, struct types_profile *profile)
{
    for (int shape = 0; shape < NUMBER_SHAPES; shape++) {
        if (shapes->counts[shape] == 0) continue;
        struct number_fit fit = number_shape_fits(shape);
        profile->filled += shapes->counts[shape];
        count_fit(profile, &fit, shapes->counts[shape]);
    }
}

void types_profile_merge(struct types_profile *profile, const struct types_profile *more)
{
    size_t counts = offsetof(struct types_profile, digits);
    int64_t *into = (int64_t *)profile;
    const int64_t *from = (const int64_t *)more;
    for (size_t i = 0; i < counts / sizeof *into; i++)
        into[i] += from[i];
    widen_digits(profile->digits, more->digits);
}

static bool digits_are_sound(const struct number_digits *digits)
{
    for (int mark = 0; mark < MARK_COUNT; mark++)
        if (!wire_is_count(digits[mark].whole) || !wire_is_count(digits[mark].fraction))
            return false;
    return true;
}

bool types_profile_is_sound(const struct types_profile *profile)
{
    const int64_t *counts = (const int64_t *)profile;
    for (size_t i = 0; i < offsetof(struct types_profile, digits) / sizeof *counts; i++)
        if (!wire_is_count(counts[i])) return false;
    return digits_are_sound(profile->digits);
}

/* ---- deciding ---- */

/* A column of integers is read so that most values are whole, any other so that most are numbers.
 */
static void choose_style(struct types_column *column, const struct types_profile *profile)
{
    const int64_t *fits = column->kind == KIND_WHOLE ? profile->whole : profile->real;
    int best = -1;
    for (int style = 0; style < STYLE_COUNT; style++) {
        if (((column->styles >> style) & 1) == 0) continue;
        if (best < 0 || fits[style] > fits[best]) best = style;
    }
    column->style = (enum number_style)best;
}

/* Whether another decimal mark reads every number too, and reads it differently. */
static bool style_doubtful(const struct types_column *column, const struct types_profile *profile)
{
    for (int style = 0; style < STYLE_COUNT; style++) {
        bool other = (style >= STYLE_COMMA) != (column->style >= STYLE_COMMA);
        if (!other || ((column->styles >> style) & 1) == 0) continue;
        if (profile->real[style] == profile->real[column->style] &&
            profile->whole[style] != profile->whole[column->style])
            return true;
    }
    return false;
}

static bool both_allowed(const struct types_column *column)
{
    unsigned both = 1u << ORDER_DAY_FIRST | 1u << ORDER_MONTH_FIRST;
    return (column->orders & both) == both;
}

static int distinct(const int64_t counts[13])
{
    int count = 0;
    for (int i = 0; i < 13; i++)
        count += counts[i] > 0;
    return count;
}

/* Where every date can be read both ways, the numbers themselves tell: a slot that is always 1 is
 * the day of a monthly series; else the slot that takes clearly more values is the day. */
static bool order_shown(const struct types_profile *profile, enum date_order *ret)
{
    int first = distinct(profile->first), second = distinct(profile->second);
    bool monthly_first = second == 1 && profile->second[1] > 0 && first >= 3;
    bool monthly_second = first == 1 && profile->first[1] > 0 && second >= 3;
    *ret = ORDER_MONTH_FIRST;
    if (monthly_first) return true;
    if (!monthly_second && second >= 3 && second >= 2 * first) return true;
    *ret = ORDER_DAY_FIRST;
    return monthly_second || (first >= 3 && first >= 2 * second);
}

static void choose_order(struct types_column *column, const struct types_profile *profile)
{
    static const enum date_order preference[] = {ORDER_MONTH_FIRST, ORDER_DAY_FIRST,
                                                 ORDER_YEAR_FIRST};
    int best = -1;
    for (int i = 0; i < ORDER_COUNT; i++) {
        int order = (int)preference[i];
        if (((column->orders >> order) & 1) == 0) continue;
        if (best < 0 || profile->dates[order] > profile->dates[best]) best = order;
    }
    column->order = (enum date_order)best;
    bool level = profile->dates[ORDER_DAY_FIRST] == profile->dates[ORDER_MONTH_FIRST];
    if (!both_allowed(column) || !level || best == ORDER_YEAR_FIRST || profile->either == 0) return;
    if (profile->dotted == profile->either)
        column->order = ORDER_DAY_FIRST; /* never m.d.y */
    else if (!order_shown(profile, &column->order))
        column->doubt = "day and month not told apart";
}

static bool is_bool(const struct types_profile *profile, int64_t needed)
{
    for (int pair = 0; pair < BOOL_PAIRS; pair++)
        if (profile->yes[pair] > 0 && profile->no[pair] > 0 &&
            profile->yes[pair] + profile->no[pair] + profile->undecided >= needed)
            return true;
    return false;
}

static struct number_digits digits_in(const struct types_column *column,
                                      const struct types_profile *profile)
{
    return profile->digits[number_mark(column->style)];
}

/* Real numbers of which a double would lose digits are decimals, where those hold them all. */
static enum types_kind infer_real(const struct types_column *column,
                                  const struct types_profile *profile)
{
    struct number_digits digits = digits_in(column, profile);
    if (profile->beyond[column->style] == 0) return KIND_REAL;
    return digits.whole + digits.fraction <= DECIMAL_PRECISION ? KIND_DECIMAL : KIND_REAL;
}

static enum types_kind infer_kind(const struct types_column *column,
                                  const struct types_profile *profile, double mostly)
{
    int64_t needed = (int64_t)ceil(mostly * (double)profile->filled);
    if (profile->filled == 0) return KIND_TEXT;
    if (is_bool(profile, needed)) return KIND_BOOL;
    if (profile->codes == 0 && profile->whole[column->style] >= needed) return KIND_WHOLE;
    if (profile->codes == 0 && profile->real[column->style] >= needed)
        return infer_real(column, profile);
    if (profile->dates[column->order] >= needed)
        return profile->stamps > 0 ? KIND_TIMESTAMP : KIND_DATE;
    if (profile->times >= needed) return KIND_TIME;
    return KIND_TEXT;
}

/* All digits behind the mark are kept, and what is left is room for larger numbers than were seen.
 */
static void choose_scale(struct types_column *column, const struct types_profile *profile)
{
    int fraction = digits_in(column, profile).fraction;
    column->field = field_of(column->name, TYPE_DECIMAL128);
    column->field.type.precision = DECIMAL_PRECISION;
    column->field.type.scale = fraction < DECIMAL_PRECISION ? fraction : DECIMAL_PRECISION;
}

enum status types_decide(struct types_column *column, const struct types_profile *profile,
                         double mostly, struct arena *arena, struct err *err)
{
    choose_style(column, profile);
    choose_order(column, profile);
    const char *order_doubt = column->doubt;
    column->doubt = NULL;
    if (column->kind == KIND_AUTO) column->kind = infer_kind(column, profile, mostly);
    bool whole = column->kind == KIND_WHOLE && !column->inferred; /* one reading is whole */
    if (types_is_number(column->kind) && !whole && style_doubtful(column, profile))
        column->doubt = "decimal mark not certain";
    if (column->kind == KIND_REAL && column->inferred && profile->beyond[column->style] > 0)
        column->doubt = "numbers with more digits than a double or a decimal keeps";
    if (types_scale_open(column)) choose_scale(column, profile);
    if (column->kind == KIND_BOOL && profile->undecided > 0)
        column->doubt = "answers that are neither yes nor no become null";
    if (is_date(column->kind) && order_doubt != NULL) {
        column->doubt = order_doubt;
        if (column->inferred) column->kind = KIND_TEXT; /* a guess would change days unseen */
    }
    return types_settle_field(column, arena, err);
}

/* ---- the decided type ---- */

static enum type_id default_type(enum types_kind kind)
{
    switch (kind) {
    case KIND_BOOL: return TYPE_BOOL;
    case KIND_WHOLE: return TYPE_INT64;
    case KIND_REAL: return TYPE_FLOAT64;
    case KIND_DATE: return TYPE_DATE32;
    case KIND_TIMESTAMP: return TYPE_TIMESTAMP;
    case KIND_TIME: return TYPE_TIME64;
    case KIND_DECIMAL: /* its field has a scale by now */
    case KIND_AUTO:
    case KIND_TEXT:
    case KIND_CATEGORY: break;
    }
    return TYPE_UTF8;
}

enum status types_settle_field(struct types_column *column, struct arena *arena, struct err *err)
{
    if (column->field.name == NULL) {
        column->field = column->kind == KIND_CATEGORY
                            ? field_dictionary(column->name)
                            : field_of(column->name, default_type(column->kind));
        if (column->kind == KIND_TIME) column->field.type.unit = UNIT_MICRO;
    }
    char type[64], order[16] = "";
    field_type_text(&column->field, type, sizeof type);
    if (is_date(column->kind)) choice_text(DATE_ORDERS, (int)column->order, order, sizeof order);
    column->expected = arena_format(arena, "%s%s%s", type, order[0] != '\0' ? ", " : "", order);
    return column->expected == NULL ? fail_memory(err, sizeof type) : STATUS_OK;
}
