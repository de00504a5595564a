/* ingest/reread.h: an input that can be read twice: a regular file as it is, anything else through
 * an unlinked temporary file, and so is text that is not UTF-8, as UTF-8. */
#ifndef INGEST_REREAD_H
#define INGEST_REREAD_H

#include "base/input.h"
#include "ingest/decoder.h"
#include "lineage/run.h"

#include <sys/stat.h>

struct reread {
    struct input *input;       /* what is read: UTF-8 where `decoding` is set */
    struct input *original;    /* what it was decoded from; NULL = nothing was */
    struct decoding *decoding; /* borrows original; NULL = none */
    char *path;                /* NULL = spooled */
    bool may_grow; /* others may add bytes while it is read; the first info.st_size count */
    struct stat info;
};
/* path NULL: takes *standard_input. */
MUST_CHECK enum status reread_open(struct reread *ret, const char *path,
                                   struct input **standard_input, struct err *err);
/* Makes sure that input_descriptor() is a file of its own, whose first byte is the input's: a
 * member of an archive is copied out of it. */
MUST_CHECK enum status reread_apart(struct reread *reread, struct err *err);
/* Finds the encoding (`given` NULL or "auto") and puts the text in UTF-8 in the input's place
 * unless it is UTF-8; places and bytes of rejects are the original's after decoding_restore. `all`:
 * bytes beyond ASCII are looked for in all of the input. A mark in front of UTF-8 is taken off
 * where `search` is ENCODING_UNICODE and left to the reader otherwise. */
MUST_CHECK enum status reread_decode(struct reread *reread, const char *given,
                                     enum encoding_search search, bool all, struct err *err);
/* The name of the encoding that was decoded, NULL where nothing was. */
const char *reread_encoding(const struct reread *reread);
/* A remark for the summary: the encoding, where the text was decoded, and blank lines. */
void reread_remark(const struct reread *reread, int64_t blank_lines, char *ret, size_t room);
/* decoding_restore and decoding_restore_place where anything was decoded. */
MUST_CHECK enum status reread_restore(const struct reread *reread, struct source_rows *rows,
                                      struct err *err);
MUST_CHECK enum status reread_restore_place(const struct reread *reread, struct source_place *place,
                                            struct bytes *scratch, struct err *err);
/* Whether what is read are the bytes of the file as they lie there. */
bool reread_is_plain(const struct reread *reread);
/* STATUS_FAILED when the file is not what it was when it was opened. */
MUST_CHECK enum status reread_check(const struct reread *reread, struct err *err);
/* Fills bytes and modified, and the digest where the text was decoded. */
void reread_describe(const struct reread *reread, struct source_record *ret);
/* Reads all `whole` bytes of a record, of which `place` has only the first, into `scratch`. */
MUST_CHECK enum status reread_whole(const struct reread *reread, uint64_t whole,
                                    struct bytes *scratch, struct source_place *place,
                                    struct err *err);
/* The digest of all its bytes. */
MUST_CHECK enum status reread_digest(const struct reread *reread, struct digest *ret,
                                     struct err *err);
void reread_close(struct reread *reread);

#endif
