/* clean/module.h: one cleaning module is one file behind this struct.
 *
 * To add a module: write clean/module_NAME.c with a `const struct clean_module module_NAME`, add
 * one line to the table in clean/modules.c and one to clean/meson.build, and a folder tests/cli/
 * clean-NAME. The chain owns reading, threads, spooling, passes, the order of output, row events,
 * rejects and balance; a module owns one idea. A module never sees a sibling.
 *
 * Life: open, then for a module with a fit: for each pass: observe every window (parallel), absorb
 * the tallies in window order (serial), settle (serial); then apply every window (parallel, the
 * state is read-only). A module without `observe` is row-wise and is fused with its neighbors. */
#ifndef CLEAN_MODULE_H
#define CLEAN_MODULE_H

#include "base/memory.h"
#include "base/setting.h"
#include "columnar/build.h"
#include "lineage/run.h"

/* Rows in a fixed cut of the input: at most 65,536 rows and 64 MiB, whatever the threads or the
 * memory. `batch` has the schema the module was opened with. */
struct window {
    int64_t index;     /* 0, 1, 2 ... */
    int64_t first_row; /* ordinal of row 0 among the rows that reach this module */
    const struct batch *batch;
    /* Position of the provenance columns in batch, -1 where absent. */
    int64_t source_column, record_column;
};

enum on_fail { ON_FAIL_FLAG, ON_FAIL_NULL, ON_FAIL_FIX, ON_FAIL_REJECT };

/* What a module gets when it is opened. */
struct module_setup {
    const void *config;           /* filled from `settings`; lives as long as the state */
    const struct schema *schema;  /* of the rows that reach it */
    const struct yaml_node *node; /* its map in the recipe, for messages; may be NULL */
    int position;                 /* step in the recipe, 1-based */
    int64_t seed;
    size_t threads;
    size_t memory;       /* bytes this module may hold while fitting */
    int64_t as_of;       /* microseconds, or INT64_MIN */
    struct arena *arena; /* lives as long as the state */
};

/* What apply changes about one window. The chain makes it, filters rows afterwards and records the
 * events. Functions below are for the thread that runs apply. */
struct change;
/* The columns the window goes on with; they start as the window's own. Takes the array. */
void change_column(struct change *change, size_t column, struct array **array);
/* Cells of `column` that are not what they were. */
void change_cells(struct change *change, size_t column, int64_t cells);
/* Removes row `row` (0-based in the window) for a reason; the first reason wins. `rule`, `column`
 * and `threshold` must outlive the run (constants, schema names, setup arena). */
MUST_CHECK enum status change_reject(struct change *change, int64_t row, const char *rule,
                                     const char *column, struct str value, const char *threshold,
                                     struct err *err);
MUST_CHECK enum status change_drop(struct change *change, int64_t row, const char *rule,
                                   const char *column, struct str value, const char *threshold,
                                   struct err *err);
MUST_CHECK enum status change_merge(struct change *change, int64_t row, struct str into_source,
                                    int64_t into_record, const char *rule, struct str value,
                                    const char *threshold, struct err *err);
/* Whether an earlier call removed the row. */
bool change_removed(const struct change *change, int64_t row);
/* A finding that keeps the row but fails the data (verdict 3) or warns; counted by rule. */
MUST_CHECK enum status change_finding(struct change *change, const char *rule, const char *column,
                                      int64_t rows, struct err *err);

struct clean_module {
    const char *name;    /* "impute" */
    const char *summary; /* one line */
    const char *source;  /* paper or document and section of its method */
    const struct setting *settings;
    size_t config_bytes;

    /* Checks the settings against the schema ("line 7, column 5: ..." through fail_at), makes the
     * state and, if columns are added, retyped or removed, a new schema; *ret_schema NULL = same as
     * setup->schema. Required. */
    enum status (*open)(void **ret_state, const struct module_setup *setup,
                        struct schema **ret_schema, struct err *err);
    /* The schema is known only after the fit (types): called after settle; *ret NULL = as opened.
     */
    enum status (*fitted_schema)(const void *state, struct schema **ret, struct err *err);

    /* Fit. All four NULL for a row-wise module. */
    int passes; /* 0 or 1 = one pass; more where the fit needs it */
    size_t tally_bytes;
    /* Fills a zeroed tally from one window. Parallel. */
    enum status (*observe)(const void *state, int pass, const struct window *window, void *tally,
                           struct err *err);
    /* Folds a tally into the state, in window order, and frees what it holds. Serial. */
    enum status (*absorb)(void *state, int pass, void *tally, struct err *err);
    /* Frees a tally that will not be absorbed. NULL = nothing to free. */
    void (*discard)(void *tally);
    /* Ends a pass. *ret_more true asks for another pass even beyond `passes`. */
    enum status (*settle)(void *state, int pass, bool *ret_more, struct err *err);

    /* Changes one window. Parallel; the state is read-only. Required. */
    enum status (*apply)(const void *state, const struct window *window, struct change *change,
                         struct err *err);

    /* A verdict over the whole run after the last window (validate's `mostly`, uniqueness): appends
     * findings. NULL = none. `findings` counts by rule as change_finding gave them. */
    enum status (*conclude)(void *state, int64_t rows, bool *ret_failed, struct bytes *ret_report,
                            struct err *err);
    /* Fitted parameters as JSON, for --save-state and module_effects, and back. NULL = none. */
    enum status (*save)(const void *state, struct bytes *ret_json, struct err *err);
    enum status (*load)(void *state, const struct yaml_node *parameters, struct err *err);
    /* Which input columns each output column came from; NULL = every column from itself. */
    enum status (*column_lineage)(const void *state, struct run *run, struct err *err);
    void (*close)(void **state);
};

extern const struct clean_module *const clean_modules[]; /* the twelve, in order; NULL-terminated */
const struct clean_module *module_named(struct str name);

/* The columns a step works on: names and simple globs ("x*") of `list`, or, when it is empty, every
 * column for which `fits` says yes (provenance columns never). *ret_columns in the arena.
 * STATUS_USAGE with "did you mean" for a name that is not there. */
MUST_CHECK enum status module_columns(const struct module_setup *setup,
                                      const struct text_list *list,
                                      bool (*fits)(const struct field *field), size_t **ret_columns,
                                      size_t *ret_count, struct err *err);
/* _source and _record of a row, or an empty source and the ordinal. */
void window_provenance(const struct window *window, int64_t row, struct str *ret_source,
                       int64_t *ret_record);

#endif
