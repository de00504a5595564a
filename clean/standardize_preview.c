/* clean/standardize_preview.c: what clustering would change. */
#include "clean/standardize_preview.h"

#include "base/output.h"

static enum status append_field(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_append(ret, "\"", 1, err));
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') TRY(bytes_append(ret, "\"", 1, err));
        TRY(bytes_append(ret, &text.data[i], 1, err));
    }
    return bytes_append(ret, "\",", 2, err);
}

enum status clusters_preview(struct preview *preview, const char *column,
                             const struct spelling_map *clusters, const struct counts *counts,
                             struct err *err)
{
    struct bytes *text = &preview->text;
    if (text->size == 0) TRY(bytes_append_text(text, "from,to,column,rows\n", err));
    for (size_t i = 0; i < clusters->from.count; i++) {
        const struct counted *from = &clusters->from.items[i];
        TRY(append_field(text, (struct str){(const char *)from->data, from->size}, err));
        TRY(append_field(text, clusters->to[i], err));
        TRY(append_field(text, str_of(column), err));
        TRY(bytes_format(text, err, "%lld\n",
                         (long long)counts_of(counts, from->data, from->size)));
    }
    return STATUS_OK;
}

static enum status write_file(const struct preview *preview, const char *path, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, path, err));
    TRY(output_write(output, preview->text.data, preview->text.size, err));
    return output_commit(output, err);
}

enum status clusters_preview_write(const struct preview *preview, const char *path, struct err *err)
{
    enum status status = write_file(preview, path, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "preview \"%s\"", path);
}
