/* clean/standardize_phonetic.c: what a word sounds like. */
#include "clean/standardize_phonetic.h"

#include <stdbool.h>
#include <string.h>

/* A place in a word; letters beyond its ends are '\0'. */
struct reader {
    const char *word;
    size_t count, at;
};

static char letter(const struct reader *reader, ptrdiff_t from)
{
    ptrdiff_t at = (ptrdiff_t)reader->at + from;
    return at < 0 || (size_t)at >= reader->count ? '\0' : reader->word[at];
}

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_vowel(char c)
{
    return one_of(c, "aeiou");
}

static bool follows(const struct reader *reader, const char *text)
{
    for (ptrdiff_t i = 0; text[i] != '\0'; i++)
        if (letter(reader, i + 1) != text[i]) return false;
    return true;
}

/* ---- Metaphone ---- */

/* Letters that are not heard at the beginning. */
static size_t silent_head(const char *word, size_t count)
{
    static const char *const heads[] = {"kn", "gn", "pn", "ae", "wr"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (count >= 2 && memcmp(word, heads[i], 2) == 0) return 1;
    return 0;
}

static char sound_c(const struct reader *r)
{
    if (follows(r, "ia")) return 'X';
    if (follows(r, "h")) return letter(r, -1) == 's' ? 'K' : 'X';
    if (!one_of(letter(r, 1), "iey")) return 'K';
    return letter(r, -1) == 's' ? '\0' : 'S';
}

static char sound_g(const struct reader *r)
{
    char next = letter(r, 1), after = letter(r, 2);
    if (next == 'h' && after != '\0' && !is_vowel(after)) return '\0';
    if (next == 'h' && r->at > 0 && after == '\0') return '\0';
    if (next == 'n' && (after == '\0' || (after == 'e' && letter(r, 3) == 'd'))) return '\0';
    if (letter(r, -1) == 'd' && one_of(next, "eyi")) return '\0'; /* the d became a J */
    return one_of(next, "iey") && letter(r, -1) != 'g' ? 'J' : 'K';
}

static char sound_h(const struct reader *r)
{
    if (one_of(letter(r, -1), "csptg")) return '\0';
    return is_vowel(letter(r, -1)) && !is_vowel(letter(r, 1)) ? '\0' : 'H';
}

static char sound_t(const struct reader *r)
{
    if (follows(r, "ia") || follows(r, "io")) return 'X';
    if (follows(r, "ch")) return '\0';
    return follows(r, "h") ? '0' : 'T';
}

/* '\0' = not heard. X is two sounds and not asked for here. */
static char sound_of(const struct reader *r)
{
    char c = letter(r, 0), next = letter(r, 1);
    switch (c) {
    case 'b': return letter(r, -1) == 'm' && next == '\0' ? '\0' : 'B';
    case 'c': return sound_c(r);
    case 'd': return next == 'g' && one_of(letter(r, 2), "eyi") ? 'J' : 'T';
    case 'g': return sound_g(r);
    case 'h': return sound_h(r);
    case 'k': return letter(r, -1) == 'c' ? '\0' : 'K';
    case 'p': return next == 'h' ? 'F' : 'P';
    case 'q': return 'K';
    case 's': return next == 'h' || follows(r, "io") || follows(r, "ia") ? 'X' : 'S';
    case 't': return sound_t(r);
    case 'v': return 'F';
    case 'w':
    case 'y': return is_vowel(next) ? (char)(c - 'a' + 'A') : '\0';
    case 'z': return 'S';
    case 'f':
    case 'j':
    case 'l':
    case 'm':
    case 'n':
    case 'r': return (char)(c - 'a' + 'A');
    default: return '\0';
    }
}

size_t phonetic_metaphone(const char *word, size_t count, char *ret)
{
    size_t size = 0, head = silent_head(word, count);
    struct reader reader = {word + head, count - head, 0};
    for (; reader.at < reader.count; reader.at++) {
        char c = letter(&reader, 0);
        if (c == letter(&reader, -1) && c != 'c') continue;
        if (is_vowel(c)) {
            if (reader.at == 0) ret[size++] = (char)(c - 'a' + 'A');
            continue;
        }
        if (c == 'x') {
            if (reader.at > 0) ret[size++] = 'K';
            ret[size++] = 'S';
            continue;
        }
        bool wh = reader.at == 0 && c == 'w' && letter(&reader, 1) == 'h';
        char sound = wh ? 'W' : sound_of(&reader);
        if (sound != '\0' && !(reader.at == 1 && c == 'h' && word[head] == 'w'))
            ret[size++] = sound;
    }
    return size;
}

/* ---- Cologne ---- */

static char code_c(const struct reader *r)
{
    char next = letter(r, 1);
    if (r->at == 0) return one_of(next, "ahkloqrux") ? '4' : '8';
    if (one_of(letter(r, -1), "sz")) return '8';
    return one_of(next, "ahkoqux") ? '4' : '8';
}

static char code_of(const struct reader *r)
{
    char c = letter(r, 0), next = letter(r, 1);
    if (one_of(c, "aeijouy")) return '0';
    if (one_of(c, "dt")) return one_of(next, "csz") ? '8' : '2';
    if (one_of(c, "fvw")) return '3';
    if (one_of(c, "gkq")) return '4';
    if (one_of(c, "mn")) return '6';
    if (one_of(c, "sz")) return '8';
    switch (c) {
    case 'b': return '1';
    case 'p': return next == 'h' ? '3' : '1';
    case 'c': return code_c(r);
    case 'x': return one_of(letter(r, -1), "ckq") ? '8' : 'x';
    case 'l': return '5';
    case 'r': return '7';
    default: return '\0'; /* h */
    }
}

size_t phonetic_cologne(const char *word, size_t count, char *ret)
{
    size_t size = 0;
    char last = '\0';
    struct reader reader = {word, count, 0};
    for (; reader.at < reader.count; reader.at++) {
        char code = code_of(&reader);
        if (code == '\0') continue;
        if (code == 'x') { /* 48 */
            if (last != '4') ret[size++] = '4';
            code = last = '8';
            ret[size++] = code;
            continue;
        }
        if (code != last && (code != '0' || size == 0)) ret[size++] = code;
        last = code;
    }
    return size;
}
