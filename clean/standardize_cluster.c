/* clean/standardize_cluster.c: clusters by equal keys and by nearest neighbors. */
#include "clean/standardize_cluster.h"

#include "base/parallel.h"
#include "clean/standardize_text.h"

#include <stdlib.h>
#include <utf8proc.h>

#define KEY_BYTES_MAXIMUM    ((size_t)256 << 20)
#define SPELLING_POINTS_MOST 1000 /* a longer value is a text, not a spelling */
#define CLEARLY              3 /* of two equally near values, one must be so many times as frequent */

static struct str text_of(const struct counted *value)
{
    return (struct str){(const char *)value->data, value->size};
}

/* The more frequent first, then in byte order. */
static int compare_counted(const struct counted *a, const struct counted *b)
{
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return str_compare(text_of(a), text_of(b));
}

/* ---- equal keys ---- */

struct keyed {
    struct str key;
    const struct counted *value;
};

static int compare_keyed(const void *a_, const void *b_)
{
    const struct keyed *a = a_, *b = b_;
    int order = str_compare(a->key, b->key);
    return order != 0 ? order : compare_counted(a->value, b->value);
}

static enum status key_values(const struct cluster_options *options, const struct counts *counts,
                              struct keyed *ret, struct arena *arena, struct err *err)
{
    OWNED(bytes_release) struct bytes key = bytes_limited(KEY_BYTES_MAXIMUM);
    for (size_t i = 0; i < counts->count; i++) {
        const struct counted *value = &counts->items[i];
        TRY(spelling_key((enum key_method)options->method, options->gram, text_of(value), &key,
                         err));
        char *copy = arena_text(arena, key.size == 0 ? "" : (char *)key.data, key.size);
        if (copy == NULL) return fail_memory(err, key.size);
        ret[i] = (struct keyed){{copy, key.size}, value};
    }
    return STATUS_OK;
}

/* The first of each run of equal keys is the most frequent spelling; the others become it. */
static enum status map_runs(const struct keyed *keyed, size_t count, struct spelling_map *ret,
                            struct arena *arena, struct err *err)
{
    size_t first = 0;
    for (size_t i = 1; i < count; i++) {
        if (keyed[i].key.size == 0 || !str_equal(keyed[i].key, keyed[first].key)) {
            first = i;
            continue;
        }
        TRY(spelling_map_add(ret, text_of(keyed[i].value), text_of(keyed[first].value), arena,
                             err));
    }
    return STATUS_OK;
}

static enum status cluster_keys(const struct counts *counts, const struct cluster_options *options,
                                struct spelling_map *ret, struct arena *arena, struct err *err)
{
    OWNED(arena_close) struct arena *keys = NULL;
    OWNED(memory_release) struct keyed *keyed = NULL;
    TRY(arena_open(&keys, err));
    TRY(NEW(&keyed, counts->count + 1, err));
    TRY(key_values(options, counts, keyed, keys, err));
    qsort(keyed, counts->count, sizeof *keyed, compare_keyed);
    return map_runs(keyed, counts->count, ret, arena, err);
}

/* ---- distance ---- */

/* A value as code points, with the set of its letters for a quick look. */
struct word {
    const struct counted *value;
    const int32_t *points;
    size_t count;
    uint64_t letters;
};

static bool is_digit(int32_t point)
{
    return point >= '0' && point <= '9';
}

static bool is_letter(int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/* What exchanging two code points costs; above `most` = not allowed. */
static size_t exchange(int32_t a, int32_t b, size_t most)
{
    if (a == b) return 0;
    if (!is_digit(a) && !is_digit(b)) return 1;
    if (is_digit(a) && is_digit(b)) return most + 1;
    return is_letter(is_digit(a) ? b : a) ? 1 : most + 1;
}

static size_t drop(int32_t point, size_t most)
{
    return is_digit(point) ? most + 1 : 1;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t less = a < b ? a : b;
    return less < c ? less : c;
}

/* Edit distance with the costs above, or most + 1. `row` has room for b->count + 1. */
static size_t distance(const struct word *a, const struct word *b, size_t most, size_t *row)
{
    row[0] = 0;
    for (size_t j = 1; j <= b->count; j++)
        row[j] = row[j - 1] + drop(b->points[j - 1], most);
    for (size_t i = 1; i <= a->count; i++) {
        size_t diagonal = row[0], lowest;
        row[0] += drop(a->points[i - 1], most);
        lowest = row[0];
        for (size_t j = 1; j <= b->count; j++) {
            size_t changed = diagonal + exchange(a->points[i - 1], b->points[j - 1], most);
            diagonal = row[j];
            row[j] = least(changed, row[j] + drop(a->points[i - 1], most),
                           row[j - 1] + drop(b->points[j - 1], most));
            if (row[j] < lowest) lowest = row[j];
        }
        if (lowest > most) return most + 1;
    }
    return row[b->count];
}

/* Whether the distance can be within `most`: by length, and by letters only one of them has. */
static bool may_be_near(const struct word *a, const struct word *b, size_t most)
{
    size_t longer = a->count > b->count ? a->count - b->count : b->count - a->count;
    return longer <= most && (size_t)__builtin_popcountll(a->letters ^ b->letters) <= 2 * most;
}

/* ---- nearest neighbors ---- */

struct search {
    const struct cluster_options *options;
    const struct word *words; /* the most frequent first */
    size_t count;
    double rare;     /* rows */
    size_t *nearest; /* by word: the word it becomes, or itself */
};

static size_t nearest_word(const struct search *search, size_t index, size_t *row)
{
    const struct word *word = &search->words[index];
    size_t most = (size_t)(search->options->radius * (double)word->count);
    size_t best = index;
    int64_t second = 0; /* of the other words at the same distance, the largest count */
    if (most == 0) most = 1;
    size_t near = most + 1;
    for (size_t i = 0; i < index; i++) {
        const struct word *other = &search->words[i];
        if ((double)other->value->count < search->options->ratio * (double)word->value->count)
            break;
        if (!may_be_near(word, other, most)) continue;
        size_t far = distance(word, other, near < most ? near : most, row);
        if (far > most || far > near) continue;
        if (far == near) {
            if (other->value->count > second) second = other->value->count;
            continue;
        }
        near = far;
        best = i;
        second = 0;
    }
    if (best != index && second * CLEARLY > search->words[best].value->count) return index;
    return best;
}

static enum status search_one(void *context, size_t index, struct err *err)
{
    const struct search *search = context;
    const struct word *word = &search->words[index];
    search->nearest[index] = index;
    if (word->count == 0 || (double)word->value->count > search->rare) return STATUS_OK;
    OWNED(memory_release) size_t *row = NULL;
    TRY(NEW(&row, SPELLING_POINTS_MOST * 2 + 2, err));
    search->nearest[index] = nearest_word(search, index, row);
    return STATUS_OK;
}

static enum status read_word(const struct counted *value, struct word *ret, struct arena *arena,
                             struct err *err)
{
    *ret = (struct word){.value = value};
    const utf8proc_uint8_t *data = value->data;
    int32_t *points = arena_get(arena, value->size + 1, sizeof *points);
    if (points == NULL) return fail_memory(err, value->size * sizeof *points);
    for (size_t at = 0; at < value->size;) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t size =
            utf8proc_iterate(data + at, (utf8proc_ssize_t)(value->size - at), &point);
        if (size <= 0 || ret->count == SPELLING_POINTS_MOST) {
            ret->count = 0; /* no text, or none that is compared */
            break;
        }
        points[ret->count++] = point;
        ret->letters |= UINT64_C(1) << (point & 63);
        at += (size_t)size;
    }
    ret->points = points;
    return STATUS_OK;
}

static int compare_words(const void *a, const void *b)
{
    return compare_counted(((const struct word *)a)->value, ((const struct word *)b)->value);
}

static enum status map_nearest(const struct search *search, struct spelling_map *ret,
                               struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < search->count; i++) {
        if (search->nearest[i] == i) continue;
        size_t to = search->nearest[i];
        while (search->nearest[to] != to)
            to = search->nearest[to]; /* the frequent value is itself a slip */
        TRY(spelling_map_add(ret, text_of(search->words[i].value), text_of(search->words[to].value),
                             arena, err));
    }
    return STATUS_OK;
}

/* ---- chains of near values ---- */

/* Of one word: the more frequent ones within the edits. */
struct near {
    uint32_t *words;
    size_t count, room;
};

struct chains {
    const struct word *words;
    struct near *near; /* by word */
    size_t count, edits;
};

static void chains_release(struct chains *chains)
{
    for (size_t i = 0; chains->near != NULL && i < chains->count; i++)
        memory_free(chains->near[i].words);
    memory_free(chains->near);
}

static enum status add_near(struct near *near, size_t word, struct err *err)
{
    if (near->count == near->room) {
        size_t room = near->room == 0 ? 4 : 2 * near->room;
        uint32_t *words = memory_resize(near->words, room, sizeof *words);
        if (words == NULL) return fail_memory(err, room * sizeof *words);
        near->words = words;
        near->room = room;
    }
    near->words[near->count++] = (uint32_t)word;
    return STATUS_OK;
}

static enum status find_near(void *context, size_t index, struct err *err)
{
    const struct chains *chains = context;
    const struct word *word = &chains->words[index];
    if (word->count == 0) return STATUS_OK;
    OWNED(memory_release) size_t *row = NULL;
    TRY(NEW(&row, SPELLING_POINTS_MOST * 2 + 2, err));
    for (size_t i = 0; i < index; i++) {
        const struct word *other = &chains->words[i];
        if (other->count == 0 || !may_be_near(word, other, chains->edits)) continue;
        if (distance(word, other, chains->edits, row) <= chains->edits)
            TRY(add_near(&chains->near[index], i, err));
    }
    return STATUS_OK;
}

static size_t root_of(size_t *parents, size_t word)
{
    while (parents[word] != word)
        word = parents[word] = parents[parents[word]];
    return word;
}

/* The root of a chain is its most frequent value: words come by their frequency, and the smaller of
 * two roots stays. */
static enum status map_chains(const struct chains *chains, struct spelling_map *ret,
                              struct arena *arena, struct err *err)
{
    OWNED(memory_release) size_t *parents = NULL;
    TRY(NEW(&parents, chains->count + 1, err));
    for (size_t i = 0; i < chains->count; i++) {
        parents[i] = i;
        for (size_t k = 0; k < chains->near[i].count; k++) {
            size_t a = root_of(parents, i), b = root_of(parents, chains->near[i].words[k]);
            parents[a > b ? a : b] = a < b ? a : b;
        }
    }
    for (size_t i = 0; i < chains->count; i++) {
        size_t root = root_of(parents, i);
        if (root != i)
            TRY(spelling_map_add(ret, text_of(chains->words[i].value),
                                 text_of(chains->words[root].value), arena, err));
    }
    return STATUS_OK;
}

static enum status cluster_chains(const struct word *words, size_t count,
                                  const struct cluster_options *options, struct spelling_map *ret,
                                  struct arena *arena, struct err *err)
{
    OWNED(chains_release)
    struct chains chains = {.words = words, .count = count, .edits = options->edits};
    TRY(NEW(&chains.near, count + 1, err));
    TRY(parallel_for(options->threads, count, &chains, find_near, err));
    return map_chains(&chains, ret, arena, err);
}

/* ---- values as words ---- */

static enum status cluster_nearest(const struct counts *counts,
                                   const struct cluster_options *options, struct spelling_map *ret,
                                   struct arena *arena, struct err *err)
{
    OWNED(arena_close) struct arena *points = NULL;
    OWNED(memory_release) struct word *words = NULL;
    OWNED(memory_release) size_t *nearest = NULL;
    int64_t rows = 0;
    TRY(arena_open(&points, err));
    TRY(NEW(&words, counts->count + 1, err));
    TRY(NEW(&nearest, counts->count + 1, err));
    for (size_t i = 0; i < counts->count; i++) {
        TRY(read_word(&counts->items[i], &words[i], points, err));
        rows += counts->items[i].count;
    }
    qsort(words, counts->count, sizeof *words, compare_words);
    if (options->method == CLUSTER_LEVENSHTEIN)
        return cluster_chains(words, counts->count, options, ret, arena, err);
    struct search search = {options, words, counts->count, options->rare * (double)rows, nearest};
    TRY(parallel_for(options->threads, counts->count, &search, search_one, err));
    return map_nearest(&search, ret, arena, err);
}

enum status cluster_values(const struct counts *counts, const struct cluster_options *options,
                           struct spelling_map *ret, struct arena *arena, struct err *err)
{
    if (options->method == CLUSTER_SPELLING || options->method == CLUSTER_LEVENSHTEIN)
        return cluster_nearest(counts, options, ret, arena, err);
    _Static_assert((int)CLUSTER_COLOGNE == (int)KEY_COLOGNE, "the same order");
    return cluster_keys(counts, options, ret, arena, err);
}
