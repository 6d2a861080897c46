/* Work by number.
 *
 * A sweep visits every block once; its blocks are dealt into units of equal size. Unit
 * u of a layer is part u % units_per_sweep of sweep u / units_per_sweep.
 *
 * An exact run has one sweep. Where enumerating a block is long, several units share
 * it: piece p of P is the p-th part of its coalitions in Gray-code order. */
#ifndef NEURANK_PLAN_UNITS_H
#define NEURANK_PLAN_UNITS_H

#include <stdint.h>

typedef struct {
    uint64_t n_blocks, blocks_per_unit, units_per_sweep;
    uint32_t group_blocks; /* blocks whose prefix runs as one batch; divides a unit */
    uint32_t strata;       /* blocks of a stratification group; divides a unit */
    uint64_t pieces; /* units of a block in an exact run, a power of two; else 0 */
} nr_units;

typedef struct {
    uint64_t sweep, first_block, n_blocks;
    uint64_t piece, n_pieces;
} nr_unit;

/* Units of about 2e9 multiply-adds, 20 ms of a core, at least 32 a sweep where there
 * are that many blocks, and of whole stratification groups. A function of the plan
 * alone. */
nr_units nr_units_plan(uint64_t n_blocks, double macs_per_visit, uint32_t group_blocks);

/* The same for an exact run of n_players, of about 5e9. */
nr_units nr_units_plan_exact(uint64_t n_blocks, uint64_t n_players,
                             double macs_per_coalition, uint32_t group_blocks);

/* What unit `number` consists of. */
nr_unit nr_units_get(const nr_units *units, uint64_t number);

#endif
