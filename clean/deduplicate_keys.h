/* clean/deduplicate_keys.h: finds rows with equal keys among any number of rows in bounded memory.
 *
 * A row is one entry of 24 bytes: SipHash-2-4-128 (Aumasson and Bernstein 2012) of its key under a
 * random key of this run (shards of one run share it), and its number. Equal hashes count as equal
 * keys: for 10^9 rows the chance of one false merge is below 10^-20, and nobody can prepare one
 * without the key. Entries beyond the memory given go to one unlinked file in 256 partitions by
 * their leading bits; each partition is then searched alone (Grace hash partitioning, Kitsuregawa
 * et al. 1983). */
#ifndef CLEAN_DEDUPLICATE_KEYS_H
#define CLEAN_DEDUPLICATE_KEYS_H

#include "clean/deduplicate_marks.h"

struct key_entry {
    uint64_t low, high; /* the hash */
    int64_t row;        /* number: rising */
};

struct key_hasher {
    uint8_t secret[16];
};
/* `secret`: 16 bytes; NULL = a random key. */
MUST_CHECK enum status key_hasher_open(struct key_hasher *ret, const uint8_t *secret,
                                       struct err *err);
struct key_entry key_hash(const struct key_hasher *hasher, const void *key, size_t size,
                          int64_t row);

struct keys;
MUST_CHECK enum status keys_open(struct keys **ret, size_t memory, struct err *err);
/* Entries in rising row order. */
MUST_CHECK enum status keys_add(struct keys *keys, const struct key_entry *entries, size_t count,
                                struct err *err);
/* Marks every row whose key an earlier row (`last`: a later row) has. Call once. */
MUST_CHECK enum status keys_mark(struct keys *keys, bool last, size_t threads, struct marks *marks,
                                 struct err *err);
void keys_close(struct keys **keys);

#endif
