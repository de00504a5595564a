/* clean/deduplicate_texts.h: texts that share most of their shingles.
 *
 * A text is the set of its shingles: runs of words or of characters, in lower case. Two texts are
 * near duplicates when the Jaccard similarity of their sets reaches the threshold. Candidates come
 * from MinHash signatures in bands (deduplicate_signature.h) and each is verified on the sets
 * themselves, so what is found is right; of the pairs exactly at the threshold 98 % are found, of
 * those above it more. Sets of near duplicates are split around representatives: a text joins the
 * first text of its set that it is similar to itself, so likeness does not chain.
 *
 * Sets and band hashes lie in temporary files beyond the memory given; the bands are searched one
 * after the other, in parts that fit. */
#ifndef CLEAN_DEDUPLICATE_TEXTS_H
#define CLEAN_DEDUPLICATE_TEXTS_H

#include "clean/deduplicate_marks.h"
#include "clean/module.h"

struct texts_plan {
    double threshold;      /* Jaccard similarity, above 0 */
    bool characters;       /* shingles of characters, not of words */
    int64_t size;          /* words or characters of a shingle */
    int64_t largest;       /* texts of a cluster; a larger one is left alone */
    const size_t *columns; /* text; several are read one behind the other */
    size_t column_count;
    size_t threads, memory;
};

struct texts;
MUST_CHECK enum status texts_open(struct texts **ret, const struct texts_plan *plan,
                                  struct err *err);
/* The texts of one window. Zero-initialize. */
struct texts_tally {
    struct text_head *heads;
    size_t count;
    uint64_t *shingles;
    size_t shingle_count, shingle_room;
    uint64_t *bands; /* bands + 1 a text; the last is the hash of the whole set */
};
MUST_CHECK enum status texts_observe(const struct texts *texts, const struct window *window,
                                     struct texts_tally *tally, struct err *err);
/* Window order; releases the tally. */
MUST_CHECK enum status texts_absorb(struct texts *texts, struct texts_tally *tally,
                                    struct err *err);
/* A tally as bytes, and back. */
MUST_CHECK enum status texts_tally_carry(const struct texts *texts, int64_t first, int64_t end,
                                         struct texts_tally *tally, struct wire *wire,
                                         struct err *err);
void texts_tally_release(struct texts_tally *tally);
/* Marks the texts that merge, with their similarity as score. `last`: the last text of a cluster
 * represents it. *ret_left: clusters left alone for their size. */
MUST_CHECK enum status texts_mark(struct texts *texts, bool last, struct marks *marks,
                                  size_t *ret_left, struct err *err);
void texts_close(struct texts **texts);

/* Of two rising lists without repeats; 1 when both are empty. */
double sets_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count);

#endif
