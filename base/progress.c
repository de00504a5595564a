/* base/progress.c: one line on the terminal, redrawn a few times a second by whoever adds. */
#include "base/progress.h"
#include "base/clock.h"
#include "base/terminal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.2
#define LOG_SECONDS    2.0 /* where lines stay, fewer of them */

struct progress {
    const struct common *common;
    char label[48], unit[16];
    int64_t total;
    double begun;
    bool terminal;
    _Atomic int64_t done;
    _Atomic double share; /* done, below 0 = by `total` */
    _Atomic double next;  /* when the next line is due */
};

static atomic_bool line_shown;

enum status progress_open(struct progress **ret, const struct common *common, const char *label,
                          const char *unit, int64_t total, struct err *err)
{
    bool terminal = terminal_redraws(STDERR_FILENO);
    bool wanted = common->progress == PROGRESS_ALWAYS ||
                  (common->progress == PROGRESS_AUTO && terminal && !common->quiet);
    *ret = NULL;
    if (!wanted) return STATUS_OK; /* NULL costs nothing to add to */
    struct progress *progress = NULL;
    TRY(NEW(&progress, 1, err));
    progress->common = common;
    snprintf(progress->label, sizeof progress->label, "%s", label);
    snprintf(progress->unit, sizeof progress->unit, "%s", unit);
    progress->total = total;
    progress->share = -1;
    progress->begun = clock_seconds();
    progress->terminal = terminal;
    progress->next = progress->begun + (terminal ? REDRAW_SECONDS : LOG_SECONDS);
    *ret = progress;
    return STATUS_OK;
}

/* 1234567 as "1.2 M" */
static char *short_amount(double amount, char *ret, size_t room)
{
    const char *const scales[] = {"", " k", " M", " G", " T"};
    size_t scale = 0;
    while (amount >= 1000 && scale < 4) {
        amount /= 1000;
        scale++;
    }
    snprintf(ret, room, scale == 0 ? "%.0f%s" : "%.1f%s", amount, scales[scale]);
    return ret;
}

/* "42 s", "3 min 05 s", "2 h 10 min" */
static char *short_time(double seconds, char *ret, size_t room)
{
    long whole = seconds < 1e9 ? (long)(seconds + 0.5) : 1000000000;
    if (whole < 60)
        snprintf(ret, room, "%ld s", whole);
    else if (whole < 3600)
        snprintf(ret, room, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(ret, room, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
    return ret;
}

static double share_done(const struct progress *progress, double done)
{
    if (progress->share >= 0) return progress->share;
    return progress->total > 0 ? done / (double)progress->total : -1;
}

static char *describe(const struct progress *progress, double now, char *ret, size_t room)
{
    char done_text[32], rate_text[32], left_text[32];
    double done = (double)progress->done, seconds = now - progress->begun;
    double rate = seconds > 0 ? done / seconds : 0;
    short_amount(done, done_text, sizeof done_text);
    short_amount(rate, rate_text, sizeof rate_text);
    double share = share_done(progress, done);
    if (share > 0 && share <= 1)
        snprintf(ret, room, "%s: %s %s, %s/s, %.0f %%, %s left", progress->label, done_text,
                 progress->unit, rate_text, 100 * share,
                 short_time(seconds * (1 - share) / share, left_text, sizeof left_text));
    else
        snprintf(ret, room, "%s: %s %s, %s/s", progress->label, done_text, progress->unit,
                 rate_text);
    return ret;
}

static void draw(struct progress *progress, double now)
{
    char line[320];
    describe(progress, now, line, sizeof line);
    if (!progress->terminal) {
        log_line(progress->common, true, "%s", line);
        return;
    }
    text_cut(line, terminal_columns(STDERR_FILENO, 80) - 1); /* a second line would stay */
    line_shown = true;
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
}

void progress_share(struct progress *progress, double share)
{
    if (progress != NULL) progress->share = share;
}

void progress_add(struct progress *progress, int64_t amount)
{
    if (progress == NULL) return;
    progress->done += amount;
    double now = clock_seconds(), due = progress->next;
    double next = now + (progress->terminal ? REDRAW_SECONDS : LOG_SECONDS);
    /* Of several threads that find the line due, the one whose exchange succeeds draws. */
    if (now >= due && atomic_compare_exchange_strong(&progress->next, &due, next))
        draw(progress, now);
}

void progress_hide(void)
{
    if (!atomic_exchange(&line_shown, false)) return;
    fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

void progress_close(struct progress **progress)
{
    if (progress == NULL || *progress == NULL) return;
    if (!(*progress)->terminal) draw(*progress, clock_seconds()); /* the last count is kept */
    progress_hide();
    memory_free(*progress);
    *progress = NULL;
}
