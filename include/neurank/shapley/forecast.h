/* `neurank info MODEL DATA.h5|RUN.h5`: how long a goal takes, from what was measured.
 */
#ifndef NEURANK_SHAPLEY_FORECAST_H
#define NEURANK_SHAPLEY_FORECAST_H

#include "neurank/run/inputs.h"
#include "neurank/shapley/layer.h"

/* On one core of this machine, measured by a pilot of a second. sweeps: until the goal
 * is reached, INFINITY if that cannot be told. For a world of one, and a layer that is
 * sampled. Fails as nr_player_new and its game: NR_ERR_UNIT, NR_STOPPED,
 * NR_ERR_INTERNAL. */
typedef struct {
    double seconds_per_sweep, sweeps;
} nr_forecast;
nr_status nr_forecast_layer(nr_world *world, const nr_inputs *inputs,
                            const nr_layers_request *request, const nr_run_layer *layer,
                            nr_forecast *out);

typedef struct {
    nr_layers_request play; /* data: images or a store */
    bool confidence_given;
    /* The first option given of those that a store's run has settled; NULL: none. */
    const char *settled_option;
} nr_forecast_request;
/* Prints the table on stdout. NR_ERR_USAGE: an option that the store has settled, a
 * layer that it does not have, or more than one rank; NR_ERR_MISMATCH: the store is of
 * another model, or has no Shapley values; NR_ERR_INPUT: a file cannot be read; else as
 * nr_forecast_layer. */
nr_status nr_run_forecast(const nr_forecast_request *request);

#endif
