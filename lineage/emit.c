/* emit.c: an event into a file, or to an address. */
#include "lineage/emit.h"

#include "base/address.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>

static bool is_http(const char *where)
{
    return strncasecmp(where, "http://", 7) == 0 || strncasecmp(where, "https://", 8) == 0;
}

enum status emit_check(const char *where, struct err *err)
{
    OWNED(bytes_release) struct bytes shown = bytes_limited(1 << 20);

    if (where[0] == '\0' || strcmp(where, "-") == 0)
        return fail(err, STATUS_USAGE, "--emit \"%s\" where a file or an address was expected",
                    where);
    if (!is_address(where) || is_http(where)) return STATUS_OK;
    TRY(address_shown(&shown, where, err));
    return fail(err, STATUS_USAGE, "--emit \"%.*s\" is neither a file nor http:// or https://",
                (int)shown.size, (const char *)shown.data);
}

/* Without waiting: a pipe nobody reads is an error, not a hang. Several runs may append to one
 * file; O_APPEND keeps their lines apart. */
static enum status append_to_file(const char *path, const struct bytes *event, struct err *err)
{
    OWNED(descriptor_close)
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);

    if (file < 0) return fail_errno(err, errno, "\"%s\"", path);
    enum status status = write_all(file, event->data, event->size, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "\"%s\"", path);
}

enum status emit_send(const char *where, const struct bytes *event, double seconds, struct err *err)
{
    return is_http(where) ? emit_post(where, event, seconds, err)
                          : append_to_file(where, event, err);
}
