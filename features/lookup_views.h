/* features/lookup_views.h: one key, several views, and behind a weighted tag the version that the
 * key gets: behind the command `lookup` and behind tamis.h. */
#ifndef FEATURES_LOOKUP_VIEWS_H
#define FEATURES_LOOKUP_VIEWS_H

#include "features/lookup_index.h"
#include "features/served.h"

#define LOOKUP_VIEWS_MAXIMUM 32

/* A view as it was named: VIEW[@REF]. */
struct lookup_view {
    struct served served;
    struct lookup_index *indexes[TAG_SHARES]; /* one a version of served.state */
    size_t count;
};
struct lookup_answer_column {
    size_t view;
    int16_t columns[TAG_SHARES]; /* of the version's answers; -1: this version does not have it */
    const char *name; /* the feature's own, or VIEW.NAME where that is taken; in the arena */
    const struct field *field;
    bool personal;
};
struct lookup_views {
    struct lookup_view *views;
    size_t count;
    struct lookup_answer_column *columns;
    size_t column_count;
};
/* `operand` is VIEW[@REF],VIEW[@REF]...: entities of the same kinds. `personal` false leaves
 * columns with personal data out. */
MUST_CHECK enum status lookup_views_open(struct lookup_views *ret, struct store *store,
                                         const char *operand, const struct lookup_options *options,
                                         bool personal, struct arena *arena, struct err *err);
/* Whether a reference means another version, or other shares, or a view another definition, by
 * now. */
MUST_CHECK enum status lookup_views_moved(const struct lookup_views *views, struct store *store,
                                          const char *operand, bool *ret, struct arena *arena,
                                          struct err *err);
/* Of the entity columns, which are of the same kinds for all views. */
const struct schema *lookup_views_keys(const struct lookup_views *views);
const struct key_layout *lookup_views_layout(const struct lookup_views *views);
/* Asks for the memory that lookup_views_find will need. */
void lookup_views_prefetch(const struct lookup_views *views, const struct lookup_key *key);

/* What a view has for a key. */
struct lookup_found {
    struct lookup_hit hit;
    size_t share; /* of the view: which version answers */
};
/* The share of a view that a key gets. */
size_t lookup_views_pick(const struct lookup_views *views, size_t view,
                         const struct lookup_key *key);
/* `found` has room for one a view. */
MUST_CHECK enum status lookup_views_find(const struct lookup_views *views,
                                         const struct lookup_key *key, int64_t time,
                                         struct lookup_found *found, struct err *err);
MUST_CHECK enum status lookup_views_value(const struct lookup_views *views,
                                          const struct lookup_found *found, int64_t time,
                                          size_t column, struct lookup_value *ret, struct err *err);
void lookup_views_release(struct lookup_views *views);

#endif
