#include "neurank/nn/cut.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

/* What is known of one TWO tensor. */
typedef struct {
    uint32_t *player;   /* [c] */
    bool *absent;       /* [c] */
    uint32_t *channels; /* channels sorted by player; those of none left out */
    uint32_t *first;    /* [n_players + 1] into channels */
} two_map;

struct nr_cut {
    const nr_graph *graph;
    uint32_t layer;
    nr_ablation ablation;
    size_t n_players;
    uint8_t *part; /* [graph size] */
    two_map *maps; /* [graph size] */
    uint32_t *list[NR_PART_MIXED + 1];
    size_t n_list[NR_PART_MIXED + 1];
    uint32_t *frontier, *two_ends;
    size_t n_frontier, n_two_ends;
    bool *leaves; /* [graph size] */
};

static const nr_node *node_at(const nr_cut *cut, uint32_t node) {
    return nr_graph_node(cut->graph, node);
}

static uint32_t input_at(const nr_cut *cut, uint32_t node, uint32_t k) {
    return nr_graph_input_of(cut->graph, node, k);
}

/* ---- maps of TWO tensors ---- */

static nr_status map_new(nr_cut *cut, uint32_t node) {
    two_map *map = &cut->maps[node];
    size_t c = node_at(cut, node)->shape.c;
    if (!NR_NEW(map->player, c) || !NR_NEW(map->absent, c)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < c; i++) map->player[i] = NR_NO_PLAYER;
    return NR_OK;
}

/* Of a channel of any tensor: one that is not TWO has no owners. */
static uint32_t owner_of(const two_map *map, size_t c) {
    return map->player ? map->player[c] : NR_NO_PLAYER;
}

static bool is_absent(const two_map *map, size_t c) {
    return map->player && map->absent[c];
}

static void map_copy_channel(two_map *to, size_t c, const two_map *from,
                             size_t c_from) {
    to->player[c] = owner_of(from, c_from);
    to->absent[c] = is_absent(from, c_from);
}

/* Both inputs of an Add or Mul: a channel may belong to one player at the most. */
static bool binary_map_fits(const nr_cut *cut, uint32_t node) {
    const two_map *a = &cut->maps[input_at(cut, node, 0)];
    const two_map *b = &cut->maps[input_at(cut, node, 1)];
    for (size_t c = 0; c < node_at(cut, node)->shape.c; c++)
        if (owner_of(a, c) != owner_of(b, c) && owner_of(a, c) != NR_NO_PLAYER &&
            owner_of(b, c) != NR_NO_PLAYER)
            return false;
    return true;
}

static void binary_map(nr_cut *cut, uint32_t node) {
    const nr_node *n = node_at(cut, node);
    const two_map *a = &cut->maps[input_at(cut, node, 0)];
    const two_map *b = &cut->maps[input_at(cut, node, 1)];
    two_map *map = &cut->maps[node];
    for (size_t c = 0; c < n->shape.c; c++) {
        uint32_t owner = owner_of(a, c);
        bool both = is_absent(a, c) && is_absent(b, c);
        bool any = is_absent(a, c) || is_absent(b, c);
        map->player[c] = owner != NR_NO_PLAYER ? owner : owner_of(b, c);
        map->absent[c] = n->op == NR_OP_ADD ? both : any;
    }
}

static void concat_map(nr_cut *cut, uint32_t node) {
    const nr_node *n = node_at(cut, node);
    size_t first = 0;
    for (uint32_t k = 0; k < n->n_inputs; k++) {
        uint32_t input = input_at(cut, node, k);
        size_t c = node_at(cut, input)->shape.c;
        for (size_t i = 0; i < c; i++)
            map_copy_channel(&cut->maps[node], first + i, &cut->maps[input], i);
        first += c;
    }
}

/* Input channel of stored element i of channel c in a reshape's output. */
static size_t reshape_source(const nr_cut *cut, uint32_t node, size_t c, size_t pixel) {
    nr_shape in = node_at(cut, input_at(cut, node, 0))->shape;
    nr_shape out = node_at(cut, node)->shape;
    size_t out_map = (size_t)out.h * out.w, in_map = (size_t)in.h * in.w;
    if (nr_reshape_is_view(cut->graph, node)) return (pixel * out.c + c) % in.c;
    return (c * out_map + pixel) / in_map;
}

/* Does every output channel come from input channels of one owner? */
static bool reshape_map_fits(const nr_cut *cut, uint32_t node) {
    const two_map *from = &cut->maps[input_at(cut, node, 0)];
    nr_shape out = node_at(cut, node)->shape;
    for (size_t c = 0; c < out.c; c++) {
        size_t first = reshape_source(cut, node, c, 0);
        for (size_t p = 1; p < (size_t)out.h * out.w; p++) {
            size_t source = reshape_source(cut, node, c, p);
            if (from->player[source] != from->player[first] ||
                from->absent[source] != from->absent[first])
                return false;
        }
    }
    return true;
}

static void unary_map(nr_cut *cut, uint32_t node) {
    const nr_node *n = node_at(cut, node);
    uint32_t input = input_at(cut, node, 0);
    size_t c_in = node_at(cut, input)->shape.c, c_out = n->shape.c;
    for (size_t c = 0; c < c_out; c++) {
        size_t source = c;
        if (n->op == NR_OP_RESHAPE) source = reshape_source(cut, node, c, 0);
        else if (n->op == NR_OP_CONV) source = c / (c_out / c_in); /* depthwise */
        map_copy_channel(&cut->maps[node], c, &cut->maps[input], source);
    }
}

static nr_status map_fill(nr_cut *cut, uint32_t node) {
    NR_TRY(map_new(cut, node));
    switch ((nr_op)node_at(cut, node)->op) {
    case NR_OP_ADD:
    case NR_OP_MUL: binary_map(cut, node); break;
    case NR_OP_CONCAT: concat_map(cut, node); break;
    default: unary_map(cut, node);
    }
    return NR_OK;
}

/* Sorts the channels by player (counting sort). */
static nr_status map_index(nr_cut *cut, uint32_t node) {
    two_map *map = &cut->maps[node];
    size_t c = node_at(cut, node)->shape.c;
    if (!NR_NEW(map->channels, c) || !NR_NEW(map->first, cut->n_players + 2))
        return NR_ERR_INTERNAL;
    for (size_t i = 0; i < c; i++)
        if (map->player[i] != NR_NO_PLAYER) map->first[map->player[i] + 2]++;
    for (size_t p = 2; p < cut->n_players + 2; p++) map->first[p] += map->first[p - 1];
    for (uint32_t i = 0; i < c; i++)
        if (map->player[i] != NR_NO_PLAYER)
            map->channels[map->first[map->player[i] + 1]++] = i;
    return NR_OK;
}

/* ---- parts ---- */

static bool is_channelwise(const nr_cut *cut, const nr_node *n, uint32_t input) {
    if (n->op == NR_OP_DENSE) return false;
    uint32_t c = node_at(cut, input)->shape.c;
    return n->op != NR_OP_CONV || (n->window.group == c && c > 1);
}

static bool is_linear(const nr_node *n) {
    switch ((nr_op)n->op) {
    case NR_OP_CONV:
    case NR_OP_DENSE:
    case NR_OP_AFFINE:
    case NR_OP_AVG_POOL:
    case NR_OP_GLOBAL_AVG_POOL:
    case NR_OP_RESHAPE:
    case NR_OP_PAD: return true;
    default: return false;
    }
}

static nr_part unary_part(const nr_cut *cut, uint32_t node) {
    const nr_node *n = node_at(cut, node);
    uint32_t input = input_at(cut, node, 0);
    nr_part part = (nr_part)cut->part[input];
    bool mixes = n->op == NR_OP_CONV || n->op == NR_OP_DENSE;
    if (part == NR_PART_CONST || part == NR_PART_MIXED) return part;
    if (part == NR_PART_TWO) {
        if (n->op == NR_OP_RESHAPE)
            return reshape_map_fits(cut, node) ? NR_PART_TWO : NR_PART_LINEAR;
        return is_channelwise(cut, n, input) ? NR_PART_TWO : NR_PART_LINEAR;
    }
    if (!is_linear(n)) return NR_PART_MIXED;
    /* A second product on n differences pays only while it makes them no larger. */
    nr_shape in = node_at(cut, input)->shape;
    if (mixes && nr_shape_size(n->shape) > nr_shape_size(in)) return NR_PART_MIXED;
    return NR_PART_LINEAR;
}

static nr_part many_part(const nr_cut *cut, uint32_t node) {
    const nr_node *n = node_at(cut, node);
    size_t count[NR_PART_MIXED + 1] = {0};
    for (uint32_t k = 0; k < n->n_inputs; k++)
        count[cut->part[input_at(cut, node, k)]]++;
    if (count[NR_PART_MIXED]) return NR_PART_MIXED;
    if (count[NR_PART_CONST] == n->n_inputs) return NR_PART_CONST;
    bool fits = n->op == NR_OP_CONCAT || binary_map_fits(cut, node);
    if (!count[NR_PART_LINEAR] && fits) return NR_PART_TWO;
    if (n->op == NR_OP_MUL && count[NR_PART_CONST] == 0) return NR_PART_MIXED;
    return NR_PART_LINEAR;
}

static nr_status classify(nr_cut *cut, const uint32_t *filters) {
    size_t size = nr_graph_size(cut->graph);
    for (uint32_t i = 0; i < size; i++) {
        const nr_node *n = node_at(cut, i);
        if (i == cut->layer) {
            cut->part[i] = NR_PART_TWO;
            NR_TRY(map_new(cut, i));
            for (uint32_t p = 0; p < cut->n_players; p++) {
                cut->maps[i].player[filters[p]] = p;
                cut->maps[i].absent[filters[p]] = cut->ablation == NR_ABLATE_REMOVE;
            }
        } else if (n->n_inputs == 0) {
            cut->part[i] = NR_PART_CONST;
        } else {
            cut->part[i] =
                (uint8_t)(n->n_inputs == 1 ? unary_part(cut, i) : many_part(cut, i));
            if (cut->part[i] == NR_PART_TWO) NR_TRY(map_fill(cut, i));
        }
        if (cut->part[i] == NR_PART_TWO) NR_TRY(map_index(cut, i));
    }
    return NR_OK;
}

static nr_status make_lists(nr_cut *cut) {
    size_t size = nr_graph_size(cut->graph);
    for (int p = 0; p <= NR_PART_MIXED; p++)
        if (!NR_NEW(cut->list[p], size)) return NR_ERR_INTERNAL;
    if (!NR_NEW(cut->frontier, size) || !NR_NEW(cut->two_ends, size) ||
        !NR_NEW(cut->leaves, size))
        return NR_ERR_INTERNAL;
    bool *mixed_reads; /* or the score */
    if (!NR_NEW(mixed_reads, size)) return NR_ERR_INTERNAL;
    mixed_reads[nr_graph_output(cut->graph)] = true;
    cut->leaves[nr_graph_output(cut->graph)] = true;
    for (uint32_t i = 0; i < size; i++) {
        int part = i == cut->layer ? NR_PART_CONST : cut->part[i];
        if (node_at(cut, i)->op != NR_OP_INPUT)
            cut->list[part][cut->n_list[part]++] = i;
        for (uint32_t k = 0; i != cut->layer && k < node_at(cut, i)->n_inputs; k++) {
            uint32_t input = input_at(cut, i, k);
            if (cut->part[input] != cut->part[i]) cut->leaves[input] = true;
            if (cut->part[i] == NR_PART_MIXED) mixed_reads[input] = true;
        }
    }
    for (uint32_t i = 0; i < size; i++) {
        bool two = cut->part[i] == NR_PART_TWO, linear = cut->part[i] == NR_PART_LINEAR;
        if ((two || linear) && mixed_reads[i]) cut->frontier[cut->n_frontier++] = i;
        if (two && cut->leaves[i]) cut->two_ends[cut->n_two_ends++] = i;
    }
    free(mixed_reads);
    return NR_OK;
}

nr_status nr_cut_new(const nr_graph *graph, uint32_t layer, nr_ablation ablation,
                     const uint32_t *filters, size_t n_players, nr_cut **out) {
    nr_cut *cut;
    size_t size = nr_graph_size(graph);
    if (!NR_NEW(cut, 1)) return NR_ERR_INTERNAL;
    cut->graph = graph;
    cut->layer = layer;
    cut->ablation = ablation;
    cut->n_players = n_players;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(cut->part, size) || !NR_NEW(cut->maps, size)) goto err_free;
    NR_TRY_GOTO(classify(cut, filters), err_free);
    NR_TRY_GOTO(make_lists(cut), err_free);
    *out = cut;
    return NR_OK;

err_free:
    nr_cut_free(cut);
    return status;
}

void nr_cut_free(nr_cut *cut) {
    if (!cut) return;
    for (size_t i = 0; cut->maps && i < nr_graph_size(cut->graph); i++) {
        free(cut->maps[i].player);
        free(cut->maps[i].absent);
        free(cut->maps[i].channels);
        free(cut->maps[i].first);
    }
    for (int p = 0; p <= NR_PART_MIXED; p++) free(cut->list[p]);
    free(cut->maps);
    free(cut->part);
    free(cut->frontier);
    free(cut->two_ends);
    free(cut->leaves);
    free(cut);
}

const nr_graph *nr_cut_graph(const nr_cut *cut) {
    return cut->graph;
}
uint32_t nr_cut_layer(const nr_cut *cut) {
    return cut->layer;
}
size_t nr_cut_players(const nr_cut *cut) {
    return cut->n_players;
}
nr_part nr_cut_part(const nr_cut *cut, uint32_t node) {
    return (nr_part)cut->part[node];
}

nr_node_list nr_cut_nodes(const nr_cut *cut, nr_part part) {
    return (nr_node_list){cut->list[part], cut->n_list[part]};
}

nr_node_list nr_cut_frontier(const nr_cut *cut) {
    return (nr_node_list){cut->frontier, cut->n_frontier};
}

nr_node_list nr_cut_two_ends(const nr_cut *cut) {
    return (nr_node_list){cut->two_ends, cut->n_two_ends};
}

bool nr_cut_leaves_part(const nr_cut *cut, uint32_t node) {
    return cut->leaves[node];
}

const uint32_t *nr_cut_players_of(const nr_cut *cut, uint32_t node) {
    return cut->maps[node].player;
}

const bool *nr_cut_absent(const nr_cut *cut, uint32_t node) {
    return cut->maps[node].absent;
}

const uint32_t *nr_cut_channels(const nr_cut *cut, uint32_t node, uint32_t player,
                                size_t *n) {
    const two_map *map = &cut->maps[node];
    *n = map->first[player + 1] - map->first[player];
    return map->channels + map->first[player];
}

bool nr_cut_is_scaled(const nr_cut *cut) {
    if (cut->n_list[NR_PART_LINEAR] != 1) return false;
    uint32_t node = cut->list[NR_PART_LINEAR][0], input = input_at(cut, node, 0);
    if (node_at(cut, node)->op != NR_OP_DENSE || !cut->maps[input].first) return false;
    for (uint32_t p = 0; p < cut->n_players; p++) {
        size_t n;
        nr_cut_channels(cut, input, p, &n);
        if (n != 1) return false;
    }
    return true;
}
