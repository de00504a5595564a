/* clean/suggest_words.c: names, texts and numbers as a person writes them in a recipe. */
#include "clean/suggest_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Words YAML 1.1 readers take for something else. */
static bool is_reserved(struct str text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on",
                                        "off",  "y",    "n",     "nan", "inf"};
    char lower[8];
    if (text.size >= sizeof lower) return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is((struct str){lower, text.size}, words[i])) return true;
    return false;
}

static bool is_plain(struct str text)
{
    if (text.size == 0 || text.size > 60 || is_reserved(text)) return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (uint8_t)c >= 0x80;
        bool inner = (c >= '0' && c <= '9') || c == ' ' || c == '-' || c == '.' || c == '/';
        if (!letter && (i == 0 || !inner)) return false;
    }
    return text.data[text.size - 1] != ' ';
}

enum status word_text(struct bytes *ret, struct str text, struct err *err)
{
    if (is_plain(text)) return bytes_append(ret, text.data, text.size, err);
    return bytes_append_json(ret, text, err);
}

enum status word_number(struct bytes *ret, double value, struct err *err)
{
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value && strchr(text, 'e') == NULL) break;
    }
    return bytes_append_text(ret, text, err);
}

double round_outward(double value, bool upward)
{
    if (value == 0 || !isfinite(value)) return value;
    double size = fabs(value), exponent = floor(log10(size));
    double scale = pow(10, fabs(exponent)); /* a power of ten that a double holds exactly */
    double steps = exponent < 0 ? size * scale : size / scale;
    bool larger = (value > 0) == upward;
    double whole = larger ? ceil(steps) : floor(steps);
    return copysign(exponent < 0 ? whole / scale : whole * scale, value);
}
