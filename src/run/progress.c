#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/text.h"
#include "neurank/estim/results.h"

enum { BAR = 24 };
/* The first line comes early, so that a log shows soon that the run is alive. */
static const double bar_every_s = 0.25, line_every_s = 10, first_line_s = 2;

void nr_progress_begin(nr_progress *progress, const nr_store_layer *layer) {
    *progress = (nr_progress){.terminal = isatty(STDERR_FILENO) == 1,
                              .started_s = nr_clock_s(),
                              .units_before = nr_fold_units(layer->fold)};
    progress->shown_s = progress->started_s;
    if (!progress->terminal) progress->shown_s += first_line_s - line_every_s;
}

/* Half the widest interval of all filters. */
static double widest_half(const nr_store_layer *layer, double confidence) {
    nr_results *r;
    double widest = NAN;
    if (nr_results_new(layer->fold, confidence, &r) != NR_OK) return widest;
    for (size_t i = 0; i < r->n; i++) {
        double half = (r->ci_high[i] - r->ci_low[i]) / 2;
        if (!(half <= widest)) widest = half;
    }
    nr_results_free(r);
    return widest;
}

void nr_progress_show(nr_progress *progress, const nr_store_layer *layer,
                      double confidence, double now_s) {
    char left[NR_NUMBER_TEXT], bar[BAR + 1] = "";
    double every = progress->terminal ? bar_every_s : line_every_s;
    if (now_s - progress->shown_s < every) return;
    progress->shown_s = now_s;
    uint64_t per_sweep = nr_fold_units_per_sweep(layer->fold);
    double done = (double)nr_fold_units(layer->fold);
    double total = (double)(layer->sweeps_planned * per_sweep);
    double here = done - (double)progress->units_before;
    double left_s =
        here > 0 ? (total - done) / here * (now_s - progress->started_s) : NAN;
    double rate = here / (now_s - progress->started_s);
    for (int i = 0; i < BAR; i++) bar[i] = i < done / total * BAR ? '#' : '.';
    bar[BAR] = '\0';
    char line[256];
    snprintf(line, sizeof line, "%s%s%s%s %3.0f%%  %.3g sweeps/min  %s left  +-%.3g",
             layer->name, progress->terminal ? " [" : "", progress->terminal ? bar : "",
             progress->terminal ? "]" : ":", floor(100 * done / total),
             60 * rate / (double)per_sweep, nr_format_duration(left_s, left),
             widest_half(layer, confidence));
    if (progress->terminal) nr_log_bar(line);
    else nr_log(NR_LOG_INFO, "%s", line);
}

void nr_progress_end(nr_progress *progress) {
    if (progress->terminal) nr_log_bar("");
}
