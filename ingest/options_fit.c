/* ingest/options_fit.c: options of reading that mean nothing to the kind of the sources. */
#include "ingest/ingest.h"

static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word))
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0')) return true;
    return false;
}

enum status ingest_options_fit(const struct ingest_args *args, const struct source_kind *kind,
                               struct err *err)
{
    const struct {
        const char *option;
        bool given;
        const char *kinds, *are;
    } options[] = {
        {"delimiter", args->delimiter != NULL, "csv tsv", "CSV"},
        {"quote", args->quote != NULL, "csv tsv", "CSV"},
        {"escape", args->escape != NULL, "csv tsv", "CSV"},
        {"comment", args->comment != NULL, "csv tsv", "CSV"},
        {"header", args->header != NULL && strcmp(args->header, "auto") != 0, "csv tsv", "CSV"},
        {"skip-rows", args->skip_rows >= 0, "csv tsv", "CSV"},
        {"ragged", args->ragged != 0, "csv tsv", "CSV"},
        {"label-from", args->label_from != LABEL_NONE, "images", "pictures"},
        {"sidecar", args->sidecar.count > 0, "images", "pictures"},
        {"columns", args->columns.count > 0, "parquet", "Parquet files"},
        {"text", args->text.count > 0, "csv tsv jsonl sqlite lines", "tables without types"},
        {"encoding", args->encoding != NULL, "csv tsv jsonl feed text lines", "texts"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!options[i].given || has_word(options[i].kinds, kind->name)) continue;
        return fail(err, STATUS_USAGE, "--%s is for %s, and the source is %s", options[i].option,
                    options[i].are, kind->name);
    }
    return STATUS_OK;
}
