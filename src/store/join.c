/* Shards put together: sums are integers, so the order leaves no trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "store_private.h"

typedef struct {
    const char *const *paths;
    nr_store **stores; /* [n] as read */
    size_t n;
    nr_store *sum;
} joining;

/* ---- do they belong together? ---- */

/* Of the layers' plans but for their shards, which are what differs. */
static void layer_differences(const nr_store_layer *first, const nr_store_layer *other,
                              const char *of, char *text, size_t bytes) {
    nr_layer_plan a = first->plan, b = other->plan; /* texts are theirs */
    a.shard = b.shard = (nr_shard){0};
    nr_plan_differences((nr_plan){&nr_layer_form, &a}, (nr_plan){&nr_layer_form, &b},
                        of, text, bytes);
}

static nr_status match_plans(const joining *j, size_t k) {
    char text[NR_LOG_LINE] = "";
    const nr_store *first = j->stores[0], *other = j->stores[k];
    nr_plan_differences((nr_plan){&nr_run_form, &first->plan},
                        (nr_plan){&nr_run_form, &other->plan}, NULL, text, sizeof text);
    for (size_t i = 0; !*text && i < first->n_layers && i < other->n_layers; i++)
        layer_differences(&first->layers[i], &other->layers[i],
                          first->n_layers > 1 ? first->layers[i].name : NULL, text,
                          sizeof text);
    NR_REQUIRE(!*text && first->n_layers == other->n_layers, NR_ERR_MISMATCH,
               "%s and %s are not of one run: %s (there: the first, here: the second)",
               j->paths[0], j->paths[k], *text ? text : "other layers");
    return NR_OK;
}

static bool same_players(const nr_store_layer *a, const nr_store_layer *b) {
    return strcmp(a->name, b->name) == 0 && a->n_players == b->n_players &&
           memcmp(a->filters, b->filters, a->n_players * sizeof *a->filters) == 0 &&
           !a->images == !b->images &&
           (!a->images || nr_image_rows_same_images(a->images, b->images));
}

static nr_status match_layer(const joining *j, size_t k, const nr_store_layer *a,
                             const nr_store_layer *b) {
    size_t lanes = nr_fold_lanes(a->fold), others = nr_fold_lanes(b->fold);
    NR_REQUIRE(!nr_store_is_exact(a), NR_ERR_MISMATCH,
               "%s: layer \"%s\": an exact run has no shards", j->paths[k], b->name);
    NR_REQUIRE(same_players(a, b), NR_ERR_INPUT,
               "%s: layer \"%s\": its filters or images are not those of its plan",
               j->paths[k], b->name);
    NR_REQUIRE(lanes == others || lanes == 1 || others == 1, NR_ERR_MISMATCH,
               "%s: layer \"%s\" comes from %zu shards, those before it from %zu",
               j->paths[k], b->name, others, lanes);
    return NR_OK;
}

static nr_status match(const joining *j, size_t k) {
    NR_TRY(match_plans(j, k));
    for (size_t i = 0; i < j->sum->n_layers; i++)
        NR_TRY(match_layer(j, k, &j->sum->layers[i], &j->stores[k]->layers[i]));
    return NR_OK;
}

/* The earlier input that has this unit. */
static size_t owner_of(const joining *j, size_t layer, uint64_t unit) {
    size_t k = 0;
    while (!nr_fold_has(j->stores[k]->layers[layer].fold, unit)) k++;
    return k;
}

static nr_status refuse_overlap(const joining *j, size_t k) {
    for (size_t i = 0; i < j->sum->n_layers; i++) {
        const nr_store_layer *layer = &j->sum->layers[i];
        uint64_t unit, units = layer->plan.units.units_per_sweep;
        if (!nr_fold_overlap(layer->fold, j->stores[k]->layers[i].fold, &unit))
            continue;
        return nr_fail(NR_ERR_MISMATCH,
                       "%s and %s overlap: both hold sweep %llu of layer \"%s\"",
                       j->paths[owner_of(j, i, unit)], j->paths[k],
                       (unsigned long long)(unit / units), layer->name);
    }
    return NR_OK;
}

/* ---- the sum ---- */

/* A layer of the first input's plan, of no shard, with nothing done. */
static nr_status begin_layer(const nr_store_layer *from, nr_store_layer *to) {
    NR_TRY(nr_plan_copy(&nr_layer_form, &from->plan, &to->plan));
    to->plan.shard = (nr_shard){0};
    to->n_players = from->n_players;
    to->batch = from->batch;
    if (!(to->name = nr_strdup(from->name)) || !NR_NEW(to->filters, from->n_players))
        return NR_ERR_INTERNAL;
    memcpy(to->filters, from->filters, from->n_players * sizeof *to->filters);
    if (from->images) NR_TRY(nr_image_rows_like(from->images, &to->images));
    return nr_store_layer_make_fold(to);
}

static nr_status begin(joining *j) {
    const nr_store *first = j->stores[0];
    for (size_t k = 0; k < j->n; k++)
        NR_REQUIRE(j->stores[k]->n_layers > 0, NR_ERR_MISMATCH,
                   "%s: holds no Shapley values, so no shard", j->paths[k]);
    NR_TRY(nr_store_new(first->n_layers, &j->sum));
    j->sum->confidence = first->confidence;
    NR_TRY(nr_plan_copy(&nr_run_form, &first->plan, &j->sum->plan));
    for (size_t i = 0; i < first->n_layers; i++)
        NR_TRY(begin_layer(&first->layers[i], &j->sum->layers[i]));
    return NR_OK;
}

static nr_status add_layer(const nr_store_layer *from, nr_store_layer *to) {
    to->seconds += from->seconds;
    if (from->goal.sweeps > to->goal.sweeps) to->goal.sweeps = from->goal.sweeps;
    if (from->sequence_sweeps > to->sequence_sweeps)
        to->sequence_sweeps = from->sequence_sweeps;
    return nr_fold_join(to->fold, from->fold);
}

static nr_status add(joining *j, size_t k) {
    NR_TRY(match(j, k));
    NR_TRY(refuse_overlap(j, k));
    if (*j->stores[k]->history)
        NR_TRY(nr_store_add_history(j->sum, j->stores[k]->history));
    for (size_t i = 0; i < j->sum->n_layers; i++)
        NR_TRY(add_layer(&j->stores[k]->layers[i], &j->sum->layers[i]));
    return NR_OK;
}

/* Complete is what has the goal's sweeps without a gap. */
static void judge(nr_store_layer *layer) {
    bool gaps = nr_fold_lanes(layer->fold) > 1;
    bool enough = layer->goal.sweeps > 0 &&
                  nr_fold_complete_sweeps(layer->fold) >= layer->goal.sweeps;
    layer->ended_by = !gaps && enough ? NR_RULE_SWEEPS : NR_RULE_NONE;
}

/* Values by image go on from the files of all inputs. */
static nr_status take_files(nr_store *from, nr_store *to) {
    while (from->n_files > 0)
        NR_TRY(nr_store_add_file(to, from->files[--from->n_files]));
    return NR_OK;
}

/* Those that one input has, or several: a complete one, else the first. */
static nr_status take_ratings(nr_store *from, nr_store *to) {
    for (size_t i = 0; i < from->n_ratings; i++) {
        nr_rating *r = &from->ratings[i];
        nr_rating *there = nr_store_rating(to, r->layer, r->kind);
        if (there && (nr_rating_is_complete(there) || !nr_rating_is_complete(r)))
            continue;
        if (there) {
            nr_rating other = *there;
            *there = *r;
            *r = other;
            continue;
        }
        NR_TRY(nr_store_add_rating(to, r));
        *r = (nr_rating){.kind = r->kind};
    }
    return NR_OK;
}

static nr_status join(joining *j) {
    for (size_t k = 0; k < j->n; k++) NR_TRY(nr_store_read(j->paths[k], &j->stores[k]));
    NR_TRY(begin(j));
    for (size_t k = 0; k < j->n; k++) NR_TRY(add(j, k));
    for (size_t k = 0; k < j->n; k++) NR_TRY(take_files(j->stores[k], j->sum));
    for (size_t k = 0; k < j->n; k++) NR_TRY(take_ratings(j->stores[k], j->sum));
    for (size_t i = 0; i < j->sum->n_layers; i++) judge(&j->sum->layers[i]);
    return NR_OK;
}

nr_status nr_store_join(const char *const *inputs, size_t n, nr_store **out) {
    joining j = {.paths = inputs, .n = n};
    j.stores = nr_new(n, sizeof(void *));
    if (!j.stores) return NR_ERR_INTERNAL;
    nr_status status = join(&j);
    for (size_t k = 0; k < n; k++) nr_store_free(j.stores[k]);
    free(j.stores);
    if (status == NR_OK) *out = j.sum;
    else nr_store_free(j.sum);
    return status;
}
