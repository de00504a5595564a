/* columnar/parquet_column.c: levels and values of pages put together into one column
 * (parquet-format README "Nested Encoding"; Melnik et al., "Dremel", VLDB 2010). */
#include "columnar/parquet_parts.h"

#define BLOCK 1024 /* levels at a time */

enum status parquet_column_open(struct parquet_column *ret, const struct parquet_leaf *leaf,
                                int64_t rows, struct err *err)
{
    *ret = (struct parquet_column){.leaf = leaf, .room = rows};
    TRY(parquet_dense_open(&ret->dense, leaf->width, err));
    if (!leaf->is_list) return STATUS_OK;
    TRY(buffer_new(&ret->offsets, ((size_t)rows + 1) * sizeof(int32_t), err));
    return leaf->list_def == 0 ? STATUS_OK : buffer_new(&ret->lists, bits_bytes(rows), err);
}

void parquet_column_close(struct parquet_column *column)
{
    parquet_dense_release(&column->dense);
    growing_release(&column->validity);
    buffer_unref(&column->lists);
    buffer_unref(&column->offsets);
}

/* Room for `count` more bits behind the slots there are, all zero. */
static enum status reserve_bits(struct parquet_column *column, int64_t count, struct err *err)
{
    struct growing *bits = &column->validity;
    size_t size = bits_bytes(column->slots + count), old = bits->size;
    if (size <= old) return STATUS_OK;
    TRY(growing_reserve(bits, size - old, err));
    memset(bits->data + old, 0, size - old);
    bits->size = size;
    return STATUS_OK;
}

/* ---- flat columns ---- */

static enum status add_flat(struct parquet_column *column, const struct parquet_use *use,
                            struct parquet_values *values, struct err *err)
{
    uint32_t there = column->leaf->max_def;
    struct runs def = parquet_page_def(use->page);
    uint64_t skipped = 0;
    int64_t found = 0;
    TRY(runs_skip(&def, (uint64_t)use->skip, there, &skipped, err));
    TRY(parquet_values_take(values, (int64_t)skipped, NULL, err));
    TRY(reserve_bits(column, use->take, err));
    TRY(runs_take_bits(&def, there, column->validity.data, column->slots, use->take, &found, err));
    column->slots += use->take;
    column->rows += use->take;
    return parquet_values_take(values, found, &column->dense, err);
}

/* ---- lists ---- */

/* A walk over the levels of a page. */
struct list_walk {
    const struct parquet_use *use;
    int64_t started;         /* rows that began so far */
    bool active, done;       /* within what is wanted; behind it */
    int64_t skipped, wanted; /* values that are there */
};

static enum status begin_row(struct parquet_column *column, uint32_t def, struct err *err)
{
    if (column->rows >= column->room)
        return fail(err, STATUS_FAILED, "it has more rows than its pages say");
    bool there = def >= column->leaf->list_def;
    if (there && column->lists.data != NULL) bit_set(buffer_writable(&column->lists), column->rows);
    if (!there) column->null_lists++;
    column->rows++;
    return STATUS_OK;
}

static enum status add_item(struct parquet_column *column, bool there, struct err *err)
{
    if (column->slots >= INT32_MAX)
        return fail(err, STATUS_FAILED, "more than 2^31 items in the lists of one batch");
    TRY(reserve_bits(column, 1, err));
    if (there) bit_set(column->validity.data, column->slots);
    column->slots++;
    return STATUS_OK;
}

/* One value, null or empty list. */
static enum status add_level(struct parquet_column *column, struct list_walk *walk, uint32_t rep,
                             uint32_t def, struct err *err)
{
    const struct parquet_use *use = walk->use;
    bool there = def == column->leaf->max_def;
    if (rep == 0 && walk->started == use->page->starts)
        return fail(err, STATUS_FAILED, "more rows than the %lld it should have",
                    (long long)use->page->starts);
    if (rep != 0 && walk->started == 0 && !use->front && !use->page->open_front)
        return fail(err, STATUS_FAILED, "it begins in the middle of a row");
    if (rep == 0) {
        walk->done = walk->started == use->skip + use->take;
        walk->active = walk->started >= use->skip && !walk->done;
        walk->started++;
    }
    if (walk->done) return STATUS_OK;
    if (!walk->active) {
        walk->skipped += there;
        return STATUS_OK;
    }
    walk->wanted += there;
    if (rep == 0)
        TRY(begin_row(column, def, err));
    else if (column->rows == 0 || def <= column->leaf->list_def)
        return fail(err, STATUS_FAILED, "levels that continue a list where there is none");
    if (def > column->leaf->list_def) TRY(add_item(column, there, err));
    int32_t end = (int32_t)column->slots;
    memcpy(buffer_writable(&column->offsets) + (size_t)column->rows * sizeof end, &end, sizeof end);
    return STATUS_OK;
}

static enum status walk_levels(struct parquet_column *column, struct list_walk *walk,
                               struct err *err)
{
    uint32_t reps[BLOCK], defs[BLOCK];
    struct runs rep = parquet_page_rep(walk->use->page), def = parquet_page_def(walk->use->page);
    for (size_t left = walk->use->page->values; left > 0 && !walk->done;) {
        size_t part = left < BLOCK ? left : BLOCK;
        TRY(runs_take(&rep, reps, part, err));
        TRY(runs_take(&def, defs, part, err));
        for (size_t i = 0; i < part && !walk->done; i++)
            TRY(add_level(column, walk, reps[i], defs[i], err));
        left -= part;
    }
    return STATUS_OK;
}

static enum status add_list(struct parquet_column *column, const struct parquet_use *use,
                            struct parquet_values *values, struct err *err)
{
    struct list_walk walk = {.use = use, .active = use->front};
    TRY(walk_levels(column, &walk, err));
    if (walk.started < use->skip + use->take)
        return fail(err, STATUS_FAILED, "%lld rows in a page that should have %lld",
                    (long long)walk.started, (long long)(use->skip + use->take));
    TRY(parquet_values_take(values, walk.skipped, NULL, err));
    return parquet_values_take(values, walk.wanted, &column->dense, err);
}

/* ---- both ---- */

static enum status add_loaded(struct parquet_column *column, const struct parquet_use *use,
                              struct err *err)
{
    struct parquet_values values = {0};
    enum status status = parquet_values_open(&values, use->page, err);
    if (status == STATUS_OK)
        status = column->leaf->is_list ? add_list(column, use, &values, err)
                                       : add_flat(column, use, &values, err);
    parquet_values_close(&values);
    if (status == STATUS_OK) return status;
    return fail_within(err, status, "page at byte %llu", (unsigned long long)use->page->offset);
}

enum status parquet_column_add(struct parquet_column *column, const struct parquet_use *use,
                               struct input *input, struct err *err)
{
    TRY(parquet_page_load(use->page, input, err));
    if (use->page->dictionary != NULL) TRY(parquet_page_load(use->page->dictionary, input, err));
    return add_loaded(column, use, err);
}
