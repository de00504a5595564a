/* tests/fuzz/fuzz_main.c: runs a fuzz target over files, folders of files, and mutations of them.
 *
 * target [-n MUTATIONS] PATH...   Mutations are chosen by a fixed seed: the same run every time. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MOST (1u << 20)

static uint64_t random_state = 88172645463325252u;
static unsigned long mutations, inputs;

/* Marsaglia 2003, "Xorshift RNGs". */
static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static size_t mutate(uint8_t *bytes, size_t size)
{
    static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 4, 8, 64};
    for (uint64_t times = 1 + random_next() % 4; times > 0 && size > 0; times--) {
        size_t place = (size_t)(random_next() % size);
        switch (random_next() % 5) {
        case 0: bytes[place] ^= (uint8_t)(1u << (random_next() % 8)); break;
        case 1: bytes[place] = odd[random_next() % sizeof odd]; break;
        case 2: memset(bytes + place, (int)odd[random_next() % 5], size - place < 4 ? 1 : 4); break;
        case 3: bytes[place] = bytes[random_next() % size]; break;
        default: size = random_next() % 8 == 0 ? place : size;
        }
    }
    return size;
}

static void run_file(const char *path)
{
    static uint8_t original[INPUT_MOST];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(original, 1, sizeof original, file);
    fclose(file);
    for (unsigned long i = 0; i <= mutations; i++) {
        /* A block of its own size, so that a sanitizer sees the first byte too many. */
        uint8_t *bytes = malloc(size + 1);
        if (bytes == NULL) exit(1);
        memcpy(bytes, original, size);
        LLVMFuzzerTestOneInput(bytes, i == 0 ? size : mutate(bytes, size));
        free(bytes);
        inputs++;
    }
}

static void run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        run_file(path);
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') run_path(inner);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        mutations = strtoul(argv[2], NULL, 10);
        first = 3;
    }
    for (int i = first; i < argc; i++)
        run_path(argv[i]);
    printf("%lu inputs\n", inputs);
    return inputs == 0;
}
