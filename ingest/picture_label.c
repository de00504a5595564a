/* ingest/picture_label.c: the label of a picture: its folder, or what stands beside it. */
#include "ingest/picture_label.h"

#include "ingest/json.h"

#define SIDECAR_RULE "sidecar"

/* The name of the folder a picture lies in; data NULL at the top. */
static struct str folder_of(const char *path)
{
    const char *end = strrchr(path, '/');
    if (end == NULL) return (struct str){NULL, 0};
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    return (struct str){begin, (size_t)(end - begin)};
}

enum status picture_text(const struct file_list *files, const struct listed_file *picture,
                         const char *ending, const struct source_options *options,
                         struct bytes *scratch, struct str *ret, struct file_fault *fault,
                         struct err *err)
{
    const struct listed_file *sidecar = picture_sidecar(files, picture, ending);
    struct file_fault inner = {0};
    *ret = (struct str){NULL, 0};
    if (sidecar == NULL || sidecar->bytes == 0) return STATUS_OK;
    scratch->size = 0;
    TRY(listed_file_read(files, sidecar, options->field_limit, scratch, &inner, err));
    if (inner.rule == NULL && !utf8_valid(scratch->data, scratch->size))
        file_fault_set(&inner, "encoding", "not UTF-8");
    if (inner.rule != NULL)
        file_fault_set(fault, SIDECAR_RULE, "its .%s: %s", ending, inner.message);
    else
        *ret = (struct str){(const char *)scratch->data, scratch->size};
    return STATUS_OK;
}

/* The member "label" of the object: a text without its quotes, anything else as it is written. */
static enum status find_label(struct json *json, struct bytes *scratch, struct str *ret,
                              struct err *err)
{
    const struct json_token *tokens = json->tokens;
    for (size_t i = 1; i < tokens[0].next; i = tokens[i + 1].next) {
        OWNED(bytes_release) struct bytes room = bytes_limited(scratch->limit);
        struct str key;
        TRY(json_string(json, &tokens[i], &room, &key, err));
        if (!str_is(key, "label")) continue;
        const struct json_token *value = &tokens[i + 1];
        if (value->kind == JSON_NULL) return STATUS_OK;
        size_t before = scratch->size;
        struct str text = json_raw(json, value);
        if (value->kind == JSON_STRING) TRY(json_string(json, value, &room, &text, err));
        TRY(bytes_append(scratch, text.data, text.size, err));
        *ret = (struct str){(const char *)scratch->data + before, text.size};
        return STATUS_OK;
    }
    return STATUS_OK;
}

static enum status json_label(struct str text, struct bytes *scratch, struct str *ret,
                              struct file_fault *fault, struct err *err)
{
    struct json json = {0};
    OWNED(bytes_release) struct bytes copy = bytes_limited(scratch->limit);
    TRY(bytes_append(&copy, text.data, text.size, err));
    enum status status = json_parse(&json, copy.data, copy.size, err);
    *ret = (struct str){NULL, 0};
    if (status == STATUS_OK && (json.fault[0] != '\0' || json.tokens[0].kind != JSON_OBJECT))
        file_fault_set(fault, SIDECAR_RULE, "its .json: %s",
                       json.fault[0] != '\0' ? json.fault : "found no object");
    else if (status == STATUS_OK)
        status = find_label(&json, scratch, ret, err);
    json_release(&json);
    return status;
}

enum status picture_label(const struct file_list *files, const struct listed_file *picture,
                          const struct source_options *options, struct bytes *scratch,
                          struct str *ret, struct file_fault *fault, struct err *err)
{
    *ret = (struct str){NULL, 0};
    switch (options->label_from) {
    case LABEL_NONE: return STATUS_OK;
    case LABEL_DIRECTORY: *ret = folder_of(picture->path); return STATUS_OK;
    case LABEL_CLS:
        TRY(picture_text(files, picture, "cls", options, scratch, ret, fault, err));
        if (ret->data != NULL) *ret = str_trim(*ret);
        return STATUS_OK;
    case LABEL_JSON:
        TRY(picture_text(files, picture, "json", options, scratch, ret, fault, err));
        return ret->data == NULL ? STATUS_OK : json_label(*ret, scratch, ret, fault, err);
    }
    return STATUS_OK;
}
