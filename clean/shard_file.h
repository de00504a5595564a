/* clean/shard_file.h: what a run over one shard leaves for the others, as a file.
 *
 *   "TAMIS-SHARD-STATE" and a version; a head that says what it is a state of; blocks; which rows
 *   it is about; the BLAKE2b-256 of every byte before it.
 * A file appears whole or not at all, and is checked whole before anything in it is used: a
 * truncated or changed one is STATUS_FAILED. */
#ifndef CLEAN_SHARD_FILE_H
#define CLEAN_SHARD_FILE_H

#include "base/digest.h"
#include "clean/wire.h"
#include "columnar/schema.h"

enum shard_kind {
    SHARD_FITTED = 1, /* what one shard saw in one round; round 0: how its rows are cut */
    SHARD_MERGED,     /* what all shards learned up to a round */
    SHARD_APPLIED,    /* what became of the rows of one shard */
};

/* The rows of one shard and the windows they are cut into. */
struct shard_extent {
    int64_t first_row, rows; /* of the whole input */
    int64_t first_window, windows;
    int64_t last_rows;                /* of the last window */
    uint64_t last_bytes, first_bytes; /* counted for the last window, and for the first row */
    struct digest input;              /* of the file it was read from; zero = was no file */
};

/* What a state is a state of. */
struct shard_head {
    uint32_t kind;
    int64_t round;
    int64_t index, count; /* shard I of N; merged: 0 of N */
    char *run;            /* names the whole undertaking */
    char *tool;           /* version of the program */
    int64_t seed, as_of;
    struct digest recipe;   /* with seed, time and tool */
    char *recipe_json;      /* {"steps":[...]} */
    struct bytes schema;    /* of the input, as an empty Arrow stream */
    struct digest previous; /* the merged state it stands on; zero = none */
    struct digest merged;   /* merged: names the states it was made of */
    uint8_t complete;       /* merged: every step has learned */
    int64_t applied;        /* merged: steps applied in front of those that learned last */
    uint8_t *blind;         /* merged: by step: applied by one run while masking was not open */
    size_t blind_count;
    struct shard_extent *extents; /* its own; merged: of all shards */
    size_t extent_count;
};
void shard_head_release(struct shard_head *head);

/* Metadata of a schema that says which shard the rows are. */
#define SHARD_KEY     "tamis:shard"     /* "2/3" */
#define FIRST_ROW_KEY "tamis:first_row" /* 131072; where they are as they were ingested */
#define PLAN_KEY      "tamis:plan"      /* names what all shards together are */
/* `schema` with the keys for rows that a shard's chain made. */
MUST_CHECK enum status shard_schema(const struct shard_head *head, const struct schema *schema,
                                    struct schema **ret, struct err *err);

/* step: place in the chain; window: -1 where a block is not about one. */
struct shard_block {
    uint32_t kind; /* the writer's */
    uint32_t step;
    int64_t window;
    uint8_t *data; /* memory_free; NULL when it is empty */
    size_t size;
};

/* ---- writing ---- */

struct shard_writer;
MUST_CHECK enum status shard_create(struct shard_writer **ret, const char *path,
                                    struct shard_head *head, struct err *err);
MUST_CHECK enum status shard_put(struct shard_writer *writer, uint32_t kind, size_t step,
                                 int64_t window, const void *data, size_t size, struct err *err);
/* The rows it is about, once they were read: takes the place of the head's one extent. */
void shard_tell(struct shard_writer *writer, const struct shard_extent *extent);
MUST_CHECK enum status shard_commit(struct shard_writer *writer, struct err *err);
void shard_writer_close(struct shard_writer **writer);

/* ---- reading ---- */

struct shard_file;
MUST_CHECK enum status shard_open(struct shard_file **ret, const char *path, struct err *err);
const struct shard_head *shard_head_of(const struct shard_file *file);
const char *shard_path(const struct shard_file *file);
/* Of all its bytes: names it. */
struct digest shard_digest(const struct shard_file *file);
int64_t shard_bytes(const struct shard_file *file);
/* The next block. */
MUST_CHECK enum status shard_next(struct shard_file *file, struct shard_block *ret, bool *ret_end,
                                  struct err *err);
/* Blocks from the first on, again. */
void shard_rewind(struct shard_file *file);
void shard_close(struct shard_file **file);

#endif
