#include "odd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/rng.h"
#include "neurank/game/callback.h"
#include "neurank/sample/permutation.h"

struct nr_odd {
    const nr_game *game;
    nr_sampler *sampler;
    nr_stream size_stream;
    size_t n, n_live, prefixes;
    uint64_t block;
    nr_block_ends ends;
    uint32_t *live, *permutation, *order; /* [n]; order: live players only */
    uint8_t *kept;               /* [4 n, n] a coalition, its complement, ... */
    int64_t *values;             /* [4 n] */
    size_t *sizes;               /* [2 n] */
    double *row;                 /* [n] */
    double *gram[NR_ODD_SLOTS];  /* [n_live, n_live] below the diagonal */
    double *right[NR_ODD_SLOTS]; /* [n_live] */
    double *factor, *solution;   /* [n, n], [n] */
    nr_odd_cost cost;
};

double nr_odd_clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool make_arrays(nr_odd *odd) {
    size_t n = odd->n, square = nr_size_mul(n, n);
    for (size_t k = 0; k < NR_ODD_SLOTS; k++)
        if (!NR_NEW(odd->gram[k], square) || !NR_NEW(odd->right[k], n)) return false;
    return NR_NEW(odd->live, n) && NR_NEW(odd->permutation, n) &&
           NR_NEW(odd->order, n) && NR_NEW(odd->kept, nr_size_mul(4, square)) &&
           NR_NEW(odd->values, 4 * n) && NR_NEW(odd->sizes, 2 * n) &&
           NR_NEW(odd->row, n) && NR_NEW(odd->factor, square) &&
           NR_NEW(odd->solution, n);
}

nr_status nr_odd_new(const nr_game *game, uint64_t seed, size_t prefixes,
                     nr_odd **out) {
    nr_odd *odd;
    if (!NR_NEW(odd, 1)) return NR_ERR_INTERNAL;
    odd->game = game;
    odd->n = game->n_players;
    odd->prefixes = prefixes;
    odd->size_stream = nr_stream_make(seed, "odd sizes", 0);
    nr_status status = nr_sampler_new(seed, 0, odd->n, 1, &odd->sampler);
    if (status == NR_OK && !make_arrays(odd)) status = NR_ERR_INTERNAL;
    if (status != NR_OK) {
        nr_odd_free(odd);
        return status;
    }
    *out = odd;
    return NR_OK;
}

void nr_odd_free(nr_odd *odd) {
    if (!odd) return;
    nr_sampler_free(odd->sampler);
    for (size_t k = 0; k < NR_ODD_SLOTS; k++) {
        free(odd->gram[k]);
        free(odd->right[k]);
    }
    free(odd->live);
    free(odd->permutation);
    free(odd->order);
    free(odd->kept);
    free(odd->values);
    free(odd->sizes);
    free(odd->row);
    free(odd->factor);
    free(odd->solution);
    free(odd);
}

size_t nr_odd_begin(nr_odd *odd, uint64_t block, const nr_block_ends *ends) {
    odd->block = block;
    odd->ends = *ends;
    odd->n_live = nr_game_live(odd->game, odd->live);
    for (size_t k = 0; k < NR_ODD_SLOTS; k++) {
        memset(odd->gram[k], 0, odd->n_live * odd->n_live * sizeof(double));
        memset(odd->right[k], 0, odd->n_live * sizeof(double));
    }
    return odd->n_live;
}

nr_odd_cost nr_odd_get_cost(const nr_odd *odd) {
    return odd->cost;
}

/* ---- sampling ---- */

/* Sizes are drawn uniformly from 1 .. m - 1, so a sample weighs 1 / (s (m - s)). */
static double weight(const nr_odd *odd, size_t size) {
    return (double)(odd->n_live - 1) / ((double)size * (double)(odd->n_live - size));
}

/* Size k of `count`: uniform, once in each of `count` equal parts of the range. */
static size_t draw_size(const nr_odd *odd, uint32_t draw, uint32_t number, size_t k,
                        size_t count) {
    uint64_t bits[2];
    nr_stream_draw(odd->size_stream, draw, number, (uint32_t)odd->block, (uint32_t)k,
                   bits);
    double u = ((double)k + ldexp((double)(bits[0] >> 11), -53)) / (double)count;
    size_t size = 1 + (size_t)(u * (double)(odd->n_live - 1));
    return size < odd->n_live ? size : odd->n_live - 1;
}

/* A prefix of `order` and its complement among the live players. */
static void write_pair(const nr_odd *odd, size_t size, uint8_t *kept) {
    memset(kept, 0, 2 * odd->n);
    for (size_t k = 0; k < odd->n_live; k++)
        kept[(k < size ? 0 : odd->n) + odd->order[k]] = 1;
}

static void draw_pairs(nr_odd *odd, uint32_t draw, size_t pairs) {
    const bool *live = odd->game->live ? odd->game->live(odd->game->self) : NULL;
    for (size_t first = 0; first < pairs; first += odd->prefixes) {
        size_t count = pairs - first < odd->prefixes ? pairs - first : odd->prefixes,
               m = 0;
        uint32_t number = (uint32_t)(first / odd->prefixes);
        nr_sampler_permutation(odd->sampler, draw, number, (uint32_t)odd->block,
                               odd->permutation);
        for (size_t k = 0; k < odd->n; k++)
            if (!live || live[odd->permutation[k]])
                odd->order[m++] = odd->permutation[k];
        for (size_t k = 0; k < count; k++) {
            odd->sizes[first + k] = draw_size(odd, draw, number, k, count);
            write_pair(odd, odd->sizes[first + k],
                       odd->kept + 2 * (first + k) * odd->n);
        }
    }
}

/* The equal shares are taken off both sides, so that the unknowns sum to zero: a row is
 * 1 - s / m for members and -s / m for the others. */
static void add_row(nr_odd *odd, size_t slot, size_t pair) {
    size_t m = odd->n_live, size = odd->sizes[pair];
    const uint8_t *kept = odd->kept + 2 * pair * odd->n;
    const int64_t *values = odd->values + 2 * pair;
    double share = (double)size / (double)m, w = weight(odd, size);
    double total = (double)(odd->ends.full - odd->ends.empty);
    double target = (double)(values[0] - values[1]) / 2 - (share - 0.5) * total;
    for (size_t i = 0; i < m; i++) {
        odd->row[i] = (kept[odd->live[i]] ? 1 : 0) - share;
        odd->right[slot][i] += w * odd->row[i] * target;
        double scale = w * odd->row[i], *gram = odd->gram[slot] + i * m;
        const double *row = odd->row;
        for (size_t j = 0; j <= i; j++) gram[j] += scale * row[j];
    }
}

nr_status nr_odd_sample(nr_odd *odd, size_t slot, uint32_t draw, size_t pairs) {
    if (odd->n_live < 2 || pairs == 0) return NR_OK;
    NR_ASSERT(slot < NR_ODD_SLOTS && pairs <= 2 * odd->n);
    double start = nr_odd_clock_s();
    draw_pairs(odd, draw, pairs);
    double drawn = nr_odd_clock_s();
    NR_TRY(odd->game->values(odd->game->self, 2 * pairs, odd->kept, odd->values));
    double evaluated = nr_odd_clock_s();
    for (size_t k = 0; k < pairs; k++) add_row(odd, slot, k);
    odd->cost.values_s += evaluated - drawn;
    odd->cost.sums_s += nr_odd_clock_s() - evaluated + drawn - start;
    odd->cost.coalitions += 2 * pairs;
    return NR_OK;
}

/* ---- solving ---- */

/* In place: the lower triangle of a positive definite matrix becomes its factor. */
static void factorise(double *a, size_t m) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            const double *restrict p = a + i * m, *restrict q = a + j * m;
            double sum = p[j];
            for (size_t k = 0; k < j; k++) sum -= p[k] * q[k];
            a[i * m + j] = i == j ? sqrt(sum) : sum / q[j];
        }
}

static void substitute(const double *a, size_t m, double *x) {
    for (size_t i = 0; i < m; i++) {
        for (size_t k = 0; k < i; k++) x[i] -= a[i * m + k] * x[k];
        x[i] /= a[i * m + i];
    }
    for (size_t i = m; i-- > 0;) {
        x[i] /= a[i * m + i];
        for (size_t k = 0; k < i; k++) x[k] -= a[i * m + k] * x[i];
    }
}

/* All rows sum to zero. So a matrix of ones may be added: what it adds acts on the sum
 * of the unknowns alone, and fixes it at zero. The ridge decides where too few
 * coalitions leave something open. */
static void normal_equations(nr_odd *odd, size_t first_slot, size_t count) {
    size_t m = odd->n_live;
    double trace = 0;
    memset(odd->factor, 0, m * m * sizeof(double));
    memset(odd->solution, 0, m * sizeof(double));
    for (size_t slot = first_slot; slot < first_slot + count; slot++)
        for (size_t i = 0; i < m; i++) {
            odd->solution[i] += odd->right[slot][i];
            trace += odd->gram[slot][i * m + i];
            for (size_t j = 0; j <= i; j++)
                odd->factor[i * m + j] += odd->gram[slot][i * m + j];
        }
    double one = trace / (double)m;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j <= i; j++) odd->factor[i * m + j] += one / (double)m;
        odd->factor[i * m + i] += 1e-10 * one;
    }
}

void nr_odd_solve(nr_odd *odd, size_t first_slot, size_t count, double *shapley) {
    size_t m = odd->n_live;
    double share = m ? (double)(odd->ends.full - odd->ends.empty) / (double)m : 0;
    memset(shapley, 0, odd->n * sizeof *shapley);
    odd->solution[0] = 0;
    if (m > 1) {
        normal_equations(odd, first_slot, count);
        factorise(odd->factor, m);
        substitute(odd->factor, m, odd->solution);
    }
    for (size_t i = 0; i < m; i++)
        shapley[odd->live[i]] = ldexp(share + odd->solution[i], -NR_QUANTUM_BITS);
}

/* ---- the check ---- */

enum { CHECK_PLAYERS = 12, CHECK_DRAWS = 4096 };

/* v(S) = sum of a_i over S, of pairs and triples in it: (i, i + 1) has the value b_i,
 * (i, i + 2, i + 5) has c_i, cyclically. */
typedef struct {
    double a[CHECK_PLAYERS], b[CHECK_PLAYERS], c[CHECK_PLAYERS];
} polynomial;

static nr_status polynomial_values(void *context, uint64_t block, size_t count,
                                   const uint8_t *kept, double *values) {
    const polynomial *p = context;
    (void)block;
    for (size_t k = 0; k < count; k++, kept += CHECK_PLAYERS) {
        values[k] = 0;
        for (size_t i = 0; i < CHECK_PLAYERS; i++) {
            size_t i1 = (i + 1) % CHECK_PLAYERS, i2 = (i + 2) % CHECK_PLAYERS,
                   i5 = (i + 5) % CHECK_PLAYERS;
            values[k] += p->a[i] * kept[i] + p->b[i] * kept[i] * kept[i1] +
                         p->c[i] * kept[i] * kept[i2] * kept[i5];
        }
    }
    return NR_OK;
}

/* Every term is shared equally by its players. */
static double polynomial_shapley(const polynomial *p, size_t i) {
    size_t n = CHECK_PLAYERS;
    return p->a[i] + (p->b[i] + p->b[(i + n - 1) % n]) / 2 +
           (p->c[i] + p->c[(i + n - 2) % n] + p->c[(i + n - 5) % n]) / 3;
}

/* Root mean square error after `draws` draws of 22 pairs. */
static nr_status polynomial_error(polynomial *p, size_t prefixes, uint32_t draws,
                                  double *error) {
    nr_callback spec = {.n_players = CHECK_PLAYERS,
                        .n_blocks = 1,
                        .values = polynomial_values,
                        .context = p};
    nr_game game = {0};
    nr_odd *odd = NULL;
    nr_block_ends ends;
    double shapley[CHECK_PLAYERS], sum = 0;
    nr_status status = nr_callback_game_new(&spec, &game);
    if (status == NR_OK) status = nr_odd_new(&game, 1, prefixes, &odd);
    if (status == NR_OK) status = game.open(game.self, 0, &ends);
    if (status == NR_OK) nr_odd_begin(odd, 0, &ends);
    for (uint32_t draw = 0; status == NR_OK && draw < draws; draw++)
        status = nr_odd_sample(odd, 0, draw, 2 * (CHECK_PLAYERS - 1));
    if (status == NR_OK) {
        nr_odd_solve(odd, 0, 1, shapley);
        for (size_t i = 0; i < CHECK_PLAYERS; i++)
            sum += pow(shapley[i] - polynomial_shapley(p, i), 2);
        *error = sqrt(sum / CHECK_PLAYERS);
    }
    nr_odd_free(odd);
    nr_game_free(&game);
    return status;
}

nr_status nr_odd_self_check(size_t prefixes) {
    polynomial p = {0};
    double additive, few, many;
    for (size_t i = 0; i < CHECK_PLAYERS; i++) p.a[i] = sin((double)(3 * i + 1));
    NR_TRY(polynomial_error(&p, prefixes, 1, &additive));
    for (size_t i = 0; i < CHECK_PLAYERS; i++) {
        p.b[i] = cos((double)(5 * i));
        p.c[i] = 2 * sin((double)(7 * i + 2));
    }
    NR_TRY(polynomial_error(&p, prefixes, CHECK_DRAWS / 64, &few));
    NR_TRY(polynomial_error(&p, prefixes, CHECK_DRAWS, &many));
    NR_REQUIRE(additive < 1e-9, NR_ERR_INTERNAL,
               "odd: error %g on an additive game, at most 1e-9 is expected", additive);
    NR_REQUIRE(many < few / 3 && many < 0.01, NR_ERR_INTERNAL,
               "odd: error %g and, with 64 times the coalitions, %g: an eighth is "
               "expected",
               few, many);
    return NR_OK;
}
