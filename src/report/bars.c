#include "bars.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "neurank/base/memory.h"

/* Blue and orange, which colour-blind readers tell apart; the characters alone do, too.
 */
static const char solid_colour[] = "\033[34m", open_colour[] = "\033[33m";
static const char no_colour[] = "\033[0m";

size_t nr_bar_room(const nr_page *page, size_t used) {
    if (page->columns == 0) return NR_BAR_COLUMNS;
    size_t room = page->columns > used ? page->columns - used : 0;
    return room < NR_BAR_COLUMNS_MIN ? 0 : room;
}

static void print_part(FILE *stream, const nr_page *page, const char *colour, char mark,
                       size_t n) {
    if (n == 0) return;
    if (page->colour) fputs(colour, stream);
    for (size_t i = 0; i < n; i++) fputc(mark, stream);
    if (page->colour) fputs(no_colour, stream);
}

void nr_print_bar(FILE *stream, const nr_page *page, size_t room, double low,
                  double high, double largest) {
    double near = low > 0 ? low : high < 0 ? -high : 0;
    double far = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    size_t solid = 0, end = 0;
    if (largest > 0 && isfinite(far)) {
        solid = (size_t)lround(near / largest * (double)room);
        end = (size_t)lround(far / largest * (double)room);
    }
    bool negative = high < 0 && end > 0, in_solid = negative && solid > 0;
    print_part(stream, page, in_solid ? solid_colour : open_colour, '<', negative);
    print_part(stream, page, solid_colour, '=', solid - in_solid);
    print_part(stream, page, open_colour, '-', end - solid - (negative && !in_solid));
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
