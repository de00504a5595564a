/* tests/unit/clean/harness.h: runs one module without the chain: opens it from a recipe line, fits
 * and applies it over rows in memory, cut into windows, on one or more threads.
 *
 *   struct trial trial = {.words = "impute columns=age method=median", .window_rows = 2};
 *   OWNED(batch_release) struct batch input = trial_input("age:int64", "1\n\n3\n");
 *   trial_run(&trial, &impute, &input);
 *   assert_string_equal(trial_text(&trial), "age\n1\n2\n3\n");
 *   trial_close(&trial); */
#ifndef TESTS_CLEAN_HARNESS_H
#define TESTS_CLEAN_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clean/change.h"

#include <cmocka.h>

/* Tests include this header first: cmocka's macro fail() would hide base/err.h's function. */

struct trial {
    /* Set by the test. */
    const char *words;     /* a recipe line (base/yaml.h yaml_from_words), or ... */
    const char *yaml;      /* ... a YAML map with one key: "impute: {columns: [age]}" */
    int64_t window_rows;   /* 0 = one window of at most 65,536 */
    size_t threads;        /* 0 = 1 */
    size_t memory;         /* what the module may hold; 0 = 64 MiB */
    struct device *device; /* NULL = the processor */
    const char *load;      /* saved parameters as YAML or JSON: loaded instead of fitted */

    /* Results. */
    struct batch output;      /* all windows, concatenated, removed rows gone */
    struct removal *removals; /* of all windows; `row` counts in the input */
    size_t removal_count;
    struct finding *findings; /* added up */
    size_t finding_count;
    int64_t cells;       /* changed, all columns */
    bool failed;         /* conclude's verdict */
    struct bytes report; /* conclude's lines, NUL-terminated */
    struct bytes saved;  /* fitted parameters, NUL-terminated; empty without save */
    enum status status;  /* of trial_try */
    struct err err;

    /* Private. */
    struct arena *arena;
    struct yaml *recipe, *parameters;
    void *config, *state;
    struct schema *before, *after;
    struct bytes text;
};

/* Everything; fails the test on an error. */
void trial_run(struct trial *trial, const struct clean_module *module, const struct batch *input);
/* The same for tests of errors: gives back the status, with trial->err. */
enum status trial_try(struct trial *trial, const struct clean_module *module,
                      const struct batch *input);
/* The output as CSV-like lines: names, then values; null is an empty cell. Until trial_close. */
const char *trial_text(struct trial *trial);
void trial_close(struct trial *trial);

/* Rows from text: columns as "name:type|name:type" (types as field_type_parse reads them), one line
 * a row, cells separated by "|" as well. An empty cell is null; "" is an empty text. Escapes \n,
 * \t, \\ and \xHH in texts. Fails the test when it does not parse. */
struct batch trial_input(const char *columns, const char *lines);

#endif
