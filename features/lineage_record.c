/* features/lineage_record.c: `tamis-features lineage record`: a training or serving job of somebody
 * else becomes a run of the catalog, with its inputs, outputs, parameters and metrics; or jobs,
 * from lines of JSON. */
#include "features/commands.h"

#include "features/lineage_import.h"
#include "features/lineage_node_name.h"
#include "features/recorded.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define JOB_MOST 48

struct record_args {
    const char *job;
    struct text_list inputs, outputs, metrics, parameters;
    int64_t epoch;
    const char *failed;
};

#define IN(member) offsetof(struct record_args, member)

static const struct setting record_options[] = {
    {.name = "job",
     .kind = SETTING_TEXT,
     .offset = IN(job),
     .help = "what ran; runs.stage becomes \"job NAME\"",
     .argument = "NAME"},
    {.name = "input",
     .kind = SETTING_TEXTS,
     .offset = IN(inputs),
     .help = "what it read: VIEW[@REF], DATASET[@REF] or a node; may be given several times",
     .argument = "REF"},
    {.name = "output",
     .kind = SETTING_TEXTS,
     .offset = IN(outputs),
     .help = "what it made: model:NAME or external:NAME; may be given several times",
     .argument = "NODE"},
    {.name = "metric",
     .kind = SETTING_TEXTS,
     .offset = IN(metrics),
     .help = "a result, as auc=0.93; may be given several times",
     .argument = "NAME=NUMBER"},
    {.name = "epoch",
     .kind = SETTING_INT,
     .offset = IN(epoch),
     .fallback = "-1",
     .minimum = -1,
     .maximum = 1e15,
     .help = "the metrics are those of this epoch or step; they go to metric_steps too "
             "(-1: of the whole run)",
     .argument = "N"},
    {.name = "param",
     .kind = SETTING_TEXTS,
     .offset = IN(parameters),
     .help = "how it was set, as learning_rate=0.1; may be given several times",
     .argument = "NAME=VALUE"},
    {.name = "failed",
     .kind = SETTING_TEXT,
     .offset = IN(failed),
     .help = "the job failed its checks, and why",
     .argument = "REASON"},
    {0},
};

static enum status check_args(const struct record_args *args, struct err *err)
{
    if (args->job == NULL) return fail(err, STATUS_USAGE, "--job is missing: what ran");
    if (*args->job == '\0' || strlen(args->job) > JOB_MOST)
        return fail(err, STATUS_USAGE, "--job has %zu bytes, expected 1 to %d", strlen(args->job),
                    JOB_MOST);
    if (args->inputs.count + args->outputs.count > 0) return STATUS_OK;
    fail(err, STATUS_USAGE, "neither --input nor --output is given");
    err_hint(err, "a run without edges is nowhere in the graph");
    return STATUS_USAGE;
}

/* ---- checks, before there is a run: a mistyped word is not a failed job ---- */

/* Puts the node in the place of each input. */
static enum status resolve_inputs(const struct invocation *invocation, struct err *err)
{
    const struct record_args *args = invocation->args;
    OWNED(store_close) struct store *store = NULL;
    TRY(store_open(&store, &invocation->common, STORE_READ, err));
    if (store == NULL) return STATUS_OK; /* --no-store is refused where the run begins */
    for (size_t i = 0; i < args->inputs.count; i++) {
        const char **input = &args->inputs.items[i];
        enum status status = lineage_node_name(store, *input, input, invocation->arena, err);
        if (status != STATUS_OK) return fail_within(err, status, "--input");
    }
    return STATUS_OK;
}

/* A version is made by committing it, not by saying so. */
static enum status check_output(const char *node, struct err *err)
{
    if (strncmp(node, "model:", 6) == 0 && node[6] != '\0') return STATUS_OK;
    if (strncmp(node, "external:", 9) == 0 && node[9] != '\0') return STATUS_OK;
    fail(err, STATUS_USAGE, "--output \"%s\" is not model:NAME or external:NAME", node);
    err_hint(err, "versions get their edges when they are committed");
    return STATUS_USAGE;
}

static enum status split_metric(const char *text, struct arena *arena, const char **ret_name,
                                double *ret_value, struct err *err)
{
    const char *equals = strchr(text, '=');
    char *end = NULL;
    if (equals != NULL) *ret_value = strtod(equals + 1, &end);
    if (equals == NULL || equals == text || end == equals + 1 || *end != '\0' ||
        !isfinite(*ret_value)) {
        fail(err, STATUS_USAGE, "--metric \"%s\" is not NAME=NUMBER", text);
        err_hint(err, "as in auc=0.93");
        return STATUS_USAGE;
    }
    *ret_name = arena_text(arena, text, (size_t)(equals - text));
    return *ret_name == NULL ? fail_memory(err, strlen(text)) : STATUS_OK;
}

static enum status check_parameter(const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    if (equals != NULL && equals != text) return STATUS_OK;
    fail(err, STATUS_USAGE, "--param \"%s\" is not NAME=VALUE", text);
    err_hint(err, "as in learning_rate=0.1");
    return STATUS_USAGE;
}

static enum status check_words(const struct invocation *invocation, struct err *err)
{
    const struct record_args *args = invocation->args;
    const char *name;
    double value;
    TRY(check_args(args, err));
    for (size_t i = 0; i < args->outputs.count; i++)
        TRY(check_output(args->outputs.items[i], err));
    for (size_t i = 0; i < args->metrics.count; i++)
        TRY(split_metric(args->metrics.items[i], invocation->arena, &name, &value, err));
    for (size_t i = 0; i < args->parameters.count; i++)
        TRY(check_parameter(args->parameters.items[i], err));
    return resolve_inputs(invocation, err);
}

/* With lines to read, the lines say everything. */
static enum status check_lines(const struct record_args *args, struct err *err)
{
    if (args->job == NULL && args->inputs.count + args->outputs.count == 0 &&
        args->metrics.count + args->parameters.count == 0 && args->epoch < 0 &&
        args->failed == NULL)
        return STATUS_OK;
    fail(err, STATUS_USAGE, "a job is told by options or by lines, found both");
    err_hint(err, "leave the options out, or the operand");
    return STATUS_USAGE;
}

/* ---- the run ---- */

/* Parameters are the configuration: runs of one job with the same ones have one digest. */
static enum status record_parameters(struct run *run, const struct text_list *parameters,
                                     struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(8 << 20);
    if (parameters->count == 0) return STATUS_OK;
    for (size_t i = 0; i < parameters->count; i++) {
        const char *text = parameters->items[i], *equals = strchr(text, '=');
        TRY(bytes_append_text(&json, i == 0 ? "{" : ",", err));
        TRY(bytes_append_json(&json, (struct str){text, (size_t)(equals - text)}, err));
        TRY(bytes_append_text(&json, ":", err));
        TRY(bytes_append_json(&json, str_of(equals + 1), err));
    }
    TRY(bytes_append_text(&json, "}", err));
    struct digest digest = digest_of(json.data, json.size);
    return run_config(run, (struct str){(const char *)json.data, json.size}, &digest, err);
}

static enum status record_metrics(struct run *run, const struct invocation *invocation,
                                  struct err *err)
{
    const struct record_args *args = invocation->args;
    const char *name = NULL;
    double value = 0;
    for (size_t i = 0; i < args->metrics.count; i++) {
        TRY(split_metric(args->metrics.items[i], invocation->arena, &name, &value, err));
        TRY(run_metric(run, name, value, "", err));
        if (args->epoch >= 0) TRY(run_metric_step(run, name, args->epoch, value, err));
    }
    return STATUS_OK;
}

static enum status record(struct run *run, struct invocation *invocation, struct err *err)
{
    const struct record_args *args = invocation->args;
    char stream[128];
    snprintf(stream, sizeof stream, "stream:%s", run_id(run));
    for (size_t i = 0; i < args->inputs.count; i++)
        TRY(run_edge(run, args->inputs.items[i], stream, err));
    for (size_t i = 0; i < args->outputs.count; i++)
        TRY(run_edge(run, stream, args->outputs.items[i], err));
    TRY(record_parameters(run, &args->parameters, err));
    TRY(record_metrics(run, invocation, err));
    if (args->failed != NULL) run_verdict_failed(run, args->failed);
    log_line(&invocation->common, false, "job %s is run %s", args->job, run_id(run));
    return STATUS_OK;
}

static enum status record_lines(struct run *run, struct invocation *invocation, struct err *err)
{
    return lineage_import(run, &invocation->common, invocation->operands[0], err);
}

static enum status record_run(struct invocation *invocation, struct err *err)
{
    const struct record_args *args = invocation->args;
    char stage[JOB_MOST + 8];
    if (invocation->operand_count > 0) {
        TRY(check_lines(args, err));
        return recorded(invocation, "features lineage record", STORE_THERE, record_lines, err);
    }
    TRY(check_words(invocation, err));
    snprintf(stage, sizeof stage, "job %s", args->job);
    enum status status = recorded(invocation, stage, STORE_THERE, record, err);
    /* The job failed its checks; telling so did not. */
    return status == STATUS_VERDICT && args->failed != NULL ? STATUS_OK : status;
}

const struct command lineage_record_command = {
    .name = "record",
    .operands = "[-|FILE]",
    .summary = "put a training or serving job, its models and metrics into the graph",
    .details =
        "Afterwards models_of_source.sql and lineage --down name the models that a source feeds, "
        "and model_inputs.sql and lineage --up the versions a model was trained on. Metrics are in "
        "run_metrics, those of an epoch in metric_steps too, parameters in runs.config.\n\n"
        "With an operand it reads lines of JSON instead, one an event, as they come:\n"
        "  {\"event\": \"start\", \"job\": \"train\", \"inputs\": [\"tamis:training/churn@3\"],\n"
        "   \"params\": {\"lr\": 0.1}}\n"
        "  {\"event\": \"metric\", \"epoch\": 1, \"metrics\": {\"loss\": 0.4, \"auc\": 0.8}}\n"
        "  {\"event\": \"complete\", \"outputs\": [\"model:churn\"]}\n"
        "or \"fail\" or \"abort\" with \"error\". Every event may have inputs, outputs, params, "
        "metrics, epoch, time and, where several runs are told at once or in several calls, run (a "
        "UUID). OpenLineage run events of other programs are taken as well. A line that cannot be "
        "understood is refused with its number and leaves nothing, the others count, and the exit "
        "code is 3. A run that began here and did not end is lost.",
    .examples = "tamis-features lineage record --job train --input tamis:training/churn@3 \\\n"
                "    --output model:churn --metric auc=0.93 --metric loss=0.21 --param lr=0.1\n"
                "python3 train.py | tamis-features lineage record -\n"
                "tamis-features lineage record airflow_events.jsonl",
    .options = record_options,
    .args_bytes = sizeof(struct record_args),
    .operands_maximum = 1,
    .run = record_run,
    .common_without = "output|json|explain|as-of|seed|no-store",
};
