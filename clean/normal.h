/* clean/normal.h: the standard normal distribution. */
#ifndef CLEAN_NORMAL_H
#define CLEAN_NORMAL_H

/* The value below which the share `p` lies; -infinity for 0, infinity for 1, NaN outside. Algorithm
 * AS 241 (Wichura 1988, PPND16): relative error about 1e-16. */
double normal_quantile(double p);
/* The share below x. */
double normal_share(double x);

#endif
