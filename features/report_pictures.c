/* features/report_pictures.c: the pictures of a version that the module images marked: the files'
 * own bytes, where they are small. */
#include "features/report.h"

#include <stdio.h>

#define PICTURE_MOST 12288 /* bytes of a picture that is shown */
#define SHEET_MOST   ((size_t)192 << 10)

static int64_t find(const struct schema *schema, const char *name, enum type_id id)
{
    int64_t at = schema_find(schema, str_of(name));
    return at >= 0 && schema->fields[at].type.id == id && !schema->fields[at].dictionary ? at : -1;
}

static const char *media_type(struct str bytes)
{
    if (bytes.size > 8 && memcmp(bytes.data, "\x89PNG\r\n\x1a\n", 8) == 0) return "image/png";
    if (bytes.size > 3 && memcmp(bytes.data, "\xff\xd8\xff", 3) == 0) return "image/jpeg";
    return NULL;
}

static enum status keep(struct arena *arena, struct str text, struct str *ret, struct err *err)
{
    *ret =
        (struct str){arena_text(arena, text.data == NULL ? "" : text.data, text.size), text.size};
    return ret->data == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status mark_row(const struct batch *batch, int64_t row, int64_t image, int64_t issues,
                            struct picture_marks *ret, struct err *err)
{
    struct str path = {NULL, 0}, bytes = array_text(batch->columns[image], row);
    int64_t name = schema_find(batch->schema, str_of("path"));
    struct picture_mark *mark = &ret->items[ret->count];
    if (name >= 0) array_text_at(&batch->schema->fields[name], batch->columns[name], row, &path);
    *mark = (struct picture_mark){.media_type = media_type(bytes)};
    TRY(keep(ret->arena, path, &mark->path, err));
    TRY(keep(ret->arena, array_text(batch->columns[issues], row), &mark->issues, err));
    if (mark->media_type == NULL || bytes.size > PICTURE_MOST) bytes.size = 0;
    ret->count++;
    return keep(ret->arena, bytes, &mark->bytes, err);
}

enum status picture_marks_look(const struct batch *batch, struct picture_marks *ret,
                               struct err *err)
{
    int64_t image = find(batch->schema, "image", TYPE_BINARY);
    int64_t issues = find(batch->schema, "image_issues", TYPE_UTF8);
    if (image < 0 || issues < 0) return STATUS_OK;
    TRY(arena_open(&ret->arena, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (array_is_null(batch->columns[issues], row)) continue;
        ret->rows++;
        if (ret->count < PICTURES_MOST) TRY(mark_row(batch, row, image, issues, ret, err));
    }
    return STATUS_OK;
}

enum status picture_marks_add(struct picture_marks *into, const struct picture_marks *from,
                              struct err *err)
{
    into->rows += from->rows;
    if (from->count > 0 && into->arena == NULL) TRY(arena_open(&into->arena, err));
    for (size_t i = 0; i < from->count && into->count < PICTURES_MOST; i++) {
        const struct picture_mark *mark = &from->items[i];
        struct picture_mark *kept = &into->items[into->count];
        *kept = *mark;
        size_t size = into->bytes + mark->bytes.size <= SHEET_MOST ? mark->bytes.size : 0;
        TRY(keep(into->arena, mark->path, &kept->path, err));
        TRY(keep(into->arena, mark->issues, &kept->issues, err));
        TRY(keep(into->arena, (struct str){mark->bytes.data, size}, &kept->bytes, err));
        into->bytes += size;
        into->count++;
    }
    return STATUS_OK;
}

void picture_marks_release(struct picture_marks *marks)
{
    arena_close(&marks->arena);
    *marks = (struct picture_marks){0};
}

enum status report_pictures(struct report *report, struct err *err)
{
    const struct picture_marks *marks = &report->marks;
    struct document *document = report->document;
    bool hidden = survey_report_hides(&report->sides, "image");
    TRY(document_section(document, "pictures", "Pictures", err));
    if (survey_report_place(&report->sides, report->count - 1, "image") < 0)
        return document_paragraph(document, "none", "The version holds no pictures.", err);
    TRY(document_fact(document, "marked", "Pictures marked as bad", cell_count(marks->rows), err));
    if (marks->rows == 0 || hidden) return STATUS_OK;
    char text[120];
    snprintf(text, sizeof text, "The first %zu of them; files above %d bytes are not shown.",
             marks->count, PICTURE_MOST);
    TRY(document_paragraph(document, "method", text, err));
    for (size_t i = 0; i < marks->count; i++) {
        const struct picture_mark *mark = &marks->items[i];
        TRY(document_picture(document, "sheet",
                             mark->media_type == NULL ? "image/png" : mark->media_type,
                             mark->bytes.data, mark->bytes.size, mark->path, mark->issues, err));
    }
    return STATUS_OK;
}
