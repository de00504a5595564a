/* ingest/bundle.c: the members of a tar or zip file, in byte order of their paths. */
#include "ingest/bundle.h"

#include "base/command.h"
#include "base/output.h"
#include "ingest/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#define READ_BYTES   (256u << 10)
#define TAR_BLOCK    512
#define TAR_CHECKSUM 148 /* 8 bytes in a header */

/* ---- recognition ---- */

/* The sum of a header's bytes with the checksum's own as spaces stands in it in octal digits. */
static bool is_tar_header(const uint8_t *head)
{
    unsigned sum = 0, stored = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + 8 ? ' ' : head[i];
    size_t at = TAR_CHECKSUM;
    while (at < TAR_CHECKSUM + 8 && head[at] == ' ')
        at++;
    for (; at < TAR_CHECKSUM + 8 && head[at] >= '0' && head[at] <= '7'; at++)
        stored = stored * 8 + (head[at] - '0');
    return sum == stored && head[0] != 0;
}

enum bundle_kind bundle_kind_of(const uint8_t *head, size_t size)
{
    if (size >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0))
        return BUNDLE_ZIP;
    return size >= TAR_BLOCK && is_tar_header(head) ? BUNDLE_TAR : BUNDLE_NONE;
}

/* ---- the directory of a zip (APPNOTE.TXT, sections 4.3.14 to 4.3.16) ---- */

#define ZIP_END_BYTES       22
#define ZIP_END_LONGEST     (ZIP_END_BYTES + 0xffff) /* with a comment */
#define ZIP64_END_BYTES     56
#define ZIP64_LOCATOR_BYTES 20

static uint64_t little_endian(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

static enum status count_zip64(struct input *input, const uint8_t *end, const uint8_t *data,
                               uint64_t *ret, struct err *err)
{
    uint8_t record[ZIP64_END_BYTES];
    if (end - data < ZIP64_LOCATOR_BYTES) return STATUS_OK;
    const uint8_t *locator = end - ZIP64_LOCATOR_BYTES;
    if (memcmp(locator, "PK\6\7", 4) != 0) return STATUS_OK;
    TRY(input_read_at(input, record, sizeof record, little_endian(locator + 8, 8), err));
    if (memcmp(record, "PK\6\6", 4) == 0) *ret = little_endian(record + 32, 8);
    return STATUS_OK;
}

/* How many members its directory says there are. */
static enum status count_zip(struct input *input, uint64_t *ret, struct err *err)
{
    uint64_t file = (uint64_t)input_size(input);
    size_t size = file < ZIP_END_LONGEST ? (size_t)file : ZIP_END_LONGEST;
    OWNED(memory_release) uint8_t *data = memory_get_raw(size, 1);
    if (data == NULL) return fail_memory(err, size);
    TRY(input_read_at(input, data, size, file - size, err));
    for (size_t at = size < ZIP_END_BYTES ? 0 : size - ZIP_END_BYTES + 1; at > 0; at--) {
        const uint8_t *end = data + at - 1;
        if (memcmp(end, "PK\5\6", 4) != 0) continue;
        *ret = little_endian(end + 10, 2);
        return *ret == 0xffff ? count_zip64(input, end, data, ret, err) : STATUS_OK;
    }
    return fail(err, STATUS_FAILED, "the zip file has no directory at its end: it was cut off");
}

/* ---- the bytes, for libarchive ---- */

struct reading {
    struct bundle *bundle;
    const struct bundle_limits *limits;
    enum bundle_kind kind;
    struct archive *archive;
    struct err *err;
    enum status status; /* of the callbacks */
    uint64_t position;
    uint64_t unpacked;
    uint64_t declared; /* members of a zip by its directory */
    uint64_t end;      /* behind the last member of a tar */
    uint8_t buffer[READ_BYTES];
};

static la_ssize_t read_callback(struct archive *archive, void *context, const void **ret)
{
    struct reading *reading = context;
    uint64_t left = (uint64_t)input_size(reading->bundle->input) - reading->position;
    size_t size = left < READ_BYTES ? (size_t)left : READ_BYTES;
    if (reading->status == STATUS_OK) reading->status = interrupted(reading->err);
    if (reading->status == STATUS_OK)
        reading->status = input_read_at(reading->bundle->input, reading->buffer, size,
                                        reading->position, reading->err);
    if (reading->status != STATUS_OK) {
        archive_set_error(archive, EIO, "not readable");
        return ARCHIVE_FATAL;
    }
    reading->position += size;
    *ret = reading->buffer;
    return (la_ssize_t)size;
}

static la_int64_t seek_callback(struct archive *archive, void *context, la_int64_t offset,
                                int whence)
{
    struct reading *reading = context;
    int64_t size = input_size(reading->bundle->input), to;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)reading->position : size;
    if (__builtin_add_overflow(base, offset, &to) || to < 0 || to > size) {
        archive_set_error(archive, EINVAL, "a place behind the end: the file was cut off");
        return ARCHIVE_FATAL;
    }
    reading->position = (uint64_t)to;
    return to;
}

static la_int64_t skip_callback(struct archive *archive, void *context, la_int64_t request)
{
    (void)archive;
    struct reading *reading = context;
    uint64_t left = (uint64_t)input_size(reading->bundle->input) - reading->position;
    uint64_t skip = request < 0 ? 0 : (uint64_t)request;
    if (skip > left) skip = left;
    reading->position += skip;
    return (la_int64_t)skip;
}

static enum status fail_archive(const struct reading *reading, struct err *err)
{
    const char *text = archive_error_string(reading->archive);
    char shown[256];
    if (reading->status != STATUS_OK) return reading->status; /* the message is there */
    if (archive_errno(reading->archive) == ENOMEM) return fail_memory(err, 0);
    return fail(err, STATUS_FAILED, "the %s file is damaged or cut off: %s",
                reading->kind == BUNDLE_TAR ? "tar" : "zip",
                escape_for_terminal(str_of(text == NULL ? "no reason is given" : text), shown,
                                    sizeof shown));
}

/* ---- one member ---- */

/* Names lead nowhere (nothing is written to a path), but whoever unpacks by them later must not be
 * led outside. Backslashes separate on other systems. */
static bool is_traversal(const char *path)
{
    if (path[0] == '/' || path[0] == '\\') return true;
    if (path[0] != '\0' && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) return true;
    for (const char *at = path;;) {
        size_t size = strcspn(at, "/\\");
        if (size == 2 && at[0] == '.' && at[1] == '.') return true;
        if (at[size] == '\0') return false;
        at += size + 1;
    }
}

static void set_rule(struct bundle_member *member, const char *rule, const char *message)
{
    if (member->rule != NULL) return; /* the first one */
    member->rule = rule;
    member->message = message;
}

static void check_member(struct archive_entry *entry, struct bundle_member *member)
{
    if (!utf8_valid(member->path, strlen(member->path)))
        set_rule(member, "encoding", "the name of the member is not UTF-8");
    if (is_traversal(member->path))
        set_rule(member, "path traversal", "the name leads outside of the archive");
    if (archive_entry_hardlink(entry) != NULL)
        set_rule(member, "link", "found a hard link, expected a file");
    else if (archive_entry_filetype(entry) == AE_IFLNK)
        set_rule(member, "link", "found a symbolic link, expected a file");
    else if (archive_entry_filetype(entry) != AE_IFREG)
        set_rule(member, "device", "found a device, pipe or socket, expected a file");
    if (archive_entry_is_data_encrypted(entry) || archive_entry_is_metadata_encrypted(entry))
        set_rule(member, "encrypted", "the member is encrypted");
    if (archive_entry_sparse_count(entry) > 0)
        set_rule(member, "sparse", "found a sparse file, expected one with all its bytes");
}

/* In a tar the data lie behind the header as they are. */
static enum status place_in_tar(struct reading *reading, struct archive_entry *entry,
                                struct bundle_member *member, struct err *err)
{
    uint64_t size = (uint64_t)input_size(reading->bundle->input);
    int64_t offset = archive_filter_bytes(reading->archive, 0), bytes = archive_entry_size(entry);
    if (offset < 0 || bytes < 0 || offset % TAR_BLOCK != 0)
        return fail(err, STATUS_FAILED, "the tar file is damaged at byte %lld", (long long)offset);
    if ((uint64_t)offset > size || (uint64_t)bytes > size - (uint64_t)offset)
        return fail(err, STATUS_FAILED, "the tar file was cut off: %lld bytes at byte %lld of %llu",
                    (long long)bytes, (long long)offset, (unsigned long long)size);
    member->offset = (uint64_t)offset;
    member->bytes = (uint64_t)bytes;
    reading->end = member->offset + (member->bytes + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    return STATUS_OK;
}

static enum status spool_member(struct reading *reading, struct bundle_member *member,
                                struct err *err)
{
    struct spool *spool = &reading->bundle->spool;
    uint64_t packed = (uint64_t)input_size(reading->bundle->input);
    member->spooled = true;
    TRY(spool_add(spool, "", 0, err)); /* a member may be empty */
    member->offset = spool->size;
    for (;;) {
        const void *data;
        size_t size;
        la_int64_t offset;
        TRY(interrupted(err));
        int code = archive_read_data_block(reading->archive, &data, &size, &offset);
        if (code == ARCHIVE_EOF) break;
        if (code != ARCHIVE_OK) return fail_archive(reading, err);
        reading->unpacked += size;
        TRY(unpack_check(&reading->limits->unpack, reading->unpacked, packed, err));
        TRY(spool_add(spool, data, size, err));
    }
    member->bytes = spool->size - member->offset;
    return STATUS_OK;
}

static enum status add_member(struct reading *reading, struct archive_entry *entry,
                              const char *path, struct err *err)
{
    struct bundle *bundle = reading->bundle;
    if (bundle->count == bundle->room) {
        size_t room = bundle->room == 0 ? 256 : bundle->room * 2;
        struct bundle_member *items = memory_resize(bundle->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        bundle->items = items;
        bundle->room = room;
    }
    struct bundle_member *member = &bundle->items[bundle->count];
    *member = (struct bundle_member){.order = bundle->count};
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    member->path = arena_text(bundle->arena, path, strlen(path));
    if (member->path == NULL) return fail_memory(err, strlen(path));
    bundle->count++;
    check_member(entry, member);
    if (reading->kind == BUNDLE_TAR) return place_in_tar(reading, entry, member, err);
    return member->rule != NULL ? STATUS_OK : spool_member(reading, member, err);
}

static enum status take_entry(struct reading *reading, struct archive_entry *entry, struct err *err)
{
    char shown[256];
    const char *path = archive_entry_pathname(entry);
    if (path == NULL) path = archive_entry_pathname_utf8(entry);
    if (path == NULL)
        return fail(err, STATUS_FAILED, "a member at byte %lld has no name",
                    (long long)archive_read_header_position(reading->archive));
    bool folder = archive_entry_filetype(entry) == AE_IFDIR;
    if (folder && reading->kind == BUNDLE_TAR)
        reading->end = (uint64_t)archive_filter_bytes(reading->archive, 0);
    if (folder) return STATUS_OK;
    enum status status = add_member(reading, entry, path, err);
    if (status == STATUS_OK || status == STATUS_MEMORY) return status;
    return fail_within(err, status, "member \"%s\"",
                       escape_for_terminal(str_of(path), shown, sizeof shown));
}

/* ---- all members ---- */

static enum status fail_members(const struct reading *reading, struct err *err)
{
    (void)fail(err, STATUS_FAILED, "found more than %lld members",
               (long long)reading->limits->members);
    err_hint(err, "allow more with --max-members");
    return STATUS_FAILED;
}

/* libarchive passes over entries of a zip's directory that lie at one place. */
static enum status check_count(const struct reading *reading, uint64_t count, struct err *err)
{
    if (reading->kind == BUNDLE_TAR || count == reading->declared) return STATUS_OK;
    return fail(err, STATUS_FAILED,
                "the directory of the zip file names %llu members, and %llu lie apart in it",
                (unsigned long long)reading->declared, (unsigned long long)count);
}

static enum status take_all(struct reading *reading, struct err *err)
{
    for (int64_t count = 0;; count++) {
        struct archive_entry *entry;
        TRY(interrupted(err));
        int code = archive_read_next_header(reading->archive, &entry);
        if (code == ARCHIVE_EOF) return check_count(reading, (uint64_t)count, err);
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return fail_archive(reading, err);
        if (count == reading->limits->members) return fail_members(reading, err);
        TRY(take_entry(reading, entry, err));
    }
}

/* A tar ends with blocks of zeros; one that just stops was cut off between two members. */
static enum status check_end(const struct reading *reading, struct err *err)
{
    uint8_t block[TAR_BLOCK];
    uint64_t size = (uint64_t)input_size(reading->bundle->input);
    static const uint8_t zeros[TAR_BLOCK];
    if (reading->kind != BUNDLE_TAR) return STATUS_OK;
    if (reading->end <= size && size - reading->end >= TAR_BLOCK) {
        TRY(input_read_at(reading->bundle->input, block, TAR_BLOCK, reading->end, err));
        if (memcmp(block, zeros, TAR_BLOCK) == 0) return STATUS_OK;
    }
    (void)fail(err, STATUS_FAILED, "the tar file has no end mark: it was cut off at byte %llu",
               (unsigned long long)size);
    err_hint(err, "if it is whole, add the mark: head -c 1024 /dev/zero >>FILE");
    return STATUS_FAILED;
}

static int compare_members(const void *a, const void *b)
{
    const struct bundle_member *one = a, *two = b;
    int order = strcmp(one->path, two->path);
    return order != 0 ? order : (one->order > two->order) - (one->order < two->order);
}

/* Of members with one name the first in the file counts. */
static void sort_members(struct bundle *bundle)
{
    if (bundle->count > 0)
        qsort(bundle->items, bundle->count, sizeof *bundle->items, compare_members);
    for (size_t i = 1; i < bundle->count; i++)
        if (strcmp(bundle->items[i].path, bundle->items[i - 1].path) == 0)
            set_rule(&bundle->items[i], "duplicate name", "an earlier member has the same name");
}

static enum status read_members(struct reading *reading, struct err *err)
{
    struct archive *archive = reading->archive;
    if (reading->kind == BUNDLE_ZIP)
        TRY(count_zip(reading->bundle->input, &reading->declared, err));
    if (reading->kind == BUNDLE_ZIP && reading->declared == 0) return STATUS_OK;
    if (reading->declared > (uint64_t)reading->limits->members) return fail_members(reading, err);
    int code = reading->kind == BUNDLE_TAR ? archive_read_support_format_tar(archive)
                                           : archive_read_support_format_zip_seekable(archive);
    if (code == ARCHIVE_OK && reading->kind == BUNDLE_TAR)
        code = archive_read_set_options(archive, "tar:read_concatenated_archives");
    archive_read_set_callback_data(archive, reading);
    archive_read_set_read_callback(archive, read_callback);
    archive_read_set_skip_callback(archive, skip_callback);
    archive_read_set_seek_callback(archive, seek_callback);
    if (code == ARCHIVE_OK) code = archive_read_open1(archive);
    if (code != ARCHIVE_OK) return fail_archive(reading, err);
    TRY(take_all(reading, err));
    return check_end(reading, err);
}

/* libarchive converts names to the character set of the locale: UTF-8 for its calls. */
static enum status read_in_utf8(struct reading *reading, struct err *err)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0) return read_members(reading, err);
    locale_t before = uselocale(utf8);
    enum status status = read_members(reading, err);
    uselocale(before);
    freelocale(utf8);
    return status;
}

static enum status fill_bundle(struct bundle *bundle, enum bundle_kind kind,
                               const struct bundle_limits *limits, struct err *err)
{
    OWNED(memory_release) struct reading *reading = NULL;
    TRY(NEW(&reading, 1, err));
    reading->bundle = bundle;
    reading->limits = limits;
    reading->kind = kind;
    reading->err = err;
    reading->archive = archive_read_new();
    if (reading->archive == NULL) return fail_memory(err, 0);
    enum status status = read_in_utf8(reading, err);
    archive_read_free(reading->archive);
    if (status == STATUS_OK) sort_members(bundle);
    return status;
}

enum status bundle_open(struct bundle **ret, struct input **input, enum bundle_kind kind,
                        const struct bundle_limits *limits, struct err *err)
{
    OWNED(bundle_close) struct bundle *bundle = NULL;
    OWNED(input_close) struct input *taken = *input;
    *input = NULL;
    TRY(NEW(&bundle, 1, err));
    bundle->spool = SPOOL_NONE;
    bundle->input = taken;
    taken = NULL;
    TRY(arena_open(&bundle->arena, err));
    TRY(fill_bundle(bundle, kind, limits, err));
    *ret = bundle;
    bundle = NULL;
    return STATUS_OK;
}

/* ---- what is known of them, and their data ---- */

bool bundle_is_note(const struct bundle_member *member)
{
    const char *slash = strrchr(member->path, '/');
    const char *name = slash == NULL ? member->path : slash + 1;
    return strncmp(member->path, "__MACOSX/", 9) == 0 || strncmp(name, "._", 2) == 0 ||
           strcmp(name, ".DS_Store") == 0;
}

enum status bundle_read(const struct bundle *bundle, const struct bundle_member *member, void *ret,
                        size_t size, uint64_t offset, struct err *err)
{
    if (offset > member->bytes || size > member->bytes - offset)
        return fail(err, STATUS_FAILED, "member \"%s\" ends at byte %llu", member->path,
                    (unsigned long long)member->bytes);
    if (!member->spooled)
        return input_read_at(bundle->input, ret, size, member->offset + offset, err);
    return pread_all(bundle->spool.descriptor, ret, size, member->offset + offset, err);
}

enum status bundle_input(const struct bundle *bundle, const struct bundle_member *member,
                         struct input **ret, struct err *err)
{
    if (member->spooled)
        return input_from_part(ret, bundle->spool.descriptor, member->offset, member->bytes,
                               member->path, err);
    return input_part(ret, bundle->input, member->offset, member->bytes, member->path, err);
}

void bundle_close(struct bundle **bundle)
{
    struct bundle *b = *bundle;
    if (b == NULL) return;
    input_close(&b->input);
    spool_close(&b->spool);
    memory_free(b->items);
    arena_close(&b->arena);
    memory_free(b);
    *bundle = NULL;
}
