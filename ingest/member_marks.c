/* ingest/member_marks.c: see member_marks.h. */
#include "ingest/member_marks.h"

#include "ingest/increment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define POSITION_BYTES 512
#define READ_BYTES     (256u << 10)

struct position {
    bool known;
    char digest[DIGEST_TEXT];
    char stamp[INCREMENT_STAMP]; /* empty = was too fresh to tell */
};

enum status member_marks_open(struct member_marks *ret, const struct source_options *options,
                              const struct file_list *files, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(POSITION_BYTES);
    bool found = false;
    *ret = (struct member_marks){.options = options, .files = files};
    TRY(watermark_read(options->watermarks, options->name, "members", str_of(""), &text, &found,
                       err));
    TRY(bytes_append(&text, "", 1, err));
    if (found && sscanf((const char *)text.data, "{\"records\":%" SCNd64, &ret->before) != 1)
        return fail(err, STATUS_FAILED, "its position in the catalog has another form");
    return STATUS_OK;
}

static enum status path_of(const struct member_marks *marks, const struct listed_file *file,
                           struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "%s/%s", marks->files->root, file->path));
    return bytes_append(ret, "", 1, err);
}

/* The name of a file need not be UTF-8; what the catalog keeps does. */
static enum status item_of(const struct listed_file *file, struct bytes *ret, struct err *err)
{
    size_t size = strlen(file->path);
    if (utf8_valid(file->path, size)) return bytes_append(ret, file->path, size, err);
    struct digest digest = digest_of(file->path, size);
    char text[DIGEST_TEXT];
    return bytes_append_text(ret, digest_text(&digest, text), err);
}

static enum status read_position(const struct member_marks *marks, struct str item,
                                 struct position *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(POSITION_BYTES);
    *ret = (struct position){0};
    TRY(watermark_read(marks->options->watermarks, marks->options->name, "object", item, &text,
                       &ret->known, err));
    if (!ret->known) return STATUS_OK;
    TRY(bytes_append(&text, "", 1, err));
    int found = sscanf((const char *)text.data, "{\"digest\":\"%64[0-9a-f]\",\"stamp\":\"%127[^\"]",
                       ret->digest, ret->stamp);
    return found >= 1 ? STATUS_OK
                      : fail(err, STATUS_FAILED, "its position in the catalog has another form");
}

static enum status digest_file(const char *path, struct digest *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(memory_release) uint8_t *buffer = memory_get_raw(READ_BYTES, 1);
    struct digester digester;
    size_t size = 1;
    if (buffer == NULL) return fail_memory(err, READ_BYTES);
    TRY(input_open(&input, path, err));
    digester_begin(&digester);
    while (size > 0) {
        TRY(interrupted(err));
        TRY(input_read(input, buffer, READ_BYTES, &size, err));
        digester_add(&digester, buffer, size);
    }
    *ret = digester_end(&digester);
    return STATUS_OK;
}

static enum status changed(struct member_marks *marks, const struct listed_file *file, bool *ret,
                           struct err *err)
{
    char shown[256];
    *ret = marks->options->changed == CHANGED_AGAIN;
    marks->again += *ret;
    marks->left_out += marks->options->changed == CHANGED_SKIP;
    if (marks->options->changed != CHANGED_FAIL) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "\"%s\" is not what it was when it was read",
               escape_for_terminal(str_of(file->path), shown, sizeof shown));
    err_hint(err,
             "--changed skip leaves it out; --changed again reads it once more, behind the row "
             "it gave before");
    return STATUS_FAILED;
}

enum status member_marks_wanted(struct member_marks *marks, const struct listed_file *file,
                                bool *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(1u << 16);
    OWNED(bytes_release) struct bytes item = bytes_limited(1u << 16);
    struct position position;
    struct stat info;
    char stamp[INCREMENT_STAMP], text[DIGEST_TEXT];
    struct digest digest;
    TRY(item_of(file, &item, err));
    TRY(read_position(marks, (struct str){(const char *)item.data, item.size}, &position, err));
    *ret = !position.known;
    if (*ret) return STATUS_OK;
    TRY(path_of(marks, file, &path, err));
    if (stat((const char *)path.data, &info) != 0) return changed(marks, file, ret, err);
    increment_stamp(&info, stamp);
    bool same = position.stamp[0] != '\0' && strcmp(position.stamp, stamp) == 0;
    if (!same) {
        TRY(digest_file((const char *)path.data, &digest, err));
        same = strcmp(digest_text(&digest, text), position.digest) == 0;
    }
    marks->unchanged += same;
    return same ? STATUS_OK : changed(marks, file, ret, err);
}

enum status member_marks_move(struct member_marks *marks, const struct listed_file *file,
                              const struct digest *digest, uint64_t limit, struct err *err)
{
    OWNED(bytes_release) struct bytes path = bytes_limited(1u << 16);
    OWNED(bytes_release) struct bytes item = bytes_limited(1u << 16);
    struct stat info;
    char stamp[INCREMENT_STAMP] = "", text[DIGEST_TEXT], position[POSITION_BYTES];
    const struct digest nothing = digest_of("", 0);
    struct digest whole = *digest;
    if (file->bytes > 0 && memcmp(digest, &nothing, sizeof nothing) == 0) return STATUS_OK;
    TRY(item_of(file, &item, err));
    TRY(path_of(marks, file, &path, err));
    if ((uint64_t)file->bytes > limit) TRY(digest_file((const char *)path.data, &whole, err));
    if (stat((const char *)path.data, &info) == 0) increment_stamp(&info, stamp);
    snprintf(position, sizeof position, "{\"digest\":\"%s\",\"stamp\":\"%s\"}",
             digest_text(&whole, text), stamp);
    return watermark_move(marks->options->watermarks, marks->options->name, "object",
                          (struct str){(const char *)item.data, item.size}, str_of(position), err);
}

enum status member_marks_end(struct member_marks *marks, int64_t records, struct err *err)
{
    char position[64];
    if (records == marks->before) return STATUS_OK;
    snprintf(position, sizeof position, "{\"records\":%" PRId64 "}", records);
    return watermark_move(marks->options->watermarks, marks->options->name, "members", str_of(""),
                          str_of(position), err);
}

void member_marks_remark(const struct member_marks *marks, char *ret, size_t room)
{
    size_t used = strlen(ret);
    const struct {
        int64_t count;
        const char *what;
    } parts[] = {{marks->unchanged, "unchanged"},
                 {marks->left_out, "changed and left out"},
                 {marks->again, "changed and read again"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count > 0 && used < room)
            used += (size_t)snprintf(ret + used, room - used, "%s%" PRId64 " file%s %s",
                                     used == 0 ? "" : ", ", parts[i].count,
                                     parts[i].count == 1 ? "" : "s", parts[i].what);
}
