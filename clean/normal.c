/* clean/normal.c: the standard normal distribution. */
#include "clean/normal.h"

#include <math.h>

#define TERMS 8

/* Horner's scheme, highest power first. */
static double polynomial(const double *factors, double x)
{
    double sum = factors[0];
    for (int i = 1; i < TERMS; i++)
        sum = sum * x + factors[i];
    return sum;
}

/* clang-format off: eight factors a row, as printed */
static const double center_above[TERMS] = {
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608};
static const double center_below[TERMS] = {
    5226.495278852545925,  28729.085735721942674, 39307.89580009271061,  21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083,  42.313330701600911252, 1};
static const double side_above[TERMS] = {7.7454501427834140764e-4, .0227238449892691845833,
                                         .24178072517745061177,    1.27045825245236838258,
                                         3.64784832476320460504,   5.7694972214606914055,
                                         4.6303378461565452959,    1.42343711074968357734};
static const double side_below[TERMS] = {1.05075007164441684324e-9, 5.475938084995344946e-4,
                                         .0151986665636164571966,   .14810397642748007459,
                                         .68976733498510000455,     1.6763848301838038494,
                                         2.05319162663775882187,    1};
static const double tail_above[TERMS] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                         .0012426609473880784386,   .026532189526576123093,
                                         .29656057182850489123,     1.7848265399172913358,
                                         5.4637849111641143699,     6.6579046435011037772};
static const double tail_below[TERMS] = {2.04426310338993978564e-15, 1.4215117583164458887e-7,
                                         1.8463183175100546818e-5,   7.868691311456132591e-4,
                                         .0148753612908506148525,    .13692988092273580531,
                                         .59983220655588793769,      1};
/* clang-format on */

double normal_quantile(double p)
{
    double from_middle = p - 0.5;
    if (!(p >= 0 && p <= 1)) return NAN;
    if (fabs(from_middle) <= 0.425) {
        double r = 0.180625 - from_middle * from_middle;
        return from_middle * polynomial(center_above, r) / polynomial(center_below, r);
    }
    double share = from_middle < 0 ? p : 1 - p;
    if (share == 0) return from_middle < 0 ? -INFINITY : INFINITY;
    double r = sqrt(-log(share));
    double x = r <= 5 ? polynomial(side_above, r - 1.6) / polynomial(side_below, r - 1.6)
                      : polynomial(tail_above, r - 5) / polynomial(tail_below, r - 5);
    return from_middle < 0 ? -x : x;
}

double normal_share(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}
