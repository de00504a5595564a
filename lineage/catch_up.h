/* lineage/catch_up.h: DATASET@new: what a recipe has not read yet.
 *
 * A run with the same stage and configuration that committed into the same dataset has read some
 * version of the input. If the newest version begins with the same chunks, the rest is new, and the
 * output is what that run committed with the new rows behind: the same as reading everything, for
 * recipes that look at one row at a time or were fitted before. A run that was killed committed
 * nothing, so the next one finds its rows new again. */
#ifndef LINEAGE_CATCH_UP_H
#define LINEAGE_CATCH_UP_H

#include "lineage/version.h"

/* Moves the reader of the newest version of `dataset` behind what was read, and notes the version
 * to build on. STATUS_USAGE without run_into(), or when the version does not begin with what was
 * read. */
MUST_CHECK enum status catch_up_input(struct run *run, const char *dataset,
                                      struct version_reader *reader, struct err *err);
/* Puts the chunks of the version to build on in front. Nothing when everything is new. */
MUST_CHECK enum status catch_up_output(struct run *run, struct version_writer *writer,
                                       struct err *err);

#endif
