/* base/yaml.h: a YAML document as a tree that remembers lines and columns (libyaml parses).
 *
 * Anchors, aliases and tags are refused by place; depth at most 64, 1 MiB of text, 100,000 nodes.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line, column;         /* 1-based */
    bool quoted;              /* scalar written in quotes: never a number, boolean or null */
    struct str text;          /* scalar */
    size_t count;             /* list items or map pairs */
    struct yaml_node **items; /* list items or map values */
    struct yaml_node **keys;  /* map keys (scalars), else NULL */
};

struct yaml; /* owns the tree and the texts in it */
MUST_CHECK enum status yaml_load(struct yaml **ret, const char *path, struct err *err);
MUST_CHECK enum status yaml_parse(struct yaml **ret, const char *name, struct str text,
                                  struct err *err);
/* The same with other limits, for what a program wrote itself. */
MUST_CHECK enum status yaml_parse_within(struct yaml **ret, const char *name, struct str text,
                                         size_t text_maximum, size_t nodes_maximum,
                                         struct err *err);
/* A one-module recipe line, `impute columns=age,height method=median`, as the tree
 * {impute: {columns: [age, height], method: median}}; line 1, columns by character. */
MUST_CHECK enum status yaml_from_words(struct yaml **ret, const char *words, struct err *err);
/* NULL for an empty document. */
const struct yaml_node *yaml_root(const struct yaml *yaml);
/* The value of `key` in a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* STATUS_USAGE with "line L, column C: " in front. */
enum status fail_at(const struct yaml_node *node, struct err *err, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The digest of the meaning: keys sorted, scalars with their quoting, no comments or layout. */
struct digest;
MUST_CHECK enum status yaml_digest(const struct yaml_node *node, struct digest *ret,
                                   struct err *err);
/* The tree as one line of JSON, keys in their written order. */
MUST_CHECK enum status yaml_json(const struct yaml_node *node, struct bytes *ret, struct err *err);
void yaml_close(struct yaml **yaml);

#endif
