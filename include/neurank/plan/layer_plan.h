/* What a run of Shapley values computes: for all its layers, and for each. */
#ifndef NEURANK_PLAN_LAYER_PLAN_H
#define NEURANK_PLAN_LAYER_PLAN_H

#include "neurank/estim/estimator.h"
#include "neurank/nn/ablation.h"
#include "neurank/plan/metric.h"
#include "neurank/plan/plan.h"
#include "neurank/plan/shard.h"
#include "neurank/plan/units.h"

/* From walks, or from all coalitions. */
typedef enum { NR_METHOD_SAMPLE, NR_METHOD_EXACT } nr_method;
enum { NR_METHODS_OF_RUNS = 2 };
extern const char *const nr_method_words[NR_METHODS_OF_RUNS]; /* on the command line */

typedef struct {
    nr_plan_inputs in;
    const char *layers; /* short names with commas */
} nr_run_plan;

extern const nr_plan_form nr_run_form;

typedef struct {
    const char *node; /* the layer's name in the model */
    nr_method method;
    nr_estimator_kind estimator; /* enumeration, and nothing else, of an exact run */
    nr_metric metric;
    nr_ablation ablation;
    const char *filters;   /* "all", or the shortest that --filters takes: "0-4,7" */
    uint64_t block_images; /* of a block */
    nr_units units;        /* n_blocks and group_blocks follow from the rest */
    nr_plan_arithmetic arithmetic;
    uint64_t n_classes; /* 0: not by class */
    bool per_image;     /* are values by image kept? */
    nr_shard shard;
} nr_layer_plan;

extern const nr_plan_form nr_layer_form;

/* Do the numbers of its units fit each other and so many images? Sets
 * units.n_blocks if so. */
bool nr_layer_plan_fits(nr_layer_plan *plan, uint64_t images);

#endif
