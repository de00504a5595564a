/* features/exposure_log.h: who was shown which version behind a tag, counted in the catalog's table
 * `exposures`.
 *
 * Kept in memory and written in one short transaction every 10,000 exposures and at the end: what a
 * killed process had not written yet is lost, which an exposure log can bear. */
#ifndef FEATURES_EXPOSURE_LOG_H
#define FEATURES_EXPOSURE_LOG_H

#include "base/command.h"
#include "base/str.h"
#include "lineage/tags.h"

struct exposure_log;
/* Opens the store for writing; it must be there. */
MUST_CHECK enum status exposure_log_open(struct exposure_log **ret, const struct common *common,
                                         const char *dataset, const char *tag, struct err *err);
/* One answer from version `number`; `entity` is the key as text (copied). Log only entities that
 * are there: a forgotten one must not come back by being asked for. */
MUST_CHECK enum status exposure_log_add(struct exposure_log *log, struct str entity, int64_t number,
                                        struct err *err);
/* Writes what is older than a second: for the end of each answer of a filter that may go on for
 * days. */
MUST_CHECK enum status exposure_log_pause(struct exposure_log *log, struct err *err);
/* Writes what is not written yet. */
MUST_CHECK enum status exposure_log_flush(struct exposure_log *log, struct err *err);
void exposure_log_close(struct exposure_log **log); /* does not write */

#endif
