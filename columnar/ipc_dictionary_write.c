/* columnar/ipc_dictionary_write.c: which dictionary messages batches need. */
#include "columnar/ipc_dictionary_write.h"

static bool same(const struct field *values, const struct array *a, const struct array *b)
{
    return a != NULL && array_equal(values, a, b);
}

/* ---- dictionaries inside of dictionary values: written whole ---- */

static enum status write_inner(struct dictionary_writer *writer, const struct field *field,
                               const struct array *array, size_t *next_id, bool *changed,
                               struct err *err);

static enum status fail_nested(const struct field *field, struct err *err)
{
    enum status status =
        fail(err, STATUS_FAILED,
             "column \"%s\": a dictionary inside of a dictionary changes, which the "
             "file format cannot hold",
             field->name);
    err_hint(err, "write the stream format");
    return status;
}

/* Inner dictionaries go first; when one changed, what refers to it goes out again. */
static enum status write_whole(struct dictionary_writer *writer, const struct field *field,
                               const struct array *dictionary, size_t id, size_t *next_id,
                               bool *changed, struct err *err)
{
    struct written *written = &writer->items[id];
    struct field values = field_values(field);
    bool inner = false;
    for (size_t i = 0; i < field->child_count; i++)
        TRY(write_inner(writer, &field->children[i], dictionary->children[i], next_id, &inner,
                        err));
    if (!inner && written->begun && same(&values, written->last, dictionary)) return STATUS_OK;
    if (writer->format == IPC_FILE && written->begun) return fail_nested(field, err);
    TRY(writer->write(writer->context, &values, dictionary, (int64_t)id, err));
    array_unref(&written->last);
    written->last = array_ref(dictionary);
    written->begun = *changed = true;
    return STATUS_OK;
}

static enum status write_inner(struct dictionary_writer *writer, const struct field *field,
                               const struct array *array, size_t *next_id, bool *changed,
                               struct err *err)
{
    if (field->dictionary) {
        size_t id = (*next_id)++;
        return write_whole(writer, field, array->dictionary, id, next_id, changed, err);
    }
    for (size_t i = 0; i < field->child_count; i++)
        TRY(write_inner(writer, &field->children[i], array->children[i], next_id, changed, err));
    return STATUS_OK;
}

/* ---- file: one growing dictionary ---- */

/* Numbers of the used values in the file's dictionary; new ones are listed in `fresh`. */
struct renumbering {
    int64_t *numbers; /* -1 = not used */
    int64_t *fresh;
    int64_t fresh_count;
    struct bytes key;
};

static void renumbering_release(struct renumbering *renumbering)
{
    memory_free(renumbering->numbers);
    memory_free(renumbering->fresh);
    bytes_release(&renumbering->key);
}

static enum status number_value(struct written *written, const struct field *values,
                                const struct array *dictionary, int64_t index,
                                struct renumbering *renumbering, struct err *err)
{
    bool new = false;
    struct bytes *key = &renumbering->key;
    key->size = 0;
    TRY(slot_key(values, dictionary, index, key, err));
    struct str text = {(const char *)key->data, key->size};
    TRY(intern_add(&written->keys, text, &renumbering->numbers[index], &new, err));
    if (new) renumbering->fresh[renumbering->fresh_count++] = index;
    return STATUS_OK;
}

static enum status renumber(struct written *written, const struct field *field,
                            const struct array *array, struct renumbering *renumbering,
                            struct buffer *indices, struct err *err)
{
    struct field values = field_values(field);
    const struct array *dictionary = array->dictionary;
    TRY(NEW(&renumbering->numbers, (size_t)dictionary->length, err));
    TRY(NEW(&renumbering->fresh, (size_t)dictionary->length, err));
    renumbering->key = bytes_limited(SIZE_MAX / 2);
    for (int64_t i = 0; i < dictionary->length; i++)
        renumbering->numbers[i] = -1;
    TRY(buffer_new(indices, (size_t)array->length * field_width(field), err));
    for (int64_t row = 0; row < array->length; row++) {
        if (array_is_null(array, row)) continue;
        int64_t index = integer_at(field->index, array, row);
        if (renumbering->numbers[index] < 0)
            TRY(number_value(written, &values, dictionary, index, renumbering, err));
        integer_put(field->index, buffer_writable(indices), row, renumbering->numbers[index]);
    }
    if (written->keys.count > 0 && !integer_fits(field->index, written->keys.count - 1))
        return fail(err, STATUS_FAILED,
                    "column \"%s\" has %lld distinct values, more than %s indices reach",
                    field->name, (long long)written->keys.count, type_table[field->index].name);
    return STATUS_OK;
}

static enum status write_growing(struct dictionary_writer *writer, const struct field *field,
                                 const struct array *array, size_t id, struct array **ret,
                                 struct err *err)
{
    struct written *written = &writer->items[id];
    struct field values = field_values(field);
    OWNED(renumbering_release) struct renumbering renumbering = {0};
    OWNED(parts_release) struct parts parts = {0};
    OWNED(array_unref) struct array *fresh = NULL;
    TRY(parts_open(&parts, array->length, 1, 0, err));
    TRY(renumber(written, field, array, &renumbering, &parts.buffers[0], err));
    TRY(array_take(&fresh, &values, array->dictionary, renumbering.fresh, renumbering.fresh_count,
                   err));
    if (fresh->length > 0 || !written->begun) {
        TRY(growing_append(&written->parts, &fresh, sizeof fresh, err));
        fresh = NULL;
    }
    written->values = values;
    written->begun = true;
    parts.validity = buffer_ref(&array->validity);
    parts.null_count = array->null_count;
    parts.dictionary = array_ref(array->dictionary); /* not looked at any more */
    return parts_finish(&parts, ret, err);
}

/* ---- columns ---- */

/* Values of items that no row holds must not get into the file's dictionary. */
static bool uses_whole_child(const struct field *field, const struct array *array)
{
    enum layout layout = field_info(field)->layout;
    bool large = layout_is_large(layout);
    if ((layout != LAYOUT_LIST && layout != LAYOUT_LIST_LARGE) || array->length == 0) return true;
    return offset_at(&array->buffers[0], large, 0) == 0 &&
           offset_at(&array->buffers[0], large, array->length) == array->children[0]->length;
}

static enum status write_children(struct dictionary_writer *writer, const struct field *field,
                                  const struct array *array, size_t *next_id, struct array **ret,
                                  struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    OWNED(array_unref) struct array *compact = array_ref(array);
    if (!uses_whole_child(field, array)) TRY(array_rewrite(field, &compact, err));
    array = compact;
    TRY(parts_open(&parts, array->length, array->buffer_count, array->child_count, err));
    for (size_t i = 0; i < array->child_count; i++)
        TRY(dictionaries_write(writer, &field->children[i], array->children[i], next_id,
                               &parts.children[i], err));
    for (size_t i = 0; i < array->buffer_count; i++)
        parts.buffers[i] = buffer_ref(&array->buffers[i]);
    parts.validity = buffer_ref(&array->validity);
    parts.null_count = array->null_count;
    return parts_finish(&parts, ret, err);
}

enum status dictionaries_write(struct dictionary_writer *writer, const struct field *field,
                               const struct array *array, size_t *next_id, struct array **ret,
                               struct err *err)
{
    bool changed = false;
    if (dictionary_count(field) == 0 || writer->format == IPC_STREAM) {
        if (dictionary_count(field) > 0)
            TRY(write_inner(writer, field, array, next_id, &changed, err));
        *ret = array_ref(array);
        return STATUS_OK;
    }
    if (!field->dictionary) return write_children(writer, field, array, next_id, ret, err);
    if (dictionary_count(field) > 1) { /* others do not read deltas of nested dictionaries */
        TRY(write_inner(writer, field, array, next_id, &changed, err));
        *ret = array_ref(array);
        return STATUS_OK;
    }
    size_t id = (*next_id)++;
    return write_growing(writer, field, array, id, ret, err);
}

static enum status finish_one(struct dictionary_writer *writer, size_t id, struct err *err)
{
    struct written *written = &writer->items[id];
    struct array **parts = (struct array **)(void *)written->parts.data;
    OWNED(array_unref) struct array *whole = NULL;
    size_t count = written->parts.size / sizeof *parts;
    if (count == 0) return STATUS_OK;
    TRY(array_concat(&whole, &written->values, parts, count, err));
    return writer->write(writer->context, &written->values, whole, (int64_t)id, err);
}

enum status dictionaries_finish(struct dictionary_writer *writer, struct err *err)
{
    for (size_t id = 0; id < writer->count; id++)
        TRY(finish_one(writer, id, err));
    return STATUS_OK;
}

static void written_release(struct written *written)
{
    struct array **parts = (struct array **)(void *)written->parts.data;
    for (size_t i = 0; i < written->parts.size / sizeof *parts; i++)
        array_unref(&parts[i]);
    growing_release(&written->parts);
    array_unref(&written->last);
    intern_release(&written->keys);
}

void dictionary_writer_release(struct dictionary_writer *writer)
{
    for (size_t i = 0; writer->items != NULL && i < writer->count; i++)
        written_release(&writer->items[i]);
    memory_free(writer->items);
    *writer = (struct dictionary_writer){0};
}
