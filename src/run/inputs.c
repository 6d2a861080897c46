#include "neurank/run/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/onnx/import.h"

/* Rank 0 has `graph`; afterwards every rank has one, with the weights once a node. */
static nr_status spread_graph(nr_world *world, nr_graph *graph, nr_graph **out) {
    bool root = nr_world_rank(world) == 0;
    void *bytes = NULL;
    const void *shared = NULL;
    size_t n_bytes = 0, n_weights = 0;
    const float *weights = root ? nr_graph_weights(graph, &n_weights) : NULL;
    nr_status status = root ? nr_graph_pack(graph, &bytes, &n_bytes) : NR_OK;
    NR_TRY(nr_world_share(world, status));
    NR_TRY(nr_world_broadcast(world, &bytes, &n_bytes));
    NR_TRY(nr_world_spread(world, weights, n_weights * sizeof *weights, &shared));
    status = nr_graph_unpack(bytes, n_bytes, shared, out);
    free(bytes);
    return nr_world_share(world, status);
}

static nr_status spread_images(nr_world *world, nr_images *images, nr_images **out) {
    bool root = nr_world_rank(world) == 0;
    void *bytes = NULL;
    const void *shared = NULL;
    size_t n_bytes = 0, n_pixels = 0;
    const void *pixels = root ? nr_images_pixels(images, &n_pixels) : NULL;
    nr_status status = root ? nr_images_pack(images, &bytes, &n_bytes) : NR_OK;
    NR_TRY(nr_world_share(world, status));
    NR_TRY(nr_world_broadcast(world, &bytes, &n_bytes));
    NR_TRY(nr_world_spread(world, pixels, n_pixels, &shared));
    status = nr_images_unpack(bytes, n_bytes, shared, out);
    free(bytes);
    return nr_world_share(world, status);
}

nr_status nr_inputs_load(nr_world *world, const nr_input_request *request,
                         nr_inputs *out) {
    nr_graph *graph = NULL;
    nr_images *images = NULL;
    nr_selection selection = {
        .wanted = (size_t)request->images, .seed = request->seed, .shuffled = true};
    nr_status status = NR_OK;
    *out = (nr_inputs){0};
    if (nr_world_rank(world) == 0) {
        status = nr_onnx_load(request->model, &graph, out->model_digest);
        if (status == NR_OK)
            status = nr_images_load(request->data, graph, selection, &images);
        if (status == NR_OK)
            memcpy(out->data_digest, nr_images_digest(images), NR_DIGEST_TEXT);
    }
    status = nr_world_share(world, status);
    if (status == NR_OK) status = spread_graph(world, graph, &out->graph);
    if (status == NR_OK) status = spread_images(world, images, &out->images);
    nr_graph_free(graph);
    nr_images_free(images);
    if (status != NR_OK) nr_inputs_free(out);
    return status;
}

void nr_inputs_free(nr_inputs *inputs) {
    nr_graph_free(inputs->graph);
    nr_images_free(inputs->images);
    *inputs = (nr_inputs){0};
}
