/* clean/deduplicate_keys.c: finds rows with equal keys in bounded memory. */
#include "clean/deduplicate_keys.h"

#include "base/memory.h"
#include "base/output.h"
#include "base/parallel.h"

#include <sodium.h>
#include <string.h>

#define PARTITIONS    256
#define BLOCK_ENTRIES 512 /* 12 KiB: 3 MiB of buffers for all partitions */
#define ENTRIES_LEAST (64u << 10)

/* ---- hash ---- */

enum status key_hasher_open(struct key_hasher *ret, const uint8_t *secret, struct err *err)
{
    if (sodium_init() < 0) return fail(err, STATUS_FAILED, "libsodium did not start");
    if (secret == NULL)
        randombytes_buf(ret->secret, sizeof ret->secret);
    else
        memcpy(ret->secret, secret, sizeof ret->secret);
    return STATUS_OK;
}

struct key_entry key_hash(const struct key_hasher *hasher, const void *key, size_t size,
                          int64_t row)
{
    struct key_entry entry = {.row = row};
    unsigned char hash[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(hash, key, size, hasher->secret);
    memcpy(&entry.low, hash, 8);
    memcpy(&entry.high, hash + 8, 8);
    return entry;
}

/* ---- store ---- */

struct partition {
    struct key_entry *buffer; /* BLOCK_ENTRIES places */
    size_t held;
    uint32_t *blocks; /* in the file, in order */
    size_t block_count, block_room;
    uint64_t entries;
};

struct keys {
    size_t memory;
    struct key_entry *all; /* while they fit */
    size_t count, room, most;
    int descriptor; /* -1 = nothing spilled */
    uint32_t blocks;
    struct partition partitions[PARTITIONS];
    struct key_entry *buffers;
};

enum status keys_open(struct keys **ret, size_t memory, struct err *err)
{
    struct keys *keys;
    TRY(NEW(&keys, 1, err));
    keys->memory = memory;
    keys->descriptor = -1;
    /* The search needs up to 16 bytes more an entry. */
    keys->most = memory / (sizeof *keys->all + 16);
    if (keys->most < ENTRIES_LEAST) keys->most = ENTRIES_LEAST;
    *ret = keys;
    return STATUS_OK;
}

static enum status flush_partition(struct keys *keys, struct partition *partition, struct err *err)
{
    if (partition->block_count == partition->block_room) {
        size_t room = partition->block_room == 0 ? 64 : partition->block_room * 2;
        uint32_t *grown = memory_resize(partition->blocks, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        partition->blocks = grown;
        partition->block_room = room;
    }
    size_t size = BLOCK_ENTRIES * sizeof *partition->buffer;
    TRY(pwrite_all(keys->descriptor, partition->buffer, size, (uint64_t)keys->blocks * size, err));
    partition->blocks[partition->block_count++] = keys->blocks++;
    partition->held = 0;
    return STATUS_OK;
}

static enum status spill_entries(struct keys *keys, const struct key_entry *entries, size_t count,
                                 struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = &keys->partitions[entries[i].high >> 56];
        if (partition->held == BLOCK_ENTRIES) TRY(flush_partition(keys, partition, err));
        partition->buffer[partition->held++] = entries[i];
        partition->entries++;
    }
    return STATUS_OK;
}

static enum status start_spilling(struct keys *keys, struct err *err)
{
    TRY(temporary_open(&keys->descriptor, err));
    TRY(NEW(&keys->buffers, PARTITIONS * BLOCK_ENTRIES, err));
    for (size_t p = 0; p < PARTITIONS; p++)
        keys->partitions[p].buffer = keys->buffers + p * BLOCK_ENTRIES;
    TRY(spill_entries(keys, keys->all, keys->count, err));
    memory_free(keys->all);
    keys->all = NULL;
    keys->count = keys->room = 0;
    return STATUS_OK;
}

enum status keys_add(struct keys *keys, const struct key_entry *entries, size_t count,
                     struct err *err)
{
    if (keys->descriptor < 0 && keys->count + count > keys->most) TRY(start_spilling(keys, err));
    if (keys->descriptor >= 0) return spill_entries(keys, entries, count, err);
    if (keys->count + count > keys->room) {
        size_t room = keys->room * 2 > keys->count + count ? keys->room * 2 : keys->count + count;
        if (room > keys->most) room = keys->most;
        struct key_entry *grown = memory_resize(keys->all, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        keys->all = grown;
        keys->room = room;
    }
    if (count > 0) memcpy(keys->all + keys->count, entries, count * sizeof *entries);
    keys->count += count;
    return STATUS_OK;
}

/* ---- search ---- */

static size_t slots_for(size_t count)
{
    size_t slots = 16;
    while (slots < count + count / 2)
        slots *= 2;
    return slots;
}

/* Entries are in row order: the first one met is the survivor, from the front or from the back. */
static enum status mark_equal(const struct key_entry *entries, size_t count, bool last,
                              struct marks *marks, struct err *err)
{
    OWNED(memory_release) uint32_t *slots = NULL;
    size_t mask = slots_for(count) - 1;
    if (count >= UINT32_MAX) return fail_memory(err, count * sizeof *slots);
    TRY(NEW(&slots, mask + 1, err));
    for (size_t k = 0; k < count; k++) {
        size_t i = last ? count - 1 - k : k;
        const struct key_entry *entry = &entries[i];
        size_t slot = (size_t)entry->low & mask;
        while (slots[slot] != 0) {
            const struct key_entry *first = &entries[slots[slot] - 1];
            if (first->low == entry->low && first->high == entry->high) break;
            slot = (slot + 1) & mask;
        }
        if (slots[slot] == 0)
            slots[slot] = (uint32_t)(i + 1);
        else
            marks->into[entry->row] = entries[slots[slot] - 1].row + 1;
    }
    return STATUS_OK;
}

struct search {
    const struct keys *keys;
    struct marks *marks;
    size_t most; /* entries one thread may hold */
    bool last;
};

/* One part of a partition (rounds > 1: only hashes of this round). */
static enum status load_round(const struct search *search, const struct partition *partition,
                              uint64_t rounds, uint64_t round, struct key_entry *block,
                              struct key_entry *ret, size_t room, size_t *ret_count,
                              struct err *err)
{
    size_t size = BLOCK_ENTRIES * sizeof *block;
    *ret_count = 0;
    for (size_t b = 0; b <= partition->block_count; b++) {
        bool tail = b == partition->block_count;
        const struct key_entry *from = tail ? partition->buffer : block;
        if (!tail)
            TRY(pread_all(search->keys->descriptor, block, size,
                          (uint64_t)partition->blocks[b] * size, err));
        for (size_t i = 0; i < (tail ? partition->held : BLOCK_ENTRIES); i++) {
            if (((from[i].high >> 24) & 0xffffffff) % rounds != round) continue;
            if (*ret_count == room)
                return fail(err, STATUS_MEMORY, "the keys of one partition need more memory");
            ret[(*ret_count)++] = from[i];
        }
    }
    return STATUS_OK;
}

static enum status search_partition(void *context, size_t index, struct err *err)
{
    const struct search *search = context;
    const struct partition *partition = &search->keys->partitions[index];
    if (partition->entries < 2) return STATUS_OK;
    OWNED(memory_release) struct key_entry *block = NULL;
    OWNED(memory_release) struct key_entry *entries = NULL;
    /* Hashes spread evenly: half of the room is more than the spread needs. */
    uint64_t rounds = partition->entries / (search->most / 2) + 1;
    size_t room = rounds == 1 ? (size_t)partition->entries : search->most;
    TRY(NEW(&block, BLOCK_ENTRIES, err));
    TRY(NEW(&entries, room, err));
    for (uint64_t round = 0; round < rounds; round++) {
        size_t count;
        TRY(load_round(search, partition, rounds, round, block, entries, room, &count, err));
        TRY(mark_equal(entries, count, search->last, search->marks, err));
    }
    return STATUS_OK;
}

enum status keys_mark(struct keys *keys, bool last, size_t threads, struct marks *marks,
                      struct err *err)
{
    if (keys->descriptor < 0) return mark_equal(keys->all, keys->count, last, marks, err);
    size_t most = keys->most / (threads == 0 ? 1 : threads);
    struct search search = {keys, marks, most < 4096 ? 4096 : most, last};
    return parallel_for(threads, PARTITIONS, &search, search_partition, err);
}

void keys_close(struct keys **keys)
{
    if (*keys == NULL) return;
    for (size_t p = 0; p < PARTITIONS; p++)
        memory_free((*keys)->partitions[p].blocks);
    descriptor_close(&(*keys)->descriptor);
    memory_free((*keys)->buffers);
    memory_free((*keys)->all);
    memory_free(*keys);
    *keys = NULL;
}
