/* base/shell.c: a command as somebody would type it. */
#include "base/shell.h"

static bool is_harmless(struct str argument)
{
    for (size_t i = 0; i < argument.size; i++) {
        char c = argument.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr("_-+=:,./@%", c) == NULL)) return false;
    }
    return argument.size > 0;
}

enum status bytes_append_shell(struct bytes *bytes, struct str argument, struct err *err)
{
    if (is_harmless(argument)) return bytes_append(bytes, argument.data, argument.size, err);
    TRY(bytes_append_text(bytes, "'", err));
    for (size_t i = 0; i < argument.size; i++)
        TRY(argument.data[i] == '\'' ? bytes_append_text(bytes, "'\\''", err)
                                     : bytes_append(bytes, &argument.data[i], 1, err));
    return bytes_append_text(bytes, "'", err);
}
