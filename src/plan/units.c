#include "neurank/plan/units.h"

#include <math.h>

#include "neurank/base/status.h"

/* About 20 ms on one core of 2022; an exact run pays for opening its block in every
 * unit. */
static const double unit_macs = 2e9, exact_unit_macs = 5e9;

enum { UNITS_PER_SWEEP_MIN = 32, BLOCKS_MAX = 1024, STRATA_MAX = 64 };
/* An exact run's ledger has a byte a unit. */
enum { EXACT_UNITS_MAX = 1 << 24, PIECE_COALITIONS_MIN = 1 << 8 };
/* Of many players few are live on one image; more than these take longer units. */
enum { LIVE_PLANNED = 24 };

static uint32_t power_of_two_below(uint64_t limit, uint32_t most) {
    uint32_t power = 1;
    while (power < most && 2 * (uint64_t)power <= limit) power *= 2;
    return power;
}

/* Whole groups of both kinds, which are powers of two. */
static nr_units cut(uint64_t n_blocks, double wanted, uint32_t group_blocks) {
    uint64_t blocks = wanted < 1            ? 1
                      : wanted > BLOCKS_MAX ? BLOCKS_MAX
                                            : (uint64_t)wanted;
    uint64_t most = n_blocks / UNITS_PER_SWEEP_MIN;
    if (blocks > most) blocks = most > 0 ? most : 1;
    uint32_t strata = power_of_two_below(blocks, STRATA_MAX);
    uint32_t group = power_of_two_below(blocks, group_blocks);
    uint32_t step = strata > group ? strata : group;
    blocks -= blocks % step;
    return (nr_units){.n_blocks = n_blocks,
                      .blocks_per_unit = blocks,
                      .units_per_sweep = (n_blocks + blocks - 1) / blocks,
                      .group_blocks = group,
                      .strata = strata};
}

nr_units nr_units_plan(uint64_t n_blocks, double macs_per_visit,
                       uint32_t group_blocks) {
    NR_ASSERT(group_blocks > 0);
    double wanted = macs_per_visit > 0 ? unit_macs / macs_per_visit : BLOCKS_MAX;
    return cut(n_blocks, wanted, group_blocks);
}

nr_units nr_units_plan_exact(uint64_t n_blocks, uint64_t n_players,
                             double macs_per_coalition, uint32_t group_blocks) {
    double coalitions =
        ldexp(1, n_players < LIVE_PLANNED ? (int)n_players : LIVE_PLANNED);
    double wanted = exact_unit_macs / (macs_per_coalition > 0 ? macs_per_coalition : 1);
    if (wanted < PIECE_COALITIONS_MIN) wanted = PIECE_COALITIONS_MIN;
    nr_units units = cut(n_blocks, wanted / coalitions, group_blocks);
    units.strata = 1;
    units.pieces = 1;
    while (units.blocks_per_unit == 1 && coalitions / (double)units.pieces > wanted &&
           2 * units.pieces * n_blocks <= EXACT_UNITS_MAX)
        units.pieces *= 2;
    units.units_per_sweep *= units.pieces;
    return units;
}

static nr_unit piece_get(const nr_units *units, uint64_t part) {
    return (nr_unit){.first_block = part / units->pieces,
                     .n_blocks = 1,
                     .piece = part % units->pieces,
                     .n_pieces = units->pieces};
}

nr_unit nr_units_get(const nr_units *units, uint64_t number) {
    uint64_t part = number % units->units_per_sweep;
    if (units->pieces > 1) return piece_get(units, part);
    uint64_t first = part * units->blocks_per_unit, left = units->n_blocks - first;
    return (nr_unit){.sweep = number / units->units_per_sweep,
                     .first_block = first,
                     .n_blocks =
                         left < units->blocks_per_unit ? left : units->blocks_per_unit,
                     .n_pieces = 1};
}
