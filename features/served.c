/* features/served.c: what VIEW[@REF] means for one entity. */
#include "features/served.h"

#include "features/key_text.h"

static enum status find_state(struct served *served, struct store *store, const char *operand,
                              const char *reference, struct arena *arena, struct err *err)
{
    struct version version;
    TRY(tag_get(store, served->view.dataset, reference, &served->state, err));
    if (served->state.count > 0) {
        served->tag = arena_text(arena, reference, strlen(reference));
        return served->tag == NULL ? fail_memory(err, strlen(reference)) : STATUS_OK;
    }
    TRY(reference_view(store, operand, &served->view, &version, arena, err));
    served->state.count = 1;
    served->state.shares[0] = (struct tag_share){.number = version.number, .weight = 100};
    return STATUS_OK;
}

enum status served_find(struct served *ret, struct store *store, const char *operand,
                        struct arena *arena, struct err *err)
{
    const char *name = NULL, *reference = NULL;
    *ret = (struct served){0};
    TRY(view_split(operand, &name, &reference, arena, err));
    TRY(view_find(&ret->view, store, name, arena, err));
    return find_state(ret, store, operand, reference, arena, err);
}

enum status served_version(const struct served *served, struct store *store, size_t place,
                           struct version *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes full = bytes_limited(1024);
    TRY(bytes_format(&full, err, "%s@%lld", served->view.dataset,
                     (long long)served->state.shares[place].number));
    TRY(bytes_append(&full, "", 1, err));
    return version_resolve(store, (const char *)full.data, ret, err);
}

size_t served_pick(const struct served *served, struct str key)
{
    if (served->tag == NULL) return 0;
    int64_t number = tag_pick(served->view.dataset, served->tag, &served->state, key);
    size_t place = 0;
    while (served->state.shares[place].number != number)
        place++;
    return place;
}

/* ---- keys ---- */

static enum status one_row(const struct schema *keys, const char *text, struct batch *ret,
                           struct err *err)
{
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(batch_builder_open(&builder, keys, 1, err));
    TRY(key_text_add(builder, keys, str_of(text), err));
    return batch_builder_finish(builder, ret, err);
}

enum status served_key(const struct served *served, struct store *store, const char *text,
                       struct bytes *ret, struct err *err)
{
    OWNED(version_reader_close) struct version_reader *reader = NULL;
    OWNED(schema_unref) struct schema *keys = NULL;
    OWNED(batch_release) struct batch row = {0};
    OWNED(bytes_release) struct bytes scratch = bytes_limited((size_t)1 << 30);
    const struct text_list *entity = &served->view.entity;
    struct key_layout layout;
    struct version version;
    struct str key = {0};
    bool null;
    TRY(served_version(served, store, served->state.count - 1, &version, err));
    TRY(version_reader_open(&reader, store, &version, 1, err));
    TRY(key_text_schema(&keys, version_reader_schema(reader), entity, err));
    TRY(key_layout_of(keys, entity, &layout, err));
    TRY(one_row(keys, text, &row, err));
    TRY(key_bytes(&layout, &row, 0, &scratch, &key, &null, err));
    ret->size = 0;
    return bytes_append(ret, key.data, key.size, err);
}
