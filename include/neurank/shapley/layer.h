/* One layer of a run: its players, its plan, its game. The same on every rank. */
#ifndef NEURANK_SHAPLEY_LAYER_H
#define NEURANK_SHAPLEY_LAYER_H

#include "neurank/game/filter_spec.h"
#include "neurank/plan/plan.h"
#include "neurank/plan/units.h"
#include "neurank/run/inputs.h"
#include "neurank/run/request.h"
#include "neurank/sched/unit.h"
#include "neurank/store/store.h"

typedef struct {
    uint32_t node;
    const char *name; /* in the graph */
    uint32_t *filters;
    size_t n_players;
    nr_estimator_kind estimator;
    bool per_image;
    size_t n_classes; /* 0: not by class */
    nr_units units;
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

/* Checks the request against the layer and plans its work, by pairs of walks. */
nr_status nr_run_layer_plan(const nr_inputs *inputs, const nr_layers_request *request,
                            uint32_t node, const char *kernels, nr_run_layer *out);
void nr_run_layer_free(nr_run_layer *layer);

/* The layer's part of the store, with nothing done. */
nr_status nr_run_layer_store(const nr_run_layer *layer,
                             const nr_layers_request *request, const nr_inputs *inputs,
                             nr_store_layer *out);

/* What a layer's run has to reach: what is asked for, or one sweep. */
nr_goal nr_run_goal(const nr_layers_request *request);

/* Everything that computes units of this layer. Collective for the ablation `mean`. */
typedef struct {
    float *means;
    nr_game game;
    nr_unit_runner *runner; /* NULL in an exact run of too many players */
} nr_player;

nr_status nr_player_new(nr_world *world, const nr_inputs *inputs,
                        const nr_run_layer *layer, uint64_t seed, nr_player *out);
void nr_player_free(nr_player *player);

#endif
