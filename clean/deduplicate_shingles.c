/* clean/deduplicate_shingles.c: a text as the set of its shingles. */
#include "clean/deduplicate_shingles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define INSERTION_MOST 48   /* hashes sorted by insertion */
#define BUCKETS        256  /* hashes are even: a bucket by the upper bits holds few of them */
#define BUCKETED_MOST  4096 /* hashes sorted by buckets */

static bool is_between(uint8_t byte, char first, char last)
{
    return (uint8_t)(byte - (uint8_t)first) <= (uint8_t)(last - first);
}

/* Without branches: where a word ends is not foreseen. Each byte is written, and stays where it
 * belongs to a word or is the first blank behind one. */
enum status words_append(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_reserve(ret, text.size + 2, err));
    uint8_t *to = ret->data + ret->size;
    bool in_word = false;
    if (ret->size > 0) *to++ = ' ';
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        bool letter = is_between(byte | 0x20, 'a', 'z');
        bool within = letter | (byte >= 0x80) | is_between(byte, '0', '9');
        uint8_t mask = (uint8_t)-within; /* gcc branches where a condition chooses */
        *to = (uint8_t)(((byte | letter << 5) & mask) | (' ' & ~mask));
        to += within | in_word;
        in_word = within;
    }
    ret->size = (size_t)(to - ret->data);
    if (ret->size > 0 && to[-1] == ' ') ret->size--;
    return STATUS_OK;
}

/* ---- sets ---- */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_by_insertion(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static void sort_few(uint64_t *values, size_t count)
{
    if (count > INSERTION_MOST)
        qsort(values, count, sizeof *values, compare);
    else
        sort_by_insertion(values, count);
}

/* At most BUCKETED_MOST values: to their buckets, then each bucket. */
static void sort_by_buckets(uint64_t *values, size_t count)
{
    uint64_t sorted[BUCKETED_MOST];
    uint16_t ends[BUCKETS] = {0};
    for (size_t i = 0; i < count; i++)
        ends[values[i] >> 56]++;
    uint16_t before = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        uint16_t size = ends[b];
        ends[b] = before;
        before = (uint16_t)(before + size);
    }
    for (size_t i = 0; i < count; i++)
        sorted[ends[values[i] >> 56]++] = values[i];
    memcpy(values, sorted, count * sizeof *values);
    for (size_t b = 0, from = 0; b < BUCKETS; from = ends[b++])
        if (ends[b] - from > 1) sort_few(values + from, ends[b] - from);
}

static void sort(uint64_t *values, size_t count)
{
    if (count <= INSERTION_MOST / 4)
        sort_by_insertion(values, count);
    else if (count <= BUCKETED_MOST)
        sort_by_buckets(values, count);
    else
        qsort(values, count, sizeof *values, compare);
}

static size_t unique(uint64_t *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
    return kept;
}

/* ---- shingles ---- */

/* Where each unit (word or character) begins. Gives their number. */
static size_t starts_of(struct str words, bool characters, uint64_t *ret)
{
    size_t count = 1;
    ret[0] = 0;
    for (size_t i = 1; i < words.size; i++) {
        ret[count] = i;
        count += characters ? ((uint8_t)words.data[i] & 0xc0) != 0x80 : words.data[i - 1] == ' ';
    }
    return count;
}

size_t shingles_of(struct str words, bool characters, size_t size, uint64_t *ret)
{
    if (words.size == 0) return 0;
    size_t gap = characters ? 0 : 1; /* without the blank behind a word */
    size_t units = starts_of(words, characters, ret);
    size_t count = units > size ? units - size + 1 : 1;
    for (size_t i = 0; i < count; i++) { /* a start is read before a hash takes its place */
        uint64_t from = ret[i], end = i + size < units ? ret[i + size] - gap : words.size;
        ret[i] = XXH3_64bits(words.data + from, end - from);
    }
    sort(ret, count);
    return unique(ret, count);
}
