/* test_json_cut.c: records of lines, sequences and arrays, whatever the size of a piece. */
#include "ingest/json_parts.h"

#include "csv_test.h"

#include <stdio.h>

/* "offset:record|..." of every record, pieces of at most `rows`. */
static char *cut(const char *text, int64_t rows, uint64_t bytes, char *ret, size_t room,
                 enum status *ret_status)
{
    struct err err = {0};
    struct input *input = NULL;
    struct json_cutter *cutter = NULL;
    struct json_piece *piece = NULL;
    struct source_options options = csv_options();
    size_t used = 0;
    int64_t next = 1;
    options.chunk_rows = rows;
    options.chunk_bytes = bytes;
    ret[0] = '\0';
    assert_ok(input_from_memory(&input, text, strlen(text), "test", &err));
    assert_ok(json_cutter_open(&cutter, input, json_layout_of((const uint8_t *)text, strlen(text)),
                               &options, 0, NULL, &err));
    while ((*ret_status = json_cut(cutter, &piece, &err)) == STATUS_OK && piece != NULL) {
        assert_int_equal(piece->first_record, next);
        assert_memory_equal(piece->data, text + piece->offset, piece->size);
        for (size_t i = 0; i < piece->count; i++)
            used += (size_t)snprintf(ret + used, room - used, "%zu:%.*s|",
                                     (size_t)piece->offset + piece->spans[i].at,
                                     (int)piece->spans[i].size, piece->data + piece->spans[i].at);
        next += (int64_t)piece->count;
        json_piece_free(&piece);
    }
    json_cutter_close(&cutter);
    input_close(&input);
    assert_int_equal(memory_in_use(), 0);
    return ret;
}

static void expect(const char *text, enum status wanted, const char *records)
{
    char found[1000];
    enum status status;
    for (int64_t rows = 1; rows < 4; rows++)
        for (uint64_t bytes = 1; bytes < 40; bytes += 6) {
            cut(text, rows, bytes, found, sizeof found, &status);
            assert_int_equal(status, wanted);
            if (status == STATUS_OK && strcmp(found, records) != 0)
                fail_msg("found %s, expected %s", found, records);
        }
}

static void lines(void **state)
{
    (void)state;
    expect("{\"a\":1}\n\n  \n{\"a\":2}\r\n[3]", STATUS_OK, "0:{\"a\":1}|12:{\"a\":2}\r|21:[3]|");
    expect("", STATUS_OK, "");
}

static void sequences(void **state)
{
    (void)state;
    expect("{\n\"a\":\"}\\\"{\"\n}{\"b\":[{}]} 7 \"x\"\n", STATUS_OK,
           "0:{\n\"a\":\"}\\\"{\"\n}|14:{\"b\":[{}]}|25:7|27:\"x\"|");
    expect("{\n\"a\":1", STATUS_OK, "0:{\n\"a\":1|");
}

static void arrays(void **state)
{
    (void)state;
    expect(" [ {\"a\":1} ,2,\n\"]\" ] ", STATUS_OK, "3:{\"a\":1}|12:2|15:\"]\"|");
    expect("[]", STATUS_OK, "");
    expect("[{\"a\":1},,{\"a\":2}]", STATUS_OK, "1:{\"a\":1}|9:,|10:{\"a\":2}|");
    expect("[1]x{}", STATUS_OK, "1:1|3:x|4:{}|");
    expect("[{\"a\":1},", STATUS_FAILED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(sequences),
        cmocka_unit_test(arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
