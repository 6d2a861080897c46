/* How a run came to its end. */
#include <math.h>

#include "html_parts.h"

/* ---- Shapley values ---- */

/* Errors of independent samples: from the first point on, by the square root. */
static double expected(const nr_trace *t, size_t k) {
    return t->half_width[0] * sqrt((double)t->sweeps[0] / (double)t->sweeps[k]);
}

static void put_widths(nr_plot *plot, const nr_trace *t, const char *unit) {
    nr_plot_range y = NR_PLOT_NOTHING;
    double first = (double)t->sweeps[0], last = (double)t->sweeps[t->n - 1];
    fprintf(plot->script, "$widths << END\n");
    for (size_t k = 0; k < t->n; k++) {
        double e = expected(t, k);
        nr_plot_reach(&y, 1, &t->half_width[k]);
        nr_plot_reach(&y, 1, &e);
        nr_plot_number(plot, (double)t->sweeps[k]);
        nr_plot_number(plot, t->half_width[k]);
        nr_plot_number(plot, e);
        fputc('\n', plot->script);
    }
    fprintf(plot->script, "END\nset logscale x 2\nset xrange [%.9g:%.9g]\n",
            first / 1.1, last * 1.1);
    fprintf(plot->script,
            "set yrange [0:%.9g]\nset xlabel 'complete sweeps'\nset ylabel ",
            y.high > 0 ? y.high * 1.05 : 1.0);
    nr_plot_word(plot, unit);
    fprintf(plot->script,
            "\nset key top right\n"
            "plot $widths using 1:3 with lines linecolor rgb '" NR_PLOT_GREY
            "' linewidth 2 dashtype 2 title 'one over the square root', "
            "'' using 1:2 with linespoints linecolor rgb '" NR_PLOT_BLUE
            "' linewidth 2 pointtype 7 pointsize 0.8 title 'widest joint interval'\n");
}

static void write_widths(nr_html *html, const nr_trace *t) {
    static const char *const titles[] = {"sweeps", "widest \u00b1",
                                         "1/\u221asweeps from the first"};
    nr_html_table(html, "half of the widest joint interval", titles, 3);
    for (size_t k = 0; k < t->n; k++) {
        nr_html_row(html);
        nr_html_head(html, "%llu", (unsigned long long)t->sweeps[k]);
        nr_html_number(html, "%.6g", t->half_width[k]);
        nr_html_number(html, "%.6g", expected(t, k));
    }
    nr_html_table_end(html);
}

/* What ended or stopped the run, and what it wanted. */
static void write_goal(nr_html *html, const nr_store_layer *layer) {
    const char *rule = nr_rule_name(layer->ended_by);
    bool complete = nr_store_layer_is_complete(layer);
    char goal[160];
    nr_goal_words(&layer->goal, goal, sizeof goal);
    nr_html_note(
        html,
        "Half of the widest interval that holds for all filters at once, as it "
        "was after so many sweeps over the images. Goal: %s; %s%s.",
        *goal ? goal : "none",
        complete ? "reached"
        : *rule  ? "stopped before by "
                 : "not reached yet",
        complete ? "" : rule);
}

nr_status nr_html_progress(nr_html *html, const nr_store *store,
                           const nr_store_layer *layer) {
    nr_trace t;
    nr_plot plot;
    NR_TRY(nr_store_trace(store, layer, &t));
    if (t.n == 0) return NR_OK;
    nr_html_heading(html, 3, "How the intervals became narrower");
    write_goal(html, layer);
    if (t.n == 1) {
        nr_html_note(
            html,
            "After %llu, which is all so far: \u00b1%.6g. From two on there is a "
            "plot.",
            (unsigned long long)t.sweeps[0], t.half_width[0]);
        return NR_OK;
    }
    nr_status status = nr_plot_begin(0.5, &plot);
    if (status == NR_OK) {
        put_widths(&plot, &t, nr_metric_rows[layer->plan.metric].width);
        status =
            nr_html_pair(html, &plot, "Widest interval of %s by sweeps", layer->name);
    }
    if (status == NR_OK) {
        write_widths(html, &t);
        nr_html_pair_end(html);
    }
    nr_plot_free(&plot);
    return status;
}

/* ---- the switch ---- */

static void put_trace(nr_plot *plot, const nr_rating *r) {
    const uint64_t *steps = r->arrays[NR_SWITCH_TRACE_N];
    const double *l = r->arrays[NR_SWITCH_TRACE_L], *d = r->arrays[NR_SWITCH_TRACE_D];
    nr_plot_range x = NR_PLOT_NOTHING, y = NR_PLOT_NOTHING;
    fprintf(plot->script, "$trace << END\n");
    for (size_t k = 0; k < r->n_points; k++) {
        double step = (double)steps[k], bound = l[k] - d[k];
        nr_plot_reach(&x, 1, &step);
        nr_plot_reach(&y, 1, &bound);
        nr_plot_number(plot, step);
        nr_plot_number(plot, bound);
        fputc('\n', plot->script);
    }
    fprintf(plot->script, "END\n");
    nr_plot_axis(plot, "x", x, 0.02);
    nr_plot_axis(plot, "y", y, 0.05);
    fprintf(plot->script,
            "set xlabel 'steps'\nset ylabel 'lower bound (nats an image)'\n"
            "plot $trace using 1:2 with linespoints linecolor rgb '" NR_PLOT_BLUE
            "' linewidth 2 pointtype 7 pointsize 0.5 notitle\n");
}

static void write_trace(nr_html *html, const nr_rating *r) {
    static const char *const titles[] = {"steps", "bound", "ln p", "KL"};
    const uint64_t *steps = r->arrays[NR_SWITCH_TRACE_N];
    const double *l = r->arrays[NR_SWITCH_TRACE_L], *d = r->arrays[NR_SWITCH_TRACE_D];
    nr_html_table(html, "nats an image", titles, 4);
    for (size_t k = 0; k < r->n_points; k++) {
        nr_html_row(html);
        nr_html_head(html, "%llu", (unsigned long long)steps[k]);
        nr_html_real(html, 4, l[k] - d[k]);
        nr_html_real(html, 4, l[k]);
        nr_html_real(html, 4, d[k]);
    }
    nr_html_table_end(html);
}

nr_status nr_html_switch_progress(nr_html *html, const nr_rating *rating) {
    nr_plot plot;
    if (rating->n_points == 0) return NR_OK;
    nr_html_heading(html, 3, "How the switch converged");
    nr_html_note(
        html, "What the switch makes as large as it can (the evidence lower bound), by "
              "the steps of its optimiser.");
    nr_status status = nr_plot_begin(0.5, &plot);
    if (status == NR_OK) {
        put_trace(&plot, rating);
        status = nr_html_pair(html, &plot,
                              "Evidence lower bound of the switch of %s by steps",
                              rating->layer);
    }
    if (status == NR_OK) {
        write_trace(html, rating);
        nr_html_pair_end(html);
    }
    nr_plot_free(&plot);
    return status;
}
