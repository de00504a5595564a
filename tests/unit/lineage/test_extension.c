/* test_extension.c: what tamis_sqlite shows of Arrow files is what a direct read gives, value by
 * value, and files that were made to break readers break nothing. Arguments: tamis_sqlite.so,
 * tests/data/arrow/ gold, tests/data/hostile/arrow. */
#include "columnar/ipc.h"
#include "columnar/value_text.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *extension, *gold, *hostile;

static sqlite3 *open_database(void)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
    if (sqlite3_load_extension(db, extension, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
    return db;
}

/* Each regular file below a folder. */
static int each_file(const char *folder, int (*visit)(const char *path))
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort), visited = 0;
    char path[4096];
    struct stat status;

    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] == '.' || stat(path, &status) != 0)
            ;
        else if (S_ISDIR(status.st_mode))
            visited += each_file(path, visit);
        else
            visited += visit(path);
        free(names[i]);
    }
    free(names);
    return visited;
}

static sqlite3_stmt *ask(sqlite3 *db, const char *path, const char *sql)
{
    char *make = sqlite3_mprintf("DROP TABLE IF EXISTS temp.t;"
                                 "CREATE VIRTUAL TABLE temp.t USING arrow(%Q)",
                                 path);
    sqlite3_stmt *statement = NULL;

    if (sqlite3_exec(db, make, NULL, NULL, NULL) == SQLITE_OK)
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    sqlite3_free(make);
    return statement;
}

/* ---- value by value ---- */

static bool is_binary(enum type_id id)
{
    return id == TYPE_BINARY || id == TYPE_LARGE_BINARY || id == TYPE_BINARY_VIEW ||
           id == TYPE_FIXED_BINARY;
}

static bool same_bytes(sqlite3_stmt *statement, int column, struct str bytes, int type)
{
    return sqlite3_column_type(statement, column) == type &&
           (size_t)sqlite3_column_bytes(statement, column) == bytes.size &&
           (bytes.size == 0 ||
            memcmp(sqlite3_column_blob(statement, column), bytes.data, bytes.size) == 0);
}

static struct str bytes_of(const struct field *field, const struct array *array, int64_t row)
{
    size_t width = (size_t)field->type.width;
    struct str ret = {NULL, 0};

    if (field->type.id == TYPE_FIXED_BINARY)
        return (struct str){(const char *)array_values(array) + (size_t)row * width, width};
    assert_true(array_text_at(field, array, row, &ret));
    return ret;
}

/* The mapping of lineage/README.md, said once more. */
static bool same_value(sqlite3_stmt *statement, int column, const struct field *field,
                       const struct array *array, int64_t row)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(SIZE_MAX / 2);
    enum type_id id = field->type.id;
    int type = sqlite3_column_type(statement, column);

    if (value_is_null(field, array, row)) return type == SQLITE_NULL;
    if (is_binary(id))
        return same_bytes(statement, column, bytes_of(field, array, row), SQLITE_BLOB);
    if (type_is_text(id))
        return same_bytes(statement, column, bytes_of(field, array, row), SQLITE_TEXT);
    if (id == TYPE_BOOL)
        return type == SQLITE_INTEGER &&
               sqlite3_column_int(statement, column) == array_bool(array, row);
    assert_int_equal(value_plain(field, array, row, &text, NULL), STATUS_OK);
    assert_int_equal(bytes_append(&text, "", 1, NULL), STATUS_OK);
    if (id >= TYPE_FLOAT16 && id <= TYPE_FLOAT64) {
        double expected = 0;
        assert_true(array_number_at(field, array, row, &expected));
        return isnan(expected)
                   ? type == SQLITE_NULL
                   : type == SQLITE_FLOAT && sqlite3_column_double(statement, column) == expected;
    }
    if (type_is_integer(id) && type != SQLITE_INTEGER &&
        (id != TYPE_UINT64 || text.size < sizeof "9223372036854775808"))
        return false;
    return strcmp((const char *)text.data, (const char *)sqlite3_column_text(statement, column)) ==
           0;
}

static void compare_batch(sqlite3_stmt *statement, const struct batch *batch, int64_t first,
                          const char *path)
{
    const struct schema *schema = batch->schema;

    for (int64_t row = 0; row < batch->rows; row++) {
        if (sqlite3_step(statement) != SQLITE_ROW)
            fail_msg("%s: row %lld is missing", path, (long long)(first + row));
        assert_int_equal(sqlite3_column_int64(statement, (int)schema->count), first + row + 1);
        for (size_t i = 0; i < schema->count; i++) {
            OWNED(array_unref) struct array *plain = NULL;
            struct field field = schema->fields[i];
            assert_int_equal(array_decode_dictionary(&plain, &field, batch->columns[i], NULL),
                             STATUS_OK);
            field.dictionary = false;
            if (!same_value(statement, (int)i, &field, plain, row))
                fail_msg("%s: row %lld, column \"%s\": found %s", path, (long long)(first + row),
                         field.name, (const char *)sqlite3_column_text(statement, (int)i));
        }
    }
}

static int compare_file(const char *path)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(ipc_reader_close) struct ipc_reader *reader = NULL;
    const char *ending = strrchr(path, '.');
    int64_t first = 0;
    bool end = false;
    struct err err = {0};

    if (strcmp(ending, ".arrow_file") != 0 && strcmp(ending, ".stream") != 0) return 0;
    sqlite3 *db = open_database();
    sqlite3_stmt *statement = ask(db, path, "SELECT *, rowid FROM t");
    if (statement == NULL) fail_msg("%s: %s", path, sqlite3_errmsg(db));
    assert_int_equal(input_open(&input, path, &err), STATUS_OK);
    assert_int_equal(ipc_reader_open(&reader, &input, 1, &err), STATUS_OK);
    while (!end) {
        OWNED(batch_release) struct batch batch = {0};
        assert_int_equal(ipc_reader_next(reader, &batch, &end, &err), STATUS_OK);
        if (!end) compare_batch(statement, &batch, first, path);
        first += batch.rows;
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return 1;
}

static void golden_files_are_as_read_directly(void **state)
{
    (void)state;
    assert_true(each_file(gold, compare_file) >= 40);
}

/* ---- by column and row, and with conditions ---- */

/* Every condition gives the rows that a copy of the table gives, with and without statistics. */
static void compare_column(sqlite3 *db, const char *path, const char *name)
{
    static const char *const conditions[] = {"x IS NULL",  "x IS NOT NULL",        "x > 0",
                                             "x < 1.5",    "x <= 100 AND x >= -5", "x = 'a'",
                                             "x >= '1970'"};

    for (size_t i = 0; i < 2 * sizeof conditions / sizeof *conditions; i++) {
        const char *condition = conditions[i / 2];
        char *sql = sqlite3_mprintf("SELECT (SELECT count(*) FROM (SELECT \"%w\" AS x FROM t) "
                                    "WHERE %s) = (SELECT count(*) FROM (SELECT \"%w\" AS x "
                                    "FROM c) WHERE %s)",
                                    name, condition, name, condition);
        sqlite3_stmt *equal = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &equal, NULL), SQLITE_OK);
        if (sqlite3_step(equal) != SQLITE_ROW || sqlite3_column_int(equal, 0) != 1)
            fail_msg("%s: column \"%s\": %s", path, name, condition);
        sqlite3_finalize(equal);
        sqlite3_free(sql);
    }
}

static int narrow_file(const char *path)
{
    const char *ending = strrchr(path, '.');

    if (strcmp(ending, ".arrow_file") != 0) return 0;
    sqlite3 *db = open_database();
    sqlite3_stmt *columns = ask(db, path, "SELECT name FROM pragma_table_info('t')");
    assert_non_null(columns);
    assert_int_equal(sqlite3_exec(db, "CREATE TEMP TABLE c AS SELECT * FROM t", NULL, NULL, NULL),
                     SQLITE_OK);
    while (sqlite3_step(columns) == SQLITE_ROW)
        compare_column(db, path, (const char *)sqlite3_column_text(columns, 0));
    sqlite3_finalize(columns);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return 1;
}

static void conditions_leave_no_row_out(void **state)
{
    (void)state;
    assert_true(each_file(gold, narrow_file) >= 20);
}

/* ---- hostile ---- */

/* An error or rows, whatever is asked. */
static int survive(const char *path)
{
    static const char *const questions[] = {"SELECT * FROM t", "SELECT count(*) FROM t",
                                            "SELECT * FROM t WHERE rowid = 3"};
    sqlite3 *db = open_database();

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        sqlite3_stmt *statement = ask(db, path, questions[i]);
        while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
            for (int column = 0; column < sqlite3_column_count(statement); column++)
                (void)sqlite3_column_text(statement, column);
        sqlite3_finalize(statement);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return 1;
}

static void hostile_files_break_nothing(void **state)
{
    (void)state;
    assert_true(each_file(hostile, survive) >= 10);
}

/* One byte changed, at places all over the file; and cut there. */
static int survive_damaged(const char *path)
{
    static const char damaged[] = "test_extension.damaged";
    static uint8_t bytes[1 << 16];

    if (strstr(path, "dictionary") == NULL && strstr(path, "zstd") == NULL) return 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i < 40; i++) {
        size_t at = size * i / 40;
        bytes[at] ^= (uint8_t)(0x55 + i);
        file = fopen(damaged, "wb");
        assert_int_equal(fwrite(bytes, 1, i % 4 == 3 ? at : size, file), i % 4 == 3 ? at : size);
        fclose(file);
        survive(damaged);
        bytes[at] ^= (uint8_t)(0x55 + i);
    }
    unlink(damaged);
    return 1;
}

static void damaged_files_break_nothing(void **state)
{
    (void)state;
    assert_true(each_file(gold, survive_damaged) >= 4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files_are_as_read_directly),
        cmocka_unit_test(conditions_leave_no_row_out),
        cmocka_unit_test(hostile_files_break_nothing),
        cmocka_unit_test(damaged_files_break_nothing),
    };
    if (argc != 4) return 2;
    extension = argv[1];
    gold = argv[2];
    hostile = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
