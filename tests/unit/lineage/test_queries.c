/* test_queries.c: each file of lineage/queries answers what its head says, on the history in
 * catalog.sql, which is in the folder this file is in. Arguments: that folder, lineage/queries. */
#include "scratch.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER 8192

static const char *history, *queries;

static char *read_text(const char *folder, const char *name)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s cannot be read", path);
    char *text = calloc(1, 1 << 16);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static int make_history(void **state)
{
    scratch_make(state);
    const struct scratch *scratch = *state;
    char *sql = read_text(history, "catalog.sql"), *message = NULL;

    if (sqlite3_exec(store_catalog(scratch->store), sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("catalog.sql: %s", message);
    free(sql);
    return 0;
}

/* Binds "name=value" words; numbers as numbers. */
static void bind(sqlite3_stmt *statement, const char *const *parameters)
{
    char name[64];

    for (; *parameters != NULL; parameters++) {
        const char *value = strchr(*parameters, '=') + 1;
        snprintf(name, sizeof name, ":%.*s", (int)(value - *parameters - 1), *parameters);
        int place = sqlite3_bind_parameter_index(statement, name);
        assert_true(place > 0);
        if (value[strspn(value, "0123456789")] == '\0')
            sqlite3_bind_int64(statement, place, atoll(value));
        else
            sqlite3_bind_text(statement, place, value, -1, SQLITE_STATIC);
    }
}

/* The chosen columns of every row: values with "|" between them, rows with " ". */
static void answers(void **state, const char *file, const char *const *parameters,
                    const char *columns, const char *expected)
{
    const struct scratch *scratch = *state;
    char *sql = read_text(queries, file), answer[ANSWER] = "";
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store_catalog(scratch->store), sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", file, sqlite3_errmsg(store_catalog(scratch->store)));
    bind(statement, parameters);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (answer[0] != '\0') strcat(answer, " ");
        for (const char *column = columns; *column != '\0'; column++) {
            const char *text = (const char *)sqlite3_column_text(statement, *column - 'a');
            if (column != columns) strcat(answer, "|");
            strncat(answer, text == NULL ? "-" : text, 200);
        }
    }
    sqlite3_finalize(statement);
    free(sql);
    assert_string_equal(answer, expected);
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE      ((const char *const[]){NULL})

static void graph(void **state)
{
    answers(state, "upstream.sql", WITH("node=feature/price@1"), "ab",
            "0|version:feature/price@1 1|stream:p1 2|version:clean/orders@1 3|stream:c1 "
            "4|version:raw/orders@1 5|stream:i1 6|source:orders.csv");
    answers(state, "upstream.sql", WITH("node=version:clean/orders@1", "depth=1"), "abcd",
            "0|version:clean/orders@1|-|lasting 1|stream:c1|clean|done");
    answers(
        state, "downstream.sql", WITH("node=raw/orders@1"), "abg",
        "0|version:raw/orders@1|- 1|stream:c1|- 1|stream:c2|- 1|stream:c3|- "
        "2|version:clean/orders@1|- 2|version:clean/orders@2|- 3|stream:p1|- "
        "4|version:feature/price@1|prod 5|stream:j1|- 6|version:feature/train@1|- 7|stream:t1|- "
        "8|model:m|-");
    answers(state, "versions_of_source.sql", WITH("source=bb"), "ab", "raw/orders|2");
    answers(
        state, "versions_of_source.sql", WITH("source=orders.csv"), "ab",
        "clean/orders|1 clean/orders|2 feature/price|1 feature/train|1 raw/orders|1 raw/orders|2");
}

static void models(void **state)
{
    answers(state, "models_of_source.sql", WITH("source=orders.csv"), "aef",
            "m|t1|version:feature/train@1");
    answers(state, "models_of_source.sql", WITH("source=spine.csv"), "ae", "m|t1");
    answers(state, "models_of_source.sql", WITH("source=nothing.csv"), "a", "");
    answers(state, "model_inputs.sql", WITH("model=m"), "cdehi",
            "version:feature/train@1|feature/train|1|orders.csv spine.csv|t1");
    answers(state, "model_inputs.sql", WITH("model=none"), "a", "");
}

static void records(void **state)
{
    answers(state, "why.sql", WITH("source=orders.csv", "record=5"), "bcdefghi",
            "clean|drop|outliers|2|mad|price|9999|3.5 clean|drop|outliers|2|mad|price|9999|3.5");
    answers(state, "why.sql", WITH("source=orders.csv", "record=8"), "cjk",
            "merge|orders.csv|2 merge|orders.csv|2");
    answers(state, "why.sql", WITH("source=orders.csv", "record=1"), "a", "");
    answers(state, "record.sql", WITH("source=orders.csv", "record=5"), "be",
            "source:orders.csv|kept stream:i1|kept stream:i2|kept version:raw/orders@1|kept "
            "version:raw/orders@2|kept stream:c1|drop stream:c2|drop stream:c3|kept");
    answers(state, "record.sql", WITH("source=orders.csv", "record=4"), "bef",
            "source:orders.csv|kept|- stream:i1|reject|csv: ragged stream:i2|reject|csv: ragged");
    answers(state, "record.sql", WITH("source=orders.csv", "record=8"), "behjkl",
            "source:orders.csv|kept|-|8|-|- stream:i1|kept|-|8|-|- stream:i2|kept|-|8|-|- "
            "version:raw/orders@1|kept|-|8|-|- version:raw/orders@2|kept|-|8|-|- "
            "stream:c1|merge|2|8|types mask|- stream:c2|merge|2|8|types|- stream:c3|kept|-|8|-|- "
            "version:clean/orders@1|kept|-|2|-|- version:clean/orders@2|kept|-|2|-|- "
            "stream:p1|kept|-|2|-|- version:feature/price@1|kept|-|2|-|- "
            "stream:j1|kept|-|2|-|version:feature/train@1 version:feature/train@1|kept|-|2|-|- "
            "stream:t1|kept|-|2|-|- model:m|kept|-|2|-|-");
}

/* A value of a training set, under another name there, back to its place in the file. */
static void values(void **state)
{
    answers(state, "value_origin.sql",
            WITH("node=feature/train@1", "column=cost", "source=orders.csv", "record=7"), "bcefjkl",
            "version:feature/train@1|cost|-|-|-|-|- stream:j1|cost|-|-|-|-|- "
            "version:feature/price@1|price|-|-|-|-|- stream:p1|price|-|-|-|-|- "
            "version:clean/orders@1|price|-|-|-|-|- stream:c1|price|2|outliers|-|-|- "
            "stream:c1|price|1|types|-|-|- version:raw/orders@1|price|-|-|-|-|- "
            "stream:i1|price|-|-|6|60|7 source:orders.csv|price|-|-|-|-|-");
}

static void persons(void **state)
{
    answers(state, "subject_access.sql",
            WITH("records=[[\"orders.csv\", 5], [\"orders.csv\", 8]]", "entity=ada"), "abcd",
            "event|drop by outliers: 9999|orders.csv:5|price "
            "event|drop by outliers: 9999|orders.csv:5|price "
            "exposure|feature/price@1 behind prod, 2 times|ada|- model|m|orders.csv:2|- "
            "source|orders.csv|orders.csv:5 orders.csv:8|- "
            "training set|feature/train@1|orders.csv:2|- version|clean/orders@1|orders.csv:2|email "
            "version|clean/orders@2|orders.csv:2|- version|feature/price@1|orders.csv:2|- "
            "version|raw/orders@1|orders.csv:5 orders.csv:8|email "
            "version|raw/orders@2|orders.csv:5 orders.csv:8|-");
    answers(state, "subject_access.sql", WITH("entity=nobody"), "abcd", "");
}

static void columns(void **state)
{
    answers(state, "column_upstream.sql", WITH("node=feature/price@1", "column=price"), "bcd",
            "version:feature/price@1|price|DIRECT stream:p1|price|DIRECT "
            "version:clean/orders@1|price|DIRECT stream:c1|price|DIRECT "
            "version:raw/orders@1|price|DIRECT stream:i1|price|DIRECT "
            "source:orders.csv|price|DIRECT");
    answers(state, "column_impact.sql", WITH("node=raw/orders@1", "column=price"), "bcd",
            "stream:c1|email|INDIRECT stream:c1|price|DIRECT "
            "version:clean/orders@1|email|INDIRECT version:clean/orders@1|price|DIRECT "
            "stream:p1|price|DIRECT version:feature/price@1|price|DIRECT "
            "stream:j1|cost|DIRECT version:feature/train@1|cost|DIRECT");
    answers(state, "unmasked_personal.sql", NONE, "abce",
            "clean/orders|1|contact|0 raw/orders|1|email|1");
    answers(state, "masked.sql", NONE, "bcdef", "c1|4|email|email|5");
}

static void upkeep(void **state)
{
    answers(state, "unfinished.sql", NONE, "bcd", "clean|lost|-");
    answers(state, "stale.sql", NONE, "abcde",
            "clean/orders|2|raw/orders|1|2 feature/price|1|clean/orders|1|2 "
            "feature/price|1|raw/orders|1|2 feature/train|1|clean/orders|1|2 "
            "feature/train|1|raw/orders|1|2");
    answers(state, "duplicate_work.sql", NONE, "abcf", "clean|version:raw/orders@1|2|3.0");
    answers(state, "tag_as_of.sql", WITH("dataset=clean/orders", "tag=prod"), "ae", "2|bob 1|ada");
    answers(state, "tag_as_of.sql",
            WITH("dataset=clean/orders", "tag=prod", "at=2026-11-02T00:00:00Z"), "ae", "1|ada");
    answers(state, "balance.sql", NONE, "bi",
            "features join|0 ingest|0 clean|0 ingest|0 put|0 clean|0 ingest|0");
    answers(state, "storage.sql", NONE, "abcdef",
            "raw/orders|2|280|2|190|190 clean/orders|2|140|1|70|70 feature/price|1|30|1|30|30 "
            "feature/train|1|20|1|20|20");
    answers(state, "shared_bytes.sql", WITH("dataset=clean/orders"), "bcde",
            "1|70|0|0.0 2|70|70|100.0");
    answers(state, "slowest_modules.sql", NONE, "abc",
            "types|2|2.0 outliers|1|1.0 mask|1|0.25 deduplicate|1|0.25");
    answers(state, "collectable.sql", NONE, "ab", "");
}

/* A query nobody tests is a query nobody can trust. extension.sh asks those about cells. */
static void every_file_is_asked(void **state)
{
    char *test = read_text(history, "test_queries.c");
    DIR *folder = opendir(queries);
    char name[300];

    (void)state;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".sql") == NULL) continue;
        if (strcmp(entry->d_name, "record_cells.sql") == 0) continue;
        snprintf(name, sizeof name, "\"%s\"", entry->d_name);
        if (strstr(test, name) == NULL) fail_msg("%s has no test", entry->d_name);
    }
    closedir(folder);
    free(test);
}

/* Steps through the stock shell of the documented form. */
static void the_stock_shell_answers(void **state)
{
    const struct scratch *scratch = *state;
    char command[2048], line[256] = "";

    if (system("command -v sqlite3 >/dev/null") != 0) skip();
    snprintf(command, sizeof command,
             "sqlite3 -readonly %s/catalog.db \".parameter set :source 'orders.csv'\""
             " \".parameter set :record 5\" \".read %s/why.sql\"",
             scratch->store_path, queries);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_non_null(strstr(line, "|clean|drop|outliers|2|mad|price|9999|3.5|"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_history, scratch_remove)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(graph),
        TEST(models),
        TEST(records),
        TEST(values),
        TEST(persons),
        TEST(columns),
        TEST(upkeep),
        TEST(every_file_is_asked),
        TEST(the_stock_shell_answers),
    };
    if (argc != 3) return 2;
    history = argv[1];
    queries = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
