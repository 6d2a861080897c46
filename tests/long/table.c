#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/game/callback.h"
#include "neurank/game/filter.h"
#include "neurank/game/masked.h"
#include "neurank/sched/local.h"

enum { N = TABLE_PLAYERS };

struct table {
    nr_filter_spec spec;
    nr_game game;
    size_t pool;
    double *values;   /* [pool, TABLE_COALITIONS] */
    double *phi;      /* [pool, N] */
    uint32_t *chosen; /* [pool] */
};

static double choose(int n, int k) {
    return round(tgamma(n + 1) / tgamma(k + 1) / tgamma(n - k + 1));
}

static void exact_one(const double *values, double *phi) {
    double weight[N];
    for (int s = 0; s < N; s++) weight[s] = 1 / (N * choose(N - 1, s));
    for (int i = 0; i < N; i++) {
        phi[i] = 0;
        for (unsigned s = 0; s < TABLE_COALITIONS; s++)
            if (!(s >> i & 1))
                phi[i] +=
                    weight[__builtin_popcount(s)] * (values[s | 1U << i] - values[s]);
    }
}

static nr_status fill(table *t) {
    nr_status status = NR_ERR_INTERNAL;
    nr_block_ends ends;
    uint8_t *kept;
    int64_t *values = NULL;
    if (!NR_NEW(kept, TABLE_COALITIONS * N) || !NR_NEW(values, TABLE_COALITIONS))
        goto err_free;
    for (size_t s = 0; s < TABLE_COALITIONS; s++)
        for (size_t i = 0; i < N; i++) kept[s * N + i] = s >> i & 1;
    for (size_t at = 0; at < t->pool; at++) {
        double *row = t->values + at * TABLE_COALITIONS;
        NR_TRY_GOTO(t->game.open(t->game.self, at, &ends), err_free);
        NR_TRY_GOTO(t->game.values(t->game.self, TABLE_COALITIONS, kept, values),
                    err_free);
        for (size_t s = 0; s < TABLE_COALITIONS; s++)
            row[s] = ldexp((double)values[s], -NR_QUANTUM_BITS);
        exact_one(row, t->phi + at * N);
    }
    status = NR_OK;
err_free:
    free(kept);
    free(values);
    return status;
}

nr_status table_new(const nr_filter_spec *spec, table **out) {
    table *t;
    if (!NR_NEW(t, 1)) return NR_ERR_INTERNAL;
    NR_ASSERT(spec->n_players == N && spec->block_images == 1);
    t->spec = *spec;
    t->pool = nr_images_count(spec->images);
    nr_status status = nr_filter_game_new(spec, &t->game);
    if (status == NR_OK &&
        (!NR_NEW(t->values, t->pool * TABLE_COALITIONS) ||
         !NR_NEW(t->phi, t->pool * N) || !NR_NEW(t->chosen, t->pool)))
        status = NR_ERR_INTERNAL;
    if (status == NR_OK) status = fill(t);
    if (status != NR_OK) {
        table_free(t);
        return status;
    }
    *out = t;
    return NR_OK;
}

void table_free(table *t) {
    if (!t) return;
    nr_game_free(&t->game);
    free(t->values);
    free(t->phi);
    free(t->chosen);
    free(t);
}

size_t table_pool(const table *t) {
    return t->pool;
}
uint32_t *table_chosen(table *t) {
    return t->chosen;
}

static nr_status look_up(void *context, uint64_t block, size_t count,
                         const uint8_t *kept, double *values) {
    const table *t = context;
    const double *row = t->values + (size_t)t->chosen[block] * TABLE_COALITIONS;
    for (size_t k = 0; k < count; k++, kept += N) {
        unsigned set = 0;
        for (unsigned i = 0; i < N; i++) set |= (unsigned)kept[i] << i;
        values[k] = row[set];
    }
    return NR_OK;
}

nr_status table_open(table *t, size_t count, nr_game *out) {
    nr_callback spec = {.n_players = N,
                        .n_blocks = count,
                        .values = look_up,
                        .context = t,
                        .marginal_limit = t->spec.metric == NR_METRIC_ACCURACY ? 1 : 0};
    NR_ASSERT(count <= t->pool);
    for (uint32_t at = 0; at < t->pool; at++) t->chosen[at] = at;
    return nr_callback_game_new(&spec, out);
}

void table_exact(const table *t, size_t count, double *phi) {
    memset(phi, 0, N * sizeof *phi);
    for (size_t at = 0; at < count; at++)
        for (size_t i = 0; i < N; i++) phi[i] += t->phi[at * N + i] / (double)count;
}

/* ---- checks ---- */

static double distance(const double *a, const double *b) {
    double most = 0;
    for (size_t i = 0; i < N; i++)
        if (!(fabs(a[i] - b[i]) <= most)) most = fabs(a[i] - b[i]);
    return most;
}

static nr_status play_exact(nr_game *game, const double *phi, double *error) {
    nr_local run = {.exact = true, .confidence = 0.95};
    nr_results *r;
    NR_TRY(nr_local_play(game, &run, &r, NULL));
    *error = distance(r->shapley, phi);
    nr_results_free(r);
    return NR_OK;
}

/* Mean values of all coalitions over images [0, count). */
static nr_status forward_all(const table *t, size_t count, double *mean) {
    size_t classes =
        nr_graph_node(t->spec.graph, nr_graph_output(t->spec.graph))->shape.c;
    nr_masked *masked = NULL;
    float *logits = nr_new_floats(count * classes);
    double *scores = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!logits || !NR_NEW(scores, count)) goto err_free;
    NR_TRY_GOTO(nr_masked_new(&t->spec, count, &masked), err_free);
    for (unsigned s = 0; s < TABLE_COALITIONS; s++) {
        bool kept[N];
        for (unsigned i = 0; i < N; i++) kept[i] = s >> i & 1;
        nr_masked_logits(masked, kept, 0, count, logits);
        nr_score(t->spec.metric, t->spec.kernels, count, classes, logits,
                 nr_images_labels(t->spec.images), scores);
        mean[s] = 0;
        for (size_t k = 0; k < count; k++) mean[s] += scores[k] / (double)count;
    }
    status = NR_OK;
err_free:
    nr_masked_free(masked);
    free(logits);
    free(scores);
    return status;
}

static nr_status check_forwards(const table *t, size_t masked, double *error) {
    double ours[N], theirs[N], *mean;
    if (!NR_NEW(mean, TABLE_COALITIONS)) return NR_ERR_INTERNAL;
    nr_status status = forward_all(t, masked, mean);
    exact_one(mean, theirs);
    table_exact(t, masked, ours);
    *error = distance(ours, theirs);
    free(mean);
    return status;
}

static nr_status check_filter_game(const table *t, size_t count, double *error) {
    nr_game game;
    nr_filter_spec spec = t->spec;
    double phi[N];
    spec.enumerated = true;
    table_exact(t, count, phi);
    NR_TRY(nr_filter_game_new(&spec, &game));
    game.n_blocks = count;
    nr_status status = play_exact(&game, phi, error);
    nr_game_free(&game);
    return status;
}

nr_status table_check(table *t, size_t count, size_t masked, table_errors *out) {
    nr_game game;
    double phi[N];
    table_exact(t, count, phi);
    NR_TRY(table_open(t, count, &game));
    nr_status status = play_exact(&game, phi, &out->played);
    nr_game_free(&game);
    NR_TRY(status);
    NR_TRY(check_filter_game(t, count, &out->filter));
    return check_forwards(t, masked, &out->forwards);
}
