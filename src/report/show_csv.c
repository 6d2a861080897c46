/* A row a filter, empty where nothing is known: Shapley values, then what the ratings
 * that the store holds say of it. */
#include <stdint.h>

#include "columns.h"
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

/* ---- the parts of a line ---- */

static void get_layer(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    (void)column;
    (void)row;
    nr_cell_text(cell, ((const layer_columns *)self)->name);
}

static const nr_column of_filter[] = {{.csv = "layer", .get = get_layer},
                                      {.csv = "filter", .get = nr_get_row}};

enum { FILTER, SHAPLEY, RATINGS, PARTS = RATINGS + NR_RATING_KINDS };

typedef struct {
    nr_shapley_table shapley;
    nr_table parts[PARTS];
} line_parts;

/* c NULL: the names alone. kinds: columns of the ratings of any layer. */
static void make_parts(const layer_columns *c, const nr_rating_columns *kinds,
                       line_parts *out) {
    nr_shapley_table_make(c ? c->results : NULL, NULL, &out->shapley);
    out->parts[FILTER] = (nr_table){of_filter, 2, SIZE_MAX, c, false};
    out->parts[SHAPLEY] = out->shapley.table;
    for (int kind = 0; kind < NR_RATING_KINDS; kind++) {
        bool has = c && c->ratings[kind].n > 0;
        nr_table *part = &out->parts[RATINGS + kind];
        *part = nr_rating_table(has ? &c->ratings[kind] : &kinds[kind]);
        if (!has) part->n_rows = 0;
    }
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
    line_parts line;
    make_parts(c, kinds, &line);
    bool rated = c->ratings[NR_RATING_SWITCH].n + c->ratings[NR_RATING_BASELINE].n > 0;
    for (size_t filter = 0; filter < n; filter++) {
        bool plays = player < players && c->layer->filters[player] == filter;
        size_t at = plays ? player++ : players;
        if ((!plays && !rated) || !is_shown(c, at, filter, top)) continue;
        size_t rows[PARTS];
        for (size_t p = 0; p < PARTS; p++) rows[p] = p == SHAPLEY ? at : filter;
        nr_table_csv_row(line.parts, rows, PARTS, stream);
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
    line_parts head;
    make_parts(NULL, kinds, &head);
    nr_table_csv_head(head.parts, PARTS, stream);
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
