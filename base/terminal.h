/* base/terminal.h: what the terminal behind a descriptor can show, and how wide a text is on it. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line can be drawn again: a terminal whose TERM is set and not "dumb". */
bool terminal_redraws(int descriptor);
/* Whether colors are wanted: as above, and NO_COLOR unset or empty (https://no-color.org). */
bool terminal_colors(int descriptor);
/* The size of the terminal, `fallback` where there is none or it does not tell. */
size_t terminal_columns(int descriptor, size_t fallback);
size_t terminal_rows(int descriptor, size_t fallback);

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_ERROR, STYLE_WARNING, STYLE_HINT };
/* The sequence that begins a style (ECMA-48 SGR), STYLE_PLAIN ends it; "" where colors are off. */
const char *terminal_style(int descriptor, enum style style);

/* Columns that a UTF-8 text takes (wide and combining characters counted as such). */
size_t text_width(const char *text);
/* Cuts the text in place to `columns`, ending in "..." where something went. */
void text_cut(char *text, size_t columns);

#endif
