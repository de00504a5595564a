/* clean/deduplicate_texts.c: texts that share most of their shingles. */
#include "clean/deduplicate_texts.h"

#include "base/parallel.h"
#include "clean/deduplicate_bands.h"
#include "clean/deduplicate_forest.h"
#include "clean/deduplicate_shingles.h"
#include "clean/deduplicate_signature.h"

#include <string.h>
#include <xxhash.h>

/* A text is compared with this many texts of its group in front of it, and as many at its
 * beginning; groups are small but for boilerplate, whose texts are alike anyway. */
#define COMPARE_BEFORE 32
/* Representatives tried within one set of near duplicates before the rest is left alone. */
#define REPRESENTATIVES_MOST 1024
#define TEXT_BYTES_MOST      ((size_t)1 << 30)

struct text_head {
    int64_t row;
    uint64_t first; /* of its shingles */
    uint64_t count;
};

struct texts {
    struct texts_plan plan;
    struct banding banding;
    struct signer signer;
    struct spill *heads, *shingles;
    struct spill *bands[SIGNATURE_MOST + 1]; /* a hash a text; the last: of the whole set */
    size_t count;
    /* while marking */
    const struct text_head *head;
    const uint64_t *shingle;
    const uint64_t *hashes[SIGNATURE_MOST + 1];
    uint8_t *same; /* a bit: equal to an earlier text */
    struct forest equal, near;
};

enum status texts_open(struct texts **ret, const struct texts_plan *plan, struct err *err)
{
    struct texts *texts;
    TRY(NEW(&texts, 1, err));
    *ret = texts;
    texts->plan = *plan;
    texts->banding = banding_for(plan->threshold);
    signer_open(&texts->signer);
    TRY(spill_open(&texts->heads, plan->memory / 16, err));
    TRY(spill_open(&texts->shingles, plan->memory / 4, err));
    for (int band = 0; band <= texts->banding.bands; band++)
        TRY(spill_open(&texts->bands[band], plan->memory / 4 / (size_t)(texts->banding.bands + 1),
                       err));
    return STATUS_OK;
}

void texts_close(struct texts **ret)
{
    struct texts *texts = *ret;
    if (texts == NULL) return;
    spill_close(&texts->heads);
    spill_close(&texts->shingles);
    for (int band = 0; band <= texts->banding.bands; band++)
        spill_close(&texts->bands[band]);
    memory_free(texts->same);
    forest_release(&texts->equal);
    forest_release(&texts->near);
    memory_free(texts);
    *ret = NULL;
}

/* ---- reading ---- */

static bool head_is_within(const struct text_head *head, const struct texts_tally *tally,
                           int64_t from, int64_t end)
{
    return head->first <= tally->shingle_count &&
           head->count <= tally->shingle_count - head->first && head->row >= from &&
           head->row < end;
}

enum status texts_tally_carry(const struct texts *texts, int64_t first, int64_t end,
                              struct texts_tally *tally, struct wire *wire, struct err *err)
{
    size_t bands = tally->count * (size_t)(texts->banding.bands + 1);
    TRY(WIRE_ITEMS(wire, &tally->heads, &tally->count, err));
    TRY(WIRE_ITEMS(wire, &tally->shingles, &tally->shingle_count, err));
    TRY(WIRE_ITEMS(wire, &tally->bands, &bands, err));
    if (bands != tally->count * (size_t)(texts->banding.bands + 1))
        return fail(err, STATUS_FAILED, "%zu bands of %zu texts", bands, tally->count);
    for (size_t i = 0; i < tally->count; i++) {
        int64_t from = i == 0 ? first : tally->heads[i - 1].row + 1;
        if (!head_is_within(&tally->heads[i], tally, from, end))
            return fail(err, STATUS_FAILED, "a text of another window, or shingles not there");
    }
    return STATUS_OK;
}

void texts_tally_release(struct texts_tally *tally)
{
    memory_free(tally->heads);
    memory_free(tally->shingles);
    memory_free(tally->bands);
    *tally = (struct texts_tally){0};
}

static enum status read_words(const struct texts *texts, const struct window *window, int64_t row,
                              struct bytes *ret, struct err *err)
{
    ret->size = 0;
    for (size_t i = 0; i < texts->plan.column_count; i++) {
        size_t at = texts->plan.columns[i];
        struct str text;
        if (array_text_at(&window->batch->schema->fields[at], window->batch->columns[at], row,
                          &text))
            TRY(words_append(ret, text, err));
    }
    return STATUS_OK;
}

static enum status reserve_shingles(struct texts_tally *tally, size_t more, struct err *err)
{
    size_t wanted = tally->shingle_count + more;
    if (wanted <= tally->shingle_room) return STATUS_OK;
    size_t room = tally->shingle_room * 2 > wanted ? tally->shingle_room * 2 : wanted;
    uint64_t *grown = memory_resize(tally->shingles, room, sizeof *grown);
    if (grown == NULL) return fail_memory(err, room * sizeof *grown);
    tally->shingles = grown;
    tally->shingle_room = room;
    return STATUS_OK;
}

static void hash_bands(const struct texts *texts, const uint64_t *set, size_t count, uint64_t *ret)
{
    uint32_t places[SIGNATURE_MOST];
    size_t rows = (size_t)texts->banding.rows;
    texts->signer.sign(&texts->signer, set, count, places);
    for (size_t band = 0; band < (size_t)texts->banding.bands; band++)
        ret[band] = XXH3_64bits_withSeed(places + band * rows, rows * sizeof *places, band);
    ret[texts->banding.bands] = XXH3_64bits(set, count * sizeof *set);
}

enum status texts_observe(const struct texts *texts, const struct window *window,
                          struct texts_tally *tally, struct err *err)
{
    OWNED(bytes_release) struct bytes words = bytes_limited(TEXT_BYTES_MOST);
    size_t rows = (size_t)window->batch->rows, bands = (size_t)texts->banding.bands + 1;
    TRY(NEW(&tally->heads, rows, err));
    TRY(NEW(&tally->bands, rows * bands, err));
    for (size_t row = 0; row < rows; row++) {
        TRY(read_words(texts, window, (int64_t)row, &words, err));
        if (words.size == 0) continue;
        TRY(reserve_shingles(tally, words.size, err));
        uint64_t *set = tally->shingles + tally->shingle_count;
        size_t count = shingles_of((struct str){(const char *)words.data, words.size},
                                   texts->plan.characters, (size_t)texts->plan.size, set);
        hash_bands(texts, set, count, tally->bands + tally->count * bands);
        tally->heads[tally->count++] =
            (struct text_head){window->first_row + (int64_t)row, tally->shingle_count, count};
        tally->shingle_count += count;
    }
    return STATUS_OK;
}

static enum status absorb(struct texts *texts, struct texts_tally *tally, struct err *err)
{
    size_t bands = (size_t)texts->banding.bands + 1;
    uint64_t before = spill_size(texts->shingles) / sizeof(uint64_t);
    if (texts->count + tally->count > UINT32_MAX - 1)
        return fail(err, STATUS_FAILED, "more than %u texts", UINT32_MAX - 1);
    for (size_t i = 0; i < tally->count; i++) {
        tally->heads[i].first += before;
        for (size_t band = 0; band < bands; band++)
            TRY(spill_add(texts->bands[band], &tally->bands[i * bands + band], sizeof(uint64_t),
                          err));
    }
    TRY(spill_add(texts->heads, tally->heads, tally->count * sizeof *tally->heads, err));
    texts->count += tally->count;
    return spill_add(texts->shingles, tally->shingles, tally->shingle_count * sizeof(uint64_t),
                     err);
}

enum status texts_absorb(struct texts *texts, struct texts_tally *tally, struct err *err)
{
    enum status status = absorb(texts, tally, err);
    texts_tally_release(tally);
    return status;
}

/* ---- comparing ---- */

double sets_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
    if (a_count == 0 && b_count == 0) return 1;
    size_t i = 0, j = 0, shared = 0;
    while (i < a_count && j < b_count) {
        uint64_t x = a[i], y = b[j];
        shared += x == y;
        i += x <= y;
        j += y <= x;
    }
    return (double)shared / (double)(a_count + b_count - shared);
}

static double similarity(const struct texts *texts, uint32_t a, uint32_t b)
{
    const struct text_head *one = &texts->head[a], *two = &texts->head[b];
    uint64_t less = one->count < two->count ? one->count : two->count;
    uint64_t more = one->count < two->count ? two->count : one->count;
    if ((double)less < texts->plan.threshold * (double)more) return 0; /* sizes too far apart */
    return sets_jaccard(texts->shingle + one->first, one->count, texts->shingle + two->first,
                        two->count);
}

static bool equal_sets(const struct texts *texts, uint32_t a, uint32_t b)
{
    const struct text_head *one = &texts->head[a], *two = &texts->head[b];
    return one->count == two->count &&
           memcmp(texts->shingle + one->first, texts->shingle + two->first,
                  one->count * sizeof *texts->shingle) == 0;
}

/* ---- equal texts ---- */

static enum status join_equal(void *context, const struct band_entry *entries, size_t count,
                              struct err *err)
{
    (void)err;
    struct texts *texts = context;
    for (size_t i = 1; i < count; i++)
        if (equal_sets(texts, entries[0].text, entries[i].text)) {
            forest_join(&texts->equal, entries[0].text, entries[i].text);
            texts->same[entries[i].text >> 3] |= (uint8_t)(1u << (entries[i].text & 7));
        }
    return STATUS_OK;
}

static enum status find_equal(struct texts *texts, struct err *err)
{
    TRY(forest_open(&texts->equal, texts->count, err));
    TRY(NEW(&texts->same, texts->count / 8 + 1, err));
    return bands_group(texts->hashes[texts->banding.bands], texts->count, NULL,
                       texts->plan.memory / 4, texts, join_equal, err);
}

/* ---- near texts ---- */

/* One band on one thread: what it joins, in a forest of its own. */
struct band_search {
    const struct texts *texts;
    struct forest forest;
};

static enum status join_near(void *context, const struct band_entry *entries, size_t count,
                             struct err *err)
{
    (void)err;
    struct band_search *search = context;
    const struct texts *texts = search->texts;
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            if (j == COMPARE_BEFORE && i > 2 * COMPARE_BEFORE) j = i - COMPARE_BEFORE;
            uint32_t a = entries[j].text, b = entries[i].text;
            if (forest_root(&search->forest, a) == forest_root(&search->forest, b)) continue;
            if (similarity(texts, a, b) >= texts->plan.threshold)
                forest_join(&search->forest, a, b);
        }
    return STATUS_OK;
}

struct near_search {
    struct texts *texts;
    struct band_search *searches;
    int first; /* band of search 0 */
    size_t memory;
};

static enum status search_band(void *context, size_t index, struct err *err)
{
    const struct near_search *near = context;
    struct band_search *search = &near->searches[index];
    search->texts = near->texts;
    TRY(forest_open(&search->forest, near->texts->count, err));
    return bands_group(near->texts->hashes[near->first + (int)index], near->texts->count,
                       near->texts->same, near->memory, search, join_near, err);
}

static void merge_forest(struct forest *into, const struct forest *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (from->parents[i] != i) forest_join(into, (uint32_t)i, from->parents[i]);
}

/* As many bands at once as there are threads; a set does not depend on the order of its joins. */
static enum status find_near(struct texts *texts, struct err *err)
{
    size_t threads = texts->plan.threads == 0 ? 1 : texts->plan.threads;
    OWNED(memory_release) struct band_search *searches = NULL;
    TRY(NEW(&searches, threads, err));
    TRY(forest_open(&texts->near, texts->count, err));
    struct near_search near = {texts, searches, 0, texts->plan.memory / 4 / threads};
    enum status status = STATUS_OK;
    for (; near.first < texts->banding.bands && status == STATUS_OK; near.first += (int)threads) {
        size_t left = (size_t)(texts->banding.bands - near.first);
        size_t together = left < threads ? left : threads;
        status = parallel_for(threads, together, &near, search_band, err);
        for (size_t i = 0; i < together; i++) {
            if (status == STATUS_OK) merge_forest(&texts->near, &searches[i].forest);
            forest_release(&searches[i].forest);
        }
    }
    return status;
}

/* ---- clusters ---- */

/* One set of near duplicates, `items` in the order in which they may represent it. */
struct cluster {
    const struct texts *texts;
    uint32_t *items;
    size_t count;
    uint32_t *into; /* by text: its representative */
    float *scores;  /* by text */
};

/* The first text left represents all that are similar to it, until none is left. */
static void split_cluster(struct cluster *cluster)
{
    size_t left = cluster->count;
    for (size_t tried = 0; left > 0 && tried < REPRESENTATIVES_MOST; tried++) {
        uint32_t first = cluster->items[0];
        size_t kept = 0;
        for (size_t i = 1; i < left; i++) {
            uint32_t item = cluster->items[i];
            double score = similarity(cluster->texts, first, item);
            if (score >= cluster->texts->plan.threshold) {
                cluster->into[item] = first;
                cluster->scores[item] = (float)score;
            } else
                cluster->items[kept++] = item;
        }
        left = kept;
    }
}

static void reverse(uint32_t *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t item = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
}

static enum status split_clusters(struct texts *texts, bool last, uint32_t *into, float *scores,
                                  struct err *err)
{
    OWNED(members_release) struct members members = {0};
    TRY(members_of(&members, &texts->near, err));
    for (size_t root = 0; root < texts->count; root++) {
        size_t count = members.firsts[root + 1] - members.firsts[root];
        struct cluster cluster = {texts, members.items + members.firsts[root], count, into, scores};
        if (count < 2) continue;
        if (last) reverse(cluster.items, count);
        split_cluster(&cluster);
    }
    return STATUS_OK;
}

/* The representative of a text: of the text it is equal to, or of itself. */
static uint32_t representative(struct texts *texts, const uint32_t *into, uint32_t text)
{
    return into[forest_root(&texts->equal, text)];
}

static enum status mark(struct texts *texts, const uint32_t *into, const float *scores, bool last,
                        struct marks *marks, size_t *ret_left, struct err *err)
{
    OWNED(memory_release) uint32_t *sizes = NULL; /* by representative */
    OWNED(memory_release) uint32_t *stays = NULL; /* by representative: text, plus 1 */
    TRY(NEW(&sizes, texts->count, err));
    TRY(NEW(&stays, texts->count, err));
    for (uint32_t text = 0; text < texts->count; text++) {
        uint32_t first = representative(texts, into, text);
        bool equals = forest_root(&texts->equal, text) == first;
        sizes[first] += forest_root(&texts->equal, text) == text; /* equal texts count once */
        /* The last of those equal to the representative stays, or the first of them. */
        if (equals && (stays[first] == 0 || last)) stays[first] = text + 1;
    }
    *ret_left = 0;
    for (uint32_t text = 0; text < texts->count; text++) {
        uint32_t first = representative(texts, into, text);
        bool large = sizes[first] > texts->plan.largest;
        *ret_left += large && text == first;
        if (large || text == stays[first] - 1) continue;
        int64_t row = texts->head[text].row;
        marks->into[row] = texts->head[stays[first] - 1].row + 1;
        marks->scores[row] = scores[forest_root(&texts->equal, text)];
    }
    return STATUS_OK;
}

static enum status freeze(struct texts *texts, struct err *err)
{
    const void *data;
    TRY(spill_freeze(texts->heads, &data, err));
    texts->head = data;
    TRY(spill_freeze(texts->shingles, &data, err));
    texts->shingle = data;
    for (int band = 0; band <= texts->banding.bands; band++) {
        TRY(spill_freeze(texts->bands[band], &data, err));
        texts->hashes[band] = data;
    }
    return STATUS_OK;
}

enum status texts_mark(struct texts *texts, bool last, struct marks *marks, size_t *ret_left,
                       struct err *err)
{
    OWNED(memory_release) uint32_t *into = NULL;
    OWNED(memory_release) float *scores = NULL;
    *ret_left = 0;
    if (texts->count == 0) return STATUS_OK;
    TRY(freeze(texts, err));
    TRY(find_equal(texts, err));
    if (texts->plan.threshold < 1) TRY(find_near(texts, err));
    TRY(NEW(&into, texts->count, err));
    TRY(NEW(&scores, texts->count, err));
    for (uint32_t text = 0; text < texts->count; text++) {
        into[text] = text;
        scores[text] = 1;
    }
    if (texts->plan.threshold < 1) TRY(split_clusters(texts, last, into, scores, err));
    return mark(texts, into, scores, last, marks, ret_left, err);
}
