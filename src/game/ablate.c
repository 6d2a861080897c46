#include "ablate.h"

void nr_ablate_layer(const nr_cut *cut, nr_ablation ablation, const float *means,
                     size_t rows, const float *kept, float *ablated) {
    const nr_graph *graph = nr_cut_graph(cut);
    const nr_node *layer = nr_graph_node(graph, nr_cut_layer(cut));
    const uint32_t *players = nr_cut_players_of(cut, nr_cut_layer(cut));
    const float *silent = nr_graph_weight(graph, layer->silent);
    size_t c = layer->shape.c, pixels = rows * layer->shape.h * layer->shape.w;
    if (ablation == NR_ABLATE_REMOVE) silent = NULL;
    if (ablation == NR_ABLATE_MEAN) silent = means;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < c; i++)
            ablated[p * c + i] = players[i] == NR_NO_PLAYER ? kept[p * c + i]
                                 : silent                   ? silent[i]
                                                            : 0;
}

void nr_ablate_absent(void *context, uint32_t node, size_t rows, float *output) {
    const nr_cut *cut = context;
    nr_shape shape = nr_graph_node(nr_cut_graph(cut), node)->shape;
    const bool *absent = nr_cut_absent(cut, node);
    size_t pixels = rows * shape.h * shape.w;
    for (size_t i = 0; i < shape.c; i++)
        if (absent[i])
            for (size_t p = 0; p < pixels; p++) output[p * shape.c + i] = 0;
}
