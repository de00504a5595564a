/* clean/normalize.h: the families of methods behind the one module normalize.
 *
 * Each family is a struct clean_module of its own, without a name in the table: module_normalize
 * reads the settings, picks the family and hands every call on. */
#ifndef CLEAN_NORMALIZE_H
#define CLEAN_NORMALIZE_H

#include "clean/module.h"
#include "clean/picture_step.h"

/* In the order of the choices of the setting `method`. */
enum normalize_method {
    NORMALIZE_STANDARD,
    NORMALIZE_MINMAX,
    NORMALIZE_ROBUST,
    NORMALIZE_MAXABS,
    NORMALIZE_LOG,
    NORMALIZE_CLIP,
    NORMALIZE_BINARIZE,
    NORMALIZE_QUANTILE,
    NORMALIZE_POWER,
    NORMALIZE_BIN,
    NORMALIZE_ROWS,
    NORMALIZE_ONE_HOT,
    NORMALIZE_ORDINAL,
};
enum normalize_distribution { DISTRIBUTION_UNIFORM, DISTRIBUTION_NORMAL };
enum normalize_power { POWER_YEO_JOHNSON, POWER_BOX_COX };
enum normalize_edges { EDGES_QUANTILE, EDGES_UNIFORM };
enum normalize_norm { NORM_L2, NORM_L1, NORM_MAX };
enum normalize_drop { DROP_NONE, DROP_FIRST, DROP_BINARY };
enum normalize_unknown { UNKNOWN_IGNORE, UNKNOWN_REJECT };

/* Types of numbers that leave, in the order of the choices of `dtype`. */
enum normalize_dtype { DTYPE_AUTO, DTYPE_FLOAT64, DTYPE_FLOAT32, DTYPE_FLOAT16, DTYPE_UINT8 };

struct normalize_config {
    struct text_list columns;
    int method; /* enum normalize_method */
    int dtype;  /* enum normalize_dtype */
    double low, high;
    bool hold;
    bool center, spread, unit_variance;
    double lower, upper; /* both 0 = the method's own */
    double threshold;
    int64_t quantiles, bins;
    int distribution, power, edges, norm; /* enum normalize_distribution ... */
    int drop, unknown;
    int64_t most_categories, least_count; /* 0 = any */
    struct picture_settings pictures;
};

extern const char normalize_methods[]; /* "standard|minmax|..." */
extern const struct clean_module normalize_scale, normalize_quantile, normalize_power,
    normalize_rows, normalize_categories, normalize_tensors;

/* The word of a method; lives forever. */
const char *normalize_rule(int method);
/* A copy of `before` in which columns[0 ... count - 1], rising, have the type `type`. */
MUST_CHECK enum status normalize_retyped(const struct schema *before, const size_t *columns,
                                         size_t count, enum type_id type, struct schema **ret,
                                         struct err *err);

#endif
