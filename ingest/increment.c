/* ingest/increment.c: see increment.h. */
#include "ingest/increment.h"

#include "base/digest.h"
#include "lineage/version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define POSITION_BYTES 1024
#define READ_BYTES     (1u << 20)
#define FRESH_SECONDS  2 /* a file that was written to a moment ago may change unnoticed */

struct position {
    bool known, whole; /* whole: an object that cannot grow */
    uint64_t offset, first_bytes;
    int64_t records, lines;
    char digest[DIGEST_TEXT];
    char stamp[INCREMENT_STAMP]; /* of the file when it was read; empty = was too fresh to tell */
};

struct known {
    struct known *next;
    const char *name, *path; /* path NULL: whole, and `content` is its digest */
    struct digest content;
    struct digester prefix; /* over the bytes before resume.offset */
    struct source_resume resume;
    char stamp[INCREMENT_STAMP];
};

struct increment {
    struct watermarks *watermarks;
    char version[300];
    struct schema *schema;
    struct increment_options options;
    struct arena *arena;
    struct known *known; /* sources that are read */
    int64_t unchanged, left_out, again;
    int64_t waiting; /* bytes without the end of their record */
};

/* ---- opening ---- */

static enum status learn_schema(struct increment *increment, struct run *run, const char *into,
                                struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    struct version version;
    int64_t number = watermarks_version(increment->watermarks);
    if (number == 0) return STATUS_OK;
    snprintf(increment->version, sizeof increment->version, "%s@%" PRId64, into, number);
    TRY(version_resolve(run_store(run), increment->version, &version, err));
    TRY(version_reader_open(&reader, run_store(run), &version, 1, err));
    const struct schema *schema = version_reader_schema(reader);
    TRY(schema_new(&increment->schema, err));
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        bool ours = strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0;
        struct field field = schema->fields[i];
        if (ours && increment->options.provenance) continue;
        if (strcmp(name, "origin." COLUMN_SOURCE) == 0) field.name = COLUMN_SOURCE;
        if (strcmp(name, "origin." COLUMN_RECORD) == 0) field.name = COLUMN_RECORD;
        TRY(schema_add(increment->schema, &field, err));
    }
    for (size_t i = 0; i < schema->metadata.count; i++)
        TRY(schema_add_metadata(increment->schema, schema->metadata.pairs[i].key,
                                schema->metadata.pairs[i].value, err));
    bool had = schema_find(schema, str_of(COLUMN_SOURCE)) >= 0;
    if (had == increment->options.provenance) return STATUS_OK;
    return fail(err, STATUS_USAGE, "\"%s\" %s the columns _source and _record, %s",
                increment->version, had ? "has" : "has not",
                had ? "and --no-provenance is given" : "expected --no-provenance");
}

enum status increment_open(struct increment **ret, struct run *run, const char *into,
                           const struct increment_options *options, struct err *err)
{
    OWNED(increment_close) struct increment *increment = NULL;
    TRY(NEW(&increment, 1, err));
    increment->options = *options;
    TRY(arena_open(&increment->arena, err));
    TRY(watermarks_open(&increment->watermarks, run, into, err));
    TRY(learn_schema(increment, run, into, err));
    *ret = increment;
    increment = NULL;
    return STATUS_OK;
}

struct watermarks *increment_watermarks(const struct increment *increment)
{
    return increment->watermarks;
}

const struct schema *increment_schema(const struct increment *increment)
{
    return increment->schema;
}

const char *increment_version(const struct increment *increment)
{
    return increment->version;
}

enum status increment_check(const struct increment *increment, const struct schema *schema,
                            struct err *err)
{
    const struct schema *before = increment->schema;
    char here[128], there[128];
    if (before == NULL || schema_equal(before, schema)) return STATUS_OK;
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        if (i < before->count && field_equal(&before->fields[i], field) &&
            strcmp(before->fields[i].name, field->name) == 0)
            continue;
        (void)fail(err, STATUS_FAILED, "column %zu is \"%s\" (%s) and was %s in %s", i + 1,
                   field->name, field_type_text(field, here, sizeof here),
                   i < before->count ? field_type_text(&before->fields[i], there, sizeof there)
                                     : "absent",
                   increment->version);
        err_hint(err, "rows of other columns or types go into a dataset of their own: --into");
        return STATUS_FAILED;
    }
    return fail(err, STATUS_FAILED, "column \"%s\" of %s is gone",
                before->fields[schema->count].name, increment->version);
}

/* ---- positions ---- */

static enum status read_position(struct increment *increment, const char *name,
                                 struct position *ret, struct err *err)
{
    static const char *const kinds[] = {"bytes", "object"};
    *ret = (struct position){0};
    for (size_t i = 0; i < 2 && !ret->known; i++) {
        OWNED(bytes_release) struct bytes text = bytes_limited(POSITION_BYTES);
        TRY(watermark_read(increment->watermarks, name, kinds[i], str_of(""), &text, &ret->known,
                           err));
        if (!ret->known) continue;
        TRY(bytes_append(&text, "", 1, err));
        ret->whole = i == 1;
        int found = sscanf(
            (const char *)text.data,
            "{\"offset\":%" SCNu64 ",\"records\":%" SCNd64 ",\"lines\":%" SCNd64
            ",\"first_bytes\":%" SCNu64 ",\"digest\":\"%64[0-9a-f]\",\"stamp\":\"%127[^\"]",
            &ret->offset, &ret->records, &ret->lines, &ret->first_bytes, ret->digest, ret->stamp);
        if (found < 5)
            return fail(err, STATUS_FAILED, "its position in the catalog has another form");
    }
    return STATUS_OK;
}

static enum status write_position(struct increment *increment, const char *name, bool whole,
                                  const struct position *position, struct err *err)
{
    char text[POSITION_BYTES];
    snprintf(text, sizeof text,
             "{\"offset\":%" PRIu64 ",\"records\":%" PRId64 ",\"lines\":%" PRId64
             ",\"first_bytes\":%" PRIu64 ",\"digest\":\"%s\",\"stamp\":\"%s\"}",
             position->offset, position->records, position->lines, position->first_bytes,
             position->digest, position->stamp);
    return watermark_move(increment->watermarks, name, whole ? "object" : "bytes", str_of(""),
                          str_of(text), err);
}

void increment_stamp(const struct stat *info, char ret[INCREMENT_STAMP])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ret[0] = '\0';
    if (now.tv_sec - info->st_ctim.tv_sec < FRESH_SECONDS) return;
    snprintf(ret, INCREMENT_STAMP, "%lld-%lld.%09ld-%lld.%09ld-%llu", (long long)info->st_size,
             (long long)info->st_mtim.tv_sec, info->st_mtim.tv_nsec,
             (long long)info->st_ctim.tv_sec, info->st_ctim.tv_nsec,
             (unsigned long long)info->st_ino);
}

/* ---- bytes ---- */

/* Adds the bytes from `from` to `end`. */
static enum status digest_input(struct input *input, uint64_t from, uint64_t end,
                                struct digester *digester, struct err *err)
{
    OWNED(memory_release) uint8_t *buffer = memory_get_raw(READ_BYTES, 1);
    if (buffer == NULL) return fail_memory(err, READ_BYTES);
    while (from < end) {
        size_t size = end - from < READ_BYTES ? (size_t)(end - from) : READ_BYTES;
        TRY(interrupted(err));
        TRY(input_read_at(input, buffer, size, from, err));
        digester_add(digester, buffer, size);
        from += size;
    }
    return STATUS_OK;
}

static enum status digest_range(const char *path, uint64_t from, uint64_t end,
                                struct digester *digester, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    return digest_input(input, from, end, digester, err);
}

/* Whether the file has a line end at all: a header without one is not whole. */
static enum status has_line(const char *path, uint64_t size, bool *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(memory_release) uint8_t *buffer = memory_get_raw(READ_BYTES, 1);
    if (buffer == NULL) return fail_memory(err, READ_BYTES);
    TRY(input_open(&input, path, err));
    *ret = false;
    for (uint64_t at = 0; at < size && !*ret; at += READ_BYTES) {
        size_t part = size - at < READ_BYTES ? (size_t)(size - at) : READ_BYTES;
        TRY(input_read_at(input, buffer, part, at, err));
        *ret = memchr(buffer, '\n', part) != NULL || memchr(buffer, '\r', part) != NULL;
    }
    return STATUS_OK;
}

/* Whether a record can end there. */
static enum status ends_a_line(const char *path, uint64_t end, bool *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    char last = '\n';
    TRY(input_open(&input, path, err));
    if (end > 0) TRY(input_read_at(input, &last, 1, end - 1, err));
    *ret = last == '\n' || last == '\r';
    return STATUS_OK;
}

/* ---- admitting ---- */

static enum status changed(struct increment *increment, const char *name, const char *how,
                           bool *ret_read, struct err *err)
{
    enum changed_action action = increment->options.changed;
    *ret_read = action == CHANGED_AGAIN;
    increment->left_out += action == CHANGED_SKIP;
    increment->again += *ret_read;
    if (action != CHANGED_FAIL) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "\"%s\" %s", name, how);
    err_hint(err, "--changed skip leaves it out; --changed again reads all of it once more, behind "
                  "the rows it gave before");
    return STATUS_FAILED;
}

static enum status admit_known(struct increment *increment, const char *path, const char *name,
                               const struct position *position, const struct stat *info,
                               struct known *known, bool *ret_read, struct err *err)
{
    char digest[DIGEST_TEXT];
    uint64_t size = (uint64_t)info->st_size;
    bool untouched = position->stamp[0] != '\0' && strcmp(position->stamp, known->stamp) == 0;
    bool more = size > position->offset, whole_record = true;
    *ret_read = false;
    if (untouched && (!more || known->resume.whole_records)) {
        increment->unchanged++;
        increment->waiting += (int64_t)(size - position->offset);
        return STATUS_OK;
    }
    if (size < position->offset)
        return changed(increment, name, "is shorter than when it was read", ret_read, err);
    TRY(digest_range(path, 0, position->offset, &known->prefix, err));
    struct digester copy = known->prefix;
    struct digest found = digester_end(&copy);
    if (strcmp(digest_text(&found, digest), position->digest) != 0)
        return changed(increment, name, "is not what it was when it was read", ret_read, err);
    if (more && position->whole)
        return changed(increment, name, "grew, and its kind cannot be continued", ret_read, err);
    if (more) TRY(ends_a_line(path, position->offset, &whole_record, err));
    if (!whole_record)
        return changed(increment, name, "goes on in the record that was read without its end",
                       ret_read, err);
    increment->unchanged += !more;
    *ret_read = more;
    known->resume.offset = position->offset;
    known->resume.first_bytes = position->first_bytes;
    known->resume.records = position->records;
    known->resume.lines = position->lines;
    return STATUS_OK;
}

static enum status find_known(struct increment *increment, const char *name, struct known **ret,
                              struct err *err)
{
    /* the state of a digest is aligned to more than an arena gives */
    const size_t alignment = _Alignof(struct known);
    uint8_t *room = arena_get(increment->arena, 1, sizeof **ret + alignment);
    if (room == NULL) return fail_memory(err, sizeof **ret);
    room += alignment - (uintptr_t)room % alignment;
    *ret = (struct known *)(void *)room;
    (*ret)->name = name;
    digester_begin(&(*ret)->prefix);
    return STATUS_OK;
}

static enum status admit_file(struct increment *increment, const char *path, const char *name,
                              struct known *known, bool can_grow, bool *ret_read, struct err *err)
{
    struct position position;
    struct stat info;
    bool whole_line = true;
    if (stat(path, &info) != 0) return fail_errno(err, errno, "it cannot be opened");
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_USAGE, "\"%s\": --incremental reads files, found none", name);
    increment_stamp(&info, known->stamp);
    TRY(read_position(increment, name, &position, err));
    known->resume.whole_records = can_grow && !increment->options.take_last;
    if (position.known)
        return admit_known(increment, path, name, &position, &info, known, ret_read, err);
    if (known->resume.whole_records) TRY(has_line(path, (uint64_t)info.st_size, &whole_line, err));
    if (!whole_line) increment->waiting += info.st_size;
    *ret_read = whole_line;
    return STATUS_OK;
}

/* What was unpacked is known by all of its bytes. */
static enum status admit_content(struct increment *increment, const struct object *object,
                                 const char *name, struct known *known, bool *ret_read,
                                 struct err *err)
{
    struct input *input = object->bundle != NULL ? object->bundle->input : object->input;
    struct position position;
    char digest[DIGEST_TEXT];
    if (input == NULL || input_size(input) < 0) {
        (void)fail(err, STATUS_USAGE, "\"%s\" is a stream: what is new in it cannot be told", name);
        err_hint(err, "name a file, or leave --incremental out");
        return STATUS_USAGE;
    }
    TRY(digest_input(input, 0, (uint64_t)input_size(input), &known->prefix, err));
    known->content = digester_end(&known->prefix);
    TRY(read_position(increment, name, &position, err));
    *ret_read = !position.known;
    if (!position.known) return STATUS_OK;
    bool same = strcmp(digest_text(&known->content, digest), position.digest) == 0;
    increment->unchanged += same;
    return same ? STATUS_OK
                : changed(increment, name, "is not what it was when it was read", ret_read, err);
}

static bool is_folder(const struct object *object)
{
    struct stat info;
    return object->path != NULL && object->bundle == NULL && stat(object->path, &info) == 0 &&
           S_ISDIR(info.st_mode);
}

enum status increment_admit(struct increment *increment, const struct source_kind *kind,
                            const struct object *object, const char *name, bool *ret_read,
                            struct source_resume *ret_resume, struct err *err)
{
    struct known *known = NULL;
    *ret_read = true;
    *ret_resume = (struct source_resume){0};
    if (kind->incremental || (kind->members && is_folder(object))) return STATUS_OK;
    TRY(find_known(increment, name, &known, err));
    known->path = object->bundle != NULL ? NULL : object->path;
    if (known->path != NULL)
        TRY(admit_file(increment, known->path, name, known, kind->reached != NULL, ret_read, err));
    else
        TRY(admit_content(increment, object, name, known, ret_read, err));
    if (!*ret_read) return STATUS_OK;
    if (known->resume.offset == 0) digester_begin(&known->prefix);
    *ret_resume = known->resume;
    known->next = increment->known;
    increment->known = known;
    return STATUS_OK;
}

/* ---- the end ---- */

enum status increment_moved(struct increment *increment, const struct source_kind *kind,
                            const struct source *source, struct source_record *record,
                            struct err *err)
{
    struct known *known = increment->known;
    struct source_resume reached = {0};
    struct position position = {.known = true};
    while (known != NULL && strcmp(known->name, record->name) != 0)
        known = known->next;
    if (known == NULL) return STATUS_OK; /* the kind does it by itself */
    if (kind->reached != NULL && known->path != NULL) kind->reached(source, &reached);
    bool grows = reached.offset > 0;
    if (grows) increment->waiting += record->bytes - (int64_t)reached.offset;
    if (grows && reached.records == 0) return STATUS_OK; /* as if it were new */
    position.offset = grows ? reached.offset : (uint64_t)record->bytes;
    position.records = grows ? reached.records : record->records;
    position.lines = reached.lines;
    position.first_bytes =
        known->resume.first_bytes > 0 ? known->resume.first_bytes : (uint64_t)record->bytes;
    if (known->path != NULL)
        TRY(digest_range(known->path, known->resume.offset, position.offset, &known->prefix, err));
    record->digest = known->path != NULL ? digester_end(&known->prefix) : known->content;
    record->bytes = (int64_t)position.offset;
    digest_text(&record->digest, position.digest);
    snprintf(position.stamp, sizeof position.stamp, "%s", known->stamp);
    return write_position(increment, record->name, !grows, &position, err);
}

static void add_remark(char *ret, size_t room, int64_t count, const char *one, const char *many)
{
    size_t used = strlen(ret);
    if (count > 0)
        snprintf(ret + used, room - used, "%s%" PRId64 " %s", used == 0 ? "" : ", ", count,
                 count == 1 ? one : many);
}

void increment_left_unread(struct increment *increment, int64_t count)
{
    increment->unchanged += count;
}

void increment_remark(const struct increment *increment, char *ret, size_t room)
{
    ret[0] = '\0';
    add_remark(ret, room, increment->unchanged, "source unchanged", "sources unchanged");
    add_remark(ret, room, increment->left_out, "changed source left out",
               "changed sources left out");
    add_remark(ret, room, increment->again, "changed source read again",
               "changed sources read again");
    add_remark(ret, room, increment->waiting, "byte waits for the end of its record",
               "bytes wait for the end of their record");
}

void increment_close(struct increment **increment)
{
    struct increment *gone = *increment;
    *increment = NULL;
    if (gone == NULL) return;
    watermarks_close(&gone->watermarks);
    schema_unref(&gone->schema);
    arena_close(&gone->arena);
    memory_free(gone);
}
