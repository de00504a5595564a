/* base/metrics_file.c: the families and how they are written. */
#include "base/metrics_file.h"

#include "base/command.h"
#include "base/output.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MOST   ((size_t)4 << 20)
#define SUFFIX      ".prom"
#define FAMILY      "tamis_run_"
#define LAST        "last_success_timestamp_seconds"
#define SERIES_MOST 1000 /* of measures that are no family: wide tables measure every column */

struct family {
    const char *name; /* of a measure, as in run_metrics */
    const char *help;
};

/* lineage/README.md lists them with the same words. A text never changes between two files on one
 * machine, or the collector refuses both. */
static const struct family families[] = {
    {"exit_code", "Exit code: 0 done, 3 the data failed its checks, anything else failed."},
    {"success", "1 where the exit code is 0."},
    {"start_timestamp_seconds", "When it began, seconds since 1970 UTC."},
    {"end_timestamp_seconds", "When it ended, seconds since 1970 UTC."},
    {LAST, "When it last ended with exit code 0, seconds since 1970 UTC; 0 is never."},
    {"wall_seconds", "Seconds from beginning to end."},
    {"user_seconds", "Processor seconds in user mode, all threads."},
    {"system_seconds", "Processor seconds in the kernel, all threads."},
    {"cpu_share", "Processors that were busy on average."},
    {"threads", "Threads it may use."},
    {"peak_resident_bytes", "Most memory resident at once, files mapped included."},
    {"peak_own_bytes", "Most memory tamis had allocated itself."},
    {"memory_limit_bytes", "What --memory leaves to its own allocations."},
    {"page_faults_minor", "Page faults that needed no reading."},
    {"page_faults_major", "Page faults that needed reading."},
    {"blocks_read", "Blocks of 512 bytes read from disk."},
    {"blocks_written", "Blocks of 512 bytes written to disk."},
    {"context_switches", "Context switches, voluntary or not."},
    {"rows_in", "Rows or records read."},
    {"rows_created", "Rows made here."},
    {"rows_out", "Rows handed on."},
    {"rows_rejected", "Rows that could not be rows, or failed a rule."},
    {"rows_dropped", "Rows dropped by a step."},
    {"rows_merged", "Rows merged into another one."},
    {"row_events", "Rows whose fate is recorded one by one."},
    {"bytes_in", "Bytes of values read, uncompressed."},
    {"bytes_out", "Bytes of values handed on, uncompressed."},
    {"rows_per_second", "Rows read in a second."},
    {"bytes_per_second", "Bytes of values read in a second."},
};
#define FAMILIES (sizeof families / sizeof *families)

/* ---- writing ---- */

struct page {
    struct bytes text;
    const struct measures *measures;
    struct bytes labels; /* task="...",command="..." */
};

/* A label's value: backslash, quote and newline are escaped, all other control bytes and invalid
 * UTF-8 have become their picture before. */
static enum status add_label(struct bytes *bytes, const char *name, const char *value,
                             struct err *err)
{
    char shown[512];
    escape_for_terminal(str_of(value), shown, sizeof shown);
    TRY(bytes_format(bytes, err, "%s%s=\"", bytes->size == 0 ? "" : ",", name));
    for (const char *at = shown; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') TRY(bytes_append_text(bytes, "\\", err));
        TRY(bytes_append(bytes, at, 1, err));
    }
    return bytes_append_text(bytes, "\"", err);
}

static enum status add_head(struct bytes *text, const char *name, const char *help, struct err *err)
{
    return bytes_format(text, err, "# HELP " FAMILY "%s %s\n# TYPE " FAMILY "%s gauge\n", name,
                        help, name);
}

static enum status add_number(struct bytes *text, double value, struct err *err)
{
    if (isnan(value)) return bytes_append_text(text, " NaN\n", err);
    if (isinf(value)) return bytes_append_text(text, value > 0 ? " +Inf\n" : " -Inf\n", err);
    return bytes_format(text, err, " %.17g\n", value);
}

static enum status add_sample(struct page *page, const char *name, const char *more, double value,
                              struct err *err)
{
    TRY(bytes_format(&page->text, err, FAMILY "%s{%.*s%s%s}", name, (int)page->labels.size,
                     (const char *)page->labels.data, more[0] == '\0' ? "" : ",", more));
    return add_number(&page->text, value, err);
}

static enum status add_families(struct page *page, struct err *err)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct measure *measure = measures_find(page->measures, families[i].name);
        if (measure == NULL) continue;
        TRY(add_head(&page->text, families[i].name, families[i].help, err));
        TRY(add_sample(page, families[i].name, "", measure->value, err));
    }
    return STATUS_OK;
}

static bool is_family(const char *name)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (strcmp(families[i].name, name) == 0) return true;
    return false;
}

/* What a stage measures under names of its own is one family with the name as a label. */
static enum status add_others(struct page *page, struct err *err)
{
    size_t added = 0;
    for (size_t i = 0; i < page->measures->count && added < SERIES_MOST; i++) {
        const struct measure *measure = &page->measures->items[i];
        if (is_family(measure->name)) continue;
        OWNED(bytes_release) struct bytes more = bytes_limited(4096);
        TRY(add_label(&more, "name", measure->name, err));
        TRY(add_label(&more, "unit", measure->unit, err));
        TRY(bytes_append(&more, "", 1, err));
        if (added++ == 0)
            TRY(add_head(&page->text, "measure", "What a stage measures beside the others.", err));
        TRY(add_sample(page, "measure", (const char *)more.data, measure->value, err));
    }
    return STATUS_OK;
}

static enum status add_info(struct page *page, struct err *err)
{
    OWNED(bytes_release) struct bytes more = bytes_limited(1024);
    TRY(add_label(&more, "run_id", page->measures->run_id, err));
    TRY(add_label(&more, "version", tamis_version(), err));
    TRY(bytes_append(&more, "", 1, err));
    TRY(add_head(&page->text, "info", "Which run this was, and of which version.", err));
    return add_sample(page, "info", (const char *)more.data, 1, err);
}

/* ---- what is carried over ---- */

static struct str next_line(struct str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->size);
    struct str line = {rest->data, end == NULL ? rest->size : (size_t)(end - rest->data)};
    size_t taken = line.size + (end != NULL);
    *rest = (struct str){rest->data + taken, rest->size - taken};
    return line;
}

static double last_success(struct str text)
{
    static const char name[] = FAMILY LAST "{";
    while (text.size > 0) {
        struct str line = next_line(&text);
        if (line.size < sizeof name || memcmp(line.data, name, sizeof name - 1) != 0) continue;
        const char *blank = memrchr(line.data, ' ', line.size);
        char number[32];
        if (blank == NULL) return 0;
        snprintf(number, sizeof number, "%.*s", (int)(line.data + line.size - blank - 1),
                 blank + 1);
        double value = strtod(number, NULL);
        return isfinite(value) && value > 0 ? value : 0;
    }
    return 0;
}

/* A file that is not there, or not ours, says that there was no success. */
static enum status read_last_success(const char *path, double *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes old = bytes_limited(FILE_MOST);
    OWNED(descriptor_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *ret = 0;
    if (descriptor < 0) return STATUS_OK;
    for (ssize_t got = 1; got > 0 && old.size < FILE_MOST;) {
        size_t piece = FILE_MOST - old.size < 65536 ? FILE_MOST - old.size : 65536;
        TRY(bytes_reserve(&old, piece, err));
        got = read(descriptor, old.data + old.size, piece);
        if (got > 0) old.size += (size_t)got;
    }
    *ret = last_success((struct str){(const char *)old.data, old.size});
    return STATUS_OK;
}

/* ---- the file ---- */

enum status metrics_file_check(const char *path, struct err *err)
{
    size_t size = strlen(path);
    if (size > sizeof SUFFIX - 1 && strcmp(path + size - (sizeof SUFFIX - 1), SUFFIX) == 0)
        return STATUS_OK;
    fail(err, STATUS_USAGE, "--metrics-file \"%s\" does not end in " SUFFIX, path);
    err_hint(err, "node-exporter's textfile collector reads no other files");
    return STATUS_USAGE;
}

/* The file's name without folder and ending: no two files of a folder share it. */
static enum status add_task(struct bytes *labels, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char task[256];
    snprintf(task, sizeof task, "%.*s", (int)(strlen(name) - (sizeof SUFFIX - 1)), name);
    return add_label(labels, "task", task, err);
}

static enum status set_end(struct measures *measures, const char *path,
                           const struct metrics_end *end, struct err *err)
{
    double last = 0, ended = (double)end->ended / 1e6;
    TRY(read_last_success(path, &last, err));
    TRY(measures_set(measures, "exit_code", end->exit_code, "", err));
    TRY(measures_set(measures, "success", end->exit_code == 0, "", err));
    TRY(measures_set(measures, "start_timestamp_seconds", (double)end->began / 1e6, "s", err));
    TRY(measures_set(measures, "end_timestamp_seconds", ended, "s", err));
    return measures_set(measures, LAST, end->exit_code == 0 ? ended : last, "s", err);
}

static enum status write_page(struct page *page, const char *path, const struct metrics_end *end,
                              struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(add_task(&page->labels, path, err));
    TRY(add_label(&page->labels, "command", end->command, err));
    TRY(add_info(page, err));
    TRY(add_families(page, err));
    TRY(add_others(page, err));
    TRY(output_open(&output, path, err));
    TRY(output_write(output, page->text.data, page->text.size, err));
    return output_commit(output, err);
}

enum status metrics_file_write(const char *path, struct measures *measures,
                               const struct metrics_end *end, struct err *err)
{
    struct page page = {
        .text = bytes_limited(FILE_MOST), .measures = measures, .labels = bytes_limited(4096)};
    TRY(set_end(measures, path, end, err));
    enum status status = write_page(&page, path, end, err);
    bytes_release(&page.text);
    bytes_release(&page.labels);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "--metrics-file");
}
