/* ingest/report.h: what tamis-ingest says about itself: plan, configuration, summary. */
#ifndef INGEST_REPORT_H
#define INGEST_REPORT_H

#include "ingest/ingest.h"

/* What was read, for the summary line and for --json. */
struct ingest_result {
    int64_t rows, rejected, bytes;
    size_t sources;
    double seconds;
    const char *remarks; /* of the sources, each behind ", "; may be empty */
    const char
        *increment; /* what was known before, may be empty; NULL = --incremental is not given */
    const char *run_id;
    const struct version *version; /* dataset empty = none */
};

/* The options that decide what comes out, as JSON, for the run's record. */
MUST_CHECK enum status ingest_config_json(const struct ingest_args *args,
                                          const struct contract *contract, const char *kind,
                                          struct bytes *ret, struct err *err);
/* --explain: sources, kind and columns on stdout. */
MUST_CHECK enum status ingest_explain(const struct source_kind *kind, const char *const *names,
                                      size_t count, const struct schema *schema,
                                      const struct source_options *options, struct err *err);
/* One line on stderr. */
void ingest_say(const struct common *common, const struct ingest_result *result);
/* --json: one document on stdout. */
MUST_CHECK enum status ingest_json(const struct ingest_result *result, struct err *err);

#endif
