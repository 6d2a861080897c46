/* Values by class: a map of filters and classes, and the best filters of each. */
#include <math.h>
#include <stdlib.h>

#include "bars.h"
#include "html_parts.h"
#include "neurank/base/memory.h"
#include "neurank/report/rankings.h"

/* A map with more columns or rows could not be read; a class's best stand in a table.
 */
enum { MAP_FILTERS = 128, MAP_CLASSES = 128, BEST = 5 };

typedef struct {
    const nr_store_layer *layer;
    const nr_results *r;
    const nr_class_sums *sums;
    size_t classes, shown; /* all, and those in the map */
    uint32_t *order;       /* [r->n] filters by value, the best first; owned */
    double *values;        /* [classes, r->n] NAN: the class did not occur; owned */
    double *errors;        /* [classes, r->n]; owned */
    uint32_t *best;        /* [r->n] room; owned */
} class_view;

static void fill(class_view *v) {
    for (size_t c = 0; c < v->classes; c++)
        for (size_t i = 0; i < v->r->n; i++) {
            size_t cell = c * v->r->n + i;
            nr_class_sums_estimate(v->sums, (uint32_t)c, i, &v->values[cell],
                                   &v->errors[cell]);
            if (nr_store_is_exact(v->layer)) v->errors[cell] = 0;
        }
}

static void put_map(nr_plot *plot, const class_view *v) {
    size_t n = v->r->n < MAP_FILTERS ? v->r->n : MAP_FILTERS;
    double largest = 0;
    fprintf(plot->script, "$map << END\n");
    for (size_t c = 0; c < v->shown; c++) {
        for (size_t k = 0; k < n; k++) {
            double value = v->values[c * v->r->n + v->order[k]];
            nr_plot_number(plot, value);
            if (fabs(value) > largest) largest = fabs(value);
        }
        fputc('\n', plot->script);
    }
    fprintf(plot->script,
            "END\nunset grid\nset tics front\n"
            "set xlabel 'place of the filter over all classes'\nset ylabel 'class'\n"
            "set xrange [0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n"
            "set cblabel ",
            n, v->shown - 1);
    nr_plot_word(plot, nr_metric_rows[v->layer->plan.metric].quantity);
    fprintf(plot->script,
            " offset 1,0\nset rmargin 14\nset cbrange [%.9g:%.9g]\n"
            "set palette defined (-1 '%s', 0 '#ffffff', 1 '%s')\n"
            "plot $map matrix using ($1+1):2:3 with image notitle\n",
            largest > 0 ? -largest : -1.0, largest > 0 ? largest : 1.0, NR_PLOT_ORANGE,
            NR_PLOT_BLUE);
}

static nr_status write_best(nr_html *html, class_view *v) {
    const char *const titles[] = {"class", "images", "best filter", "second",
                                  "third", "fourth", "fifth"};
    size_t n = v->r->n, best = n < BEST ? n : BEST;
    uint64_t sweeps = v->r->sweeps ? v->r->sweeps : 1;
    nr_html_table(html, "filter: value in the class \u00b1 standard error", titles,
                  2 + best);
    for (size_t c = 0; c < v->classes; c++) {
        const double *values = v->values + c * n, *errors = v->errors + c * n;
        uint64_t images = nr_class_sums_images(v->sums, (uint32_t)c) / sweeps;
        nr_html_row(html);
        nr_html_head(html, "%zu", c);
        nr_html_number(html, "%llu", (unsigned long long)images);
        if (!isfinite(values[0])) continue;
        int digits = nr_html_decimals(n, errors);
        NR_TRY(nr_sort_best_first(NULL, values, n, v->best));
        for (size_t k = 0; k < best; k++) {
            uint32_t i = v->best[k];
            nr_html_number(html, "%u: %.*f \u00b1 %.*f", v->layer->filters[i], digits,
                           values[i], digits, errors[i]);
        }
    }
    nr_html_table_end(html);
    return NR_OK;
}

static nr_status write_view(nr_html *html, class_view *v) {
    nr_plot plot;
    nr_status status = nr_plot_begin(0.6, &plot);
    if (status == NR_OK) {
        put_map(&plot, v);
        status =
            nr_html_pair(html, &plot, "Shapley values of the filters of %s by class",
                         v->layer->name);
    }
    if (status == NR_OK) status = write_best(html, v);
    if (status == NR_OK) nr_html_pair_end(html);
    nr_plot_free(&plot);
    return status;
}

nr_status nr_html_classes(nr_html *html, const nr_store_layer *layer,
                          const nr_results *r) {
    uint64_t sweeps;
    class_view v = {.layer = layer, .r = r};
    v.sums = nr_tally_classes(nr_fold_result(layer->fold, &sweeps));
    if (!v.sums || !nr_html_has_values(r)) return NR_OK;
    v.classes = nr_class_sums_classes(v.sums);
    v.shown = v.classes < MAP_CLASSES ? v.classes : MAP_CLASSES;
    size_t cells = nr_size_mul(v.classes, r->n);
    nr_status status = nr_by_rank(r->n, r->rank, &v.order);
    if (status == NR_OK &&
        (!NR_NEW(v.values, cells) || !NR_NEW(v.errors, cells) || !NR_NEW(v.best, r->n)))
        status = NR_ERR_INTERNAL;
    if (status == NR_OK) {
        fill(&v);
        nr_html_heading(html, 3, "By class");
        nr_html_note(html,
                     "The same values over the images of one class. Blue: the filter "
                     "helps to recognise the class, orange: it hinders.%s%s",
                     r->n > MAP_FILTERS ? " The map has the 128 best filters." : "",
                     v.classes > MAP_CLASSES ? " It has the first 128 classes." : "");
        status = write_view(html, &v);
    }
    free(v.order);
    free(v.values);
    free(v.errors);
    free(v.best);
    return status;
}
