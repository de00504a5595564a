/* features/forget_keys.h: keys of entities to be forgotten, or that were: told in rows of any
 * dataset that has their columns, whatever the types, by the text of the values. */
#ifndef FEATURES_FORGET_KEYS_H
#define FEATURES_FORGET_KEYS_H

#include "base/digest.h"
#include "base/setting.h"
#include "features/served.h"

#define SALT_TEXT 33

struct forget_key {
    const char *text;  /* values parted by U+001F; NULL: known only by its digest */
    const char *typed; /* as it was given */
    char salt[SALT_TEXT];
    struct digest digest; /* of salt and text */
    int64_t forget_key;   /* in forgettings, 0 = not there yet */
    bool ended;
};
struct forget_keys {
    struct text_list columns;
    struct forget_key *items; /* in the arena, like the texts */
    size_t count;
    struct arena *arena;
};
/* Keys as people type them, values parted by commas, for the entity of a view; values are brought
 * into the form they have in its newest version. */
MUST_CHECK enum status forget_keys_parse(struct forget_keys *ret, struct store *store,
                                         const struct served *served, char *const *texts,
                                         size_t count, struct arena *arena, struct err *err);
/* Keys that were forgotten: one list for each list of columns. *ret in `arena`. */
MUST_CHECK enum status forget_keys_known(struct forget_keys **ret, size_t *ret_count,
                                         struct store *store, struct arena *arena, struct err *err);
/* Finds each key that was begun already, and makes rows of forgettings for the others. */
MUST_CHECK enum status forget_keys_begin(struct forget_keys *keys, struct store *store,
                                         const char *run, struct err *err);

/* Where the columns are in a schema: by their names, and where a join has found them under others
 * (KEY_MARK). */
struct forget_place {
    size_t columns[KEY_PLACES + 1][KEY_COLUMNS];
    size_t count;
};
/* false where there is none. */
bool forget_place_find(const struct forget_keys *keys, const struct schema *schema,
                       struct forget_place *ret);
/* ret[row] = the key the row has in one of its places, -1 = none of them. */
MUST_CHECK enum status forget_match(const struct forget_keys *keys,
                                    const struct forget_place *place, const struct batch *batch,
                                    int32_t *ret, struct err *err);

#endif
