#include "neurank/run/ranked.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/nn/layers.h"

nr_status nr_ranked_read(const char *path, const char *model, const char *digest,
                         nr_names *names, nr_store **out) {
    NR_TRY(nr_store_read(path, out));
    const char *theirs = nr_store_inputs(*out)->model;
    NR_REQUIRE(strcmp(theirs, digest) == 0, NR_ERR_MISMATCH,
               "%s: ranks of another model: its digest is %s, that of %s is %s", path,
               theirs, model, digest);
    return nr_names_add_layers(*out, names);
}

static bool has_name(const nr_names *names, const char *name) {
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0) return true;
    return false;
}

/* Every layer of the store that is wanted is one of the network's. */
static nr_status require_all(const nr_names *names, const char *list, const char *path,
                             const nr_ranked_node *nodes, size_t n) {
    for (size_t i = 0; i < names->n; i++) {
        size_t k = 0;
        if (!nr_is_selected(list, names->items[i])) continue;
        while (k < n && strcmp(nodes[k].name, names->items[i]) != 0) k++;
        NR_REQUIRE(k < n, NR_ERR_MISMATCH, "%s: the network has no layer \"%s\"", path,
                   names->items[i]);
    }
    NR_REQUIRE(n > 0, NR_ERR_MISMATCH, "%s: holds no layer", path);
    return NR_OK;
}

nr_status nr_ranked_nodes(const nr_graph *graph, const nr_names *names,
                          const char *list, const char *path, nr_ranked_node **out,
                          size_t *n) {
    uint32_t *nodes;
    size_t all;
    NR_TRY(nr_names_require(names, list, path));
    NR_TRY(nr_layers_list(graph, &nodes, &all));
    nr_status status = NR_NEW(*out, all) ? NR_OK : NR_ERR_INTERNAL;
    *n = 0;
    for (size_t i = 0; i < all && status == NR_OK; i++) {
        const char *name =
            nr_graph_text(graph, nr_graph_node(graph, nodes[i])->short_name);
        if (has_name(names, name) && nr_is_selected(list, name))
            (*out)[(*n)++] = (nr_ranked_node){nodes[i], name};
    }
    free(nodes);
    if (status == NR_OK) status = require_all(names, list, path, *out, *n);
    return status;
}
