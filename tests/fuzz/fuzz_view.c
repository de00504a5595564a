/* tests/fuzz/fuzz_view.c: any bytes as the definition of a view: refused by place, or a view whose
 * own JSON is the same view. */
#include "features/view.h"
#include "within.h"

#include <stdlib.h>
#include <string.h>

static enum status parse(struct view *ret, struct str text, struct arena *arena, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    TRY(yaml_parse(&yaml, "fuzz.yaml", text, err));
    if (yaml_root(yaml) == NULL) return fail(err, STATUS_USAGE, "empty");
    return view_parse(ret, yaml_root(yaml), arena, err);
}

static enum status read_view(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(arena_close) struct arena *arena = NULL;
    struct view view, again;
    struct err ignored = {0};
    TRY(arena_open(&arena, err));
    TRY(parse(&view, (struct str){(const char *)data, size}, arena, err));
    if (parse(&again, str_of(view.definition), arena, &ignored) != STATUS_OK) abort();
    if (strcmp(again.name, view.name) != 0 || again.feature_count != view.feature_count ||
        again.aggregate_count != view.aggregate_count || again.ttl != view.ttl)
        abort();
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_view, data, size);
}
