/* features/lineage.c: `tamis-features lineage`: what a thing was made from, and what from it. */
#include "features/commands.h"

#include "base/output.h"
#include "features/lineage_node_name.h"
#include "features/lineage_picture.h"
#include "lineage/sql.h"

#define PICTURE_MOST ((size_t)256 << 20)

struct lineage_args {
    int format;
    int64_t depth;
    bool up, down, columns;
};

#define IN(member) offsetof(struct lineage_args, member)

static const struct setting lineage_options[] = {
    {.name = "format",
     .kind = SETTING_CHOICE,
     .offset = IN(format),
     .fallback = "svg",
     .choices = "svg|html|dot|json|openlineage",
     .help = "a picture, a page with what is known of each node, a Graphviz file, nodes and edges, "
             "or events of the runs"},
    {.name = "depth",
     .kind = SETTING_INT,
     .offset = IN(depth),
     .minimum = 0,
     .maximum = 1000000,
     .help = "hops to follow each way (default: 0, all)",
     .argument = "N"},
    {.name = "up", .kind = SETTING_FLAG, .offset = IN(up), .help = "only what it was made from"},
    {.name = "down",
     .kind = SETTING_FLAG,
     .offset = IN(down),
     .help = "only what was made from it"},
    {.name = "columns",
     .kind = SETTING_FLAG,
     .offset = IN(columns),
     .help = "the columns of each node, and which column each comes from"},
    {0},
};

/* The formats in the order of the choices. */
static enum status (*const writers[])(const struct lineage_graph *, struct bytes *,
                                      struct err *) = {lineage_svg, lineage_html, lineage_dot,
                                                       lineage_json, lineage_openlineage};

static enum status check_known(struct store *store, const char *node, struct err *err)
{
    int64_t known = 0;
    if (strncmp(node, "version:", 8) == 0) return STATUS_OK; /* resolved in the catalog */
    TRY(sql_number(store, &known, 0, err,
                   "SELECT EXISTS (SELECT 1 FROM edges WHERE input = ?1) "
                   "OR EXISTS (SELECT 1 FROM edges WHERE output = ?1)",
                   "t", node));
    if (known != 0) return STATUS_OK;
    fail(err, STATUS_USAGE, "no run read or wrote \"%s\"", node);
    err_hint(err, "names stand in the columns input and output of the table edges");
    return STATUS_USAGE;
}

static enum status write_out(const struct common *common, const struct bytes *text, struct err *err)
{
    OWNED(output_close) struct output *output = NULL;
    TRY(output_open(&output, common->output, err));
    TRY(output_write(output, text->data, text->size, err));
    return output_commit(output, err);
}

static enum status lineage_run(struct invocation *invocation, struct err *err)
{
    const struct lineage_args *args = invocation->args;
    OWNED(store_close) struct store *store = NULL;
    OWNED(lineage_graph_release) struct lineage_graph graph = {0};
    OWNED(bytes_release) struct bytes text = bytes_limited(PICTURE_MOST);
    struct lineage_walk walk = {
        .up = args->up || !args->down, .down = args->down || !args->up, .depth = args->depth};
    const char *node = NULL;
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return fail(err, STATUS_USAGE, "--no-store: lineage is in a store");
    TRY(lineage_node_name(store, invocation->operands[0], &node, invocation->arena, err));
    TRY(check_known(store, node, err));
    TRY(lineage_graph_read(&graph, store, node, &walk, invocation->arena, err));
    if (args->columns) TRY(lineage_columns_read(&graph, err));
    TRY(writers[args->format](&graph, &text, err));
    return write_out(&invocation->common, &text, err);
}

static const struct command *const lineage_subcommands[] = {&lineage_record_command, NULL};

const struct command lineage_command = {
    .name = "lineage",
    .operands = "REF",
    .summary = "draw what a version, file, run or model was made from, and what from it",
    .details = "REF is VIEW[@VERSION], DATASET[@VERSION], or a node of the graph: source:NAME, "
               "stream:RUN, model:NAME, external:NAME. The SVG and the page need no other program "
               "or file. Failed and lost runs have their own border and say so. With --columns, "
               "solid lines carry values, dashed ones decide which rows or values there are, and "
               "masked columns are marked.",
    .examples =
        "tamis-features lineage user_activity@prod --up -o activity.svg\n"
        "tamis-features lineage user_activity --depth 2 --columns --format html -o activity.html\n"
        "tamis-features lineage source:orders.csv --down --depth 4 --format json\n"
        "tamis-features lineage model:churn --format dot | dot -Tpdf -o churn.pdf",
    .options = lineage_options,
    .args_bytes = sizeof(struct lineage_args),
    .subcommands = lineage_subcommands,
    .operands_minimum = 1,
    .operands_maximum = 1,
    .run = lineage_run,
    .common_without = "emit|json|explain|as-of|seed|no-store",
};
