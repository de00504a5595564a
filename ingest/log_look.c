/* ingest/log_look.c: whether lines look like those of a log.
 *
 * The forms: RFC 3339 moments, those of RFC 3164 and RFC 5424 (syslog), the common log format and
 * error log of Apache httpd, nginx and Go, the kernel's ring buffer, glog. */
#include "ingest/log_pattern.h"

#include <ctype.h>

#define LINES_LEAST 3
#define LINES_MOST  64

/* Letters of a form: 0 a digit, a a letter, _ a digit or blank, anything else itself. */
static bool has_form(const char *text, size_t size, const char *form)
{
    size_t length = strlen(form);
    if (size < length) return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool good = form[i] == '0'   ? isdigit(byte) != 0
                    : form[i] == 'a' ? isalpha(byte) != 0
                    : form[i] == '_' ? isdigit(byte) || byte == ' '
                                     : byte == (unsigned char)form[i];
        if (!good) return false;
    }
    return true;
}

/* host identity user [10/Oct/2000:13:55:36 ... */
static bool is_common_log(const char *text, size_t size)
{
    for (int word = 0; word < 3; word++) {
        const char *blank = memchr(text, ' ', size);
        if (blank == NULL || blank == text) return false;
        size -= (size_t)(blank + 1 - text);
        text = blank + 1;
    }
    return has_form(text, size, "[00/aaa/0000:00:00:00");
}

static bool begins_as_log(const char *text, size_t size)
{
    static const char *const forms[] = {
        "0000-00-00T00:00",  "0000-00-00 00:00",   "0000/00/00 00:00", "aaa _0 00:00:00",
        "aaa aaa _0 00:00:", "00/aaa/0000:00:00:", "____0.000000] ",   "a0000 00:00:00.",
        "_____.000000] ",    "00000.000000] ",
    };
    if (is_common_log(text, size)) return true;
    if (size > 0 && text[0] == '<') { /* <PRI>, and the version of RFC 5424 */
        const char *end = memchr(text, '>', size < 5 ? size : 5);
        if (end == NULL) return false;
        size -= (size_t)(end + 1 - text);
        text = end + 1;
        if (has_form(text, size, "0 ")) text += 2, size -= 2;
    } else if (size > 0 && text[0] == '[') {
        text++;
        size--;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (has_form(text, size, forms[i])) return true;
    return false;
}

static size_t count_of(const char *text, size_t size, char byte)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == byte;
    return count;
}

#define DELIMITERS ",;\t|"

struct look {
    size_t lines, logs, others;
    size_t cut[4]; /* how often each delimiter is in the first line */
    bool table[4]; /* and in every line */
};

static void look_at_line(struct look *look, const char *text, size_t size)
{
    bool log = begins_as_log(text, size);
    look->logs += log;
    /* what belongs to the line in front of it is indented, mostly */
    look->others += !log && text[0] != ' ' && text[0] != '\t';
    for (size_t i = 0; i < 4; i++) {
        size_t count = count_of(text, size, DELIMITERS[i]);
        if (look->lines == 0) look->cut[i] = count;
        look->table[i] = (look->lines == 0 || look->table[i]) && count > 0 && count == look->cut[i];
    }
    look->lines++;
}

bool looks_like_log(const void *head, size_t size)
{
    struct look look = {0};
    const char *at = head, *end = at + size;
    while (at < end && look.lines < LINES_MOST) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) break; /* the rest of the line is not known */
        size_t length = (size_t)(stop - at);
        if (length > 0 && at[length - 1] == '\r') length--;
        if (length > 0) look_at_line(&look, at, length);
        if (look.lines == 1 && look.logs == 0) return false; /* a header, or a title */
        at = stop + 1;
    }
    bool table = look.table[0] || look.table[1] || look.table[2] || look.table[3];
    return look.logs >= LINES_LEAST && look.others * 5 <= look.lines && !table;
}
