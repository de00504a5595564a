/* clean/deduplicate_pictures.h: pictures that look alike, by a 64-bit perceptual hash.
 *
 * The luma of the whole picture, averaged over a 32 x 32 grid, goes through a discrete cosine
 * transform; of its 8 x 8 lowest frequencies each bit says whether it lies above their median
 * (Zauner 2010, "pHash"). Integers throughout: the same bits on every machine. Pictures whose bytes
 * are equal are found by their SipHash; a picture that cannot be decoded or shows next to nothing
 * has no perceptual hash and is compared by its bytes, or left alone when it is broken. */
#ifndef CLEAN_DEDUPLICATE_PICTURES_H
#define CLEAN_DEDUPLICATE_PICTURES_H

#include "clean/deduplicate_keys.h"

#include "base/str.h"

#define PICTURE_GRID 32

struct look {
    uint64_t bits;
    bool broken; /* could not be decoded */
    bool plain;  /* too little contrast for the bits to mean anything */
};
/* Of the bytes of a PNG or JPEG. Any thread. */
MUST_CHECK enum status look_of(struct str bytes, struct look *ret, struct err *err);
/* Of a grid of luma sums and the number of pixels behind each (row-major). */
struct look look_of_grid(const uint64_t sums[PICTURE_GRID * PICTURE_GRID],
                         const uint32_t pixels[PICTURE_GRID * PICTURE_GRID]);

struct picture_entry {
    struct key_entry bytes; /* hash of the file's bytes, and the row */
    struct look look;
};
/* Bits in which two looks differ. */
static inline int look_distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

/* Marks every picture that is byte-identical to, or at most `distance` bits from, an earlier
 * (`last`: later) picture that stays; of several the nearest, then the first met. A picture is only
 * compared with those that stay, so likeness does not chain. `survivors` has room for `count`
 * places. */
void pictures_mark(const struct picture_entry *entries, size_t count, bool last, int distance,
                   size_t *survivors, struct marks *marks);

#endif
