/* ingest/decoder.h: text of any encoding as UTF-8, and the way back to the original's bytes.
 *
 * Nothing is replaced silently: each unit that is no text in its encoding becomes one byte 0xff,
 * which is never UTF-8, so that whoever checks the text finds the record it stands in. */
#ifndef INGEST_DECODER_H
#define INGEST_DECODER_H

#include "base/digest.h"
#include "ingest/encoding.h"
#include "ingest/source.h"

/* ---- bytes in memory ---- */

/* Appends all of `text`, behind the encoding's mark, to ret; *ret_wrong counts the units that are
 * no text. */
MUST_CHECK enum status decode_text(const struct encoding *encoding, struct str text,
                                   struct bytes *ret, uint64_t *ret_wrong, struct err *err);

/* ---- a file ---- */

struct decoding;
/* Decodes all of `original` (a regular file or spool, borrowed until close) into an unlinked
 * temporary file. *ret_text is that file as an input and the caller's. */
MUST_CHECK enum status decoding_open(struct decoding **ret, struct input *original,
                                     const struct encoding *encoding, struct input **ret_text,
                                     struct err *err);
const struct encoding *decoding_encoding(const struct decoding *decoding);
/* Of the original's bytes, all of them. */
struct digest decoding_digest(const struct decoding *decoding);
/* Turns places and bytes of rejects in the text into those of the original. Any thread. */
MUST_CHECK enum status decoding_restore(const struct decoding *decoding, struct source_rows *rows,
                                        struct err *err);
/* The same for one place; its bytes are read into scratch. */
MUST_CHECK enum status decoding_restore_place(const struct decoding *decoding,
                                              struct source_place *place, struct bytes *scratch,
                                              struct err *err);
void decoding_close(struct decoding **decoding);

#endif
