#include "neurank/sample/permutation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"

/* What a group's blocks have in common is drawn once where they are this many. */
enum { STRATA_KEPT_MIN = 4, PAIRS_KEPT = 2 };

struct nr_sampler {
    nr_stream strata_stream, key_stream, uniform_stream;
    size_t n;
    uint32_t strata, log2_strata;
    uint32_t *everybody;      /* [n] 0, 1, ... */
    uint64_t *keys, *scratch; /* [n] */
    struct {
        bool there;
        uint32_t sweep, group;
        uint64_t *hashes; /* [n, 2] */
    } kept[PAIRS_KEPT];   /* by pair */
};

enum { INDEX_BITS = 20, STRATA_MAX = 64, INSERTION_MAX = 64 };

_Static_assert(NR_PLAYERS_MAX == 1 << INDEX_BITS, "a player's index fits in its key");

nr_status nr_sampler_new(uint64_t seed, uint64_t layer, size_t n_players,
                         uint32_t strata, nr_sampler **out) {
    nr_sampler *sampler;
    NR_ASSERT(strata > 0 && (strata & (strata - 1)) == 0 && strata <= STRATA_MAX);
    NR_ASSERT(n_players <= NR_PLAYERS_MAX);
    if (!NR_NEW(sampler, 1)) return NR_ERR_INTERNAL;
    sampler->strata_stream = nr_stream_make(seed, "strata", layer);
    sampler->key_stream = nr_stream_make(seed, "keys", layer);
    sampler->uniform_stream = nr_stream_make(seed, "uniform", layer);
    sampler->n = n_players;
    sampler->strata = strata;
    while (1U << sampler->log2_strata < strata) sampler->log2_strata++;
    if (!NR_NEW(sampler->keys, n_players) || !NR_NEW(sampler->scratch, n_players) ||
        !NR_NEW(sampler->everybody, n_players)) {
        nr_sampler_free(sampler);
        return NR_ERR_INTERNAL;
    }
    for (uint32_t i = 0; i < n_players; i++) sampler->everybody[i] = i;
    for (int p = 0; p < PAIRS_KEPT; p++)
        if (!(sampler->kept[p].hashes = nr_new(n_players, 2 * sizeof(uint64_t)))) {
            nr_sampler_free(sampler);
            return NR_ERR_INTERNAL;
        }
    *out = sampler;
    return NR_OK;
}

void nr_sampler_free(nr_sampler *sampler) {
    if (!sampler) return;
    for (int p = 0; p < PAIRS_KEPT; p++) free(sampler->kept[p].hashes);
    free(sampler->everybody);
    free(sampler->keys);
    free(sampler->scratch);
    free(sampler);
}

/* The group's hashes of all players, or NULL where they are not worth keeping. */
static const uint64_t *group_hashes(nr_sampler *s, uint32_t sweep, uint32_t block,
                                    uint32_t pair) {
    uint32_t group = block >> s->log2_strata;
    if (s->strata < STRATA_KEPT_MIN || pair >= PAIRS_KEPT) return NULL;
    uint64_t *hashes = s->kept[pair].hashes;
    bool same = s->kept[pair].there && s->kept[pair].sweep == sweep &&
                s->kept[pair].group == group;
    for (uint32_t i = 0; i < s->n && !same; i++)
        nr_stream_draw(s->strata_stream, i, group, sweep, pair, hashes + (size_t)2 * i);
    s->kept[pair].there = true;
    s->kept[pair].sweep = sweep;
    s->kept[pair].group = group;
    return hashes;
}

/* The key as a 64-bit fraction of one; its last bits give way to the player's index. */
static uint64_t key_of(const nr_sampler *s, uint32_t player, uint32_t sweep,
                       uint32_t block, uint32_t pair, const uint64_t *hashes) {
    uint64_t own[2], draw[2];
    uint32_t group = block >> s->log2_strata, w = block & (s->strata - 1);
    const uint64_t *hash = hashes ? hashes + (size_t)2 * player : own;
    if (!hashes) nr_stream_draw(s->strata_stream, player, group, sweep, pair, own);
    nr_stream_draw(s->key_stream, player, block, sweep, pair, draw);
    uint64_t stratum = ((hash[0] | 1) * w + hash[1]) & (s->strata - 1);
    uint64_t key = draw[0] >> (1 + s->log2_strata);
    if (s->log2_strata > 0) key |= stratum << (63 - s->log2_strata);
    if (draw[1] >> 63) key = ~key;
    return key >> INDEX_BITS << INDEX_BITS | player;
}

static void sort_insertion(uint64_t *keys, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        size_t k = i;
        for (; k > 0 && keys[k - 1] > key; k--) keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

/* By the three highest bytes, least significant first; what those leave in disorder is
 * next to its place. */
static void sort_radix(uint64_t *keys, uint64_t *scratch, size_t n) {
    enum { PASSES = 3, BUCKETS = 256 };
    uint64_t *from = keys, *to = scratch;
    uint32_t start[PASSES][BUCKETS] = {0};
    for (size_t i = 0; i < n; i++)
        for (unsigned p = 0; p < PASSES; p++)
            start[p][keys[i] >> (64 - 8 * (PASSES - p)) & 0xff]++;
    for (unsigned p = 0; p < PASSES; p++) {
        uint32_t sum = 0;
        for (unsigned b = 0; b < BUCKETS; b++) {
            uint32_t count = start[p][b];
            start[p][b] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            to[start[p][from[i] >> (64 - 8 * (PASSES - p)) & 0xff]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    memcpy(keys, scratch, n * sizeof *keys); /* an odd number of passes ends there */
    sort_insertion(keys, n);
}

void nr_sampler_order(nr_sampler *sampler, uint32_t sweep, uint32_t block,
                      uint32_t pair, const uint32_t *players, size_t n,
                      uint32_t *order) {
    const uint64_t *hashes = group_hashes(sampler, sweep, block, pair);
    for (size_t i = 0; i < n; i++)
        sampler->keys[i] = key_of(sampler, players[i], sweep, block, pair, hashes);
    if (n <= INSERTION_MAX) sort_insertion(sampler->keys, n);
    else sort_radix(sampler->keys, sampler->scratch, n);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)(sampler->keys[i] & (NR_PLAYERS_MAX - 1));
}

void nr_sampler_permutation(nr_sampler *sampler, uint32_t sweep, uint32_t block,
                            uint32_t pair, uint32_t *permutation) {
    nr_sampler_order(sampler, sweep, block, pair, sampler->everybody, sampler->n,
                     permutation);
}

double nr_sampler_uniform(const nr_sampler *sampler, uint32_t sweep, uint32_t block,
                          uint32_t pair, uint32_t use, uint32_t index) {
    uint64_t draw[2];
    nr_stream_draw(sampler->uniform_stream, index, block, sweep, use << 1 | pair, draw);
    return (double)(draw[0] >> 11) * 0x1p-53;
}
