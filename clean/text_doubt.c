/* clean/text_doubt.c: how little a text looks like something a person wrote. */
#include "clean/text_doubt.h"

#include <stdbool.h>
#include <utf8proc.h>

/* ---- one character ---- */

enum script { SCRIPT_LATIN, SCRIPT_GREEK, SCRIPT_CYRILLIC, SCRIPT_EAST, SCRIPT_OTHER };

struct look {
    int32_t point;
    bool letter, upper, lower, mark, high;
    int32_t script; /* enum script, or the block for others */
};

static int32_t script_of(int32_t point)
{
    if (point < 0x250 || (point >= 0x1e00 && point < 0x1f00)) return SCRIPT_LATIN;
    if (point >= 0x370 && point < 0x400) return SCRIPT_GREEK;
    if (point >= 0x400 && point < 0x530) return SCRIPT_CYRILLIC;
    if (point >= 0x2e80 && point < 0xd800) return SCRIPT_EAST;
    return SCRIPT_OTHER + (point >> 8);
}

static struct look look_at(int32_t point)
{
    struct look look = {.point = point, .high = point >= 0x80, .script = script_of(point)};
    if (point == 0xaa || point == 0xba || point == 0xb5)
        return look; /* signs rather than letters */
    utf8proc_category_t category = utf8proc_category(point);
    look.upper = category == UTF8PROC_CATEGORY_LU;
    look.lower = category == UTF8PROC_CATEGORY_LL;
    look.letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    look.mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    return look;
}

/* Letters hardly any text uses, and what is no character at all. */
static bool is_rare(int32_t point)
{
    switch (point) {
    case 0x1a0: /* o and u with horn: Vietnamese */
    case 0x1a1:
    case 0x1af:
    case 0x1b0:
    case 0x218: /* s and t with comma: Romanian */
    case 0x219:
    case 0x21a:
    case 0x21b: return false;
    case 0x17f: return true; /* long s */
    default: break;
    }
    if (point >= 0x180 && point < 0x300) return point != 0x2c6 && (point < 0x2d8 || point > 0x2dd);
    if (point >= 0x1c80 && point < 0x1e00) return true;
    if ((point >= 0x460 && point < 0x490) || (point >= 0x500 && point < 0x530)) return true;
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO;
}

/* Symbols that do not follow a letter: money, superscripts, opening quotes, mathematics. */
static bool is_odd_after_letter(int32_t point)
{
    switch (point) {
    case 0xad:
    case 0xae: return point == 0xad;
    case 0xb0:
    case 0xb4:
    case 0xb7:
    case 0xbb: return false;
    case 0x192:
    case 0x2c6:
    case 0x2dc:
    case 0x2018:
    case 0x201a:
    case 0x201c:
    case 0x201e:
    case 0x2020:
    case 0x2021:
    case 0x2030:
    case 0x2039:
    case 0x20ac:
    case 0x2202:
    case 0x2206:
    case 0x220f:
    case 0x2211:
    case 0x221a:
    case 0x221e:
    case 0x222b:
    case 0x2248:
    case 0x2264:
    case 0x2265:
    case 0x25ca: return true;
    default: return point >= 0xa2 && point <= 0xbf && point != 0xa1;
    }
}

/* Punctuation that stands within words of ordinary text. */
static bool joins_letters(int32_t point)
{
    return point == 0xa0 || point == 0xad || point == 0xb7 || point == 0x2026 || point == 0xfffd ||
           point == 0x2019 || (point >= 0x2010 && point <= 0x2014) || point >= 0x2500;
}

/* ---- a character between its neighbors ---- */

struct place {
    struct look before_last, before, here, after;
};

static int64_t doubt_of_symbol(const struct place *at)
{
    int32_t point = at->here.point;
    bool within = at->before.letter && at->after.letter;
    int64_t doubt = 0;
    if (is_odd_after_letter(point)) {
        doubt += at->before.letter && at->before.high ? 2 : 0;
        doubt += within ? 2 : 0;
    } else if (within && !joins_letters(point)) {
        doubt += 2;
    }
    if (point == 0x221a && at->before.letter) doubt += 2;
    bool digit_before = at->before.point >= '0' && at->before.point <= '9';
    if (point == 0xd7 && !digit_before && at->after.high) doubt += 2;
    return doubt;
}

/* The lead bytes of two-byte sequences read as windows-1252, before what no word goes on with. */
static int64_t doubt_of_lead(const struct place *at)
{
    int32_t lead = at->before.point;
    int64_t doubt = 0;
    bool ends_capitals = at->before_last.upper && !at->after.letter;
    if ((lead == 0xc2 || lead == 0xc3) && !ends_capitals) doubt += 2;
    bool other_lead = lead == 0xc4 || lead == 0xc5 || lead == 0xd0 || lead == 0xd1 ||
                      lead == 0xd8 || lead == 0xd9;
    if (at->here.point == 0xa0 && other_lead && !at->before_last.letter && at->after.letter)
        doubt += 2;
    return doubt;
}

static int64_t doubt_of_mixed_scripts(const struct look *letter, const struct look *neighbor)
{
    if (!neighbor->letter || neighbor->script == letter->script) return 0;
    return letter->script == SCRIPT_GREEK ? 1 : 2; /* Greek letters stand in formulas and names */
}

static int64_t doubt_of_letter(const struct place *at)
{
    const struct look *here = &at->here;
    int32_t point = here->point;
    int64_t doubt = 0;
    bool after_high_letter = at->before.letter && at->before.high;
    if ((point == 0x152 || point == 0x153 || point == 0x178 || point == 0x192) && after_high_letter)
        doubt += 2; /* ligatures, Y with diaeresis, florin */
    if ((point == 0x160 || point == 0x161 || point == 0x17d || point == 0x17e) && after_high_letter)
        doubt += 1; /* s and z with caron: ordinary in Czech, odd elsewhere */
    if (here->upper && at->before.lower) doubt += 2;
    doubt += doubt_of_mixed_scripts(here, &at->before) + doubt_of_mixed_scripts(here, &at->after);
    bool alone = !at->before.letter && !at->before.mark && !at->after.letter && !at->after.mark;
    if (alone && here->script != SCRIPT_LATIN && here->script != SCRIPT_EAST) doubt += 1;
    return doubt;
}

static int64_t doubt_at(const struct place *at)
{
    int32_t point = at->here.point;
    int64_t doubt = 0;
    if (point < 0xa0) doubt += 3; /* control characters of Latin-1 */
    if (point == 0xfffd) doubt += 1;
    if (is_rare(point)) doubt += 3;
    if (point >= 0x2500 && point < 0x25a0 && (at->before.letter || at->after.letter))
        doubt += 1 + (at->after.letter && at->after.high);
    if (point >= 0x300 && point < 0x370 && at->before.letter && !at->before.high)
        doubt += point >= 0x321 && point < 0x339 ? 3 : 1;
    if (at->here.letter) doubt += doubt_of_letter(at);
    if (at->here.mark) return doubt;
    if (!at->here.letter) doubt += doubt_of_lead(at);
    if (!at->here.letter || point == 0x192 || point == 0x2c6) doubt += doubt_of_symbol(at);
    return doubt;
}

int64_t text_doubt(const int32_t *points, size_t count)
{
    const struct look nothing = {.point = ' '};
    struct place at = {nothing, nothing, nothing, nothing};
    int64_t doubt = 0;
    if (count > 0) at.after = look_at(points[0]);
    for (size_t i = 0; i < count; i++) {
        at.before_last = at.before;
        at.before = at.here;
        at.here = at.after;
        at.after = i + 1 < count ? look_at(points[i + 1]) : nothing;
        if (at.here.high) doubt += doubt_at(&at);
    }
    return doubt;
}
