/* `neurank curve`: what is left with fewer filters. */
#ifndef NEURANK_CURVE_CURVE_H
#define NEURANK_CURVE_CURVE_H

#include "neurank/base/format.h"
#include "neurank/base/status.h"
#include "neurank/nn/cut.h"
#include "neurank/run/request.h"

typedef struct {
    nr_input_request in;
    nr_paths stores;
    const char *layers, *methods; /* NULL: all */
    nr_ablation ablation;
    uint64_t points;    /* 0: every filter, or about 32 */
    uint64_t random;    /* orders beside those of the methods */
    const char *output; /* NULL: nothing is saved */
    bool fresh;         /* what stands there is not gone on with */
    nr_format format;
} nr_curve_request;

/* As nr_run_shapley, with its failures: any number of ranks, the same bits. NR_STOPPED:
 * layers that are complete are saved, if there is an output. NR_ERR_MISMATCH: the
 * output has curves of something else, or the store is of another model. */
nr_status nr_run_curve(const nr_curve_request *request, const char *command_line);

#endif
