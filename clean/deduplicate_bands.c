/* clean/deduplicate_bands.c: one band of all texts, grouped by its hash. */
#include "clean/deduplicate_bands.h"

#include <string.h>

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

/* One pass of a stable radix sort by bits `shift` and up of the hash. */
static void sort_digit(const struct band_entry *from, size_t count, int shift,
                       struct band_entry *ret)
{
    size_t places[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        places[(from[i].hash >> shift) % DIGITS]++;
    size_t place = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t size = places[d];
        places[d] = place;
        place += size;
    }
    for (size_t i = 0; i < count; i++)
        ret[places[(from[i].hash >> shift) % DIGITS]++] = from[i];
}

/* Entries of equal sorted bits are few: the rest of the hash is put in order by insertion. */
static void sort_rest(struct band_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct band_entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && entries[at - 1].hash > entry.hash; at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

static void sort_entries(struct band_entry *entries, size_t count, struct band_entry *work)
{
    sort_digit(entries, count, 64 - 3 * DIGIT_BITS, work);
    sort_digit(work, count, 64 - 2 * DIGIT_BITS, entries);
    sort_digit(entries, count, 64 - DIGIT_BITS, work);
    memcpy(entries, work, count * sizeof *entries);
    sort_rest(entries, count);
}

static bool takes_part(const uint8_t *skip, size_t text)
{
    return skip == NULL || ((skip[text >> 3] >> (text & 7)) & 1) == 0;
}

enum status bands_group(const uint64_t *hashes, size_t count, const uint8_t *skip, size_t memory,
                        void *context,
                        enum status (*each)(void *context, const struct band_entry *entries,
                                            size_t count, struct err *err),
                        struct err *err)
{
    OWNED(memory_release) struct band_entry *entries = NULL;
    OWNED(memory_release) struct band_entry *work = NULL;
    /* Hashes spread evenly over the parts, but for equal ones: room for all if need be. */
    size_t parts = count * 2 * sizeof *entries / (memory < (1u << 20) ? (1u << 20) : memory) + 1;
    for (size_t part = 0; part < parts; part++) {
        size_t held = 0;
        for (size_t text = 0; text < count; text++)
            held += takes_part(skip, text) && (hashes[text] & 0xffffffff) % parts == part;
        memory_free(entries);
        memory_free(work);
        work = entries = NULL;
        TRY(NEW(&entries, held, err));
        TRY(NEW(&work, held, err));
        held = 0;
        for (size_t text = 0; text < count; text++)
            if (takes_part(skip, text) && (hashes[text] & 0xffffffff) % parts == part)
                entries[held++] = (struct band_entry){hashes[text], (uint32_t)text};
        sort_entries(entries, held, work);
        for (size_t from = 0, end; from < held; from = end) {
            for (end = from + 1; end < held && entries[end].hash == entries[from].hash;)
                end++;
            if (end - from > 1) TRY(each(context, entries + from, end - from, err));
        }
    }
    return STATUS_OK;
}
