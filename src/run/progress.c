#include "neurank/run/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/text.h"

enum { BAR = 24 };
/* The first line comes early, so that a log shows soon that the run is alive. */
static const double bar_every_s = 0.25, line_every_s = 10, first_line_s = 2;
/* Looking at the estimates may take this part of the time. */
static const double look_share = 0.01;

void nr_progress_begin(nr_progress *progress, const nr_store_layer *layer) {
    *progress = (nr_progress){.terminal = isatty(STDERR_FILENO) == 1,
                              .started_s = nr_clock_s(),
                              .units_before = nr_fold_units(layer->fold),
                              .widest = NAN,
                              .sweeps = NAN};
    progress->shown_s = progress->started_s;
    if (!progress->terminal) progress->shown_s += first_line_s - line_every_s;
}

static void look(nr_progress *progress, const nr_store *store,
                 const nr_store_layer *layer, double now_s) {
    nr_results *r;
    bool due = now_s - progress->looked_s >= progress->look_took_s / look_share;
    if (nr_store_is_exact(layer)) {
        progress->sweeps = 1;
        return;
    }
    if (!due || nr_store_results(store, layer, &r) != NR_OK) return;
    nr_interval_spec spec = nr_store_intervals(store, layer);
    progress->widest = nr_results_widest(r);
    nr_goal goal = nr_store_goal(layer);
    progress->sweeps = nr_goal_forecast(&goal, r, &spec);
    nr_results_free(r);
    progress->looked_s = now_s;
    progress->look_took_s = nr_clock_s() - now_s;
}

/* "0.0012 of 0.001": how wide intervals are and shall be. */
static void print_width(const nr_progress *progress, const nr_store_layer *layer,
                        char text[64]) {
    text[0] = '\0';
    if (nr_store_is_exact(layer)) return;
    int used = snprintf(text, 64, "  +-%.3g", progress->widest);
    if (layer->goal.half_width > 0)
        snprintf(text + used, 64 - (size_t)used, " of %.3g", layer->goal.half_width);
}

static nr_progress_facts facts_of(const nr_progress *progress,
                                  const nr_store_layer *layer, double now_s) {
    nr_progress_facts f = {.units = (double)nr_fold_units(layer->fold),
                           .units_per_sweep = (double)layer->plan.units.units_per_sweep,
                           .widest = progress->widest,
                           .left_s = NAN};
    double here = f.units - (double)progress->units_before;
    f.total = progress->sweeps * f.units_per_sweep;
    f.rate = here / (now_s - progress->started_s);
    if (here > 0 && isfinite(f.total))
        f.left_s = f.total > f.units ? (f.total - f.units) / f.rate : 0;
    return f;
}

void nr_progress_bar(double part, char text[NR_PROGRESS_BAR]) {
    char marks[BAR + 1] = "";
    for (int i = 0; i < BAR; i++) marks[i] = i < part * BAR ? '#' : '.';
    if (isnan(part)) snprintf(text, NR_PROGRESS_BAR, ":");
    else snprintf(text, NR_PROGRESS_BAR, " [%s]", marks);
}

static void print_line(const nr_progress *progress, const nr_store_layer *layer,
                       double now_s, char line[NR_PROGRESS_LINE]) {
    char left[NR_NUMBER_TEXT] = "?", width[64], bar[NR_PROGRESS_BAR];
    nr_progress_facts f = facts_of(progress, layer, now_s);
    double part = f.units < f.total && isfinite(f.total) ? f.units / f.total : 0;
    if (isfinite(f.left_s)) nr_format_duration(f.left_s, left);
    nr_progress_bar(progress->terminal ? part : (double)NAN, bar);
    print_width(progress, layer, width);
    snprintf(line, NR_PROGRESS_LINE, "%s%s %3.0f%%  %.3g sweeps/min  %s left%s",
             layer->name, bar, floor(100 * part), 60 * f.rate / f.units_per_sweep, left,
             width);
}

void nr_progress_show(nr_progress *progress, const nr_store *store,
                      const nr_store_layer *layer, double now_s) {
    char line[NR_PROGRESS_LINE];
    double every = progress->terminal ? bar_every_s : line_every_s;
    if (now_s - progress->shown_s < every) return;
    progress->shown_s = now_s;
    look(progress, store, layer, now_s);
    print_line(progress, layer, now_s, line);
    if (progress->terminal) nr_log_bar(line);
    else nr_log(NR_LOG_INFO, "%s", line);
}

nr_progress_facts nr_progress_look(nr_progress *progress, const nr_store *store,
                                   const nr_store_layer *layer, double now_s) {
    look(progress, store, layer, now_s);
    return facts_of(progress, layer, now_s);
}

void nr_progress_write(const nr_progress_facts *f, const char *what,
                       char line[NR_PROGRESS_LINE]) {
    snprintf(line, NR_PROGRESS_LINE, "%.0f %.0f %.0f %.6g %.6g %.6g %s", f->units,
             f->total, f->units_per_sweep, f->widest, f->rate, f->left_s, what);
}

const char *nr_progress_read(const char *line, nr_progress_facts *out) {
    nr_progress_facts f;
    double *const numbers[] = {&f.units,  &f.total, &f.units_per_sweep,
                               &f.widest, &f.rate,  &f.left_s};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        char *end;
        *numbers[k] = strtod(line, &end);
        if (end == line || *end != ' ') return NULL;
        line = end + 1;
    }
    *out = f;
    return line;
}

void nr_progress_end(nr_progress *progress) {
    if (progress->terminal) nr_log_bar("");
}
