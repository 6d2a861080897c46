/* A row a filter, empty where nothing is known. */
#include <math.h>

#include "columns.h"
#include "neurank/base/text.h"

static void print_row(const nr_store_layer *layer, const nr_results *r, size_t i,
                      FILE *stream) {
    nr_real_column reals[NR_REAL_COLUMNS];
    nr_place_column places[NR_PLACE_COLUMNS];
    char text[NR_NUMBER_TEXT];
    nr_columns_of(r, reals, places);
    fprintf(stream, "%s,%u,%u", layer->name, layer->filters[i], r->rank[i] + 1);
    for (size_t k = 0; k < NR_REAL_COLUMNS; k++) {
        double value = reals[k].values[i];
        fprintf(stream, ",%s", isfinite(value) ? nr_format_double(value, text) : "");
    }
    for (size_t k = 1; k < NR_PLACE_COLUMNS; k++)
        fprintf(stream, ",%u", places[k].values[i] + 1);
    fprintf(stream, ",%u,%u\n", r->dead[i], r->unreliable[i]);
}

static void print_head(FILE *stream) {
    static const nr_results none;
    nr_real_column reals[NR_REAL_COLUMNS];
    nr_place_column places[NR_PLACE_COLUMNS];
    nr_columns_of(&none, reals, places);
    fprintf(stream, "layer,filter,%s", places[0].name);
    for (size_t k = 0; k < NR_REAL_COLUMNS; k++) fprintf(stream, ",%s", reals[k].name);
    for (size_t k = 1; k < NR_PLACE_COLUMNS; k++)
        fprintf(stream, ",%s", places[k].name);
    fprintf(stream, ",dead,unreliable\n");
}

nr_status nr_show_csv(const nr_store *store, uint64_t top, FILE *stream) {
    print_head(stream);
    for (size_t k = 0; k < store->n_layers; k++) {
        nr_results *r;
        NR_TRY(nr_store_results(store, &store->layers[k], &r));
        for (size_t i = 0; i < r->n; i++)
            if (top == 0 || r->rank[i] < top)
                print_row(&store->layers[k], r, i, stream);
        nr_results_free(r);
    }
    return NR_OK;
}
