/* Subsets are class-balanced, seeded, of the asked size; the order is a permutation. */
#include "../support/nets.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/dataset/select.h"

enum { N = 1000, CLASSES = 7 };

/* Class 0 has 3 images, class 1 has 20, the others share the rest. */
static void make_labels(uint32_t labels[N]) {
    for (uint32_t i = 0; i < N; i++) labels[i] = 2 + i % 5;
    for (uint32_t i = 0; i < 3; i++) labels[100 * i + 7] = 0;
    for (uint32_t i = 0; i < 20; i++) labels[11 * i + 300] = 1;
}

static void test_balanced(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 6, 7, 20, 100, 103, 999};
    uint32_t labels[N], chosen[N], again[N], other[N];
    size_t available[CLASSES] = {0};
    make_labels(labels);
    for (size_t i = 0; i < N; i++) available[labels[i]]++;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t wanted = sizes[k], count[CLASSES] = {0}, most = 0;
        assert_int_equal(nr_select_balanced(labels, N, CLASSES, wanted, 5, chosen),
                         NR_OK);
        assert_int_equal(nr_select_balanced(labels, N, CLASSES, wanted, 5, again),
                         NR_OK);
        assert_int_equal(nr_select_balanced(labels, N, CLASSES, wanted, 6, other),
                         NR_OK);
        assert_memory_equal(chosen, again, wanted * sizeof *chosen);
        if (wanted > 6 && wanted < 900)
            assert_memory_not_equal(chosen, other, wanted * sizeof *chosen);
        for (size_t i = 0; i < wanted; i++) {
            assert_true(chosen[i] < N && (i == 0 || chosen[i] > chosen[i - 1]));
            count[labels[chosen[i]]]++;
        }
        for (size_t c = 0; c < CLASSES; c++) most = count[c] > most ? count[c] : most;
        for (size_t c = 0; c < CLASSES; c++)
            assert_true(count[c] == available[c] || count[c] + 1 >= most);
    }
}

static void test_shuffle(void **state) {
    (void)state;
    uint32_t values[N], seen[N] = {0};
    size_t fixed = 0;
    for (uint32_t i = 0; i < N; i++) values[i] = i;
    assert_int_equal(nr_select_shuffle(values, N, 3), NR_OK);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(seen[values[i]]++, 0);
        fixed += values[i] == i;
    }
    assert_true(fixed < 10); /* about one is expected */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_balanced),
                                       cmocka_unit_test(test_shuffle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
