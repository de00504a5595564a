/* hook.c: the own allocator hook: linked beside main() into copies of the programs that only the
 * tests have. $TAMIS_FAULTS "request=N" makes the N-th request of base/memory.h fail; "sites"
 * reports the requests that are worth it: "site PROGRAM N PLACE...", with the places in the program
 * that stand in the chain of calls of request N and of none before. */
#include "base/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 32
#define KNOWN (1u << 16) /* a power of two */

void *__real_memory_get(size_t count, size_t size);
void *__real_memory_get_raw(size_t count, size_t size);
void *__real_memory_resize(void *old, size_t count, size_t size);
char *__real_memory_copy_text(const char *text, size_t size);
void *__wrap_memory_get(size_t count, size_t size);
void *__wrap_memory_get_raw(size_t count, size_t size);
void *__wrap_memory_resize(void *old, size_t count, size_t size);
char *__wrap_memory_copy_text(const char *text, size_t size);

extern const char __executable_start[], etext[];

static FILE *sites;
static size_t known[KNOWN], known_count;
static pid_t owner;

static bool is_new(size_t place)
{
    size_t slot = (place * 0x9E3779B97F4A7C15u) >> 48 & (KNOWN - 1);

    while (known[slot] != 0 && known[slot] != place)
        slot = (slot + 1) & (KNOWN - 1);
    if (known[slot] == place || known_count > KNOWN / 2) return false;
    known[slot] = place;
    known_count++;
    return true;
}

/* The frames are the wrapper's (0), its caller's (1) and so on. */
static void note_site(void)
{
    void *chain[DEPTH];
    bool begun = false;

    if (sites == NULL || getpid() != owner) return;
    int depth = backtrace(chain, DEPTH);
    for (int i = 2; i < depth; i++) {
        size_t address = (size_t)chain[i], start = (size_t)__executable_start;
        if (address < start || address >= (size_t)etext || !is_new(address - start)) continue;
        if (!begun)
            fprintf(sites, "site %s %llu", program_invocation_short_name,
                    (unsigned long long)memory_requests() + 1);
        begun = true;
        fprintf(sites, " %zx", address - start);
    }
    if (begun) fputc('\n', sites);
}

void *__wrap_memory_get(size_t count, size_t size)
{
    note_site();
    return __real_memory_get(count, size);
}

void *__wrap_memory_get_raw(size_t count, size_t size)
{
    note_site();
    return __real_memory_get_raw(count, size);
}

void *__wrap_memory_resize(void *old, size_t count, size_t size)
{
    note_site();
    return __real_memory_resize(old, count, size);
}

char *__wrap_memory_copy_text(const char *text, size_t size)
{
    note_site();
    return __real_memory_copy_text(text, size);
}

static FILE *report(void)
{
    const char *path = getenv("TAMIS_FAULTS_REPORT");

    return path == NULL ? NULL : fopen(path, "ae");
}

/* ---- under the shim: for each run of the process that forks (shim/server.c) ---- */

typedef void (*introduce_f)(void (*fail)(uint64_t), uint64_t (*count)(void));

__attribute__((constructor)) static void introduce(void)
{
    void *found = dlsym(RTLD_DEFAULT, "faults_own_allocator");
    introduce_f introduce_us;

    memcpy(&introduce_us, &found, sizeof found); /* as POSIX has it, and ISO C has not */
    if (introduce_us != NULL) introduce_us(memory_fail_at, memory_requests);
}

/* ---- alone ---- */

__attribute__((constructor)) static void plan_requests(void)
{
    const char *plan = getenv("TAMIS_FAULTS");

    owner = getpid();
    FILE *begun = report();
    if (begun != NULL) {
        fputs("begin\n", begun);
        fclose(begun);
    }
    if (plan != NULL && strncmp(plan, "request=", 8) == 0)
        memory_fail_at(strtoull(plan + 8, NULL, 10));
    if (plan == NULL || strcmp(plan, "sites") != 0) return;
    sites = report();
    if (sites != NULL) setvbuf(sites, NULL, _IOFBF, 1 << 20);
}

/* "begin" without "requests N": the program did not come to its end by itself. */
__attribute__((destructor)) static void tell_requests(void)
{
    FILE *told = sites != NULL ? sites : report();

    if (told == NULL || getpid() != owner) return;
    fprintf(told, "requests %llu\n", (unsigned long long)memory_requests());
    fclose(told);
}
