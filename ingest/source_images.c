/* ingest/source_images.c: PNG and JPEG pictures in folders and archives, or one of them.
 *
 * The folder or archive is one source and its pictures, in byte order of their paths, are its
 * records. The bytes of a picture are kept as they are; only its header is read here (module
 * `images` decodes). A file is a picture by name (.png .jpg .jpeg) or by its first bytes; other
 * files are counted, unless they are the sidecar of one. */
#include "ingest/member_marks.h"
#include "ingest/picture_header.h"
#include "ingest/picture_label.h"
#include "ingest/retry.h"

#include <stdio.h>

/* Columns of a picture row (design section 3), and behind them one for each --sidecar. */
enum { PATH, LABEL, IMAGE, FORMAT, WIDTH, HEIGHT, BYTES, SIDECAR };

struct source {
    struct source_options options;
    struct arena *arena;
    struct file_list files;
    struct bundle one; /* of one picture that is no file */
    struct bundle_member one_member;
    struct digest *digests; /* of each picture and its sidecars, as they were read */
    struct digest *alone;   /* of each picture without them */
    struct member_marks marks;
    struct schema *schema;
    size_t next; /* picture the next piece begins with */
    int64_t other_files;
    char hint[80]; /* on these */
};

struct source_piece { /* pictures first ... first + count - 1 */
    size_t first, count;
};

static void close_images(struct source **source);

/* ---- opening ---- */

static enum status add_sidecars(struct schema *schema, const struct text_list *sidecars,
                                struct err *err)
{
    for (size_t i = 0; sidecars != NULL && i < sidecars->count; i++) {
        const char *name = sidecars->items[i];
        if (schema_find(schema, str_of(name)) >= 0)
            return fail(err, STATUS_USAGE, "--sidecar %s: there is a column of this name", name);
        TRY(schema_add_column(schema, name, TYPE_UTF8, err));
    }
    return STATUS_OK;
}

static enum status picture_schema(const struct source_options *options, struct schema **ret,
                                  struct err *err)
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
    TRY(add_sidecars(schema, options->sidecars, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static bool ends_as(const char *path, const char *ending)
{
    size_t size = strlen(path), end = strlen(ending);
    return size > end && path[size - end - 1] == '.' && strcmp(path + size - end, ending) == 0;
}

/* Files that are neither pictures nor looked at beside one. */
static int64_t count_others(const struct source *source)
{
    static const char *const labels[] = {NULL, NULL, "cls", "json"};
    const char *label = labels[source->options.label_from];
    const struct text_list *sidecars = source->options.sidecars;
    int64_t others = (int64_t)(source->files.count - source->files.chosen_count);
    for (size_t i = 0; i < source->files.count; i++) {
        const char *path = source->files.items[i].path;
        bool beside = label != NULL && ends_as(path, label);
        for (size_t k = 0; sidecars != NULL && k < sidecars->count; k++)
            beside = beside || ends_as(path, sidecars->items[k]);
        others -= beside;
    }
    return others;
}

/* An ending of files that lie beside pictures and are not looked at; NULL = none among the first.
 */
static const char *ignored_ending(const struct source *source)
{
    static const char *const endings[] = {"json", "cls", "txt", "caption", "csv", "xml"};
    const struct file_list *files = &source->files;
    for (size_t i = 0; i < files->chosen_count && i < 100; i++)
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
            if (picture_sidecar(files, &files->items[files->chosen[i]], endings[k]) != NULL)
                return endings[k];
    return NULL;
}

/* A table among the other files: perhaps of labels. */
static const char *ignored_table(const struct source *source)
{
    static const char *const endings[] = {"csv", "tsv", "jsonl", "json"};
    for (size_t i = 0; i < source->files.count; i++)
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
            if (ends_as(source->files.items[i].path, endings[k]))
                return source->files.items[i].path;
    return NULL;
}

/* What lies with pictures and is not looked at has a way in. */
static void find_hint(struct source *source)
{
    char *ret = source->hint, shown[40];
    const char *ending = source->other_files > 0 ? ignored_ending(source) : NULL;
    const char *table = source->other_files > 0 && ending == NULL ? ignored_table(source) : NULL;
    if (ending != NULL)
        snprintf(ret, sizeof source->hint, " (--sidecar %s reads NAME.%s)", ending, ending);
    else if (table != NULL)
        snprintf(ret, sizeof source->hint, " (%s is a source of its own)",
                 escape_for_terminal(str_of(table), shown, sizeof shown));
}

/* Chooses only the pictures that no run before has read. */
static enum status leave_known(struct source *source, struct err *err)
{
    struct file_list *files = &source->files;
    size_t kept = 0;
    TRY(member_marks_open(&source->marks, &source->options, files, err));
    for (size_t i = 0; i < files->chosen_count; i++) {
        bool wanted = true;
        TRY(interrupted(err));
        TRY(member_marks_wanted(&source->marks, &files->items[files->chosen[i]], &wanted, err));
        if (wanted) files->chosen[kept++] = files->chosen[i];
    }
    files->chosen_count = kept;
    return STATUS_OK;
}

/* One picture that is no file (packed, sent, from stdin) is an archive of one member. */
static enum status take_one(struct source *source, const struct bundle **ret, struct err *err)
{
    struct input **input = source->options.standard_input;
    struct bundle *one = &source->one;
    const char *seen = source->options.seen, *slash = seen == NULL ? NULL : strrchr(seen, '/');
    one->spool = SPOOL_NONE;
    if (input_size(*input) < 0) {
        TRY(spool_add(&one->spool, "", 0, err)); /* also for no byte */
        TRY(spool_fill(&one->spool, *input, err));
        input_close(input);
        TRY(spool_rest(&one->spool, 0, "stdin", input, err));
    }
    one->input = *input;
    *input = NULL;
    source->one_member = (struct bundle_member){
        .path = seen == NULL    ? "stdin"
                : slash == NULL ? seen
                                : slash + 1,
        .bytes = (uint64_t)input_size(one->input),
        .message = "",
    };
    one->items = &source->one_member;
    one->count = 1;
    *ret = one;
    return STATUS_OK;
}

static enum status open_images(struct source **ret, const char *path,
                               const struct source_options *options, struct err *err)
{
    OWNED(close_images) struct source *source = NULL;
    TRY(NEW(&source, 1, err));
    source->options = *options;
    source->one.spool = SPOOL_NONE;
    TRY(arena_open(&source->arena, err));
    const struct bundle *bundle = options->bundle;
    if (path == NULL && bundle == NULL) TRY(take_one(source, &bundle, err));
    TRY(picture_list_open(&source->files, path, bundle, source->arena, err));
    source->other_files = count_others(source);
    find_hint(source);
    if (options->watermarks != NULL && source->files.folder) TRY(leave_known(source, err));
    TRY(NEW(&source->digests, source->files.chosen_count, err));
    TRY(NEW(&source->alone, source->files.chosen_count, err));
    TRY(picture_schema(options, &source->schema, err));
    *ret = source;
    source = NULL;
    return STATUS_OK;
}

static const struct schema *schema_images(const struct source *source)
{
    return source->schema;
}

/* ---- cutting ---- */

static const struct listed_file *picture_at(const struct source *source, size_t index)
{
    return &source->files.items[source->files.chosen[index]];
}

static enum status cut_images(struct source *source, struct source_piece **ret, struct err *err)
{
    *ret = NULL;
    if (source->next == source->files.chosen_count) return STATUS_OK;
    struct source_piece *piece;
    TRY(NEW(&piece, 1, err));
    piece->first = source->next;
    uint64_t bytes = 0;
    while (source->next < source->files.chosen_count &&
           (int64_t)piece->count < source->options.chunk_rows) {
        uint64_t more = (uint64_t)picture_at(source, source->next)->bytes;
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

static enum status check_header(const struct source *source, struct str bytes,
                                struct picture_header *ret, struct file_fault *fault,
                                struct err *err)
{
    TRY(picture_header_ask(bytes, ret, err));
    uint64_t pixels = (uint64_t)ret->width * ret->height;
    uint64_t most = source->options.pixel_limit / ret->passes;
    if (ret->kind == PICTURE_NONE) {
        char shown[64];
        struct str head = {bytes.data, bytes.size < 12 ? bytes.size : 12};
        file_fault_set(fault, "signature",
                       "found \"%s\", expected the first bytes of a PNG or JPEG",
                       escape_for_terminal(head, shown, sizeof shown));
    } else if (ret->fault[0] != '\0') {
        file_fault_set(fault, "header", "%s header: %s", picture_kind_name(ret->kind), ret->fault);
    } else if (pixels > most) {
        file_fault_set(fault, "pixels", "found %u x %u pixels%s, expected at most %llu", ret->width,
                       ret->height, ret->passes > 1 ? " in 7 passes" : "",
                       (unsigned long long)source->options.pixel_limit);
    }
    return STATUS_OK;
}

/* ---- rows ---- */

struct sidecars {
    size_t count;
    struct bytes *scratch; /* of the label, then of each column */
    struct str label, *texts;
};

static void sidecars_close(struct sidecars *sidecars)
{
    for (size_t i = 0; sidecars->scratch != NULL && i <= sidecars->count; i++)
        bytes_release(&sidecars->scratch[i]);
    memory_free(sidecars->scratch);
    memory_free(sidecars->texts);
}

static enum status sidecars_open(struct sidecars *sidecars, const struct source_options *options,
                                 struct err *err)
{
    sidecars->count = options->sidecars == NULL ? 0 : options->sidecars->count;
    TRY(NEW(&sidecars->scratch, sidecars->count + 1, err));
    TRY(NEW(&sidecars->texts, sidecars->count, err));
    for (size_t i = 0; i <= sidecars->count; i++)
        sidecars->scratch[i] = bytes_limited(2 * options->field_limit + RAW_BYTES_MAXIMUM);
    return STATUS_OK;
}

static enum status read_sidecars(const struct source *source, const struct listed_file *picture,
                                 struct sidecars *ret, struct digester *digester,
                                 struct file_fault *fault, struct err *err)
{
    const struct text_list *columns = source->options.sidecars;
    TRY(picture_label(&source->files, picture, &source->options, &ret->scratch[0], &ret->label,
                      fault, err));
    if (source->options.label_from > LABEL_DIRECTORY)
        digester_add_field(digester, ret->label.data, ret->label.size);
    for (size_t i = 0; columns != NULL && i < columns->count; i++) {
        TRY(picture_text(&source->files, picture, columns->items[i], &source->options,
                         &ret->scratch[i + 1], &ret->texts[i], fault, err));
        digester_add_field(digester, ret->texts[i].data, ret->texts[i].size);
    }
    return STATUS_OK;
}

static enum status build_text_or_null(struct builder *builder, struct str text, struct err *err)
{
    return text.data == NULL ? build_null(builder, err) : build_text(builder, text, err);
}

static enum status build_row(const struct source *source, const char *path, struct str bytes,
                             const struct picture_header *header, const struct sidecars *sidecars,
                             struct batch_builder *builder, struct err *err)
{
    TRY(build_text(batch_builder_column(builder, PATH), str_of(path), err));
    TRY(build_text_or_null(batch_builder_column(builder, LABEL), sidecars->label, err));
    TRY(build_text(batch_builder_column(builder, IMAGE), bytes, err));
    TRY(build_text(batch_builder_column(builder, FORMAT), str_of(picture_kind_name(header->kind)),
                   err));
    TRY(build_int(batch_builder_column(builder, WIDTH), header->width, err));
    TRY(build_int(batch_builder_column(builder, HEIGHT), header->height, err));
    TRY(build_int(batch_builder_column(builder, BYTES), (int64_t)bytes.size, err));
    for (size_t i = SIDECAR; i < source->schema->count; i++)
        TRY(build_text_or_null(batch_builder_column(builder, i), sidecars->texts[i - SIDECAR],
                               err));
    return STATUS_OK;
}

static enum status reject_member(struct source_rows *rows, const struct listed_file *picture,
                                 int64_t record, struct str bytes, const struct file_fault *fault,
                                 struct err *err)
{
    char shown[512];
    (void)escape_for_terminal(str_of(picture->path), shown, sizeof shown);
    char *message = arena_format(rows->arena, "%s: %s", shown, fault->message);
    char *raw = arena_text(rows->arena, bytes.data, bytes.size);
    if (message == NULL || raw == NULL) return fail_memory(err, bytes.size);
    struct reject reject = {
        .record = record,
        .byte_offset = 0,
        .line = -1,
        .rule = fault->rule,
        .message = str_of(message),
        .raw = {raw, bytes.size},
        .path = file_path_text(picture->path),
    };
    return source_rows_reject(rows, &reject, err);
}

static void check_name(const char *path, struct file_fault *fault)
{
    if (fault->rule == NULL && !utf8_valid(path, strlen(path)))
        file_fault_set(fault, "encoding", "the name of the file is not UTF-8");
}

static enum status convert_member(const struct source *source, size_t index, struct bytes *buffer,
                                  struct sidecars *sidecars, struct batch_builder *builder,
                                  struct source_rows *ret, struct err *err)
{
    const struct listed_file *picture = picture_at(source, index);
    struct picture_header header = {0};
    struct file_fault fault = {0};
    struct digester digester;
    buffer->size = 0;
    TRY(listed_file_read(&source->files, picture, source->options.picture_limit, buffer, &fault,
                         err));
    struct str bytes = {(const char *)buffer->data, buffer->size};
    digester_begin(&digester);
    digester_add(&digester, bytes.data, bytes.size);
    source->alone[index] = digest_of(bytes.data, bytes.size);
    ret->bytes += (int64_t)bytes.size;
    check_name(picture->path, &fault);
    if (fault.rule == NULL) TRY(check_header(source, bytes, &header, &fault, err));
    if (header.no_memory) return fail_memory(err, bytes.size);
    if (fault.rule == NULL) TRY(read_sidecars(source, picture, sidecars, &digester, &fault, err));
    source->digests[index] = digester_end(&digester);
    int64_t record = source->marks.before + (int64_t)index + 1;
    if (fault.rule != NULL) return reject_member(ret, picture, record, bytes, &fault, err);
    ret->records[batch_builder_rows(builder)] = record;
    return build_row(source, picture->path, bytes, &header, sidecars, builder, err);
}

static enum status convert_images(const struct source *source, struct source_piece *piece,
                                  struct source_rows *ret, struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    OWNED(bytes_release) struct bytes buffer = bytes_limited(source->options.picture_limit);
    OWNED(sidecars_close) struct sidecars sidecars = {0};
    if (buffer.limit < RAW_BYTES_MAXIMUM) buffer.limit = RAW_BYTES_MAXIMUM;
    TRY(arena_open(&ret->arena, err));
    TRY(sidecars_open(&sidecars, &source->options, err));
    TRY(NEW(&ret->records, piece->count, err));
    TRY(batch_builder_open(&builder, source->schema, (int64_t)piece->count, err));
    for (size_t i = 0; i < piece->count; i++)
        TRY(convert_member(source, piece->first + i, &buffer, &sidecars, builder, ret, err));
    return batch_builder_finish(builder, &ret->batch, err);
}

static enum status place_images(const struct source *source, const struct source_piece *piece,
                                int64_t number, struct bytes *scratch, struct source_place *ret,
                                bool *ret_here, struct err *err)
{
    size_t index = (size_t)number - 1;
    struct file_fault fault = {0};
    *ret_here = index < piece->first + piece->count;
    if (!*ret_here) return STATUS_OK;
    const struct listed_file *picture = picture_at(source, index);
    TRY(listed_file_read(&source->files, picture, source->options.picture_limit, scratch, &fault,
                         err));
    if (fault.rule != NULL && strcmp(fault.rule, "empty file") != 0)
        return fail(err, STATUS_FAILED, "\"%s\": %s", picture->path, fault.message);
    *ret = (struct source_place){.raw = {(const char *)scratch->data, scratch->size},
                                 .byte_offset = 0,
                                 .line = -1,
                                 .path = file_path_text(picture->path)};
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

static enum status reader_images(const struct source *source, struct bytes *json, struct err *err)
{
    struct retry_reader reader = {.label_from = source->options.label_from};
    if (source->options.sidecars != NULL) reader.sidecars = *source->options.sidecars;
    return retry_reader_text(json, "images", &reader, err);
}

/* ---- the end ---- */

static bool is_one(const struct source *source)
{
    return !source->files.folder && source->options.bundle == NULL;
}

static enum status describe_images(struct source *source, struct source_record *ret,
                                   struct err *err)
{
    struct digester digester;
    digester_begin(&digester);
    for (size_t i = 0; i < source->files.chosen_count; i++) {
        const struct listed_file *picture = picture_at(source, i);
        digester_add_field(&digester, picture->path, strlen(picture->path));
        digester_add(&digester, source->digests[i].bytes, DIGEST_BYTES);
        ret->bytes += picture->bytes;
    }
    ret->kind = "images";
    ret->digest = is_one(source) ? source->alone[0] : digester_end(&digester);
    ret->records = source->marks.before + (int64_t)source->files.chosen_count;
    ret->modified = (int64_t)source->files.info.st_mtim.tv_sec * 1000000 +
                    source->files.info.st_mtim.tv_nsec / 1000;
    if (source->marks.options == NULL) return STATUS_OK;
    for (size_t i = 0; i < source->files.chosen_count; i++)
        TRY(member_marks_move(&source->marks, picture_at(source, i), &source->alone[i],
                              source->options.picture_limit, err));
    return member_marks_end(&source->marks, ret->records, err);
}

static size_t count_members(const struct source *source)
{
    return is_one(source) ? 0 : source->files.chosen_count;
}

static void member_of(const struct source *source, size_t index, struct source_member *ret)
{
    const struct listed_file *picture = picture_at(source, index);
    *ret = (struct source_member){.path = picture->path,
                                  .record = source->marks.before + (int64_t)index + 1,
                                  .bytes = picture->bytes,
                                  .digest = &source->alone[index]};
}

static void remark_images(const struct source *source, char *ret, size_t room)
{
    long long others = (long long)source->other_files, links = (long long)source->files.not_files;
    char what[64] = "";
    ret[0] = '\0';
    if (links > 0)
        snprintf(what, sizeof what, "%lld link%s or device%s", links, links == 1 ? "" : "s",
                 links == 1 ? "" : "s");
    if (others > 0)
        snprintf(ret, room, "%lld other file%s%s%s ignored%s", others, others == 1 ? "" : "s",
                 links > 0 ? " and " : "", what, source->hint);
    else if (links > 0)
        snprintf(ret, room, "%s ignored", what);
    member_marks_remark(&source->marks, ret, room);
}

static void close_images(struct source **source)
{
    struct source *s = *source;
    if (s == NULL) return;
    schema_unref(&s->schema);
    file_list_release(&s->files);
    input_close(&s->one.input);
    spool_close(&s->one.spool);
    memory_free(s->digests);
    memory_free(s->alone);
    arena_close(&s->arena);
    memory_free(s);
    *source = NULL;
}

static int recognise_images(const struct source_probe *probe)
{
    if (probe->directory || probe->bundle) return 100;
    struct str head = {(const char *)probe->head, probe->head_size};
    if (picture_signature(head) != PICTURE_NONE) return 100;
    return probe->path != NULL && named_as_picture(probe->path) ? 90 : 0;
}

const struct source_kind source_images = {
    .name = "images",
    .summary = "folders and archives of PNG and JPEG pictures",
    .reference = "ISO/IEC 15948 (PNG), ITU-T T.81 (JPEG)",
    .passes = 1,
    .bundles = true,
    .recognise = recognise_images,
    .open = open_images,
    .schema = schema_images,
    .cut = cut_images,
    .convert = convert_images,
    .free_piece = free_images_piece,
    .describe = describe_images,
    .members = true,
    .member_count = count_members,
    .member = member_of,
    .late_digest = true,
    .place = place_images,
    .raws = raws_images,
    .reader = reader_images,
    .remark = remark_images,
    .close = close_images,
};
