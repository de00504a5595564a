/* clean/datetext_words.c: month names in sixteen languages and the other words of dates. */
#include "clean/datetext_words.h"

#include <utf8proc.h>

struct word {
    const char *text;
    enum word_kind kind;
    int32_t value;
};

/* Folded to lower case; a beginning of at least three letters stands for the whole name. */
struct name {
    const char *text;
    int month; /* 0 = a weekday */
};

static const struct name english[] = {
    {"january", 1},   {"february", 2},  {"march", 3},    {"april", 4},     {"may", 5},
    {"june", 6},      {"july", 7},      {"august", 8},   {"september", 9}, {"october", 10},
    {"november", 11}, {"december", 12}, {"monday", 0},   {"tuesday", 0},   {"wednesday", 0},
    {"thursday", 0},  {"friday", 0},    {"saturday", 0}, {"sunday", 0},
};

/* Other languages, in byte order. "listopad", which is October to some and November to others, is
 * left out. */
/* clang-format off */
static const struct name others[] = {
    {"abril", 4},
    {"agosto", 8},
    {"août", 8},
    {"april", 4},
    {"aprile", 4},
    {"aprilie", 4},
    {"aralık", 12},
    {"august", 8},
    {"augusti", 8},
    {"augustus", 8},
    {"avril", 4},
    {"ağustos", 8},
    {"březen", 3},
    {"března", 3},
    {"czerwca", 6},
    {"december", 12},
    {"decembrie", 12},
    {"dezember", 12},
    {"dezembro", 12},
    {"dicembre", 12},
    {"diciembre", 12},
    {"dienstag", 0},
    {"dimanche", 0},
    {"dinsdag", 0},
    {"domenica", 0},
    {"domingo", 0},
    {"donderdag", 0},
    {"donnerstag", 0},
    {"duben", 4},
    {"dubna", 4},
    {"décembre", 12},
    {"ekim", 10},
    {"elokuuta", 8},
    {"enero", 1},
    {"eylül", 9},
    {"febbraio", 2},
    {"febrero", 2},
    {"februar", 2},
    {"februari", 2},
    {"februarie", 2},
    {"fevereiro", 2},
    {"freitag", 0},
    {"février", 2},
    {"gennaio", 1},
    {"giovedì", 0},
    {"giugno", 6},
    {"grudnia", 12},
    {"haziran", 6},
    {"heinäkuuta", 7},
    {"helmikuuta", 2},
    {"huhtikuuta", 4},
    {"ianuarie", 1},
    {"iulie", 7},
    {"iunie", 6},
    {"janeiro", 1},
    {"januar", 1},
    {"januari", 1},
    {"janvier", 1},
    {"jeudi", 0},
    {"joulukuuta", 12},
    {"jueves", 0},
    {"juillet", 7},
    {"juin", 6},
    {"julho", 7},
    {"juli", 7},
    {"julio", 7},
    {"junho", 6},
    {"juni", 6},
    {"junio", 6},
    {"kasım", 11},
    {"kesäkuuta", 6},
    {"kolovoz", 8},
    {"kolovoza", 8},
    {"květen", 5},
    {"května", 5},
    {"kwietnia", 4},
    {"leden", 1},
    {"ledna", 1},
    {"lipanj", 6},
    {"lipca", 7},
    {"lipnja", 6},
    {"lokakuuta", 10},
    {"luglio", 7},
    {"lundi", 0},
    {"lunedì", 0},
    {"lunes", 0},
    {"lutego", 2},
    {"maaliskuuta", 3},
    {"maandag", 0},
    {"maart", 3},
    {"maggio", 5},
    {"mai", 5},
    {"maio", 5},
    {"maj", 5},
    {"maja", 5},
    {"marca", 3},
    {"mardi", 0},
    {"marraskuuta", 11},
    {"mars", 3},
    {"mart", 3},
    {"martedì", 0},
    {"martes", 0},
    {"martie", 3},
    {"marzo", 3},
    {"março", 3},
    {"mayo", 5},
    {"mayıs", 5},
    {"mei", 5},
    {"mercoledì", 0},
    {"mercredi", 0},
    {"mittwoch", 0},
    {"miércoles", 0},
    {"montag", 0},
    {"märz", 3},
    {"nisan", 4},
    {"noiembrie", 11},
    {"november", 11},
    {"novembre", 11},
    {"novembro", 11},
    {"noviembre", 11},
    {"ocak", 1},
    {"octobre", 10},
    {"octombrie", 10},
    {"octubre", 10},
    {"oktober", 10},
    {"ottobre", 10},
    {"outubro", 10},
    {"ožujak", 3},
    {"ožujka", 3},
    {"października", 10},
    {"prosinac", 12},
    {"prosinca", 12},
    {"prosince", 12},
    {"prosinec", 12},
    {"quarta", 0},
    {"quinta", 0},
    {"rujan", 9},
    {"rujna", 9},
    {"sabato", 0},
    {"samedi", 0},
    {"samstag", 0},
    {"segunda", 0},
    {"september", 9},
    {"septembre", 9},
    {"septembrie", 9},
    {"septiembre", 9},
    {"setembro", 9},
    {"settembre", 9},
    {"sexta", 0},
    {"sierpnia", 8},
    {"siječanj", 1},
    {"siječnja", 1},
    {"sonntag", 0},
    {"srpanj", 7},
    {"srpen", 8},
    {"srpna", 8},
    {"srpnja", 7},
    {"studeni", 11},
    {"studenoga", 11},
    {"studenom", 11},
    {"stycznia", 1},
    {"svibanj", 5},
    {"svibnja", 5},
    {"syyskuuta", 9},
    {"sábado", 0},
    {"tammikuuta", 1},
    {"temmuz", 7},
    {"terça", 0},
    {"toukokuuta", 5},
    {"travanj", 4},
    {"travnja", 4},
    {"veljača", 2},
    {"veljače", 2},
    {"vendredi", 0},
    {"venerdì", 0},
    {"viernes", 0},
    {"vrijdag", 0},
    {"woensdag", 0},
    {"września", 9},
    {"zaterdag", 0},
    {"zondag", 0},
    {"září", 9},
    {"únor", 2},
    {"února", 2},
    {"červen", 6},
    {"července", 7},
    {"červenec", 7},
    {"června", 6},
    {"říjen", 10},
    {"října", 10},
    {"şubat", 2},
    {"август", 8},
    {"августа", 8},
    {"апрель", 4},
    {"апреля", 4},
    {"березня", 3},
    {"вересня", 9},
    {"воскресенье", 0},
    {"вск", 0},
    {"вторник", 0},
    {"втр", 0},
    {"грудня", 12},
    {"декабрь", 12},
    {"декабря", 12},
    {"жовтня", 10},
    {"июль", 7},
    {"июля", 7},
    {"июнь", 6},
    {"июня", 6},
    {"квітня", 4},
    {"липня", 7},
    {"листопада", 11},
    {"лютого", 2},
    {"май", 5},
    {"март", 3},
    {"марта", 3},
    {"мая", 5},
    {"ноябрь", 11},
    {"ноября", 11},
    {"октябрь", 10},
    {"октября", 10},
    {"пнд", 0},
    {"понедельник", 0},
    {"птн", 0},
    {"пятница", 0},
    {"сакавіка", 3},
    {"сбт", 0},
    {"сентябрь", 9},
    {"сентября", 9},
    {"серпня", 8},
    {"срд", 0},
    {"среда", 0},
    {"суббота", 0},
    {"січня", 1},
    {"травня", 5},
    {"февраль", 2},
    {"февраля", 2},
    {"червня", 6},
    {"четверг", 0},
    {"чтв", 0},
    {"январь", 1},
    {"января", 1},
};
/* clang-format on */

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
    {"в", WORD_FILLER, 0},       {"年", WORD_FILLER, 0},     {"月", WORD_FILLER, 0},
    {"日", WORD_FILLER, 0},      {"号", WORD_FILLER, 0},     {"時", WORD_UNIT, 0},
    {"时", WORD_UNIT, 0},        {"分", WORD_UNIT, 1},       {"秒", WORD_UNIT, 2},
    {"klo", WORD_FILLER, 0},     {"u", WORD_FILLER, 0},      {"у", WORD_FILLER, 0},
    {"нд", WORD_FILLER, 0},      {"гадзін", WORD_UNIT, 0},   {"хвілін", WORD_UNIT, 1},
    {"ponoć", WORD_MIDNIGHT, 0}, {"tues", WORD_FILLER, 0},   {"thur", WORD_FILLER, 0},
    {"thurs", WORD_FILLER, 0},   {"märz", WORD_MONTH, 3},    {"mär", WORD_MONTH, 3},
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

static const struct name *english_name(struct str word)
{
    for (size_t i = 0; i < sizeof english / sizeof *english; i++)
        if (starts(english[i].text, word)) return &english[i];
    return NULL;
}

/* The first of the sorted names that is not before the word: itself, or one that begins with it. */
static const struct name *other_name(struct str word)
{
    size_t low = 0, high = sizeof others / sizeof *others;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(others[middle].text, word.data, word.size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < sizeof others / sizeof *others && starts(others[low].text, word);
    return found ? &others[low] : NULL;
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
    if (letters(word) < 3) return WORD_UNKNOWN;
    const struct name *name = english_name(word);
    if (name == NULL) name = other_name(word);
    if (name == NULL) return WORD_UNKNOWN;
    *ret_value = name->month;
    return name->month > 0 ? WORD_MONTH : WORD_FILLER;
}
