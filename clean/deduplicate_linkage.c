/* clean/deduplicate_linkage.c: clusters of average linkage. */
#include "clean/deduplicate_linkage.h"

struct linkage {
    size_t count;
    float *odds;    /* count x count: the mean between two clusters */
    uint32_t *size; /* of the cluster at a place; 0 = joined another */
    uint8_t *done;  /* nothing is near enough any more, and nothing will be */
    uint32_t *chain;
    uint32_t *cluster;
    double threshold;
};

static void linkage_release(struct linkage *linkage)
{
    memory_free(linkage->odds);
    memory_free(linkage->size);
    memory_free(linkage->done);
    memory_free(linkage->chain);
}

static float clip(float odds)
{
    if (odds > ODDS_MOST) return ODDS_MOST;
    return odds < ODDS_ABSENT ? ODDS_ABSENT : odds;
}

static enum status linkage_open(struct linkage *ret, const struct link *links, size_t link_count,
                                struct err *err)
{
    size_t count = ret->count;
    TRY(NEW(&ret->odds, count * count, err));
    TRY(NEW(&ret->size, count, err));
    TRY(NEW(&ret->done, count, err));
    TRY(NEW(&ret->chain, count + 1, err));
    for (size_t i = 0; i < count * count; i++)
        ret->odds[i] = ODDS_ABSENT;
    for (size_t i = 0; i < link_count; i++) {
        float odds = clip(links[i].odds);
        ret->odds[links[i].a * count + links[i].b] = odds;
        ret->odds[links[i].b * count + links[i].a] = odds;
    }
    for (size_t i = 0; i < count; i++) {
        ret->size[i] = 1;
        ret->cluster[i] = (uint32_t)i;
    }
    return STATUS_OK;
}

/* The nearest cluster still open; `preferred` on a tie, then the first. count = none. */
static size_t nearest(const struct linkage *linkage, size_t from, size_t preferred)
{
    const float *odds = linkage->odds + from * linkage->count;
    size_t best = preferred;
    for (size_t i = 0; i < linkage->count; i++) {
        if (i == from || linkage->size[i] == 0 || linkage->done[i]) continue;
        if (best == linkage->count || odds[i] > odds[best]) best = i;
    }
    return best;
}

/* The smaller place takes the other in. */
static void join(struct linkage *linkage, size_t a, size_t b)
{
    size_t count = linkage->count, into = a < b ? a : b, from = a < b ? b : a;
    float one = (float)linkage->size[into], two = (float)linkage->size[from];
    for (size_t i = 0; i < count; i++) {
        if (linkage->size[i] == 0 || i == into || i == from) continue;
        float odds =
            (one * linkage->odds[into * count + i] + two * linkage->odds[from * count + i]) /
            (one + two);
        linkage->odds[into * count + i] = odds;
        linkage->odds[i * count + into] = odds;
    }
    linkage->size[into] += linkage->size[from];
    linkage->size[from] = 0;
    for (size_t i = 0; i < count; i++)
        if (linkage->cluster[i] == from) linkage->cluster[i] = (uint32_t)into;
}

/* Follows nearest neighbors from `start` until the chain is used up. */
static void follow(struct linkage *linkage, size_t start)
{
    size_t length = 0, none = linkage->count;
    linkage->chain[length++] = (uint32_t)start;
    while (length > 0) {
        size_t top = linkage->chain[length - 1];
        size_t before = length > 1 ? linkage->chain[length - 2] : none;
        size_t next = nearest(linkage, top, before);
        if (next == none ||
            (double)linkage->odds[top * linkage->count + next] < linkage->threshold) {
            linkage->done[top] = true; /* joins only ever lower the mean below its best part */
            length--;
        } else if (next == before) {
            join(linkage, top, next);
            length -= 2;
        } else {
            linkage->chain[length++] = (uint32_t)next;
        }
    }
}

enum status linkage_clusters(const struct link *links, size_t link_count, size_t count,
                             double threshold, uint32_t *cluster, struct err *err)
{
    OWNED(linkage_release)
    struct linkage linkage = {.count = count, .cluster = cluster, .threshold = threshold};
    TRY(linkage_open(&linkage, links, link_count, err));
    for (size_t i = 0; i < count; i++)
        while (linkage.size[i] > 0 && !linkage.done[i])
            follow(&linkage, i);
    return STATUS_OK;
}
