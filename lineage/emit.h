/* lineage/emit.h: --emit FILE|URL: where the events of a run go while it runs.
 *
 * A receiver that is not there is a warning: it costs a few seconds at most, and changes neither
 * data nor exit code. Nothing said about it shows what may be secret in an address. */
#ifndef LINEAGE_EMIT_H
#define LINEAGE_EMIT_H

#include "base/str.h"

/* STATUS_USAGE for an address that is neither http nor https, and for "-": stdout has the data. */
MUST_CHECK enum status emit_check(const char *where, struct err *err);
/* One event, a line of JSON: appended to the file in one write, or posted to the address. `seconds`
 * is the longest it may take. */
MUST_CHECK enum status emit_send(const char *where, const struct bytes *event, double seconds,
                                 struct err *err);
/* emit_http.c: the second of the two. $OPENLINEAGE_API_KEY, where it is set, goes with it as a
 * bearer token. */
MUST_CHECK enum status emit_post(const char *address, const struct bytes *event, double seconds,
                                 struct err *err);

#endif
