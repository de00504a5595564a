/* clean/mask_number.c: recognizers of card, account and phone numbers. */
#include "clean/mask_find.h"

#include <ctype.h>

/* ---- cards ---- */

#define CARD_LEAST 12
#define CARD_MOST  19

/* Luhn's mod 10 (ISO/IEC 7812-1, annex B). */
static bool luhn(const char *digits, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* Lengths in use by the first digits of the issuer. */
static bool is_issued(const char *digits, size_t count)
{
    int two = (digits[0] - '0') * 10 + digits[1] - '0';
    int four = two * 100 + (digits[2] - '0') * 10 + digits[3] - '0';
    switch (digits[0]) {
    case '1': return count == 15; /* airlines, old JCB */
    case '2': return (four >= 2200 && four <= 2720 && count == 16) || (four == 2131 && count == 15);
    case '3':
        if (two == 34 || two == 37) return count == 15;
        if (two == 36 || two == 38 || two == 39 || two == 30) return count >= 14 && count <= 19;
        return two == 35 && count >= 16;
    case '4': return count == 13 || count == 16 || count == 19;
    case '5': return two == 50 || two >= 56 ? true : count == 16;
    case '6': return true;
    default: return false;
    }
}

bool card_at(struct str text, size_t first, size_t *ret_end)
{
    char digits[CARD_MOST];
    size_t count = 0, at = first;
    bool found = false;
    while (count < CARD_MOST && is_digit(peek(text, at))) {
        digits[count++] = text.data[at++];
        char next = peek(text, at);
        if (is_digit(next)) continue;
        if (!is_word(next) && count >= CARD_LEAST && is_issued(digits, count) &&
            luhn(digits, count)) {
            *ret_end = at;
            found = true;
        }
        if ((next == ' ' || next == '-') && is_digit(peek(text, at + 1))) at++;
    }
    return found;
}

/* ---- accounts ---- */

/* Country and length of its IBANs (SWIFT IBAN registry, release 97). */
static const char lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

static size_t iban_length(const char country[2])
{
    for (const char *entry = lengths; *entry != '\0'; entry += 4)
        if (entry[0] == country[0] && entry[1] == country[1])
            return (size_t)((entry[2] - '0') * 10 + entry[3] - '0');
    return 0;
}

/* The number with its first four places at the end, letters as 10 ... 35, is 1 modulo 97. */
static bool mod_97(const char *places, size_t count)
{
    int rest = 0;
    for (size_t i = 0; i < count; i++) {
        char c = places[(i + 4) % count];
        rest = is_digit(c) ? (rest * 10 + c - '0') % 97 : (rest * 100 + c - 'A' + 10) % 97;
    }
    return rest == 1;
}

bool iban_at(struct str text, size_t first, size_t *ret_end)
{
    char places[40];
    size_t count = 0, at = first;
    char country[2] = {(char)toupper((unsigned char)text.data[first]),
                       (char)toupper((unsigned char)peek(text, first + 1))};
    size_t length = iban_length(country);
    if (length == 0) return false;
    while (count < length && (is_letter(peek(text, at)) || is_digit(peek(text, at)))) {
        places[count++] = (char)toupper((unsigned char)text.data[at++]);
        char next = peek(text, at);
        if (count < length && (next == ' ' || next == '-')) at++;
    }
    if (count < length || is_word(peek(text, at)) || !is_digit(places[2]) || !is_digit(places[3]))
        return false;
    *ret_end = at;
    return mod_97(places, count);
}

/* ---- phones ---- */

#define GROUPS_MOST 8
#define DIGITS_MOST 15 /* E.164 */

struct dialed {
    size_t sizes[GROUPS_MOST]; /* digits a group */
    int values[GROUPS_MOST];   /* 0 for more than four digits */
    size_t groups, digits, end;
    bool plus, parenthesis, dashes; /* dashes: also dots and slashes */
    char first;                     /* digit */
};

/* White space, dash, dot, slash and parentheses between groups: at most two in a row. */
static size_t skip_separators(struct str text, size_t at, struct dialed *dialed)
{
    size_t end = at;
    while (end - at < 2 && peek(text, end) != '\0' && strchr(" -./()", peek(text, end)) != NULL) {
        char c = text.data[end];
        if (c == '(' || c == ')') dialed->parenthesis = true;
        if (c == '-' || c == '.' || c == '/') dialed->dashes = true;
        end++;
    }
    return end;
}

static void read_groups(struct str text, size_t at, struct dialed *dialed)
{
    while (dialed->groups < GROUPS_MOST && is_digit(peek(text, at))) {
        size_t from = at;
        int value = 0;
        for (; is_digit(peek(text, at)); at++)
            value = at - from < 4 ? value * 10 + text.data[at] - '0' : 0;
        if (dialed->digits + (at - from) > DIGITS_MOST) return;
        if (dialed->groups == 0) dialed->first = text.data[from];
        dialed->sizes[dialed->groups] = at - from;
        dialed->values[dialed->groups] = value;
        dialed->groups++;
        dialed->digits += at - from;
        dialed->end = at;
        struct dialed before = *dialed;
        at = skip_separators(text, at, dialed);
        if (!is_digit(peek(text, at))) {
            *dialed = before;
            return;
        }
    }
}

/* "x123", " ext. 123" behind the number. */
static size_t skip_extension(struct str text, size_t end)
{
    size_t at = end;
    if (peek(text, at) == ' ') at++;
    if (peek(text, at) == 'e' && peek(text, at + 1) == 'x' && peek(text, at + 2) == 't')
        at += peek(text, at + 3) == '.' ? 4 : 3;
    else if (peek(text, at) == 'x')
        at++;
    else
        return end;
    if (peek(text, at) == ' ') at++;
    size_t from = at;
    while (is_digit(peek(text, at)) && at - from < 6)
        at++;
    return at > from ? at : end;
}

static bool is_year(int value)
{
    return value >= 1900 && value <= 2100;
}

/* 2024-03-15, 15.03.2024 and the like. */
static bool is_date(const struct dialed *d)
{
    if (d->groups != 3 || d->plus || d->parenthesis) return false;
    bool small = d->sizes[1] <= 2 && d->values[1] <= 31;
    bool ahead =
        d->sizes[0] == 4 && is_year(d->values[0]) && d->sizes[2] <= 2 && d->values[2] <= 31;
    bool behind =
        d->sizes[2] == 4 && is_year(d->values[2]) && d->sizes[0] <= 2 && d->values[0] <= 31;
    return small && (ahead || behind);
}

/* Social security numbers of the United States are written 3-2-4. */
static bool is_other_number(const struct dialed *d)
{
    return d->groups == 3 && d->sizes[0] == 3 && d->sizes[1] == 2 && d->sizes[2] == 4;
}

/* 415-555-0132 and 1-415-555-0132: area and exchange begin with 2 ... 9. */
static bool is_north_american(const struct dialed *d)
{
    size_t k = d->groups == 4 && d->sizes[0] <= 3 ? 1 : 0;
    return d->groups == 3 + k && d->sizes[k] == 3 && d->sizes[k + 1] == 3 && d->sizes[k + 2] == 4 &&
           d->values[k] >= 200;
}

bool phone_at(struct str text, size_t first, size_t *ret_end, bool *ret_weak)
{
    struct dialed d = {.plus = text.data[first] == '+', .parenthesis = text.data[first] == '('};
    size_t at = first + (d.plus || d.parenthesis ? 1 : 0);
    if (d.plus && peek(text, at) == '(') at++;
    read_groups(text, at, &d);
    if (d.digits < 7 || is_word(peek(text, d.end))) {
        *ret_end = skip_extension(text, d.end);
        if (d.digits < 7 || *ret_end == d.end) return false;
    }
    if (is_date(&d) || is_other_number(&d)) return false;
    if (text.data[first] == '(' && (d.sizes[0] > 5 || peek(text, first + 1 + d.sizes[0]) != ')'))
        return false;
    *ret_end = skip_extension(text, d.end);
    bool national = d.first == '0' && d.groups >= 2 && d.digits >= 9 && d.digits <= 12;
    bool strong = (d.plus && d.first != '0') ||
                  (d.parenthesis && d.digits >= 8 && d.digits <= 13) || is_north_american(&d) ||
                  national || *ret_end > d.end;
    *ret_weak = !strong;
    bool abroad = d.first == '0' && peek(text, first + 1) == '0'; /* 00 for the plus */
    return d.digits <= 12 || d.plus || (abroad && d.digits <= 15);
}
