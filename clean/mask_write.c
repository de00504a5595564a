/* clean/mask_write.c: what stands in the place of a find. */
#include "clean/mask_write.h"

#include "base/output.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define PSEUDONYM_BYTES 8

/* ---- key ---- */

static enum status check_key_file(int descriptor, const char *path, struct err *err)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) return fail_errno(err, errno, "key file \"%s\"", path);
    if (!S_ISREG(status.st_mode))
        return fail(err, STATUS_USAGE, "key file \"%s\" is not a regular file", path);
    if ((status.st_mode & 077) != 0) {
        fail(err, STATUS_USAGE, "key file \"%s\" has mode %04o, expected 0600", path,
             (unsigned)(status.st_mode & 07777));
        err_hint(err, "others could read the key: chmod 600 %s", path);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

enum status mask_key_read(struct mask_key *ret, const char *path, struct err *err)
{
    OWNED(descriptor_close)
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) {
        enum status status = fail_errno(err, errno, "key file \"%s\"", path);
        err_hint(err, "make one: (umask 077; head -c 32 /dev/urandom > FILE)");
        return status == STATUS_FAILED ? STATUS_USAGE : status;
    }
    TRY(check_key_file(descriptor, path, err));
    uint8_t bytes[MASK_KEY_MAXIMUM + 1];
    ssize_t size = read(descriptor, bytes, sizeof bytes);
    if (size < 0) return fail_errno(err, errno, "key file \"%s\"", path);
    while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    bool fits = size >= MASK_KEY_LEAST && size <= MASK_KEY_MAXIMUM;
    if (fits) {
        memcpy(ret->bytes, bytes, (size_t)size);
        ret->size = (size_t)size;
    }
    sodium_memzero(bytes, sizeof bytes);
    if (fits) return STATUS_OK;
    return fail(err, STATUS_USAGE, "key file \"%s\" holds %zd bytes, expected %d to %d", path, size,
                MASK_KEY_LEAST, MASK_KEY_MAXIMUM);
}

void mask_key_forget(struct mask_key *key)
{
    sodium_memzero(key, sizeof *key);
}

/* ---- pseudonyms ---- */

/* One spelling for one value. */
static enum status spell(struct str value, enum mask_kind kind, struct bytes *ret, struct err *err)
{
    bool number = kind == MASK_CARD || kind == MASK_PHONE || kind == MASK_IBAN ||
                  kind == MASK_MAC || (kind >= MASK_FIRST_NATIONAL && kind <= MASK_LAST_NATIONAL);
    TRY(bytes_reserve(ret, value.size, err));
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (number && !is_letter(c) && !is_digit(c) && !(c == '+' && i == 0)) continue;
        c = kind == MASK_IBAN ? (char)toupper((unsigned char)c) : (char)tolower((unsigned char)c);
        ret->data[ret->size++] = (uint8_t)c;
    }
    return STATUS_OK;
}

static enum status write_pseudonym(struct str value, enum mask_kind kind,
                                   const struct mask_key *key, struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes spelled = bytes_limited(value.size + 1);
    crypto_auth_hmacsha256_state hmac;
    uint8_t digest[crypto_auth_hmacsha256_BYTES];
    TRY(spell(value, kind, &spelled, err));
    crypto_auth_hmacsha256_init(&hmac, key->bytes, key->size);
    crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)mask_kinds[kind].label,
                                  strlen(mask_kinds[kind].label) + 1);
    crypto_auth_hmacsha256_update(&hmac, spelled.data, spelled.size);
    crypto_auth_hmacsha256_final(&hmac, digest);
    TRY(bytes_format(ret, err, "%s_", mask_kinds[kind].label));
    for (size_t i = 0; i < PSEUDONYM_BYTES; i++)
        TRY(bytes_format(ret, err, "%02x", digest[i]));
    return STATUS_OK;
}

/* ---- truncation ---- */

/* Stars for all letters and digits but the last `keep`. */
static enum status write_last(struct str value, size_t keep, struct bytes *ret, struct err *err)
{
    size_t places = 0, seen = 0;
    for (size_t i = 0; i < value.size; i++)
        places += is_letter(value.data[i]) || is_digit(value.data[i]);
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (!is_letter(c) && !is_digit(c)) continue;
        TRY(bytes_append(ret, seen++ + keep < places ? "*" : &c, 1, err));
    }
    return STATUS_OK;
}

static enum status write_truncated(struct str value, enum mask_kind kind, struct bytes *ret,
                                   struct err *err)
{
    const char *mark;
    size_t keep;
    switch (kind) {
    case MASK_EMAIL:
        mark = memchr(value.data, '@', value.size);
        TRY(bytes_append(ret, value.data, 1, err));
        TRY(bytes_append_text(ret, "***", err));
        return bytes_append(ret, mark, (size_t)(value.data + value.size - mark), err);
    case MASK_IP:
        mark = memchr(value.data, ':', value.size);
        if (mark != NULL) { /* the first group of an IPv6 address */
            TRY(bytes_append(ret, value.data, (size_t)(mark - value.data), err));
            return bytes_append_text(ret, "::", err);
        }
        mark = memrchr(value.data, '.', value.size);
        TRY(bytes_append(ret, value.data, (size_t)(mark - value.data), err));
        return bytes_append_text(ret, ".0", err);
    case MASK_URL:
        mark = memchr(value.data, ':', value.size);
        keep = mark != NULL && peek(value, (size_t)(mark - value.data) + 1) == '/'
                   ? (size_t)(mark - value.data) + 3
                   : 0;
        while (keep < value.size && value.data[keep] != '/' && value.data[keep] != '?')
            keep++;
        return bytes_append(ret, value.data, keep, err);
    case MASK_IBAN:
        TRY(bytes_append(ret, value.data, 2, err));
        return write_last((struct str){value.data + 2, value.size - 2}, 4, ret, err);
    case MASK_CARD: return write_last(value, 4, ret, err);
    default: return write_last(value, 2, ret, err);
    }
}

/* ---- text ---- */

static enum status write_hit(struct str value, enum mask_kind kind, enum mask_action action,
                             const struct mask_key *key, struct bytes *ret, struct err *err)
{
    switch (action) {
    case MASK_PSEUDONYM: return write_pseudonym(value, kind, key, ret, err);
    case MASK_TRUNCATE: return write_truncated(value, kind, ret, err);
    case MASK_REDACT: break;
    }
    return bytes_format(ret, err, "[%s]", mask_kinds[kind].label);
}

enum status mask_write(struct str text, const struct mask_hits *hits, enum mask_action action,
                       const struct mask_key *key, struct bytes *ret, struct err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < hits->count; i++) {
        const struct mask_hit *hit = &hits->items[i];
        struct str value = {text.data + hit->first, hit->end - hit->first};
        TRY(bytes_append(ret, text.data + at, hit->first - at, err));
        TRY(write_hit(value, hit->kind, action, key, ret, err));
        at = hit->end;
    }
    return bytes_append(ret, text.data + at, text.size - at, err);
}
