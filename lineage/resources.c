/* resources.c: the metrics every run records: getrusage(2), our own memory count, rows, rates. */
#include "lineage/run_state.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <sys/resource.h>

struct metric {
    const char *name;
    double value;
    const char *unit;
};

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static enum status record_all(struct run *run, const struct metric *metrics, size_t count,
                              struct err *err)
{
    for (size_t i = 0; i < count; i++)
        TRY(run_metric(run, metrics[i].name, metrics[i].value, metrics[i].unit, err));
    return STATUS_OK;
}

static enum status record_rows(struct run *run, double wall, struct err *err)
{
    const struct row_counts *rows = &run->counts;
    double per_second = wall > 0 ? 1 / wall : 0;
    const struct metric metrics[] = {
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
    };
    return record_all(run, metrics, sizeof metrics / sizeof *metrics, err);
}

enum status run_record_resources(struct run *run, struct err *err)
{
    struct rusage usage = {0};
    double wall = clock_seconds() - run->began;

    getrusage(RUSAGE_SELF, &usage);
    double user = seconds_of(usage.ru_utime), system = seconds_of(usage.ru_stime);
    const struct metric metrics[] = {
        {"wall_seconds", wall, "s"},
        {"user_seconds", user, "s"},
        {"system_seconds", system, "s"},
        {"cpu_share", wall > 0 ? (user + system) / wall : 0, "cpus"},
        {"threads", (double)run->threads, "threads"},
        {"peak_resident_bytes", (double)usage.ru_maxrss * 1024, "bytes"},
        {"peak_own_bytes", (double)memory_peak(), "bytes"},
        {"memory_limit_bytes", (double)memory_limit(), "bytes"},
        {"page_faults_minor", (double)usage.ru_minflt, "faults"},
        {"page_faults_major", (double)usage.ru_majflt, "faults"},
        {"blocks_read", (double)usage.ru_inblock, "blocks"},
        {"blocks_written", (double)usage.ru_oublock, "blocks"},
        {"context_switches", (double)(usage.ru_nvcsw + usage.ru_nivcsw), "switches"},
        {"row_events",
         (double)(run->event_counts[EVENT_REJECT] + run->event_counts[EVENT_DROP] +
                  run->event_counts[EVENT_MERGE] + run->event_counts[EVENT_CREATE]),
         "events"},
    };
    TRY(record_all(run, metrics, sizeof metrics / sizeof *metrics, err));
    return record_rows(run, wall, err);
}
