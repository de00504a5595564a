/* clean/batch_bytes.h: a schema or a batch as an Arrow stream in memory, and back. */
#ifndef CLEAN_BATCH_BYTES_H
#define CLEAN_BATCH_BYTES_H

#include "columnar/ipc.h"

/* An empty stream, and the schema in it. */
MUST_CHECK enum status schema_to_bytes(const struct schema *schema, struct bytes *ret,
                                       struct err *err);
MUST_CHECK enum status schema_from_bytes(const void *data, size_t size, struct schema **ret,
                                         struct err *err);
/* One batch (zstd), and back; the bytes are not needed any more afterwards. */
MUST_CHECK enum status batch_to_bytes(const struct batch *batch, struct bytes *ret,
                                      struct err *err);
MUST_CHECK enum status batch_from_bytes(const void *data, size_t size, struct batch *ret,
                                        struct err *err);

#endif
