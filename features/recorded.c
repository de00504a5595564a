/* features/recorded.c: what every subcommand that changes the store does around its work. */
#include "features/recorded.h"

#include <unistd.h>

static enum status open_store(struct store **ret, const struct common *common, enum store_need need,
                              struct err *err)
{
    if (common->no_store) {
        fail(err, STATUS_USAGE, "--no-store: this command writes into a store");
        err_hint(err, "leave --no-store out");
        return STATUS_USAGE;
    }
    return store_open(ret, common, need == STORE_THERE ? STORE_CHANGE : STORE_WRITE, err);
}

enum status recorded(struct invocation *invocation, const char *stage, enum store_need need,
                     enum status (*work)(struct run *run, struct invocation *invocation,
                                         struct err *err),
                     struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;
    TRY(open_store(&store, &invocation->common, need, err));
    TRY(run_begin(&run, store, stage, invocation, err));
    return run_finish(run, work(run, invocation, err), err);
}

enum status recorded_store(struct store **ret, const struct common *common, bool *ret_record,
                           struct err *err)
{
    TRY(store_open(ret, common, STORE_READ, err));
    if (*ret == NULL) return fail(err, STATUS_USAGE, "--no-store: versions are in a store");
    *ret_record = access(store_path(*ret), W_OK) == 0;
    if (!*ret_record) return STATUS_OK;
    store_close(ret);
    return store_open(ret, common, STORE_CHANGE, err);
}
