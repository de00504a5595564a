/* clean/counts.c: how often each value occurs, and the exact mode. */
#include "clean/counts.h"

#include <xxhash.h>

#define SLOTS_FIRST   1024
#define VALUE_MAXIMUM ((size_t)1 << 31)

/* ---- table ---- */

uint64_t count_hash(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

/* The slot of the value, or the free slot where it would go. */
static size_t find_slot(const struct counts *counts, const void *data, size_t size, uint64_t hash)
{
    size_t mask = counts->slot_count - 1, slot = (size_t)hash & mask;
    while (counts->slots[slot] != 0) {
        const struct counted *item = &counts->items[counts->slots[slot] - 1];
        if (item->hash == hash && item->size == size &&
            (size == 0 || memcmp(item->data, data, size) == 0))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static enum status grow(struct counts *counts, struct err *err)
{
    size_t slot_count = counts->slot_count == 0 ? SLOTS_FIRST : counts->slot_count * 2;
    if (slot_count > UINT32_MAX) return fail_memory(err, slot_count);
    struct counted *items = memory_resize(counts->items, slot_count / 2, sizeof *items);
    if (items == NULL) return fail_memory(err, slot_count / 2 * sizeof *items);
    counts->items = items;
    counts->room = slot_count / 2;
    uint32_t *slots;
    TRY(NEW(&slots, slot_count, err));
    memory_free(counts->slots);
    counts->slots = slots;
    counts->slot_count = slot_count;
    for (size_t i = 0; i < counts->count; i++) {
        size_t slot = (size_t)items[i].hash & (slot_count - 1);
        while (slots[slot] != 0)
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = (uint32_t)(i + 1);
    }
    return STATUS_OK;
}

enum status counts_add(struct counts *counts, const void *data, size_t size, uint64_t hash,
                       int64_t times, struct err *err)
{
    if (counts->texts == NULL) TRY(arena_open(&counts->texts, err));
    if (counts->count == counts->room) TRY(grow(counts, err));
    size_t slot = find_slot(counts, data, size, hash);
    if (counts->slots[slot] != 0) {
        counts->items[counts->slots[slot] - 1].count += times;
        return STATUS_OK;
    }
    uint8_t *copy = arena_get(counts->texts, size + 1, 1);
    if (copy == NULL) return fail_memory(err, size);
    if (size > 0) memcpy(copy, data, size);
    counts->items[counts->count++] = (struct counted){copy, size, hash, times};
    counts->slots[slot] = (uint32_t)counts->count;
    /* item, two slots, and the arena's rounding */
    counts->bytes += sizeof(struct counted) + 2 * sizeof(uint32_t) + size + 16;
    return STATUS_OK;
}

size_t counts_place(const struct counts *counts, const void *data, size_t size)
{
    if (counts->slot_count == 0) return SIZE_MAX;
    size_t slot = find_slot(counts, data, size, count_hash(data, size));
    return counts->slots[slot] == 0 ? SIZE_MAX : counts->slots[slot] - 1;
}

int64_t counts_of(const struct counts *counts, const void *data, size_t size)
{
    size_t place = counts_place(counts, data, size);
    return place == SIZE_MAX ? 0 : counts->items[place].count;
}

enum status counts_carry(struct counts *counts, struct wire *wire, struct err *err)
{
    size_t count = counts->count;
    TRY(wire_count(wire, &count, 2 * sizeof(int64_t), err));
    for (size_t i = 0; i < count; i++) {
        struct str value = {"", 0};
        int64_t times = 0;
        if (!wire->reading) {
            value = (struct str){(const char *)counts->items[i].data, counts->items[i].size};
            times = counts->items[i].count;
        }
        TRY(wire_str(wire, &value, err));
        TRY(WIRE(wire, &times, err));
        if (!wire_is_count(times)) return fail(err, STATUS_FAILED, "%lld times", (long long)times);
        if (wire->reading)
            TRY(counts_add(counts, value.data, value.size, count_hash(value.data, value.size),
                           times, err));
    }
    return STATUS_OK;
}

void counts_release(struct counts *counts)
{
    memory_free(counts->items);
    memory_free(counts->slots);
    arena_close(&counts->texts);
    *counts = (struct counts){0};
}

/* ---- mode ---- */

void mode_open(struct mode *mode, size_t memory)
{
    *mode = (struct mode){.memory = memory, .best = bytes_limited(VALUE_MAXIMUM)};
}

static bool wanted(const struct mode *mode, uint64_t hash)
{
    return hash >= mode->from && (mode->below == 0 || hash < mode->below);
}

enum status mode_observe(const struct mode *mode, const void *data, size_t size,
                         struct counts *tally, struct err *err)
{
    uint64_t hash = count_hash(data, size);
    /* `below` falls while other threads absorb: only `from` is fixed during a pass. */
    if (mode->done || hash < mode->from) return STATUS_OK;
    return counts_add(tally, data, size, hash, 1, err);
}

/* Halves the range of hashes counted in this pass and keeps what is still inside. */
static enum status shed(struct mode *mode, struct err *err)
{
    uint64_t above = mode->below == 0 ? UINT64_MAX : mode->below;
    if (above - mode->from <= 1) return fail_memory(err, mode->counts.bytes);
    mode->below = mode->from + (above - mode->from) / 2;
    struct counts kept = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < mode->counts.count; i++) {
        const struct counted *item = &mode->counts.items[i];
        if (wanted(mode, item->hash))
            status = counts_add(&kept, item->data, item->size, item->hash, item->count, err);
    }
    counts_release(&mode->counts);
    mode->counts = kept;
    return status;
}

enum status mode_absorb(struct mode *mode, struct counts *tally, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tally->count; i++) {
        const struct counted *item = &tally->items[i];
        if (!wanted(mode, item->hash)) continue;
        status = counts_add(&mode->counts, item->data, item->size, item->hash, item->count, err);
        while (status == STATUS_OK && mode->counts.bytes > mode->memory / 2 &&
               mode->counts.count > 1)
            status = shed(mode, err);
    }
    counts_release(tally);
    return status;
}

static bool better(const struct mode *mode, const struct counted *item)
{
    if (item->count != mode->best_count) return item->count > mode->best_count;
    struct str value = {(const char *)item->data, item->size};
    return str_compare(value, (struct str){(const char *)mode->best.data, mode->best.size}) < 0;
}

enum status mode_settle(struct mode *mode, bool *ret_more, struct err *err)
{
    *ret_more = false;
    if (mode->done) return STATUS_OK;
    for (size_t i = 0; i < mode->counts.count; i++) {
        const struct counted *item = &mode->counts.items[i];
        if (!better(mode, item)) continue;
        mode->best.size = 0;
        TRY(bytes_append(&mode->best, item->data, item->size, err));
        mode->best_count = item->count;
    }
    counts_release(&mode->counts);
    *ret_more = mode->below != 0;
    mode->done = !*ret_more;
    mode->from = mode->below;
    mode->below = 0;
    return STATUS_OK;
}

void mode_release(struct mode *mode)
{
    counts_release(&mode->counts);
    bytes_release(&mode->best);
}
