/* Four threads ask one handle; meanwhile a new version is put and one thread refreshes. */
#include <tamis.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS  4
#define ENTITIES 1000
#define ROUNDS   200

static struct tamis *handle;

/* Version 1 holds x = id; every answer must. */
static void *ask(void *wrong)
{
    struct tamis_key keys[ENTITIES];
    struct tamis_value *values = calloc(ENTITIES * tamis_column_count(handle), sizeof *values);
    for (int i = 0; i < ENTITIES; i++)
        keys[i] = tamis_integer(i);
    for (int round = 0; round < ROUNDS; round++) {
        if (tamis_lookup_batch(handle, keys, ENTITIES, TAMIS_NOW, values, NULL) != TAMIS_OK)
            ++*(long *)wrong;
        for (int i = 0; i < ENTITIES; i++)
            *(long *)wrong += values[i].kind != TAMIS_INTEGER || values[i].integer != i;
    }
    free(values);
    return NULL;
}

int main(int argc, char **argv)
{
    struct tamis_options options = {argv[1], argv[2], 0};
    struct tamis_key key = tamis_integer(7), text = tamis_text("7", 1);
    struct tamis *next = NULL;
    struct tamis_error error;
    struct tamis_value value;
    pthread_t threads[THREADS];
    long wrong[THREADS] = {0}, sum = 0;
    if (argc != 4 || tamis_open(&handle, &options, &error) != TAMIS_OK) return 1;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, ask, &wrong[i]);
    if (tamis_refresh(handle, &next, &error) != TAMIS_OK || next != NULL) return 2;
    if (system(argv[3]) != 0 || tamis_refresh(handle, &next, &error) != TAMIS_OK) return 3;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        sum += wrong[i];
    printf("wrong answers: %ld\n", sum);
    printf("version %d, then %d\n", (int)tamis_version_number(handle, 0),
           next == NULL ? 0 : (int)tamis_version_number(next, 0));
    tamis_lookup(next, &key, TAMIS_NOW, &value, &error);
    printf("x of 7 now: %d\n", (int)value.integer);
    tamis_lookup(next, &key, 0, &value, &error);
    printf("x of 7 in 1970: %s\n", value.kind == TAMIS_NULL ? "null" : "a value");
    printf("%d %s\n", tamis_lookup(next, &text, TAMIS_NOW, &value, &error), error.message);
    tamis_close(&handle);
    tamis_close(&next);
    tamis_close(&next);
    return 0;
}
