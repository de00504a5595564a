/* features/xml_text.c: text in XML and HTML documents. */
#include "features/xml_text.h"

#define TEXT_MOST 4096

static bool starts_character(char byte)
{
    return ((uint8_t)byte & 0xc0) != 0x80;
}

/* U+FFFE and U+FFFF, which no XML document may hold, become U+FFFD. */
static void replace_noncharacters(char *text)
{
    for (char *at = strstr(text, "\xef\xbf"); at != NULL; at = strstr(at + 2, "\xef\xbf"))
        if ((uint8_t)at[2] >= 0xbe) at[2] = (char)0xbd;
}

static enum status append_byte(struct bytes *ret, const char *byte, struct err *err)
{
    switch (*byte) {
    case '<': return bytes_append_text(ret, "&lt;", err);
    case '>': return bytes_append_text(ret, "&gt;", err);
    case '&': return bytes_append_text(ret, "&amp;", err);
    case '"': return bytes_append_text(ret, "&quot;", err);
    case '\'': return bytes_append_text(ret, "&#39;", err);
    default: return bytes_append(ret, byte, 1, err);
    }
}

/* Of the character that begins here, in sizes of its letters. */
static double width_of(const char *at)
{
    uint8_t byte = (uint8_t)*at;
    if (byte >= 0xe2) return 1.05; /* CJK and pictures; other signs are narrower */
    if (byte >= 0x80) return 0.75;
    if (strchr("ijlI|.,:;!'()[]/ ", byte) != NULL) return 0.42;
    if (strchr("mwMW@%#", byte) != NULL) return 1.05;
    return byte >= 'A' && byte <= 'Z' ? 0.78 : 0.7;
}

static enum status append_part(struct bytes *ret, const char *from, const char *end,
                               struct err *err)
{
    for (const char *at = from; at < end; at++)
        TRY(append_byte(ret, at, err));
    return STATUS_OK;
}

/* Where the head ends and the tail begins that fit into `width` with an ellipsis between them. */
static void find_middle(const char *text, double width, const char **ret_head,
                        const char **ret_tail)
{
    double head = (width - 1) * 2 / 3, tail = (width - 1) / 3;
    const char *at = text + strlen(text);
    *ret_tail = at;
    while (at > text) {
        at--;
        if (!starts_character(*at)) continue;
        tail -= width_of(at);
        if (tail < 0) break;
        *ret_tail = at;
    }
    *ret_head = text;
    for (at = text; *at != '\0'; at++) {
        if (!starts_character(*at)) continue;
        *ret_head = at;
        head -= width_of(at);
        if (head < 0) break;
    }
}

enum status xml_text_within(struct bytes *ret, const char *text, double width, struct err *err)
{
    char clean[TEXT_MOST];
    const char *head, *tail;
    double all = 0;
    escape_for_terminal(str_of(text), clean, sizeof clean);
    replace_noncharacters(clean);
    const char *end = clean + strlen(clean);
    for (const char *at = clean; at < end; at++)
        if (starts_character(*at)) all += width_of(at);
    if (all <= width) return append_part(ret, clean, end, err);
    find_middle(clean, width, &head, &tail);
    TRY(append_part(ret, clean, head, err));
    TRY(bytes_append_text(ret, "\u2026", err));
    return append_part(ret, tail, end, err);
}

enum status xml_text(struct bytes *ret, const char *text, struct err *err)
{
    char clean[TEXT_MOST];
    escape_for_terminal(str_of(text), clean, sizeof clean);
    replace_noncharacters(clean);
    return append_part(ret, clean, clean + strlen(clean), err);
}
