/* Intervals are honest: they cover what they say they cover, and a run that stops
 * itself makes a false claim no more often than it says.
 *
 *   coverage MODEL.onnx FASHION.h5 OUT.json
 *
 * Games with known Shapley values: closed forms (games.h), and twelve filters of
 * LeNet-5's conv2 whose coalitions are all evaluated (table.h). Prints a table, writes
 * it as JSON, and ends with 1 if a bar is missed. About fifteen minutes on one core.
 *
 * Bars, for 95%: per-filter intervals cover at least 94% of all filters and runs, and
 * at most 97% where events are not rare; joint ones cover all filters in at least 94%
 * of the runs; population intervals cover at least 95%, without being twice as wide as
 * they could be; at most 5% of the runs that stop themselves claim something false. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "games.h"
#include "neurank/base/clock.h"
#include "neurank/base/rng.h"
#include "neurank/game/cost.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "neurank/sched/local.h"
#include "table.h"
#include "trials.h"

/* Images: an odd number, so that the last group of strata is not full. */
enum { IMAGES = 203, POOL = 2000, MASKED = 20, FIRST_FILTER = 0 };

static FILE *json;
static int n_rows, n_missed;
static const char *missed_what;

/* ---- rows ---- */

static void bar(bool good, const char *what) {
    if (good) return;
    missed_what = what;
    n_missed++;
}

/* JSON has no NAN. */
static void put(const char *name, double value) {
    if (isnan(value)) fprintf(json, ", \"%s\": null", name);
    else fprintf(json, ", \"%s\": %.6g", name, value);
}

static void begin_row(const char *kind, const char *game, uint64_t runs) {
    missed_what = NULL;
    fprintf(json, "%s\n  {\"kind\": \"%s\", \"game\": \"%s\"", n_rows++ ? "," : "",
            kind, game);
    put("runs", (double)runs);
}

static void end_row(void) {
    fprintf(json, ", \"missed\": %s%s%s}", missed_what ? "\"" : "",
            missed_what ? missed_what : "null", missed_what ? "\"" : "");
    printf("  %s%s\n", missed_what ? "MISSED: " : "", missed_what ? missed_what : "");
    fflush(stdout);
}

static void put_cover(const char *kind, const char *game, uint64_t sweeps,
                      uint64_t runs, const trials_cover *c) {
    begin_row(kind, game, runs);
    put("sweeps", (double)sweeps);
    put("filter", c->filter);
    put("lowest_filter", c->lowest);
    put("joint", c->joint);
    put("unreliable", c->unreliable);
    put("unknown", c->unknown);
    put("relative_width", c->width);
    printf("%-26s %6llu %6llu %8.2f %8.2f %8.2f %8.2f %8.2f", game,
           (unsigned long long)sweeps, (unsigned long long)runs, 100 * c->filter,
           100 * c->lowest, 100 * c->joint, 100 * c->unreliable, c->width);
}

static void head(const char *title) {
    printf("\n%s\n%-26s %6s %6s %8s %8s %8s %8s %8s\n", title, "game", "sweeps", "runs",
           "filter%", "lowest%", "joint%", "unrel.%", "width");
}

/* ---- coverage ---- */

typedef enum {
    EXPECT_NOMINAL, /* 94 to 97% */
    EXPECT_WIDE,    /* at least 94%: rare events, where intervals may be wide */
    EXPECT_FLAGS    /* no limit and few samples: flagged if not covered */
} expectation;

static nr_status cover(const trials_game *g, const char *name, uint64_t sweeps,
                       uint64_t runs, expectation expect) {
    trials_coverage c;
    NR_TRY(trials_run(g, sweeps, runs, &c));
    put_cover("images", name, sweeps, runs, &c.images);
    put("below", c.below);
    put("above", c.above);
    bool flagged = expect == EXPECT_FLAGS && c.images.unreliable > 0.75;
    bar(c.images.filter >= 0.94 || flagged, "an interval a filter");
    bar(c.images.filter <= 0.97 || expect != EXPECT_NOMINAL, "too wide");
    bar(c.images.joint >= 0.94 || flagged, "all intervals together");
    end_row();
    return NR_OK;
}

typedef struct {
    games_spec spec;
    uint64_t sweeps, runs;
    expectation expect;
    bool odd;
} closed_row;

static const closed_row closed_rows[] = {
    {{GAMES_ADDITIVE, 12, 5, false}, 2, 500, EXPECT_WIDE, false},
    {{GAMES_ADDITIVE, 12, 5, true}, 2, 500, EXPECT_WIDE, false},
    {{GAMES_GLOVE, 8, 1, false}, 2, 2000, EXPECT_WIDE, false},
    {{GAMES_GLOVE, 8, 1, true}, 2, 2000, EXPECT_WIDE, false},
    {{GAMES_GLOVE, 8, 1, false}, 32, 2000, EXPECT_NOMINAL, false},
    {{GAMES_GLOVE, 12, 200, false}, 2, 2000, EXPECT_NOMINAL, false},
    {{GAMES_GLOVE, 12, 200, false}, 16, 1000, EXPECT_NOMINAL, false},
    {{GAMES_AIRPORT, 9, 3, false}, 2, 2000, EXPECT_WIDE, false},
    {{GAMES_AIRPORT, 9, 3, true}, 2, 2000, EXPECT_FLAGS, false},
    {{GAMES_AIRPORT, 9, 3, false}, 32, 2000, EXPECT_NOMINAL, false},
    {{GAMES_AIRPORT, 12, 203, false}, 2, 2000, EXPECT_NOMINAL, false},
    {{GAMES_AIRPORT, 12, 203, false}, 16, 2000, EXPECT_NOMINAL, false},
    {{GAMES_AIRPORT, 1000, 16, false}, 2, 1000, EXPECT_WIDE, false},
    {{GAMES_AIRPORT, 1000, 16, true}, 2, 1000, EXPECT_FLAGS, false},
    {{GAMES_VOTING, 20, 1, false}, 2, 2000, EXPECT_WIDE, false},
    {{GAMES_VOTING, 20, 1, false}, 32, 2000, EXPECT_WIDE, false},
    {{GAMES_VOTING, 20, 4, false}, 32, 2000, EXPECT_NOMINAL, false},
    {{GAMES_VOTING, 12, 150, false}, 2, 4000, EXPECT_NOMINAL, false},
    {{GAMES_VOTING, 12, 150, false}, 16, 2000, EXPECT_NOMINAL, false},
    {{GAMES_UNANIMITY, 16, 3, false}, 2, 2000, EXPECT_WIDE, false},
    {{GAMES_UNANIMITY, 16, 3, true}, 2, 2000, EXPECT_FLAGS, false},
    {{GAMES_UNANIMITY, 16, 3, false}, 32, 2000, EXPECT_NOMINAL, false},
    {{GAMES_UNANIMITY, 12, 200, false}, 2, 4000, EXPECT_NOMINAL, false},
    {{GAMES_UNANIMITY, 12, 200, false}, 16, 2000, EXPECT_NOMINAL, false},
    {{GAMES_GLOVE, 12, 200, false}, 2, 2000, EXPECT_NOMINAL, true},
    {{GAMES_VOTING, 12, 150, false}, 2, 4000, EXPECT_NOMINAL, true},
    {{GAMES_VOTING, 12, 150, false}, 32, 1000, EXPECT_NOMINAL, true},
    {{GAMES_UNANIMITY, 12, 200, false}, 2, 2000, EXPECT_NOMINAL, true},
};

static void closed_name(const games_spec *spec, bool odd, char *name, size_t size) {
    snprintf(name, size, "%s %zu x %llu%s%s", games_name(spec->kind), spec->n_players,
             (unsigned long long)spec->n_blocks, spec->unlimited ? " no limit" : "",
             odd ? " odd" : "");
}

/* The closed form is what enumerating all coalitions gives. */
static nr_status check_closed(nr_game *game, const char *name, const double *exact) {
    nr_local run = {.exact = true, .confidence = 0.95};
    nr_results *r;
    double most = 0;
    if (game->n_players > 20) return NR_OK;
    NR_TRY(nr_local_play(game, &run, &r, NULL));
    for (size_t i = 0; i < r->n; i++) most = fmax(most, fabs(r->shapley[i] - exact[i]));
    nr_results_free(r);
    begin_row("exact", name, 1);
    put("error", most);
    bar(most < 1e-12, "closed form and enumeration");
    printf("%-26s %6s %6s   enumeration and closed form differ by %.1e", name, "exact",
           "", most);
    end_row();
    return NR_OK;
}

static nr_status cover_closed(const closed_row *row, bool check) {
    games *g;
    nr_game game;
    char name[64];
    closed_name(&row->spec, row->odd, name, sizeof name);
    NR_TRY(games_new(&row->spec, &g));
    nr_status status = games_open(g, &game);
    if (status == NR_OK) {
        trials_game trials = {.game = &game, .exact = games_exact(g), .odd = row->odd};
        if (check) status = check_closed(&game, name, trials.exact);
        if (status == NR_OK)
            status = cover(&trials, name, row->sweeps, row->runs, row->expect);
        nr_game_free(&game);
    }
    games_free(g);
    return status;
}

static nr_status cover_all_closed(void) {
    size_t n = sizeof closed_rows / sizeof *closed_rows;
    head("Intervals for these images (closed forms: players x blocks)");
    for (size_t k = 0; k < n; k++) {
        const games_spec *now = &closed_rows[k].spec;
        const games_spec *last = &closed_rows[k - (k > 0)].spec;
        bool again = k > 0 && now->kind == last->kind &&
                     now->n_players == last->n_players &&
                     now->n_blocks == last->n_blocks;
        NR_TRY(cover_closed(&closed_rows[k], !again));
    }
    return NR_OK;
}

/* ---- stopping ---- */

typedef struct {
    nr_goal goal;
    uint64_t runs;
    const char *what;
} stop_row;

static nr_status stop(const trials_game *g, const char *name, const stop_row *row) {
    trials_stopping s;
    NR_TRY(trials_watch(g, &row->goal, row->runs, &s));
    begin_row("stopping", name, row->runs);
    fprintf(json, ", \"goal\": \"%s\"", row->what);
    put("half_width", row->goal.half_width);
    put("rel_half_width", row->goal.rel_half_width);
    put("top", (double)row->goal.top);
    put("tolerance", row->goal.tolerance);
    put("sweeps_max", (double)row->goal.sweeps);
    const trials_stop *all[] = {&s.sequence, &s.student, &s.single};
    const char *names[] = {"sequence", "student", "single"};
    for (int k = 0; k < 3; k++)
        fprintf(json,
                ", \"%s\": {\"wrong\": %.6g, \"reached\": %.6g, \"joint\": %.6g, "
                "\"sweeps\": %.6g}",
                names[k], all[k]->wrong, all[k]->reached, all[k]->joint,
                all[k]->sweeps);
    put("differ", (double)s.differ);
    printf("%-26s %-22s %5llu | %6.2f %6.2f %6.1f %6.1f | %6.2f %6.1f | %6.2f %6.1f",
           name, row->what, (unsigned long long)row->runs, 100 * s.sequence.wrong,
           100 * s.sequence.joint, 100 * s.sequence.reached, s.sequence.sweeps,
           100 * s.student.wrong, s.student.sweeps, 100 * s.single.wrong,
           s.single.sweeps);
    bar(s.sequence.wrong <= 0.05, "wrong claims");
    bar(s.sequence.joint >= 0.94, "all intervals at the end");
    bar(s.differ == 0, "nr_local_play ends elsewhere");
    end_row();
    return NR_OK;
}

static nr_status stop_top(const trials_game *g, const char *name, uint64_t sweeps,
                          uint64_t runs) {
    double gap = 0;
    size_t n = g->game->n_players;
    stop_row easy = {.runs = runs, .what = "top, clear"};
    easy.goal.top = trials_place(g->exact, n, false, &gap);
    easy.goal.sweeps = sweeps;
    NR_TRY(stop(g, name, &easy));
    stop_row hard = {.runs = runs, .what = "top, nearly equal"};
    hard.goal.top = trials_place(g->exact, n, true, &gap);
    hard.goal.sweeps = sweeps;
    NR_TRY(stop(g, name, &hard));
    hard.what = "top, tolerance";
    trials_place(g->exact, n, false, &hard.goal.tolerance);
    hard.goal.tolerance *= 0.7;
    return stop(g, name, &hard);
}

static nr_status stop_width(const trials_game *g, const char *name, double width,
                            uint64_t sweeps, uint64_t runs) {
    char what[64];
    snprintf(what, sizeof what, "half-width %g", width);
    stop_row row = {
        .goal = {.half_width = width, .sweeps = sweeps}, .runs = runs, .what = what};
    return stop(g, name, &row);
}

static nr_status stop_relative(const trials_game *g, const char *name, double width,
                               uint64_t sweeps, uint64_t runs) {
    char what[64];
    snprintf(what, sizeof what, "rel-half-width %g", width);
    stop_row row = {.goal = {.rel_half_width = width, .sweeps = sweeps},
                    .runs = runs,
                    .what = what};
    return stop(g, name, &row);
}

typedef struct {
    games_spec spec;
    double narrow, wide, relative; /* half-widths */
    uint64_t sweeps;               /* for `top` */
} closed_stop;

static const closed_stop closed_stops[] = {
    {{GAMES_GLOVE, 10, 13, false}, 0.04, 0.12, 0.1, 60},
    {{GAMES_AIRPORT, 8, 1, false}, 0.06, 0.12, 0.25, 150},
    {{GAMES_AIRPORT, 8, 1, true}, 0.06, 0.12, 0.25, 150},
    {{GAMES_VOTING, 12, 150, false}, 0.01, 0.03, 0.1, 40},
    {{GAMES_UNANIMITY, 12, 13, true}, 0.03, 0.1, 0.1, 60},
};

static nr_status stop_game(const closed_stop *c, const trials_game *g) {
    char name[64];
    closed_name(&c->spec, false, name, sizeof name);
    NR_TRY(stop_width(g, name, c->narrow, 0, 1000));
    NR_TRY(stop_width(g, name, c->wide, 0, 1000));
    NR_TRY(stop_relative(g, name, c->relative, 0, 1000));
    return stop_top(g, name, c->sweeps, 500);
}

static nr_status stop_closed(const closed_stop *c) {
    games *g;
    nr_game game;
    NR_TRY(games_new(&c->spec, &g));
    nr_status status = games_open(g, &game);
    if (status == NR_OK) {
        trials_game trials = {.game = &game, .exact = games_exact(g)};
        status = stop_game(c, &trials);
        nr_game_free(&game);
    }
    games_free(g);
    return status;
}

static void stop_head(void) {
    printf("\nRuns that stop themselves: wrong claims and joint coverage of confidence "
           "sequences;\nwhat Student's t would have claimed, looked at after each "
           "sweep\n%-26s %-22s %5s | %6s %6s %6s %6s | %6s %6s | %6s %6s\n",
           "game", "goal", "runs", "wrong%", "joint%", "ends%", "sweeps", "t", "sweeps",
           "single", "sweeps");
}

/* ---- the network ---- */

typedef struct {
    nr_graph *graph;
    nr_images *images;
    uint32_t layer, filters[TABLE_PLAYERS];
} network;

static nr_status network_load(const char *model, const char *data, network *net) {
    char digest[NR_DIGEST_TEXT];
    nr_selection selection = {.wanted = POOL, .seed = 1, .shuffled = true};
    NR_TRY(nr_onnx_load(model, &net->graph, digest));
    NR_TRY(nr_images_load(data, net->graph, selection, &net->images));
    for (uint32_t i = 0; i < TABLE_PLAYERS; i++) net->filters[i] = FIRST_FILTER + i;
    return nr_layers_find(net->graph, "conv2", strlen("conv2"), &net->layer);
}

static nr_status make_table(const network *net, nr_metric metric, table **out) {
    nr_filter_spec spec = {.graph = net->graph,
                           .images = net->images,
                           .kernels = nr_kernels_find("fast"),
                           .layer = net->layer,
                           .ablation = NR_ABLATE_REMOVE,
                           .filters = net->filters,
                           .n_players = TABLE_PLAYERS,
                           .metric = metric,
                           .block_images = 1,
                           .group_blocks = nr_filter_group_blocks(net->graph, 1)};
    return table_new(&spec, out);
}

/* Draws the images of a run from the pool, with replacement. */
static void resample(void *context, uint64_t seed) {
    table *t = context;
    nr_stream stream = nr_stream_make(seed, "resample", 0);
    uint32_t *chosen = table_chosen(t);
    for (uint32_t k = 0; k < IMAGES; k++) {
        uint64_t bits[2];
        nr_stream_draw(stream, k, 0, 0, 0, bits);
        chosen[k] = (uint32_t)((bits[0] >> 32) * table_pool(t) >> 32);
    }
}

static nr_status check_table(table *t, const char *name) {
    table_errors e;
    NR_TRY(table_check(t, IMAGES, MASKED, &e));
    begin_row("exact", name, 1);
    put("played", e.played);
    put("filter_game", e.filter);
    put("whole_forwards", e.forwards);
    bar(e.played < 1e-12, "enumeration of the table");
    bar(e.filter < 1e-5, "enumeration of the filter game");
    bar(e.forwards < 1e-5, "whole forwards");
    printf(
        "%-26s %6s %6s   table, filter game, whole forwards differ by %.1e %.1e %.1e",
        name, "exact", "", e.played, e.filter, e.forwards);
    end_row();
    return NR_OK;
}

static nr_status cover_population(table *t, nr_game *game, const char *name,
                                  uint64_t runs) {
    double phi[TABLE_PLAYERS];
    trials_game g = {.game = game, .exact = phi, .prepare = resample, .context = t};
    trials_coverage c;
    char title[64];
    table_exact(t, table_pool(t), phi);
    NR_TRY(trials_run(&g, 2, runs, &c));
    snprintf(title, sizeof title, "%s population", name);
    put_cover("population", title, 2, runs, &c.population);
    bar(c.population.filter >= 0.95, "an interval a filter");
    bar(c.population.joint >= 0.95, "all intervals together");
    bar(c.population.width < 2, "too wide");
    end_row();
    return NR_OK;
}

static nr_status cover_table(table *t, nr_game *game, const char *name) {
    double phi[TABLE_PLAYERS];
    trials_game g = {.game = game, .exact = phi};
    table_exact(t, IMAGES, phi);
    NR_TRY(cover(&g, name, 1, 4000, EXPECT_WIDE));
    NR_TRY(cover(&g, name, 2, 4000, EXPECT_NOMINAL));
    NR_TRY(cover(&g, name, 32, 2000, EXPECT_NOMINAL));
    char odd[64];
    snprintf(odd, sizeof odd, "%s odd", name);
    g.odd = true;
    NR_TRY(cover(&g, odd, 2, 4000, EXPECT_NOMINAL));
    NR_TRY(cover(&g, odd, 32, 2000, EXPECT_NOMINAL));
    return cover_population(t, game, name, 4000);
}

static nr_status stop_table(table *t, nr_game *game, const char *name, double narrow,
                            double wide, double relative) {
    double phi[TABLE_PLAYERS];
    trials_game g = {.game = game, .exact = phi};
    table_exact(t, IMAGES, phi);
    for (uint32_t k = 0; k < IMAGES; k++) table_chosen(t)[k] = k;
    NR_TRY(stop_width(&g, name, narrow, 0, 1000));
    NR_TRY(stop_width(&g, name, wide, 0, 1000));
    NR_TRY(stop_relative(&g, name, relative, 0, 1000));
    return stop_top(&g, name, 32, 500);
}

typedef struct {
    nr_metric metric;
    const char *name;
    double narrow, wide, relative; /* half-widths */
    table *table;
    nr_game game;
} table_row;

static nr_status run_tables(const network *net) {
    table_row rows[] = {{.metric = NR_METRIC_LOSS,
                         .name = "lenet conv2 loss",
                         .narrow = 0.0006,
                         .wide = 0.005,
                         .relative = 0.03},
                        {.metric = NR_METRIC_ACCURACY,
                         .name = "lenet conv2 accuracy",
                         .narrow = 0.004,
                         .wide = 0.015,
                         .relative = 0.3}};
    nr_status status = NR_OK;
    head("Intervals of twelve filters");
    for (int k = 0; k < 2 && status == NR_OK; k++) {
        table_row *row = &rows[k];
        status = make_table(net, row->metric, &row->table);
        if (status == NR_OK) status = check_table(row->table, row->name);
        if (status == NR_OK) status = table_open(row->table, IMAGES, &row->game);
        if (status == NR_OK) status = cover_table(row->table, &row->game, row->name);
    }
    stop_head();
    for (int k = 0; k < 2 && status == NR_OK; k++)
        status = stop_table(rows[k].table, &rows[k].game, rows[k].name, rows[k].narrow,
                            rows[k].wide, rows[k].relative);
    for (int k = 0; k < 2; k++) {
        if (rows[k].game.self) nr_game_free(&rows[k].game);
        table_free(rows[k].table);
    }
    return status;
}

static nr_status run(const char *model, const char *data) {
    network net = {0};
    nr_status status = network_load(model, data, &net);
    if (status == NR_OK) status = cover_all_closed();
    if (status == NR_OK) status = run_tables(&net);
    for (size_t k = 0; k < sizeof closed_stops / sizeof *closed_stops; k++)
        if (status == NR_OK) status = stop_closed(&closed_stops[k]);
    nr_images_free(net.images);
    nr_graph_free(net.graph);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: coverage MODEL.onnx FASHION.h5 OUT.json\n");
        return 2;
    }
    json = fopen(argv[3], "w");
    if (!json) {
        perror(argv[3]);
        return 1;
    }
    double start = nr_clock_s();
    fprintf(json, "{\"rows\": [");
    nr_status status = run(argv[1], argv[2]);
    double seconds = nr_clock_s() - start;
    fprintf(json, "\n], \"missed\": %d, \"seconds\": %.1f}\n", n_missed, seconds);
    if (fclose(json) != 0) status = NR_ERR_INTERNAL;
    printf("\n%d bars missed, %.0f s\n", n_missed, seconds);
    return status != NR_OK || n_missed > 0;
}
