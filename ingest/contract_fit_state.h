/* ingest/contract_fit_state.h: what a fit holds, for contract_fit*.c only. */
#ifndef INGEST_CONTRACT_FIT_STATE_H
#define INGEST_CONTRACT_FIT_STATE_H

#include "ingest/contract_fit.h"
#include "ingest/distinct.h"

#include <pthread.h>
#include <stdatomic.h>

#define ABSENT SIZE_MAX

struct fit_column {
    const struct contract_column *rule; /* NULL: only the sources have it */
    bool refused;                       /* a record with a value here is a reject */
    atomic_int_fast64_t conflicts;      /* records whose value is not of the type */
    struct distinct *seen;              /* of a unique column */
    bool has_minimum, has_maximum;      /* in the type of the output */
    struct scalar minimum, maximum;
};

struct fit_drift {
    enum drift drift;
    enum drift_action action;
    size_t source; /* ABSENT: all */
    const char *column;
    const char *expected, *found; /* types; may be NULL */
    int64_t records;              /* -1: all of the source */
};

struct contract_fit {
    const struct contract *contract;
    const struct source_kind *kind;
    struct source *const *sources;
    const char *const *names;
    size_t source_count;
    struct arena *arena;
    struct schema *schema;
    struct fit_column *columns; /* of the schema */
    size_t *order;              /* [source x column]: where it is in the source, or ABSENT */
    const char **refusal;       /* of each source: why all of its records are rejects, or NULL */
    struct fit_drift *drifts;
    size_t drift_count, drift_room;
    int64_t (*number)(const void *context, size_t source, int64_t record); /* NULL: as it is */
    const void *number_context;
    struct distinct *key_seen; /* of the contract's key; NULL = it has none */
    bool has_unique;
    pthread_mutex_t lock; /* of the turn */
    pthread_cond_t moved;
    bool lock_made;
    uint64_t turn; /* whose rows may be looked up and added next */
};

/* ---- contract_fit_check.c ---- */

/* Which rule a row breaks, and where. */
enum fit_rule {
    FIT_FINE,
    FIT_TYPE,
    FIT_NULL,
    FIT_MINIMUM,
    FIT_MAXIMUM,
    FIT_ALLOWED,
    FIT_PATTERN,
    FIT_LENGTH,
    FIT_KEY,
    FIT_UNIQUE,
    FIT_NEW,
    FIT_REFUSED, /* the whole source */
};
struct fit_fault {
    uint8_t rule;
    uint32_t column;
    int64_t other; /* FIT_UNIQUE, FIT_KEY: the record that had the value first */
    uint64_t other_source;
};

/* The columns of the output, and the fault of each row (`faults`, zeroed). */
MUST_CHECK enum status fit_columns(struct contract_fit *fit, size_t source,
                                   const struct batch *from, struct array **columns,
                                   struct fit_fault *faults, struct err *err);
/* Looks the unique columns of faultless rows up and adds them; when its turn has come. */
MUST_CHECK enum status fit_unique(struct contract_fit *fit, size_t source,
                                  struct array *const *columns, int64_t rows,
                                  const int64_t *records, struct fit_fault *faults,
                                  struct err *err);

/* ---- contract_text.c ---- */

/* ret[row]: FIT_FINE, FIT_LENGTH or FIT_PATTERN. */
MUST_CHECK enum status fit_texts(const struct contract_column *rule, const struct field *field,
                                 const struct array *array, uint8_t *ret, struct err *err);

#endif
