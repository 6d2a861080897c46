#include "ties.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"

typedef struct {
    double value;
    uint32_t player;
} ranked;

static int by_value(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->player > y->player) - (x->player < y->player);
}

static int ascending(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* An end that is not known may be anywhere. */
static double low_end(const nr_places *p, size_t i) {
    return isnan(p->joint_low[i]) ? -INFINITY : p->joint_low[i];
}
static double high_end(const nr_places *p, size_t i) {
    return isnan(p->joint_high[i]) ? INFINITY : p->joint_high[i];
}

/* How many of the sorted values are below x. */
static size_t count_below(const double *sorted, size_t n, double x) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Everybody whose interval lies above player i's is before it, below behind it. Both
 * ends are sorted descending and ascending as negated and plain numbers. */
static void fill_places(const nr_places *p, double *lows, double *highs) {
    for (size_t i = 0; i < p->n; i++) {
        lows[i] = -low_end(p, i);
        highs[i] = high_end(p, i);
    }
    qsort(lows, p->n, sizeof *lows, ascending);
    qsort(highs, p->n, sizeof *highs, ascending);
    for (size_t i = 0; i < p->n; i++) {
        size_t before = count_below(lows, p->n, -high_end(p, i));
        size_t behind = count_below(highs, p->n, low_end(p, i));
        p->rank_low[i] = (uint32_t)before;
        p->rank_high[i] = (uint32_t)(p->n - 1 - behind);
    }
}

/* A cut behind place k: the smallest low end before it is above the largest high end
 * behind it. worst_high [n]: the largest high end from each place on. */
static void fill_groups(const nr_places *p, const ranked *order, double *worst_high) {
    double worst = -INFINITY, lowest = INFINITY;
    uint32_t group = 0;
    for (size_t k = p->n; k-- > 0;) {
        double high = high_end(p, order[k].player);
        if (high > worst) worst = high;
        worst_high[k] = worst;
    }
    for (size_t k = 0; k < p->n; k++) {
        uint32_t player = order[k].player;
        if (k > 0 && lowest > worst_high[k]) group++;
        if (low_end(p, player) < lowest) lowest = low_end(p, player);
        p->group[player] = group;
    }
}

nr_status nr_ties_fill(const nr_places *p) {
    ranked *order;
    double *ends = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(order, p->n) || !NR_NEW(ends, nr_size_mul(2, p->n))) goto err_free;
    for (uint32_t i = 0; i < p->n; i++) order[i] = (ranked){p->values[i], i};
    qsort(order, p->n, sizeof *order, by_value);
    for (uint32_t k = 0; k < p->n; k++) p->rank[order[k].player] = k;
    fill_groups(p, order, ends);
    fill_places(p, ends, ends + p->n);
    status = NR_OK;
err_free:
    free(ends);
    free(order);
    return status;
}
