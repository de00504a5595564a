/* clean/deduplicate_carry.c: what a step of deduplicate saw of a window of a shard, as bytes. */
#include "clean/deduplicate_step.h"

/* What fills a survivor is looked up in the rows once more. */
bool deduplicate_carries(const void *opaque)
{
    return ((const struct deduplicate_state *)opaque)->fill == NULL;
}

static enum status carry_method(const struct deduplicate_state *state,
                                struct deduplicate_tally *tally, struct wire *wire, struct err *err)
{
    switch ((enum method)state->config->method) {
    case METHOD_PERCEPTUAL: {
        size_t bytes = tally->count * THUMB_BYTES;
        TRY(WIRE_ITEMS(wire, &tally->pictures, &tally->count, err));
        TRY(WIRE_ITEMS(wire, &tally->thumbs, &bytes, err));
        if (bytes == tally->count * THUMB_BYTES) return STATUS_OK;
        return fail(err, STATUS_FAILED, "pictures without a thumbnail");
    }
    case METHOD_MINHASH:
        return texts_tally_carry(state->texts, tally->first, tally->end, &tally->texts, wire, err);
    case METHOD_LINKAGE:
        return records_tally_carry(linker_records(state->linker), tally->first, tally->end,
                                   &tally->records, wire, err);
    case METHOD_EXACT:
    case METHOD_KEY: break;
    }
    return WIRE_ITEMS(wire, &tally->keys, &tally->count, err);
}

static bool picture_is_sound(const struct picture_entry *picture)
{
    return wire_is_bool(&picture->broken) && wire_is_bool(&picture->plain) &&
           wire_is_bool(&picture->small);
}

/* The row numbers of a tally index what is kept of all rows: they rise within the window. */
static bool is_within(const struct deduplicate_tally *tally)
{
    int64_t last = tally->first - 1;
    for (size_t i = 0; i < tally->count; i++) {
        int64_t row = tally->keys != NULL ? tally->keys[i].row : tally->pictures[i].bytes.row;
        if (row <= last || row >= tally->end) return false;
        if (tally->pictures != NULL && !picture_is_sound(&tally->pictures[i])) return false;
        last = row;
    }
    return true;
}

enum status deduplicate_carry(const void *opaque, int pass, void *opaque_tally, struct wire *wire,
                              struct err *err)
{
    const struct deduplicate_state *state = opaque;
    struct deduplicate_tally *tally = opaque_tally;
    (void)pass;
    TRY(WIRE(wire, &tally->first, err));
    TRY(WIRE(wire, &tally->end, err));
    if (!wire_is_count(tally->first) || tally->end < tally->first ||
        tally->end - tally->first > BATCH_ROWS_MAXIMUM)
        return fail(err, STATUS_FAILED, "a window of rows %lld to %lld", (long long)tally->first,
                    (long long)tally->end);
    TRY(origin_tally_carry(&tally->origin, tally->first, tally->end, wire, err));
    TRY(WIRE_KNOWN(wire, &tally->ranks, (size_t)(tally->end - tally->first), err));
    TRY(carry_method(state, tally, wire, err));
    return is_within(tally) ? STATUS_OK : fail(err, STATUS_FAILED, "a row of another window");
}
