/* columnar/intern.h: numbers distinct byte strings 0, 1, 2 ... in first-use order (open addressing,
 * XXH3). Behind dictionaries that are built, joined and digested. Private to columnar/. */
#ifndef COLUMNAR_INTERN_H
#define COLUMNAR_INTERN_H

#include "columnar/layout.h"

struct intern_slot {
    uint64_t hash;
    int64_t number; /* + 1; 0 = free */
};
/* Zero-initialize; intern_release frees. Key n is bytes[ends[n - 1] ... ends[n]). */
struct intern {
    struct intern_slot *slots;
    size_t capacity;
    int64_t count;
    struct growing bytes, ends; /* ends: int64 a key */
};

/* The number of `key`; *ret_new tells whether it was not there before. */
MUST_CHECK enum status intern_add(struct intern *intern, struct str key, int64_t *ret_number,
                                  bool *ret_new, struct err *err);
struct str intern_key(const struct intern *intern, int64_t number);
/* Forgets the keys, keeps the memory. */
void intern_reset(struct intern *intern);
void intern_release(struct intern *intern);

#endif
