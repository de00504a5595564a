/* scratch.h: a temporary folder with a store in it, for the unit tests of lineage/. */
#ifndef TESTS_UNIT_LINEAGE_SCRATCH_H
#define TESTS_UNIT_LINEAGE_SCRATCH_H

#include "lineage/run.h"

struct scratch {
    char folder[64];
    char store_path[96];
    struct store *store;
    struct err err;
};

/* cmocka set-up and tear-down; *state is a struct scratch * with an open, writable store. */
int scratch_make(void **state);
int scratch_remove(void **state);
/* An invocation of `tamis-test` against this store. Static memory. */
const struct invocation *scratch_invocation(const struct scratch *scratch);
/* Fails the test with the message when `status` is not OK. */
void check_ok(enum status status, const struct err *err);
/* The first column of the first row as text, "" where there is none. Static memory. */
const char *scratch_ask(const struct scratch *scratch, const char *sql);
/* Runs `child` in `count` processes at once; every one must return 0. */
void in_processes(int count, int (*child)(const struct scratch *scratch, int index),
                  const struct scratch *scratch);

#endif
