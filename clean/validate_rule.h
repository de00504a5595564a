/* clean/validate_rule.h: one expectation about the data, checked for every row. */
#ifndef CLEAN_VALIDATE_RULE_H
#define CLEAN_VALIDATE_RULE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "clean/counts.h"
#include "clean/module.h"
#include "clean/validate_groups.h"

#include <pcre2.h>
#include <stdatomic.h>

enum check_kind {
    CHECK_NOT_NULL,
    CHECK_BETWEEN,
    CHECK_IN,
    CHECK_NOT_IN,
    CHECK_MATCHES,
    CHECK_NOT_MATCHES,
    CHECK_LENGTH,
    CHECK_TYPE,
    CHECK_FORMAT,
    CHECK_COMPARE,
    CHECK_UNIQUE,
    CHECK_DETERMINES,
};
#define RULE_FORMATS "any|email|url|uuid|ipv4|ipv6|iso-date|iso-time"
enum validate_on_fail { VALIDATE_FLAG, VALIDATE_NULL, VALIDATE_REJECT };
#define VALIDATE_ON_FAIL "flag|null|reject"
enum severity { SEVERITY_ERROR, SEVERITY_WARNING };
enum comparison { LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER_EQUAL, GREATER };
#define COMPARISONS "<|<=|=|!=|>=|>"

/* How the values of a column are held against bounds and sets. */
enum scale {
    SCALE_NUMBER, /* as double */
    SCALE_WHOLE,  /* as int64 */
    SCALE_MOMENT, /* microseconds */
    SCALE_TEXT,   /* bytes */
};
struct bound {
    bool given;
    double number;
    int64_t whole; /* also moments */
    struct str text;
};

/* Rows seen and failed, added up by any thread; integers, so the order does not matter. */
struct check_counts {
    _Atomic int64_t evaluated, failing;
};

struct check {
    enum check_kind kind;
    const char *rule;      /* for events: the recipe's name for it, or its kind */
    const char *column;    /* name of the (first) column */
    const char *threshold; /* "between 0 and 120" */
    size_t index;          /* its position */
    enum validate_on_fail on_fail;
    enum severity severity;
    double mostly; /* share that must hold; negative = no verdict */

    enum scale scale;           /* between, in, compare */
    bool numeric_text;          /* text column held against numbers */
    struct bound low, high;     /* between, length */
    struct counts set;          /* in, not_in: texts, or 8 bytes of a number */
    pcre2_code *pattern;        /* matches */
    struct field type;          /* type */
    enum comparison comparison; /* compare */
    size_t with;                /* compare: the other column */
    const char *with_name;
    size_t *columns; /* unique, determines: the key */
    size_t column_count;
    size_t *dependents; /* determines */
    size_t dependent_count;
    bool every_copy; /* unique: the first copy fails too */
    struct groups *groups;
    struct check_counts *counts;
    struct check *when; /* only rows that pass it count; NULL = all */
    bool owns_when;     /* checks of one rule share it */
};

/* What a rule may ask of a column, or the table, as a whole (clean/validate_table.h). */
struct table_config {
    const struct yaml_node *rows, *null_share, *distinct, *distinct_share, *unique_share, *minimum,
        *maximum, *mean, *median, *sum, *deviation, *quantile, *correlation, *entropy, *drift;
    struct text_list most_common, contains, has_columns, only_columns;
};
#define TABLE_BOUND(base, member, text)                                                            \
    {                                                                                              \
#member, SETTING_TREE, (base) + offsetof(struct rule_config, table.member), .help = text   \
    }
#define TABLE_TEXTS(base, member, text)                                                            \
    {                                                                                              \
#member, SETTING_TEXTS, (base) + offsetof(struct rule_config, table.member), .help = text  \
    }
#define TABLE_SETTINGS(base)                                                                       \
    TABLE_BOUND(base, rows, "[least, most] rows that reach the step"),                             \
        TABLE_BOUND(base, null_share, "[low, high] share of nulls"),                               \
        TABLE_BOUND(base, distinct, "[least, most] distinct values"),                              \
        TABLE_BOUND(base, distinct_share, "[low, high] distinct values by values"),                \
        TABLE_BOUND(base, unique_share, "[low, high] share of values that occur once"),            \
        TABLE_BOUND(base, minimum, "[low, high] for the smallest number"),                         \
        TABLE_BOUND(base, maximum, "[low, high] for the largest number"),                          \
        TABLE_BOUND(base, mean, "[low, high] for the mean"),                                       \
        TABLE_BOUND(base, median, "[low, high] for the median"),                                   \
        TABLE_BOUND(base, sum, "[low, high] for the sum"),                                         \
        TABLE_BOUND(base, deviation, "[low, high] for the sample standard deviation"),             \
        TABLE_BOUND(base, quantile, "{at: 0.95, between: [low, high]}, exact"),                    \
        TABLE_BOUND(base, correlation, "{with: COLUMN, between: [low, high]}, Pearson's"),         \
        TABLE_BOUND(base, entropy, "[low, high] for the entropy of the values, in nats"),          \
        TABLE_BOUND(base, drift,                                                                   \
                    "{profile: FILE, psi: 0.2, ks: 0.1}: how far the values may lie from those "   \
                    "that save_profile kept"),                                                     \
        TABLE_TEXTS(base, most_common, "the most frequent value is one of these"),                 \
        TABLE_TEXTS(base, contains, "each of these values occurs"),                                \
        TABLE_TEXTS(base, has_columns, "columns the table must have"),                             \
        TABLE_TEXTS(base, only_columns, "all columns of the table, in this order")

/* Reads the rules of a recipe step: `rules`, or the step itself as one rule. *ret_checks in the
 * arena; each is released with check_release. */
struct rule_config {
    const char *name;
    const char *column;
    struct text_list columns;
    bool not_null;
    const struct yaml_node *between, *length, *compare;
    struct text_list in, not_in, determines;
    const char *matches, *not_matches, *type;
    int format; /* index into RULE_FORMATS */
    const struct yaml_node *when;
    struct table_config table;
    int unique;
    double mostly;
    int on_fail, severity;
};
/* Rows of a settings table for a rule whose config lies at `base` in its struct. */
#define RULE_SETTINGS(base)                                                                        \
    {"name", SETTING_TEXT, (base) + offsetof(struct rule_config, name),                            \
     .help = "what reports and events call the rule"},                                             \
        {"column", SETTING_TEXT, (base) + offsetof(struct rule_config, column),                    \
         .help = "the column it is about"},                                                        \
        {"columns", SETTING_TEXTS, (base) + offsetof(struct rule_config, columns),                 \
         .help = "several columns: a check each; for unique and determines, one key"},             \
        {"not_null", SETTING_FLAG, (base) + offsetof(struct rule_config, not_null),                \
         .help = "every row has a value"},                                                         \
        {"between", SETTING_TREE, (base) + offsetof(struct rule_config, between),                  \
         .help = "[low, high], both allowed themselves; ~ leaves a side open"},                    \
        {"in", SETTING_TEXTS, (base) + offsetof(struct rule_config, in),                           \
         .help = "the values that are allowed"},                                                   \
        {"not_in", SETTING_TEXTS, (base) + offsetof(struct rule_config, not_in),                   \
         .help = "values that are not allowed"},                                                   \
        {"matches", SETTING_TEXT, (base) + offsetof(struct rule_config, matches),                  \
         .help = "a Perl regular expression for the whole value"},                                 \
        {"not_matches", SETTING_TEXT, (base) + offsetof(struct rule_config, not_matches),          \
         .help = "a Perl regular expression that no whole value matches"},                         \
        {"format", SETTING_CHOICE, (base) + offsetof(struct rule_config, format),                  \
         "any",    RULE_FORMATS,   .help = "a kind of text everybody knows"},                      \
        {"when", SETTING_TREE, (base) + offsetof(struct rule_config, when),                        \
         .help = "one check of a row, {column: country, in: [DE]}: only rows that pass it are "    \
                 "held against the rule"},                                                         \
        TABLE_SETTINGS(base),                                                                      \
        {"length", SETTING_TREE, (base) + offsetof(struct rule_config, length),                    \
         .help = "[least, most] characters, or one number"},                                       \
        {"type", SETTING_TEXT, (base) + offsetof(struct rule_config, type),                        \
         .help = "text that reads as this type: int8 to uint64, float64, bool, date32, "           \
                 "timestamp"},                                                                     \
        {"unique",                                                                                 \
         SETTING_CHOICE,                                                                           \
         (base) + offsetof(struct rule_config, unique),                                            \
         "no",                                                                                     \
         "no|yes|all|false|true",                                                                  \
         .help = "no value twice: yes fails all copies but the first, all fails the first too"},   \
        {"compare", SETTING_TREE, (base) + offsetof(struct rule_config, compare),                  \
         .help = "{column: start, op: <=, with: end}; op one of " COMPARISONS},                    \
        {"determines", SETTING_TEXTS, (base) + offsetof(struct rule_config, determines),           \
         .help = "columns that have one value for each value of column or columns"},               \
        {"mostly",                                                                                 \
         SETTING_REAL,                                                                             \
         (base) + offsetof(struct rule_config, mostly),                                            \
         "-1",                                                                                     \
         .minimum = -1,                                                                            \
         .maximum = 1,                                                                             \
         .help = "share of rows that must hold, else the run ends with 3; by default 1 with "      \
                 "on_fail flag, and no verdict with reject and null"},                             \
        {"on_fail",                                                                                \
         SETTING_CHOICE,                                                                           \
         (base) + offsetof(struct rule_config, on_fail),                                           \
         "flag",                                                                                   \
         VALIDATE_ON_FAIL,                                                                         \
         .help = "what becomes of a row that fails: flag names the rule in validate_issues"},      \
    {                                                                                              \
        "severity", SETTING_CHOICE, (base) + offsetof(struct rule_config, severity), "error",      \
            "error|warning", .help = "warning: never fails the run"                                \
    }

struct check_list {
    struct check *items;
    size_t count, room;
};
/* Appends the checks of rows that one rule asks for, perhaps none. `place` is where the recipe says
 * it. */
MUST_CHECK enum status rule_read(struct check_list *list, const struct rule_config *config,
                                 const struct yaml_node *place, const struct module_setup *setup,
                                 struct err *err);
void check_release(struct check *check);

/* ---- rows (clean/validate_check.c) ---- */

/* Marks each row of the window: 1 fails, 0 holds or is null. *ret_evaluated counts those that are
 * held against the rule. Any thread. */
MUST_CHECK enum status check_rows(const struct check *check, const struct window *window,
                                  uint8_t *marks, int64_t *ret_evaluated, struct err *err);
/* A value as whole number, double, moment or text, as its column's scale wants; false = null. */
bool check_value(const struct check *check, size_t column, const struct batch *batch, int64_t row,
                 struct bound *ret, bool *ret_unfit);
/* The scale of a column. */
enum scale scale_of(const struct field *field);
/* -1, 0, 1 under a scale. */
int bound_compare(enum scale scale, const struct bound *a, const struct bound *b);

#endif
