#include "neurank/report/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "columns.h"
#include "neurank/base/text.h"
#include "neurank/estim/results.h"
#include "neurank/report/names.h"

static void print_legend(const nr_store *store, const nr_store_layer *layer,
                         const nr_results *r, FILE *stream) {
    double percent = 100 * store->confidence;
    if (layer->units.pieces > 0)
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
    const char *metric = nr_plan_get(&layer->plan, "metric");
    const char *rule = nr_rule_name(layer->ended_by);
    const char *shard = nr_plan_get(&layer->plan, "shard");
    bool exact = layer->units.pieces > 0, complete = nr_store_layer_is_complete(layer);
    char part[64] = "";
    if (strcmp(shard, "none") != 0) snprintf(part, sizeof part, "shard %.48s, ", shard);
    fprintf(stream, "%s: %zu filters, %s (ablate %s), %s%s%s%s\n", layer->name, r->n,
            strcmp(metric, "loss") == 0       ? "minus cross-entropy in nats"
            : strcmp(metric, "accuracy") == 0 ? "accuracy"
                                              : "logit margin",
            nr_plan_get(&layer->plan, "ablate"), part,
            complete ? "complete" : "partial",
            *rule && !exact ? complete ? ": goal " : ": stopped by " : "",
            exact ? "" : rule);
    if (exact) fprintf(stream, "  exact, ");
    else
        fprintf(stream, "  %.4g %s%s of %s images, ", r->seen,
                r->seen == 1 ? "sweep" : "sweeps",
                nr_fold_get_spec(layer->fold)->odd ? " of the odd estimator" : "",
                nr_plan_get(&store->plan, "images"));
    fprintf(stream, "%s coalition-images in %s\n",
            nr_format_count((double)r->coalition_images, count),
            nr_format_duration(layer->seconds, time));
    fprintf(stream, "  all kept %.6f, none kept %.6f%s\n", r->value_full,
            r->value_empty,
            r->sweeps == 0 && r->visits > 0 ? "; only the images visited so far" : "");
    print_legend(store, layer, r, stream);
}

static const char *note(const nr_results *r, size_t i) {
    return r->dead[i] ? " dead" : r->unreliable[i] ? " unreliable" : "";
}

/* "rank places filter shapley [from, to]" with numbers of this width; the errors of all
 * filters at once and of the population; what is noted behind the bar. */
enum { ROW_TEXT = 32, ROW_NUMBERS = 3, ERRORS_TEXT = 2, ERRORS_NUMBERS = 2, NOTE = 13 };

typedef struct {
    nr_page page;
    int digits, width;
    bool errors; /* there is room for them */
    size_t room; /* of the bar */
} row_style;

static row_style style_of(const nr_results *r, FILE *stream) {
    row_style s = {.page = nr_page_of(stream), .errors = true};
    s.digits = nr_decimals_of(r->n, r->std_error);
    s.width = s.digits + 4;
    size_t number = (size_t)s.width, used = ROW_TEXT + ROW_NUMBERS * number + NOTE;
    size_t errors = ERRORS_TEXT + ERRORS_NUMBERS * number;
    s.room = nr_bar_room(&s.page, used + errors);
    s.errors = s.room > 0;
    if (!s.errors) s.room = nr_bar_room(&s.page, used);
    return s;
}

static void print_titles(const row_style *s, FILE *stream) {
    int width = s->width;
    fprintf(stream, "%6s %9s %8s %*s   %*s %*s", "rank", "places", "filter", width,
            "shapley", width + 1, "from", width + 1, "to");
    if (s->errors) fprintf(stream, "  %*s %*s", width, "+-joint", width, "+-popul.");
    fprintf(stream, "\n");
}

static void print_rows(const nr_store_layer *layer, const nr_results *r,
                       const uint32_t *order, uint64_t top, FILE *stream) {
    double largest = nr_largest_end(r->n, r->ci_low, r->ci_high);
    row_style s = style_of(r, stream);
    print_titles(&s, stream);
    for (size_t k = 0; k < r->n && (top == 0 || k < top); k++) {
        char places[NR_PLACES_TEXT];
        uint32_t i = order[k];
        nr_places_text(r->rank_low[i], r->rank_high[i], places);
        fprintf(stream, "%6zu %9s %c %6u %*.*f  [%*.*f, %*.*f]", k + 1, places,
                nr_tie_mark(r->n, r->group, order, k), layer->filters[i], s.width,
                s.digits, r->shapley[i], s.width, s.digits, r->ci_low[i], s.width,
                s.digits, r->ci_high[i]);
        if (s.errors)
            fprintf(stream, " %*.*f %*.*f", s.width, s.digits,
                    (r->joint_high[i] - r->joint_low[i]) / 2, s.width, s.digits,
                    (r->population_high[i] - r->population_low[i]) / 2);
        fprintf(stream, "  ");
        nr_print_bar(stream, &s.page, s.room, r->ci_low[i], r->ci_high[i], largest);
        fprintf(stream, "%s\n", note(r, i));
    }
}

nr_status nr_report_layer(const nr_store *store, const nr_store_layer *layer,
                          uint64_t top, FILE *stream) {
    nr_results *r;
    uint32_t *order;
    NR_TRY(nr_store_results(store, layer, &r));
    nr_status status = nr_by_rank(r->n, r->rank, &order);
    if (status == NR_OK) {
        print_head(store, layer, r, stream);
        if (r->visits > 0 && isfinite(r->shapley[0]))
            print_rows(layer, r, order, top, stream);
        else if (r->visits > 0)
            fprintf(stream, "  values are known when every coalition is evaluated\n");
        else fprintf(stream, "  no unit of work is finished yet\n");
        free(order);
    }
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
