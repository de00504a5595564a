/* clean/deduplicate_signature_kernel.c: the smallest hashes of a set; compiled once a level. */
#include "clean/deduplicate_signature_levels.h"

/* One block of places stays in registers while the shingles go by. */
static void sign_block(const uint32_t *restrict seeds, const uint32_t *restrict odds,
                       const uint64_t *restrict shingles, size_t count, uint32_t *restrict ret)
{
    uint32_t least[SIGNATURE_BLOCK];
    for (int k = 0; k < SIGNATURE_BLOCK; k++)
        least[k] = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        uint32_t shingle = (uint32_t)(shingles[i] ^ (shingles[i] >> 32));
        for (int k = 0; k < SIGNATURE_BLOCK; k++) {
            uint32_t hash = (shingle ^ seeds[k]) * odds[k];
            hash ^= hash >> 15;
            hash *= 0x2c1b3c6du;
            least[k] = hash < least[k] ? hash : least[k];
        }
    }
    for (int k = 0; k < SIGNATURE_BLOCK; k++)
        ret[k] = least[k];
}

SIGN(SIGN_LEVEL)
{
    for (int block = 0; block < SIGNATURE_MOST; block += SIGNATURE_BLOCK)
        sign_block(signer->seeds + block, signer->odds + block, shingles, count, ret + block);
}
