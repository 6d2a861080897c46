#include "neurank/estim/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;
__extension__ typedef __float128
    quad; /* 113 bits: differences of large sums are safe */

struct nr_tally {
    size_t n;
    wide *sum, *within, *within2, *odd, *total; /* [n] */
    uint64_t *largest;                          /* [n] */
    uint64_t visits, images, coalition_images;
    wide full, empty; /* sums of block values */
};

static const double quantum = 1.0 / (double)(UINT64_C(1) << NR_QUANTUM_BITS);

enum { ROWS = 5 };

nr_status nr_tally_new(size_t n_players, nr_tally **out) {
    nr_tally *tally;
    if (!NR_NEW(tally, 1)) return NR_ERR_INTERNAL;
    tally->n = n_players;
    if (!NR_NEW(tally->sum, nr_size_mul(ROWS, n_players)) ||
        !NR_NEW(tally->largest, n_players)) {
        nr_tally_free(tally);
        return NR_ERR_INTERNAL;
    }
    tally->within = tally->sum + n_players;
    tally->within2 = tally->within + n_players;
    tally->odd = tally->within2 + n_players;
    tally->total = tally->odd + n_players;
    *out = tally;
    return NR_OK;
}

void nr_tally_free(nr_tally *tally) {
    if (!tally) return;
    free(tally->sum);
    free(tally->largest);
    free(tally);
}

void nr_tally_clear(nr_tally *tally) {
    memset(tally->sum, 0, ROWS * tally->n * sizeof *tally->sum);
    memset(tally->largest, 0, tally->n * sizeof *tally->largest);
    tally->visits = tally->images = tally->coalition_images = 0;
    tally->full = tally->empty = 0;
}

size_t nr_tally_players(const nr_tally *tally) {
    return tally->n;
}

static bool add(wide *sum, wide term) {
    return !__builtin_add_overflow(*sum, term, sum);
}

/* The square of a difference below 2^63, itself below 2^126. */
static wide square(int64_t a) {
    return (wide)a * a;
}

/* Fourth power in units of 2^-72: the square in units of 2^-36, squared. */
static bool fourth(wide square_, wide *out) {
    wide shifted = square_ >> NR_QUANTUM_BITS;
    if (shifted > INT64_MAX) return false;
    *out = shifted * shifted;
    return true;
}

static bool add_player(nr_tally *t, const nr_visit *v, size_t i) {
    int64_t p[2], q[2], p_sum, p_difference, q_difference;
    wide power;
    for (int j = 0; j < 2; j++)
        if (__builtin_add_overflow(v->forward[j][i], v->reverse[j][i], &p[j]) ||
            __builtin_sub_overflow(v->forward[j][i], v->reverse[j][i], &q[j]))
            return false;
    if (__builtin_add_overflow(p[0], p[1], &p_sum) ||
        __builtin_sub_overflow(p[0], p[1], &p_difference) ||
        __builtin_sub_overflow(q[0], q[1], &q_difference))
        return false;
    if (!fourth(square(p_difference), &power)) return false;
    uint64_t size = (uint64_t)(p_difference < 0 ? -p_difference : p_difference);
    if (size > t->largest[i]) t->largest[i] = size;
    return add(&t->sum[i], p_sum) && add(&t->within[i], square(p_difference)) &&
           add(&t->within2[i], power) && add(&t->odd[i], square(q_difference)) &&
           add(&t->total[i], square(p_sum));
}

bool nr_tally_add(nr_tally *tally, const nr_visit *visit) {
    bool good =
        add(&tally->full, visit->value_full) && add(&tally->empty, visit->value_empty);
    for (size_t i = 0; i < tally->n && good; i++) good = add_player(tally, visit, i);
    tally->visits++;
    tally->images += visit->images;
    tally->coalition_images += visit->coalition_images;
    return good;
}

bool nr_tally_merge(nr_tally *into, const nr_tally *from) {
    NR_ASSERT(into->n == from->n);
    bool good = add(&into->full, from->full) && add(&into->empty, from->empty);
    for (size_t k = 0; k < ROWS * into->n && good; k++)
        good = add(&into->sum[k], from->sum[k]);
    for (size_t i = 0; i < into->n; i++)
        if (from->largest[i] > into->largest[i]) into->largest[i] = from->largest[i];
    into->visits += from->visits;
    into->images += from->images;
    into->coalition_images += from->coalition_images;
    return good;
}

/* ---- words ---- */

size_t nr_tally_words(size_t n_players) {
    return nr_size_add(nr_size_mul(NR_TALLY_WORDS, n_players), NR_TALLY_COUNTS);
}

static uint64_t low(wide value) {
    return (uint64_t)(uwide)value;
}
static uint64_t high(wide value) {
    return (uint64_t)((uwide)value >> 64);
}
static wide join(uint64_t low_word, uint64_t high_word) {
    return (wide)((uwide)high_word << 64 | low_word);
}

void nr_tally_encode(const nr_tally *tally, uint64_t *words) {
    size_t n = tally->n;
    uint64_t *counts = words + NR_TALLY_WORDS * n;
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = 0; i < n; i++) {
            words[2 * row * n + i] = low(tally->sum[row * n + i]);
            words[(2 * row + 1) * n + i] = high(tally->sum[row * n + i]);
        }
    memcpy(words + 2 * (size_t)ROWS * n, tally->largest, n * sizeof *words);
    counts[0] = tally->visits;
    counts[1] = tally->images;
    counts[2] = tally->coalition_images;
    counts[3] = low(tally->full);
    counts[4] = high(tally->full);
    counts[5] = low(tally->empty);
    counts[6] = high(tally->empty);
}

void nr_tally_decode(nr_tally *tally, const uint64_t *words) {
    size_t n = tally->n;
    const uint64_t *counts = words + NR_TALLY_WORDS * n;
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = 0; i < n; i++)
            tally->sum[row * n + i] =
                join(words[2 * row * n + i], words[(2 * row + 1) * n + i]);
    memcpy(tally->largest, words + 2 * (size_t)ROWS * n, n * sizeof *words);
    tally->visits = counts[0];
    tally->images = counts[1];
    tally->coalition_images = counts[2];
    tally->full = join(counts[3], counts[4]);
    tally->empty = join(counts[5], counts[6]);
}

/* ---- reading ---- */

uint64_t nr_tally_visits(const nr_tally *tally) {
    return tally->visits;
}
uint64_t nr_tally_images(const nr_tally *tally) {
    return tally->images;
}
uint64_t nr_tally_coalition_images(const nr_tally *tally) {
    return tally->coalition_images;
}

static double mean_value(const nr_tally *tally, wide sum) {
    return tally->images ? (double)((quad)sum * quantum / (quad)tally->images) : NAN;
}

double nr_tally_value_full(const nr_tally *tally) {
    return mean_value(tally, tally->full);
}
double nr_tally_value_empty(const nr_tally *tally) {
    return mean_value(tally, tally->empty);
}

bool nr_tally_telescopes(const nr_tally *tally) {
    wide sum = 0, ends;
    for (size_t i = 0; i < tally->n; i++)
        if (!add(&sum, tally->sum[i])) return false;
    /* two pairs, two walks each */
    return !__builtin_sub_overflow(tally->full, tally->empty, &ends) &&
           !__builtin_mul_overflow(ends, (wide)4, &ends) && sum == ends;
}

nr_player_estimate nr_tally_estimate(const nr_tally *tally, size_t player,
                                     uint64_t sweeps) {
    nr_player_estimate e = {.shapley = NAN, .variance = NAN, .population = NAN};
    if (tally->visits == 0) return e;
    quad images = (quad)tally->images, visits = (quad)tally->visits;
    quad sum = (quad)tally->sum[player], within = (quad)tally->within[player];
    quad total = (quad)tally->total[player], odd = (quad)tally->odd[player];
    quad scale = (quad)quantum / images;
    /* A visit contributes (p_0 + p_1)/4, whose variance (p_0 - p_1)^2/16 estimates. */
    e.shapley = (double)(sum / 4 * scale);
    e.variance = (double)(within / 16 * scale * scale);
    e.dead = total == 0 && within == 0 && odd == 0;
    /* Satterthwaite: each visit has one degree of freedom, and E[x^4] = 3 sigma^4. */
    quad within2 = (quad)tally->within2[player]; /* in units of 2^-72 */
    quad fine = within * quantum * quantum, fine2 = within2 * quantum * quantum;
    /* Squares below 2^-36 leave no trace in within2: then nothing is claimed. */
    double none = within > 0 ? 1 : (double)visits;
    e.freedom = fine2 > 0 ? (double)(3 * fine * fine / fine2) : none;
    if (e.freedom > (double)visits) e.freedom = (double)visits;
    if (e.freedom < 1) e.freedom = 1;
    e.antithetic = within + odd > 0 ? (double)(2 * within / (within + odd)) : NAN;
    quad largest = (quad)tally->largest[player];
    e.largest_share = within > 0 ? (double)(largest * largest / within) : 0;
    /* With B blocks visited S times each, the sample variance over all S B visits is on
     * average (variance of one visit) + (variance between blocks) S (B - 1) / (S B -
     * 1). */
    quad blocks = visits / (quad)sweeps;
    if (blocks > 1) {
        quad per_visit = within / 16 / visits;
        quad spread = (total - sum * sum / visits) / 16 / (visits - 1);
        quad excess = spread > per_visit ? spread - per_visit : 0;
        quad between = excess * (visits - 1) / ((quad)sweeps * (blocks - 1));
        quad mean_variance = between / blocks + per_visit / visits;
        e.population = (double)(mean_variance * visits * visits * scale * scale);
    }
    return e;
}
