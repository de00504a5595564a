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
#include "clean/checks.h"
#include "clean/device.h"
#include "clean/wire.h"
#include "columnar/build.h"

/* Rows in a fixed cut of the input: at most 65,536 rows and 64 MiB, whatever the threads or the
 * memory. `batch` has the schema the module was opened with. */
struct window {
    int64_t index; /* 0, 1, 2 ...; the same window has the same index in observe and apply */
    /* Row i of the window is row number first_row + i: unique and rising over the run, the same in
     * observe and apply, with gaps where earlier steps removed rows (first_row = 65,536 x index).
     */
    int64_t first_row;
    const struct batch *batch;
    const int64_t *ordinals; /* of the rows in the run's input, 1-based; NULL with provenance */
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
    size_t memory;         /* bytes this module may hold while fitting */
    int64_t as_of;         /* microseconds, or INT64_MIN */
    struct device *device; /* where a module with `uses_device` computes; NULL = the processor */
    struct arena *arena;   /* lives as long as the state */
    /* 16 bytes that the shards of a run share, where tallies of one are compared with those of
     * another; NULL = alone. */
    const uint8_t *secret;
};

/* What apply changes about one window. The chain makes it, filters rows afterwards and records the
 * events. Functions below are for the thread that runs apply. */
struct change;
/* Sets a column the window goes on with, as long as the window (removed rows included; the chain
 * filters). `column` counts in the schema that leaves the module. A column whose name entered the
 * module starts as that column; every other must be set. Takes the array. */
void change_column(struct change *change, size_t column, struct array **array);
/* Cells of `column` (in the schema that leaves) that are not what they were. */
void change_cells(struct change *change, size_t column, int64_t cells);
/* Why a cell of `column` (in the schema that leaves) is not what it was, and how sure that is (0 to
 * 1, NAN = not said); for --audit cells, ignored without it. Cells without a note are told with the
 * module's name only. `rule` must outlive the run. */
MUST_CHECK enum status change_note(struct change *change, size_t column, int64_t row,
                                   const char *rule, double confidence, struct err *err);
/* The same with the rows the value was taken from, as text (copied); nothing is kept where nobody
 * reads it: ask change_wants_notes before making the text. */
MUST_CHECK enum status change_note_donors(struct change *change, size_t column, int64_t row,
                                          const char *rule, struct str donors, struct err *err);
bool change_wants_notes(const struct change *change);
/* The same for every changed cell of the column that has no note of its own. */
void change_rule(struct change *change, size_t column, const char *rule);
/* Removes row `row` (0-based in the window) for a reason; the first reason wins. `rule`, `column`
 * and `threshold` must outlive the run (constants, schema names, setup arena); `value` is copied,
 * cut at 256 bytes. */
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
/* A finding that keeps its rows: added up by (rule, column) and given to conclude; a module without
 * conclude has them shown as warnings. */
MUST_CHECK enum status change_finding(struct change *change, const char *rule, const char *column,
                                      int64_t rows, struct err *err);
struct finding {
    const char *rule;
    const char *column; /* may be NULL */
    int64_t rows;
};

/* Where the columns that leave a module came from; the chain composes the hops of its steps.
 * kind "DIRECT" or "INDIRECT", subtype in OpenLineage's words (IDENTITY, TRANSFORMATION,
 * AGGREGATION, FILTER, CONDITIONAL, ...). */
struct column_lineage;
MUST_CHECK enum status column_from(struct column_lineage *lineage, const char *output_column,
                                   const char *input_column, const char *kind, const char *subtype,
                                   bool masked, struct err *err);
/* The column had a part in which rows are left, and so in every column that leaves: FILTER where
 * its values were held against a rule, GROUP_BY where rows were brought together by them, SORT
 * where they decided which row of a group stays. */
MUST_CHECK enum status column_filters(struct column_lineage *lineage, const char *input_column,
                                      const char *subtype, struct err *err);
/* The columns had a part in `output_column` (INDIRECT), or where that is NULL in which rows are
 * left. They count in `schema`; NULL = all of them. */
MUST_CHECK enum status columns_decide(struct column_lineage *lineage, const char *output_column,
                                      const struct schema *schema, const size_t *columns,
                                      size_t count, const char *subtype, struct err *err);

struct clean_module {
    const char *name;    /* "impute" */
    const char *summary; /* one line */
    const char *source;  /* paper or document and section of its method */
    const struct setting *settings;
    size_t config_bytes;
    bool uses_device; /* parts of it can be computed on a GPU (clean/device.h) */

    /* Checks the settings against the schema ("line 7, column 5: ..." through fail_at), makes the
     * state and, if columns are added, retyped or removed, a new schema; *ret_schema NULL = same as
     * setup->schema. Required. */
    enum status (*open)(void **ret_state, const struct module_setup *setup,
                        struct schema **ret_schema, struct err *err);
    /* The schema is known only after the fit (types): called after settle; *ret NULL = as opened.
     */
    enum status (*fitted_schema)(const void *state, struct schema **ret, struct err *err);
    /* Whether this recipe step learns its schema; NULL = yes, where there is a fitted_schema. */
    bool (*learns_schema)(const void *state);

    /* Fit. All four NULL for a row-wise module. */
    int passes;        /* 0 or 1 = one pass; more where the fit needs it */
    bool removes_rows; /* apply may drop, reject or merge: never shares a pass with a later fit */
    /* Whether this recipe step may, where removes_rows depends on its settings; NULL = yes. */
    bool (*may_remove)(const void *state);
    /* Whether this recipe step needs its fit at all (images only for odd sizes); NULL = yes. */
    bool (*needs_fit)(const void *state);
    /* The setting without which it never does, for a step that is not open yet; NULL = not said. */
    const char *fit_setting;
    /* Whether the step reads or changes a column of the schema it was opened with. Neighbors that
     * touch no column in common and keep all rows learn in one shared pass; its windows may then
     * lack columns at the end that the step does not touch. NULL = any column. */
    bool (*touches)(const void *state, size_t column);
    /* Bytes that apply adds to a row beyond what entered, where they are many (tensors): windows
     * are cut so that the rows that leave are as few megabytes as those that enter. NULL = none. */
    size_t (*growth)(const void *state);
    size_t tally_bytes;
    /* Fills a zeroed tally from one window. Parallel. */
    enum status (*observe)(const void *state, int pass, const struct window *window, void *tally,
                           struct err *err);
    /* Folds a tally into the state, in window order, and frees what it holds. Serial. */
    enum status (*absorb)(void *state, int pass, void *tally, struct err *err);
    /* Frees a tally that will not be absorbed. NULL = nothing to free. */
    void (*discard)(void *tally);
    /* Shards (clean/shard.h). The tally as bytes, and back into a zeroed one, so that observe may
     * run on another machine than absorb; parallel. NULL: the rows are exchanged instead. */
    enum status (*carry)(const void *state, int pass, void *tally, struct wire *wire,
                         struct err *err);
    /* Whether this recipe step has such a tally; NULL = yes, where there is a carry. Steps that
     * read the rows more than once to learn, and keep what they saw between, have none. */
    bool (*carries)(const void *state);
    /* Whether load of what save wrote makes a state that does to the rows that were learned from
     * the very same as the one that learned; NULL = no: what the step does is recorded, not
     * repeated. */
    bool (*parameters_suffice)(const void *state);
    /* What apply counted for conclude and checks, as bytes, and, when reading, added to what this
     * state counted. NULL = nothing but findings. */
    enum status (*carry_counts)(void *state, struct wire *wire, struct err *err);
    /* Ends a pass. *ret_more true asks for another pass even beyond `passes`. */
    enum status (*settle)(void *state, int pass, bool *ret_more, struct err *err);

    /* Changes one window. Parallel; the state is read-only. Required. */
    enum status (*apply)(const void *state, const struct window *window, struct change *change,
                         struct err *err);

    /* A verdict over the whole run after the last window (validate's `mostly`, uniqueness). `rows`
     * reached the module; `findings` are the sums of change_finding. Appends lines for people to
     * ret_report. *ret_failed true makes the run's verdict failed (exit 3). NULL = none. */
    enum status (*conclude)(void *state, int64_t rows, const struct finding *findings, size_t count,
                            bool *ret_failed, struct bytes *ret_report, struct err *err);
    /* Every expectation and what became of it, for --checks; after the last window. NULL = none. */
    enum status (*checks)(const void *state, struct check_results *ret, struct err *err);
    /* Whether a saved state tells this step nothing, so that it looks at the rows again (impute by
     * what came before); NULL = no. A module without load always does. */
    bool (*refits)(const void *state);
    /* Fitted parameters as JSON, for --save-state and module_effects, and back. NULL = none. */
    enum status (*save)(const void *state, struct bytes *ret_json, struct err *err);
    enum status (*load)(void *state, const struct yaml_node *parameters, struct err *err);
    /* Calls column_from for each output column that did not come only from the input column of the
     * same name; for all others, and with NULL, that one is taken (IDENTITY, or TRANSFORMATION
     * where cells changed). And column_filters for each column by which the step may remove rows,
     * whether it did or not. */
    enum status (*column_lineage)(const void *state, struct column_lineage *lineage,
                                  struct err *err);
    /* Appends `value` of the column named `column` as it may be shown in row events, rejects and
     * reports: unchanged, or masked. Used for what other steps record. Parallel. NULL = as it is.
     */
    enum status (*redact)(const void *state, const char *column, struct str value,
                          struct bytes *ret, struct err *err);
    void (*close)(void **state);
};

extern const struct clean_module *const clean_modules[]; /* the twelve, in order; NULL-terminated */
const struct clean_module *module_named(struct str name);

/* Positions of _source (text, also as a dictionary) and _record (int64); false, and both -1, unless
 * both are there with these types: what others call so names no row of ours. */
bool schema_provenance(const struct schema *schema, int64_t *ret_source, int64_t *ret_record);

/* The columns a step works on: names and simple globs ("x*") of `list`, or, when it is empty, every
 * column for which `fits` says yes (provenance columns never). *ret_columns in the arena.
 * STATUS_USAGE with "did you mean" for a name that is not there, and for a provenance column. */
MUST_CHECK enum status module_columns(const struct module_setup *setup,
                                      const struct text_list *list,
                                      bool (*fits)(const struct field *field), size_t **ret_columns,
                                      size_t *ret_count, struct err *err);
/* The same for a step that only reads them: provenance columns may be named. */
MUST_CHECK enum status module_key_columns(const struct module_setup *setup,
                                          const struct text_list *list,
                                          bool (*fits)(const struct field *field),
                                          size_t **ret_columns, size_t *ret_count, struct err *err);
/* _source and _record of a row, or an empty source and the ordinal. */
void window_provenance(const struct window *window, int64_t row, struct str *ret_source,
                       int64_t *ret_record);

#endif
