#include "neurank/sample/thinned.h"

#include "neurank/base/status.h"

size_t nr_thinned_permutations(size_t n_players) {
    size_t count = (n_players + 2) / NR_THINNED_PREFIXES;
    return count > 0 ? count : 1;
}

double nr_thinned_sizes(size_t m, double *below) {
    double harmonic = 0;
    NR_ASSERT(m > 1);
    for (size_t s = 1; s < m; s++) harmonic += 1 / (double)s;
    below[0] = below[1] = 0;
    for (size_t s = 1; s < m; s++)
        below[s + 1] =
            below[s] + (double)m / (2 * harmonic) / ((double)s * (double)(m - s));
    return 1 / (2 * harmonic);
}

/* The parts are dealt to the permutations in a cycle that starts anywhere. */
size_t nr_thinned_size(const nr_sampler *sampler, uint32_t sweep, uint32_t block,
                       uint32_t draw, size_t p, size_t count, size_t part, size_t m,
                       const double *below) {
    double start = nr_sampler_uniform(sampler, sweep, block, draw, (uint32_t)part, 0);
    double within = nr_sampler_uniform(sampler, sweep, block, draw, (uint32_t)part,
                                       1 + (uint32_t)p);
    size_t place = (p + (size_t)(start * (double)count)) % count;
    double u = ((double)(part * count + place) + within) /
               (double)(NR_THINNED_PREFIXES * count);
    size_t low = 1, high = m - 1; /* the size with below[s] <= u < below[s + 1] */
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (below[middle] <= u) low = middle;
        else high = middle - 1;
    }
    return low;
}
