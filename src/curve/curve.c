/* `neurank curve`: a network's accuracy and loss against the number of filters of a
 * layer that are kept, best first, by the order of every method.
 *
 *   load       rank 0 reads model, images and ranks; everybody gets them
 *   measure    layer by layer: each rank takes batches of images, keeps more and more
 *              filters on each, and adds up integers
 *   save       rank 0 writes the file after each layer
 *
 * A layer that the file has already is not measured again, so a run that was stopped
 * goes on with the same line. Everything before the choice of filters is computed once
 * a batch. Integers and fixed batches: the same bits on any number of ranks. */
#include "curve_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/stop.h"
#include "neurank/curve/curve.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/masked.h"
#include "neurank/nn/gemm.h"
#include "neurank/run/hold.h"
#include "neurank/run/load.h"
#include "neurank/run/steps.h"
#include "neurank/run/world_check.h"

/* Of a loss: so many of them fit in a sum. */
static const double loss_unit = 0x1p-24, loss_limit = 1 << 16;
enum { BATCH = 32, BATCHES_BETWEEN_LOOKS = 8 };

typedef struct {
    nr_world *world;
    const nr_curve_request *request;
    nr_inputs inputs;
    const nr_kernels *kernels;
    nr_curve_layer *layers; /* rank 0 */
    size_t n;
    bool same_images;
    nr_curves file; /* rank 0: what is saved */
    nr_hold *hold;
} curve_run;

static bool is_root(const curve_run *run) {
    return nr_world_rank(run->world) == 0;
}

/* ---- what there is to do ---- */

static nr_curve_plan plan_of(const curve_run *run) {
    return (nr_curve_plan){.in = nr_run_inputs(&run->inputs, run->request->in.seed),
                           .ablation = run->request->ablation,
                           .arithmetic = nr_run_arithmetic(run->kernels)};
}

enum { DIFFERENCES = 1024 };

/* A layer that the file has need not be measured again, if it is the same question. */
static nr_status take_layer(const curve_run *run, nr_curve_layer *layer) {
    nr_curve *curve = &layer->curve;
    const nr_curve *old = nr_curves_find(&run->file, curve->layer);
    if (!old) return NR_OK;
    NR_REQUIRE(nr_curve_same_question(old, curve), NR_ERR_MISMATCH,
               "%s: layer \"%s\" has curves of other methods, ranks or points "
               "(--fresh starts over)",
               run->request->output, old->layer);
    size_t bytes = old->n_methods * old->n_points * sizeof *old->loss;
    memcpy(curve->accuracy, old->accuracy, bytes);
    memcpy(curve->loss, old->loss, bytes);
    layer->done = true;
    return NR_OK;
}

static nr_status read_file(curve_run *run, const nr_curve_plan *plan) {
    char differences[DIFFERENCES] = "";
    NR_TRY(nr_curves_read(run->request->output, &run->file));
    nr_plan_differences((nr_plan){&nr_curve_form, &run->file.plan},
                        (nr_plan){&nr_curve_form, plan}, NULL, differences,
                        sizeof differences);
    NR_REQUIRE(!*differences, NR_ERR_MISMATCH,
               "%s: curves of something else: %s (--fresh starts over)",
               run->request->output, differences);
    for (size_t k = 0; k < run->n; k++) NR_TRY(take_layer(run, &run->layers[k]));
    return NR_OK;
}

/* The file's curves, or none. */
static nr_status adopt(void *self, bool there, bool *changed) {
    curve_run *run = self;
    const nr_curve_plan plan = plan_of(run);
    *changed = false;
    nr_curves_clear(&run->file);
    for (size_t k = 0; k < run->n; k++) run->layers[k].done = false;
    if (there && !run->request->fresh) return read_file(run, &plan);
    return nr_plan_copy(&nr_curve_form, &plan, &run->file.plan);
}

static bool is_complete(const void *self) {
    const curve_run *run = self;
    for (size_t k = 0; k < run->n; k++)
        if (!run->layers[k].done) return false;
    return true;
}

/* Curves carry no mark of who wrote them: they are read again. */
static bool is_current(const void *self, bool there) {
    (void)self;
    (void)there;
    return false;
}

static nr_status open_file(curve_run *run, const char *command_line) {
    const nr_curve_request *o = run->request;
    if (!o->output) return NR_OK;
    const char *const inputs[] = {o->in.model, o->in.data};
    const nr_hold_spec spec = {
        .path = o->output, .inputs = inputs, .n_inputs = 2, .fresh = o->fresh};
    const nr_hold_content content = {run, adopt, is_complete, is_current};
    NR_TRY(nr_publish_distinct(o->output, o->stores.items, o->stores.n));
    NR_TRY(nr_hold_open(&spec, &content, &run->hold));
    if (!nr_hold_has_work(run->hold)) return NR_OK;
    return nr_hold_begin(run->hold, command_line, &run->file.history);
}

static nr_status load(curve_run *run, const char *command_line) {
    const nr_curve_request *o = run->request;
    nr_status status = NR_OK;
    NR_TRY(nr_load(run->world, &o->in, o->fresh ? NULL : o->output, &run->inputs,
                   &run->kernels));
    if (is_root(run))
        status = nr_curve_questions(o, &run->inputs, &run->layers, &run->n,
                                    &run->same_images);
    if (status == NR_OK && is_root(run)) status = open_file(run, command_line);
    return nr_world_share(run->world, status);
}

/* ---- one layer, on every rank ---- */

enum { HEAD = 5 }; /* node, n, n_methods, n_points, done */

/* Rank 0's layer k on every rank, without names. */
static nr_status spread_layer(curve_run *run, size_t k, nr_curve_layer *out) {
    uint64_t head[HEAD] = {0};
    if (is_root(run)) {
        const nr_curve_layer *l = &run->layers[k];
        const uint64_t mine[HEAD] = {l->node, l->curve.n, l->curve.n_methods,
                                     l->curve.n_points, l->done};
        memcpy(head, mine, sizeof head);
    }
    nr_world_tell(run->world, head, HEAD);
    *out = (nr_curve_layer){.node = (uint32_t)head[0], .done = head[4] != 0};
    if (out->done) return NR_OK;
    const char *name = nr_graph_text(
        run->inputs.graph, nr_graph_node(run->inputs.graph, out->node)->short_name);
    nr_status status = nr_curve_make(name, (size_t)head[1], (size_t)head[2],
                                     (size_t)head[3], &out->curve);
    NR_TRY(nr_world_share(run->world, status));
    struct {
        uint32_t *to, *from;
        size_t n;
    } arrays[] = {{out->curve.filters, NULL, out->curve.n},
                  {out->curve.kept, NULL, out->curve.n_points},
                  {out->curve.orders, NULL, out->curve.n_methods * out->curve.n}};
    if (is_root(run)) {
        const nr_curve *c = &run->layers[k].curve;
        arrays[0].from = c->filters;
        arrays[1].from = c->kept;
        arrays[2].from = c->orders;
    }
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        void *bytes = arrays[i].from;
        size_t n_bytes = arrays[i].n * sizeof *arrays[i].to;
        NR_TRY(nr_world_broadcast(run->world, &bytes, &n_bytes));
        memcpy(arrays[i].to, bytes, arrays[i].n * sizeof *arrays[i].to);
        if (!is_root(run)) free(bytes);
    }
    return NR_OK;
}

typedef struct {
    const curve_run *run;
    const nr_curve *curve;
    nr_masked *masked;
    uint32_t *place; /* [channels] player of a filter */
    bool *kept;      /* [n] */
    float *logits;   /* [BATCH, classes] */
    float *means;    /* [channels] for the ablation `mean` */
    size_t classes;
    int64_t *sums; /* [2, methods * points] rightly classified, losses */
} player;

static nr_status add_scores(player *p, size_t first, size_t count, size_t cell) {
    double right[BATCH], value[BATCH];
    const uint32_t *labels = nr_images_labels(p->run->inputs.images) + first;
    const nr_kernels *kernels = p->run->kernels;
    size_t cells = p->curve->n_methods * p->curve->n_points;
    nr_score(NR_METRIC_ACCURACY, kernels, count, p->classes, p->logits, labels, right);
    nr_score(NR_METRIC_LOSS, kernels, count, p->classes, p->logits, labels, value);
    for (size_t i = 0; i < count; i++) {
        NR_REQUIRE(fabs(value[i]) < loss_limit, NR_ERR_UNIT,
                   "layer \"%s\": with %u filters by %s the loss of image %u is %g",
                   p->curve->layer, p->curve->kept[cell % p->curve->n_points],
                   p->curve->methods[cell / p->curve->n_points],
                   nr_images_index(p->run->inputs.images, first + i), -value[i]);
        p->sums[cell] += right[i] > 0;
        p->sums[cells + cell] += llrint(-value[i] / loss_unit);
    }
    return NR_OK;
}

static nr_status play_batch(player *p, size_t first, size_t count) {
    const nr_curve *c = p->curve;
    NR_ASSERT(p->kept && p->place);
    nr_masked_open(p->masked, first, count);
    for (size_t m = 0; m < c->n_methods; m++) {
        const uint32_t *order = c->orders + m * c->n;
        memset(p->kept, 0, c->n * sizeof *p->kept);
        for (size_t k = 0, size = 0; k < c->n_points; k++) {
            for (; size < c->kept[k]; size++) p->kept[p->place[order[size]]] = true;
            nr_masked_play(p->masked, p->kept, p->logits);
            NR_TRY(add_scores(p, first, count, m * c->n_points + k));
        }
    }
    return NR_OK;
}

/* Batches in rounds; after each round all know whether somebody wants to stop. */
static nr_status play_all(player *p) {
    size_t total = nr_images_count(p->run->inputs.images);
    size_t batches = (total + BATCH - 1) / BATCH;
    size_t size = (size_t)nr_world_size(p->run->world);
    size_t rank = (size_t)nr_world_rank(p->run->world);
    nr_status mine = NR_OK;
    nr_steps steps;
    nr_steps_begin(&steps, p->curve->layer, batches);
    for (size_t begin = 0; begin < batches; begin += size * BATCHES_BETWEEN_LOOKS) {
        size_t end = begin + size * BATCHES_BETWEEN_LOOKS;
        if (end > batches) end = batches;
        for (size_t b = begin + rank; b < end && mine == NR_OK; b += size) {
            size_t first = b * BATCH;
            mine = play_batch(p, first, total - first < BATCH ? total - first : BATCH);
        }
        if (mine == NR_OK && nr_stop_asked() != NR_STOP_NONE) mine = NR_STOPPED;
        nr_status all = nr_world_share(p->run->world, mine);
        if (all != NR_OK) return all;
        if (rank == 0) nr_steps_to(&steps, end, "");
    }
    nr_steps_end(&steps);
    return NR_OK;
}

static nr_status make_player(player *p, uint32_t node) {
    const nr_inputs *inputs = &p->run->inputs;
    const nr_kernels *kernels = p->run->kernels;
    size_t channels = nr_graph_node(inputs->graph, node)->shape.c;
    size_t cells = nr_size_mul(p->curve->n_methods, p->curve->n_points);
    p->classes = nr_graph_node(inputs->graph, nr_graph_output(inputs->graph))->shape.c;
    p->logits = nr_new_floats(nr_size_mul(BATCH, p->classes));
    p->means = nr_new_floats(channels);
    if (!p->logits || !p->means || !NR_NEW(p->place, channels) ||
        !NR_NEW(p->kept, p->curve->n) || !NR_NEW(p->sums, nr_size_mul(2, cells)))
        return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < p->curve->n; i++) p->place[p->curve->filters[i]] = i;
    nr_filter_spec spec = {.graph = inputs->graph,
                           .images = inputs->images,
                           .kernels = kernels,
                           .layer = node,
                           .ablation = p->run->request->ablation,
                           .channel_means = p->means,
                           .filters = p->curve->filters,
                           .n_players = p->curve->n};
    if (spec.ablation == NR_ABLATE_MEAN) /* every rank by itself */
        NR_TRY(nr_channel_means_find(inputs->graph, inputs->images, kernels, node,
                                     p->means));
    return nr_masked_new(&spec, BATCH, &p->masked);
}

static void free_player(player *p) {
    nr_masked_free(p->masked);
    free(p->place);
    free(p->kept);
    free(p->logits);
    free(p->means);
    free(p->sums);
}

/* ---- layer by layer ---- */

static nr_status save_layer(curve_run *run, nr_curve_layer *layer,
                            const int64_t *sums) {
    nr_curve *c = &layer->curve, copy;
    size_t cells = c->n_methods * c->n_points;
    double images = (double)nr_images_count(run->inputs.images);
    NR_ASSERT(sums);
    for (size_t i = 0; i < cells; i++) {
        c->accuracy[i] = (double)sums[i] / images;
        c->loss[i] = (double)sums[cells + i] * loss_unit / images;
    }
    layer->done = true;
    if (!run->request->output) return NR_OK;
    nr_status status = nr_curve_copy(c, &copy);
    if (status == NR_OK) status = nr_curves_add(&run->file, &copy);
    if (status == NR_OK) return nr_curves_write(run->request->output, &run->file);
    nr_curve_clear(&copy);
    return status;
}

static nr_status measure_layer(curve_run *run, size_t k) {
    nr_curve_layer layer;
    nr_status status = spread_layer(run, k, &layer);
    if (status != NR_OK || layer.done) {
        nr_curve_clear(&layer.curve);
        return status;
    }
    if (is_root(run)) /* for messages */
        memcpy(layer.curve.methods, run->layers[k].curve.methods,
               layer.curve.n_methods * sizeof *layer.curve.methods);
    player p = {.run = run, .curve = &layer.curve};
    status = make_player(&p, layer.node);
    status = nr_world_share(run->world, status);
    if (status == NR_OK) status = play_all(&p);
    if (status == NR_OK) {
        nr_world_add(run->world, p.sums,
                     2 * layer.curve.n_methods * layer.curve.n_points);
        if (is_root(run)) status = save_layer(run, &run->layers[k], p.sums);
        status = nr_world_share(run->world, status);
    }
    free_player(&p);
    nr_curve_clear(&layer.curve);
    return status;
}

static nr_status run_all(curve_run *run, const char *command_line) {
    uint64_t n;
    NR_TRY(nr_world_share(run->world, nr_require_one_world(run->world)));
    NR_TRY(load(run, command_line));
    n = run->n;
    nr_world_tell(run->world, &n, 1);
    for (size_t k = 0; k < n; k++) NR_TRY(measure_layer(run, k));
    nr_status status =
        is_root(run)
            ? nr_curve_print(run->request, run->layers, run->n,
                             nr_images_count(run->inputs.images), run->same_images)
            : NR_OK;
    return nr_world_share(run->world, status);
}

nr_status nr_run_curve(const nr_curve_request *request, const char *command_line) {
    curve_run run = {.request = request};
    nr_stop_install();
    NR_TRY(nr_world_start(&run.world));
    nr_log_set_quiet(!is_root(&run));
    nr_gemm_single_thread();
    nr_status status = run_all(&run, command_line);
    if (status == NR_STOPPED && request->output)
        nr_log(NR_LOG_INFO,
               "stopped early; the same command goes on with the layers that "
               "%s does not have",
               request->output);
    else if (status == NR_STOPPED)
        nr_log(NR_LOG_INFO, "stopped early: no -o, no results");
    for (size_t k = 0; k < run.n; k++) nr_curve_clear(&run.layers[k].curve);
    free(run.layers);
    nr_curves_clear(&run.file);
    nr_hold_free(run.hold);
    nr_inputs_free(&run.inputs);
    nr_world_stop(run.world);
    return status;
}
