#include "neurank/base/stop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "neurank/base/clock.h"

enum { PATIENCE_S = 10 };
static const double listen_every_s = 0.01;

static volatile sig_atomic_t asked;
/* Of the first signal; whole seconds, so that it is written at once. */
static volatile sig_atomic_t first_s;

static void on_signal(int signal_number) {
    struct timespec now;
    (void)signal_number;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (asked == NR_STOP_NONE) {
        first_s = (sig_atomic_t)now.tv_sec;
        asked = NR_STOP_SOON;
    } else if ((sig_atomic_t)now.tv_sec - first_s >= PATIENCE_S) {
        asked = NR_STOP_NOW;
    }
}

void nr_stop_install(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

nr_stop nr_stop_asked(void) {
    return (nr_stop)asked;
}

/* ---- while something is computed ---- */

static struct {
    nr_stop_listener *listen;
    void *self;
    double listened_s;
    bool ordered;
} computing;

void nr_stop_listen(nr_stop_listener *listen, void *self) {
    computing.listen = listen;
    computing.self = self;
    computing.ordered = false;
}

void nr_stop_order_leave(void) {
    computing.ordered = true;
}

bool nr_stop_leave(void) {
    double now_s = nr_clock_s();
    if (computing.listen && now_s - computing.listened_s >= listen_every_s) {
        computing.listened_s = now_s;
        computing.listen(computing.self);
    }
    return computing.ordered || asked == NR_STOP_NOW;
}
