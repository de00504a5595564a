/* columnar/survey_values.c: the values of a column and how often they occur, while they are few. */
#include "columnar/survey_parts.h"

#define SLOTS_FIRST 32

struct survey_value *survey_values_slot(const struct survey_values *values, uint64_t hash)
{
    size_t mask = values->slot_count - 1, place = hash & mask;
    while (values->slots[place].hash != 0 && values->slots[place].hash != hash)
        place = (place + 1) & mask;
    return &values->slots[place];
}

/* Room for one more. */
enum status survey_values_reserve(struct survey_values *values, struct err *err)
{
    if (2 * (values->count + 1) <= values->slot_count) return STATUS_OK;
    struct survey_values wider = {.slot_count = values->slot_count == 0 ? SLOTS_FIRST
                                                                        : 2 * values->slot_count,
                                  .count = values->count};
    TRY(NEW(&wider.slots, wider.slot_count, err));
    for (size_t i = 0; i < values->slot_count; i++)
        if (values->slots[i].hash != 0)
            *survey_values_slot(&wider, values->slots[i].hash) = values->slots[i];
    memory_free(values->slots);
    *values = wider;
    return STATUS_OK;
}

static enum status fold_value(struct survey_values *into, const struct survey_value *from,
                              struct arena *arena, struct err *err)
{
    TRY(survey_values_reserve(into, err));
    struct survey_value *slot = survey_values_slot(into, from->hash);
    slot->count += from->count;
    if (slot->hash != 0) return STATUS_OK;
    slot->hash = from->hash;
    slot->text = survey_keep_text(arena, from->text);
    if (slot->text.data == NULL) return fail_memory(err, from->text.size);
    into->many = ++into->count > SURVEY_VALUES;
    return STATUS_OK;
}

enum status survey_values_fold(struct survey_values *into, const struct survey_values *from,
                               struct arena *arena, struct err *err)
{
    bool many = into->many || from->many;
    for (size_t i = 0; !many && i < from->slot_count; i++) {
        if (from->slots[i].hash == 0) continue;
        TRY(fold_value(into, &from->slots[i], arena, err));
        many = into->many;
    }
    if (!many) return STATUS_OK;
    survey_values_release(into);
    __atomic_store_n(&into->many, true, __ATOMIC_RELAXED);
    return STATUS_OK;
}

void survey_values_release(struct survey_values *values)
{
    memory_free(values->slots);
    values->slots = NULL;
    values->slot_count = values->count = 0;
}

struct str survey_keep_text(struct arena *arena, struct str text)
{
    size_t size = text.size;
    if (size >= SURVEY_VALUE_TEXT)
        for (size = SURVEY_VALUE_TEXT - 1; size > 0 && ((uint8_t)text.data[size] & 0xc0) == 0x80;)
            size--;
    return (struct str){arena_text(arena, text.data == NULL ? "" : text.data, size), size};
}
