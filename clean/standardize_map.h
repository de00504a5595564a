/* clean/standardize_map.h: which spelling each value becomes: given by the recipe or a CSV file
 * with the columns from and to, or found by clustering. */
#ifndef CLEAN_STANDARDIZE_MAP_H
#define CLEAN_STANDARDIZE_MAP_H

#include "base/yaml.h"
#include "clean/counts.h"

/* Zero-initialize. Read-only use from any thread. */
struct spelling_map {
    struct counts from;
    struct str *to; /* by place in `from`; texts in the arena */
    size_t room;
};
/* Copies both texts into `arena`. A second entry for the same text replaces the first. */
MUST_CHECK enum status spelling_map_add(struct spelling_map *map, struct str from, struct str to,
                                        struct arena *arena, struct err *err);
/* False for a text that stays as it is. */
bool spelling_map_find(const struct spelling_map *map, struct str text, struct str *ret);
/* {from: to, ...} */
MUST_CHECK enum status spelling_map_from_yaml(struct spelling_map *map,
                                              const struct yaml_node *node, struct arena *arena,
                                              struct err *err);
/* A CSV file: from and to, what stands behind them is ignored; the first line is the header; at
 * most 64 MiB. */
MUST_CHECK enum status spelling_map_from_file(struct spelling_map *map, const char *path,
                                              struct arena *arena, struct err *err);
void spelling_map_release(struct spelling_map *map);

#endif
