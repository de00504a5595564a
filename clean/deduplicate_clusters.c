/* clean/deduplicate_clusters.c: from judged pairs of records to what becomes one. */
#include "clean/deduplicate_clusters.h"

#include "clean/deduplicate_forest.h"
#include "clean/deduplicate_linkage.h"

#include <stdlib.h>

/* Odds at which a group of too many records is given up; each cut is one above the last. */
#define CUTS_MOST 40

/* ---- one to one ---- */

struct ranked {
    float odds;
    uint32_t pair;
};

static int surer(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->odds != y->odds) return x->odds < y->odds ? 1 : -1;
    return (x->pair > y->pair) - (x->pair < y->pair);
}

static enum status rank_matches(const struct judged *judged, struct ranked **ret, size_t *ret_count,
                                struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < judged->pair_count; i++)
        count += (double)judged->odds[i] >= judged->threshold;
    TRY(NEW(ret, count, err));
    *ret_count = 0;
    for (size_t i = 0; i < judged->pair_count; i++)
        if ((double)judged->odds[i] >= judged->threshold)
            (*ret)[(*ret_count)++] = (struct ranked){judged->odds[i], (uint32_t)i};
    qsort(*ret, count, sizeof **ret, surer);
    return STATUS_OK;
}

enum status pair_up(const struct judged *judged, uint32_t *into, struct err *err)
{
    OWNED(memory_release) struct ranked *ranked = NULL;
    OWNED(memory_release) uint8_t *taken = NULL;
    size_t count;
    TRY(rank_matches(judged, &ranked, &count, err));
    TRY(NEW(&taken, judged->record_count, err));
    for (size_t i = 0; i < judged->record_count; i++)
        into[i] = (uint32_t)i;
    for (size_t i = 0; i < count; i++) {
        const struct candidate *pair = &judged->pairs[ranked[i].pair];
        if (taken[pair->a] || taken[pair->b]) continue;
        taken[pair->a] = taken[pair->b] = 1;
        if (judged->last)
            into[pair->a] = pair->b;
        else
            into[pair->b] = pair->a;
    }
    return STATUS_OK;
}

/* ---- clusters ---- */

/* Records that hang together, and the pairs among them. */
struct group {
    const uint32_t *items; /* records, rising */
    size_t count;
    struct link *links; /* by place in items */
    size_t link_count;
};

struct clustering {
    const struct judged *judged;
    uint32_t *into;
    size_t *left;
};

/* The first or last record of each cluster represents it. */
static void settle_cluster(const struct clustering *clustering, const struct group *group,
                           const uint32_t *cluster, size_t root, size_t size)
{
    size_t represents = root;
    if (size < 2) return;
    if ((int64_t)size > clustering->judged->largest) {
        ++*clustering->left;
        return;
    }
    for (size_t i = root; i < group->count && clustering->judged->last; i++)
        if (cluster[i] == root) represents = i;
    for (size_t i = root; i < group->count; i++)
        if (cluster[i] == root) clustering->into[group->items[i]] = group->items[represents];
}

static enum status link_group(const struct clustering *clustering, const struct group *group,
                              double threshold, struct err *err)
{
    OWNED(memory_release) uint32_t *cluster = NULL;
    OWNED(memory_release) size_t *sizes = NULL;
    TRY(NEW(&cluster, group->count, err));
    TRY(NEW(&sizes, group->count, err));
    TRY(linkage_clusters(group->links, group->link_count, group->count, threshold, cluster, err));
    for (size_t i = 0; i < group->count; i++)
        sizes[cluster[i]]++;
    for (size_t i = 0; i < group->count; i++)
        settle_cluster(clustering, group, cluster, i, sizes[i]);
    return STATUS_OK;
}

static enum status cut_group(const struct clustering *clustering, const struct group *group,
                             int cuts, struct err *err);

/* The links of one part of a group: those between two of its items. */
static size_t links_within(const struct group *group, struct forest *forest, const uint32_t *place,
                           uint32_t root, struct link *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < group->link_count; i++) {
        const struct link *link = &group->links[i];
        if (forest_root(forest, link->a) != root || forest_root(forest, link->b) != root) continue;
        ret[count++] = (struct link){place[link->a], place[link->b], link->odds};
    }
    return count;
}

static enum status cut_part(const struct clustering *clustering, const struct group *group,
                            struct forest *forest, const uint32_t *items, size_t count, int cuts,
                            struct err *err)
{
    OWNED(memory_release) uint32_t *place = NULL;
    OWNED(memory_release) uint32_t *records = NULL;
    OWNED(memory_release) struct link *links = NULL;
    if (count < 2) return STATUS_OK;
    TRY(NEW(&place, group->count, err));
    TRY(NEW(&records, count, err));
    TRY(NEW(&links, group->link_count, err));
    for (size_t i = 0; i < count; i++) {
        place[items[i]] = (uint32_t)i;
        records[i] = group->items[items[i]];
    }
    struct group part = {records, count, links, 0};
    part.link_count = links_within(group, forest, place, items[0], links);
    return cut_group(clustering, &part, cuts, err);
}

/* A group too large to be looked at as a whole falls apart at a higher threshold. */
static enum status cut_group(const struct clustering *clustering, const struct group *group,
                             int cuts, struct err *err)
{
    if (group->count <= LINKAGE_MOST)
        return link_group(clustering, group, clustering->judged->threshold, err);
    if (cuts == CUTS_MOST) {
        ++*clustering->left;
        return STATUS_OK;
    }
    OWNED(forest_release) struct forest forest = {0};
    OWNED(members_release) struct members members = {0};
    TRY(forest_open(&forest, group->count, err));
    double threshold = clustering->judged->threshold + cuts + 1;
    for (size_t i = 0; i < group->link_count; i++)
        if ((double)group->links[i].odds >= threshold)
            forest_join(&forest, group->links[i].a, group->links[i].b);
    TRY(members_of(&members, &forest, err));
    for (size_t root = 0; root < group->count; root++)
        TRY(cut_part(clustering, group, &forest, members.items + members.firsts[root],
                     members.firsts[root + 1] - members.firsts[root], cuts + 1, err));
    return STATUS_OK;
}

/* The pairs of each set of records, by its root (a counting sort). */
static enum status links_by_root(const struct judged *judged, struct forest *forest,
                                 const uint32_t *place, size_t **ret_firsts, struct link **ret,
                                 struct err *err)
{
    TRY(NEW(ret_firsts, judged->record_count + 2, err));
    size_t *firsts = *ret_firsts + 1;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < judged->pair_count; i++) {
            const struct candidate *pair = &judged->pairs[i];
            uint32_t root = forest_root(forest, pair->a);
            if (root != forest_root(forest, pair->b)) continue;
            if (pass == 0)
                firsts[root + 1]++;
            else
                (*ret)[firsts[root]++] =
                    (struct link){place[pair->a], place[pair->b], judged->odds[i]};
        }
        if (pass == 1) break;
        for (size_t i = 0; i < judged->record_count; i++)
            firsts[i + 1] += firsts[i];
        TRY(NEW(ret, firsts[judged->record_count], err));
    }
    return STATUS_OK;
}

enum status cluster_up(const struct judged *judged, uint32_t *into, size_t *ret_left,
                       struct err *err)
{
    OWNED(forest_release) struct forest forest = {0};
    OWNED(members_release) struct members members = {0};
    OWNED(memory_release) uint32_t *place = NULL;
    OWNED(memory_release) size_t *firsts = NULL;
    OWNED(memory_release) struct link *links = NULL;
    struct clustering clustering = {judged, into, ret_left};
    TRY(forest_open(&forest, judged->record_count, err));
    for (size_t i = 0; i < judged->pair_count; i++)
        if ((double)judged->odds[i] >= judged->threshold)
            forest_join(&forest, judged->pairs[i].a, judged->pairs[i].b);
    TRY(members_of(&members, &forest, err));
    TRY(NEW(&place, judged->record_count, err));
    for (size_t i = 0; i < judged->record_count; i++) {
        into[i] = (uint32_t)i;
        for (size_t k = members.firsts[i]; k < members.firsts[i + 1]; k++)
            place[members.items[k]] = (uint32_t)(k - members.firsts[i]);
    }
    TRY(links_by_root(judged, &forest, place, &firsts, &links, err));
    for (size_t root = 0; root < judged->record_count; root++) {
        struct group group = {members.items + members.firsts[root],
                              members.firsts[root + 1] - members.firsts[root], links + firsts[root],
                              firsts[root + 1] - firsts[root]};
        if (group.count > 1) TRY(cut_group(&clustering, &group, 0, err));
    }
    return STATUS_OK;
}
