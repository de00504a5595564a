/* columnar/parquet_values.c: the values of a page out of their encoding (Encodings.md). */
#include "columnar/parquet_parts.h"

#define BLOCK       1024 /* values at a time */
#define DENSE_SLACK 16   /* short texts are copied 16 bytes at a time */

/* ---- where values go ---- */

enum status parquet_dense_open(struct parquet_dense *ret, size_t width, struct err *err)
{
    static const int32_t zero;
    *ret = (struct parquet_dense){.width = width};
    return width > 0 ? STATUS_OK : growing_append(&ret->places, &zero, sizeof zero, err);
}

void parquet_dense_release(struct parquet_dense *dense)
{
    growing_release(&dense->data);
    growing_release(&dense->places);
}

/* Room for `count` more texts of `bytes` together. */
static enum status reserve_texts(struct parquet_dense *to, int64_t count, uint64_t bytes,
                                 struct err *err)
{
    if (bytes > INT32_MAX - to->data.size) {
        (void)fail(err, STATUS_FAILED, "more than 2 GiB of texts in the rows of one batch");
        err_hint(err, "use fewer rows a batch: --chunk-rows");
        return STATUS_FAILED;
    }
    TRY(growing_reserve(&to->data, bytes + DENSE_SLACK, err));
    return growing_reserve(&to->places, (size_t)count * sizeof(int32_t), err);
}

/* Room was reserved; `readable` bytes may be read from `from` on. */
static inline void put_text(struct parquet_dense *to, const uint8_t *from, size_t size,
                            size_t readable)
{
    uint8_t *out = to->data.data + to->data.size;
    if (size <= 16 && readable >= 16)
        memcpy(out, from, 16);
    else if (size > 0)
        memcpy(out, from, size);
    to->data.size += size;
    int32_t end = (int32_t)to->data.size;
    memcpy(to->places.data + to->places.size, &end, sizeof end);
    to->places.size += sizeof end;
    to->count++;
}

static enum status put_bytes(struct parquet_dense *to, const void *data, size_t count,
                             struct err *err)
{
    TRY(growing_append(&to->data, data, count * to->width, err));
    to->count += (int64_t)count;
    return STATUS_OK;
}

static enum status fail_short(struct err *err)
{
    return fail(err, STATUS_FAILED, "its values end too early");
}

/* ---- PLAIN ---- */

static enum status take_plain_fixed(struct parquet_values *values, int64_t count,
                                    struct parquet_dense *to, struct err *err)
{
    size_t width = values->leaf->width;
    if ((uint64_t)count > (uint64_t)(values->end - values->at) / width) return fail_short(err);
    const uint8_t *from = values->at;
    values->at += (size_t)count * width;
    return to == NULL ? STATUS_OK : put_bytes(to, from, (size_t)count, err);
}

static enum status take_plain_bools(struct parquet_values *values, int64_t count,
                                    struct parquet_dense *to, struct err *err)
{
    size_t all = (size_t)(values->end - values->at) * 8;
    if ((uint64_t)count > all - values->bit) return fail_short(err);
    size_t first = values->bit;
    values->bit += (size_t)count;
    if (to == NULL) return STATUS_OK;
    TRY(growing_reserve(&to->data, (size_t)count, err));
    for (int64_t i = 0; i < count; i++)
        to->data.data[to->data.size++] = bit_get(values->at, (int64_t)first + i);
    to->count += count;
    return STATUS_OK;
}

/* The bytes of the next `count` texts; *ret_end is behind them. */
static enum status measure_plain(const struct parquet_values *values, int64_t count,
                                 uint64_t *ret_bytes, const uint8_t **ret_end, struct err *err)
{
    const uint8_t *at = values->at;
    *ret_bytes = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t size = 0;
        if (values->end - at < 4) return fail_short(err);
        memcpy(&size, at, sizeof size);
        if (size > (uint64_t)(values->end - at) - 4) return fail_short(err);
        *ret_bytes += size;
        at += 4 + (size_t)size;
    }
    *ret_end = at;
    return STATUS_OK;
}

static enum status take_plain_texts(struct parquet_values *values, int64_t count,
                                    struct parquet_dense *to, struct err *err)
{
    uint64_t bytes = 0;
    const uint8_t *behind = NULL;
    TRY(measure_plain(values, count, &bytes, &behind, err));
    if (to != NULL) {
        TRY(reserve_texts(to, count, bytes, err));
        for (const uint8_t *at = values->at; at < behind;) {
            uint32_t size = 0;
            memcpy(&size, at, sizeof size);
            put_text(to, at + 4, size, (size_t)(values->end - at) - 4);
            at += 4 + (size_t)size;
        }
    }
    values->at = behind;
    return STATUS_OK;
}

/* ---- dictionary ---- */

static enum status check_indices(const uint32_t *indices, size_t count, uint32_t entries,
                                 struct err *err)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = indices[i] > most ? indices[i] : most;
    if (count == 0 || most < entries) return STATUS_OK;
    return fail(err, STATUS_FAILED, "it wants entry %u of a dictionary of %u", most, entries);
}

static enum status put_entries(const struct parquet_page *dictionary, const uint32_t *indices,
                               size_t count, struct parquet_dense *to, struct err *err)
{
    const struct parquet_entry *entries = dictionary->entries;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += entries[indices[i]].size;
    TRY(reserve_texts(to, (int64_t)count, bytes, err));
    for (size_t i = 0; i < count; i++) {
        struct parquet_entry entry = entries[indices[i]];
        put_text(to, dictionary->data.data + entry.at, entry.size,
                 dictionary->data.size - entry.at);
    }
    return STATUS_OK;
}

static enum status put_fixed(const struct parquet_page *dictionary, const uint32_t *indices,
                             size_t count, struct parquet_dense *to, struct err *err)
{
    const uint8_t *from = dictionary->data.data;
    size_t width = to->width;
    TRY(growing_reserve(&to->data, count * width, err));
    uint8_t *out = to->data.data + to->data.size;
    if (width == 8)
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * 8, from + (size_t)indices[i] * 8, 8);
    else if (width == 4)
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * 4, from + (size_t)indices[i] * 4, 4);
    else
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * width, from + (size_t)indices[i] * width, width);
    to->data.size += count * width;
    to->count += (int64_t)count;
    return STATUS_OK;
}

static enum status take_dictionary(struct parquet_values *values, int64_t count,
                                   struct parquet_dense *to, struct err *err)
{
    uint32_t indices[BLOCK];
    const struct parquet_page *dictionary = values->page->dictionary;
    uint64_t none;
    if (to == NULL) return runs_skip(&values->runs, (uint64_t)count, 0, &none, err);
    while (count > 0) {
        size_t part = count < BLOCK ? (size_t)count : BLOCK;
        TRY(runs_take(&values->runs, indices, part, err));
        TRY(check_indices(indices, part, dictionary->values, err));
        TRY(to->width == 0 ? put_entries(dictionary, indices, part, to, err)
                           : put_fixed(dictionary, indices, part, to, err));
        count -= (int64_t)part;
    }
    return STATUS_OK;
}

/* ---- RLE booleans ---- */

static enum status take_runs(struct parquet_values *values, int64_t count, struct parquet_dense *to,
                             struct err *err)
{
    uint32_t block[BLOCK];
    uint64_t none;
    if (to == NULL) return runs_skip(&values->runs, (uint64_t)count, 0, &none, err);
    while (count > 0) {
        size_t part = count < BLOCK ? (size_t)count : BLOCK;
        TRY(runs_take(&values->runs, block, part, err));
        TRY(growing_reserve(&to->data, part, err));
        for (size_t i = 0; i < part; i++)
            to->data.data[to->data.size++] = (uint8_t)block[i];
        to->count += (int64_t)part;
        count -= (int64_t)part;
    }
    return STATUS_OK;
}

/* ---- differences ---- */

static enum status put_integers(const int64_t *block, size_t count, struct parquet_dense *to,
                                struct err *err)
{
    if (to->width == 8) return put_bytes(to, block, count, err);
    TRY(growing_reserve(&to->data, count * 4, err));
    for (size_t i = 0; i < count; i++) {
        uint32_t low = (uint32_t)block[i];
        memcpy(to->data.data + to->data.size + i * 4, &low, 4);
    }
    to->data.size += count * 4;
    to->count += (int64_t)count;
    return STATUS_OK;
}

static enum status take_delta(struct parquet_values *values, int64_t count,
                              struct parquet_dense *to, struct err *err)
{
    int64_t block[BLOCK];
    while (count > 0) {
        size_t part = count < BLOCK ? (size_t)count : BLOCK;
        TRY(delta_take(&values->delta, block, part, err));
        if (to != NULL) TRY(put_integers(block, part, to, err));
        count -= (int64_t)part;
    }
    return STATUS_OK;
}

/* Texts behind a block of lengths. */
static enum status take_lengths(struct parquet_values *values, const int64_t *sizes, size_t count,
                                struct parquet_dense *to, struct err *err)
{
    uint64_t bytes = 0, room = (uint64_t)(values->end - values->at);
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] < 0 || (uint64_t)sizes[i] > room - bytes) return fail_short(err);
        bytes += (uint64_t)sizes[i];
    }
    if (to != NULL) {
        TRY(reserve_texts(to, (int64_t)count, bytes, err));
        const uint8_t *at = values->at;
        for (size_t i = 0; i < count; at += sizes[i], i++)
            put_text(to, at, (size_t)sizes[i], (size_t)(values->end - at));
    }
    values->at += bytes;
    return STATUS_OK;
}

static enum status take_delta_length(struct parquet_values *values, int64_t count,
                                     struct parquet_dense *to, struct err *err)
{
    int64_t sizes[BLOCK];
    while (count > 0) {
        size_t part = count < BLOCK ? (size_t)count : BLOCK;
        TRY(delta_take(&values->delta, sizes, part, err));
        TRY(take_lengths(values, sizes, part, to, err));
        count -= (int64_t)part;
    }
    return STATUS_OK;
}

static enum status put_last(const struct parquet_values *values, struct parquet_dense *to,
                            struct err *err)
{
    const struct growing *last = &values->last;
    if (to->width > 0 && last->size != to->width)
        return fail(err, STATUS_FAILED, "a value of %zu bytes where %zu belong", last->size,
                    to->width);
    if (to->width > 0) return put_bytes(to, last->data, 1, err);
    TRY(reserve_texts(to, 1, last->size, err));
    put_text(to, last->data, last->size, last->size);
    return STATUS_OK;
}

/* Each value is the beginning of the one before and a rest. */
static enum status take_delta_bytes(struct parquet_values *values, int64_t count,
                                    struct parquet_dense *to, struct err *err)
{
    struct growing *last = &values->last;
    for (int64_t i = 0; i < count; i++) {
        int64_t prefix = 0, rest = 0;
        TRY(delta_take(&values->delta, &prefix, 1, err));
        TRY(delta_take(&values->suffix, &rest, 1, err));
        if (prefix < 0 || (uint64_t)prefix > last->size || rest < 0 ||
            rest > values->end - values->at)
            return fail_short(err);
        last->size = (size_t)prefix;
        TRY(growing_append(last, values->at, (size_t)rest, err));
        values->at += rest;
        if (to != NULL) TRY(put_last(values, to, err));
    }
    return STATUS_OK;
}

/* ---- BYTE_STREAM_SPLIT ---- */

static enum status take_split(struct parquet_values *values, int64_t count,
                              struct parquet_dense *to, struct err *err)
{
    size_t width = values->leaf->width, first = values->index;
    if ((uint64_t)count > values->all - first) return fail_short(err);
    values->index += (size_t)count;
    if (to == NULL) return STATUS_OK;
    TRY(growing_reserve(&to->data, (size_t)count * width, err));
    uint8_t *out = to->data.data + to->data.size;
    for (size_t byte = 0; byte < width; byte++) {
        const uint8_t *from = values->at + byte * values->all + first;
        for (size_t i = 0; i < (size_t)count; i++)
            out[i * width + byte] = from[i];
    }
    to->data.size += (size_t)count * width;
    to->count += count;
    return STATUS_OK;
}

/* ---- opening ---- */

static enum status open_dictionary(struct parquet_values *values, struct err *err)
{
    if (values->page->dictionary == NULL)
        return fail(err, STATUS_FAILED, "it needs a dictionary and there is none");
    if (values->at == values->end) { /* a page of nulls */
        values->runs = runs_over(values->at, 0, 1);
        return STATUS_OK;
    }
    unsigned width = *values->at++;
    if (width > 32) return fail(err, STATUS_FAILED, "dictionary indices of %u bits", width);
    values->runs = runs_over(values->at, (size_t)(values->end - values->at), width);
    return STATUS_OK;
}

static enum status open_bools(struct parquet_values *values, struct err *err)
{
    uint32_t size = 0;
    if (values->at == values->end) {
        values->runs = runs_over(values->at, 0, 1);
        return STATUS_OK;
    }
    if (values->end - values->at < 4) return fail_short(err);
    memcpy(&size, values->at, sizeof size);
    values->at += 4;
    if (size > (uint64_t)(values->end - values->at)) return fail_short(err);
    values->runs = runs_over(values->at, size, 1);
    return STATUS_OK;
}

/* DELTA_LENGTH: lengths, then bytes. DELTA_BYTES: prefixes, lengths of the rests, then rests. A
 * page of nulls may have nothing at all. */
static enum status open_deltas(struct parquet_values *values, bool prefixes, struct err *err)
{
    if (values->at == values->end) {
        values->delta = values->suffix = (struct delta){0};
        return STATUS_OK;
    }
    TRY(delta_over(&values->delta, values->at, (size_t)(values->end - values->at), err));
    TRY(delta_end(values->delta, &values->at, err));
    if (!prefixes) return STATUS_OK;
    TRY(delta_over(&values->suffix, values->at, (size_t)(values->end - values->at), err));
    return delta_end(values->suffix, &values->at, err);
}

static enum status fail_encoding(const struct parquet_values *values, struct err *err)
{
    return fail(err, STATUS_FAILED, "encoding %d does not go with type %d", values->encoding,
                values->leaf->physical);
}

static enum status open_encoding(struct parquet_values *values, struct err *err)
{
    int physical = values->leaf->physical;
    bool integer = physical == PARQUET_INT32 || physical == PARQUET_INT64;
    bool bytes = physical == PARQUET_BYTE_ARRAY, fixed = physical == PARQUET_FIXED;
    switch (values->encoding) {
    case PARQUET_PLAIN: return STATUS_OK;
    case PARQUET_PLAIN_DICTIONARY:
    case PARQUET_RLE_DICTIONARY: return open_dictionary(values, err);
    case PARQUET_RLE:
        return physical == PARQUET_BOOLEAN ? open_bools(values, err) : fail_encoding(values, err);
    case PARQUET_DELTA_BINARY:
        return integer ? open_deltas(values, false, err) : fail_encoding(values, err);
    case PARQUET_DELTA_LENGTH:
        return bytes ? open_deltas(values, false, err) : fail_encoding(values, err);
    case PARQUET_DELTA_BYTES:
        return bytes || fixed ? open_deltas(values, true, err) : fail_encoding(values, err);
    case PARQUET_BYTE_SPLIT:
        if (bytes || physical == PARQUET_BOOLEAN || physical == PARQUET_INT96)
            return fail_encoding(values, err);
        values->all = (size_t)(values->end - values->at) / values->leaf->width;
        return STATUS_OK;
    default: return fail(err, STATUS_FAILED, "values in the unknown encoding %d", values->encoding);
    }
}

enum status parquet_values_open(struct parquet_values *ret, const struct parquet_page *page,
                                struct err *err)
{
    *ret = (struct parquet_values){
        .page = page,
        .leaf = page->leaf,
        .encoding = page->encoding,
        .at = page->data.data,
        .end = page->data.data + page->data.size,
    };
    return open_encoding(ret, err);
}

enum status parquet_values_take(struct parquet_values *values, int64_t count,
                                struct parquet_dense *to, struct err *err)
{
    if (count == 0) return STATUS_OK;
    switch (values->encoding) {
    case PARQUET_PLAIN:
        if (values->leaf->physical == PARQUET_BOOLEAN)
            return take_plain_bools(values, count, to, err);
        return values->leaf->width == 0 ? take_plain_texts(values, count, to, err)
                                        : take_plain_fixed(values, count, to, err);
    case PARQUET_RLE: return take_runs(values, count, to, err);
    case PARQUET_DELTA_BINARY: return take_delta(values, count, to, err);
    case PARQUET_DELTA_LENGTH: return take_delta_length(values, count, to, err);
    case PARQUET_DELTA_BYTES: return take_delta_bytes(values, count, to, err);
    case PARQUET_BYTE_SPLIT: return take_split(values, count, to, err);
    default: return take_dictionary(values, count, to, err);
    }
}

void parquet_values_close(struct parquet_values *values)
{
    growing_release(&values->last);
}
