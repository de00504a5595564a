/* clean/mask_write.c: what stands in the place of a find. */
#include "clean/mask_write.h"

#include "base/output.h"
#include "base/secret.h"
#include "clean/mask_format.h"

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
    if ((status.st_mode & 07777 & ~(mode_t)0600) != 0) {
        fail(err, STATUS_USAGE, "key file \"%s\" has mode %04o, expected 0600", path,
             (unsigned)(status.st_mode & 07777));
        err_hint(err, "the key is its owner's alone: chmod 600 %s", path);
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
    secret_hide(ret, sizeof *ret);
    ssize_t size = read(descriptor, bytes, sizeof bytes);
    int reason = errno;
    if (size < 0) sodium_memzero(bytes, sizeof bytes);
    if (size < 0) return fail_errno(err, reason, "key file \"%s\"", path);
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

void mask_key_digest(const struct mask_key *key, const char *label, struct str bytes,
                     uint8_t ret[32])
{
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init(&hmac, key->bytes, key->size);
    crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)label, strlen(label) + 1);
    crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)bytes.data, bytes.size);
    crypto_auth_hmacsha256_final(&hmac, ret);
}

static enum status write_pseudonym(struct str value, enum mask_kind kind,
                                   const struct mask_key *key, struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes spelled = bytes_limited(value.size + 1);
    uint8_t digest[crypto_auth_hmacsha256_BYTES];
    TRY(spell(value, kind, &spelled, err));
    mask_key_digest(key, mask_kinds[kind].label,
                    (struct str){(const char *)spelled.data, spelled.size}, digest);
    TRY(bytes_format(ret, err, "%s_", mask_kinds[kind].label));
    for (size_t i = 0; i < PSEUDONYM_BYTES; i++)
        TRY(bytes_format(ret, err, "%02x", digest[i]));
    return STATUS_OK;
}

/* ---- truncation ---- */

static size_t places_of(struct str value)
{
    size_t places = 0;
    for (size_t i = 0; i < value.size; i++)
        places += is_letter(value.data[i]) || is_digit(value.data[i]);
    return places;
}

/* Stars for all letters and digits but the last `keep`. */
static enum status write_last(struct str value, size_t keep, struct bytes *ret, struct err *err)
{
    size_t places = places_of(value), seen = 0;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (!is_letter(c) && !is_digit(c)) continue;
        TRY(bytes_append(ret, seen++ + keep < places ? "*" : &c, 1, err));
    }
    return STATUS_OK;
}

/* "K. M." of Karin Meier. */
static enum status write_initials(struct str value, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < value.size; i++) {
        bool begins = (i == 0 || value.data[i - 1] == ' ') && is_word(value.data[i]);
        if (!begins) continue;
        size_t size = 1;
        while (i + size < value.size && ((unsigned char)value.data[i + size] & 0xc0) == 0x80)
            size++;
        if (ret->size > 0 && i > 0) TRY(bytes_append_text(ret, " ", err));
        TRY(bytes_append(ret, value.data + i, size, err));
        TRY(bytes_append_text(ret, ".", err));
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
        if (mark == NULL) return write_last(value, 0, ret, err);
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
        if (mark == NULL) return write_last(value, 0, ret, err);
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
        if (value.size < 8) return write_last(value, 0, ret, err);
        TRY(bytes_append(ret, value.data, 2, err));
        return write_last((struct str){value.data + 2, value.size - 2}, 4, ret, err);
    case MASK_CARD: return write_last(value, 4, ret, err);
    case MASK_PERSON:
    case MASK_PLACE:
    case MASK_ORGANIZATION:
    case MASK_ADDRESS:
    case MASK_LISTED: return write_initials(value, ret, err);
    default: /* two digits of an age are the age */
        keep = places_of(value) / 2;
        return write_last(value, keep < 2 ? keep : 2, ret, err);
    }
}

/* ---- coarser ---- */

static enum status write_label(enum mask_kind kind, struct bytes *ret, struct err *err)
{
    return bytes_format(ret, err, "[%s]", mask_kinds[kind].label);
}

static enum status write_decade(struct str value, struct bytes *ret, struct err *err)
{
    int age = 0;
    for (size_t i = 0; i < value.size && is_digit(value.data[i]) && i < 3; i++)
        age = age * 10 + value.data[i] - '0';
    return bytes_format(ret, err, "%d-%d", age / 10 * 10, age / 10 * 10 + 9);
}

static enum status write_coarse(struct str value, enum mask_kind kind, struct bytes *ret,
                                struct err *err)
{
    int year;
    const char *mark;
    switch (kind) {
    case MASK_DATE:
        if (mask_year_of(value, &year)) return bytes_format(ret, err, "%04d", year);
        return write_label(kind, ret, err);
    case MASK_AGE: return write_decade(value, ret, err);
    case MASK_IP:
    case MASK_URL: return write_truncated(value, kind, ret, err);
    case MASK_EMAIL:
        mark = memchr(value.data, '@', value.size);
        if (mark == NULL) return write_label(kind, ret, err);
        return bytes_append(ret, mark, (size_t)(value.data + value.size - mark), err);
    default: return write_label(kind, ret, err);
    }
}

/* ---- text ---- */

static enum status write_moved(struct str value, enum mask_kind kind,
                               const struct mask_style *style, int64_t days, struct bytes *ret,
                               struct err *err)
{
    bool done = false;
    enum mask_action action = style->actions[kind];
    if (kind == MASK_DATE) {
        if (action != MASK_RESTORE) TRY(mask_shift_text(value, days, ret, &done, err));
        return done ? STATUS_OK : write_label(kind, ret, err);
    }
    if (action == MASK_SHIFT) return write_label(kind, ret, err);
    if (mask_has_format(kind))
        TRY(mask_format(value, kind, style->key, action == MASK_RESTORE, ret, &done, err));
    return done ? STATUS_OK : write_pseudonym(value, kind, style->key, ret, err);
}

enum status mask_write_one(struct str value, enum mask_kind kind, const struct mask_style *style,
                           int64_t days, struct bytes *ret, struct err *err)
{
    switch (style->actions[kind]) {
    case MASK_REPLACE: return bytes_append_text(ret, style->replacement, err);
    case MASK_PSEUDONYM: return write_pseudonym(value, kind, style->key, ret, err);
    case MASK_TRUNCATE:
        if (style->keep >= 0) return write_last(value, (size_t)style->keep, ret, err);
        return write_truncated(value, kind, ret, err);
    case MASK_FORMAT:
    case MASK_RESTORE:
    case MASK_SHIFT: return write_moved(value, kind, style, days, ret, err);
    case MASK_GENERALIZE: return write_coarse(value, kind, ret, err);
    case MASK_DROP:
    case MASK_REDACT: break;
    }
    return write_label(kind, ret, err);
}

enum status mask_write(struct str text, const struct mask_hits *hits,
                       const struct mask_style *style, int64_t days, struct bytes *ret,
                       struct err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < hits->count; i++) {
        const struct mask_hit *hit = &hits->items[i];
        struct str value = {text.data + hit->first, hit->end - hit->first};
        TRY(bytes_append(ret, text.data + at, hit->first - at, err));
        TRY(mask_write_one(value, hit->kind, style, days, ret, err));
        at = hit->end;
    }
    return bytes_append(ret, text.data + at, text.size - at, err);
}
