/* One layer of a run: its players, its plan, its game. The same on every rank. */
#ifndef NEURANK_SHAPLEY_LAYER_H
#define NEURANK_SHAPLEY_LAYER_H

#include "neurank/game/filter_spec.h"
#include "neurank/plan/layer_plan.h"
#include "neurank/run/inputs.h"
#include "neurank/run/request.h"
#include "neurank/sched/unit.h"
#include "neurank/store/store.h"

typedef struct {
    uint32_t node;
    const char *name; /* in the graph */
    uint32_t *filters;
    size_t n_players;
    nr_layer_plan plan;  /* owned */
    nr_filter_spec spec; /* without channel means */
} nr_run_layer;

/* auto: the one that a pilot finds better. */
typedef enum {
    NR_ESTIMATOR_PAIRS,
    NR_ESTIMATOR_ODD,
    NR_ESTIMATOR_AUTO
} nr_estimator_wish;

/* What a run, its job and a forecast are asked about layers. */
typedef struct {
    nr_input_request in;
    const char *layers;  /* NULL: all */
    const char *filters; /* NULL: all */
    nr_method method;
    nr_estimator_wish estimator; /* of a sampled run */
    nr_metric metric;
    nr_ablation ablation;
    uint64_t block; /* images */
    bool by_class, per_image;
    const char *shard; /* NULL: all sweeps */
    nr_goal goal;      /* without any: one sweep */
    double confidence;
    uint64_t memory_mib; /* of a rank */
} nr_layers_request;

/* Checks the request against the layer and plans its work, by pairs of walks unless all
 * coalitions are asked for. *out borrows from the inputs. NR_ERR_USAGE: what is asked
 * does not fit the layer or the images; NR_ERR_INPUT: the layer has more
 * than NR_PLAYERS_MAX filters; NR_ERR_INTERNAL: no memory. */
nr_status nr_run_layer_plan(const nr_inputs *inputs, const nr_layers_request *request,
                            uint32_t node, const nr_kernels *kernels,
                            nr_run_layer *out);
void nr_run_layer_free(nr_run_layer *layer);

/* The layer's part of the store, with nothing done; *out is all zero before, and the
 * store's to free after a failure, too. NR_ERR_INTERNAL: no memory. */
nr_status nr_run_layer_store(const nr_run_layer *layer,
                             const nr_layers_request *request, const nr_inputs *inputs,
                             nr_store_layer *out);

/* What a layer's run has to reach: what is asked for, or one sweep. */
nr_goal nr_run_goal(const nr_layers_request *request);

/* Everything that computes units of this layer. */
typedef struct {
    float *means;
    nr_game game;
    nr_unit_runner *runner; /* NULL in an exact run of too many players */
} nr_player;

/* Collective, and so is its failure: NR_ERR_INTERNAL, no memory, and for the ablation
 * `mean` NR_ERR_UNIT, a channel's mean is not finite or not within +-2^16. inputs and
 * layer are borrowed for the life of *out, which may not be moved: its runner points
 * into it. */
nr_status nr_player_new(nr_world *world, const nr_inputs *inputs,
                        const nr_run_layer *layer, uint64_t seed, nr_player *out);
void nr_player_free(nr_player *player);

#endif
