/* features/lineage_import.h: runs of others from lines of JSON: `tamis-features lineage record -`.
 *
 * A line is one event, of one of two kinds:
 *
 *   OpenLineage   a RunEvent as others emit it, told by its key "eventType". Its run gets the
 * events' times, ending, parent, inputs, outputs, columns and column lineage. A run that tamis
 * itself recorded here stays as it is. ours          {"event": "start", "job": "train", "inputs":
 * ["tamis:training/churn@3"], "params": {"lr": 0.1}}
 *                 {"event": "metric", "epoch": 1, "metrics": {"loss": 0.4, "auc": 0.8}}
 *                 {"event": "complete", "outputs": ["model:churn"]}, or "fail", "abort" with
 * "error" Every event may have "inputs", "outputs", "metrics", "epoch"; without "run" (a UUID) it
 *                 is about the run that began last.
 *
 * What is there at once is one transaction, and none is open while it waits for more, so that a
 * training may write as it goes. A line that cannot be understood is refused with its number and
 * leaves nothing; the others count. */
#ifndef FEATURES_LINEAGE_IMPORT_H
#define FEATURES_LINEAGE_IMPORT_H

#include "lineage/run.h"

/* Reads `path` ("-" is stdin) to its end. A run that began here and did not end is lost. The
 * verdict of `run` is failed where a line was refused. */
MUST_CHECK enum status lineage_import(struct run *run, const struct common *common,
                                      const char *path, struct err *err);

#endif
