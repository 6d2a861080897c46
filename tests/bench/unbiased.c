#include "unbiased.h"

#include <math.h>

#include "neurank/base/clock.h"
#include "neurank/sched/local.h"

enum { SEEDS = 4 };

typedef struct {
    double variance, evaluations, seconds;
} sweep;

static nr_status play(nr_game *game, uint64_t seed, bool odd, sweep *out) {
    nr_local run = {.seed = seed, .confidence = 0.95, .goal.sweeps = 1, .odd = odd};
    nr_results *r;
    double start = nr_clock_s();
    NR_TRY(nr_local_play(game, &run, &r, NULL));
    *out = (sweep){.evaluations = (double)r->coalition_images,
                   .seconds = nr_clock_s() - start};
    for (size_t i = 0; i < r->n; i++)
        out->variance += r->std_error[i] * r->std_error[i];
    nr_results_free(r);
    return NR_OK;
}

nr_status unbiased_compare(nr_game *game, unbiased_ratio *out) {
    double ratios[SEEDS], square = 0, seconds[2] = {0}, evaluations[2] = {0};
    *out = (unbiased_ratio){0};
    for (uint64_t k = 0; k < SEEDS; k++) {
        sweep pairs, odd;
        NR_TRY(play(game, k + 1, false, &pairs));
        NR_TRY(play(game, k + 1, true, &odd));
        ratios[k] = odd.variance / pairs.variance;
        out->variance += ratios[k] / SEEDS;
        seconds[0] += pairs.seconds;
        seconds[1] += odd.seconds;
        evaluations[0] += pairs.evaluations;
        evaluations[1] += odd.evaluations;
    }
    for (int k = 0; k < SEEDS; k++) square += pow(ratios[k] - out->variance, 2);
    out->error = sqrt(square / (SEEDS - 1) / SEEDS);
    out->evaluations = evaluations[1] / evaluations[0];
    out->time = seconds[1] / seconds[0];
    return NR_OK;
}
