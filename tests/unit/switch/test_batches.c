/* Every epoch sees every block once, each class by itself and in another order; the
 * number of images of a batch is what its blocks have.
 * TEST: timeout=20 */
#include "../support/nets.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/switch/batches.h"

enum { BLOCKS_MAX = 64, EPOCHS = 4 };

static void check(size_t images, size_t batch, size_t block_images) {
    nr_batches *b;
    size_t n_blocks = (images + block_images - 1) / block_images, differ = 0;
    size_t before[BLOCKS_MAX] = {0};
    assert_int_equal(nr_batches_new(images, batch, block_images, 7, 3, &b), NR_OK);
    size_t steps = nr_batches_steps(b), classes = nr_batches_classes(b);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        size_t seen[BLOCKS_MAX] = {0}, total = 0;
        for (uint64_t step = epoch * steps; step < (epoch + 1) * steps; step++) {
            total += nr_batches_images(b, step);
            for (size_t c = 0; c < classes; c++) {
                size_t block;
                if (!nr_batches_block(b, step, c, &block)) continue;
                assert_true(block < n_blocks && block % classes == c);
                seen[block]++;
                differ += epoch > 0 && before[block] != step % steps;
                before[block] = step % steps;
            }
        }
        assert_int_equal(total, images);
        for (size_t k = 0; k < n_blocks; k++) assert_int_equal(seen[k], 1);
    }
    assert_true(steps < 3 || differ > 0);
    nr_batches_free(b);
}

static void test_epochs(void **state) {
    (void)state;
    check(100, 20, 5);
    check(103, 20, 5); /* a short block, a short batch */
    check(7, 100, 10);
    check(1, 1, 1);
    check(60, 4, 1);
}

static void test_block_images(void **state) {
    (void)state;
    assert_int_equal(nr_batches_block_images(100, 10), 5);
    assert_int_equal(nr_batches_block_images(100, 0), 10);
    assert_int_equal(nr_batches_block_images(97, 10), 1);
    assert_int_equal(nr_batches_block_images(100, 1000), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_epochs),
                                       cmocka_unit_test(test_block_images)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
