/* clean/mask_address.c: recognizers of e-mail, web and network addresses. */
#include "clean/mask_find.h"

#include <arpa/inet.h>
#include <strings.h>

#define LABEL_MAXIMUM 63
#define LOCAL_MAXIMUM 64

/* ---- e-mail ---- */

static bool is_local(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* The end of "label.label.tld" from `at`; at itself when there is none. The last label has a letter
 * and at least two places. */
static size_t domain_end(struct str text, size_t at)
{
    size_t end = at, label = at, labels = 0;
    for (;;) {
        size_t from = label;
        while (is_letter(peek(text, label)) || is_digit(peek(text, label)) ||
               peek(text, label) == '-')
            label++;
        if (label == from || label - from > LABEL_MAXIMUM || text.data[from] == '-' ||
            text.data[label - 1] == '-')
            return labels >= 2 ? end : at;
        labels++;
        bool top = label - from >= 2 && is_letter(text.data[from]);
        if (labels >= 2 && top) end = label;
        if (peek(text, label) != '.') return labels >= 2 && top ? end : at;
        label++;
    }
}

bool email_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end)
{
    size_t first = at;
    while (first > 0 && at - first < LOCAL_MAXIMUM && is_local(text.data[first - 1]))
        first--;
    /* Quotes and the like in front belong to the sentence. */
    while (first < at && !is_letter(text.data[first]) && !is_digit(text.data[first]) &&
           text.data[first] != '_')
        first++;
    if (first == at || text.data[at - 1] == '.') return false;
    *ret_first = first;
    *ret_end = domain_end(text, at + 1);
    return *ret_end > at + 1;
}

/* ---- web ---- */

static bool ends_url(char c)
{
    return (unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"' || c == '|' || c == '\\' ||
           c == '^' || c == '`' || c == '{' || c == '}';
}

/* Without the punctuation of the sentence around it; a closing parenthesis stays when it has its
 * opening one inside. */
static size_t trim_url(struct str text, size_t first, size_t end)
{
    bool opened = memchr(text.data + first, '(', end - first) != NULL;
    while (end > first) {
        char c = text.data[end - 1];
        if (c == ')' && opened) return end;
        if (strchr(".,;:!?')]", c) == NULL) return end;
        end--;
    }
    return end;
}

static bool is_scheme(struct str text, size_t first, size_t end)
{
    static const char *const schemes[] = {"http", "https", "ftp", "ftps", "sftp", "ws", "wss"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i]) == end - first &&
            strncasecmp(text.data + first, schemes[i], end - first) == 0)
            return true;
    return false;
}

/* user:password@ in front of the host. */
static size_t behind_user(struct str text, size_t host)
{
    size_t at = host;
    while (at < text.size && !ends_url(text.data[at]) && strchr("/?#@", text.data[at]) == NULL)
        at++;
    return peek(text, at) == '@' ? at + 1 : host;
}

bool url_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end)
{
    size_t first = at, host = at;
    if (text.data[at] == ':') {
        if (peek(text, at + 1) != '/' || peek(text, at + 2) != '/') return false;
        while (first > 0 && at - first < 6 && is_letter(text.data[first - 1]))
            first--;
        if (!is_scheme(text, first, at)) return false;
        host = behind_user(text, at + 3);
    }
    size_t end, number_end;
    end = domain_end(text, host);
    if (end == host && ipv4_at(text, host, &number_end)) end = number_end;
    if (end == host) return false;
    if (is_word(peek(text, end)) && (unsigned char)peek(text, end) < 0x80) return false;
    if (peek(text, end) != '\0' && strchr("/:?#", peek(text, end)) != NULL)
        while (end < text.size && !ends_url(text.data[end]))
            end++;
    *ret_first = first;
    *ret_end = trim_url(text, host, end);
    return true;
}

/* Whether the last label is a domain of the top level that many use. */
static bool is_top_level(struct str label)
{
    static const char tops[] = " com org net edu gov mil int info biz io co ai dev app me tv uk de "
                               "fr es it nl be ch at se no "
                               "fi dk pl cz pt eu us ca au nz jp cn in br ru il ie gr hu ro sk si "
                               "hr bg lt lv ee is mx ar ";
    char key[8];
    if (label.size < 2 || label.size > 4) return false;
    key[0] = ' ';
    for (size_t i = 0; i < label.size; i++)
        key[i + 1] = (char)(label.data[i] | 0x20);
    key[label.size + 1] = ' ';
    key[label.size + 2] = '\0';
    return strstr(tops, key) != NULL;
}

bool domain_at(struct str text, size_t at, size_t *ret_first, size_t *ret_end)
{
    size_t first = at;
    while (first > 0 && at - first < LABEL_MAXIMUM &&
           (is_letter(text.data[first - 1]) || is_digit(text.data[first - 1]) ||
            text.data[first - 1] == '-'))
        first--;
    if (first == at || (first > 0 && (is_word(text.data[first - 1]) ||
                                      strchr(".@/:_", text.data[first - 1]) != NULL)))
        return false;
    size_t end = domain_end(text, first), top = end;
    while (top > first && text.data[top - 1] != '.')
        top--;
    *ret_first = first;
    *ret_end = end;
    return end > first && !is_word(peek(text, end)) && peek(text, end) != '@' &&
           is_top_level((struct str){text.data + top, end - top});
}

/* ---- network ---- */

bool ipv4_at(struct str text, size_t first, size_t *ret_end)
{
    size_t end = first, dots = 0;
    char copy[INET_ADDRSTRLEN];
    struct in_addr address;
    if (first > 0 && text.data[first - 1] == '.') return false;
    while (is_digit(peek(text, end)) ||
           (peek(text, end) == '.' && dots < 3 && is_digit(peek(text, end + 1)))) {
        dots += text.data[end] == '.';
        end++;
    }
    if (dots != 3 || end - first >= sizeof copy || is_word(peek(text, end))) return false;
    if (peek(text, end) == '.' && is_digit(peek(text, end + 1))) return false; /* 1.2.3.4.5 */
    memcpy(copy, text.data + first, end - first);
    copy[end - first] = '\0';
    *ret_end = end;
    return inet_pton(AF_INET, copy, &address) == 1;
}

static bool is_address(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
}

bool ipv6_at(struct str text, size_t first, size_t *ret_end)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t end = first, colons = 0;
    while (is_address(peek(text, end)) ||
           (colons > 1 && peek(text, end) == '.' && is_digit(peek(text, end + 1)))) {
        colons += text.data[end] == ':';
        end++;
    }
    /* A colon behind the address is the sentence's. */
    if (end > first + 2 && text.data[end - 1] == ':' && text.data[end - 2] != ':') end--;
    if (colons < 2 || end - first >= sizeof copy || is_word(peek(text, end))) return false;
    if (end - first == 2 && first > 0 && (unsigned char)text.data[first - 1] > ' ') return false;
    memcpy(copy, text.data + first, end - first);
    copy[end - first] = '\0';
    *ret_end = end;
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool mac_at(struct str text, size_t first, size_t *ret_end)
{
    size_t group = peek(text, first + 2) == ':' || peek(text, first + 2) == '-' ? 2 : 4;
    char separator = peek(text, first + group);
    bool zero = true, ones = true;
    if (group == 4 && separator != '.') return false;
    size_t at = first;
    for (size_t place = 0; place < 12; place++) {
        if (place > 0 && place % group == 0 && peek(text, at++) != separator) return false;
        char c = peek(text, at++);
        if (!is_hex(c)) return false;
        zero = zero && c == '0';
        ones = ones && (c == 'f' || c == 'F');
    }
    *ret_end = at;
    bool longer = peek(text, at) == separator && is_hex(peek(text, at + 1));
    return !zero && !ones && !longer && !is_word(peek(text, at)); /* nobody's and everybody's */
}
