/* clean/mask_check.h: what the checks of national identifiers are made of. */
#ifndef CLEAN_MASK_CHECK_H
#define CLEAN_MASK_CHECK_H

#include "clean/mask_national.h"

static inline int digit(const struct mask_code *code, size_t at)
{
    return code->places[at] - '0';
}
/* The number that `size` digits from `at` on make. */
int number_in(const struct mask_code *code, size_t at, size_t size);
/* The sum of `count` digits from `at` on, each by its weight (a digit of `weights`). */
int weighted(const struct mask_code *code, size_t at, const char *weights, size_t count);
bool all_alike(const struct mask_code *code);
/* Luhn's sum (ISO/IEC 7812-1, annex B). */
int luhn_sum(const char *digits, size_t count);
/* The number of `count` places, letters as 10 ... 35, modulo `by`. */
int remainder_of(const char *places, size_t count, int by);
bool is_date(int year, int month, int day);
/* Six digits from `at` on in the order "ymd" or "dmy" are a day of some century. */
bool is_short_date(const struct mask_code *code, size_t at, const char *order);

#endif
