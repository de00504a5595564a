/* features/lookup_shares.h: what a lookup answers from: the views it names, or behind a weighted
 * tag of a single view one of several versions, by the key. */
#ifndef FEATURES_LOOKUP_SHARES_H
#define FEATURES_LOOKUP_SHARES_H

#include "features/lookup_views.h"
#include "features/served.h"

struct lookup_shares {
    struct served served;                  /* tag NULL: several views, or no tag */
    struct lookup_views views[TAG_SHARES]; /* one a version behind the tag; else the first alone */
    size_t count;
};
/* As lookup_views_open. */
MUST_CHECK enum status lookup_shares_open(struct lookup_shares *ret, struct store *store,
                                          const char *operand, const struct lookup_options *options,
                                          bool personal, struct arena *arena, struct err *err);
/* As lookup_views_moved; a tag that is spread otherwise has moved too. */
MUST_CHECK enum status lookup_shares_moved(const struct lookup_shares *shares, struct store *store,
                                           const char *operand, bool *ret, struct arena *arena,
                                           struct err *err);
/* The place of the views that answer for a key, as key_bytes gives it. */
size_t lookup_shares_pick(const struct lookup_shares *shares, struct str key);
void lookup_shares_release(struct lookup_shares *shares);

#endif
