/* tests/unit/base/check.h: cmocka in the order it needs, and assertions with the message in them.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>
/* cmocka's macro has the name of ours, and its fail_msg uses it. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    (print_error("ERROR: " __VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/err.h"

#include <string.h>

#define CHECK_OK(expression, err)                                                                  \
    do {                                                                                           \
        enum status check_status_ = (expression);                                                  \
        if (check_status_ != STATUS_OK) fail_msg("%s: %s", #expression, (err)->message);           \
    } while (0)

/* The expression fails with this status and a message that holds `text`. */
#define CHECK_FAILS(expression, wanted, err, text)                                                 \
    do {                                                                                           \
        enum status check_status_ = (expression);                                                  \
        if (check_status_ != (wanted))                                                             \
            fail_msg("%s: %s instead of %s", #expression, status_name(check_status_),              \
                     status_name(wanted));                                                         \
        if (strstr((err)->message, text) == NULL)                                                  \
            fail_msg("%s: \"%s\" does not hold \"%s\"", #expression, (err)->message, text);        \
    } while (0)

#define CHECK_TEXT(bytes, text)                                                                    \
    do {                                                                                           \
        assert_int_equal((bytes).size, strlen(text));                                              \
        assert_memory_equal((bytes).data, text, strlen(text));                                     \
    } while (0)

#endif
