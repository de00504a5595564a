/* clean/normalize_power.h: the power transforms that make values look normal, and back. */
#ifndef CLEAN_NORMALIZE_POWER_H
#define CLEAN_NORMALIZE_POWER_H

#include <stdbool.h>

/* Yeo and Johnson 2000, for any value; Box and Cox 1964, for values above 0. */
double power_forward(bool box_cox, double lambda, double x);
/* The value that forward made y of; NaN where there is none. */
double power_back(bool box_cox, double lambda, double y);
/* How much forward changes with lambda. */
double power_slope(bool box_cox, double lambda, double x);

#endif
