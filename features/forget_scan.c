/* features/forget_scan.c: which rows of which versions belong to an entity.
 *
 * A version that has the columns of the key is read for it. Rows of one that lost them (a masked or
 * dropped column) are those whose source and record are the entity's in a version it was made from,
 * or in one made from it that adds nothing of an earlier version of its own: there the same record
 * number may mean another row. */
#include "features/forget.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "features/row_place.h"
#include "lineage/sql.h"

#include <stdlib.h>

/* ---- pairs ---- */

static int by_place(const void *a, const void *b)
{
    const struct forget_pair *left = a, *right = b;
    if (left->source != right->source) return left->source < right->source ? -1 : 1;
    return (left->record > right->record) - (left->record < right->record);
}

void forget_pairs_sort(struct forget_pairs *pairs)
{
    if (pairs->count > 0) qsort(pairs->items, pairs->count, sizeof *pairs->items, by_place);
}

static enum status add_pair(struct forget *forget, struct forget_pairs *pairs,
                            struct forget_pair pair, struct err *err)
{
    if (pairs->count == pairs->room) {
        size_t room = pairs->room * 2 + 64;
        struct forget_pair *items = arena_get(forget->arena, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        if (pairs->count > 0) memcpy(items, pairs->items, pairs->count * sizeof *items);
        pairs->items = items;
        pairs->room = room;
    }
    pairs->items[pairs->count++] = pair;
    return STATUS_OK;
}

static int64_t find_source(const struct forget *forget, struct str source)
{
    for (size_t i = forget->source_count; i > 0; i--)
        if (str_is(source, forget->sources[i - 1])) return (int64_t)i - 1;
    return -1;
}

static enum status number_source(struct forget *forget, struct str source, uint32_t *ret,
                                 struct err *err)
{
    int64_t place = find_source(forget, source);
    if (place < 0) {
        if (forget->source_count == forget->source_room) {
            size_t room = forget->source_room * 2 + 16;
            const char **sources = arena_get(forget->arena, room, sizeof *sources);
            if (sources == NULL) return fail_memory(err, room);
            if (forget->source_count > 0)
                memcpy(sources, forget->sources, forget->source_count * sizeof *sources);
            forget->sources = sources;
            forget->source_room = room;
        }
        place = (int64_t)forget->source_count++;
        forget->sources[place] = arena_text(forget->arena, source.data, source.size);
        if (forget->sources[place] == NULL) return fail_memory(err, source.size);
    }
    *ret = (uint32_t)place;
    return STATUS_OK;
}

int32_t forget_pair_find(const struct forget *forget, const struct forget_pairs *pairs,
                         struct str source, int64_t record)
{
    int64_t place = pairs->count == 0 ? -1 : find_source(forget, source);
    if (place < 0) return -1;
    struct forget_pair wanted = {.source = (uint32_t)place, .record = record};
    const struct forget_pair *found =
        bsearch(&wanted, pairs->items, pairs->count, sizeof wanted, by_place);
    return found == NULL ? -1 : found->key;
}

/* ---- rows of a version ---- */

static enum status rows_by_pair(const struct forget *forget, const struct forget_version *version,
                                const struct batch *batch, int32_t *ret, struct err *err)
{
    struct row_place place;
    for (int64_t row = 0; row < batch->rows; row++)
        ret[row] = -1;
    if (!row_place_find(batch->schema, &place)) return STATUS_OK;
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str source;
        int64_t record;
        if (row_place_at(&place, batch, row, &source, &record))
            ret[row] = forget_pair_find(forget, &version->related, source, record);
    }
    return interrupted(err);
}

enum status forget_rows(const struct forget *forget, const struct forget_version *version,
                        const struct batch *batch, int32_t *ret, struct err *err)
{
    struct forget_place place;
    if (version->keyed && forget_place_find(&forget->keys, batch->schema, &place))
        return forget_match(&forget->keys, &place, batch, ret, err);
    return rows_by_pair(forget, version, batch, ret, err);
}

static enum status note_row(struct forget *forget, struct forget_version *version,
                            const struct batch *batch, int64_t row, int32_t key, struct err *err)
{
    struct row_place place;
    struct str source;
    int64_t record;
    uint32_t number = 0;
    version->rows++;
    version->rows_of_key[key]++;
    if (!row_place_find(batch->schema, &place) ||
        !row_place_at(&place, batch, row, &source, &record))
        return STATUS_OK;
    TRY(number_source(forget, source, &number, err));
    return add_pair(forget, &version->rows_found,
                    (struct forget_pair){.source = number, .key = key, .record = record}, err);
}

static enum status scan_batch(struct forget *forget, struct forget_version *version,
                              const struct batch *batch, struct err *err)
{
    OWNED(memory_release) int32_t *keys = NULL;
    TRY(NEW(&keys, (size_t)batch->rows, err));
    TRY(forget_rows(forget, version, batch, keys, err));
    for (int64_t row = 0; row < batch->rows; row++)
        if (keys[row] >= 0) TRY(note_row(forget, version, batch, row, keys[row], err));
    return STATUS_OK;
}

static enum status scan_version(struct forget *forget, struct forget_version *version,
                                struct version_reader *reader, struct err *err)
{
    for (;;) {
        OWNED(batch_release) struct batch batch = {0};
        bool end = false;
        TRY(interrupted(err));
        TRY(version_reader_next(reader, &batch, &end, err));
        if (end) break;
        progress_add(forget->progress, batch.rows);
        TRY(scan_batch(forget, version, &batch, err));
    }
    forget_pairs_sort(&version->rows_found);
    return STATUS_OK;
}

static enum status open_version(struct forget *forget, struct forget_version *version,
                                struct version_reader **ret, struct err *err)
{
    size_t threads = parallel_threads((size_t)forget->invocation->common.threads);
    struct forget_place place;
    TRY(version_reader_open(ret, forget->store, &version->version, threads, err));
    version->keyed = forget_place_find(&forget->keys, version_reader_schema(*ret), &place);
    return STATUS_OK;
}

/* ---- versions around one ---- */

static const char around_sql[] =
    "WITH RECURSIVE up (node) AS (SELECT ?1 UNION SELECT e.input FROM edges AS e JOIN up"
    " ON e.output = up.node),"
    " down (node) AS (SELECT ?1 UNION SELECT e.output FROM edges AS e JOIN down"
    " ON e.input = down.node)"
    " SELECT node FROM up WHERE node LIKE 'version:%'"
    " UNION SELECT d.node FROM down AS d JOIN versions AS v ON v.node = d.node"
    " WHERE NOT EXISTS (SELECT 1 FROM edges AS e JOIN versions AS b ON b.node = e.input"
    "                   WHERE e.run_id = v.run_id AND b.dataset = v.dataset)";

static const struct forget_version *version_of_node(const struct forget *forget, const char *node)
{
    for (size_t i = 0; i < forget->version_count; i++) {
        char name[VERSION_NODE];
        if (strcmp(version_node(&forget->versions[i].version, name), node) == 0)
            return &forget->versions[i];
    }
    return NULL;
}

static enum status relate(struct forget *forget, struct forget_version *version, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    char node[VERSION_NODE];
    bool row;
    TRY(sql_open(forget->store, &rows, err, around_sql, "t",
                 version_node(&version->version, node)));
    for (;;) {
        TRY(sql_next(forget->store, rows, &row, err));
        if (!row) break;
        const struct forget_version *other = version_of_node(forget, sql_text(rows, 0));
        if (other == NULL || !other->keyed) continue;
        for (size_t i = 0; i < other->rows_found.count; i++)
            TRY(add_pair(forget, &version->related, other->rows_found.items[i], err));
    }
    forget_pairs_sort(&version->related);
    return STATUS_OK;
}

/* ---- all of them ---- */

static enum status add_version(void *context, const struct version *version, struct err *err)
{
    struct forget *forget = context;
    if (forget->version_count == forget->version_room) {
        size_t room = forget->version_room * 2 + 64;
        struct forget_version *versions = arena_get(forget->arena, room, sizeof *versions);
        if (versions == NULL) return fail_memory(err, room * sizeof *versions);
        if (forget->version_count > 0)
            memcpy(versions, forget->versions, forget->version_count * sizeof *versions);
        forget->versions = versions;
        forget->version_room = room;
    }
    struct forget_version *added = &forget->versions[forget->version_count++];
    added->version = *version;
    added->rows_of_key = arena_get(forget->arena, forget->keys.count, sizeof(int64_t));
    return added->rows_of_key == NULL ? fail_memory(err, forget->keys.count) : STATUS_OK;
}

static enum status scan_those(struct forget *forget, bool keyed, struct err *err)
{
    for (size_t i = 0; i < forget->version_count; i++) {
        OWNED(version_reader_close) struct version_reader *reader = NULL;
        struct forget_version *version = &forget->versions[i];
        TRY(open_version(forget, version, &reader, err));
        if (version->keyed != keyed) continue;
        if (!keyed) TRY(relate(forget, version, err));
        if (keyed || version->related.count > 0) TRY(scan_version(forget, version, reader, err));
    }
    return STATUS_OK;
}

enum status forget_scan(struct forget *forget, struct err *err)
{
    TRY(version_each(forget->store, NULL, add_version, forget, err));
    TRY(progress_open(&forget->progress, &forget->invocation->common, "look for it", "rows", -1,
                      err));
    enum status status = scan_those(forget, true, err);
    if (status == STATUS_OK) status = scan_those(forget, false, err);
    progress_close(&forget->progress);
    return status;
}
