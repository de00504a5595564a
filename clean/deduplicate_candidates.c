/* clean/deduplicate_candidates.c: pairs of records worth comparing. */
#include "clean/deduplicate_candidates.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_BITS       22
#define COUNT_BITS_LARGE 24
#define RECORDS_LARGE    200000
#define CHUNK            1024 /* records a task */
#define TASKS            64   /* tasks whose results are held at once */
#define TOKENS_MOST      512  /* words of a record looked at */

/* Comparisons that blocking may cost: at least, and for each record. */
#define WORK_LEAST      ((uint64_t)1 << 25)
#define WORK_PER_RECORD 100

static const uint32_t frequencies[] = {400, 300, 200, 150, 100, 70, 50, 30, 20, 10, 5};

enum status word_counts_open(struct word_counts *ret, size_t records, struct err *err)
{
    ret->bits = records > RECORDS_LARGE ? COUNT_BITS_LARGE : COUNT_BITS;
    return NEW(&ret->counts, (size_t)1 << ret->bits, err);
}

void word_counts_release(struct word_counts *counts)
{
    memory_free(counts->counts);
    *counts = (struct word_counts){0};
}

struct blocking {
    const struct records *records;
    struct word_counts counts;
    uint64_t *firsts; /* by cell of counts: its records in postings */
    uint32_t *postings;
    uint32_t frequent; /* words of more records are not looked at */
    bool across;
};

static void blocking_release(struct blocking *blocking)
{
    word_counts_release(&blocking->counts);
    memory_free(blocking->firsts);
    memory_free(blocking->postings);
}

static int compare_cells(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The cells of the different words of a record, rising. */
static size_t cells_of(const struct blocking *blocking, uint32_t record, uint32_t ret[TOKENS_MOST])
{
    struct str cells[RECORD_COLUMNS_MOST];
    size_t count = 0, kept = 0;
    record_cells(blocking->records, record, cells);
    for (size_t i = 0; i < blocking->records->column_count; i++) {
        struct token tokens[CELL_TOKENS_MOST];
        size_t found = tokens_of(cells[i], 0, tokens);
        for (size_t k = 0; k < found && count < TOKENS_MOST; k++)
            ret[count++] =
                (uint32_t)(word_count(&blocking->counts, tokens[k].hash) - blocking->counts.counts);
    }
    qsort(ret, count, sizeof *ret, compare_cells);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ret[kept - 1] != ret[i]) ret[kept++] = ret[i];
    return kept;
}

/* ---- the words ---- */

static enum status count_words(void *context, size_t task, struct err *err)
{
    (void)err;
    const struct blocking *blocking = context;
    size_t end = (task + 1) * CHUNK;
    if (end > blocking->records->count) end = blocking->records->count;
    for (size_t record = task * CHUNK; record < end; record++) {
        uint32_t cells[TOKENS_MOST];
        size_t count = cells_of(blocking, (uint32_t)record, cells);
        for (size_t i = 0; i < count; i++)
            __atomic_fetch_add(&blocking->counts.counts[cells[i]], 1, __ATOMIC_RELAXED);
    }
    return STATUS_OK;
}

/* The most frequent words that the work allows. */
static void choose_frequent(struct blocking *blocking)
{
    uint64_t allowed = blocking->records->count * WORK_PER_RECORD;
    if (allowed < WORK_LEAST) allowed = WORK_LEAST;
    for (size_t i = 0; i < sizeof frequencies / sizeof *frequencies; i++) {
        uint64_t work = 0;
        blocking->frequent = frequencies[i];
        for (size_t cell = 0; cell < (size_t)1 << blocking->counts.bits; cell++) {
            uint64_t count = blocking->counts.counts[cell];
            if (count <= blocking->frequent) work += count * count / 2;
        }
        if (work <= allowed) return;
    }
}

static bool is_looked_at(const struct blocking *blocking, uint32_t cell)
{
    uint32_t count = blocking->counts.counts[cell];
    return count > 1 && count <= blocking->frequent;
}

/* Records by word, rising (a counting sort). */
static enum status post_words(struct blocking *blocking, struct err *err)
{
    size_t cells = (size_t)1 << blocking->counts.bits;
    TRY(NEW(&blocking->firsts, cells + 2, err));
    uint64_t *firsts = blocking->firsts + 1; /* shifted by one while they are filled */
    for (size_t cell = 0; cell < cells; cell++)
        firsts[cell + 1] =
            firsts[cell] +
            (is_looked_at(blocking, (uint32_t)cell) ? blocking->counts.counts[cell] : 0);
    TRY(NEW(&blocking->postings, firsts[cells], err));
    for (size_t record = 0; record < blocking->records->count; record++) {
        uint32_t found[TOKENS_MOST];
        size_t count = cells_of(blocking, (uint32_t)record, found);
        for (size_t i = 0; i < count; i++)
            if (is_looked_at(blocking, found[i]))
                blocking->postings[firsts[found[i]]++] = (uint32_t)record;
    }
    return STATUS_OK;
}

static double weight_of(const struct blocking *blocking, uint32_t cell)
{
    double weight = log((double)blocking->records->count / blocking->counts.counts[cell]);
    return weight * weight;
}

/* ---- the pairs ---- */

/* Sums by record: a hash table of one thread. */
struct sums {
    uint32_t *keys; /* record + 1; 0 = free */
    double *values;
    uint32_t *used;
    size_t slots, count;
};

static void sums_release(struct sums *sums)
{
    memory_free(sums->keys);
    memory_free(sums->values);
    memory_free(sums->used);
    *sums = (struct sums){0};
}

static enum status sums_open(struct sums *ret, size_t slots, struct err *err)
{
    ret->slots = slots;
    TRY(NEW(&ret->keys, slots, err));
    TRY(NEW(&ret->values, slots, err));
    return NEW(&ret->used, slots, err);
}

static size_t slot_of(const struct sums *sums, uint32_t record)
{
    size_t slot = (record * 0x9e3779b1u) & (sums->slots - 1);
    while (sums->keys[slot] != 0 && sums->keys[slot] != record + 1)
        slot = (slot + 1) & (sums->slots - 1);
    return slot;
}

static enum status sums_grow(struct sums *sums, struct err *err)
{
    struct sums grown = {0};
    enum status status = sums_open(&grown, sums->slots * 2, err);
    for (size_t i = 0; status == STATUS_OK && i < sums->count; i++) {
        size_t from = sums->used[i], to = slot_of(&grown, sums->keys[from] - 1);
        grown.keys[to] = sums->keys[from];
        grown.values[to] = sums->values[from];
        grown.used[grown.count++] = (uint32_t)to;
    }
    sums_release(status == STATUS_OK ? sums : &grown);
    if (status == STATUS_OK) *sums = grown;
    return status;
}

static enum status sums_add(struct sums *sums, uint32_t record, double value, struct err *err)
{
    if (sums->count * 2 >= sums->slots) TRY(sums_grow(sums, err));
    size_t slot = slot_of(sums, record);
    if (sums->keys[slot] == 0) {
        sums->keys[slot] = record + 1;
        sums->values[slot] = 0;
        sums->used[sums->count++] = (uint32_t)slot;
    }
    sums->values[slot] += value;
    return STATUS_OK;
}

/* What one task found. */
struct found {
    struct candidate *items;
    size_t count, room;
};

struct finding_pairs {
    const struct blocking *blocking;
    const float *norms; /* by record: the squared weights of its words */
    struct found *found;
    size_t first; /* task of found[0] */
};

static int better(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->cosine != y->cosine) return x->cosine < y->cosine ? 1 : -1;
    return (x->b > y->b) - (x->b < y->b);
}

static int by_record(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->b > y->b) - (x->b < y->b);
}

static enum status reserve(struct found *found, size_t more, struct err *err)
{
    if (found->count + more <= found->room) return STATUS_OK;
    size_t room = found->room * 2 > found->count + more ? found->room * 2 : found->count + more;
    struct candidate *grown = memory_resize(found->items, room, sizeof *grown);
    if (grown == NULL) return fail_memory(err, room * sizeof *grown);
    found->items = grown;
    found->room = room;
    return STATUS_OK;
}

/* The pairs of a record with those behind it. */
static enum status find_pairs_of(const struct finding_pairs *finding, uint32_t record,
                                 struct sums *sums, struct found *found, struct err *err)
{
    const struct blocking *blocking = finding->blocking;
    const struct record_head *head = blocking->records->head;
    uint32_t cells[TOKENS_MOST];
    size_t count = cells_of(blocking, record, cells);
    for (size_t i = 0; i < count; i++) {
        if (!is_looked_at(blocking, cells[i])) continue;
        double weight = weight_of(blocking, cells[i]);
        for (uint64_t k = blocking->firsts[cells[i] + 1]; k-- > blocking->firsts[cells[i]];) {
            uint32_t other = blocking->postings[k];
            if (other <= record) break;
            if (blocking->across && head[other].source == head[record].source) continue;
            TRY(sums_add(sums, other, weight, err));
        }
    }
    TRY(reserve(found, sums->count, err));
    struct candidate *items = found->items + found->count;
    size_t kept = 0;
    for (size_t i = 0; i < sums->count; i++) {
        size_t slot = sums->used[i];
        uint32_t other = sums->keys[slot] - 1;
        sums->keys[slot] = 0;
        double norm = sqrt((double)finding->norms[record] * (double)finding->norms[other]);
        float cosine = (float)(norm > 0 ? sums->values[slot] / norm : 0);
        if (cosine >= (float)COSINE_LEAST)
            items[kept++] = (struct candidate){record, other, cosine};
    }
    sums->count = 0;
    if (kept > CANDIDATES_MOST) {
        qsort(items, kept, sizeof *items, better);
        kept = CANDIDATES_MOST;
    }
    if (kept > 1) qsort(items, kept, sizeof *items, by_record);
    found->count += kept;
    return STATUS_OK;
}

static enum status find_pairs(void *context, size_t index, struct err *err)
{
    const struct finding_pairs *finding = context;
    size_t task = finding->first + index, end = (task + 1) * CHUNK;
    if (end > finding->blocking->records->count) end = finding->blocking->records->count;
    OWNED(sums_release) struct sums sums = {0};
    TRY(sums_open(&sums, 1024, err));
    for (size_t record = task * CHUNK; record < end; record++)
        TRY(find_pairs_of(finding, (uint32_t)record, &sums, &finding->found[index], err));
    return STATUS_OK;
}

struct norming {
    const struct blocking *blocking;
    float *norms;
};

static enum status norms_of(void *context, size_t task, struct err *err)
{
    (void)err;
    const struct norming *norming = context;
    const struct blocking *blocking = norming->blocking;
    size_t end = (task + 1) * CHUNK;
    if (end > blocking->records->count) end = blocking->records->count;
    for (size_t record = task * CHUNK; record < end; record++) {
        uint32_t cells[TOKENS_MOST];
        size_t count = cells_of(blocking, (uint32_t)record, cells);
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += weight_of(blocking, cells[i]);
        norming->norms[record] = (float)sum;
    }
    return STATUS_OK;
}

enum status candidates_find(const struct records *records, bool across, size_t threads,
                            void *context,
                            enum status (*take)(void *context, const struct candidate *candidates,
                                                size_t count, struct err *err),
                            struct err *err)
{
    OWNED(blocking_release) struct blocking blocking = {.records = records, .across = across};
    OWNED(memory_release) float *norms = NULL;
    struct found found[TASKS] = {0};
    size_t tasks = (records->count + CHUNK - 1) / CHUNK;
    TRY(word_counts_open(&blocking.counts, records->count, err));
    TRY(parallel_for(threads, tasks, &blocking, count_words, err));
    choose_frequent(&blocking);
    TRY(post_words(&blocking, err));
    TRY(NEW(&norms, records->count, err));
    struct norming norming = {&blocking, norms};
    TRY(parallel_for(threads, tasks, &norming, norms_of, err));
    struct finding_pairs finding = {&blocking, norms, found, 0};
    enum status status = STATUS_OK;
    for (; finding.first < tasks && status == STATUS_OK; finding.first += TASKS) {
        size_t together = tasks - finding.first < TASKS ? tasks - finding.first : TASKS;
        status = parallel_for(threads, together, &finding, find_pairs, err);
        for (size_t i = 0; i < together && status == STATUS_OK; i++) {
            status = take(context, found[i].items, found[i].count, err);
            found[i].count = 0;
        }
    }
    for (size_t i = 0; i < TASKS; i++)
        memory_free(found[i].items);
    return status;
}
