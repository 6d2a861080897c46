#include "neurank/run/saver.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"

/* Values by image that may wait for a disk that takes no more. */
enum { WAITING_MAX_MIB = 512, RESCUES_MAX = 1000 };
/* Before the last try. */
enum { PAUSE_NS = 300000000 };

struct nr_saver {
    nr_store *store; /* borrowed */
    nr_snapshot *snapshot;
    const char *path, *rescue;
    nr_saver_times times;
    pthread_t thread;
    bool writing;      /* there is a thread */
    atomic_bool ended; /* it has nothing left to do */
    nr_status result;  /* what came of it */
    bool unsaved;      /* the last snapshot is not on disk */
    bool lost;         /* the file at path belongs to somebody else */
    double begun_s, seconds;
    char last[NR_TIME_TEXT]; /* when the file at path was written */
    /* for the report: what the thread used, and what the computation waited */
    size_t n_meanwhile; /* checkpoints while the computation went on */
    double thread_s, waited_s;
    double cost_s; /* of the last one, both */
};

nr_status nr_saver_new(nr_store *store, const char *path, const char *rescue,
                       const nr_saver_times *times, nr_saver **out) {
    nr_saver *saver;
    if (!NR_NEW(saver, 1)) return NR_ERR_INTERNAL;
    *saver = (nr_saver){.store = store,
                        .path = path,
                        .rescue = rescue,
                        .times = *times,
                        .begun_s = nr_clock_s()};
    nr_clock_text(saver->last);
    nr_status status = nr_snapshot_new(store, &saver->snapshot);
    if (status != NR_OK) {
        free(saver);
        return status;
    }
    *out = saver;
    return NR_OK;
}

/* ---- the thread ---- */

/* Processor time of the calling thread. */
static double thread_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

static void write_snapshot(nr_saver *saver) {
    double start_s = nr_clock_s(), used_s = thread_seconds();
    nr_log_set_mild(true);
    saver->result = nr_snapshot_write(saver->snapshot, saver->path);
    nr_log_set_mild(false);
    saver->seconds = nr_clock_s() - start_s;
    used_s = thread_seconds() - used_s;
    saver->cost_s += used_s;
    if (saver->writing) saver->thread_s += used_s;
}

static void *thread_main(void *self) {
    nr_saver *saver = self;
    write_snapshot(saver);
    atomic_store(&saver->ended, true);
    return NULL;
}

/* Signals are for the thread that computes: none interrupts a write. */
static bool start_thread(nr_saver *saver) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_store(&saver->ended, false);
    int failed = pthread_create(&saver->thread, NULL, thread_main, saver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

/* ---- what came of a write ---- */

static double interval_s(const nr_saver *saver) {
    return fmax(saver->times.every_s, saver->cost_s / saver->times.cost_most);
}

static void take_result(nr_saver *saver, bool more) {
    char every[NR_NUMBER_TEXT];
    if (saver->result == NR_OK) {
        saver->unsaved = false;
        nr_clock_text(saver->last);
        return;
    }
    saver->lost |= saver->result == NR_ERR_MISMATCH;
    if (saver->lost || !more) return;
    nr_format_duration(interval_s(saver), every);
    if (access(saver->path, F_OK) == 0)
        nr_log(NR_LOG_WARNING,
               "%s: as written at %s it still stands; the next try is in %s",
               saver->path, saver->last, every);
    else nr_log(NR_LOG_WARNING, "%s: the next try is in %s", saver->path, every);
}

/* Waits for the thread, if there is one. */
static void join(nr_saver *saver) {
    if (!saver->writing) return;
    pthread_join(saver->thread, NULL);
    saver->writing = false;
    take_result(saver, true);
}

static nr_status take_snapshot(nr_saver *saver, size_t layer) {
    saver->begun_s = nr_clock_s();
    NR_TRY(nr_snapshot_take(saver->snapshot, layer));
    saver->unsaved = true;
    saver->cost_s = nr_clock_s() - saver->begun_s;
    return NR_OK;
}

static nr_status begin(nr_saver *saver, size_t layer) {
    NR_TRY(take_snapshot(saver, layer));
    saver->writing = true;
    if (start_thread(saver)) {
        saver->n_meanwhile++;
        saver->waited_s += nr_clock_s() - saver->begun_s;
        return NR_OK;
    }
    saver->writing = false; /* no thread to be had: the computation waits */
    write_snapshot(saver);
    take_result(saver, true);
    return NR_OK;
}

/* ---- when ---- */

/* Time for a checkpoint, or no more room for what waits for one. After a failure the
 * room has to do. */
static const nr_image_rows *rows_of(const nr_saver *saver, size_t layer) {
    return layer == NR_NO_LAYER ? NULL : saver->store->layers[layer].images;
}

static bool is_due(const nr_saver *saver, size_t layer, double now_s) {
    const nr_image_rows *images = rows_of(saver, layer);
    bool full = images && nr_image_rows_full(images) && !saver->unsaved;
    return full || now_s - saver->begun_s >= interval_s(saver);
}

static nr_status check_room(const nr_saver *saver, size_t layer) {
    const nr_image_rows *images = rows_of(saver, layer);
    size_t bytes = images ? nr_image_rows_bytes(images) : 0;
    bytes += nr_snapshot_waiting(saver->snapshot);
    if (bytes < (size_t)WAITING_MAX_MIB << 20) return NR_OK;
    nr_log(NR_LOG_WARNING,
           "%s: %zu MiB of values by image wait to be written, which fails: stopping",
           saver->path, bytes >> 20);
    return NR_ERR_STORE;
}

nr_status nr_saver_tick(nr_saver *saver, size_t layer, double now_s) {
    if (saver->writing) {
        if (!atomic_load(&saver->ended)) return NR_OK;
        join(saver);
    }
    if (saver->lost) return NR_ERR_STORE;
    if (saver->unsaved) NR_TRY(check_room(saver, layer));
    return is_due(saver, layer, now_s) ? begin(saver, layer) : NR_OK;
}

nr_status nr_saver_layer(nr_saver *saver, size_t layer) {
    join(saver);
    NR_TRY(take_snapshot(saver, layer));
    if (saver->lost) return NR_OK;
    write_snapshot(saver);
    take_result(saver, true);
    return NR_OK;
}

/* ---- the end ---- */

/* A name that nobody has: <rescue>, <rescue>.2, ...; *out owned by the caller. */
static nr_status rescue_name(const nr_saver *saver, char **out) {
    const char *slash = strrchr(saver->path, '/');
    const char *base = slash ? slash + 1 : saver->path;
    size_t bytes = strlen(saver->rescue ? saver->rescue : base) + 32;
    char *name = nr_new(bytes, 1);
    if (!name) return NR_ERR_INTERNAL;
    if (saver->rescue) snprintf(name, bytes, "%s", saver->rescue);
    else snprintf(name, bytes, "./%s.rescue", base);
    size_t length = strlen(name);
    for (int k = 2; k < RESCUES_MAX && access(name, F_OK) == 0; k++)
        snprintf(name + length, bytes - length, ".%d", k);
    *out = name;
    return NR_OK;
}

static nr_status rescue(nr_saver *saver) {
    char *name;
    NR_TRY(rescue_name(saver, &name));
    nr_log_set_mild(true);
    nr_status status = nr_snapshot_write_new(saver->snapshot, name);
    nr_log_set_mild(false);
    if (status == NR_OK)
        nr_fail(
            NR_ERR_STORE,
            "%s could not be written; the results are in %s: move it to %s, and the "
            "same command goes on",
            saver->path, name, saver->path);
    else
        nr_fail(
            NR_ERR_STORE,
            "%s could not be written, and %s neither: what was computed since %s is "
            "lost",
            saver->path, name, saver->last);
    free(name);
    return NR_ERR_STORE;
}

nr_status nr_saver_finish(nr_saver *saver) {
    const struct timespec moment = {.tv_nsec = PAUSE_NS};
    join(saver);
    if (!saver->unsaved) return NR_OK;
    if (!saver->lost) {
        nanosleep(&moment, NULL);
        write_snapshot(saver);
        take_result(saver, false);
    }
    return saver->unsaved ? rescue(saver) : NR_OK;
}

double nr_saver_seconds(const nr_saver *saver) {
    return saver->seconds;
}

static void report(const nr_saver *saver) {
    if (saver->n_meanwhile > 0)
        nr_log(
            NR_LOG_INFO,
            "%zu checkpoints on the way: %.3g s of processor time of a thread of their "
            "own; the computation waited %.3g s for them",
            saver->n_meanwhile, saver->thread_s, saver->waited_s);
}

void nr_saver_free(nr_saver *saver) {
    if (!saver) return;
    join(saver);
    report(saver);
    nr_snapshot_free(saver->snapshot);
    free(saver);
}
