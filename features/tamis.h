/* tamis.h: the features of single entities, from within a program.
 *
 *     struct tamis *features = NULL;
 *     struct tamis_error error;
 *     struct tamis_options options = {.store = "/srv/shop/.tamis", .views = "user_activity@prod"};
 *     if (tamis_open(&features, &options, &error) != TAMIS_OK) ...
 *     struct tamis_key key[] = {tamis_integer(17)};
 *     struct tamis_value values[16];
 *     tamis_lookup(features, key, TAMIS_NOW, values, &error);      values[i] is column i
 *     tamis_close(&features);
 *
 * pkg-config --cflags --libs tamis. A handle is a fixed state: the versions its references meant
 * when it was opened. It never changes, so any number of threads may ask it without locks. Answers
 * come from an index file that is mapped into memory; it is made by the first tamis_open of a
 * version (or by the command `tamis-features lookup`) and shared by all processes. Values point
 * into it and stay valid until the handle is closed.
 *
 * When a tag has moved or a new version was put, tamis_refresh gives a new handle; the old one goes
 * on answering until its last thread is done with it and closes it.
 *
 * Which row answers is decided by the code of `tamis-features join`: the newest row at or before
 * the time, not older than the view's ttl, created by then, corrections and deletions applied. */
#ifndef TAMIS_H
#define TAMIS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TAMIS_API __attribute__((visibility("default")))
#else
#define TAMIS_API
#endif

enum tamis_status {
    TAMIS_OK = 0,
    TAMIS_FAILED = 1, /* a file is missing or not what was written, the disk is full, ... */
    TAMIS_USAGE = 2,  /* no such store, view or version; a key of another kind */
    TAMIS_MEMORY = 3,
    TAMIS_BUSY = 4, /* the catalog is locked by somebody else */
};

struct tamis_error {
    char message[2048]; /* what was found, and what was expected; "" when all went well */
    char hint[512];     /* what to do next, or "" */
};

struct tamis; /* store, views, versions */

struct tamis_options {
    const char
        *store; /* the store directory; NULL: $TAMIS_STORE, else the nearest .tamis/ upwards */
    const char *views; /* VIEW[@REF][,VIEW[@REF]...]: entities of the same kinds */
    unsigned flags;    /* of enum tamis_flags */
};
enum tamis_flags {
    TAMIS_NO_AS_KNOWN = 1, /* rows created after the time that is asked about count too */
    TAMIS_NO_PERSONAL = 2, /* features that the view calls personal are left out */
    TAMIS_ONLY_MADE = 4,   /* TAMIS_USAGE where a version has no index yet, instead of making it */
};

/* `error` may be NULL everywhere. On failure *ret is NULL. */
TAMIS_API enum tamis_status tamis_open(struct tamis **ret, const struct tamis_options *options,
                                       struct tamis_error *error);
/* NULL is allowed. Nobody may use the handle, or values from it, any more. */
TAMIS_API void tamis_close(struct tamis **handle);
/* A new handle in *ret where a reference of `handle` means another version, or a view another
 * definition, by now; NULL where all is as it was. `handle` stays as it is. */
TAMIS_API enum tamis_status tamis_refresh(const struct tamis *handle, struct tamis **ret,
                                          struct tamis_error *error);

/* ---- columns ---- */

enum tamis_kind {
    TAMIS_NULL,
    TAMIS_BOOLEAN,  /* .integer is 0 or 1 */
    TAMIS_INTEGER,  /* .integer */
    TAMIS_UNSIGNED, /* .natural (uint64) */
    TAMIS_REAL,     /* .real */
    TAMIS_TEXT,     /* .text, UTF-8, not NUL-terminated */
    TAMIS_BYTES,    /* .text */
    TAMIS_DATE,     /* .integer: days since 1970-01-01 */
    TAMIS_TIME,     /* .integer: ticks since 1970-01-01T00:00:00Z, of the column's unit */
    TAMIS_DURATION, /* .integer: ticks of the column's unit */
    TAMIS_JSON,     /* .text: a decimal, list, ... as JSON */
};

struct tamis_column {
    const char *name; /* VIEW.NAME where several views have the name */
    const char *view;
    enum tamis_kind kind;
    int64_t unit; /* TAMIS_TIME, TAMIS_DURATION: nanoseconds of a tick */
    int personal; /* 1: the view calls it personal */
};

TAMIS_API size_t tamis_column_count(const struct tamis *handle);
/* Borrowed from the handle; name NULL beyond the last column. */
TAMIS_API struct tamis_column tamis_column(const struct tamis *handle, size_t column);
/* -1 where no column has this name. */
TAMIS_API long tamis_column_find(const struct tamis *handle, const char *name);
/* Parts of a key: the columns of `entity` in the view. */
TAMIS_API size_t tamis_key_parts(const struct tamis *handle);
/* The name of a part; NULL beyond the last. */
TAMIS_API const char *tamis_key_name(const struct tamis *handle, size_t part);
/* Number of the version that answers for view `view` (in the order given), -1 beyond the last.
 * Behind a weighted tag (prod=3:90,4:10) the greatest of them: tamis_version_for tells which one a
 * key gets. A column that a version does not have is null for the keys that get this version. */
TAMIS_API int64_t tamis_version_number(const struct tamis *handle, size_t view);

/* ---- keys and values ---- */

/* One part of a key. Whole numbers, booleans (0, 1), dates (days) and times (ticks of the column's
 * unit) are integers, everything else is text. */
struct tamis_key {
    const char *text; /* NULL = an integer */
    size_t size;
    int64_t integer;
};
static inline struct tamis_key tamis_integer(int64_t integer)
{
    struct tamis_key key = {NULL, 0, integer};
    return key;
}
static inline struct tamis_key tamis_text(const char *text, size_t size)
{
    struct tamis_key key = {text, size, 0};
    return key;
}

struct tamis_value {
    enum tamis_kind kind; /* TAMIS_NULL: unknown entity, nothing known by then, too old, or null */
    union {
        int64_t integer;
        uint64_t natural;
        double real;
        struct {
            const char *data;
            size_t size;
        } text;
    };
};

/* The number of the version that answers for `key`: the one that lookup, join and exposure take. */
TAMIS_API enum tamis_status tamis_version_for(const struct tamis *handle, size_t view,
                                              const struct tamis_key *key, int64_t *ret,
                                              struct tamis_error *error);

#define TAMIS_NOW INT64_MIN

/* `key` has tamis_key_parts() parts. `time` is microseconds since 1970-01-01T00:00:00Z, or
 * TAMIS_NOW. `values` gets tamis_column_count() values. An unknown key is no error: all values are
 * null. */
TAMIS_API enum tamis_status tamis_lookup(const struct tamis *handle, const struct tamis_key *key,
                                         int64_t time, struct tamis_value *values,
                                         struct tamis_error *error);
/* `count` keys, one behind the other; the values of key i begin at values[i *
 * tamis_column_count()]. All are answered at the same time. */
TAMIS_API enum tamis_status tamis_lookup_batch(const struct tamis *handle,
                                               const struct tamis_key *keys, size_t count,
                                               int64_t time, struct tamis_value *values,
                                               struct tamis_error *error);

/* "0.1.0" */
TAMIS_API const char *tamis_library_version(void);

#ifdef __cplusplus
}
#endif

#endif
