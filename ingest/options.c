/* ingest/options.c: the options of tamis-ingest and what their texts mean. */
#include "base/parallel.h"
#include "ingest/dialect_options.h"
#include "ingest/encoding.h"
#include "ingest/json.h"
#include "ingest/shape.h"

#include <stdlib.h>

#define AT(member) offsetof(struct ingest_args, member)

const struct setting ingest_options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = AT(format),
     .fallback = "auto",
     .choices = INGEST_FORMATS,
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
    {.name = "cursor",
     .kind = SETTING_TEXT,
     .offset = AT(cursor),
     .argument = "COLUMN",
     .help = "with --incremental on a database: the column that grows with every new row"},
    {.name = "lag",
     .kind = SETTING_TEXT,
     .offset = AT(lag),
     .argument = "N|TIME",
     .help = "of --cursor: how far back rows may come late: a number, or 90s, 10m, 2h, 3d"},
    {.name = "changed",
     .kind = SETTING_CHOICE,
     .offset = AT(changed),
     .fallback = "fail",
     .choices = "fail|skip|again",
     .argument = "WHAT",
     .help = "with --incremental: what becomes of a source that changed since it was read"},
    {.name = "last-record",
     .kind = SETTING_CHOICE,
     .offset = AT(last_record),
     .fallback = "wait",
     .choices = "wait|read",
     .argument = "WHAT",
     .help = "with --incremental: a last record without its end waits for it, or is read"},
    {.name = "shard",
     .kind = SETTING_TEXT,
     .offset = AT(shard),
     .argument = "I/N",
     .help = "read only shard I of the N of --plan"},
    {.name = "plan",
     .kind = SETTING_TEXT,
     .offset = AT(plan),
     .argument = "FILE",
     .help = "where the shards are: what tamis-ingest plan wrote"},
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
     .choices = "none|directory|cls|json",
     .argument = "WHAT",
     .help =
         "label of a picture: the directory it lies in, or the text of NAME.cls, or \"label\" in "
         "NAME.json beside NAME.jpg (WebDataset)"},
    {.name = "sidecar",
     .kind = SETTING_TEXTS,
     .offset = AT(sidecar),
     .argument = "ENDING",
     .help = "a column with the text of NAME.ENDING beside a picture; may be repeated"},
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
    {.name = "retry",
     .kind = SETTING_FLAG,
     .offset = AT(retry),
     .help = "the operands are rejects: read their records again; --into adds them to the newest "
             "version"},
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
    {.name = "pattern",
     .kind = SETTING_TEXT,
     .offset = AT(pattern),
     .argument = "NAME|REGEX",
     .help = "take lines apart: common, combined, syslog, syslog5424, or PCRE2 with named groups"},
    DIALECT_OPTIONS((size_t)0),
    {.name = "ragged",
     .kind = SETTING_CHOICE,
     .offset = AT(ragged),
     .fallback = "reject",
     .choices = "reject|pad",
     .argument = "WHAT",
     .help = "records with another number of fields: reject, or pad with nulls (and leave empty "
             "fields too many out)"},
    {.name = "text",
     .kind = SETTING_TEXTS,
     .offset = AT(text),
     .argument = "COLUMN",
     .help = "keep a column as text, whatever it looks like; may be repeated; * is all of CSV"},
    {.name = "columns",
     .kind = SETTING_TEXTS,
     .offset = AT(columns),
     .argument = "COLUMN",
     .help = "of a Parquet file: read this column only; may be repeated"},
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
     .fallback = "8M",
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
    {.name = "max-record",
     .kind = SETTING_SIZE,
     .offset = AT(max_record),
     .fallback = "64M",
     .minimum = 4096,
     .maximum = 1u << 30,
     .argument = "SIZE",
     .help = "a longer line, row or entry is a reject"},
    {.name = "max-columns",
     .kind = SETTING_INT,
     .offset = AT(max_columns),
     .fallback = "10000",
     .minimum = 1,
     .maximum = COLUMNS_MAXIMUM,
     .argument = "N",
     .help = "more columns end the run"},
    {.name = "max-depth",
     .kind = SETTING_INT,
     .offset = AT(max_depth),
     .fallback = "128", /* JSON_DEPTH */
     .minimum = 1,
     .maximum = JSON_DEPTH_MAXIMUM,
     .argument = "N",
     .help = "a JSON record with more levels in each other is a reject"},
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
    {.name = "max-ratio",
     .kind = SETTING_REAL,
     .offset = AT(max_ratio),
     .fallback = "200", /* UNPACK_RATIO */
     .minimum = 1,
     .maximum = 1e9,
     .argument = "N",
     .help = "bytes out of a packed byte at most, beyond the first 16M of a source"},
    {.name = "max-members",
     .kind = SETTING_INT,
     .offset = AT(max_members),
     .fallback = "1000000", /* BUNDLE_MEMBERS */
     .minimum = 1,
     .maximum = 1e12,
     .argument = "N",
     .help = "members of an archive at most"},
    {.name = "retries",
     .kind = SETTING_INT,
     .offset = AT(retries),
     .fallback = "5", /* HTTP_RETRIES */
     .minimum = 0,
     .maximum = 1000,
     .argument = "N",
     .help = "of a broken connection to a web server, in a row that bring less than 1M"},
    {.name = "timeout",
     .kind = SETTING_INT,
     .offset = AT(timeout),
     .fallback = "60", /* HTTP_TIMEOUT */
     .minimum = 1,
     .maximum = 86400,
     .argument = "SECONDS",
     .help = "to wait for a web server that sends nothing"},
    {.name = "max-bytes",
     .kind = SETTING_SIZE,
     .offset = AT(max_bytes),
     .argument = "SIZE",
     .help = "unpacked or received bytes of a source at most; any number by default"},
    {0},
};

const struct source_kind *ingest_wanted_kind(const struct ingest_args *args)
{
    if (args->format > 0) return source_kinds[args->format - 1];
    return args->pattern == NULL ? NULL : source_kind_named(str_of("lines"));
}

/* ---- texts ---- */

struct named_text {
    const char *name, *text;
};

/* `text`, or what is meant where it is a name. */
static const char *meant(const struct named_text *named, const char *text)
{
    for (size_t i = 0; named[i].name != NULL; i++)
        if (strcmp(text, named[i].name) == 0) return named[i].text;
    return text;
}

static enum status one_character(const char *option, const char *text,
                                 const struct named_text *named, int *ret, struct err *err)
{
    const char *character = meant(named, text);
    unsigned char byte = (unsigned char)character[0];
    bool none = byte == '\0' && character != text;
    if (!none && (strlen(character) != 1 || byte == '\n' || byte == '\r' || byte >= 0x80))
        return fail(err, STATUS_USAGE, "option --%s: found \"%s\", expected one ASCII character",
                    option, text);
    *ret = byte;
    return STATUS_OK;
}

static enum status set_delimiter(const char *text, const char **ret, struct err *err)
{
    static const struct named_text names[] = {{"comma", ","}, {"semicolon", ";"}, {"tab", "\t"},
                                              {"\\t", "\t"},  {"bar", "|"},       {"space", " "},
                                              {NULL, NULL}};
    if (text == NULL) return STATUS_OK;
    *ret = meant(names, text);
    size_t size = strlen(*ret);
    if (size >= 1 && size <= 8 && strpbrk(*ret, "\r\n") == NULL && utf8_valid(*ret, size))
        return STATUS_OK;
    return fail(err, STATUS_USAGE,
                "option --delimiter: found \"%s\", expected 1 to 8 bytes of UTF-8 on one line",
                text);
}

static enum status set_characters(const struct ingest_args *args, struct source_options *ret,
                                  struct err *err)
{
    static const struct named_text quotes[] = {
        {"none", ""}, {"double", "\""}, {"single", "'"}, {NULL, NULL}};
    static const struct named_text escapes[] = {{"none", ""}, {"backslash", "\\"}, {NULL, NULL}};
    static const struct named_text comments[] = {{"none", ""}, {"hash", "#"}, {NULL, NULL}};
    ret->quote = ret->escape = -1;
    TRY(set_delimiter(args->delimiter, &ret->delimiter, err));
    if (args->quote != NULL) TRY(one_character("quote", args->quote, quotes, &ret->quote, err));
    if (args->escape != NULL)
        TRY(one_character("escape", args->escape, escapes, &ret->escape, err));
    if (args->comment != NULL)
        TRY(one_character("comment", args->comment, comments, &ret->comment, err));
    int delimiter = ret->delimiter == NULL ? -2 : (unsigned char)ret->delimiter[0];
    if (delimiter == ret->quote || delimiter == ret->escape)
        return fail(err, STATUS_USAGE, "--delimiter begins with the character of --%s",
                    delimiter == ret->quote ? "quote" : "escape");
    if (ret->escape == ret->quote && ret->quote > 0)
        ret->escape = 0; /* a quote is doubled anyway */
    return STATUS_OK;
}

static enum status check_encoding(const char *name, struct err *err)
{
    struct encoding encoding;
    if (name == NULL || strcmp(name, "auto") == 0) return STATUS_OK;
    enum status status = encoding_named(name, &encoding, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "option --encoding");
}

static enum status set_header(const struct ingest_args *args, struct source_options *ret,
                              struct err *err)
{
    const char *text = args->header == NULL ? "auto" : args->header;
    char *end;
    ret->header_rows = 1;
    ret->header = HEADER_AUTO;
    if (strcmp(text, "auto") == 0) return STATUS_OK;
    ret->header = strcmp(text, "no") == 0 || strcmp(text, "0") == 0 ? HEADER_NO : HEADER_YES;
    if (ret->header == HEADER_NO || strcmp(text, "yes") == 0) return STATUS_OK;
    ret->header_rows = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && ret->header_rows >= 1 && ret->header_rows <= 100)
        return STATUS_OK;
    return fail(err, STATUS_USAGE,
                "option --header: found \"%s\", expected auto, yes, no or a number up to 100",
                text);
}

enum status ingest_source_options(const struct ingest_args *args, const struct common *common,
                                  struct source_options *ret, struct err *err)
{
    *ret = (struct source_options){
        .skip_rows = args->skip_rows,
        .pad_ragged = args->ragged == 1,
        .label_from = args->label_from,
        .sidecars = &args->sidecar,
        .encoding = args->encoding,
        .pattern = args->pattern,
        .table = args->table,
        .query = args->query,
        .changed = args->changed,
        .cursor = args->cursor,
        .lag = args->lag,
        .text_columns = &args->text,
        .columns = &args->columns,
        .field_limit = args->max_field,
        .column_limit = args->max_columns > 0 ? args->max_columns : 10000,
        .depth_limit = args->max_depth > 0 ? args->max_depth : JSON_DEPTH,
        .record_limit = args->max_record > 0 ? args->max_record : 64u << 20,
        .picture_limit = args->max_picture,
        .pixel_limit = (uint64_t)args->max_pixels,
        .chunk_rows = args->chunk_rows,
        .chunk_bytes = args->chunk_bytes,
        .threads = parallel_threads((size_t)common->threads),
    };
    if (args->table != NULL && args->query != NULL)
        return fail(err, STATUS_USAGE, "found both --table and --query, expected one of them");
    const struct source_kind *kind = ingest_wanted_kind(args);
    if (args->pattern != NULL && strcmp(kind->name, "lines") != 0)
        return fail(err, STATUS_USAGE, "--pattern is for lines, and --format says %s", kind->name);
    TRY(check_encoding(args->encoding, err));
    TRY(set_header(args, ret, err));
    return set_characters(args, ret, err);
}

enum status ingest_contract(const struct ingest_args *args, struct contract **ret, struct err *err)
{
    *ret = NULL;
    bool into_known = args->incremental && args->on_drift == 1 + DRIFT_REJECT;
    if (args->contract == NULL && args->on_drift > 0 && !into_known)
        return fail(err, STATUS_USAGE, "--on-drift %s is for a run with --contract FILE",
                    drift_action_names[args->on_drift - 1]);
    if (args->contract == NULL) return STATUS_OK;
    enum drift_action action =
        args->on_drift == 0 ? DRIFT_AS_WRITTEN : (enum drift_action)(args->on_drift - 1);
    return contract_load(ret, args->contract, action, err);
}

struct bundle_limits ingest_bundle_limits(const struct ingest_args *args)
{
    return (struct bundle_limits){
        .unpack = {.ratio = args->max_ratio > 0 ? args->max_ratio : UNPACK_RATIO,
                   .bytes = args->max_bytes},
        .members = args->max_members > 0 ? args->max_members : BUNDLE_MEMBERS,
    };
}

struct http_limits ingest_http_limits(const struct ingest_args *args)
{
    bool given = args->timeout > 0;
    return (struct http_limits){
        .retries = given ? args->retries : HTTP_RETRIES,
        .timeout = given ? args->timeout : HTTP_TIMEOUT,
        .bytes = args->max_bytes,
    };
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
