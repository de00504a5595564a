/* csv_test.h: short ways to the parts of the CSV reader, for its tests. */
#ifndef CSV_TEST_H
#define CSV_TEST_H

/* before cmocka, which has a macro "fail" */
#include "ingest/csv_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline struct source_options csv_options(void)
{
    return (struct source_options){
        .quote = -1,
        .escape = -1,
        .header_rows = 1,
        .skip_rows = -1,
        .field_limit = 16u << 20,
        .record_limit = 64u << 20,
        .column_limit = 10000,
        .depth_limit = 128,
        .picture_limit = 64u << 20,
        .pixel_limit = 100000000,
        .chunk_rows = 65536,
        .chunk_bytes = 16u << 20,
        .threads = 1,
    };
}

#define assert_ok(expression)                                                                      \
    do {                                                                                           \
        enum status status_ = (expression);                                                        \
        if (status_ != STATUS_OK) fail_msg("%s", err.message);                                     \
    } while (0)

#endif
