/* clean/datetext_words.c: month names in eight languages and the other words of dates. */
#include "clean/datetext_words.h"

#include <utf8proc.h>

struct word {
    const char *text;
    enum word_kind kind;
    int32_t value;
};

/* Folded to lower case. Months match by any beginning of at least three letters of a full name. */
static const char *const months[][12] = {
    {"january", "february", "march", "april", "may", "june", "july", "august", "september",
     "october", "november", "december"},
    {"januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober",
     "november", "dezember"},
    {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
     "octobre", "novembre", "décembre"},
    {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
     "octubre", "noviembre", "diciembre"},
    {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
     "ottobre", "novembre", "dicembre"},
    {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro",
     "outubro", "novembro", "dezembro"},
    {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
     "oktober", "november", "december"},
    {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
     "октября", "ноября", "декабря"},
};

static const struct word words[] = {
    {"am", WORD_HALF, 0},        {"pm", WORD_HALF, 12},      {"a", WORD_HALF, 0},
    {"p", WORD_HALF, 12},        {"z", WORD_ZONE, 0},        {"utc", WORD_ZONE, 0},
    {"gmt", WORD_ZONE, 0},       {"est", WORD_ZONE, -18000}, {"edt", WORD_ZONE, -14400},
    {"cst", WORD_ZONE, -21600},  {"cdt", WORD_ZONE, -18000}, {"mst", WORD_ZONE, -25200},
    {"mdt", WORD_ZONE, -21600},  {"pst", WORD_ZONE, -28800}, {"pdt", WORD_ZONE, -25200},
    {"cet", WORD_ZONE, 3600},    {"cest", WORD_ZONE, 7200},  {"brst", WORD_ZONE, -7200},
    {"brt", WORD_ZONE, -10800},  {"jst", WORD_ZONE, 32400},  {"aedt", WORD_ZONE, 39600},
    {"aest", WORD_ZONE, 36000},  {"h", WORD_UNIT, 0},        {"hour", WORD_UNIT, 0},
    {"hours", WORD_UNIT, 0},     {"m", WORD_UNIT, 1},        {"min", WORD_UNIT, 1},
    {"minute", WORD_UNIT, 1},    {"minutes", WORD_UNIT, 1},  {"s", WORD_UNIT, 2},
    {"sec", WORD_UNIT, 2},       {"second", WORD_UNIT, 2},   {"seconds", WORD_UNIT, 2},
    {"st", WORD_ORDINAL, 0},     {"nd", WORD_ORDINAL, 0},    {"rd", WORD_ORDINAL, 0},
    {"th", WORD_ORDINAL, 0},     {"t", WORD_TIME, 0},        {"midnight", WORD_MIDNIGHT, 0},
    {"noon", WORD_MIDNIGHT, 12}, {"of", WORD_FILLER, 0},     {"at", WORD_FILLER, 0},
    {"on", WORD_FILLER, 0},      {"the", WORD_FILLER, 0},    {"and", WORD_FILLER, 0},
    {"ad", WORD_FILLER, 0},      {"um", WORD_FILLER, 0},     {"uhr", WORD_FILLER, 0},
    {"de", WORD_FILLER, 0},      {"del", WORD_FILLER, 0},    {"le", WORD_FILLER, 0},
    {"à", WORD_FILLER, 0},       {"den", WORD_FILLER, 0},    {"г", WORD_FILLER, 0},
    {"в", WORD_FILLER, 0},       {"tues", WORD_FILLER, 0},   {"thur", WORD_FILLER, 0},
    {"thurs", WORD_FILLER, 0},   {"märz", WORD_MONTH, 3},    {"mär", WORD_MONTH, 3},
};

static const char *const weekdays[][7] = {
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
    {"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"},
    {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
    {"lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"},
    {"lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"},
    {"maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"},
    {"понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"},
};

#define WORD_MAXIMUM 48

/* Simple lower case of each code point; empty when the word is too long or not UTF-8. */
static struct str lower(struct str word, char room[WORD_MAXIMUM])
{
    size_t read = 0, size = 0;
    while (read < word.size && (unsigned char)word.data[read] < 0x80 && size < WORD_MAXIMUM - 4) {
        char byte = word.data[read++];
        room[size++] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    while (read < word.size) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)word.data + read,
                                                 (utf8proc_ssize_t)(word.size - read), &point);
        if (step <= 0 || size + 4 > WORD_MAXIMUM) return (struct str){room, 0};
        read += (size_t)step;
        size +=
            (size_t)utf8proc_encode_char(utf8proc_tolower(point), (utf8proc_uint8_t *)room + size);
    }
    return (struct str){room, size};
}

/* Letters, counting a code point as one. */
static size_t letters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

/* Most names differ in their first byte. */
static bool starts(const char *name, struct str beginning)
{
    return name[0] == beginning.data[0] && strncmp(name, beginning.data, beginning.size) == 0;
}

static int month_named(struct str word)
{
    if (letters(word) < 3) return 0;
    for (size_t language = 0; language < sizeof months / sizeof *months; language++)
        for (int month = 0; month < 12; month++)
            if (starts(months[language][month], word)) return month + 1;
    return 0;
}

static bool is_weekday(struct str word)
{
    if (letters(word) < 2) return false;
    for (size_t language = 0; language < sizeof weekdays / sizeof *weekdays; language++)
        for (int day = 0; day < 7; day++)
            if (starts(weekdays[language][day], word)) return true;
    return false;
}

enum word_kind date_word(struct str word, int32_t *ret_value)
{
    char room[WORD_MAXIMUM];
    word = lower(word, room);
    *ret_value = 0;
    if (word.size == 0) return WORD_UNKNOWN;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].text[0] != word.data[0] || !str_is(word, words[i].text)) continue;
        *ret_value = words[i].value;
        return words[i].kind;
    }
    *ret_value = month_named(word);
    if (*ret_value > 0) return WORD_MONTH;
    return is_weekday(word) ? WORD_FILLER : WORD_UNKNOWN;
}
