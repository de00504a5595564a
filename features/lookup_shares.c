/* features/lookup_shares.c: what a lookup answers from. */
#include "features/lookup_shares.h"

#include "base/memory.h"

/* One view, and behind a tag: the versions the tag names. Several views are named as they are. */
static enum status find_tag(struct lookup_shares *shares, struct store *store, const char *operand,
                            struct arena *arena, struct err *err)
{
    if (strchr(operand, ',') != NULL || strchr(operand, '@') == NULL) return STATUS_OK;
    return served_find(&shares->served, store, operand, arena, err);
}

static enum status open_version(struct lookup_shares *shares, struct store *store, size_t place,
                                const struct lookup_options *options, bool personal,
                                struct arena *arena, struct err *err)
{
    const struct served *served = &shares->served;
    const char *name = arena_format(arena, "%s@%lld", served->view.name,
                                    (long long)served->state.shares[place].number);
    if (name == NULL) return fail_memory(err, 0);
    TRY(lookup_views_open(&shares->views[place], store, name, options, personal, arena, err));
    shares->count++;
    return STATUS_OK;
}

static enum status open_shares(struct lookup_shares *shares, struct store *store,
                               const char *operand, const struct lookup_options *options,
                               bool personal, struct arena *arena, struct err *err)
{
    TRY(find_tag(shares, store, operand, arena, err));
    if (shares->served.tag == NULL) {
        TRY(lookup_views_open(&shares->views[0], store, operand, options, personal, arena, err));
        shares->count = 1;
        return STATUS_OK;
    }
    for (size_t i = 0; i < shares->served.state.count; i++)
        TRY(open_version(shares, store, i, options, personal, arena, err));
    return STATUS_OK;
}

enum status lookup_shares_open(struct lookup_shares *ret, struct store *store, const char *operand,
                               const struct lookup_options *options, bool personal,
                               struct arena *arena, struct err *err)
{
    *ret = (struct lookup_shares){0};
    enum status status = open_shares(ret, store, operand, options, personal, arena, err);
    if (status != STATUS_OK) lookup_shares_release(ret);
    return status;
}

enum status lookup_shares_moved(const struct lookup_shares *shares, struct store *store,
                                const char *operand, bool *ret, struct arena *arena,
                                struct err *err)
{
    const struct served *served = &shares->served;
    struct tag_state now;
    *ret = false;
    if (served->tag == NULL)
        return lookup_views_moved(&shares->views[0], store, operand, ret, arena, err);
    TRY(tag_get(store, served->view.dataset, served->tag, &now, err));
    *ret = !tag_states_equal(&now, &served->state);
    for (size_t i = 0; i < shares->count && !*ret; i++) {
        const char *name = arena_format(arena, "%s@%lld", served->view.name,
                                        (long long)served->state.shares[i].number);
        if (name == NULL) return fail_memory(err, 0);
        TRY(lookup_views_moved(&shares->views[i], store, name, ret, arena, err));
    }
    return STATUS_OK;
}

size_t lookup_shares_pick(const struct lookup_shares *shares, struct str key)
{
    return shares->count == 1 ? 0 : served_pick(&shares->served, key);
}

void lookup_shares_release(struct lookup_shares *shares)
{
    for (size_t i = 0; i < shares->count; i++)
        lookup_views_release(&shares->views[i]);
    *shares = (struct lookup_shares){0};
}
