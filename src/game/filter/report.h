/* A value that is none, said with all that it takes to see it again: layer, block,
 * permutation and coalition, in channel numbers of the layer. All return NR_ERR_UNIT.
 */
#ifndef NEURANK_GAME_FILTER_REPORT_H
#define NEURANK_GAME_FILTER_REPORT_H

#include "deltas.h"

/* All filters are kept, or none. */
nr_status nr_filter_report_end(const nr_deltas *deltas, double value, bool full);
/* The first `size` of a walk, or all but those. order [n_live] */
nr_status nr_filter_report_walk(const nr_deltas *deltas, const uint32_t *order,
                                double value, size_t size, bool complement);
/* kept [n_players] */
nr_status nr_filter_report_coalition(const nr_deltas *deltas, double value,
                                     const uint8_t *kept);

#endif
