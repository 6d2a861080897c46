/* The game of a few filters of a real network, looked up: the value of every coalition
 * on every image of a pool is evaluated once, and then thousands of runs are cheap.
 *
 * A table game plays chosen images of the pool, one a block, the same image perhaps
 * more than once. Exact Shapley values are sums over all coalitions in plain doubles.
 */
#ifndef NEURANK_TESTS_TABLE_H
#define NEURANK_TESTS_TABLE_H

#include "neurank/game/filter_spec.h"
#include "neurank/game/game.h"

enum { TABLE_PLAYERS = 12, TABLE_COALITIONS = 1 << TABLE_PLAYERS };

typedef struct table table;

/* Every image and coalition through `values` of the filter game. Owns its game. */
nr_status table_new(const nr_filter_spec *spec, table **out);
void table_free(table *t);

size_t table_pool(const table *t); /* images */

/* Plays the first `count` images, or those that the caller writes to table_chosen
 * before each run: [count] numbers in the pool. One game of a table at a time. */
nr_status table_open(table *t, size_t count, nr_game *out);
uint32_t *table_chosen(table *t);

/* Means over images [0, count) of the pool: phi [TABLE_PLAYERS]. */
void table_exact(const table *t, size_t count, double *phi);

/* How far the table's exact values for the first `count` images are from those of
 *   itself, played with .exact          (to be below 1e-12)
 *   the filter game, played with .exact (to be below 1e-5)
 *   whole forwards                      (to be below 1e-5; the first `masked` images)
 */
typedef struct {
    double played, filter, forwards;
} table_errors;
nr_status table_check(table *t, size_t count, size_t masked, table_errors *out);

#endif
