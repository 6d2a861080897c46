/* Filters by value, the best first: a plot with intervals, and the table. */
#include <math.h>
#include <stdlib.h>

#include "bars.h"
#include "columns.h"
#include "html_parts.h"
#include "neurank/base/memory.h"

/* Where there are more filters the axis counts places. */
enum { NAMED_FILTERS = 32 };

/* What a method says of each filter; every array is [n]. */
typedef struct {
    size_t n;
    const uint32_t *filters; /* NULL: 0, 1, ... */
    const double *value, *low, *high, *joint_low, *joint_high;
    const uint32_t *rank, *rank_low, *rank_high, *group;
    const nr_results *results; /* for its flags; NULL: none */
    int digits;
    const char *quantity; /* what the values are */
    uint32_t *order;      /* best first; owned */
} value_view;

static uint32_t filter_of(const value_view *v, uint32_t i) {
    return v->filters ? v->filters[i] : i;
}

/* ---- plot ---- */

/* Odd and even groups: neighbours in different ones look different. */
static void put_data(nr_plot *plot, const value_view *v) {
    fprintf(plot->script, "$values << END\n");
    for (size_t k = 0; k < v->n; k++) {
        uint32_t i = v->order[k];
        fprintf(plot->script, "%zu %u", k + 1, v->group[i] % 2);
        nr_plot_number(plot, v->value[i]);
        nr_plot_number(plot, v->low[i]);
        nr_plot_number(plot, v->high[i]);
        nr_plot_number(plot, v->joint_low[i]);
        nr_plot_number(plot, v->joint_high[i]);
        fputc('\n', plot->script);
    }
    fprintf(plot->script, "END\n");
}

static void put_places(nr_plot *plot, const value_view *v) {
    nr_plot_range places = {0.5, (double)v->n + 0.5};
    nr_plot_axis(plot, "x", places, 0);
    if (v->n > NAMED_FILTERS) {
        fprintf(plot->script, "set xlabel 'place'\n");
        return;
    }
    fprintf(plot->script, "set xlabel 'filter, the best first'\nset xtics rotate (");
    for (size_t k = 0; k < v->n; k++)
        fprintf(plot->script, "%s'%u' %zu", k ? ", " : "", filter_of(v, v->order[k]),
                k + 1);
    fprintf(plot->script, ")\n");
}

/* A line from column `low` to column `high`, of filters of these groups. */
static void put_intervals(nr_plot *plot, const char *which, int low, int high,
                          const char *colour, double width) {
    fprintf(
        plot->script,
        "$values using 1:(%s?$%d:NaN):(0):($%d-$%d) with vectors nohead linecolor rgb "
        "'%s' linewidth %g notitle",
        which, low, high, low, colour, width);
}

/* Filters of odd or of even groups, if there are any: intervals, and values on them. */
static void put_groups(nr_plot *plot, const value_view *v, uint32_t parity,
                       const char *colour, int symbol, double size, double width) {
    char which[16];
    snprintf(which, sizeof which, "$2==%u", parity);
    if (parity > v->group[v->order[v->n - 1]]) return;
    fputs(", ", plot->script);
    put_intervals(plot, which, 4, 5, colour, width);
    fprintf(plot->script,
            ", $values using 1:(%s?$3:NaN) with points linecolor rgb '%s' pointtype %d "
            "pointsize %g notitle",
            which, colour, symbol, size);
}

static void put_plot(nr_plot *plot, const value_view *v) {
    nr_plot_range all = {0, 0}; /* zero is in it */
    double size = v->n <= 64 ? 0.6 : v->n <= 256 ? 0.4 : 0.25;
    double width = v->n <= 128 ? 2 : 256.0 / (double)v->n;
    nr_plot_reach(&all, v->n, v->joint_low);
    nr_plot_reach(&all, v->n, v->joint_high);
    nr_plot_reach(&all, v->n, v->low);
    nr_plot_reach(&all, v->n, v->high);
    put_data(plot, v);
    put_places(plot, v);
    nr_plot_axis(plot, "y", all, 0.04);
    fprintf(plot->script, "set ylabel ");
    nr_plot_word(plot, v->quantity);
    fprintf(plot->script, "\nset xzeroaxis linecolor rgb '#444444'\nplot ");
    put_intervals(plot, "1", 6, 7, "#b4b4b4", width);
    put_groups(plot, v, 0, NR_PLOT_BLUE, 7, size, width);
    put_groups(plot, v, 1, NR_PLOT_ORANGE, 9, size * 1.3, width);
    fputc('\n', plot->script);
}

/* ---- table ---- */

static const char *remark(const value_view *v, uint32_t i) {
    if (!v->results) return "";
    return v->results->dead[i] ? "dead" : v->results->unreliable[i] ? "unreliable" : "";
}

static void write_table(nr_html *html, const value_view *v, double confidence) {
    const char *const titles[] = {"place", "places", "group",      "filter",   "value",
                                  "from",  "to",     "joint from", "joint to", ""};
    char caption[128], places[NR_PLACES_TEXT];
    snprintf(caption, sizeof caption, "%zu filters, %g%% intervals", v->n,
             100 * confidence);
    size_t n = sizeof titles / sizeof *titles;
    nr_html_table(html, caption, titles, v->results ? n : n - 1);
    for (size_t k = 0; k < v->n; k++) {
        uint32_t i = v->order[k];
        nr_html_row(html);
        nr_html_head(html, "%zu", k + 1);
        nr_html_number(html, "%s",
                       nr_places_text(v->rank_low[i], v->rank_high[i], places));
        nr_html_number(html, "%u", v->group[i] + 1);
        nr_html_number(html, "%u", filter_of(v, i));
        nr_html_real(html, v->digits, v->value[i]);
        nr_html_real(html, v->digits, v->low[i]);
        nr_html_real(html, v->digits, v->high[i]);
        nr_html_real(html, v->digits, v->joint_low[i]);
        nr_html_real(html, v->digits, v->joint_high[i]);
        if (v->results) nr_html_cell(html, "%s", remark(v, i));
    }
    nr_html_table_end(html);
}

static nr_status write_view(nr_html *html, value_view *v, double confidence,
                            const char *what, const char *layer) {
    nr_plot plot;
    NR_TRY(nr_by_rank(v->n, v->rank, &v->order));
    nr_status status = nr_plot_begin(0.6, &plot);
    if (status == NR_OK) {
        put_plot(&plot, v);
        status = nr_html_pair(html, &plot, "%s of the filters of %s, the best first",
                              what, layer);
    }
    if (status == NR_OK) {
        write_table(html, v, confidence);
        nr_html_pair_end(html);
    }
    nr_plot_free(&plot);
    free(v->order);
    return status;
}

/* ---- the two methods that have intervals ---- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int nr_html_decimals(size_t n, const double *errors) {
    double *positive;
    size_t count = 0;
    if (!NR_NEW(positive, n)) return 6;
    for (size_t i = 0; i < n; i++)
        if (errors[i] > 0) positive[count++] = errors[i];
    qsort(positive, count, sizeof *positive, ascending);
    int decimals = nr_decimals_of(count > 0, positive + count / 2);
    free(positive);
    return decimals;
}

bool nr_html_has_values(const nr_results *r) {
    return r->n > 0 && r->visits > 0 && isfinite(r->shapley[0]);
}

nr_status nr_html_values(nr_html *html, const nr_store *store,
                         const nr_store_layer *layer, const nr_results *r) {
    if (!nr_html_has_values(r)) return NR_OK;
    value_view v = {.n = r->n,
                    .filters = layer->filters,
                    .value = r->shapley,
                    .low = r->ci_low,
                    .high = r->ci_high,
                    .joint_low = r->joint_low,
                    .joint_high = r->joint_high,
                    .rank = r->rank,
                    .rank_low = r->rank_low,
                    .rank_high = r->rank_high,
                    .group = r->group,
                    .results = r,
                    .digits = nr_html_decimals(r->n, r->std_error),
                    .quantity = nr_metric_rows[layer->plan.metric].quantity};
    nr_html_heading(html, 3, "Shapley values");
    nr_html_note(
        html, "What each filter brings to the score, on average over all orders in "
              "which filters could be added. The dark line is the interval of a filter "
              "by itself, the light one holds for all filters at once, both for these "
              "images. Filters of one tie group, drawn alike, cannot be ordered with "
              "certainty; the next group is certainly worse.");
    return write_view(html, &v, store->confidence, "Shapley values", layer->name);
}

nr_status nr_html_switch(nr_html *html, const nr_store *store,
                         const nr_rating *rating) {
    nr_rating_columns columns;
    NR_TRY(nr_rating_columns_make(rating, store->confidence, &columns));
    const nr_posterior *p = columns.posterior;
    value_view v = {.n = p->n,
                    .value = p->mean,
                    .low = p->ci_low,
                    .high = p->ci_high,
                    .joint_low = p->joint_low,
                    .joint_high = p->joint_high,
                    .rank = p->rank,
                    .rank_low = p->rank_low,
                    .rank_high = p->rank_high,
                    .group = p->group,
                    .digits = nr_html_decimals(p->n, p->std_dev),
                    .quantity = "share of the switch"};
    nr_html_heading(html, 3, "Importance switch");
    nr_html_note(
        html,
        "A second method: how the layer's weight is shared out among its filters "
        "when their shares are learnt. The shares add up to 1 and are %.4g each "
        "before anything is learnt; intervals are credible ones. %s.",
        1 / (double)p->n,
        nr_rating_is_complete(rating) ? "The run is complete"
                                      : "The run is not complete yet");
    nr_status status =
        write_view(html, &v, store->confidence, "Shares of the switch", rating->layer);
    nr_rating_columns_clear(&columns);
    return status;
}
