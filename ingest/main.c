/* tamis-ingest: reads tables and pictures into Arrow, loses nothing, and records where it is from.
 */
#include "ingest/ingest.h"
#include "ingest/objects.h"
#include "ingest/picture_header.h"

static enum status run_ingest(struct invocation *invocation, struct err *err)
{
    OWNED(store_close) struct store *store = NULL;
    OWNED(run_close) struct run *run = NULL;

    TRY(operands_expand(&invocation->operands, &invocation->operand_count, invocation->arena, err));
    /* a mistyped name makes no store and no run */
    TRY(objects_are_there(invocation->operands, invocation->operand_count, err));
    /* a plan records nothing */
    if (!invocation->common.explain) TRY(store_open(&store, &invocation->common, STORE_WRITE, err));
    TRY(run_begin(&run, store, "ingest", invocation, err));
    enum status status = ingest(invocation, run, err);
    return run_finish(run, status, err);
}

static const struct command *const subcommands[] = {&infer_command, &plan_command, &record_command,
                                                    NULL};

static const struct command command = {
    .name = "tamis-ingest",
    .operands = "[SOURCE...]",
    .summary = "read tables, databases, feeds, texts and pictures into Arrow",
    .details =
        "Reads each SOURCE (CSV, TSV, JSON, Arrow, Parquet, an RSS or Atom feed, a text, a log, "
        "an\n"
        "SQLite database, a PostgreSQL database as postgresql://HOST/NAME, PNG and JPEG pictures\n"
        "or a folder of them; packed, in a tar or zip file, or at http:// or https://; a pattern\n"
        "like 'data/*.csv'; none or - is stdin) and writes one Arrow stream, or commits a version "
        "with --into. Every record\n"
        "becomes a row, with its source and record number in _source and _record, or a reject\n"
        "with its bytes and a reason.\n\n"
        "The type of a column is decided over all its values in all sources: bool (true, false),\n"
        "int64, float64, date32 and timestamp (ISO 8601; without a zone it is UTC) where every\n"
        "value can be kept exactly, else utf8: leading zeros, plus signs, integers beyond 64 bits\n"
        "and mixed columns stay text. An empty field is null, an empty quoted one is an empty "
        "text.\n"
        "A column without a name is called columnN, a repeated name gets _2, _3.",
    .examples = "tamis-ingest infer orders.csv -o orders.yaml\n"
                "tamis-ingest orders.csv --contract orders.yaml --into raw/orders\n"
                "tamis-ingest orders.csv --into raw/orders --rejects rejects.arrow\n"
                "tamis-ingest pictures/ --label-from directory | tamis-clean -m images\n"
                "tamis-ingest shop.db --table orders --into raw/orders\n"
                "tamis-ingest https://example.org/orders.csv.gz --into raw/orders",
    .options = ingest_options,
    .args_bytes = sizeof(struct ingest_args),
    .subcommands = subcommands,
    .operands_maximum = SIZE_MAX,
    .run = run_ingest,
    .decode = picture_header_serve,
    .common_without = "seed|as-of",
};

int main(int argc, char **argv)
{
    return command_main(&command, argc, argv);
}
