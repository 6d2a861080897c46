/* The importance switch of one layer: steps of gradient ascent. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/stop.h"
#include "neurank/base/text.h"
#include "neurank/nn/graph.h"
#include "neurank/switch/ascent.h"
#include "neurank/switch/batches.h"
#include "neurank/switch/dirichlet.h"
#include "neurank/switch/objective.h"
#include "rater.h"

/* The rule of ascent.h compares periods of whole epochs, of at least this many steps
 * (and of at most 64 epochs, whose sums of likelihoods fit). A period has about this
 * many points of the trace. */
enum { PERIOD_STEPS = 100, PERIOD_EPOCHS_MAX = 64, PERIOD_POINTS = 20 };

typedef struct {
    size_t n, n_images;
    double alpha0;
    bool sgd;
    nr_objective *objective;
    nr_batches *batches;
    size_t steps;  /* of an epoch */
    size_t period; /* steps of a period */
    size_t point;  /* steps of a point of the trace */
    size_t block_images;
    double *phi, *gradient, *prior; /* [n] */
    int64_t *likelihoods;           /* [block_images] */
} context;

static uint64_t draws_of(const nr_switch_request *request) {
    return request->estimator == NR_SWITCH_MEAN ? 0 : request->draws;
}

/* ---- plan ---- */

static nr_rating_plan plan_of(const nr_rated_layer *layer) {
    const nr_switch_request *o = layer->of_switch;
    nr_rating_plan plan = nr_rated_plan(layer);
    plan.of_switch =
        (nr_switch_plan){.estimator = o->estimator,
                         .optimizer = o->optimizer,
                         .scale = o->scale,
                         .draws = draws_of(o),
                         .batch = o->batch,
                         .block_images = nr_batches_block_images(o->batch, draws_of(o)),
                         .alpha0 = o->alpha0,
                         .learning_rate = o->learning_rate};
    return plan;
}

nr_status nr_switch_rating(const nr_rated_layer *layer, nr_rating *out) {
    const nr_rating_plan plan = plan_of(layer);
    NR_TRY(nr_rating_make(NR_RATING_SWITCH, layer->name, &plan, layer->n,
                          nr_images_count(layer->inputs->images), out));
    double *u = out->arrays[NR_SWITCH_U];
    for (size_t j = 0; j < layer->n; j++) u[j] = log(layer->of_switch->alpha0);
    out->counts[NR_SWITCH_EPOCHS] = layer->of_switch->epochs;
    out->numbers[NR_SWITCH_RATE] = layer->of_switch->learning_rate;
    return NR_OK;
}

/* ---- when it is over ---- */

static nr_rule rule_of(const nr_rating *r, uint64_t steps) {
    uint64_t wanted = r->counts[NR_SWITCH_EPOCHS];
    if (r->counts[NR_SWITCH_HALVINGS] >= NR_ASCENT_HALVINGS) return NR_RULE_CONVERGED;
    bool enough = wanted > 0 && r->counts[NR_SWITCH_STEPS] >= wanted * steps;
    return enough ? NR_RULE_EPOCHS : NR_RULE_NONE;
}

bool nr_switch_adopt_goal(const nr_rated_layer *layer, nr_rating *rating) {
    nr_rule before = rating->ended_by;
    uint64_t goal = rating->counts[NR_SWITCH_EPOCHS];
    rating->counts[NR_SWITCH_EPOCHS] = layer->of_switch->epochs;
    rating->ended_by = rule_of(rating, nr_switch_epoch_steps(&rating->plan));
    return before != rating->ended_by || goal != rating->counts[NR_SWITCH_EPOCHS];
}

/* ---- steps ---- */

static void tell(void *self, const nr_rating *rating, uint64_t *told) {
    const context *c = self;
    told[0] = rating->counts[NR_SWITCH_STEPS];
    memcpy(told + 1, rating->arrays[NR_SWITCH_U], c->n * sizeof *told);
}

static void find_phi(const context *c, const void *u) {
    for (size_t j = 0; j < c->n; j++) {
        double value;
        memcpy(&value, (const char *)u + j * sizeof value, sizeof value);
        c->phi[j] = exp(value);
    }
}

/* sums: gradient [n], then the likelihoods of each class' block. */
static nr_status work(void *self, const uint64_t *told, int rank, int size,
                      int64_t *sums) {
    context *c = self;
    double weight = 1 / (double)nr_batches_images(c->batches, told[0]);
    find_phi(c, told + 1);
    for (size_t k = (size_t)rank; k < nr_batches_classes(c->batches);
         k += (size_t)size) {
        size_t block;
        if (!nr_batches_block(c->batches, told[0], k, &block)) continue;
        if (nr_stop_leave()) return NR_STOPPED;
        NR_TRY(nr_objective_block(c->objective, c->phi, (uint32_t)told[0], block,
                                  weight, sums, c->likelihoods));
        memcpy(sums + c->n + k * c->block_images, c->likelihoods,
               nr_objective_images(c->objective, block) * sizeof *sums);
    }
    return NR_OK;
}

/* Adds the batch's likelihoods to the period's; returns the batch's mean. */
static double take_likelihoods(context *c, uint64_t step, const int64_t *likelihoods,
                               int64_t *now) {
    double sum = 0;
    for (size_t k = 0; k < nr_batches_classes(c->batches); k++) {
        size_t block;
        if (!nr_batches_block(c->batches, step, k, &block)) continue;
        for (size_t t = 0; t < nr_objective_images(c->objective, block); t++) {
            int64_t value = likelihoods[k * c->block_images + t];
            now[block * c->block_images + t] += value;
            sum += (double)value;
        }
    }
    return ldexp(sum, -NR_QUANTUM_BITS) / (double)nr_batches_images(c->batches, step);
}

/* Adds one step's numbers to the last point of the trace, or begins a new one. */
static nr_status take_trace(const context *c, nr_rating *r, double likelihood,
                            double divergence) {
    uint64_t step = r->counts[NR_SWITCH_STEPS];
    size_t within = step % c->period % c->point;
    if (within == 0) NR_TRY(nr_rating_add_point(r));
    size_t at = r->n_points - 1;
    uint64_t *steps = r->arrays[NR_SWITCH_TRACE_N];
    double *l = r->arrays[NR_SWITCH_TRACE_L], *d = r->arrays[NR_SWITCH_TRACE_D];
    if (within == 0) l[at] = d[at] = 0;
    steps[at] = step + 1;
    l[at] += (likelihood - l[at]) / (double)(within + 1);
    d[at] += (divergence - d[at]) / (double)(within + 1);
    return NR_OK;
}

static nr_status ascend(const context *c, nr_rating *r, const int64_t *sums) {
    nr_ascent ascent = {.n = c->n,
                        .u = r->arrays[NR_SWITCH_U],
                        .first = r->arrays[NR_SWITCH_FIRST],
                        .second = r->arrays[NR_SWITCH_SECOND],
                        .steps = &r->counts[NR_SWITCH_STEPS],
                        .rate = &r->numbers[NR_SWITCH_RATE],
                        .sgd = c->sgd};
    nr_dirichlet_divergence_gradient(c->n, c->phi, c->alpha0, c->prior);
    for (size_t j = 0; j < c->n; j++)
        c->gradient[j] = ldexp((double)sums[j], -NR_QUANTUM_BITS) -
                         c->prior[j] / (double)c->n_images;
    nr_ascent_step(&ascent, c->gradient);
    for (size_t j = 0; j < c->n; j++)
        NR_REQUIRE(
            fabs(ascent.u[j]) < NR_SWITCH_U_LIMIT, NR_ERR_UNIT,
            "layer \"%s\": the switch diverges: ln phi of filter %zu is %g after "
            "%llu steps; try a smaller --lr than %g",
            r->layer, j, ascent.u[j], (unsigned long long)*ascent.steps, *ascent.rate);
    return NR_OK;
}

/* The end of a period: the rate, and whether that was all. */
static void end_period(const context *c, nr_rating *r) {
    int64_t *now = r->arrays[NR_SWITCH_NOW], *then = r->arrays[NR_SWITCH_THEN];
    double divergence = r->numbers[NR_SWITCH_DIVERGENCE] / (double)c->period;
    size_t whole_epochs = c->period / c->steps;
    double epochs = (double)whole_epochs;
    if (r->counts[NR_SWITCH_STEPS] > c->period) {
        nr_epoch before = {then, epochs * r->numbers[NR_SWITCH_BEFORE]};
        nr_epoch last = {now, epochs * divergence};
        if (!nr_epoch_rose(c->n_images, &before, &last)) {
            r->numbers[NR_SWITCH_RATE] /= 2;
            r->counts[NR_SWITCH_HALVINGS]++;
        }
    }
    memcpy(then, now, c->n_images * sizeof *then);
    memset(now, 0, c->n_images * sizeof *now);
    r->numbers[NR_SWITCH_BEFORE] = divergence;
    r->numbers[NR_SWITCH_DIVERGENCE] = 0;
}

static nr_status take(void *self, nr_rating *rating, const uint64_t *told,
                      const int64_t *sums) {
    context *c = self;
    find_phi(c, told + 1);
    double divergence =
        nr_dirichlet_divergence(c->n, c->phi, c->alpha0) / (double)c->n_images;
    double likelihood =
        take_likelihoods(c, told[0], sums + c->n, rating->arrays[NR_SWITCH_NOW]);
    rating->numbers[NR_SWITCH_DIVERGENCE] += divergence;
    NR_TRY(take_trace(c, rating, likelihood, divergence));
    NR_TRY(ascend(c, rating, sums));
    if (rating->counts[NR_SWITCH_STEPS] % c->period == 0) end_period(c, rating);
    rating->ended_by = rule_of(rating, c->steps);
    return NR_OK;
}

static double describe(void *self, const nr_rating *r, char line[NR_RATER_LINE]) {
    const context *c = self;
    double epoch = (double)r->counts[NR_SWITCH_STEPS] / (double)c->steps;
    double elbo = NAN;
    if (r->n_points > 0) {
        const double *l = r->arrays[NR_SWITCH_TRACE_L],
                     *d = r->arrays[NR_SWITCH_TRACE_D];
        elbo = l[r->n_points - 1] - d[r->n_points - 1];
    }
    snprintf(line, NR_RATER_LINE,
             "epoch %.1f, ELBO %.5f nats an image, rate %.3g (%llu "
             "of %d halvings)",
             epoch, elbo, r->numbers[NR_SWITCH_RATE],
             (unsigned long long)r->counts[NR_SWITCH_HALVINGS], NR_ASCENT_HALVINGS);
    uint64_t wanted = r->counts[NR_SWITCH_EPOCHS];
    return wanted ? epoch / (double)wanted : (double)NAN;
}

/* ---- making ---- */

static void free_context(void *self) {
    context *c = self;
    nr_objective_free(c->objective);
    nr_batches_free(c->batches);
    free(c->phi);
    free(c->gradient);
    free(c->prior);
    free(c->likelihoods);
    free(c);
}

static nr_status fill(const nr_rated_layer *layer, context *c) {
    const nr_switch_request *o = layer->of_switch;
    c->n = layer->n;
    c->n_images = nr_images_count(layer->inputs->images);
    c->alpha0 = o->alpha0;
    c->sgd = o->optimizer == NR_OPTIMIZER_SGD;
    c->block_images = nr_batches_block_images(o->batch, draws_of(o));
    nr_objective_spec spec = {.graph = layer->inputs->graph,
                              .images = layer->inputs->images,
                              .kernels = layer->kernels,
                              .layer = layer->node,
                              .block_images = c->block_images,
                              .draws = draws_of(o),
                              .scaled = o->scale == NR_SCALE_UNIT,
                              .seed = o->rate.in.seed,
                              .memory_bytes = (size_t)o->rate.memory_mib << 20};
    NR_TRY(nr_objective_new(&spec, &c->objective));
    NR_TRY(nr_batches_new(c->n_images, o->batch, c->block_images, o->rate.in.seed,
                          layer->node, &c->batches));
    c->steps = nr_batches_steps(c->batches);
    size_t epochs = (PERIOD_STEPS + c->steps - 1) / c->steps;
    c->period = c->steps * (epochs < PERIOD_EPOCHS_MAX ? epochs : PERIOD_EPOCHS_MAX);
    c->point = c->period < PERIOD_POINTS ? 1 : c->period / PERIOD_POINTS;
    return NR_NEW(c->phi, c->n) && NR_NEW(c->gradient, c->n) &&
                   NR_NEW(c->prior, c->n) && NR_NEW(c->likelihoods, c->block_images)
               ? NR_OK
               : NR_ERR_INTERNAL;
}

nr_status nr_switch_rater_new(const nr_rated_layer *layer, nr_rater *out) {
    context *c;
    if (!NR_NEW(c, 1)) return NR_ERR_INTERNAL;
    nr_status status = fill(layer, c);
    if (status != NR_OK) {
        free_context(c);
        return status;
    }
    *out = (nr_rater){.self = c,
                      .n_told = 1 + c->n,
                      .n_sums = c->n + nr_batches_classes(c->batches) * c->block_images,
                      .tell = tell,
                      .work = work,
                      .take = take,
                      .describe = describe,
                      .free = free_context};
    return NR_OK;
}
