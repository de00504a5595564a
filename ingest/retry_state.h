/* ingest/retry_state.h: what a retry holds, for retry.c and its parts only. */
#ifndef INGEST_RETRY_STATE_H
#define INGEST_RETRY_STATE_H

#include "ingest/file_list.h"
#include "ingest/retry.h"

struct origin { /* as it lies in the spool of origins */
    int64_t record, byte_offset, line;
};

struct retry_file { /* a record that is a file, or what lies beside it */
    struct bundle_member member;
    struct origin origin; /* record 0: it lies beside one */
};

struct group { /* records of one source that lie behind each other */
    const char *name;
    const struct retry_reader *reader; /* NULL: JSON */
    uint64_t begin, end;               /* in the spool */
    uint64_t first;                    /* origin */
    int64_t records;
    struct retry_file *files; /* of a kind whose records are files; memory_get */
    size_t file_count, file_room;
    struct bundle bundle; /* of these; its items: memory_get */
};

struct side_files { /* the source itself, for what lies beside a picture */
    const char *name;
    struct objects objects;
    struct arena *arena;
    struct file_list files;
    bool there;
};

struct retry {
    struct run *run;
    const char *name; /* of the first file */
    struct arena *arena;
    struct retry_notes notes;
    struct spool spool, origins;
    uint64_t origin_count;
    struct group *groups;
    size_t group_count, group_room;
    struct reject *refused;
    size_t refused_count, refused_room;
    struct digester digester;
    struct digest digest;
    struct bytes decoded;
    bool are_texts; /* raw is text of Arrow, in UTF-8, and no bytes of the source */
    struct side_files side;
};

struct retry_record { /* of a rejects file; borrowed */
    const char *source;
    struct origin origin;
    struct str rule, raw, path; /* data NULL = the file has none */
};

/* ---- retry_spool.c ---- */

MUST_CHECK enum status retry_room(void *items, size_t *room, size_t count, size_t size,
                                  struct err *err);
/* The record is rejected once more, unread. */
MUST_CHECK enum status retry_refuse(struct retry *retry, const struct retry_record *record,
                                    const char *rule, const char *message, struct err *err);
/* Puts the record into the spool, or refuses what is not one record. */
MUST_CHECK enum status retry_add(struct retry *retry, const struct retry_record *record,
                                 struct err *err);
/* Behind the last record. */
MUST_CHECK enum status retry_end(struct retry *retry, struct err *err);

/* ---- retry_files.c: records that are files ---- */

/* Whether the records of the kind are files, which are handed on as the members of an archive. */
bool retry_takes_files(const struct source_kind *kind);
/* Adds the file and what lies beside it to the group, or refuses it (*ret_added false). */
MUST_CHECK enum status retry_add_file(struct retry *retry, struct group *group,
                                      const struct retry_record *record, bool *ret_added,
                                      struct err *err);
/* Files in the order of their paths, with their origins. */
MUST_CHECK enum status retry_end_files(struct retry *retry, struct group *group, struct err *err);
void side_files_close(struct side_files *side);

#endif
