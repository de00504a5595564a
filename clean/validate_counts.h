/* clean/validate_counts.h: what checks counted in the rows of one shard, added to those of others.
 */
#ifndef CLEAN_VALIDATE_COUNTS_H
#define CLEAN_VALIDATE_COUNTS_H

#include "clean/validate_rule.h"
#include "clean/validate_table.h"

/* Writes the counts of rows, or adds those that are read. */
MUST_CHECK enum status check_counts_carry(const struct check_list *checks, struct wire *wire,
                                          struct err *err);
MUST_CHECK enum status table_counts_carry(const struct table *table, struct wire *wire,
                                          struct err *err);

#endif
