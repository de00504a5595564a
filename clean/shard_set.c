/* clean/shard_set.c: the states of all shards, checked against one another. */
#include "clean/shard_set.h"

#include "columnar/array.h"

static bool same_digest(const struct digest *a, const struct digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static const char *kind_of(const struct shard_head *head)
{
    static const char *const words[] = {"", "a fit", "a merge", "an apply"};
    return head->kind < sizeof words / sizeof *words ? words[head->kind] : "something else";
}

/* ---- one against the first ---- */

static enum status check_foreign(const struct shard_head *first, const struct shard_head *head,
                                 struct err *err)
{
    char mine[64], theirs[64];
    escape_for_terminal(str_of(head->run), mine, sizeof mine);
    escape_for_terminal(str_of(first->run), theirs, sizeof theirs);
    if (strcmp(head->run, first->run) != 0)
        return fail(err, STATUS_USAGE, "foreign: of run \"%s\", the others are of run \"%s\"", mine,
                    theirs);
    if (!same_digest(&head->recipe, &first->recipe))
        return fail(err, STATUS_USAGE,
                    "foreign: made with another recipe, --seed, --as-of or version of the program");
    if (head->schema.size != first->schema.size ||
        memcmp(head->schema.data, first->schema.data, first->schema.size) != 0)
        return fail(err, STATUS_USAGE, "foreign: its input has other columns than the others");
    if (head->count != first->count)
        return fail(err, STATUS_USAGE, "foreign: one of %lld shards, the others are of %lld",
                    (long long)head->count, (long long)first->count);
    return STATUS_OK;
}

static enum status check_stale(const struct shard_head *first, const struct shard_head *head,
                               struct err *err)
{
    if (head->kind != first->kind)
        return fail(err, STATUS_USAGE, "stale: the state of %s, the others of %s", kind_of(head),
                    kind_of(first));
    if (head->round != first->round)
        return fail(err, STATUS_USAGE, "stale: of round %lld, the others of round %lld",
                    (long long)head->round, (long long)first->round);
    if (same_digest(&head->previous, &first->previous)) return STATUS_OK;
    return fail(err, STATUS_USAGE, "stale: it stands on another merged state than the others");
}

static enum status check_one(const struct shard_set *set, const struct shard_file *file,
                             struct err *err)
{
    const struct shard_head *head = shard_head_of(file), *first = shard_head_of(set->files[0]);
    if (head->kind == SHARD_MERGED || head->extent_count != 1)
        return fail(err, STATUS_USAGE, "found a merged state, expected those of shards");
    if (head->index < 1 || head->index > head->count)
        return fail(err, STATUS_FAILED, "shard %lld of %lld", (long long)head->index,
                    (long long)head->count);
    TRY(check_foreign(first, head, err));
    return check_stale(first, head, err);
}

/* ---- all ---- */

static enum status open_all(struct shard_set *set, char *const *paths, size_t count,
                            struct err *err)
{
    TRY(NEW(&set->files, count, err));
    for (; set->count < count; set->count++)
        TRY(shard_open(&set->files[set->count], paths[set->count], err));
    for (size_t i = 0; i < count; i++) {
        enum status status = check_one(set, set->files[i], err);
        if (status == STATUS_OK) continue;
        err_hint(err, "merge the states of one run, one recipe and one round");
        return fail_within(err, status, "state \"%s\"", shard_path(set->files[i]));
    }
    return STATUS_OK;
}

static enum status fail_missing(const struct shard_set *set, int64_t index, struct err *err)
{
    const struct shard_head *head = shard_head_of(set->files[0]);
    (void)fail(err, STATUS_USAGE, "shard %lld of %lld is missing: %zu states are here",
               (long long)index, (long long)head->count, set->count);
    if (head->kind == SHARD_APPLIED)
        err_hint(err, "run tamis-clean apply --shard %lld/%lld, then merge again", (long long)index,
                 (long long)head->count);
    else
        err_hint(err, "run tamis-clean fit --shard %lld/%lld --round %lld, then merge again",
                 (long long)index, (long long)head->count, (long long)head->round);
    return STATUS_USAGE;
}

/* Any order in, the order of the shards out. */
static enum status order(struct shard_set *set, struct err *err)
{
    size_t count = (size_t)shard_head_of(set->files[0])->count;
    OWNED(memory_release) struct shard_file **ordered = NULL;
    if (set->count < count) count = set->count;
    TRY(NEW(&ordered, count, err));
    for (size_t i = 0; i < set->count; i++) {
        size_t at = (size_t)shard_head_of(set->files[i])->index - 1;
        if (at >= count) continue; /* then one below is missing */
        if (ordered[at] != NULL)
            return fail(err, STATUS_USAGE, "duplicate: \"%s\" and \"%s\" are both shard %zu",
                        shard_path(ordered[at]), shard_path(set->files[i]), at + 1);
        ordered[at] = set->files[i];
    }
    for (size_t i = 0; i < count; i++)
        if (ordered[i] == NULL) return fail_missing(set, (int64_t)i + 1, err);
    if ((int64_t)count < shard_head_of(set->files[0])->count)
        return fail_missing(set, (int64_t)count + 1, err);
    memcpy(set->files, ordered, count * sizeof(struct shard_file *));
    return STATUS_OK;
}

enum status shard_set_open(struct shard_set *ret, char *const *paths, size_t count, struct err *err)
{
    if (count == 0) return fail(err, STATUS_USAGE, "found no states to merge");
    TRY(open_all(ret, paths, count, err));
    TRY(order(ret, err));
    TRY(NEW(&ret->extents, count, err));
    for (size_t i = 0; i < count; i++)
        ret->extents[i] = shard_head_of(ret->files[i])->extents[0];
    return STATUS_OK;
}

const struct shard_head *shard_set_head(const struct shard_set *set)
{
    return shard_head_of(set->files[0]);
}

/* ---- windows ---- */

void shard_set_number(struct shard_set *set)
{
    int64_t row = 0, window = 0;
    for (size_t i = 0; i < set->count; i++) {
        set->extents[i].first_row = row;
        set->extents[i].first_window = window;
        row += set->extents[i].rows;
        window += set->extents[i].windows;
    }
}

/* Whether a window that ends here, in front of this row, would have ended in the whole too. */
static bool ends_window(const struct shard_extent *extent, uint64_t next_bytes,
                        uint64_t bytes_maximum)
{
    return extent->windows == 0 || extent->last_rows == BATCH_ROWS_MAXIMUM ||
           extent->last_bytes > bytes_maximum || next_bytes > bytes_maximum - extent->last_bytes;
}

static enum status fail_border(size_t shard, const struct shard_extent *extent, struct err *err)
{
    (void)fail(err, STATUS_USAGE,
               "shard %zu ends with a window of %lld rows, which goes on in the next shard", shard,
               (long long)extent->last_rows);
    err_hint(err,
             "a window ends every 65,536 rows, or where 64 MiB of values are full: give these rows "
             "to the next shard");
    return STATUS_USAGE;
}

enum status shard_set_check_windows(const struct shard_set *set, uint64_t bytes_maximum,
                                    struct err *err)
{
    int64_t row = 0, window = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct shard_extent *extent = &set->extents[i];
        uint64_t next = 0;
        if (extent->windows > 0 && (extent->first_row != row || extent->first_window != window)) {
            (void)fail(err, STATUS_USAGE,
                       "shard %zu begins with row %lld in window %lld, the shards before it end "
                       "with row %lld in window %lld",
                       i + 1, (long long)extent->first_row, (long long)extent->first_window,
                       (long long)row, (long long)window);
            err_hint(err, "begin with --round 0, which counts them, and give its merged state to "
                          "--round 1");
            return STATUS_USAGE;
        }
        row += extent->rows;
        window += extent->windows;
        size_t after = i + 1;
        while (after < set->count && set->extents[after].windows == 0)
            after++;
        if (after == set->count) continue;
        next = set->extents[after].first_bytes;
        if (!ends_window(extent, next, bytes_maximum)) return fail_border(i + 1, extent, err);
    }
    return STATUS_OK;
}

void shard_set_release(struct shard_set *set)
{
    for (size_t i = 0; set->files != NULL && i < set->count; i++)
        shard_close(&set->files[i]);
    memory_free(set->files);
    memory_free(set->extents);
    *set = (struct shard_set){0};
}
