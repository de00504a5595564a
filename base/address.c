/* base/address.c: addresses of things that are no files, and how they are shown. */
#include "base/address.h"

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool is_address(const char *text)
{
    size_t at = 0;
    if (text == NULL || !is_letter(text[0])) return false;
    while (is_letter(text[at]) || (text[at] >= '0' && text[at] <= '9') || text[at] == '+' ||
           text[at] == '-' || text[at] == '.')
        at++;
    return strncmp(text + at, "://", 3) == 0;
}

/* The last "@" counts and not the first: a password that was not percent-encoded may hold one. */
enum status address_shown(struct bytes *bytes, const char *text, struct err *err)
{
    const char *scheme = strstr(text, "://");
    if (scheme == NULL) return bytes_append_text(bytes, text, err);
    const char *place = scheme + 3;
    size_t size = strlen(place);
    const char *at = memrchr(place, '@', size);
    const char *shown = at == NULL ? place : at + 1;
    TRY(bytes_append(bytes, text, (size_t)(place - text), err));
    return bytes_append(bytes, shown, strcspn(shown, "?"), err);
}
