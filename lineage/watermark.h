/* lineage/watermark.h: how far an incremental dataset has read each of its sources.
 *
 * A position is a text (JSON by custom) that belongs to a source, a kind and an item:
 *
 *   kind      item             position, for example
 *   object    path or ""       {"digest":"...","stamp":"..."}: read as a whole
 *   members   ""               {"records":17}: how many files of a folder are records so far
 *   bytes     ""               {"offset":5000,"records":40,...}: a file that grows
 *   cursor    ""               {"column":"updated_at","value":"..."}: a table
 *   rows      number of slice  digests of rows that the next run meets again
 *   etag      etag, or         what a web server called the state of an address, as it was sent
 *             last-modified
 *   entry     id of the entry  {}: seen
 *
 * A position may be long, but what grows without end (members of a folder, entries of a feed) is
 * one item each. Positions are read as they were before this run. What a run moves becomes visible
 * in the transaction of its version (stage_output_finish), or not at all: large numbers of rows are
 * written before in slices that only that transaction makes count. A run that was killed has moved
 * nothing, and the next one reads the same again. */
#ifndef LINEAGE_WATERMARK_H
#define LINEAGE_WATERMARK_H

#include "base/str.h"
#include "lineage/run.h"

struct watermarks;

/* Takes the lock of the dataset, which the output of this run (--into) then holds on to, so that
 * what is read here stays true until the commit. From here on the version of this run is
 * cumulative: the chunks of the newest version come first. STATUS_USAGE without a store, and when
 * the newest version does not begin with what the last incremental run committed. */
MUST_CHECK enum status watermarks_open(struct watermarks **ret, struct run *run,
                                       const char *dataset, struct err *err);
/* The version whose rows come first, 0 = none: this run begins from nothing. */
int64_t watermarks_version(const struct watermarks *marks);

/* The position as the runs before left it, behind what is in `ret`; *ret_found false where there is
 * none. Any thread. */
MUST_CHECK enum status watermark_read(struct watermarks *marks, const char *source,
                                      const char *kind, struct str item, struct bytes *ret,
                                      bool *ret_found, struct err *err);
/* Moves a position; the last of one item counts. Item and position are UTF-8 without NUL. Any
 * thread. */
MUST_CHECK enum status watermark_move(struct watermarks *marks, const char *source,
                                      const char *kind, struct str item, struct str position,
                                      struct err *err);
/* Makes the moves count without a version, for a run that found no row. */
MUST_CHECK enum status watermarks_keep(struct watermarks *marks, struct err *err);
/* What was not committed stays invisible and is removed by the next run. */
void watermarks_close(struct watermarks **marks);

#endif
