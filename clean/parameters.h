/* clean/parameters.h: fitted parameters as JSON and back, the same for every module.
 *
 * Numbers are written so that reading gives the same double (17 digits); what JSON has no number
 * for is written as "NaN", "Infinity", "-Infinity" in quotes. */
#ifndef CLEAN_PARAMETERS_H
#define CLEAN_PARAMETERS_H

#include "base/str.h"
#include "base/yaml.h"

/* "name": value */
MUST_CHECK enum status put_real(struct bytes *json, const char *name, double value,
                                struct err *err);
MUST_CHECK enum status put_text(struct bytes *json, const char *name, struct str value,
                                struct err *err);
MUST_CHECK enum status put_integer(struct bytes *json, const char *name, int64_t value,
                                   struct err *err);
/* [1.5, 2] */
MUST_CHECK enum status put_reals(struct bytes *json, const char *name, const double *values,
                                 size_t count, struct err *err);

/* The same with as many digits as a float needs. */
MUST_CHECK enum status put_floats(struct bytes *json, const char *name, const float *values,
                                  size_t count, struct err *err);

/* STATUS_USAGE with its line when the key is absent or is no number. */
MUST_CHECK enum status get_real(const struct yaml_node *map, const char *name, double *ret,
                                struct err *err);
MUST_CHECK enum status get_text(const struct yaml_node *map, const char *name, struct str *ret,
                                struct err *err);
MUST_CHECK enum status get_integer(const struct yaml_node *map, const char *name, int64_t *ret,
                                   struct err *err);
/* Exactly `count` numbers. */
MUST_CHECK enum status get_reals(const struct yaml_node *map, const char *name, double *ret,
                                 size_t count, struct err *err);
MUST_CHECK enum status get_floats(const struct yaml_node *map, const char *name, float *ret,
                                  size_t count, struct err *err);
/* The map under `name`; STATUS_USAGE when it is absent or something else. */
MUST_CHECK enum status get_map(const struct yaml_node *map, const char *name,
                               const struct yaml_node **ret, struct err *err);

#endif
