/* clean/column_facts.c: what can be said about the values of a column after one look at each. */
#include "clean/column_facts.h"

#include "clean/numbers.h"

#define SEEN_BYTES_MAXIMUM ((size_t)128 << 20)

static enum status note_value(struct column_facts *facts, struct str text, struct err *err)
{
    uint64_t hash = count_hash(text.data, text.size);
    if (!facts->many) {
        TRY(counts_add(&facts->values, text.data, text.size, hash, 1, err));
        if (facts->values.count > FACTS_VALUES) {
            counts_release(&facts->values);
            facts->many = true;
        }
    }
    if (facts->repeats) return STATUS_OK;
    size_t before = facts->seen.count;
    TRY(counts_add(&facts->seen, &hash, sizeof hash, hash, 1, err));
    if (facts->seen.count == before || facts->seen.bytes > SEEN_BYTES_MAXIMUM) {
        counts_release(&facts->seen);
        facts->repeats = true;
    }
    return STATUS_OK;
}

static void note_number(struct column_facts *facts, double value)
{
    if (!(value == value)) return;
    if (!facts->has_range || value < facts->low) facts->low = value;
    if (!facts->has_range || value > facts->high) facts->high = value;
    facts->has_range = true;
}

enum status facts_add(struct column_facts *facts, const struct field *field,
                      const struct array *array, struct err *err)
{
    bool number = field_is_number(field);
    bool binary = field->type.id == TYPE_BINARY;
    char room[256];
    facts->rows += array->length;
    facts->nulls += array->null_count;
    for (int64_t row = 0; row < array->length && !binary; row++) {
        struct str text;
        double value;
        if (field->type.id == TYPE_NULL || array_is_null(array, row)) continue;
        if (number && array_number_at(field, array, row, &value)) note_number(facts, value);
        if (facts->many && facts->repeats) continue;
        if (!array_text_at(field, array, row, &text))
            text = str_of(array_value_text(field, array, row, room, sizeof room));
        TRY(note_value(facts, text, err));
    }
    return STATUS_OK;
}

bool facts_is_key(const struct column_facts *facts)
{
    return facts->rows > 0 && facts->nulls == 0 && !facts->repeats;
}

void facts_release(struct column_facts *facts)
{
    counts_release(&facts->values);
    counts_release(&facts->seen);
    *facts = (struct column_facts){0};
}
