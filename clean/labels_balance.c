/* clean/labels_balance.c: classes made even. */
#include "clean/labels_balance.h"

#include "base/memory.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdlib.h>

enum status balance_open(struct balance *ret, size_t classes, struct err *err)
{
    ret->classes = classes;
    TRY(NEW(&ret->rows, classes + 1, err));
    TRY(NEW(&ret->weights, classes + 1, err));
    TRY(NEW(&ret->bounds, classes + 1, err));
    for (size_t k = 0; k < classes; k++) {
        ret->weights[k] = NAN;
        ret->bounds[k] = UINT64_MAX;
    }
    return STATUS_OK;
}

void balance_release(struct balance *balance)
{
    memory_free(balance->rows);
    memory_free(balance->weights);
    memory_free(balance->bounds);
    *balance = (struct balance){0};
}

uint64_t balance_hash(uint64_t hash)
{
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

static int by_label_and_hash(const void *a, const void *b)
{
    const struct balanced *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Of the classes that have rows. */
struct sizes {
    size_t classes;
    int64_t least, most;
};

static struct sizes sizes_of(const struct balance *balance)
{
    struct sizes sizes = {.least = INT64_MAX};
    for (size_t k = 0; k < balance->classes; k++) {
        if (balance->rows[k] == 0) continue;
        sizes.classes++;
        if (balance->rows[k] < sizes.least) sizes.least = balance->rows[k];
        if (balance->rows[k] > sizes.most) sizes.most = balance->rows[k];
    }
    return sizes;
}

/* The hash of the `rank`-th smallest of a class whose items begin at `items`; 0: of none. */
static uint64_t bound_of(const struct balanced *items, int64_t rank)
{
    return rank == 0 ? 0 : items[rank - 1].hash;
}

void balance_settle(struct balance *balance, enum balance_way way, struct balanced *items,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        balance->rows[items[i].label]++;
    struct sizes sizes = sizes_of(balance);
    for (size_t k = 0; k < balance->classes; k++) {
        int64_t rows = balance->rows[k];
        if (rows == 0) continue;
        balance->weights[k] = way == BALANCE_OVERSAMPLE
                                  ? (double)(sizes.most / rows)
                                  : (double)count / ((double)sizes.classes * (double)rows);
    }
    if ((way != BALANCE_UNDERSAMPLE && way != BALANCE_OVERSAMPLE) || count == 0) return;
    qsort(items, count, sizeof *items, by_label_and_hash);
    for (size_t i = 0; i < count;) {
        int64_t label = items[i].label, rows = balance->rows[label];
        int64_t rank = way == BALANCE_UNDERSAMPLE ? sizes.least : sizes.most % rows;
        balance->bounds[label] = bound_of(items + i, rank);
        i += (size_t)rows;
    }
}

/* ---- state ---- */

enum status balance_save(const struct balance *balance, struct bytes *json, struct err *err)
{
    TRY(bytes_append_text(json, "{\"rows\": [", err));
    for (size_t k = 0; k < balance->classes; k++)
        TRY(bytes_format(json, err, "%s%lld", k > 0 ? ", " : "", (long long)balance->rows[k]));
    TRY(bytes_append_text(json, "], ", err));
    TRY(put_reals(json, "weights", balance->weights, balance->classes, err));
    TRY(bytes_append_text(json, ", \"bounds\": [", err));
    for (size_t k = 0; k < balance->classes; k++)
        TRY(bytes_format(json, err, "%s\"%016llx\"", k > 0 ? ", " : "",
                         (unsigned long long)balance->bounds[k]));
    return bytes_append_text(json, "]}", err);
}

enum status balance_load(struct balance *balance, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *bounds = yaml_get(map, "bounds");
    TRY(get_reals(map, "weights", balance->weights, balance->classes, err));
    if (bounds == NULL || bounds->kind != YAML_LIST || bounds->count != balance->classes)
        return fail_at(map, err, "\"bounds\" is not a list of %zu numbers", balance->classes);
    for (size_t k = 0; k < balance->classes; k++) {
        char text[17] = "", *end;
        const struct str number = bounds->items[k]->text;
        if (number.size == 16) memcpy(text, number.data, 16);
        balance->bounds[k] = strtoull(text, &end, 16);
        if (number.size != 16 || *end != '\0')
            return fail_at(bounds->items[k], err, "a number of 16 hexadecimal digits is expected");
    }
    return STATUS_OK;
}
