/* examples/lookup/lookup.c: asks for the features of entities from within a program.
 *
 *     cc -o lookup lookup.c $(pkg-config --cflags --libs tamis)
 *     ./lookup STORE VIEW[@REF],... KEY...
 *
 * A key of several columns is written with commas. See also the README beside this file. */
#include <tamis.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 16

/* 17 or "berlin" or 17,berlin: a part that is a whole number is sent as one. */
static size_t parse_key(char *text, struct tamis_key *key)
{
    size_t parts = 0;
    for (char *part = strtok(text, ","); part != NULL && parts < PARTS; part = strtok(NULL, ",")) {
        char *end;
        int64_t integer = strtoll(part, &end, 10);
        key[parts++] = *end == '\0' ? tamis_integer(integer) : tamis_text(part, strlen(part));
    }
    return parts;
}

static void print_value(const struct tamis_value *value)
{
    switch (value->kind) {
    case TAMIS_NULL: printf("null"); break;
    case TAMIS_UNSIGNED: printf("%" PRIu64, value->natural); break;
    case TAMIS_REAL: printf("%.17g", value->real); break;
    case TAMIS_TEXT:
    case TAMIS_BYTES:
    case TAMIS_JSON: printf("%.*s", (int)value->text.size, value->text.data); break;
    default: printf("%" PRId64, value->integer);
    }
}

static int answer(const struct tamis *features, char *text, struct tamis_value *values)
{
    struct tamis_error error;
    struct tamis_key key[PARTS];
    printf("%s:", text);
    if (parse_key(text, key) != tamis_key_parts(features)) {
        printf(" not a key of %zu parts\n", tamis_key_parts(features));
        return 2;
    }
    if (tamis_lookup(features, key, TAMIS_NOW, values, &error) != TAMIS_OK) {
        printf(" %s\n", error.message);
        return 1;
    }
    for (size_t i = 0; i < tamis_column_count(features); i++) {
        printf(" %s=", tamis_column(features, i).name);
        print_value(&values[i]);
    }
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    struct tamis *features = NULL;
    struct tamis_error error;
    int worst = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: lookup STORE VIEW[@REF],... KEY...\n");
        return 2;
    }
    struct tamis_options options = {.store = argv[1], .views = argv[2]};
    if (tamis_open(&features, &options, &error) != TAMIS_OK) {
        fprintf(stderr, "%s\n%s\n", error.message, error.hint);
        return 1;
    }
    struct tamis_value *values = calloc(tamis_column_count(features), sizeof *values);
    for (int i = 3; i < argc && values != NULL; i++) {
        int failed = answer(features, argv[i], values);
        if (failed > worst) worst = failed;
    }
    free(values);
    tamis_close(&features);
    return worst;
}
