/* ingest/distinct.c: a hash table with open addressing in a temporary file, mapped and reserved, so
 * that a full disk is an error and no signal. */
#include "ingest/distinct.h"

#include "base/memory.h"
#include "base/output.h"
#include "columnar/value_text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <xxhash.h>

#define PLACES_AT_FIRST 256u

struct distinct {
    struct distinct_place *places;
    uint64_t room; /* a power of two */
    uint64_t count;
};

/* ---- keys ---- */

struct distinct_key distinct_key_of(struct str value)
{
    XXH128_hash_t hash = XXH3_128bits(value.data == NULL ? "" : value.data, value.size);
    return (struct distinct_key){hash.low64, hash.high64};
}

enum status distinct_key_at(const struct field *field, const struct array *array, int64_t row,
                            struct bytes *scratch, struct distinct_key *ret, struct err *err)
{
    size_t width = field->dictionary ? 0 : type_width(&field->type);
    enum type_id id = field->type.id;
    struct str value;
    scratch->size = 0;
    if (width > 0 && array->buffer_count == 1) {
        value = (struct str){(const char *)array_values(array) + width * (size_t)row, width};
    } else if (!field->dictionary && (id == TYPE_UTF8 || id == TYPE_BINARY)) {
        value = array_text(array, row);
    } else {
        TRY(value_plain(field, array, row, scratch, err));
        value = (struct str){(const char *)scratch->data, scratch->size};
    }
    *ret = distinct_key_of(value);
    return STATUS_OK;
}

/* ---- the table ---- */

static enum status map_places(uint64_t room, struct distinct_place **ret, struct err *err)
{
    OWNED(descriptor_close) int descriptor = -1;
    size_t bytes;
    if (__builtin_mul_overflow(room, sizeof **ret, &bytes) || bytes > INT64_MAX)
        return fail(err, STATUS_FAILED, "found too many distinct values");
    TRY(temporary_open(&descriptor, err));
    int code = posix_fallocate(descriptor, 0, (off_t)bytes);
    if (code != 0) return fail_errno(err, code, "temporary file of %zu bytes", bytes);
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) return fail_errno(err, errno, "temporary file of %zu bytes", bytes);
    *ret = map;
    return STATUS_OK;
}

static void unmap_places(struct distinct *distinct)
{
    if (distinct->places != NULL)
        munmap(distinct->places, (size_t)distinct->room * sizeof *distinct->places);
}

enum status distinct_open(struct distinct **ret, struct err *err)
{
    OWNED(distinct_close) struct distinct *distinct = NULL;
    TRY(NEW(&distinct, 1, err));
    distinct->room = PLACES_AT_FIRST;
    TRY(map_places(distinct->room, &distinct->places, err));
    *ret = distinct;
    distinct = NULL;
    return STATUS_OK;
}

/* The place of a key, or the free one where it belongs. */
static struct distinct_place *place_of(const struct distinct *distinct,
                                       const struct distinct_key *key)
{
    uint64_t at = key->low & (distinct->room - 1);
    for (;; at = (at + 1) & (distinct->room - 1)) {
        struct distinct_place *place = &distinct->places[at];
        if (place->record == 0) return place;
        if (place->key.low == key->low && place->key.high == key->high) return place;
    }
}

const struct distinct_place *distinct_find(const struct distinct *distinct,
                                           const struct distinct_key *key)
{
    const struct distinct_place *place = place_of(distinct, key);
    return place->record == 0 ? NULL : place;
}

static enum status grow(struct distinct *distinct, struct err *err)
{
    struct distinct larger = {.room = distinct->room * 2, .count = distinct->count};
    TRY(map_places(larger.room, &larger.places, err));
    for (uint64_t i = 0; i < distinct->room; i++)
        if (distinct->places[i].record != 0)
            *place_of(&larger, &distinct->places[i].key) = distinct->places[i];
    unmap_places(distinct);
    *distinct = larger;
    return STATUS_OK;
}

enum status distinct_add(struct distinct *distinct, const struct distinct_key *key, uint64_t source,
                         int64_t record, struct err *err)
{
    if (distinct->count >= distinct->room / 4 * 3) TRY(grow(distinct, err));
    *place_of(distinct, key) = (struct distinct_place){*key, record, source};
    distinct->count++;
    return STATUS_OK;
}

uint64_t distinct_count(const struct distinct *distinct)
{
    return distinct->count;
}

void distinct_close(struct distinct **distinct)
{
    if (distinct == NULL || *distinct == NULL) return;
    unmap_places(*distinct);
    memory_free(*distinct);
    *distinct = NULL;
}
