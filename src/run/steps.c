#include "neurank/run/steps.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/text.h"
#include "neurank/run/progress.h"

static const double bar_every_s = 0.2, line_every_s = 30;

void nr_steps_begin(nr_steps *steps, const char *what, size_t total) {
    double now = nr_clock_s();
    *steps = (nr_steps){.what = what,
                        .total = total,
                        .terminal = isatty(STDERR_FILENO) == 1,
                        .started_s = now,
                        .shown_s = now};
}

void nr_steps_next(nr_steps *steps, const char *detail) {
    nr_steps_to(steps, steps->done + 1, detail);
}

void nr_steps_to(nr_steps *steps, size_t done, const char *detail) {
    char bar[NR_PROGRESS_BAR], left[NR_NUMBER_TEXT], line[NR_PROGRESS_LINE];
    double now = nr_clock_s();
    steps->done = done;
    if (now - steps->shown_s < (steps->terminal ? bar_every_s : line_every_s)) return;
    steps->shown_s = now;
    double part = (double)steps->done / (double)steps->total;
    nr_progress_bar(steps->terminal ? part : (double)NAN, bar);
    nr_format_duration((now - steps->started_s) * (1 - part) / part, left);
    snprintf(line, sizeof line, "%s%s %3.0f%%  %.3g/min  %s left  %s", steps->what, bar,
             floor(100 * part), 60 * (double)steps->done / (now - steps->started_s),
             left, detail);
    if (steps->terminal) nr_log_bar(line);
    else nr_log(NR_LOG_INFO, "%s", line);
}

void nr_steps_end(nr_steps *steps) {
    if (steps->terminal) nr_log_bar("");
}
