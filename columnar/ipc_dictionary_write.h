/* columnar/ipc_dictionary_write.h: which dictionary messages a batch needs before it.
 *
 * Stream: the dictionary of the batch, again whenever it changed. File: one dictionary a field that
 * only grows, values in first-use order, later ones as deltas; the batch's indices are renumbered.
 * Private to columnar/. */
#ifndef COLUMNAR_IPC_DICTIONARY_WRITE_H
#define COLUMNAR_IPC_DICTIONARY_WRITE_H

#include "columnar/intern.h"
#include "columnar/ipc_message.h"

/* What has been written of one dictionary. */
struct written {
    struct array *last; /* stream; nested in another dictionary: also file */
    struct intern keys; /* file */
    bool begun;
};
struct dictionary_writer {
    enum ipc_format format;
    struct written *items; /* by the writer's ids */
    size_t count;
    void *context;
    enum status (*write)(void *context, const struct field *values, const struct array *array,
                         int64_t id, bool delta, struct err *err);
};
/* Writes what column `array` needs; *next_id counts the ids. In a file *ret is the renumbered
 * column, in a stream the same one. */
MUST_CHECK enum status dictionaries_write(struct dictionary_writer *writer,
                                          const struct field *field, const struct array *array,
                                          size_t *next_id, struct array **ret, struct err *err);
void dictionary_writer_release(struct dictionary_writer *writer);

#endif
