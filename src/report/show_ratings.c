/* The importance switch and baselines as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "columns.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"

/* "complete: converged", "partial: stopped by signal". */
static void print_state(const nr_rating *r, FILE *stream) {
    const char *rule = nr_rule_name(r->ended_by);
    bool complete = nr_rating_is_complete(r);
    fprintf(stream, "%s%s%s", complete ? "complete" : "partial",
            *rule ? complete ? ": " : ": stopped by " : "", rule);
}

/* ---- the switch ---- */

static void print_switch_head(const nr_store *store, const nr_rating *r, FILE *stream) {
    const nr_plan *plan = &r->plan;
    char time[NR_NUMBER_TEXT];
    bool sampled = strcmp(nr_plan_get(plan, "estimator"), "sample") == 0;
    fprintf(stream, "%s, importance switch: %zu filters, ", r->layer, r->n);
    if (sampled) fprintf(stream, "%s draws an image, ", nr_plan_get(plan, "draws"));
    else fprintf(stream, "at the mean, ");
    fprintf(stream, "scale %s, alpha0 %s, ", nr_plan_get(plan, "scale"),
            nr_plan_get(plan, "alpha0"));
    print_state(r, stream);
    fprintf(stream, "\n  %llu steps of %s of %s images in %s",
            (unsigned long long)r->counts[NR_SWITCH_STEPS], nr_plan_get(plan, "batch"),
            nr_plan_get(plan, "images"), nr_format_duration(r->seconds, time));
    if (r->n_points > 0) {
        double l = ((const double *)r->arrays[NR_SWITCH_TRACE_L])[r->n_points - 1];
        double d = ((const double *)r->arrays[NR_SWITCH_TRACE_D])[r->n_points - 1];
        fprintf(stream, "; at the end, nats an image: ELBO %.4f = ln p %.4f - KL %.4f",
                l - d, l, d);
    }
    fprintf(stream,
            "\n  shares of 1, the prior's mean is %.4g; %g%% credible intervals, a "
            "filter by itself: from, to;\n  all filters at once, which decides on "
            "places and tie groups: joint\n",
            1 / (double)r->n, 100 * store->confidence);
}

/* "rank places filter share std.dev [from, to]", and the joint interval. */
enum { ROW_TEXT = 35, ROW_NUMBERS = 4, JOINT_TEXT = 6, JOINT_NUMBERS = 2 };

static void print_switch_rows(const nr_posterior *p, const uint32_t *order,
                              uint64_t top, FILE *stream) {
    double largest = nr_largest_end(p->n, p->ci_low, p->ci_high);
    int digits = nr_decimals_of(p->n, p->std_dev), width = digits + 3;
    nr_page page = nr_page_of(stream);
    size_t number = (size_t)width, used = ROW_TEXT + ROW_NUMBERS * number;
    size_t room = nr_bar_room(&page, used + JOINT_TEXT + JOINT_NUMBERS * number);
    bool joint = room > 0; /* there is room for it */
    if (!joint) room = nr_bar_room(&page, used);
    fprintf(stream, "%6s %9s %8s %*s %*s   %*s %*s", "rank", "places", "filter", width,
            "share", width, "std.dev", width, "from", width, "to");
    if (joint) fprintf(stream, "    %*s", width, "joint");
    fprintf(stream, "\n");
    for (size_t k = 0; k < p->n && (top == 0 || k < top); k++) {
        char places[NR_PLACES_TEXT];
        uint32_t i = order[k];
        nr_places_text(p->rank_low[i], p->rank_high[i], places);
        fprintf(stream, "%6zu %9s %c %6u %*.*f %*.*f  [%*.*f, %*.*f]", k + 1, places,
                nr_tie_mark(p->n, p->group, order, k), i, width, digits, p->mean[i],
                width, digits, p->std_dev[i], width, digits, p->ci_low[i], width,
                digits, p->ci_high[i]);
        if (joint)
            fprintf(stream, "  [%*.*f, %*.*f]", width, digits, p->joint_low[i], width,
                    digits, p->joint_high[i]);
        fprintf(stream, "  ");
        nr_print_bar(stream, &page, room, p->ci_low[i], p->ci_high[i], largest);
        fprintf(stream, "\n");
    }
}

static nr_status show_switch(const nr_store *store, const nr_rating *r, uint64_t top,
                             FILE *stream) {
    nr_rating_columns columns;
    uint32_t *order;
    print_switch_head(store, r, stream);
    NR_TRY(nr_rating_columns_make(r, store->confidence, &columns));
    nr_status status = nr_by_rank(r->n, columns.posterior->rank, &order);
    if (status == NR_OK) {
        print_switch_rows(columns.posterior, order, top, stream);
        free(order);
    }
    nr_rating_columns_clear(&columns);
    return status;
}

/* ---- baselines ---- */

enum { BASELINES = NR_METHODS - NR_FIRST_BASELINE };
static const char *const *const baselines = nr_method_names + NR_FIRST_BASELINE;

/* values [BASELINES]: NULL where a baseline is not known; orders [BASELINES, n]. */
static nr_status rank_baselines(const nr_rating_columns *columns,
                                const double *values[BASELINES], uint32_t *orders) {
    for (size_t b = 0; b < BASELINES; b++) {
        values[b] = nr_rating_column(columns, baselines[b]);
        if (values[b])
            NR_TRY(nr_sort_best_first(NULL, values[b], columns->n,
                                      orders + b * columns->n));
    }
    return NR_OK;
}

/* The filters in order of each baseline, side by side. */
static void print_baselines(size_t n, const double *const values[BASELINES],
                            const uint32_t *orders, uint64_t top, FILE *stream) {
    fprintf(stream, "%6s", "rank");
    for (size_t b = 0; b < BASELINES; b++)
        if (values[b]) fprintf(stream, " %17s", baselines[b]);
    fprintf(stream, "\n");
    for (size_t k = 0; k < n && (top == 0 || k < top); k++) {
        fprintf(stream, "%6zu", k + 1);
        for (size_t b = 0; b < BASELINES; b++) {
            uint32_t filter = orders[b * n + k];
            if (values[b]) fprintf(stream, " %6u %10.4g", filter, values[b][filter]);
        }
        fprintf(stream, "\n");
    }
}

static nr_status show_baseline(const nr_rating *r, uint64_t top, FILE *stream) {
    nr_rating_columns columns;
    const double *values[BASELINES];
    char time[NR_NUMBER_TEXT];
    uint32_t *orders;
    fprintf(stream, "%s, baselines: %zu filters, ", r->layer, r->n);
    print_state(r, stream);
    fprintf(stream,
            "\n  %llu of %s images in %s; filters in the order of each, the best "
            "first, and its value\n",
            (unsigned long long)r->counts[NR_BASELINE_SEEN],
            nr_plan_get(&r->plan, "images"), nr_format_duration(r->seconds, time));
    if (!NR_NEW(orders, nr_size_mul(BASELINES, r->n))) return NR_ERR_INTERNAL;
    nr_status status = nr_rating_columns_make(r, 0.95, &columns);
    if (status == NR_OK) {
        status = rank_baselines(&columns, values, orders);
        if (status == NR_OK) print_baselines(r->n, values, orders, top, stream);
        nr_rating_columns_clear(&columns);
    }
    free(orders);
    return status;
}

nr_status nr_show_rating(const nr_store *store, const nr_rating *rating, uint64_t top,
                         FILE *stream) {
    return rating->kind == NR_RATING_SWITCH ? show_switch(store, rating, top, stream)
                                            : show_baseline(rating, top, stream);
}
