/* clean/outliers_cut.c: from which score on a row is unusual. */
#include "clean/outliers_cut.h"

#include <math.h>

#define SPREADS 2.5

/* The largest variance between the scores below and above. */
static double split(const double *scores, size_t count)
{
    double all = 0, below = 0, most = -1, cut = scores[count - 1];
    for (size_t i = 0; i < count; i++)
        all += scores[i];
    for (size_t i = 0; i + 1 < count; i++) {
        double left = (double)(i + 1), right = (double)(count - i - 1);
        below += scores[i];
        if (i + 1 < count / 2 || scores[i] == scores[i + 1]) continue;
        double apart = below / left - (all - below) / right;
        if (left * right * apart * apart <= most) continue;
        most = left * right * apart * apart;
        cut = scores[i];
    }
    return cut;
}

/* The farthest below the line from the middle to the largest score. */
static double knee(const double *scores, size_t count)
{
    size_t middle = count / 2;
    double low = scores[middle], high = scores[count - 1], most = -INFINITY, cut = high;
    if (!(high > low)) return high;
    for (size_t i = middle; i < count; i++) {
        double along = (double)(i - middle) / (double)(count - middle);
        double depth = along - (scores[i] - low) / (high - low);
        if (depth <= most) continue;
        most = depth;
        cut = scores[i];
    }
    return cut;
}

double cut_find(enum cut cut, double share, const double *scores, size_t count)
{
    if (count == 0 || cut == CUT_SPREAD) return SPREADS;
    if (cut == CUT_SPLIT) return split(scores, count);
    if (cut == CUT_KNEE) return knee(scores, count);
    size_t above = (size_t)floor(share * (double)count);
    return above < count ? scores[count - 1 - above] : -INFINITY;
}
