/* lineage/tags.h: names for versions, also names that are spread over several versions by weight.
 *
 * Which of them an entity gets is decided by a hash of its key under dataset, tag and version
 * (weighted rendezvous hashing: Thaler and Ravishankar 1998; weights: Schindelhauer and Schomaker
 * 2005): always the same one, whoever asks; when a share grows, only entities move that come to the
 * version whose share grew. */
#ifndef LINEAGE_TAGS_H
#define LINEAGE_TAGS_H

#include "lineage/run.h"

#define TAG_SHARES 16

struct tag_share {
    int64_t number; /* of a version */
    int64_t weight; /* percent */
};
struct tag_state {
    struct tag_share shares[TAG_SHARES]; /* by number; weights add up to 100 */
    size_t count;                        /* 0 = there is no such tag */
};

/* The present state. */
MUST_CHECK enum status tag_get(struct store *store, const char *dataset, const char *tag,
                               struct tag_state *ret, struct err *err);
/* The state to go back to, from tag_history: the newest that differs from the present one and was
 * not left since because a gate failed (TAG_ROLLED_BACK). */
MUST_CHECK enum status tag_before(struct store *store, const char *dataset, const char *tag,
                                  struct tag_state *ret, struct err *err);
struct tag_change {
    const struct tag_state *to;
    const struct tag_state *expected; /* NULL = whatever it is now */
    const char *reason;               /* for tag_history; NULL = none */
    /* More rows of the same transaction, written only if the tag is moved; NULL = none. */
    enum status (*also)(void *context, struct err *err);
    void *context;
};
/* Moves or makes a tag. `tag` is not all digits, not "latest", "new" or a time; versions must be
 * there and weights add up to 100: STATUS_USAGE. With `expected` nothing is moved, and *ret_moved
 * false, when somebody else moved it meanwhile. */
MUST_CHECK enum status tag_move(struct store *store, struct run *run, const char *dataset,
                                const char *tag, const struct tag_change *change, bool *ret_moved,
                                struct err *err);
/* tag_move to one version, whatever it was. */
MUST_CHECK enum status tag_set(struct store *store, struct run *run, const char *dataset,
                               const char *tag, int64_t number, struct err *err);
bool tag_states_equal(const struct tag_state *a, const struct tag_state *b);
/* "3", or "3:90,4:10". Returns ret. */
#define TAG_STATE_TEXT (TAG_SHARES * 28)
char *tag_state_text(const struct tag_state *state, char ret[TAG_STATE_TEXT]);

/* The version an entity gets; `key` as key_bytes (features/key.h) gives it. `state->count` > 0. */
int64_t tag_pick(const char *dataset, const char *tag, const struct tag_state *state,
                 struct str key);

/* How a roll-back by `promote --watch` begins its reason. */
#define TAG_ROLLED_BACK "gate failed"

#endif
