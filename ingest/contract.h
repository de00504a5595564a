/* ingest/contract.h: what a source has to be like: a YAML file of columns, their types and rules,
 * and what to do when a source drifts away from it.
 *
 *   columns:
 *     id: {type: int64, nullable: false, unique: true}
 *     email: {type: utf8, personal: true}
 *   key: [shop, number]
 *   on_drift: {new: evolve, missing: fail, retyped: reject, reordered: evolve}
 */
#ifndef INGEST_CONTRACT_H
#define INGEST_CONTRACT_H

#include "base/digest.h"
#include "base/memory.h"
#include "base/setting.h"
#include "columnar/schema.h"
#include "ingest/scalar.h"

enum drift {                  /* how a source differs from its contract */
             DRIFT_NEW,       /* it has a column that the contract has not */
             DRIFT_MISSING,   /* it has not a column that the contract has */
             DRIFT_RETYPED,   /* values of a column are not of its type */
             DRIFT_REORDERED, /* the columns stand in another order */
             DRIFT_COUNT
};
extern const char *const drift_names[DRIFT_COUNT]; /* "new", "missing", ... */

enum drift_action {                  /* what then becomes of the run */
                    DRIFT_FAIL,      /* it ends: exit code 3, nothing is written */
                    DRIFT_EVOLVE,    /* the output follows the source */
                    DRIFT_REJECT,    /* the records concerned are rejects */
                    DRIFT_AS_WRITTEN /* no --on-drift: the contract decides */
};
extern const char *const drift_action_names[]; /* "fail", "evolve", "reject" */

struct contract_column {
    const char *name;
    bool typed; /* has `type`; any type else */
    struct field type;
    bool nullable, unique, personal;
    bool has_minimum, has_maximum;
    struct scalar minimum, maximum;
    const char *minimum_text, *maximum_text;
    struct text_list allowed;         /* as the values read as text */
    struct contract_pattern *pattern; /* that all of a value as text matches; NULL = none */
    const char *pattern_text;
    int64_t length_least, length_most; /* characters of a value as text */
    int line;                          /* in the file */
};

struct contract {
    struct arena *arena;
    const char *name; /* of the file */
    struct contract_column *columns;
    size_t count;
    enum drift_action on_drift[DRIFT_COUNT];
    struct digest digest; /* of what it says, not of how it is laid out */
    const char *json;
    struct text_list key;   /* columns that together have no value twice, and no null */
    struct text_list texts; /* columns that a kind without types leaves as text */
};

/* Reads and checks a contract. STATUS_USAGE names line, column and the nearest known word.
 * `on_drift` other than DRIFT_AS_WRITTEN goes before what the file says. */
MUST_CHECK enum status contract_load(struct contract **ret, const char *path,
                                     enum drift_action on_drift, struct err *err);
/* The same for a schema that is already known: its columns with their types, nothing else. New
 * columns, missing ones and other types make records rejects. */
MUST_CHECK enum status contract_of_schema(struct contract **ret, const struct schema *schema,
                                          struct err *err);
/* ---- contract_text.c ---- */

/* A PCRE2 expression for whole values. STATUS_USAGE says what is wrong with it, and where. */
MUST_CHECK enum status contract_pattern_open(struct contract_pattern **ret, const char *text,
                                             struct err *err);
void contract_pattern_close(struct contract_pattern **pattern);
/* One number, or the least and the most; none = any. */
MUST_CHECK enum status contract_length_read(const struct text_list *list, int64_t *ret_least,
                                            int64_t *ret_most, struct err *err);

/* NULL where the contract has no such column. */
const struct contract_column *contract_find(const struct contract *contract, struct str name);
void contract_close(struct contract **contract);

#endif
