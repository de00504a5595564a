/* features/lookup_views.h: one key, several views: behind the command `lookup` and behind tamis.h.
 */
#ifndef FEATURES_LOOKUP_VIEWS_H
#define FEATURES_LOOKUP_VIEWS_H

#include "features/lookup_index.h"

#define LOOKUP_VIEWS_MAXIMUM 32

struct lookup_answer_column {
    size_t view, column; /* of the view's answers */
    const char *name;    /* the feature's own, or VIEW.NAME where that is taken; in the arena */
    const struct field *field;
    bool personal;
};
struct lookup_views {
    struct lookup_index **indexes;
    size_t count;
    struct lookup_answer_column *columns;
    size_t column_count;
};
/* `views` is VIEW[@REF],VIEW[@REF]...: entities of the same kinds. `personal` false leaves columns
 * with personal data out. */
MUST_CHECK enum status lookup_views_open(struct lookup_views *ret, struct store *store,
                                         const char *views, const struct lookup_options *options,
                                         bool personal, struct arena *arena, struct err *err);
/* Whether a reference means another version, or a view another definition, by now. */
MUST_CHECK enum status lookup_views_moved(const struct lookup_views *views, struct store *store,
                                          const char *operand, bool *ret, struct arena *arena,
                                          struct err *err);
/* Of the entity columns, which are the same for all views. */
const struct schema *lookup_views_keys(const struct lookup_views *views);
const struct key_layout *lookup_views_layout(const struct lookup_views *views);

/* `hits` has room for one a view. */
MUST_CHECK enum status lookup_views_find(const struct lookup_views *views,
                                         const struct lookup_key *key, int64_t time,
                                         struct lookup_hit *hits, struct err *err);
MUST_CHECK enum status lookup_views_value(const struct lookup_views *views,
                                          const struct lookup_hit *hits, int64_t time,
                                          size_t column, struct lookup_value *ret, struct err *err);
void lookup_views_release(struct lookup_views *views);

#endif
