/* features/lookup_write.h: makes a lookup index. For lookup_index.c. */
#ifndef FEATURES_LOOKUP_WRITE_H
#define FEATURES_LOOKUP_WRITE_H

#include "features/feature_table.h"
#include "features/lookup_layout.h"

/* Writes the index of a table (opened, nothing loaded, as options: keys false, provenance false,
 * order by number) from offset 0 of a file that is open for reading and writing, range of entities
 * by range within the memory limit. Not yet durable. */
MUST_CHECK enum status lookup_write(int descriptor, struct feature_table *table, struct err *err);

#endif
