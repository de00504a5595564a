/* base/terminal.c: terminals asked, texts measured. */
#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

bool terminal_redraws(int descriptor)
{
    const char *kind = getenv("TERM");
    return isatty(descriptor) == 1 && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

bool terminal_colors(int descriptor)
{
    const char *refused = getenv("NO_COLOR");
    return (refused == NULL || refused[0] == '\0') && terminal_redraws(descriptor);
}

size_t terminal_columns(int descriptor, size_t fallback)
{
    struct winsize size = {0};
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return fallback;
    return size.ws_col;
}

size_t terminal_rows(int descriptor, size_t fallback)
{
    struct winsize size = {0};
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row < 5) return fallback;
    return size.ws_row;
}

const char *terminal_style(int descriptor, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m",    [STYLE_BOLD] = "\033[1m",       [STYLE_DIM] = "\033[2m",
        [STYLE_ERROR] = "\033[1;31m", [STYLE_WARNING] = "\033[1;33m", [STYLE_HINT] = "\033[36m",
    };
    return terminal_colors(descriptor) ? sequences[style] : "";
}

/* Bytes of the character at `at`, its columns in *ret; what is no UTF-8 counts byte by byte. */
static size_t measure(const char *at, size_t *ret)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point);
    *ret = size <= 0 ? 1 : (size_t)utf8proc_charwidth(point);
    return size <= 0 ? 1 : (size_t)size;
}

size_t text_width(const char *text)
{
    size_t width = 0, columns;
    for (const char *at = text; *at != '\0'; width += columns)
        at += measure(at, &columns);
    return width;
}

void text_cut(char *text, size_t columns)
{
    if (text_width(text) <= columns) return;
    size_t width = 0, more, dots = columns < 3 ? columns : 3;
    char *at = text;
    for (size_t size = measure(at, &more); width + more + dots <= columns;
         size = measure(at, &more)) {
        width += more;
        at += size;
    }
    memcpy(at, "...", dots);
    at[dots] = '\0';
}
