/* ingest/retry_files.c: rejected pictures and documents, as the members of an archive once more.
 *
 * What lies beside a picture (its label, its captions) is no part of the reject: it is read from
 * the source again. */
#include "ingest/picture_header.h"
#include "ingest/picture_list.h"
#include "ingest/retry_state.h"

#include <stdio.h>
#include <stdlib.h>

#define SIDE_BYTES ((size_t)16 << 20)

extern const struct source_kind source_images, source_text;

bool retry_takes_files(const struct source_kind *kind)
{
    return kind == &source_images || kind == &source_text;
}

/* ---- what lies beside a picture ---- */

void side_files_close(struct side_files *side)
{
    file_list_release(&side->files);
    objects_release(&side->objects);
    arena_close(&side->arena);
    *side = (struct side_files){.objects.spool = SPOOL_NONE};
}

static enum status open_side_files(struct side_files *side, const char *source, struct err *err)
{
    char *operand = (char *)(uintptr_t)source;
    const struct objects_wanted wanted = {
        .kind = &source_images,
        .limits = {.unpack = {.ratio = 1e9}, .members = INT64_MAX}, /* the first run had limits */
    };
    if (side->name != NULL && strcmp(side->name, source) == 0) return STATUS_OK;
    side_files_close(side);
    side->name = source;
    TRY(arena_open(&side->arena, err));
    enum status status = objects_open(&side->objects, &operand, 1, &wanted, NULL);
    if (status == STATUS_MEMORY) return fail_memory(err, 0);
    const struct object *object = side->objects.items;
    if (status != STATUS_OK || (object->path == NULL && object->bundle == NULL)) return STATUS_OK;
    status = file_list_open(&side->files, object->path, object->bundle, side->arena, NULL);
    if (status == STATUS_MEMORY) return fail_memory(err, 0);
    side->there = status == STATUS_OK;
    return STATUS_OK;
}

static enum status spool_file(struct retry *retry, struct group *group, const char *path,
                              struct str bytes, const struct origin *origin, struct err *err)
{
    TRY(retry_room(&group->files, &group->file_room, group->file_count, sizeof *group->files, err));
    struct retry_file *file = &group->files[group->file_count];
    *file = (struct retry_file){.origin = *origin};
    file->member = (struct bundle_member){
        .offset = retry->spool.size, .bytes = bytes.size, .spooled = true, .message = ""};
    file->member.path = arena_text(retry->arena, path, strlen(path));
    if (file->member.path == NULL) return fail_memory(err, strlen(path));
    group->file_count++;
    return spool_add(&retry->spool, bytes.data, bytes.size, err);
}

/* Sets *ret_message to why what lies beside the picture cannot be read again. */
static enum status add_side_file(struct retry *retry, struct group *group, const char *path,
                                 const char *ending, const char **ret_message, struct err *err)
{
    OWNED(bytes_release) struct bytes bytes = bytes_limited(SIDE_BYTES + RAW_BYTES_MAXIMUM);
    const struct origin none = {0};
    const struct file_list *files = &retry->side.files;
    const struct listed_file picture = {.path = path};
    struct file_fault fault = {0};
    TRY(open_side_files(&retry->side, group->name, err));
    if (!retry->side.there)
        *ret_message = "its label lies beside it in its source, which cannot be opened";
    if (!retry->side.there) return STATUS_OK;
    const struct listed_file *file = picture_sidecar(files, &picture, ending);
    if (file == NULL || file->bytes == 0) return STATUS_OK;
    TRY(listed_file_read(files, file, SIDE_BYTES, &bytes, &fault, err));
    struct str text = {(const char *)bytes.data, bytes.size};
    if (fault.rule != NULL || picture_signature(text) != PICTURE_NONE)
        *ret_message = "its label lies beside it in its source and cannot be read";
    else
        TRY(spool_file(retry, group, file->path, text, &none, err));
    return STATUS_OK;
}

static enum status add_side_files(struct retry *retry, struct group *group, const char *path,
                                  const char **ret_message, struct err *err)
{
    static const char *const labels[] = {NULL, NULL, "cls", "json"};
    const struct retry_reader *reader = group->reader;
    const char *label = reader == NULL ? NULL : labels[reader->label_from];
    size_t count = reader == NULL ? 0 : reader->sidecars.count;
    bool label_is_column = false;
    for (size_t i = 0; *ret_message == NULL && i < count; i++) {
        const char *ending = reader->sidecars.items[i];
        label_is_column = label_is_column || (label != NULL && strcmp(ending, label) == 0);
        TRY(add_side_file(retry, group, path, ending, ret_message, err));
    }
    if (*ret_message != NULL || label == NULL || label_is_column) return STATUS_OK;
    return add_side_file(retry, group, path, label, ret_message, err);
}

/* ---- files ---- */

/* Only what the kind will take as a record may come before it: numbers go by its order. */
static const char *why_not(const struct retry *retry, const struct retry_record *record,
                           const char *path)
{
    const struct bundle_member member = {.path = path};
    bool picture = named_as_picture(path) || picture_signature(record->raw) != PICTURE_NONE;
    if (record->path.size == 0) return "found no path, expected that of its file in column path";
    if (strlen(path) != record->path.size) return "found a path with a zero byte";
    if (record->raw.size == 0) return "found no byte, expected a file";
    if (bundle_is_note(&member)) return "found the notes of a Mac about a file";
    if (retry->notes.kind == &source_images && !picture)
        return "found no picture, expected the first bytes of a PNG or JPEG";
    return NULL;
}

enum status retry_add_file(struct retry *retry, struct group *group,
                           const struct retry_record *record, bool *ret_added, struct err *err)
{
    const char *path = arena_text(retry->arena, record->path.data, record->path.size);
    size_t before = group->file_count;
    *ret_added = false;
    if (path == NULL) return fail_memory(err, record->path.size);
    const char *message = why_not(retry, record, path);
    if (message == NULL && retry->notes.kind == &source_images)
        TRY(add_side_files(retry, group, path, &message, err));
    if (message != NULL) {
        group->file_count = before;
        return retry_refuse(retry, record, "retry", message, err);
    }
    TRY(spool_file(retry, group, path, record->raw, &record->origin, err));
    group->records++;
    *ret_added = true;
    return STATUS_OK;
}

static int compare_files(const void *left, const void *right)
{
    const struct retry_file *a = left, *b = right;
    int order = strcmp(a->member.path, b->member.path);
    if (order != 0) return order;
    return a->origin.record < b->origin.record ? -1 : a->origin.record > b->origin.record;
}

enum status retry_end_files(struct retry *retry, struct group *group, struct err *err)
{
    group->first = retry->origin_count;
    TRY(NEW(&group->bundle.items, group->file_count, err));
    if (group->file_count > 0)
        qsort(group->files, group->file_count, sizeof *group->files, compare_files);
    for (size_t i = 0; i < group->file_count; i++) {
        const struct retry_file *file = &group->files[i];
        group->bundle.items[group->bundle.count++] = file->member;
        if (file->origin.record == 0) continue;
        TRY(spool_add(&retry->origins, &file->origin, sizeof file->origin, err));
        retry->origin_count++;
    }
    return STATUS_OK;
}
