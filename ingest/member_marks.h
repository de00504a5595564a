/* ingest/member_marks.h: which files of a folder a run before has read, for kinds whose records are
 * files. Each is a row of the catalog (kind "object", item = its path), read and moved one by one,
 * so that a folder may have any number of them. */
#ifndef INGEST_MEMBER_MARKS_H
#define INGEST_MEMBER_MARKS_H

#include "ingest/file_list.h"
#include "ingest/source.h"

struct member_marks {
    const struct source_options *options; /* with watermarks */
    const struct file_list *files;        /* a folder */
    int64_t before;                       /* records that earlier runs read */
    int64_t unchanged, left_out, again;
};
/* Borrows both. */
MUST_CHECK enum status member_marks_open(struct member_marks *ret,
                                         const struct source_options *options,
                                         const struct file_list *files, struct err *err);
/* Whether a file is to be read. STATUS_FAILED for one that changed, unless --changed says what to
 * do.
 */
MUST_CHECK enum status member_marks_wanted(struct member_marks *marks,
                                           const struct listed_file *file, bool *ret,
                                           struct err *err);
/* Notes that the file was read, and its bytes had this digest; of a file beyond `limit` it is made
 * here. One of which no byte could be read is left to the next run. */
MUST_CHECK enum status member_marks_move(struct member_marks *marks, const struct listed_file *file,
                                         const struct digest *digest, uint64_t limit,
                                         struct err *err);
/* Notes how many records there are now. After the last file. */
MUST_CHECK enum status member_marks_end(struct member_marks *marks, int64_t records,
                                        struct err *err);
/* "3 files unchanged"; empty where there is nothing to say. */
void member_marks_remark(const struct member_marks *marks, char *ret, size_t room);

#endif
