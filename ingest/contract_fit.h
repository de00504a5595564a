/* ingest/contract_fit.h: the sources of a run held against a contract.
 *
 * The columns are those of the contract in its order, then, where new ones are borne, those that
 * only the sources have. A batch of a source becomes one of these columns; a record that breaks a
 * rule becomes a reject with the first column of the contract that breaks one. Of the records with
 * the same value in a `unique` column the first stays. */
#ifndef INGEST_CONTRACT_FIT_H
#define INGEST_CONTRACT_FIT_H

#include "ingest/contract.h"
#include "ingest/source.h"

struct contract_fit;

/* Borrows everything. Opened sources were told contract->texts. STATUS_VERDICT when a drift is to
 * fail; `*ret` is then set all the same, so that the drift can be recorded. */
MUST_CHECK enum status contract_fit_open(struct contract_fit **ret, const struct contract *contract,
                                         const struct source_kind *kind,
                                         struct source *const *sources, const char *const *names,
                                         size_t count, struct err *err);
const struct schema *contract_fit_schema(const struct contract_fit *fit);
/* From here on record numbers are shown as number(context, source, record) has them. */
void contract_fit_number(struct contract_fit *fit,
                         int64_t (*number)(const void *context, size_t source, int64_t record),
                         const void *context);
/* Rows and rejects of piece number `turn` (0, 1, ... in the order of the run) as the contract has
 * them. Any thread; each turn exactly once. STATUS_VERDICT when values fail a run. */
MUST_CHECK enum status contract_fit_apply(struct contract_fit *fit, size_t source, uint64_t turn,
                                          const struct source_piece *piece,
                                          struct source_rows *rows, struct err *err);
/* Says for a turn that was never applied that others need not wait for it. */
void contract_fit_skip(struct contract_fit *fit, uint64_t turn);
/* What drifted, as rows of drift_events. */
MUST_CHECK enum status contract_fit_record(const struct contract_fit *fit, struct run *run,
                                           struct err *err);
/* "drift: new column \"x\" (evolve)", empty where there was none. */
void contract_fit_remark(const struct contract_fit *fit, char *ret, size_t room);
void contract_fit_close(struct contract_fit **fit);

#endif
