/* tests/bench/lookup.c: how long a lookup takes in process: one line of JSON.
 *
 *     lookup STORE VIEW ENTITIES LOOKUPS
 *
 * Keys are 0 ... ENTITIES - 1, drawn at random. Prints the median and the 99th percentile of single
 * lookups (nanoseconds, the clock's own cost taken off), the median of batches of 100, the time
 * from tamis_open to the first answer, and a checksum of the values of the first column. */
#include "features/tamis.h"

#include "latency.h"

#define BATCH 100

static int fail(const struct tamis_error *error)
{
    fprintf(stderr, "%s\n%s\n", error->message, error->hint);
    return 1;
}

struct bench {
    struct tamis *features;
    uint64_t entities;
    size_t lookups;
    double *times;
    struct tamis_value *values;
    double sum;
};

static double value_of(const struct tamis_value *value)
{
    return value->kind == TAMIS_REAL ? value->real : (double)value->integer;
}

static int singles(struct bench *bench, struct tamis_error *error)
{
    for (size_t i = 0; i < bench->lookups; i++) {
        struct tamis_key key = tamis_integer((int64_t)(next_random() % bench->entities));
        double before = now();
        if (tamis_lookup(bench->features, &key, TAMIS_NOW, bench->values, error) != TAMIS_OK)
            return fail(error);
        bench->times[i] = now() - before;
        bench->sum += value_of(&bench->values[0]);
    }
    return 0;
}

static int batches(struct bench *bench, size_t count, struct tamis_error *error)
{
    struct tamis_key keys[BATCH];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < BATCH; j++)
            keys[j] = tamis_integer((int64_t)(next_random() % bench->entities));
        double before = now();
        if (tamis_lookup_batch(bench->features, keys, BATCH, TAMIS_NOW, bench->values, error) !=
            TAMIS_OK)
            return fail(error);
        bench->times[i] = now() - before;
    }
    return 0;
}

static int run(struct bench *bench, const struct tamis_options *options)
{
    struct tamis_error error;
    struct tamis_key key = tamis_integer(0);
    double begin = now();
    if (tamis_open(&bench->features, options, &error) != TAMIS_OK) return fail(&error);
    size_t columns = tamis_column_count(bench->features);
    bench->values = calloc(columns * BATCH, sizeof *bench->values);
    bench->times = calloc(bench->lookups, sizeof *bench->times);
    if (tamis_lookup(bench->features, &key, TAMIS_NOW, bench->values, &error) != TAMIS_OK)
        return fail(&error);
    double first = now() - begin;
    if (singles(bench, &error) != 0) return 1; /* every page is read and checked once */
    random_state = 1;
    bench->sum = 0;
    if (singles(bench, &error) != 0) return 1;
    double *single = calloc(bench->lookups, sizeof *single);
    for (size_t i = 0; single != NULL && i < bench->lookups; i++)
        single[i] = bench->times[i];
    if (batches(bench, bench->lookups / BATCH, &error) != 0) return 1;
    double batch = at_share(bench->times, bench->lookups / BATCH, 0.5);
    print_latencies(single, bench->lookups, batch, first, bench->sum);
    free(single);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: lookup STORE VIEW ENTITIES LOOKUPS\n");
        return 2;
    }
    struct tamis_options options = {.store = argv[1], .views = argv[2]};
    struct bench bench = {.entities = strtoull(argv[3], NULL, 10),
                          .lookups = strtoull(argv[4], NULL, 10)};
    int failed = run(&bench, &options);
    free(bench.values);
    free(bench.times);
    tamis_close(&bench.features);
    return failed;
}
