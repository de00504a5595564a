/* ingest/member_index.h: what was in a folder or an archive that is one source, member by member.
 *
 * STORE/index/RUN-members.arrow: source, record (as _source and _record), path, bytes, digest
 * (BLAKE2b of the file). Rejected members are in it too. The catalog has one row for the source,
 * however many members there are. */
#ifndef INGEST_MEMBER_INDEX_H
#define INGEST_MEMBER_INDEX_H

#include "ingest/source.h"
#include "lineage/run.h"

struct member_index;
/* *ret NULL where nothing is recorded. */
MUST_CHECK enum status member_index_open(struct member_index **ret, const struct run *run,
                                         struct err *err);
/* The members of one source, after its last piece; NULL index: nothing. */
MUST_CHECK enum status member_index_add(struct member_index *index, const struct source_kind *kind,
                                        const struct source *source, const char *name,
                                        struct err *err);
/* The file is there from here on; none for no member. */
MUST_CHECK enum status member_index_commit(struct member_index *index, struct err *err);
void member_index_close(struct member_index **index);

#endif
