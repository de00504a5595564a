/* ingest/http.h: the bytes behind an http:// or https:// address as an input, through libcurl.
 *
 * They are streamed in bounded memory and as they are (a Content-Encoding is left for unpack.h). A
 * connection that breaks is taken up again where it broke (Range with If-Range, RFC 9110, section
 * 13.1.5); where the server begins anew, what was read already must come again, or the run fails.
 * A body that is shorter than the server said, or of which it did not say how long it is, is an
 * error. Certificates are verified; only http and https are followed, and never from https to http.
 * User and password come from the address or from ~/.netrc and go to no other host. */
#ifndef INGEST_HTTP_H
#define INGEST_HTTP_H

#include "base/input.h"

#define HTTP_RETRIES 5
#define HTTP_TIMEOUT 60
struct http_limits {
    int64_t retries; /* in a row that bring less than 1 MiB: broken connections, busy servers */
    int64_t timeout; /* seconds without a byte */
    uint64_t bytes;  /* at most; 0 = any number */
};

/* What the server says about it; "" = nothing. */
struct http_facts {
    char etag[256];
    char last_modified[64]; /* as it was sent */
    bool unchanged;         /* it still has the ETag or time that was asked about (304) */
};

bool is_http(const char *address);

/* Asks for the address and waits for the answer. `known` (may be NULL): what a run before was told;
 * when it is still so, ret_facts->unchanged is true and there are no bytes. `shown` is the address
 * without credentials. */
MUST_CHECK enum status input_from_http(struct input **ret, const char *address, const char *shown,
                                       const struct http_limits *limits,
                                       const struct http_facts *known, struct http_facts *ret_facts,
                                       struct err *err);
/* Microseconds UTC of a Last-Modified; 0 = none. */
int64_t http_time(const char *text);

#endif
