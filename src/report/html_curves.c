/* Accuracy and loss against the number of filters that are kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"
#include "neurank/base/memory.h"

/* Several random orders are one line: their mean, in a band from the worst to the best.
 */
static const char random_prefix[] = "random_";

/* A quantity of a curve's methods, as it is drawn. */
typedef struct {
    const nr_curve *curve;
    const double *values; /* [n_methods, n_points] */
    const char *name;
    double *mean, *low, *high; /* [n_points] of the random orders; owned */
    size_t n_random;
} curve_view;

static bool is_random(const nr_curve *c, size_t m) {
    return strncmp(c->methods[m], random_prefix, sizeof random_prefix - 1) == 0;
}

static nr_status gather_random(curve_view *v) {
    const nr_curve *c = v->curve;
    if (!NR_NEW(v->mean, c->n_points) || !NR_NEW(v->low, c->n_points) ||
        !NR_NEW(v->high, c->n_points))
        return NR_ERR_INTERNAL;
    for (size_t m = 0; m < c->n_methods; m++) {
        if (!is_random(c, m)) continue;
        v->n_random++;
        for (size_t k = 0; k < c->n_points; k++) {
            double value = v->values[m * c->n_points + k];
            bool first = v->n_random == 1;
            v->mean[k] += value;
            if (first || value < v->low[k]) v->low[k] = value;
            if (first || value > v->high[k]) v->high[k] = value;
        }
    }
    for (size_t k = 0; k < c->n_points && v->n_random > 0; k++)
        v->mean[k] /= (double)v->n_random;
    return NR_OK;
}

static void clear(curve_view *v) {
    free(v->mean);
    free(v->low);
    free(v->high);
}

/* ---- plot ---- */

static void put_data(nr_plot *plot, const curve_view *v) {
    const nr_curve *c = v->curve;
    fprintf(plot->script, "$curve << END\n");
    for (size_t k = 0; k < c->n_points; k++) {
        fprintf(plot->script, "%u", c->kept[k]);
        nr_plot_number(plot, v->n_random ? v->mean[k] : NAN);
        nr_plot_number(plot, v->n_random ? v->low[k] : NAN);
        nr_plot_number(plot, v->n_random ? v->high[k] : NAN);
        for (size_t m = 0; m < c->n_methods; m++)
            nr_plot_number(plot, v->values[m * c->n_points + k]);
        fputc('\n', plot->script);
    }
    fprintf(plot->script, "END\n");
}

static void put_lines(nr_plot *plot, const curve_view *v) {
    static const int symbols[] = {7, 5, 9, 11, 13, 6, 4, 8};
    enum { SYMBOLS = sizeof symbols / sizeof *symbols };
    const nr_curve *c = v->curve;
    size_t drawn = 0;
    fprintf(plot->script, "plot ");
    if (v->n_random > 0)
        fprintf(plot->script,
                "$curve using 1:3:4 with filledcurves fillcolor rgb '#e2e2e2' notitle, "
                "'' using 1:2 with lines linecolor rgb '" NR_PLOT_GREY
                "' dashtype 2 linewidth 2 title 'random'");
    for (size_t m = 0; m < c->n_methods; m++) {
        if (is_random(c, m)) continue;
        bool first = drawn == 0;
        fprintf(plot->script,
                "%s$curve using 1:%zu with linespoints linecolor rgb '%s' linewidth %d "
                "pointtype %d pointsize 0.6 dashtype %d title ",
                v->n_random > 0 || drawn > 0 ? ", " : "", m + 5,
                nr_plot_colours[drawn % NR_PLOT_COLOURS], first ? 3 : 2,
                symbols[drawn % SYMBOLS],
                first       ? 1
                : drawn % 2 ? 4
                            : 1);
        nr_plot_word(plot, c->methods[m]);
        drawn++;
    }
    fputc('\n', plot->script);
}

static void put_plot(nr_plot *plot, const curve_view *v) {
    const nr_curve *c = v->curve;
    nr_plot_range values = NR_PLOT_NOTHING, kept = NR_PLOT_NOTHING;
    nr_plot_reach(&values, c->n_methods * c->n_points, v->values);
    for (size_t k = 0; k < c->n_points; k++)
        nr_plot_reach(&kept, 1, &(double){c->kept[k]});
    put_data(plot, v);
    nr_plot_axis(plot, "x", kept, 0.01);
    nr_plot_axis(plot, "y", values, 0.03);
    fprintf(plot->script,
            "set xlabel 'filters kept, the best first'\nset ylabel '%s'\n", v->name);
    fprintf(plot->script, "set key tmargin center horizontal reverse Left "
                          "samplen 2 maxrows 4\n");
    put_lines(plot, v);
}

/* ---- table ---- */

static nr_status write_table(nr_html *html, const curve_view *v) {
    const nr_curve *c = v->curve;
    const char **titles = nr_new(c->n_methods + 3, sizeof(char *));
    size_t n = 0;
    if (!titles) return NR_ERR_INTERNAL;
    titles[n++] = "kept";
    for (size_t m = 0; m < c->n_methods; m++)
        if (!is_random(c, m)) titles[n++] = c->methods[m];
    if (v->n_random > 0) titles[n++] = "random: mean";
    if (v->n_random > 1) titles[n++] = "worst to best";
    nr_html_table(html, v->name, titles, n);
    for (size_t k = 0; k < c->n_points; k++) {
        nr_html_row(html);
        nr_html_head(html, "%u", c->kept[k]);
        for (size_t m = 0; m < c->n_methods; m++)
            if (!is_random(c, m)) nr_html_real(html, 4, v->values[m * c->n_points + k]);
        if (v->n_random > 0) nr_html_real(html, 4, v->mean[k]);
        if (v->n_random > 1)
            nr_html_number(html, "%.4f to %.4f", v->low[k], v->high[k]);
    }
    nr_html_table_end(html);
    free(titles);
    return NR_OK;
}

static nr_status write_view(nr_html *html, const nr_curve *c, const char *name,
                            const double *values) {
    nr_plot plot = {0};
    curve_view v = {.curve = c, .values = values, .name = name};
    nr_status status = gather_random(&v);
    if (status == NR_OK) status = nr_plot_begin(0.75, &plot);
    if (status == NR_OK) {
        put_plot(&plot, &v);
        status = nr_html_pair(html, &plot, "%s against the filters of %s that are kept",
                              name, c->layer);
    }
    if (status == NR_OK) status = write_table(html, &v);
    if (status == NR_OK) nr_html_pair_end(html);
    nr_plot_free(&plot);
    clear(&v);
    return status;
}

/* ---- all curves of a layer ---- */

static bool ranked_on_these(const nr_html_spec *spec, const nr_curves *curves) {
    for (size_t k = 0; k < spec->n_stores; k++)
        if (nr_store_has_data(spec->stores[k].store, curves->plan.in.data)) return true;
    return false;
}

static void write_heading(nr_html *html, const nr_html_spec *spec,
                          const nr_drawn_curves *drawn) {
    nr_html_heading(html, 3, "What is left with fewer filters");
    nr_html_note(
        html,
        "Accuracy and loss (nats) when only the best filters of this layer are "
        "kept, in the order of each method, and nothing is trained again; %llu "
        "images, %s (%s).",
        (unsigned long long)drawn->curves->plan.in.images,
        ranked_on_these(spec, drawn->curves) ? "the very ones that were ranked on"
                                             : "not the selection that was ranked on",
        drawn->path);
}

nr_status nr_html_curves(nr_html *html, const nr_html_spec *spec, const char *layer) {
    for (size_t k = 0; k < spec->n_curves; k++) {
        const nr_curve *c = nr_curves_find(spec->curves[k].curves, layer);
        if (!c) continue;
        write_heading(html, spec, &spec->curves[k]);
        NR_TRY(write_view(html, c, "accuracy", c->accuracy));
        NR_TRY(write_view(html, c, "loss", c->loss));
    }
    return NR_OK;
}
