/* A row a filter, empty where nothing is known: Shapley values, then what the ratings
 * that the store holds say of it. */
#include <math.h>

#include "columns.h"
#include "neurank/base/text.h"
#include "neurank/report/names.h"

/* What there is of one layer; NULL, or without filters, where there is none. */
typedef struct {
    const char *name;
    const nr_store_layer *layer;
    nr_results *results;
    nr_rating_columns ratings[NR_RATING_KINDS];
} layer_columns;

static void free_layer(layer_columns *c) {
    nr_results_free(c->results);
    for (int kind = 0; kind < NR_RATING_KINDS; kind++)
        nr_rating_columns_clear(&c->ratings[kind]);
}

static nr_status load_layer(const nr_store *store, const char *name, layer_columns *c) {
    *c = (layer_columns){.name = name, .layer = nr_store_find_layer(store, name)};
    nr_status status = NR_OK;
    if (c->layer) status = nr_store_results(store, c->layer, &c->results);
    for (int kind = 0; kind < NR_RATING_KINDS && status == NR_OK; kind++) {
        const nr_rating *rating = nr_store_rating(store, name, (nr_rating_kind)kind);
        if (!rating) continue;
        status = nr_rating_columns_make(rating, store->confidence, &c->ratings[kind]);
        if (status != NR_OK) c->ratings[kind] = (nr_rating_columns){0};
    }
    if (status != NR_OK) free_layer(c);
    return status;
}

/* ---- cells ---- */

static void print_real(double value, bool known, FILE *stream) {
    char text[NR_NUMBER_TEXT];
    bool shown = known && isfinite(value);
    fprintf(stream, ",%s", shown ? nr_format_double(value, text) : "");
}

static void print_count(uint32_t value, bool known, FILE *stream) {
    if (known) fprintf(stream, ",%u", value);
    else fprintf(stream, ",");
}

/* i: the player of this filter; r->n: there is none. */
static void print_shapley(const nr_results *r, size_t i, FILE *stream) {
    static const nr_results none;
    nr_real_column reals[NR_REAL_COLUMNS];
    nr_place_column places[NR_PLACE_COLUMNS];
    bool known = r && i < r->n;
    nr_columns_of(r ? r : &none, reals, places);
    print_count(known ? r->rank[i] + 1 : 0, known, stream);
    for (size_t k = 0; k < NR_REAL_COLUMNS; k++)
        print_real(known ? reals[k].values[i] : 0, known, stream);
    for (size_t k = 1; k < NR_PLACE_COLUMNS; k++)
        print_count(known ? places[k].values[i] + 1 : 0, known, stream);
    print_count(known ? r->dead[i] : 0, known, stream);
    print_count(known ? r->unreliable[i] : 0, known, stream);
}

/* like: columns of this kind of any layer. */
static void print_rating(const nr_rating_columns *c, const nr_rating_columns *like,
                         size_t filter, FILE *stream) {
    bool known = filter < c->n;
    for (size_t k = 0; k < like->n_reals; k++)
        print_real(known ? c->reals[k].values[filter] : 0, known, stream);
    for (size_t k = 0; k < like->n_places; k++)
        print_count(known ? c->places[k].values[filter] + 1 : 0, known, stream);
}

static void print_head(const nr_rating_columns *kinds, FILE *stream) {
    static const nr_results none;
    nr_real_column reals[NR_REAL_COLUMNS];
    nr_place_column places[NR_PLACE_COLUMNS];
    nr_columns_of(&none, reals, places);
    fprintf(stream, "layer,filter,%s", places[0].name);
    for (size_t k = 0; k < NR_REAL_COLUMNS; k++) fprintf(stream, ",%s", reals[k].name);
    for (size_t k = 1; k < NR_PLACE_COLUMNS; k++)
        fprintf(stream, ",%s", places[k].name);
    fprintf(stream, ",dead,unreliable");
    for (int kind = 0; kind < NR_RATING_KINDS; kind++) {
        const char *prefix = kind == NR_RATING_SWITCH ? "switch_" : "";
        for (size_t k = 0; k < kinds[kind].n_reals; k++)
            fprintf(stream, ",%s%s", prefix, kinds[kind].reals[k].name);
        for (size_t k = 0; k < kinds[kind].n_places; k++)
            fprintf(stream, ",%s%s", prefix, kinds[kind].places[k].name);
    }
    fprintf(stream, "\n");
}

/* ---- rows ---- */

/* The best by Shapley value, where there are none by the switch, or all. */
static bool is_shown(const layer_columns *c, size_t player, size_t filter,
                     uint64_t top) {
    const nr_rating_columns *s = &c->ratings[NR_RATING_SWITCH];
    if (top == 0) return true;
    if (c->results) return player < c->results->n && c->results->rank[player] < top;
    return s->n == 0 || s->posterior->rank[filter] < top;
}

static void print_layer(const layer_columns *c, const nr_rating_columns *kinds,
                        uint64_t top, FILE *stream) {
    size_t players = c->results ? c->results->n : 0, player = 0;
    size_t n = players > 0 ? c->layer->filters[players - 1] + 1 : 0;
    for (int kind = 0; kind < NR_RATING_KINDS; kind++)
        if (c->ratings[kind].n > n) n = c->ratings[kind].n;
    bool rated = c->ratings[NR_RATING_SWITCH].n + c->ratings[NR_RATING_BASELINE].n > 0;
    for (size_t filter = 0; filter < n; filter++) {
        bool plays = player < players && c->layer->filters[player] == filter;
        size_t at = plays ? player++ : players;
        if ((!plays && !rated) || !is_shown(c, at, filter, top)) continue;
        fprintf(stream, "%s,%zu", c->name, filter);
        print_shapley(c->results, at, stream);
        for (int kind = 0; kind < NR_RATING_KINDS; kind++)
            print_rating(&c->ratings[kind], &kinds[kind], filter, stream);
        fprintf(stream, "\n");
    }
}

/* One layer; the ratings' columns are known from the first that has them. */
static nr_status show_layer(const nr_store *store, const char *name,
                            const nr_rating_columns *kinds, uint64_t top,
                            FILE *stream) {
    layer_columns c;
    NR_TRY(load_layer(store, name, &c));
    print_layer(&c, kinds, top, stream);
    free_layer(&c);
    return NR_OK;
}

static nr_status show_layers(const nr_store *store, const nr_rating_columns *kinds,
                             uint64_t top, FILE *stream) {
    nr_names names = {0};
    nr_status status = nr_names_add_layers(store, &names);
    print_head(kinds, stream);
    for (size_t i = 0; i < names.n && status == NR_OK; i++)
        status = show_layer(store, names.items[i], kinds, top, stream);
    nr_names_free(&names);
    return status;
}

nr_status nr_show_csv(const nr_store *store, uint64_t top, FILE *stream) {
    nr_rating_columns kinds[NR_RATING_KINDS] = {{0}};
    nr_status status = NR_OK;
    for (int kind = 0; kind < NR_RATING_KINDS && status == NR_OK; kind++)
        for (size_t k = 0; k < store->n_ratings && kinds[kind].n == 0; k++)
            if ((int)store->ratings[k].kind == kind && status == NR_OK) {
                status = nr_rating_columns_make(&store->ratings[k], store->confidence,
                                                &kinds[kind]);
                if (status != NR_OK) kinds[kind] = (nr_rating_columns){0};
            }
    if (status == NR_OK) status = show_layers(store, kinds, top, stream);
    for (int kind = 0; kind < NR_RATING_KINDS; kind++)
        nr_rating_columns_clear(&kinds[kind]);
    return status;
}
