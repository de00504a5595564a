/* clean/observation.c: what --report notes while a chain runs. */
#include "clean/observation.h"

#include "clean/before_after.h"
#include "clean/thumbnail.h"

#define JPEG_MOST ((size_t)1 << 20)

static bool is_marked(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

enum status observation_open(struct observation **ret, const struct schema *input, size_t steps,
                             struct err *err)
{
    OWNED(observation_close) struct observation *observation = NULL;
    TRY(NEW(&observation, 1, err));
    observation->steps = steps;
    observation->input = input;
    TRY(NEW(&observation->changed, steps, err));
    TRY(NEW(&observation->personal, input->count + 1, err));
    for (size_t i = 0; i < input->count; i++)
        observation->personal[i] = is_marked(&input->fields[i]);
    TRY(survey_open(&observation->before, input, err));
    *ret = observation;
    observation = NULL;
    return STATUS_OK;
}

enum status observation_leaves(struct observation *observation, const struct schema *schema,
                               struct err *err)
{
    return survey_open(&observation->after, schema, err);
}

static void pictures_release(struct seen_pictures *pictures)
{
    for (size_t i = 0; i < pictures->count; i++)
        bytes_release(&pictures->items[i].jpeg);
    arena_close(&pictures->texts);
}

void observed_release(struct observed *seen)
{
    survey_tally_close(&seen->before);
    survey_tally_close(&seen->after);
    memory_free(seen->changed);
    if (seen->pictures != NULL) pictures_release(seen->pictures);
    memory_free(seen->pictures);
    *seen = (struct observed){0};
}

void observation_close(struct observation **observation)
{
    struct observation *o = *observation;
    if (o == NULL) return;
    survey_close(&o->before);
    survey_close(&o->after);
    memory_free(o->changed);
    memory_free(o->personal);
    reasons_release(&o->reasons);
    pictures_release(&o->pictures);
    memory_free(o);
    *observation = NULL;
}

/* ---- rows ---- */

enum status observe_input(const struct observation *observation, const struct batch *batch,
                          int64_t first_row, const int64_t *ordinals, struct observed *ret,
                          struct err *err)
{
    return survey_look(observation->before, batch, first_row, ordinals, &ret->before, err);
}

enum status observe_output(const struct observation *observation, const struct batch *batch,
                           int64_t first_row, const int64_t *ordinals, struct observed *ret,
                           struct err *err)
{
    return survey_look(observation->after, batch, first_row, ordinals, &ret->after, err);
}

/* ---- pictures ---- */

static enum status keep_text(struct seen_pictures *pictures, struct str text, struct str *ret,
                             struct err *err)
{
    const char *copy = arena_text(pictures->texts, text.data == NULL ? "" : text.data, text.size);
    *ret = (struct str){copy, text.size};
    return copy == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status add_picture(struct seen_pictures *pictures, const struct batch *batch,
                               size_t column, int64_t row, const char *rule, struct str why,
                               struct err *err)
{
    struct seen_picture *picture = &pictures->items[pictures->count];
    OWNED(bytes_release) struct bytes text = bytes_limited(1024);
    int64_t path_column = schema_find(batch->schema, str_of("path"));
    struct str path = {NULL, 0};
    if (path_column >= 0)
        array_text_at(&batch->schema->fields[path_column], batch->columns[path_column], row, &path);
    *picture = (struct seen_picture){.jpeg = bytes_limited(JPEG_MOST)};
    TRY(bytes_append_text(&text, rule, err));
    if (why.size > 0)
        TRY(bytes_format(&text, err, ": %.*s", (int)(why.size > 160 ? 160 : why.size), why.data));
    TRY(keep_text(pictures, path, &picture->path, err));
    TRY(keep_text(pictures, (struct str){(const char *)text.data, text.size}, &picture->why, err));
    pictures->count++;
    return thumbnail_make(array_text(batch->columns[column], row), &picture->jpeg, err);
}

/* The column of pictures by what was said of it; -1 = none a picture can be in. */
static int64_t picture_column(const struct batch *batch, const char *name)
{
    int64_t at = name == NULL ? -1 : schema_find(batch->schema, str_of(name));
    bool binary = at >= 0 && batch->schema->fields[at].type.id == TYPE_BINARY &&
                  !batch->schema->fields[at].dictionary;
    return binary ? at : -1;
}

static enum status see_rejected(const struct change *change, bool wanted,
                                struct seen_pictures *pictures, struct err *err)
{
    for (size_t i = 0; i < change->removal_count; i++) {
        const struct removal *removal = &change->removals[i];
        int64_t column = picture_column(change->window->batch, removal->column);
        if (column < 0) continue;
        pictures->bad++;
        if (wanted && pictures->count < PICTURES_MOST)
            TRY(add_picture(pictures, change->window->batch, (size_t)column, removal->row,
                            removal->rule, removal->value, err));
    }
    return STATUS_OK;
}

/* Those that stay and are named in image_issues. */
static enum status see_flagged(const struct change *change, bool wanted,
                               struct seen_pictures *pictures, struct err *err)
{
    int64_t issues = schema_find(change->schema, str_of("image_issues"));
    const char *name = change->finding_count == 0 ? NULL : change->findings[0].column;
    int64_t column = picture_column(change->window->batch, name);
    if (issues < 0 || column < 0 || change->columns[issues] == NULL) return STATUS_OK;
    for (int64_t row = 0; row < change->window->batch->rows; row++) {
        struct str text;
        if (change_removed(change, row)) continue;
        if (!array_text_at(&change->schema->fields[issues], change->columns[issues], row, &text))
            continue;
        pictures->bad++;
        if (wanted && pictures->count < PICTURES_MOST)
            TRY(add_picture(pictures, change->window->batch, (size_t)column, row, "flagged", text,
                            err));
    }
    return STATUS_OK;
}

static enum status see_pictures(const struct observation *observation, const struct change *change,
                                struct observed *ret, struct err *err)
{
    /* Windows before this one may have seen enough already; that number only rises. */
    bool wanted = __atomic_load_n(&observation->pictures.count, __ATOMIC_RELAXED) < PICTURES_MOST;
    if (change->removal_count + change->finding_count == 0) return STATUS_OK;
    if (ret->pictures == NULL) {
        TRY(NEW(&ret->pictures, 1, err));
        TRY(arena_open(&ret->pictures->texts, err));
    }
    TRY(see_rejected(change, wanted, ret->pictures, err));
    return see_flagged(change, wanted, ret->pictures, err);
}

/* Moves them to the sheet while there is room. */
static enum status add_pictures(struct seen_pictures *into, struct seen_pictures *from,
                                struct err *err)
{
    into->bad += from->bad;
    if (into->texts == NULL) TRY(arena_open(&into->texts, err));
    for (size_t i = 0; i < from->count && into->count < PICTURES_MOST; i++) {
        struct seen_picture *picture = &into->items[into->count];
        TRY(keep_text(into, from->items[i].path, &picture->path, err));
        TRY(keep_text(into, from->items[i].why, &picture->why, err));
        picture->jpeg = from->items[i].jpeg;
        from->items[i].jpeg = (struct bytes){0};
        __atomic_store_n(&into->count, into->count + 1, __ATOMIC_RELAXED);
    }
    return STATUS_OK;
}

/* ---- steps ---- */

enum status observe_change(const struct observation *observation, const struct step *step,
                           const struct change *change, struct observed *ret, struct err *err)
{
    if (ret->changed == NULL) TRY(NEW(&ret->changed, observation->steps, err));
    TRY(rows_changed(change, &ret->changed[step->position - 1], err));
    return strcmp(step->module->name, "images") == 0 ? see_pictures(observation, change, ret, err)
                                                     : STATUS_OK;
}

static bool is_shown(const struct observation *observation, const char *column)
{
    int64_t at = column == NULL ? -1 : schema_find(observation->input, str_of(column));
    return at < 0 || !observation->personal[at];
}

enum status observation_add(struct observation *observation, struct observed *seen,
                            const struct row_records *records, struct err *err)
{
    TRY(survey_add(observation->before, &seen->before, err));
    if (observation->after != NULL) TRY(survey_add(observation->after, &seen->after, err));
    for (size_t i = 0; seen->changed != NULL && i < observation->steps; i++)
        observation->changed[i] += seen->changed[i];
    if (seen->pictures != NULL) TRY(add_pictures(&observation->pictures, seen->pictures, err));
    for (size_t i = 0; i < records->count; i++) {
        const struct row_event *event = &records->items[i].event;
        TRY(reasons_add(&observation->reasons, event, is_shown(observation, event->column), err));
    }
    return STATUS_OK;
}
