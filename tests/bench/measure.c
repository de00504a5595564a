/* tests/bench/measure.c: runs one command and says what it cost.
 *
 *   measure REPORT COMMAND [ARGUMENT ...]
 *
 * Appends one JSON line to the file REPORT: wall, user and system seconds and the largest resident
 * set of one process as the system accounts them for the finished command, and the largest
 * anonymous resident set of the command and all processes it started together (RssAnon of
 * /proc/PID/status, looked at every 2 ms: what --memory promises to bound; mapped files do not
 * count). Gives back the command's exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static long anonymous_kib(pid_t process)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)process);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "RssAnon: %ld", &kib) == 1) break;
    fclose(file);
    return kib;
}

/* Of the process and of those below it (children of its first thread: no command here forks from
 * another). */
static long anonymous_below(pid_t process, int depth)
{
    char path[64];
    long kib = anonymous_kib(process), child;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)process, (long)process);
    FILE *file = depth < 8 ? fopen(path, "re") : NULL;
    if (file == NULL) return kib;
    while (fscanf(file, "%ld", &child) == 1)
        kib += anonymous_below((pid_t)child, depth + 1);
    fclose(file);
    return kib;
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for the process, looking at its memory meanwhile. */
static int watch(pid_t process, struct rusage *usage, long *ret_peak)
{
    const struct timespec pause = {0, 2000000};
    int status = 0;
    *ret_peak = 0;
    for (;;) {
        long kib = anonymous_below(process, 0);
        if (kib > *ret_peak) *ret_peak = kib;
        pid_t done = wait4(process, &status, WNOHANG, usage);
        if (done == process) return exit_code(status);
        if (done < 0 && errno != EINTR) return 127;
        nanosleep(&pause, NULL);
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: measure REPORT COMMAND [ARGUMENT ...]\n", stderr);
        return 2;
    }
    double start = now();
    pid_t process = fork();
    if (process < 0) {
        perror("measure: fork");
        return 1;
    }
    if (process == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    struct rusage usage = {0};
    long peak = 0;
    int code = watch(process, &usage, &peak);
    double wall = now() - start;
    FILE *report = fopen(argv[1], "ae");
    if (report == NULL) {
        perror("measure: report");
        return 1;
    }
    fprintf(report,
            "{\"command\": \"%s\", \"exit\": %d, \"wall\": %.3f, \"user\": %.3f, \"system\": %.3f, "
            "\"resident_mib\": %.1f, \"anonymous_mib\": %.1f}\n",
            argv[2], code, wall, seconds(usage.ru_utime), seconds(usage.ru_stime),
            (double)usage.ru_maxrss / 1024.0, (double)peak / 1024.0);
    fclose(report);
    return code;
}
