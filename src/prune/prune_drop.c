/* The smallest network within a drop of accuracy.
 *
 * One group of filters: halving over their number. Several: layers are not equally
 * sensitive, so first each is shortened alone, to some of its lengths, and it is
 * measured how far the network's answers move: the mean Kullback-Leibler divergence
 * from what it said before. A limit on what each may move them alone then says how many
 * filters of every group stay, and halving finds the largest limit at which the
 * accuracy of all together is within the drop. Ranks say which filters of a group go,
 * measurements how many.
 *
 * Weighed: one fraction for all (a network is then as short as its most sensitive layer
 * bears); the share of a layer's positive value (Shapley values are a mean over
 * coalitions of all sizes and say little of the last few filters: LeNet lost 10% of its
 * accuracy with the negative ones); the rise of the loss in place of the divergence (a
 * layer that makes the network less sure lowers it, and looks free: vgg16s lost 3% by
 * what had lowered the loss alone). */
#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/run/steps.h"
#include "prune_run.h"

/* Parts of a group that are tried. */
static const double parts[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
enum { PARTS = sizeof parts / sizeof *parts, HALVINGS = 16 };
/* Nats by which a group may move the answers alone. */
static const double limit_min = 1e-6, limit_max = 4;

typedef struct {
    nr_pruning *p;
    size_t n;       /* groups */
    size_t *kept;   /* [n] bundles of each that stay */
    double *moved;  /* [n, PARTS] divergence with that part of a group alone */
    size_t classes; /* of the logits [images, classes] */
    float *whole, *masked;
} search;

static size_t size_of(const search *s, size_t group) {
    return nr_choice_group_size(s->p->choice, group);
}

static size_t length_of(const search *s, size_t group, size_t part) {
    double length = floor(parts[part] * (double)size_of(s, group) + 0.5);
    return length < 1 ? 1 : (size_t)length;
}

static nr_status choose_kept(const search *s) {
    nr_keep_rule rule = {.kind = NR_KEEP_GROUPS, .each = s->kept};
    return nr_choice_make(s->p->choice, &rule, s->p->off);
}

static nr_status is_within(const search *s, bool *out) {
    nr_network_facts facts;
    NR_TRY(choose_kept(s));
    NR_TRY(nr_prune_masked(s->p, s->masked, &facts));
    *out = facts.accuracy >= s->p->before.accuracy - s->p->request->max_drop;
    return NR_OK;
}

/* ---- divergence ---- */

static double log_sum_exp(const float *x, size_t n) {
    double largest = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > largest) largest = x[i];
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - largest);
    return largest + log(sum);
}

static double divergence(const float *p, const float *q, size_t n) {
    double p_norm = log_sum_exp(p, n), q_norm = log_sum_exp(q, n), sum = 0;
    for (size_t i = 0; i < n; i++) {
        double log_p = p[i] - p_norm;
        sum += exp(log_p) * (log_p - (q[i] - q_norm));
    }
    return sum;
}

static nr_status measure(const search *s, double *out) {
    nr_network_facts facts;
    size_t images = nr_images_count(s->p->images);
    NR_TRY(choose_kept(s));
    NR_TRY(nr_prune_masked(s->p, s->masked, &facts));
    *out = 0;
    for (size_t i = 0; i < images; i++)
        *out += divergence(s->whole + i * s->classes, s->masked + i * s->classes,
                           s->classes) /
                (double)images;
    return NR_OK;
}

/* ---- one group ---- */

static nr_status search_one(const search *s) {
    size_t low = 0, high = size_of(s, 0); /* low: not within; high: within */
    while (low + 1 < high) {
        bool within;
        s->kept[0] = low + (high - low) / 2;
        NR_TRY(is_within(s, &within));
        if (within) high = s->kept[0];
        else low = s->kept[0];
    }
    s->kept[0] = high;
    return NR_OK;
}

/* ---- several ---- */

static nr_status measure_alone(const search *s) {
    nr_steps steps;
    nr_status status = NR_OK;
    nr_steps_begin(&steps, "layers alone", s->n * PARTS);
    for (size_t g = 0; g < s->n; g++)
        for (size_t k = 0; k < PARTS && status == NR_OK; k++) {
            for (size_t i = 0; i < s->n; i++) s->kept[i] = size_of(s, i);
            s->kept[g] = length_of(s, g, k);
            status = measure(s, &s->moved[g * PARTS + k]);
            nr_steps_next(&steps, nr_choice_group_name(s->p->choice, g));
        }
    nr_steps_end(&steps);
    return status;
}

/* The shortest length, if no longer one moves the answers by more than the limit. */
static void choose_under(const search *s, double limit) {
    for (size_t g = 0; g < s->n; g++) {
        s->kept[g] = size_of(s, g);
        for (size_t k = PARTS; k-- > 0 && s->moved[g * PARTS + k] <= limit;)
            s->kept[g] = length_of(s, g, k);
    }
}

static nr_status search_several(const search *s) {
    double low = limit_min, high = limit_max;
    bool within;
    for (size_t i = 0; i < s->n; i++) s->kept[i] = size_of(s, i);
    NR_TRY(choose_kept(s));
    nr_network_facts facts;
    NR_TRY(nr_prune_masked(s->p, s->whole, &facts));
    NR_TRY(measure_alone(s));
    choose_under(s, high);
    NR_TRY(is_within(s, &within));
    if (within) return NR_OK;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = sqrt(low * high);
        choose_under(s, middle);
        NR_TRY(is_within(s, &within));
        if (within) low = middle;
        else high = middle;
    }
    choose_under(s, low > limit_min ? low : -1);
    return NR_OK;
}

nr_status nr_prune_by_drop(nr_pruning *p) {
    nr_network network = {.graph = p->graph};
    search s = {.p = p,
                .n = nr_choice_groups(p->choice),
                .classes = nr_network_classes(&network)};
    size_t logits = nr_size_mul(nr_images_count(p->images), s.classes);
    s.whole = nr_new_floats(logits);
    s.masked = nr_new_floats(logits);
    nr_status status = s.whole && s.masked && NR_NEW(s.kept, s.n) &&
                               NR_NEW(s.moved, nr_size_mul(s.n, PARTS))
                           ? NR_OK
                           : NR_ERR_INTERNAL;
    if (status == NR_OK) status = s.n == 1 ? search_one(&s) : search_several(&s);
    if (status == NR_OK) status = choose_kept(&s);
    free(s.kept);
    free(s.moved);
    free(s.whole);
    free(s.masked);
    return status;
}
