/* tests/fuzz/fuzz_main.c: runs a fuzz target over files, folders of files, and mutations of them.
 *
 * target [-n MUTATIONS] [-s SECONDS] [-d DICTIONARY] PATH...
 * Mutations are chosen by a fixed seed: the same run every time. With -s all is run again and again
 * with other mutations until the time is over. The dictionary is one of libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MOST (1u << 20)

static uint64_t random_state = 88172645463325252u;
static unsigned long mutations, inputs;
static time_t until; /* 0 = one round */
static bool again;   /* the inputs themselves were run */

struct word {
    size_t size;
    uint8_t bytes[64];
};
static struct word words[256];
static size_t word_count;

/* Marsaglia 2003, "Xorshift RNGs". */
static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Lines `name="text"` with \\, \" and \xHH in the text. */
static void read_word(const char *line)
{
    const char *at = strchr(line, '"');
    if (line[0] == '#' || at++ == NULL || word_count == sizeof words / sizeof *words) return;
    struct word *word = &words[word_count++];
    while (*at != '"' && *at != '\0' && word->size < sizeof word->bytes) {
        unsigned byte = (unsigned char)*at;
        if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1)
            at += 3;
        else if (*at == '\\')
            byte = (unsigned char)*++at;
        word->bytes[word->size++] = (uint8_t)byte;
        at++;
    }
}

static void read_dictionary(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, file) != NULL)
        read_word(line);
    fclose(file);
}

/* A word of the dictionary over what is there, or between it. */
static size_t put_word(uint8_t *bytes, size_t size, size_t room, size_t place)
{
    if (word_count == 0) return size;
    const struct word *word = &words[random_next() % word_count];
    if (random_next() % 2 == 0 && size + word->size <= room) {
        memmove(bytes + place + word->size, bytes + place, size - place);
        size += word->size;
    }
    if (word->size <= size - place) memcpy(bytes + place, word->bytes, word->size);
    return size;
}

static size_t mutate(uint8_t *bytes, size_t size, size_t room)
{
    static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 4, 8, 64};
    for (uint64_t times = 1 + random_next() % 4; times > 0 && size > 0; times--) {
        size_t place = (size_t)(random_next() % size);
        switch (random_next() % (word_count > 0 ? 7 : 5)) {
        case 0: bytes[place] ^= (uint8_t)(1u << (random_next() % 8)); break;
        case 1: bytes[place] = odd[random_next() % sizeof odd]; break;
        case 2: memset(bytes + place, (int)odd[random_next() % 5], size - place < 4 ? 1 : 4); break;
        case 3: bytes[place] = bytes[random_next() % size]; break;
        case 4: size = random_next() % 8 == 0 ? place : size; break;
        default: size = put_word(bytes, size, room, place);
        }
    }
    return size;
}

static void run_bytes(const uint8_t *original, size_t size, bool changed)
{
    static uint8_t work[INPUT_MOST + 256];
    memcpy(work, original, size);
    if (changed) size = mutate(work, size, size + 256);
    /* A block of its own size, so that a sanitizer sees the first byte too many. */
    uint8_t *bytes = malloc(size + (size == 0));
    if (bytes == NULL) exit(1);
    memcpy(bytes, work, size);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    inputs++;
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
    for (unsigned long i = again; i <= mutations && (!again || time(NULL) < until); i++)
        run_bytes(original, size, i > 0);
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
    for (int option; (option = getopt(argc, argv, "n:s:d:")) != -1;) {
        switch (option) {
        case 'n': mutations = strtoul(optarg, NULL, 10); break;
        case 's': until = time(NULL) + strtol(optarg, NULL, 10); break;
        case 'd': read_dictionary(optarg); break;
        default: return 2;
        }
    }
    if (until != 0 && mutations == 0) mutations = 20;
    do {
        unsigned long before = inputs;
        for (int i = optind; i < argc; i++)
            run_path(argv[i]);
        if (inputs == before) break;
        again = true;
    } while (time(NULL) < until);
    printf("%lu inputs\n", inputs);
    return inputs == 0;
}
