/* base/measures.h: what a run measured, each under one name: the same word in the catalog
 * (run_metrics) and, with "tamis_run_" in front, in --metrics-file. */
#ifndef BASE_MEASURES_H
#define BASE_MEASURES_H

#include "base/err.h"
#include "base/memory.h"

struct measure {
    const char *name; /* "wall_seconds" */
    double value;
    const char *unit; /* "s" */
};

struct measures {
    struct arena *arena; /* texts and items; borrowed */
    struct measure *items;
    size_t count, room;
    char run_id[64]; /* of the run they are of; empty = none yet */
};

/* Texts are copied. A name that is there keeps its place and gets the value. NULL measures:
 * nothing. */
MUST_CHECK enum status measures_set(struct measures *measures, const char *name, double value,
                                    const char *unit, struct err *err);
const struct measure *measures_find(const struct measures *measures, const char *name);

#define RESOURCES 13
/* What the process took since `began` (clock_seconds): time, memory, faults, blocks; getrusage(2)
 * and our own count of memory. Names and units are literals. */
void resources_measure(struct measure ret[RESOURCES], double began, size_t threads);

#endif
