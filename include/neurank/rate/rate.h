/* The importance switch and baselines, into the same store. */
#ifndef NEURANK_RATE_RATE_H
#define NEURANK_RATE_RATE_H

#include "neurank/base/status.h"
#include "neurank/plan/rating_plan.h"
#include "neurank/run/request.h"

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
