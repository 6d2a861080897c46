#include "neurank/estim/agreement.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"

enum { MEASURES = NR_AGREEMENT_MEASURES, REPLICATES = NR_AGREEMENT_REPLICATES };
/* Uses of a replicate's random numbers. */
enum { COMPONENT, TRUTH, ESTIMATE, OTHER_ESTIMATE, SEEN };
/* Of an estimate with its truth: what is less cannot be corrected for. */
static const double least_agreement = 0.1;

typedef struct {
    const nr_agreement_spec *spec;
    double *first, *second, *third; /* [n] */
    double seen[MEASURES][REPLICATES];
} workspace;

static void measure(const nr_agreement_spec *s, const double *a, const double *b,
                    double out[MEASURES]) {
    out[NR_SPEARMAN] = nr_spearman(s->n, a, b);
    out[NR_KENDALL] = nr_kendall(s->n, a, b);
    out[NR_OVERLAP] = s->k > 0 ? nr_top_overlap(s->n, s->k, a, b) : (double)NAN;
}

static nr_status workspace_new(const nr_agreement_spec *spec, workspace **out) {
    workspace *w;
    if (!NR_NEW(w, 1)) return NR_ERR_INTERNAL;
    w->spec = spec;
    if (!NR_NEW(w->first, nr_size_mul(3, spec->n))) {
        free(w);
        return NR_ERR_INTERNAL;
    }
    w->second = w->first + spec->n;
    w->third = w->second + spec->n;
    *out = w;
    return NR_OK;
}

static void workspace_free(workspace *w) {
    free(w->first);
    free(w);
}

static nr_stream stream_of(const workspace *w, const nr_scores *s) {
    return nr_stream_make(w->spec->seed, "agreement", s->number);
}

/* values plus errors */
static void perturb(const workspace *w, const nr_scores *s, const double *values,
                    size_t replicate, uint32_t use, double *out) {
    nr_stream stream = stream_of(w, s);
    memcpy(out, values, w->spec->n * sizeof *out);
    for (size_t i = 0; i < w->spec->n && s->std_error; i++) {
        double u[2];
        nr_stream_uniforms(stream, (uint32_t)replicate, (uint32_t)i, use, 0, u);
        out[i] += s->std_error[i] * nr_normal(u);
    }
}

static int ascending(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* ---- values as they may be without errors ---- */

/* The values' distribution without errors: a mixture of normals around quantiles of
 * the estimates, whose weights are fitted by EM to all estimates with their errors
 * (empirical Bayes; Stephens 2017 uses such a mixture). A few steps: more of them
 * gather the weights at few places, and repeats then look less alike than they are. */
enum { COMPONENTS = 40, EM_STEPS = 5 };

typedef struct {
    size_t n;
    double centre[COMPONENTS], width[COMPONENTS], weight[COMPONENTS];
} mixture;

static void place_components(size_t n, const double *sorted, mixture *m) {
    m->n = n < COMPONENTS ? n : COMPONENTS;
    for (size_t k = 0; k < m->n; k++) {
        double at = ((double)k + 0.5) / (double)m->n * (double)n - 0.5;
        size_t i = at < (double)(n - 1) ? (size_t)at : n - 1;
        size_t next = i + 1 < n ? i + 1 : i;
        m->centre[k] = sorted[i] + (at - (double)i) * (sorted[next] - sorted[i]);
        m->weight[k] = 1 / (double)m->n;
    }
    for (size_t k = 0; k < m->n; k++) {
        double below = m->centre[k > 0 ? k - 1 : k];
        double above = m->centre[k + 1 < m->n ? k + 1 : k];
        m->width[k] = (above - below) / 2;
    }
}

/* How well component k explains an estimate x with error e: a density. */
static double density(const mixture *m, size_t k, double x, double e) {
    double variance = m->width[k] * m->width[k] + e * e, d = x - m->centre[k];
    return variance > 0 ? exp(-d * d / (2 * variance)) / sqrt(variance) : d == 0;
}

static double shares_of(const mixture *m, double x, double e,
                        double share[COMPONENTS]) {
    double sum = 0;
    for (size_t k = 0; k < m->n; k++)
        sum += share[k] = m->weight[k] * density(m, k, x, e);
    return sum;
}

static void fit(const workspace *w, const nr_scores *s, mixture *m) {
    size_t n = w->spec->n;
    memcpy(w->first, s->values, n * sizeof *w->first);
    qsort(w->first, n, sizeof *w->first, ascending);
    place_components(n, w->first, m);
    for (int step = 0; step < EM_STEPS; step++) {
        double share[COMPONENTS], total[COMPONENTS] = {0};
        for (size_t i = 0; i < n; i++) {
            double sum = shares_of(m, s->values[i], s->std_error[i], share);
            for (size_t k = 0; k < m->n && sum > 0; k++) total[k] += share[k] / sum;
        }
        for (size_t k = 0; k < m->n; k++) m->weight[k] = total[k] / (double)n;
    }
}

/* A draw of every value from what the mixture and its estimate say of it. */
static void draw_truth(const workspace *w, const nr_scores *s, const mixture *m,
                       size_t replicate, double *out) {
    nr_stream stream = stream_of(w, s);
    for (size_t i = 0; i < w->spec->n; i++) {
        double share[COMPONENTS], x = s->values[i], e = s->std_error[i];
        double chosen[2], normal[2], sum = shares_of(m, x, e, share);
        nr_stream_uniforms(stream, (uint32_t)replicate, (uint32_t)i, COMPONENT, 0,
                           chosen);
        nr_stream_uniforms(stream, (uint32_t)replicate, (uint32_t)i, TRUTH, 0, normal);
        double left = sum * chosen[0];
        size_t k = 0;
        while (k + 1 < m->n && left >= share[k]) left -= share[k++];
        double h2 = m->width[k] * m->width[k], e2 = e * e;
        double part = h2 + e2 > 0 ? h2 / (h2 + e2) : 1;
        out[i] = sum > 0 ? m->centre[k] + part * (x - m->centre[k]) +
                               sqrt(part * e2) * nr_normal(normal)
                         : x;
    }
}

static void quantiles(double *values, double confidence, double *low, double *high) {
    qsort(values, REPLICATES, sizeof *values, ascending);
    size_t tail = (size_t)((1 - confidence) / 2 * REPLICATES);
    *low = values[tail];
    *high = values[REPLICATES - 1 - tail];
}

static nr_bounds bounds(double value, double low, double high) {
    return isnan(value) ? (nr_bounds){NAN, NAN, NAN}
                        : (nr_bounds){value, fmin(low, value), fmax(high, value)};
}

nr_status nr_agreement_repeat(const nr_agreement_spec *spec, nr_scores *scores,
                              double floor[NR_AGREEMENT_MEASURES]) {
    workspace *w;
    mixture m = {0};
    size_t replicates = scores->std_error ? REPLICATES : 1;
    NR_TRY(workspace_new(spec, &w));
    for (int k = 0; k < MEASURES; k++) scores->with_truth[k] = floor[k] = 0;
    if (scores->std_error) fit(w, scores, &m);
    for (size_t r = 0; r < replicates; r++) {
        double truth[MEASURES], twice[MEASURES];
        if (scores->std_error) draw_truth(w, scores, &m, r, w->first);
        else memcpy(w->first, scores->values, spec->n * sizeof *w->first);
        perturb(w, scores, w->first, r, ESTIMATE, w->second);
        perturb(w, scores, w->first, r, OTHER_ESTIMATE, w->third);
        measure(spec, w->first, w->second, truth);
        measure(spec, w->second, w->third, twice);
        for (int k = 0; k < MEASURES; k++) {
            scores->with_truth[k] += truth[k] / (double)replicates;
            floor[k] += twice[k] / (double)replicates;
        }
    }
    workspace_free(w);
    return NR_OK;
}

/* An end that lies away from chance is moved away from it. */
static double correct(double end, double chance, double reliability, bool upper) {
    double beyond = (end - chance) / (1 - chance);
    bool moves = upper ? beyond > 0 : beyond < 0;
    if (!moves || chance >= 1) return end;
    beyond /= reliability * reliability;
    return fmin(1, fmax(chance > 0 ? 0 : -1, chance + beyond * (1 - chance)));
}

/* What is left of an agreement that both rankings' errors take their part from. */
static double reliability_of(double a, double b, double chance) {
    double both = (a - chance) * (b - chance) / ((1 - chance) * (1 - chance));
    return chance < 1 ? fmin(1, fmax(both, least_agreement)) : 1;
}

nr_status nr_agreement_find(const nr_agreement_spec *spec, const nr_scores *a,
                            const nr_scores *b, nr_agreement *out) {
    workspace *w;
    double value[MEASURES];
    bool exact = !a->std_error && !b->std_error;
    measure(spec, a->values, b->values, value);
    for (int m = 0; m < MEASURES; m++) out->of[m] = (nr_bounds){value[m], NAN, NAN};
    if (exact) return NR_OK;
    NR_TRY(workspace_new(spec, &w));
    for (size_t r = 0; r < REPLICATES; r++) {
        double now[MEASURES];
        perturb(w, a, a->values, r, SEEN, w->first);
        perturb(w, b, b->values, r, SEEN, w->second);
        measure(spec, w->first, w->second, now);
        for (int m = 0; m < MEASURES; m++) w->seen[m][r] = now[m];
    }
    for (int m = 0; m < MEASURES; m++) {
        double low, high;
        double chance = m == NR_OVERLAP ? (double)spec->k / (double)spec->n : 0;
        double reliability = reliability_of(a->with_truth[m], b->with_truth[m], chance);
        quantiles(w->seen[m], spec->confidence, &low, &high);
        out->of[m] = bounds(value[m], correct(low, chance, reliability, false),
                            correct(high, chance, reliability, true));
    }
    workspace_free(w);
    return NR_OK;
}
