/* columnar/intern.c: numbers distinct byte strings. */
#include "columnar/intern.h"

#include "base/memory.h"

#include <xxhash.h>

static size_t free_slot(const struct intern_slot *slots, size_t capacity, uint64_t hash)
{
    size_t place = (size_t)hash & (capacity - 1);
    while (slots[place].number != 0)
        place = (place + 1) & (capacity - 1);
    return place;
}

static enum status grow_table(struct intern *intern, struct err *err)
{
    size_t capacity = intern->capacity == 0 ? 64 : intern->capacity * 2;
    struct intern_slot *slots = NULL;
    TRY(NEW(&slots, capacity, err));
    for (size_t i = 0; i < intern->capacity; i++) {
        struct intern_slot slot = intern->slots[i];
        if (slot.number != 0) slots[free_slot(slots, capacity, slot.hash)] = slot;
    }
    memory_free(intern->slots);
    intern->slots = slots;
    intern->capacity = capacity;
    return STATUS_OK;
}

struct str intern_key(const struct intern *intern, int64_t number)
{
    const int64_t *ends = (const int64_t *)(const void *)intern->ends.data;
    int64_t first = number == 0 ? 0 : ends[number - 1];
    if (ends[number] == first) return (struct str){NULL, 0};
    return (struct str){(const char *)intern->bytes.data + first, (size_t)(ends[number] - first)};
}

static bool find(const struct intern *intern, struct str key, uint64_t hash, int64_t *ret_number)
{
    if (intern->capacity == 0) return false;
    size_t place = (size_t)hash & (intern->capacity - 1);
    for (; intern->slots[place].number != 0; place = (place + 1) & (intern->capacity - 1)) {
        const struct intern_slot *slot = &intern->slots[place];
        if (slot->hash != hash || !str_equal(intern_key(intern, slot->number - 1), key)) continue;
        *ret_number = slot->number - 1;
        return true;
    }
    return false;
}

enum status intern_add(struct intern *intern, struct str key, int64_t *ret_number, bool *ret_new,
                       struct err *err)
{
    uint64_t hash = XXH3_64bits(key.data == NULL ? "" : key.data, key.size);
    *ret_new = !find(intern, key, hash, ret_number);
    if (!*ret_new) return STATUS_OK;
    if ((size_t)intern->count * 2 >= intern->capacity) TRY(grow_table(intern, err));
    TRY(growing_append(&intern->bytes, key.data, key.size, err));
    int64_t end = (int64_t)intern->bytes.size;
    TRY(growing_append(&intern->ends, &end, sizeof end, err));
    *ret_number = intern->count++;
    size_t place = free_slot(intern->slots, intern->capacity, hash);
    intern->slots[place] = (struct intern_slot){hash, intern->count};
    return STATUS_OK;
}

void intern_reset(struct intern *intern)
{
    if (intern->count > 0) memset(intern->slots, 0, intern->capacity * sizeof *intern->slots);
    intern->count = 0;
    intern->bytes.size = 0;
    intern->ends.size = 0;
}

void intern_release(struct intern *intern)
{
    memory_free(intern->slots);
    growing_release(&intern->bytes);
    growing_release(&intern->ends);
    *intern = (struct intern){0};
}
