/* ingest/http.c: the bytes behind an http:// or https:// address as an input, through libcurl. */
#include "ingest/http.h"

#include "base/command.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/secret.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUFFER_BYTES   (1u << 20)
#define RECEIVE_BYTES  (128 << 10) /* of one call of libcurl */
#define PROGRESS_BYTES (1u << 20)  /* that make up for the failures before */
#define REDIRECTS      10
#define WAIT_FIRST_MS  200
#define WAIT_LONGEST   60 /* seconds */
#define POLL_MS        200

/* One answer of the server. */
struct answer {
    struct http_facts facts;
    char encoding[32];
    char range[96]; /* Content-Range */
    bool chunked, begun;
    int64_t retry_after; /* seconds */
};

struct http {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct http_limits limits;
    char message[CURL_ERROR_SIZE];
    uint8_t *buffer;
    size_t size, at;
    bool paused, ended;
    struct answer first;      /* what the source is */
    struct answer answer;     /* of the request that runs */
    bool known;               /* a run before knows it: 304 is welcome */
    uint64_t received;        /* bytes of the source so far */
    struct digester digester; /* of these */
    int64_t total;            /* bytes of the source, -1 = not said */
    uint64_t again;           /* bytes that the server sends again, still to come */
    struct digester repeated; /* of those */
    int64_t failures;         /* in a row */
    uint64_t received_then;   /* when the last one of them was */
    struct err err;           /* of a callback */
    enum status status;
};

bool is_http(const char *address)
{
    return strncasecmp(address, "http://", 7) == 0 || strncasecmp(address, "https://", 8) == 0;
}

int64_t http_time(const char *text)
{
    time_t seconds = text[0] == '\0' ? -1 : curl_getdate(text, NULL);
    return seconds < 0 ? 0 : (int64_t)seconds * 1000000;
}

/* ---- headers ---- */

/* The value of the header `name`, without blanks; false when the line is another one or the value
 * too long to be kept. */
static bool header_value(struct str line, const char *name, char *ret, size_t room)
{
    size_t size = strlen(name);
    if (line.size <= size || line.data[size] != ':' || strncasecmp(line.data, name, size) != 0)
        return false;
    struct str value = str_trim((struct str){line.data + size + 1, line.size - size - 1});
    if (value.size >= room) return false;
    memcpy(ret, value.data, value.size);
    ret[value.size] = '\0';
    return true;
}

static size_t take_header(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http *http = context;
    struct answer *answer = &http->answer;
    struct str line = {data, size};
    char text[64];
    if (size > 5 && strncmp(data, "HTTP/", 5) == 0) *answer = (struct answer){0};
    (void)header_value(line, "etag", answer->facts.etag, sizeof answer->facts.etag);
    (void)header_value(line, "last-modified", answer->facts.last_modified,
                       sizeof answer->facts.last_modified);
    (void)header_value(line, "content-encoding", answer->encoding, sizeof answer->encoding);
    (void)header_value(line, "content-range", answer->range, sizeof answer->range);
    if (header_value(line, "transfer-encoding", text, sizeof text))
        answer->chunked = strcasecmp(text, "chunked") == 0;
    if (header_value(line, "retry-after", text, sizeof text))
        answer->retry_after = strtol(text, NULL, 10);
    return size;
}

/* ---- the beginning of a body ---- */

static long response_code(const struct http *http)
{
    long code = 0;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

static int64_t content_length(const struct http *http)
{
    curl_off_t length = -1;
    curl_easy_getinfo(http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length;
}

static enum status fail_changed(struct http *http, struct err *err)
{
    (void)fail(err, STATUS_FAILED,
               "the connection broke after %llu bytes, and the server has something else now",
               (unsigned long long)http->received);
    err_hint(err, "begin again");
    return STATUS_FAILED;
}

static bool same_source(const struct http *http)
{
    const struct http_facts *now = &http->answer.facts, *then = &http->first.facts;
    bool same_tag = now->etag[0] == '\0' || strcmp(now->etag, then->etag) == 0;
    return same_tag && strcmp(now->last_modified, then->last_modified) == 0;
}

/* "bytes FIRST-LAST/TOTAL" (RFC 9110, section 14.4) */
static bool range_fits(const struct http *http)
{
    unsigned long long begin, last, total;
    int end = 0;
    if (sscanf(http->answer.range, "bytes %llu-%llu/%n", &begin, &last, &end) < 2 || end == 0)
        return false;
    const char *rest = http->answer.range + end;
    if (begin != http->received) return false;
    if (strcmp(rest, "*") == 0) return true;
    total = strtoull(rest, NULL, 10);
    return http->total < 0 || total == (uint64_t)http->total;
}

static enum status check_encoding(const struct http *http, struct err *err)
{
    static const char *const known[] = {"", "identity", "gzip", "x-gzip", "zstd"};
    const char *encoding = http->answer.encoding;
    char shown[64];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(encoding, known[i]) == 0) return STATUS_OK;
    return fail(err, STATUS_FAILED, "the server sends it as \"%s\", expected gzip, zstd or plain",
                escape_for_terminal(str_of(encoding), shown, sizeof shown));
}

static enum status begin_first(struct http *http, struct err *err)
{
    http->first = http->answer;
    http->total = content_length(http);
    return check_encoding(http, err);
}

/* Of a request that takes up where the one before broke. */
static enum status begin_again(struct http *http, long code, struct err *err)
{
    if (!same_source(http)) return fail_changed(http, err);
    if (code == 206) return range_fits(http) ? STATUS_OK : fail_changed(http, err);
    int64_t length = content_length(http);
    if (length >= 0 && http->total >= 0 && length != http->total) return fail_changed(http, err);
    http->again = http->received;
    digester_begin(&http->repeated);
    return STATUS_OK;
}

static enum status begin_body(struct http *http, struct err *err)
{
    long code = response_code(http);
    http->answer.begun = true;
    if (http->first.begun) return begin_again(http, code, err);
    if (code == 200 || code == 203) return begin_first(http, err);
    return fail(err, STATUS_FAILED, "the server answers with status %ld, expected 200", code);
}

/* ---- the body ---- */

/* What comes again must be what came before. */
static enum status check_repeated(struct http *http, const uint8_t *data, size_t size,
                                  struct err *err)
{
    digester_add(&http->repeated, data, size);
    http->again -= size;
    if (http->again > 0) return STATUS_OK;
    struct digester before = http->digester;
    struct digest one = digester_end(&http->repeated), two = digester_end(&before);
    return memcmp(&one, &two, sizeof one) == 0 ? STATUS_OK : fail_changed(http, err);
}

static enum status take_body(struct http *http, const uint8_t *data, size_t size, struct err *err)
{
    if (!http->answer.begun) TRY(begin_body(http, err));
    size_t again = http->again < size ? (size_t)http->again : size;
    if (again > 0) TRY(check_repeated(http, data, again, err));
    data += again;
    size -= again;
    if (size > 0) memcpy(http->buffer + http->size, data, size);
    http->size += size;
    http->received += size;
    digester_add(&http->digester, data, size);
    if (http->limits.bytes == 0 || http->received <= http->limits.bytes) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found more than %llu bytes",
               (unsigned long long)http->limits.bytes);
    err_hint(err, "allow more with --max-bytes");
    return STATUS_FAILED;
}

static bool is_failure(long code)
{
    return code >= 300 || code < 200;
}

static size_t take_data(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http *http = context;
    if (is_failure(response_code(http))) return size; /* the words of an error */
    if (http->at > 0) {
        memmove(http->buffer, http->buffer + http->at, http->size - http->at);
        http->size -= http->at;
        http->at = 0;
    }
    if (size > BUFFER_BYTES - http->size) {
        http->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    http->status = take_body(http, (const uint8_t *)data, size, &http->err);
    return http->status == STATUS_OK ? size : 0;
}

/* ---- requests ---- */

static enum status add_header(struct http *http, const char *name, const char *value,
                              struct err *err)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(http->headers, line);
    if (list == NULL) return fail_memory(err, sizeof line);
    http->headers = list;
    return STATUS_OK;
}

/* A weak ETag says nothing about the bytes (RFC 9110, section 8.8.1). */
static const char *validator(const struct http_facts *facts)
{
    if (facts->etag[0] == '"') return facts->etag;
    return facts->last_modified;
}

/* From where it broke, where the server can tell whether it is still the same. */
static enum status ask_for_rest(struct http *http, struct err *err)
{
    char range[64];
    const char *unchanged = validator(&http->first.facts);
    if (http->received == 0 || unchanged[0] == '\0') return STATUS_OK;
    snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)http->received);
    TRY(add_header(http, "Range", range, err));
    return add_header(http, "If-Range", unchanged, err);
}

static enum status start(struct http *http, const struct http_facts *known, struct err *err)
{
    curl_slist_free_all(http->headers);
    http->headers = NULL;
    http->answer = (struct answer){0};
    http->again = 0;
    http->paused = false;
    http->message[0] = '\0';
    TRY(ask_for_rest(http, err));
    if (known != NULL && known->etag[0] != '\0')
        TRY(add_header(http, "If-None-Match", known->etag, err));
    else if (known != NULL && known->last_modified[0] != '\0')
        TRY(add_header(http, "If-Modified-Since", known->last_modified, err));
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
    return curl_multi_add_handle(http->multi, http->easy) == CURLM_OK ? STATUS_OK
                                                                      : fail_memory(err, 0);
}

static enum status wait_before_retry(const struct http *http, struct err *err)
{
    int64_t left = WAIT_FIRST_MS << (http->failures < 9 ? http->failures : 9);
    int64_t asked = http->answer.retry_after;
    if (asked > 0 && left < asked * 1000) left = asked * 1000;
    if (left > WAIT_LONGEST * 1000) left = WAIT_LONGEST * 1000;
    for (; left > 0; left -= POLL_MS) {
        TRY(interrupted(err));
        curl_multi_poll(http->multi, NULL, 0, left < POLL_MS ? (int)left : POLL_MS, NULL);
    }
    return STATUS_OK;
}

/* ---- the end of a request ---- */

static bool worth_retry(CURLcode result, long code)
{
    switch (result) {
    case CURLE_OK:
        return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 ||
               code == 504;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
    }
}

static enum status fail_request(const struct http *http, CURLcode result, long code,
                                struct err *err)
{
    char shown[CURL_ERROR_SIZE];
    const char *why = http->message[0] != '\0' ? http->message : curl_easy_strerror(result);
    if (result == CURLE_OUT_OF_MEMORY) return fail_memory(err, 0);
    if (result == CURLE_OK) {
        (void)fail(err, STATUS_FAILED, "the server answers with status %ld, expected 200", code);
        if (code == 401)
            err_hint(err, "give user and password in ~/.netrc, or as http://USER:PASSWORD@HOST/");
        return STATUS_FAILED;
    }
    (void)fail(err, STATUS_FAILED, "%s%s",
               http->first.begun ? "the connection broke, and the rest could not be read: " : "",
               escape_for_terminal(str_of(why), shown, sizeof shown));
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        err_hint(err, "name the file of its authority in SSL_CERT_FILE");
    return STATUS_FAILED;
}

/* Asks again, unless it failed too often in a row. */
static enum status retry(struct http *http, CURLcode result, long code, struct err *err)
{
    if (http->received - http->received_then >= PROGRESS_BYTES) http->failures = 0;
    http->received_then = http->received;
    if (http->failures >= http->limits.retries) return fail_request(http, result, code, err);
    TRY(wait_before_retry(http, err));
    http->failures++;
    return start(http, NULL, err);
}

/* All of the body is there only where the server said how much that is. */
static enum status finish(struct http *http, struct err *err)
{
    long version = 0;
    if (!http->answer.begun) TRY(begin_body(http, err));
    if (http->again > 0) return fail_changed(http, err);
    curl_easy_getinfo(http->easy, CURLINFO_HTTP_VERSION, &version);
    bool told =
        http->answer.chunked || content_length(http) >= 0 || version >= CURL_HTTP_VERSION_2_0;
    if (told && (http->total < 0 || http->received == (uint64_t)http->total)) {
        http->ended = true;
        return STATUS_OK;
    }
    (void)fail(err, STATUS_FAILED,
               told ? "found %llu bytes, expected %lld"
                    : "the server does not say where the data end (%llu bytes)",
               (unsigned long long)http->received, (long long)http->total);
    err_hint(err, "if you trust that they are whole: curl ADDRESS | tamis-ingest -");
    return STATUS_FAILED;
}

static enum status request_ended(struct http *http, CURLcode result, struct err *err)
{
    long code = response_code(http);
    curl_multi_remove_handle(http->multi, http->easy);
    if (http->status != STATUS_OK) {
        if (err != NULL) *err = http->err;
        return http->status;
    }
    if (result == CURLE_OK && code == 304 && http->known) {
        http->first.facts.unchanged = http->ended = true;
        return STATUS_OK;
    }
    if (result == CURLE_OK && code == 416 && http->received > 0) return fail_changed(http, err);
    if (result == CURLE_OK && !is_failure(code)) return finish(http, err);
    if (worth_retry(result, code)) return retry(http, result, code, err);
    return fail_request(http, result, code, err);
}

/* ---- reading ---- */

static enum status work(struct http *http, struct err *err)
{
    int running = 0, left = 0;
    TRY(interrupted(err));
    if (http->paused) {
        http->paused = false;
        curl_easy_pause(http->easy, CURLPAUSE_CONT);
    }
    CURLMcode code = curl_multi_perform(http->multi, &running);
    const CURLMsg *message = curl_multi_info_read(http->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE)
        return request_ended(http, message->data.result, err);
    if (code == CURLM_OK && http->size == http->at && !http->paused)
        code = curl_multi_poll(http->multi, NULL, 0, POLL_MS, NULL);
    return code == CURLM_OK ? STATUS_OK : fail(err, STATUS_FAILED, "%s", curl_multi_strerror(code));
}

static enum status http_read(void *context, void *ret, size_t room, size_t *ret_size,
                             struct err *err)
{
    struct http *http = context;
    while (http->at == http->size && !http->ended)
        TRY(work(http, err));
    *ret_size = http->size - http->at < room ? http->size - http->at : room;
    if (*ret_size > 0) memcpy(ret, http->buffer + http->at, *ret_size);
    http->at += *ret_size;
    return STATUS_OK;
}

/* ---- opening and closing ---- */

static void http_close(void *context)
{
    struct http *http = context;
    if (http->easy != NULL && http->multi != NULL)
        curl_multi_remove_handle(http->multi, http->easy);
    if (http->easy != NULL) curl_easy_cleanup(http->easy);
    if (http->multi != NULL) curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->headers);
    memory_free(http->buffer);
    memory_free(http);
}

static void set_options(struct http *http, const char *address)
{
    CURL *easy = http->easy;
    bool secure = strncasecmp(address, "https:", 6) == 0;
    const char *authorities = getenv("SSL_CERT_FILE");
    secret_held(); /* a password of the address or of ~/.netrc */
    curl_easy_setopt(easy, CURLOPT_URL, address);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)http->limits.timeout);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)http->limits.timeout);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tamis/" TAMIS_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->message);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
    if (authorities != NULL) curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
}

static enum status http_open(struct http *http, const char *address, const struct http_facts *known,
                             struct err *err)
{
    static bool prepared;
    if (!prepared && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(err, STATUS_FAILED, "libcurl does not start");
    prepared = true;
    http->total = -1;
    digester_begin(&http->digester);
    http->buffer = memory_get_raw(BUFFER_BYTES, 1);
    if (http->buffer == NULL) return fail_memory(err, BUFFER_BYTES);
    http->multi = curl_multi_init();
    http->easy = curl_easy_init();
    if (http->multi == NULL || http->easy == NULL) return fail_memory(err, 0);
    set_options(http, address);
    http->known = known != NULL;
    TRY(start(http, known, err));
    while (http->size == 0 && !http->ended)
        TRY(work(http, err));
    return STATUS_OK;
}

enum status input_from_http(struct input **ret, const char *address, const char *shown,
                            const struct http_limits *limits, const struct http_facts *known,
                            struct http_facts *ret_facts, struct err *err)
{
    static const struct input_stream stream = {http_read, http_close};
    struct http *http;
    TRY(NEW(&http, 1, err));
    http->limits = *limits;
    enum status status = http_open(http, address, known, err);
    if (status != STATUS_OK) {
        http_close(http);
        return status;
    }
    *ret_facts = http->first.facts;
    return input_from_stream(ret, &stream, http, shown, err);
}
