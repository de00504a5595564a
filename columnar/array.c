/* columnar/array.c: counted columns. */
#include "columnar/array.h"

#include "base/memory.h"
#include "columnar/distinct.h"
#include "columnar/kernels.h"
#include "columnar/layout.h"

#include <stdatomic.h>

struct array_owner {
    atomic_size_t references;
    _Atomic(struct distinct *) distinct; /* NULL = nobody asked yet */
};
static struct distinct too_many; /* stands for: looked at, and there are */

/* One allocation an array: itself, its owner, its buffers, its children. */
struct whole {
    struct array array;
    struct array_owner owner;
};

struct array *array_ref(const struct array *array)
{
    if (array != NULL)
        atomic_fetch_add_explicit(&array->owner->references, 1, memory_order_relaxed);
    return (struct array *)(uintptr_t)array;
}

void array_unref(struct array **array)
{
    struct array *gone = *array;
    *array = NULL;
    if (gone == NULL || atomic_fetch_sub(&gone->owner->references, 1) != 1) return;
    buffer_unref(&gone->validity);
    for (size_t i = 0; i < gone->buffer_count; i++)
        buffer_unref(&gone->buffers[i]);
    for (size_t i = 0; i < gone->child_count; i++)
        array_unref(&gone->children[i]);
    array_unref(&gone->dictionary);
    struct distinct *distinct = atomic_load_explicit(&gone->owner->distinct, memory_order_acquire);
    if (distinct != &too_many) distinct_free(distinct);
    memory_free(gone);
}

bool array_has_looked(const struct array *array, struct distinct **ret)
{
    struct distinct *kept = atomic_load_explicit(&array->owner->distinct, memory_order_acquire);
    *ret = kept == &too_many ? NULL : kept;
    return kept != NULL;
}

/* Two threads may find the same: the first one's stays. */
const struct distinct *array_keep_distinct(const struct array *array, struct distinct *distinct)
{
    struct distinct *before = NULL, *kept = distinct == NULL ? &too_many : distinct;
    if (!atomic_compare_exchange_strong(&array->owner->distinct, &before, kept)) {
        distinct_free(distinct);
        kept = before;
    }
    return kept == &too_many ? NULL : kept;
}

static void drop_parts(struct buffer validity, const struct buffer *buffers, size_t buffer_count,
                       struct array **children, size_t child_count, struct array *dictionary)
{
    buffer_unref(&validity);
    for (size_t i = 0; i < buffer_count; i++) {
        struct buffer buffer = buffers[i];
        buffer_unref(&buffer);
    }
    for (size_t i = 0; i < child_count; i++)
        array_unref(&children[i]);
    array_unref(&dictionary);
}

enum status array_make(struct array **ret, int64_t length, int64_t null_count,
                       struct buffer validity, const struct buffer *buffers, size_t buffer_count,
                       struct array **children, size_t child_count, struct array *dictionary,
                       struct err *err)
{
    size_t room = sizeof(struct whole) + buffer_count * sizeof *buffers +
                  child_count * sizeof(struct array *);
    struct whole *whole = memory_get(1, room);
    if (whole == NULL) {
        drop_parts(validity, buffers, buffer_count, children, child_count, dictionary);
        return fail_memory(err, room);
    }
    atomic_init(&whole->owner.references, 1);
    atomic_init(&whole->owner.distinct, NULL);
    struct array *array = &whole->array;
    array->owner = &whole->owner;
    array->length = length;
    array->null_count = null_count;
    if (null_count == 0) buffer_unref(&validity);
    array->validity = validity;
    array->buffers = (struct buffer *)(void *)(whole + 1);
    array->buffer_count = buffer_count;
    array->children = (struct array **)(void *)(array->buffers + buffer_count);
    array->child_count = child_count;
    if (buffer_count > 0) memcpy(array->buffers, buffers, buffer_count * sizeof *buffers);
    if (child_count > 0) memcpy(array->children, children, child_count * sizeof(struct array *));
    array->dictionary = dictionary;
    *ret = array;
    return STATUS_OK;
}

/* ---- parts ---- */

enum status parts_open(struct parts *parts, int64_t length, size_t buffer_count, size_t child_count,
                       struct err *err)
{
    *parts = (struct parts){.length = length};
    TRY(NEW(&parts->buffers, buffer_count, err));
    parts->buffer_count = buffer_count;
    TRY(NEW(&parts->children, child_count, err));
    parts->child_count = child_count;
    return STATUS_OK;
}

enum status parts_finish(struct parts *parts, struct array **ret, struct err *err)
{
    enum status status = array_make(ret, parts->length, parts->null_count, parts->validity,
                                    parts->buffers, parts->buffer_count, parts->children,
                                    parts->child_count, parts->dictionary, err);
    memory_free(parts->buffers);
    memory_free(parts->children);
    *parts = (struct parts){0};
    return status;
}

void parts_release(struct parts *parts)
{
    drop_parts(parts->validity, parts->buffers, parts->buffer_count, parts->children,
               parts->child_count, parts->dictionary);
    memory_free(parts->buffers);
    memory_free(parts->children);
    *parts = (struct parts){0};
}

/* ---- size, dictionaries ---- */

uint64_t array_bytes(const struct array *array)
{
    uint64_t bytes = array->validity.size;
    for (size_t i = 0; i < array->buffer_count; i++)
        bytes += array->buffers[i].size;
    for (size_t i = 0; i < array->child_count; i++)
        bytes += array_bytes(array->children[i]);
    if (array->dictionary != NULL) bytes += array_bytes(array->dictionary);
    return bytes;
}

enum status array_decode_dictionary(struct array **ret, const struct field *field,
                                    const struct array *array, struct err *err)
{
    if (!field->dictionary) {
        *ret = array_ref(array);
        return STATUS_OK;
    }
    OWNED(memory_release) int64_t *rows = NULL;
    TRY(NEW(&rows, (size_t)array->length, err));
    for (int64_t i = 0; i < array->length; i++)
        rows[i] = array_is_null(array, i) ? -1 : integer_at(field->index, array, i);
    struct field values = field_values(field);
    return array_take(ret, &values, array->dictionary, rows, array->length, err);
}
