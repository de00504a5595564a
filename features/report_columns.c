/* features/report_columns.c: a report's versions read, and which of their columns are not shown. */
#include "features/report.h"

#include "base/parallel.h"
#include "lineage/sql.h"

/* ---- reading ---- */

struct chunk {
    int64_t first_row;
    struct batch batch;
    struct survey_tally *tally;
    struct picture_marks marks;
};
struct looking {
    struct version_reader *reader;
    struct survey *survey;
    struct picture_marks *marks; /* NULL = not wanted */
    int64_t rows;
};

static void chunk_free(struct chunk *chunk)
{
    batch_release(&chunk->batch);
    survey_tally_close(&chunk->tally);
    picture_marks_release(&chunk->marks);
    memory_free(chunk);
}

static enum status pull(void *context, void **ret, struct err *err)
{
    struct looking *looking = context;
    struct chunk *chunk = NULL;
    bool end = false;
    *ret = NULL;
    TRY(interrupted(err));
    TRY(NEW(&chunk, 1, err));
    enum status status = version_reader_next(looking->reader, &chunk->batch, &end, err);
    chunk->first_row = looking->rows;
    looking->rows += chunk->batch.rows;
    if (status == STATUS_OK && !end)
        *ret = chunk;
    else
        chunk_free(chunk);
    return status;
}

static enum status work(void *context, void *item, struct err *err)
{
    struct looking *looking = context;
    struct chunk *chunk = item;
    TRY(survey_look(looking->survey, &chunk->batch, chunk->first_row, NULL, &chunk->tally, err));
    if (looking->marks != NULL) TRY(picture_marks_look(&chunk->batch, &chunk->marks, err));
    batch_release(&chunk->batch);
    return STATUS_OK;
}

static enum status push(void *context, void *item, struct err *err)
{
    struct looking *looking = context;
    struct chunk *chunk = item;
    enum status status = survey_add(looking->survey, &chunk->tally, err);
    if (status == STATUS_OK && looking->marks != NULL)
        status = picture_marks_add(looking->marks, &chunk->marks, err);
    chunk_free(chunk);
    return status;
}

static void drop(void *context, void *item)
{
    (void)context;
    chunk_free(item);
}

static enum status read_version(struct report *report, size_t side, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    size_t threads = parallel_threads((size_t)report->common->threads);
    TRY(version_reader_open(&reader, report->store, &report->versions[side], threads, err));
    TRY(survey_open(&report->surveys[side], version_reader_schema(reader), err));
    struct looking looking = {.reader = reader,
                              .survey = report->surveys[side],
                              .marks = side + 1 == report->count ? &report->marks : NULL};
    struct ordered ordered = {.threads = threads,
                              .context = &looking,
                              .pull = pull,
                              .work = work,
                              .push = push,
                              .drop = drop};
    TRY(ordered_run(&ordered, err));
    return survey_end(report->surveys[side], err);
}

/* ---- what is not shown ---- */

static bool is_personal(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

/* Columns that a run upstream masked, by their name: those were personal, and what stands for their
 * values still is theirs. */
static enum status hide_masked(struct report *report, size_t side, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    TRY(sql_open(report->store, &rows, err,
                 "WITH RECURSIVE up (node) AS (VALUES ('stream:' || ?1) UNION "
                 "SELECT e.input FROM up JOIN edges AS e ON e.output = up.node LIMIT 100000) "
                 "SELECT DISTINCT output_column FROM up JOIN column_edges "
                 "ON run_id = substr(node, 8) WHERE node GLOB 'stream:*' AND masked = 1",
                 "t", report->versions[side].run_id));
    for (bool row = true;;) {
        TRY(sql_next(report->store, rows, &row, err));
        if (!row) return STATUS_OK;
        int64_t at = survey_find(report->surveys[side], sql_text(rows, 0));
        if (at >= 0) report->hidden[side][at] = true;
    }
}

static enum status find_hidden(struct report *report, size_t side, struct err *err)
{
    const struct survey *survey = report->surveys[side];
    TRY(NEW(&report->hidden[side], survey_count(survey) + 1, err));
    for (size_t i = 0; i < survey_count(survey); i++) {
        const struct field *field = survey_column(survey, i)->field;
        report->hidden[side][i] =
            is_personal(field) ||
            (report->view.name != NULL && view_is_personal(&report->view, field->name));
    }
    return hide_masked(report, side, err);
}

/* A column that is hidden in one version is hidden in both. */
static void hide_on_both(struct report *report)
{
    for (size_t side = 0; side < report->count; side++)
        for (size_t i = 0; i < survey_count(report->surveys[side]); i++) {
            const char *name = survey_column(report->surveys[side], i)->field->name;
            if (survey_report_hides(&report->sides, name)) report->hidden[side][i] = true;
        }
}

static enum status find_view(struct report *report, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    bool row = false;
    TRY(sql_open(report->store, &rows, err, "SELECT view FROM views WHERE dataset = ? LIMIT 1", "t",
                 report->versions[0].dataset));
    TRY(sql_next(report->store, rows, &row, err));
    return row ? view_find(&report->view, report->store, sql_text(rows, 0), report->arena, err)
               : STATUS_OK;
}

bool report_is_key(void *opaque, const char *column)
{
    const struct report *report = opaque;
    return report->view.name != NULL && view_is_key(&report->view, column);
}

enum status report_read(struct report *report, struct err *err)
{
    static const char *const names[2][2] = {{"value", NULL}, {"before", "after"}};
    TRY(find_view(report, err));
    report->sides.count = report->count;
    for (size_t side = 0; side < report->count; side++) {
        TRY(read_version(report, side, err));
        TRY(find_hidden(report, side, err));
        report->sides.sides[side] = (struct survey_side){.name = names[report->count - 1][side],
                                                         .survey = report->surveys[side],
                                                         .hidden = report->hidden[side]};
    }
    hide_on_both(report);
    return STATUS_OK;
}
