/* Permutations are uniform, repeatable, stratified over blocks, and independent between
 * the two pairs of a block. */
#include "../support/nets.h"

#include <math.h>
#include <string.h>

#include "neurank/sample/permutation.h"

static void test_uniform(void **state) {
    (void)state;
    enum { N = 4, PERMUTATIONS = 24, DRAWS = 48000 };
    size_t count[256] = {0};
    nr_sampler *sampler;
    assert_int_equal(nr_sampler_new(1, 2, N, 64, &sampler), NR_OK);
    for (uint32_t block = 0; block < DRAWS / 2; block++)
        for (uint32_t pair = 0; pair < 2; pair++) {
            uint32_t p[N];
            nr_sampler_permutation(sampler, 0, block, pair, p);
            count[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
        }
    nr_sampler_free(sampler);
    double chi2 = 0, wanted = (double)DRAWS / PERMUTATIONS;
    size_t kinds = 0;
    for (size_t i = 0; i < 256; i++) {
        kinds += count[i] > 0;
        if (count[i] > 0)
            chi2 += ((double)count[i] - wanted) * ((double)count[i] - wanted) / wanted;
    }
    assert_int_equal(kinds, PERMUTATIONS);
    assert_true(chi2 < 53); /* 23 degrees of freedom: exceeded with probability 4e-4 */
}

static void test_every_player_once(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 47, 48, 49, 500, 4096};
    static uint32_t p[4096], again[4096];
    static bool seen[4096];
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        nr_sampler *sampler;
        assert_int_equal(nr_sampler_new(9, 1, sizes[k], 1, &sampler), NR_OK);
        memset(seen, 0, sizeof seen);
        nr_sampler_permutation(sampler, 3, 5, 1, p);
        nr_sampler_permutation(sampler, 4, 5, 1, again);
        nr_sampler_permutation(sampler, 3, 5, 1, again);
        assert_memory_equal(p, again, sizes[k] * sizeof *p);
        for (size_t i = 0; i < sizes[k]; i++) {
            assert_true(p[i] < sizes[k] && !seen[p[i]]);
            seen[p[i]] = true;
        }
        nr_sampler_free(sampler);
    }
}

/* Mean place of player 0 over groups of 64 blocks, folded at the middle as a pair's
 * reverse folds it: it varies much less than over independent permutations. */
static double spread(uint32_t strata) {
    enum { N = 101, GROUPS = 200, BLOCKS = 64 };
    nr_sampler *sampler;
    double sum = 0, squares = 0;
    assert_int_equal(nr_sampler_new(3, 4, N, strata, &sampler), NR_OK);
    for (uint32_t group = 0; group < GROUPS; group++) {
        double mean = 0;
        for (uint32_t b = 0; b < BLOCKS; b++) {
            uint32_t p[N], place = 0;
            nr_sampler_permutation(sampler, 0, group * BLOCKS + b, 0, p);
            while (p[place] != 0) place++;
            mean += fabs(place - 50.0) / BLOCKS;
        }
        sum += mean / GROUPS;
        squares += mean * mean / GROUPS;
    }
    nr_sampler_free(sampler);
    return squares - sum * sum;
}

static void test_stratified(void **state) {
    (void)state;
    assert_true(spread(64) < 0.25 * spread(1));
}

static void test_pairs_are_independent(void **state) {
    (void)state;
    enum { N = 30, BLOCKS = 20000 };
    nr_sampler *sampler;
    double products = 0;
    assert_int_equal(nr_sampler_new(3, 4, N, 64, &sampler), NR_OK);
    for (uint32_t b = 0; b < BLOCKS; b++) {
        double centred[2];
        for (uint32_t pair = 0; pair < 2; pair++) {
            uint32_t p[N], place = 0;
            nr_sampler_permutation(sampler, 1, b, pair, p);
            while (p[place] != 7) place++;
            centred[pair] = fabs(place - 14.5) - 7.5;
        }
        products += centred[0] * centred[1];
    }
    nr_sampler_free(sampler);
    double variance = 18.67; /* of |place - 14.5| over 30 places */
    assert_true(fabs(products / BLOCKS) < 4 * variance / sqrt(BLOCKS));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_uniform),
                                       cmocka_unit_test(test_every_player_once),
                                       cmocka_unit_test(test_stratified),
                                       cmocka_unit_test(test_pairs_are_independent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
