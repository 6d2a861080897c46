/* The importance switch and baselines, into the same store. */
#ifndef NEURANK_RATE_RATE_H
#define NEURANK_RATE_RATE_H

#include "neurank/base/status.h"
#include "neurank/game/score.h"
#include "neurank/nn/cut.h"
#include "neurank/run/request.h"

/* s: the posterior's mean, or drawn from it. */
typedef enum { NR_SWITCH_MEAN, NR_SWITCH_SAMPLE } nr_switch_estimator;
typedef enum { NR_OPTIMIZER_ADAM, NR_OPTIMIZER_SGD } nr_optimizer;
/* Of what a filter is multiplied by: the sum over filters is 1, or the mean. */
typedef enum { NR_SCALE_SUM, NR_SCALE_UNIT } nr_switch_scale;
/* On the command line, in plans. */
extern const char *const nr_switch_estimator_words[2];
extern const char *const nr_optimizer_words[2];
extern const char *const nr_switch_scale_words[2];

/* What both are asked. */
typedef struct {
    nr_input_request in;
    nr_store_request out;
    const char *layers;
    uint64_t memory_mib;
    double confidence; /* of the store */
    bool confidence_given;
} nr_rate_request;

typedef struct {
    nr_rate_request rate;
    nr_switch_estimator estimator;
    nr_optimizer optimizer;
    nr_switch_scale scale;
    uint64_t draws;  /* of s, where it is drawn */
    uint64_t epochs; /* 0: until it has converged */
    uint64_t batch;
    double alpha0, learning_rate;
} nr_switch_request;

typedef struct {
    nr_rate_request rate;
    nr_metric metric;
    nr_ablation ablation;
} nr_baseline_request;

/* As nr_run_shapley, with its failures: NR_STOPPED, NR_ERR_USAGE, NR_ERR_INPUT,
 * NR_ERR_MISMATCH, NR_ERR_STORE, NR_ERR_UNIT, NR_ERR_INTERNAL. */
nr_status nr_run_switch(const nr_switch_request *request, const char *command_line);
nr_status nr_run_baseline(const nr_baseline_request *request, const char *command_line);

#endif
