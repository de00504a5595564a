/* columnar/ipc_dictionary_write.h: which dictionary messages batches need.
 *
 * Stream: the dictionary of the batch before it, again whenever it changed. File: one dictionary a
 * field, values in first-use order, written when all batches are known (not everybody reads
 * deltas); the indices of each batch are renumbered. Private to columnar/. */
#ifndef COLUMNAR_IPC_DICTIONARY_WRITE_H
#define COLUMNAR_IPC_DICTIONARY_WRITE_H

#include "columnar/intern.h"
#include "columnar/ipc_message.h"

/* What has been written of one dictionary. */
struct written {
    struct array *last;   /* stream; nested in another dictionary: also file */
    struct field values;  /* file: type of the values, borrowed from the schema */
    struct intern keys;   /* file: values seen */
    struct growing parts; /* file: struct array *, new values by batch */
    bool begun;
};
struct dictionary_writer {
    enum ipc_format format;
    struct written *items; /* by the writer's ids */
    size_t count;
    void *context;
    enum status (*write)(void *context, const struct field *values, const struct array *array,
                         int64_t id, struct err *err);
};
/* Stream: writes what column `array` needs, *ret is the same column. File: notes its new values,
 * *ret is the renumbered column. *next_id counts the ids. */
MUST_CHECK enum status dictionaries_write(struct dictionary_writer *writer,
                                          const struct field *field, const struct array *array,
                                          size_t *next_id, struct array **ret, struct err *err);
/* File: writes the dictionaries of all batches so far. */
MUST_CHECK enum status dictionaries_finish(struct dictionary_writer *writer, struct err *err);
void dictionary_writer_release(struct dictionary_writer *writer);

#endif
