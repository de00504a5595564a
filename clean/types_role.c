/* clean/types_role.c: what a column is for a model. */
#include "clean/types_role.h"

#include "clean/wire.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#define FEW             100 /* rows below which distinct values say little */
#define FEW_CATEGORIES  8
#define MOST_SHARE      0.8
#define SENTENCE_WORDS  5
#define NAME_WORD_BYTES 32

const char *types_role_name(enum types_role role)
{
    static const char *const names[] = {"measure", "category", "identifier", "constant", "time",
                                        "text",    "url",      "list",       "embedded"};
    return names[role];
}

/* ---- values ---- */

static void count_whole(struct role_profile *profile, int64_t value, int64_t times)
{
    bool next = profile->wholes == 0 || value == profile->last + 1;
    if (!next || times > 1) profile->uneven = true;
    if (profile->wholes == 0) profile->first = value;
    profile->last = value;
    profile->wholes += times;
    if (value >= 1900 && value <= 2100) profile->years += times;
    if ((value >= -1 && value <= 2) || value == -9 || value == -99 || value == -999)
        profile->small += times;
}

static void note_distinct(struct role_profile *profile, uint64_t hash)
{
    if (profile->many) return;
    for (size_t i = 0; i < profile->distinct_count; i++)
        if (profile->distinct[i] == hash) return;
    profile->many = profile->distinct_count == ROLE_DISTINCT_MAXIMUM;
    if (!profile->many) profile->distinct[profile->distinct_count++] = hash;
}

static bool begins(struct str text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && strncasecmp(text.data, with, size) == 0;
}

/* "$12", "12 kg", "97%": digits at one end, at most a word at the other. */
static bool is_embedded(struct str text, size_t words, size_t digits)
{
    if (digits == 0 || words > 2 || text.size > 24) return false;
    bool head = isdigit((unsigned char)text.data[0]) != 0;
    bool tail = isdigit((unsigned char)text.data[text.size - 1]) != 0;
    if (head == tail) return false;
    bool marked = memchr(text.data, '%', text.size) != NULL ||
                  memchr(text.data, '$', text.size) != NULL || begins(text, "\xe2\x82\xac");
    return marked || digits * 2 >= text.size - (words - 1);
}

static void count_text(struct role_profile *profile, struct str text, int64_t times)
{
    size_t words = 1, digits = 0, separators = 0, groups = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        words += i > 0 && byte == ' ' && text.data[i - 1] != ' ';
        digits += byte >= '0' && byte <= '9';
        separators += byte == ',' || byte == ';' || byte == '|';
        groups += byte == ',' && i + 3 < text.size && i > 0 &&
                  isdigit((unsigned char)text.data[i - 1]) != 0;
    }
    bool url = begins(text, "http://") || begins(text, "https://") || begins(text, "www.");
    profile->words += times * (int64_t)words;
    profile->separated += times * (separators >= 2 && digits * 2 < text.size);
    profile->grouped += times * (groups > 0);
    profile->urls += times * url;
    profile->embedded += times * is_embedded(text, words, digits);
}

void role_profile_add(struct role_profile *profile, struct str text, int64_t times)
{
    int64_t whole = 0;
    text = str_trim(text);
    if (text.size == 0) return;
    profile->filled += times;
    note_distinct(profile, XXH3_64bits(text.data, text.size));
    if (number_whole(text, STYLE_POINT, &whole))
        count_whole(profile, whole, times);
    else
        count_text(profile, text, times);
}

void role_profile_merge(struct role_profile *profile, const struct role_profile *more)
{
    if (more->wholes > 0) {
        bool joins = profile->wholes == 0 ||
                     (more->first > profile->last && more->first - 1 == profile->last);
        profile->uneven |= more->uneven || !joins;
        if (profile->wholes == 0) profile->first = more->first;
        profile->last = more->last;
    }
    for (size_t i = 0; i < more->distinct_count; i++)
        note_distinct(profile, more->distinct[i]);
    profile->many |= more->many;
    profile->filled += more->filled;
    profile->wholes += more->wholes;
    profile->years += more->years;
    profile->small += more->small;
    profile->grouped += more->grouped;
    profile->words += more->words;
    profile->separated += more->separated;
    profile->urls += more->urls;
    profile->embedded += more->embedded;
}

bool role_profile_is_sound(const struct role_profile *profile)
{
    const int64_t counts[] = {profile->filled, profile->wholes,    profile->years,
                              profile->small,  profile->grouped,   profile->words,
                              profile->urls,   profile->separated, profile->embedded};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!wire_is_count(counts[i])) return false;
    return profile->distinct_count <= ROLE_DISTINCT_MAXIMUM && wire_is_bool(&profile->many) &&
           wire_is_bool(&profile->uneven);
}

/* ---- names ---- */

static const char *const identifier_words[] = {"id",   "ids", "uuid", "guid",  "key",    "ean",
                                               "isbn", "bbl", "ssn",  "index", "unnamed"};
static const char *const category_words[] = {
    "zip",     "zipcode", "postal", "postcode", "plz",      "code",  "codes",   "cd",     "cod",
    "codigo",  "fips",    "naics",  "district", "block",    "lot",   "version", "gender", "sex",
    "type",    "status",  "flag",   "class",    "category", "year",  "yr",      "month",  "day",
    "weekday", "quarter", "season", "fy",       "level",    "region"};

static bool listed(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, list[i]) == 0) return true;
    return false;
}

/* Whether one of the words of "dob_month", "LocationID" or "Zip Code" is in the list. */
static bool name_says(const char *name, const char *const *list, size_t count)
{
    char word[NAME_WORD_BYTES];
    size_t size = 0;
    for (const char *at = name;; at++) {
        unsigned char byte = (unsigned char)*at;
        bool upper = isupper(byte) != 0;
        bool hump = upper && at > name && islower((unsigned char)at[-1]) != 0;
        if (hump || !isalpha(byte)) {
            word[size] = '\0';
            if (size > 0 && listed(word, list, count)) return true;
            size = 0;
        }
        if (byte == '\0') return false;
        if (isalpha(byte) && size + 1 < sizeof word) word[size++] = (char)tolower(byte);
    }
}

/* ---- the decision ---- */

static enum types_role role_of_number(const struct role_profile *profile, const char *name)
{
    bool whole = profile->wholes == profile->filled;
    size_t distinct = profile->distinct_count;
    if (name_says(name, identifier_words, sizeof identifier_words / sizeof *identifier_words))
        return ROLE_IDENTIFIER;
    if (name_says(name, category_words, sizeof category_words / sizeof *category_words))
        return ROLE_CATEGORY;
    if (profile->grouped > 0) return ROLE_EMBEDDED;
    if (!whole) return ROLE_MEASURE;
    if (profile->filled >= 4 && !profile->uneven) return ROLE_IDENTIFIER;
    if (profile->years == profile->filled) return ROLE_CATEGORY;
    if (profile->small == profile->filled) return ROLE_CATEGORY;
    bool few = !profile->many && distinct <= FEW_CATEGORIES && profile->filled >= FEW;
    return few ? ROLE_CATEGORY : ROLE_MEASURE;
}

static enum types_role role_of_text(const struct role_profile *profile, const char *name)
{
    double filled = (double)profile->filled;
    bool repeats = (double)profile->distinct_count < filled && !profile->many;
    if ((double)profile->urls >= MOST_SHARE * filled) return ROLE_URL;
    if ((double)profile->separated >= MOST_SHARE * filled &&
        (double)profile->words < SENTENCE_WORDS * 4 * filled)
        return ROLE_LIST;
    if ((double)profile->embedded >= MOST_SHARE * filled) return ROLE_EMBEDDED;
    if ((double)profile->words >= SENTENCE_WORDS * filled) return ROLE_TEXT;
    if (name_says(name, identifier_words, sizeof identifier_words / sizeof *identifier_words))
        return ROLE_IDENTIFIER;
    return repeats ? ROLE_CATEGORY : ROLE_TEXT;
}

enum types_role types_role_of(const struct role_profile *profile, const char *name, bool number,
                              bool time)
{
    bool one_value = profile->distinct_count <= 1 && !profile->many;
    if (profile->filled == 0 || (one_value && profile->filled >= 3)) return ROLE_CONSTANT;
    if (time) return ROLE_TIME;
    return number ? role_of_number(profile, name) : role_of_text(profile, name);
}
