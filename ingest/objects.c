/* ingest/objects.c: what the operands stand for, once their wrapping is off. */
#include "ingest/objects.h"

#include "base/address.h"

#include <errno.h>
#include <sys/stat.h>

#define PROBE_BYTES    4096
#define LAYERS_MAXIMUM 2 /* of compression; one may be the server's */
#define NAME_BYTES     (1u << 20)

/* ---- lists ---- */

static enum status make_room(void *list_pointer, size_t count, size_t *room, size_t size,
                             struct err *err)
{
    void **list = list_pointer;
    if (count < *room) return STATUS_OK;
    size_t more = *room == 0 ? 16 : *room * 2;
    void *grown = memory_resize(*list, more, size);
    if (grown == NULL) return fail_memory(err, more * size);
    *list = grown;
    *room = more;
    return STATUS_OK;
}

static enum status copy_text(struct objects *objects, const char *text, size_t size,
                             const char **ret, struct err *err)
{
    *ret = arena_text(objects->arena, text, size);
    return *ret == NULL ? fail_memory(err, size) : STATUS_OK;
}

/* Takes *input. */
static enum status add_object(struct objects *objects, const struct object *object,
                              struct input **input, struct err *err)
{
    TRY(make_room(&objects->items, objects->count, &objects->room, sizeof *objects->items, err));
    struct object *added = &objects->items[objects->count++];
    *added = *object;
    if (input != NULL) {
        added->input = *input;
        *input = NULL;
    }
    return STATUS_OK;
}

static enum status add_reject(struct objects *objects, const char *archive, size_t member,
                              const char *rule, const char *path, const char *message,
                              struct err *err)
{
    char shown[256];
    TRY(make_room(&objects->rejects, objects->reject_count, &objects->reject_room,
                  sizeof *objects->rejects, err));
    const char *text = arena_format(
        objects->arena, "%s: %s", escape_for_terminal(str_of(path), shown, sizeof shown), message);
    if (text == NULL) return fail_memory(err, strlen(path));
    objects->rejects[objects->reject_count++] = (struct object_reject){
        .archive = archive,
        .member = (int64_t)member + 1,
        .rule = rule,
        .message = text,
        .path = path,
    };
    return STATUS_OK;
}

/* ---- compression ---- */

/* The first bytes, without holding on to room for them where the input has random access. */
static enum status first_bytes(struct input *input, uint8_t *head, size_t room, size_t *ret_size,
                               struct err *err)
{
    int64_t size = input_size(input);
    if (size < 0) return input_peek(input, head, room, ret_size, err);
    *ret_size = (uint64_t)size < room ? (size_t)size : room;
    return input_read_at(input, head, *ret_size, 0, err);
}

/* Puts what is left of *input into the spool and gives back an input on it. */
static enum status spool_input(struct objects *objects, struct input **input, struct err *err)
{
    OWNED(input_close) struct input *taken = *input;
    *input = NULL;
    TRY(spool_add(&objects->spool, "", 0, err)); /* also for no bytes at all */
    uint64_t begin = objects->spool.size;
    TRY(spool_fill(&objects->spool, taken, err));
    return spool_rest(&objects->spool, begin, input_name(taken), input, err);
}

/* Takes compression off; *seen loses its ending. */
static enum status unpack(struct objects *objects, struct input **input, const char **seen,
                          const struct unpack_limits *limits, struct err *err)
{
    uint8_t head[PACKING_HEAD];
    for (int layer = 0;; layer++) {
        size_t size = 0;
        TRY(first_bytes(*input, head, sizeof head, &size, err));
        const struct packing *packing = packing_of(head, size);
        if (packing == NULL) return STATUS_OK;
        if (layer == LAYERS_MAXIMUM)
            return fail(err, STATUS_FAILED, "found %s data packed more than %d times",
                        packing_name(packing), LAYERS_MAXIMUM);
        if (*seen != NULL)
            TRY(copy_text(objects, *seen, packing_plain_name(packing, *seen), seen, err));
        TRY(input_unpack(input, input, packing, limits, err));
        TRY(spool_input(objects, input, err));
    }
}

/* ---- archives ---- */

static enum status recognise_member(const struct bundle *bundle, const struct bundle_member *member,
                                    const struct source_kind **ret, struct err *err)
{
    uint8_t head[PROBE_BYTES];
    struct source_probe probe = {.path = member->path, .head = head};
    probe.head_size = member->bytes < sizeof head ? (size_t)member->bytes : sizeof head;
    TRY(bundle_read(bundle, member, head, probe.head_size, 0, err));
    *ret = NULL;
    return source_kind_recognise(ret, &probe, NULL) == STATUS_MEMORY ? fail_memory(err, 0)
                                                                     : STATUS_OK;
}

/* A picture makes the archive one of pictures. */
static enum status is_taken_whole(const struct bundle *bundle, const struct objects_wanted *wanted,
                                  bool *ret, struct err *err)
{
    *ret = wanted->kind != NULL && wanted->kind->bundles;
    for (size_t i = 0; wanted->kind == NULL && !*ret && i < bundle->count; i++) {
        const struct bundle_member *member = &bundle->items[i];
        const struct source_kind *kind = NULL;
        if (member->rule != NULL || bundle_is_note(member)) continue;
        TRY(recognise_member(bundle, member, &kind, err));
        *ret = kind != NULL && kind->bundles &&
               kind->recognise(&(struct source_probe){.bundle = true}) > 0;
    }
    return STATUS_OK;
}

static enum status open_member(struct objects *objects, const struct bundle *bundle, size_t index,
                               const struct object *from, const struct objects_wanted *wanted,
                               struct err *err)
{
    const char *archive = from->name;
    const struct bundle_member *member = &bundle->items[index];
    OWNED(input_close) struct input *input = NULL;
    uint8_t head[BUNDLE_HEAD];
    size_t size = 0;
    struct object object = {.seen = member->path, .address = from->address, .facts = from->facts};
    if (member->rule != NULL)
        return add_reject(objects, archive, index, member->rule, member->path, member->message,
                          err);
    TRY(bundle_input(bundle, member, &input, err));
    TRY(unpack(objects, &input, &object.seen, &wanted->limits.unpack, err));
    TRY(first_bytes(input, head, sizeof head, &size, err));
    if (bundle_kind_of(head, size) != BUNDLE_NONE)
        return add_reject(objects, archive, index, "nested archive", member->path,
                          "found an archive in an archive, expected a file", err);
    object.name = arena_format(objects->arena, "%s/%s", archive, member->path);
    if (object.name == NULL) return fail_memory(err, strlen(member->path));
    return add_object(objects, &object, &input, err);
}

static enum status fail_no_member(const struct objects *objects, const char *only, size_t rejects,
                                  struct err *err)
{
    if (objects->reject_count > rejects)
        return fail(err, STATUS_FAILED, "none of its members can be read, the first: %s",
                    objects->rejects[rejects].message);
    if (only != NULL) return fail(err, STATUS_FAILED, "it has no member \"%s\"", only);
    return fail(err, STATUS_FAILED, "the archive has no member, expected files in it");
}

/* Each member, or the one named `only`, as an object. */
static enum status open_members(struct objects *objects, const struct bundle *bundle,
                                const struct object *archive, const char *only,
                                const struct objects_wanted *wanted, struct err *err)
{
    size_t before = objects->count, rejects = objects->reject_count;
    for (size_t i = 0; i < bundle->count; i++) {
        const char *path = bundle->items[i].path;
        char shown[256];
        if (only != NULL && strcmp(path, only) != 0) continue;
        objects->ignored += only == NULL && bundle_is_note(&bundle->items[i]);
        if (only == NULL && bundle_is_note(&bundle->items[i])) continue;
        enum status status = open_member(objects, bundle, i, archive, wanted, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "member \"%s\"",
                               escape_for_terminal(str_of(path), shown, sizeof shown));
    }
    return objects->count == before ? fail_no_member(objects, only, rejects, err) : STATUS_OK;
}

/* Takes *input. */
static enum status open_bundle(struct objects *objects, struct input **input, enum bundle_kind kind,
                               const struct object *object, const char *only,
                               const struct objects_wanted *wanted, struct err *err)
{
    bool whole = false;
    if (input_size(*input) < 0) TRY(spool_input(objects, input, err));
    TRY(make_room(&objects->bundles, objects->bundle_count, &objects->bundle_room,
                  sizeof *objects->bundles, err));
    struct bundle **bundle = &objects->bundles[objects->bundle_count];
    *bundle = NULL;
    TRY(bundle_open(bundle, input, kind, &wanted->limits, err));
    objects->bundle_count++;
    if (only == NULL) TRY(is_taken_whole(*bundle, wanted, &whole, err));
    if (!whole) return open_members(objects, *bundle, object, only, wanted, err);
    struct object added = *object;
    added.bundle = *bundle;
    return add_object(objects, &added, NULL, err);
}

/* ---- operands ---- */

/* Takes *input: what a file, stdin or a server holds. `only`: one member of an archive. */
static enum status open_input(struct objects *objects, struct input **input, struct object *object,
                              const char *only, const struct objects_wanted *wanted,
                              struct err *err)
{
    uint8_t head[BUNDLE_HEAD];
    size_t size = 0;
    TRY(unpack(objects, input, &object->seen, &wanted->limits.unpack, err));
    if (object->address != NULL && input_size(*input) < 0) TRY(spool_input(objects, input, err));
    TRY(first_bytes(*input, head, sizeof head, &size, err));
    enum bundle_kind kind = bundle_kind_of(head, size);
    if (kind != BUNDLE_NONE) return open_bundle(objects, input, kind, object, only, wanted, err);
    if (only != NULL) return fail(err, STATUS_FAILED, "found a file, expected a tar or zip file");
    bool as_it_is = object->path != NULL && input_descriptor(*input) >= 0;
    if (as_it_is) return add_object(objects, object, NULL, err);
    object->path = NULL;
    return add_object(objects, object, input, err);
}

static enum status open_file(struct objects *objects, const char *path, struct object *object,
                             const char *only, const struct objects_wanted *wanted, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    object->path = input_size(input) >= 0 ? path : NULL;
    object->seen = path;
    return open_input(objects, &input, object, only, wanted, err);
}

/* "a.zip/b.csv": the file, cut off in place at its slash, and the member. False where no part of
 * the path is a file. */
static bool split_member(char *path, const char **ret_member)
{
    struct stat info;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (stat(path, &info) != 0) return false;
        if (S_ISREG(info.st_mode)) {
            *ret_member = slash + 1;
            return slash[1] != '\0';
        }
        *slash = '/';
    }
    return false;
}

static enum status open_path(struct objects *objects, const char *path, struct object *object,
                             const struct objects_wanted *wanted, struct err *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        object->path = object->seen = path;
        if (S_ISDIR(info.st_mode)) return add_object(objects, object, NULL, err);
        return open_file(objects, path, object, NULL, wanted, err);
    }
    int reason = errno;
    const char *member = NULL;
    char *file = reason == ENOTDIR ? arena_text(objects->arena, path, strlen(path)) : NULL;
    if (file == NULL || !split_member(file, &member))
        return fail_errno(err, reason, "it cannot be opened");
    struct object archive = {.name = file};
    return open_file(objects, file, &archive, member, wanted, err);
}

enum status objects_are_there(char *const *operands, size_t count, struct err *err)
{
    struct stat info;
    for (size_t i = 0; i < count; i++) {
        bool version = strncmp(operands[i], "tamis:", 6) == 0;
        if (strcmp(operands[i], "-") == 0 || is_address(operands[i]) || version) continue;
        if (stat(operands[i], &info) == 0 || errno != ENOENT) continue; /* ENOTDIR: a member */
        return fail_errno(err, ENOENT, "\"%s\": it cannot be opened", operands[i]);
    }
    return STATUS_OK;
}

/* "a.csv" of "http://host/x/a.csv?key#part" */
static enum status name_in_address(struct objects *objects, const char *shown, const char **ret,
                                   struct err *err)
{
    size_t size = strcspn(shown, "?#");
    const char *slash = memrchr(shown, '/', size);
    const char *name = slash == NULL ? shown : slash + 1;
    return copy_text(objects, name, size - (size_t)(name - shown), ret, err);
}

#define ETAG_ITEM     "etag"
#define MODIFIED_ITEM "last-modified"

static enum status read_fact(struct watermarks *watermarks, const char *address, const char *item,
                             char *ret, size_t room, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(room - 1);
    bool found = false;
    ret[0] = '\0';
    if (watermarks == NULL) return STATUS_OK;
    TRY(watermark_read(watermarks, address, "etag", str_of(item), &text, &found, err));
    if (text.size > 0) memcpy(ret, text.data, text.size);
    ret[text.size] = '\0';
    return STATUS_OK;
}

static enum status known_facts(struct watermarks *watermarks, const char *address,
                               struct http_facts *ret, struct err *err)
{
    *ret = (struct http_facts){0};
    TRY(read_fact(watermarks, address, ETAG_ITEM, ret->etag, sizeof ret->etag, err));
    return read_fact(watermarks, address, MODIFIED_ITEM, ret->last_modified,
                     sizeof ret->last_modified, err);
}

static enum status write_fact(struct watermarks *watermarks, const char *address, const char *item,
                              const char *fact, struct err *err)
{
    if (!utf8_valid(fact, strlen(fact))) fact = "";
    return watermark_move(watermarks, address, "etag", str_of(item), str_of(fact), err);
}

enum status object_moved(const struct object *object, struct watermarks *watermarks,
                         struct err *err)
{
    if (object->address == NULL) return STATUS_OK;
    TRY(write_fact(watermarks, object->address, ETAG_ITEM, object->facts->etag, err));
    return write_fact(watermarks, object->address, MODIFIED_ITEM, object->facts->last_modified,
                      err);
}

static enum status open_address(struct objects *objects, const char *address, struct object *object,
                                const struct objects_wanted *wanted, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    struct http_facts *facts = arena_get(objects->arena, 1, sizeof *facts);
    if (facts == NULL) return fail_memory(err, sizeof *facts);
    TRY(name_in_address(objects, object->name, &object->seen, err));
    struct http_facts known;
    TRY(known_facts(wanted->watermarks, object->name, &known, err));
    bool any = known.etag[0] != '\0' || known.last_modified[0] != '\0';
    TRY(input_from_http(&input, address, object->name, &wanted->http, any ? &known : NULL, facts,
                        err));
    objects->unchanged += facts->unchanged;
    if (facts->unchanged) return STATUS_OK;
    object->facts = facts;
    object->address = object->name;
    return open_input(objects, &input, object, NULL, wanted, err);
}

static enum status name_operand(struct objects *objects, const char *operand, const char **ret,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes name = bytes_limited(NAME_BYTES);
    if (is_address(operand))
        TRY(address_shown(&name, operand, err));
    else
        TRY(bytes_append_text(&name, operand, err));
    return copy_text(objects, (const char *)name.data, name.size, ret, err);
}

static enum status open_operand(struct objects *objects, const char *operand,
                                const struct objects_wanted *wanted, struct err *err)
{
    bool is_stdin = operand == NULL || strcmp(operand, "-") == 0;
    struct object object = {0};
    enum status status;
    TRY(name_operand(objects, is_stdin ? "stdin" : operand, &object.name, err));
    if (is_stdin) {
        OWNED(input_close) struct input *input = NULL;
        TRY(input_open(&input, NULL, err));
        status = open_input(objects, &input, &object, NULL, wanted, err);
    } else if (is_http(operand)) {
        status = open_address(objects, operand, &object, wanted, err);
    } else if (is_address(operand)) {
        object.path = operand;
        status = add_object(objects, &object, NULL, err);
    } else {
        status = open_path(objects, operand, &object, wanted, err);
    }
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "\"%s\"", object.name);
}

enum status objects_open(struct objects *ret, char *const *operands, size_t count,
                         const struct objects_wanted *wanted, struct err *err)
{
    *ret = (struct objects){.spool = SPOOL_NONE};
    TRY(arena_open(&ret->arena, err));
    for (size_t i = 0; i < count; i++)
        TRY(open_operand(ret, operands[i], wanted, err));
    return STATUS_OK;
}

/* ---- kinds ---- */

static enum status look(const struct object *object, struct source_probe *probe, uint8_t *head,
                        struct err *err)
{
    OWNED(input_close) struct input *opened = NULL;
    struct input *input = object->input;
    if (input == NULL) TRY(input_open(&opened, object->path, err));
    return first_bytes(input == NULL ? opened : input, head, PROBE_BYTES, &probe->head_size, err);
}

enum status object_kind(const struct object *object, const struct source_kind **ret,
                        struct err *err)
{
    uint8_t head[PROBE_BYTES];
    struct source_probe probe = {.path = object->seen, .head = head};
    struct stat info;
    probe.address = object->input == NULL && is_address(object->path);
    if (probe.address) probe.path = object->path;
    probe.bundle = object->bundle != NULL;
    probe.directory = object->path != NULL && !probe.address && stat(object->path, &info) == 0 &&
                      S_ISDIR(info.st_mode);
    if (!probe.address && !probe.directory && !probe.bundle) TRY(look(object, &probe, head, err));
    return source_kind_recognise(ret, &probe, err);
}

void objects_release(struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        input_close(&objects->items[i].input);
    for (size_t i = 0; i < objects->bundle_count; i++)
        bundle_close(&objects->bundles[i]);
    memory_free(objects->items);
    memory_free(objects->rejects);
    memory_free(objects->bundles);
    arena_close(&objects->arena);
    spool_close(&objects->spool);
    *objects = (struct objects){.spool = SPOOL_NONE};
}
