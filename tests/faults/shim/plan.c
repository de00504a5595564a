/* plan.c: reads the plan, wraps main() so that nothing is counted before it, and reports. */
#include "shim.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct plan plan;
static int report_descriptor = -1;
static atomic_long allocations;

void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

void report(const char *format, ...)
{
    char line[4500];
    va_list arguments;

    if (report_descriptor < 0) return;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0) syscall(SYS_write, report_descriptor, line, (size_t)size);
}

/* ---- the plan ---- */

static bool word_is(const char **at, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*at, word, size) != 0 || (*at)[size] != '=') return false;
    *at += size + 1;
    return true;
}

static void read_deed(const char *at)
{
    static const char *const words[] = {"error", "short", "kill_before", "kill_after"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0) plan.deed = (enum deed)i;
}

static void read_plan(const char *at)
{
    plan = (struct plan){0};
    while (at != NULL && *at != '\0') {
        if (word_is(&at, "alloc"))
            plan.alloc = atol(at);
        else if (word_is(&at, "request"))
            plan.request = atol(at);
        else if (word_is(&at, "call"))
            plan.call = atol(at);
        else if (word_is(&at, "change"))
            plan.change = atol(at);
        else if (word_is(&at, "do"))
            read_deed(at);
        else if (word_is(&at, "errno"))
            plan.error = atoi(at);
        else if (word_is(&at, "lasting"))
            plan.lasting = atoi(at) != 0;
        else if (word_is(&at, "trace"))
            plan.trace = atoi(at) != 0;
        else if (word_is(&at, "record"))
            plan.record = atoi(at) != 0;
        else if (word_is(&at, "forget_sync"))
            plan.forget_sync = atol(at);
        else if (word_is(&at, "clock"))
            plan.clock = atol(at);
        else if (word_is(&at, "still"))
            plan.still = atol(at);
        else if (word_is(&at, "paths"))
            plan.paths = atoi(at) != 0;
        else if (word_is(&at, "backtrace"))
            plan.backtrace = atoi(at) != 0;
        at = strchr(at, ',');
        if (at != NULL) at++;
    }
}

/* ---- allocations ---- */

bool allocation_fails(void)
{
    if (!plan.armed) return false;
    long now = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    if (plan.paths) paths_note(now);
    if (plan.alloc == 0 || now < plan.alloc || (now > plan.alloc && !plan.lasting)) return false;
    if (now == plan.alloc) {
        report("hit alloc\n");
        if (plan.backtrace) {
            void *frames[40];
            plan.armed = false;
            backtrace_symbols_fd(frames, backtrace(frames, 40), report_descriptor);
            plan.armed = true;
        }
    }
    return true;
}

/* ---- around main ---- */

/* The report keeps a number of its own far from those of the program. */
static void open_report(void)
{
    const char *path = getenv("TAMIS_FAULTS_REPORT");

    if (path == NULL) return;
    long descriptor = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (descriptor < 0) return;
    report_descriptor = (int)syscall(SYS_fcntl, (int)descriptor, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, (int)descriptor);
}

typedef int (*main_f)(int argc, char **argv, char **environment);
static main_f real_main;

static void (*fail_request)(uint64_t number);
static uint64_t (*count_requests)(void);

/* hook.c calls it before main(). */
EXPORTED void faults_own_allocator(void (*fail)(uint64_t), uint64_t (*count)(void));

EXPORTED void faults_own_allocator(void (*fail)(uint64_t), uint64_t (*count)(void))
{
    fail_request = fail;
    count_requests = count;
}

static int planned_main(int argc, char **argv, char **environment)
{
    serve(&argc, &argv);
    open_report();
    read_plan(getenv("TAMIS_FAULTS"));
    if (plan.paths) paths_prepare();
    if (plan.request != 0 && fail_request != NULL) fail_request((uint64_t)plan.request);
    plan.armed = true;
    int code = real_main(argc, argv, environment);
    plan.armed = false;
    if (plan.paths) paths_tell();
    report("allocations %ld\n", atomic_load(&allocations));
    if (count_requests != NULL) report("requests %llu\n", (unsigned long long)count_requests());
    return code;
}

int __libc_start_main(main_f program_main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

EXPORTED int __libc_start_main(main_f program_main, int argc, char **argv, void (*init)(void),
                               void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    int (*start)(main_f, int, char **, void (*)(void), void (*)(void), void (*)(void), void *) =
        (int (*)(main_f, int, char **, void (*)(void), void (*)(void), void (*)(void), void *))real(
            "__libc_start_main");

    real_main = program_main;
    return start(planned_main, argc, argv, init, fini, rtld_fini, stack_end);
}
