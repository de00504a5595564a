/* clean/checks.c: what became of each expectation, for people and machines. */
#include "clean/checks.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum status check_results_add(struct check_results *results, const struct check_result *result,
                              struct err *err)
{
    if (results->count == results->room) {
        size_t room = results->room == 0 ? 16 : 2 * results->room;
        struct check_result *items = memory_resize(results->items, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        results->items = items;
        results->room = room;
    }
    results->items[results->count++] = *result;
    return STATUS_OK;
}

void check_results_release(struct check_results *results)
{
    memory_free(results->items);
    *results = (struct check_results){0};
}

const char *check_outcome_word(enum check_outcome outcome)
{
    static const char *const words[] = {"passed", "noted", "warning", "failed"};
    return words[outcome];
}

/* ---- for people ---- */

static double share_that_holds(const struct check_result *result)
{
    return 1 - (double)result->failing / (double)result->evaluated;
}

static enum status say_rows(const struct check_result *result, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "%lld of %lld rows fail", (long long)result->failing,
                     (long long)result->evaluated));
    if (strcmp(result->rule, result->expectation) != 0)
        TRY(bytes_format(ret, err, " (%s)", result->rule));
    if (result->mostly < 0 || result->mostly >= 1 || result->evaluated == 0) return STATUS_OK;
    return bytes_format(ret, err, ", %.4g %% hold, expected %.4g %%",
                        100 * share_that_holds(result), 100 * result->mostly);
}

/* `"age": between 0 and 120: ` or `rows between 1 and 9: ` */
static enum status say_expectation(const struct check_result *result, struct bytes *ret,
                                   struct err *err)
{
    if (result->column != NULL) TRY(bytes_format(ret, err, "\"%s\": ", result->column));
    return bytes_append_text(ret, result->expectation, err);
}

enum status check_result_say(const struct check_result *result, struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "%s ", check_outcome_word(result->outcome)));
    TRY(say_expectation(result, ret, err));
    TRY(bytes_append_text(ret, ": ", err));
    if (result->of_rows) return say_rows(result, ret, err);
    return bytes_append_text(ret, result->found, err);
}

/* ---- JSON ---- */

static enum status json_member(const char *name, const char *text, struct bytes *ret,
                               struct err *err)
{
    TRY(bytes_format(ret, err, ",\"%s\":", name));
    if (text == NULL) return bytes_append_text(ret, "null", err);
    return bytes_append_json(ret, str_of(text), err);
}

static enum status json_check(const struct checks_of_step *step, const struct check_result *result,
                              struct bytes *ret, struct err *err)
{
    TRY(bytes_format(ret, err, "{\"step\":%d,\"module\":\"%s\"", step->position, step->module));
    TRY(json_member("rule", result->rule, ret, err));
    TRY(json_member("column", result->column, ret, err));
    TRY(json_member("expectation", result->expectation, ret, err));
    TRY(json_member("outcome", check_outcome_word(result->outcome), ret, err));
    if (!result->of_rows) {
        TRY(json_member("found", result->found, ret, err));
        return bytes_append_text(ret, "}", err);
    }
    TRY(bytes_format(ret, err, ",\"evaluated\":%lld,\"failing\":%lld", (long long)result->evaluated,
                     (long long)result->failing));
    if (result->mostly >= 0) TRY(bytes_format(ret, err, ",\"mostly\":%.17g", result->mostly));
    return bytes_append_text(ret, "}", err);
}

static size_t count_outcome(const struct checks_of_step *step, enum check_outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < step->results.count; i++)
        count += step->results.items[i].outcome == outcome;
    return count;
}

enum status checks_json(const struct checks_of_step *steps, size_t count, struct bytes *ret,
                        struct err *err)
{
    size_t failed = 0;
    bool first = true;
    for (size_t i = 0; i < count; i++)
        failed += count_outcome(&steps[i], CHECK_FAILED);
    TRY(bytes_format(ret, err, "{\"failed\":%zu,\"checks\":[", failed));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < steps[i].results.count; k++) {
            TRY(bytes_append_text(ret, first ? "\n" : ",\n", err));
            TRY(json_check(&steps[i], &steps[i].results.items[k], ret, err));
            first = false;
        }
    return bytes_append_text(ret, "\n]}\n", err);
}

/* ---- JUnit ---- */

static enum status xml_escape(struct str text, struct bytes *ret, struct err *err)
{
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        const char *named = byte == '<'    ? "&lt;"
                            : byte == '>'  ? "&gt;"
                            : byte == '&'  ? "&amp;"
                            : byte == '"'  ? "&quot;"
                            : byte == '\n' ? "&#10;"
                            : byte < 0x20  ? "?" /* XML 1.0 has no way to say it */
                                           : NULL;
        TRY(named != NULL ? bytes_append_text(ret, named, err) : bytes_append(ret, &byte, 1, err));
    }
    return STATUS_OK;
}

static enum status junit_message(const struct check_result *result, struct bytes *ret,
                                 struct err *err)
{
    OWNED(bytes_release) struct bytes line = bytes_limited(1u << 20);
    TRY(check_result_say(result, &line, err));
    return xml_escape((struct str){(const char *)line.data, line.size}, ret, err);
}

static enum status junit_case(const struct checks_of_step *step, const struct check_result *result,
                              struct bytes *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes name = bytes_limited(1u << 20);
    TRY(say_expectation(result, &name, err));
    TRY(bytes_format(ret, err, "    <testcase classname=\"%s.%d\" name=\"", step->module,
                     step->position));
    TRY(xml_escape((struct str){(const char *)name.data, name.size}, ret, err));
    if (result->outcome == CHECK_PASSED) return bytes_append_text(ret, "\"/>\n", err);
    bool failed = result->outcome == CHECK_FAILED;
    TRY(bytes_append_text(ret, failed ? "\"><failure message=\"" : "\"><system-out>", err));
    TRY(junit_message(result, ret, err));
    return bytes_append_text(ret, failed ? "\"/></testcase>\n" : "</system-out></testcase>\n", err);
}

enum status checks_junit(const struct checks_of_step *steps, size_t count, struct bytes *ret,
                         struct err *err)
{
    TRY(bytes_append_text(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", err));
    for (size_t i = 0; i < count; i++) {
        const struct check_results *results = &steps[i].results;
        if (results->count == 0) continue;
        TRY(bytes_format(ret, err,
                         "  <testsuite name=\"step %d (%s)\" tests=\"%zu\" failures=\"%zu\">\n",
                         steps[i].position, steps[i].module, results->count,
                         count_outcome(&steps[i], CHECK_FAILED)));
        for (size_t k = 0; k < results->count; k++)
            TRY(junit_case(&steps[i], &results->items[k], ret, err));
        TRY(bytes_append_text(ret, "  </testsuite>\n", err));
    }
    return bytes_append_text(ret, "</testsuites>\n", err);
}
