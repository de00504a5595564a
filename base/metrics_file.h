/* base/metrics_file.h: --metrics-file FILE.prom: what a run measured, in Prometheus' text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) by the rules of node-exporter's
 * textfile collector: one HELP and TYPE a name, the same in every file we write; no timestamps; no
 * series twice in a folder, which the label `task` (the file's name) sees to; renamed into place.
 *
 * It is written on every way out, so that a failed night is visible: the exit code, and the time of
 * the last success, which is carried over from the file that is replaced. */
#ifndef BASE_METRICS_FILE_H
#define BASE_METRICS_FILE_H

#include "base/measures.h"

#include <stdint.h>

struct metrics_end {
    const char *command; /* "tamis-features put" */
    int exit_code;
    int64_t began, ended; /* microseconds UTC */
};

/* STATUS_USAGE where the name does not end in ".prom": node-exporter reads no other. */
MUST_CHECK enum status metrics_file_check(const char *path, struct err *err);
/* Adds the end to `measures`, then writes all of them. */
MUST_CHECK enum status metrics_file_write(const char *path, struct measures *measures,
                                          const struct metrics_end *end, struct err *err);

#endif
