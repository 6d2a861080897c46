/* Agreement of two lists of numbers. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/estim/agreement.h"

typedef struct {
    double x, y;
} point;

static int by_x_then_y(const void *a, const void *b) {
    const point *p = a, *q = b;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return (p->y > q->y) - (p->y < q->y);
}

/* Sorted points of (value, index). */
static point *sorted(size_t n, const double *values) {
    point *p = nr_new(n, sizeof *p);
    if (!p) return NULL;
    for (size_t i = 0; i < n; i++) p[i] = (point){values[i], (double)i};
    qsort(p, n, sizeof *p, by_x_then_y);
    return p;
}

/* Equal values share the mean of their places. */
static bool mid_ranks(size_t n, const double *values, double *ranks) {
    point *p = sorted(n, values);
    if (!p) return false;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && p[end].x == p[i].x) end++;
        for (size_t k = i; k < end; k++)
            ranks[(size_t)p[k].y] = ((double)(i + end) - 1) / 2;
        i = end;
    }
    free(p);
    return true;
}

static double correlation(size_t n, const double *a, const double *b) {
    double mean = ((double)n - 1) / 2, ab = 0, aa = 0, bb = 0; /* of ranks */
    for (size_t i = 0; i < n; i++) {
        ab += (a[i] - mean) * (b[i] - mean);
        aa += (a[i] - mean) * (a[i] - mean);
        bb += (b[i] - mean) * (b[i] - mean);
    }
    return ab / sqrt(aa * bb);
}

double nr_spearman(size_t n, const double *a, const double *b) {
    double *ranks = nr_new(n, 2 * sizeof *ranks), value = NAN;
    if (ranks && mid_ranks(n, a, ranks) && mid_ranks(n, b, ranks + n))
        value = correlation(n, ranks, ranks + n);
    free(ranks);
    return value;
}

/* Pairs of equal y in a list sorted by y, or by x where the y are what x was. */
static double tied_pairs(size_t n, const point *p, bool both) {
    double pairs = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && p[end].x == p[i].x && (!both || p[end].y == p[i].y)) end++;
        pairs += (double)(end - i) * (double)(end - i - 1) / 2;
        i = end;
    }
    return pairs;
}

/* Exchanges that sort p by y: discordant pairs (Knight 1966), by merging. */
static double sort_by_y(point *p, point *scratch, size_t n) {
    if (n < 2) return 0;
    size_t half = n / 2, i = 0, k = half, at = 0;
    double swaps = sort_by_y(p, scratch, half);
    swaps += sort_by_y(p + half, scratch, n - half);
    while (i < half || k < n) {
        bool left = k == n || (i < half && p[i].y <= p[k].y);
        if (!left) swaps += (double)(half - i);
        scratch[at++] = left ? p[i++] : p[k++];
    }
    memcpy(p, scratch, n * sizeof *p);
    return swaps;
}

double nr_kendall(size_t n, const double *a, const double *b) {
    point *p = nr_new(n, 2 * sizeof *p);
    if (!p) return NAN;
    for (size_t i = 0; i < n; i++) p[i] = (point){a[i], b[i]};
    qsort(p, n, sizeof *p, by_x_then_y);
    double all = (double)n * ((double)n - 1) / 2, same_x = tied_pairs(n, p, false);
    double same = tied_pairs(n, p, true), swaps = sort_by_y(p, p + n, n);
    for (size_t i = 0; i < n; i++) p[i].x = p[i].y;
    double same_y = tied_pairs(n, p, false);
    free(p);
    double difference = all - same_x - same_y + same - 2 * swaps;
    return difference / sqrt((all - same_x) * (all - same_y));
}

/* How likely each is among the k best, if equal values stand in random order. */
static bool membership(size_t n, size_t k, const double *values, double *share) {
    point *p = sorted(n, values);
    if (!p) return false;
    double edge = p[n - k].x;
    size_t above = 0, equal = 0;
    for (size_t i = 0; i < n; i++) {
        above += values[i] > edge;
        equal += values[i] == edge;
    }
    for (size_t i = 0; i < n; i++)
        share[i] = values[i] > edge    ? 1
                   : values[i] == edge ? (double)(k - above) / (double)equal
                                       : 0;
    free(p);
    return true;
}

double nr_top_overlap(size_t n, size_t k, const double *a, const double *b) {
    double *shares = nr_new(n, 2 * sizeof *shares), sum = 0;
    bool good =
        shares && membership(n, k, a, shares) && membership(n, k, b, shares + n);
    for (size_t i = 0; good && i < n; i++) sum += shares[i] * shares[n + i];
    free(shares);
    return good ? sum / (double)k : (double)NAN;
}
