/* ingest/csv_names.c: the names of the columns: unique, never empty, from any number of header
 * rows.
 *
 * A name that was there before gets "_2", "_3" behind it. A table of the names so far keeps this
 * linear: a header may be one name ten thousand times. */
#include "ingest/csv_sample.h"

#include <xxhash.h>

#define SPAN_BYTES 256 /* of a text that stands above several columns */

/* ---- the text of a header ---- */

/* The text of a header cell; a gap between two of an upper row belongs to the left one, as far as
 * the rows above have no text there. */
static struct str spanned_text(const struct csv_sample *sample, const struct csv_head *head,
                               size_t row, size_t column)
{
    struct str text = csv_sample_at(sample, row, column).text;
    bool below = false;
    if (text.size > 0 || row + 1 == head->body) return text;
    for (size_t under = row + 1; under < head->body; under++)
        below = below || csv_sample_at(sample, under, column).text.size > 0;
    for (size_t left = column; below && left-- > 0;) {
        for (size_t over = head->first; over < row; over++)
            if (csv_sample_at(sample, over, left + 1).text.size > 0) return text;
        struct str title = csv_sample_at(sample, row, left).text;
        if (title.size > 0) return title.size <= SPAN_BYTES ? title : text;
    }
    return text;
}

/* The texts of all header rows with blanks between them. */
static enum status joined_name(const struct csv_sample *sample, const struct csv_head *head,
                               size_t column, struct bytes *ret, struct err *err)
{
    ret->size = 0;
    for (size_t row = head->first; row < head->body; row++) {
        struct str text = spanned_text(sample, head, row, column);
        if (text.size == 0) continue;
        if (ret->size > 0) TRY(bytes_append(ret, " ", 1, err));
        TRY(bytes_append(ret, text.data, text.size, err));
    }
    return STATUS_OK;
}

/* ---- unique names ---- */

struct names {
    const char **names; /* of the columns so far */
    uint32_t *slots;    /* column + 1 by hash; 0 = free */
    uint32_t *last;     /* of a column: the highest number behind its name so far */
    size_t mask;
};

static void names_release(struct names *names)
{
    memory_free(names->slots);
    memory_free(names->last);
}

static enum status names_open(struct names *names, size_t width, struct err *err)
{
    size_t slots = 16;
    while (slots < 2 * width)
        slots *= 2;
    names->mask = slots - 1;
    TRY(NEW(&names->slots, slots, err));
    return NEW(&names->last, width, err);
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *find_name(const struct names *names, const char *name)
{
    size_t slot = (size_t)XXH3_64bits(name, strlen(name)) & names->mask;
    while (names->slots[slot] != 0 && strcmp(names->names[names->slots[slot] - 1], name) != 0)
        slot = (slot + 1) & names->mask;
    return &names->slots[slot];
}

/* *ret_text gets the text itself. */
static enum status name_column(struct names *names, size_t column, struct str text,
                               struct arena *arena, const char **ret_text, struct err *err)
{
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        return fail(err, STATUS_FAILED, "the name of column %zu has a zero byte", column + 1);
    *ret_text = text.size == 0 ? "" : arena_text(arena, text.data, text.size);
    const char *base = text.size == 0 ? arena_format(arena, "column%zu", column + 1) : *ret_text;
    if (base == NULL) return fail_memory(err, text.size);
    const char *name = base;
    uint32_t *first = find_name(names, base), *slot = first;
    while (*slot != 0) {
        uint32_t *last = &names->last[*first - 1];
        *last = *last < 2 ? 2 : *last + 1;
        name = arena_format(arena, "%s_%u", base, *last);
        if (name == NULL) return fail_memory(err, text.size);
        slot = find_name(names, name);
    }
    names->names[column] = name;
    *slot = (uint32_t)column + 1;
    return STATUS_OK;
}

enum status csv_head_names(const struct csv_sample *sample, const struct csv_head *head,
                           struct csv_dialect *dialect, struct arena *arena, const char ***ret,
                           struct err *err)
{
    size_t width = dialect->fields;
    const char **names = arena_get(arena, width, sizeof *names);
    const char **texts = arena_get(arena, width, sizeof *texts);
    const char **written = arena_get(arena, width, sizeof *written);
    OWNED(bytes_release) struct bytes name = bytes_limited(64u << 20);
    OWNED(names_release) struct names table = {.names = names};
    if (names == NULL || texts == NULL || written == NULL)
        return fail_memory(err, width * sizeof *names);
    TRY(names_open(&table, width, err));
    for (size_t column = 0; column < width; column++) {
        if (head->rows > 0) TRY(joined_name(sample, head, column, &name, err));
        struct str text = {(const char *)name.data, name.size};
        TRY(name_column(&table, column, text, arena, &texts[column], err));
        bool same = head->rows == 0 || strcmp(names[column], texts[column]) == 0;
        written[column] = same ? NULL : texts[column];
    }
    *ret = names;
    dialect->written = written;
    if (head->rows == 1 && width > 1) dialect->header_texts = texts;
    return STATUS_OK;
}
