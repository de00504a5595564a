/* ingest/source_images.c: folders of PNG and JPEG pictures, or one of them.
 *
 * The folder is one source and its pictures, in byte order of their paths, are its records. The
 * bytes of a picture are kept as they are; only its header is read here (module `images` decodes).
 * A file is a picture by name (.png .jpg .jpeg) or by its first bytes; other files are counted. */
#include "ingest/members.h"
#include "ingest/picture_header.h"
#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/output.h"

/* Columns of a picture row (design section 3). */
enum { PATH, LABEL, IMAGE, FORMAT, WIDTH, HEIGHT, BYTES };

struct source {
    struct source_options options;
    struct arena *arena;
    const char *root; /* the folder, or the one picture */
    bool folder;
    struct stat info;
    struct members members; /* pictures only, after opening */
    struct digest *digests; /* of each member, as it was read */
    struct schema *schema;
    size_t next; /* member the next piece begins with */
    int64_t other_files;
    int64_t bytes;
};

struct source_piece { /* members first ... first + count - 1 */
    size_t first, count;
};

static void close_images(struct source **source);

/* ---- which files are pictures ---- */

static bool named_as_picture(const char *path)
{
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (size >= end && strcasecmp(path + size - end, ends[i]) == 0) return true;
    }
    return false;
}

static int open_member(const struct source *source, const struct member *member)
{
    char path[4096];
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    if (!source->folder) return open(source->root, flags);
    int size = snprintf(path, sizeof path, "%s/%s", source->root, member->path);
    if (size < 0 || (size_t)size >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_NOFOLLOW);
}

static bool begins_as_picture(const struct source *source, const struct member *member)
{
    char head[8];
    OWNED(descriptor_close) int descriptor = open_member(source, member);
    if (descriptor < 0) return false;
    ssize_t size = pread(descriptor, head, sizeof head, 0);
    return size > 0 && picture_signature((struct str){head, (size_t)size}) != PICTURE_NONE;
}

/* Keeps the pictures, in order, and counts the others. */
static void keep_pictures(struct source *source)
{
    struct members *members = &source->members;
    size_t kept = 0;
    for (size_t i = 0; i < members->count; i++) {
        struct member member = members->items[i];
        if (named_as_picture(member.path) || begins_as_picture(source, &member))
            members->items[kept++] = member;
    }
    source->other_files = (int64_t)(members->count - kept);
    members->count = kept;
}

/* ---- opening ---- */

static enum status picture_schema(struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field label = field_dictionary("label");
    TRY(schema_new(&schema, err));
    TRY(schema_add_column(schema, "path", TYPE_UTF8, err));
    TRY(schema_add(schema, &label, err));
    TRY(schema_add_column(schema, "image", TYPE_BINARY, err));
    TRY(schema_add_column(schema, "format", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "width", TYPE_INT64, err));
    TRY(schema_add_column(schema, "height", TYPE_INT64, err));
    TRY(schema_add_column(schema, "bytes", TYPE_INT64, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status list_one(struct source *source, struct err *err)
{
    const char *slash = strrchr(source->root, '/');
    TRY(NEW(&source->members.items, 1, err));
    source->members.items[0] = (struct member){
        .path = slash == NULL ? source->root : slash + 1,
        .bytes = source->info.st_size,
    };
    source->members.count = source->members.room = 1;
    return STATUS_OK;
}

static enum status list_pictures(struct source *source, const char *path, struct err *err)
{
    source->root = arena_text(source->arena, path, strlen(path));
    if (source->root == NULL) return fail_memory(err, strlen(path));
    if (stat(path, &source->info) != 0) return fail_errno(err, errno, "\"%s\"", path);
    source->folder = S_ISDIR(source->info.st_mode);
    if (!source->folder) return list_one(source, err);
    TRY(members_list(path, source->arena, &source->members, err));
    keep_pictures(source);
    if (source->members.count > 0) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found no picture among %lld files, expected PNG or JPEG",
               (long long)source->other_files);
    err_hint(err, "name the files of other kinds one by one: tamis-ingest %s/*.csv", path);
    return STATUS_FAILED;
}

static enum status open_images(struct source **ret, const char *path,
                               const struct source_options *options, struct err *err)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        (void)fail(err, STATUS_FAILED, "pictures cannot come from stdin");
        err_hint(err, "name a folder or a file");
        return STATUS_FAILED;
    }
    OWNED(close_images) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    TRY(arena_open(&source->arena, err));
    TRY(list_pictures(source, path, err));
    TRY(NEW(&source->digests, source->members.count, err));
    TRY(picture_schema(&source->schema, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_images(const struct source *source)
{
    return source->schema;
}

/* ---- cutting ---- */

static enum status cut_images(struct source *source, struct source_piece **ret, struct err *err)
{
    *ret = NULL;
    if (source->next == source->members.count) return STATUS_OK;
    struct source_piece *piece;
    TRY(NEW(&piece, 1, err));
    piece->first = source->next;
    uint64_t bytes = 0;
    while (source->next < source->members.count &&
           (int64_t)piece->count < source->options.chunk_rows) {
        uint64_t more = (uint64_t)source->members.items[source->next].bytes;
        if (more > source->options.picture_limit) more = 0; /* is rejected unread */
        if (piece->count > 0 && bytes + more > source->options.chunk_bytes) break;
        bytes += more;
        piece->count++;
        source->next++;
    }
    *ret = piece;
    return STATUS_OK;
}

static void free_images_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    memory_free(*piece);
    *piece = NULL;
}

/* ---- one picture ---- */

struct fault {
    const char *rule;
    char message[256];
};

static void set_fault(struct fault *ret, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void set_fault(struct fault *ret, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret->message, sizeof ret->message, format, arguments);
    va_end(arguments);
    ret->rule = rule;
}

/* Appends the member's bytes to `image`, or says why not. */
static enum status read_member(const struct source *source, const struct member *member,
                               struct bytes *ret, struct fault *fault, struct err *err)
{
    OWNED(descriptor_close) int descriptor = open_member(source, member);
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        char reason[128];
        set_fault(fault, "unreadable", "%s", strerror_r(errno, reason, sizeof reason));
        return STATUS_OK;
    }
    uint64_t size = (uint64_t)info.st_size;
    if (!S_ISREG(info.st_mode)) {
        set_fault(fault, "unreadable", "found no regular file");
    } else if (size == 0) {
        set_fault(fault, "empty file", "found no byte, expected a PNG or JPEG");
    } else if (size > source->options.picture_limit) {
        set_fault(fault, "file size", "found %llu bytes, expected at most %llu",
                  (unsigned long long)size, (unsigned long long)source->options.picture_limit);
        size = RAW_BYTES_MAXIMUM;
    }
    if (fault->rule != NULL && strcmp(fault->rule, "file size") != 0) return STATUS_OK;
    TRY(bytes_reserve(ret, size, err));
    TRY(pread_all(descriptor, ret->data, size, 0, err));
    ret->size = size;
    return STATUS_OK;
}

static void check_header(const struct source *source, struct str bytes, struct picture_header *ret,
                         struct fault *fault)
{
    picture_header_read(bytes, ret);
    uint64_t pixels = (uint64_t)ret->width * ret->height;
    uint64_t most = source->options.pixel_limit / ret->passes;
    if (ret->kind == PICTURE_NONE) {
        char shown[64];
        struct str head = {bytes.data, bytes.size < 12 ? bytes.size : 12};
        set_fault(fault, "signature", "found \"%s\", expected the first bytes of a PNG or JPEG",
                  escape_for_terminal(head, shown, sizeof shown));
    } else if (ret->fault[0] != '\0') {
        set_fault(fault, "header", "%s header: %s", picture_kind_name(ret->kind), ret->fault);
    } else if (pixels > most) {
        set_fault(fault, "pixels", "found %u x %u pixels%s, expected at most %llu", ret->width,
                  ret->height, ret->passes > 1 ? " in 7 passes" : "",
                  (unsigned long long)source->options.pixel_limit);
    }
}

/* ---- rows ---- */

/* The name of the folder a picture lies in; data NULL at the top. */
static struct str label_of(const char *path)
{
    const char *end = strrchr(path, '/');
    if (end == NULL) return (struct str){NULL, 0};
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    return (struct str){begin, (size_t)(end - begin)};
}

static enum status build_label(const struct source *source, const char *path,
                               struct builder *builder, struct err *err)
{
    struct str label = label_of(path);
    if (!source->options.label_from_directory || label.data == NULL)
        return build_null(builder, err);
    return build_text(builder, label, err);
}

static enum status build_row(const struct source *source, const char *path, struct str bytes,
                             const struct picture_header *header, struct batch_builder *builder,
                             struct err *err)
{
    TRY(build_text(batch_builder_column(builder, PATH), str_of(path), err));
    TRY(build_label(source, path, batch_builder_column(builder, LABEL), err));
    TRY(build_text(batch_builder_column(builder, IMAGE), bytes, err));
    TRY(build_text(batch_builder_column(builder, FORMAT), str_of(picture_kind_name(header->kind)),
                   err));
    TRY(build_int(batch_builder_column(builder, WIDTH), header->width, err));
    TRY(build_int(batch_builder_column(builder, HEIGHT), header->height, err));
    return build_int(batch_builder_column(builder, BYTES), (int64_t)bytes.size, err);
}

static enum status reject_member(struct source_rows *rows, const struct member *member,
                                 size_t index, struct str bytes, const struct fault *fault,
                                 struct err *err)
{
    size_t size = bytes.size > RAW_BYTES_MAXIMUM ? RAW_BYTES_MAXIMUM : bytes.size;
    char *message = arena_format(rows->arena, "%s: %s", member->path, fault->message);
    char *raw = arena_text(rows->arena, bytes.data, size);
    if (message == NULL || raw == NULL) return fail_memory(err, size);
    struct reject reject = {
        .record = (int64_t)index + 1,
        .byte_offset = 0,
        .line = -1,
        .rule = fault->rule,
        .message = str_of(message),
        .raw = {raw, size},
    };
    return source_rows_reject(rows, &reject, err);
}

static enum status convert_member(const struct source *source, size_t index, struct bytes *buffer,
                                  struct batch_builder *builder, struct source_rows *ret,
                                  struct err *err)
{
    const struct member *member = &source->members.items[index];
    struct picture_header header = {0};
    struct fault fault = {0};
    buffer->size = 0;
    TRY(read_member(source, member, buffer, &fault, err));
    struct str bytes = {(const char *)buffer->data, buffer->size};
    source->digests[index] = digest_of(bytes.data, bytes.size);
    ret->bytes += (int64_t)bytes.size;
    if (fault.rule == NULL && !utf8_valid(member->path, strlen(member->path)))
        set_fault(&fault, "encoding", "the name of the file is not UTF-8");
    if (fault.rule == NULL) check_header(source, bytes, &header, &fault);
    if (header.no_memory) return fail_memory(err, bytes.size);
    if (fault.rule != NULL) return reject_member(ret, member, index, bytes, &fault, err);
    ret->records[batch_builder_rows(builder)] = (int64_t)index + 1;
    return build_row(source, member->path, bytes, &header, builder, err);
}

static enum status convert_images(const struct source *source, struct source_piece *piece,
                                  struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(bytes_release) struct bytes buffer = bytes_limited(source->options.picture_limit);
    if (buffer.limit < RAW_BYTES_MAXIMUM) buffer.limit = RAW_BYTES_MAXIMUM;
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, piece->count, err));
    TRY(batch_builder_open(&builder, source->schema, (int64_t)piece->count, err));
    for (size_t i = 0; i < piece->count; i++)
        TRY(convert_member(source, piece->first + i, &buffer, builder, ret, err));
    return batch_builder_finish(builder, &ret->batch, err);
}

static enum status place_images(const struct source *source, const struct source_piece *piece,
                                int64_t number, struct bytes *scratch, struct source_place *ret,
                                bool *ret_here, struct err *err)
{
    size_t index = (size_t)number - 1;
    struct fault fault = {0};
    *ret_here = index < piece->first + piece->count;
    if (!*ret_here) return STATUS_OK;
    TRY(read_member(source, &source->members.items[index], scratch, &fault, err));
    if (fault.rule != NULL && strcmp(fault.rule, "empty file") != 0)
        return fail(err, STATUS_FAILED, "\"%s\": %s", source->members.items[index].path,
                    fault.message);
    *ret = (struct source_place){
        .raw = {(const char *)scratch->data, scratch->size}, .byte_offset = 0, .line = -1};
    return STATUS_OK;
}

static enum status raws_images(const struct source *source, const struct source_piece *piece,
                               const int64_t *numbers, size_t count, struct arena *arena,
                               struct source_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(source->options.picture_limit);
    bool here;
    for (size_t i = 0; i < count; i++) {
        bytes.size = 0;
        TRY(place_images(source, piece, numbers[i], &bytes, &ret[i], &here, err));
        const char *copy = arena_text(arena, (const char *)bytes.data, bytes.size);
        if (copy == NULL) return fail_memory(err, bytes.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

/* ---- the end ---- */

static enum status describe_images(struct source *source, struct source_record *ret,
                                   struct err *err)
{
    (void)err;
    struct digester digester;
    digester_begin(&digester);
    for (size_t i = 0; i < source->members.count; i++) {
        const struct member *member = &source->members.items[i];
        digester_add_field(&digester, member->path, strlen(member->path));
        digester_add(&digester, source->digests[i].bytes, DIGEST_BYTES);
        ret->bytes += member->bytes;
    }
    ret->kind = "images";
    ret->digest = digester_end(&digester);
    ret->records = (int64_t)source->members.count;
    ret->modified =
        (int64_t)source->info.st_mtim.tv_sec * 1000000 + source->info.st_mtim.tv_nsec / 1000;
    return STATUS_OK;
}

static void remark_images(const struct source *source, char *ret, size_t room)
{
    long long others = (long long)source->other_files, links = (long long)source->members.not_files;
    char what[64] = "";
    ret[0] = '\0';
    if (links > 0)
        snprintf(what, sizeof what, "%lld link%s or device%s", links, links == 1 ? "" : "s",
                 links == 1 ? "" : "s");
    if (others > 0)
        snprintf(ret, room, "%lld other file%s%s%s ignored", others, others == 1 ? "" : "s",
                 links > 0 ? " and " : "", what);
    else if (links > 0)
        snprintf(ret, room, "%s ignored", what);
}

static void close_images(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    schema_unref(&s->schema);
    members_release(&s->members);
    memory_free(s->digests);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

static int recognise_images(const struct source_probe *probe)
{
    if (probe->directory) return 100;
    struct str head = {(const char *)probe->head, probe->head_size};
    if (picture_signature(head) != PICTURE_NONE) return probe->path == NULL ? 0 : 100;
    return probe->path != NULL && named_as_picture(probe->path) ? 90 : 0;
}

const struct source_kind source_images = {
    .name = "images",
    .summary = "folders of PNG and JPEG pictures, labels from folder names",
    .reference = "ISO/IEC 15948 (PNG), ITU-T T.81 (JPEG)",
    .passes = 1,
    .recognise = recognise_images,
    .open = open_images,
    .schema = schema_images,
    .cut = cut_images,
    .convert = convert_images,
    .free_piece = free_images_piece,
    .describe = describe_images,
    .late_digest = true,
    .place = place_images,
    .raws = raws_images,
    .remark = remark_images,
    .close = close_images,
};
