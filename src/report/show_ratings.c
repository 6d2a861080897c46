/* The importance switch and baselines as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "ranked_rows.h"

/* "complete: converged", "partial: stopped by signal". */
static void print_state(const nr_rating *r, FILE *stream) {
    const char *rule = nr_rule_name(r->ended_by);
    bool complete = nr_rating_is_complete(r);
    fprintf(stream, "%s%s%s", complete ? "complete" : "partial",
            *rule ? complete ? ": " : ": stopped by " : "", rule);
}

/* ---- the switch ---- */

static void print_switch_head(const nr_store *store, const nr_rating *r, FILE *stream) {
    const nr_switch_plan *plan = &r->plan.of_switch;
    char time[NR_NUMBER_TEXT], alpha0[NR_NUMBER_TEXT];
    fprintf(stream, "%s, importance switch: %zu filters, ", r->layer, r->n);
    if (plan->estimator == NR_SWITCH_SAMPLE)
        fprintf(stream, "%llu draws an image, ", (unsigned long long)plan->draws);
    else fprintf(stream, "at the mean, ");
    fprintf(stream, "scale %s, alpha0 %s, ", nr_switch_scale_words[plan->scale],
            nr_format_double(plan->alpha0, alpha0));
    print_state(r, stream);
    fprintf(stream, "\n  %llu steps of %llu of %llu images in %s",
            (unsigned long long)r->counts[NR_SWITCH_STEPS],
            (unsigned long long)plan->batch, (unsigned long long)r->plan.in.images,
            nr_format_duration(r->seconds, time));
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

/* Titles of ends stand a blank to the left of where those of Shapley values do. */
static nr_column end_column(const char *title, const double *values, bool low,
                            int width, int digits) {
    nr_column c = nr_ranked_end(title, values, low, width, digits);
    c.title_width = width + (low ? 3 : 1);
    return c;
}

static nr_status print_switch_rows(const nr_posterior *p, uint64_t top, FILE *stream) {
    int digits = nr_decimals_of(p->n, p->std_dev), width = digits + 3;
    nr_ranked_rows rows = {.n = p->n,
                           .rank = p->rank,
                           .rank_low = p->rank_low,
                           .rank_high = p->rank_high,
                           .group = p->group,
                           .low = p->ci_low,
                           .high = p->ci_high,
                           .page = nr_page_of(stream)};
    size_t number = (size_t)width, used = ROW_TEXT + ROW_NUMBERS * number;
    rows.room = nr_bar_room(&rows.page, used + JOINT_TEXT + JOINT_NUMBERS * number);
    bool joint = rows.room > 0; /* there is room for it */
    if (!joint) rows.room = nr_bar_room(&rows.page, used);
    nr_column columns[NR_RANKED_LEFT + 7];
    nr_ranked_left(&rows, columns);
    nr_column *c = columns + NR_RANKED_LEFT;
    *c++ = nr_ranked_number("share", p->mean, " ", width, digits);
    *c++ = nr_ranked_number("std.dev", p->std_dev, " ", width, digits);
    *c++ = end_column("from", p->ci_low, true, width, digits);
    *c++ = end_column("to", p->ci_high, false, width, digits);
    if (joint) { /* one title, the second column's, 4 blanks and `width` wide */
        *c = end_column("", p->joint_low, true, width, digits);
        c++->title_width = 1;
        *c = end_column("joint", p->joint_high, false, width, digits);
        c++->title_width = width + 3;
    }
    *c++ = nr_ranked_bar();
    return nr_ranked_print(&rows, columns, (size_t)(c - columns), top, stream);
}

static nr_status show_switch(const nr_store *store, const nr_rating *r, uint64_t top,
                             FILE *stream) {
    nr_rating_columns columns;
    print_switch_head(store, r, stream);
    NR_TRY(nr_rating_columns_make(r, store->confidence, &columns));
    nr_status status = print_switch_rows(columns.posterior, top, stream);
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

/* What the getter of a baseline is given; a column's key is the baseline. */
typedef struct {
    size_t n;
    const double *const *values; /* [BASELINES] */
    const uint32_t *orders;      /* [BASELINES, n] */
} ranked_baselines;

static void get_ranked(const nr_column *column, const void *self, size_t row,
                       nr_cell *cell) {
    const ranked_baselines *ranked = self;
    uint32_t filter = ranked->orders[column->key * ranked->n + row];
    nr_cell_say(cell, "%6u %10.4g", filter, ranked->values[column->key][filter]);
}

static void get_rank(const nr_column *column, const void *self, size_t row,
                     nr_cell *cell) {
    (void)column;
    (void)self;
    nr_cell_count(cell, row + 1);
}

/* The filters in order of each baseline, side by side. */
static void print_baselines(size_t n, const double *const values[BASELINES],
                            const uint32_t *orders, uint64_t top, FILE *stream) {
    const ranked_baselines ranked = {n, values, orders};
    nr_column columns[1 + BASELINES] = {{.title = "rank", .get = get_rank, .width = 6}};
    for (size_t b = 0; b < BASELINES; b++)
        columns[1 + b] = (nr_column){.title = values[b] ? baselines[b] : NULL,
                                     .get = get_ranked,
                                     .key = b,
                                     .before = " ",
                                     .width = 17};
    const nr_table table = {.columns = columns,
                            .n_columns = 1 + BASELINES,
                            .n_rows = top == 0 || top > n ? n : (size_t)top,
                            .self = &ranked};
    nr_table_text(&table, stream);
}

static nr_status show_baseline(const nr_rating *r, uint64_t top, FILE *stream) {
    nr_rating_columns columns;
    const double *values[BASELINES];
    char time[NR_NUMBER_TEXT];
    uint32_t *orders;
    fprintf(stream, "%s, baselines: %zu filters, ", r->layer, r->n);
    print_state(r, stream);
    fprintf(stream,
            "\n  %llu of %llu images in %s; filters in the order of each, the best "
            "first, and its value\n",
            (unsigned long long)r->counts[NR_BASELINE_SEEN],
            (unsigned long long)r->plan.in.images,
            nr_format_duration(r->seconds, time));
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
