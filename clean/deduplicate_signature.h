/* clean/deduplicate_signature.h: MinHash signatures of sets of shingles.
 *
 * Place j of a signature is the smallest value that the j-th of many 32-bit hash functions takes on
 * the set; two sets agree in one place with the probability of their Jaccard similarity (Broder
 * 1997). The functions are multiply and xor-shift mixes of an already well mixed 64-bit hash.
 * Signatures are cut into bands of `rows` places: sets that agree in all places of a band are
 * candidates (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4). */
#ifndef CLEAN_DEDUPLICATE_SIGNATURE_H
#define CLEAN_DEDUPLICATE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_BLOCK 32  /* places computed together */
#define SIGNATURE_MOST  128 /* places of a signature */

/* Recall wanted of pairs exactly at the threshold; those above it are found more often. */
#define BAND_RECALL 0.98

struct banding {
    int bands, rows;
};
/* The longest bands of at most SIGNATURE_MOST places in all that still find pairs of this Jaccard
 * similarity (above 0) with probability BAND_RECALL. */
struct banding banding_for(double threshold);

/* The odd multipliers and offsets of the hash functions, always the same. */
struct signer {
    uint32_t seeds[SIGNATURE_MOST], odds[SIGNATURE_MOST];
    void (*sign)(const struct signer *signer, const uint64_t *shingles, size_t count,
                 uint32_t ret[SIGNATURE_MOST]);
};
/* Chosen by the processor's level. */
void signer_open(struct signer *ret);

#endif
