/* clean/validate_groups.c: partitioned sorting of key hashes, in memory or in a temporary file. */
#include "clean/validate_groups.h"

#include "base/memory.h"
#include "clean/spill.h"

#include <string.h>

#define PARTITION_BITS 10
#define PARTITIONS     (1u << PARTITION_BITS)

struct groups {
    enum group_rule rule;
    size_t memory;
    struct spill *entries;
    uint64_t counts[PARTITIONS]; /* entries by the top bits of their hash */
    int64_t last_row;
    struct scratch fails; /* a bit a row number */
    bool spilled;
    int64_t failing;
};

enum status groups_open(struct groups **ret, enum group_rule rule, size_t memory, struct err *err)
{
    struct groups *groups = NULL;
    TRY(NEW(&groups, 1, err));
    *ret = groups;
    groups->rule = rule;
    groups->memory = memory;
    groups->last_row = -1;
    return spill_open(&groups->entries, memory / 4, err);
}

static size_t partition_of(const struct group_entry *entry)
{
    return (size_t)(entry->high >> (64 - PARTITION_BITS));
}

enum status groups_add(struct groups *groups, const struct group_entry *entries, size_t count,
                       struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        groups->counts[partition_of(&entries[i])]++;
        if (entries[i].row > groups->last_row) groups->last_row = entries[i].row;
    }
    return spill_add(groups->entries, entries, count * sizeof *entries, err);
}

/* ---- judging ---- */

static int compare_entries(const struct group_entry *a, const struct group_entry *b)
{
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    if (a->low != b->low) return a->low < b->low ? -1 : 1;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* Heap sort: in place, because a partition may be as large as the input and lie in a mapping, and
 * qsort would take as much memory again. */
static void sift_down(struct group_entry *entries, size_t root, size_t count)
{
    struct group_entry moved = entries[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && compare_entries(&entries[child], &entries[child + 1]) < 0) child++;
        if (compare_entries(&moved, &entries[child]) >= 0) break;
        entries[root] = entries[child];
        root = child;
    }
    entries[root] = moved;
}

static void sort_entries(struct group_entry *entries, size_t count)
{
    for (size_t root = count / 2; root > 0; root--)
        sift_down(entries, root - 1, count);
    for (size_t end = count; end > 1; end--) {
        struct group_entry largest = entries[0];
        entries[0] = entries[end - 1];
        entries[end - 1] = largest;
        sift_down(entries, 0, end - 1);
    }
}

static void mark(struct groups *groups, const struct group_entry *entries, size_t count)
{
    uint8_t *bits = groups->fails.data;
    groups->failing += (int64_t)count;
    for (size_t i = 0; i < count; i++)
        bits[entries[i].row >> 3] |= (uint8_t)(1u << (entries[i].row & 7));
}

/* Entries of one key, sorted by value and row. */
static void judge_minority(struct groups *groups, const struct group_entry *entries, size_t count)
{
    size_t best = 0, best_count = 0;
    bool tie = false;
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && entries[end].value == entries[first].value;)
            end++;
        tie = end - first == best_count || (tie && end - first < best_count);
        if (end - first <= best_count) continue;
        best = first;
        best_count = end - first;
    }
    if (best_count == count) return;
    if (tie) best_count = 0;
    mark(groups, entries, tie ? count : best);
    if (!tie) mark(groups, entries + best + best_count, count - best - best_count);
}

static void judge_group(struct groups *groups, const struct group_entry *entries, size_t count)
{
    if (count < 2) return;
    switch (groups->rule) {
    case GROUP_LATER: mark(groups, entries + 1, count - 1); break;
    case GROUP_EVERY: mark(groups, entries, count); break;
    case GROUP_MINORITY: judge_minority(groups, entries, count); break;
    }
}

static void judge_partition(struct groups *groups, struct group_entry *entries, size_t count)
{
    sort_entries(entries, count);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && entries[end].high == entries[first].high &&
                              entries[end].low == entries[first].low;)
            end++;
        judge_group(groups, entries + first, end - first);
    }
}

/* Moves every entry to its partition. */
static void scatter(const struct group_entry *entries, size_t count, const uint64_t *starts,
                    struct group_entry *ret)
{
    uint64_t next[PARTITIONS];
    memcpy(next, starts, sizeof next);
    for (size_t i = 0; i < count; i++)
        ret[next[partition_of(&entries[i])]++] = entries[i];
}

static enum status judge_all(struct groups *groups, const struct group_entry *entries, size_t count,
                             struct err *err)
{
    OWNED(scratch_release) struct scratch sorted = {0};
    uint64_t starts[PARTITIONS], start = 0;
    for (size_t p = 0; p < PARTITIONS; p++) {
        starts[p] = start;
        start += groups->counts[p];
    }
    TRY(scratch_open(&sorted, count * sizeof *entries, groups->memory / 4, err));
    scatter(entries, count, starts, sorted.data);
    for (size_t p = 0; p < PARTITIONS; p++)
        judge_partition(groups, (struct group_entry *)sorted.data + starts[p],
                        (size_t)groups->counts[p]);
    return STATUS_OK;
}

enum status groups_finish(struct groups *groups, struct err *err)
{
    const void *entries = NULL;
    size_t count = (size_t)(spill_size(groups->entries) / sizeof(struct group_entry));
    size_t bytes = (size_t)((groups->last_row + 8) / 8 + 1);
    groups->spilled = spill_is_file(groups->entries);
    TRY(scratch_open(&groups->fails, bytes, groups->memory / 4, err));
    if (count > 0) {
        TRY(spill_freeze(groups->entries, &entries, err));
        TRY(judge_all(groups, entries, count, err));
    }
    spill_close(&groups->entries);
    return STATUS_OK;
}

bool groups_fails(const struct groups *groups, int64_t row)
{
    if (row > groups->last_row) return false;
    const uint8_t *bits = groups->fails.data;
    return ((bits[row >> 3] >> (row & 7)) & 1) != 0;
}

int64_t groups_entries(const struct groups *groups, int64_t *ret_failing)
{
    uint64_t entries = 0;
    for (size_t p = 0; p < PARTITIONS; p++)
        entries += groups->counts[p];
    *ret_failing = groups->failing;
    return (int64_t)entries;
}

bool groups_spilled(const struct groups *groups)
{
    return groups->spilled;
}

void groups_close(struct groups **groups_)
{
    struct groups *groups = *groups_;
    if (groups == NULL) return;
    spill_close(&groups->entries);
    scratch_release(&groups->fails);
    memory_release(groups_);
}
