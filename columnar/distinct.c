/* columnar/distinct.c: a column of texts as its distinct values. */
#include "columnar/distinct.h"

#include "base/memory.h"
#include "columnar/build.h"
#include "columnar/layout.h"

#include <xxhash.h>

#define LEAST_ROWS 64 /* fewer are read as fast as they are hashed */
#define SLOTS      (2 * DISTINCT_MAXIMUM)
#define PROBES     64 /* a table that is this full at a place was made to be */
#define SHORT      16 /* bytes of a text that two words hold */

/* ---- finding them ---- */

/* A text that was seen; short ones are compared by `words` alone. */
struct seen {
    uint64_t words[2];
    struct str text;
};

struct search {
    const struct array *array;
    uint16_t *slots; /* position in seen + 1, 0 = free */
    struct seen *seen;
    int64_t *first;  /* by value: row */
    uint16_t *codes; /* by row */
    uint32_t *counts;
    size_t count;
    size_t null_code; /* position + 1 of the null, 0 = none yet */
};

static uint64_t load(const char *data, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, data, size);
    return word;
}

static uint64_t load_4(const char *data)
{
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint64_t load_8(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* With its size, the words of a text of up to SHORT bytes tell it from any other. */
static struct seen see(struct str text)
{
    struct seen seen = {.text = text};
    if (text.size > SHORT) {
        seen.words[0] = XXH3_64bits(text.data, text.size);
    } else if (text.size >= 8) {
        seen.words[0] = load_8(text.data);
        seen.words[1] = load_8(text.data + text.size - 8);
    } else if (text.size >= 4) {
        seen.words[0] = load_4(text.data);
        seen.words[1] = load_4(text.data + text.size - 4);
    } else if (text.size > 0) {
        seen.words[0] = load(text.data, 1) | load(text.data + text.size / 2, 1) << 8 |
                        load(text.data + text.size - 1, 1) << 16;
    }
    return seen;
}

static bool same(const struct seen *a, const struct seen *b)
{
    if (a->text.size != b->text.size || a->words[0] != b->words[0] || a->words[1] != b->words[1])
        return false;
    return a->text.size <= SHORT || memcmp(a->text.data, b->text.data, a->text.size) == 0;
}

/* Every bit of both words reaches every bit of the slot: both halves of their product. */
static size_t slot_of(const struct seen *seen)
{
    __extension__ typedef unsigned __int128 uint128;
    uint64_t a = seen->words[0] ^ UINT64_C(0x9e3779b97f4a7c15);
    uint64_t b = (seen->words[1] + seen->text.size) ^ UINT64_C(0xbf58476d1ce4e5b9);
    uint128 product = (uint128)a * b;
    uint64_t folded = (uint64_t)(product >> 64) ^ (uint64_t)product;
    return (size_t)(folded ^ folded >> 32) % SLOTS;
}

static bool add(struct search *search, int64_t row, size_t *ret)
{
    if (search->count == DISTINCT_MAXIMUM) return false;
    *ret = search->count;
    search->first[search->count++] = row;
    return true;
}

static bool code_of_text(struct search *search, int64_t row, size_t *ret)
{
    struct seen seen = see(array_text(search->array, row));
    size_t slot = slot_of(&seen);
    for (int probe = 0; probe < PROBES; probe++, slot = (slot + 1) % SLOTS) {
        if (search->slots[slot] == 0) {
            if (!add(search, row, ret)) return false;
            search->seen[*ret] = seen;
            search->slots[slot] = (uint16_t)(*ret + 1);
            return true;
        }
        *ret = search->slots[slot] - 1u;
        if (same(&search->seen[*ret], &seen)) return true;
    }
    return false;
}

static bool code_of_null(struct search *search, int64_t row, size_t *ret)
{
    if (search->null_code == 0) {
        if (!add(search, row, ret)) return false;
        search->null_code = *ret + 1;
    }
    *ret = search->null_code - 1;
    return true;
}

/* False as soon as values repeat too seldom to be worth it. */
static bool find_all(struct search *search)
{
    for (int64_t row = 0; row < search->array->length; row++) {
        size_t code = 0;
        bool found = array_is_null(search->array, row) ? code_of_null(search, row, &code)
                                                       : code_of_text(search, row, &code);
        if (!found || (int64_t)search->count > DISTINCT_MAXIMUM / 8 + row / 2) return false;
        search->codes[row] = (uint16_t)code;
        search->counts[code]++;
    }
    return (int64_t)search->count <= search->array->length / 4;
}

static void search_release(struct search *search)
{
    memory_free(search->slots);
    memory_free(search->seen);
    memory_free(search->first);
}

static enum status search_open(struct search *search, struct buffer *memory, struct err *err)
{
    size_t rows = (size_t)search->array->length;
    TRY(NEW(&search->slots, SLOTS, err));
    TRY(NEW(&search->first, DISTINCT_MAXIMUM, err));
    search->seen = memory_get_raw(DISTINCT_MAXIMUM, sizeof *search->seen);
    if (search->seen == NULL) return fail_memory(err, DISTINCT_MAXIMUM * sizeof *search->seen);
    TRY(buffer_new_raw(memory, DISTINCT_MAXIMUM * sizeof(uint32_t) + rows * sizeof(uint16_t), err));
    memset(buffer_writable(memory), 0, DISTINCT_MAXIMUM * sizeof(uint32_t));
    search->counts = (uint32_t *)(void *)buffer_writable(memory);
    search->codes = (uint16_t *)(void *)(search->counts + DISTINCT_MAXIMUM);
    return STATUS_OK;
}

void distinct_free(struct distinct *distinct)
{
    if (distinct == NULL) return;
    array_unref(&distinct->values);
    buffer_unref(&distinct->memory);
    memory_free(distinct);
}

/* Counts, then codes lie in `memory`; takes it and a reference to the values. */
static enum status distinct_new(struct distinct **ret, struct buffer *memory,
                                const struct array *values, struct err *err)
{
    enum status status = NEW(ret, 1, err);
    if (status != STATUS_OK) {
        buffer_unref(memory);
        return status;
    }
    const uint32_t *counts = (const uint32_t *)(const void *)memory->data;
    **ret = (struct distinct){
        .values = array_ref(values),
        .codes = (const uint16_t *)(const void *)(counts + DISTINCT_MAXIMUM),
        .counts = counts,
        .memory = *memory,
    };
    *memory = (struct buffer){0};
    return STATUS_OK;
}

static enum status search(const struct field *field, struct search *search, struct buffer *memory,
                          struct distinct **ret, struct err *err)
{
    OWNED(array_unref) struct array *values = NULL;
    TRY(search_open(search, memory, err));
    if (!find_all(search)) return STATUS_OK;
    TRY(array_take(&values, field, search->array, search->first, (int64_t)search->count, err));
    return distinct_new(ret, memory, values, err);
}

/* *ret NULL where there are too many. */
static enum status distinct_find(struct distinct **ret, const struct field *field,
                                 const struct array *array, struct err *err)
{
    OWNED(search_release) struct search work = {.array = array};
    OWNED(buffer_unref) struct buffer memory = {0};
    *ret = NULL;
    if (array->length < LEAST_ROWS || array->length > BATCH_ROWS_MAXIMUM) return STATUS_OK;
    return search(field, &work, &memory, ret, err);
}

const struct distinct *array_distinct(const struct field *field, const struct array *array)
{
    struct distinct *found = NULL;
    if (field->type.id != TYPE_UTF8 || field->dictionary) return NULL;
    if (array_has_looked(array, &found)) return found;
    if (distinct_find(&found, field, array, NULL) != STATUS_OK) found = NULL;
    return array_keep_distinct(array, found);
}

size_t distinct_bytes_most(const struct field *field, int64_t rows)
{
    if (field->type.id != TYPE_UTF8 || field->dictionary || rows < LEAST_ROWS) return 0;
    return DISTINCT_MAXIMUM * (sizeof(uint32_t) + SHORT) + (size_t)rows * sizeof(uint16_t);
}

/* ---- mapping them ---- */

/* The values, ready to be copied: short ones as two words. */
struct source {
    char words[SHORT];
    const char *data;
    uint32_t size;
};

static enum status open_sources(const struct array *values, struct source **ret, struct err *err)
{
    *ret = memory_get_raw((size_t)values->length + 1, sizeof **ret);
    if (*ret == NULL) return fail_memory(err, (size_t)values->length * sizeof **ret);
    for (int64_t i = 0; i < values->length; i++) {
        struct str text = array_is_null(values, i) ? (struct str){NULL, 0} : array_text(values, i);
        struct source *source = &(*ret)[i];
        *source = (struct source){.data = text.data, .size = (uint32_t)text.size};
        if (text.size > 0 && text.size <= SHORT) memcpy(source->words, text.data, text.size);
    }
    return STATUS_OK;
}

static uint64_t bytes_of(const struct distinct *distinct, const struct source *sources)
{
    uint64_t bytes = 0;
    for (int64_t i = 0; i < distinct->values->length; i++)
        bytes += (uint64_t)distinct->counts[i] * sources[i].size;
    return bytes;
}

static void map_texts(const struct distinct *distinct, const struct source *sources, int64_t rows,
                      struct buffer *offsets, struct buffer *bytes)
{
    int32_t *ends = (int32_t *)(void *)buffer_writable(offsets);
    uint8_t *to = buffer_writable(bytes);
    int32_t end = 0;
    ends[0] = 0;
    for (int64_t row = 0; row < rows; row++) {
        const struct source *source = &sources[distinct->codes[row]];
        if (source->size <= SHORT)
            memcpy(to + end, source->words, SHORT); /* more than the text: the next one covers it */
        else
            memcpy(to + end, source->data, source->size);
        end += (int32_t)source->size;
        ends[row + 1] = end;
    }
    memset(to + end, 0, SHORT);
}

static enum status map_validity(const struct distinct *distinct, const struct array *values,
                                int64_t rows, struct buffer *ret, int64_t *ret_nulls,
                                struct err *err)
{
    uint8_t valid[DISTINCT_MAXIMUM];
    *ret_nulls = 0;
    for (int64_t i = 0; i < values->length; i++) {
        valid[i] = !array_is_null(values, i);
        if (!valid[i]) *ret_nulls += distinct->counts[i];
    }
    if (*ret_nulls == 0) return STATUS_OK;
    TRY(buffer_new(ret, bits_bytes(rows), err));
    uint8_t *bits = buffer_writable(ret);
    for (int64_t row = 0; row < rows; row++)
        bits[row >> 3] = (uint8_t)(bits[row >> 3] | valid[distinct->codes[row]] << (row & 7));
    return STATUS_OK;
}

static enum status map_parts(const struct distinct *distinct, const struct array *values,
                             struct parts *parts, struct err *err)
{
    OWNED(memory_release) struct source *sources = NULL;
    TRY(open_sources(values, &sources, err));
    uint64_t bytes = bytes_of(distinct, sources);
    if (bytes > INT32_MAX)
        return fail(err, STATUS_FAILED, "%llu bytes of text are more than offsets of 32 bits reach",
                    (unsigned long long)bytes);
    TRY(map_validity(distinct, values, parts->length, &parts->validity, &parts->null_count, err));
    TRY(buffer_new_raw(&parts->buffers[0], ((size_t)parts->length + 1) * sizeof(int32_t), err));
    TRY(buffer_new_raw(&parts->buffers[1], (size_t)bytes + SHORT, err));
    map_texts(distinct, sources, parts->length, &parts->buffers[0], &parts->buffers[1]);
    parts->buffers[1].size = (size_t)bytes;
    if (bytes == 0) buffer_unref(&parts->buffers[1]);
    return STATUS_OK;
}

enum status distinct_map(struct array **ret, const struct distinct *distinct,
                         const struct array *values, struct err *err)
{
    OWNED(parts_release) struct parts parts = {0};
    struct buffer memory = buffer_ref(&distinct->memory);
    struct distinct *mapped = NULL;
    size_t head = DISTINCT_MAXIMUM * sizeof(uint32_t);
    TRY(distinct_new(&mapped, &memory, values, err));
    enum status status =
        parts_open(&parts, (int64_t)((mapped->memory.size - head) / sizeof(uint16_t)), 2, 0, err);
    if (status == STATUS_OK) status = map_parts(distinct, values, &parts, err);
    if (status == STATUS_OK) status = parts_finish(&parts, ret, err);
    if (status == STATUS_OK)
        (void)array_keep_distinct(*ret, mapped);
    else
        distinct_free(mapped);
    return status;
}
