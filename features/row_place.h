/* features/row_place.h: where a row came from: its _source and _record, where it has them. */
#ifndef FEATURES_ROW_PLACE_H
#define FEATURES_ROW_PLACE_H

#include "columnar/array.h"

struct row_place {
    size_t source, record; /* columns */
};
/* Of the provenance columns; false where one is absent or of another type. */
bool row_place_find(const struct schema *schema, struct row_place *ret);
/* Of columns with other names, as in audit files. */
bool row_place_named(const struct schema *schema, const char *source, const char *record,
                     struct row_place *ret);
/* false where one is null. */
bool row_place_at(const struct row_place *place, const struct batch *batch, int64_t row,
                  struct str *ret_source, int64_t *ret_record);

#endif
