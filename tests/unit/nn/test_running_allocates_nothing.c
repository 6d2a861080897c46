/* A forward and the blocks of a run allocate nothing: memory is planned once. All of
 * the program's memory comes from aligned_alloc, which this file counts. */
#include "../support/nets.h"

#include <errno.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/game/filter.h"
#include "neurank/plan/units.h"
#include "neurank/sched/unit.h"

static size_t allocations;

void *aligned_alloc(size_t alignment, size_t size) {
    void *memory = NULL;
    allocations++;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void test_units(void **state) {
    (void)state;
    static const uint32_t filters[] = {0, 1, 2, 3, 4, 5};
    nr_graph *graph = test_graph(2, 8, 8);
    uint32_t x = test_relu(graph, test_conv(graph, "conv", 0, 6, 3, 1, 1, 1));
    x = test_relu(graph, test_conv(graph, "next", x, 4, 3, 1, 1, 1));
    test_finish(graph, test_dense(graph, "head", test_flatten(graph, x), 3));
    nr_images *images = test_images(graph, 20);
    nr_filter_spec spec = {.graph = graph,
                           .images = images,
                           .kernels = nr_kernels_find("fast"),
                           .layer = test_layer(graph, "conv"),
                           .filters = filters,
                           .n_players = 6,
                           .block_images = 1,
                           .group_blocks = 4};
    nr_game game;
    nr_unit_runner *runner;
    nr_units units = nr_units_plan(20, 6e8 / 8, 4);
    assert_int_equal(nr_filter_game_new(&spec, &game), NR_OK);
    nr_unit_spec unit = {.game = &game,
                         .seed = 1,
                         .layer = 1,
                         .units = units,
                         .n_classes = 3,
                         .per_image = true};
    assert_int_equal(nr_unit_runner_new(&unit, &runner), NR_OK);
    uint64_t *words = nr_new(nr_unit_result_words(runner), 8);
    assert_true(allocations > 10); /* the count counts */
    size_t before = 0;
    for (uint64_t u = 0; u < 3 * units.units_per_sweep; u++) {
        /* classes get their rows in the first sweep */
        if (u == units.units_per_sweep) before = allocations;
        nr_unit_begin(runner, u);
        for (bool done = false; !done;)
            assert_int_equal(nr_unit_step(runner, &done), NR_OK);
        nr_unit_result(runner, words);
    }
    assert_int_equal(allocations, before);
    free(words);
    nr_unit_runner_free(runner);
    nr_game_free(&game);
    nr_images_free(images);
    nr_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
