/* clean/deduplicate_signature.c: the hash functions, the bands, and the kernel for this processor.
 */
#include "clean/deduplicate_signature.h"

#include "base/cpu.h"
#include "clean/deduplicate_signature_levels.h"

#include <math.h>

struct banding banding_for(double threshold)
{
    struct banding best = {SIGNATURE_MOST, 1};
    for (int rows = 1; rows <= SIGNATURE_MOST; rows++) {
        double meets = pow(threshold, rows);
        if (meets >= 1) return (struct banding){1, 8}; /* equal sets agree everywhere */
        double bands = ceil(log(1 - BAND_RECALL) / log1p(-meets));
        if (bands * rows > SIGNATURE_MOST) break;
        best = (struct banding){(int)bands, rows};
    }
    return best;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void signer_open(struct signer *ret)
{
    uint64_t state = 1997;
    for (size_t i = 0; i < SIGNATURE_MOST; i++) {
        uint64_t random = next(&state);
        ret->seeds[i] = (uint32_t)random;
        ret->odds[i] = (uint32_t)(random >> 32) | 1;
    }
    switch (cpu_level()) {
    case CPU_V4: ret->sign = sign_v4; return;
    case CPU_V3: ret->sign = sign_v3; return;
    case CPU_V2: ret->sign = sign_v2; return;
    case CPU_V1: break;
    }
    ret->sign = sign_v1;
}
