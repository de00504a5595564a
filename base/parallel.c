/* base/parallel.c: the one place where threads start.
 *
 * The ordered pipeline has no special threads: each one pulls the next item under the pull lock,
 * works on it, files it under its number, and, if nobody is pushing, pushes what is ready in order.
 * So serial parts run on whichever thread is free, and two threads keep two cores busy. */
#include "base/parallel.h"

#include "base/memory.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

size_t parallel_threads(size_t requested)
{
    if (requested > 0) return requested > 1024 ? 1024 : requested;
    int most = omp_get_max_threads();
    return most < 1 ? 1 : (size_t)most;
}

/* A thread of libgomp that waits, at the end of a loop or behind it for the next one, spins for
 * milliseconds before it sleeps; a run has many loops, and each costs that much of a processor.
 * With more threads than processors it sleeps at once. So where all processors are asked for, the
 * team has one member more, who does nothing (OMP_WAIT_POLICY would do, but only from outside). */
static int team_of(size_t threads)
{
    return (int)threads + (omp_get_num_procs() == (int)threads);
}

/* ---- a loop over independent indices ---- */

struct loop {
    size_t count;
    void *context;
    enum status (*work)(void *context, size_t index, struct err *err);
    atomic_size_t next;
    atomic_bool stopped;
    pthread_mutex_t lock;
    size_t failed_index; /* lowest */
    enum status status;
    struct err err;
};

static void loop_failed(struct loop *loop, size_t index, enum status status, const struct err *err)
{
    atomic_store(&loop->stopped, true);
    pthread_mutex_lock(&loop->lock);
    if (loop->status == STATUS_OK || index < loop->failed_index) {
        loop->failed_index = index;
        loop->status = status;
        loop->err = *err;
    }
    pthread_mutex_unlock(&loop->lock);
}

static void loop_thread(struct loop *loop)
{
    while (!atomic_load_explicit(&loop->stopped, memory_order_relaxed)) {
        size_t index = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (index >= loop->count) return;
        struct err err = {0};
        enum status status = loop->work(loop->context, index, &err);
        if (status != STATUS_OK) loop_failed(loop, index, status, &err);
    }
}

enum status parallel_for(size_t threads, size_t count, void *context,
                         enum status (*work)(void *context, size_t index, struct err *err),
                         struct err *err)
{
    threads = parallel_threads(threads);
    if (threads > count) threads = count;
    if (threads <= 1 || omp_in_parallel()) {
        for (size_t i = 0; i < count; i++)
            TRY(work(context, i, err));
        return STATUS_OK;
    }
    struct loop loop = {.count = count, .context = context, .work = work};
    pthread_mutex_init(&loop.lock, NULL);
#pragma omp parallel num_threads(team_of(threads))
    if (omp_get_thread_num() < (int)threads) loop_thread(&loop);
    pthread_mutex_destroy(&loop.lock);
    if (loop.status != STATUS_OK && err != NULL) *err = loop.err;
    return loop.status;
}

/* ---- the ordered pipeline ---- */

struct slot {
    void *item;
    bool done;
};

struct pipeline {
    const struct ordered *ordered;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots; /* ring: item number modulo room */
    size_t room;
    uint64_t pulled; /* items pulled so far */
    uint64_t pushed; /* items pushed so far */
    bool pulling, pushing, ended;
    size_t memory_before; /* in use when the pipeline began */
    size_t item_memory;   /* the most an item in flight was seen to need; 0 = none is done yet */
    uint64_t failed_item;
    enum status status; /* first failure in item order */
    struct err err;
};

/* Remembers the failure of the lowest item. A pull failure counts behind all pulled items. */
static void pipeline_failed(struct pipeline *line, uint64_t item, enum status status,
                            const struct err *err)
{
    if (line->status != STATUS_OK && line->failed_item <= item) return;
    line->failed_item = item;
    line->status = status;
    line->err = *err;
}

/* Called when an item's work is done: what is in use beyond the beginning, shared by those that
 * fly. */
static void learn_item_memory(struct pipeline *line)
{
    size_t now = memory_in_use(), flying = (size_t)(line->pulled - line->pushed);
    size_t used = now > line->memory_before ? now - line->memory_before : 0;
    size_t each = flying > 0 ? used / flying : used;
    if (each + 1 > line->item_memory) line->item_memory = each + 1;
}

/* What an item needs at its most, by what those in flight were seen to need on average: when one is
 * done the others are anywhere between their beginning and their most. */
#define MOST_BY_AVERAGE 2

/* Items grow while they are worked on, so what is in use when one is pulled says little: until the
 * first one is done a second is not pulled, and then only as many as the largest seen would fit. */
static bool has_memory(const struct pipeline *line, uint64_t flying)
{
    size_t limit = memory_limit();
    if (limit == 0 || flying == 0) return true;
    if (memory_in_use() > limit / 2 || line->item_memory == 0) return false;
    size_t room = limit - limit / 4;
    room = room > line->memory_before ? room - line->memory_before : 0;
    return flying + 1 <= room / MOST_BY_AVERAGE / line->item_memory;
}

static bool may_pull(const struct pipeline *line)
{
    if (line->pulling || line->ended || line->status != STATUS_OK) return false;
    uint64_t flying = line->pulled - line->pushed;
    if (flying >= line->room) return false;
    return has_memory(line, flying);
}

/* Called with the lock held; comes back with it. False when there was nothing to pull. */
static bool pull_and_work(struct pipeline *line)
{
    const struct ordered *ordered = line->ordered;
    struct err err = {0};
    void *item = NULL;
    line->pulling = true;
    uint64_t number = line->pulled;
    pthread_mutex_unlock(&line->lock);
    enum status status = ordered->pull(ordered->context, &item, &err);
    pthread_mutex_lock(&line->lock);
    line->pulling = false;
    if (status != STATUS_OK) pipeline_failed(line, number, status, &err);
    if (item == NULL || status != STATUS_OK) {
        line->ended = true;
        if (item != NULL) ordered->drop(ordered->context, item);
        pthread_cond_broadcast(&line->changed);
        return false;
    }
    line->pulled++;
    line->slots[number % line->room] = (struct slot){.item = item};
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
    status = ordered->work(ordered->context, item, &err);
    pthread_mutex_lock(&line->lock);
    if (status != STATUS_OK) pipeline_failed(line, number, status, &err);
    learn_item_memory(line);
    line->slots[number % line->room].done = true;
    pthread_cond_broadcast(&line->changed);
    return true;
}

static bool may_push(const struct pipeline *line)
{
    return !line->pushing && line->pushed < line->pulled &&
           line->slots[line->pushed % line->room].done;
}

/* Called with the lock held; comes back with it. */
static void push_one(struct pipeline *line)
{
    const struct ordered *ordered = line->ordered;
    uint64_t number = line->pushed;
    void *item = line->slots[number % line->room].item;
    bool wanted = line->status == STATUS_OK || number < line->failed_item;
    struct err err = {0};
    enum status status = STATUS_OK;
    line->pushing = true;
    pthread_mutex_unlock(&line->lock);
    if (wanted)
        status = ordered->push(ordered->context, item, &err);
    else
        ordered->drop(ordered->context, item);
    pthread_mutex_lock(&line->lock);
    line->pushing = false;
    line->pushed++;
    if (status != STATUS_OK) pipeline_failed(line, number, status, &err);
    pthread_cond_broadcast(&line->changed);
}

static bool finished(const struct pipeline *line)
{
    bool no_more = line->ended || line->status != STATUS_OK;
    return no_more && !line->pulling && line->pushed == line->pulled;
}

static void pipeline_thread(struct pipeline *line)
{
    pthread_mutex_lock(&line->lock);
    while (!finished(line)) {
        if (may_push(line))
            push_one(line);
        else if (may_pull(line))
            pull_and_work(line);
        else
            pthread_cond_wait(&line->changed, &line->lock);
    }
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->lock);
}

enum status ordered_run(const struct ordered *ordered, struct err *err)
{
    size_t threads = omp_in_parallel() ? 1 : parallel_threads(ordered->threads);
    struct pipeline line = {.ordered = ordered, .memory_before = memory_in_use()};
    line.room = ordered->in_flight > 0 ? ordered->in_flight : 2 * threads;
    TRY(NEW(&line.slots, line.room, err));
    pthread_mutex_init(&line.lock, NULL);
    pthread_cond_init(&line.changed, NULL);
    if (threads == 1) {
        pipeline_thread(&line);
    } else {
#pragma omp parallel num_threads(team_of(threads))
        if (omp_get_thread_num() < (int)threads) pipeline_thread(&line);
    }
    pthread_cond_destroy(&line.changed);
    pthread_mutex_destroy(&line.lock);
    memory_free(line.slots);
    if (line.status != STATUS_OK && err != NULL) *err = line.err;
    return line.status;
}
