#include "neurank/report/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "neurank/base/text.h"
#include "neurank/estim/results.h"
#include "neurank/report/names.h"
#include "ranked_rows.h"

static void print_legend(const nr_store *store, const nr_store_layer *layer,
                         const nr_results *r, FILE *stream) {
    double percent = 100 * store->confidence;
    if (nr_store_is_exact(layer))
        fprintf(stream,
                "  no error for these images; %g%% intervals, a filter by itself: ",
                percent);
    else
        fprintf(stream,
                "  %g%% intervals (%s, %llu samples), a filter by itself: from, to for "
                "these "
                "images,\n  ",
                percent, nr_interval_name(layer), (unsigned long long)r->samples);
    fprintf(
        stream,
        "+-popul. for all images like these; all filters at once, for these images: "
        "+-joint,\n  which decides on places and tie groups ( / | \\ ); bars: = up to "
        "the interval, - across it, < negative\n");
}

static void print_head(const nr_store *store, const nr_store_layer *layer,
                       const nr_results *r, FILE *stream) {
    char count[NR_NUMBER_TEXT], time[NR_NUMBER_TEXT];
    const char *rule = nr_rule_name(layer->ended_by);
    const nr_layer_plan *plan = &layer->plan;
    bool exact = nr_store_is_exact(layer), complete = nr_store_layer_is_complete(layer);
    char shard[48], part[64] = "";
    nr_shard_format(&plan->shard, shard, sizeof shard);
    if (plan->shard.count > 0) snprintf(part, sizeof part, "shard %s, ", shard);
    fprintf(stream, "%s: %zu filters, %s (ablate %s), %s%s%s%s\n", layer->name, r->n,
            nr_metric_rows[plan->metric].words, nr_ablation_words[plan->ablation], part,
            complete ? "complete" : "partial",
            *rule && !exact ? complete ? ": goal " : ": stopped by " : "",
            exact ? "" : rule);
    if (exact) fprintf(stream, "  exact, ");
    else
        fprintf(stream, "  %.4g %s%s of %llu images, ", r->seen,
                r->seen == 1 ? "sweep" : "sweeps",
                plan->estimator == NR_BY_ODD ? " of the odd estimator" : "",
                (unsigned long long)store->plan.in.images);
    fprintf(stream, "%s coalition-images in %s\n",
            nr_format_count((double)r->coalition_images, count),
            nr_format_duration(layer->seconds, time));
    fprintf(stream, "  all kept %.6f, none kept %.6f%s\n", r->value_full,
            r->value_empty,
            r->sweeps == 0 && r->visits > 0 ? "; only the images visited so far" : "");
    print_legend(store, layer, r, stream);
}

/* Half the interval: of all filters at once, and of the population. */
enum { JOINT, POPULATION };

static void get_error(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    const nr_results *r = ((const nr_ranked_rows *)self)->values;
    bool joint = column->key == JOINT;
    const double *low = joint ? r->joint_low : r->population_low;
    const double *high = joint ? r->joint_high : r->population_high;
    nr_cell_number(cell, (high[row] - low[row]) / 2);
}

/* The first title stands a blank to the right of its numbers. */
static nr_column error_column(const char *title, size_t key, int width, int digits) {
    return (nr_column){.title = title,
                       .get = get_error,
                       .key = key,
                       .before = " ",
                       .width = width,
                       .digits = digits,
                       .title_width = width + (key == JOINT ? 2 : 1)};
}

static void get_note(const nr_column *column, const void *self, size_t row,
                     nr_cell *cell) {
    const nr_results *r = ((const nr_ranked_rows *)self)->values;
    (void)column;
    nr_cell_text(cell, r->dead[row]         ? " dead"
                       : r->unreliable[row] ? " unreliable"
                                            : "");
}

/* "rank places filter shapley [from, to]" with numbers of this width; the errors of all
 * filters at once and of the population; what is noted behind the bar. */
enum { ROW_TEXT = 32, ROW_NUMBERS = 3, ERRORS_TEXT = 2, ERRORS_NUMBERS = 2, NOTE = 13 };

/* Room for a bar, behind the errors if there is room for both; false: without them. */
static bool make_room(nr_ranked_rows *rows, size_t number) {
    size_t used = ROW_TEXT + ROW_NUMBERS * number + NOTE;
    size_t errors = ERRORS_TEXT + ERRORS_NUMBERS * number;
    rows->room = nr_bar_room(&rows->page, used + errors);
    if (rows->room > 0) return true;
    rows->room = nr_bar_room(&rows->page, used);
    return false;
}

static nr_status print_rows(const nr_store_layer *layer, const nr_results *r,
                            uint64_t top, FILE *stream) {
    int digits = nr_decimals_of(r->n, r->std_error), width = digits + 4;
    nr_ranked_rows rows = {.n = r->n,
                           .filters = layer->filters,
                           .rank = r->rank,
                           .rank_low = r->rank_low,
                           .rank_high = r->rank_high,
                           .group = r->group,
                           .low = r->ci_low,
                           .high = r->ci_high,
                           .page = nr_page_of(stream),
                           .values = r};
    bool errors = make_room(&rows, (size_t)width);
    nr_column columns[NR_RANKED_LEFT + 7];
    nr_ranked_left(&rows, columns);
    nr_column *c = columns + NR_RANKED_LEFT;
    *c++ = nr_ranked_number("shapley", r->shapley, " ", width, digits);
    *c++ = nr_ranked_end("from", r->ci_low, true, width, digits);
    *c++ = nr_ranked_end("to", r->ci_high, false, width, digits);
    if (errors) {
        *c++ = error_column("+-joint", JOINT, width, digits);
        *c++ = error_column("+-popul.", POPULATION, width, digits);
    }
    *c++ = nr_ranked_bar();
    *c++ = (nr_column){.title = "", .get = get_note};
    return nr_ranked_print(&rows, columns, (size_t)(c - columns), top, stream);
}

nr_status nr_report_layer(const nr_store *store, const nr_store_layer *layer,
                          uint64_t top, FILE *stream) {
    nr_results *r;
    NR_TRY(nr_store_results(store, layer, &r));
    nr_status status = NR_OK;
    print_head(store, layer, r, stream);
    if (r->visits > 0 && isfinite(r->shapley[0]))
        status = print_rows(layer, r, top, stream);
    else if (r->visits > 0)
        fprintf(stream, "  values are known when every coalition is evaluated\n");
    else fprintf(stream, "  no unit of work is finished yet\n");
    nr_results_free(r);
    return status;
}

static nr_status show_parts(const nr_store *store, const char *name, uint64_t top,
                            FILE *stream, bool *first) {
    const nr_store_layer *layer = nr_store_find_layer(store, name);
    if (layer) {
        fprintf(stream, "%s", *first ? "" : "\n");
        *first = false;
        NR_TRY(nr_report_layer(store, layer, top, stream));
    }
    for (int kind = 0; kind < NR_RATING_KINDS; kind++) {
        const nr_rating *rating = nr_store_rating(store, name, (nr_rating_kind)kind);
        if (!rating) continue;
        fprintf(stream, "%s", *first ? "" : "\n");
        *first = false;
        NR_TRY(nr_show_rating(store, rating, top, stream));
    }
    return NR_OK;
}

static nr_status show_text(const nr_store *store, uint64_t top, FILE *stream) {
    nr_names names = {0};
    bool first = true;
    nr_status status = nr_names_add_layers(store, &names);
    for (size_t i = 0; i < names.n && status == NR_OK; i++)
        status = show_parts(store, names.items[i], top, stream, &first);
    nr_names_free(&names);
    return status;
}

nr_status nr_report_show(const nr_store *store, nr_format format, uint64_t top,
                         FILE *stream) {
    switch (format) {
    case NR_FORMAT_CSV: return nr_show_csv(store, top, stream);
    case NR_FORMAT_JSON: return nr_show_json(store, top, stream);
    case NR_FORMAT_TEXT: break;
    }
    return show_text(store, top, stream);
}

nr_status nr_report_show_file(const char *path, nr_format format, uint64_t top,
                              FILE *stream) {
    nr_store *store;
    NR_TRY(nr_store_read(path, &store));
    nr_status status = nr_report_show(store, format, top, stream);
    nr_store_free(store);
    return status;
}
