/* features/recorded.h: what every subcommand that changes the store does around its work: opens the
 * store, begins a run, closes it whatever happened. */
#ifndef FEATURES_RECORDED_H
#define FEATURES_RECORDED_H

#include "lineage/run.h"

enum store_need {
    STORE_MADE,  /* made when absent */
    STORE_THERE, /* must be there: a mistyped path makes no empty store */
};
/* Calls work(run, ...) inside a run of stage `stage` ("features put"). --no-store is refused. */
MUST_CHECK enum status
recorded(struct invocation *invocation, const char *stage, enum store_need need,
         enum status (*work)(struct run *run, struct invocation *invocation, struct err *err),
         struct err *err);
/* For commands that hand out versions: the store that is there, opened for recording who read what
 * (*ret_record true) unless it is read-only. --no-store is refused. */
MUST_CHECK enum status recorded_store(struct store **ret, const struct common *common,
                                      bool *ret_record, struct err *err);

#endif
