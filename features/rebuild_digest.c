/* features/rebuild_digest.c: the digest of rows that were made again, without forgotten entities: a
 * source may still hold what the store has forgotten. */
#include "features/rebuild.h"

#include "base/memory.h"
#include "columnar/content.h"
#include "columnar/ipc.h"
#include "features/forget.h"
#include "features/row_place.h"

#include <stdlib.h>
#include <xxhash.h>

/* ---- files ---- */

struct walk {
    struct rebuild *rebuild;
    struct forget_keys *known;
    size_t known_count;
    bool keyed;      /* the file has the columns of every forgotten key */
    uint64_t *pairs; /* hashes of source and record of forgotten rows; sorted once all are there */
    size_t count, room;
    int64_t rows, removed;
    struct content_digester *digester;
};

typedef enum status (*visit_f)(struct walk *walk, const struct batch *batch, struct err *err);

static enum status walk_batches(struct walk *walk, struct ipc_reader *reader, visit_f visit,
                                struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(ipc_reader_next(reader, &batch, &end, err));
        if (end) return STATUS_OK;
        TRY(visit(walk, &batch, err));
    }
}

static bool has_all_keys(const struct walk *walk, const struct schema *schema)
{
    struct forget_place place;
    for (size_t i = 0; i < walk->known_count; i++)
        if (!forget_place_find(&walk->known[i], schema, &place)) return false;
    return true;
}

static enum status open_file(const char *path, struct ipc_reader **ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    return ipc_reader_open(ret, &input, 1, err);
}

/* ---- rows of forgotten entities ---- */

static uint64_t pair_hash(struct str source, int64_t record)
{
    return XXH3_64bits_withSeed(source.data, source.size, (uint64_t)record * 0x9e3779b97f4a7c15u);
}

static enum status keep_pair(struct walk *walk, uint64_t pair, struct err *err)
{
    if (walk->count == walk->room) {
        size_t room = walk->room * 2 + 1024;
        uint64_t *pairs = memory_resize(walk->pairs, room, sizeof *pairs);
        if (pairs == NULL) return fail_memory(err, room * sizeof *pairs);
        walk->pairs = pairs;
        walk->room = room;
    }
    walk->pairs[walk->count++] = pair;
    return STATUS_OK;
}

/* keys[row] >= 0 where the row has a forgotten key. */
static enum status mark_by_key(const struct walk *walk, const struct batch *batch, int32_t *keys,
                               struct err *err)
{
    OWNED(memory_release) int32_t *one = NULL;
    struct forget_place place;
    TRY(NEW(&one, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++)
        keys[row] = -1;
    for (size_t i = 0; i < walk->known_count; i++) {
        if (!forget_place_find(&walk->known[i], batch->schema, &place)) continue;
        TRY(forget_match(&walk->known[i], &place, batch, one, err));
        for (int64_t row = 0; row < batch->rows; row++)
            if (one[row] >= 0) keys[row] = (int32_t)i;
    }
    return STATUS_OK;
}

static enum status collect_pairs(struct walk *walk, const struct batch *batch, struct err *err)
{
    OWNED(memory_release) int32_t *keys = NULL;
    struct row_place place;
    if (!row_place_find(batch->schema, &place)) return STATUS_OK;
    TRY(NEW(&keys, (size_t)batch->rows, err));
    TRY(mark_by_key(walk, batch, keys, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str source;
        int64_t record;
        if (keys[row] >= 0 && row_place_at(&place, batch, row, &source, &record))
            TRY(keep_pair(walk, pair_hash(source, record), err));
    }
    return STATUS_OK;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void mark_by_pair(const struct walk *walk, const struct batch *batch, int32_t *keys)
{
    struct row_place place;
    if (walk->count == 0 || !row_place_find(batch->schema, &place)) return;
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str source;
        int64_t record;
        if (keys[row] >= 0 || !row_place_at(&place, batch, row, &source, &record)) continue;
        uint64_t pair = pair_hash(source, record);
        if (bsearch(&pair, walk->pairs, walk->count, sizeof pair, by_value) != NULL) keys[row] = 0;
    }
}

static enum status digest_batch(struct walk *walk, const struct batch *batch, struct err *err)
{
    OWNED(memory_release) int32_t *keys = NULL;
    OWNED(batch_release) struct batch kept = {0};
    TRY(NEW(&keys, (size_t)batch->rows, err));
    TRY(mark_by_key(walk, batch, keys, err));
    if (!walk->keyed) mark_by_pair(walk, batch, keys);
    TRY(forget_keep(batch, keys, &kept, err));
    walk->rows += kept.rows;
    walk->removed += batch->rows - kept.rows;
    return content_digester_add(walk->digester, &kept, err);
}

/* ---- all of it ---- */

static enum status collect_all(struct walk *walk, struct err *err)
{
    for (size_t i = 0; i < walk->rebuild->made_count; i++) {
        OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
        TRY(open_file(walk->rebuild->made[i], &reader, err));
        TRY(walk_batches(walk, reader, collect_pairs, err));
    }
    if (walk->count > 0) qsort(walk->pairs, walk->count, sizeof *walk->pairs, by_value);
    return STATUS_OK;
}

static enum status digest_file(struct walk *walk, const char *file, struct digest *ret,
                               struct err *err)
{
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    TRY(open_file(file, &reader, err));
    walk->keyed = has_all_keys(walk, ipc_reader_schema(reader));
    if (!walk->keyed) TRY(collect_all(walk, err));
    TRY(content_digester_open(&walk->digester, ipc_reader_schema(reader), err));
    TRY(walk_batches(walk, reader, digest_batch, err));
    return content_digester_end(walk->digester, ret, err);
}

enum status rebuild_digest(struct rebuild *rebuild, const char *file, struct digest *ret,
                           int64_t *ret_rows, int64_t *ret_removed, struct err *err)
{
    struct walk walk = {.rebuild = rebuild};
    TRY(forget_keys_known(&walk.known, &walk.known_count, rebuild->store, rebuild->arena, err));
    enum status status = digest_file(&walk, file, ret, err);
    content_digester_close(&walk.digester);
    memory_free(walk.pairs);
    *ret_rows = walk.rows;
    *ret_removed = walk.removed;
    return status;
}
