/* clean/deduplicate_shingles.c: a text as the set of its shingles. */
#include "clean/deduplicate_shingles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define INSERTION_MOST 48 /* hashes sorted by insertion */

/* 0 for a byte that is in no word, else the byte in lower case. */
static uint8_t word_byte(uint8_t byte)
{
    if (byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')) return byte;
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : 0;
}

enum status words_append(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_reserve(ret, text.size + 1, err));
    bool apart = ret->size > 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = word_byte((uint8_t)text.data[i]);
        if (byte != 0) {
            if (apart) ret->data[ret->size++] = ' ';
            ret->data[ret->size++] = byte;
        }
        apart = byte == 0 && ret->size > 0;
    }
    return STATUS_OK;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort(uint64_t *values, size_t count)
{
    if (count > INSERTION_MOST) {
        qsort(values, count, sizeof *values, compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static size_t unique(uint64_t *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
    return kept;
}

/* Whether a unit (word or character) begins at `at`; the end counts as the beginning of one. */
static bool begins(struct str words, bool characters, size_t at)
{
    if (at == 0 || at == words.size) return true;
    return characters ? ((uint8_t)words.data[at] & 0xc0) != 0x80 : words.data[at - 1] == ' ';
}

static size_t next_unit(struct str words, bool characters, size_t at)
{
    do
        at++;
    while (at < words.size && !begins(words, characters, at));
    return at;
}

size_t shingles_of(struct str words, bool characters, size_t size, uint64_t *ret)
{
    if (words.size == 0) return 0;
    size_t from = 0, end = 0, count = 0, gap = characters ? 0 : 1;
    for (size_t i = 0; i < size && end < words.size; i++)
        end = next_unit(words, characters, end);
    for (;;) {
        size_t last = end == words.size ? end : end - gap; /* without the blank behind a word */
        ret[count++] = XXH3_64bits(words.data + from, last - from);
        if (end == words.size) break;
        end = next_unit(words, characters, end);
        from = next_unit(words, characters, from);
    }
    sort(ret, count);
    return unique(ret, count);
}
