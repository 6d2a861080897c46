#include "neurank/prune/choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

enum { WHY_TEXT = 512 };

typedef struct {
    size_t id;    /* nr_channels_bundle */
    size_t group; /* a layer that stands for it */
    double value;
    bool ranked, significant;
} bundle;

struct nr_choice {
    const char *source;
    const nr_channels *channels;
    const nr_ranked_layer *layers;
    size_t n_layers;
    uint32_t *size;  /* [n_layers] filters */
    size_t *group;   /* [n_layers] first layer of the layer's group */
    bundle *bundles; /* [n] by group, best first */
    size_t n;
    size_t *at; /* [channels] bundle of an id, or SIZE_MAX */
};

static size_t id_of(const nr_choice *c, size_t layer, uint32_t filter) {
    return nr_channels_bundle(c->channels, c->layers[layer].node, filter);
}

static size_t group_of(const nr_choice *c, size_t layer) {
    while (c->group[layer] != layer) layer = c->group[layer];
    return layer;
}

static void join_groups(nr_choice *c, size_t a, size_t b) {
    a = group_of(c, a);
    b = group_of(c, b);
    if (a < b) c->group[b] = a;
    else c->group[a] = b;
}

/* ---- bundles and groups ---- */

static void add_filter(nr_choice *c, size_t layer, uint32_t filter) {
    size_t id = id_of(c, layer, filter);
    const nr_ranked_layer *l = &c->layers[layer];
    if (c->at[id] == SIZE_MAX) {
        c->at[id] = c->n;
        c->bundles[c->n++] = (bundle){.id = id, .group = layer, .ranked = true};
    }
    bundle *b = &c->bundles[c->at[id]];
    join_groups(c, b->group, layer);
    b->value += l->values[filter];
    b->ranked = b->ranked && isfinite(l->values[filter]);
    b->significant = b->significant || (l->low && l->low[filter] > 0);
}

static int best_first(const void *a, const void *b) {
    const bundle *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->ranked != y->ranked) return x->ranked ? 1 : -1; /* those always stay */
    if (x->ranked && x->value != y->value) return x->value > y->value ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void make_groups(nr_choice *c) {
    for (size_t i = 0; i < nr_channels_count(c->channels); i++) c->at[i] = SIZE_MAX;
    for (size_t k = 0; k < c->n_layers; k++) c->group[k] = k;
    for (size_t k = 0; k < c->n_layers; k++)
        for (uint32_t i = 0; i < c->size[k]; i++) add_filter(c, k, i);
    for (size_t i = 0; i < c->n; i++)
        c->bundles[i].group = group_of(c, c->bundles[i].group);
    for (size_t k = 0; k < c->n_layers; k++) c->group[k] = group_of(c, k);
    qsort(c->bundles, c->n, sizeof *c->bundles, best_first);
    for (size_t i = 0; i < c->n; i++) c->at[c->bundles[i].id] = i;
}

static void turn_off(const nr_choice *c, const bool *chosen, bool *off) {
    for (size_t k = 0; k < c->n_layers; k++) {
        size_t first = nr_channels_first(c->channels, c->layers[k].node);
        for (uint32_t i = 0; i < c->size[k]; i++)
            off[first + i] = !chosen[c->at[id_of(c, k, i)]];
    }
}

/* ---- can it be cut? ---- */

static nr_status refuse(const nr_choice *c, size_t layer, uint32_t filter,
                        const bool *silent) {
    char why[WHY_TEXT];
    nr_channels_why_not(c->channels, id_of(c, layer, filter), silent, why, sizeof why);
    return nr_fail(NR_ERR_MISMATCH,
                   "%s: filter %u of layer \"%s\" cannot be removed: %s (--layer names "
                   "the layers to prune)",
                   c->source, filter, c->layers[layer].name, why);
}

/* With every ranked bundle off, each of them must be free to go. */
static nr_status check_all(const nr_choice *c) {
    size_t total = nr_channels_count(c->channels);
    bool *off = NULL, *silent = NULL, *cut = NULL, *chosen = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(off, total) || !NR_NEW(silent, total) || !NR_NEW(cut, total) ||
        !NR_NEW(chosen, c->n))
        goto err_free;
    for (size_t i = 0; i < c->n; i++) chosen[i] = !c->bundles[i].ranked;
    turn_off(c, chosen, off);
    status = nr_channels_cut(c->channels, off, silent, cut);
    for (size_t k = 0; k < c->n_layers; k++)
        for (uint32_t i = 0; i < c->size[k] && status == NR_OK; i++) {
            size_t id = id_of(c, k, i);
            if (c->bundles[c->at[id]].ranked && !cut[id])
                status = refuse(c, k, i, silent);
        }
err_free:
    free(chosen);
    free(cut);
    free(silent);
    free(off);
    return status;
}

nr_status nr_choice_new(const char *source, const nr_channels *channels,
                        const nr_ranked_layer *layers, size_t n_layers,
                        nr_choice **out) {
    nr_choice *c;
    size_t total = nr_channels_count(channels);
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(c, 1)) return NR_ERR_INTERNAL;
    *c = (nr_choice){
        .source = source, .channels = channels, .layers = layers, .n_layers = n_layers};
    if (!NR_NEW(c->size, n_layers) || !NR_NEW(c->group, n_layers) ||
        !NR_NEW(c->bundles, total) || !NR_NEW(c->at, total))
        goto err_free;
    for (size_t k = 0; k < n_layers; k++)
        c->size[k] = nr_channels_of(channels, layers[k].node);
    make_groups(c);
    status = check_all(c);
    if (status != NR_OK) goto err_free;
    *out = c;
    return NR_OK;
err_free:
    nr_choice_free(c);
    return status;
}

void nr_choice_free(nr_choice *c) {
    if (!c) return;
    free(c->size);
    free(c->group);
    free(c->bundles);
    free(c->at);
    free(c);
}

/* ---- how many stay ---- */

typedef struct {
    size_t number;   /* of the group */
    size_t first, n; /* its bundles, best first */
    size_t layer;    /* that stands for it */
} span;

/* The next group behind *g; false: there is none. Begin with n = 0, number = SIZE_MAX.
 */
static bool next_group(const nr_choice *c, span *g) {
    size_t first = g->first + g->n, end = first;
    if (first == c->n) return false;
    while (end < c->n && c->bundles[end].group == c->bundles[first].group) end++;
    *g = (span){g->number + 1, first, end - first, c->bundles[first].group};
    return true;
}

static const span before_first = {.number = SIZE_MAX};

size_t nr_choice_groups(const nr_choice *c) {
    span g = before_first;
    while (next_group(c, &g)) continue;
    return g.number + 1;
}

static span group_at(const nr_choice *c, size_t group) {
    span g = before_first;
    while (g.number != group && next_group(c, &g)) continue;
    NR_ASSERT(g.number == group);
    return g;
}

size_t nr_choice_group_size(const nr_choice *c, size_t group) {
    return group_at(c, group).n;
}

const char *nr_choice_group_name(const nr_choice *c, size_t group) {
    return c->layers[group_at(c, group).layer].name;
}

static void choose_significant(const nr_choice *c, span g, bool *chosen) {
    size_t n = 0;
    for (size_t i = g.first; i < g.first + g.n; i++) {
        chosen[i] = c->bundles[i].significant || !c->bundles[i].ranked;
        n += chosen[i];
    }
    if (n == 0) chosen[g.first] = true;
}

static nr_status count_each(const nr_choice *c, span g, const nr_keep_rule *rule,
                            size_t *out) {
    *out = rule->each[g.layer];
    for (size_t k = 0; k < c->n_layers; k++) {
        if (c->group[k] != g.layer) continue;
        NR_REQUIRE(rule->each[k] <= c->size[k], NR_ERR_USAGE,
                   "--keep-per-layer: layer \"%s\" has %u filters, %zu cannot stay",
                   c->layers[k].name, c->size[k], rule->each[k]);
        NR_REQUIRE(c->size[k] == g.n && rule->each[k] == *out, NR_ERR_USAGE,
                   "--keep-per-layer: layers \"%s\" and \"%s\" are tied and keep the "
                   "same number of filters, not %zu and %zu",
                   c->layers[g.layer].name, c->layers[k].name, *out, rule->each[k]);
    }
    return NR_OK;
}

static nr_status count_kept(const nr_choice *c, span g, const nr_keep_rule *rule,
                            size_t *out) {
    switch (rule->kind) {
    case NR_KEEP_COUNT: *out = (size_t)rule->amount; break;
    case NR_KEEP_FRACTION:
        *out = (size_t)floor(rule->amount * (double)g.n + 0.5);
        break;
    case NR_KEEP_GROUPS: *out = rule->each[g.number]; break;
    case NR_KEEP_EACH: NR_TRY(count_each(c, g, rule, out)); break;
    case NR_KEEP_SIGNIFICANT: *out = g.n; break;
    }
    if (*out == 0) *out = 1;
    size_t unranked = 0;
    while (unranked < g.n && !c->bundles[g.first + unranked].ranked) unranked++;
    bool asked = rule->kind == NR_KEEP_COUNT || rule->kind == NR_KEEP_EACH;
    NR_REQUIRE(!asked || *out <= g.n, NR_ERR_USAGE,
               "layer \"%s\" has %zu filters, %zu cannot stay", c->layers[g.layer].name,
               g.n, *out);
    NR_REQUIRE(!asked || *out >= unranked, NR_ERR_USAGE,
               "layer \"%s\": %zu filters were not ranked and stay, more than %zu",
               c->layers[g.layer].name, unranked, *out);
    if (*out < unranked) *out = unranked;
    return NR_OK;
}

/* Where a concatenation ties layers, one of them might lose all its filters. */
static void save_last_filters(const nr_choice *c, bool *chosen) {
    for (size_t k = 0; k < c->n_layers; k++) {
        size_t best = SIZE_MAX;
        bool any = false;
        for (uint32_t i = 0; i < c->size[k]; i++) {
            size_t b = c->at[id_of(c, k, i)];
            any = any || chosen[b];
            if (b < best) best = b;
        }
        if (!any) chosen[best] = true;
    }
}

nr_status nr_choice_make(const nr_choice *c, const nr_keep_rule *rule, bool *off) {
    bool *chosen;
    if (!NR_NEW(chosen, c->n)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    memset(off, 0, nr_channels_count(c->channels) * sizeof *off);
    span g = before_first;
    while (status == NR_OK && next_group(c, &g)) {
        size_t kept = 0;
        status = count_kept(c, g, rule, &kept);
        if (status != NR_OK) break;
        if (rule->kind == NR_KEEP_SIGNIFICANT) choose_significant(c, g, chosen);
        else
            for (size_t k = 0; k < kept; k++) chosen[g.first + k] = true;
    }
    if (status == NR_OK) {
        save_last_filters(c, chosen);
        turn_off(c, chosen, off);
    }
    free(chosen);
    return status;
}
