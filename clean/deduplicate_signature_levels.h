/* clean/deduplicate_signature_levels.h: one kernel a level. Private to the kernel and its chooser.
 */
#ifndef CLEAN_DEDUPLICATE_SIGNATURE_LEVELS_H
#define CLEAN_DEDUPLICATE_SIGNATURE_LEVELS_H

#include "clean/deduplicate_signature.h"

#define SIGN(name)                                                                                 \
    void name(const struct signer *signer, const uint64_t *shingles, size_t count,                 \
              uint32_t ret[SIGNATURE_MOST])
SIGN(sign_v1);
SIGN(sign_v2);
SIGN(sign_v3);
SIGN(sign_v4);

#if defined(KERNEL_LEVEL) && KERNEL_LEVEL == 1
#define SIGN_LEVEL sign_v1
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 2
#define SIGN_LEVEL sign_v2
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 3
#define SIGN_LEVEL sign_v3
#elif defined(KERNEL_LEVEL) && KERNEL_LEVEL == 4
#define SIGN_LEVEL sign_v4
#endif

#endif
