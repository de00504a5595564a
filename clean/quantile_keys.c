/* clean/quantile_keys.c: selecting and sorting keys in memory. */
#include "clean/quantile_keys.h"

uint64_t keys_select(uint64_t *keys, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        uint64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high];
        uint64_t pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        size_t left = low, right = high;
        for (;;) {
            while (keys[left] < pivot)
                left++;
            while (keys[right] > pivot)
                right--;
            if (left >= right) break;
            uint64_t swap = keys[left];
            keys[left++] = keys[right];
            keys[right--] = swap;
        }
        if (rank <= right)
            high = right;
        else
            low = right + 1;
    }
    return keys[rank];
}

/* Quicksort by the middle key; the larger part is the loop's, so the depth stays logarithmic. */
void keys_sort(uint64_t *keys, size_t count)
{
    while (count > 1) {
        uint64_t pivot = keys[(count - 1) / 2];
        size_t left = 0, right = count - 1;
        for (;;) {
            while (keys[left] < pivot)
                left++;
            while (keys[right] > pivot)
                right--;
            if (left >= right) break;
            uint64_t swap = keys[left];
            keys[left++] = keys[right];
            keys[right--] = swap;
        }
        size_t lower = right + 1, upper = count - lower;
        if (lower < upper) {
            keys_sort(keys, lower);
            keys += lower;
            count = upper;
        } else {
            keys_sort(keys + lower, upper);
            count = lower;
        }
    }
}

uint64_t keys_select_next(const uint64_t *keys, size_t count, size_t rank)
{
    uint64_t next = keys[rank + 1];
    for (size_t i = rank + 2; i < count; i++)
        next = keys[i] < next ? keys[i] : next;
    return next;
}
