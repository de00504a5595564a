/* emit_http.c: an event to an address, with libcurl.
 *
 * The library is loaded when it is needed: with what it brings along it takes 9 ms, which a lookup
 * of 2 ms should not pay for. */
#include "lineage/emit.h"

#include "base/address.h"
#include "base/secret.h"

#include <curl/curl.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *easy);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
};

static bool look_up(void *library, const char *name, void *ret)
{
    void *symbol = dlsym(library, name);
    memcpy(ret, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* Once in a process; NULL where there is no libcurl. Events are sent from one thread. */
static const struct curl *load(struct err *err)
{
    static struct curl curl;
    static bool ready;

    if (ready) return &curl;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        (void)fail(err, STATUS_FAILED, "%.300s", dlerror());
        err_hint(err, "install libcurl4, or give a file");
        return NULL;
    }
    ready = look_up(library, "curl_global_init", &curl.global_init) &&
            look_up(library, "curl_easy_init", &curl.easy_init) &&
            look_up(library, "curl_easy_setopt", &curl.easy_setopt) &&
            look_up(library, "curl_easy_perform", &curl.easy_perform) &&
            look_up(library, "curl_easy_getinfo", &curl.easy_getinfo) &&
            look_up(library, "curl_easy_cleanup", &curl.easy_cleanup) &&
            look_up(library, "curl_easy_strerror", &curl.easy_strerror) &&
            look_up(library, "curl_slist_append", &curl.slist_append) &&
            look_up(library, "curl_slist_free_all", &curl.slist_free_all) &&
            curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ready) (void)fail(err, STATUS_FAILED, "libcurl.so.4 is not the libcurl that is expected");
    return ready ? &curl : NULL;
}

/* What a receiver answers is of no interest beyond its status. */
static size_t ignore(char *data, size_t one, size_t size, void *context)
{
    (void)data, (void)context;
    return one * size;
}

#define SET(option, value) failed = failed || curl->easy_setopt(easy, option, value) != CURLE_OK

static bool configure(const struct curl *curl, CURL *easy, const char *address,
                      const struct bytes *event, double seconds)
{
    const char *key = getenv("OPENLINEAGE_API_KEY");
    long milliseconds = (long)(seconds * 1000);
    bool failed = false;

    SET(CURLOPT_URL, address);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, (const char *)event->data);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(event->size - 1)); /* without the newline */
    SET(CURLOPT_TIMEOUT_MS, milliseconds);
    SET(CURLOPT_CONNECTTIMEOUT_MS, milliseconds / 2);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "tamis/" TAMIS_VERSION);
    SET(CURLOPT_WRITEFUNCTION, ignore);
    if (key == NULL || key[0] == '\0') return !failed;
    secret_held();
    SET(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    SET(CURLOPT_XOAUTH2_BEARER, key);
    return !failed;
}

static enum status perform(const struct curl *curl, CURL *easy, const char *shown, struct err *err)
{
    long answer = 0;
    CURLcode code = curl->easy_perform(easy);

    if (code != CURLE_OK)
        return fail(err, STATUS_FAILED, "%s: %s", shown, curl->easy_strerror(code));
    curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
    if (answer >= 200 && answer < 300) return STATUS_OK;
    return fail(err, STATUS_FAILED, "%s: the receiver answers with status %ld, expected 200 to 299",
                shown, answer);
}

static enum status post(const struct curl *curl, CURL *easy, const char *address,
                        const struct bytes *event, double seconds, struct err *err)
{
    OWNED(bytes_release) struct bytes shown = bytes_limited(1 << 20);
    struct curl_slist *headers = curl->slist_append(NULL, "Content-Type: application/json");
    enum status status = address_shown(&shown, address, err);

    if (status == STATUS_OK) status = bytes_append(&shown, "", 1, err);
    if (status == STATUS_OK &&
        (headers == NULL || curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
         !configure(curl, easy, address, event, seconds)))
        status =
            fail(err, STATUS_FAILED, "%s: libcurl takes no such address", (const char *)shown.data);
    if (status == STATUS_OK) status = perform(curl, easy, (const char *)shown.data, err);
    curl->slist_free_all(headers);
    return status;
}

enum status emit_post(const char *address, const struct bytes *event, double seconds,
                      struct err *err)
{
    const struct curl *curl = load(err);
    CURL *easy = curl == NULL ? NULL : curl->easy_init();

    if (curl == NULL) return STATUS_FAILED;
    if (easy == NULL) return fail(err, STATUS_FAILED, "libcurl has no memory left");
    enum status status = post(curl, easy, address, event, seconds, err);
    curl->easy_cleanup(easy);
    return status;
}
