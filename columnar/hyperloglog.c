/* columnar/hyperloglog.c: the estimate behind the registers. */
#include "columnar/hyperloglog.h"

#include <math.h>

int64_t hyperloglog_count(const uint8_t *registers)
{
    double sum = 0, count = HYPERLOGLOG_REGISTERS;
    int zero = 0;
    for (int i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        sum += ldexp(1, -registers[i]);
        zero += registers[i] == 0;
    }
    double estimate = 0.7213 / (1 + 1.079 / count) * count * count / sum;
    if (estimate <= 2.5 * count && zero > 0) estimate = count * log(count / zero);
    return llround(estimate);
}
