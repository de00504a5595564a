/* clean/validate_counts.c: what checks counted in the rows of one shard. */
#include "clean/validate_counts.h"

static enum status carry(struct wire *wire, _Atomic int64_t *count, struct err *err)
{
    int64_t value = atomic_load(count);
    TRY(WIRE(wire, &value, err));
    if (wire->reading) atomic_fetch_add(count, value);
    return STATUS_OK;
}

static enum status carry_rows(struct wire *wire, struct check_counts *counts, struct err *err)
{
    if (counts == NULL) return STATUS_OK;
    TRY(carry(wire, &counts->evaluated, err));
    return carry(wire, &counts->failing, err);
}

enum status check_counts_carry(const struct check_list *checks, struct wire *wire, struct err *err)
{
    for (size_t i = 0; i < checks->count; i++)
        TRY(carry_rows(wire, checks->items[i].counts, err));
    return STATUS_OK;
}

static enum status carry_drift(struct wire *wire, struct profile_counts *drift, struct err *err)
{
    if (drift == NULL) return STATUS_OK;
    TRY(carry(wire, &drift->values, err));
    for (size_t i = 0; i < sizeof drift->bins / sizeof *drift->bins; i++)
        TRY(carry(wire, &drift->bins[i], err));
    return STATUS_OK;
}

enum status table_counts_carry(const struct table *table, struct wire *wire, struct err *err)
{
    if (table->rows != NULL) TRY(carry(wire, table->rows, err));
    for (size_t i = 0; i < table->count; i++) {
        TRY(carry_rows(wire, table->items[i].nulls, err));
        TRY(carry_drift(wire, table->items[i].drift, err));
    }
    return STATUS_OK;
}
