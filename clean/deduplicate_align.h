/* clean/deduplicate_align.h: whether two pictures show the same, seen on thumbnails of 32 x 32.
 *
 * Correlation of the luma (zero mean, unit norm: brightness and contrast do not matter), as it is
 * or after the best affine alignment: Gauss-Newton on the six parameters with gain and offset
 * (Lucas and Kanade 1981; Baker and Matthews 2004; parametric gain as Evangelidis and Psarakis
 * 2008), coarse to fine, kept near the identity: small rotations, crops and shifts, nothing more.
 * Plain double arithmetic in one order: the same bits on every machine. */
#ifndef CLEAN_DEDUPLICATE_ALIGN_H
#define CLEAN_DEDUPLICATE_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

#define THUMB_SIDE  32
#define THUMB_BYTES (THUMB_SIDE * THUMB_SIDE)

/* -1 ... 1; 0 where one of them is flat. `mirrored` turns `b` left to right first. */
double thumbs_correlate(const uint8_t *a, const uint8_t *b, bool mirrored);
/* The same after aligning b to a and a to b: the larger of both. */
double thumbs_align(const uint8_t *a, const uint8_t *b, bool mirrored);

#endif
