#include "neurank/estim/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"

struct nr_tally {
    size_t n;
    nr_wide *sum, *within, *within2, *visit, *odd, *total, *total3, *total4; /* [n] */
    uint64_t *largest, *live;                                                /* [n] */
    uint64_t visits, groups, images, coalition_images;
    nr_wide full, empty; /* sums of block values */
    nr_class_sums *classes;
    /* the visit and the group under way */
    nr_wide *fine;               /* [n] the visit's share of `sum` */
    int64_t *difference, *group; /* [n] p_0 - p_1 of the visit and of the group */
    bool in_group;
};

/* The last rows, total3 and total4, are sums modulo 2^128: see between_freedom. */
enum { ROWS = 8, ROWS_CHECKED = 6 };
/* p_0 + p_1 is four Shapley values in quanta. */
enum { FINE_SHIFT = NR_FINE_BITS - NR_QUANTUM_BITS - 2 };
/* Fourth powers are squares of squares in units of 2^-36. */
enum { FOURTH_SHIFT = 2 * NR_QUANTUM_BITS - 36 };
/* Third and fourth powers of visits are those of their values in units of 2^-18. */
enum { COARSE_SHIFT = NR_QUANTUM_BITS - 18 };

static const double quantum = 1.0 / (double)(UINT64_C(1) << NR_QUANTUM_BITS);

nr_status nr_tally_new(size_t n_players, size_t n_classes, nr_tally **out) {
    nr_tally *tally;
    size_t n = n_players;
    if (!NR_NEW(tally, 1)) return NR_ERR_INTERNAL;
    tally->n = n;
    if (!NR_NEW(tally->sum, nr_size_mul(ROWS, n)) || !NR_NEW(tally->largest, n) ||
        !NR_NEW(tally->live, n) || !NR_NEW(tally->fine, n) ||
        !NR_NEW(tally->difference, n) || !NR_NEW(tally->group, n) ||
        (n_classes && nr_class_sums_new(n, n_classes, &tally->classes) != NR_OK)) {
        nr_tally_free(tally);
        return NR_ERR_INTERNAL;
    }
    nr_wide **rows[ROWS] = {&tally->sum,    &tally->within, &tally->within2,
                            &tally->visit,  &tally->odd,    &tally->total,
                            &tally->total3, &tally->total4};
    for (size_t k = 1; k < ROWS; k++) *rows[k] = tally->sum + k * n;
    *out = tally;
    return NR_OK;
}

void nr_tally_free(nr_tally *tally) {
    if (!tally) return;
    free(tally->sum);
    free(tally->largest);
    free(tally->live);
    free(tally->fine);
    free(tally->difference);
    free(tally->group);
    nr_class_sums_free(tally->classes);
    free(tally);
}

void nr_tally_clear(nr_tally *tally) {
    memset(tally->sum, 0, ROWS * tally->n * sizeof *tally->sum);
    memset(tally->largest, 0, tally->n * sizeof *tally->largest);
    memset(tally->live, 0, tally->n * sizeof *tally->live);
    memset(tally->group, 0, tally->n * sizeof *tally->group);
    tally->visits = tally->groups = tally->images = tally->coalition_images = 0;
    tally->full = tally->empty = 0;
    tally->in_group = false;
    if (tally->classes) nr_class_sums_clear(tally->classes);
}

size_t nr_tally_players(const nr_tally *tally) {
    return tally->n;
}

/* ---- adding ---- */

static nr_wide square(int64_t a) {
    return (nr_wide)a * a;
}

static bool fourth(nr_wide square_, nr_wide *out) {
    nr_wide shifted = square_ >> FOURTH_SHIFT;
    if (shifted > INT64_MAX) return false;
    *out = shifted * shifted;
    return true;
}

static void add_modulo(nr_wide *sum, nr_wide term) {
    *sum = (nr_wide)((nr_uwide)*sum + (nr_uwide)term);
}

/* A visit's four Shapley values, or what stands for them, to the powers of 2, 3, 4. */
static bool add_powers(nr_tally *t, size_t i, int64_t four) {
    nr_wide coarse = ((nr_wide)four + (1 << (COARSE_SHIFT - 1))) >> COARSE_SHIFT;
    nr_uwide squared = (nr_uwide)(coarse * coarse);
    add_modulo(&t->total3[i], (nr_wide)(squared * (nr_uwide)coarse));
    add_modulo(&t->total4[i], (nr_wide)(squared * squared));
    return nr_wide_add(&t->total[i], square(four));
}

static bool add_player(nr_tally *t, const nr_visit *v, size_t i) {
    int64_t p[2], q[2], p_sum, p_difference, q_difference;
    for (int j = 0; j < 2; j++)
        if (__builtin_add_overflow(v->forward[j][i], v->reverse[j][i], &p[j]) ||
            __builtin_sub_overflow(v->forward[j][i], v->reverse[j][i], &q[j]))
            return false;
    if (__builtin_add_overflow(p[0], p[1], &p_sum) ||
        __builtin_sub_overflow(p[0], p[1], &p_difference) ||
        __builtin_sub_overflow(q[0], q[1], &q_difference) ||
        __builtin_add_overflow(t->group[i], p_difference, &t->group[i]))
        return false;
    t->fine[i] = (nr_wide)p_sum * (1 << FINE_SHIFT);
    t->difference[i] = p_difference;
    t->live[i] += !v->live || v->live[i];
    return nr_wide_add(&t->sum[i], t->fine[i]) &&
           nr_wide_add(&t->visit[i], square(p_difference)) &&
           nr_wide_add(&t->odd[i], square(q_difference)) && add_powers(t, i, p_sum);
}

static bool add_class(nr_tally *tally, uint32_t label, uint32_t images,
                      const nr_wide *sum, const int64_t *difference) {
    return !tally->classes ||
           nr_class_sums_add(tally->classes, label, images, sum, difference);
}

bool nr_tally_add(nr_tally *tally, const nr_visit *visit) {
    bool good = nr_wide_add(&tally->full, visit->value_full) &&
                nr_wide_add(&tally->empty, visit->value_empty);
    for (size_t i = 0; i < tally->n && good; i++) good = add_player(tally, visit, i);
    tally->visits++;
    tally->images += visit->images;
    tally->coalition_images += visit->coalition_images;
    tally->in_group = true;
    return good && add_class(tally, visit->label, visit->images, tally->fine,
                             tally->difference);
}

static bool end_group_of(nr_tally *t, size_t i) {
    nr_wide power, squared = square(t->group[i]);
    uint64_t size = t->group[i] < 0 ? -(uint64_t)t->group[i] : (uint64_t)t->group[i];
    if (size > t->largest[i]) t->largest[i] = size;
    t->group[i] = 0;
    return fourth(squared, &power) && nr_wide_add(&t->within[i], squared) &&
           nr_wide_add(&t->within2[i], power);
}

bool nr_tally_end_group(nr_tally *tally) {
    bool good = true;
    if (!tally->in_group) return true;
    for (size_t i = 0; i < tally->n && good; i++) good = end_group_of(tally, i);
    tally->groups++;
    tally->in_group = false;
    return good && (!tally->classes || nr_class_sums_end_group(tally->classes));
}

bool nr_tally_add_share(nr_tally *tally, const nr_share *share) {
    bool first = share->images > 0;
    bool good = true;
    for (size_t i = 0; i < tally->n && good; i++) {
        good = nr_wide_add(&tally->sum[i], share->shapley[i]);
        tally->live[i] += first && (!share->live || share->live[i]);
    }
    if (first)
        good = good && nr_wide_add(&tally->full, share->value_full) &&
               nr_wide_add(&tally->empty, share->value_empty);
    tally->visits += first;
    tally->images += share->images;
    tally->coalition_images += share->coalition_images;
    return good && add_class(tally, share->label, share->images, share->shapley, NULL);
}

bool nr_tally_end_block(nr_tally *tally, const nr_wide *shapley) {
    bool good = true;
    for (size_t i = 0; i < tally->n && good; i++) {
        nr_wide coarse = shapley[i] >> FINE_SHIFT;
        good = coarse >= INT64_MIN && coarse <= INT64_MAX &&
               add_powers(tally, i, (int64_t)coarse);
    }
    return good;
}

bool nr_tally_merge(nr_tally *into, const nr_tally *from) {
    NR_ASSERT(into->n == from->n && !into->in_group && !from->in_group);
    NR_ASSERT(!into->classes || from->classes);
    bool good =
        nr_wide_add(&into->full, from->full) && nr_wide_add(&into->empty, from->empty);
    for (size_t k = 0; k < ROWS_CHECKED * into->n && good; k++)
        good = nr_wide_add(&into->sum[k], from->sum[k]);
    for (size_t k = ROWS_CHECKED * into->n; k < ROWS * into->n; k++)
        add_modulo(&into->sum[k], from->sum[k]);
    for (size_t i = 0; i < into->n; i++) {
        if (from->largest[i] > into->largest[i]) into->largest[i] = from->largest[i];
        into->live[i] += from->live[i];
    }
    into->visits += from->visits;
    into->groups += from->groups;
    into->images += from->images;
    into->coalition_images += from->coalition_images;
    return good &&
           (!into->classes || nr_class_sums_merge(into->classes, from->classes));
}

nr_status nr_tally_copy(const nr_tally *from, nr_tally *to) {
    NR_ASSERT(to->n == from->n && !to->in_group && !from->in_group);
    NR_ASSERT(!to->classes || from->classes);
    memcpy(to->sum, from->sum, ROWS * from->n * sizeof *to->sum);
    memcpy(to->largest, from->largest, from->n * sizeof *to->largest);
    memcpy(to->live, from->live, from->n * sizeof *to->live);
    to->visits = from->visits;
    to->groups = from->groups;
    to->images = from->images;
    to->coalition_images = from->coalition_images;
    to->full = from->full;
    to->empty = from->empty;
    return to->classes ? nr_class_sums_copy(from->classes, to->classes) : NR_OK;
}

/* ---- words ---- */

_Static_assert(NR_TALLY_WORDS == 2 * ROWS + 2, "wide rows, largest, live");

size_t nr_tally_words(size_t n_players, size_t n_classes, size_t n_present) {
    size_t words = nr_size_add(nr_size_mul(NR_TALLY_WORDS, n_players), NR_TALLY_COUNTS);
    if (n_classes == 0) return words;
    return nr_size_add(words, nr_class_sums_words(n_players, n_present));
}

size_t nr_tally_encode_plain(const nr_tally *tally, uint64_t *words) {
    size_t n = tally->n, at = 0;
    NR_ASSERT(!tally->in_group);
    for (size_t row = 0; row < ROWS; row++, at += 2 * n)
        nr_wide_encode(tally->sum + row * n, n, words + at);
    memcpy(words + at, tally->largest, n * sizeof *words);
    memcpy(words + at + n, tally->live, n * sizeof *words);
    at += 2 * n;
    const uint64_t counts[NR_TALLY_COUNTS] = {
        tally->visits,
        tally->groups,
        tally->images,
        tally->coalition_images,
        nr_wide_low(tally->full),
        nr_wide_high(tally->full),
        nr_wide_low(tally->empty),
        nr_wide_high(tally->empty),
    };
    memcpy(words + at, counts, sizeof counts);
    return at + NR_TALLY_COUNTS;
}

size_t nr_tally_encode(const nr_tally *tally, uint64_t *words) {
    size_t at = nr_tally_encode_plain(tally, words);
    return tally->classes ? at + nr_class_sums_encode(tally->classes, words + at) : at;
}

size_t nr_tally_decode(nr_tally *tally, const uint64_t *words, size_t n_words) {
    size_t n = tally->n, at = 0;
    if (n_words < nr_tally_words(n, 0, 0)) return 0;
    nr_tally_clear(tally);
    for (size_t row = 0; row < ROWS; row++, at += 2 * n)
        nr_wide_decode(words + at, n, tally->sum + row * n);
    memcpy(tally->largest, words + at, n * sizeof *words);
    memcpy(tally->live, words + at + n, n * sizeof *words);
    at += 2 * n;
    const uint64_t *counts = words + at;
    tally->visits = counts[0];
    tally->groups = counts[1];
    tally->images = counts[2];
    tally->coalition_images = counts[3];
    tally->full = nr_wide_join(counts[4], counts[5]);
    tally->empty = nr_wide_join(counts[6], counts[7]);
    at += NR_TALLY_COUNTS;
    if (!tally->classes) return at;
    size_t read = nr_class_sums_decode(tally->classes, words + at, n_words - at);
    return read ? at + read : 0;
}

/* ---- reading ---- */

uint64_t nr_tally_visits(const nr_tally *tally) {
    return tally->visits;
}
uint64_t nr_tally_groups(const nr_tally *tally) {
    return tally->groups;
}
uint64_t nr_tally_images(const nr_tally *tally) {
    return tally->images;
}
uint64_t nr_tally_coalition_images(const nr_tally *tally) {
    return tally->coalition_images;
}
const nr_wide *nr_tally_sum(const nr_tally *tally) {
    return tally->sum;
}
nr_class_sums *nr_tally_classes(const nr_tally *tally) {
    return tally->classes;
}

static double mean_value(const nr_tally *tally, nr_wide sum) {
    return tally->images ? (double)((nr_quad)sum * quantum / (nr_quad)tally->images)
                         : NAN;
}

double nr_tally_value_full(const nr_tally *tally) {
    return mean_value(tally, tally->full);
}
double nr_tally_value_empty(const nr_tally *tally) {
    return mean_value(tally, tally->empty);
}

bool nr_tally_telescopes(const nr_tally *tally, uint64_t slack) {
    nr_wide sum = 0, ends;
    for (size_t i = 0; i < tally->n; i++)
        if (!nr_wide_add(&sum, tally->sum[i])) return false;
    if (__builtin_sub_overflow(tally->full, tally->empty, &ends) ||
        __builtin_mul_overflow(ends, (nr_wide)1 << (NR_FINE_BITS - NR_QUANTUM_BITS),
                               &ends) ||
        __builtin_sub_overflow(sum, ends, &sum))
        return false;
    return sum <= (nr_wide)slack && sum >= -(nr_wide)slack;
}

/* Degrees of freedom of a variance from squares d^2 of independent differences, by the
 * variance of the squares themselves: 2 (sum d^2)^2 / (sum d^4 - (sum d^2)^2 / N). N
 * for N normal differences of one size; fewer for heavier tails and unequal strata. */
static double freedom_of(nr_quad squares, nr_quad fourths, double samples) {
    nr_quad spread = fourths - squares * squares / (nr_quad)samples;
    double freedom = spread > 0 ? (double)(2 * squares * squares / spread) : samples;
    if (freedom > samples) freedom = samples;
    return freedom < 1 ? 1 : freedom;
}

/* With B blocks visited S times each, the sample variance over all S B visits is on
 * average (variance of one visit) + (variance between blocks) S (B - 1) / (S B - 1). */
static double variance_between(const nr_tally *tally, size_t player, nr_quad scale,
                               uint64_t sweeps) {
    nr_quad visits = (nr_quad)tally->visits, blocks = visits / (nr_quad)sweeps;
    if (!(blocks > 1)) return NAN;
    nr_quad total = (nr_quad)tally->total[player];
    nr_quad sum = (nr_quad)(tally->sum[player] >> FINE_SHIFT);
    nr_quad per_visit = (nr_quad)tally->visit[player] / 16 / visits;
    nr_quad spread = (total - sum * sum / visits) / 16 / (visits - 1);
    nr_quad excess = spread > per_visit ? spread - per_visit : 0;
    nr_quad between = excess * (visits - 1) / ((nr_quad)sweeps * (blocks - 1));
    return (double)(between / blocks * visits * visits * scale * scale);
}

/* As freedom_of, for squares of distances from their mean: 2 B / (kurtosis - 1) for B
 * blocks, as skewed and heavy tails make their variance less certain. Squares in units
 * of 2^-36 that sum to less than 2^60 have a sum of fourth powers below 2^120, which
 * the modulus has left alone; where values are larger, the blocks are taken for normal.
 */
static double between_freedom(const nr_tally *tally, size_t player, double blocks) {
    if (tally->total[player] >> (2 * COARSE_SHIFT + 59) > 0) return blocks - 1;
    const nr_quad unit = 0x1p-18, visits = (nr_quad)tally->visits;
    nr_quad mean = (nr_quad)(tally->sum[player] >> FINE_SHIFT) * quantum / visits;
    nr_quad second = (nr_quad)tally->total[player] * quantum * quantum / visits;
    nr_quad third = (nr_quad)tally->total3[player] * unit * unit * unit / visits;
    nr_quad power4 =
        (nr_quad)tally->total4[player] * unit * unit * unit * unit / visits;
    nr_quad spread = second - mean * mean;
    nr_quad central = power4 - 4 * mean * third + 6 * mean * mean * second -
                      3 * mean * mean * mean * mean;
    /* Distances below 2^-18 leave no trace in the higher powers. */
    if (!(spread > unit * unit)) return 1;
    nr_quad excess = central / (spread * spread) - 1;
    double freedom = excess > 0 ? (double)(2 * (nr_quad)blocks / excess) : blocks - 1;
    if (freedom > blocks - 1) freedom = blocks - 1;
    return freedom < 1 ? 1 : freedom;
}

nr_player_estimate nr_tally_estimate(const nr_tally *tally, size_t player,
                                     uint64_t sweeps) {
    nr_player_estimate e = {
        .shapley = NAN, .variance = NAN, .between = NAN, .freedom = NAN};
    e.antithetic = e.strata = NAN;
    if (tally->visits == 0) return e;
    nr_quad images = (nr_quad)tally->images;
    nr_quad within = (nr_quad)tally->within[player];
    nr_quad visit = (nr_quad)tally->visit[player], odd = (nr_quad)tally->odd[player];
    nr_quad scale = (nr_quad)quantum / images;
    nr_quad fine = scale / (1 << (FINE_SHIFT + 2));
    e.shapley = (double)((nr_quad)tally->sum[player] * fine);
    /* A group contributes (g_0 + g_1)/4, whose variance (g_0 - g_1)^2/16 estimates. */
    e.variance = (double)(within / 16 * scale * scale);
    e.between = variance_between(tally, player, scale, sweeps);
    e.between_freedom =
        between_freedom(tally, player, (double)tally->visits / (double)sweeps);
    e.live = tally->live[player] > 0;
    e.moved = tally->total[player] != 0 || visit > 0 || odd > 0;
    /* The largest of all squares is not larger than their sum. */
    nr_quad block_images = images / (nr_quad)tally->visits;
    e.reach = sqrt((double)tally->total[player]) / 4 * quantum / (double)block_images;
    if (odd > 0) e.antithetic = (double)(2 * visit / (visit + odd));
    if (visit > 0) e.strata = (double)(within / visit);
    if (tally->groups == 0) return e; /* exact */
    nr_quad squares = within * (nr_quad)quantum * quantum;
    nr_quad fourths = (nr_quad)tally->within2[player] * 0x1p-72;
    /* Squares below 2^-36 leave no trace in within2: then nothing is claimed. */
    if (fourths > 0) e.freedom = freedom_of(squares, fourths, (double)tally->groups);
    else e.freedom = within > 0 ? 1 : (double)tally->groups;
    nr_quad largest = (nr_quad)tally->largest[player];
    e.largest_share = within > 0 ? (double)(largest * largest / within) : 0;
    return e;
}
