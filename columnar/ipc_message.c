/* columnar/ipc_message.c: the frame of a message, and the dictionaries a reader holds. */
#include "columnar/ipc_message.h"

/* ---- messages ---- */

static const char *kind_name(int64_t kind)
{
    static const char *const names[] = {"none",         "schema", "dictionary",
                                        "record batch", "tensor", "sparse tensor"};
    return kind >= 0 && kind < 6 ? names[kind] : "unknown";
}

static enum status read_head(struct message *message, struct err *err)
{
    int64_t version = flat_integer(message->root, 0, 2, 0);
    int64_t kind = (uint8_t)flat_integer(message->root, 1, 1, 0);
    message->header = flat_child(message->root, 2);
    message->body_size = flat_integer(message->root, 3, 8, 0);
    TRY(flat_check(&message->flat, err));
    if (version != METADATA_V4 && version != METADATA_V5)
        return fail(err, STATUS_FAILED, "metadata version V%lld is not known, expected V4 or V5",
                    (long long)version + 1);
    if (kind < MESSAGE_SCHEMA || kind > MESSAGE_BATCH || !flat_present(message->header))
        return fail(err, STATUS_FAILED,
                    "a message of kind %lld (%s), expected schema, dictionary or record batch",
                    (long long)kind, kind_name(kind));
    if (message->body_size < 0 || message->body_size % 8 != 0)
        return fail(err, STATUS_FAILED, "a body of %lld bytes, expected a multiple of 8",
                    (long long)message->body_size);
    message->version = (int)version;
    message->kind = (enum message_kind)kind;
    return STATUS_OK;
}

enum status message_parse(struct message *message, struct buffer *metadata, struct err *err)
{
    *message = (struct message){.metadata = *metadata};
    *metadata = (struct buffer){0};
    message->flat = flat_open(message->metadata.data, message->metadata.size);
    message->root = flat_root(&message->flat);
    return read_head(message, err);
}

void message_release(struct message *message)
{
    buffer_unref(&message->metadata);
    buffer_unref(&message->body);
}

/* ---- dictionaries ---- */

static bool same_values(const struct field *a, const struct field *b)
{
    struct field x = field_values(a), y = field_values(b);
    x.name = y.name = "";
    return field_equal(&x, &y);
}

/* Several fields may share one id when their values have one type. */
static enum status add_dictionaries(struct dictionaries *dictionaries, const struct field *field,
                                    struct err *err)
{
    if (field->dictionary) {
        struct dictionary *known = dictionaries_find(dictionaries, field->dictionary_id);
        if (known != NULL && !same_values(&known->values, field))
            return fail(err, STATUS_FAILED,
                        "column \"%s\": dictionary %lld has another type in another column",
                        field->name, (long long)field->dictionary_id);
        if (known == NULL)
            dictionaries->items[dictionaries->count++] =
                (struct dictionary){field->dictionary_id, field_values(field), NULL};
    }
    for (size_t i = 0; i < field->child_count; i++)
        TRY(add_dictionaries(dictionaries, &field->children[i], err));
    return STATUS_OK;
}

enum status dictionaries_open(struct dictionaries *dictionaries, const struct schema *schema,
                              struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < schema->count; i++)
        most += dictionary_count(&schema->fields[i]);
    *dictionaries = (struct dictionaries){0};
    TRY(NEW(&dictionaries->items, most, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(add_dictionaries(dictionaries, &schema->fields[i], err));
    return STATUS_OK;
}

struct dictionary *dictionaries_find(const struct dictionaries *dictionaries, int64_t id)
{
    for (size_t i = 0; i < dictionaries->count; i++)
        if (dictionaries->items[i].id == id) return &dictionaries->items[i];
    return NULL;
}

void dictionaries_release(struct dictionaries *dictionaries)
{
    for (size_t i = 0; i < dictionaries->count; i++)
        array_unref(&dictionaries->items[i].array);
    memory_free(dictionaries->items);
    *dictionaries = (struct dictionaries){0};
}
