/* tests/unit/clean/harness.c: runs one module without the chain. */
#include "tests/unit/clean/harness.h"

#include "base/clock.h"
#include "base/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the test that runs. */
static void stop(const char *place, const struct err *err)
{
    print_error("%s: %s\n", place, err->message);
    _fail(__FILE__, __LINE__);
}

/* ---- windows ---- */

struct windows {
    struct window *items;
    struct batch *batches;
    size_t count;
};

static void windows_release(struct windows *windows)
{
    for (size_t i = 0; windows->batches != NULL && i < windows->count; i++)
        batch_release(&windows->batches[i]);
    memory_free(windows->items);
    memory_free(windows->batches);
    *windows = (struct windows){0};
}

static enum status cut(struct windows *ret, const struct batch *input, int64_t rows,
                       struct err *err)
{
    int64_t size = rows == 0 ? BATCH_ROWS_MAXIMUM : rows;
    size_t count = (size_t)((input->rows + size - 1) / size);
    TRY(NEW(&ret->items, count + 1, err));
    TRY(NEW(&ret->batches, count + 1, err));
    for (size_t i = 0; i < count; i++) {
        int64_t first = (int64_t)i * size;
        int64_t length = input->rows - first < size ? input->rows - first : size;
        TRY(batch_slice(&ret->batches[i], input, first, length, err));
        ret->count++;
        ret->items[i] = (struct window){
            .index = (int64_t)i,
            .first_row = (int64_t)i * BATCH_ROWS_MAXIMUM,
            .batch = &ret->batches[i],
        };
        (void)schema_provenance(input->schema, &ret->items[i].source_column,
                                &ret->items[i].record_column);
    }
    return STATUS_OK;
}

/* ---- fit ---- */

struct fit {
    const struct clean_module *module;
    struct trial *trial;
    struct windows *windows;
    uint8_t *tallies;
    size_t stride;
    int pass;
};

static enum status observe_one(void *context, size_t index, struct err *err)
{
    struct fit *fit = context;
    return fit->module->observe(fit->trial->state, fit->pass, &fit->windows->items[index],
                                fit->tallies + index * fit->stride, err);
}

static enum status fit_pass(struct fit *fit, bool *ret_more, struct err *err)
{
    const struct clean_module *module = fit->module;
    size_t count = fit->windows->count;
    fit->stride = (module->tally_bytes + 63) / 64 * 64 + 64;
    OWNED(memory_release) uint8_t *tallies = NULL;
    TRY(NEW(&tallies, (count + 1) * fit->stride, err));
    fit->tallies = tallies;
    enum status status = parallel_for(fit->trial->threads, count, fit, observe_one, err);
    for (size_t i = 0; i < count; i++) {
        void *tally = tallies + i * fit->stride;
        if (status == STATUS_OK)
            status = module->absorb(fit->trial->state, fit->pass, tally, err);
        else if (module->discard != NULL)
            module->discard(tally);
    }
    TRY(status);
    *ret_more = false;
    return module->settle == NULL ? STATUS_OK
                                  : module->settle(fit->trial->state, fit->pass, ret_more, err);
}

static enum status fit_all(struct trial *trial, const struct clean_module *module,
                           struct windows *windows, struct err *err)
{
    if (module->observe == NULL) return STATUS_OK;
    if (module->needs_fit != NULL && !module->needs_fit(trial->state)) return STATUS_OK;
    struct fit fit = {.module = module, .trial = trial, .windows = windows};
    bool more = true;
    for (; more || fit.pass < module->passes; fit.pass++)
        TRY(fit_pass(&fit, &more, err));
    return STATUS_OK;
}

/* ---- apply ---- */

struct application {
    const struct clean_module *module;
    struct trial *trial;
    struct windows *windows;
    struct change *changes;
    struct batch *results;
    size_t count;
};

static void application_release(struct application *application)
{
    for (size_t i = 0; i < application->count; i++) {
        if (application->changes != NULL) change_release(&application->changes[i]);
        if (application->results != NULL) batch_release(&application->results[i]);
    }
    memory_free(application->changes);
    memory_free(application->results);
}

static enum status apply_one(void *context, size_t index, struct err *err)
{
    struct application *application = context;
    struct change *change = &application->changes[index];
    const struct window *window = &application->windows->items[index];
    TRY(change_open(change, window, application->trial->after, err));
    TRY(application->module->apply(application->trial->state, window, change, err));
    return change_result(change, &application->results[index], err);
}

static enum status keep_text(struct trial *trial, struct str *text, struct err *err)
{
    if (text->data == NULL) return STATUS_OK;
    text->data = arena_text(trial->arena, text->data, text->size);
    return text->data == NULL ? fail_memory(err, text->size) : STATUS_OK;
}

static enum status keep_removals(struct trial *trial, const struct change *change, int64_t first,
                                 struct err *err)
{
    if (change->removal_count == 0) return STATUS_OK;
    size_t total = trial->removal_count + change->removal_count;
    struct removal *all = memory_resize(trial->removals, total, sizeof *all);
    if (all == NULL) return fail_memory(err, total * sizeof *all);
    trial->removals = all;
    for (size_t i = 0; i < change->removal_count; i++) {
        struct removal *removal = &all[trial->removal_count + i];
        *removal = change->removals[i];
        removal->row += first;
        TRY(keep_text(trial, &removal->value, err));
        TRY(keep_text(trial, &removal->into_source, err));
    }
    trial->removal_count = total;
    return STATUS_OK;
}

static bool same_name(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static enum status keep_findings(struct trial *trial, const struct change *change, struct err *err)
{
    for (size_t i = 0; i < change->finding_count; i++) {
        const struct finding *finding = &change->findings[i];
        size_t at = 0;
        while (at < trial->finding_count &&
               !(same_name(trial->findings[at].rule, finding->rule) &&
                 same_name(trial->findings[at].column, finding->column)))
            at++;
        if (at == trial->finding_count) {
            struct finding *all = memory_resize(trial->findings, at + 1, sizeof *all);
            if (all == NULL) return fail_memory(err, (at + 1) * sizeof *all);
            trial->findings = all;
            all[at] = (struct finding){.rule = finding->rule, .column = finding->column};
            trial->finding_count++;
        }
        trial->findings[at].rows += finding->rows;
    }
    return STATUS_OK;
}

static enum status gather(struct application *application, struct err *err)
{
    struct trial *trial = application->trial;
    int64_t first = 0;
    for (size_t i = 0; i < application->count; i++) {
        const struct change *change = &application->changes[i];
        TRY(keep_removals(trial, change, first, err));
        TRY(keep_findings(trial, change, err));
        for (size_t c = 0; c < trial->after->count; c++)
            trial->cells += change->cells[c];
        first += application->windows->items[i].batch->rows;
    }
    if (application->count == 0) return batch_empty(&trial->output, trial->after, err);
    return batch_concat(&trial->output, trial->after, application->results, application->count,
                        err);
}

static enum status apply_all(struct trial *trial, const struct clean_module *module,
                             struct windows *windows, struct err *err)
{
    OWNED(application_release)
    struct application application = {
        .module = module, .trial = trial, .windows = windows, .count = windows->count};
    TRY(NEW(&application.changes, windows->count + 1, err));
    TRY(NEW(&application.results, windows->count + 1, err));
    TRY(parallel_for(trial->threads, windows->count, &application, apply_one, err));
    return gather(&application, err);
}

/* ---- a trial ---- */

static enum status open_module(struct trial *trial, const struct clean_module *module,
                               const struct batch *input, struct err *err)
{
    if (trial->words != NULL)
        TRY(yaml_from_words(&trial->recipe, trial->words, err));
    else
        TRY(yaml_parse(&trial->recipe, "trial", str_of(trial->yaml), err));
    const struct yaml_node *root = yaml_root(trial->recipe);
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 1);
    TRY(NEW((uint8_t **)&trial->config, module->config_bytes + 1, err));
    TRY(settings_from_yaml(module->settings, root->items[0], trial->config, trial->arena, err));
    trial->before = schema_ref(input->schema);
    struct module_setup setup = {
        .config = trial->config,
        .schema = trial->before,
        .node = root->items[0],
        .position = 1,
        .threads = trial->threads,
        .memory = trial->memory,
        .device = trial->device,
        .as_of = INT64_MIN,
        .arena = trial->arena,
    };
    TRY(module->open(&trial->state, &setup, &trial->after, err));
    if (trial->after == NULL) trial->after = schema_ref(trial->before);
    return STATUS_OK;
}

static enum status learn(struct trial *trial, const struct clean_module *module,
                         struct windows *windows, struct err *err)
{
    if (trial->load != NULL) {
        TRY(yaml_parse(&trial->parameters, "parameters", str_of(trial->load), err));
        TRY(module->load(trial->state, yaml_root(trial->parameters), err));
    } else {
        TRY(fit_all(trial, module, windows, err));
    }
    if (module->fitted_schema == NULL) return STATUS_OK;
    struct schema *fitted = NULL;
    TRY(module->fitted_schema(trial->state, &fitted, err));
    if (fitted == NULL) return STATUS_OK;
    schema_unref(&trial->after);
    trial->after = fitted;
    return STATUS_OK;
}

static enum status conclude(struct trial *trial, const struct clean_module *module, int64_t rows,
                            struct err *err)
{
    trial->report = bytes_limited(1 << 20);
    trial->saved = bytes_limited(64 << 20);
    if (module->conclude != NULL)
        TRY(module->conclude(trial->state, rows, trial->findings, trial->finding_count,
                             &trial->failed, &trial->report, err));
    if (module->save != NULL) TRY(module->save(trial->state, &trial->saved, err));
    TRY(bytes_append(&trial->report, "", 1, err));
    return bytes_append(&trial->saved, "", 1, err);
}

static enum status trial_steps(struct trial *trial, const struct clean_module *module,
                               const struct batch *input, struct err *err)
{
    OWNED(windows_release) struct windows windows = {0};
    TRY(arena_open(&trial->arena, err));
    TRY(open_module(trial, module, input, err));
    TRY(cut(&windows, input, trial->window_rows, err));
    TRY(learn(trial, module, &windows, err));
    TRY(apply_all(trial, module, &windows, err));
    return conclude(trial, module, input->rows, err);
}

enum status trial_try(struct trial *trial, const struct clean_module *module,
                      const struct batch *input)
{
    if (trial->threads == 0) trial->threads = 1;
    if (trial->memory == 0) trial->memory = 64 << 20;
    trial->status = trial_steps(trial, module, input, &trial->err);
    if (trial->state != NULL && module->close != NULL) module->close(&trial->state);
    return trial->status;
}

void trial_run(struct trial *trial, const struct clean_module *module, const struct batch *input)
{
    if (trial_try(trial, module, input) == STATUS_OK) return;
    stop(module->name, &trial->err);
}

static enum status write_text(struct trial *trial, struct err *err)
{
    const struct batch *output = &trial->output;
    trial->text = bytes_limited(16 << 20);
    for (size_t c = 0; c < output->schema->count; c++)
        TRY(bytes_format(&trial->text, err, "%s%s", c == 0 ? "" : "|",
                         output->schema->fields[c].name));
    TRY(bytes_append_text(&trial->text, "\n", err));
    for (int64_t row = 0; row < output->rows; row++) {
        for (size_t c = 0; c < output->schema->count; c++) {
            char value[1024];
            array_value_text(&output->schema->fields[c], output->columns[c], row, value,
                             sizeof value);
            TRY(bytes_format(&trial->text, err, "%s%s", c == 0 ? "" : "|", value));
        }
        TRY(bytes_append_text(&trial->text, "\n", err));
    }
    return bytes_append(&trial->text, "", 1, err);
}

const char *trial_text(struct trial *trial)
{
    bytes_release(&trial->text);
    if (write_text(trial, &trial->err) != STATUS_OK) stop("output", &trial->err);
    return (const char *)trial->text.data;
}

void trial_close(struct trial *trial)
{
    batch_release(&trial->output);
    memory_free(trial->removals);
    memory_free(trial->findings);
    bytes_release(&trial->report);
    bytes_release(&trial->saved);
    bytes_release(&trial->text);
    yaml_close(&trial->recipe);
    yaml_close(&trial->parameters);
    memory_free(trial->config);
    schema_unref(&trial->before);
    schema_unref(&trial->after);
    arena_close(&trial->arena);
    *trial = (struct trial){0};
}

/* ---- input from text ---- */

static int hex(char digit)
{
    return digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10;
}

static size_t unescape(struct str cell, char *ret)
{
    size_t size = 0;
    for (size_t i = 0; i < cell.size; i++) {
        char c = cell.data[i];
        if (c == '\\' && i + 1 < cell.size) {
            c = cell.data[++i];
            if (c == 'n') c = '\n';
            if (c == 't') c = '\t';
            if (c == 'x' && i + 2 < cell.size) {
                c = (char)(hex(cell.data[i + 1]) * 16 + hex(cell.data[i + 2]));
                i += 2;
            }
        }
        ret[size++] = c;
    }
    return size;
}

static enum status build_time(struct builder *builder, const struct field *field, struct str cell,
                              struct err *err)
{
    int64_t microseconds = 0;
    TRY(time_parse(cell, &microseconds, err));
    if (field->type.id == TYPE_TIMESTAMP) return build_int(builder, microseconds, err);
    return build_int(builder, microseconds / 86400000000, err);
}

static enum status build_cell(struct builder *builder, const struct field *field, struct str cell,
                              struct err *err)
{
    if (cell.size == 0) return build_null(builder, err);
    enum type_id id = field->type.id;
    if (id == TYPE_UTF8 || id == TYPE_BINARY) {
        if (str_is(cell, "\"\"")) return build_text(builder, str_of(""), err);
        OWNED(memory_release) char *text = NULL;
        TRY(NEW(&text, cell.size + 1, err));
        return build_text(builder, (struct str){text, unescape(cell, text)}, err);
    }
    char number[64];
    snprintf(number, sizeof number, "%.*s", (int)cell.size, cell.data);
    if (id == TYPE_DATE32 || id == TYPE_TIMESTAMP) return build_time(builder, field, cell, err);
    if (id == TYPE_BOOL) return build_bool(builder, number[0] == 't', err);
    if (type_is_integer(id)) return build_int(builder, strtoll(number, NULL, 10), err);
    return build_real(builder, strtod(number, NULL), err);
}

/* The text before the next `separator`; moves `rest` behind it. */
static struct str take(struct str *rest, char separator)
{
    const char *end = memchr(rest->data, separator, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    struct str part = {rest->data, size};
    size_t skip = end == NULL ? size : size + 1;
    *rest = (struct str){rest->data + skip, rest->size - skip};
    return part;
}

static enum status add_columns(struct schema *schema, const char *columns, struct err *err)
{
    for (struct str rest = str_of(columns); rest.size > 0;) {
        struct str column = take(&rest, '|');
        struct str name = take(&column, ':');
        char copy[256];
        snprintf(copy, sizeof copy, "%.*s", (int)name.size, name.data);
        struct field field = {0};
        TRY(field_type_parse(column, &field, err));
        field.name = copy;
        field.nullable = true;
        TRY(schema_add(schema, &field, err));
    }
    return STATUS_OK;
}

static enum status make_input(struct batch *ret, const char *columns, const char *lines,
                              struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    TRY(schema_new(&schema, err));
    TRY(add_columns(schema, columns, err));
    TRY(batch_builder_open(&builder, schema, 0, err));
    for (struct str rest = str_of(lines); rest.size > 0;) {
        struct str line = take(&rest, '\n');
        for (size_t c = 0; c < schema->count; c++)
            TRY(build_cell(batch_builder_column(builder, c), &schema->fields[c], take(&line, '|'),
                           err));
    }
    return batch_builder_finish(builder, ret, err);
}

struct batch trial_input(const char *columns, const char *lines)
{
    struct batch batch = {0};
    struct err err = {0};
    if (make_input(&batch, columns, lines, &err) != STATUS_OK) stop("columns", &err);
    return batch;
}
