/* features/entity.c: numbers entities by their keys, and finds them again. */
#include "features/entity.h"

#include "base/memory.h"
#include "features/merge_sort.h"

#include <xxhash.h>

#define KEYS_BYTES_MAXIMUM ((size_t)1 << 40)
#define BLOCK              64 /* rows looked up together, so that cache misses overlap */

struct slot {
    uint64_t key; /* the word, or the hash of the bytes */
    uint32_t id;  /* number + 1; 0 = free */
};

struct entities {
    struct key_layout layout;
    struct slot *slots;
    uint64_t mask;
    uint32_t count, capacity;
    uint64_t *words;    /* by number: the word, or where its bytes begin */
    struct bytes bytes; /* keys one behind the other */
    bool ascending;     /* every new key was above the one before */
};

/* ---- the table ---- */

static uint64_t spread(uint64_t word)
{
    word ^= word >> 32;
    word *= 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: Knuth, TAOCP 3, 6.4 */
    return word ^ (word >> 29);
}

static struct str key_of(const struct entities *entities, uint32_t id)
{
    uint64_t begin = entities->words[id];
    uint64_t end = id + 1 < entities->count ? entities->words[id + 1] : entities->bytes.size;
    return (struct str){(const char *)entities->bytes.data + begin, (size_t)(end - begin)};
}

static uint64_t place_of_slot(const struct entities *entities, uint64_t key)
{
    return (entities->layout.word ? spread(key) : key) & entities->mask;
}

/* The slot of the key, or the free one where it belongs. */
static struct slot *probe(const struct entities *entities, uint64_t key, struct str bytes)
{
    for (uint64_t at = place_of_slot(entities, key);; at = (at + 1) & entities->mask) {
        struct slot *slot = &entities->slots[at];
        if (slot->id == 0) return slot;
        if (slot->key != key) continue;
        if (entities->layout.word || str_equal(key_of(entities, slot->id - 1), bytes)) return slot;
    }
}

static enum status table_grow(struct entities *entities, struct err *err)
{
    uint64_t old_size = entities->slots == NULL ? 0 : entities->mask + 1;
    uint64_t size = old_size == 0 ? 1024 : old_size * 2;
    struct slot *old = entities->slots, *slots = NULL;
    TRY(NEW(&slots, size, err));
    entities->slots = slots;
    entities->mask = size - 1;
    for (uint64_t i = 0; i < old_size; i++) {
        if (old[i].id == 0) continue;
        uint64_t at = place_of_slot(entities, old[i].key);
        while (slots[at].id != 0)
            at = (at + 1) & entities->mask;
        slots[at] = old[i];
    }
    memory_free(old);
    return STATUS_OK;
}

static enum status words_grow(struct entities *entities, struct err *err)
{
    uint32_t capacity = entities->capacity == 0 ? 512 : entities->capacity * 2;
    if (capacity < entities->capacity)
        return fail(err, STATUS_FAILED, "more than %u entities", entities->capacity);
    uint64_t *words = memory_resize(entities->words, capacity, sizeof *words);
    if (words == NULL) return fail_memory(err, capacity * sizeof *words);
    entities->words = words;
    entities->capacity = capacity;
    return STATUS_OK;
}

static bool is_ascending(const struct entities *entities, uint64_t word, struct str bytes)
{
    if (entities->count == 0) return true;
    uint32_t last = entities->count - 1;
    if (entities->layout.word) return word > entities->words[last];
    return str_compare(bytes, key_of(entities, last)) > 0;
}

static enum status insert(struct entities *entities, uint64_t key, struct str bytes, uint32_t *ret,
                          struct err *err)
{
    struct slot *slot = probe(entities, key, bytes);
    if (slot->id != 0) {
        *ret = slot->id - 1;
        return STATUS_OK;
    }
    entities->ascending = entities->ascending && is_ascending(entities, key, bytes);
    if (entities->count == entities->capacity) TRY(words_grow(entities, err));
    size_t begin = entities->bytes.size;
    if (!entities->layout.word) TRY(bytes_append(&entities->bytes, bytes.data, bytes.size, err));
    entities->words[entities->count] = entities->layout.word ? key : begin;
    *ret = entities->count++;
    *slot = (struct slot){key, entities->count};
    if ((uint64_t)entities->count * 2 > entities->mask) TRY(table_grow(entities, err));
    return STATUS_OK;
}

/* ---- batches of keys ---- */

static enum status words_of(const struct key_layout *layout, const struct batch *batch,
                            uint64_t **ret_words, bool **ret_null, struct err *err)
{
    *ret_words = memory_get_raw((size_t)batch->rows + 1, sizeof **ret_words);
    *ret_null = memory_get_raw((size_t)batch->rows + 1, sizeof **ret_null);
    if (*ret_words == NULL || *ret_null == NULL)
        return fail_memory(err, (size_t)batch->rows * sizeof **ret_words);
    key_words(layout, batch, *ret_words, *ret_null);
    return STATUS_OK;
}

static enum status add_words(struct entities *entities, const struct batch *batch,
                             uint32_t *ret_ids, struct err *err)
{
    OWNED(memory_release) uint64_t *words = NULL;
    OWNED(memory_release) bool *null = NULL;
    TRY(words_of(&entities->layout, batch, &words, &null, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        if (null[row])
            ret_ids[row] = ENTITY_NONE;
        else if (row > 0 && words[row] == words[row - 1] && !null[row - 1])
            ret_ids[row] = ret_ids[row - 1];
        else
            TRY(insert(entities, words[row], (struct str){0}, &ret_ids[row], err));
    }
    return STATUS_OK;
}

static enum status add_bytes(struct entities *entities, const struct batch *batch,
                             uint32_t *ret_ids, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(KEYS_BYTES_MAXIMUM);
    uint32_t last = ENTITY_NONE;
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str key = {0};
        bool null = false;
        TRY(key_bytes(&entities->layout, batch, row, &scratch, &key, &null, err));
        ret_ids[row] = last;
        if (null)
            ret_ids[row] = ENTITY_NONE;
        else if (last == ENTITY_NONE || !str_equal(key_of(entities, last), key))
            TRY(insert(entities, XXH3_64bits(key.data, key.size), key, &ret_ids[row], err));
        last = ret_ids[row];
    }
    return STATUS_OK;
}

enum status entities_add(struct entities *entities, const struct batch *batch, uint32_t *ret_ids,
                         struct err *err)
{
    return entities->layout.word ? add_words(entities, batch, ret_ids, err)
                                 : add_bytes(entities, batch, ret_ids, err);
}

static enum status find_words(const struct entities *entities, const struct key_layout *layout,
                              const struct batch *batch, uint32_t *ret_ids, struct err *err)
{
    OWNED(memory_release) uint64_t *words = NULL;
    OWNED(memory_release) bool *null = NULL;
    TRY(words_of(layout, batch, &words, &null, err));
    for (int64_t first = 0; first < batch->rows; first += BLOCK) {
        int64_t end = first + BLOCK < batch->rows ? first + BLOCK : batch->rows;
        for (int64_t row = first; row < end; row++)
            __builtin_prefetch(&entities->slots[place_of_slot(entities, words[row])]);
        for (int64_t row = first; row < end; row++)
            ret_ids[row] =
                null[row] ? ENTITY_NONE : probe(entities, words[row], (struct str){0})->id - 1;
    }
    return STATUS_OK;
}

static enum status find_bytes(const struct entities *entities, const struct key_layout *layout,
                              const struct batch *batch, uint32_t *ret_ids, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(KEYS_BYTES_MAXIMUM);
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str key = {0};
        bool null = false;
        TRY(key_bytes(layout, batch, row, &scratch, &key, &null, err));
        ret_ids[row] =
            null ? ENTITY_NONE : probe(entities, XXH3_64bits(key.data, key.size), key)->id - 1;
    }
    return STATUS_OK;
}

enum status entities_find(const struct entities *entities, const struct key_layout *layout,
                          const struct batch *batch, uint32_t *ret_ids, struct err *err)
{
    return entities->layout.word ? find_words(entities, layout, batch, ret_ids, err)
                                 : find_bytes(entities, layout, batch, ret_ids, err);
}

uint32_t entities_count(const struct entities *entities)
{
    return entities->count;
}

uint64_t entities_word(const struct entities *entities, uint32_t id)
{
    return entities->words[id];
}

struct str entities_bytes(const struct entities *entities, uint32_t id)
{
    return key_of(entities, id);
}

/* ---- key order ---- */

static int compare_words(const void *context, uint32_t a, uint32_t b)
{
    const uint64_t *words = ((const struct entities *)context)->words;
    return words[a] < words[b] ? -1 : words[a] > words[b];
}

static int compare_bytes(const void *context, uint32_t a, uint32_t b)
{
    return str_compare(key_of(context, a), key_of(context, b));
}

static enum status rank(const struct entities *entities, uint32_t *ret_ranks, struct err *err)
{
    OWNED(memory_release) uint32_t *sorted = NULL;
    OWNED(memory_release) uint32_t *scratch = NULL;
    TRY(NEW(&sorted, entities->count, err));
    TRY(NEW(&scratch, entities->count, err));
    for (uint32_t id = 0; id < entities->count; id++)
        sorted[id] = id;
    merge_sort(sorted, entities->count, scratch,
               entities->layout.word ? compare_words : compare_bytes, entities);
    for (uint32_t at = 0; at < entities->count; at++)
        ret_ranks[sorted[at]] = at;
    return STATUS_OK;
}

enum status entities_rank(const struct entities *entities, uint32_t *ret_ranks, bool *ret_same,
                          struct err *err)
{
    *ret_same = entities->ascending;
    if (entities->ascending) {
        for (uint32_t id = 0; id < entities->count; id++)
            ret_ranks[id] = id;
        return STATUS_OK;
    }
    return rank(entities, ret_ranks, err);
}

/* ---- life ---- */

enum status entities_open(struct entities **ret, const struct key_layout *layout, struct err *err)
{
    OWNED(entities_close) struct entities *entities = NULL;
    TRY(NEW(&entities, 1, err));
    entities->layout = *layout;
    entities->ascending = true;
    entities->bytes = bytes_limited(KEYS_BYTES_MAXIMUM);
    TRY(table_grow(entities, err));
    *ret = entities;
    entities = NULL;
    return STATUS_OK;
}

void entities_close(struct entities **entities)
{
    if (entities == NULL || *entities == NULL) return;
    memory_free((*entities)->slots);
    memory_free((*entities)->words);
    bytes_release(&(*entities)->bytes);
    memory_free(*entities);
    *entities = NULL;
}
