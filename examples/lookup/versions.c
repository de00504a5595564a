/* examples/lookup/versions.c: which version of a view answers for whom, when a tag is spread over
 * several; the values of all keys in one call; a handle for what came since.
 *
 *     cc -o versions versions.c $(pkg-config --cflags --libs tamis)
 *     ./versions STORE VIEW@TAG INTEGER... */
#include <tamis.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(enum tamis_status status, const struct tamis_error *error)
{
    fprintf(stderr, "%d: %s\n%s\n", (int)status, error->message, error->hint);
    return (int)status;
}

/* The version of each key, and its first value where that is a number. */
static enum tamis_status show(const struct tamis *features, const struct tamis_key *keys,
                              size_t count, struct tamis_error *error)
{
    enum tamis_status status = TAMIS_OK;
    size_t width = tamis_column_count(features);
    struct tamis_value *values = calloc(count * width, sizeof *values);
    if (values == NULL) return TAMIS_MEMORY;
    status = tamis_lookup_batch(features, keys, count, TAMIS_NOW, values, error);
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        int64_t number = 0;
        const struct tamis_value *first = &values[i * width];
        status = tamis_version_for(features, 0, &keys[i], &number, error);
        if (status != TAMIS_OK) break;
        printf("%" PRId64 ": version %" PRId64 ", %s ", keys[i].integer, number,
               tamis_column(features, 0).name);
        if (first->kind == TAMIS_REAL)
            printf("%g\n", first->real);
        else
            printf("of kind %d\n", (int)first->kind);
    }
    free(values);
    return status;
}

int main(int argc, char **argv)
{
    struct tamis *features = NULL, *next = NULL;
    struct tamis_error error;
    if (argc < 4)
        return complain(TAMIS_USAGE, &(struct tamis_error){"usage: STORE VIEW@TAG KEY...", ""});
    struct tamis_options options = {.store = argv[1], .views = argv[2]};
    enum tamis_status status = tamis_open(&features, &options, &error);
    if (status != TAMIS_OK) return complain(status, &error);
    size_t count = (size_t)argc - 3;
    struct tamis_key *keys = calloc(count, sizeof *keys);
    for (size_t i = 0; keys != NULL && i < count; i++)
        keys[i] = tamis_integer(strtoll(argv[i + 3], NULL, 10));
    status = keys == NULL ? TAMIS_MEMORY : show(features, keys, count, &error);
    if (status == TAMIS_OK) status = tamis_refresh(features, &next, &error);
    if (status == TAMIS_OK) printf("%s\n", next == NULL ? "nothing moved" : "the tag has moved");
    free(keys);
    tamis_close(&next);
    tamis_close(&features);
    return status == TAMIS_OK ? 0 : complain(status, &error);
}
