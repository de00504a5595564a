/* clean/deduplicate_link.h: records of the same thing, written differently (record linkage).
 *
 * Candidate pairs (deduplicate_candidates.h) are compared column by column
 * (deduplicate_compare.h); what agreement is worth and from which probability on a pair is a match
 * is learned from the pairs themselves (deduplicate_mixture.h). Two sources are linked one to one,
 * the surest pairs first; otherwise clusters of average linkage become one
 * (deduplicate_linkage.h). Where the likeliest pairs do not even agree in most of their columns,
 * nothing is linked: there is nothing to find.
 *
 * Records, pairs and levels lie in temporary files beyond the memory given. What always is in
 * memory: word counts (32 MiB, 192 MiB beyond 200,000 records) and about 50 bytes a record. */
#ifndef CLEAN_DEDUPLICATE_LINK_H
#define CLEAN_DEDUPLICATE_LINK_H

#include "clean/deduplicate_marks.h"
#include "clean/deduplicate_records.h"

enum link_choice { LINK_AUTO, LINK_ONE_TO_ONE, LINK_CLUSTERS };

struct link_plan {
    const size_t *columns; /* at most RECORD_COLUMNS_MOST; they outlive it */
    size_t column_count;
    enum link_choice choice; /* AUTO: one to one when there are two sources */
    double threshold;        /* least probability of a match; 0 = chosen */
    int64_t largest;         /* records of a cluster; a larger one is left alone */
    size_t threads, memory;
};

struct linker;
MUST_CHECK enum status linker_open(struct linker **ret, const struct schema *schema,
                                   const struct link_plan *plan, struct err *err);
void linker_close(struct linker **linker);
/* What observe and absorb fill. */
struct records *linker_records(struct linker *linker);
/* Marks the records that merge, with their probability as score. `last`: the last record of a
 * cluster represents it. *ret_left: clusters left alone for their size. */
MUST_CHECK enum status linker_mark(struct linker *linker, bool last, struct marks *marks,
                                   size_t *ret_left, struct err *err);
/* What was learned, as members of a JSON object. */
MUST_CHECK enum status linker_save(const struct linker *linker, struct bytes *json,
                                   struct err *err);
/* The probability from which on pairs match, after linker_mark. */
double linker_threshold(const struct linker *linker);

#endif
