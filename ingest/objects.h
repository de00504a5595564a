/* ingest/objects.h: what the operands stand for, once their wrapping is off.
 *
 *   FILE                    itself, or what is packed in it (gzip, Zstandard, xz, bzip2)
 *   ARCHIVE (tar, zip)      its members: each one a source "ARCHIVE/MEMBER", or the archive as a
 *                           whole where a kind takes archives (pictures)
 *   ARCHIVE/MEMBER          that member
 *   http://, https://       what the server sends, as if it were a file
 *   FOLDER, ADDRESS, -      itself; stdin may be packed or an archive too
 *
 * Packed bytes go through a spool once; nothing is ever unpacked to a path. One archive may lie in
 * compression, and its members may be compressed; an archive in an archive is refused. */
#ifndef INGEST_OBJECTS_H
#define INGEST_OBJECTS_H

#include "ingest/bundle.h"
#include "ingest/http.h"
#include "ingest/source.h"

struct object {
    const char *name;    /* as in _source: without credentials, members behind "ARCHIVE/" */
    const char *path;    /* what the kind opens by itself; NULL = input */
    const char *seen;    /* the name that its kind is recognized by; NULL = none */
    struct input *input; /* the kind takes it (options->standard_input) */
    const char *address; /* that it is from, as shown; NULL = it is from no server */
    const struct http_facts *facts; /* what a server says about it; NULL = it is from no server */
    const struct bundle *bundle;    /* members for a kind that takes archives; NULL = none */
};

/* A member that is no source: the record of its place in the archive is a reject. */
struct object_reject {
    const char *archive;
    int64_t member; /* from 1, in the order of the paths */
    const char *rule;
    const char *message;
    const char *path;
};

struct objects {
    struct object *items; /* memory_get, as are the others */
    size_t count, room;
    struct object_reject *rejects;
    size_t reject_count, reject_room;
    struct bundle **bundles;
    size_t bundle_count, bundle_room;
    int64_t unchanged; /* addresses whose server has what was read before */
    int64_t ignored;   /* members that only carry notes of a Mac */
    struct arena *arena;
    struct spool spool;
};

struct objects_wanted {
    const struct source_kind *kind; /* --format; NULL = by content */
    struct bundle_limits limits;
    struct http_limits http;
    struct watermarks *watermarks; /* --incremental: what servers said before; NULL = not asked */
};

/* Puts the files that an operand like "data/a*.csv" stands for (glob(7), in byte order) in its
 * place, where no file has that very name. Texts and list lie in the arena. STATUS_FAILED for a
 * pattern that no file has. */
MUST_CHECK enum status operands_expand(char ***operands, size_t *count, struct arena *arena,
                                       struct err *err);
/* STATUS_FAILED for the first operand that names no file, before anything is opened or made. */
MUST_CHECK enum status objects_are_there(char *const *operands, size_t count, struct err *err);
/* The objects of all operands, in their order. Release also after a failure. */
MUST_CHECK enum status objects_open(struct objects *ret, char *const *operands, size_t count,
                                    const struct objects_wanted *wanted, struct err *err);
/* The kind of an object by its bytes and name. */
MUST_CHECK enum status object_kind(const struct object *object, const struct source_kind **ret,
                                   struct err *err);
/* Notes what the server said about the object `name`, which was read. */
MUST_CHECK enum status object_moved(const struct object *object, struct watermarks *watermarks,
                                    struct err *err);
void objects_release(struct objects *objects);

#endif
