/* columnar/c_data.h: the Arrow C Data and C Stream Interfaces: columns handed to or taken from
 * another library in the same process without a copy (CDataInterface.rst, CStreamInterface.rst).
 *
 * The structures are the ABI of the specification. A structure whose release is NULL is released.
 */
#ifndef COLUMNAR_C_DATA_H
#define COLUMNAR_C_DATA_H

#include "columnar/ipc.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

/* A schema as a struct type with its metadata on top; owns copies of everything. */
MUST_CHECK enum status c_schema_export(const struct schema *schema, struct ArrowSchema *ret,
                                       struct err *err);
/* A batch as a struct array; shares the buffers until released. */
MUST_CHECK enum status c_batch_export(const struct batch *batch, struct ArrowArray *ret,
                                      struct err *err);
/* The batches of a reader, which is taken. */
MUST_CHECK enum status c_stream_export(struct ipc_reader **reader, struct ArrowArrayStream *ret,
                                       struct err *err);

/* Takes the structure (released on failure too): a struct type becomes a schema of its children. */
MUST_CHECK enum status c_schema_import(struct ArrowSchema *from, struct schema **ret,
                                       struct err *err);
/* Takes a struct array without nulls of its own; buffers are shared until the last column is gone.
 * Values are checked as those of a file are; the sizes of buffers cannot be. */
MUST_CHECK enum status c_batch_import(struct ArrowArray *from, const struct schema *schema,
                                      struct batch *ret, struct err *err);
/* The next batch of a foreign stream; *ret_end true at its end. Borrows the stream. */
MUST_CHECK enum status c_stream_next(struct ArrowArrayStream *stream, const struct schema *schema,
                                     struct batch *ret, bool *ret_end, struct err *err);

#endif
