/* clean/impute_settings.h: what a step of impute can be told. */
#ifndef CLEAN_IMPUTE_SETTINGS_H
#define CLEAN_IMPUTE_SETTINGS_H

#include "clean/impute_rows.h"

enum method {
    METHOD_MEDIAN,
    METHOD_MEAN,
    METHOD_MODE,
    METHOD_CONSTANT,
    METHOD_KNN,
    METHOD_RIDGE,
    METHOD_FOREST,
    METHOD_AUTO,
    METHOD_FORWARD,
    METHOD_BACKWARD
};
struct impute_config {
    struct text_list columns;
    int method;
    const char *value;
    bool indicator;
    struct text_list from;
    int64_t neighbors;
    bool round;
    struct text_list by;
    const char *time;
    const struct yaml_node *bounds;
    double drop_columns_above, drop_rows_above;
};

extern const struct setting impute_settings[];
extern const char impute_method_words[];
extern const char *const impute_rules[]; /* by method, for the audit */

/* {column: [least, largest]} into the bounds of `columns`, which stay as they are where none is
 * given. STATUS_USAGE for a column that is not among them and for what is no number. */
MUST_CHECK enum status bounds_parse(const struct yaml_node *map, const struct schema *schema,
                                    const size_t *columns, size_t count, struct bounds *ret,
                                    struct err *err);

#endif
