/* features/rebuild.h: the state of one `rebuild`: what made a version is done again, step by step,
 * into files of a temporary folder, from the sources where they still are what was read. */
#ifndef FEATURES_REBUILD_H
#define FEATURES_REBUILD_H

#include "features/forget_keys.h"
#include "lineage/run.h"

#define REBUILD_STEPS 10000

/* A run of the past, from the catalog. */
struct past {
    const char *run, *stage, *folder, *config; /* in the arena; folder and config may be "" */
    const char **arguments;                    /* without the program; NULL-terminated */
    const char *version;                       /* "DATASET@N" that it committed, NULL = none */
    int64_t seed;
};

struct rebuild {
    const struct invocation *invocation;
    struct store *store;
    struct arena *arena;
    char folder[4000];
    int64_t files, steps;
    struct bytes told;  /* JSON list items: what was done, and from what */
    bool from_versions; /* a source could not be read again */
    const char **made;  /* files of the steps, in the arena: REBUILD_STEPS at most */
    size_t made_count;
};

/* Reads a run; STATUS_FAILED when it is unknown or says nothing of itself. */
MUST_CHECK enum status past_read(struct past *ret, struct rebuild *rebuild, const char *run,
                                 struct err *err);
/* The value of an option ("--mode X" or "--mode=X"), NULL where it was not given. */
const char *past_option(const struct past *past, const char *name);
bool past_flag(const struct past *past, const char *name);
/* The arguments without what says where results go, in the arena, with room for eight more;
 * *ret_count of them. */
MUST_CHECK enum status past_arguments(const struct past *past, struct arena *arena,
                                      const char ***ret, size_t *ret_count, struct err *err);

/* Makes the rows of "DATASET@N" again. *ret is an Arrow file in the folder. */
MUST_CHECK enum status rebuild_version(struct rebuild *rebuild, const char *version,
                                       const char **ret, struct err *err);
/* The same for what a run handed on. */
MUST_CHECK enum status rebuild_run(struct rebuild *rebuild, const char *run, const char **ret,
                                   struct err *err);
/* A put, with those before it whose rows it kept, in a store of the folder. */
MUST_CHECK enum status rebuild_put(struct rebuild *rebuild, const struct past *past,
                                   const char **ret, struct err *err);
/* A join, of its spine and the views' versions made again. */
MUST_CHECK enum status rebuild_join(struct rebuild *rebuild, const struct past *past,
                                    const char **ret, struct err *err);
/* Rows of a node ("version:D@N", "stream:RUN", "external:FILE") that `past` read, as a file. */
MUST_CHECK enum status rebuild_node(struct rebuild *rebuild, const struct past *past,
                                    const char *node, const char **ret, struct err *err);
/* Runs a program whose result is the file *ret_file. */
MUST_CHECK enum status rebuild_step(struct rebuild *rebuild, const char *program,
                                    const char **arguments, const char *folder, struct err *err);
MUST_CHECK enum status rebuild_file(struct rebuild *rebuild, const char *ending, const char **ret,
                                    struct err *err);
/* Writes a text into a new file. */
MUST_CHECK enum status rebuild_write(struct rebuild *rebuild, const char *text, const char *ending,
                                     const char **ret, struct err *err);
/* Notes what was done, for people and for --json. */
MUST_CHECK enum status rebuild_tell(struct rebuild *rebuild, const char *what, const char *from,
                                    struct err *err);
/* The one input of a run as "version:D@N", "stream:RUN", "source:NAME", "external:NAME"; versions
 * of `except` (a dataset, NULL = none) do not count. "" where there is none. */
MUST_CHECK enum status rebuild_input(struct rebuild *rebuild, const char *run, const char *except,
                                     const char **ret, struct err *err);

/* The digest of the rows of a file without forgotten entities; *ret_removed of them. Rows of a file
 * that lost the keys are told by source and record, from the other files of the steps. */
MUST_CHECK enum status rebuild_digest(struct rebuild *rebuild, const char *file, struct digest *ret,
                                      int64_t *ret_rows, int64_t *ret_removed, struct err *err);

#endif
