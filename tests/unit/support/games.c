#include "games.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/game/callback.h"

enum { TERMS = 12, TERM_PLAYERS_MAX = 6, WEIGHT_MAX = 12 };

typedef struct {
    double *number;  /* [n] worth, cost or weight */
    bool *left;      /* [n] glove */
    uint32_t *order; /* [n] airport: dearest first */
    double quota;
    uint64_t term[TERMS]; /* players of each */
    double coefficient[TERMS];
} block;

struct games {
    games_spec spec;
    block *blocks;
    double *exact, limit;
};

const char *games_name(games_kind kind) {
    static const char *const names[] = {
        [GAMES_ADDITIVE] = "additive",   [GAMES_GLOVE] = "glove",
        [GAMES_AIRPORT] = "airport",     [GAMES_VOTING] = "voting",
        [GAMES_UNANIMITY] = "unanimity",
    };
    return names[kind];
}

/* ---- parameters ---- */

/* Bits for the numbered use of a block. */
static uint64_t bits(const games *g, uint64_t at, uint32_t use, uint32_t index) {
    uint64_t out[2];
    nr_stream stream = nr_stream_make(1, "closed form", g->spec.kind);
    nr_stream_draw(stream, (uint32_t)at, use, index, 0, out);
    return out[0];
}

/* A multiple of 2^-20 in [0, 1). */
static double fraction(const games *g, uint64_t at, uint32_t use, uint32_t index) {
    return ldexp((double)(bits(g, at, use, index) >> 44), -20);
}

static nr_status draw_players(const games *g, uint64_t at, block *b) {
    size_t n = g->spec.n_players;
    if (!NR_NEW(b->number, n) || !NR_NEW(b->left, n) || !NR_NEW(b->order, n))
        return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < n; i++) {
        /* what a player is in all blocks, and what it is in this one */
        double own = fraction(g, UINT32_MAX, 0, i), here = fraction(g, at, 0, i);
        b->number[i] = 0.5 * own + 0.5 * here;
        if (g->spec.kind == GAMES_VOTING)
            b->number[i] = 1 + floor(b->number[i] * WEIGHT_MAX);
        b->left[i] = own < 0.4;
        if (bits(g, at, 1, i) % 4 == 0) b->left[i] = !b->left[i];
        b->quota += 0.5 * b->number[i];
        b->order[i] = i;
    }
    b->quota = floor(b->quota) + 1;
    return NR_OK;
}

/* Coefficients are of both signs, and earlier players are in more terms. */
static void draw_terms(const games *g, uint64_t at, block *b) {
    for (uint32_t t = 0; t < TERMS; t++) {
        uint32_t size = 1 + (uint32_t)(bits(g, at, 2, t) % TERM_PLAYERS_MAX);
        for (uint32_t k = 0; k < size; k++) {
            double place = fraction(g, at, 3 + t, k);
            place = place * place * (double)g->spec.n_players;
            b->term[t] |= UINT64_C(1) << (uint32_t)place;
        }
        b->coefficient[t] = fraction(g, at, 20, t) * 2 - 0.75;
    }
}

/* Dearest first; sorted by insertion. */
static void sort_costs(size_t n, block *b) {
    for (size_t i = 1; i < n; i++) {
        uint32_t player = b->order[i];
        size_t k = i;
        for (; k > 0 && b->number[b->order[k - 1]] < b->number[player]; k--)
            b->order[k] = b->order[k - 1];
        b->order[k] = player;
    }
}

/* ---- values ---- */

static double sum_kept(const block *b, size_t n, const uint8_t *kept) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += kept[i] ? b->number[i] : 0;
    return sum;
}

static double pairs_of_gloves(const block *b, size_t n, const uint8_t *kept) {
    size_t left = 0, right = 0;
    for (size_t i = 0; i < n; i++) {
        left += kept[i] && b->left[i];
        right += kept[i] && !b->left[i];
    }
    return (double)(left < right ? left : right);
}

static double dearest(const block *b, size_t n, const uint8_t *kept) {
    for (size_t k = 0; k < n; k++)
        if (kept[b->order[k]]) return b->number[b->order[k]];
    return 0;
}

static double sum_of_terms(const block *b, size_t n, const uint8_t *kept) {
    uint64_t set = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) set |= (uint64_t)kept[i] << i;
    for (int t = 0; t < TERMS; t++)
        if ((b->term[t] & ~set) == 0) sum += b->coefficient[t];
    return sum;
}

static nr_status values(void *context, uint64_t at, size_t count, const uint8_t *kept,
                        double *out) {
    const games *g = context;
    const block *b = &g->blocks[at];
    size_t n = g->spec.n_players;
    for (size_t k = 0; k < count; k++, kept += n) switch (g->spec.kind) {
        case GAMES_ADDITIVE: out[k] = sum_kept(b, n, kept); break;
        case GAMES_GLOVE: out[k] = pairs_of_gloves(b, n, kept); break;
        case GAMES_AIRPORT: out[k] = dearest(b, n, kept); break;
        case GAMES_VOTING: out[k] = sum_kept(b, n, kept) >= b->quota; break;
        case GAMES_UNANIMITY: out[k] = sum_of_terms(b, n, kept); break;
        }
    return NR_OK;
}

/* ---- exact Shapley values of one block, added to phi ---- */

static double choose(size_t n, size_t k) {
    double c = 1;
    for (size_t i = 1; i <= k; i++) c = c * (double)(n - k + i) / (double)i;
    return round(c);
}

/* P(a of `mine - 1` and b of `others` are before me): my place is uniform. A glove
 * brings a pair if fewer of its own side than of the other are there. */
static double glove_value(size_t mine, size_t others) {
    size_t n = mine + others;
    double sum = 0;
    for (size_t a = 0; a < mine; a++)
        for (size_t b = a + 1; b <= others; b++)
            sum += choose(mine - 1, a) * choose(others, b) / choose(n - 1, a + b);
    return sum / (double)n;
}

static void exact_glove(const block *b, size_t n, double *phi) {
    size_t left = 0;
    for (size_t i = 0; i < n; i++) left += b->left[i];
    double value[2] = {left < n ? glove_value(n - left, left) : 0,
                       left > 0 ? glove_value(left, n - left) : 0};
    for (size_t i = 0; i < n; i++) phi[i] += value[b->left[i]];
}

/* The part of a cost that nobody cheaper causes is shared by all who cause it. */
static void exact_airport(const block *b, size_t n, double *phi) {
    double share = 0, before = 0;
    for (size_t k = n; k-- > 0;) {
        double cost = b->number[b->order[k]];
        share += (cost - before) / (double)(k + 1);
        before = cost;
        phi[b->order[k]] += share;
    }
}

/* ways[s][w]: coalitions of s players of weight w among all but one. Player i is
 * pivotal for weights in [quota - weight, quota). */
static double voting_value(const block *b, size_t n, size_t player, double *ways) {
    size_t quota = (size_t)b->quota, own = (size_t)b->number[player];
    double phi = 0;
    memset(ways, 0, n * quota * sizeof *ways);
    ways[0] = 1;
    for (size_t i = 0; i < n; i++) {
        size_t weight = (size_t)b->number[i];
        if (i == player) continue;
        for (size_t s = n - 1; s > 0; s--)
            for (size_t w = quota; w-- > weight;)
                ways[s * quota + w] += ways[(s - 1) * quota + w - weight];
    }
    for (size_t s = 0; s < n; s++) {
        double sum = 0;
        for (size_t w = quota > own ? quota - own : 0; w < quota; w++)
            sum += ways[s * quota + w];
        phi += sum / choose(n - 1, s) / (double)n;
    }
    return phi;
}

static nr_status exact_voting(const block *b, size_t n, double *phi) {
    double *ways;
    if (!NR_NEW(ways, nr_size_mul(n, (size_t)b->quota))) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) phi[i] += voting_value(b, n, i, ways);
    free(ways);
    return NR_OK;
}

static void exact_unanimity(const block *b, size_t n, double *phi) {
    for (int t = 0; t < TERMS; t++) {
        double share = b->coefficient[t] / __builtin_popcountll(b->term[t]);
        for (size_t i = 0; i < n; i++)
            if (b->term[t] >> i & 1) phi[i] += share;
    }
}

static nr_status add_exact(games *g, const block *b) {
    size_t n = g->spec.n_players;
    switch (g->spec.kind) {
    case GAMES_ADDITIVE:
        for (size_t i = 0; i < n; i++) g->exact[i] += b->number[i];
        break;
    case GAMES_GLOVE: exact_glove(b, n, g->exact); break;
    case GAMES_AIRPORT: exact_airport(b, n, g->exact); break;
    case GAMES_VOTING: return exact_voting(b, n, g->exact);
    case GAMES_UNANIMITY: exact_unanimity(b, n, g->exact); break;
    }
    return NR_OK;
}

static double limit_of(const games *g, const block *b) {
    double sum = 0;
    /* a pair of gloves, a vote, worths and costs below 1 */
    if (g->spec.kind != GAMES_UNANIMITY) return 1;
    for (int t = 0; t < TERMS; t++) sum += fabs(b->coefficient[t]);
    return sum;
}

/* ---- */

static nr_status make_block(games *g, uint64_t at) {
    block *b = &g->blocks[at];
    NR_TRY(draw_players(g, at, b));
    if (g->spec.kind == GAMES_UNANIMITY) draw_terms(g, at, b);
    if (g->spec.kind == GAMES_AIRPORT) sort_costs(g->spec.n_players, b);
    g->limit = fmax(g->limit, limit_of(g, b));
    return add_exact(g, b);
}

nr_status games_new(const games_spec *spec, games **out) {
    games *g;
    if (!NR_NEW(g, 1)) return NR_ERR_INTERNAL;
    g->spec = *spec;
    nr_status status = NR_OK;
    if (!NR_NEW(g->blocks, (size_t)spec->n_blocks) ||
        !NR_NEW(g->exact, spec->n_players))
        status = NR_ERR_INTERNAL;
    for (uint64_t at = 0; status == NR_OK && at < spec->n_blocks; at++)
        status = make_block(g, at);
    if (status != NR_OK) {
        games_free(g);
        return status;
    }
    for (size_t i = 0; i < spec->n_players; i++) g->exact[i] /= (double)spec->n_blocks;
    *out = g;
    return NR_OK;
}

void games_free(games *g) {
    if (!g) return;
    for (uint64_t at = 0; g->blocks && at < g->spec.n_blocks; at++) {
        free(g->blocks[at].number);
        free(g->blocks[at].left);
        free(g->blocks[at].order);
    }
    free(g->blocks);
    free(g->exact);
    free(g);
}

nr_status games_open(games *g, nr_game *out) {
    nr_callback spec = {.n_players = g->spec.n_players,
                        .n_blocks = g->spec.n_blocks,
                        .values = values,
                        .context = g,
                        .marginal_limit = g->spec.unlimited ? 0 : g->limit};
    return nr_callback_game_new(&spec, out);
}

const double *games_exact(const games *g) {
    return g->exact;
}
