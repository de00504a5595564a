/* features/key_text.h: entity keys as people type them. */
#ifndef FEATURES_KEY_TEXT_H
#define FEATURES_KEY_TEXT_H

#include "base/setting.h"
#include "columnar/build.h"

/* The entity columns of `schema`, dictionaries as their values, in the order of `names`. */
MUST_CHECK enum status key_text_schema(struct schema **ret, const struct schema *schema,
                                       const struct text_list *names, struct err *err);
/* Appends one key: a value a column of the builder's schema, parted by commas where there are
 * several (the last one may hold commas). STATUS_USAGE where a part is not a value of its column's
 * type. */
MUST_CHECK enum status key_text_add(struct batch_builder *builder, const struct schema *schema,
                                    struct str text, struct err *err);

#endif
