#include "neurank/nn/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_private.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"

static bool is_layer(const nr_node *node) {
    return node->op == NR_OP_CONV || node->op == NR_OP_DENSE;
}

nr_status nr_layers_list(const nr_graph *graph, uint32_t **out, size_t *n) {
    uint32_t *layers;
    size_t count = 0;
    if (!NR_NEW(layers, graph->n_nodes)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (is_layer(&graph->nodes[i])) layers[count++] = i;
    *out = layers;
    *n = count;
    return NR_OK;
}

static bool equals(const char *name, const char *text, size_t length) {
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

static nr_status unknown_layer(const nr_graph *graph, const char *name, size_t length,
                               const uint32_t *layers, size_t n) {
    char wanted[256];
    const char **names;
    snprintf(wanted, sizeof wanted, "%.*s", (int)(length < 255 ? length : 255), name);
    NR_REQUIRE(n > 0, NR_ERR_INPUT, "%s: the network has no convolution or dense layer",
               nr_graph_source(graph));
    if (!NR_NEW(names, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++)
        names[i] = nr_graph_text(graph, graph->nodes[layers[i]].short_name);
    nr_status status = nr_fail(
        NR_ERR_USAGE,
        "%s: no layer \"%s\"; the nearest is \"%s\" (neurank info lists all)",
        nr_graph_source(graph), wanted, names[nr_nearest_name(wanted, names, n)]);
    free(names);
    return status;
}

nr_status nr_layers_find(const nr_graph *graph, const char *name, size_t length,
                         uint32_t *out) {
    uint32_t *layers;
    size_t n;
    NR_TRY(nr_layers_list(graph, &layers, &n));
    for (int kind = 0; kind < 3; kind++) /* short names first: they are unique */
        for (size_t i = 0; i < n; i++) {
            const nr_node *node = &graph->nodes[layers[i]];
            const uint32_t texts[] = {node->short_name, node->name, node->output_name};
            if (equals(nr_graph_text(graph, texts[kind]), name, length)) {
                *out = layers[i];
                free(layers);
                return NR_OK;
            }
        }
    nr_status status = unknown_layer(graph, name, length, layers, n);
    free(layers);
    return status;
}

/* Does the output depend on this layer through reshapes alone? */
static bool gives_logits(const nr_graph *graph, uint32_t layer) {
    uint32_t node = graph->output;
    while (node != layer && graph->nodes[node].op == NR_OP_RESHAPE)
        node = nr_graph_input_of(graph, node, 0);
    return node == layer;
}

static nr_status select_all(const nr_graph *graph, uint32_t **out, size_t *n) {
    NR_TRY(nr_layers_list(graph, out, n));
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (!gives_logits(graph, (*out)[i])) (*out)[kept++] = (*out)[i];
    *n = kept;
    if (kept > 0) return NR_OK;
    free(*out);
    return nr_fail(NR_ERR_INPUT, "%s: no layer before the logits to rank",
                   nr_graph_source(graph));
}

nr_status nr_layers_select(const nr_graph *graph, const char *text, uint32_t **out,
                           size_t *n) {
    if (strcmp(text, "all") == 0) return select_all(graph, out, n);
    uint32_t *layers;
    size_t count = 0;
    nr_status status = NR_OK;
    if (!NR_NEW(layers, graph->n_nodes + 1)) return NR_ERR_INTERNAL;
    for (const char *p = text; status == NR_OK; p++) {
        size_t length = strcspn(p, ",");
        uint32_t layer = 0;
        status = nr_layers_find(graph, p, length, &layer);
        for (size_t i = 0; status == NR_OK && i < count; i++)
            if (layers[i] == layer)
                status =
                    nr_fail(NR_ERR_USAGE, "--layer %s: layer \"%.*s\" is named twice",
                            text, (int)length, p);
        if (status == NR_OK) layers[count++] = layer;
        p += length;
        if (!*p) break;
    }
    if (status != NR_OK) {
        free(layers);
        return status;
    }
    *out = layers;
    *n = count;
    return NR_OK;
}

/* ---- short names ---- */

enum { SHORT_NAME = 192 };

/* "/layer1/layer1.0/conv1/Conv" -> "layer1.0.conv1": PyTorch writes the path of
 * modules, each component repeating the one before it where modules nest in a sequence.
 */
static void from_path(const char *path, char out[SHORT_NAME]) {
    size_t used = 0;
    const char *part = path + strspn(path, "/");
    out[0] = '\0';
    while (*part) {
        size_t length = strcspn(part, "/");
        const char *next = part + length + strspn(part + length, "/");
        bool last = !*next && strchr(path, '/'); /* the operator's own name */
        bool repeated =
            strncmp(part, next, length) == 0 && (next[length] == '.' || !next[length]);
        if (!last && !repeated && used + length + 2 < SHORT_NAME) {
            if (used) out[used++] = '.';
            memcpy(out + used, part, length);
            used += length;
            out[used] = '\0';
        }
        part = next;
    }
}

/* The builder leaves the weights' ONNX name as the short name's first guess. */
static void first_guess(const nr_graph *graph, const nr_node *node, size_t ordinal,
                        char out[SHORT_NAME]) {
    static const char suffix[] = ".weight";
    const char *weights = nr_graph_text(graph, node->short_name);
    size_t length = strlen(weights);
    if (length > sizeof suffix - 1 && length < SHORT_NAME && !strstr(weights, "::") &&
        strcmp(weights + length - (sizeof suffix - 1), suffix) == 0) {
        snprintf(out, SHORT_NAME, "%.*s", (int)(length - (sizeof suffix - 1)), weights);
        return;
    }
    from_path(nr_graph_text(graph, node->name), out);
    if (!out[0])
        snprintf(out, SHORT_NAME, "%s%zu", node->op == NR_OP_CONV ? "conv" : "dense",
                 ordinal);
}

static bool is_taken(const nr_graph *graph, const uint32_t *layers, size_t n,
                     const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, nr_graph_text(graph, graph->nodes[layers[i]].short_name)))
            return true;
    return false;
}

/* A name is a group in the store, an entry of a comma-separated list and a field of
 * CSV. */
static void make_safe(char *name) {
    for (char *c = name; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        bool control = byte <= 0x20 || byte == 0x7f;
        if (control || strchr("/,\"'\\", *c) || (*c == '.' && c == name)) *c = '_';
    }
}

nr_status nr_layers_make_short_names(nr_graph *graph) {
    uint32_t *layers;
    size_t n, ordinal[2] = {0, 0};
    NR_TRY(nr_layers_list(graph, &layers, &n));
    for (size_t i = 0; i < n; i++) {
        nr_node *node = &graph->nodes[layers[i]];
        char guess[SHORT_NAME], name[SHORT_NAME + 24];
        first_guess(graph, node, ++ordinal[node->op == NR_OP_DENSE], guess);
        make_safe(guess);
        snprintf(name, sizeof name, "%s", guess);
        for (size_t k = 2; is_taken(graph, layers, i, name); k++)
            snprintf(name, sizeof name, "%s_%zu", guess, k);
        size_t bytes = strlen(name) + 1;
        nr_status status = nr_grow((void **)&graph->text, &graph->text_capacity,
                                   graph->n_text + bytes, 1);
        if (status != NR_OK) {
            free(layers);
            return status;
        }
        memcpy(graph->text + graph->n_text, name, bytes);
        node->short_name = (uint32_t)graph->n_text;
        graph->n_text += bytes;
    }
    free(layers);
    return NR_OK;
}
