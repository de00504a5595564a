/* columnar/ipc_message.h: messages of Arrow IPC between the flatbuffers and the readers and
 * writers. Slots and defaults: Schema.fbs, Message.fbs, File.fbs. Private to columnar/. */
#ifndef COLUMNAR_IPC_MESSAGE_H
#define COLUMNAR_IPC_MESSAGE_H

#include "base/memory.h"
#include "columnar/flat_read.h"
#include "columnar/flat_write.h"
#include "columnar/ipc.h"
#include "columnar/ipc_codec.h"

#define CONTINUATION   0xffffffffu
#define IPC_ALIGNMENT  64
#define METADATA_LIMIT (256u << 20) /* bytes of one message's metadata */
#define NESTING_LIMIT  64

enum message_kind { MESSAGE_SCHEMA = 1, MESSAGE_DICTIONARY = 2, MESSAGE_BATCH = 3 };
enum { METADATA_V4 = 3, METADATA_V5 = 4 };

/* ---- reading ---- */

/* A message whose body has not been looked at. */
struct message {
    struct buffer metadata; /* the flatbuffer; the tables point into it */
    struct flat flat;
    struct flat_table root, header;
    enum message_kind kind;
    int version;
    int64_t body_size;
    struct buffer body;
};
/* Parses metadata; takes the buffer. message must not move afterwards. */
MUST_CHECK enum status message_parse(struct message *message, struct buffer *metadata,
                                     struct err *err);
void message_release(struct message *message);

/* A schema table; *ret_swap is true for big-endian data. */
MUST_CHECK enum status schema_read(struct flat_table table, struct schema **ret, bool *ret_swap,
                                   struct err *err);
/* Key-value pairs, copied into the arena. */
MUST_CHECK enum status metadata_read(struct flat_table table, int slot, struct arena *arena,
                                     struct metadata *ret, struct err *err);

/* Current dictionaries of a reader, one an id. */
struct dictionary {
    int64_t id;
    struct field values; /* borrowed from the schema */
    struct array *array; /* NULL before the first message */
};
struct dictionaries {
    struct dictionary *items;
    size_t count;
};
MUST_CHECK enum status dictionaries_open(struct dictionaries *dictionaries,
                                         const struct schema *schema, struct err *err);
struct dictionary *dictionaries_find(const struct dictionaries *dictionaries, int64_t id);
void dictionaries_release(struct dictionaries *dictionaries);

/* What is needed to turn a body into arrays. */
struct body_context {
    const struct message *message;
    const struct dictionaries *dictionaries;
    bool swap;
    size_t threads;
    const struct buffer *places; /* ipc_reader_place; NULL = none */
    struct ipc_counts *counts;   /* NULL = nobody counts; else one thread at a time */
};
/* The arrays of `count` fields from a RecordBatch table; *ret_rows is its length. */
MUST_CHECK enum status body_read(const struct body_context *context, struct flat_table batch,
                                 const struct field *fields, size_t count, struct array **ret,
                                 int64_t *ret_rows, struct err *err);

/* The same column by column; message and dictionaries must outlive it. */
struct body_reader;
MUST_CHECK enum status body_reader_open(struct body_reader **ret,
                                        const struct body_context *context, struct flat_table batch,
                                        const struct field *fields, size_t count, struct err *err);
/* STATUS_FAILED where a column declares another number of values. */
MUST_CHECK enum status body_reader_rows(const struct body_reader *body, int64_t *ret,
                                        struct err *err);
/* As declared, without a look at the body. */
int64_t body_reader_nulls(const struct body_reader *body, size_t column);
MUST_CHECK enum status body_reader_column(struct body_reader *body, size_t column,
                                          struct array **ret, struct err *err);
void body_reader_close(struct body_reader **body);

/* ---- checks of one array, its children done (ipc_check.c) ---- */

/* Checks what a reader must before use, and brings null slots to zero. May replace *array. */
MUST_CHECK enum status array_settle(const struct field *field, struct array **array,
                                    struct err *err);

/* Reverses the byte order of a buffer's values. */
MUST_CHECK enum status buffer_swap(const struct field *field, size_t index, struct buffer *buffer,
                                   struct err *err);

/* ---- writing ---- */

struct body_node {
    int64_t length, null_count;
};
/* A record batch on its way out: nodes and buffers in message order. */
struct body {
    struct growing nodes;    /* struct body_node */
    struct growing buffers;  /* struct body_buffer */
    struct growing variadic; /* int64 */
    int64_t rows;
};
/* Adds one column: rebased, null slots zero, nothing of rows that are not there. */
MUST_CHECK enum status body_add(struct body *body, const struct field *field,
                                const struct array *array, struct err *err);
/* Puts the parts of `from` behind those of `body` and leaves `from` empty. */
MUST_CHECK enum status body_join(struct body *body, struct body *from, struct err *err);
MUST_CHECK enum status body_compress(struct body *body, int level, struct err *err);
void body_release(struct body *body);

/* Bytes of a schema message's metadata with its frame, padded so that `lead` + size is a multiple
 * of 64. */
MUST_CHECK enum status schema_message(const struct schema *schema, size_t lead, struct bytes *ret,
                                      struct err *err);
/* Writes a batch (id < 0) or dictionary message. ret_metadata and ret_body: sizes for the footer.
 */
MUST_CHECK enum status body_write(const struct body *body, bool compressed, int64_t id,
                                  const struct metadata *metadata, struct output *output,
                                  int32_t *ret_metadata, int64_t *ret_body, struct err *err);
/* The schema table alone, for the footer. */
MUST_CHECK enum status schema_write(struct flat_writer *writer, const struct schema *schema,
                                    size_t *ret_place, struct err *err);
MUST_CHECK enum status metadata_write(struct flat_writer *writer, const struct metadata *metadata,
                                      size_t at, struct err *err);

/* Number of dictionary-encoded fields below and including `field`, in pre-order: the writer's ids.
 */
size_t dictionary_count(const struct field *field);

#endif
