/* ingest/source_text.c: text documents: one row a document.
 *
 * A folder or an archive is one source and its files, in byte order of their paths, are its
 * records. Each has an encoding of its own and becomes UTF-8; line ends stay as they are. */
#include "ingest/decoder.h"
#include "ingest/file_list.h"
#include "ingest/member_marks.h"
#include "ingest/retry.h"

#include <stdio.h>

/* Columns of a document. */
enum { PATH, TEXT, ENCODING, BYTES, LINES };

struct source {
    struct source_options options;
    struct arena *arena;
    struct file_list files;
    struct input *input; /* the one document that is no file: stdin, packed; NULL = none */
    struct schema *schema;
    struct digest *digests;    /* of each document, as it was read */
    struct member_marks marks; /* of a folder that is incremental: options set */
    int64_t *sizes;            /* likewise */
    size_t count, next;
};

struct source_piece { /* documents first ... first + count - 1 */
    size_t first, count;
};

static void close_text(struct source **source);

/* ---- opening ---- */

static enum status make_schema(struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    struct field encoding = field_dictionary("encoding");
    TRY(schema_new(&schema, err));
    TRY(schema_add_column(schema, "path", TYPE_UTF8, err));
    TRY(schema_add_column(schema, "text", TYPE_UTF8, err));
    TRY(schema_add(schema, &encoding, err));
    TRY(schema_add_column(schema, "bytes", TYPE_INT64, err));
    TRY(schema_add_column(schema, "lines", TYPE_INT64, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

/* Keeps only the files that no run before has read. */
static enum status leave_known(struct source *source, struct err *err)
{
    struct file_list *files = &source->files;
    size_t kept = 0;
    TRY(member_marks_open(&source->marks, &source->options, files, err));
    for (size_t i = 0; i < files->count; i++) {
        bool wanted = true;
        TRY(interrupted(err));
        TRY(member_marks_wanted(&source->marks, &files->items[i], &wanted, err));
        if (wanted) files->items[kept++] = files->items[i];
    }
    files->count = kept;
    return STATUS_OK;
}

static enum status open_documents(struct source *source, const char *path, struct err *err)
{
    source->count = 1;
    if (path == NULL && source->options.bundle == NULL) {
        source->input = *source->options.standard_input;
        *source->options.standard_input = NULL;
        return STATUS_OK;
    }
    TRY(file_list_open(&source->files, path, source->options.bundle, source->arena, err));
    bool found = source->files.count > 0;
    if (source->options.watermarks != NULL && source->files.folder) TRY(leave_known(source, err));
    source->count = source->files.count;
    return found ? STATUS_OK : fail(err, STATUS_FAILED, "found no file");
}

static enum status open_text(struct source **ret, const char *path,
                             const struct source_options *options, struct err *err)
{
    OWNED(close_text) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    TRY(arena_open(&source->arena, err));
    TRY(open_documents(source, path, err));
    TRY(NEW(&source->digests, source->count, err));
    TRY(NEW(&source->sizes, source->count, err));
    TRY(make_schema(&source->schema, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_text(const struct source *source)
{
    return source->schema;
}

/* ---- cutting ---- */

static uint64_t listed_bytes(const struct source *source, size_t index)
{
    if (source->input != NULL) return 0;
    uint64_t bytes = (uint64_t)source->files.items[index].bytes;
    return bytes > source->options.field_limit ? 0 : bytes; /* is rejected unread */
}

static enum status cut_text(struct source *source, struct source_piece **ret, struct err *err)
{
    *ret = NULL;
    if (source->next == source->count) return STATUS_OK;
    struct source_piece *piece;
    TRY(NEW(&piece, 1, err));
    piece->first = source->next;
    uint64_t bytes = 0;
    while (source->next < source->count && (int64_t)piece->count < source->options.chunk_rows) {
        uint64_t more = listed_bytes(source, source->next);
        if (piece->count > 0 && bytes + more > source->options.chunk_bytes) break;
        bytes += more;
        piece->count++;
        source->next++;
    }
    *ret = piece;
    return STATUS_OK;
}

static void free_text_piece(struct source_piece **piece)
{
    if (*piece == NULL) return;
    memory_free(*piece);
    *piece = NULL;
}

/* ---- one document ---- */

/* At most one byte more than a document may have. */
static enum status read_input(const struct source *source, struct bytes *ret,
                              struct file_fault *fault, struct err *err)
{
    uint64_t limit = source->options.field_limit;
    int64_t size = input_size(source->input);
    if (size >= 0) {
        size_t wanted = (uint64_t)size > limit ? (size_t)limit + 1 : (size_t)size;
        TRY(bytes_reserve(ret, wanted, err));
        TRY(input_read_at(source->input, ret->data, wanted, 0, err));
        ret->size = wanted;
    }
    for (size_t got = size<0; got> 0 && ret->size <= limit; ret->size += got) {
        TRY(interrupted(err));
        TRY(bytes_reserve(ret, 65536, err));
        TRY(input_read(source->input, ret->data + ret->size, 65536, &got, err));
    }
    if (ret->size <= limit) return STATUS_OK;
    file_fault_set(fault, "file size", "found more than %llu bytes", (unsigned long long)limit);
    ret->size = RAW_BYTES_MAXIMUM < limit ? RAW_BYTES_MAXIMUM : (size_t)limit;
    return STATUS_OK;
}

static enum status read_document(const struct source *source, size_t index, struct bytes *ret,
                                 struct file_fault *fault, struct err *err)
{
    ret->size = 0;
    if (source->input != NULL) return read_input(source, ret, fault, err);
    TRY(listed_file_read(&source->files, &source->files.items[index], source->options.field_limit,
                         ret, fault, err));
    if (fault->rule != NULL && strcmp(fault->rule, "empty file") == 0) fault->rule = NULL;
    return STATUS_OK;
}

static const char *path_of(const struct source *source, size_t index)
{
    return source->input != NULL ? input_name(source->input) : source->files.items[index].path;
}

/* Whether so many bytes are control characters that it is no text but some other file. */
static bool looks_binary(struct str text)
{
    size_t controls = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        controls += byte < 0x20 && memchr("\t\n\v\f\r\x1b", byte, 6) == NULL;
    }
    return controls * 50 > text.size;
}

/* Lines end with LF, CR or CRLF; the last one may go without. */
static int64_t count_lines(struct str text)
{
    int64_t lines = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool pair = text.data[i] == '\r' && i + 1 < text.size && text.data[i + 1] == '\n';
        lines += text.data[i] == '\n' || (text.data[i] == '\r' && !pair);
    }
    char last = text.size == 0 ? '\n' : text.data[text.size - 1];
    return lines + (last != '\n' && last != '\r');
}

struct document {
    struct bytes raw, decoded;
    struct encoding encoding;
    struct str text;
};

static enum status decode_document(const struct source *source, struct document *ret,
                                   struct file_fault *fault, struct err *err)
{
    uint64_t wrong = 0;
    struct str raw = {(const char *)ret->raw.data, ret->raw.size};
    TRY(encoding_of(ret->raw.data, raw.size, true, source->options.encoding, ENCODING_ANY,
                    &ret->encoding, err));
    if (encoding_is_utf8(&ret->encoding)) {
        ret->text = (struct str){raw.data + ret->encoding.mark, raw.size - ret->encoding.mark};
        if (!utf8_valid(ret->text.data, ret->text.size)) wrong = 1;
    } else {
        ret->decoded.size = 0;
        TRY(decode_text(&ret->encoding, raw, &ret->decoded, &wrong, err));
        ret->text = (struct str){(const char *)ret->decoded.data, ret->decoded.size};
    }
    if (looks_binary(ret->text))
        file_fault_set(fault, "binary", "found many control characters, expected a text");
    else if (wrong > 0)
        file_fault_set(fault, "encoding", "found bytes that are not %s", ret->encoding.name);
    return STATUS_OK;
}

/* ---- rows ---- */

static enum status build_row(const char *path, const struct document *document,
                             struct batch_builder *builder, struct err *err)
{
    TRY(build_text(batch_builder_column(builder, PATH), str_of(path), err));
    TRY(build_text(batch_builder_column(builder, TEXT), document->text, err));
    TRY(build_text(batch_builder_column(builder, ENCODING), str_of(document->encoding.name), err));
    TRY(build_int(batch_builder_column(builder, BYTES), (int64_t)document->raw.size, err));
    return build_int(batch_builder_column(builder, LINES), count_lines(document->text), err);
}

static enum status reject_document(struct source_rows *rows, const char *path, int64_t record,
                                   const struct bytes *bytes, const struct file_fault *fault,
                                   struct err *err)
{
    char shown[512];
    (void)escape_for_terminal(str_of(path), shown, sizeof shown);
    char *message = arena_format(rows->arena, "%s: %s", shown, fault->message);
    char *raw = arena_text(rows->arena, (const char *)bytes->data, bytes->size);
    if (message == NULL || raw == NULL) return fail_memory(err, bytes->size);
    struct reject reject = {
        .record = record,
        .byte_offset = 0,
        .line = -1,
        .rule = fault->rule,
        .message = str_of(message),
        .raw = {raw, bytes->size},
        .path = file_path_text(path),
    };
    return source_rows_reject(rows, &reject, err);
}

static enum status convert_document(const struct source *source, size_t index,
                                    struct document *document, struct batch_builder *builder,
                                    struct source_rows *ret, struct err *err)
{
    struct file_fault fault = {0};
    const char *path = path_of(source, index);
    TRY(read_document(source, index, &document->raw, &fault, err));
    source->digests[index] = digest_of(document->raw.data, document->raw.size);
    source->sizes[index] = (int64_t)document->raw.size;
    ret->bytes += (int64_t)document->raw.size;
    if (fault.rule == NULL && !utf8_valid(path, strlen(path)))
        file_fault_set(&fault, "encoding", "the name of the file is not UTF-8");
    if (fault.rule == NULL) TRY(decode_document(source, document, &fault, err));
    int64_t record = source->marks.before + (int64_t)index + 1;
    if (fault.rule != NULL) return reject_document(ret, path, record, &document->raw, &fault, err);
    ret->records[batch_builder_rows(builder)] = record;
    return build_row(path, document, builder, err);
}

static void document_close(struct document *document)
{
    bytes_release(&document->raw);
    bytes_release(&document->decoded);
}

static enum status convert_text(const struct source *source, struct source_piece *piece,
                                struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    size_t limit = source->options.field_limit + RAW_BYTES_MAXIMUM;
    OWNED(document_close)
    struct document document = {
        .raw = bytes_limited(limit + 65536),
        .decoded = bytes_limited(limit * 6), /* of a byte, and of room that the decoder wants */
    };
    TRY(arena_open(&ret->arena, err));
    TRY(NEW(&ret->records, piece->count, err));
    TRY(batch_builder_open(&builder, source->schema, (int64_t)piece->count, err));
    for (size_t i = 0; i < piece->count; i++)
        TRY(convert_document(source, piece->first + i, &document, builder, ret, err));
    return batch_builder_finish(builder, &ret->batch, err);
}

static enum status place_text(const struct source *source, const struct source_piece *piece,
                              int64_t number, struct bytes *scratch, struct source_place *ret,
                              bool *ret_here, struct err *err)
{
    size_t index = (size_t)number - 1;
    struct file_fault fault = {0};
    *ret_here = index < piece->first + piece->count;
    if (!*ret_here) return STATUS_OK;
    if (source->input != NULL && input_size(source->input) < 0)
        return fail(err, STATUS_FAILED, "the text cannot be read twice");
    TRY(read_document(source, index, scratch, &fault, err));
    if (fault.rule != NULL)
        return fail(err, STATUS_FAILED, "\"%s\": %s", path_of(source, index), fault.message);
    *ret = (struct source_place){.raw = {(const char *)scratch->data, scratch->size},
                                 .byte_offset = 0,
                                 .line = -1,
                                 .path = file_path_text(path_of(source, index))};
    return STATUS_OK;
}

static enum status raws_text(const struct source *source, const struct source_piece *piece,
                             const int64_t *numbers, size_t count, struct arena *arena,
                             struct source_place *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(SIZE_MAX);
    bool here;
    for (size_t i = 0; i < count; i++) {
        TRY(place_text(source, piece, numbers[i], &scratch, &ret[i], &here, err));
        const char *copy = arena_text(arena, ret[i].raw.data, ret[i].raw.size);
        if (copy == NULL) return fail_memory(err, ret[i].raw.size);
        ret[i].raw.data = copy;
    }
    return STATUS_OK;
}

static enum status reader_text(const struct source *source, struct bytes *json, struct err *err)
{
    const char *given = source->options.encoding;
    bool found = given == NULL || strcmp(given, "auto") == 0;
    return retry_reader_text(json, "text", &(struct retry_reader){.encoding = found ? NULL : given},
                             err);
}

/* ---- the end ---- */

static enum status describe_text(struct source *source, struct source_record *ret, struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    for (size_t i = 0; i < source->count; i++) {
        const char *path = path_of(source, i);
        digester_add_field(&digester, path, strlen(path));
        digester_add(&digester, source->digests[i].bytes, DIGEST_BYTES);
        ret->bytes += source->sizes[i];
    }
    ret->kind = "text";
    bool one = !source->files.folder && source->options.bundle == NULL;
    ret->digest = one ? source->digests[0] : digester_end(&digester);
    ret->records = source->marks.before + (int64_t)source->count;
    ret->modified = (int64_t)source->files.info.st_mtim.tv_sec * 1000000 +
                    source->files.info.st_mtim.tv_nsec / 1000;
    if (source->marks.options == NULL) return STATUS_OK;
    for (size_t i = 0; i < source->count; i++)
        TRY(member_marks_move(&source->marks, &source->files.items[i], &source->digests[i],
                              source->options.field_limit, err));
    return member_marks_end(&source->marks, ret->records, err);
}

static void remark_text(const struct source *source, char *ret, size_t room)
{
    ret[0] = '\0';
    if (source->files.not_files > 0)
        snprintf(ret, room, "%lld link%s or device%s ignored", (long long)source->files.not_files,
                 source->files.not_files == 1 ? "" : "s", source->files.not_files == 1 ? "" : "s");
    member_marks_remark(&source->marks, ret, room);
}

static void close_text(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    schema_unref(&s->schema);
    file_list_release(&s->files);
    input_close(&s->input);
    memory_free(s->digests);
    memory_free(s->sizes);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

/* ---- recognition ---- */

static bool named_as_document(const char *path)
{
    static const char *const ends[] = {".md",  ".markdown", ".rst", ".adoc", ".tex",
                                       ".htm", ".html",     ".eml", ".srt",  ".vtt"};
    size_t size = path == NULL ? 0 : strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (size >= end && strcasecmp(path + size - end, ends[i]) == 0) return true;
    }
    return false;
}

static int recognise_text(const struct source_probe *probe)
{
    static const char *const pages[] = {"<!doctype html", "<html"};
    if (probe->directory || probe->bundle) return 0; /* only where --format says so */
    if (named_as_document(probe->path)) return 70;
    size_t at = 0;
    while (at < probe->head_size && memchr(" \t\r\n", probe->head[at], 4) != NULL)
        at++;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (probe->head_size - at >= strlen(pages[i]) &&
            strncasecmp((const char *)probe->head + at, pages[i], strlen(pages[i])) == 0)
            return 60;
    return 0;
}

const struct source_kind source_text = {
    .name = "text",
    .summary = "text documents, one row a file, of folders and archives",
    .reference = "Unicode 15, section 23.8 (byte-order marks)",
    .passes = 1,
    .bundles = true,
    .recognise = recognise_text,
    .open = open_text,
    .schema = schema_text,
    .cut = cut_text,
    .convert = convert_text,
    .free_piece = free_text_piece,
    .describe = describe_text,
    .members = true,
    .late_digest = true,
    .place = place_text,
    .raws = raws_text,
    .reader = reader_text,
    .remark = remark_text,
    .close = close_text,
};
