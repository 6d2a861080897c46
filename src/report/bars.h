/* What tables draw with characters. */
#ifndef NEURANK_REPORT_BARS_H
#define NEURANK_REPORT_BARS_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"
#include "neurank/base/terminal.h"

/* Columns of a bar where no terminal has a width; below the second there is none. */
enum { NR_BAR_COLUMNS = 32, NR_BAR_COLUMNS_MIN = 8, NR_PLACES_TEXT = 32 };

/* Columns that are left for a bar behind `used` others. */
size_t nr_bar_room(const nr_page *page, size_t used);

/* '=' from zero to the near end of the interval, '-' across it, '<' for a negative one;
 * largest: the number that fills the `room`. */
void nr_print_bar(FILE *stream, const nr_page *page, size_t room, double low,
                  double high, double largest);

/* Largest |end| of the intervals [n]. */
double nr_largest_end(size_t n, const double *low, const double *high);

/* Decimals that show the smallest of these errors [n] with two digits. */
int nr_decimals_of(size_t n, const double *errors);

/* Indices in order of rank; *out owned by the caller. */
nr_status nr_by_rank(size_t n, const uint32_t *rank, uint32_t **out);

/* Those that cannot be told apart are tied together at the left: / | \ around the k-th
 * of `order`, from their groups. */
char nr_tie_mark(size_t n, const uint32_t *group, const uint32_t *order, size_t k);

/* "4" or "4-6", from places that count from 0. Returns text. */
const char *nr_places_text(uint32_t low, uint32_t high, char text[NR_PLACES_TEXT]);

#endif
