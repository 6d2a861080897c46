/* How long enumerating a layer's coalitions would take. */
#ifndef NEURANK_SHAPLEY_EXACT_H
#define NEURANK_SHAPLEY_EXACT_H

#include "neurank/shapley/shapley.h"

/* Adds the layer's estimate on n_ranks to *total_s, on rank 0, and refuses it
 * (NR_ERR_USAGE), naming the estimate, if that exceeds the time limit (or a week, if
 * there is none) or if the layer has too many players. Fails as nr_player_new and its
 * game, too. fold: what is done already; NULL on ranks that do not know. Collective.
 */
nr_status nr_exact_check(nr_world *world, const nr_inputs *inputs,
                         const nr_run_layer *layer, const nr_shapley_request *request,
                         int n_ranks, const nr_fold *fold, double *total_s);

#endif
