/* clean/hide.h: masks what a step tells about itself: parameters, checks, reports, errors.
 *
 * With a module in the recipe that can redact (mask), texts of other steps are shown as it lets
 * them be shown. In JSON each string and number is a value of its own; names of columns and keys
 * that are words of a format stay. */
#ifndef CLEAN_HIDE_H
#define CLEAN_HIDE_H

#include "clean/checks.h"
#include "clean/record.h"

/* Whether any step redacts. */
bool hides(const struct redactor *redactor);
/* Rewrites the JSON text behind byte `from`; a number that is masked becomes a string. */
MUST_CHECK enum status hide_json(const struct redactor *redactor, int position, struct bytes *json,
                                 size_t from, struct err *err);
/* Rewrites lines for people. */
MUST_CHECK enum status hide_lines(const struct redactor *redactor, int position,
                                  struct bytes *lines, struct err *err);
/* Rewrites what was found. */
MUST_CHECK enum status hide_checks(const struct redactor *redactor, int position,
                                   struct check_results *results, struct err *err);
/* Rewrites an error message; where that fails, takes its text away. */
void hide_error(const struct redactor *redactor, struct err *err);

#endif
