/* ingest/options.c: the options of tamis-ingest and what their texts mean. */
#include "base/parallel.h"
#include "ingest/encoding.h"
#include "ingest/ingest.h"

#include <stdlib.h>

#define AT(member) offsetof(struct ingest_args, member)

const struct setting ingest_options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = AT(format),
     .fallback = "auto",
     .choices = "auto|csv|tsv|jsonl|images|sqlite|postgresql|arrow",
     .argument = "KIND",
     .help = "kind of the sources; auto goes by content, then name"},
    {.name = "into",
     .kind = SETTING_TEXT,
     .offset = AT(into),
     .argument = "DATASET",
     .help = "commit the rows as a new version of a dataset of the store"},
    {.name = "incremental",
     .kind = SETTING_FLAG,
     .offset = AT(incremental),
     .help = "read only what was not read before and commit it behind what is there (--into)"},
    {.name = "accept-failed",
     .kind = SETTING_FLAG,
     .offset = AT(accept_failed),
     .help = "commit although too many records were rejected"},
    {.name = "source-name",
     .kind = SETTING_TEXT,
     .offset = AT(source_name),
     .argument = "NAME",
     .help = "the name of a single source in _source and in the catalog"},
    {.name = "label-from",
     .kind = SETTING_CHOICE,
     .offset = AT(label_from),
     .fallback = "none",
     .choices = "none|directory",
     .argument = "WHAT",
     .help = "label of a picture: none, or the directory it lies in"},
    {.name = "table",
     .kind = SETTING_TEXT,
     .offset = AT(table),
     .argument = "NAME",
     .help = "of a database: the table or view to read; by default the only table"},
    {.name = "query",
     .kind = SETTING_TEXT,
     .offset = AT(query),
     .argument = "SQL",
     .help = "of a database: read the rows of one SELECT statement"},
    {.name = "contract",
     .kind = SETTING_TEXT,
     .offset = AT(contract),
     .argument = "FILE",
     .help = "columns, types and rules that the sources have to keep; infer writes one"},
    {.name = "on-drift",
     .kind = SETTING_CHOICE,
     .offset = AT(on_drift),
     .fallback = "contract",
     .choices = "contract|fail|evolve|reject",
     .argument = "ACTION",
     .help = "when a source differs from the contract: fail, evolve or reject; else as it says"},
    {.name = "rejects",
     .kind = SETTING_TEXT,
     .offset = AT(rejects),
     .argument = "FILE.arrow",
     .help = "write records that are no rows, with their bytes and the reason"},
    {.name = "max-rejects",
     .kind = SETTING_TEXT,
     .offset = AT(max_rejects),
     .argument = "N|P%",
     .help = "end with 3 when more records are rejected; by default only when all are"},
    {.name = "encoding",
     .kind = SETTING_TEXT,
     .offset = AT(encoding),
     .argument = "NAME",
     .help = "encoding of text: utf-8, windows-1252, shift_jis ...; auto finds it"},
    {.name = "delimiter",
     .kind = SETTING_TEXT,
     .offset = AT(delimiter),
     .argument = "CHARACTER",
     .help = "between fields: one character, or comma, semicolon, tab, bar; found by default"},
    {.name = "quote",
     .kind = SETTING_TEXT,
     .offset = AT(quote),
     .argument = "CHARACTER",
     .help = "around fields: one character, or none; found by default"},
    {.name = "header",
     .kind = SETTING_CHOICE,
     .offset = AT(header),
     .fallback = "auto",
     .choices = "auto|yes|no",
     .argument = "WHETHER",
     .help = "whether the first record holds the names: auto, yes or no"},
    {.name = "text",
     .kind = SETTING_TEXTS,
     .offset = AT(text),
     .argument = "COLUMN",
     .help = "keep a column as text, whatever it looks like; may be repeated"},
    {.name = "no-provenance",
     .kind = SETTING_FLAG,
     .offset = AT(no_provenance),
     .help = "leave the columns _source and _record out"},
    {.name = "compression",
     .kind = SETTING_TEXT,
     .offset = AT(compression),
     .argument = "none|zstd[:LEVEL]",
     .help = "of the output's buffers; by default zstd in files and none on pipes"},
    {.name = "chunk-rows",
     .kind = SETTING_INT,
     .offset = AT(chunk_rows),
     .fallback = "65536",
     .minimum = 1,
     .maximum = BATCH_ROWS_MAXIMUM,
     .argument = "N",
     .help = "records of a batch at most"},
    {.name = "chunk-bytes",
     .kind = SETTING_SIZE,
     .offset = AT(chunk_bytes),
     .fallback = "16M",
     .minimum = 4096,
     .maximum = BATCH_BYTES_MAXIMUM,
     .argument = "SIZE",
     .help = "bytes of a batch at most, unless one record is larger"},
    {.name = "max-field",
     .kind = SETTING_SIZE,
     .offset = AT(max_field),
     .fallback = "16M",
     .argument = "SIZE",
     .help = "a longer field makes its record a reject"},
    {.name = "max-picture",
     .kind = SETTING_SIZE,
     .offset = AT(max_picture),
     .fallback = "64M",
     .argument = "SIZE",
     .help = "a larger picture file is a reject"},
    {.name = "max-pixels",
     .kind = SETTING_INT,
     .offset = AT(max_pixels),
     .fallback = "100000000",
     .minimum = 1,
     .maximum = 1e15,
     .argument = "N",
     .help = "a picture with more is a reject"},
    {0},
};

/* ---- texts ---- */

struct named_character {
    const char *name;
    int character;
};

static enum status one_character(const char *option, const char *text,
                                 const struct named_character *named, int *ret, struct err *err)
{
    for (size_t i = 0; named[i].name != NULL; i++) {
        if (strcmp(text, named[i].name) != 0) continue;
        *ret = named[i].character;
        return STATUS_OK;
    }
    unsigned char byte = (unsigned char)text[0];
    if (strlen(text) != 1 || byte == '\n' || byte == '\r' || byte >= 0x80)
        return fail(err, STATUS_USAGE, "option --%s: found \"%s\", expected one ASCII character",
                    option, text);
    *ret = byte;
    return STATUS_OK;
}

static enum status set_characters(const struct ingest_args *args, struct source_options *ret,
                                  struct err *err)
{
    static const struct named_character delimiters[] = {
        {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"\\t", '\t'}, {"bar", '|'}, {NULL, 0}};
    static const struct named_character quotes[] = {
        {"none", 0}, {"double", '"'}, {"single", '\''}, {NULL, 0}};
    ret->quote = -1;
    if (args->delimiter != NULL)
        TRY(one_character("delimiter", args->delimiter, delimiters, &ret->delimiter, err));
    if (args->quote != NULL) TRY(one_character("quote", args->quote, quotes, &ret->quote, err));
    if (ret->delimiter != 0 && ret->delimiter == ret->quote)
        return fail(err, STATUS_USAGE, "--delimiter and --quote are the same character");
    return STATUS_OK;
}

static enum status check_encoding(const char *name, struct err *err)
{
    struct encoding encoding;
    if (name == NULL || strcmp(name, "auto") == 0) return STATUS_OK;
    enum status status = encoding_named(name, &encoding, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "option --encoding");
}

enum status ingest_source_options(const struct ingest_args *args, const struct common *common,
                                  struct source_options *ret, struct err *err)
{
    *ret = (struct source_options){
        .header = args->header,
        .label_from_directory = args->label_from == 1,
        .encoding = args->encoding,
        .table = args->table,
        .query = args->query,
        .text_columns = &args->text,
        .field_limit = args->max_field,
        .picture_limit = args->max_picture,
        .pixel_limit = (uint64_t)args->max_pixels,
        .chunk_rows = args->chunk_rows,
        .chunk_bytes = args->chunk_bytes,
        .threads = parallel_threads((size_t)common->threads),
    };
    if (args->table != NULL && args->query != NULL)
        return fail(err, STATUS_USAGE, "found both --table and --query, expected one of them");
    TRY(check_encoding(args->encoding, err));
    return set_characters(args, ret, err);
}

enum status ingest_contract(const struct ingest_args *args, struct contract **ret, struct err *err)
{
    *ret = NULL;
    if (args->contract == NULL && args->on_drift > 0)
        return fail(err, STATUS_USAGE, "--on-drift is for a run with --contract FILE");
    if (args->contract == NULL) return STATUS_OK;
    enum drift_action action =
        args->on_drift == 0 ? DRIFT_AS_WRITTEN : (enum drift_action)(args->on_drift - 1);
    return contract_load(ret, args->contract, action, err);
}

enum status ingest_reject_bound(const struct ingest_args *args, struct reject_bound *ret,
                                struct err *err)
{
    *ret = (struct reject_bound){.count = -1, .share = -1};
    if (args->max_rejects == NULL) return STATUS_OK;
    char *end;
    double number = strtod(args->max_rejects, &end);
    bool percent = strcmp(end, "%") == 0;
    bool good = end != args->max_rejects && number >= 0 && (percent ? number <= 100 : *end == 0);
    if (!good || (!percent && (number >= 1e15 || number != (double)(int64_t)number)))
        return fail(err, STATUS_USAGE,
                    "option --max-rejects: found \"%s\", expected a number or a share like 5%%",
                    args->max_rejects);
    if (percent)
        ret->share = number / 100;
    else
        ret->count = (int64_t)number;
    return STATUS_OK;
}

enum status ingest_target(const struct ingest_args *args, const struct common *common,
                          struct stage_target *ret, struct err *err)
{
    *ret = (struct stage_target){
        .path = common->output,
        .into = args->into,
        .level = 1,
        .accept_failed = args->accept_failed,
    };
    const char *text = args->compression;
    if (text == NULL) return STATUS_OK;
    ret->compression = strcmp(text, "none") == 0 ? COMPRESSION_NONE : COMPRESSION_ZSTD;
    if (ret->compression == COMPRESSION_NONE || strcmp(text, "zstd") == 0) return STATUS_OK;
    char *end = NULL;
    if (strncmp(text, "zstd:", 5) == 0) ret->level = strtol(text + 5, &end, 10);
    if (end == NULL || *end != '\0' || ret->level < 1 || ret->level > 19)
        return fail(err, STATUS_USAGE,
                    "option --compression: found \"%s\", expected none, zstd or zstd:1 to zstd:19",
                    text);
    return STATUS_OK;
}
