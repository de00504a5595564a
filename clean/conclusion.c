/* clean/conclusion.c: the verdict of a step over the rows of all shards. */
#include "clean/conclusion.h"

#define REPORT_BYTES_MAXIMUM ((size_t)4 << 20)

static enum status carry_word(struct wire *wire, const char **word, struct arena *arena,
                              struct err *err)
{
    struct str text = str_of(*word);
    TRY(wire_str(wire, &text, err));
    if (!wire->reading) return STATUS_OK;
    *word = text.data == NULL ? NULL : arena_text(arena, text.data, text.size);
    return text.data != NULL && *word == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

static enum status carry_check(struct wire *wire, struct check_result *check, struct arena *arena,
                               struct err *err)
{
    TRY(carry_word(wire, &check->rule, arena, err));
    TRY(carry_word(wire, &check->column, arena, err));
    TRY(carry_word(wire, &check->expectation, arena, err));
    int32_t outcome = (int32_t)check->outcome;
    TRY(WIRE(wire, &outcome, err));
    check->outcome = (enum check_outcome)outcome;
    uint8_t of_rows = check->of_rows;
    TRY(WIRE(wire, &of_rows, err));
    check->of_rows = of_rows != 0;
    TRY(WIRE(wire, &check->evaluated, err));
    TRY(WIRE(wire, &check->failing, err));
    TRY(WIRE(wire, &check->mostly, err));
    TRY(wire_raw(wire, check->found, sizeof check->found, err));
    check->found[sizeof check->found - 1] = '\0';
    return STATUS_OK;
}

static enum status carry(struct wire *wire, struct conclusion *conclusion, struct err *err)
{
    uint8_t failed = conclusion->failed;
    size_t count = conclusion->checks.count;
    struct str report = {(const char *)conclusion->report.data, conclusion->report.size};
    TRY(WIRE(wire, &failed, err));
    conclusion->failed = failed != 0;
    TRY(wire_str(wire, &report, err));
    if (wire->reading) TRY(bytes_append(&conclusion->report, report.data, report.size, err));
    TRY(wire_count(wire, &count, sizeof((struct check_result *)0)->found, err));
    for (size_t i = 0; i < count; i++) {
        struct check_result check = {0};
        if (!wire->reading) check = conclusion->checks.items[i];
        TRY(carry_check(wire, &check, conclusion->arena, err));
        if (wire->reading) TRY(check_results_add(&conclusion->checks, &check, err));
    }
    return wire_end(wire, err);
}

enum status conclusion_write(struct conclusion *conclusion, struct bytes *ret, struct err *err)
{
    struct wire wire = wire_to(ret);
    return carry(&wire, conclusion, err);
}

enum status conclusion_read(struct conclusion *ret, const void *data, size_t size, struct err *err)
{
    struct wire wire = wire_from(data, size);
    ret->report = bytes_limited(REPORT_BYTES_MAXIMUM);
    TRY(arena_open(&ret->arena, err));
    return carry(&wire, ret, err);
}

void conclusion_release(struct conclusion *conclusion)
{
    bytes_release(&conclusion->report);
    check_results_release(&conclusion->checks);
    arena_close(&conclusion->arena);
    *conclusion = (struct conclusion){0};
}
