/* clean/checks.h: what became of each expectation, and how machines read it: JSON, or JUnit's XML
 * for those that show test reports. */
#ifndef CLEAN_CHECKS_H
#define CLEAN_CHECKS_H

#include "base/str.h"

enum check_outcome {
    CHECK_PASSED,
    CHECK_NOTED,   /* rows fail, and no share of them is too large */
    CHECK_WARNING, /* would fail the run, but is only a warning */
    CHECK_FAILED,
};

struct check_result {
    const char *rule;        /* "between", or the name the recipe gives it; borrowed */
    const char *column;      /* NULL = the table; borrowed */
    const char *expectation; /* "between 0 and 120"; borrowed */
    enum check_outcome outcome;
    bool of_rows; /* rows are counted below; else `found` says what there is */
    int64_t evaluated, failing;
    double mostly; /* share that must hold, negative = none */
    char found[160];
};

/* Zero-initialize. */
struct check_results {
    struct check_result *items;
    size_t count, room;
};
MUST_CHECK enum status check_results_add(struct check_results *results,
                                         const struct check_result *result, struct err *err);
void check_results_release(struct check_results *results);

/* "passed", "noted", "warning", "failed". */
const char *check_outcome_word(enum check_outcome outcome);
/* "failed "age": between 0 and 120: 3 of 4 rows fail", one line for people. */
MUST_CHECK enum status check_result_say(const struct check_result *result, struct bytes *ret,
                                        struct err *err);

/* The checks of one step, for the file. */
struct checks_of_step {
    int position;
    const char *module;
    struct check_results results;
};
/* {"failed": N, "checks": [{"step": 1, "module": "validate", "rule": ..., ...}]} */
MUST_CHECK enum status checks_json(const struct checks_of_step *steps, size_t count,
                                   struct bytes *ret, struct err *err);
/* A testsuite a step, a testcase a check (the schema Jenkins and GitLab read); warnings and notes
 * are system-out of a passed case. */
MUST_CHECK enum status checks_junit(const struct checks_of_step *steps, size_t count,
                                    struct bytes *ret, struct err *err);

#endif
