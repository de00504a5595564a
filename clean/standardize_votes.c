/* clean/standardize_votes.c: what several sources say, and whom to believe. */
#include "clean/standardize_votes.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDS_MOST   20
#define FALSE_VALUES  10   /* wrong values a source may choose from (Dong et al., section 3.2) */
#define ACCURACY_MOST 0.99 /* no source is always right */

struct source {
    struct str name;
    double weight;
    int64_t right, votes;
};

struct election {
    struct ballot *ballots; /* by key, value, source */
    size_t count;
    size_t *voters; /* by ballot: place in sources */
    struct source *sources;
    size_t source_count;
    double agree;
};

static int compare_by_source(const void *a_, const void *b_)
{
    const struct ballot *a = a_, *b = b_;
    int order = str_compare(a->key, b->key);
    if (order == 0) order = str_compare(a->source, b->source);
    if (order != 0) return order;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return str_compare(a->value, b->value);
}

static int compare_by_value(const void *a_, const void *b_)
{
    const struct ballot *a = a_, *b = b_;
    int order = str_compare(a->key, b->key);
    if (order == 0) order = str_compare(a->value, b->value);
    return order != 0 ? order : str_compare(a->source, b->source);
}

static int compare_sources(const void *a, const void *b)
{
    return str_compare(((const struct source *)a)->name, ((const struct source *)b)->name);
}

/* One vote a source and key. */
static size_t thin(struct ballot *ballots, size_t count)
{
    size_t kept = 0;
    qsort(ballots, count, sizeof *ballots, compare_by_source);
    for (size_t i = 0; i < count; i++) {
        const struct ballot *last = kept > 0 ? &ballots[kept - 1] : NULL;
        if (last != NULL && str_equal(last->key, ballots[i].key) &&
            str_equal(last->source, ballots[i].source))
            continue;
        ballots[kept++] = ballots[i];
    }
    qsort(ballots, kept, sizeof *ballots, compare_by_value);
    return kept;
}

static void list_sources(struct election *election)
{
    size_t kept = 0;
    for (size_t i = 0; i < election->count; i++)
        election->sources[i] = (struct source){.name = election->ballots[i].source, .weight = 1};
    qsort(election->sources, election->count, sizeof *election->sources, compare_sources);
    for (size_t i = 0; i < election->count; i++)
        if (kept == 0 || compare_sources(&election->sources[kept - 1], &election->sources[i]) != 0)
            election->sources[kept++] = election->sources[i];
    election->source_count = kept;
    for (size_t i = 0; i < election->count; i++) {
        const struct source key = {.name = election->ballots[i].source};
        const struct source *found =
            bsearch(&key, election->sources, kept, sizeof *election->sources, compare_sources);
        election->voters[i] = (size_t)(found - election->sources);
    }
}

/* The first ballot of the value that wins first ... end - 1; `end` = nobody does. */
static size_t winner(const struct election *election, size_t first, size_t end)
{
    double best = -1, all = 0;
    size_t place = end;
    for (size_t i = first, next; i < end; i = next) {
        double weight = 0;
        for (next = i;
             next < end && str_equal(election->ballots[next].value, election->ballots[i].value);)
            weight += election->sources[election->voters[next++]].weight;
        all += weight;
        if (weight == best) place = end;
        if (weight <= best) continue;
        best = weight;
        place = i;
    }
    return best < election->agree * all ? end : place;
}

static size_t end_of_key(const struct election *election, size_t first)
{
    size_t end = first + 1;
    while (end < election->count &&
           str_equal(election->ballots[end].key, election->ballots[first].key))
        end++;
    return end;
}

static void judge_sources(struct election *election)
{
    for (size_t i = 0; i < election->source_count; i++)
        election->sources[i].right = election->sources[i].votes = 0;
    for (size_t first = 0, end; first < election->count; first = end) {
        end = end_of_key(election, first);
        size_t won = winner(election, first, end);
        for (size_t i = first; won < end && end - first > 1 && i < end; i++) {
            struct source *source = &election->sources[election->voters[i]];
            source->votes++;
            source->right += str_equal(election->ballots[i].value, election->ballots[won].value);
        }
    }
}

/* Whether a weight moved. Laplace's rule of succession keeps a source with few votes near 1/2. */
static bool weigh_sources(struct election *election)
{
    bool moved = false;
    for (size_t i = 0; i < election->source_count; i++) {
        struct source *source = &election->sources[i];
        double accuracy = ((double)source->right + 1) / ((double)source->votes + 2);
        accuracy = fmin(fmax(accuracy, 1 - ACCURACY_MOST), ACCURACY_MOST);
        double weight = fmax(log(FALSE_VALUES * accuracy / (1 - accuracy)), 0);
        moved |= fabs(weight - source->weight) > 1e-9;
        source->weight = weight;
    }
    return moved;
}

static enum status open_election(struct election *election, struct err *err)
{
    TRY(NEW(&election->voters, election->count + 1, err));
    return NEW(&election->sources, election->count + 1, err);
}

enum status votes_count(struct ballot *ballots, size_t count, double agree, size_t *ret_count,
                        struct err *err)
{
    struct election election = {.ballots = ballots, .count = thin(ballots, count), .agree = agree};
    size_t kept = 0;
    enum status status = open_election(&election, err);
    if (status == STATUS_OK) {
        list_sources(&election);
        for (int round = 0; round < ROUNDS_MOST; round++) {
            judge_sources(&election);
            if (!weigh_sources(&election)) break;
        }
        for (size_t first = 0, end; first < election.count; first = end) {
            end = end_of_key(&election, first);
            size_t won = winner(&election, first, end);
            if (won < end) ballots[kept++] = ballots[won];
        }
    }
    *ret_count = kept;
    memory_free(election.voters);
    memory_free(election.sources);
    return status;
}
