/* clean/impute_model.h: fills gaps from a row's other columns: by regression, by similar rows, by
 * trees, or by the mixture of all that does best on known cells.
 *
 * Fitted on a sample of at most 20,000 rows, chosen by a hash of (source, record), so that it does
 * not depend on threads or windows. Columns are standardized by the sample. ridge: impute_joint.h.
 * knn: the mean of the nearest `neighbors` of 4,000 sampled rows in which the cell is known
 * (Troyanskaya et al. 2001), by Euclidean distance after ridge has filled both rows. forest:
 * impute_forest.h, grown on the same rows. auto: impute_choose.h. Values stay within what the
 * sample holds of their column. */
#ifndef CLEAN_IMPUTE_MODEL_H
#define CLEAN_IMPUTE_MODEL_H

#include "clean/impute_donors.h"
#include "clean/sample.h"

#include <stdbool.h>
#include <stdint.h>

enum model_kind { MODEL_KNN, MODEL_RIDGE, MODEL_FOREST, MODEL_AUTO };

struct model;
MUST_CHECK enum status model_open(struct model **ret, enum model_kind kind, size_t columns,
                                  size_t neighbors, const struct module_setup *setup,
                                  struct err *err);
/* Where the rows go that the model is fitted to. */
struct sample *model_sample(struct model *model);
MUST_CHECK enum status model_fit(struct model *model, struct err *err);
/* Whether cells may be taken from donors, so that the sample should know its origins. */
bool model_has_donors(const struct model *model);
/* Fills the gaps of one row in place; stays NaN where nothing is known of the column. `work` has
 * room for model_work() doubles. `ret_donated` (by column, may be NULL) gets the donors of each
 * filled cell; count 0 where none had a part. Any thread. */
void model_fill(const struct model *model, double *row, double *work, struct donated *ret_donated);
/* "SOURCE:RECORD, ...", the nearest first. */
MUST_CHECK enum status model_donors_text(const struct model *model, const struct donated *donated,
                                         struct bytes *ret, struct err *err);
size_t model_work(const struct model *model);

MUST_CHECK enum status model_save(const struct model *model, struct bytes *json, struct err *err);
MUST_CHECK enum status model_load(struct model *model, const struct yaml_node *map,
                                  struct err *err);
void model_close(struct model **model);

#endif
