/* What `neurank switch` and `neurank baseline` do with one layer, as steps that all
 * ranks do together (rate.c):
 *
 *   rank 0   tell ------ told ------> all   work ------ sums ------> rank 0   take
 *
 * told are words that a step depends on, sums are integers, added over all ranks, so
 * that neither the number of ranks nor their order leaves a trace. */
#ifndef NEURANK_RATE_RATER_H
#define NEURANK_RATE_RATER_H

#include "neurank/nn/kernels.h"
#include "neurank/rate/rate.h"
#include "neurank/run/load.h"
#include "neurank/store/store.h"

enum { NR_RATER_LINE = 160 };

typedef struct {
    void *self;
    size_t n_told, n_sums;
    /* Rank 0: the words of the rating's next step. */
    void (*tell)(void *self, const nr_rating *rating, uint64_t *told);
    /* Every rank: adds its part. */
    nr_status (*work)(void *self, const uint64_t *told, int rank, int size,
                      int64_t *sums);
    /* Rank 0: the rating goes on by one step; sets ended_by when it is done. */
    nr_status (*take)(void *self, nr_rating *rating, const uint64_t *told,
                      const int64_t *sums);
    /* Rank 0: how far it is, in words; returns the part that is done, NAN if nobody
     * knows. */
    double (*describe)(void *self, const nr_rating *rating, char line[NR_RATER_LINE]);
    void (*free)(void *self);
} nr_rater;

void nr_rater_free(nr_rater *rater);

/* The layer of a command, the same on every rank. */
typedef struct {
    const nr_inputs *inputs;
    const nr_rate_request *request;
    const nr_switch_request *of_switch;     /* the one of these that is asked for */
    const nr_baseline_request *of_baseline; /* the other is NULL */
    const nr_kernels *kernels;
    uint32_t node;
    const char *name; /* in the graph */
    size_t n;         /* filters */
} nr_rated_layer;

/* switch_rater.c */
nr_status nr_switch_rater_new(const nr_rated_layer *layer, nr_rater *out);
/* Its rating with nothing done, with the goal of the request. */
nr_status nr_switch_rating(const nr_rated_layer *layer, nr_rating *out);
/* The request's goal for a rating that may have reached another one; true if it says
 * something else now. */
bool nr_switch_adopt_goal(const nr_rated_layer *layer, nr_rating *rating);

/* baseline_rater.c */
nr_status nr_baseline_rater_new(const nr_rated_layer *layer, nr_rater *out);
nr_status nr_baseline_rating(const nr_rated_layer *layer, nr_rating *out);

/* What both plans say; texts are the layer's. */
nr_rating_plan nr_rated_plan(const nr_rated_layer *layer);

#endif
