/* The ledger's insides, for the code that adds units and the code that stores them. */
#ifndef NEURANK_ESTIM_FOLD_PRIVATE_H
#define NEURANK_ESTIM_FOLD_PRIVATE_H

#include "neurank/estim/fold.h"

typedef struct {
    uint64_t sweep, n_done;
    uint8_t *done; /* [units_per_sweep] */
    nr_tally *tally;
} nr_open_sweep;

/* A block of an exact run of which pieces are missing. */
typedef struct {
    uint64_t block, n_done;
    nr_wide *shapley; /* [n_players] */
} nr_begun_block;

struct nr_fold {
    nr_fold_spec spec;
    uint64_t *lane_sweeps; /* [n_lanes] complete ones; sweep s is of lane s % n_lanes */
    size_t n_lanes;
    uint64_t complete;                    /* sweeps of all lanes */
    nr_tally *tally;                      /* of the complete sweeps */
    nr_tally *stages[NR_FOLD_STAGES_MAX]; /* [n_stages] what they are the sum of */
    size_t n_stages;
    nr_tally *incoming;  /* scratch */
    nr_open_sweep *open; /* ascending */
    size_t n_open, capacity;
    nr_begun_block *begun; /* ascending */
    size_t n_begun, begun_capacity;
    nr_fold_judge *judge;
    void *judge_self;
    bool ended;
};

nr_open_sweep *nr_fold_find_open(const nr_fold *fold, uint64_t sweep);
/* Makes room for a sweep at its place in the order. */
nr_status nr_fold_new_open(nr_fold *fold, uint64_t sweep, nr_open_sweep **out);
void nr_fold_drop_open(nr_fold *fold);
/* The place of a begun block in `begun`; made if it is not there. */
nr_status nr_fold_take_begun(nr_fold *fold, uint64_t block, size_t *out);
/* Moves sweeps that are whole, in order, into the complete ones. */
nr_status nr_fold_close_sweeps(nr_fold *fold);

/* Of the lowest file, fold_stages.c: says that a sum does not fit. */
nr_status nr_fold_out_of_range(void);
/* The stage that a sweep belongs to. */
size_t nr_fold_stage_of(uint64_t sweep);
/* A sweep is complete. */
nr_status nr_fold_add_to_stage(nr_fold *fold, uint64_t sweep, const nr_tally *tally);
/* `to` gets the stages of `from`; or adds them to its own. */
nr_status nr_fold_copy_stages(const nr_fold *from, nr_fold *to);
nr_status nr_fold_join_stages(nr_fold *to, const nr_fold *from);
void nr_fold_free_stages(nr_fold *fold);

#endif
