/* clean/deduplicate_pictures.h: pictures that look alike, by a perceptual hash and a second look.
 *
 * The luma of the whole picture, averaged over a 32 x 32 grid, goes through a discrete cosine
 * transform; of its 8 x 8 lowest frequencies each bit says whether it lies above their median
 * (Zauner 2010, "pHash"), once for the picture and once for its mirror image. Integers throughout:
 * the same bits on every machine. Few differing bits make two pictures candidates; their thumbnails
 * must then correlate (deduplicate_align.h), after alignment where the bits alone are too far
 * apart. Pictures whose bytes are equal are found by their SipHash; a picture that shows next to
 * nothing is compared by its bytes only, a broken one is left alone. */
#ifndef CLEAN_DEDUPLICATE_PICTURES_H
#define CLEAN_DEDUPLICATE_PICTURES_H

#include "clean/deduplicate_align.h"
#include "clean/deduplicate_keys.h"

#include "base/str.h"

#define PICTURE_GRID THUMB_SIDE

struct look {
    uint64_t bits;
    uint64_t mirrored; /* of the mirror image */
    bool broken;       /* could not be decoded */
    bool plain;        /* too little contrast for the bits to mean anything */
    bool small; /* a side under 64 pixels: the thumbnail is all there is, so it is not aligned, and
                   twice as much of it must agree */
    uint8_t thumb[THUMB_BYTES];
};
/* Of the bytes of a PNG or JPEG. Any thread. */
MUST_CHECK enum status look_of(struct str bytes, struct look *ret, struct err *err);
/* Of a grid of luma sums and the number of pixels behind each (row-major). */
struct look look_of_grid(const uint64_t sums[PICTURE_GRID * PICTURE_GRID],
                         const uint32_t pixels[PICTURE_GRID * PICTURE_GRID]);

/* What is kept of a picture; its thumbnail lies beside, at the same place. */
struct picture_entry {
    struct key_entry bytes; /* hash of the file's bytes, and the row */
    uint64_t bits, mirrored;
    bool broken, plain, small;
};

struct likeness {
    int distance;      /* bits: alike when the thumbnails correlate as they are */
    double similarity; /* least correlation */
    bool align;        /* a second chance by alignment, up to LIKENESS_REACH bits */
    bool mirror;       /* mirror images are alike */
    bool last;         /* the last picture stays, not the first */
};
#define LIKENESS_REACH 18

/* Bits in which two pictures differ: the smaller of plain and, if asked, mirrored. */
int pictures_distance(const struct picture_entry *a, const struct picture_entry *b, bool mirror,
                      bool *ret_mirrored);

/* Marks every picture that is byte-identical to, or looks like, an earlier (`last`: later) picture
 * that stays; of several the nearest, then the first met. A picture is only compared with those
 * that stay, so likeness does not chain. `thumbs` has THUMB_BYTES an entry. */
MUST_CHECK enum status pictures_mark(const struct picture_entry *entries, const uint8_t *thumbs,
                                     size_t count, const struct likeness *likeness, size_t threads,
                                     struct marks *marks, struct err *err);

#endif
