/* features/gate.h: what a version has to hold up to before it gets a tag.
 *
 *   rows: {min: 1000, max: 1000000, change: 20%}   # change: against the version under the tag
 *   freshness: 36h                                 # of the newest event time, else of the version
 *   drift: {psi: 0.2, ks: 0.1, columns: all}       # against the version under the tag
 *   checks: expectations.yaml                      # rules of tamis-clean's validate, or a list
 * here
 */
#ifndef FEATURES_GATE_H
#define FEATURES_GATE_H

#include "features/view.h"
#include "lineage/run.h"
#include "lineage/version.h"

struct gate {
    int64_t rows_minimum, rows_maximum; /* -1 = none */
    double rows_change;                 /* share; negative = none, likewise below */
    int64_t freshness;                  /* microseconds; -1 = none */
    double psi, ks;
    struct text_list columns; /* none = all features */
    const char *checks;       /* a recipe as JSON; NULL = none */
    const char *definition;   /* the file as JSON */
};
/* Everything in `arena`. STATUS_USAGE with line and column. A file named by `checks` is beside the
 * gate's. */
MUST_CHECK enum status gate_read(struct gate *ret, const char *path, struct arena *arena,
                                 struct err *err);

enum gate_verdict { GATE_PASSED, GATE_FAILED, GATE_SKIPPED };
struct gate_check {
    const char *name, *column; /* column NULL = the version */
    enum gate_verdict verdict;
    const char *found, *expected;
};
struct gate_results {
    struct gate_check *items; /* in `arena`, like the texts */
    size_t count, room, failed;
    struct arena *arena;
};
/* What is held against what. */
struct gate_subject {
    struct store *store;
    const struct common *common;
    const struct view *view; /* NULL = a dataset without one */
    struct version version;
    struct version against; /* number 0 = there is none: comparisons are skipped */
};
/* Holds every check, also after one failed; the answer is in `ret`. Reads both versions once. */
MUST_CHECK enum status gate_hold(const struct gate *gate, const struct gate_subject *subject,
                                 struct gate_results *ret, struct err *err);
MUST_CHECK enum status gate_results_add(struct gate_results *results, struct gate_check check,
                                        struct err *err);
/* Runs `gate->checks` by tamis-clean over the version. */
MUST_CHECK enum status gate_expectations(const struct gate *gate,
                                         const struct gate_subject *subject,
                                         struct gate_results *ret, struct err *err);

const char *gate_verdict_word(enum gate_verdict verdict);

/* ---- what is kept of it ---- */

struct gate_record {
    const char *dataset, *tag, *action; /* "promoted", "refused", "kept", "rolled back" */
    int64_t number, against;
    const char *definition;
};
/* Rows of gates and gate_checks; within a transaction of the caller. */
MUST_CHECK enum status gate_insert(struct run *run, const struct gate_record *record,
                                   const struct gate_results *results, struct err *err);
/* The same as a transaction. */
MUST_CHECK enum status gate_keep(struct run *run, const struct gate_record *record,
                                 const struct gate_results *results, struct err *err);
/* One JSON document, or JUnit's XML. */
MUST_CHECK enum status gate_json(const struct gate_record *record,
                                 const struct gate_results *results, struct bytes *ret,
                                 struct err *err);
MUST_CHECK enum status gate_junit(const struct gate_record *record,
                                  const struct gate_results *results, struct bytes *ret,
                                  struct err *err);

#endif
