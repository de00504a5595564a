/* ingest/reread.c: an input that can be read twice. */
#include "ingest/reread.h"

#include "base/memory.h"
#include "ingest/spool.h"

#include <errno.h>
#include <stdio.h>

#define SPOOL_BYTES (256u << 10)
#define LOOK_BYTES  (4u << 20) /* for bytes beyond ASCII, before the first pass */

/* Copies what cannot be read twice into a file without a name. */
static enum status spool(struct input **input, struct err *err)
{
    OWNED(spool_close) struct spool spool = SPOOL_NONE;
    struct input *spooled = NULL;
    TRY(spool_add(&spool, "", 0, err)); /* also for no bytes at all */
    TRY(spool_fill(&spool, *input, err));
    int taken = spool.descriptor;
    spool = SPOOL_NONE;
    TRY(input_from_descriptor(&spooled, taken, input_name(*input), err));
    input_close(input);
    *input = spooled;
    return STATUS_OK;
}

enum status reread_open(struct reread *ret, const char *path, struct input **standard_input,
                        struct err *err)
{
    *ret = (struct reread){0};
    if (path == NULL) {
        ret->input = *standard_input;
        *standard_input = NULL;
    } else {
        TRY(input_open(&ret->input, path, err));
    }
    bool lasts = input_size(ret->input) >= 0 && (path != NULL || input_is_private(ret->input));
    if (!lasts) return spool(&ret->input, err);
    if (path == NULL) return STATUS_OK;
    ret->path = memory_copy_text(path, strlen(path));
    if (ret->path == NULL) return fail_memory(err, strlen(path));
    if (fstat(input_descriptor(ret->input), &ret->info) != 0)
        return fail_errno(err, errno, "file \"%s\"", path);
    return STATUS_OK;
}

enum status reread_apart(struct reread *reread, struct err *err)
{
    return input_descriptor(reread->input) >= 0 ? STATUS_OK : spool(&reread->input, err);
}

enum status reread_decode(struct reread *reread, const char *given, enum encoding_search search,
                          bool all, struct err *err)
{
    struct encoding encoding;
    uint64_t limit = all ? UINT64_MAX : LOOK_BYTES;
    TRY(encoding_find(reread->input, limit, given, search, &encoding, err));
    if (encoding_is_utf8(&encoding) && (encoding.mark == 0 || search == ENCODING_ANY))
        return STATUS_OK;
    reread->original = reread->input;
    reread->input = NULL;
    return decoding_open(&reread->decoding, reread->original, &encoding, &reread->input, err);
}

const char *reread_encoding(const struct reread *reread)
{
    return reread->decoding == NULL ? NULL : decoding_encoding(reread->decoding)->name;
}

void reread_remark(const struct reread *reread, int64_t blank_lines, char *ret, size_t room)
{
    char skipped[64] = "";
    if (blank_lines > 0)
        snprintf(skipped, sizeof skipped, "%lld blank line%s skipped", (long long)blank_lines,
                 blank_lines == 1 ? "" : "s");
    if (reread->decoding == NULL)
        snprintf(ret, room, "%s", skipped);
    else
        snprintf(ret, room, "read as %s%s%s", decoding_encoding(reread->decoding)->name,
                 skipped[0] == '\0' ? "" : ", ", skipped);
}

enum status reread_restore(const struct reread *reread, struct source_rows *rows, struct err *err)
{
    return reread->decoding == NULL ? STATUS_OK : decoding_restore(reread->decoding, rows, err);
}

enum status reread_restore_place(const struct reread *reread, struct source_place *place,
                                 struct bytes *scratch, struct err *err)
{
    return reread->decoding == NULL ? STATUS_OK
                                    : decoding_restore_place(reread->decoding, place, scratch, err);
}

static const struct input *as_found(const struct reread *reread)
{
    return reread->original != NULL ? reread->original : reread->input;
}

bool reread_is_plain(const struct reread *reread)
{
    return reread->path != NULL && reread->decoding == NULL;
}

enum status reread_check(const struct reread *reread, struct err *err)
{
    struct stat now;
    const struct stat *then = &reread->info;
    if (reread->path == NULL) return STATUS_OK;
    if (fstat(input_descriptor(as_found(reread)), &now) != 0)
        return fail_errno(err, errno, "file \"%s\"", reread->path);
    if (reread->may_grow && now.st_size >= then->st_size) return STATUS_OK;
    if (now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "file \"%s\" changed while it was read", reread->path);
    err_hint(err, "read it when nobody writes to it, or read a copy");
    return STATUS_FAILED;
}

void reread_describe(const struct reread *reread, struct source_record *ret)
{
    ret->bytes = input_size(as_found(reread));
    if (reread->decoding != NULL) ret->digest = decoding_digest(reread->decoding);
    if (reread->path != NULL)
        ret->modified =
            (int64_t)reread->info.st_mtim.tv_sec * 1000000 + reread->info.st_mtim.tv_nsec / 1000;
}

enum status reread_whole(const struct reread *reread, uint64_t whole, struct bytes *scratch,
                         struct source_place *place, struct err *err)
{
    scratch->size = 0;
    TRY(bytes_reserve(scratch, (size_t)whole, err));
    TRY(input_read_at(reread->input, scratch->data, (size_t)whole, (uint64_t)place->byte_offset,
                      err));
    scratch->size = (size_t)whole;
    place->raw = (struct str){(const char *)scratch->data, scratch->size};
    return STATUS_OK;
}

enum status reread_digest(const struct reread *reread, struct digest *ret, struct err *err)
{
    OWNED(memory_release) uint8_t *buffer = memory_get_raw(SPOOL_BYTES, 1);
    uint64_t size = (uint64_t)input_size(reread->input);
    struct digester digester;
    if (buffer == NULL) return fail_memory(err, SPOOL_BYTES);
    digester_begin(&digester);
    for (uint64_t at = 0; at < size;) {
        size_t part = size - at < SPOOL_BYTES ? (size_t)(size - at) : SPOOL_BYTES;
        TRY(interrupted(err));
        TRY(input_read_at(reread->input, buffer, part, at, err));
        digester_add(&digester, buffer, part);
        at += part;
    }
    *ret = digester_end(&digester);
    return STATUS_OK;
}

void reread_close(struct reread *reread)
{
    decoding_close(&reread->decoding);
    input_close(&reread->input);
    input_close(&reread->original);
    memory_free(reread->path);
    *reread = (struct reread){0};
}
