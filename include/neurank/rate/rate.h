/* The importance switch and baselines, into the same store. */
#ifndef NEURANK_RATE_RATE_H
#define NEURANK_RATE_RATE_H

#include "neurank/plan/options.h"

/* s: the posterior's mean, or drawn from it. */
typedef enum { NR_SWITCH_MEAN, NR_SWITCH_SAMPLE } nr_switch_estimator;
typedef enum { NR_OPTIMIZER_ADAM, NR_OPTIMIZER_SGD } nr_optimizer;
/* Of what a filter is multiplied by: the sum over filters is 1, or the mean. */
typedef enum { NR_SCALE_SUM, NR_SCALE_UNIT } nr_switch_scale;
/* On the command line, in plans. */
extern const char *const nr_switch_estimator_words[2];
extern const char *const nr_optimizer_words[2];
extern const char *const nr_switch_scale_words[2];

/* As nr_run_shapley. */
nr_status nr_run_switch(const nr_options *options, const char *command_line);
nr_status nr_run_baseline(const nr_options *options, const char *command_line);

#endif
