/* clean/mask_date.c: recognizer of dates and times as people write them. */
#include "clean/mask_find.h"

#include <strings.h>

/* ---- numbers and words ---- */

static size_t number_at(struct str text, size_t at, size_t most, int *ret)
{
    size_t count = 0;
    *ret = 0;
    while (count < most && is_digit(peek(text, at + count)))
        *ret = *ret * 10 + text.data[at + count++] - '0';
    return is_digit(peek(text, at + count)) ? 0 : count;
}

/* The length of a month's name at `at`, in full or its first three letters (Sept too). */
static size_t month_at(struct str text, size_t at)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    size_t size = 0;
    while (is_letter(peek(text, at + size)))
        size++;
    if (size < 3 || size > 9) return 0;
    for (size_t i = 0; i < 12; i++) {
        bool full = strlen(months[i]) == size;
        if ((full || size == 3 || (size == 4 && i == 8)) &&
            strncasecmp(months[i], text.data + at, size) == 0)
            return size;
    }
    return 0;
}

static bool is_year(int value, size_t places)
{
    return places == 2 || (places == 4 && value >= 1800 && value <= 2199);
}

static bool is_day(int value)
{
    return value >= 1 && value <= 31;
}

static bool is_month(int value)
{
    return value >= 1 && value <= 12;
}

/* ---- time of day ---- */

static size_t zone_end(struct str text, size_t at)
{
    int value;
    if (peek(text, at) == 'Z') return at + 1;
    if ((peek(text, at) == '+' || peek(text, at) == '-') &&
        number_at(text, at + 1, 2, &value) == 2 && peek(text, at + 3) == ':' &&
        number_at(text, at + 4, 2, &value) == 2)
        return at + 6;
    return at;
}

/* Behind " 12:20:39.5" or "T12:20Z"; at itself where no time stands. */
static size_t time_end(struct str text, size_t at)
{
    int value;
    char c = peek(text, at);
    if ((c != ' ' && c != 'T') || number_at(text, at + 1, 2, &value) == 0 || value > 24) return at;
    size_t end = at + 1 + number_at(text, at + 1, 2, &value);
    if (peek(text, end) != ':' || number_at(text, end + 1, 2, &value) != 2) return at;
    end += 3;
    if (peek(text, end) == ':' && number_at(text, end + 1, 2, &value) == 2) end += 3;
    if (peek(text, end) == '.' && is_digit(peek(text, end + 1)))
        for (end++; is_digit(peek(text, end));)
            end++;
    return zone_end(text, end);
}

/* ---- dates ---- */

/* 2021-05-21, 5/21/21, 21.5.2021: three numbers and one separator. */
static bool three_numbers(struct str text, size_t first, size_t *ret_end)
{
    int value[3];
    size_t places[3], at = first;
    char separator = '\0';
    for (size_t i = 0; i < 3; i++) {
        places[i] = number_at(text, at, 4, &value[i]);
        if (places[i] == 0 || places[i] == 3) return false;
        at += places[i];
        if (i == 2) break;
        if (i == 0) separator = peek(text, at);
        if (separator == '\0' || strchr("-./", separator) == NULL || peek(text, at) != separator)
            return false;
        at++;
    }
    *ret_end = at;
    if (places[0] == 4)
        return is_year(value[0], 4) && is_month(value[1]) && is_day(value[2]) && places[2] <= 2;
    bool order =
        (is_day(value[0]) && is_month(value[1])) || (is_month(value[0]) && is_day(value[1]));
    return places[0] <= 2 && places[1] <= 2 && order && is_year(value[2], places[2]);
}

/* 5-May-2021, 5 May 2021, 21-May, 5th of May. */
static bool day_and_month(struct str text, size_t first, size_t *ret_end)
{
    int day, year;
    size_t places = number_at(text, first, 2, &day), at = first + places;
    if (places == 0 || !is_day(day)) return false;
    if (strchr("snrt", peek(text, at)) != NULL && is_letter(peek(text, at)) &&
        is_letter(peek(text, at + 1)) && !is_letter(peek(text, at + 2)))
        at += 2;
    if (at + 4 < text.size && strncasecmp(text.data + at, " of ", 4) == 0) at += 3;
    char separator = peek(text, at);
    if (separator == '\0' || strchr(" -./", separator) == NULL) return false;
    size_t month = month_at(text, at + 1);
    if (month == 0) return false;
    at += 1 + month;
    *ret_end = at;
    if (peek(text, at) == ',') at++;
    if (peek(text, at) == '\0' || strchr(" -./", peek(text, at)) == NULL) return true;
    size_t size = number_at(text, at + 1, 4, &year);
    if ((size == 4 || (size == 2 && separator != ' ')) && is_year(year, size))
        *ret_end = at + 1 + size;
    return true;
}

/* 05/21, 5/2021. */
static bool two_numbers(struct str text, size_t first, size_t *ret_end)
{
    int month, other;
    size_t places = number_at(text, first, 2, &month), at = first + places;
    if (places == 0 || peek(text, at) != '/') return false;
    size_t size = number_at(text, at + 1, 4, &other);
    *ret_end = at + 1 + size;
    if (peek(text, *ret_end) == '/') return false;
    return is_month(month) && ((size == 4 && is_year(other, 4)) || (size == 2 && is_day(other)) ||
                               (size == 1 && is_day(other)));
}

/* In front of the digits: "May 21, 2021", "May-21", "May 2021". */
static bool month_first(struct str text, size_t at, size_t *ret_first, size_t *ret_end)
{
    int value, year;
    if (at < 4 || strchr(" -.", text.data[at - 1]) == NULL) return false;
    size_t first = at - 1, end;
    while (first > 0 && is_letter(text.data[first - 1]) && at - first < 11)
        first--;
    size_t month = month_at(text, first);
    if (month == 0 || month != at - 1 - first || (first > 0 && is_word(text.data[first - 1])))
        return false;
    size_t places = number_at(text, at, 4, &value);
    if (places == 0 || places == 3 || (places == 4 ? !is_year(value, 4) : !is_day(value)))
        return false;
    *ret_first = first;
    *ret_end = end = at + places;
    if (places == 4) return true;
    if (is_letter(peek(text, end)) && is_letter(peek(text, end + 1)))
        *ret_end = end += 2; /* 21st */
    if (peek(text, end) == ',') end++;
    if (peek(text, end) != '\0' && strchr(" -", peek(text, end)) != NULL &&
        number_at(text, end + 1, 4, &year) == 4 && is_year(year, 4))
        *ret_end = end + 5;
    return true;
}

bool date_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end, bool *ret_weak)
{
    int year;
    *ret_weak = false;
    bool part =
        at >= 2 && is_digit(text.data[at - 2]) && strchr("-./:,", text.data[at - 1]) != NULL;
    if (month_first(text, at, ret_first, ret_end)) return !is_word(peek(text, *ret_end));
    *ret_first = at;
    if (part) return false;
    if (three_numbers(text, at, ret_end) || day_and_month(text, at, ret_end)) {
        size_t day = *ret_end;
        *ret_end = time_end(text, day);
        return !is_word(peek(text, *ret_end));
    }
    *ret_weak = true;
    if (!two_numbers(text, at, ret_end)) {
        if (number_at(text, at, 4, &year) != 4 || year < 1900 || year > 2099) return false;
        *ret_end = at + 4;
    }
    char next = peek(text, *ret_end);
    return !is_word(next) && !((next == '.' || next == ',' || next == '-' || next == '/') &&
                               is_digit(peek(text, *ret_end + 1)));
}

/* "in 1977", "since 5/2021": the word in front says that a date comes. */
bool date_is_meant(struct str text, size_t first)
{
    static const char *const words[] = {"in",    "of",    "since", "by",    "from",   "until",
                                        "till",  "year",  "the",   "a",     "during", "before",
                                        "after", "early", "late",  "born",  "on",     "is",
                                        "was",   "date",  "dated", "circa", "around"};
    size_t end = first, size;
    while (end > 0 && strchr(" :(-,\n", text.data[end - 1]) != NULL && first - end < 2)
        end--;
    for (size = 0; size < end && is_letter(text.data[end - 1 - size]);)
        size++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == size && strncasecmp(text.data + end - size, words[i], size) == 0)
            return true;
    return false;
}

/* ---- days of the week ---- */
