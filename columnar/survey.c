/* columnar/survey.c: a table looked at batch by batch. */
#include "columnar/survey_parts.h"

#include "columnar/hyperloglog.h"

#define SAMPLE_CELLS ((size_t)1 << 19)
#define SAMPLE_LEAST 1024

bool survey_is_provenance(const struct field *field)
{
    return strcmp(field->name, "_source") == 0 || strcmp(field->name, "_record") == 0;
}

/* ---- opening ---- */

static size_t sample_rows(size_t columns)
{
    size_t rows = SAMPLE_CELLS / (columns == 0 ? 1 : columns);
    return rows > SURVEY_SAMPLE ? SURVEY_SAMPLE : rows < SAMPLE_LEAST ? SAMPLE_LEAST : rows;
}

static enum status open_columns(const struct schema *schema, size_t count,
                                struct survey_column **ret, uint8_t **ret_registers,
                                struct err *err)
{
    TRY(NEW(ret, count, err));
    TRY(NEW(ret_registers, count * HYPERLOGLOG_REGISTERS, err));
    for (size_t i = 0; i < count; i++)
        (*ret)[i] = (struct survey_column){.field = &schema->fields[i],
                                           .kind = survey_kind_of(&schema->fields[i]),
                                           .longest = -1,
                                           .registers = *ret_registers + i * HYPERLOGLOG_REGISTERS};
    return STATUS_OK;
}

enum status survey_open(struct survey **ret, const struct schema *schema, struct err *err)
{
    OWNED(survey_close) struct survey *survey = NULL;
    TRY(NEW(&survey, 1, err));
    survey->schema = schema_ref(schema);
    survey->count = schema->count < SURVEY_COLUMNS ? schema->count : SURVEY_COLUMNS;
    survey->sample_most = UINT64_MAX;
    survey->tells_rows = schema->count == survey->count;
    TRY(arena_open(&survey->arena, err));
    TRY(open_columns(schema, survey->count, &survey->columns, &survey->registers, err));
    for (size_t i = 0; i < survey->count; i++)
        if (survey->columns[i].kind == SURVEY_OTHER) survey->tells_rows = false;
    survey->sample_rows = sample_rows(survey->count);
    TRY(survey_sample_open(&survey->sample, survey, survey->sample_rows * 2, err));
    *ret = survey;
    survey = NULL;
    return STATUS_OK;
}

static void release_columns(struct survey_column *columns, size_t count)
{
    for (size_t i = 0; columns != NULL && i < count; i++)
        survey_values_release(&columns[i].values);
    memory_free(columns);
}

void survey_close(struct survey **survey)
{
    struct survey *s = *survey;
    if (s == NULL) return;
    release_columns(s->columns, s->count);
    memory_free(s->registers);
    memory_free(s->row_hashes);
    survey_sample_release(&s->sample);
    arena_close(&s->arena);
    schema_unref(&s->schema);
    memory_free(s);
    *survey = NULL;
}

void survey_tally_close(struct survey_tally **tally)
{
    struct survey_tally *t = *tally;
    if (t == NULL) return;
    release_columns(t->columns, t->count);
    memory_free(t->registers);
    memory_free(t->row_hashes);
    survey_sample_release(&t->sample);
    arena_close(&t->arena);
    memory_free(t);
    *tally = NULL;
}

/* ---- looking ---- */

/* 0 is a free slot. */
static void tell_rows(struct survey_tally *tally)
{
    for (int64_t row = 0; row < tally->rows; row++)
        tally->row_hashes[row] += tally->row_hashes[row] == 0;
}

static enum status look_at_columns(const struct survey *survey, const struct batch *batch,
                                   struct survey_tally *tally, struct err *err)
{
    for (size_t i = 0; i < survey->count; i++) {
        bool many = __atomic_load_n(&survey->columns[i].values.many, __ATOMIC_RELAXED);
        bool told = !survey_is_provenance(survey->columns[i].field);
        TRY(survey_look_at_column(&tally->columns[i], batch->columns[i], !many, tally->arena,
                                  told ? tally->row_hashes : NULL, err));
    }
    return STATUS_OK;
}

enum status survey_look(const struct survey *survey, const struct batch *batch, int64_t first_row,
                        const int64_t *ordinals, struct survey_tally **ret, struct err *err)
{
    OWNED(survey_tally_close) struct survey_tally *tally = NULL;
    TRY(NEW(&tally, 1, err));
    tally->rows = batch->rows;
    tally->count = survey->count;
    TRY(arena_open(&tally->arena, err));
    TRY(open_columns(survey->schema, survey->count, &tally->columns, &tally->registers, err));
    bool told = survey->tells_rows && !__atomic_load_n(&survey->many_rows, __ATOMIC_RELAXED);
    if (told) TRY(NEW(&tally->row_hashes, (size_t)batch->rows, err));
    TRY(look_at_columns(survey, batch, tally, err));
    if (tally->row_hashes != NULL) tell_rows(tally);
    TRY(survey_sample_look(survey, batch, first_row, ordinals, &tally->sample, err));
    *ret = tally;
    tally = NULL;
    return STATUS_OK;
}

/* ---- adding up ---- */

static void put_hash(uint64_t *slots, size_t slot_count, uint64_t hash, size_t *count)
{
    size_t place = hash & (slot_count - 1);
    while (slots[place] != 0 && slots[place] != hash)
        place = (place + 1) & (slot_count - 1);
    *count += slots[place] == 0;
    slots[place] = hash;
}

static enum status widen_rows(struct survey *survey, struct err *err)
{
    size_t wider = survey->row_slots == 0 ? 1024 : survey->row_slots * 2, count = 0;
    uint64_t *slots;
    TRY(NEW(&slots, wider, err));
    for (size_t i = 0; i < survey->row_slots; i++)
        if (survey->row_hashes[i] != 0) put_hash(slots, wider, survey->row_hashes[i], &count);
    memory_free(survey->row_hashes);
    survey->row_hashes = slots;
    survey->row_slots = wider;
    return STATUS_OK;
}

static enum status add_rows(struct survey *survey, const struct survey_tally *tally,
                            struct err *err)
{
    for (int64_t row = 0; row < tally->rows && !survey->many_rows && tally->row_hashes != NULL;
         row++) {
        if (2 * (survey->row_count + 1) > survey->row_slots) TRY(widen_rows(survey, err));
        put_hash(survey->row_hashes, survey->row_slots, tally->row_hashes[row], &survey->row_count);
        if (survey->row_count <= SURVEY_ROWS) continue;
        memory_free(survey->row_hashes);
        survey->row_hashes = NULL;
        __atomic_store_n(&survey->many_rows, true, __ATOMIC_RELAXED);
    }
    return STATUS_OK;
}

enum status survey_add(struct survey *survey, struct survey_tally **tally, struct err *err)
{
    OWNED(survey_tally_close) struct survey_tally *taken = *tally;
    *tally = NULL;
    if (taken == NULL) return STATUS_OK;
    survey->rows += taken->rows;
    for (size_t i = 0; i < survey->count; i++)
        TRY(survey_fold_column(&survey->columns[i], &taken->columns[i], survey->arena, err));
    TRY(add_rows(survey, taken, err));
    return survey_sample_add(survey, &taken->sample, err);
}

enum status survey_end(struct survey *survey, struct err *err)
{
    return survey_sample_settle(survey, err);
}

/* ---- what is known ---- */

const struct schema *survey_schema(const struct survey *survey)
{
    return survey->schema;
}

int64_t survey_rows(const struct survey *survey)
{
    return survey->rows;
}

int64_t survey_sampled(const struct survey *survey)
{
    return (int64_t)survey->sample.count;
}

size_t survey_count(const struct survey *survey)
{
    return survey->count;
}

const struct survey_column *survey_column(const struct survey *survey, size_t column)
{
    return &survey->columns[column];
}

int64_t survey_find(const struct survey *survey, const char *name)
{
    int64_t at = schema_find(survey->schema, str_of(name));
    return at >= (int64_t)survey->count ? -1 : at;
}

int64_t survey_distinct(const struct survey_column *column, bool *ret_exact)
{
    *ret_exact = !column->values.many;
    if (column->kind == SURVEY_OTHER) return -1;
    return *ret_exact ? (int64_t)column->values.count : hyperloglog_count(column->registers);
}

int64_t survey_distinct_rows(const struct survey *survey, bool *ret_many)
{
    *ret_many = survey->many_rows;
    return survey->tells_rows && !survey->many_rows ? (int64_t)survey->row_count : -1;
}
