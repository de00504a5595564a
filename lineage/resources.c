/* resources.c: the metrics every run records: what the process took, rows, rates. */
#include "lineage/run_state.h"

#include "base/measures.h"

/* A job of somebody else may have measured the same itself: what it says comes first. */
static enum status record_all(struct run *run, const struct measure *measures, size_t count,
                              struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct measure *measure = &measures[i];
        TRY(measures_set(run->measures, measure->name, measure->value, measure->unit, err));
        TRY(run_record(run, err,
                       "INSERT OR IGNORE INTO run_metrics (run_id, name, value, unit)"
                       " VALUES (?, ?, ?, ?)",
                       "ttrt", run->id, measure->name, measure->value, measure->unit));
    }
    return STATUS_OK;
}

static double count_events(const struct run *run)
{
    int64_t events = 0;
    for (size_t i = 0; i < EVENT_KINDS; i++)
        events += run->event_counts[i];
    return (double)events;
}

static enum status record_rows(struct run *run, double wall, struct err *err)
{
    const struct row_counts *rows = &run->counts;
    double per_second = wall > 0 ? 1 / wall : 0;
    const struct measure measures[] = {
        {"rows_in", (double)rows->in, "rows"},
        {"rows_created", (double)rows->created, "rows"},
        {"rows_out", (double)rows->out, "rows"},
        {"rows_rejected", (double)rows->rejected, "rows"},
        {"rows_dropped", (double)rows->dropped, "rows"},
        {"rows_merged", (double)rows->merged, "rows"},
        {"bytes_in", (double)rows->bytes_in, "bytes"},
        {"bytes_out", (double)rows->bytes_out, "bytes"},
        {"rows_per_second", (double)rows->in * per_second, "rows/s"},
        {"bytes_per_second", (double)rows->bytes_in * per_second, "bytes/s"},
        {"row_events", count_events(run), "events"},
    };
    return record_all(run, measures, sizeof measures / sizeof *measures, err);
}

enum status run_record_resources(struct run *run, struct err *err)
{
    struct measure taken[RESOURCES];
    double wall = clock_seconds() - run->began;

    resources_measure(taken, run->began, run->threads);
    TRY(record_all(run, taken, RESOURCES, err));
    return record_rows(run, wall, err);
}
