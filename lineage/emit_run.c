/* emit_run.c: what a run tells --emit of itself: its beginning, its end, and the end of those that
 * were killed and could not. */
#include "lineage/emit.h"
#include "lineage/openlineage.h"
#include "lineage/run_state.h"
#include "lineage/store_state.h"

#define EVENT_MOST   ((size_t)64 << 20)
#define SEND_SECONDS 5.0

static enum status tell(struct run *run, const char *run_id, bool end, struct err *err)
{
    OWNED(bytes_release) struct bytes event = bytes_limited(EVENT_MOST);

    TRY(openlineage_event(run->notes, run_id, end, &event, err));
    if (event.size == 0) return STATUS_OK;
    return emit_send(run->emit, &event, SEND_SECONDS, err);
}

static void tell_or_warn(struct run *run, const char *run_id, bool end)
{
    struct err err = {0};

    if (tell(run, run_id, end, &err) == STATUS_OK) return;
    log_line(run->common, true, "warning: --emit: the event of the %s is lost: %s",
             end ? "end" : "beginning", err.message);
}

void run_emit(struct run *run, bool end)
{
    if (run->emit == NULL || run->notes == NULL) return;
    if (end && !run->told) return; /* the first event has to come first */
    run->told = true;
    tell_or_warn(run, run->id, end);
}

void run_emit_lost(struct run *run, const char *run_id)
{
    if (run->emit != NULL) tell_or_warn(run, run_id, true);
}

enum status run_open_own_notes(struct run *run, struct err *err)
{
    run->store = run->notes = NULL; /* the caller's */
    return store_open_in_memory(&run->notes, err);
}
