/* Every ranking of a layer that stores hold: a method, from one of the stores. */
#ifndef NEURANK_REPORT_RANKINGS_H
#define NEURANK_REPORT_RANKINGS_H

#include "neurank/report/compare.h"

/* What ranks filters, in the order in which it is shown; baselines stand under their
 * column's name. */
enum { NR_SHAPLEY, NR_SWITCH, NR_FIRST_BASELINE, NR_METHODS = 9 };
extern const char *const nr_method_names[NR_METHODS];

typedef struct {
    size_t method; /* index into nr_method_names */
    size_t store;  /* index */
    nr_plan plan;  /* the layer's or the rating's; borrowed */
    bool complete;
    size_t n;
    uint32_t *filters; /* [n] channels, ascending; owned */
    double *values;    /* [n] larger is better; owned */
    double *std_error; /* [n] for these images; NULL: none; owned */
    double *low;       /* [n] lower ends of the intervals; NULL: none; owned */
} nr_ranking;

typedef struct {
    nr_ranking *items;
    size_t n, capacity;
} nr_rankings;

/* Those of one layer, in order of method and store; without methods that the layer does
 * not have, or of which a value or an error is not known yet. methods: as in
 * nr_compare_spec. NR_ERR_INTERNAL: no memory; *out has some of them and is the
 * caller's, as it is otherwise. */
nr_status nr_rankings_find(const nr_compared_store *stores, size_t n_stores,
                           const char *layer, const char *methods, nr_rankings *out);
/* Keeps the filters that all of them have, perhaps none. */
void nr_rankings_intersect(nr_rankings *rankings);
/* What it owns; the list is empty then. */
void nr_rankings_free(nr_rankings *rankings);

/* order [n]: the filters [n] by value [n], the best first, of equals the lower channel.
 * Values are finite. filters NULL: 0, 1, ... NR_ERR_INTERNAL: no memory. */
nr_status nr_sort_best_first(const uint32_t *filters, const double *values, size_t n,
                             uint32_t *order);

/* Is name one of "a,b,c"? NULL: yes. */
bool nr_is_listed(const char *list, const char *name);

#endif
