#include "bars.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "neurank/base/memory.h"

void nr_draw_bar(double low, double high, double largest,
                 char bar[NR_BAR_COLUMNS + 1]) {
    double near = low > 0 ? low : high < 0 ? -high : 0;
    double far = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    int solid = 0, end = 0;
    if (largest > 0 && isfinite(far)) {
        solid = (int)lround(near / largest * NR_BAR_COLUMNS);
        end = (int)lround(far / largest * NR_BAR_COLUMNS);
    }
    for (int i = 0; i < NR_BAR_COLUMNS; i++) {
        const char *fill = i < solid ? "=" : i < end ? "-" : " ";
        bar[i] = *fill;
    }
    if (high < 0 && end > 0) bar[0] = '<';
    while (end > 0 && bar[end - 1] == ' ') end--;
    bar[end > 0 ? end : 0] = '\0';
}

double nr_largest_end(size_t n, const double *low, const double *high) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (fabs(low[i]) > largest) largest = fabs(low[i]);
        if (fabs(high[i]) > largest) largest = fabs(high[i]);
    }
    return largest;
}

int nr_decimals_of(size_t n, const double *errors) {
    double smallest = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (errors[i] > 0 && errors[i] < smallest) smallest = errors[i];
    int digits = isfinite(smallest) ? (int)ceil(-log10(smallest)) + 1 : 6;
    return digits < 4 ? 4 : digits > 9 ? 9 : digits;
}

nr_status nr_by_rank(size_t n, const uint32_t *rank, uint32_t **out) {
    if (!NR_NEW(*out, n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < n; i++) (*out)[rank[i]] = i;
    return NR_OK;
}

char nr_tie_mark(size_t n, const uint32_t *group, const uint32_t *order, size_t k) {
    uint32_t mine = group[order[k]];
    bool before = k > 0 && group[order[k - 1]] == mine;
    bool behind = k + 1 < n && group[order[k + 1]] == mine;
    if (before) return behind ? '|' : '\\';
    return behind ? '/' : ' ';
}

const char *nr_places_text(uint32_t low, uint32_t high, char text[NR_PLACES_TEXT]) {
    if (low == high) snprintf(text, NR_PLACES_TEXT, "%u", low + 1);
    else snprintf(text, NR_PLACES_TEXT, "%u-%u", low + 1, high + 1);
    return text;
}
