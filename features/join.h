/* features/join.h: the state of one `join`, between its files: join.c (the command), join_columns.c
 * (names and types), join_names.c (other names), join_rows.c (rows), join_plan.c (--explain),
 * training_set.c (the catalog). */
#ifndef FEATURES_JOIN_H
#define FEATURES_JOIN_H

#include "columnar/content.h"
#include "features/answers.h"
#include "features/exposure_log.h"
#include "features/join_check.h"
#include "lineage/stage.h"

struct join_args {
    const char *spine, *event_time, *into;
    struct text_list views, keys;
    bool strict_before, no_as_known, leak_report, provenance, log_exposure;
    int64_t verify;
};

/* A view in this join. */
struct joined_name {
    const char *name, *operand; /* operand: VIEW[@REF] */
    bool given;                 /* the name is, with NAME= */
    bool renamed;               /* a key is */
    struct text_list keys;      /* the spine's columns for the view's entity, in its order */
};

struct join {
    struct run *run;
    struct store *store;
    const struct invocation *invocation;
    const struct join_args *args;
    size_t threads;
    struct joined_name *names; /* by view */
    struct feature_table *tables;
    size_t table_count;
    bool *more;                        /* by view: it does not fit into memory at once */
    struct answers **answers;          /* by view: of those that do not */
    struct join_check *check;          /* --verify */
    struct content_digester *digester; /* of the result, unless --into makes one */
    struct spill_file file;
    struct sorted_run *aside; /* the spine, where a view does not fit */
    size_t next_aside;
    struct stage_input *spine;
    struct key_layout *layouts; /* of each view's entity in the spine */
    int64_t time_column;        /* of the spine, -1 = none */
    struct schema *schema;
    struct stage_output *output;
    struct exposure_log **exposures; /* by view; NULL = not logged */
    int64_t *found;                  /* rows of the spine that got a feature row, by view */
};

/* ---- join_names.c ---- */

/* Takes --view apart. STATUS_USAGE for a name that is given twice. */
MUST_CHECK enum status join_name_views(struct join *join, struct err *err);
/* Takes --key apart, once the views are open. */
MUST_CHECK enum status join_name_keys(struct join *join, struct err *err);
/* Adds the spine's columns to *ret, those that hold keys under other names with a KEY_MARK. */
MUST_CHECK enum status join_mark_keys(const struct join *join, struct schema *ret, struct err *err);

/* ---- join_columns.c ---- */

/* Finds keys and time in the spine, and puts the output's schema together. STATUS_USAGE where they
 * do not fit. */
MUST_CHECK enum status join_columns(struct join *join, struct err *err);

/* ---- join_rows.c ---- */

/* Bytes of one view that may be in memory. */
uint64_t join_budget(const struct join *join);
/* Asks the views that do not fit, range by range. */
MUST_CHECK enum status join_large_views(struct join *join, struct err *err);
/* The rows of the spine, with their features, to the output. */
MUST_CHECK enum status join_rows(struct join *join, struct err *err);

/* ---- join_exposure.c ---- */

/* Nothing unless --log-exposure is given, and for views behind a tag. */
MUST_CHECK enum status join_expose_open(struct join *join, struct err *err);
/* Joined rows, in order. */
MUST_CHECK enum status join_expose(const struct join *join, const struct batch *batch,
                                   struct err *err);
MUST_CHECK enum status join_expose_end(const struct join *join, struct err *err);

/* ---- join_plan.c ---- */

/* What would be done, on stdout. */
MUST_CHECK enum status join_explain(const struct join *join, struct err *err);

/* ---- training_set.c ---- */

/* Registers the result, then ends the output. */
MUST_CHECK enum status join_register(struct join *join, struct err *err);

#endif
