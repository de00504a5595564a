/* base/setting.h: one table describes settings or options: parser, checker, help and man page.
 *
 * A table is an array of struct setting ended by a row without a name. Values land in a plain
 * struct of the owner at `offset`, which starts zeroed; defaults are parsed from `fallback`. The
 * same rows serve the command line (letter, argument) and YAML (recipes, contracts, views). */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include "base/err.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/yaml.h"

#include <stdbool.h>
#include <stdint.h>

enum setting_kind {
    SETTING_FLAG,   /* bool */
    SETTING_INT,    /* int64_t, within minimum..maximum where they differ */
    SETTING_REAL,   /* double, likewise */
    SETTING_SIZE,   /* uint64_t bytes: 64K, 256M, 1G (powers of 1024) */
    SETTING_TEXT,   /* const char *, in the arena; NULL when not set */
    SETTING_CHOICE, /* int: index into `choices` ("mean|median|mode") */
    SETTING_TEXTS,  /* struct text_list: a YAML list or one scalar; option: repeatable */
    SETTING_TIME,   /* struct maybe_time */
    SETTING_TREE,   /* const struct yaml_node *: the owner checks it (YAML only) */
    SETTING_REST,   /* const struct yaml_node *: the map itself, set when it has keys that are no
                       setting of the table, such as column names; the owner checks those. At most
                       one row (YAML only) */
};

struct text_list {
    const char **items; /* NUL-terminated, in the arena */
    size_t count;
};
struct maybe_time {
    int64_t microseconds;
    bool given;
};

struct setting {
    const char *name; /* "max-rejects" as option --max-rejects, "max_rejects" in YAML tables */
    enum setting_kind kind;
    size_t offset;        /* offsetof(struct config, member) */
    const char *fallback; /* default as text, NULL = zero */
    const char *choices;  /* SETTING_CHOICE */
    double minimum, maximum;
    const char *help;     /* one sentence, lower case, no full stop */
    const char *argument; /* placeholder on the command line: FILE, N, SIZE */
    char letter;          /* short option, 0 = none */
};

/* Fills `config` with the defaults. */
MUST_CHECK enum status settings_default(const struct setting *table, void *config,
                                        struct arena *arena, struct err *err);
/* One value from text (option or scalar). */
MUST_CHECK enum status setting_from_text(const struct setting *setting, struct str text,
                                         void *config, struct arena *arena, struct err *err);
/* Defaults, then every key of `map` (NULL = none). Unknown key: "line 7, column 5: unknown setting
 * "metod", did you mean "method"?". A key given twice is refused. */
MUST_CHECK enum status settings_from_yaml(const struct setting *table, const struct yaml_node *map,
                                          void *config, struct arena *arena, struct err *err);
/* The nearest of `count` names to `word`, or NULL when none is near (distance > 1/3 of its size,
 * at least 2). `name_at` gives name i. */
const char *nearest_name(struct str word, size_t count,
                         const char *(*name_at)(const void *, size_t), const void *names);
/* Whether a key is a setting of the table; the others are those of a SETTING_REST row. */
bool setting_is_known(const struct setting *table, struct str key);
/* Splits "a|b|c": the index of `text`, or -1. */
int choice_index(const char *choices, struct str text);
/* The word of a choice by index; writes into ret. Returns ret. */
char *choice_text(const char *choices, int index, char *ret, size_t room);

#endif
