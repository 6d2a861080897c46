/* What the importance switch and the baselines of a layer compute. */
#ifndef NEURANK_PLAN_RATING_PLAN_H
#define NEURANK_PLAN_RATING_PLAN_H

#include "neurank/nn/ablation.h"
#include "neurank/plan/metric.h"
#include "neurank/plan/plan.h"

/* s: the posterior's mean, or drawn from it. */
typedef enum { NR_SWITCH_MEAN, NR_SWITCH_SAMPLE } nr_switch_estimator;
typedef enum { NR_OPTIMIZER_ADAM, NR_OPTIMIZER_SGD } nr_optimizer;
/* Of what a filter is multiplied by: the sum over filters is 1, or the mean. */
typedef enum { NR_SCALE_SUM, NR_SCALE_UNIT } nr_switch_scale;
enum { NR_SWITCH_ESTIMATORS = 2, NR_OPTIMIZERS = 2, NR_SWITCH_SCALES = 2 };
/* On the command line, in stores. */
extern const char *const nr_switch_estimator_words[NR_SWITCH_ESTIMATORS];
extern const char *const nr_optimizer_words[NR_OPTIMIZERS];
extern const char *const nr_switch_scale_words[NR_SWITCH_SCALES];

typedef struct {
    nr_switch_estimator estimator;
    nr_optimizer optimizer;
    nr_switch_scale scale;
    uint64_t draws; /* of s for an image; 0 at the mean */
    uint64_t batch, block_images;
    double alpha0, learning_rate;
} nr_switch_plan;

typedef struct {
    nr_metric metric;
    nr_ablation ablation;
} nr_baseline_plan;

/* One of the two is used, by the rating's kind. */
typedef struct {
    nr_plan_inputs in;
    const char *node; /* the layer's name in the model */
    nr_plan_arithmetic arithmetic;
    nr_switch_plan of_switch;
    nr_baseline_plan of_baseline;
} nr_rating_plan;

extern const nr_plan_form nr_switch_form, nr_baseline_form;

/* Steps that visit all images once; 0 if the plan does not say. */
uint64_t nr_switch_epoch_steps(const nr_rating_plan *plan);

#endif
