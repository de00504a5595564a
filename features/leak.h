/* features/leak.h: how many answers depend on what was known when. */
#ifndef FEATURES_LEAK_H
#define FEATURES_LEAK_H

#include "features/feature_table.h"

/* Adds to table->leaked, by column of its answers, the number of values that are others by the
 * other as_known rule (table->other). `rows` and `answers` are the answers by the table's own. */
MUST_CHECK enum status leak_count(const struct feature_table *table, const struct asked *asked,
                                  const int64_t *rows, struct array *const *answers,
                                  struct err *err);

#endif
