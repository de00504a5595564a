/* ingest/provenance.h: the rows of several sources under one schema, each with its source and
 * record number. */
#ifndef INGEST_PROVENANCE_H
#define INGEST_PROVENANCE_H

#include "ingest/source.h"

struct provenance;
/* Checks that all sources have the same columns, lets the kind make their types agree, and makes
 * the output's schema: the columns of the first source and, if `wanted`, _source and _record. A
 * column of the source with such a name becomes "origin._source", "origin._record" then.
 * `expected` (NULL = none): the columns of the rows of `expected_name`, which have to be the
 * same. */
MUST_CHECK enum status provenance_open(struct provenance **ret, const struct source_kind *kind,
                                       struct source *const *sources, const char *const *names,
                                       size_t count, const struct schema *expected,
                                       const char *expected_name, bool wanted, struct err *err);
/* The same for batches that are of one schema already. */
MUST_CHECK enum status provenance_open_as(struct provenance **ret, const struct schema *schema,
                                          const char *const *names, size_t count, bool wanted,
                                          struct err *err);
const struct schema *provenance_schema(const struct provenance *provenance);
/* The batch of `rows` in the output's columns. Any thread. */
MUST_CHECK enum status provenance_add(const struct provenance *provenance, size_t source,
                                      const struct source_rows *rows, struct batch *ret,
                                      struct err *err);
void provenance_close(struct provenance **provenance);

#endif
