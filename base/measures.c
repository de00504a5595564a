/* base/measures.c: names with numbers; what the process took, from getrusage(2). */
#include "base/measures.h"

#include "base/clock.h"

#include <string.h>
#include <sys/resource.h>

static struct measure *find(const struct measures *measures, const char *name)
{
    for (size_t i = 0; i < measures->count; i++)
        if (strcmp(measures->items[i].name, name) == 0) return &measures->items[i];
    return NULL;
}

const struct measure *measures_find(const struct measures *measures, const char *name)
{
    return find(measures, name);
}

static enum status make_room(struct measures *measures, struct err *err)
{
    if (measures->count < measures->room) return STATUS_OK;
    size_t room = measures->room == 0 ? 64 : 2 * measures->room;
    struct measure *items = arena_get(measures->arena, room, sizeof *items);
    if (items == NULL) return fail_memory(err, room * sizeof *items);
    if (measures->count > 0) memcpy(items, measures->items, measures->count * sizeof *items);
    measures->items = items;
    measures->room = room;
    return STATUS_OK;
}

enum status measures_set(struct measures *measures, const char *name, double value,
                         const char *unit, struct err *err)
{
    if (measures == NULL) return STATUS_OK;
    struct measure *there = find(measures, name);
    if (there != NULL) {
        there->value = value;
        return STATUS_OK;
    }
    TRY(make_room(measures, err));
    struct measure item = {.name = arena_text(measures->arena, name, strlen(name)),
                           .value = value,
                           .unit = arena_text(measures->arena, unit, strlen(unit))};
    if (item.name == NULL || item.unit == NULL) return fail_memory(err, strlen(name));
    measures->items[measures->count++] = item;
    return STATUS_OK;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void resources_measure(struct measure ret[RESOURCES], double began, size_t threads)
{
    struct rusage usage = {0};
    double wall = clock_seconds() - began;

    getrusage(RUSAGE_SELF, &usage);
    double user = seconds_of(usage.ru_utime), system = seconds_of(usage.ru_stime);
    const struct measure measures[RESOURCES] = {
        {"wall_seconds", wall, "s"},
        {"user_seconds", user, "s"},
        {"system_seconds", system, "s"},
        {"cpu_share", wall > 0 ? (user + system) / wall : 0, "cpus"},
        {"threads", (double)threads, "threads"},
        {"peak_resident_bytes", (double)usage.ru_maxrss * 1024, "bytes"},
        {"peak_own_bytes", (double)memory_peak(), "bytes"},
        {"memory_limit_bytes", (double)memory_limit(), "bytes"},
        {"page_faults_minor", (double)usage.ru_minflt, "faults"},
        {"page_faults_major", (double)usage.ru_majflt, "faults"},
        {"blocks_read", (double)usage.ru_inblock, "blocks"},
        {"blocks_written", (double)usage.ru_oublock, "blocks"},
        {"context_switches", (double)(usage.ru_nvcsw + usage.ru_nivcsw), "switches"},
    };
    memcpy(ret, measures, sizeof measures);
}
