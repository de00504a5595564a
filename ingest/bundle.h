/* ingest/bundle.h: the members of a tar or zip file, in byte order of their paths.
 *
 * tar: ustar, pax and GNU, through libarchive; zip: every method libarchive knows. Nothing is ever
 * unpacked to a path: data are read where they lie (tar) or put into a spool (zip). A member that
 * is no plain file of a plain name carries a fault and no data. */
#ifndef INGEST_BUNDLE_H
#define INGEST_BUNDLE_H

#include "base/memory.h"
#include "base/str.h"
#include "ingest/spool.h"
#include "ingest/unpack.h"

#define BUNDLE_HEAD 512 /* bytes that are enough for bundle_kind_of() */

enum bundle_kind { BUNDLE_NONE, BUNDLE_TAR, BUNDLE_ZIP };
/* By the checksum of a tar header (POSIX.1, pax) or the signature of a zip. */
enum bundle_kind bundle_kind_of(const uint8_t *head, size_t size);

struct bundle_member {
    const char *path; /* without "./" in front; as stored, perhaps not UTF-8 */
    uint64_t offset, bytes;
    bool spooled;        /* its data lie in the spool, else in the bundle's own input */
    const char *rule;    /* of a reject, NULL = fine */
    const char *message; /* what was found; valid UTF-8 */
    size_t order;        /* in the file */
};

#define BUNDLE_MEMBERS 1000000
struct bundle_limits {
    struct unpack_limits unpack;
    int64_t members; /* at most, folders included */
};

struct bundle {
    struct bundle_member *items; /* memory_get */
    size_t count, room;
    struct arena *arena;
    struct input *input; /* with random access; owned */
    struct spool spool;  /* of zip members */
};
/* Takes *input, which must have random access (input_size() >= 0), also on failure. STATUS_FAILED
 * for a bundle that is damaged, cut off, or beyond the limits. */
MUST_CHECK enum status bundle_open(struct bundle **ret, struct input **input, enum bundle_kind kind,
                                   const struct bundle_limits *limits, struct err *err);
/* Whether the member is only a note of a Mac (AppleDouble, .DS_Store), which nobody asked for. */
bool bundle_is_note(const struct bundle_member *member);
/* `size` bytes of a member without fault at `offset`. Any thread. */
MUST_CHECK enum status bundle_read(const struct bundle *bundle, const struct bundle_member *member,
                                   void *ret, size_t size, uint64_t offset, struct err *err);
/* A member without fault as an input that must be closed before the bundle. */
MUST_CHECK enum status bundle_input(const struct bundle *bundle, const struct bundle_member *member,
                                    struct input **ret, struct err *err);
void bundle_close(struct bundle **bundle);

#endif
