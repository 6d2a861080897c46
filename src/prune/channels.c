#include "neurank/prune/channels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

static const uint32_t NO_NODE = UINT32_MAX;

struct nr_channels {
    const nr_graph *graph;
    size_t n;       /* channels of all tensors */
    size_t *first;  /* [nodes + 1] */
    size_t *parent; /* [n] union-find */
    bool *fixed;    /* [n] by bundle */
};

static const nr_node *node_at(const nr_channels *ch, uint32_t node) {
    return nr_graph_node(ch->graph, node);
}

static size_t input_first(const nr_channels *ch, uint32_t node, uint32_t k) {
    return ch->first[nr_graph_input_of(ch->graph, node, k)];
}

static uint32_t input_c(const nr_channels *ch, uint32_t node, uint32_t k) {
    return node_at(ch, nr_graph_input_of(ch->graph, node, k))->shape.c;
}

/* Convolutions that keep channels apart. */
static bool is_depthwise(const nr_channels *ch, uint32_t node) {
    const nr_node *n = node_at(ch, node);
    return n->op == NR_OP_CONV && n->window.group > 1 &&
           n->window.group == input_c(ch, node, 0);
}

static bool is_layer(uint32_t op) {
    return op == NR_OP_CONV || op == NR_OP_DENSE;
}

static bool mixes(const nr_channels *ch, uint32_t node) {
    return is_layer(node_at(ch, node)->op) && !is_depthwise(ch, node);
}

/* ---- which input channels an output channel is made of ----
 * Calls visit for each of them, for operators that do not mix. */
typedef void visit_function(void *context, size_t out, size_t in, uint32_t k);

static void visit_reshape(const nr_channels *ch, uint32_t node, visit_function *visit,
                          void *context) {
    nr_shape in = node_at(ch, nr_graph_input_of(ch->graph, node, 0))->shape;
    nr_shape out = node_at(ch, node)->shape;
    size_t from = input_first(ch, node, 0), to = ch->first[node];
    size_t in_area = (size_t)in.h * in.w, out_area = (size_t)out.h * out.w;
    bool view = nr_reshape_is_view(ch->graph, node);
    for (size_t e = 0; e < nr_shape_size(in); e++) {
        size_t source = e / in_area, target = e / out_area;
        if (view) { /* in the stored order, channels last */
            source = e % in.c;
            target = e % out.c;
        }
        visit(context, to + target, from + source, 0);
    }
}

static void visit_node(const nr_channels *ch, uint32_t node, visit_function *visit,
                       void *context) {
    const nr_node *n = node_at(ch, node);
    size_t out = ch->first[node];
    if (n->op == NR_OP_RESHAPE) {
        visit_reshape(ch, node, visit, context);
        return;
    }
    if (n->op == NR_OP_INPUT || mixes(ch, node)) return;
    for (uint32_t k = 0; k < n->n_inputs; k++) {
        size_t in = input_first(ch, node, k), c = input_c(ch, node, k);
        size_t each = n->op == NR_OP_CONV ? n->shape.c / c : 1;
        for (size_t i = 0; i < c * each; i++) visit(context, out + i, in + i / each, k);
        if (n->op == NR_OP_CONCAT) out += c;
    }
}

/* ---- bundles ---- */

static size_t find(size_t *parent, size_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* The smaller number stands for both, so that bundles do not depend on the order. */
static void tie(void *context, size_t out, size_t in, uint32_t k) {
    size_t *parent = context, a = find(parent, out), b = find(parent, in);
    (void)k;
    if (a < b) parent[b] = a;
    else parent[a] = b;
}

static void fix_all(nr_channels *ch, uint32_t node) {
    for (size_t i = ch->first[node]; i < ch->first[node + 1]; i++)
        ch->fixed[ch->parent[i]] = true;
}

static bool is_grouped(const nr_channels *ch, uint32_t node) {
    const nr_node *n = node_at(ch, node);
    return n->op == NR_OP_CONV && n->window.group > 1 && !is_depthwise(ch, node);
}

static void make_bundles(nr_channels *ch) {
    uint32_t n = (uint32_t)nr_graph_size(ch->graph);
    for (size_t i = 0; i < ch->n; i++) ch->parent[i] = i;
    for (uint32_t node = 0; node < n; node++) visit_node(ch, node, tie, ch->parent);
    for (size_t i = 0; i < ch->n; i++) ch->parent[i] = find(ch->parent, i);
    fix_all(ch, 0);
    fix_all(ch, nr_graph_output(ch->graph));
    for (uint32_t node = 0; node < n; node++) {
        if (!is_grouped(ch, node)) continue;
        fix_all(ch, node);
        fix_all(ch, nr_graph_input_of(ch->graph, node, 0));
    }
}

nr_status nr_channels_new(const nr_graph *graph, nr_channels **out) {
    nr_channels *ch;
    size_t nodes = nr_graph_size(graph);
    if (!NR_NEW(ch, 1)) return NR_ERR_INTERNAL;
    ch->graph = graph;
    if (!NR_NEW(ch->first, nodes + 1)) goto err_free;
    for (uint32_t node = 0; node < nodes; node++)
        ch->first[node + 1] = ch->first[node] + nr_graph_node(graph, node)->shape.c;
    ch->n = ch->first[nodes];
    if (!NR_NEW(ch->parent, ch->n) || !NR_NEW(ch->fixed, ch->n)) goto err_free;
    make_bundles(ch);
    *out = ch;
    return NR_OK;
err_free:
    nr_channels_free(ch);
    return NR_ERR_INTERNAL;
}

void nr_channels_free(nr_channels *ch) {
    if (!ch) return;
    free(ch->first);
    free(ch->parent);
    free(ch->fixed);
    free(ch);
}

size_t nr_channels_first(const nr_channels *ch, uint32_t node) {
    return ch->first[node];
}

uint32_t nr_channels_of(const nr_channels *ch, uint32_t node) {
    return node_at(ch, node)->shape.c;
}

size_t nr_channels_count(const nr_channels *ch) {
    return ch->n;
}

size_t nr_channels_bundle(const nr_channels *ch, uint32_t node, uint32_t c) {
    NR_ASSERT(c < node_at(ch, node)->shape.c);
    return ch->parent[ch->first[node] + c];
}

/* ---- silence ---- */

typedef struct {
    bool *flags;
    bool any; /* Mul: one silent factor is enough */
} silence;

/* Of one node's outputs: all start as silent, and a source that is not silent ends it;
 * for Mul the other way round. */
static void hear(void *context, size_t out, size_t in, uint32_t k) {
    silence *s = context;
    (void)k;
    if (s->any) s->flags[out] = s->flags[out] || s->flags[in];
    else s->flags[out] = s->flags[out] && s->flags[in];
}

void nr_channels_silent(const nr_channels *ch, const bool *off, bool *silent) {
    uint32_t n = (uint32_t)nr_graph_size(ch->graph);
    for (uint32_t node = 0; node < n; node++) {
        bool any = node_at(ch, node)->op == NR_OP_MUL;
        bool layer = is_layer(node_at(ch, node)->op);
        bool made = node_at(ch, node)->op == NR_OP_INPUT || mixes(ch, node);
        silence s = {silent, any};
        for (size_t i = ch->first[node]; i < ch->first[node + 1]; i++)
            silent[i] = !any && !made;
        visit_node(ch, node, hear, &s);
        for (size_t i = ch->first[node]; layer && i < ch->first[node + 1]; i++)
            silent[i] = silent[i] || off[i];
    }
}

/* ---- idleness ---- */

typedef struct {
    const bool *silent;
    bool *used;
} uses;

static void use(void *context, size_t out, size_t in, uint32_t k) {
    uses *u = context;
    (void)k;
    if (u->used[out] && !u->silent[out]) u->used[in] = true;
}

/* A channel is used when something that is not silent is made of it. What mixes uses
 * all that it reads, so that bundles do not depend on each other. */
static void find_used(const nr_channels *ch, const bool *silent, bool *used) {
    uint32_t output = nr_graph_output(ch->graph);
    uses u = {silent, used};
    memset(used, 0, ch->n * sizeof *used);
    for (size_t i = ch->first[output]; i < ch->first[output + 1]; i++) used[i] = true;
    for (uint32_t node = (uint32_t)nr_graph_size(ch->graph); node-- > 0;) {
        if (!mixes(ch, node)) {
            visit_node(ch, node, use, &u);
            continue;
        }
        size_t first = input_first(ch, node, 0);
        for (size_t i = 0; i < input_c(ch, node, 0); i++) used[first + i] = true;
    }
}

nr_status nr_channels_cut(const nr_channels *ch, const bool *off, bool *silent,
                          bool *cut) {
    bool *used;
    if (!NR_NEW(used, ch->n)) return NR_ERR_INTERNAL;
    nr_channels_silent(ch, off, silent);
    find_used(ch, silent, used);
    for (size_t i = 0; i < ch->n; i++) cut[i] = !ch->fixed[i]; /* by bundle, first */
    for (size_t i = 0; i < ch->n; i++)
        if (used[i] && !silent[i]) cut[ch->parent[i]] = false;
    for (size_t i = 0; i < ch->n; i++) cut[i] = cut[ch->parent[i]];
    free(used);
    return NR_OK;
}

/* ---- messages ---- */

static const char *label_of(const nr_channels *ch, uint32_t node) {
    const nr_node *n = node_at(ch, node);
    const char *name = nr_graph_text(ch->graph, n->short_name);
    if (name[0]) return name;
    name = nr_graph_text(ch->graph, n->name);
    return name[0] ? name : nr_op_name(n->op);
}

static void append(const nr_channels *ch, char *text, size_t bytes, const char *words,
                   uint32_t node) {
    size_t used = strlen(text);
    snprintf(text + used, bytes - used, "%s%s", words,
             node == NO_NODE ? "" : label_of(ch, node));
}

static bool bundle_has(const nr_channels *ch, size_t bundle, uint32_t node) {
    for (size_t i = ch->first[node]; i < ch->first[node + 1]; i++)
        if (ch->parent[i] == bundle) return true;
    return false;
}

/* A grouped convolution that reads or makes this bundle; or the logits, or the image.
 */
static bool say_fixed(const nr_channels *ch, size_t bundle, char *text, size_t bytes) {
    if (!ch->fixed[bundle]) return false;
    uint32_t n = (uint32_t)nr_graph_size(ch->graph);
    for (uint32_t node = 0; node < n; node++) {
        if (!is_grouped(ch, node)) continue;
        uint32_t input = nr_graph_input_of(ch->graph, node, 0);
        if (!bundle_has(ch, bundle, node) && !bundle_has(ch, bundle, input)) continue;
        snprintf(text, bytes, "the grouped convolution %s needs groups of equal size",
                 label_of(ch, node));
        return true;
    }
    bool logits = bundle_has(ch, bundle, nr_graph_output(ch->graph));
    snprintf(text, bytes, "%s",
             logits ? "the network's output needs all its classes"
                    : "the network's input is added to it");
    return true;
}

void nr_channels_why_not(const nr_channels *ch, size_t bundle, const bool *silent,
                         char *text, size_t bytes) {
    uint32_t n = (uint32_t)nr_graph_size(ch->graph);
    size_t found = 0;
    text[0] = '\0';
    if (say_fixed(ch, bundle, text, bytes)) return;
    for (uint32_t node = 0; node < n; node++) {
        if (!mixes(ch, node)) continue;
        bool loud = false;
        for (size_t i = ch->first[node]; i < ch->first[node + 1]; i++)
            loud = loud || (ch->parent[i] == bundle && !silent[i]);
        if (loud) append(ch, text, bytes, found++ ? ", " : "it is tied to ", node);
    }
    append(ch, text, bytes, ", and can only go together with ", NO_NODE);
    append(ch, text, bytes, found > 1 ? "them" : "it", NO_NODE);
}
