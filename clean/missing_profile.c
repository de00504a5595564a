/* clean/missing_profile.c: what a column looks like, as far as it tells disguised nulls. */
#include "clean/missing_profile.h"

#include "clean/numeral.h"
#include "clean/wire.h"

#include <math.h>
#include <string.h>

/* ---- looking at one text ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum shape shape_of(struct str text)
{
    size_t upper = 0, lower = 0;
    for (size_t i = 0; i < text.size; i++) {
        upper += is_upper(text.data[i]);
        lower += is_lower(text.data[i]) || (uint8_t)text.data[i] >= 0x80;
    }
    if (upper > 0 && lower == 0) return SHAPE_UPPER;
    if (lower > 0 && upper == 0) return SHAPE_LOWER;
    return upper > 0 && is_upper(text.data[0]) ? SHAPE_TITLE : SHAPE_OTHER;
}

struct letters {
    bool letter, digit;
};

static struct letters letters_of(struct str text)
{
    struct letters found = {false, false};
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        found.letter = found.letter || is_upper(c) || is_lower(c) || (uint8_t)c >= 0x80;
        found.digit = found.digit || is_digit(c);
    }
    return found;
}

/* Letters only, small, without the marks between them: "N/A" and "n.a." are "na". */
static size_t plain_word(struct str text, char *ret, size_t room)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < room; i++) {
        char c = text.data[i];
        if (is_upper(c)) c = (char)(c + 32);
        if (is_lower(c) || (uint8_t)c >= 0x80) ret[size++] = c;
    }
    ret[size] = '\0';
    return size;
}

enum doubt word_doubt(struct str text)
{
    static const char *const sure[] = {
        "unknown",       "unk",          "missing",       "undefined",   "unspecified",
        "notavailable",  "notknown",     "notapplicable", "notprovided", "notstated",
        "notspecified",  "notgiven",     "notset",        "nodata",      "novalue",
        "noinformation", "noresponse",   "noanswer",      "tbd",         "tba",
        "unavailable",   "unreported",   "notreported",   "notrecorded", "unanswered",
        "nan",           "nodatum",      "noentry",       "blank",       "empty",
        "notentered",    "nichtbekannt", "unbekannt",     "inconnu",     "desconocido",
        "sconosciuto",
    };
    static const char *const fitting[] = {"na", "none", "null", "nil", "nd"};
    char word[TOKEN_BYTES];
    if (text.size >= sizeof word) return DOUBT_NONE;
    plain_word(text, word, sizeof word);
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++)
        if (strcmp(word, sure[i]) == 0) return DOUBT_SURE;
    for (size_t i = 0; i < sizeof fitting / sizeof *fitting; i++) {
        if (strcmp(word, fitting[i]) != 0) continue;
        bool marked = text.size > strlen(word); /* "N/A", "<NA>", "#N/A": no value is written so */
        return marked ? DOUBT_SURE : DOUBT_FITTING;
    }
    return DOUBT_NONE;
}

/* ---- adding up ---- */

static void count_token(struct column_profile *profile, struct str text, int64_t times)
{
    for (size_t i = 0; i < profile->token_count; i++) {
        struct token *token = &profile->tokens[i];
        if (!str_equal((struct str){token->text, token->size}, text)) continue;
        token->count += times;
        return;
    }
    if (profile->token_count == PROFILE_TOKENS || text.size > TOKEN_BYTES) {
        profile->more_tokens = true;
        return;
    }
    struct token *token = &profile->tokens[profile->token_count++];
    memcpy(token->text, text.data, text.size);
    token->size = text.size;
    token->count = times;
}

static void widen(struct column_profile *profile, int64_t shortest, int64_t longest)
{
    if (longest == 0) return;
    if (profile->longest == 0 || shortest < profile->shortest) profile->shortest = shortest;
    if (longest > profile->longest) profile->longest = longest;
}

/* Puts a value in its place among the outermost; `side` is -1 for the low end, 1 for the high. */
static void note_extreme(struct extreme *ends, size_t *count, double value, int64_t times, int side)
{
    size_t at = 0;
    while (at < *count && side * ends[at].value > side * value)
        at++;
    if (at < *count && ends[at].value == value) {
        ends[at].count += times;
        return;
    }
    if (at == PROFILE_EXTREMES) return;
    if (*count < PROFILE_EXTREMES) ++*count;
    for (size_t i = *count - 1; i > at; i--)
        ends[i] = ends[i - 1];
    ends[at] = (struct extreme){value, times};
}

static void note_number(struct column_profile *profile, double value, int64_t times)
{
    note_extreme(profile->low, &profile->low_count, value, times, -1);
    note_extreme(profile->high, &profile->high_count, value, times, 1);
}

void profile_number(struct column_profile *profile, double value)
{
    if (isnan(value)) return;
    profile->texts++;
    profile->numbers++;
    profile->numerals++;
    note_number(profile, value, 1);
}

void profile_text(struct column_profile *profile, struct str text)
{
    struct letters letters = letters_of(text);
    double value;
    profile->texts++;
    profile->numerals += letters.digit;
    profile->signs += !letters.letter && !letters.digit;
    if (letters.digit && number_real(text, STYLE_POINT, &value)) {
        profile->numbers++;
        note_number(profile, value, 1);
    }
    if (!letters.digit) count_token(profile, text, 1);
    if (!letters.letter || (!letters.digit && word_doubt(text) != DOUBT_NONE)) return;
    profile->shapes[shape_of(text)]++;
    widen(profile, (int64_t)text.size, (int64_t)text.size);
}

/* Counts of an end that was cut off stay right for what is kept: a value that is outermost of the
 * whole was among the outermost of each part. */
static void add_extremes(struct column_profile *profile, const struct column_profile *later)
{
    for (size_t i = 0; i < later->low_count; i++)
        note_extreme(profile->low, &profile->low_count, later->low[i].value, later->low[i].count,
                     -1);
    for (size_t i = 0; i < later->high_count; i++)
        note_extreme(profile->high, &profile->high_count, later->high[i].value,
                     later->high[i].count, 1);
}

void profile_add(struct column_profile *profile, const struct column_profile *later)
{
    profile->texts += later->texts;
    profile->numbers += later->numbers;
    profile->numerals += later->numerals;
    profile->signs += later->signs;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        profile->shapes[i] += later->shapes[i];
    widen(profile, later->shortest, later->longest);
    for (size_t i = 0; i < later->token_count; i++) {
        const struct token *token = &later->tokens[i];
        count_token(profile, (struct str){token->text, token->size}, token->count);
    }
    profile->more_tokens = profile->more_tokens || later->more_tokens;
    add_extremes(profile, later);
}

static bool ends_are_sound(const struct extreme *ends, size_t count)
{
    if (count > PROFILE_EXTREMES) return false;
    for (size_t i = 0; i < count; i++)
        if (!wire_is_count(ends[i].count)) return false;
    return true;
}

bool profile_is_sound(const struct column_profile *profile)
{
    const int64_t counts[] = {profile->texts, profile->numbers,  profile->numerals,
                              profile->signs, profile->shortest, profile->longest};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!wire_is_count(counts[i])) return false;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (!wire_is_count(profile->shapes[i])) return false;
    if (profile->token_count > PROFILE_TOKENS || !wire_is_bool(&profile->more_tokens)) return false;
    for (size_t i = 0; i < profile->token_count; i++)
        if (profile->tokens[i].size > TOKEN_BYTES || !wire_is_count(profile->tokens[i].count))
            return false;
    return ends_are_sound(profile->low, profile->low_count) &&
           ends_are_sound(profile->high, profile->high_count);
}

/* ---- words ---- */

/* Whether nearly everything, or all but one or two words, has a digit: numbers, dates, codes. */
static bool is_numeral_column(const struct column_profile *profile)
{
    int64_t words = 0;
    for (size_t i = 0; i < profile->token_count; i++)
        words += profile->tokens[i].count;
    if (profile->more_tokens || profile->numerals == 0) return false;
    return profile->numerals >= (profile->token_count <= 2 ? words : 4 * words);
}

/* A word written like the column's other words and no longer or shorter than they are. */
static bool fits_in(const struct column_profile *profile, const struct token *token)
{
    struct str text = {token->text, token->size};
    int64_t size = (int64_t)token->size, all = 0;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        all += profile->shapes[i];
    if (all == 0 || size < profile->shortest || size > profile->longest) return false;
    return profile->shapes[shape_of(text)] * 5 >= all * 4;
}

static bool is_sign(const struct token *token)
{
    struct letters letters = letters_of((struct str){token->text, token->size});
    return !letters.letter && !letters.digit;
}

/* Columns of signs ("+", "-") hold them as values: several, and more of them than of others. */
static bool is_column_of_signs(const struct column_profile *profile)
{
    size_t distinct = 0;
    for (size_t i = 0; i < profile->token_count; i++)
        distinct += is_sign(&profile->tokens[i]);
    return distinct >= 2 && profile->signs * 2 >= profile->texts;
}

bool profile_token_is_null(const struct column_profile *profile, const struct token *token,
                           enum evidence evidence)
{
    enum doubt doubt = word_doubt((struct str){token->text, token->size});
    if (doubt == DOUBT_SURE) return true;
    if (is_sign(token)) return !is_column_of_signs(profile);
    if (is_numeral_column(profile)) {
        /* one word again and again where everything else is a number */
        bool repeated = evidence == EVIDENCE_LIKELY && token->count >= 2 &&
                        token->count * 100 >= profile->texts;
        return doubt == DOUBT_FITTING || (repeated && profile->numbers * 10 >= profile->texts * 5);
    }
    return doubt == DOUBT_FITTING && !fits_in(profile, token);
}

/* ---- numbers ---- */

/* 9, 99, 999 ... with either sign; returns how many nines, 0 = another number. */
static int nines(double value)
{
    double size = fabs(value);
    int count = 0;
    for (double all = 9; all <= 999999999; all = all * 10 + 9) {
        count++;
        if (size == all) return count;
    }
    return 0;
}

struct candidate {
    double value;
    int64_t count, next_count; /* of the value, and of the next one inwards */
    double gap, range;         /* to the rest, and of the rest */
    double nearest;            /* value of the rest */
    int64_t rest_values;       /* distinct ones seen at this end */
};

/* Nines that nothing else explains: below zero where nothing else is, or far from the rest. A price
 * of 999 and a person of 99 years have others not far from them. */
static bool surely_apart(const struct candidate *c)
{
    static const double gaps[] = {0, 0, 5, 1, 0.5, 0.1}; /* by digits, in ranges of the rest */
    int digits = nines(c->value);
    if (c->count < 3 || c->gap <= 0 || digits < 2) return false;
    if (c->value < 0 && c->nearest >= 0) return true;
    return c->gap >= gaps[digits < 5 ? digits : 5] * c->range;
}

/* Nines far outside need no comparison with their neighbor's count: where few distinct values
 * occur, each is frequent. */
static bool stands_apart(const struct candidate *c, enum evidence evidence)
{
    if (evidence == EVIDENCE_SURE) return surely_apart(c);
    bool outstanding = c->count >= 2 * c->next_count;
    int digits = nines(c->value);
    if (c->count < 3 || c->gap <= 0) return false;
    if (digits >= 4) return c->gap >= 0.1 * c->range;
    if (digits == 3) return c->gap >= (outstanding ? 0.1 : 1) * c->range;
    if (digits > 0) return c->gap >= (outstanding ? 1 : 3) * c->range;
    if (c->rest_values < 3 || !outstanding) return false;
    if (c->value == 0) return c->nearest > 0 && c->gap >= 0.4 * c->range;
    return c->value == -1 && c->nearest >= 0 && c->range >= 10 && c->count >= 3 * c->next_count;
}

/* The end's outermost value against the rest, which begins at rest_low and rest_high. */
static bool is_null_extreme(const struct extreme *ends, size_t count, double other_end,
                            enum evidence evidence)
{
    if (count < 2) return false;
    struct candidate candidate = {
        .value = ends[0].value,
        .count = ends[0].count,
        .next_count = ends[1].count,
        .nearest = ends[1].value,
        .gap = fabs(ends[1].value - ends[0].value),
        .range = fabs(other_end - ends[1].value),
        .rest_values = (int64_t)count - 1,
    };
    return stands_apart(&candidate, evidence);
}

/* Whether a number is a marker, however far the other end goes. */
static bool may_stand_for_null(double value)
{
    return nines(value) > 0 || value == 0 || value == -1;
}

size_t profile_null_numbers(const struct column_profile *profile, enum evidence evidence,
                            double *ret, size_t room)
{
    size_t found = 0, low = 0, high = 0;
    if (profile->low_count < 2 || profile->numbers * 2 < profile->texts) return 0;
    /* a marker at the other end must not count as the range */
    double high_end = profile->high[may_stand_for_null(profile->high[0].value)].value;
    while (low + 2 < profile->low_count && found < room &&
           is_null_extreme(profile->low + low, profile->low_count - low, high_end, evidence))
        ret[found++] = profile->low[low++].value;
    double low_end = profile->low[low].value;
    while (high + 2 < profile->high_count && found < room &&
           is_null_extreme(profile->high + high, profile->high_count - high, low_end, evidence))
        ret[found++] = profile->high[high++].value;
    return found;
}
